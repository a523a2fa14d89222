"""The measures of a connection, from the rows of the replay and the gauge's meters."""

from typing import TYPE_CHECKING

from tcptrace.flow import bits
from tcptrace.measure.figures import measured
from tcptrace.measure.residency import spent
from tcptrace.measure.ways import Facts
from tcptrace.model.states import STATE_NAMES

if TYPE_CHECKING:
    from tcptrace.flow import rows
    from tcptrace.measure.gauge import Gauge
    from tcptrace.tcp.paths import Paths

MAX_STEPS = 256  # of a path (contract)
Ends = tuple["rows.End", "rows.End"]


def measures_of(
    row: "rows.Stream",
    ends: Ends,
    client: int,
    paths: "Paths",
    gauge: "Gauge",
    counts: dict[str, dict[str, int]],
) -> dict[str, object]:
    """Return the value of the JSON key ``measures``.

    ``ends``: client and server; ``client``: which of the row's ends it is; ``counts``: the findings.
    """
    alone = bool(row.flags & bits.S_SELF)
    if alone:
        client = 0
    to_server = to_client = None
    if (
        row.syn_side == client
        and row.synack_side == 1 - client
        and bits.NO_TIME not in (row.syn_ns, row.synack_ns)
    ):
        to_server = max(0, row.synack_ns - row.syn_ns)
        if row.handshake_ns != bits.NO_TIME:
            to_client = max(0, row.handshake_ns - row.synack_ns)
    until_ns = [end.until_ns for end in ends if end.since_ns > bits.NO_TIME and end.packets]
    wait_ns = max(until_ns, default=None)
    unique = [None if end.unique_bytes < 0 else end.unique_bytes for end in ends]
    facts = Facts(
        finding_counts=counts,
        unique_bytes=(unique[0], 0 if alone else unique[1]),
        duplicates=(ends[0].duplicates, 0 if alone else ends[1].duplicates),
        span_ns=row.last_ns - row.first_ns,
        states_ns=(_spent(ends[0], paths, wait_ns), {} if alone else _spent(ends[1], paths, wait_ns)),
    )
    own, peer = gauge.of(row.number, client), gauge.of(row.number, 1 - client)
    return measured(own, peer, facts, (to_server, to_client))


def _spent(end: "rows.End", paths: "Paths", wait_ns: int | None) -> dict[str, int]:
    """Return the nanoseconds that one end spent in each state."""
    steps = [*paths.settled_steps(end), *paths.open_steps(end)]
    del steps[MAX_STEPS - 1 :]
    return spent(STATE_NAMES[end.start], [(STATE_NAMES[step[5]], step[3]) for step in steps], wait_ns)
