"""All figures of a connection at once, as numbers: what is written as JSON or text is written from these.

The list (``measure.measures``) says of each figure its way and its readings; whoever writes asks what a figure is (NULL,
WHOLE, TRUTH, SECONDS, REAL) and takes its number.

A hot file: plain Python here, compiled with the C types of ``_compiled/measure/figures.pxd``.
"""

from array import array
from collections.abc import Sequence
from typing import Any

from tcptrace.flow.bits import MASK32, NO_TIME, NONE
from tcptrace.measure.ways import (
    FIELD,
    FLAG,
    KNOWN,
    MEAN,
    MEAN_TIME,
    NULL,
    PLAN_WORDS,
    RATE,
    READINGS,
    REAL,
    SECONDS,
    SPAN,
    SPREAD,
    SQUARES,
    TIME,
    TOLD,
    TRUTH,
    WHOLE,
)
from tcptrace.model.states import STATE_COUNT, STATE_NAMES, TIME_WAIT
from tcptrace.model.tcpflags import OPT_SACK_PERMITTED, OPT_SCALE, OPT_TIMESTAMPS
from tcptrace.model.units import NS

from .meters import Meter, Rare

LEAST_RTO_NS = NS  # RFC 6298 2.4
EXACT = 1 << 53  # up to here every integer is a double
EXACT_BYTES = 9_000_000  # so many octets, times `NS`, are below that


class Facts:
    """What figures of one direction take from the connection itself; -1: not known."""

    __slots__ = (
        "duplicates", "handshake_ns", "out_of_order", "probes", "retransmissions", "span_ns", "unique_bytes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.duplicates = 0
        self.span_ns = 0  # from the connection's first frame to its last
        self.retransmissions = 0  # findings, the next two as well
        self.probes = 0
        self.out_of_order = 0
        self.unique_bytes = NONE
        self.handshake_ns = (
            NONE  # from this side's SYN, where that was the only one, to its ACK, as the tap saw them
        )


class Figures:
    """The figures of one connection, the client's and behind them the server's, and what goes with them."""

    __slots__ = (
        "at", "count", "handshake", "kinds", "nothing", "order", "plan", "readings", "real", "since_ns", "spent",
        "squares", "state", "states", "whole",
    )  # fmt: skip

    def __init__(self, plan: "array[int]") -> None:
        """``plan``: ``measures.plan()``."""
        self.plan = plan
        self.count = len(plan) // PLAN_WORDS  # of a direction
        self.kinds = array("B", bytes(2 * self.count))
        self.whole = array("q", bytes(16 * self.count))
        self.real = array("d", bytes(16 * self.count))
        self.handshake = array("q", [NONE, NONE])  # ns from the SYN to the SYN,ACK and from there to its ACK
        self.readings = array("q", bytes(8 * len(READINGS)))
        self.squares = array("d", bytes(8 * len(SQUARES)))
        self.at = 0
        self.nothing = Rare()
        # How long each end was in each state that it entered and left: states in their order, their nanoseconds.
        self.states = array("q", [0, 0])  # how many, of client and server
        self.order = array("q", bytes(16 * STATE_COUNT))
        self.spent = array("q", bytes(16 * STATE_COUNT))
        self.state = NONE
        self.since_ns = NO_TIME

    # -- figures ------------------------------------------------------------------------------------------------------

    def take(self, place: int, own: Meter, peer: Meter, facts: Facts) -> None:
        """Make the figures of a side (0: the client) of both sides' meters."""
        self.read(own, peer, facts)
        words = self.plan
        of = self.readings
        for number in range(self.count):
            base = number * PLAN_WORDS
            way = words[base]
            value = of[words[base + 1]]
            per = of[words[base + 2]]
            at = place * self.count + number
            kind = NULL
            if way == FIELD:
                kind = WHOLE
            elif way == TIME:
                kind = SECONDS if per else NULL
            elif way == KNOWN:
                kind = WHOLE if per else NULL
            elif way == TOLD:
                kind = WHOLE if value >= 0 else NULL
            elif way == SPAN:
                kind = SECONDS if value >= 0 else NULL
            elif way == FLAG:
                kind = TRUTH if per else NULL
                value = 1 if value else 0
            elif way == MEAN:
                if per:
                    kind = REAL
                    self.real[at] = self.mean(value, per)
            elif way == MEAN_TIME:
                if per:
                    kind = REAL
                    self.real[at] = self.mean(value, per) / 1e9
            elif way == SPREAD:
                if per > 1:
                    kind = REAL
                    self.real[at] = self.deviation(self.squares[words[base + 3]], value, per)
            elif way == RATE:
                if value >= 0 and per > 0:
                    kind = REAL
                    self.real[at] = self.rate(value, per)
            self.kinds[at] = kind
            self.whole[at] = value

    def mean(self, total: int, count: int) -> float:
        """Return one by the other."""
        if -EXACT < total < EXACT:
            return float(total) / float(count)
        return exact(total, count)

    def rate(self, octets: int, ns: int) -> float:
        """Return octets a second."""
        if octets < EXACT_BYTES and ns < EXACT:
            return float(octets * NS) / float(ns)
        return exact_rate(octets, ns)

    def deviation(self, squares: float, total: int, count: int) -> float:
        """Return the standard deviation of a sample of nanoseconds (n - 1), in seconds."""
        middle = self.mean(total, count)
        variance = (squares - count * middle * middle) / (count - 1)
        return root(variance) / 1e9 if variance > 0.0 else 0.0

    def read(self, own: Meter, peer: Meter, facts: Facts) -> None:
        """Take the readings of a direction, in the order of ``ways.READINGS``."""
        self.at = 0
        self.read_meter(own)
        rare = own.rare
        self.read_rare(self.nothing if rare is None else rare)
        rare = peer.rare
        if rare is None:
            rare = self.nothing
        self.put(peer.dup_acks)
        self.put(rare.dup_triples)
        self.put(rare.dup_longest)
        unique = facts.unique_bytes
        self.put(facts.duplicates)
        self.put(facts.span_ns)
        self.put(facts.retransmissions)
        self.put(facts.probes)
        self.put(facts.out_of_order)
        self.put(unique)
        self.put(facts.handshake_ns)
        self.put(own.options & OPT_SCALE)
        self.put(own.options & OPT_TIMESTAMPS)
        self.put(own.options & OPT_SACK_PERMITTED)
        self.put(self.beyond(own.data_last_ns, own.data_first_ns))
        self.put(own.idle_most_ns)
        timeout = own.rtt_smooth_ns + 4 * own.rtt_var_ns
        self.put(timeout if timeout > LEAST_RTO_NS else LEAST_RTO_NS)
        stream = NONE
        if own.syns and own.fins:
            stream = (own.nxt - own.iss - 2) & MASK32  # SYN and FIN take a number each
        self.put(NONE if unique < 0 else self.beyond(own.data_bytes, unique))
        self.put(stream)
        self.put(NONE if stream < 0 or unique < 0 else self.beyond(stream, unique))

    def beyond(self, value: int, other: int) -> int:
        """Return what a number is more than another one, 0 where it is not more."""
        return value - other if value > other else 0

    def read_meter(self, own: Meter) -> None:
        """Take the fields of ``ways.METER``."""
        self.put(own.segments)
        self.put(own.acks)
        self.put(own.pure_acks)
        self.put(own.pushed)
        self.put(own.urgent)
        self.put(own.syns)
        self.put(own.fins)
        self.put(own.rsts)
        self.put(own.data_segments)
        self.put(own.data_bytes)
        self.put(own.truncated)
        self.put(own.truncated_bytes)
        self.put(own.segment_least)
        self.put(own.segment_most)
        self.put(own.mss)
        self.put(own.scale)
        self.put(own.window_count)
        self.put(own.window_sum)
        self.put(own.window_least)
        self.put(own.window_most)
        self.put(own.windows_zero)
        self.put(own.flight_count)
        self.put(own.flight_sum)
        self.put(own.flight_most)
        self.put(own.flight_least)
        self.put(own.initial_bytes)
        self.put(own.initial_segments)
        self.put(own.cumulative)
        self.put(own.rtt_count)
        self.put(own.rtt_sum_ns)
        self.put(own.rtt_least_ns)
        self.put(own.rtt_most_ns)
        self.put(own.rtt_smooth_ns)
        self.put(own.full_count)
        self.put(own.full_sum_ns)
        self.put(own.full_least_ns)
        self.put(own.full_most_ns)
        self.put(own.ts_count)
        self.put(own.ts_sum_ns)
        self.put(own.ts_least_ns)
        self.put(own.ts_most_ns)
        self.put(own.reply_count)
        self.put(own.reply_sum_ns)
        self.put(own.reply_least_ns)
        self.put(own.reply_most_ns)
        self.squares[0] = own.rtt_squares
        self.squares[1] = own.full_squares

    def read_rare(self, rare: Rare) -> None:
        """Take the fields of ``ways.RARE``."""
        self.put(rare.sacks)
        self.put(rare.dsacks)
        self.put(rare.blocks)
        self.put(rare.blocks_most)
        self.put(rare.urgent_bytes)
        self.put(rare.ambiguous)
        self.put(rare.post_loss)
        self.put(rare.last_count)
        self.put(rare.last_sum_ns)
        self.put(rare.last_least_ns)
        self.put(rare.last_most_ns)
        self.put(rare.again_most)
        self.put(rare.again_count)
        self.put(rare.again_sum_ns)
        self.put(rare.again_least_ns)
        self.put(rare.again_most_ns)
        self.squares[2] = rare.last_squares
        self.squares[3] = rare.again_squares

    def put(self, value: int) -> None:
        """Take one reading."""
        self.readings[self.at] = value
        self.at += 1

    # -- states -------------------------------------------------------------------------------------------------------

    def start(self, place: int) -> None:
        """Begin a side's path: what it was in before its first step has no length."""
        self.states[place] = 0
        self.state = NONE
        self.since_ns = NO_TIME

    def enter(self, place: int, state: int, now: int) -> None:
        """Let a side leave the state where it is for another one."""
        if self.state >= 0:
            first = place * STATE_COUNT
            behind = first + self.states[place]
            at = first
            while at < behind and self.order[at] != self.state:
                at += 1
            if at == behind:
                self.order[at] = self.state
                self.spent[at] = 0
                self.states[place] += 1
            if now > self.since_ns:
                self.spent[at] += now - self.since_ns
        self.state = state
        self.since_ns = now

    def stop(self, place: int, until_ns: int) -> None:
        """End a side's path: a TIME-WAIT that the capture leaves ends at ``until_ns``, where that is known."""
        if self.state == TIME_WAIT and until_ns != NO_TIME:
            self.enter(place, NONE, until_ns)

    # -- values -------------------------------------------------------------------------------------------------------

    def values(self, names: Sequence[str]) -> dict[str, object]:
        """Return the value of the JSON key ``measures``; ``names``: of the figures, in their order."""
        halves = [None if ns < 0 else exact(ns, NS) for ns in self.handshake]
        found: dict[str, object] = {"handshake": {"syn_to_synack_s": halves[0], "synack_to_ack_s": halves[1]}}
        for place, side in enumerate(("client", "server")):
            at = place * self.count
            figures: dict[str, object] = {name: self.value(at + number) for number, name in enumerate(names)}
            first = place * STATE_COUNT
            figures["states_s"] = {
                STATE_NAMES[self.order[turn]]: exact(self.spent[turn], NS)
                for turn in range(first, first + self.states[place])
            }
            found[side] = figures
        return found

    def value(self, at: int) -> object:
        """Return one figure."""
        kind = self.kinds[at]
        if kind == NULL:
            return None
        if kind == REAL:
            return self.real[at]
        if kind == SECONDS:
            return exact(self.whole[at], NS)
        return bool(self.whole[at]) if kind == TRUTH else self.whole[at]

    def load(self, measures: "dict[str, dict[str, Any]]", names: Sequence[str]) -> None:
        """Take the figures back from such a value; all that are no integers are numbers then."""
        for half, name in enumerate(("syn_to_synack_s", "synack_to_ack_s")):
            told = measures["handshake"][name]
            self.handshake[half] = NONE if told is None else round(told * NS)
        for place, side in enumerate(("client", "server")):
            figures = measures[side]
            for number, name in enumerate(names):
                self.set(place * self.count + number, figures[name])
            states = figures["states_s"]
            self.states[place] = len(states)
            for turn, name in enumerate(states):
                self.order[place * STATE_COUNT + turn] = STATE_NAMES.index(name)
                self.spent[place * STATE_COUNT + turn] = round(states[name] * NS)

    def set(self, at: int, value: "float | bool | None") -> None:
        """Set one figure."""
        self.kinds[at] = NULL
        if isinstance(value, float):
            self.kinds[at] = REAL
            self.real[at] = value
        elif value is not None:
            self.kinds[at] = TRUTH if isinstance(value, bool) else WHOLE
            self.whole[at] = value


# Of numbers of any size, rounded once: Python's own division and power.


def exact(total: int, count: int) -> float:
    """Return the quotient of two integers."""
    return total / count


def exact_rate(octets: int, ns: int) -> float:
    """Return octets a second."""
    return octets * NS / ns


def root(number: float) -> float:
    """Return the square root."""
    return float(number**0.5)
