"""Two captures connection by connection: which belongs to which, and in what they differ."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from tcptrace.golden.compare import findings_of, seconds_of, words_of
from tcptrace.golden.expectation import ENDS
from tcptrace.model.records import Connection

# How connections are paired: what the two of a pair have in common, tried one after the other.
KEYS: dict[str, Callable[[Connection], Hashable]] = {
    "tuple": lambda connection: (connection.client, connection.server),
    "port": lambda connection: connection.server.port,
    "order": lambda connection: None,
}
WAYS: dict[str, tuple[str, ...]] = {
    "auto": ("tuple", "port"),  # the same four-tuple, else the same server port
    "tuple": ("tuple",),
    "port": ("port",),
    "order": ("order",),
}
# What makes two connections different; durations and counts are only shown: they never are the same twice.
STATES = ("path.client", "path.server", "outcome", "closed_first", "reset_by", "time_wait")
_TOLD = (
    *(
        "stream",
        "client",
        "server",
        "path",
        "outcome",
        "closed_first",
        "reset_by",
        "time_wait",
        "application",
    ),
    *("packets", "data_bytes", "finding_counts", "handshake_s", "rtt_s"),
)


class Pair(NamedTuple):
    """Two connections that belong together, or one alone."""

    a: Connection | None
    b: Connection | None
    by: str  # of KEYS; empty: alone


class Value(NamedTuple):
    """One thing that is said of both."""

    name: str
    a: Any
    b: Any

    @property
    def counts(self) -> bool:
        """Whether a difference in it makes the pair one that differs."""
        return self.a != self.b and (self.name in STATES or self.name.startswith("findings."))


def pairs(left: Sequence[Connection], right: Sequence[Connection], way: str) -> list[Pair]:
    """Return the connections of two captures in pairs, in the order of the first; those alone in the second last.

    Of several with the same key the first belongs to the first, and so on.
    """
    partner: dict[int, tuple[int, str]] = {}
    free = dict.fromkeys(range(len(right)))
    for by in WAYS[way]:
        key = KEYS[by]
        waiting: dict[Hashable, list[int]] = {}
        for place in reversed(free):
            waiting.setdefault(key(right[place]), []).append(place)
        for place, connection in enumerate(left):
            if place not in partner and (places := waiting.get(key(connection))):
                partner[place] = places.pop(), by
                del free[partner[place][0]]
    found = []
    for place, connection in enumerate(left):
        other, by = partner.get(place, (None, ""))
        found.append(Pair(connection, None if other is None else right[other], by))
    return [*found, *(Pair(None, right[place], "") for place in free)]


def described(connection: Connection) -> dict[str, Any]:
    """Return what is compared of a connection, by name."""
    said: dict[str, Any] = {f"path.{side}": " ".join(getattr(connection.path, side)) for side in ENDS}
    said |= words_of(connection)
    for name in ("packets", "data_bytes"):
        said |= {f"{name}.{side}": getattr(getattr(connection, name), side) for side in ENDS}
    said |= {f"findings.{code}": times for code, times in findings_of(connection).items()}
    said |= seconds_of(connection)
    said |= {f"rtt_s.{side}": getattr(connection.rtt_s, side).avg for side in ENDS}
    return said


def values(pair: Pair) -> list[Value]:
    """Return everything that is said of either, side by side; a finding that one has not was made 0 times."""
    a, b = ({} if c is None else described(c) for c in (pair.a, pair.b))
    names = list(dict.fromkeys([*a, *b]))
    names.sort(key=lambda name: name.startswith("findings."))
    none = {name: 0 for name in names if name.startswith("findings.")}
    return [Value(name, (none | a).get(name), (none | b).get(name)) for name in names]


def differs(pair: Pair) -> bool:
    """Say whether a pair differs in states, outcome or findings; one alone does."""
    return pair.a is None or pair.b is None or any(value.counts for value in values(pair))


def records(found: Sequence[Pair]) -> Iterator[dict[str, Any]]:
    """Yield the pairs as objects for JSON, the counts last."""
    for pair in found:
        sides = {name: None if c is None else _record(c) for name, c in (("a", pair.a), ("b", pair.b))}
        different = [value.name for value in values(pair) if value.counts]
        yield {"record": "pair", "schema": 1, "by": pair.by or None, **sides, "differs": different}
    yield {"record": "diff", "schema": 1, **counts(found)}


def _record(connection: Connection) -> dict[str, Any]:
    """Return what is compared of a connection, in the words of the contract."""
    whole = {name: getattr(connection, name) for name in _TOLD}
    return {**msgspec.to_builtins(whole), "duration_s": seconds_of(connection)["duration_s"]}


def counts(found: Sequence[Pair]) -> dict[str, int]:
    """Return how many pairs there are, how many differ, and how many connections are alone."""
    together = [pair for pair in found if pair.a is not None and pair.b is not None]
    return {
        "pairs": len(together),
        "differ": sum(differs(pair) for pair in together),
        "only_a": sum(pair.b is None for pair in found),
        "only_b": sum(pair.a is None for pair in found),
    }
