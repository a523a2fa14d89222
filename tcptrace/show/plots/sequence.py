"""The time-sequence graph: what was sent when, what was acknowledged, and what the window allowed."""

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from tcptrace.measure.direction import Acked, Direction, Sent
from tcptrace.show.plots.chart import MANY_MARKS, Chart, Key, thinned
from tcptrace.show.text import count, plural
from tcptrace.show.theme import ACKED, ALERT, CLIENT, INK, PAPER, SACKED, SERVER, WINDOW, WINDOW_EDGE
from tcptrace.show.words import octets

LABELS = 12  # frames of segments sent again that are named; more would cover each other
SACK_DASH = (0, (1.2, 0.8))


class SequencePicture(Chart):
    """The time-sequence graph of one connection, a panel for each direction with data."""

    name = "time-sequence graph"
    unit_y = "relative sequence number, bytes"
    panel_height = 4.0
    empty = "no data was sent"
    is_cut_to_data = True
    key = (
        Key("segment", "first byte to last byte", INK, 1.5, upright=True),
        Key("sent again", "with its frame number", ALERT, 2.2, upright=True),
        Key("SACK block", "", SACKED, 2.4, SACK_DASH, upright=True),
        Key("acknowledged", "tick: duplicate ACK", ACKED, 1.6),
        Key("window edge", "shaded: may be sent", WINDOW_EDGE, 1.0, (0, (4, 2))),
        Key("SYN", "", CLIENT, 1.0, marker="D"),
        Key("FIN", "", SERVER, 1.0, marker="D"),
    )

    def has(self, way: Direction) -> bool:
        """Say whether data went this way."""
        return bool(way.data)

    def said(self, way: Direction) -> str:
        """Return how much was sent and how often again."""
        again = sum(part.is_again for part in way.data)
        size = octets(sum(part.payload_bytes for part in way.data))
        return f"{plural(len(way.data), 'data segment')}, {size}, {count(again)} sent again"

    def panel(self, axes: Axes, way: Direction) -> None:
        """Draw one direction."""
        top = max([part.right for part in way.sent] + [ack.ack for ack in way.acked])
        low = min([part.left for part in way.data] + [0 if self.connection.opened_by else way.data[0].left])
        edges = [ack.edge for ack in way.acked if ack.edge is not None]
        highest = max(edges, default=top)
        reach = max(top - low, 1)
        ceiling = low + max(reach * 1.12, min(highest - low, reach * 1.6))
        self._acknowledged(axes, way.acked)
        again = [part for part in way.data if part.is_again]
        self._bars(axes, [part for part in way.data if not part.is_again], INK, 1.5, 6)
        self._bars(axes, again, ALERT, 2.2, 7)
        self._sack(axes, way.acked)
        self._control(axes, way.sent)
        axes.set_ylim(low - reach * 0.05, ceiling)
        self._names(axes, again, low - reach * 0.05, ceiling)
        if highest > ceiling:
            self.note(axes, 0.995, 0.985, f"window edge goes up to {count(highest)} B", WINDOW_EDGE)

    def _acknowledged(self, axes: Axes, acked: list[Acked]) -> None:
        """Draw the line of what is acknowledged, the window above it, and ticks for duplicates."""
        scale = self.pen.scale
        line: list[tuple[float, ...]] = []
        known: list[tuple[float, ...]] = []
        best: int | None = None
        for ack in acked:
            if best is None or ack.ack >= best:
                best = ack.ack
                line.append((self.at(ack.time_ns), ack.ack))
                if ack.edge is not None:
                    known.append((self.at(ack.time_ns), ack.ack, ack.edge))
        if not line:
            return
        end = max(self.at(self.end_ns), line[-1][0])
        line = thinned([*line, (end, line[-1][1])])
        axes.step(
            [x for x, _ in line], [y for _, y in line], where="post", color=ACKED, lw=1.6 * scale, zorder=3
        )
        if known:
            known = thinned([*known, (end, known[-1][1], known[-1][2])])
            xs, ys, edges = ([point[number] for point in known] for number in range(3))
            axes.fill_between(xs, ys, edges, step="post", color=WINDOW, lw=0, zorder=1)
            axes.step(xs, edges, where="post", color=WINDOW_EDGE, lw=1.0 * scale, ls=(0, (4, 2)), zorder=2)
        ticks = [(self.at(ack.time_ns), ack.ack) for ack in acked if ack.is_duplicate]
        if ticks:
            axes.scatter(
                [x for x, _ in ticks],
                [y for _, y in ticks],
                marker="|",
                s=36 * scale**2,
                color=ACKED,
                lw=1.2 * scale,
                zorder=4,
                rasterized=len(ticks) > MANY_MARKS,
            )

    def _bars(self, axes: Axes, parts: list[Sent], colour: str, width: float, layer: float) -> None:
        """Draw segments from first to last byte, ticked at both ends."""
        if not parts:
            return
        scale = self.pen.scale
        spans = [(self.at(part.time_ns), part.left, part.right) for part in parts]
        is_many = len(spans) > MANY_MARKS
        bars = LineCollection(
            [[(x, left), (x, right)] for x, left, right in spans],
            colors=colour,
            lw=width * scale,
            zorder=layer,
        )
        bars.set_rasterized(is_many)
        axes.add_collection(bars)
        if is_many:  # ticks of so many would be a blot
            return
        axes.scatter(
            [x for x, _, _ in spans] * 2,
            [left for _, left, _ in spans] + [right for _, _, right in spans],
            marker="_",
            s=22 * scale**2,
            color=colour,
            lw=1 * scale,
            zorder=layer,
        )

    def _sack(self, axes: Axes, acked: list[Acked]) -> None:
        """Draw what is acknowledged selectively."""
        spans = [
            [(self.at(ack.time_ns), left), (self.at(ack.time_ns), right)]
            for ack in acked
            for left, right in ack.sack
        ]
        if spans:
            blocks = LineCollection(
                spans, colors=SACKED, lw=2.4 * self.pen.scale, alpha=0.85, zorder=5, linestyles=[SACK_DASH]
            )
            blocks.set_rasterized(len(spans) > MANY_MARKS)
            axes.add_collection(blocks)

    def _control(self, axes: Axes, sent: list[Sent]) -> None:
        """Draw SYN and FIN."""
        for part in sent:
            if part.is_syn or part.is_fin:
                y = part.left if part.is_syn else part.right
                axes.plot(
                    [self.at(part.time_ns)],
                    [y],
                    marker="D",
                    ms=5.5 * self.pen.scale,
                    color=CLIENT if part.is_syn else SERVER,
                    mec="white",
                    zorder=9,
                    clip_on=True,
                )

    def _names(self, axes: Axes, again: list[Sent], low: float, high: float) -> None:
        """Write the frames of segments sent again, as long as they do not cover each other."""
        end = max(self.at(self.end_ns), 1e-9)
        taken: list[tuple[float, float]] = []
        for part in again:
            x, y = self.at(part.time_ns) / end, ((part.left + part.right) / 2 - low) / (high - low)
            if len(taken) >= LABELS or x > 0.92:
                continue
            if all(abs(x - other) > 0.08 or abs(y - level) > 0.05 for other, level in taken):
                taken.append((x, y))
                axes.annotate(
                    f"R {part.frame}",
                    (self.at(part.time_ns), (part.left + part.right) / 2),
                    xytext=(6 * self.pen.scale, 0),
                    textcoords="offset points",
                    ha="left",
                    va="center",
                    fontsize=8 * self.pen.scale,
                    weight="bold",
                    color=ALERT,
                    zorder=10,
                    bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.4, "alpha": 0.75},
                )
