"""Two ladders side by side: the states that were expected, and those that the capture shows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from tcptrace.golden.expectation import ENDS, ExpectedConnection
from tcptrace.golden.patterns import ANY, NOTHING
from tcptrace.golden.steps import Step, Wanted, steps_of
from tcptrace.model.records import Connection

_FRAME, _STATE = 6, 12


class Rung(NamedTuple):
    """One frame's steps: the state that each end goes to, empty where it does not move."""

    frame: str
    client: str
    server: str


def side_by_side(held: ExpectedConnection, connection: Connection) -> Iterator[str]:
    """Yield the lines: expected left, got right, ``|`` between them where they differ."""
    got = rungs(
        [Wanted(step) for step in steps_of(connection)],
        _start(connection.path.client, connection.path.server),
    )
    if held.steps is None:
        for side in ENDS:
            if held.path is not None:
                yield f"{side} expected: {getattr(held.path, side).text}"
            yield f"{side} got:      {' '.join(getattr(connection.path, side))}"
        return
    first = {side: _first(held, connection, side) for side in ENDS}
    expected = rungs(held.steps, Rung("", first["client"], first["server"]))
    yield from drawn(("expected", "got"), aligned(expected, got, lambda rung: rung))


def both(a: Connection, b: Connection) -> Iterator[str]:
    """Yield the ladders of two connections, ``|`` where their states differ; frames may."""
    left, right = (
        rungs([Wanted(step) for step in steps_of(c)], _start(c.path.client, c.path.server)) for c in (a, b)
    )
    yield from drawn(("A", "B"), aligned(left, right, lambda rung: rung._replace(frame="")))


def drawn(names: tuple[str, str], pairs: Iterable[tuple[Rung | None, Rung | None, bool]]) -> Iterator[str]:
    """Yield the lines of two ladders, their names above them."""
    yield "   ".join(f"{name:^{_FRAME + 2 * _STATE + 2}}" for name in names).rstrip()
    head = Rung("frame", "client", "server")
    yield f"{_text(head)}   {_text(head)}".rstrip()
    for left, right, same in pairs:
        yield f"{_text(left)} {' ' if same else '|'} {_text(right)}".rstrip()


def rungs(wanted: Sequence[Wanted], start: Rung) -> list[Rung]:
    """Return a ladder's rungs, the first states first; both ends' steps at one frame share a rung."""
    found = [start]
    for entry in wanted:
        step = entry.step
        frame = ANY if "frame" in entry.free else NOTHING if step.frame is None else str(step.frame)
        last = found[-1]
        if frame == last.frame and not getattr(last, step.side) and frame not in (ANY, NOTHING):
            found[-1] = last._replace(**{step.side: step.to_state})
        else:
            found.append(_rung(frame, step))
    return found


def aligned(
    left: list[Rung], right: list[Rung], key: Callable[[Rung], Rung]
) -> Iterator[tuple[Rung | None, Rung | None, bool]]:
    """Yield pairs of rungs, and whether ``key`` takes them for the same.

    What differs stands beside what is there instead, ``None`` beside nothing.
    """
    matcher = SequenceMatcher(
        None, [key(rung) for rung in left], [key(rung) for rung in right], autojunk=False
    )
    for tag, a, b, c, d in matcher.get_opcodes():
        for place in range(max(b - a, d - c)):
            yield (
                left[a + place] if a + place < b else None,
                right[c + place] if c + place < d else None,
                tag == "equal",
            )


def _start(client: list[str], server: list[str]) -> Rung:
    """Return the first rung of two paths."""
    return Rung("", client[0], server[0])


def _first(held: ExpectedConnection, connection: Connection, side: str) -> str:
    """Return the state in which an end is expected to begin."""
    own = [entry.step.from_state for entry in held.steps or () if entry.step.side == side]
    if own:
        return own[0]
    if held.path is not None:
        return str(getattr(held.path, side).tokens[0])
    return str(getattr(connection.path, side)[0])


def _rung(frame: str, step: Step) -> Rung:
    """Return a rung with one end's step."""
    client, server = (step.to_state if side == step.side else "" for side in ENDS)
    return Rung(frame, client, server)


def _text(rung: Rung | None) -> str:
    """Return a rung in columns."""
    frame, client, server = rung or ("", "", "")
    return f"{frame:>{_FRAME}} {client:<{_STATE}} {server:<{_STATE}}"
