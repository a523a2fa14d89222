"""Pictures for Python: each function draws one kind, on ``axes`` of yours or on a figure that it makes and returns.

::

    analysis = tcptrace.analyze("captures/http-get.pcap", segments=True)
    for connection in analysis:
        figure = tcptrace.plot.ladder(connection, analysis.segments_of(connection.stream))
        tcptrace.plot.save(figure, f"stream-{connection.stream}.svg")

matplotlib is imported with this module, without pyplot: nothing global is changed, and no window opens.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tcptrace.model.errors import UsageError
from tcptrace.model.records import Connection, Segment
from tcptrace.show.plots.figures import picture_on, rendered
from tcptrace.show.plots.flight import FlightPicture, WindowPicture
from tcptrace.show.plots.gantt import GanttPicture
from tcptrace.show.plots.kinds import FORMATS
from tcptrace.show.plots.ladder import LadderPicture
from tcptrace.show.plots.rtt import RttPicture
from tcptrace.show.plots.sequence import SequencePicture
from tcptrace.show.plots.states import StatesPicture
from tcptrace.show.plots.throughput import ThroughputPicture
from tcptrace.show.text import Clock

__all__ = ["flight", "gantt", "ladder", "rtt", "save", "sequence", "states", "svg", "throughput", "window"]


def ladder(
    connection: Connection,
    segments: Sequence[Segment],
    axes: Axes | None = None,
    *,
    fold: bool = True,
    opened: range = range(0),
    phase: str = "all",
    scale: str = "even",
    msl_s: float = 120.0,
    utc: bool = False,
) -> Figure:
    """Draw the ladder of one connection.

    ``segments`` are all of the connection (``Analysis.segments_of``). With ``fold``, what moves nobody is one strip,
    but for the frames in ``opened``. ``phase`` is ``all``, ``handshake`` or ``teardown``; with ``scale="time"`` rows
    stand as far apart as time passes. Axes of another shape than the ladder's are filled as far as they go, the text
    scaled with them.
    """
    picture = LadderPicture(
        connection,
        segments,
        fold=fold,
        opened=opened,
        phase=phase,
        scale=scale,
        msl_s=msl_s,
        clock=Clock(utc),
    )
    return picture_on(picture, axes)


def states(
    connections: Connection | Iterable[Connection] = (), axes: Axes | None = None, *, msl_s: float = 120.0
) -> Figure:
    """Draw the RFC 9293 state diagram: with the ways of one connection's ends, or with the counts of many.

    Without a connection it is the diagram itself.
    """
    chosen = [connections] if isinstance(connections, Connection) else list(connections)
    return picture_on(StatesPicture(chosen, msl_s=msl_s), axes)


def sequence(connection: Connection, segments: Sequence[Segment], axes: Axes | None = None) -> Figure:
    """Draw the time-sequence graph of one connection: what was sent, acknowledged, and allowed by the window."""
    return picture_on(SequencePicture(connection, segments), axes)


def rtt(connection: Connection, segments: Sequence[Segment], axes: Axes | None = None) -> Figure:
    """Draw the round-trip samples of one connection."""
    return picture_on(RttPicture(connection, segments), axes)


def throughput(connection: Connection, segments: Sequence[Segment], axes: Axes | None = None) -> Figure:
    """Draw the throughput of one connection."""
    return picture_on(ThroughputPicture(connection, segments), axes)


def flight(connection: Connection, segments: Sequence[Segment], axes: Axes | None = None) -> Figure:
    """Draw the octets in flight of one connection, against the window."""
    return picture_on(FlightPicture(connection, segments), axes)


def window(connection: Connection, segments: Sequence[Segment], axes: Axes | None = None) -> Figure:
    """Draw the receive windows of one connection."""
    return picture_on(WindowPicture(connection, segments), axes)


def gantt(connections: Iterable[Connection], axes: Axes | None = None) -> Figure:
    """Draw where every connection spent its time; beyond 60 only the worst have rows."""
    return picture_on(GanttPicture(connections), axes)


def save(figure: Figure, path: str | Path, form: str | None = None) -> None:
    """Write a figure as PNG, SVG or PDF, by ``form`` or by the name's end; the same figure gives the same octets.

    Raises ``UsageError`` for another format.
    """
    chosen = form or Path(path).suffix.lstrip(".").lower()
    if chosen not in FORMATS:
        raise UsageError(
            f"{path}: {chosen or 'nothing'} is no format; the name ends in .{', .'.join(FORMATS)}"
        )
    Path(path).write_bytes(rendered(figure, chosen))


class Svg(str):
    """An SVG picture as text, which a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        return self


def svg(figure: Figure) -> Svg:
    """Return a figure as SVG, its text as text: the last line of a notebook's cell shows it."""
    return Svg(rendered(figure, "svg").decode())
