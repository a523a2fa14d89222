"""The ladder's columns: how wide each is on a terminal, the characters it is drawn with, how words fit."""

from collections.abc import Sequence
from dataclasses import dataclass

CHIP = 14  # " SYN-RECEIVED "
TIME = 11
DELTA = 12
WORD = 10  # " assumed ", " inferred "
ARROW = 39  # what eighty columns leave
ARROW_LEAST = 16
ARROW_MOST = 72
WIDTH_LEAST = 2 * CHIP + 2 + ARROW_LEAST


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that lines are drawn with."""

    right: str
    left: str
    thin: str
    thick: str  # a segment with data
    life: str
    gap: str  # a lifeline over a break
    dash: str
    to: str
    back: str
    many: str


FANCY = Glyphs("▶", "◀", "─", "━", "│", "┊", "┄", "→", "←", "…")
ASCII = Glyphs(">", "<", "-", "=", "|", ":", ".", "->", "<-", "..")


@dataclass(frozen=True, slots=True)
class Layout:
    """Column widths for a terminal."""

    width: int
    time: int  # 0: no room for times
    delta: int  # 0: no time differences
    word: int  # 0: no words beside the chips
    arrow: int
    frame: int  # digits of the highest frame number


def layout(width: int, last_frame: int) -> Layout:
    """Return the columns for ``width``: details go first, then the times; never below ``WIDTH_LEAST``."""
    width = max(width, WIDTH_LEAST)
    time, delta, word = TIME, 0, 0
    room = width - 2 * CHIP - 2
    if room < time + ARROW_LEAST:
        time = 0
    elif room >= time + ARROW + DELTA:
        delta = DELTA
        if room >= time + ARROW + DELTA + 2 * WORD:
            word = WORD
    arrow = min(room - time - delta - 2 * word, ARROW_MOST)
    return Layout(width, time, delta, word, arrow, len(str(last_frame)))


def fit(words: Sequence[str], joint: str, room: int) -> list[str]:
    """Return ``words`` joined to lines of at most ``room`` characters; a longer word is split."""
    lines: list[str] = []
    line = ""
    for word in words:
        rest = word
        if line and len(line) + len(joint) + len(rest) > room:
            lines.append(line + joint.rstrip())
            line = ""
        while len(rest) > room:
            lines.append(rest[:room])
            rest = rest[room:]
        line = f"{line}{joint}{rest}" if line else rest
    return [*lines, line] if line else lines
