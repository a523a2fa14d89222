"""pcapng: sections, interfaces, resolutions, block types, cut and spoilt; tshark and capinfos as peers."""

import io
import struct
import subprocess
import tracemalloc
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.errors import InputError
from tcptrace.source import open_source
from tcptrace.wire.writer import PcapngWriter
from tests.wire.hand import (
    Frame,
    block,
    enhanced,
    frames_of,
    interface,
    old_packet,
    option,
    section,
    simple,
    tsoffset,
    tsresol,
)

DATA = bytes(range(60))
UNKNOWN = "which this section does not describe"
SECOND = 10**6  # ticks, where the file does not say otherwise
HELD = (1 << 62) - 1  # times are held within this many nanoseconds of the epoch


@pytest.mark.parametrize("order", ["<", ">"])
def test_all_three_packet_blocks_are_frames_and_the_others_are_passed_over(order: str) -> None:
    octets = section(order, options=option(2, b"hardware", order) + option(0, b"", order))
    octets += block(4, bytes(16), order) + interface(order, 113) + block(0xBAD, b"custom" * 9, order)
    octets += enhanced(SECOND, DATA, 1500, 0, order) + block(5, bytes(12), order)
    octets += old_packet(2 * SECOND, DATA[:5], 0, 0xFFFF, order) + block(10, b"secrets", order)
    octets += simple(DATA[:7], order=order) + block(0x80000001, b"", order) + enhanced(0, b"", 9, 0, order)
    source = open_source(octets)
    assert frames_of(source) == [
        Frame(1, 10**9, 113, 1500, DATA),
        Frame(2, 2 * 10**9, 113, 5, DATA[:5]),
        Frame(3, 2 * 10**9, 113, 7, DATA[:7]),  # a simple packet block has the time of the frame before
        Frame(4, 0, 113, 9, b""),
    ]
    assert (source.format, source.link_types, source.problem) == ("pcapng", ["LINUX_SLL"], None)


def test_a_simple_packet_block_that_comes_first_has_time_0() -> None:
    assert frames_of(open_source(section() + interface() + simple(DATA))) == [Frame(1, 0, 1, 60, DATA)]


def test_a_simple_packet_block_holds_what_the_first_interfaces_snap_length_left() -> None:
    octets = section() + interface(snap=20) + interface(snap=5) + simple(DATA[:20], 60) + simple(DATA[:9])
    assert [(f.wire, f.data) for f in frames_of(open_source(octets))] == [(60, DATA[:20]), (9, DATA[:9])]


def test_each_section_has_its_own_byte_order_and_interfaces() -> None:
    octets = section("<") + interface("<", 1) + interface("<", 0) + enhanced(SECOND, DATA, number=1)
    octets += section(">", (1, 2)) + interface(">", 276, options=tsresol(9, ">"))
    octets += enhanced(5, DATA, number=0, order=">") + section("<") + section("<") + interface("<", 101)
    octets += enhanced(2 * SECOND, b"")
    source = open_source(octets)
    assert frames_of(source) == [
        Frame(1, 10**9, 0, 60, DATA),
        Frame(2, 5, 276, 60, DATA),
        Frame(3, 2 * 10**9, 101, 0, b""),
    ]
    assert source.link_types == ["ETHERNET", "NULL", "LINUX_SLL2", "RAW"]


def test_an_interface_may_be_described_between_packets_and_ends_at_its_section() -> None:
    octets = section() + interface() + enhanced(1, b"a") + interface(link=0) + enhanced(1, b"b", number=1)
    octets += section() + interface() + enhanced(1, b"c", number=1)
    source = open_source(octets)
    assert [(f.link, f.data) for f in frames_of(source)] == [(1, b"a"), (0, b"b")]
    where = len(section() * 2 + interface() * 3) + len(enhanced(1, b"a") * 2)
    assert source.problem == (
        f"corrupt at offset {where}: a frame of interface 1, which this section does not describe"
    )


@pytest.mark.parametrize("bits", [32, 4])  # what the draft says, what its example says
def test_the_frame_check_sequence_is_stripped_where_the_interface_says_so(bits: int) -> None:
    octets = section() + interface(options=option(13, bytes([bits])))
    octets += enhanced(0, DATA) + enhanced(0, DATA[:9], 60)
    assert [(f.wire, f.data) for f in frames_of(open_source(octets))] == [(56, DATA[:56]), (56, DATA[:9])]


def exact(ticks: int, resolution: int, offset: int) -> int:
    unit = Fraction(1, (2 if resolution & 0x80 else 10) ** (resolution & 0x7F))
    return max(-HELD, min(HELD, floor(ticks * unit * 10**9) + offset * 10**9))


def times(resolution: int, offset: int, ticks: list[int], order: str = "<") -> list[int]:
    options = tsresol(resolution, order) + tsoffset(offset, order) + option(0, b"", order)
    octets = section(order) + interface(order, options=options)
    octets += b"".join(enhanced(tick, b"", order=order) for tick in ticks)
    return [frame.time_ns for frame in frames_of(open_source(octets))]


EDGES = [0, 1, 999, 2**31, 2**32 - 1, 2**32, 2**34 + 1, 2**53 + 1]
EDGES += [2**61 - 1, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
SECONDS_NOW = 1487691966


@pytest.mark.parametrize("resolution", range(256))
def test_every_resolution_is_counted_exactly_in_integers(resolution: int) -> None:
    now = floor(SECONDS_NOW * Fraction(2 if resolution & 0x80 else 10) ** (resolution & 0x7F)) + 12345
    ticks = EDGES + ([now] if now < 1 << 64 else [])
    for offset in (0, 1, -1, SECONDS_NOW, -SECONDS_NOW, 2**31, -(2**33), 2**63 - 1, -(2**63)):
        assert times(resolution, offset, ticks) == [exact(tick, resolution, offset) for tick in ticks]


@given(
    st.integers(0, 255),
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**32), 2**32)),
    st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 2**40)), max_size=5),
    st.sampled_from("<>"),
)
def test_any_time_is_counted_exactly_in_integers(
    resolution: int, offset: int, ticks: list[int], order: str
) -> None:
    assert times(resolution, offset, ticks, order) == [exact(tick, resolution, offset) for tick in ticks]


def test_options_that_lie_leave_what_was_read_before_them() -> None:
    lies = tsresol(9) + struct.pack("<HH", 14, 400)
    octets = section() + interface(options=lies) + enhanced(7, DATA)
    assert frames_of(open_source(octets)) == [Frame(1, 7, 1, 60, DATA)]
    lies = option(9, b"ab") + option(14, b"abc") + option(13, b"")
    octets = section() + interface(options=lies) + enhanced(7, DATA)
    assert frames_of(open_source(octets)) == [Frame(1, 7000, 1, 60, DATA)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("as_pipe", [False, True])
def test_a_file_cut_at_any_length_gives_what_was_whole_and_says_where(order: str, as_pipe: bool) -> None:
    blocks = [
        section(order),
        interface(order),
        enhanced(SECOND, DATA[:9], order=order),
        block(0xBAD, bytes(30), order),
        simple(DATA[:6], order=order),
        section(order),
        interface(order),
        old_packet(2 * SECOND, DATA[:3], order=order),
    ]
    kinds = [None, None, 9, None, 6, None, None, 3]
    octets = b"".join(blocks)
    begins = [sum(map(len, blocks[:i])) for i in range(len(blocks) + 1)]
    for length in range(len(blocks[0]), len(octets) + 1):
        source = open_source(io.BytesIO(octets[:length]) if as_pipe else octets[:length])
        frames = frames_of(source)
        whole = sum(begin <= length for begin in begins[1:])
        assert [len(frame.data) for frame in frames] == [size for size in kinds[:whole] if size is not None]
        if length == begins[whole]:
            assert (source.complete, source.problem) == (True, None)
            continue
        # Less than type and length shows nothing of the block but that it has 12 octets; one that is passed
        # over shows its length from its eighth octet on.
        problem = source.problem or ""
        assert problem.startswith(f"cut short in the block at offset {begins[whole]}: ")
        assert problem.endswith(f" octets promised, {length - begins[whole]} there")
        assert not source.complete
        if length - begins[whole] >= 12:
            assert f": {len(blocks[whole])} octets promised" in problem


@pytest.mark.parametrize("length", range(4, 28))
def test_a_file_cut_in_its_first_section_header_is_an_error_in_one_line(length: int) -> None:
    source = open_source(section()[:length])
    with pytest.raises(InputError, match=r"^<bytes>: cut short in the block at offset 0: [^\n]+, [^\n]+$"):
        list(source.batches())


def spoilt(kind: int, length: int, body: bytes = bytes(48), trailer: int | None = None) -> bytes:
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length if trailer is None else trailer)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        *((spoilt(kind, 0), "no block of this type has a length of 0") for kind in (1, 2, 3, 5, 6)),
        (spoilt(6, 61), "no block of this type has a length of 61"),
        (spoilt(6, 28), "no block of this type has a length of 28"),
        (spoilt(77, 8), "no block of this type has a length of 8"),
        (spoilt(3, 12), "no block of this type has a length of 12"),
        (spoilt(6, 60, trailer=64), "the block's length is 60 at its beginning and 64 at its end"),
        (spoilt(77, 60, trailer=0), "the block's length is 60 at its beginning and 0 at its end"),
        (spoilt(6, 0x1000004), "the block promises 16777220 octets, more than any frame needs"),
        (spoilt(1, 0xFFFFFFFC), "the block promises 4294967292 octets, more than any frame needs"),
        (enhanced(0, DATA, number=1), f"a frame of interface 1, {UNKNOWN}"),
        (enhanced(0, DATA, number=2**32 - 1), f"a frame of interface 4294967295, {UNKNOWN}"),
        (old_packet(0, DATA, 65535), f"a frame of interface 65535, {UNKNOWN}"),
        (
            block(6, struct.pack("<IIIII", 0, 0, 0, 61, 61) + DATA),
            "a frame of 61 octets in a block of 92",
        ),
        (
            block(6, struct.pack("<IIIII", 0, 0, 0, 2**32 - 1, 1) + DATA),
            "a frame of 4294967295 octets in a block of 92",
        ),
        (simple(DATA, 61), "a frame of 61 octets in a block of 76"),
        (section(version=(2, 0)), "pcapng version 2.0 is not known; versions 1.0 and 1.2 can be read"),
        (block(0x0A0D0D0A, bytes(16)), "a section header with the byte-order magic 00000000"),
        (spoilt(0x0A0D0D0A, 24, b"\x4d\x3c\x2b\x1a" + bytes(12)), "no block of this type has a length of 24"),
    ],
)
def test_a_spoilt_block_ends_the_walk_with_its_offset_and_the_reason(octets: bytes, why: str) -> None:
    before = section() + interface() + enhanced(SECOND, DATA)
    source = open_source(before + octets + enhanced(SECOND, DATA))
    assert [frame.number for frame in frames_of(source)] == [1]
    assert source.problem == f"corrupt at offset {len(before)}: {why}"
    assert not source.complete


def test_a_spoilt_first_section_header_is_an_error_in_one_line() -> None:
    for octets in (section(version=(9, 9)), block(0x0A0D0D0A, bytes(16)), spoilt(0x0A0D0D0A, 0)):
        with pytest.raises(InputError, match=r"^<bytes>: corrupt at offset 0: [^\n]+$"):
            list(open_source(octets).batches())


@pytest.mark.parametrize("size", [70_000, 300_000, 20_000_000])
def test_a_long_block_that_holds_no_packet_is_passed_over_without_memory(size: int) -> None:
    long = block(0xBAD, bytes(size))
    before = section() + interface() + enhanced(SECOND, DATA)
    octets = before + long + enhanced(SECOND, DATA)
    tracemalloc.start()
    source = open_source(io.BytesIO(octets))
    assert len(frames_of(source)) == 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.problem is None
    assert peak < 3_000_000
    for cut in (1, 3, 4, 5, 100, size):
        source = open_source(io.BytesIO((before + long)[:-cut]))
        assert len(frames_of(source)) == 1
        promised = f"{len(long)} octets promised, {len(long) - cut} there"
        assert source.problem == f"cut short in the block at offset {len(before)}: {promised}"


def test_a_section_of_more_interfaces_than_are_kept_ends_there() -> None:
    octets = section() + interface() * 65537
    source = open_source(octets)
    assert frames_of(source) == []
    where = len(octets) - len(interface())
    assert source.problem == f"corrupt at offset {where}: more than 65536 interfaces in one section"


FRAME = st.tuples(
    st.integers(0, 2**62 - 1),
    st.binary(max_size=80),
    st.integers(0, 10**5),
    st.sampled_from([0, 1, 101, 276]),
)


@given(st.lists(FRAME, max_size=20), st.integers(0, 9), st.booleans())
def test_what_the_writer_writes_the_reader_reads(
    frames: list[tuple[int, bytes, int, int]], digits: int, big_endian: bool
) -> None:
    writer = PcapngWriter(digits=digits, big_endian=big_endian)
    octets = writer.header()
    for time_ns, data, more, link in frames:
        octets += writer.frame(time_ns, data, len(data) + more, link=link)
    unit = 10 ** (9 - digits)
    assert frames_of(open_source(octets)) == [
        Frame(i, time_ns - time_ns % unit, link, len(data) + more, data)
        for i, (time_ns, data, more, link) in enumerate(frames, 1)
    ]


def test_a_time_that_the_writer_cannot_hold_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="cannot hold the time"):
        PcapngWriter().frame(-(10**19), b"", link=1)
    with pytest.raises(ValueError, match="digits"):
        PcapngWriter(digits=10)


def tshark(path: Path) -> list[tuple[int, int, int, int]]:
    """Return number, time, captured and wire length of each frame, as tshark has them."""
    fields = ["frame.number", "frame.time_epoch", "frame.cap_len", "frame.len"]
    command = ["tshark", "-r", str(path), "-T", "fields", *(word for f in fields for word in ("-e", f))]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    seen = []
    for line in printed.splitlines():
        number, epoch, captured, wire = line.split("\t")
        seconds, fraction = epoch.split(".")
        seen.append(
            (int(number), int(seconds) * 10**9 + int(fraction.ljust(9, "0")), int(captured), int(wire))
        )
    return seen


@pytest.mark.parametrize("digits", [6, 9])
@pytest.mark.parametrize("big_endian", [False, True])
def test_tshark_and_capinfos_see_the_written_frames(tmp_path: Path, digits: int, big_endian: bool) -> None:
    writer = PcapngWriter(digits=digits, big_endian=big_endian)
    octets = writer.header()
    for i in range(50):
        link = (1, 0, 101)[i % 3]
        octets += writer.frame(1487691966_464962123 + i * 1_000_000_007, DATA[: i + 1], 40 + i * 3, link=link)
    path = tmp_path / "written"
    path.write_bytes(octets)
    ours = [(f.number, f.time_ns, len(f.data), f.wire) for f in frames_of(open_source(path))]
    assert ours == tshark(path)
    command = ["capinfos", "-rTcE", str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert printed.split("\t")[2].strip() == str(len(ours)) == "50"


def test_tshark_reads_sections_interfaces_and_times_alike(tmp_path: Path) -> None:
    octets = section("<") + interface("<", 101, options=tsresol(0x80 | 20) + tsoffset(SECONDS_NOW))
    octets += (
        interface("<", 1, 96, tsresol(3)) + enhanced(3 << 19, DATA) + enhanced(1487691967_123, DATA, 99, 1)
    )
    octets += section(">") + interface(">", 1) + old_packet(SECONDS_NOW * SECOND + 5, DATA, order=">")
    octets += enhanced((SECONDS_NOW + 3) * SECOND, DATA, 1400, order=">")
    path = tmp_path / "sections"
    path.write_bytes(octets)
    ours = [(f.number, f.time_ns, len(f.data), f.wire) for f in frames_of(open_source(path))]
    assert ours == tshark(path)
    assert len(ours) == 4
