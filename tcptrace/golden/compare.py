"""How an analysis differs from its expectation, at the level of states: which end, where, by which clause."""

from collections.abc import Iterator
from typing import NamedTuple

from tcptrace.find.record import rule
from tcptrace.golden import steps
from tcptrace.golden.expectation import Expectation, ExpectedConnection
from tcptrace.golden.steps import NOTHING, Step
from tcptrace.model.records import Capture, Connection
from tcptrace.show.words import client, server

MAX_LINES = 8  # differences told of one connection; the rest is counted


class Difference(NamedTuple):
    """One difference, as a person reads it and as ``--update`` has to know it."""

    stream: int | None  # None: the capture as a whole
    key: str  # what would have to be changed in the file: "outcome", "path", "transitions", "connection"...
    text: str  # one line


def fields_of(connection: Connection) -> dict[str, str]:
    """Return what an expectation says of a connection beside path and transitions."""
    wait = connection.time_wait
    return {
        "client": client(connection),
        "server": server(connection),
        "outcome": connection.outcome,
        "closed_first": connection.closed_first or NOTHING,
        "reset_by": connection.reset_by or NOTHING,
        "time_wait": wait.side if wait else NOTHING,
    }


def compare(expected: Expectation, connections: list[Connection], capture: Capture) -> list[Difference]:
    """Return every difference, the capture's own first, then by stream."""
    found: list[Difference] = []
    if expected.frames is not None and expected.frames != capture.frames:
        found.append(Difference(None, "frames", f"expected {expected.frames} frames, got {capture.frames}"))
    if expected.complete != capture.complete:
        words = "expected a capture cut short, got a whole one"
        if not capture.complete:
            words = f"expected a whole capture, got one that is incomplete: {capture.problem}"
        found.append(Difference(None, "complete", words))
    for stream, (held, connection) in enumerate(zip(expected.connections, connections, strict=False)):
        found += _shortened(stream, list(differences(held, connection)))
    count = len(connections)
    for stream in range(count, len(expected.connections)):
        text = f"stream {stream}: expected {_who(expected.connections[stream])}, got no such connection"
        found.append(Difference(stream, "connection", text))
    for connection in connections[len(expected.connections) :]:
        text = (
            f"stream {connection.stream}: expected no more connections, got {client(connection)} to "
            f"{server(connection)} ({connection.outcome})"
        )
        found.append(Difference(connection.stream, "connection", text))
    return found


def _who(held: ExpectedConnection) -> str:
    """Return an expected connection in a few words."""
    ends = [held.fields[side] for side in ("client", "server") if side in held.fields]
    outcome = f" ({held.fields['outcome']})" if "outcome" in held.fields else ""
    return f"{' to '.join(ends) or 'a connection'}{outcome}"


def _shortened(stream: int, found: list[Difference]) -> list[Difference]:
    """Return the first of many differences, and how many more there are."""
    if len(found) <= MAX_LINES:
        return found
    rest = found[MAX_LINES - 1 :]
    words = Difference(stream, rest[0].key, f"stream {stream}: {len(rest)} more differences")
    return [*found[: MAX_LINES - 1], words, *(entry._replace(text="") for entry in rest[1:])]


def differences(held: ExpectedConnection, connection: Connection) -> Iterator[Difference]:
    """Yield the differences of one connection: addresses, both ends' states, then how it ended."""
    stream = connection.stream
    actual = fields_of(connection)
    for key in ("client", "server"):
        yield from _field(held, actual, key, stream)
    taken = steps.steps_of(connection)
    moved = False
    for side in steps.SIDES:
        path: list[str] = getattr(connection.path, side)
        mine = [step for step in taken if step.side == side]
        if held.steps is not None:
            wanted = [step for step in held.steps if step.side == side]
            start = getattr(held.path, side)[0] if held.path else wanted[0].from_state if wanted else path[0]
            found = list(_side(start, wanted, path[0], mine))
        elif held.path is not None:
            found = list(_path(getattr(held.path, side), path, mine))
        else:
            found = []
        moved = moved or bool(found)
        for key, text in found:
            yield Difference(stream, key, f"stream {stream} {side}: {text}")
    if held.steps is not None and not moved and held.steps != taken:
        at, wanted_step, got = next(
            (at, a, b) for at, (a, b) in enumerate(zip(held.steps, taken, strict=True), 1) if a != b
        )
        text = f"step {at} in order: expected the {wanted_step.side}'s {_at(wanted_step)}, got the {got.side}'s {_at(got)}"
        yield Difference(stream, "transitions", f"stream {stream}: {text}")
    for key in ("outcome", "closed_first", "reset_by", "time_wait"):
        yield from _field(held, actual, key, stream)


def _field(held: ExpectedConnection, actual: dict[str, str], key: str, stream: int) -> Iterator[Difference]:
    """Yield the difference of one plain value."""
    wanted = held.fields.get(key)
    if wanted is not None and wanted != actual[key]:
        text = f"stream {stream}: expected {key} {wanted}, got {actual[key]}"
        yield Difference(stream, key, text)


def _side(start: str, wanted: list[Step], began: str, taken: list[Step]) -> Iterator[tuple[str, str]]:
    """Yield (key, text) for one end: where its way parts from the expected one, and before that each detail."""
    if start != began:
        yield "path", f"expected to begin in {start}, got {began}"
        return
    for at, step in enumerate(wanted):
        if at == len(taken):
            yield "path", f"expected {_at(step)}, got no more steps: it stays in {step.from_state}"
            return
        got = taken[at]
        if got.to_state != step.to_state:
            yield "path", f"expected {_at(step)}, got {_at(got)}"
            return
        if got != step:
            yield "transitions", _details(step, got)
    if len(taken) > len(wanted):
        last = taken[len(wanted)]
        yield "path", f"expected to stay in {last.from_state}, got {_at(last)}"


def _path(wanted: list[str], path: list[str], taken: list[Step]) -> Iterator[tuple[str, str]]:
    """Yield (key, text) where one end's path parts from an expected one that has no frames."""
    if wanted[0] != path[0]:
        yield "path", f"expected to begin in {wanted[0]}, got {path[0]}"
        return
    for at, step in enumerate(taken, 1):
        if at == len(wanted):
            yield "path", f"expected to stay in {step.from_state}, got {_at(step)}"
            return
        if step.to_state != wanted[at]:
            yield "path", f"expected {wanted[at]} after {step.from_state}, got {_at(step)}"
            return
    if len(wanted) > len(path):
        yield (
            "path",
            f"expected {wanted[len(path)]} after {path[-1]}, got no more steps: it stays in {path[-1]}",
        )


def _at(step: Step) -> str:
    """Return a step as state, place, cause and clause."""
    place = "by the clock" if step.frame is None else f"at frame {step.frame}"
    return f"{step.to_state} {place} ({_why(step)})"


def _why(step: Step) -> str:
    """Return a step's cause and clause."""
    clause = rule(step.cause, step.from_state)
    return f"{step.cause}, {clause}" if clause else step.cause


def _details(wanted: Step, got: Step) -> str:
    """Return in what one step differs from the expected one to the same state."""
    parts = []
    if wanted.cause != got.cause:
        parts.append(f"expected {_why(wanted)}, got {_why(got)}")
    for what, a, b in (
        ("frame", _frame(wanted.frame), _frame(got.frame)),
        ("", f"+{steps.seconds(wanted.time_ns)} s", f"+{steps.seconds(got.time_ns)} s"),
        ("", _sure(wanted), _sure(got)),
    ):
        if a != b:
            parts.append(f"expected {what} {a}, got {b}".replace("  ", " "))
    same = "" if wanted.cause != got.cause else f" at frame {_frame(wanted.frame)} ({_why(wanted)})"
    if wanted.frame != got.frame and same:
        same = f" ({_why(wanted)})"
    return f"{wanted.to_state}{same}: {'; '.join(parts)}"


def _frame(number: int | None) -> str:
    """Return a frame's number, ``-`` for none."""
    return NOTHING if number is None else str(number)


def _sure(step: Step) -> str:
    """Return a step's evidence and the frame that proves it."""
    return step.evidence if step.proof is None else f"{step.evidence} by frame {step.proof}"
