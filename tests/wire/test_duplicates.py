"""Second copies. Truth: the row `duplicate_frame` of the findings, and a list searched from its end."""

import time
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace.model.columns import APART_BITS
from tcptrace.model.tcpflags import MARK_NO_IP_ID
from tests.wire.decode_frames import FORMS, module
from tests.wire.naive_decode import naive_marks

MS = 1_000_000
Row = tuple[int, int, int]  # fingerprint, time in ns, marks


class Copies:
    """One form of the kernel, fed with rows."""

    def __init__(self, form: str) -> None:
        self.kernel = module(form, "duplicates").Duplicates()
        self.frames = 0
        self.last: dict[int, tuple[int, int]] = {}  # fingerprint -> frame and time of the newest

    def mark(self, rows: list[Row]) -> list[int]:
        count = len(rows)
        out = array("B", b"\x77" * (count + 1))
        earlier = array("q", [-1]) * count
        found = self.kernel.mark(
            array("Q", [row[0] for row in rows]),
            array("q", [row[1] for row in rows]),
            array("B", [row[2] for row in rows]),
            array("q", range(self.frames + 1, self.frames + count + 1)),
            count,
            out,
            earlier,
        )
        for i, (fingerprint, now, _) in enumerate(rows):
            self.frames += 1
            if out[i]:  # it names the newest one with its fingerprint, and the time between
                frame, then = self.last[fingerprint]
                assert divmod(earlier[i], 1 << APART_BITS) == (frame, abs(now - then))
            else:
                assert earlier[i] == -1
            self.last[fingerprint] = (self.frames, now)
        assert out[count] == 0x77
        assert found == sum(out[:count])
        return list(out[:count])


@pytest.fixture(params=FORMS)
def copies(request: pytest.FixtureRequest) -> Copies:
    return Copies(str(request.param))


@pytest.mark.parametrize("fingerprint", [0, 1, 0xFFFF, 2**63, 2**64 - 1])
@pytest.mark.parametrize("start", [0, 1_500_000_000 * 10**9, 2**62])
def test_a_copy_comes_within_10_ms(fingerprint: int, start: int) -> None:
    for form in FORMS:
        for apart, copy in ((0, 1), (10 * MS, 1), (10 * MS + 1, 0), (-10 * MS, 1), (-10 * MS - 1, 0)):
            rows = [(fingerprint, start + 20 * MS, 0), (fingerprint, start + 20 * MS + apart, 0)]
            assert Copies(form).mark(rows) == [0, copy]


def test_without_an_ip_identification_a_copy_comes_within_1_ms(copies: Copies) -> None:
    rows = [(5, 0, MARK_NO_IP_ID), (5, MS, MARK_NO_IP_ID), (5, 2 * MS + 1, MARK_NO_IP_ID)]
    assert copies.mark(rows) == [0, 1, 0]


def test_all_copies_after_the_first_are_marked(copies: Copies) -> None:
    assert copies.mark([(5, 0, 0), (6, 1, 0), (5, 1, 0), (5, 2, 0), (6, 3, 0)]) == [0, 0, 1, 1, 1]


def test_fingerprints_that_share_their_low_bits_are_different_packets(copies: Copies) -> None:
    rows = [(7 + (i << 20), i, 0) for i in range(50)]
    assert copies.mark(rows) == [0] * 50
    assert copies.mark(rows) == [1] * 50


def test_the_ring_holds_65536_segments_and_no_more(copies: Copies) -> None:
    filler = [(2 + i, 0, 0) for i in range(65_535)]
    assert copies.mark([(1, 0, 0), *filler, (1, 0, 0)])[-1] == 1
    assert copies.mark([*filler, (0, 0, 0), (1, 0, 0)])[-1] == 0


def test_times_at_the_ends_of_64_bits_are_far_apart(copies: Copies) -> None:
    rows = [(5, -(2**63), 0), (5, 2**63 - 1, 0), (5, -(2**63), 0), (5, -(2**63) + 10 * MS, 0)]
    assert copies.mark(rows) == [0, 0, 0, 1]


def test_batches_change_nothing(copies: Copies) -> None:
    rows = [(i % 7, i * MS, 0) for i in range(100)]
    assert [mark for row in rows for mark in copies.mark([row])] == naive_marks(rows)


fingerprints = st.one_of(
    st.integers(0, 3), st.integers(0, 3).map(lambda n: n << 20), st.integers(0, 2**64 - 1)
)
times = st.one_of(st.integers(0, 30 * MS), st.integers(-(2**63), 2**63 - 1))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(fingerprints, times, st.sampled_from([0, MARK_NO_IP_ID])), max_size=60))
def test_all_forms_find_what_a_search_finds(rows: list[Row]) -> None:
    expected = naive_marks(rows)
    for form in FORMS:
        assert Copies(form).mark(rows) == expected


@pytest.mark.parametrize("form", FORMS)
def test_a_ring_that_has_gone_round_finds_what_a_dictionary_finds(form: str) -> None:
    kernel = Copies(form)
    last: dict[int, int] = {}
    state = 12345
    place = 0
    for _ in range(3):
        rows = []
        expected = []
        for _ in range(70_000):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            # a few fingerprints that come often, many that come now and then, all with crowded low bits
            fingerprint = (state >> 33) % (40 if state >> 60 else 90_000) << 15
            rows.append((fingerprint, 0, 0))
            expected.append(int(fingerprint in last and place - last[fingerprint] <= 65_536))
            last[fingerprint] = place
            place += 1
        assert kernel.mark(rows) == expected


@pytest.mark.parametrize("form", FORMS)
def test_the_same_packet_over_and_over_takes_no_longer_than_different_ones(form: str) -> None:
    def seconds(rows: list[Row]) -> float:
        kernel = Copies(form)
        begin = time.process_time()
        kernel.mark(rows)
        return time.process_time() - begin

    same = [(1 << 20, 0, 0), (2 << 20, 0, 0)] * 50_000
    different = [(i * 0x9E3779B97F4A7C15 % 2**64, 0, 0) for i in range(100_000)]
    assert seconds(same) < 5 * seconds(different) + 0.05
