"""How one end's way differs from the expected one: the first state where they part, and before it each detail."""

from collections.abc import Iterator
from typing import NamedTuple

from tcptrace.find.facts import rule
from tcptrace.golden.patterns import ANY, NOTHING, Path
from tcptrace.golden.steps import Step, Tolerance, Wanted, seconds


class Parted(NamedTuple):
    """One difference of one end."""

    key: str  # "path": another state; "transitions": another detail of the same step
    frame: int | None  # where it shows in the capture
    expected: str
    got: str
    text: str
    wanted: Step | None = None  # the line of the expectation that is not so


def by_steps(
    start: str, wanted: list[Wanted], began: str, taken: list[Step], tolerance: Tolerance
) -> Iterator[Parted]:
    """Yield how an end's steps differ from those expected."""
    if start != began:
        yield _begins(start, began)
        return
    for at, entry in enumerate(wanted):
        step = entry.step
        if at == len(taken):
            yield _stays(told(entry), step.from_state, step)
            return
        got = taken[at]
        if got.to_state != step.to_state:
            yield Parted(
                "path", got.frame, told(entry), place(got), f"expected {told(entry)}, got {place(got)}", step
            )
            return
        off = entry.differing(got, tolerance)
        if off:
            yield _details(entry, got, off)
    if len(taken) > len(wanted):
        last = taken[len(wanted)]
        yield _leaves(last)


def by_path(pattern: Path, path: list[str], taken: list[Step]) -> Iterator[Parted]:
    """Yield where an end's path leaves a pattern that has no frames."""
    places = pattern.begin()
    after = pattern.step(places, path[0])
    if not after:
        yield _begins(" or ".join(pattern.options(places)), path[0])
        return
    for step in taken:
        places, after = after, pattern.step(after, step.to_state)
        if not after:
            options = [token for token in pattern.options(places) if token != ANY]
            if not options:
                yield _leaves(step)
                return
            expected = f"{' or '.join(options)} after {step.from_state}"
            if pattern.is_whole(places):
                expected += ", or nothing"
            yield Parted("path", step.frame, expected, place(step), f"expected {expected}, got {place(step)}")
            return
    if not pattern.is_whole(after):
        options = [token for token in pattern.options(after) if token != ANY]
        last = taken[-1].to_state if taken else path[0]
        yield _stays(f"{' or '.join(options)} after {last}", last, None)


def _begins(start: str, began: str) -> Parted:
    """Return the difference of the first states."""
    return Parted("path", None, start, began, f"expected to begin in {start}, got {began}")


def _stays(expected: str, state: str, step: Step | None) -> Parted:
    """Return the difference of a path that ends too early."""
    return Parted(
        "path", None, expected, state, f"expected {expected}, got no more steps: it stays in {state}", step
    )


def _leaves(step: Step) -> Parted:
    """Return the difference of a path that goes on."""
    text = f"expected to stay in {step.from_state}, got {place(step)}"
    return Parted("path", step.frame, step.from_state, place(step), text)


def place(step: Step) -> str:
    """Return a step as state, place, cause and clause."""
    where = "by the clock" if step.frame is None else f"at frame {step.frame}"
    return f"{step.to_state} {where} ({why(step)})"


def told(wanted: Wanted) -> str:
    """Return an expected step in the same way, without what is open in it."""
    step = wanted.step
    where = (
        "" if "frame" in wanted.free else " by the clock" if step.frame is None else f" at frame {step.frame}"
    )
    reason = "" if "cause" in wanted.free else f" ({why(step)})"
    return f"{step.to_state}{where}{reason}"


def why(step: Step) -> str:
    """Return a step's cause and clause."""
    clause = rule(step.cause, step.from_state)
    return f"{step.cause}, {clause}" if clause else step.cause


def _details(wanted: Wanted, got: Step, off: list[str]) -> Parted:
    """Return in what one step differs from the expected one to the same state."""
    step = wanted.step
    pairs = []
    if "cause" in off:
        pairs.append(("cause", why(step), why(got)))
    if "frame" in off:
        pairs.append(("frame", _frame(step.frame), _frame(got.frame)))
    if "time_ns" in off:
        pairs.append(("", f"+{seconds(step.time_ns)} s", f"+{seconds(got.time_ns)} s"))
    if "evidence" in off or "proof" in off:
        pairs.append(("", _sure(step, wanted.free), _sure(got, frozenset())))
    head = step.to_state
    if "frame" not in off and got.frame is not None:
        head += f" at frame {got.frame}"
    if "cause" not in off:
        head += f" ({why(got)})"
    texts = [f"expected {what} {a}, got {b}".replace("  ", " ") for what, a, b in pairs]
    expected, actual = (" ".join(f"{pair[0]} {pair[at]}".strip() for pair in pairs) for at in (1, 2))
    return Parted("transitions", got.frame, expected, actual, f"{head}: {'; '.join(texts)}", step)


def _frame(number: int | None) -> str:
    """Return a frame's number, ``-`` for none."""
    return NOTHING if number is None else str(number)


def _sure(step: Step, free: frozenset[str]) -> str:
    """Return a step's evidence and the frame that proves it."""
    words = ANY if "evidence" in free else step.evidence
    return words if step.proof is None else f"{words} by frame {step.proof}"
