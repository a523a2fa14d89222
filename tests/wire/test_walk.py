"""The walk: compiled and plain agree to the last column, whatever the octets, and wherever they are split."""

import importlib
import struct
from array import array
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.columns import Frames
from tcptrace.wire import walk as plain
from tcptrace.wire import walk_codes as codes
from tests.wire.hand import block, enhanced, interface, old_packet, pcap_record, simple

compiled = importlib.import_module("tcptrace._compiled.wire.walk")
TWINS = pytest.mark.parametrize("module", [plain, compiled], ids=["plain", "compiled"])

ROOM = 5  # entries of the columns: small, so that they fill up
INTERFACES = array("q")
for row in (
    (1, 0, 0, codes.TIME_MULTIPLY, 1000, (1 << 61) // 1000, 0, 6, 0),
    (101, 10, 4, codes.TIME_DIVIDE, 10**3, (1 << 63) - 1, -(10**9), 12, -1),
    (276, 3, 0, codes.TIME_SHIFT, 32, (1 << 63) - 1, 5 * 10**9, 0x80 | 32, 5),
    (0, 0, 2, codes.TIME_EXACT, 0, 0, 0, 0x80 | 127, 1 << 62),
):
    INTERFACES.extend(row)
KNOWN = 4

ORDERS = st.sampled_from("<>")
SMALL = st.binary(max_size=12)
WORDS = st.one_of(st.integers(0, 20), st.integers(0, 2**32 - 1))


@st.composite
def pcap_octets(draw: Any) -> tuple[bytes, str]:
    """Draw records, then spoil some octets."""
    order = draw(ORDERS)
    parts = []
    for seconds, fraction, data, wire in draw(st.lists(st.tuples(WORDS, WORDS, SMALL, WORDS), max_size=12)):
        parts.append(pcap_record(seconds, fraction, data, wire, order))
    return draw(spoil(b"".join(parts))), order


@st.composite
def pcapng_octets(draw: Any) -> tuple[bytes, str]:
    """Draw blocks, then spoil some octets."""
    order = draw(ORDERS)
    ticks = st.integers(0, 2**64 - 1)
    one = st.one_of(
        st.builds(lambda t, d, w, n: enhanced(t, d, w, n, order), ticks, SMALL, WORDS, st.integers(0, KNOWN)),
        st.builds(lambda t, d, n: old_packet(t, d, n, 7, order), ticks, SMALL, st.integers(0, KNOWN)),
        st.builds(lambda d: simple(d, order=order), SMALL),
        st.builds(lambda k, d: block(k, d, order), st.integers(4, 99), SMALL),
        st.just(interface(order)),
    )
    return draw(spoil(b"".join(draw(st.lists(one, max_size=12))))), order


@st.composite
def spoil(draw: Any, octets: bytes) -> bytes:
    spoilt = bytearray(octets)
    if spoilt:
        for at, value in draw(
            st.lists(st.tuples(st.integers(0, len(spoilt) - 1), st.integers(0, 255)), max_size=3)
        ):
            spoilt[at] = value
    return bytes(spoilt[: draw(st.integers(0, len(spoilt)))] if draw(st.booleans()) else spoilt)


def rows(frames: Frames, first: int, count: int) -> list[tuple[int, ...]]:
    return [tuple(column[i] for column in frames) for i in range(first, count)]


def walk_pcap(module: ModuleType, octets: bytes, arguments: tuple[int, ...], pieces: list[int]) -> list[Any]:
    """Return all that can be seen of a walk: the first octets of the pieces first, then the more."""
    walker = module.PcapWalker(*arguments)
    frames = Frames.empty(ROOM)
    seen: list[Any] = []
    start = 0
    for end in [*pieces, len(octets)]:
        count = ROOM
        while count == ROOM:
            count = walker.walk(octets, start, end, *frames)
            start = walker.position
            seen += rows(frames, 0, count)
        if walker.reason != codes.MORE:
            break
    return [*seen, walker.position, walker.reason, walker.detail, walker.frames]


def walk_pcapng(module: ModuleType, octets: bytes, order: str, pieces: list[int]) -> list[Any]:
    walker = module.PcapngWalker()
    walker.big = int(order == ">")
    frames = Frames.empty(ROOM)
    seen: list[Any] = []
    start = 0
    for end in [*pieces, len(octets)]:
        first = ROOM
        while first == ROOM and start <= end:
            first = walker.walk(octets, start, end, INTERFACES, KNOWN, 0, *frames)
            start = walker.position
            seen += rows(frames, 0, first)
            if walker.reason == codes.BLOCK:
                start += walker.length
                seen.append(("block", walker.detail, walker.length))
                first = ROOM
        if walker.reason not in (codes.MORE, codes.BLOCK):
            break
    return [
        *seen,
        start,
        walker.reason,
        walker.detail,
        walker.frames,
        walker.big,
        walker.last_ns,
        walker.trailer,
    ]


@given(
    pcap_octets(),
    st.tuples(
        st.sampled_from([1, 1000]), st.sampled_from([16, 24]), st.integers(0, 2), st.sampled_from([0, 4])
    ),
    st.lists(st.integers(0, 300), max_size=6),
)
def test_pcap_walks_alike_compiled_and_plain_whole_and_in_pieces(
    drawn: tuple[bytes, str], how: tuple[int, int, int, int], cuts: list[int]
) -> None:
    octets, order = drawn
    unit, header, lengths, fcs = how
    arguments = (int(order == ">"), unit, header, lengths, 101, fcs)
    pieces = sorted(min(cut, len(octets)) for cut in cuts)
    whole = walk_pcap(plain, octets, arguments, [])
    assert walk_pcap(compiled, octets, arguments, []) == whole
    assert walk_pcap(plain, octets, arguments, pieces) == whole
    assert walk_pcap(compiled, octets, arguments, pieces) == whole


@given(pcapng_octets(), st.lists(st.integers(0, 500), max_size=6))
def test_pcapng_walks_alike_compiled_and_plain_whole_and_in_pieces(
    drawn: tuple[bytes, str], cuts: list[int]
) -> None:
    octets, order = drawn
    pieces = sorted(min(cut, len(octets)) for cut in cuts)
    whole = walk_pcapng(plain, octets, order, [])
    assert walk_pcapng(compiled, octets, order, []) == whole
    assert walk_pcapng(plain, octets, order, pieces) == whole
    assert walk_pcapng(compiled, octets, order, pieces) == whole


@given(st.binary(max_size=200), ORDERS)
def test_random_octets_walk_alike_compiled_and_plain(octets: bytes, order: str) -> None:
    assert walk_pcapng(compiled, octets, order, []) == walk_pcapng(plain, octets, order, [])
    arguments = (int(order == ">"), 1000, 16, 0, 1, 0)
    assert walk_pcap(compiled, octets, arguments, []) == walk_pcap(plain, octets, arguments, [])


@TWINS
@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 2**31 - 1, 2**31, 2**32 - 1])
def test_numbers_keep_their_sign_at_the_edges_of_32_bits(module: ModuleType, value: int) -> None:
    for big, order in enumerate("<>"):
        octets = struct.pack(order + "IIII", value, 0, 0, value)
        walker = module.PcapWalker(big, 1, 16, codes.LENGTHS_IN_ORDER, 1, 0)
        frames = Frames.empty(1)
        assert walker.walk(octets, 0, 16, *frames) == 1
        assert (frames.time_ns[0], frames.wire[0]) == (value * 10**9, value)


@TWINS
def test_the_columns_fill_up_and_the_walk_goes_on_from_there(module: ModuleType) -> None:
    octets = b"".join(pcap_record(i, 0, bytes(i)) for i in range(12))
    seen = walk_pcap(module, octets, (0, 1, 16, codes.LENGTHS_IN_ORDER, 1, 0), [])
    assert [row[5] for row in seen[:-4]] == list(range(1, 13))
    assert seen[-4:] == [len(octets), codes.MORE, 0, 12]
