"""Throughput: what each interval carried, and how much of it was acknowledged."""

from matplotlib.axes import Axes

from tcptrace.measure.direction import Direction
from tcptrace.measure.series import rates
from tcptrace.show.plots.chart import Chart, Key
from tcptrace.show.plots.pen import Dash
from tcptrace.show.text import duration
from tcptrace.show.theme import ACKED, MUTED, SIDES
from tcptrace.show.words import octets

INTERVALS = 200  # at most
_STEPS = (1, 2, 5)


def interval_ns(span_ns: int) -> int:
    """Return a round interval that divides a span into at most ``INTERVALS``."""
    unit = 1_000
    while True:
        for step in _STEPS:
            if span_ns / (step * unit) <= INTERVALS:
                return step * unit
        unit *= 10


ACKED_DASH: Dash = (0, (4, 1.6))  # in grey the two lines would be one


class ThroughputPicture(Chart):
    """The throughput of one connection, a panel for each direction with data."""

    name = "throughput"
    empty = "no data was sent"
    is_cut_to_data = True
    key = (
        Key("sent", "payload, sent again too", MUTED, 1.4),
        Key("acknowledged", "new numbers only", ACKED, 1.4, dash=ACKED_DASH),
    )

    def has(self, way: Direction) -> bool:
        """Say whether data went this way."""
        return bool(way.data)

    def said(self, way: Direction) -> str:
        """Return how much was sent, the mean, and the interval."""
        total = sum(part.payload_bytes for part in way.sent)
        mean = octets(total * 1_000_000_000 // max(way.end_ns - way.start_ns, 1))
        return f"{octets(total)}, {mean}/s over the whole connection, in intervals of {duration(self._interval())}"

    def _interval(self) -> int:
        return interval_ns(max(self.end_ns - self.start_ns, 1))

    def panel(self, axes: Axes, way: Direction) -> None:
        """Draw one direction's rates."""
        step = self._interval()
        carried = [rate for rate in rates(way, step) if rate.time_ns <= self.end_ns]
        most = max(max(rate.sent_bytes, rate.acked_bytes) for rate in carried) * 1_000_000_000 / step
        name, unit = next(
            pair
            for pair in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))
            if most >= pair[1] or pair[1] == 1
        )
        self.unit_y = f"throughput, {name}/s"
        factor = 1_000_000_000 / step / unit
        edges = [self.at(rate.time_ns) for rate in carried] + [self.at(carried[-1].time_ns + step)]
        sent = [rate.sent_bytes * factor for rate in carried]
        acked = [rate.acked_bytes * factor for rate in carried]
        scale = self.pen.scale
        axes.stairs(sent, edges, color=SIDES[way.side], fill=True, alpha=0.25, lw=0, zorder=2)
        axes.stairs(sent, edges, color=SIDES[way.side], lw=1.4 * scale, zorder=3)
        axes.stairs(acked, edges, color=ACKED, lw=1.4 * scale, ls=ACKED_DASH, zorder=4)
        axes.set_ylim(0, max(*sent, *acked, 0) * 1.08 or 1)
