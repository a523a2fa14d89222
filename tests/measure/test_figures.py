"""Figures are made of readings: each reading is what its name says, and each way computes what it says, in both forms."""

import importlib
import statistics
from array import array
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.flow.bits import NO_TIME
from tcptrace.measure import ways
from tcptrace.measure.measures import MEASURES, plan
from tcptrace.measure.residency import time_in_states
from tcptrace.session import analyze
from tests.every import CAPTURES

FORMS = ["tcptrace", "tcptrace._compiled"]
NAMES = [row.name for row in MEASURES]
COUNTS = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1))
SUMS = st.one_of(st.integers(0, 3), st.integers(0, 10**12), st.integers(0, 2**62))


def form(prefix: str) -> tuple[Any, Any]:
    """Return the modules of figures and meters, plain or compiled."""
    if prefix != "tcptrace":
        pytest.importorskip("tcptrace._compiled.measure.figures", reason="no compiled twins here")
    return importlib.import_module(f"{prefix}.measure.figures"), importlib.import_module(
        f"{prefix}.measure.meters"
    )


def computed(prefix: str, way: ways.Way, of: int, per: int, squares: float = 0.0) -> object:
    """Return the figure that a way makes of its readings."""
    figures, meters = form(prefix)
    made = figures.Figures(array("q", way.words()))
    own = meters.Meter()
    setattr(own, way.of, of)
    if way.per:
        setattr(own, way.per, per)
    if way.squares:
        setattr(own, way.squares, squares)
    made.take(0, own, meters.Meter(), figures.Facts())
    return made.value(0)


@pytest.mark.parametrize("prefix", FORMS)
def test_each_reading_is_what_its_name_says(prefix: str) -> None:
    figures, meters = form(prefix)
    own, peer, facts = meters.Meter(), meters.Meter(), figures.Facts()
    numbers = iter(range(1, 200))
    expected: dict[str, float] = {}
    for name in ways.METER:
        expected[name] = next(numbers)
        setattr(own, name, expected[name])
    for name in ways.RARE:
        expected[name] = next(numbers)
        setattr(own.make_rare(), name, expected[name])
    expected["peer_dup_acks"] = peer.dup_acks = next(numbers)
    expected["peer_dup_triples"] = peer.make_rare().dup_triples = next(numbers)
    expected["peer_dup_longest"] = peer.make_rare().dup_longest = next(numbers)
    for name in ways.FACTS:
        expected[name] = next(numbers)
        setattr(facts, name, expected[name])
    own.rtt_squares, own.full_squares = 1.5, 2.5
    own.rare.last_squares, own.rare.again_squares = 3.5, 4.5
    made = figures.Figures(plan())
    made.read(own, peer, facts)
    found = dict(zip(ways.READINGS, made.readings, strict=True))
    assert {name: found[name] for name in expected} == expected
    assert set(ways.READINGS) - set(expected) == set(ways.MADE)
    assert dict(zip(ways.SQUARES, made.squares, strict=True)) == {
        "rtt_squares": 1.5, "full_squares": 2.5, "last_squares": 3.5, "again_squares": 4.5,
    }  # fmt: skip


@pytest.mark.parametrize("prefix", FORMS)
def test_what_is_made_of_readings_is_absent_where_the_capture_does_not_tell(prefix: str) -> None:
    figures, meters = form(prefix)
    made, facts, own = figures.Figures(plan()), figures.Facts(), meters.Meter()

    def readings() -> dict[str, int]:
        made.read(own, meters.Meter(), facts)
        found = dict(zip(ways.READINGS, made.readings, strict=True))
        return {name: found[name] for name in ways.MADE}

    assert readings() == {
        "has_scale": 0, "has_timestamps": 0, "has_sack_permitted": 0, "data_ns": 0, "idle_ns": -1,
        "rto_ns": 10**9, "again_bytes": -1, "stream_bytes": -1, "missed_bytes": -1,
    }  # fmt: skip
    own.syns = own.fins = 1
    own.iss, own.nxt = 2**32 - 10, 92  # around the end of sequence space: 100 octets between SYN and FIN
    own.data_bytes, facts.unique_bytes = 120, 70
    own.rtt_smooth_ns, own.rtt_var_ns = 10**9, 10**8
    own.data_first_ns, own.data_last_ns = 5, 3
    assert own.data_first_ns > own.data_last_ns > NO_TIME
    found = readings()
    assert (found["stream_bytes"], found["missed_bytes"], found["again_bytes"]) == (100, 30, 50)
    assert (found["rto_ns"], found["data_ns"]) == (1_400_000_000, 0)  # the clock went back: no time at all


@pytest.mark.parametrize("prefix", FORMS)
@given(total=SUMS, count=COUNTS)
def test_a_mean_is_the_double_nearest_to_the_quotient(prefix: str, total: int, count: int) -> None:
    found = computed(prefix, ways.mean("window_sum", "window_count"), total, count)
    assert found == (float(Fraction(total, count)) if count else None)
    found = computed(prefix, ways.mean_time("rtt_sum_ns", "rtt_count"), total, count)
    assert found == (float(Fraction(total, count)) / 1e9 if count else None)


@pytest.mark.parametrize("prefix", FORMS)
@given(ns=st.one_of(st.integers(0, 10**10), st.integers(0, 2**62)), count=COUNTS)
def test_a_time_is_given_in_seconds_where_there_is_one(prefix: str, ns: int, count: int) -> None:
    found = computed(prefix, ways.time("rtt_least_ns", "rtt_count"), ns, count)
    assert found == (float(Fraction(ns, 10**9)) if count else None)


@pytest.mark.parametrize("prefix", FORMS)
@given(octets=st.one_of(st.integers(-1, 10**8), st.integers(-1, 2**40)), ns=SUMS)
def test_a_rate_is_the_double_nearest_to_the_quotient(prefix: str, octets: int, ns: int) -> None:
    figures, meters = form(prefix)
    made, facts = figures.Figures(plan()), figures.Facts()
    facts.unique_bytes, facts.span_ns = octets, ns
    made.take(1, meters.Meter(), meters.Meter(), facts)
    found = made.value(made.count + NAMES.index("throughput_per_s"))
    assert found == (float(Fraction(octets * 10**9, ns)) if octets >= 0 and ns else None)


@pytest.mark.parametrize("prefix", FORMS)
@given(sample=st.lists(st.integers(0, 10**9), max_size=20))
def test_a_deviation_is_that_of_a_sample(prefix: str, sample: list[int]) -> None:
    squares = float(sum(ns * ns for ns in sample))
    way = ways.spread("rtt_squares", "rtt_sum_ns", "rtt_count")
    found = computed(prefix, way, sum(sample), len(sample), squares)
    if len(sample) < 2:
        assert found is None
    else:
        assert found == pytest.approx(statistics.stdev(sample) / 1e9, abs=1e-7 * max(sample) / 1e9)


@pytest.mark.parametrize("path", CAPTURES[::7])
def test_times_in_states_are_those_of_the_record_s_steps(path: Any) -> None:
    for connection in analyze(path, measures=True):
        for side in ("client", "server"):
            if connection.client == connection.server and side == "server":
                continue  # one end, not two
            spent = time_in_states(connection, side)
            assert connection.measures[side]["states_s"] == {state: ns / 10**9 for state, ns in spent.items()}  # type: ignore[index]


@pytest.mark.parametrize("path", CAPTURES[::7])
def test_figures_come_back_from_their_value(path: Any) -> None:
    figures, _ = form("tcptrace")
    for connection in analyze(path, measures=True):
        assert not isinstance(connection.measures, msgspec.UnsetType)
        made = figures.Figures(plan())
        made.load(connection.measures, NAMES)
        assert made.values(NAMES) == connection.measures
