"""Where the boxes and arrows of the state diagram stand, in inches, y downwards. Places only.

Which arrows there are, from where to where and with which words, is the rule table's to say
(``tcptrace.tcp.machine.RULES``); an arrow without a place here, or a place without an arrow, fails a test.
"""

from dataclasses import dataclass

WIDTH, HEIGHT = 11.8, 12.3
BOX_WIDTH, BOX_HEIGHT = 1.62, 0.66
HALF_W, HALF_H = BOX_WIDTH / 2, BOX_HEIGHT / 2
LEFT, MIDDLE, RIGHT = 2.7, 5.9, 9.1  # the three columns
ROWS = (1.75, 3.25, 4.75, 6.25, 7.75, 9.25, 10.75)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Words:
    """Where an arrow's words stand; further lines go down from ``y``, or up to it."""

    x: float
    y: float  # of the first line, or with ``up`` of the last
    across: str = "left"
    up: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """An arrow: its way, its words, and on which leg of the way its numbers are."""

    points: tuple[Point, ...]
    words: Words
    leg: int = 0


@dataclass(frozen=True, slots=True)
class Stub:
    """A short arrow to CLOSED beside a state, drawn only where it was taken: RST, and what observers conclude."""

    points: tuple[Point, ...]
    chip: Point  # middle of the chip that says CLOSED
    words: Words


END = "CLOSED "  # CLOSED stands twice: where one begins, and where it ends
_TOP, _LISTEN, _SYN, _ESTABLISHED, _FIN, _FIN_2, _LAST = ROWS

BOXES: dict[str, Point] = {
    "CLOSED": (MIDDLE, _TOP),
    "LISTEN": (MIDDLE, _LISTEN),
    "SYN-RECEIVED": (LEFT, _SYN),
    "SYN-SENT": (RIGHT, _SYN),
    "ESTABLISHED": (MIDDLE, _ESTABLISHED),
    "FIN-WAIT-1": (LEFT, _FIN),
    "CLOSE-WAIT": (RIGHT, _FIN),
    "FIN-WAIT-2": (LEFT, _FIN_2),
    "CLOSING": (MIDDLE, _FIN_2),
    "LAST-ACK": (RIGHT, _FIN_2),
    "TIME-WAIT": (MIDDLE, _LAST),
    END: (RIGHT, _LAST),
}
# Which states' arrows to CLOSED end at the lower box.
ENDS_BELOW = ("LAST-ACK", "TIME-WAIT")

_W_LEFT, _W_RIGHT = MIDDLE - HALF_W, MIDDLE + HALF_W  # edges of the middle column's boxes
_UP, _DOWN = -HALF_H, HALF_H

ARROWS: dict[tuple[str, str], Place] = {
    ("CLOSED", "LISTEN"): Place(
        ((MIDDLE - 0.35, _TOP + _DOWN), (MIDDLE - 0.35, _LISTEN + _UP)), Words(MIDDLE - 0.45, 2.41, "right")
    ),
    ("LISTEN", "CLOSED"): Place(
        ((MIDDLE + 0.35, _LISTEN + _UP), (MIDDLE + 0.35, _TOP + _DOWN)), Words(MIDDLE + 0.45, 2.41)
    ),
    ("CLOSED", "SYN-SENT"): Place(
        ((_W_RIGHT, _TOP), (RIGHT + 0.35, _TOP), (RIGHT + 0.35, _SYN + _UP)), Words(RIGHT + 0.45, 2.56)
    ),
    ("SYN-SENT", "CLOSED"): Place(
        ((RIGHT - 0.35, _SYN + _UP), (RIGHT - 0.35, _TOP + 0.2), (_W_RIGHT, _TOP + 0.2)),
        Words(RIGHT - 0.45, 2.56, "right"),
    ),
    ("LISTEN", "SYN-RECEIVED"): Place(
        ((_W_LEFT, _LISTEN - 0.1), (LEFT - 0.2, _LISTEN - 0.1), (LEFT - 0.2, _SYN + _UP)),
        Words(LEFT - 0.3, 3.62, "right"),
    ),
    ("SYN-RECEIVED", "LISTEN"): Place(
        ((LEFT + 0.3, _SYN + _UP), (LEFT + 0.3, _LISTEN + 0.12), (_W_LEFT, _LISTEN + 0.12)),
        Words(LEFT + 0.4, 3.70),
        leg=1,
    ),
    ("LISTEN", "SYN-SENT"): Place(
        ((_W_RIGHT, _LISTEN), (RIGHT - 0.55, _LISTEN), (RIGHT - 0.55, _SYN + _UP)),
        Words(_W_RIGHT + 0.12, _LISTEN + 0.19),
    ),
    ("SYN-SENT", "SYN-RECEIVED"): Place(
        ((RIGHT - HALF_W, _SYN - 0.12), (LEFT + HALF_W, _SYN - 0.12)),
        Words(MIDDLE, _SYN - 0.37, "center", up=True),
    ),
    ("SYN-RECEIVED", "ESTABLISHED"): Place(
        ((LEFT + HALF_W, _SYN + 0.12), (MIDDLE - 0.35, _SYN + 0.12), (MIDDLE - 0.35, _ESTABLISHED + _UP)),
        Words(MIDDLE - 0.45, 5.22, "right"),
    ),
    ("SYN-SENT", "ESTABLISHED"): Place(
        ((RIGHT - HALF_W, _SYN + 0.12), (MIDDLE + 0.35, _SYN + 0.12), (MIDDLE + 0.35, _ESTABLISHED + _UP)),
        Words(MIDDLE + 0.45, 5.22),
    ),
    ("SYN-RECEIVED", "FIN-WAIT-1"): Place(
        ((LEFT - 0.35, _SYN + _DOWN), (LEFT - 0.35, _FIN + _UP)), Words(LEFT - 0.55, 6.40, "right")
    ),
    ("ESTABLISHED", "FIN-WAIT-1"): Place(
        ((_W_LEFT, _ESTABLISHED), (LEFT + 0.35, _ESTABLISHED), (LEFT + 0.35, _FIN + _UP)),
        Words(LEFT + 0.45, 6.68),
    ),
    ("ESTABLISHED", "CLOSE-WAIT"): Place(
        ((_W_RIGHT, _ESTABLISHED), (RIGHT, _ESTABLISHED), (RIGHT, _FIN + _UP)), Words(RIGHT + 0.1, 6.60)
    ),
    ("FIN-WAIT-1", "FIN-WAIT-2"): Place(
        ((LEFT - 0.35, _FIN + _DOWN), (LEFT - 0.35, _FIN_2 + _UP)), Words(LEFT - 0.62, 8.35, "right")
    ),
    ("FIN-WAIT-1", "CLOSING"): Place(
        ((LEFT + HALF_W, _FIN), (MIDDLE, _FIN), (MIDDLE, _FIN_2 + _UP)), Words(MIDDLE - 0.1, 8.22, "right")
    ),
    ("CLOSE-WAIT", "LAST-ACK"): Place(
        ((RIGHT, _FIN + _DOWN), (RIGHT, _FIN_2 + _UP)), Words(RIGHT + 0.27, 8.32)
    ),
    ("FIN-WAIT-2", "TIME-WAIT"): Place(
        ((LEFT, _FIN_2 + _DOWN), (LEFT, _LAST), (_W_LEFT, _LAST)), Words(LEFT + 0.12, 9.92), leg=1
    ),
    ("CLOSING", "TIME-WAIT"): Place(
        ((MIDDLE, _FIN_2 + _DOWN), (MIDDLE, _LAST + _UP)), Words(MIDDLE - 0.2, 9.84, "right")
    ),
    ("LAST-ACK", "CLOSED"): Place(((RIGHT, _FIN_2 + _DOWN), (RIGHT, _LAST + _UP)), Words(RIGHT + 0.27, 9.92)),
    ("TIME-WAIT", "CLOSED"): Place(
        ((_W_RIGHT, _LAST), (RIGHT - HALF_W, _LAST)),
        Words((MIDDLE + RIGHT) / 2, _LAST - 0.35, "center", up=True),
    ),
}

_FAR_LEFT, _FAR_RIGHT = 0.72, 11.0
_CHIP = 0.36  # half a chip


def _at_left(y: float) -> Stub:
    return Stub(((LEFT - HALF_W, y), (_FAR_LEFT + _CHIP, y)), (_FAR_LEFT, y), Words(0.30, y + 0.2))


def _at_right(y: float) -> Stub:
    return Stub(
        ((RIGHT + HALF_W, y), (_FAR_RIGHT - _CHIP, y)), (_FAR_RIGHT, y), Words(RIGHT + HALF_W + 0.12, y + 0.2)
    )


_RESET_X = MIDDLE - 0.45

STUBS: dict[str, Stub] = {
    "SYN-SENT": _at_right(_SYN),
    "SYN-RECEIVED": _at_left(_SYN),
    "ESTABLISHED": Stub(
        ((_RESET_X, _ESTABLISHED + _DOWN), (_RESET_X, 7.075)),
        (_RESET_X, 7.16),
        Words(_RESET_X, 7.36, "center"),
    ),
    "FIN-WAIT-1": _at_left(_FIN - 0.1),
    "FIN-WAIT-2": _at_left(_FIN_2),
    "CLOSE-WAIT": _at_right(_FIN - 0.1),
    "CLOSING": Stub(
        ((MIDDLE + HALF_W, _FIN_2), (MIDDLE + HALF_W + 0.5, _FIN_2)),
        (MIDDLE + HALF_W + 0.5 + _CHIP, _FIN_2),
        Words(MIDDLE + HALF_W + 0.12, _FIN_2 + 0.2),
    ),
    "LAST-ACK": _at_right(_FIN_2 - 0.1),
    "TIME-WAIT": Stub(
        ((MIDDLE - 0.4, _LAST + _DOWN), (MIDDLE - 0.4, _LAST + 0.79)),
        (MIDDLE - 0.4, _LAST + 0.875),
        Words(MIDDLE + 0.06, _LAST + 0.79),
    ),
    "UNKNOWN": Stub(((7.95, 6.985), (7.95, 7.40)), (7.95, 7.485), Words(8.22, 7.68, "right")),
}
# An end that the capture shows only from the middle on; drawn only where there is one.
UNKNOWN: Point = (7.75, 6.90)
PICKUP = Place(
    ((7.30, 6.90), (MIDDLE + 0.55, 6.90), (MIDDLE + 0.55, _ESTABLISHED + _DOWN)), Words(6.52, 7.13)
)
