"""A packed connection is the connection: every field of every row comes back, whatever it holds."""

import importlib
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.flow import bits
from tcptrace.tcp import machine
from tcptrace.tcp.paths import CHUNK_BITS

FORMS = ["tcptrace", "tcptrace._compiled"]

# Each field's values: the lowest, the highest, and those that mean something of their own.
Range = tuple[int, ...]
BIT: Range = (0, 1)
U16: Range = (0, 2**16 - 1)
U32: Range = (0, 2**32 - 1)
STATE: Range = (0, 11)
FRAME: Range = (0, 2**39)
SEQ: Range = (0, 2**50, bits.NONE)
COUNT: Range = (0, 2**60)
ANY: Range = (-(2**61), 2**61, 0)
TIME: Range = (-(2**61), 2**61, bits.NO_TIME)

END: dict[str, Range] = {
    "packets": U32, "duplicates": U32, "data_bytes": COUNT, "last_frame": FRAME, "unique_bytes": (*COUNT, bits.NONE),
    "iss": SEQ, "snd_nxt": SEQ, "cont": SEQ, "fin_frame": FRAME, "fin_x_ack": SEQ, "fin_carrier": SEQ, "fin_seq": SEQ,
    "first_raw": (*U32, bits.NONE), "ack_high": SEQ, "ack_last": SEQ, "synack_ack": SEQ, "window_edge": SEQ,
    "window_max": U32, "window": U16, "scale": (-1, 14), "has_ts": BIT, "tsval": U32, "tsecr": U32, "start": STATE,
    "proven": STATE, "state": STATE, "flags": (0, 2**20 - 1), "since_ns": TIME, "until_ns": TIME, "sent_end": SEQ,
    "sent_ns": ANY, "rtt_count": U32, "rtt_sum": COUNT, "rtt_min": COUNT, "rtt_max": COUNT,
}  # fmt: skip
COLD: dict[str, Range] = {
    "karn_low": (0, 2**50), "karn_high": SEQ, "refused": (0, 2**30), "rst_frame": FRAME, "rst_seq": SEQ,
    "lost_frame": FRAME, "challenge_frame": FRAME, "unsent_ack": SEQ, "unsent_frame": FRAME, "unsent_from": SEQ,
    "restart_ns": TIME, "spare_frame": FRAME, "spare_end": SEQ, "hole_frame": FRAME, "hole_left": SEQ, "hole_right": SEQ,
}  # fmt: skip
EVENT: dict[str, Range] = {
    "input": (0, machine.INPUT_COUNT - 1), "evidence": (0, 4), "settled": BIT, "held": (0, 3), "hole": BIT, "in_turn": BIT,
    "has_ts": BIT, "tsval": U32, "frame": FRAME, "place": FRAME, "place_ns": TIME, "turn": (0, 2), "proof": FRAME,
    "shown_ns": ANY, "seq": (0, 2**50), "end_seq": SEQ, "x_ack": SEQ,
}  # fmt: skip
STREAM: dict[str, Range] = {
    "number": U32, "first_frame": FRAME, "last_frame": FRAME, "first_ns": ANY, "last_ns": ANY,
    "first_side": BIT, "quiet": BIT, "flags": (0, 0x7FE), "syn_side": (-1, 1), "synack_side": (-1, 1),
    "syn_ns": TIME, "synack_ns": TIME, "handshake_ns": TIME, "application": U32, "both_frame": FRAME,
    "older": U32, "older_frame": FRAME,
}  # fmt: skip
KEYS: tuple[dict[str, Range], ...] = (
    {"k4": (4 << 32, (4 << 32) + 2**32 - 1), "k1": U32, "k3": U32},
    {
        "k4": (6 << 32, (6 << 32) + 2**32 - 1),
        **dict.fromkeys(("k0", "k1", "k2", "k3"), (0, 2**64 - 1)),
    },
)
SPARE = {"next", "pending", "steps", "cold", "flight", "copies", "gaps", "gap_count", "path_len", "spare"}


def fill(row: Any, fields: dict[str, Range], random: Random) -> Any:
    """Set most of the fields to some of their values, the edges more often than others."""
    for name, (low, high, *special) in fields.items():
        if random.random() < 0.7:
            any_, small = random.randint(low, high), random.randint(low, min(high, low + 300))
            value = random.choice([low, high, any_, small, *special])
            setattr(row, name, value & ~bits.S_SELF if fields is STREAM and name == "flags" else value)
    return row


def make_end(rows: ModuleType, paths: Any, random: Random) -> Any:
    """Return an end's row with all that may hang on it."""
    end = fill(rows.End(), END, random)
    if not end.rtt_count:  # without a sample the three hold nothing
        end.rtt_sum = end.rtt_min = end.rtt_max = 0
    if end.fin_seq < 0:  # and without a FIN these
        end.fin_frame, end.fin_x_ack, end.fin_carrier = 0, bits.NONE, bits.NONE
    if random.random() < 0.5:
        fill(end.chill(), COLD, random)
    for _ in range(random.randrange(4)):
        event = fill(rows.Event(), EVENT, random)
        event.next = end.pending
        end.pending = event
    for _ in range(random.randrange(6)):
        code, turn = random.randrange(2**16), random.randrange(3)
        frame, place, proof = (random.choice([0, random.randrange(2**39)]) for _ in range(3))
        paths.keep(end, code, frame, place, random.randrange(-(2**61), 2**61), proof, turn)
    return end


def look(row: Any, names: Any) -> dict[str, int]:
    return {name: getattr(row, name) for name in names}


def seen(paths: Any, end: Any) -> tuple[Any, ...]:
    """Return all that an end's row holds."""
    events = []
    event = end.pending
    while event is not None:
        events.append(look(event, EVENT))
        event = event.next
    cold = None if end.cold is None else look(end.cold, COLD)
    return look(end, END), cold, events, end.path_len, paths.settled_steps(end)


@pytest.mark.parametrize("form", FORMS)
def test_places_that_are_given_back_come_again_one_by_one_whatever_chunk_they_are_in(form: str) -> None:
    module = importlib.import_module(f"{form}.tcp.paths")
    paths = module.Paths(machine.NEXT_STATE, machine.ANOMALY, 1)
    count = 3 * (1 << CHUNK_BITS)
    places = [paths.allot() for _ in range(count)]
    assert places == list(range(count))
    given = Random(1).sample(places, 2000)
    for place in given:
        paths.give_back(place)
    assert [paths.allot() for _ in given] == given[::-1]
    assert paths.allot() == count


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.integers(0, 2**64))
def test_what_is_packed_comes_back_field_by_field(form: str, seed: int) -> None:
    random = Random(seed)
    rows = importlib.import_module(f"{form}.flow.rows")
    paths = importlib.import_module(f"{form}.tcp.paths").Paths(machine.NEXT_STATE, machine.ANOMALY, 1)
    packer = importlib.import_module(f"{form}.tcp.packed").Packer(paths)
    stream = fill(rows.Stream(), STREAM, random)
    if not stream.flags & bits.S_REUSED:  # then there is none
        stream.older = stream.older_frame = 0
    fields = random.choice(KEYS)
    key = rows.Entry()
    key.k4 = fields["k4"][0]
    stream.key = fill(key, fields, random)
    stream.low = low = make_end(rows, paths, random)
    stream.high = high = make_end(rows, paths, random)
    stream.notes = notes = random.choice([None, [(1, 2, 0, 3, 4, 5, 6)]])
    before = (
        look(stream, STREAM),
        look(key, ("k0", "k1", "k2", "k3", "k4")),
        seen(paths, low),
        seen(paths, high),
    )

    octets = packer.pack(stream, 3)

    assert octets[0] == 3
    assert packer.last_ns(octets) == stream.last_ns
    again = packer.unpack(octets)
    after = look(again, STREAM), look(again.key, before[1]), seen(paths, again.low), seen(paths, again.high)
    assert after == before
    assert again.notes == notes
    assert again.key.number == stream.number


def test_every_field_of_the_rows_is_compared_above() -> None:
    from tcptrace.flow import rows

    assert set(rows.End.__slots__) - SPARE == set(END)
    assert set(rows.Cold.__slots__) - SPARE == set(COLD)
    assert set(rows.Event.__slots__) - SPARE == set(EVENT)
    assert set(rows.Stream.__slots__) - SPARE - {"key", "low", "high", "notes", "previous"} == set(STREAM)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_rare_stays_as_it_is(form: str) -> None:
    rows = importlib.import_module(f"{form}.flow.rows")
    paths = importlib.import_module(f"{form}.tcp.paths").Paths(machine.NEXT_STATE, machine.ANOMALY, 1)
    packer = importlib.import_module(f"{form}.tcp.packed").Packer(paths)

    def stream() -> Any:
        made = rows.Stream()
        made.key, made.low, made.high = rows.Entry(), rows.End(), rows.End()
        return made

    assert packer.pack(stream(), 0) is not None
    behind_hole, in_flight, copied, alone, tied = (stream() for _ in range(5))
    behind_hole.low.chill().gaps = rows.Gap()
    in_flight.high.flight = rows.Flight(16)
    in_flight.high.flight.count = 1
    copied.low.pending = rows.Event()
    copied.low.pending.copies = rows.Copy()
    alone.high = None
    tied.previous = stream()
    for row in (behind_hole, in_flight, copied, alone, tied):
        assert packer.pack(row, 0) is None


def test_a_place_in_the_arena_is_used_again() -> None:
    paths = importlib.import_module("tcptrace.tcp.paths").Paths(machine.NEXT_STATE, machine.ANOMALY, 1)
    rows = importlib.import_module("tcptrace.flow.rows")
    packer = importlib.import_module("tcptrace.tcp.packed").Packer(paths)
    for _ in range(1000):
        stream = rows.Stream()
        stream.key, stream.low, stream.high = rows.Entry(), rows.End(), rows.End()
        for number in range(5):
            paths.keep(stream.low, 0x0101, number, number, number, number, 1)
        assert packer.pack(stream, 0) is not None
    assert paths.count == 5
