"""Which connections are shown: ``--stream``, ``--state``, ``--outcome``, ``--passed``, ``--where``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from tcptrace.model.records import Connection
from tcptrace.model.states import STATE_NAMES

Predicate = Callable[[Connection], bool]

# Names that people know from netstat and ss.
_ALIASES = {"SYN-RCVD": "SYN-RECEIVED", "SYN-RECV": "SYN-RECEIVED", "ESTAB": "ESTABLISHED"}


if TYPE_CHECKING:
    _ParamType = click.ParamType[str]
else:  # generic only since click 8.3
    _ParamType = click.ParamType


class StateName(_ParamType):
    """A state in RFC 9293's words; case does not matter, and ``_`` may stand for ``-``."""

    name = "state"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the state as the contract writes it."""
        name = value.upper().replace("_", "-")
        # Also FIN-WAIT1 and FINWAIT2, as other tools print them.
        name = (
            name.replace("FINWAIT", "FIN-WAIT-")
            .replace("FIN-WAIT1", "FIN-WAIT-1")
            .replace("FIN-WAIT2", "FIN-WAIT-2")
        )
        name = _ALIASES.get(name.replace("--", "-"), name.replace("--", "-"))
        if name not in STATE_NAMES:
            self.fail(f"{value!r} is no state; the states are {' '.join(STATE_NAMES)}", param, ctx)
        return name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list["click.shell_completion.CompletionItem"]:
        """Return the states that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in STATE_NAMES if name.startswith(incomplete.upper())]


def selector(
    streams: Sequence[int], states: Sequence[str], outcomes: Sequence[str], passed: Sequence[str]
) -> Predicate | None:
    """Return a test for one connection, or ``None`` where every one is wanted.

    Values of one option are alternatives; different options must all hold. A state is an end's final one;
    ``passed`` is anywhere on either end's path.
    """
    if not (streams or states or outcomes or passed):
        return None
    wanted_streams, wanted_outcomes = frozenset(streams), frozenset(outcomes)
    wanted_states, wanted_passed = frozenset(states), frozenset(passed)

    def wanted(connection: Connection) -> bool:
        if wanted_streams and connection.stream not in wanted_streams:
            return False
        if wanted_outcomes and connection.outcome not in wanted_outcomes:
            return False
        if wanted_states and wanted_states.isdisjoint((connection.final.client, connection.final.server)):
            return False
        if not wanted_passed:
            return True
        path = connection.path
        return not (wanted_passed.isdisjoint(path.client) and wanted_passed.isdisjoint(path.server))

    return wanted


def with_rules(
    wanted: Predicate | None, texts: Sequence[str], latest_ns: Callable[[], int]
) -> Predicate | None:
    """Return ``wanted`` with the rules of ``--where``, which must all hold, too.

    ``latest_ns`` gives the capture's latest time so far. Raises ``UsageError`` where a rule cannot be read.
    """
    if not texts:
        return wanted
    from tcptrace.golden.rules.rule import selector as ruled

    holds = ruled(texts, "--where")
    return lambda connection: (wanted is None or wanted(connection)) and holds(connection, latest_ns())
