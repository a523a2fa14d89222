"""Stripped frames: what identifies is gone, and dpkt finds in the rest what it found before."""

import socket
import struct
from array import array
from typing import Any

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.columns import COUNTERS, Frames, Segments
from tcptrace.model.tcpflags import MARK_BAD_CHECKSUM, MARK_OFFLOADED
from tcptrace.wire.anonymize import Anonymizer
from tcptrace.wire.decode import CHECK_ALL, HASH_KEYS, Decode
from tcptrace.wire.links import links_table
from tcptrace.wire.network import Network
from tcptrace.wire.strip import Stripped, Stripper

A, B, C = (bytes((198, 51, 100, last)) for last in (77, 78, 79))
A6, B6, C6 = (socket.inet_pton(socket.AF_INET6, f"2001:db8:51:100::{last:x}") for last in (0x77, 0x78, 0x79))
KEY = b"k" * 32
BY = Anonymizer(KEY)
MACS = bytes.fromhex("020000000001020000000002")


def checksum(octets: bytes) -> int:
    sum_: int = dpkt.in_cksum(octets)
    return sum_


def tcp(
    source: bytes,
    target: bytes,
    *,
    options: bytes = b"",
    payload: bytes = b"",
    flags: int = 0x18,
    kind: str = "right",
) -> bytes:
    """A segment whose checksum is right, wrong, or left to the network card."""
    header = (
        struct.pack("!HHIIHHHH", 40000, 80, 7, 9, (20 + len(options)) // 4 << 12 | flags, 512, 0, 0) + options
    )
    length = len(header) + len(payload)
    pseudo = (
        source
        + target
        + struct.pack(
            "!HH" if len(source) == 4 else "!II", *((6, length) if len(source) == 4 else (length, 6))
        )
    )
    sums = {
        "right": checksum(pseudo + header + payload),
        "wrong": checksum(pseudo + header + payload) ^ 0x1234,
        "offloaded": ~checksum(pseudo) & 0xFFFF,
    }
    return header[:16] + struct.pack("!H", sums[kind]) + header[18:] + payload


def ip4(
    body: bytes, *, options: bytes = b"", source: bytes = A, target: bytes = B, protocol: int = 6
) -> bytes:
    total = 20 + len(options) + len(body)
    header = (
        struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, total, 5, 0x4000, 64, protocol, 0)
        + source
        + target
        + options
    )
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def ip6(body: bytes, following: int = 6) -> bytes:
    return struct.pack("!IHBB", 0x60000000, len(body), following, 64) + A6 + B6 + body


def stripped(packet: bytes, link: int = 101, wire: int | None = None, **options: Any) -> Stripped:
    made = Stripper(**options).strip(packet, link, len(packet) if wire is None else wire)
    assert made is not None
    return made


def marks_of(packet: bytes) -> int:
    """What the decoder says of a segment's checksum, in raw IP."""
    segments, counters = Segments.empty(1), array("q", bytes(8 * COUNTERS))
    network = Network(links_table(), array("i", bytes(4)))
    frames = Frames.empty(1)
    frames.captured[0] = frames.wire[0] = len(packet)
    frames.link[0] = 101
    keys = array("Q", bytes(8 * HASH_KEYS))
    assert Decode(segments, counters, network, keys, CHECK_ALL).run(packet, frames, 1) == 1
    return segments.marks[0] & (MARK_BAD_CHECKSUM | MARK_OFFLOADED)


def tcp_is_right(packet: bytes) -> bool:
    """Say whether a whole packet's TCP checksum is right, by RFC 9293 3.1 over dpkt's view of the packet."""
    ip = dpkt.ip.IP(packet) if packet[0] >> 4 == 4 else dpkt.ip6.IP6(packet)
    segment = packet[ip.hl * 4 :] if packet[0] >> 4 == 4 else packet[40:]
    size = 4 if len(ip.src) == 4 else 16
    pseudo = (
        ip.src
        + ip.dst
        + struct.pack("!HH" if size == 4 else "!II", *((6, len(segment)) if size == 4 else (len(segment), 6)))
    )
    return checksum(pseudo + segment) in (0, 0xFFFF)


def test_headers_cuts_behind_the_tcp_header_and_keeps_all_else() -> None:
    for packet in (
        ip4(tcp(A, B, payload=b"secret" * 9, options=bytes(8))),
        ip6(tcp(A6, B6, payload=b"secret" * 9)),
    ):
        head = len(packet) - 54
        assert stripped(packet) == Stripped(packet[:head], 101, len(packet))
        framed = MACS + (b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet + b"trailer"
        assert stripped(framed, 1) == Stripped(framed[: 14 + head], 1, len(framed))


def test_without_payload_headers_changes_nothing_but_the_trailer() -> None:
    packet = ip4(tcp(A, B, kind="wrong"))
    assert stripped(packet) == Stripped(packet, 101, len(packet))
    assert stripped(MACS + b"\x08\0" + packet + bytes(6), 1).octets == MACS + b"\x08\0" + packet


def test_a_wrong_checksum_stays_wrong_with_zeros_for_payload() -> None:
    for packet in (
        ip4(tcp(A, B, payload=b"secret!", kind="wrong")),
        ip6(tcp(A6, B6, payload=b"secret!", kind="wrong")),
    ):
        for options in ({}, {"anonymizer": BY}):
            made = stripped(packet, **options).octets
            assert made[-7:] == bytes(7)
            assert len(made) == len(packet)
            assert not tcp_is_right(made)


@pytest.mark.parametrize("payload", [b"", b"x", b"some more octets"])
@pytest.mark.parametrize("kind", ["right", "wrong", "offloaded"])
@pytest.mark.parametrize("version", [4, 6])
def test_anonymized_checksums_mean_what_they_meant(version: int, kind: str, payload: bytes) -> None:
    packet = (
        ip4(tcp(A, B, payload=payload, kind=kind))
        if version == 4
        else ip6(tcp(A6, B6, payload=payload, kind=kind))
    )
    made = stripped(packet, anonymizer=BY, payload=True).octets
    assert tcp_is_right(made) == (kind == "right")
    ip = dpkt.ip.IP(made) if version == 4 else dpkt.ip6.IP6(made)
    source, target = (BY.address(A), BY.address(B)) if version == 4 else (BY.address(A6), BY.address(B6))
    assert (ip.src, ip.dst) == (source, target)
    assert (ip.data.sport, ip.data.dport, ip.data.seq, ip.data.ack, ip.data.win) == (40000, 80, 7, 9, 512)
    assert bytes(ip.data.data) == payload
    if version == 4:
        assert checksum(made[:20]) in (0, 0xFFFF)
    if kind == "offloaded":
        length = 20 + len(payload)
        words = struct.pack("!HH" if version == 4 else "!II", *((6, length) if version == 4 else (length, 6)))
        assert ip.data.sum == ~checksum(source + target + words) & 0xFFFF


def test_a_wrong_header_checksum_stays_wrong_and_zero_stays_zero() -> None:
    packet = ip4(tcp(A, B))
    for stored, expected in ((b"\0\0", b"\0\0"), (b"\x12\x34", None)):
        made = stripped(packet[:10] + stored + packet[12:], anonymizer=BY).octets
        assert checksum(made[:20]) not in (0, 0xFFFF)
        assert expected in (None, made[10:12])


def test_payload_goes_and_its_checksum_tells_nothing_of_it() -> None:
    one, two = (stripped(ip4(tcp(A, B, payload=text)), anonymizer=BY) for text in (b"GET /a", b"GET /b"))
    assert len(one.octets) == len(two.octets) == 40
    assert one.wire == 46
    assert one.octets[36:38] != two.octets[36:38]  # still not the same packet twice
    again = stripped(ip4(tcp(A, B, payload=b"GET /a")), anonymizer=Anonymizer(KEY))
    assert again == one
    other = stripped(ip4(tcp(A, B, payload=b"GET /a")), anonymizer=Anonymizer(KEY[::-1] + b"."))
    assert other.octets[36:38] != one.octets[36:38]


OPTIONS = {
    "MPTCP ADD_ADDR": bytes((30, 12, 0x30, 1)) + A + bytes(4),
    "MPTCP ADD_ADDR v6": bytes((30, 20, 0x30, 1)) + A6,
    "MD5": bytes((19, 18)) + A * 4 + bytes((1, 1)),
    "TCP-AO": bytes((29, 16, 1, 1)) + A * 3,
    "Fast Open": bytes((34, 10)) + A + b"\1\2\3\4" + bytes((1, 1)),
    "Fast Open, experimental": bytes((254, 12, 0xF9, 0x89)) + A + b"\1\2\3\4",
    "unknown": bytes((200, 8)) + A + b"\1\2",
    "a known kind with a length that is not its own": bytes((2, 8)) + A + b"\1\2",
    "behind the end": bytes((0, 0, 0, 0)) + A,
    "no list": bytes((77, 1)) + A + b"\1\2",
    "beyond the list": bytes((77, 200)) + A + b"\1\2",
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_no_tcp_option_tells_an_address(options: bytes) -> None:
    made = stripped(ip4(tcp(A, B, options=options)), anonymizer=BY).octets
    assert A not in made
    assert len(made) == 40 + len(options)
    assert made[40:42] == options[:2]  # kind and length
    assert tcp_is_right(made)


def test_options_that_the_analysis_reads_are_kept() -> None:
    options = bytes.fromhex("020405b4 0402 080a0102030405060708 01 030307 0101 050a0000000100000002")
    for kept in (options[:20], options[20:]):
        made = stripped(ip4(tcp(A, B, options=kept)), anonymizer=BY).octets
        assert made[40:] == kept


def test_a_fast_open_cookie_is_replaced_by_a_label() -> None:
    cookies = [
        stripped(ip4(tcp(A, B, options=bytes((34, 10)) + c + bytes(2))), anonymizer=BY).octets[42:50]
        for c in (b"cookie01", b"cookie01", b"cookie02")
    ]
    assert cookies[0] == cookies[1] != cookies[2]
    assert b"cookie01" not in cookies
    asked = bytes((34, 2, 1, 1))
    assert stripped(ip4(tcp(A, B, options=asked)), anonymizer=BY).octets[40:] == asked


IP_OPTIONS = {
    "record route": bytes((7, 11, 12)) + A + C + bytes(1),
    "timestamps with addresses": bytes((68, 12, 13, 1)) + A + bytes(4),
    "unknown": bytes((200, 8)) + A + bytes(2),
    "security": bytes((130, 8)) + A + bytes(2),
    "no list": bytes((7, 1)) + A + bytes(2),
    "behind the end": bytes(4) + A,
}


@pytest.mark.parametrize("options", IP_OPTIONS.values(), ids=IP_OPTIONS)
def test_no_ip_option_tells_an_address(options: bytes) -> None:
    made = stripped(ip4(tcp(A, B), options=options), anonymizer=BY).octets
    assert A not in made
    assert C not in made
    assert checksum(made[: 20 + len(options)]) in (0, 0xFFFF)
    assert tcp_is_right(made)


def test_a_source_route_is_kept_with_its_addresses_replaced() -> None:
    options = bytes((131, 11, 4)) + C + B + bytes(1)
    made = stripped(ip4(tcp(A, B), options=options, target=C), anonymizer=BY).octets
    assert made[16:20] == BY.address(C)
    assert made[20:32] == bytes((131, 11, 4)) + BY.address(C) + BY.address(B) + bytes(1)
    pseudo = BY.address(A) + BY.address(B) + struct.pack("!HH", 6, 20)  # the final destination's
    assert checksum(pseudo + made[32:]) in (0, 0xFFFF)


SPOILT_ROUTES = [
    "10830b010000000000003a08",  # an option longer than the header: nothing behind it is one
    "83020704" + C.hex(),  # no pointer
    "830c04" + C.hex() + C.hex() + "07",  # addresses that do not fill it
    "830c04ff" + C.hex() + C.hex(),
    "83ff04" + C.hex() + B.hex() + "00",
]


@pytest.mark.parametrize("options", SPOILT_ROUTES)
def test_a_spoilt_source_route_tells_no_address_and_changes_no_verdict(options: str) -> None:
    for kind in ("right", "wrong"):
        for target in (B, C):
            packet = ip4(tcp(A, target, kind=kind), options=bytes.fromhex(options), target=B)
            made = stripped(packet, anonymizer=BY).octets
            assert C not in made
            assert marks_of(made) == marks_of(packet)


def test_a_routing_header_that_its_addresses_do_not_fill_tells_none() -> None:
    for kind in (0, 2, 4):
        for length, content in ((3, b"\xff" * 8 + C6), (1, C6[8:]), (3, C6 + C6[8:])):
            route = bytes((6, length, kind, 1, 0, 0, 0, 0)) + content
            for target in (B6, C6):
                packet = ip6(route + tcp(A6, target), 43)
                made = stripped(packet, anonymizer=BY).octets
                assert C6[8:] not in made
                assert C6[:8] not in made
                assert marks_of(made) == marks_of(packet)


def test_ipv6_headers_keep_lengths_and_lose_addresses() -> None:
    hop = bytes((43, 2, 5, 2, 0, 0, 201, 16)) + C6  # a home address (RFC 6275) where no option is known
    route = bytes((60, 2, 2, 1, 0, 0, 0, 0)) + C6
    destination = bytes((6, 2, 1, 2, 0, 0, 201, 16)) + C6
    body = tcp(A6, C6)
    made = stripped(ip6(hop + route + destination + body, 0), anonymizer=BY).octets
    assert C6 not in made
    assert A6 not in made
    assert made[64:88] == bytes((60, 2, 2, 1, 0, 0, 0, 0)) + BY.address(C6)
    assert made[40:48] == bytes((43, 2, 1, 2, 0, 0, 1, 16))
    pseudo = BY.address(A6) + BY.address(C6) + struct.pack("!II", 20, 6)
    assert checksum(pseudo + made[112:]) in (0, 0xFFFF)


@pytest.mark.parametrize("check", [b"\xaa" * 12, b""])
def test_an_authentication_header_loses_its_check_value(check: bytes) -> None:
    fixed = bytes((6, (12 + len(check)) // 4 - 2, 0, 0)) + bytes.fromhex("1234567800000001")
    made = stripped(ip4(fixed + check + tcp(A, B), protocol=51), anonymizer=BY).octets
    assert made[20 : 32 + len(check)] == fixed + bytes(len(check))


def test_an_authentication_header_shorter_than_its_fixed_fields_is_kept() -> None:
    header = bytes((6, 0, 0, 0)) + bytes.fromhex("12345678")
    made = stripped(ip4(header + tcp(A, B), protocol=51), anonymizer=BY).octets
    assert made[20:28] == header
    assert A not in made


def test_what_is_no_whole_segment_is_left_out() -> None:
    strip = Stripper().strip
    packet = ip4(tcp(A, B))
    assert strip(packet[:39], 101, 40) is None
    assert strip(ip4(b"\0" * 8, protocol=17), 101, 28) is None
    assert strip(MACS + b"\x08\x06" + bytes(28), 1, 42) is None
    assert strip(packet, 9999, 40) is None
    assert strip(b"", 1, 0) is None


def test_options_that_the_snap_length_cut_are_cut() -> None:
    packet = ip4(tcp(A, B, options=OPTIONS["MPTCP ADD_ADDR v6"], payload=b"secret"))
    for length in range(40, 60):
        made = stripped(packet[:length], wire=len(packet), anonymizer=BY)
        assert len(made.octets) == length
        assert made.wire == len(packet)
        assert A6[:5] not in made.octets


@given(st.binary(max_size=90), st.sampled_from([0, 1, 101, 113, 276]), st.integers(0, 60), st.booleans())
def test_no_octets_raise(noise: bytes, link: int, missing: int, is_headed: bool) -> None:
    frame = (MACS + b"\x08\0" + ip4(tcp(A, B))[:44] if is_headed else b"") + noise
    for strip in (Stripper(), Stripper(BY), Stripper(BY, payload=True)):
        made = strip.strip(frame, link, len(frame) + missing)
        if made is not None:
            assert len(made.octets) <= len(frame)
            assert len(made.octets) <= made.wire <= len(frame) + missing
