"""Connections that are written by the shape of another say what the replay makes of each by itself.

Recipes are connections without numbers: who sends what, how much of the other end's each ACK leaves open, how timestamps
compare. Several connections are made of each, with numbers, windows and times of their own.
"""

import struct
from importlib import import_module
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace import kernels, session
from tcptrace.tcp import machine
from tests.script import ip_packet, tcp_header
from tests.tcp.properties import ACK, FIN, M32, PSH, START_NS, SYN
from tests.tcp.test_drafts import lines

MODULUS = 1 << 32
NS = 1_000_000_000
LONG = 240 * NS  # 2MSL
ADDRESSES = (("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2"))
needs_twins = pytest.mark.skipif(
    not kernels.is_compiled("find.shapes"), reason="no compiled twins here: no lines of theirs"
)


class Row(NamedTuple):
    """A segment behind the SYN."""

    opener: int  # 1: the opener sends it
    flags: int
    text: int
    open: int  # so many of the other end's segments are not acknowledged,
    amid: int  # and of the oldest of these a part is
    tick: int  # the sender's clock has gone on
    echo: int  # the TSecr names this segment of the other end's, counted from its newest
    off: int  # or a time so far beside it: -1, 0, 1


class End:
    """What one end of a connection has done so far."""

    def __init__(self, isn: int, clock: int) -> None:
        self.sent = [isn]  # where its segments that took numbers end
        self.clocks = [clock]


def recipe(random: Random) -> list[Row]:
    """Return a plain connection in order that both ends close, not at once."""
    # Of each end: its segments that took numbers, and whether they have text; how far they are acknowledged (twice the
    # segments, one more amid the next); how many segments it sent. The opener (1) has sent its SYN.
    text_of: list[list[int]] = [[], [0]]
    acked = [0, 0]
    sent = [0, 1]
    rows: list[Row] = []

    def add(opener: int, flags: int, text: int, is_all: bool = False) -> None:
        other = 1 - opener
        whole = len(text_of[other])
        choices = [at for at in range(2 * whole + 1) if at >= max(1, acked[other])]
        if not text and not flags & (SYN | FIN):
            choices = [at for at in choices if at > acked[other]] or choices
        choices = [at for at in choices if at % 2 == 0 or text_of[other][at // 2]]  # only text has a middle
        at = 2 * whole if is_all or random.random() < 0.6 else random.choice(choices)
        acked[other] = at
        echo = 0 if random.random() < 0.7 else random.randrange(sent[other])
        off = 0 if random.random() < 0.8 else random.choice([-1, 1])
        rows.append(Row(opener, flags, text, whole - at // 2, at % 2, random.randrange(2), echo, off))
        sent[opener] += 1
        if text or flags & (SYN | FIN):
            text_of[opener].append(text)

    add(0, SYN | ACK, 0, is_all=True)
    add(1, ACK, 0, is_all=True)
    for _ in range(random.randrange(7)):
        add(random.randrange(2), random.choice([ACK, PSH | ACK]), int(random.randrange(4) > 0))
    first = random.randrange(2)
    add(first, FIN | ACK, random.randrange(2))
    if random.randrange(2):  # else the other's FIN carries its ACK
        add(1 - first, ACK, 0)
    for _ in range(random.randrange(3)):
        add(1 - first, ACK, 1)
        if random.randrange(2):
            add(first, ACK, 0)
    add(1 - first, FIN | ACK, random.randrange(2), is_all=True)
    add(first, ACK, 0, is_all=True)
    return rows


def packets(
    rows: list[Row], number: int, opener: int, stamped: bool, six: int, random: Random
) -> list[bytes]:
    """Return a connection of a recipe, as IP packets."""
    ends = [End(random.randrange(MODULUS), random.randrange(MODULUS)) for _ in range(2)]
    ends[1].sent[0] = ends[1].sent[0] + 1 & M32
    isn = (ends[0].sent[0], ends[1].sent[0] - 1 & M32)
    made: list[bytes] = []

    def send(side: int, seq: int, ack: int, flags: int, tsval: int, tsecr: int, size: int) -> None:
        address = ADDRESSES[six]
        if opener:
            address = address[::-1]
        ports = (40000 + number, 80) if side else (80, 40000 + number)
        options = b"\x02\x04\x05\xb4\x03\x03\x02\x01" if flags & SYN else b""
        if stamped:
            options += struct.pack("!BBBBII", 1, 1, 8, 10, tsval, tsecr)
        header = tcp_header(*ports, seq, ack, flags, random.randrange(20_000, 65_536), options)
        made.append(ip_packet(address[1 - side], address[side], len(made) + 1, header + bytes(size)))

    send(1, isn[1], 0, SYN, ends[1].clocks[0], 0, 0)
    for place, row in enumerate(rows):
        me, other = ends[row.opener], ends[1 - row.opener]
        clock = me.clocks[-1] if place else me.clocks.pop()
        if row.tick:
            clock = clock + random.choice([1, 1, 7, 1 << 20]) & M32
        me.clocks.append(clock)
        tsecr = other.clocks[-1 - row.echo] + row.off & M32
        at = len(other.sent) - 1 - row.open
        ack = other.sent[at]
        if row.amid:
            ack = ack + random.randrange(1, (other.sent[at + 1] - ack & M32)) & M32
        size = random.choice([2, 3, 40, 500]) if row.text else 0
        seq = me.sent[-1]
        end = seq + size + (1 if row.flags & (SYN | FIN) else 0) & M32
        if end != seq:
            me.sent.append(end)
        send(row.opener, seq, ack, row.flags, clock, tsecr, size)
    return made


def capture(random: Random, is_slow: bool) -> bytes:
    """Return a capture of connections of a few recipes, side by side."""
    waiting: list[list[bytes]] = []
    for _ in range(2):
        rows = recipe(random)
        stamped = random.random() < 0.7
        for _ in range(6):
            side, six = (random.random() < 0.2 for _ in range(2))
            waiting.append(packets(rows, len(waiting), side, stamped, six, random))
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)]
    now = START_NS
    while waiting:
        chosen = random.choice(waiting[:5])
        packet = chosen.pop(0)
        if not chosen:
            waiting.remove(chosen)
        now += random.choice([0, 1000, 1000, 1_234_567, NS, LONG // 8 if is_slow else 0])
        parts.append(struct.pack("<IIII", *divmod(now, NS), len(packet), len(packet)) + packet)
    return b"".join(parts)


def compare(octets: bytes, **how: object) -> None:
    shaped, replayed = lines(octets, 1, **how), lines(octets, 0, **how)
    for one, other in zip(shaped[0], replayed[0], strict=True):
        assert one == other
    assert shaped[1:] == replayed[1:]


@needs_twins
@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**64),
    is_slow=st.booleans(),
    order=st.sampled_from(session.ORDERS),
    msl_s=st.sampled_from([120.0, 120.0, 0.5, 1e-6]),
)
def test_connections_of_one_shape_say_what_the_replay_says(
    seed: int, is_slow: bool, order: str, msl_s: float
) -> None:
    compare(capture(Random(seed), is_slow), order=order, msl_s=msl_s)


@needs_twins
@pytest.mark.parametrize("times", ["distinct", "same"])
def test_the_second_of_a_shape_whose_times_differ_is_learnt(times: str) -> None:
    random = Random(7)
    rows = [
        Row(0, SYN | ACK, 0, 0, 0, 1, 0, 0),
        Row(1, ACK, 0, 0, 0, 1, 0, 0),
        Row(1, PSH | ACK, 1, 0, 0, 1, 0, 0),
        Row(0, PSH | ACK, 1, 0, 0, 1, 0, 0),
        Row(1, FIN | ACK, 0, 0, 0, 1, 0, 0),
        Row(0, FIN | ACK, 0, 0, 0, 1, 0, 0),
        Row(1, ACK, 0, 0, 0, 1, 0, 0),
    ]
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)]
    now = START_NS
    for number in range(6):
        for packet in packets(rows, number, 0, True, 0, random):
            now += 1000 if times == "distinct" else 0
            parts.append(struct.pack("<IIII", *divmod(now, NS), len(packet), len(packet)) + packet)
    known: list[int] = []
    made = session.analyze(b"".join(parts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "SHEET", 1)  # a line at a time
        for _ in made.lines():
            known.append(len(made._closer.shapes.known))
    assert known == ([0, 1, 1, 1, 1, 1] if times == "distinct" else [0] * 6)
    assert made.outcomes == {"closed": 6}
    compare(b"".join(parts))


@pytest.mark.parametrize(
    "form", ["tcptrace", *(["tcptrace._compiled"] if kernels.is_compiled("find.shapes") else [])]
)
def test_shapes_that_come_but_once_are_forgotten_in_time(form: str) -> None:
    paths = import_module(f"{form}.tcp.paths").Paths(machine.NEXT_STATE, machine.ANOMALY, LONG)
    shapes: Any = import_module(f"{form}.find.shapes").Shapes(paths)
    plain: Any = import_module(f"{form}.tcp.plain").Plain(LONG)
    plain.is_distinct = 1
    sizes = []
    for number in range(5000):
        assert not shapes.is_wanted(b"%d" % number, plain)
        assert shapes.is_wanted(b"%d" % number, plain)
        sizes.append(len(shapes.seen))
    assert max(sizes) == 1024
    assert all(later in (earlier + 1, 1) for earlier, later in pairwise(sizes))
