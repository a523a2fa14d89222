"""``analyze --long``: a connection's measures in two columns, one a side, as the C tcptrace prints them."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from tcptrace.measure.measures import MEASURES
from tcptrace.model.records import Connection
from tcptrace.show.paint import Line
from tcptrace.show.text import Clock, count, duration
from tcptrace.show.words import client, server

LABEL = 22
VALUE = 14


def long_lines(connection: Connection, clock: Clock, ascii_only: bool) -> Iterator[Line]:
    """Yield who speaks with whom, when and how it ended, then a line a measure, and an empty line."""
    measures = connection.measures
    assert not isinstance(measures, msgspec.UnsetType), "analyse with measures=True"

    def time(ns: int) -> str:
        return f"{clock.day(ns)} {clock.time(ns)} {clock.zone(ns)}".rstrip()

    yield [(f"stream {connection.stream}", "strong")]
    yield [("  client (a)      ", "muted"), (client(connection), "client-strong")]
    yield [("  server (b)      ", "muted"), (server(connection), "server-strong")]
    yield [("  outcome         ", "muted"), (connection.outcome, "")]
    yield [("  first packet    ", "muted"), (time(connection.first_ns), "")]
    yield [("  last packet     ", "muted"), (time(connection.last_ns), "")]
    lasted = duration(connection.last_ns - connection.first_ns, ascii_only)
    yield [("  elapsed time    ", "muted"), (lasted, "")]
    for name, words in (("syn_to_synack_s", "SYN to SYN,ACK"), ("synack_to_ack_s", "SYN,ACK to ACK")):
        yield [(f"  {words:16}", "muted"), (_seconds(measures["handshake"][name], ascii_only), "")]
    yield [(f"  {'a to b':{LABEL + VALUE + 4}}b to a", "client-strong")]
    here, there = measures["client"], measures["server"]
    for name, label, written in _ROWS:
        yield _line(label, written(here[name], ascii_only), written(there[name], ascii_only))
    yield from _states(measures, ascii_only)
    yield [("", "")]


def _label(words: str) -> str:
    return f"    {words + ':':{LABEL}}"


def _line(label: str, client_value: str, server_value: str) -> Line:
    """Return a line with the same measure of both directions."""
    return [
        (label, "muted"), (client_value.rjust(VALUE), ""),
        (label, "muted"), (server_value.rjust(VALUE), ""),
    ]  # fmt: skip


def _states(measures: dict[str, Any], ascii_only: bool) -> Iterator[Line]:
    """Yield how long each end was in each state, where it entered and left it."""
    held = [measures[side]["states_s"] for side in ("client", "server")]
    for state in dict.fromkeys([*held[0], *held[1]]):
        yield _line(_label(f"in {state}"), *(_seconds(times.get(state), ascii_only) for times in held))


def _seconds(value: float | None, ascii_only: bool) -> str:
    return "-" if value is None else duration(round(value * 1e9), ascii_only)


def _bool(value: bool | None, _: bool) -> str:
    return "-" if value is None else "Y" if value else "N"


def _rate(value: float | None, _: bool) -> str:
    return "-" if value is None else f"{count(round(value))} B/s"


def _bytes(value: float | None, _: bool) -> str:
    return "-" if value is None else f"{count(round(value))} B"


def _count(value: float | None, _: bool) -> str:
    return "-" if value is None else count(round(value))


# How a figure is written with its unit; ``-`` where it is not known.
_WRITTEN: dict[str, Callable[[Any, bool], str]] = {
    "seconds": _seconds,
    "bool": _bool,
    "rate": _rate,
    "bytes": _bytes,
}
_ROWS = tuple((row.name, _label(row.label), _WRITTEN.get(row.unit, _count)) for row in MEASURES)
