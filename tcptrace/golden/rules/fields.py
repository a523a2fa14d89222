"""What a rule may ask of a connection: one row a field, with its kind and the words that it can be.

To add a field: a row in ``FIELDS``.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from tcptrace.find.codes import CODES
from tcptrace.model.records import Connection
from tcptrace.model.states import STATE_NAMES
from tcptrace.model.units import NS
from tcptrace.tcp.outcomes import OUTCOME_NAMES

NONE = "none"  # what a rule writes for what is not there or not known
SIDES = ("client", "server", "both")
SEVERITIES = ("note", "warning", "error")  # in order


class Field(NamedTuple):
    """One field."""

    get: Callable[[Connection], Any]
    kind: str  # "word", "text", "count" or "seconds"
    words: tuple[str, ...] = ()  # all that a word can be


def _sides(name: str, kind: str) -> dict[str, Field]:
    """Return a field of both ends and one of each."""

    def part(connection: Connection, side: str) -> Any:
        return getattr(getattr(connection, name), side)

    def both(connection: Connection) -> Any:
        values = [part(connection, side) for side in SIDES[:2]]
        return None if None in values else sum(values)

    found = {name: Field(both, kind)}
    for side in SIDES[:2]:
        found[f"{name}.{side}"] = Field(lambda connection, side=side: part(connection, side), kind)  # type: ignore[misc]
    return found


def _rtt() -> dict[str, Field]:
    """Return the round trips of each side."""
    found = {}
    for side in SIDES[:2]:
        for what in ("min", "avg", "max", "samples"):

            def get(connection: Connection, side: str = side, what: str = what) -> Any:
                return getattr(getattr(connection.rtt_s, side), what)

            found[f"rtt_s.{side}.{what}"] = Field(get, "count" if what == "samples" else "seconds")
    return found


def _finding(code: str) -> Field:
    """Return how often a finding was made."""
    return Field(lambda connection: sum(connection.finding_counts.get(code, {}).values()), "count")


FINDINGS = tuple(sorted(code.name for code in CODES.values()))

FIELDS: dict[str, Field] = {
    "stream": Field(lambda c: c.stream, "count"),
    "outcome": Field(lambda c: c.outcome, "word", OUTCOME_NAMES),
    "closed_first": Field(lambda c: c.closed_first, "word", SIDES),
    "reset_by": Field(lambda c: c.reset_by, "word", SIDES[:2]),
    "opened_by": Field(lambda c: c.opened_by, "word", SIDES),
    "time_wait": Field(lambda c: c.time_wait.side if c.time_wait else None, "word", SIDES),
    "tap": Field(lambda c: c.tap, "word", SIDES[:2]),
    "application": Field(lambda c: c.application, "text"),
    "client.ip": Field(lambda c: c.client.ip, "text"),
    "client.port": Field(lambda c: c.client.port, "count"),
    "server.ip": Field(lambda c: c.server.ip, "text"),
    "server.port": Field(lambda c: c.server.port, "count"),
    "final.client": Field(lambda c: c.final.client, "word", STATE_NAMES),
    "final.server": Field(lambda c: c.final.server, "word", STATE_NAMES),
    "first_frame": Field(lambda c: c.first_frame, "count"),
    "last_frame": Field(lambda c: c.last_frame, "count"),
    **_sides("packets", "count"),
    **_sides("duplicates", "count"),
    **_sides("data_bytes", "count"),
    **_sides("unique_bytes", "count"),
    "duration_s": Field(lambda c: (c.last_ns - c.first_ns) / NS, "seconds"),
    "handshake_s": Field(lambda c: c.handshake_s, "seconds"),
    **_rtt(),
    "findings": Field(lambda c: sum(sum(n.values()) for n in c.finding_counts.values()), "count"),
    **{f"findings.{code}": _finding(code) for code in FINDINGS},
}
