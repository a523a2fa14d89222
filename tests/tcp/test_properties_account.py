"""The numbers of one direction against a naive twin: a set of octets, and Karn's rule as RFC 6298 3 says it.

The twin is written from the contract's words: ``unique_bytes`` counts each payload number once; ``rtt_s``
goes from what was sent to its acknowledgement, without a sample from what was sent twice.
"""

import importlib
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcptrace import kernels

FORMS = ["tcptrace", *(["tcptrace._compiled"] if kernels.is_compiled("tcp.account") else [])]
WRAP = 1 << 32
MAX_GAPS = 1024
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
STARTS = [WRAP, WRAP + 2**31 - 20, 2 * WRAP - 3]


class Sent(NamedTuple):
    """A segment of the end: payload [left, left + length) relative to its first octet."""

    left: int
    length: int


class Acked(NamedTuple):
    """The peer acknowledges all below ``below`` (relative), or as much of it as was sent."""

    below: int


class Row:
    """An end's row and the kernel that fills it."""

    def __init__(self, form: str, start: int) -> None:
        rows = importlib.import_module(f"{form}.flow.rows")
        self.account = importlib.import_module(f"{form}.tcp.account").Account()
        self.end, self.segment = rows.End(), rows.Segment()
        self.start, self.now = start, 0

    def send(self, left: int, length: int, syn: int = 0, fin: int = 0) -> None:
        x = self.segment
        self.now += 1000
        x.time_ns, x.seq, x.length, x.syn, x.fin = self.now, self.start + left, length, syn, fin
        x.end = x.seq + length + syn + fin
        self.account.sent(self.end, x)

    def take_ack(self, below: int) -> None:
        """Do what the replay does with an ACK of the peer."""
        self.now += 1000
        ack = self.start + below
        self.account.sample(self.end, ack, self.now)
        if self.end.cont < ack <= self.end.snd_nxt:
            self.account.acknowledged(self.end, ack)


def outgoing(steps: int, span: int, longest: int) -> st.SearchStrategy[list[Sent]]:
    return st.lists(st.builds(Sent, st.integers(0, span), st.integers(0, longest)), max_size=steps)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(start=st.sampled_from(STARTS), segments=outgoing(40, 120, 25))
def test_unique_bytes_are_the_octets_sent_each_once(form: str, start: int, segments: list[Sent]) -> None:
    row, octets = Row(form, start), set()
    row.send(-1, 0, syn=1)
    for left, length in segments:
        row.send(left, length)
        octets |= set(range(left, left + length))
        assert row.end.unique_bytes == len(octets)
        holes = [at for at in range(200) if at not in octets]
        assert row.end.cont == start + holes[0], "all below `cont` was captured, and it was not"
        assert row.end.snd_nxt == start + max(octets, default=-1) + 1
    gap, ranges = (row.end.cold.gaps if row.end.cold else None), set()
    while gap is not None:
        assert gap.left < gap.right
        ranges |= set(range(gap.left - start, gap.right - start))
        gap = gap.next
    assert ranges == {at for at in octets if start + at >= row.end.cont}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(
    start=st.sampled_from(STARTS),
    steps=st.lists(
        st.one_of(
            st.builds(Sent, st.integers(0, 60), st.integers(0, 20)), st.builds(Acked, st.integers(0, 90))
        ),
        max_size=40,
    ),
)
def test_an_ack_of_what_was_not_captured_closes_the_hole_and_counts_no_octet(
    form: str, start: int, steps: list[Sent | Acked]
) -> None:
    row, octets, sent, acked = Row(form, start), set[int](), 0, 0
    row.send(-1, 0, syn=1)
    for step in steps:
        if isinstance(step, Acked):
            acked = max(acked, min(step.below, sent))
            row.take_ack(min(step.below, sent))
        else:
            # What the peer has acknowledged it had: its repeat is no new octet, captured before or not.
            fresh = {at for at in range(step.left, step.left + step.length) if at >= acked}
            octets |= fresh
            row.send(step.left, step.length)
            sent = max(sent, step.left + step.length) if step.length else sent
        assert row.end.cont >= start + acked
        assert len({at for at in octets if at >= acked}) <= row.end.unique_bytes <= len(octets)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(start=st.sampled_from(STARTS), data=st.data())
def test_round_trips_are_karn_s(form: str, start: int, data: st.DataObject) -> None:
    """New data in order, repeats of what is outstanding, ACKs at the ends of segments."""
    row = Row(form, start)
    row.send(-1, 0, syn=1)
    outstanding: list[tuple[int, int, int]] = [(-1, 0, row.now)]  # left, right, when
    twice: set[int] = set()  # numbers sent twice
    samples: list[int] = []
    sent = acked = 0
    for what in data.draw(st.lists(st.sampled_from(["new", "new", "again", "ack", "ack"]), max_size=40)):
        if what == "new":
            length = data.draw(st.integers(1, 20))
            row.send(sent, length)
            outstanding.append((sent, sent + length, row.now))
            sent += length
        elif what == "again" and outstanding:
            left, right, _ = data.draw(st.sampled_from(outstanding))
            if left < 0:
                continue
            row.send(left, right - left)
            twice |= set(range(left, right))
        elif what == "ack" and outstanding:
            below = data.draw(st.sampled_from([right for _, right, _ in outstanding]))
            if below <= acked:
                continue
            row.take_ack(below)
            done = [segment for segment in outstanding if segment[1] <= below]
            outstanding = [segment for segment in outstanding if segment[1] > below]
            left, right, when = done[-1]
            if not twice & set(range(left, right)):
                samples.append(row.now - when)
            acked = below
    # A sample may be left out (the kernel bars one span of numbers, not each), none may be made up.
    assert row.end.rtt_count <= len(samples)
    if not twice:
        assert row.end.rtt_count == len(samples)
        assert row.end.rtt_sum == sum(samples)
    if row.end.rtt_count:
        assert row.end.rtt_min in samples
        assert row.end.rtt_max in samples
        assert row.end.rtt_sum <= sum(samples)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("holes", [MAX_GAPS, MAX_GAPS + 1])
def test_beyond_1024_holes_unique_bytes_are_not_known(form: str, holes: int) -> None:
    row = Row(form, 2 * WRAP - 3)
    row.send(-1, 0, syn=1)
    for at in range(holes):
        row.send(10 + 10 * at, 5)
    assert row.end.unique_bytes == (5 * holes if holes <= MAX_GAPS else -1)
    assert row.end.cold.gap_count <= MAX_GAPS
    row.send(0, 10 * holes + 5)  # all of it once more
    assert row.end.unique_bytes == (10 * holes + 5 if holes <= MAX_GAPS else -1)
    assert row.end.cold.gap_count == 0
    assert row.end.cont == row.end.snd_nxt


@pytest.mark.parametrize("form", FORMS)
def test_a_syn_s_and_a_fin_s_number_are_no_octets(form: str) -> None:
    row = Row(form, 2 * WRAP - 3)
    row.send(-1, 0, syn=1)
    row.send(5, 5, fin=1)  # behind a hole
    row.send(5, 5, fin=1)  # again
    assert row.end.unique_bytes == 5
    row.end.fin_seq = row.start + 10
    row.send(0, 5)
    assert (row.end.unique_bytes, row.end.cont) == (10, row.start + 11)


@pytest.mark.parametrize("form", FORMS)
def test_outstanding_segments_are_bounded(form: str) -> None:
    row = Row(form, WRAP)
    row.send(-1, 0, syn=1)
    for at in range(20_000):
        row.send(at, 1)
    assert row.end.flight.count <= len(row.end.flight.ends) <= 8192
    row.take_ack(20_000)
    assert row.end.sent_end == -1
