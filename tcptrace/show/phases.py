"""The phases of a connection - opening, data, closing - row by row of its ladder."""

from collections.abc import Iterable, Iterator

from tcptrace.model.records import Connection
from tcptrace.show.rows import EventRow, FoldRow, Row, SegmentRow
from tcptrace.show.words import is_itself

OPENING, DATA, CLOSING = "Opening", "Data", "Closing"
_CLOSE = {"snd FIN", "rcv FIN", "snd RST", "rcv RST"}
_PAST_OPENING = {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"}


def with_phases(connection: Connection, rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Yield each row with its phase.

    Opening lasts until each end whose beginning the capture shows has passed the handshake; what resets the
    connection before that belongs to it. Closing begins at the first FIN, or at the RST that ends an open one.
    """
    sides = ("client",) if is_itself(connection) else ("client", "server")
    to_open = {side for side in sides if getattr(connection.path, side)[0] != "UNKNOWN"}
    ever_open = not to_open
    phase = OPENING if to_open else DATA
    for row in rows:
        steps = []
        if isinstance(row, SegmentRow):
            steps = [step.transition for step in row.steps]
        elif isinstance(row, EventRow):
            steps = [row.transition]
        if phase == OPENING and not to_open:
            phase = DATA
        for step in steps:
            if step.to_state in _PAST_OPENING:
                to_open.discard(step.side)
                ever_open = True
            if step.cause in _CLOSE and (ever_open or "FIN" in step.cause):
                phase = CLOSING
        yield phase, row


def span_ns(rows: Iterable[Row]) -> int:
    """Return the time from the first segment of these rows to the last, in nanoseconds."""
    times: list[int] = []
    for row in rows:
        if isinstance(row, SegmentRow):
            times.append(row.segment.time_ns)
        elif isinstance(row, FoldRow):
            times += (row.first.time_ns, row.last.time_ns)
    return max(times) - min(times) if times else 0
