"""A pen that draws in inches on any Axes: x to the right, y down, text never read as mathematics.

A drawing is laid out for its own size. On Axes of another size everything is scaled, text included.
"""

from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

from tcptrace.show.text import escape
from tcptrace.show.theme import INK, PAPER, STATES

Point = tuple[float, float]
Dash = str | tuple[float, tuple[float, ...]]

SANS = "DejaVu Sans"
MONO = "DejaVu Sans Mono"
CHIP_HEIGHT = 0.17
CHIP_SIZE = 7.6
ASSUMED_DASH: Dash = (0, (2.2, 1.6))
_POINTS = 72  # an inch


OURS = frozenset("→←µΔ·▸–…")  # what the pictures say themselves  # noqa: RUF001


def readable(text: str) -> str:
    """Return a text with all that no letter of the font shows, or that would mislead, as an escape."""
    return "".join(
        letter if letter < "\u0250" or letter in OURS else letter.encode("ascii", "backslashreplace").decode()
        for letter in escape(text)
    )


@cache
def _letter_width(letter: str, weight: str, family: str) -> float:
    """Return how wide one letter of size 1 is, in inches."""
    font = FontProperties(family=[family], weight=weight, size=100)
    width, _, _ = TextToPath().get_text_width_height_descent(letter, font, ismath=False)
    return float(width) / 100 / _POINTS


def width_of(text: str, size: float, weight: str = "normal", family: str = SANS) -> float:
    """Return how wide a text is, in inches: the sum of its letters, without the little that kerning saves."""
    return size * sum(_letter_width(letter, weight, family) for letter in readable(text))


def wrapped(text: str, room: float, size: float, most: int = 3) -> list[str]:
    """Return ``text`` in lines of at most ``room`` inches, broken at spaces or, if need be, in words."""
    room *= 0.96  # on a grid of pixels letters are a little wider than by their outlines
    lines = [""]
    for word in text.split(" "):
        rest = word
        joined = f"{lines[-1]} {rest}" if lines[-1] else rest
        if width_of(joined, size) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while rest and width_of(rest, size) > room:
            cut = next(n for n in range(len(rest) - 1, 0, -1) if n == 1 or width_of(rest[:n], size) <= room)
            lines[-1], rest = rest[:cut], rest[cut:]
            lines.append("")
        lines[-1] = rest
    if len(lines) > most:
        last = lines[most - 1]
        while last and width_of(last + " …", size) > room:
            last = last[:-1]
        lines = [*lines[: most - 1], last + " …"]
    return lines


def chip_width(name: str) -> float:
    """Return how wide a state's chip is, in inches."""
    return width_of(name, CHIP_SIZE, "bold") + 0.16


class Pen:
    """Draws on one Axes, which it takes over: no frame, no ticks, y downwards."""

    def __init__(self, axes: Axes, width: float, height: float) -> None:
        self.axes = axes
        box = axes.get_window_extent()
        figure = axes.get_figure(root=True)
        assert figure is not None
        # Scaled to fit, never enlarged in one direction only.
        self.scale = min(box.width / figure.dpi / width, box.height / figure.dpi / height)
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_aspect("equal", adjustable="box", anchor="N")
        axes.axis("off")
        self._kept = count(1)

    def kept(self) -> str:
        """Return a new name for something whose colour is the same on a dark page: a state's fill, and what is on it."""
        return f"kept-{next(self._kept)}"

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 8.5,
        *,
        colour: str = INK,
        across: str = "left",
        weight: str = "normal",
        slant: str = "normal",
        family: str = SANS,
        backed: bool = False,
        layer: float = 8,
        gid: str | None = None,
    ) -> Text:
        """Write a text whose middle line is at ``y``; ``backed`` puts paper behind it."""
        drawn = self.axes.text(
            x,
            y,
            readable(text),
            fontsize=size * self.scale,
            color=colour,
            ha=across,
            va="center_baseline",
            weight=weight,
            style=slant,
            family=[family],
            zorder=layer,
            parse_math=False,
            clip_on=False,
            gid=gid,
        )
        if backed:
            drawn.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 1.2 * self.scale})
        return drawn

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        edge: str = "none",
        line: float = 0.5,
        layer: float = 1.0,
        gid: str | None = None,
    ) -> None:
        """Fill a rectangle from its upper left corner."""
        self.axes.add_patch(
            Rectangle(
                (x, y),
                width,
                height,
                facecolor=fill,
                edgecolor=edge,
                lw=line * self.scale,
                zorder=layer,
                gid=gid,
            )
        )

    def state(self, x: float, y: float, width: float, height: float, name: str, layer: float = 3) -> None:
        """Fill a rectangle with a state's colour and hatching."""
        colour = STATES[name]
        self.rectangle(x, y, width, height, colour.fill, layer=layer, gid=self.kept())
        if colour.hatch:
            ink = colour.text + "55"
            self.axes.add_patch(
                Rectangle(
                    (x, y),
                    width,
                    height,
                    facecolor="none",
                    edgecolor=ink,
                    hatch=colour.hatch,
                    lw=0,
                    zorder=layer + 0.1,
                )
            )

    def line(
        self,
        points: Sequence[Point],
        colour: str,
        width: float = 1.0,
        *,
        dash: Dash = "-",
        layer: float = 1.0,
    ) -> None:
        """Draw a line through ``points``."""
        self.axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            color=colour,
            lw=width * self.scale,
            ls=dash,
            zorder=layer,
            clip_on=False,
            solid_capstyle="butt",
        )

    def arrow(
        self,
        points: Sequence[Point],
        colour: str,
        width: float,
        *,
        dash: Dash = "-",
        head: tuple[float, float] = (6.0, 2.9),
        corner: float = 0.16,
        layer: float = 2.0,
        gid: str | None = None,
    ) -> None:
        """Draw an arrow along ``points``, its corners rounded; ``head`` is length and half width in points."""
        length, half = head[0] / _POINTS, head[1] / _POINTS
        (x0, y0), (x1, y1) = points[-2], points[-1]
        distance = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        dx, dy = (x1 - x0) / distance, (y1 - y0) / distance
        base = (x1 - dx * length, y1 - dy * length)
        # The shaft ends inside the head: a thick line would stick out at its tip, and a dashed one fray it.
        shaft = [*points[:-1], (x1 - dx * length * 0.7, y1 - dy * length * 0.7)]
        self.axes.add_patch(
            PathPatch(
                rounded(shaft, corner),
                facecolor="none",
                edgecolor=colour,
                lw=width * self.scale,
                ls=dash,
                zorder=layer,
                capstyle="butt",
                gid=gid,
            )
        )
        wings = [(base[0] - dy * half, base[1] + dx * half), (base[0] + dy * half, base[1] - dx * half)]
        self.polygon([(x1, y1), *wings], colour, layer + 0.05)

    def disc(self, x: float, y: float, radius: float, fill: str, edge: str, layer: float = 7) -> None:
        """Draw a filled circle."""
        self.axes.add_patch(
            Circle((x, y), radius, facecolor=fill, edgecolor=edge, lw=1.5 * self.scale, zorder=layer)
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        edge: str = INK,
        line: float = 0.5,
        round_by: float = 0.04,
        dash: Dash = "-",
        layer: float = 5.0,
        gid: str | None = None,
    ) -> None:
        """Draw a box with round corners from its upper left corner."""
        self.axes.add_patch(
            FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle=f"round,pad=0,rounding_size={round_by}",
                facecolor=fill,
                edgecolor=edge,
                lw=line * self.scale,
                ls=dash,
                zorder=layer,
                gid=gid,
            )
        )

    def polygon(self, points: Sequence[Point], fill: str, layer: float) -> None:
        """Fill a polygon."""
        self.axes.add_patch(Polygon(points, closed=True, facecolor=fill, edgecolor="none", zorder=layer))

    def chip(self, x: float, y: float, name: str, *, side: str = "left", assumed: bool = False) -> float:
        """Draw a state's chip beside ``x`` - ``side`` says which of its edges is there - and return its width."""
        colour = STATES[name]
        width = chip_width(name)
        left = x if side == "left" else x - width
        dash: Dash = ASSUMED_DASH if assumed else "-"
        self.box(
            left,
            y - CHIP_HEIGHT / 2,
            width,
            CHIP_HEIGHT,
            colour.fill,
            line=0.9 if assumed else 0.5,
            dash=dash,
            gid=self.kept(),
        )
        self.text(
            left + width / 2,
            y + 0.004,
            name,
            CHIP_SIZE,
            colour=colour.text,
            across="center",
            weight="bold",
            layer=6,
            gid=self.kept(),
        )
        return width


def rounded(points: Sequence[Point], radius: float) -> Path:
    """Return a path through ``points`` with round corners."""
    vertices: list[Point] = [points[0]]
    codes: list[Any] = [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _toward(corner, before, radius), _toward(corner, after, radius)
        vertices += (into, corner, out)
        codes += (Path.LINETO, Path.CURVE3, Path.CURVE3)
    vertices.append(points[-1])
    codes.append(Path.LINETO)
    return Path(vertices, codes)


def _toward(start: Point, end: Point, distance: float) -> Point:
    """Return the point at ``distance`` from ``start`` on the way to ``end``, at most half of it."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    part = min(distance / length, 0.5) if length else 0.0
    return start[0] + dx * part, start[1] + dy * part
