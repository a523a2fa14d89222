"""How an analysis differs from its expectation, at the level of states: which end, where, by which clause."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from tcptrace.golden import patterns, sides, steps
from tcptrace.golden.expectation import ENDS, Expectation, ExpectedConnection
from tcptrace.golden.patterns import NOTHING
from tcptrace.golden.steps import Step, Tolerance
from tcptrace.model.records import Capture, Connection, Endpoint
from tcptrace.model.units import NS
from tcptrace.show.findings import SEVERITY
from tcptrace.show.words import client, server

MAX_LINES = 8  # differences told of one connection; the rest is counted


class Difference(NamedTuple):
    """One difference, as a person reads it and as ``--update`` has to know it."""

    at: int | None  # which ``[[connection]]`` of the file; None: none of them
    stream: int | None  # which connection of the capture; None: none of them
    side: str | None  # client or server; None: both
    key: str  # what would have to be changed in the file: "outcome", "path", "transitions", "connection"...
    frame: int | None  # where it shows in the capture
    expected: str
    got: str
    text: str  # one line; empty where it is counted in another
    step: Step | None = None  # the line of the expectation that is not so


class Comparison(NamedTuple):
    """Which connection is compared with which, and all differences."""

    differences: list[Difference]
    paired: dict[int, int]  # place in the file to place in the capture's list


def words_of(connection: Connection) -> dict[str, str]:
    """Return what an expectation says of a connection in words."""
    wait = connection.time_wait
    return {
        "outcome": connection.outcome,
        "closed_first": connection.closed_first or NOTHING,
        "reset_by": connection.reset_by or NOTHING,
        "time_wait": wait.side if wait else NOTHING,
        "application": connection.application or NOTHING,
    }


def ends_of(connection: Connection) -> dict[str, str]:
    """Return both ends' addresses."""
    return {"client": client(connection), "server": server(connection)}


def seconds_of(connection: Connection) -> dict[str, float | None]:
    """Return the durations of a connection, in seconds."""
    return {
        "handshake_s": connection.handshake_s,
        "duration_s": (connection.last_ns - connection.first_ns) / NS,
    }


def findings_of(connection: Connection) -> dict[str, int]:
    """Return how often each finding was made, whichever side it is about."""
    return {code: sum(by_side.values()) for code, by_side in sorted(connection.finding_counts.items())}


def compare(expected: Expectation, connections: list[Connection], capture: Capture) -> Comparison:
    """Return every difference, the capture's own first, then by connection of the file, then what is too many."""
    found = list(_whole(expected, capture))
    paired = pair(expected.connections, connections)
    for at, held in enumerate(expected.connections):
        if at not in paired:
            who = _who(held)
            text = f"connection {at}: expected {who}, got no such connection"
            found.append(Difference(at, None, None, "connection", None, who, "none", text))
            continue
        connection = connections[paired[at]]
        found += _shortened(list(_connection(at, held, connection, expected.tolerance)))
    taken = set(paired.values())
    for stream, connection in enumerate(connections):
        if stream not in taken:
            got = f"{client(connection)} to {server(connection)} ({connection.outcome})"
            text = f"stream {connection.stream}: expected no such connection, got {got}"
            found.append(
                Difference(None, stream, None, "connection", connection.first_frame, "none", got, text)
            )
    return Comparison(found, paired)


def pair(expected: list[ExpectedConnection], connections: list[Connection]) -> dict[int, int]:
    """Return which connection each expected one is compared with: by its ends, else by its place.

    Each takes the first that is left with ends as expected, so that one more or fewer, or another order, shifts no
    other. What is left on both sides has other ends than expected, and is compared in order.
    """
    paired: dict[int, int] = {}
    free = dict.fromkeys(range(len(connections)))
    by_ends: dict[tuple[Endpoint, ...], list[int]] = {}
    for place in reversed(free):
        connection = connections[place]
        by_ends.setdefault((connection.client, connection.server), []).append(place)
    for at, held in enumerate(expected):
        exact = tuple(end.exact for end in held.ends.values())
        if len(exact) == len(ENDS) and None not in exact:
            places: Iterable[int] = by_ends.get(cast("tuple[Endpoint, ...]", exact), [])[-1:]
        else:
            places = (place for place in free if _has_ends(held, connections[place]))
        found = next(iter(places), None)
        if found is not None:
            paired[at] = found
            del free[found]
            by_ends[connections[found].client, connections[found].server].remove(found)
    alone = [at for at in range(len(expected)) if at not in paired]
    paired |= dict(zip(alone, list(free), strict=False))
    return paired


def _has_ends(held: ExpectedConnection, connection: Connection) -> bool:
    """Say whether a connection is between the ends that are expected."""
    return all(end.matches(getattr(connection, side)) for side, end in held.ends.items())


def _whole(expected: Expectation, capture: Capture) -> Iterator[Difference]:
    """Yield the differences of the capture as a whole."""
    if expected.frames is not None and not expected.frames.matches(capture.frames):
        wanted, got = expected.frames.text, str(capture.frames)
        text = f"expected {wanted} frames, got {got}"
        yield Difference(None, None, None, "frames", None, wanted, got, text)
    if expected.complete != capture.complete:
        wanted, got = "a capture cut short", "a whole one"
        if not capture.complete:
            wanted, got = "a whole capture", f"one that is incomplete: {capture.problem}"
        yield Difference(None, None, None, "complete", None, wanted, got, f"expected {wanted}, got {got}")


def _who(held: ExpectedConnection) -> str:
    """Return an expected connection in a few words."""
    ends = [held.ends[side].text for side in ENDS if side in held.ends]
    outcome = f" ({held.words['outcome'].text})" if "outcome" in held.words else ""
    return f"{' to '.join(ends) or 'a connection'}{outcome}"


def _shortened(found: list[Difference]) -> list[Difference]:
    """Return the first of many differences with their words, and how many more there are."""
    if len(found) <= MAX_LINES:
        return found
    rest = found[MAX_LINES - 1 :]
    head = rest[0]._replace(text=f"stream {rest[0].stream}: {len(rest)} more differences")
    return [*found[: MAX_LINES - 1], head, *(entry._replace(text="") for entry in rest[1:])]


def _connection(
    at: int, held: ExpectedConnection, connection: Connection, tolerance: Tolerance
) -> Iterator[Difference]:
    """Yield the differences of one connection: ends, both ends' states, how it ended, then what was measured."""
    stream = connection.stream

    def plain(key: str, wanted: str, got: str) -> Difference:
        text = f"stream {stream}: expected {key} {wanted}, got {got}"
        return Difference(at, stream, None, key, None, wanted, got, text)

    addresses = ends_of(connection)
    for side, end in held.ends.items():
        if not end.matches(getattr(connection, side)):
            yield plain(side, end.text, addresses[side])
    yield from _states(at, held, connection, tolerance)
    words = words_of(connection)
    for key, wanted in held.words.items():
        if not wanted.matches(words[key]):
            yield plain(key, wanted.text, words[key])
    for (key, side), span in held.counts.items():
        value = getattr(getattr(connection, key), side)
        slack = max(tolerance.counts, tolerance.count_ratio * (span.low or 0))
        if not span.matches(value, slack):
            yield plain(f"{key}.{side}", span.text, NOTHING if value is None else str(value))
    for key, span in held.seconds.items():
        measured = seconds_of(connection)[key]
        slack = max((tolerance.time_ns or 0) / NS, tolerance.time_ratio * (span.low or 0))
        if tolerance.time_ns is not None and not span.matches(measured, slack):
            yield plain(key, span.text, NOTHING if measured is None else f"{measured:g}")
    yield from (plain(*entry) for entry in _findings(held, connection))


def _findings(held: ExpectedConnection, connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Yield (key, expected, got) for each finding that was not made as often as expected."""
    if held.findings is None:
        return
    made = findings_of(connection)
    named = [code for code in held.findings if code not in (*SEVERITY.values(), patterns.ANY)]
    for code in [*named, *(code for code in made if code not in named)]:
        span, times = _allowed(held.findings, code), made.get(code, 0)
        if not span.matches(times):
            first = next((entry.frame for entry in connection.findings if entry.code == code), None)
            yield (
                f"findings.{code}",
                span.text,
                str(times) if first is None else f"{times}, first at frame {first}",
            )


def _allowed(findings: dict[str, patterns.Span], code: str) -> patterns.Span:
    """Return how often a finding may be made: by its code, else its severity, else ``*``, else never."""
    for key in (code, SEVERITY.get(code, ""), patterns.ANY):
        if key in findings:
            return findings[key]
    return patterns.span(0)


def _states(
    at: int, held: ExpectedConnection, connection: Connection, tolerance: Tolerance
) -> Iterator[Difference]:
    """Yield the differences of both ends' ways."""
    stream = connection.stream
    taken = steps.steps_of(connection)
    moved = False
    for side in ENDS:
        path: list[str] = getattr(connection.path, side)
        mine = [step for step in taken if step.side == side]
        pattern: patterns.Path | None = getattr(held.path, side) if held.path else None
        if held.steps is not None:
            wanted = [entry for entry in held.steps if entry.step.side == side]
            start = wanted[0].step.from_state if wanted else pattern.tokens[0] if pattern else path[0]
            found = list(sides.by_steps(start, wanted, path[0], mine, tolerance))
        else:
            found = list(sides.by_path(pattern, path, mine)) if pattern else []
        for parted in found:
            moved = True
            key, frame, expected, got, text, step = parted
            yield Difference(
                at, stream, side, key, frame, expected, got, f"stream {stream} {side}: {text}", step
            )
    if held.steps is None or moved or tolerance.frames is None:
        return
    for number, (entry, got_step) in enumerate(zip(held.steps, taken, strict=True), 1):
        if entry.step.side != got_step.side and not entry.free:
            expected, got = (f"the {s.side}'s {sides.place(s)}" for s in (entry.step, got_step))
            text = f"stream {stream}: step {number} in order: expected {expected}, got {got}"
            yield Difference(at, stream, None, "transitions", got_step.frame, expected, got, text, entry.step)
            break
