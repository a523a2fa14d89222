"""What may stand for a value that varies: ends, words, numbers, paths."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.golden import patterns
from tcptrace.model.records import Endpoint
from tcptrace.model.states import STATE_NAMES

NAMES = {"web": "10.0.0.0/8", "http": "8000-8999", "db": "192.0.2.5:5432"}


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("192.0.2.1:80", [("192.0.2.1", 80)], [("192.0.2.1", 81), ("192.0.2.10", 80)]),
        ("192.0.2.*:80", [("192.0.2.1", 80), ("192.0.2.255", 80)], [("192.0.20.1", 80)]),
        ("*:*", [("192.0.2.1", 0), ("2001:db8::1", 65535)], []),
        ("*:1024-65535", [("192.0.2.1", 1024)], [("192.0.2.1", 1023)]),
        ("10.0.0.0/8:80", [("10.255.1.2", 80)], [("11.0.0.1", 80), ("2001:db8::1", 80)]),
        ("[2001:db8::1]:443", [("2001:db8::1", 443)], [("2001:db8::2", 443)]),
        ("[2001:DB8:0::1]:443", [("2001:db8::1", 443)], []),
        ("[2001:db8::*]:443", [("2001:db8::abcd", 443)], [("2001:db9::1", 443)]),
        ("[2001:db8::/32]:*", [("2001:db8:1::1", 9)], [("2001:db9::1", 9), ("10.0.0.1", 9)]),
        ("web:http", [("10.1.2.3", 8080)], [("10.1.2.3", 80), ("192.0.2.1", 8080)]),
        ("web:443", [("10.1.2.3", 443)], []),
        ("db", [("192.0.2.5", 5432)], [("192.0.2.5", 5433)]),
    ],
)
def test_an_end_is_the_address_and_port_that_are_meant(
    text: str, yes: list[tuple[str, int]], no: list[tuple[str, int]]
) -> None:
    end = patterns.end(text, NAMES)
    assert [place for place in yes if not end.matches(Endpoint(*place))] == []
    assert [place for place in no if end.matches(Endpoint(*place))] == []
    if end.exact is not None:
        assert end.matches(end.exact)
        assert "*" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere", "is no end; write ADDRESS:PORT"),
        ("192.0.2.1:http2", "'http2' is no port"),
        ("192.0.2.1:70000", "'70000' is no port"),
        ("192.0.2.1:80-", "is no port"),
        ("webb:80", "'webb' is no address and no name of [names]"),
        ("10.0.0.0/40:80", "is no network"),
    ],
)
def test_what_is_no_end_says_so(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        patterns.end(text, NAMES)


@pytest.mark.parametrize(
    ("given_", "yes", "no"),
    [
        (5, [5], [4, 6]),
        (0.25, [0.25], [0.24]),
        ("3..8", [3, 5.5, 8], [2.9, 9]),
        ("..0.2", [-1, 0.2], [0.21]),
        ("1..", [1, 10**9], [0]),
        ("7", [7], [8]),
        ("*", [0, None], []),
        ("-", [None], [0, 1]),
    ],
)
def test_a_span_holds_its_bounds(given_: float | str, yes: list[float], no: list[float]) -> None:
    span = patterns.span(given_)
    assert [value for value in yes if not span.matches(value)] == []
    assert [value for value in no if span.matches(value)] == []
    assert given_ in ("*", "-") or not span.matches(None)


@pytest.mark.parametrize("text", ["", "..", "a..b", "1-2", "five", True])
def test_what_is_no_span_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        patterns.span(text)


PATHS = st.lists(st.sampled_from(STATE_NAMES), min_size=1, max_size=7)


@given(PATHS)
def test_a_path_without_gaps_is_itself_only(states: list[str]) -> None:
    path = patterns.path(" ".join(states), gaps=True)
    assert path.matches(states)
    assert not path.matches(states[:-1])
    assert not path.matches([*states, "CLOSED"])


@given(st.lists(st.sampled_from([*STATE_NAMES[:4], "*", "CLOSED|LISTEN"]), min_size=1, max_size=6), PATHS)
def test_a_path_matches_what_the_same_regular_expression_matches(
    tokens: list[str], states: list[str]
) -> None:
    pattern = "".join(r"(?:[A-Z0-9-]+ )*" if token == "*" else f"(?:{token}) " for token in tokens)
    oracle = re.fullmatch(pattern, "".join(f"{state} " for state in states)) is not None
    assert patterns.path(" ".join(tokens), gaps=True).matches(states) == oracle


def test_gaps_are_for_those_files_only_that_may_have_them() -> None:
    for text in ("CLOSED * CLOSED", "CLOSED|LISTEN"):
        with pytest.raises(ValueError, match="is no state"):
            patterns.path(text, gaps=False)
