"""Packed meters are the meters: every field comes back, and packing between any two segments changes nothing."""

import importlib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.flow.bits import NO_TIME, NONE
from tcptrace.measure import meters
from tcptrace.source import open_source
from tcptrace.wire.decoder import Decoder
from tests.every import CAPTURES

FORMS = ["tcptrace", "tcptrace._compiled"]
U32 = (0, 2**32 - 1)
TIME = (-(2**60), 2**60)
LONG = (0, 2**60)
SMALL = {"scale": 14, "has_sent": 1, "has_ack": 1, "mss": 2**16 - 1, "options": 2**16 - 1}
NOT_PACKED = {"rare", "ring"}
GROUPS = {
    "data_segments": ("data_", "flight_", "segment_", "pushed"),
    "rtt_count": ("rtt_", "full_"),
    "ts_count": ("ts_", "probe_"),
    "reply_count": ("reply_",),
    "has_sent": ("iss", "nxt", "initial_", "cumulative"),
    "dup_acks": ("urgent", "truncated", "dup_run", "windows_zero", "barred_"),
}


def fill(meter: Any, random: Random) -> None:
    """Set each field to something that it may be."""
    for name in meters.Meter.__slots__:
        if name in NOT_PACKED:
            continue
        low, high = (0, SMALL[name]) if name in SMALL else LONG if name.endswith("_ns") else U32
        if name in ("last_ns", "old_ns", "probe_ns", "data_first_ns", "data_last_ns"):
            low, high = TIME
        if name in ("window", "idle_most_ns"):
            low, high = NONE, 65535
        value = random.choice(
            [low, high, random.randint(low, high), random.randint(low, min(high, low + 300))]
        )
        setattr(meter, name, float(value) * value if name.endswith("squares") else value)
    for count, fields in GROUPS.items():
        if random.random() < 0.4 or not getattr(meter, count):
            setattr(meter, count, 0)
            for name in meters.Meter.__slots__:
                if name.startswith(fields):
                    setattr(meter, name, getattr(meters.Meter(), name))
    if random.random() < 0.5:
        meter.old_ns = NO_TIME
        meter.old_end = meter.old_length = 0
    if random.random() < 0.3 and meter.rtt_count:
        meter.rtt_count = 1
    if random.random() < 0.3 or meter.full_count >= meter.rtt_count:  # the largest are all that there are
        for name in ("count", "sum_ns", "least_ns", "most_ns"):
            setattr(meter, f"full_{name}", getattr(meter, f"rtt_{name}"))
        meter.full_squares = meter.rtt_squares
    for kind in ("rtt", "full"):
        if getattr(meter, f"{kind}_count") < 2:  # one sample's square
            total = getattr(meter, f"{kind}_sum_ns")
            setattr(meter, f"{kind}_squares", 1.0 * total * total)


def fields(meter: Any) -> dict[str, Any]:
    """Return all that a meter holds and somebody looks at."""
    found = {name: getattr(meter, name) for name in meters.Meter.__slots__ if name != "ring"}
    if meter.rare is not None:
        found["rare"] = {name: getattr(meter.rare, name) for name in meters.Rare.__slots__}
    if meter.old_ns == NO_TIME:
        found["old_end"] = found["old_length"] = 0
    return found


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.integers(0, 2**64))
def test_what_is_packed_comes_back_field_by_field(form: str, seed: int) -> None:
    random = Random(seed)
    rows = importlib.import_module(f"{form}.measure.meters")
    packer = importlib.import_module(f"{form}.measure.packed").Packer()
    pair = rows.Meter(), rows.Meter()
    for meter in pair:
        fill(meter, random)
        assert packer.fits(meter)
    before = [fields(meter) for meter in pair]
    octets = packer.pack(*pair)
    again = rows.Meter(), rows.Meter()
    packer.unpack(octets, *again)
    assert [fields(meter) for meter in again] == before


def measured(form: str, path: Path, size: int) -> list[dict[str, Any] | None]:
    """Return the meters of a capture that is given to a gauge ``size`` segments at a time."""
    gauge = importlib.import_module(f"{form}.measure.gauge").Gauge()
    source, decoder = open_source(str(path)), Decoder("none")
    streams: dict[bytes, int] = {}
    for batch in source.batches():
        for _, made in decoder.runs(batch.buffer, batch.frames, batch.count):
            s = decoder.segments
            numbers = type(s.seq)("q", bytes(8 * made))
            for i in range(made):
                numbers[i] = streams.setdefault(s.key[5 * i : 5 * i + 5].tobytes(), len(streams))
            for at in range(0, made, size):
                part = slice(at, at + size)
                sack = s.sack[8 * at : 8 * (at + size)]
                gauge.run(
                    min(size, made - at), s.time_ns[part], s.side[part], s.flags[part], s.seq[part], s.ack[part],
                    s.window[part], s.length[part], s.options[part], s.mss[part], s.scale[part], s.tsval[part],
                    s.tsecr[part], s.sack_count[part], sack, s.payload_captured[part], s.marks[part],
                    decoder.duplicate[part], numbers[part],
                )  # fmt: skip
    source.close()
    packed = [kept for kept in gauge.meters if isinstance(kept, bytes)]
    assert size > 1 or packed or len(streams) < 20
    assert all(len(kept) < 400 for kept in packed)
    return [fields(gauge.of(number, side)) for number in range(len(streams)) for side in (0, 1)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "path", [case for case in CAPTURES if "kernel/" in str(case.id)][::4] + CAPTURES[:20:4]
)
def test_packing_between_any_two_segments_changes_nothing(form: str, path: Path) -> None:
    assert measured(form, path, 1) == measured(form, path, 4096)


def test_every_field_of_a_meter_is_compared_above() -> None:
    whole = meters.Meter()
    fill(whole, Random(3))
    assert set(fields(whole)) | {"ring"} == set(meters.Meter.__slots__)
