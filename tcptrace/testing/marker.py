"""What the marker ``@pytest.mark.tcp(...)`` asks of a test's connections, as rules.

To add an argument: a row in ``ARGUMENTS``.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Argument(NamedTuple):
    """One argument of the marker."""

    rules: Callable[[Any], list[str]]
    kind: type | tuple[type, ...]
    about: str


ARGUMENTS: dict[str, Argument] = {
    "no_resets": Argument(
        lambda on: ["reset_by == none"] if on else [], bool, "no connection is reset or refused"
    ),
    "closed_by": Argument(
        lambda side: [f"closed_first == {side}"], str, "client, server or both: who closes first"
    ),
    "outcome": Argument(lambda word: [f"outcome == {word}"], str, "how each ends: closed, reset, ..."),
    "no_findings": Argument(
        lambda severity: [f"no finding >= {severity}"], str, "note, warning or error: none as severe"
    ),
    "handshake_s": Argument(
        lambda limit: [f"handshake_s < {limit}"], (int, float), "each handshake takes less"
    ),
    "rules": Argument(
        lambda given: [given] if isinstance(given, str) else list(given),
        (str, list, tuple),
        "rules as for `assert`",
    ),
}
PORTS = "port"  # an int, or several: only connections with one of them count


def rules_of(given: Mapping[str, Any]) -> list[str]:
    """Return the rules that a marker's arguments stand for; raises ``ValueError`` for one that there is not."""
    found = []
    for name, value in given.items():
        if name == PORTS:
            continue
        if name not in ARGUMENTS:
            known = ", ".join([PORTS, *ARGUMENTS])
            raise ValueError(f"@pytest.mark.tcp: no argument {name}; there are {known}")
        argument = ARGUMENTS[name]
        if not isinstance(value, argument.kind):
            raise ValueError(f"@pytest.mark.tcp: {name}={value!r}: it says: {argument.about}")
        found += argument.rules(value)
    return found


def ports_of(given: Mapping[str, Any]) -> set[int]:
    """Return the ports that a marker names; empty: it names none."""
    value = given.get(PORTS, ())
    return {value} if isinstance(value, int) else set(value)
