"""How many ends are in each state over time, over all connections of a capture."""

from array import array

from tcptrace.measure.residency import stays
from tcptrace.model.records import Connection, Side
from tcptrace.model.states import STATE_NAMES

# Ends that hold a connection: not those that wait for one, or of which nothing is known.
HOLDING = tuple(name for name in STATE_NAMES if name not in ("UNKNOWN", "CLOSED", "LISTEN"))
EXACT = 4000  # changes up to which each is a step of its own


class Population:
    """Takes in connections one by one, and then gives the counts; 17 octets a stay are kept."""

    def __init__(self) -> None:
        self._states = array("B")
        self._begins = array("q")
        self._ends = array("q")  # -1: it is still there
        self.first_ns: int | None = None
        self.last_ns = 0  # of any segment

    def add(self, connection: Connection) -> None:
        """Count a connection's ends; a socket connected to itself is one."""
        sides: tuple[Side, ...] = (
            ("client", "server") if connection.client != connection.server else ("client",)
        )
        for side in sides:
            for stay in stays(connection, side):
                if stay.state in HOLDING:
                    self._states.append(HOLDING.index(stay.state))
                    self._begins.append(connection.first_ns if stay.since_ns is None else stay.since_ns)
                    self._ends.append(-1 if stay.until_ns is None else stay.until_ns)
        self.first_ns = (
            connection.first_ns if self.first_ns is None else min(self.first_ns, connection.first_ns)
        )
        self.last_ns = max(self.last_ns, connection.last_ns)

    def counts(self, columns: int = 600) -> tuple[list[int], dict[str, list[float]]]:
        """Return the edges of intervals from the first segment to the last, and each state's count in each.

        As long as there are few changes the intervals lie between them and the counts are whole. Of more, the time is
        divided into ``columns`` and a count is the mean over the interval.
        """
        start, end = self.first_ns or 0, self.last_ns
        changes = {start, end}
        for moment in (*self._begins, *self._ends):
            if start < moment < end:
                changes.add(moment)
            if len(changes) > EXACT:
                break
        if len(changes) <= EXACT:
            edges = sorted(changes)
        else:
            edges = [start + (end - start) * number // columns for number in range(columns + 1)]
        return edges, self._spread(edges, end, is_even=len(changes) > EXACT)

    def _spread(self, edges: list[int], end: int, *, is_even: bool) -> dict[str, list[float]]:
        """Return for each state how many ends were in it in each interval, on average."""
        from bisect import bisect_right

        size = max(len(edges) - 1, 1)
        # Whole intervals are counted by differences; the parts at both sides of a stay are added on their own.
        found = {name: [0.0] * (size + 1) for name in HOLDING}
        parts = {name: [0.0] * size for name in HOLDING}
        for state, begin, until in zip(self._states, self._begins, self._ends, strict=True):
            left, right = max(begin, edges[0]), end if until < 0 else min(until, end)
            if right <= left:
                continue
            name = HOLDING[state]
            first = min(bisect_right(edges, left) - 1, size - 1)
            last = min(bisect_right(edges, right) - 1, size - 1)
            if is_even and first == last:
                parts[name][first] += (right - left) / (edges[first + 1] - edges[first])
                continue
            whole = first
            if is_even:
                parts[name][first] += (edges[first + 1] - left) / (edges[first + 1] - edges[first])
                parts[name][last] += (right - edges[last]) / (edges[last + 1] - edges[last])
                whole = first + 1
            elif right == edges[-1]:
                last = size
            found[name][whole] += 1
            found[name][last] -= 1
        result = {}
        for name, differences in found.items():
            level, counts = 0.0, []
            for number in range(size):
                level += differences[number]
                counts.append(level + parts[name][number])
            result[name] = counts
        return result
