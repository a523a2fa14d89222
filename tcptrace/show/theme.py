"""Colours, once for all: the terminal, matplotlib and HTML take them from here.

Hue is the phase of a connection's life and darkness the progress in it, checked under the three
colour-blindnesses; text on a fill has a contrast of at least 4.5 to 1. Grey is not enough to tell states
apart, so every band and chip also bears its name.
"""

from typing import NamedTuple


class StateColour(NamedTuple):
    """How a state is painted."""

    fill: str  # "#RRGGBB" of the band or chip
    text: str  # "#RRGGBB" of the name on it
    hatch: str  # matplotlib's hatch characters; "" for none


INK = "#1B1F24"
PAPER = "#FFFFFF"
MUTED = "#57626C"
FAINT = "#A3ADB5"
GRID = "#E3E7EA"
CLIENT = "#0B5FA5"
SERVER = "#B23A22"
ALERT = "#C2185B"
AMBER = "#8A5A00"  # a warning; less than ALERT
PALE = "#F5F7F9"  # ground behind a part of a picture
STRIP = "#E7ECF0"  # what is folded
UNTAKEN = "#B9C1C8"  # an arrow that was not taken, the frame of a state that was not entered
UNVISITED = "#FAFBFC"  # a state that was not entered
WINDOW = "#DCEBF5"  # what the receiver allows
WINDOW_EDGE = "#2B72B0"
ACKED = "#00785C"
SACKED = "#8A4FB0"

SEVERITIES = {"note": MUTED, "warning": AMBER, "error": ALERT}  # of a finding, on paper
SIDES = {"client": CLIENT, "server": SERVER}
SERVER_DASH = (0, (5, 1.6))  # client and server also differ by solid and dashed

STATES: dict[str, StateColour] = {
    "UNKNOWN": StateColour("#FFFFFF", INK, "xxx"),
    "CLOSED": StateColour("#EEEEEE", INK, ""),
    "LISTEN": StateColour("#B4BDC5", INK, ""),
    "SYN-SENT": StateColour("#FFD94F", INK, ""),
    "SYN-RECEIVED": StateColour("#D9971E", INK, ""),
    "ESTABLISHED": StateColour("#00785C", PAPER, ""),
    "FIN-WAIT-1": StateColour("#A9D6F5", INK, ""),
    "FIN-WAIT-2": StateColour("#2B72B0", PAPER, ""),
    "CLOSING": StateColour("#C792DA", INK, "\\\\\\\\"),
    "TIME-WAIT": StateColour("#0F2C54", PAPER, "////"),
    "CLOSE-WAIT": StateColour("#FBC3A4", INK, ""),
    "LAST-ACK": StateColour("#B23A22", PAPER, ""),
}

# What a picture is drawn in, and what stands for it on a dark page. The states' fills and what is written on them are
# the same on either: they are what one knows a state by.
DRAWN: dict[str, tuple[str, str]] = {
    "ink": (INK, "#E8ECEF"),
    "paper": (PAPER, "#171C21"),
    "muted": (MUTED, "#A9B4BD"),
    "faint": (FAINT, "#6A7680"),
    "grid": (GRID, "#2C343B"),
    "client": (CLIENT, "#7DBDF0"),
    "server": (SERVER, "#F39A82"),
    "alert": (ALERT, "#F48FB1"),
    "amber": (AMBER, "#E3B45C"),
    "pale": (PALE, "#1D242A"),
    "strip": (STRIP, "#2A333B"),
    "untaken": (UNTAKEN, "#56626C"),
    "unvisited": (UNVISITED, "#1A2026"),
    "window": (WINDOW, "#1F3446"),
    "window-edge": (WINDOW_EDGE, "#6BA8DC"),
    "acked": (ACKED, "#45C29F"),
    "sacked": (SACKED, "#C79BE8"),
}

# The HTML page: what it is printed in and shown in by day, and by night; pictures with it.
_BY_DAY = {"ink": INK, "muted": MUTED, "paper": PAPER, "line": "#D5DBE0", "client": CLIENT, "server": SERVER}
_BY_DAY |= {"alert": ALERT, "mark": "#FFE9A8", "focus": CLIENT, "edge": MUTED}
_BY_NIGHT = {"ink": "#E8ECEF", "muted": "#A9B4BD", "paper": "#14181C", "line": "#3A434B", "client": "#7DBDF0"}
_BY_NIGHT |= {"server": "#F39A82", "alert": "#F48FB1", "mark": "#3A3008", "focus": "#9CD0F7"}
_BY_DAY |= {f"drawn-{name}": day for name, (day, _) in DRAWN.items()}
_BY_NIGHT |= {f"drawn-{name}": night for name, (_, night) in DRAWN.items()}
PAGE: dict[str, dict[str, str]] = {"day": _BY_DAY, "night": {**_BY_DAY, **_BY_NIGHT}}

# A terminal's background may be black or white, where the hues above are read on paper only. These are the
# same hues, lightened until both grounds give them a contrast of at least 3 to 1; rich lowers them to 256
# or 16 colours.
TERMINAL: dict[str, str] = {
    "strong": "bold",
    "muted": "dim",
    "client": "#2F86D0",
    "server": "#D0553B",
    "client-strong": "bold #2F86D0",
    "server-strong": "bold #D0553B",
    "note": "dim italic",
    "warning": "#B8741A",
    "error": "bold #E0407B",
}
EVIDENCE: dict[str, str] = {"assumed": "italic", "inferred": "italic"}


def terminal_style(role: str) -> str:
    """Return rich's words for a role: a name of ``TERMINAL``, or ``state:NAME[:EVIDENCE]``."""
    if not role.startswith("state:"):
        return TERMINAL.get(role, "")
    _, state, evidence = f"{role}::".split(":")[:3]
    colour = STATES[state]
    return f"{EVIDENCE.get(evidence, '')} {colour.text} on {colour.fill}".strip()
