"""Two captures side by side, for people."""

from collections.abc import Iterator, Sequence
from typing import Any

from tcptrace.golden import diff
from tcptrace.golden.compare import ends_of
from tcptrace.golden.diff import Pair
from tcptrace.golden.ladders import both
from tcptrace.golden.patterns import NOTHING
from tcptrace.model.records import Connection
from tcptrace.show.text import count, duration, plural

_NAME, _VALUE = 26, 24


def lines(names: tuple[str, str], found: Sequence[Pair], show_all: bool) -> Iterator[str]:
    """Yield which file is which, each pair that differs (``show_all``: each), and how many do."""
    yield f"A: {names[0]}"
    yield f"B: {names[1]}"
    for pair in found:
        if show_all or diff.differs(pair):
            yield ""
            yield from _pair(pair, show_all)
    yield ""
    yield summary(found)


def _pair(pair: Pair, show_all: bool) -> Iterator[str]:
    """Yield one pair: who it is, both ladders where they differ, and what else does."""
    if pair.a is None or pair.b is None:
        name, connection = ("A", pair.a) if pair.a is not None else ("B", pair.b)
        assert connection is not None
        yield f"only in {name}: {_who(connection)}, {connection.outcome}"
        for side in ("client", "server"):
            yield f"  {side}  {' '.join(getattr(connection.path, side))}"
        return
    yield f"A {_who(pair.a)}"
    yield f"B {_who(pair.b)}"
    values = diff.values(pair)
    if show_all or any(value.a != value.b for value in values if value.name.startswith("path.")):
        yield from (f"  {line}" for line in both(pair.a, pair.b))
    for value in values:
        if not value.name.startswith("path.") and (show_all or value.a != value.b):
            a, b = (_text(value.name, held) for held in (value.a, value.b))
            # Seconds that differ are no news; what counts is marked.
            mark = "|" if value.counts else " "
            yield f"  {value.name:<{_NAME}}{a:>{_VALUE}} {mark} {b}".rstrip()


def _who(connection: Connection) -> str:
    """Return a connection's number and ends."""
    ends = ends_of(connection)
    return f"stream {connection.stream}: {ends['client']} to {ends['server']}"


def _text(name: str, value: Any) -> str:
    """Return a value in few columns."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return duration(round(value * 1_000_000_000))
    return count(value) if isinstance(value, int) else str(value)


def summary(found: Sequence[Pair]) -> str:
    """Return how many are how, in one line."""
    counts = diff.counts(found)
    differ = counts["differ"]
    parts = [f"{count(counts['pairs'] - differ)} the same"]
    parts += [f"{count(differ)} {'differs' if differ == 1 else 'differ'}"] if differ else []
    parts += [
        f"{count(counts[f'only_{name}'])} only in {name.upper()}" for name in "ab" if counts[f"only_{name}"]
    ]
    return f"{plural(counts['pairs'], 'pair')}: {', '.join(parts)}"
