"""A transition as a line: read and written exactly, for every step of every capture here and for made-up ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tcptrace
from tcptrace.golden import steps
from tcptrace.golden.steps import Step, Wanted
from tcptrace.model.states import STATE_NAMES
from tcptrace.tcp.machine import CAUSES
from tests.every import CAPTURES

FRAMES = st.none() | st.integers(1, 10**12)


@given(
    st.builds(
        Step,
        FRAMES,
        st.integers(-(10**18), 10**18),
        st.sampled_from(steps.SIDES),
        st.sampled_from(STATE_NAMES),
        st.sampled_from(STATE_NAMES),
        st.sampled_from(CAUSES),
        st.sampled_from(steps.EVIDENCE),
        FRAMES,
    )
)
def test_a_line_says_the_step_to_the_nanosecond(step: Step) -> None:
    assert steps.read(steps.line(step)) == Wanted(step)


@pytest.mark.parametrize("path", CAPTURES)
def test_every_step_of_every_capture_survives(path: str) -> None:
    for connection in tcptrace.analyze(path):
        found = steps.steps_of(connection)
        assert [steps.read(steps.line(step)) for step in found] == [Wanted(step) for step in found]


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("1.5", 1_500_000_000),
        ("0.000000001", 1),
        ("-0.25", -250_000_000),
        ("240.07", 240_070_000_000),
    ],
)
def test_seconds_are_read_exactly(text: str, ns: int) -> None:
    assert steps.nanoseconds(text) == ns


@pytest.mark.parametrize("text", ["", ".5", "1e3", "1.0000000001", "+1", "nan", "--1", "1.-5", "٣"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        steps.nanoseconds(text)


@pytest.mark.parametrize(("ns", "text"), [(0, "0.000000"), (1, "0.000000001"), (-56_000, "-0.000056")])
def test_digits_are_six_or_where_they_are_needed_nine(ns: int, text: str) -> None:
    assert steps.seconds(ns) == text
