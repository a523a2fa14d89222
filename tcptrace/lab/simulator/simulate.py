"""Runs two hosts on one path, with a capture anywhere on it, by a clock that only the simulation turns."""

import heapq
import random
from typing import NamedTuple

from tcptrace.lab.path import CLIENT_PORT, DELAY_S, KINDS, SERVER_PORT, SIDES, Path
from tcptrace.lab.segment import FIN, RST, SYN, Segment
from tcptrace.lab.simulator.connection import Connection, Habits
from tcptrace.lab.simulator.endpoint import Endpoint
from tcptrace.lab.simulator.host import Host
from tcptrace.lab.simulator.script import Call, Script

BEGIN_NS = 1_700_000_000_000_000_000  # of the simulated clock: any time would do
ADDRESSES = {"client": ("192.0.2.1", CLIENT_PORT), "server": ("192.0.2.2", SERVER_PORT)}  # RFC 5737
_IPV6 = {"client": "2001:db8::1", "server": "2001:db8::2"}  # RFC 3849
_LONGEST_NS = 600_000_000_000
_FLAGS = {"fin": FIN, "rst": RST, "syn": SYN}
_ENDLESS = frozenset(
    {"2MSL", "alive"}
)  # timers that a simulation does not wait for, if it is not told how long
_MIDDLE = 0.5  # of the way: where forged segments come in


class Outcome(NamedTuple):
    """What came of a simulation."""

    frames: list[tuple[int, bytes]]  # nanoseconds since the epoch, IP packet
    lives: dict[str, list[Endpoint]]  # of each side, by the time of their beginning
    listened: dict[str, bool]

    @property
    def paths(self) -> dict[str, list[str]]:
        """The path of each side's first end."""
        return {
            side: ends[0].path if ends else ["LISTEN" if self.listened[side] else "CLOSED"]
            for side, ends in self.lives.items()
        }

    @property
    def left_silently(self) -> bool:
        """Whether an end was given up without a segment."""
        return any(end.left_silently for ends in self.lives.values() for end in ends)


class _Arrival(NamedTuple):
    """A segment that comes to a host where the capture is: it is seen when it is taken, behind what went out before."""

    segment: Segment
    packet: bytes


class Simulation:
    """One run. The same script, path and seed give the same outcome."""

    def __init__(self, script: Script, seed: int) -> None:
        self._script = script
        self._random = random.Random(seed)
        self._path = Path(DELAY_S)
        script.rules(self._path, seed)
        self._events: list[tuple[int, int, str, object]] = []  # time, number, side, what
        self._number = 0
        self._frames: list[tuple[int, int, bytes]] = []
        self._pending: dict[tuple[str, int], list[Call]] = {}  # for ends that are not there yet
        self._last: dict[str, Segment] = {}  # that each side has sent
        self._now_ns = 0
        self.hosts = {
            side: Host(
                _IPV6[side] if script.is_ipv6 else ADDRESSES[side][0],
                self._random.getrandbits(32),
                script.habits.get(side, Habits()),
                script.listens.get(side),
                self._hear,
                script.iss.get(side),
            )
            for side in SIDES
        }

    def run(self) -> Outcome:
        """Run it to its end."""
        until_ns, but_for = _LONGEST_NS, _ENDLESS
        if self._script.until_s is not None:
            until_ns, but_for = int(self._script.until_s * 1e9), frozenset()
        for call in self._script.all_calls():
            self._later(int(call.at_s * 1e9), call.side, call)
        due = dict.fromkeys(SIDES, _LONGEST_NS + 1)
        while self._events or not all(host.is_quiet(but_for) for host in self.hosts.values()):
            side = min(SIDES, key=due.__getitem__)
            if self._events and self._events[0][0] <= due[side]:
                self._now_ns, _, side, what = heapq.heappop(self._events)
            else:
                self._now_ns, what = due[side], None
            if self._now_ns > until_ns:
                break
            self._happen(side, what)
            self._carry()
            for one in SIDES if side == "path" else (side,):
                timer_ns = self.hosts[one].timer_ns
                due[one] = _LONGEST_NS + 1 if timer_ns is None else timer_ns
        begin_ns = int(self._script.from_s * 1e9)
        frames = [(at, octets) for at, _, octets in sorted(self._frames) if begin_ns <= at <= until_ns]
        return Outcome(
            [(BEGIN_NS + at, octets) for at, octets in frames],
            {side: host.lives for side, host in self.hosts.items()},
            {side: host.has_listened for side, host in self.hosts.items()},
        )

    def _happen(self, side: str, what: object) -> None:
        if isinstance(what, _Arrival):
            self._see(self._now_ns, what.packet)
            what = what.segment
        if isinstance(what, Segment):
            self.hosts[side].arrives(self._now_ns, what)
        elif isinstance(what, Call) and what.side == "path":
            self._path.clear()  # the only act of its
        elif isinstance(what, Call):
            self._do(what)
        else:
            self.hosts[side].tick(self._now_ns)

    def _do(self, call: Call) -> None:
        """Do what a line of the script says."""
        host, path = self.hosts[call.side], self._path
        amounts = call.amounts
        times = int(amounts[-1]) or None if amounts else 1
        if call.act in {"open", "open-self"}:
            self._open(call)
        elif call.act == "unlisten":
            host.unlisten(self._now_ns)
        elif call.act == "forges":
            self._forge(call)
        elif call.act == "loses":
            path.drop(call.side, KINDS[call.kind], times)
        elif call.act == "delays":
            path.delay(call.side, KINDS[call.kind], amounts[0], times if amounts[1:] else 1)
        elif call.act == "doubles":
            path.duplicate(call.side, KINDS[call.kind], amounts[0], times if amounts[1:] else 1)
        elif call.number < len(host.lives) and self._is_the_user_s(call, host.lives[call.number]):
            self._ask(host.lives[call.number], call)
        else:
            self._pending.setdefault((call.side, call.number), []).append(call)

    @staticmethod
    def _is_the_user_s(call: Call, end: Endpoint) -> bool:
        """Say whether the user has a connection already: a passive one only when it has been accepted."""
        return end.path[0] == "CLOSED" or end.is_fast or "ESTABLISHED" in end.path

    def _ask(self, end: Endpoint, call: Call) -> None:
        """Pass a user's call on."""
        now_ns, octets = self._now_ns, int(call.amounts[0]) if call.amounts else None
        acts = {"shut": end.shut, "leave": end.leave, "abort": end.abort, "vanish": end.vanish}
        if call.act in acts:
            acts[call.act](now_ns)
        elif call.act == "send":
            end.send(now_ns, octets or 0)
        elif call.act == "cork":
            end.cork()
        else:
            end.read(now_ns, call.act == "read", octets)

    def _open(self, call: Call) -> None:
        """Open from the usual port, or one beyond it; ``open-self``: to the same port."""
        beyond, size = (*(int(amount) for amount in call.amounts), 0, 0)[:2]
        other = SIDES[1 - SIDES.index(call.side)]
        local = (self.hosts[call.side].ip, ADDRESSES[call.side][1] + beyond)
        remote = local if call.act == "open-self" else (self.hosts[other].ip, ADDRESSES[other][1])
        self.hosts[call.side].open(self._now_ns, local, remote, size)
        number = len(self.hosts[call.side].lives) - 1
        for waiting in self._pending.pop((call.side, number), []):
            self._later(self._now_ns, call.side, waiting)

    def _hear(self, host: Host, end: Connection, what: str) -> None:
        """Have a user act on what it hears: close, or do what it was to do with a connection."""
        side = "client" if host is self.hosts["client"] else "server"
        if what == "end" and side in self._script.answers:
            end.shut(self._now_ns)
        elif what == "open" and not host.is_lazy:
            number = next(number for number, life in enumerate(host.lives) if life is end)
            for call in self._pending.pop((side, number), []):
                self._later(self._now_ns, side, call)

    def _forge(self, call: Call) -> None:
        """Have a segment come in that its sender never sent."""
        last = self._last[call.side]
        beyond = int(call.amounts[0]) if call.amounts else 0
        seq = last.end + beyond & 0xFFFFFFFF
        other = SIDES[1 - SIDES.index(call.side)]
        self._pass(
            call.side, other, Segment(last.source, last.target, _FLAGS[call.kind], seq, 0, 1000), _MIDDLE
        )

    def _carry(self) -> None:
        """Take what the hosts have sent over the path, past the capture."""
        for side, other in (SIDES, SIDES[::-1]):
            host = self.hosts[side]
            for segment in host.sent:
                self._last[side] = segment
                self._pass(side, side if segment.target[0] == host.ip else other, segment)
            host.sent.clear()

    def _pass(self, side: str, other: str, segment: Segment, start: float = 0.0) -> None:
        """Carry a segment from ``start`` of its way to its end."""
        packet = segment.packet()
        delays = [int(late * 1e9) for late in self._path.arrivals_s(side, packet)]
        usual = int(self._path.delay_s * 1e9)
        tap = self._script.tap if side == "client" else 1.0 - self._script.tap
        trouble = self._random.random()  # where on the way it is lost, delayed or doubled
        if self._script.only in {None, side} and start <= tap:
            if tap == 1.0:
                for delay in delays:
                    self._later(self._now_ns + delay - int(start * usual), other, _Arrival(segment, packet))
                return
            if tap <= trouble or delays == [usual]:  # as it came from its sender
                self._see(self._now_ns + int((tap - start) * usual), packet)
            else:
                for delay in delays:
                    self._see(self._now_ns + delay - int((1.0 - tap) * usual), packet)
        for delay in delays:
            self._later(self._now_ns + delay - int(start * usual), other, segment)

    def _see(self, at_ns: int, packet: bytes) -> None:
        self._number += 1
        self._frames.append((at_ns, self._number, packet))

    def _later(self, at_ns: int, side: str, what: object) -> None:
        self._number += 1
        heapq.heappush(self._events, (at_ns, self._number, side, what))
