"""Lines of (text, role) as characters: plain, or with the terminal's colours by rich."""

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import TextIO

from tcptrace.show.theme import terminal_style

Line = list[tuple[str, str]]


def plain(line: Line) -> str:
    """Return a line's text without colour or trailing blanks."""
    return "".join(text for text, _ in line).rstrip()


def painter(stream: TextIO, color: str) -> Callable[[Line], str]:
    """Return what turns a line into characters; ``color`` is ``auto``, ``always`` or ``never``.

    With ``auto`` colour is for terminals, and not where NO_COLOR is set to anything (https://no-color.org)
    or the terminal is dumb; rich finds out how many colours there are. Without colour rich is not imported.
    """
    wanted = color == "always" or (
        color == "auto"
        and stream.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
    if not wanted:
        return plain
    from rich.color import ColorSystem
    from rich.console import Console
    from rich.style import Style

    # NO_COLOR does not speak against `always`; rich would heed it.
    console = Console(file=stream, force_terminal=True, no_color=False, highlight=False)
    systems = {
        "standard": ColorSystem.STANDARD,
        "256": ColorSystem.EIGHT_BIT,
        "truecolor": ColorSystem.TRUECOLOR,
    }
    system = systems.get(console.color_system or "standard", ColorSystem.STANDARD)

    @cache  # as many as there are roles
    def style(role: str) -> Style:
        return Style.parse(terminal_style(role))

    def paint(line: Line) -> str:
        while line and not line[-1][0].strip() and not line[-1][1].startswith("state:"):
            line = line[:-1]
        return "".join(style(role).render(text, color_system=system) if role else text for text, role in line)

    return paint


def write(stream: TextIO, lines: Iterable[Line], color: str) -> None:
    """Write lines one by one, so that a long ladder needs no memory and a reader that leaves ends it."""
    paint = painter(stream, color)
    for line in lines:
        stream.write(paint(line) + "\n")
