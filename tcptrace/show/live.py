"""Lines for what happens while frames come: steps, withdrawals, drops."""

from tcptrace.model.records import Moved, Withdrawn
from tcptrace.show.text import Clock, plural


def change_line(change: Moved, clock: Clock) -> str:
    """Return e.g. ``12:00:01.123456 stream 4 server ESTABLISHED -> FIN-WAIT-1 (frame 88, snd FIN)``."""
    words = [] if change.frame is None else [f"frame {change.frame}"]
    words.append(change.cause)
    if change.evidence in ("assumed", "inferred"):
        words.append(change.evidence)
    who = f"stream {change.stream} {change.side}"
    if isinstance(change, Withdrawn):
        who += " withdrawn:"
    return (
        f"{clock.time(change.time_ns)} {who} {change.from_state} -> {change.to_state} ({', '.join(words)})\n"
    )


def drops_line(dropped: int) -> str:
    """Return a line about frames that came too fast for the capture."""
    return f"dropped: {plural(dropped, 'frame')} so far\n"
