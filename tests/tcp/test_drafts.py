"""A connection kept as its first segments is what the replay would have made of them at once.

``is_drafting = 0`` lets every segment move its ends when it comes; nothing that comes out may tell the two apart.
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcptrace import session
from tests.every import CAPTURES
from tests.tcp.properties import ACK, FIN, PSH, SYN, Choice, choices, frames_of, pcap_of
from tests.tcp.properties import words_of as told

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
MODEST = 200_000  # octets of a capture that is read many times here
WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"order": "end"},
    {"max_connections": 2},
    {"max_connections": 1, "order": "end"},
)


def lines(target: Any, is_drafting: int, **how: Any) -> list[Any]:
    """Return all that an analysis says: lines, capture, outcomes, and how often each rule fired."""
    made = session.analyze(target, **how)
    made._replay.is_drafting = is_drafting
    return [b"".join(made.lines()).decode().split("\n"), made.capture, made.outcomes, made.hits]


def outcomes(target: Any, is_drafting: int, **how: Any) -> list[Any]:
    """Return what an analysis says that makes no records."""
    made = session.analyze(target, **how)
    made._replay.is_drafting = is_drafting
    made.run()
    return [made.capture, made.outcomes]


def compare(target: Any, **how: Any) -> None:
    assert lines(target, 1, **how) == lines(target, 0, **how)
    assert outcomes(target, 1, **how) == outcomes(target, 0, **how)


SMALL = [case for case in CAPTURES if Path(str(case.values[0])).stat().st_size < MODEST]


@pytest.mark.parametrize("path", SMALL)
def test_every_capture_says_the_same(path: Path) -> None:
    compare(str(path))


def plain(
    pair: int, opener: int, first: int, timestamp: str, exchanges: list[tuple[int, int, int]]
) -> list[Choice]:
    """Return a short connection in order: handshake, data, a close by the side ``first``."""

    def one(side: int, flags: int, length: int = 0) -> Choice:
        seq = "new isn" if flags & SYN and pair else "next"
        return Choice(pair, side, flags, seq, "all", length, 2_000_000, timestamp, "none", 0)

    other = 1 - opener
    made = [one(opener, SYN), one(other, SYN | ACK), one(opener, ACK)]
    for side, length, acknowledged in exchanges:
        made.append(one(side, PSH | ACK, length))
        if acknowledged:
            made.append(one(1 - side, ACK))
    return [*made, one(first, FIN | ACK), one(1 - first, ACK), one(1 - first, FIN | ACK), one(first, ACK)]


connections = st.builds(
    plain,
    pair=st.sampled_from([0, 0, 1]),
    opener=st.integers(0, 1),
    first=st.integers(0, 1),
    timestamp=st.sampled_from(["none", "good"]),
    exchanges=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([1, 40, 1000]), st.integers(0, 1)), max_size=5
    ),
)
# (place, what to do, a segment of any kind): left out, put in, put in its place, exchanged with the one before
changes = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["out", "in", "instead", "swap", "sooner"]), choices()),
    max_size=3,
)


def changed(soup: list[Choice], what: list[tuple[int, str, list[Choice]]]) -> list[Choice]:
    """Return the soup with some places changed."""
    soup = list(soup)
    for place, kind, others in what:
        at = place % len(soup) if soup else 0
        if not soup or kind == "in":
            soup[at:at] = others[:1]
        elif kind == "out":
            del soup[at]
        elif kind == "instead":
            soup[at] = others[0]
        elif kind == "swap" and at:
            soup[at - 1], soup[at] = soup[at], soup[at - 1]
        elif kind == "sooner":
            soup[at] = soup[at]._replace(wait_ns=-1000)
    return soup


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(
    st.lists(connections, min_size=1, max_size=3),
    changes,
    st.sampled_from(WAYS),
    st.randoms(use_true_random=False),
)
def test_whatever_is_not_plain_says_the_same(
    several: list[list[Choice]], what: list[tuple[int, str, list[Choice]]], how: dict[str, Any], random: Any
) -> None:
    waiting = [list(each) for each in several]
    soup: list[Choice] = []
    while waiting:  # side by side
        chosen = random.choice(waiting)
        soup.append(chosen.pop(0))
        if not chosen:
            waiting.remove(chosen)
    frames = frames_of(changed(soup, what))
    try:
        compare(pcap_of(frames), **how)
    except AssertionError as error:
        raise AssertionError(told(frames)) from error


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(choices(clock_goes_back=True), st.sampled_from(WAYS))
def test_any_soup_says_the_same(soup: list[Choice], how: dict[str, Any]) -> None:
    compare(pcap_of(frames_of(soup)), **how)


def test_a_plain_connection_is_kept_without_states_until_its_record_is_made() -> None:
    soup = plain(0, 0, 1, "good", [(0, 40, 1), (1, 1000, 0), (1, 1000, 1)])
    made = session.analyze(pcap_of(frames_of(soup)))
    made.run()
    assert made.outcomes == {"closed": 1}
    assert not any(made.hits)
    (record,) = session.analyze(pcap_of(frames_of(soup)))
    assert record.outcome == "closed"
    assert (record.path.client[-1], record.path.server[-1]) == ("CLOSED", "TIME-WAIT")
