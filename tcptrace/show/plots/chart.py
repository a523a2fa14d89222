"""What the pictures with axes share: a header, a panel for each direction, a key, and what each axis cut."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tcptrace.measure.direction import Direction, direction
from tcptrace.model.records import Connection, Segment, Side
from tcptrace.show.plots import pen
from tcptrace.show.plots.pen import Dash, Pen
from tcptrace.show.taken import sides_of
from tcptrace.show.text import duration
from tcptrace.show.theme import CLIENT, FAINT, GRID, INK, MUTED, SERVER
from tcptrace.show.words import client, server

TITLE, SUBTITLE, LABEL, TICK = 15, 9.5, 9, 8.5
MARGIN = 0.35
LEFT = 1.2  # of a panel
KEY_WIDTH = 2.05
WIDTH = 11.0
TOP, BETWEEN, BOTTOM = 1.30, 0.62, 0.62
CUT = 1.5  # a connection longer than this many times its data's activity is cut there
COLUMNS = 2000  # of the thinning of long series; a picture has fewer pixels in a panel
MANY_MARKS = (
    5000  # more than these are drawn as an image even where the format has lines: SVG would have megabytes
)

NS = {"s": 1_000_000_000, "ms": 1_000_000, "µs": 1_000}


class Key(NamedTuple):
    """A line of the key."""

    text: str
    remark: str  # below it; "" for none
    colour: str
    width: float
    dash: Dash = "-"
    marker: str = ""  # matplotlib's; with it no line is drawn
    upright: bool = False


class Chart:
    """A picture of one connection with a panel for each direction; ``width`` and ``height`` are in inches."""

    name = ""  # of the kind, in words
    unit_y = ""  # label of the vertical axis
    panel_height = 2.75
    key: tuple[Key, ...] = ()
    empty = "no segment"  # what is said where there is nothing to draw

    def __init__(self, connection: Connection, segments: Sequence[Segment]) -> None:
        self.connection = connection
        ways = [direction(connection, segments, side) for side in sides_of(connection)]
        drawn = [way for way in ways if self.has(way)]
        self.ways = drawn or ways[:1]
        self.is_empty = not drawn
        self.missing = [way.side for way in ways if way not in drawn] if drawn else []
        self.start_ns = ways[0].start_ns
        self.end_ns = self.last_ns()
        self.unit = unit_of(self.end_ns - self.start_ns)
        pair = f"{client(connection)}  →  {server(connection)}"
        room = WIDTH - 2 * MARGIN
        is_short = pen.width_of(pair, TITLE, "bold") <= room
        self.title = [pair] if is_short else [client(connection), f"→  {server(connection)}"]
        self.top = TOP + 0.30 * (len(self.title) - 1)
        self.width = WIDTH
        panels = len(self.ways)
        self.height = self.top + panels * self.panel_height + (panels - 1) * BETWEEN + BOTTOM

    # -- what a kind says

    def has(self, way: Direction) -> bool:
        """Say whether a direction has something to draw."""
        raise NotImplementedError

    def said(self, way: Direction) -> str:
        """Return what stands above a panel beside whose it is; "" for nothing."""
        raise NotImplementedError

    def panel(self, axes: Axes, way: Direction) -> None:
        """Draw one direction."""
        raise NotImplementedError

    is_cut_to_data = False  # whether the time axis may end where data and its acknowledgements end

    def last_ns(self) -> int:
        """Return until when the time axis goes."""
        start, end = self.ways[0].start_ns, self.ways[0].end_ns
        active = max(last_activity(way) for way in self.ways) - start
        self.is_cut = self.is_cut_to_data and active > 0 and end - start > active * CUT
        return start + round(active * 1.04) if self.is_cut else end

    # -- shared

    def at(self, time_ns: int) -> float:
        """Return a time in the axis' unit since the first segment."""
        return (time_ns - self.start_ns) / NS[self.unit]

    def heading_of(self, way: Direction) -> str:
        """Return whose panel it is."""
        other: Side = "server" if way.side == "client" else "client"
        return f"{way.side} → {other}"

    def draw(self, axes: Axes) -> None:
        """Draw on ``axes``, which are taken over."""
        self.pen = Pen(axes, self.width, self.height)
        for number, line in enumerate(self.title):
            self.pen.text(MARGIN, 0.36 + 0.30 * number, line, TITLE, weight="bold")
        below = self.top - TOP
        lasted = duration(self.ways[0].end_ns - self.start_ns)
        parts = [self.name, f"stream {self.connection.stream}", lasted]
        if self.missing:
            parts.append(f"{self.missing[0]}: {self.empty}")
        said = pen.wrapped(" · ".join(parts), self.width - 2 * MARGIN, SUBTITLE, 1)[0]
        self.pen.text(MARGIN, below + 0.68, said, SUBTITLE, colour=MUTED)
        right = self.width - KEY_WIDTH - 0.15
        for number, way in enumerate(self.ways):
            y = self.top + number * (self.panel_height + BETWEEN)
            panel = self._frame(axes, LEFT, y, right - LEFT, self.panel_height)
            colour = CLIENT if way.side == "client" else SERVER
            head = self.heading_of(way)
            self.pen.text(LEFT, y - 0.16, head, LABEL, colour=colour, weight="bold")
            if not self.is_empty and (more := self.said(way)):
                after = LEFT + pen.width_of(head, LABEL, "bold") + 0.18
                self.pen.text(after, y - 0.16, more, 8.5, colour=MUTED)
            if self.is_empty:
                self._say_empty(panel)
            else:
                self.panel(panel, way)
            self._axis(panel, is_last=number == len(self.ways) - 1)
        if self.is_cut and not self.is_empty:
            end = duration(self.ways[0].end_ns - self.start_ns)
            said = f"nothing but control segments from here to {end} ▸"
            self.pen.text(right, self.height - 0.17, said, 8, colour=MUTED, across="right")
        if not self.is_empty:
            self._key(right + 0.2)

    def _frame(self, axes: Axes, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes inside, at inches from the upper left corner."""
        bounds = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        panel: Axes = axes.inset_axes(bounds)
        scale = self.pen.scale
        panel.set_axisbelow(True)
        panel.grid(color=GRID, lw=0.7 * scale)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            panel.spines[side].set(color=FAINT, linewidth=0.8 * scale)
        panel.tick_params(
            colors=MUTED, labelcolor=INK, length=3 * scale, width=0.8 * scale, labelsize=TICK * scale
        )
        panel.xaxis.set_major_formatter(FuncFormatter(number_words))
        panel.yaxis.set_major_formatter(FuncFormatter(number_words))
        panel.yaxis.set_major_locator(MaxNLocator(6))
        panel.xaxis.set_major_locator(MaxNLocator(9))
        return panel

    def _axis(self, panel: Axes, *, is_last: bool) -> None:
        """Set the time axis and both axes' names."""
        end = max(self.at(self.end_ns), 1e-9)
        panel.set_xlim(-end * 0.015, end * 1.015)
        size = LABEL * self.pen.scale
        panel.set_ylabel(self.unit_y, color=MUTED, fontsize=size)
        # The numbers on the left have any width; their name keeps its place.
        panel.yaxis.set_label_coords(-0.117, 0.5)
        if is_last:
            words = {"s": "seconds", "ms": "milliseconds", "µs": "microseconds"}[self.unit]
            panel.set_xlabel(f"{words} since the first segment", color=MUTED, fontsize=size)
        else:
            panel.tick_params(labelbottom=False)

    def _say_empty(self, panel: Axes) -> None:
        """Say why there is nothing in the panel."""
        self.note(panel, 0.5, 0.5, self.empty, MUTED, "center", "center")
        panel.set_yticks([])
        panel.set_ylim(0, 1)

    def note(
        self, panel: Axes, x: float, y: float, text: str, colour: str, across: str = "right", up: str = "top"
    ) -> None:
        """Write in a panel, at parts of its width and height."""
        panel.text(
            x,
            y,
            text,
            transform=panel.transAxes,
            fontsize=8 * self.pen.scale,
            color=colour,
            ha=across,
            va=up,
            zorder=12,
            parse_math=False,
        )

    def _key(self, x: float) -> None:
        """Draw the key on the right of the first panel."""
        y = self.top + 0.12
        for entry in self.key:
            if entry.marker:
                self.pen.axes.plot(
                    [x + 0.14],
                    [y],
                    marker=entry.marker,
                    ms=5.5 * self.pen.scale,
                    color=entry.colour,
                    ls="none",
                    clip_on=False,
                )
            elif entry.upright:
                self.pen.line(
                    [(x + 0.14, y - 0.1), (x + 0.14, y + 0.1)], entry.colour, entry.width, dash=entry.dash
                )
            else:
                self.pen.line([(x, y), (x + 0.28, y)], entry.colour, entry.width, dash=entry.dash)
            self.pen.text(x + 0.40, y, entry.text, 8.6)
            if entry.remark:
                self.pen.text(x + 0.40, y + 0.18, entry.remark, 7.6, colour=MUTED)
            y += 0.44 if entry.remark else 0.30


def last_activity(way: Direction) -> int:
    """Return when the last data was sent or newly acknowledged; the FIN and its ACK are none."""
    data = way.data
    last = max([way.start_ns, *(part.time_ns for part in data)])
    most = max((part.left + part.is_syn + part.payload_bytes for part in data), default=0)
    best: int | None = None
    for ack in way.acked:
        if best is not None and best < ack.ack and best < most:
            last = max(last, ack.time_ns)
        best = ack.ack if best is None else max(best, ack.ack)
    return last


def unit_of(span_ns: int) -> str:
    """Return the unit in which a span has few digits before the point."""
    return "s" if span_ns >= NS["s"] else "ms" if span_ns >= NS["ms"] else "µs"


def number_words(value: float, _: object = None) -> str:
    """Return a tick's label: thousands parted, no needless zeros."""
    return f"{value:,.10g}".replace("-0", "0") if value == 0 else f"{value:,.10g}"


def thinned(points: Sequence[tuple[float, ...]], columns: int = COLUMNS) -> list[tuple[float, ...]]:
    """Return the points that are seen: of each column of the picture the first, the last and the extremes.

    ``points`` are in the order of their first number, x; the others are values at it. The steps drawn through the
    result are those through ``points``, to a pixel.
    """
    if len(points) <= 4 * columns:
        return list(points)
    low, high = points[0][0], points[-1][0]
    width = (high - low) / columns or 1.0
    kept: list[int] = []
    begin = 0
    while begin < len(points):
        column = int((points[begin][0] - low) / width)
        end = begin
        while end < len(points) and int((points[end][0] - low) / width) == column:
            end += 1
        chosen = {begin, end - 1}
        for value in range(1, len(points[begin])):
            of_value = [(points[index][value], index) for index in range(begin, end)]
            chosen |= {min(of_value)[1], max(of_value)[1]}
        kept += sorted(chosen)
        begin = end
    return [points[index] for index in kept]
