"""Where every connection spent its time: a half row for each end, and below how many ends were in each state."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tcptrace.measure.population import HOLDING, Population
from tcptrace.measure.residency import stays
from tcptrace.model.records import Connection, Side
from tcptrace.show.notes import BAD_OUTCOMES
from tcptrace.show.plots import pen
from tcptrace.show.plots.chart import NS, number_words, unit_of
from tcptrace.show.plots.pen import MONO, Pen
from tcptrace.show.taken import sides_of
from tcptrace.show.text import count, duration, plural
from tcptrace.show.theme import ALERT, AMBER, FAINT, GRID, INK, MUTED, PALE, PAPER, STATES
from tcptrace.show.words import client, server
from tcptrace.show.worst import Worst

TITLE, SUBTITLE = 15, 9.5
MARGIN, TOP, ROW, HALF = 0.35, 1.42, 0.40, 0.155
CHART_WIDTH, POPULATION, BETWEEN, BOTTOM = 7.0, 1.75, 0.45, 0.62
OUTCOMES_WIDTH = 1.55
ALL_ROWS, WORST_ROWS = 60, 40
BAND_NAME = 6.2  # points
# From the ground up: what lasts longest at the bottom.
ORDER = (
    "TIME-WAIT",
    "LAST-ACK",
    "CLOSE-WAIT",
    "FIN-WAIT-2",
    "CLOSING",
    "FIN-WAIT-1",
    "ESTABLISHED",
    "SYN-RECEIVED",
    "SYN-SENT",
)


class GanttPicture:
    """All connections of a capture; ``width`` and ``height`` are in inches.

    Connections are taken one by one, so that they need not all be kept: beyond ``ALL_ROWS`` only the worst have rows.
    """

    def __init__(self, connections: Iterable[Connection]) -> None:
        self.population = Population()
        worst = Worst(WORST_ROWS)
        rows: list[Connection] | None = []
        self.total = 0
        for connection in connections:
            self.total += 1
            self.population.add(connection)
            worst.add(connection)
            if rows is not None:
                rows.append(connection)
                if len(rows) > ALL_ROWS:
                    rows = None
        self.is_whole = rows is not None
        self.rows = sorted(worst.sorted(), key=lambda one: one.first_ns) if rows is None else rows
        self.start_ns = self.population.first_ns or 0
        self.end_ns = self.population.last_ns
        self.unit = unit_of(self.end_ns - self.start_ns)
        names = [name for one in self.rows for name in (client(one), server(one))]
        self.number = 0.12 + max(
            (pen.width_of(str(one.stream), 8.2, family=MONO) for one in self.rows), default=0
        )
        self.left = (
            MARGIN
            + self.number
            + max((pen.width_of(name, 7.2, family=MONO) for name in names), default=1)
            + 0.15
        )
        self.left = max(self.left, 1.5)
        self.width = self.left + CHART_WIDTH + OUTCOMES_WIDTH + MARGIN
        self.height = TOP + len(self.rows) * ROW + BETWEEN + POPULATION + BOTTOM

    # -- drawing

    def draw(self, axes: Axes) -> None:
        """Draw on ``axes``, which are taken over."""
        self.pen = Pen(axes, self.width, self.height)
        self._header()
        bars = self._frame(axes, TOP, max(len(self.rows) * ROW, 0.01))
        bars.set_ylim(len(self.rows) - 0.5 if self.rows else 0.5, -0.5)
        bars.set_yticks([])
        bars.tick_params(axis="x", labelbottom=False, length=0)
        bars.spines["left"].set_visible(False)
        for number, connection in enumerate(self.rows):
            self._row(bars, number, connection)
        self._population(self._frame(axes, TOP + len(self.rows) * ROW + BETWEEN, POPULATION))

    def at(self, time_ns: int) -> float:
        """Return a time in the axis' unit since the first segment."""
        return (time_ns - self.start_ns) / NS[self.unit]

    def _header(self) -> None:
        """Write title and subtitle, and the chips of the states that occur."""
        draw = self.pen
        draw.text(MARGIN, 0.36, "Where every connection spent its time", TITLE, weight="bold")
        parts = [plural(self.total, "connection"), duration(self.end_ns - self.start_ns)]
        if self.is_whole:
            parts.append("upper half of a row: client, lower half: server")
        else:
            parts.append(f"rows: the worst {len(self.rows)}; below: all {count(self.total)}")
        parts.append("▸ goes on after the capture's end")
        draw.text(MARGIN, 0.68, " · ".join(parts), SUBTITLE, colour=MUTED)
        x = MARGIN
        for name in HOLDING:
            x += draw.chip(x, 1.05, name) + 0.08

    def _frame(self, axes: Axes, y: float, height: float) -> Axes:
        """Return axes over time, at inches from the top."""
        bounds = (
            self.left / self.width,
            1 - (y + height) / self.height,
            CHART_WIDTH / self.width,
            height / self.height,
        )
        panel: Axes = axes.inset_axes(bounds)
        scale = self.pen.scale
        panel.set_axisbelow(True)
        panel.set_facecolor("none")  # the rows' stripes go through
        panel.grid(axis="x", color=GRID, lw=0.7 * scale)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            panel.spines[side].set(color=FAINT, linewidth=0.8 * scale)
        panel.tick_params(
            colors=MUTED, labelcolor=INK, length=3 * scale, width=0.8 * scale, labelsize=8.5 * scale
        )
        panel.set_xlim(0, max(self.at(self.end_ns), 1e-9))
        panel.xaxis.set_major_locator(MaxNLocator(8))
        panel.xaxis.set_major_formatter(FuncFormatter(number_words))
        return panel

    def _row(self, bars: Axes, number: int, connection: Connection) -> None:
        """Draw one connection."""
        draw, y = self.pen, TOP + (number + 0.5) * ROW
        if number % 2:
            draw.rectangle(MARGIN / 2, y - ROW / 2, self.width - MARGIN, ROW, PALE, layer=0)
        draw.text(MARGIN + self.number - 0.12, y, str(connection.stream), 8.2, across="right", family=MONO)
        for name, at in ((client(connection), y - 0.085), (server(connection), y + 0.085)):
            draw.text(self.left - 0.12, at, name, 7.2, colour=MUTED, across="right", family=MONO)
        word = connection.outcome
        if connection.closed_first == "both" and connection.client != connection.server:
            word += ", both at once"
        is_bad = word in BAD_OUTCOMES
        colour = ALERT if is_bad else MUTED if connection.outcome == "closed" else AMBER
        weight = "bold" if is_bad else "normal"
        draw.text(self.left + CHART_WIDTH + 0.22, y, word, 8.4, colour=colour, weight=weight)
        sides = sides_of(connection)
        for place, side in enumerate(sides):
            height = HALF / ROW if len(sides) == 2 else 2 * HALF / ROW
            top = number - HALF / ROW + place * height - 0.01
            self._bar(bars, top, height, connection, side)

    def _bar(self, bars: Axes, top: float, height: float, connection: Connection, side: Side) -> None:
        """Draw one end's stays."""
        scale, end = self.pen.scale, self.at(self.end_ns)
        spans: list[tuple[float, float]] = []
        goes_on = False
        for stay in stays(connection, side):
            if stay.state in ("CLOSED", "LISTEN", "UNKNOWN"):
                continue
            begin = self.at(connection.first_ns if stay.since_ns is None else stay.since_ns)
            until = end if stay.until_ns is None else self.at(stay.until_ns)
            goes_on = goes_on or stay.until_ns is None or until > end
            until = min(until, end)
            spans.append((begin, until))
            self._stay(bars, (begin, until), top, height, stay.state)
        if not spans:
            return
        left, right = spans[0][0], spans[-1][1]
        bars.add_patch(
            Rectangle(
                (left, top), right - left, height, facecolor="none", edgecolor=INK, lw=0.5 * scale, zorder=3.5
            )
        )
        for step in connection.transitions:
            if step.side == side and step.to_state == "CLOSED" and "RST" in step.cause:
                bars.plot(
                    [min(self.at(step.time_ns), end)],
                    [top + height / 2],
                    marker="X",
                    ms=6 * scale,
                    color=ALERT,
                    mec=PAPER,
                    mew=0.7 * scale,
                    zorder=6,
                    clip_on=False,
                )
        if goes_on:
            middle = TOP + (top + height / 2 + 0.5) * ROW
            x = self.left + CHART_WIDTH
            self.pen.polygon(
                [(x + 0.015, middle - 0.035), (x + 0.015, middle + 0.035), (x + 0.08, middle)], INK, 4
            )

    def _stay(self, bars: Axes, span: tuple[float, float], top: float, height: float, state: str) -> None:
        """Draw one stay, with the state's name where it fits."""
        colour = STATES[state]
        begin, until = span
        bars.add_patch(
            Rectangle((begin, top), until - begin, height, facecolor=colour.fill, edgecolor="none", zorder=3)
        )
        if colour.hatch:
            bars.add_patch(
                Rectangle(
                    (begin, top),
                    until - begin,
                    height,
                    facecolor="none",
                    edgecolor=colour.text + "66",
                    hatch=colour.hatch,
                    lw=0,
                    zorder=3.1,
                )
            )
        if self._inches(until - begin) >= pen.width_of(state, BAND_NAME, "bold") + 0.1:
            self._name(
                self.left + self._inches((begin + until) / 2), TOP + (top + height / 2 + 0.5) * ROW, state
            )

    def _name(self, x: float, y: float, state: str) -> None:
        """Write a state's name into its band; grey would not tell one band from another."""
        colour = STATES[state]
        drawn = self.pen.text(
            x, y, state, BAND_NAME, colour=colour.text, across="center", weight="bold", layer=9
        )
        if colour.hatch:
            drawn.set_bbox({"facecolor": colour.fill, "edgecolor": "none", "pad": 0.8 * self.pen.scale})

    def _inches(self, span: float) -> float:
        """Return how wide a span of time is drawn."""
        return CHART_WIDTH * span / max(self.at(self.end_ns), 1e-9)

    def _population(self, panel: Axes) -> None:
        """Draw how many ends were in each state."""
        edges, counts = self.population.counts()
        if len(edges) < 2:
            edges = [edges[0], edges[0] + 1]
        xs = [self.at(edge) for edge in edges]
        base = [0.0] * (len(edges) - 1)
        columns = zip(*(counts[name] for name in ORDER), strict=True)
        most = max(map(sum, columns), default=0) * 1.08 or 1
        for name in ORDER:
            top = [low + more for low, more in zip(base, counts[name], strict=True)]
            if any(counts[name]):
                colour = STATES[name]
                panel.fill_between(
                    xs,
                    [*base, base[-1]],
                    [*top, top[-1]],
                    step="post",
                    facecolor=colour.fill,
                    edgecolor=colour.text + "66" if colour.hatch else "none",
                    hatch=colour.hatch or None,
                    lw=0,
                    zorder=2,
                )
                self._name_in(xs, base, top, most, name)
            base = top
        panel.stairs(base, xs, color=INK, lw=0.6 * self.pen.scale, zorder=3)
        panel.set_ylim(0, most)
        panel.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        panel.yaxis.set_major_formatter(FuncFormatter(number_words))
        size = 9 * self.pen.scale
        words = {"s": "seconds", "ms": "milliseconds", "µs": "microseconds"}[self.unit]
        panel.set_xlabel(f"{words} since the first segment", color=MUTED, fontsize=size)
        panel.set_ylabel("ends in a state", color=MUTED, fontsize=size)
        panel.yaxis.set_label_coords(-0.10, 0.5)

    def _name_in(
        self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], most: float, state: str
    ) -> None:
        """Write a state's name where its part of the count is highest over the name's width, if it fits at all."""
        width = pen.width_of(state, BAND_NAME, "bold") + 0.1
        found = (BAND_NAME / 72 * 1.35 * most / POPULATION, 0.0, 0.0)  # the least height, in ends
        for begin in range(len(low)):
            ground, ceiling = low[begin], high[begin]
            for end in range(begin, len(low)):
                ground, ceiling = max(ground, low[end]), min(ceiling, high[end])
                if ceiling - ground <= found[0]:
                    break
                if self._inches(xs[end + 1] - xs[begin]) >= width:
                    found = (ceiling - ground, (xs[begin] + xs[end + 1]) / 2, (ground + ceiling) / 2)
                    break
        if found[2]:
            top = TOP + len(self.rows) * ROW + BETWEEN
            self._name(self.left + self._inches(found[1]), top + POPULATION * (1 - found[2] / most), state)
