"""Which connections are shown: ``--stream``, ``--state``, ``--outcome``, ``--passed``, ``--where``."""

from collections.abc import Callable, Sequence

from tcptrace.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from tcptrace.model.records import Connection

Predicate = Callable[["Connection"], bool]


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

    def wanted(connection: "Connection") -> bool:
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
