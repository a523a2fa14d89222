"""Octets in flight against the window that the receiver allows, and the window by itself."""

from matplotlib.axes import Axes

from tcptrace.measure.direction import Direction
from tcptrace.measure.series import flights
from tcptrace.show.plots.chart import Chart, Key, thinned
from tcptrace.show.text import count
from tcptrace.show.theme import ALERT, MUTED, SIDES, WINDOW_EDGE

UNSCALED = "the window scale is not in the capture"


class FlightPicture(Chart):
    """What was outstanding in each direction, below the receiver's window."""

    name = "bytes in flight"
    unit_y = "in flight, bytes"
    empty = "no data was sent"
    is_cut_to_data = True
    key = (
        Key("in flight", "sent, not acknowledged", MUTED, 1.4),
        Key("window", "what the receiver allows", WINDOW_EDGE, 1.0, (0, (4, 2))),
    )

    def has(self, way: Direction) -> bool:
        """Say whether data went this way."""
        return bool(way.data)

    def said(self, way: Direction) -> str:
        """Return the most that was outstanding."""
        return f"up to {count(max(part.flight_bytes for part in flights(way)))} B"

    def panel(self, axes: Axes, way: Direction) -> None:
        """Draw one direction."""
        found = flights(way)
        scale, colour = self.pen.scale, SIDES[way.side]
        end = max(self.at(self.end_ns), self.at(found[-1].time_ns))
        line = thinned(
            [*((self.at(part.time_ns), part.flight_bytes) for part in found), (end, found[-1].flight_bytes)]
        )
        xs, ys = [x for x, _ in line], [y for _, y in line]
        axes.fill_between(xs, ys, step="post", color=colour, alpha=0.25, lw=0, zorder=2)
        axes.step(xs, ys, where="post", color=colour, lw=1.4 * scale, zorder=3)
        windows = [
            (self.at(part.time_ns), part.window_bytes) for part in found if part.window_bytes is not None
        ]
        most, highest = max(ys), max((window for _, window in windows), default=0)
        # A window far above what was used would press it to the ground.
        ceiling = max(most * 1.12, min(highest * 1.05, most * 3), 1)
        if windows:
            allowed = thinned([*windows, (end, windows[-1][1])])
            axes.step(
                [x for x, _ in allowed],
                [y for _, y in allowed],
                where="post",
                color=WINDOW_EDGE,
                lw=1.0 * scale,
                ls=(0, (4, 2)),
                zorder=4,
            )
        axes.set_ylim(0, ceiling)
        if highest > ceiling:
            self.note(axes, 0.995, 0.985, f"the window goes up to {count(highest)} B", WINDOW_EDGE)
        elif not windows:
            self.note(axes, 0.995, 0.985, UNSCALED, MUTED)


class WindowPicture(Chart):
    """The window that each end announced; a panel for each direction in which it allows data."""

    name = "receive window"
    unit_y = "window, bytes"
    empty = "no window: no ACK, or " + UNSCALED
    key = (
        Key("window", "as announced, scaled", WINDOW_EDGE, 1.4),
        Key("closed", "a window of 0", ALERT, 1.0, marker="o"),
    )

    def has(self, way: Direction) -> bool:
        """Say whether a window is known."""
        return any(ack.window_bytes is not None for ack in way.acked)

    def heading_of(self, way: Direction) -> str:
        """Return whose window it is."""
        other = "server" if way.side == "client" else "client"
        return f"the {other}'s window, for what the {way.side} sends"

    def said(self, way: Direction) -> str:
        """Return the range of the window."""
        sizes = [ack.window_bytes for ack in way.acked if ack.window_bytes is not None]
        least, most = min(sizes), max(sizes)
        return f"{count(most)} B throughout" if least == most else f"{count(least)} to {count(most)} B"

    def panel(self, axes: Axes, way: Direction) -> None:
        """Draw one end's window."""
        known = [
            (self.at(ack.time_ns), ack.window_bytes) for ack in way.acked if ack.window_bytes is not None
        ]
        scale = self.pen.scale
        line = thinned([*known, (max(self.at(self.end_ns), known[-1][0]), known[-1][1])])
        axes.step(
            [x for x, _ in line],
            [y for _, y in line],
            where="post",
            color=WINDOW_EDGE,
            lw=1.4 * scale,
            zorder=3,
        )
        closed = [x for x, y in known if y == 0]
        axes.plot(
            closed,
            [0] * len(closed),
            ls="none",
            marker="o",
            ms=5 * scale,
            color=ALERT,
            zorder=5,
            clip_on=False,
        )
        axes.set_ylim(0, max(y for _, y in known) * 1.08 or 1)
