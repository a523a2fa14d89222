"""What the kernel really did: the path of each end, from the tracepoint's changes and the polls of ``sock_diag``. No I/O.

The tracepoint has every change of a socket. It does not have TIME-WAIT, nor FIN-WAIT-2 once the process has closed (the
kernel then keeps a small thing instead of a socket), nor SYN-RECEIVED before there is one: those are in the polls.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from tcptrace.kernel.tracepoint import Change

End = tuple[str, int]
Pair = tuple[End, End]  # local, remote
_OPENINGS = {("CLOSED", "SYN-SENT"), ("LISTEN", "SYN-RECEIVED")}
# No end goes back in this order, nor stays at a place of it.
_ORDER = {"LISTEN": 0, "SYN-SENT": 1, "SYN-RECEIVED": 2, "ESTABLISHED": 3, "FIN-WAIT-1": 4, "CLOSE-WAIT": 4}
_ORDER |= {"FIN-WAIT-2": 5, "CLOSING": 5, "LAST-ACK": 5, "TIME-WAIT": 6, "CLOSED": 7}
_AFTER = {"FIN-WAIT-2", "TIME-WAIT"}
_HANDED_OVER = {"FIN-WAIT-2", "CLOSING"}  # to CLOSED: perhaps to TIME-WAIT


class Poll(NamedTuple):
    """The sockets of a host, listeners aside, as several questions in a row were answered.

    The times are those before each question: what happened before ``last_ns`` is in the answer.
    """

    time_ns: int  # the first question
    last_ns: int  # the last one
    states: Mapping[Pair, str]


class Sighting(NamedTuple):
    """What the questions in a row from ``time_ns`` to ``last_ns`` (as in ``Poll``) were told of one pair."""

    time_ns: int
    last_ns: int
    state: str | None  # None: there is no such socket


History = Mapping[Pair, Sequence[Sighting]]  # in order of time, from the first question that found a socket


class Step(NamedTuple):
    """A step of a path."""

    from_state: str
    to_state: str
    time_ns: int  # on the clock of the changes and polls
    seen: str  # "tracepoint" or "poll"


@dataclass
class Life:
    """One end of one connection, from its opening to its end."""

    local: End
    remote: End
    path: list[str]
    steps: list[Step] = field(default_factory=list)
    since_ns: int = 0  # when it was first seen
    polled: bool = False  # known from polls alone: between two of them it may have taken more steps

    def go(self, state: str, time_ns: int, seen: str) -> None:
        """Take a step."""
        self.steps.append(Step(self.path[-1], state, time_ns, seen))
        self.path.append(state)

    @property
    def pair(self) -> Pair:
        """Both addresses, its own first."""
        return self.local, self.remote


def lives(
    addresses: Set[str] | None,
    changes: Sequence[Change],
    history: History,
    end_ns: int,
    partial: bool = False,
) -> list[Life]:
    """Return the lives of a host's connections up to ``end_ns``, by the time of their beginning.

    ``addresses`` are the host's (``None``: all). ``partial``: those, too, whose beginning was before the first change.
    """
    found = _from_changes(addresses, [change for change in changes if change.time_ns <= end_ns], partial)
    seen = {pair: [one for one in sightings if one.time_ns <= end_ns] for pair, sightings in history.items()}
    found += _requests(found, seen)
    found.sort(key=lambda life: life.steps[0].time_ns)
    following: dict[Pair, int] = {}
    for life in reversed(found):
        _follow(life, seen.get(life.pair, ()), following.get(life.pair))
        following[life.pair] = life.steps[0].time_ns
    return found


def history_of(polls: Sequence[Poll]) -> dict[Pair, list[Sighting]]:
    """Return what polls say of each pair."""
    found: dict[Pair, list[Sighting]] = {}
    for poll in polls:
        for pair in {**dict.fromkeys(found), **poll.states}:
            state, sightings = poll.states.get(pair), found.setdefault(pair, [])
            if sightings and sightings[-1].state == state:
                sightings[-1] = sightings[-1]._replace(last_ns=poll.last_ns)
            else:
                sightings.append(Sighting(poll.time_ns, poll.last_ns, state))
    return found


def sighted(history: History) -> list[Life]:
    """Return the lives that polls alone show, each from the first state that was met."""
    found: list[Life] = []
    for pair, sightings in history.items():
        life: Life | None = None
        for one in sightings:
            if one.state is None:
                if life is not None:
                    life.go("CLOSED", one.time_ns, "poll")
                life = None
            elif (
                life is None or _ORDER[one.state] <= _ORDER[life.path[-1]]
            ):  # else the addresses are used again
                life = Life(*pair, [one.state], since_ns=one.time_ns, polled=True)
                found.append(life)
            else:
                life.go(one.state, one.time_ns, "poll")
    return sorted(found, key=lambda life: life.since_ns)


def listening_ports(addresses: set[str], changes: Sequence[Change]) -> set[int]:
    """Return the ports on which a host listened at any time."""
    return {change.local[1] for change in changes if change.new == "LISTEN" and change.local[0] in addresses}


def _from_changes(addresses: Set[str] | None, changes: Sequence[Change], partial: bool) -> list[Life]:
    """Return the lives that the tracepoint shows."""
    found: list[Life] = []
    current: dict[int, Life] = {}
    for change in changes:
        if addresses is not None and change.local[0] not in addresses:
            continue
        is_opening = (change.old, change.new) in _OPENINGS
        if not is_opening and (change.old == "LISTEN" or change.new == "LISTEN"):
            continue
        if change.old == change.new:  # close() in FIN-WAIT-1 or FIN-WAIT-2 is told as a change, and is none
            continue
        life = None if is_opening else current.get(change.socket)
        if life is None:
            if not (is_opening or (partial and change.old != "CLOSED")):
                continue
            life = current[change.socket] = Life(
                change.local, change.remote, [change.old], since_ns=change.time_ns
            )
            found.append(life)
        if change.local[1] and change.remote[1]:  # the first may come before it has a port
            life.local, life.remote = change.local, change.remote
        life.go(change.new, change.time_ns, "tracepoint")
        if change.new == "CLOSED":
            del current[change.socket]
    return found


def _requests(known: Sequence[Life], history: History) -> list[Life]:
    """Return the passive openings that never came to a socket: only polls show them."""
    found: list[Life] = []
    pairs = {life.pair for life in known}
    for pair, sightings in history.items():
        first = next((at for at, one in enumerate(sightings) if one.state == "SYN-RECEIVED"), None)
        if pair in pairs or first is None:
            continue
        life = Life(*pair, ["LISTEN"], since_ns=sightings[first].time_ns)
        life.go("SYN-RECEIVED", sightings[first].time_ns, "poll")
        gone = next((one for one in sightings[first:] if one.state is None), None)
        if gone is not None:
            life.go("LISTEN", gone.time_ns, "poll")
        found.append(life)
    return found


def _follow(life: Life, sightings: Sequence[Sighting], next_ns: int | None) -> None:
    """Go on with a life that the kernel took out of its socket, up to the next one of the same addresses."""
    last = life.steps[-1]
    if last.to_state != "CLOSED" or last.from_state not in _HANDED_OVER:
        return
    shown = [
        one for one in sightings if one.last_ns > last.time_ns and (next_ns is None or one.time_ns < next_ns)
    ]
    if not any(one.state is not None for one in shown):
        return  # it really ended
    life.path.pop()
    life.steps.pop()
    for one in shown:
        if one.state is None:
            life.go("CLOSED", max(one.time_ns, last.time_ns), "poll")
        if one.state not in _AFTER:  # gone, or another one has begun
            return
        if one.state != life.path[-1]:
            life.go(one.state, max(one.time_ns, last.time_ns), "poll")
