"""One transition as a line of an expectation file, and back.

A line is ``frame seconds side FROM>TO cause evidence proof``: the frame that causes the step (``-``: a timer),
seconds since the connection's first frame, and the frame that proves it (``-``: none). ``#`` begins a comment. ::

    12 0.002369 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN confirmed 14

``*`` in place of frame, seconds, cause, evidence or proof leaves it open (from version 2 of the file on).
"""

from collections.abc import Iterable
from typing import NamedTuple, get_args

from tcptrace.golden.patterns import ANY, NOTHING
from tcptrace.model.records import Connection, Evidence, Side
from tcptrace.model.states import STATE_NAMES
from tcptrace.model.units import NS
from tcptrace.tcp.machine import CAUSES

SIDES: tuple[Side, ...] = get_args(Side)
EVIDENCE: tuple[str, ...] = get_args(Evidence)
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


class Tolerance(NamedTuple):
    """How far what was measured may lie from what is written; the default is not at all."""

    time_ns: int | None = 0  # None: any
    time_ratio: float = 0.0  # or this share of what is expected, whichever is more
    frames: int | None = 0  # frame numbers; None: any
    counts: int = 0  # packets and octets
    count_ratio: float = 0.0
    evidence: bool = True  # False: any


class Wanted(NamedTuple):
    """A step that is expected, and which of its columns are open."""

    step: Step
    free: frozenset[str] = frozenset()

    def differing(self, got: Step, tolerance: Tolerance) -> list[str]:
        """Return the columns in which ``got``, a step between the same states, is not as expected."""
        wanted = self.step
        off = []
        if wanted.cause != got.cause:
            off.append("cause")
        if not _near(wanted.frame, got.frame, tolerance.frames):
            off.append("frame")
        slack = tolerance.time_ns
        if slack is not None:
            slack = max(slack, int(abs(wanted.time_ns) * tolerance.time_ratio))
            if abs(wanted.time_ns - got.time_ns) > slack:
                off.append("time_ns")
        if tolerance.evidence:
            if wanted.evidence != got.evidence:
                off.append("evidence")
            if not _near(wanted.proof, got.proof, tolerance.frames):
                off.append("proof")
        return [column for column in off if column not in self.free]


def _near(wanted: int | None, got: int | None, slack: int | None) -> bool:
    """Say whether two frame numbers lie near enough; no frame is near no frame only."""
    if wanted is None or got is None:
        return wanted is got
    return slack is None or abs(wanted - got) <= slack


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


def line(step: Step, free: frozenset[str] = frozenset()) -> str:
    """Return a step as a line, in columns, ``*`` in those that are ``free``."""
    move = f"{step.from_state}>{step.to_state}"
    columns = {
        "frame": _text(step.frame),
        "time_ns": seconds(step.time_ns),
        "cause": step.cause,
        "evidence": step.evidence,
        "proof": _text(step.proof),
    }
    columns |= dict.fromkeys(free, ANY)
    return (
        f"{columns['frame']:>{_FRAME}} {columns['time_ns']:>{_TIME}} {step.side} {move:<{_STEP}} "
        f"{columns['cause']:<{_CAUSE}} {columns['evidence']:<{_WORD}} {columns['proof']:>{_PROOF}}"
    )


def _text(number: int | None) -> str:
    """Return a frame's number, ``-`` for none."""
    return NOTHING if number is None else str(number)


def read(text: str, *, patterns: bool = False) -> Wanted:
    """Return the step that a line says; raises ``ValueError`` with what is wrong with which word."""
    words = text.split()
    if len(words) < 7:
        raise ValueError("not `frame seconds side FROM>TO cause evidence proof`")
    frame, time, side, move = words[:4]
    cause, evidence, proof = " ".join(words[4:-2]), words[-2], words[-1]
    before, arrow, after = move.partition(">")
    if side not in SIDES:
        raise ValueError(f"{side!r} is no side; write client or server")
    for state in (before, after):
        if not arrow or state not in STATE_NAMES:
            raise ValueError(f"{move!r} is no step between two states of {' '.join(STATE_NAMES)}")
    given = {"frame": frame, "time_ns": time, "cause": cause, "evidence": evidence, "proof": proof}
    free = frozenset(column for column, word in given.items() if patterns and word == ANY)
    if cause not in CAUSES and "cause" not in free:
        raise ValueError(f"{cause!r} is no cause; there are {', '.join(dict.fromkeys(CAUSES))}")
    if evidence not in EVIDENCE and "evidence" not in free:
        raise ValueError(f"{evidence!r} is no evidence; there are {', '.join(EVIDENCE)}")
    step = Step(
        None if "frame" in free else _number(frame),
        0 if "time_ns" in free else nanoseconds(time),
        side,
        before,
        after,
        cause,
        evidence,
        None if "proof" in free else _number(proof),
    )
    return Wanted(step, free)


def _number(text: str) -> int | None:
    """Return a frame's number, ``None`` for ``-``."""
    if text == NOTHING:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise ValueError(f"{text!r} is no frame; they are numbered from 1, and - is none")
    return int(text)
