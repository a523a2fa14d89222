"""Text for people: nothing from a packet reaches a terminal as it is, and numbers fit their columns."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.show.text import Clock, duration, endpoint, escape, short


@given(st.text())
def test_escaped_text_holds_no_control_format_or_surrogate_character(text: str) -> None:
    # Unicode's own classes say which characters have no glyph of their own.
    assert not {c for c in escape(text) if unicodedata.category(c)[0] == "C"}


@given(st.binary())
def test_escaped_octets_are_ascii_that_prints(octets: bytes) -> None:
    assert all(" " <= char <= "~" for char in escape(octets))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x9b31m", "\\x9b31m"),  # CSI as one octet
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\u202egnp.exe", "\\u202egnp.exe"),  # right-to-left override
        ("\ud800", "\\ud800"),
        ("\U000e0001x", "\\U000e0001x"),  # invisible tag
        (b"GET /\xff\x00", "GET /\\xff\\x00"),
        ("schön", "schön"),
    ],
)
def test_escape_shows_what_would_act(hostile: str | bytes, shown: str) -> None:
    assert escape(hostile) == shown


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0 µs"),
        (250, "250 ns"),
        (56_000, "56 µs"),
        (999_999, "999 µs"),
        (3_517_000, "3.517 ms"),
        (12_345_678_901, "12.345 s"),
        (240_000_000_000, "4 min 0 s"),
        (3_599_999_999_999, "59 min 59 s"),
        (86_399_000_000_000, "23 h 59 min"),
        (90_000_000_000_000, "1 d 1 h"),
        (-56_000, "-56 µs"),
    ],
)
def test_durations_have_the_unit_that_a_person_would_choose(ns: int, shown: str) -> None:
    assert duration(ns) == shown


@given(st.integers(0, 10_000 * 86_400 * 10**9))
def test_durations_fit_eleven_columns_and_have_an_ascii_form(ns: int) -> None:
    assert len(duration(ns)) <= 11
    assert duration(ns, ascii_only=True).isascii()


@given(st.integers(0, 2**64), st.sampled_from([(5, ""), (6, "B")]))
def test_short_numbers_fit_and_are_never_more_than_the_number(n: int, form: tuple[int, str]) -> None:
    width, unit = form
    text = short(n, width, unit)
    assert len(text) <= width
    scale = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
    digits = text.removesuffix(unit)
    factor = scale.get(digits[-1], 1)
    value = float(digits.rstrip("kMGTPE")) * factor
    assert value <= n * (1 + 1e-9)
    assert value >= n * 0.89  # at least two digits stand


def test_ipv6_addresses_stand_in_brackets_before_a_port() -> None:
    assert endpoint("2001:db8::1", 443) == "[2001:db8::1]:443"  # RFC 3986 3.2.2
    assert endpoint("192.0.2.1", 443) == "192.0.2.1:443"


def test_the_clock_is_local_unless_utc_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        moment = 1_487_691_966_464_962_000  # date -u -d @1487691966: 2017-02-21 15:46:06
        assert (Clock().day(moment), Clock().time(moment)) == ("2017-02-21", "21:16:06.464962")
        assert Clock().zone(moment) == "IST"
        assert (Clock(utc=True).time(moment, 3), Clock(utc=True).zone(moment)) == ("15:46:06.464", "UTC")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_listing_without_dates_is_in_no_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        clock = Clock()
        assert (clock.day(3_600 * 10**9), clock.time(3_600 * 10**9, 0)) == ("day 1", "01:00:00")
        assert (clock.day(90_000 * 10**9), clock.zone(90_000 * 10**9)) == ("day 2", "")
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.integers(-(2**63), 2**64) | st.integers(-(2**100), 2**100))
def test_no_time_is_too_far_away_for_the_clock(ns: int) -> None:
    for utc in (False, True):
        clock = Clock(utc)
        assert clock.day(ns)
        assert clock.time(ns)
