"""pcap: every variant that libpcap reads, cut and spoilt; dpkt, capinfos and tshark as second opinions."""

import io
import struct
import subprocess
import tracemalloc
from pathlib import Path

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.errors import InputError
from tcptrace.source import open_source
from tcptrace.wire.pcap import is_pcap
from tcptrace.wire.writer import PcapWriter
from tests.wire.hand import MICRO, MODIFIED, NANO, Frame, frames_of, pcap_header, pcap_record

DATA = bytes(range(60))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(MICRO, 1000), (NANO, 1), (MODIFIED, 1000)])
def test_every_magic_number_is_read_in_both_byte_orders(order: str, magic: int, unit: int) -> None:
    behind = struct.pack(order + "IHBx", 7, 0x0800, 4) if magic == MODIFIED else b""
    octets = (
        pcap_header(order, magic, link=101)
        + pcap_record(1487691966, 464962, DATA, 1500, order, behind)
        + pcap_record(0xFFFFFFFF, 999999, b"", 0, order, behind)
        + pcap_record(0xFFFFFFFF, 7, DATA[:1], None, order, behind)
    )
    source = open_source(octets)
    assert frames_of(source) == [
        Frame(1, 1487691966 * 10**9 + 464962 * unit, 101, 1500, DATA),
        Frame(2, 0xFFFFFFFF * 10**9 + 999999 * unit, 101, 0, b""),
        Frame(3, 0xFFFFFFFF * 10**9 + 7 * unit, 101, 1, DATA[:1]),
    ]
    assert (source.format, source.link_types, source.complete, source.problem) == (
        "pcap",
        ["RAW"],
        True,
        None,
    )


@pytest.mark.parametrize("version", [(2, 0), (2, 1), (2, 2), (543, 0)])
def test_before_version_2_3_the_length_on_the_wire_comes_first(version: tuple[int, int]) -> None:
    record = struct.pack("<IIII", 1, 2, 1500, 60) + DATA
    assert frames_of(open_source(pcap_header(version=version) + record)) == [
        Frame(1, 10**9 + 2000, 1, 1500, DATA)
    ]


def test_version_2_3_has_the_lengths_either_way_round() -> None:
    octets = pcap_header(version=(2, 3))
    octets += struct.pack("<IIII", 1, 0, 1500, 60) + DATA + struct.pack("<IIII", 1, 0, 60, 1500) + DATA
    assert [(f.wire, f.data) for f in frames_of(open_source(octets))] == [(1500, DATA)] * 2


@pytest.mark.parametrize("version", [(1, 9), (2, 5), (3, 0), (543, 1)])
def test_an_unknown_version_is_refused_in_one_line(version: tuple[int, int]) -> None:
    with pytest.raises(
        InputError, match=rf"^<bytes>: pcap version {version[0]}\.{version[1]} is not known; [^\n]+$"
    ):
        open_source(pcap_header(version=version))


def test_the_frame_check_sequence_is_stripped_where_the_link_type_field_says_so() -> None:
    # Two words of two octets, present; then a frame of which the snap length left only the beginning.
    octets = pcap_header(link=0x24000000 | 1) + pcap_record(1, 0, DATA, 60) + pcap_record(1, 0, DATA[:20], 60)
    octets += pcap_record(1, 0, DATA[:58], 60) + pcap_record(1, 0, DATA[:3], 3)
    assert [(f.link, f.wire, f.data) for f in frames_of(open_source(octets))] == [
        (1, 56, DATA[:56]),
        (1, 56, DATA[:20]),
        (1, 56, DATA[:56]),
        (1, 0, b""),
    ]


def test_without_the_present_bit_the_upper_bits_of_the_link_type_say_nothing() -> None:
    octets = pcap_header(link=0x20000000 | 276) + pcap_record(1, 0, DATA)
    assert frames_of(open_source(octets)) == [Frame(1, 10**9, 276, 60, DATA)]


def test_a_fraction_beyond_one_second_is_added_as_it_stands() -> None:
    octets = pcap_header() + pcap_record(1, 0xFFFFFFFF, b"")
    assert frames_of(open_source(octets))[0].time_ns == 10**9 + 0xFFFFFFFF * 1000


def test_a_frame_is_at_least_as_long_on_the_wire_as_what_was_captured() -> None:
    assert frames_of(open_source(pcap_header() + pcap_record(1, 0, DATA, 10)))[0].wire == 60


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("as_pipe", [False, True])
def test_a_file_cut_at_any_length_gives_what_was_whole_and_says_where(order: str, as_pipe: bool) -> None:
    records = [pcap_record(i, 0, DATA[: 7 * i], 100, order) for i in range(4)]
    octets = pcap_header(order) + b"".join(records)
    begins = [24 + sum(map(len, records[:i])) for i in range(5)]
    for length in range(24, len(octets) + 1):
        source = open_source(io.BytesIO(octets[:length]) if as_pipe else octets[:length])
        frames = frames_of(source)
        whole = sum(begin <= length for begin in begins[1:])
        assert [frame.data for frame in frames] == [DATA[: 7 * i] for i in range(whole)]
        if length == begins[whole]:
            assert (source.complete, source.problem) == (True, None)
            continue
        there = length - begins[whole]
        place, promised = ("record header", 16) if there < 16 else ("record", 7 * whole)
        there = there if there < 16 else there - 16
        expected = (
            f"cut short in the {place} at offset {begins[whole]}: {promised} octets promised, {there} there"
        )
        assert (source.complete, source.problem) == (False, expected)


@pytest.mark.parametrize("length", range(1, 24))
def test_a_file_cut_in_its_header_is_an_error_in_one_line(length: int) -> None:
    with pytest.raises(InputError, match=r"^<bytes>: [^\n]+; [^\n]+$"):
        open_source(pcap_header()[:length])


@pytest.mark.parametrize("claim", [16777217, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_captured_length_that_no_frame_has_ends_the_walk_and_allocates_nothing(claim: int) -> None:
    octets = pcap_header() + pcap_record(1, 0, DATA) + struct.pack("<IIII", 2, 0, claim, claim) + DATA
    tracemalloc.start()
    source = open_source(io.BytesIO(octets))
    frames = frames_of(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [frame.number for frame in frames] == [1]
    assert source.problem == (
        f"corrupt at offset 100: the record promises {claim} octets, more than any frame has"
    )
    assert not source.complete
    assert peak < 2_000_000


def test_a_record_longer_than_its_file_allocates_no_more_than_what_is_there() -> None:
    octets = pcap_header() + struct.pack("<IIII", 2, 0, 16777216, 16777216) + DATA
    tracemalloc.start()
    source = open_source(io.BytesIO(octets))
    assert frames_of(source) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.problem == "cut short in the record at offset 24: 16777216 octets promised, 60 there"
    assert peak < 2_000_000


def test_frames_longer_than_the_buffer_are_whole() -> None:
    long = bytes(range(256)) * 4096
    octets = pcap_header() + pcap_record(1, 0, DATA) + pcap_record(2, 0, long) + pcap_record(3, 0, DATA)
    expected = [(1, DATA), (2, long), (3, DATA)]
    assert [(f.number, f.data) for f in frames_of(open_source(io.BytesIO(octets)))] == expected


@pytest.mark.parametrize("head", [b"", b"\xd4", b"\xd4\xc3\xb2", b"\0\0\0\0", b"\xa1\xb2\xc3\xd5"])
def test_what_has_no_magic_number_is_no_pcap(head: bytes) -> None:
    assert not is_pcap(head)


TIMES = st.integers(0, (1 << 32) * 10**9 - 1)
FRAMES = st.lists(st.tuples(TIMES, st.binary(max_size=80), st.integers(0, 100000)), max_size=20)


@given(FRAMES, st.booleans(), st.booleans(), st.integers(0, 0xFFFF))
def test_what_the_writer_writes_dpkt_and_the_reader_read_alike(
    frames: list[tuple[int, bytes, int]], nanoseconds: bool, big_endian: bool, link: int
) -> None:
    writer = PcapWriter(link, nanoseconds=nanoseconds, big_endian=big_endian)
    octets = writer.header()
    octets += b"".join(writer.frame(time_ns, data, len(data) + more) for time_ns, data, more in frames)
    unit = 1 if nanoseconds else 1000
    assert frames_of(open_source(octets)) == [
        Frame(i, time_ns - time_ns % unit, link, len(data) + more, data)
        for i, (time_ns, data, more) in enumerate(frames, 1)
    ]
    peer = dpkt.pcap.Reader(io.BytesIO(octets))
    assert peer.datalink() == link
    assert [data for _, data in peer] == [data for _, data, _ in frames]


@pytest.mark.parametrize("time_ns", [-1, (1 << 32) * 10**9])
def test_a_time_that_pcap_cannot_hold_is_the_callers_mistake(time_ns: int) -> None:
    with pytest.raises(ValueError, match="cannot hold the time"):
        PcapWriter(1).frame(time_ns, b"")


@pytest.mark.parametrize("nanoseconds", [False, True])
@pytest.mark.parametrize("big_endian", [False, True])
def test_tshark_sees_the_written_frames_with_the_same_times_and_lengths(
    tmp_path: Path, nanoseconds: bool, big_endian: bool
) -> None:
    writer = PcapWriter(101, nanoseconds=nanoseconds, big_endian=big_endian)
    octets = writer.header()
    for i in range(50):
        octets += writer.frame(1487691966_464962123 + i * 1_000_000_007, DATA[: i + 1], 40 + i * 3)
    path = tmp_path / "written"
    path.write_bytes(octets)
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
    ours = [(f.number, f.time_ns, len(f.data), f.wire) for f in frames_of(open_source(path))]
    assert ours == seen
    assert len(ours) == 50
