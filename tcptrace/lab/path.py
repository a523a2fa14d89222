"""What happens to packets between the two ends: rules ("drop the first FIN of the client"), and weather by seed. No I/O."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tcptrace.lab.segment import ACK, FIN, RST, SYN, Segment, read_segment

Match = Callable[[Segment], bool]

SIDES = ("client", "server")
CLIENT_PORT, SERVER_PORT = 28_001, 29_001
DELAY_S = 0.01  # one way


def is_syn(segment: Segment) -> bool:
    """A SYN that opens."""
    return segment.flags & (SYN | ACK) == SYN


def is_syn_ack(segment: Segment) -> bool:
    """A SYN that answers."""
    return segment.flags & (SYN | ACK) == SYN | ACK


def is_fin(segment: Segment) -> bool:
    """A FIN, with or without data."""
    return bool(segment.flags & FIN)


def is_rst(segment: Segment) -> bool:
    """A RST."""
    return bool(segment.flags & RST)


def is_data(segment: Segment) -> bool:
    """Something with a payload."""
    return len(segment.payload) > 0


def is_ack(segment: Segment) -> bool:
    """An ACK and nothing else."""
    return segment.flags & (SYN | FIN | RST | ACK) == ACK and not segment.payload


def is_any(segment: Segment) -> bool:
    """Whatever comes."""
    return True


KINDS: dict[str, Match] = {
    "syn": is_syn,
    "syn-ack": is_syn_ack,
    "fin": is_fin,
    "rst": is_rst,
    "data": is_data,
    "ack": is_ack,
    "any": is_any,
}


@dataclass
class Rule:
    """What is done to the segments of one side that match, the first ``times`` of them."""

    sender: str
    match: Match
    delays_s: tuple[float, ...]  # when each copy arrives, beyond the path's delay; none: it is dropped
    times: int | None = 1  # None: all
    met: int = 0  # how many there were


class Weather(NamedTuple):
    """What chance does to each packet."""

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0  # so many are late
    late_s: float = 0.03


class Path:
    """Decides what becomes of each packet; the same seed and the same packets give the same answer."""

    def __init__(self, delay_s: float = DELAY_S) -> None:
        self.delay_s = delay_s
        self._rules: list[Rule] = []
        self._weather: Weather | None = None
        self._random = random.Random(0)

    def drop(self, sender: str, match: Match = is_any, times: int | None = 1) -> Rule:
        """Lose the first matching segments of a side."""
        return self._add(Rule(sender, match, (), times))

    def delay(self, sender: str, match: Match, by_s: float, times: int | None = 1) -> Rule:
        """Have them come late: what is sent after them overtakes them."""
        return self._add(Rule(sender, match, (by_s,), times))

    def duplicate(self, sender: str, match: Match, again_s: float = 0.0, times: int | None = 1) -> Rule:
        """Have them come twice."""
        return self._add(Rule(sender, match, (0.0, again_s), times))

    def weather(self, seed: int, weather: Weather) -> None:
        """Let chance decide for what no rule names."""
        self._weather, self._random = weather, random.Random(seed)

    def clear(self) -> None:
        """Let everything pass from here on."""
        self._rules, self._weather = [], None

    def arrivals_s(self, sender: str, packet: bytes) -> tuple[float, ...]:
        """Return after how many seconds each copy of a packet arrives."""
        segment = read_segment(packet)
        if segment is not None:
            for rule in self._rules:
                if rule.sender == sender and rule.met != rule.times and rule.match(segment):
                    rule.met += 1
                    return tuple(self.delay_s + late for late in rule.delays_s)
        return tuple(self.delay_s + late for late in self._chance())

    def _chance(self) -> tuple[float, ...]:
        weather = self._weather
        if weather is None:
            return (0.0,)
        draws = [self._random.random() for _ in range(3)]  # always as many, whatever comes of them
        if draws[0] < weather.loss:
            return ()
        late = weather.late_s if draws[1] < weather.reorder else 0.0
        return (late, late + weather.late_s / 2) if draws[2] < weather.duplicate else (late,)

    def _add(self, rule: Rule) -> Rule:
        self._rules.append(rule)
        return rule
