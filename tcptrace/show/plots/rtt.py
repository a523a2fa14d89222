"""Round-trip times: each sample at its acknowledgement."""

from matplotlib.axes import Axes

from tcptrace.measure.direction import Direction
from tcptrace.measure.series import round_trips
from tcptrace.show.plots.chart import MANY_MARKS, NS, Chart, Key
from tcptrace.show.text import duration, plural
from tcptrace.show.theme import FAINT, MUTED, SIDES


class RttPicture(Chart):
    """The round-trip samples of one connection, a panel for each direction."""

    name = "round-trip time"
    empty = "no sample: no segment that was sent once was acknowledged by itself"
    key = (
        Key("sample", "of what was sent once", MUTED, 1.0, marker="o"),
        Key("average", "", FAINT, 1.0, (0, (4, 2))),
    )

    def has(self, way: Direction) -> bool:
        """Say whether there is a sample."""
        return bool(round_trips(way))

    def said(self, way: Direction) -> str:
        """Return the number of samples and their range."""
        trips = [trip.rtt_ns for trip in round_trips(way)]
        mean = duration(sum(trips) // len(trips))
        return f"{plural(len(trips), 'sample')}, {duration(min(trips))} to {duration(max(trips))}, {mean} on average"

    def panel(self, axes: Axes, way: Direction) -> None:
        """Draw one direction's samples."""
        trips = round_trips(way)
        most = max(trip.rtt_ns for trip in trips)
        unit = "s" if most >= NS["s"] else "ms" if most >= NS["ms"] else "µs"
        self.unit_y = f"round trip, {unit}"
        scale = self.pen.scale
        mean = sum(trip.rtt_ns for trip in trips) / len(trips) / NS[unit]
        axes.axhline(mean, color=FAINT, lw=1.0 * scale, ls=(0, (4, 2)), zorder=2)
        axes.plot(
            [self.at(trip.time_ns) for trip in trips],
            [trip.rtt_ns / NS[unit] for trip in trips],
            ls="none",
            marker="o",
            ms=(3.6 if len(trips) < 300 else 2.0) * scale,
            color=SIDES[way.side],
            zorder=4,
            rasterized=len(trips) > MANY_MARKS,
        )
        axes.set_ylim(0, most / NS[unit] * 1.08 or 1)
