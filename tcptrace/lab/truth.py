"""What the kernel really did: the path of each end, from the tracepoint's changes and the polls of ``sock_diag``. No I/O.

The tracepoint has every change of a socket. It does not have TIME-WAIT, nor FIN-WAIT-2 once the process has closed (the
kernel then keeps a small thing instead of a socket), nor SYN-RECEIVED before there is one: those are in the polls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tcptrace.kernel.tracepoint import Change

End = tuple[str, int]
Pair = tuple[End, End]  # local, remote
_OPENINGS = {("CLOSED", "SYN-SENT"), ("LISTEN", "SYN-RECEIVED")}
_AFTER = {"FIN-WAIT-2", "TIME-WAIT"}
_HANDED_OVER = {"FIN-WAIT-2", "CLOSING"}  # to CLOSED: perhaps to TIME-WAIT


class Poll(NamedTuple):
    """The sockets of a host, listeners aside, as several questions in a row were answered.

    The times are those before each question, CLOCK_MONOTONIC: what happened before ``last_ns`` is in the answer.
    """

    time_ns: int  # the first question
    last_ns: int  # the last one
    states: Mapping[Pair, str]


class Step(NamedTuple):
    """A step of a path."""

    from_state: str
    to_state: str
    time_ns: int  # CLOCK_MONOTONIC
    seen: str  # "tracepoint" or "poll"


@dataclass
class Life:
    """One end of one connection, from its opening to its end."""

    local: End
    remote: End
    path: list[str]
    steps: list[Step] = field(default_factory=list)

    def go(self, state: str, time_ns: int, seen: str) -> None:
        """Take a step."""
        self.steps.append(Step(self.path[-1], state, time_ns, seen))
        self.path.append(state)

    @property
    def pair(self) -> Pair:
        """Both addresses, its own first."""
        return self.local, self.remote


def lives(addresses: set[str], changes: Sequence[Change], polls: Sequence[Poll], end_ns: int) -> list[Life]:
    """Return the lives of a host's connections up to ``end_ns``, by the time of their beginning."""
    found = _from_changes(addresses, [change for change in changes if change.time_ns <= end_ns])
    seen = [poll for poll in polls if poll.time_ns <= end_ns]
    found += _requests(found, seen)
    found.sort(key=lambda life: life.steps[0].time_ns)
    for index, life in enumerate(found):
        later = [other.steps[0].time_ns for other in found[index + 1 :] if other.pair == life.pair]
        _follow(life, seen, later[0] if later else None)
    return found


def listening_ports(addresses: set[str], changes: Sequence[Change]) -> set[int]:
    """Return the ports on which a host listened at any time."""
    return {change.local[1] for change in changes if change.new == "LISTEN" and change.local[0] in addresses}


def _from_changes(addresses: set[str], changes: Sequence[Change]) -> list[Life]:
    """Return the lives that the tracepoint shows."""
    found: list[Life] = []
    current: dict[int, Life] = {}
    for change in changes:
        if change.local[0] not in addresses:
            continue
        if (change.old, change.new) in _OPENINGS:
            life = current[change.socket] = Life(change.local, change.remote, [change.old])
            found.append(life)
        elif change.old == "LISTEN" or change.new == "LISTEN" or change.socket not in current:
            continue
        life = current[change.socket]
        if change.local[1] and change.remote[1]:  # the first may come before it has a port
            life.local, life.remote = change.local, change.remote
        life.go(change.new, change.time_ns, "tracepoint")
    return found


def _requests(known: Sequence[Life], polls: Sequence[Poll]) -> list[Life]:
    """Return the passive openings that never came to a socket: only polls show them."""
    found: dict[Pair, Life] = {}
    pairs = {life.pair for life in known}
    for poll in polls:
        for pair, state in poll.states.items():
            if state == "SYN-RECEIVED" and pair not in pairs and pair not in found:
                life = found[pair] = Life(*pair, ["LISTEN"])
                life.go(state, poll.time_ns, "poll")
        for pair, life in found.items():
            if pair not in poll.states and life.path[-1] == "SYN-RECEIVED":
                life.go("LISTEN", poll.time_ns, "poll")
    return list(found.values())


def _follow(life: Life, polls: Sequence[Poll], next_ns: int | None) -> None:
    """Go on with a life that the kernel took out of its socket, up to the next one of the same addresses."""
    last = life.steps[-1]
    if last.to_state != "CLOSED" or last.from_state not in _HANDED_OVER:
        return
    shown = [
        poll for poll in polls if poll.last_ns > last.time_ns and (next_ns is None or poll.time_ns < next_ns)
    ]
    if not any(life.pair in poll.states for poll in shown):
        return  # it really ended
    life.path.pop()
    life.steps.pop()
    for poll in shown:
        state = poll.states.get(life.pair)
        if state is None:
            life.go("CLOSED", max(poll.time_ns, last.time_ns), "poll")
        if state not in _AFTER:  # gone, or another one has begun
            return
        if state != life.path[-1]:
            life.go(state, max(poll.time_ns, last.time_ns), "poll")
