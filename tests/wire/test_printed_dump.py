"""Octets that tcpdump prints (-x, -xx, -X, -XX) are the frames of the capture that it printed."""

import gzip
import os
import struct
import subprocess
from pathlib import Path

import msgspec
import pytest

import tcptrace
from tcptrace.source import open_source
from tests.wire.hand import Frame, Pieces, frames_of, pcap_header, pcap_record

ROOT = Path(__file__).parents[2]
HTTP = ROOT / "captures" / "http-get.pcap"
KERNEL = sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))
REAL = sorted(path for path in (ROOT.parent / "shared" / "data" / "real").glob("*") if path.suffix != ".md")
RAW = {12, 14, 101, 228, 229}
WITH_LINK = [("-xx",), ("-XX", "-e"), ("-xx", "-vvv", "-e"), ("-XX", "-v")]
WITHOUT_LINK = [("-x",), ("-X", "-e", "-v"), ("-x", "-S", "-e"), ("-X", "-vv")]
SYN = bytes.fromhex("4500002800010000400600000a0000010a000002 0400005000000001000000005002200000000000")
SYN6 = struct.pack("!IHBB", 6 << 28, 20, 6, 64) + bytes(15) + b"\1" + bytes(15) + b"\2" + SYN[20:]


def prints(octets: bytes, *options: str) -> bytes:
    if octets[:2] == b"\x1f\x8b":
        octets = gzip.decompress(octets)
    command = ["tcpdump", "-n", "-r", "-", "-tttt", "--nano", *options]
    env = {**os.environ, "TZ": "UTC"}
    return subprocess.run(command, input=octets, capture_output=True, check=False, env=env, timeout=60).stdout


def analysis(target: str | bytes) -> list[object]:
    return [msgspec.to_builtins(each) for each in tcptrace.analyze(target, checksums="all")]


def same_link(a: int, b: int) -> bool:
    return a == b or {a, b} <= RAW


def compare_whole(path: Path, options: tuple[str, ...]) -> int:
    """Hold the frames of a listing with link headers to those of the capture; return how many are the same."""
    text = prints(path.read_bytes(), *options)
    if not text:
        return 0  # one capture has two interfaces, and tcpdump will not have it
    whole, made = frames_of(open_source(str(path))), frames_of(open_source(text))
    assert len(made) == len(whole)
    same = 0
    for frame, found in zip(whole, made, strict=True):
        if frame.data:  # of nothing, nothing is printed
            assert found.time_ns == frame.time_ns
            assert (found.data, same_link(found.link, frame.link)) == (frame.data, True), (
                path.name,
                frame.number,
            )
            if "-e" in options or frame.wire <= 65535:
                assert found.wire == frame.wire, (path.name, frame.number)
            same += 1
    assert analysis(text) == analysis(str(path)), path.name
    return same


@pytest.mark.parametrize("options", WITH_LINK, ids=" ".join)
def test_with_link_headers_every_frame_is_the_captures_octet_for_octet(options: tuple[str, ...]) -> None:
    for path in (HTTP, *KERNEL):
        assert compare_whole(path, options) > 0


@pytest.mark.skipif(not REAL, reason="the shared real captures are not here")
@pytest.mark.parametrize("options", WITH_LINK[:2], ids=" ".join)
def test_of_real_captures_every_frame_is_the_captures_octet_for_octet(options: tuple[str, ...]) -> None:
    assert sum(compare_whole(path, options) for path in REAL) > 8000


def compare_packets(path: Path, options: tuple[str, ...]) -> int:
    text = prints(path.read_bytes(), *options)
    if not text:
        return 0
    whole, made = frames_of(open_source(str(path))), frames_of(open_source(text))
    assert len(made) == len(whole)
    same = 0
    for frame, found in zip(whole, made, strict=True):
        if frame.data:
            assert same_link(found.link, 101)
            if found.data != b"\0":  # what is not IP and could be taken for it
                assert frame.data.endswith(found.data), (path.name, frame.number)
                same += found.data[0] >> 4 in (4, 6)
    return same


@pytest.mark.parametrize("options", WITHOUT_LINK, ids=" ".join)
def test_without_link_headers_every_ip_packet_is_the_captures(options: tuple[str, ...]) -> None:
    for path in (HTTP, *KERNEL):
        assert compare_packets(path, options) == len(frames_of(open_source(str(path))))
        assert analysis(prints(path.read_bytes(), *options)) == analysis(str(path))


@pytest.mark.skipif(not REAL, reason="the shared real captures are not here")
def test_of_real_captures_every_ip_packet_is_the_captures() -> None:
    assert sum(compare_packets(path, WITHOUT_LINK[1]) for path in REAL) > 7500


MACS = bytes.fromhex("020000000002 020000000001")
LINKS = {
    "Ethernet": (1, MACS + b"\x08\0"),
    "Ethernet, hardware address like an IP header": (
        1,
        bytes.fromhex("450000280001 020000000001") + b"\x08\0",
    ),
    "VLAN": (1, MACS + bytes.fromhex("8100 0005 0800")),
    "QinQ": (1, MACS + bytes.fromhex("88a8 0005 8100 0006 0800")),
    "NULL, little endian": (0, bytes((2, 0, 0, 0))),
    "LOOP": (108, bytes((0, 0, 0, 2))),
    "RAW": (101, b""),
    "SLL": (113, bytes.fromhex("0000 0001 0006 020000000001 0000 0800")),
    "SLL2": (276, bytes.fromhex("0800 0000 00000002 0001 00 06 020000000001 0000")),
    "PPP": (9, bytes.fromhex("ff03 0021")),
}


@pytest.mark.parametrize("with_notice", [True, False])
@pytest.mark.parametrize(("link", "header"), LINKS.values(), ids=LINKS)
def test_the_link_type_is_found(link: int, header: bytes, with_notice: bool) -> None:
    packet = header + SYN
    octets = pcap_header(link=link) + pcap_record(1, 0, packet) + pcap_record(2, 0, packet)
    name = {9: "PPP (PPP)", 1: "EN10MB (Ethernet)"}.get(link)
    notice = (
        f"reading from file x, link-type {name}, snapshot length 262144\n" if with_notice and name else ""
    )
    for options in (["-xx"], ["-XX", "-e"], ["-xx", "-v"]):
        frames = frames_of(open_source(notice.encode() + prints(octets, *options)))
        if link == 9 and not notice:  # nobody says what it is: the lines alone are read
            assert [(frame.link, frame.data[0]) for frame in frames] == [(101, 0x45)] * 2
            continue
        assert [(frame.link, frame.data, frame.wire) for frame in frames] == [(link, packet, len(packet))] * 2
    for options in (["-x"], ["-X", "-e"]):
        frames = frames_of(open_source(notice.encode() + prints(octets, *options)))
        assert [(frame.link, frame.data) for frame in frames] == [(101, SYN)] * 2


def test_ipv6_and_arp_on_ethernet() -> None:
    arp = MACS + bytes.fromhex("0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002")
    packets = [arp, MACS + b"\x86\xdd" + SYN6, arp]
    octets = pcap_header() + b"".join(pcap_record(at, 0, packet) for at, packet in enumerate(packets))
    for options in (["-xx"], ["-XX", "-e"]):
        frames = frames_of(open_source(prints(octets, *options)))
        assert [(frame.link, frame.data) for frame in frames] == [(1, packet) for packet in packets]
    frames = frames_of(open_source(prints(octets, "-x")))
    assert [(frame.link, frame.data) for frame in frames] == [(101, arp[14:]), (101, SYN6), (101, arp[14:])]


def test_the_snap_length_cuts_the_octets_and_not_the_length() -> None:
    packet = MACS + b"\x08\0" + SYN[:2] + b"\x05\xdc" + SYN[4:] + bytes(1460)
    octets = pcap_header() + pcap_record(1, 0, packet[:68], len(packet))
    for options in (["-xx"], ["-xx", "-e"]):
        (frame,) = frames_of(open_source(prints(octets, *options)))
        assert (frame.data, frame.wire) == (packet[:68], len(packet))
    (frame,) = frames_of(open_source(prints(octets, "-x")))
    assert (frame.data, frame.wire) == (packet[14:68], 1500)


TEXT = prints(HTTP.read_bytes()[:600], "-xx", "-v", "-e") if os.path.exists("/usr/bin/tcpdump") else b""


def test_it_does_not_matter_where_a_listing_with_octets_is_split() -> None:
    expected = frames_of(open_source(TEXT))
    assert len(expected) > 3
    for cut in range(1, len(TEXT), 3):
        assert frames_of(open_source(Pieces([TEXT[:cut], TEXT[cut:]]))) == expected
    assert frames_of(open_source(TEXT.replace(b"\n", b"\r\n"))) == expected
    assert frames_of(open_source(TEXT.replace(b"\t", b"        "))) == expected


def test_a_listing_cut_anywhere_keeps_what_was_whole() -> None:
    expected = frames_of(open_source(TEXT))
    for cut in range(400, len(TEXT)):
        frames = frames_of(open_source(TEXT[:cut]))
        assert frames[:-1] == expected[: len(frames) - 1]
        last: Frame = frames[-1]
        # The frame that the cut went through: fewer of its octets, or as its line alone has it.
        assert expected[len(frames) - 1].data.startswith(last.data) or last.link == 101


LINE = b"1.5 IP 10.0.0.1.1024 > 10.0.0.2.80: Flags [S], seq 1, win 8192, length 0\n"
DUMP = b"".join(b"\t0x%04x:  %s\n" % (at, SYN[at : at + 16].hex(" ", 2).encode()) for at in range(0, 40, 16))


@pytest.mark.parametrize(
    "dump",
    [
        DUMP.replace(b"0x0010", b"0x0020"),  # a hole
        DUMP.split(b"\n")[0] + b"\n",  # somebody has cut it
        DUMP.replace(b"0a00 0001", b"0a00 0009"),  # of another packet
        DUMP.replace(b"4500", b"zz00"),
        DUMP.replace(b"\t", b"\t    "),  # an application's octets
    ],
    ids=["hole", "cut", "other", "no digits", "application"],
)
def test_octets_that_cannot_be_the_lines_leave_the_line_as_it_is(dump: bytes) -> None:
    (frame,) = frames_of(open_source(LINE + dump))
    (drawn,) = frames_of(open_source(LINE))
    assert frame == drawn
    (right,) = frames_of(open_source(LINE + DUMP))
    assert right.data == SYN != drawn.data


def test_octets_before_the_first_line_belong_to_none() -> None:
    frames = frames_of(open_source(DUMP.replace(b"0a00", b"0b00") + LINE + DUMP + LINE))
    assert [frame.data == SYN for frame in frames] == [True, False]


def test_a_line_that_cannot_be_read_has_its_octets_all_the_same() -> None:
    (frame,) = frames_of(open_source(LINE.replace(b"10.0.0.1.1024", b"nobody.knows.whom") + DUMP))
    assert frame.data == SYN
