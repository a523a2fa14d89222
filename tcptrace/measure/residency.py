"""Residency: how long each end stayed in each state."""

from collections.abc import Iterable
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
    steps = [(step.to_state, step.time_ns) for step in connection.transitions if step.side == side]
    wait = connection.time_wait
    return spent(getattr(connection.path, side)[0], steps, None if wait is None else wait.until_ns)


def spent(first: str, steps: Iterable[tuple[str, int]], wait_until_ns: int | None) -> dict[str, int]:
    """Return ``time_in_states`` of a path: its first state, then (state, since when), and the end of its TIME-WAIT."""
    total: dict[str, int] = {}
    state, since_ns = first, None
    for following, time_ns in steps:
        if since_ns is not None:
            total[state] = total.get(state, 0) + max(time_ns - since_ns, 0)
        state, since_ns = following, time_ns
    if state == "TIME-WAIT" and wait_until_ns is not None and since_ns is not None:
        total[state] = total.get(state, 0) + max(wait_until_ns - since_ns, 0)
    return total
