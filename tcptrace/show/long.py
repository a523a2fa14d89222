"""``analyze --long``: a connection's measures in two columns, one a side, as the C tcptrace prints them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from tcptrace.measure.measures import MEASURES
from tcptrace.measure.ways import Measure
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
    for row in MEASURES:
        yield _pair(row.label, *(_value(row, measures[side], ascii_only) for side in ("client", "server")))
    yield from _states(measures, ascii_only)
    yield [("", "")]


def _pair(label: str, client_value: str, server_value: str) -> Line:
    """Return a line with the same measure of both directions."""
    return [
        (f"    {label + ':':{LABEL}}", "muted"), (f"{client_value:>{VALUE}}", ""),
        (f"    {label + ':':{LABEL}}", "muted"), (f"{server_value:>{VALUE}}", ""),
    ]  # fmt: skip


def _states(measures: dict[str, Any], ascii_only: bool) -> Iterator[Line]:
    """Yield how long each end was in each state, where it entered and left it."""
    held = [measures[side]["states_s"] for side in ("client", "server")]
    for state in dict.fromkeys([*held[0], *held[1]]):
        yield _pair(f"in {state}", *(_seconds(times.get(state), ascii_only) for times in held))


def _value(row: Measure, figures: dict[str, Any], ascii_only: bool) -> str:
    """Return a figure with its unit; ``-`` where it is not known."""
    value = figures[row.name]
    if value is None:
        return "-"
    if row.unit == "seconds":
        return _seconds(value, ascii_only)
    if row.unit == "bool":
        return "Y" if value else "N"
    if row.unit == "rate":
        return f"{count(round(value))} B/s"
    return f"{count(round(value))} B" if row.unit == "bytes" else count(round(value))


def _seconds(value: float | None, ascii_only: bool) -> str:
    return "-" if value is None else duration(round(value * 1e9), ascii_only)
