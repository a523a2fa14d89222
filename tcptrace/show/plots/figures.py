"""Figures: made without pyplot's global state, and written so that the same analysis gives the same octets."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Protocol, cast

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tcptrace.show.theme import FAINT, INK, MUTED, PAPER

DPI = 150
MOST_PIXELS = 60_000  # Agg draws no picture higher or wider than 2^16

# Text stays text, where the format has it; no dates, and no random numbers in names.
_STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # matplotlib brings it
    "mathtext.default": "regular",
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "tcptrace",
    "pdf.fonttype": 42,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.formatter.useoffset": False,
    "text.parse_math": False,
    "path.simplify": True,
}
_SVG_STYLE = b"*{stroke-linejoin: round; stroke-linecap: butt}"  # matplotlib's own
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": "tcptrace"},
}


@contextmanager
def style() -> Iterator[None]:
    """Set the house's fonts and lines for as long as something is drawn or written."""
    with rc_context(cast(Any, _STYLE)):  # the stubs want each key spelled as a literal
        yield


def blank_figure(width: float, height: float) -> Figure:
    """Return a white figure of ``width`` by ``height`` inches."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def full_axes(figure: Figure) -> Axes:
    """Return axes over the whole figure."""
    axes: Axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    return axes


def resolution(figure: Figure) -> float:
    """Return the dots an inch: fewer where the picture would be larger than can be drawn."""
    width, height = figure.get_size_inches()
    return float(min(DPI, MOST_PIXELS / max(width, height)))


def rendered(figure: Figure, form: str) -> bytes:
    """Return the figure as ``png``, ``svg`` or ``pdf``; the same figure gives the same octets."""
    out = BytesIO()
    with style():
        figure.savefig(out, format=form, dpi=resolution(figure), metadata=_METADATA[form], facecolor=PAPER)
    octets = out.getvalue()
    # Where text is text, a row of spaces between its parts would else be one.
    return octets.replace(_SVG_STYLE, _SVG_STYLE + b"text{white-space: pre}", 1) if form == "svg" else octets


class Picture(Protocol):
    """What each kind makes: laid out, then drawn."""

    width: float  # inches
    height: float

    def draw(self, axes: Axes) -> None:
        """Draw on ``axes``."""


def picture_on(picture: Picture, axes: Axes | None = None) -> Figure:
    """Draw a picture on ``axes``, or on a figure of its own size; return the figure."""
    with style():
        if axes is None:
            axes = full_axes(blank_figure(picture.width, picture.height))
        picture.draw(axes)
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure
