"""One transition as a line of an expectation file, and back.

A line is ``frame seconds side FROM>TO cause evidence proof``: the frame that causes the step (``-``: a timer),
seconds since the connection's first frame, and the frame that proves it (``-``: none). ``#`` begins a comment. ::

    12 0.002369 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN confirmed 14
"""

from collections.abc import Iterable
from typing import NamedTuple, get_args

from tcptrace.model.records import Connection, Evidence, Side
from tcptrace.model.states import STATE_NAMES
from tcptrace.tcp.machine import CAUSES

NS = 1_000_000_000
SIDES: tuple[Side, ...] = get_args(Side)
EVIDENCE: tuple[str, ...] = get_args(Evidence)
NOTHING = "-"
# The widest of each column, so that an edit of one line moves no other.
_FRAME, _TIME, _STEP, _CAUSE, _WORD, _PROOF = 5, 12, 25, 14, 9, 5


class Step(NamedTuple):
    """One step of one end, as an expectation has it."""

    frame: int | None  # None: a timer
    time_ns: int  # since the connection's first frame
    side: str
    from_state: str
    to_state: str
    cause: str
    evidence: str
    proof: int | None  # None: nothing proves it


def steps_of(connection: Connection) -> list[Step]:
    """Return a connection's transitions as an expectation has them."""
    start = connection.first_ns
    return [
        Step(t.frame, t.time_ns - start, t.side, t.from_state, t.to_state, t.cause, t.evidence, t.proof)
        for t in connection.transitions
    ]


def paths_of(steps: Iterable[Step]) -> dict[str, list[str]]:
    """Return the path that each side takes by ``steps``; a side without a step is not there.

    Raises ``ValueError`` where a step begins in another state than the one before it ended in.
    """
    paths: dict[str, list[str]] = {}
    for step in steps:
        path = paths.setdefault(step.side, [step.from_state])
        if path[-1] != step.from_state:
            raise ValueError(
                f"the {step.side} is in {path[-1]}, and its next step begins in {step.from_state}"
            )
        path.append(step.to_state)
    return paths


def seconds(ns: int) -> str:
    """Return seconds exactly: six digits after the point, nine where they are needed."""
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    whole, part = divmod(ns, NS)
    digits = f"{part:09d}"
    return f"{sign}{whole}.{digits[:6] if digits.endswith('000') else digits}"


def nanoseconds(text: str) -> int:
    """Return ``1.5`` seconds as nanoseconds, exactly; raises ``ValueError``."""
    digits = text.removeprefix("-")
    whole, _, part = digits.partition(".")
    if not (whole.isascii() and whole.isdecimal()) or len(part) > 9 or (part and not part.isdecimal()):
        raise ValueError(f"{text!r} is no time; write seconds with at most nine digits after the point")
    ns = int(whole) * NS + int(part.ljust(9, "0") or 0)
    return -ns if text.startswith("-") else ns


def line(step: Step) -> str:
    """Return a step as a line, in columns."""
    frame, proof = (NOTHING if number is None else str(number) for number in (step.frame, step.proof))
    move = f"{step.from_state}>{step.to_state}"
    return (
        f"{frame:>{_FRAME}} {seconds(step.time_ns):>{_TIME}} {step.side} {move:<{_STEP}} "
        f"{step.cause:<{_CAUSE}} {step.evidence:<{_WORD}} {proof:>{_PROOF}}"
    )


def read(text: str) -> Step:
    """Return the step that a line says; raises ``ValueError`` with what is wrong with which word."""
    words = text.split()
    place = next((at for at, word in enumerate(words) if word in EVIDENCE), -1)
    if place < 5 or len(words) != place + 2:
        raise ValueError("not `frame seconds side FROM>TO cause evidence proof`")
    frame, time, side, move = words[:4]
    cause = " ".join(words[4:place])
    before, arrow, after = move.partition(">")
    if side not in SIDES:
        raise ValueError(f"{side!r} is no side; write client or server")
    for state in (before, after):
        if not arrow or state not in STATE_NAMES:
            raise ValueError(f"{move!r} is no step between two states of {' '.join(STATE_NAMES)}")
    if cause not in CAUSES:
        raise ValueError(f"{cause!r} is no cause; there are {', '.join(dict.fromkeys(CAUSES))}")
    proof = words[place + 1]
    return Step(_number(frame), nanoseconds(time), side, before, after, cause, words[place], _number(proof))


def _number(text: str) -> int | None:
    """Return a frame's number, ``None`` for ``-``."""
    if text == NOTHING:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise ValueError(f"{text!r} is no frame; they are numbered from 1, and - is none")
    return int(text)
