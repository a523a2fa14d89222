"""Runs two endpoints on one path, with a capture anywhere on it, by a clock that only the simulation turns."""

import heapq
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tcptrace.lab.path import DELAY_S, SIDES, Path
from tcptrace.lab.segment import Segment
from tcptrace.lab.simulator.endpoint import Endpoint

BEGIN_NS = 1_700_000_000_000_000_000  # of the simulated clock: any time would do
ADDRESSES = {"client": ("192.0.2.1", 46_001), "server": ("192.0.2.2", 47_001)}  # RFC 5737
_LONGEST_NS = 300_000_000_000


class Call(NamedTuple):
    """What a user does, and when."""

    at_s: float
    side: str
    act: str  # open, send, close or abort
    octets: int = 0  # of send


class Script(NamedTuple):
    """One simulation, but for the seed."""

    calls: tuple[Call, ...]
    shows: str = ""
    listens: tuple[str, ...] = ("server",)
    answers: tuple[str, ...] = ()  # sides that close as soon as they hear the other's end
    rules: Callable[[Path, int], None] = lambda path, seed: None
    has_timestamps: bool = True
    tap: float = 0.0  # where the capture is: 0 at the client, 1 at the server
    iss: Mapping[str, int] = MappingProxyType({})  # absent: by the seed


class Outcome(NamedTuple):
    """What came of a simulation."""

    frames: list[tuple[int, bytes]]
    paths: dict[str, list[str]]
    left_silently: bool  # an end was given up by its user without a segment


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
        self._ends: dict[str, Endpoint] = {}
        self._now_ns = 0
        for side, other in (SIDES, SIDES[::-1]):
            iss = script.iss.get(side, self._random.getrandbits(32))
            self._ends[side] = Endpoint(
                ADDRESSES[side], ADDRESSES[other], iss, script.has_timestamps, self._hear
            )
            if side in script.listens:
                self._ends[side].listen()

    def run(self) -> Outcome:
        """Run it to its end."""
        for call in self._script.calls:
            self._later(int(call.at_s * 1e9), call.side, call)
        while self._events or any(end.timer_ns is not None for end in self._ends.values()):
            timers = [(end.timer_ns, side) for side, end in self._ends.items() if end.timer_ns is not None]
            due = min(timers, default=None)
            if due is not None and (not self._events or due[0] < self._events[0][0]):
                self._now_ns, side = due
                self._ends[side].tick(self._now_ns)
            else:
                self._now_ns, _, side, what = heapq.heappop(self._events)
                self._happen(side, what)
            self._carry()
            if self._now_ns > _LONGEST_NS:
                break
        frames = [(BEGIN_NS + at, octets) for at, _, octets in sorted(self._frames)]
        silent = any(end.left_silently for end in self._ends.values())
        return Outcome(frames, {side: end.path for side, end in self._ends.items()}, silent)

    def _happen(self, side: str, what: object) -> None:
        end = self._ends[side]
        if isinstance(what, Segment):
            end.arrives(self._now_ns, what)
        elif isinstance(what, Call) and what.act == "send":
            end.send(self._now_ns, bytes(what.octets))
        elif isinstance(what, Call):
            {"open": end.open, "close": end.close, "abort": end.abort}[what.act](self._now_ns)

    def _hear(self, end: Endpoint, what: str) -> None:
        """Have a user close that answers the other end's FIN."""
        for side in self._script.answers:
            if self._ends[side] is end and what == "end":
                self._later(self._now_ns, side, Call(0.0, side, "close"))

    def _carry(self) -> None:
        """Take what the ends have sent over the path, past the capture."""
        for side, other in (SIDES, SIDES[::-1]):
            for segment in self._ends[side].sent:
                self._pass(side, other, segment)
            self._ends[side].sent.clear()

    def _pass(self, side: str, other: str, segment: Segment) -> None:
        packet = segment.packet()
        delays = [int(late * 1e9) for late in self._path.arrivals_s(side, packet)]
        usual = int(self._path.delay_s * 1e9)
        tap = self._script.tap if side == "client" else 1.0 - self._script.tap
        trouble = self._random.random()  # where on the way it is lost, delayed or doubled
        if tap <= trouble or delays == [usual]:  # as it came from its sender
            self._see(self._now_ns + int(tap * usual), packet)
        else:
            for delay in delays:
                self._see(self._now_ns + delay - int((1.0 - tap) * usual), packet)
        for delay in delays:
            self._later(self._now_ns + delay, other, segment)

    def _see(self, at_ns: int, packet: bytes) -> None:
        self._number += 1
        self._frames.append((at_ns, self._number, packet))

    def _later(self, at_ns: int, side: str, what: object) -> None:
        self._number += 1
        heapq.heappush(self._events, (at_ns, self._number, side, what))
