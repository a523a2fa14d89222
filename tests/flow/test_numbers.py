"""Sequence number arithmetic against its definition (RFC 9293 3.4), both forms."""

import importlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace import kernels

WRAP = 1 << 32
FORMS = ["tcptrace", *(["tcptrace._compiled"] if kernels.is_compiled("flow.rows") else [])]
EDGES = [0, 1, 2**31 - 1, 2**31, 2**31 + 1, WRAP - 3, WRAP - 1]
RAW = st.one_of(st.sampled_from(EDGES), st.integers(0, WRAP - 1))
NEAR = st.one_of(
    st.sampled_from([at + lap for at in EDGES for lap in (0, WRAP, 2**62, 2**62 - 2**31)]),
    st.integers(0, 2**62),
)


def numbers(form: str) -> Any:
    return importlib.import_module(f"{form}.flow.rows").Numbers()


@pytest.mark.parametrize("form", FORMS)
@given(raw=RAW, near=NEAR)
def test_unwrap_gives_the_nearest_number_that_is_equal_modulo_2_to_the_32(
    form: str, raw: int, near: int
) -> None:
    found = numbers(form).unwrap(raw, near)
    assert (found - raw) % WRAP == 0
    # Nearest: no other number of the class is nearer; at the same distance the lower one.
    assert -(2**31) <= found - near < 2**31


@pytest.mark.parametrize("form", FORMS)
@given(start=st.integers(WRAP, 2**40), steps=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=50))
def test_unwrapping_follows_any_walk_of_steps_below_2_to_the_31(
    form: str, start: int, steps: list[int]
) -> None:
    unwrap = numbers(form).unwrap
    true = start
    for step in steps:
        if true + step < 0:
            continue
        near, true = true, true + step
        assert unwrap(true % WRAP, near) == true
