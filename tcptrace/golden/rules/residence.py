"""How long each end stayed in each state of its path."""

from collections.abc import Iterator
from typing import NamedTuple

from tcptrace.golden.steps import seconds
from tcptrace.model.records import Connection

SIDES = ("client", "server")
# An end leaves these by what nobody sends; how long it was in them before the capture began is not known either.
NEVER_LEFT = ("CLOSED", "LISTEN", "UNKNOWN")


class Stay(NamedTuple):
    """An end's time in one state."""

    side: str
    state: str
    frame: int | None  # by which it came there; None: it began there, or a timer
    length_ns: int  # to the next step, or to the capture's end
    is_open: bool  # it was still there at the capture's end

    def entered(self) -> str:
        """Return how it came there."""
        return (
            f"is in {self.state}" if self.frame is None else f"is in {self.state} from frame {self.frame} on"
        )

    def told(self) -> str:
        """Return how long it was there, where that is known."""
        if self.length_ns == 0:
            return self.entered()
        since = "" if self.frame is None else f" from frame {self.frame} on"
        rest = ", to the capture's end" if self.is_open else ""
        return f"was in {self.state}{since} for {seconds(self.length_ns)} s{rest}"


def stays(connection: Connection, end_ns: int) -> Iterator[Stay]:
    """Yield each end's stays, in the order of its path; ``end_ns`` is the capture's end.

    Where a path begins or ends in CLOSED, LISTEN or UNKNOWN there is no stay to measure: its length is 0.
    """
    for side in SIDES:
        path: list[str] = getattr(connection.path, side)
        steps = [step for step in connection.transitions if step.side == side]
        if connection.client == connection.server:  # connected to itself: its steps are the client's
            steps = list(connection.transitions)
        yield Stay(side, path[0], None, 0, not steps)
        for step, after in zip(steps, [*steps[1:], None], strict=False):
            until_ns = end_ns if after is None else after.time_ns
            length = max(0, until_ns - step.time_ns)
            if after is None and step.to_state in NEVER_LEFT:
                length = 0
            yield Stay(side, step.to_state, step.frame, length, after is None)
