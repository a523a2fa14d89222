"""What is where in a drawn picture, read from matplotlib's artists: nothing of the layout is asked."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SLACK = 0.6  # pixels by which the edges of two texts may touch


def texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return every text that is seen, with its box in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    unseen = ticks_out_of_view(figure)
    found = []
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and is_shown(text) and text not in unseen:
            # By the class: the method of a text with paper behind it would measure the paper.
            found.append((text.get_text(), Text.get_window_extent(text, renderer)))
    return found


def ticks_out_of_view(figure: Figure) -> set[Text]:
    """Return the labels of ticks beyond the ends of their axis, which are there and not drawn."""
    unseen: set[Text] = set()
    for axes in figure.findobj(Axes):
        assert isinstance(axes, Axes)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    unseen |= {tick.label1, tick.label2}
    return unseen


def is_shown(artist: Any) -> bool:
    """Say whether the axes that an artist belongs to draw it: ticks of axes that are off are there, and not seen."""
    axes = artist.axes
    if axes is None:
        return True
    if axes.axison:
        return True
    return artist in axes.texts


def boxes(figure: Figure) -> list[Bbox]:
    """Return the boxes with round corners: chips, states, badges."""
    return [patch.get_window_extent() for patch in figure.findobj(FancyBboxPatch)]


def arrows(figure: Figure) -> list[list[tuple[float, float]]]:
    """Return the ways of all arrows as points in pixels, a pixel or two apart, ends included."""
    found = []
    for patch in figure.findobj(PathPatch):
        assert isinstance(patch, PathPatch)
        if isinstance(patch, FancyBboxPatch | Circle):
            continue
        path = patch.get_transform().transform_path(patch.get_path()).interpolated(1)
        (polygon,) = path.to_polygons(closed_only=False)
        found.append(list(between([(float(x), float(y)) for x, y in polygon])))
    return found


def between(points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield the points of a way, and more where they are far apart."""
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(int(max(abs(x1 - x0), abs(y1 - y0)) / 2), 1)
        for step in range(steps):
            yield x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps
    yield points[-1]


def shrunk(box: Bbox, by: float = SLACK) -> Bbox:
    return Bbox.from_extents(box.x0 + by, box.y0 + by, box.x1 - by, box.y1 - by)


def meet(one: Bbox, other: Bbox, slack: float = SLACK) -> bool:
    """Say whether two boxes overlap by more than a little."""
    (a, b, c, d), (e, f, g, h) = one.extents, other.extents
    return bool(min(c, g) - max(a, e) > 2 * slack and min(d, h) - max(b, f) > 2 * slack)


def holds_together(figure: Figure) -> None:
    """Assert that no text stands on another, half on a box or outside the figure."""
    figure.draw_without_rendering()
    found = texts(figure)
    assert found
    assert not [(one, other) for (one, box), (other, second) in combinations(found, 2) if meet(box, second)]
    whole = figure.bbox
    assert not [
        text
        for text, box in found
        if box.x0 < 0 or box.y0 < 0 or box.x1 > whole.width or box.y1 > whole.height
    ]
    framed = boxes(figure)
    assert not [
        text
        for text, box in found
        for frame in framed
        if meet(box, frame)
        and not (
            frame.x0 - 1 <= box.x0
            and box.x1 <= frame.x1 + 1
            and frame.y0 - 2 <= box.y0
            and box.y1 <= frame.y1 + 2
        )
    ]
