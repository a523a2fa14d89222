"""Lines of (text, role) as characters: plain, or with the terminal's colours by rich."""

from collections.abc import Callable
from functools import cache

from tcptrace.show.theme import terminal_style

Line = list[tuple[str, str]]


def plain(line: Line) -> str:
    """Return a line's text without colour or trailing blanks."""
    return "".join([text for text, _ in line]).rstrip()


def painter(coloured: bool) -> Callable[[Line], str]:
    """Return what turns a line into characters; rich is imported only for colours, and finds out how many."""
    if not coloured:
        return plain
    from rich.color import ColorSystem
    from rich.console import Console
    from rich.style import Style

    # Whether colours are wanted is decided already; a pipe's reader (less -R) has the terminal's colours.
    console = Console(force_terminal=True, no_color=False, highlight=False)
    systems = {"256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}
    system = systems.get(console.color_system or "", ColorSystem.STANDARD)

    @cache  # as many entries as there are roles
    def style(role: str) -> Style:
        return Style.parse(terminal_style(role))

    def paint(line: Line) -> str:
        end = len(line)
        while end and not line[end - 1][0].strip() and not line[end - 1][1].startswith("state:"):
            end -= 1
        return "".join(
            style(role).render(text, color_system=system) if role else text for text, role in line[:end]
        )

    return paint
