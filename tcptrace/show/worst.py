"""The connections most worth a person's look, when there are too many to read.

In this order: most findings of severity ``error``; most of severity ``warning``; the outcome as in
``WORST_FIRST``; then in order of stream. It is the order in which they are printed.
"""

import heapq

from tcptrace.model.records import Connection
from tcptrace.show.notes import severities

WORST_FIRST = (
    "reset",
    "aborted",
    "refused",
    "unanswered",
    "connecting",
    "closing",
    "half-closed",
    "unknown",
    "open",
    "closed",
)
_BADNESS = {outcome: len(WORST_FIRST) - place for place, outcome in enumerate(WORST_FIRST)}

Key = tuple[int, int, int, int]


def badness(connection: Connection) -> Key:
    """Return a key that is greater the worse the connection is; no two streams have the same."""
    if connection.findings:
        errors, warnings = severities(connection)
        return errors, warnings, _BADNESS.get(connection.outcome, 0), -connection.stream
    return 0, 0, _BADNESS.get(connection.outcome, 0), -connection.stream


class Worst:
    """Keeps the worst ``limit`` of all connections that it is shown."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[Key, Connection]] = []  # the least bad first

    def add(self, connection: Connection) -> None:
        """Take one more into account."""
        key = badness(connection)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, (key, connection))
        elif key > self._heap[0][0]:
            heapq.heapreplace(self._heap, (key, connection))

    def sorted(self) -> list[Connection]:
        """Return what was kept, the worst first."""
        return [connection for _, connection in sorted(self._heap, key=lambda entry: entry[0], reverse=True)]
