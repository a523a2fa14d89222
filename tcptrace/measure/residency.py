"""Residency: how long each end stayed in each state."""

from typing import NamedTuple

from tcptrace.model.records import Connection, Side


class Stay(NamedTuple):
    """One stay of one end in one state."""

    state: str
    since_ns: int | None  # None: it was there before the connection's first frame
    until_ns: int | None  # None: it is still there at the capture's end


def stays(connection: Connection, side: Side) -> list[Stay]:
    """Return the stays of one end in the order of its path.

    The times are the transitions' (contract: the earliest moment that fits the capture). A TIME-WAIT that the
    capture leaves ends when 2MSL are over, which ``time_wait.until_ns`` says; CLOSED follows it there.
    """
    found = []
    state, since = getattr(connection.path, side)[0], None
    for step in connection.transitions:
        if step.side == side:
            found.append(Stay(state, since, step.time_ns))
            state, since = step.to_state, step.time_ns
    wait = connection.time_wait
    if state == "TIME-WAIT" and wait is not None:
        found.append(Stay(state, since, wait.until_ns))
        state, since = "CLOSED", wait.until_ns
    found.append(Stay(state, since, None))
    return found


def time_in_states(connection: Connection, side: Side) -> dict[str, int]:
    """Return the nanoseconds that one end spent in each state it entered and left, all stays together.

    What began before the capture or goes on at its end has no length and is left out.
    """
    total: dict[str, int] = {}
    for stay in stays(connection, side):
        if stay.since_ns is not None and stay.until_ns is not None:
            total[stay.state] = total.get(stay.state, 0) + max(stay.until_ns - stay.since_ns, 0)
    return total
