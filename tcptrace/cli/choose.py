"""Which connection of a capture is meant: that of ``--stream``, or the only one."""

from typing import TYPE_CHECKING

from tcptrace.cli import terminal
from tcptrace.model.errors import UsageError
from tcptrace.model.records import Connection, Segment
from tcptrace.show.text import count, plural

if TYPE_CHECKING:
    from tcptrace.session import Analysis


def connection(
    analysis: "Analysis", stream: int | None, name: str, *, segments: bool = True
) -> tuple[Connection, list[Segment]]:
    """Return the connection and, with ``segments``, its segments.

    Raises ``UsageError`` where there is none, or where there are several and ``stream`` does not say which.
    """
    chosen: tuple[Connection, list[Segment]] | None = None
    total = 0
    for found in analysis:
        total += 1
        if (stream is None and total == 1) or found.stream == stream:
            chosen = found, analysis.segments_of(found.stream) if segments else []
        if chosen is not None and stream is not None:
            break
    if chosen is None or stream is None:
        complain_of_cut(analysis, name)
    if total == 0:
        raise UsageError(f"{name}: no TCP segment in it; `tcptrace show --frame N` shows any frame")
    if chosen is None:
        raise UsageError(f"{name}: no stream {stream} in {_streams(total)}; `tcptrace analyze` lists them")
    if stream is None and total > 1:
        raise UsageError(
            f"{name}: {_streams(total)}; choose one with --stream N, `tcptrace analyze` lists them"
        )
    return chosen


def complain_of_cut(analysis: "Analysis", name: str) -> None:
    """Say where a capture that was read to its end is incomplete."""
    problem = analysis.capture.problem
    if problem:
        terminal.complain(f"incomplete: {name}: {problem}")


def _streams(total: int) -> str:
    """Return how many connections there are, and their numbers."""
    numbers = "stream 0" if total == 1 else f"streams 0 to {count(total - 1)}"
    return f"{plural(total, 'connection')}, {numbers}"
