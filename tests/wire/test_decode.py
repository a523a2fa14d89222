"""What one frame becomes. Truth: the RFCs' figures, drawn up octet by octet in ``decode_frames``."""

import struct

import pytest

from tcptrace.model import tcpflags as tf
from tcptrace.model.columns import COUNT_BAD_CHECKSUM, COUNT_SEGMENTS, Frames
from tcptrace.model.errors import UsageError
from tcptrace.wire.decoder import Decoder
from tests.wire.decode_frames import FORMS, Form, ethernet, ip, ipv4, ipv6, tcp
from tests.wire.naive_decode import parse_options

TIMESTAMPS = b"\x01\x01\x08\x0a" + struct.pack(">II", 0xFFFFFFFE, 7)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def frame(body: bytes, **how: object) -> bytes:
    return ethernet(ipv4(body, **how))  # type: ignore[arg-type]


# ---- the header's fields


def test_every_field_of_the_header_is_read(form: str) -> None:
    body = tcp(seq=0xFFFFFFFD, ack=0x80000000, flags=0x1FF, window=0xFFFF, payload=b"hello")
    row = Form(form).one(frame(body))
    assert row["low"] == (ip("192.0.2.1"), 49329)
    assert row["high"] == (ip("198.51.100.2"), 8000)
    assert (row["side"], row["frame"], row["time_ns"]) == (0, 1, 0)
    assert (row["seq"], row["ack"], row["flags"], row["window"]) == (0xFFFFFFFD, 0x80000000, 0x1FF, 0xFFFF)
    assert (row["length"], row["payload"]) == (5, b"hello")
    assert (row["options"], row["marks"]) == (0, 0)


@pytest.mark.parametrize("bit", range(9))
def test_each_control_bit_has_its_place(form: str, bit: int) -> None:
    assert Form(form).one(frame(tcp(flags=1 << bit)))["flags"] == 1 << bit


@pytest.mark.parametrize(
    ("source", "target", "sport", "dport", "side"),
    [
        ("10.0.0.1", "10.0.0.2", 9, 1, 0),
        ("10.0.0.2", "10.0.0.1", 1, 9, 1),
        ("127.0.0.1", "127.0.0.1", 1, 9, 0),
        ("127.0.0.1", "127.0.0.1", 9, 1, 1),
        ("127.0.0.1", "127.0.0.1", 9, 9, 0),
        ("255.0.0.1", "1.0.0.1", 1, 1, 1),
        ("127.0.0.1", "128.0.0.1", 9, 1, 0),
    ],
)
def test_the_lower_end_by_address_then_port_is_first(
    form: str, source: str, target: str, sport: int, dport: int, side: int
) -> None:
    row = Form(form).one(frame(tcp(source, target, sport=sport, dport=dport), source=source, target=target))
    ends = [(ip(source), sport), (ip(target), dport)]
    assert [row["low"], row["high"]] == sorted(ends)
    assert row["side"] == side


@pytest.mark.parametrize(
    ("source", "target", "side"),
    [
        ("::1", "::2", 0),
        ("8000::", "7fff::", 1),
        ("::8000:0:0:0", "::7fff:0:0:0", 1),
        ("fe80::1", "2001:db8::1", 1),
        ("1::2", "2::1", 0),
    ],
)
def test_ipv6_addresses_are_ordered_as_unsigned_numbers_of_128_bits(
    form: str, source: str, target: str, side: int
) -> None:
    row = Form(form).one(ipv6(tcp(source, target), source, target), link=101)
    assert [row["low"][0], row["high"][0]] == sorted([ip(source), ip(target)])
    assert row["side"] == side


# ---- the option list


def options(form: str, data: bytes, cut: int = 0) -> dict[str, object]:
    packet = frame(tcp(options=data))
    row = Form(form).one(packet[: len(packet) - cut], len(packet))
    return {name: row[name] for name in ("options", "mss", "scale", "tsval", "tsecr", "sack") if row[name]}


def test_the_syn_options_of_a_linux_client(form: str) -> None:
    found = options(form, b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(range(1, 9)) + b"\x01\x03\x03\x07")
    bits = tf.OPT_MSS | tf.OPT_SACK_PERMITTED | tf.OPT_TIMESTAMPS | tf.OPT_SCALE
    assert found == {"options": bits, "mss": 1460, "scale": 7, "tsval": 0x01020304, "tsecr": 0x05060708}


@pytest.mark.parametrize("at", range(20))
def test_a_list_that_is_nearly_a_linux_client_s_is_read_option_by_option(form: str, at: int) -> None:
    usual = bytearray(b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(range(1, 9)) + b"\x01\x03\x03\x07")
    for octet in (0, 1, 2, 3, 4, 8, 10, 34, 255):
        for behind in (b"", b"\x01\x01\x01\x00", b"\x03\x03\x09\x01"):
            data = bytes(usual[:at] + bytes([octet]) + usual[at + 1 :]) + behind
            expected = parse_options(data, len(data))
            assert options(form, data) == {name: value for name, value in expected.items() if value}


def test_timestamps_alone_take_the_short_road_and_mean_the_same(form: str) -> None:
    short = options(form, TIMESTAMPS)
    assert short == {"options": tf.OPT_TIMESTAMPS, "tsval": 0xFFFFFFFE, "tsecr": 7}
    assert options(form, b"\x08\x0a" + TIMESTAMPS[4:] + b"\x01\x01") == short


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_sack_blocks_are_read_in_order(form: str, blocks: int) -> None:
    edges = [0xFFFFFF00 + i for i in range(2 * blocks)]
    data = b"\x01\x01\x05" + bytes([2 + 8 * blocks]) + struct.pack(f">{len(edges)}I", *edges)
    assert options(form, data) == {"options": tf.OPT_SACK, "sack": edges}


@pytest.mark.parametrize(
    ("data", "bits"),
    [
        (b"\x22\x02\x01\x01", tf.OPT_FAST_OPEN),  # RFC 7413: a request has no cookie
        (b"\x22\x0acookie!!\x01\x01", tf.OPT_FAST_OPEN | tf.OPT_FAST_OPEN_COOKIE),
        (b"\xfe\x04\xf9\x89", tf.OPT_FAST_OPEN),  # RFC 6994, the experimental number
        (b"\xfe\x0c\xf9\x89cookie!!", tf.OPT_FAST_OPEN | tf.OPT_FAST_OPEN_COOKIE),
        (b"\xfe\x04\xf9\x8a", 0),  # somebody else's experiment
        (b"\xfe\x02\x01\x01", 0),
        (b"\x00\x02\x01\x00", 0),  # nothing counts behind the end of the list
        (b"\x63\x04ab\x04\x02\x01\x01", tf.OPT_SACK_PERMITTED),  # an unknown option is passed over
        (b"\x02\x03\x05\x04\x02\x01\x01\x00", tf.OPT_SACK_PERMITTED),  # so is an MSS that is none
        (b"\x05\x09\0\0\0\0\0\0\0\x04\x02\0", tf.OPT_SACK_PERMITTED),  # and a SACK block of 7 octets
        (b"\x04\x02\x08\x00", tf.OPT_SACK_PERMITTED | tf.OPT_MALFORMED),
        (b"\x04\x02\x08\x01", tf.OPT_SACK_PERMITTED | tf.OPT_MALFORMED),
        (b"\x04\x02\x08\x03", tf.OPT_SACK_PERMITTED | tf.OPT_MALFORMED),
        (b"\x04\x02\x01\x08", tf.OPT_SACK_PERMITTED | tf.OPT_MALFORMED),
        (b"\x08\x0a\0\0", tf.OPT_MALFORMED),
    ],
)
def test_option_bits(form: str, data: bytes, bits: int) -> None:
    assert options(form, data).get("options", 0) == bits


def test_a_malformed_list_ends_the_list_and_not_the_segment(form: str) -> None:
    row = Form(form).one(frame(tcp(options=b"\x03\x03\x05\x08\xff\x04\x02\x01", payload=b"data")))
    assert row["options"] == tf.OPT_SCALE | tf.OPT_MALFORMED
    assert (row["scale"], row["payload"]) == (5, b"data")


@pytest.mark.parametrize("cut", range(1, 13))
def test_what_the_snap_length_cut_off_the_list_is_absent_not_malformed(form: str, cut: int) -> None:
    assert options(form, b"\x04\x02\x08\x0a" + bytes(8), cut) == (
        {"options": tf.OPT_SACK_PERMITTED} if cut <= 10 else {}
    )


def test_nothing_of_an_earlier_segment_stays_in_the_columns(form: str) -> None:
    full = b"\x02\x04\x05\xb4\x03\x03\x07\x05\x0a" + bytes(range(1, 9)) + b"\x08\x0a" + b"\xff" * 8 + b"\0"
    decoder = Form(form)
    assert decoder.one(frame(tcp(options=full)))["sack"]
    row = decoder.one(frame(tcp()))
    assert [row[name] for name in ("options", "mss", "scale", "tsval", "tsecr", "sack")] == [
        0,
        0,
        0,
        0,
        0,
        [],
    ]


# ---- IPv4


def test_ethernet_padding_is_no_payload(form: str) -> None:
    row = Form(form).one(frame(tcp()) + bytes(6))
    assert (row["length"], row["payload"], row["marks"]) == (0, b"", 0)


def test_payload_is_counted_from_the_lengths_where_the_snap_length_cut_it(form: str) -> None:
    whole = frame(tcp(payload=bytes(1000)))
    row = Form(form).one(whole[:64], len(whole))
    assert (row["length"], len(row["payload"]), row["marks"]) == (1000, 10, tf.MARK_TRUNCATED)


def test_a_total_length_of_0_means_the_rest_of_the_frame(form: str) -> None:
    packet = frame(tcp(payload=b"x" * 70_000), total=0)
    assert Form(form).one(packet)["length"] == 70_000
    row = Form(form).one(packet[:96], len(packet))
    assert (row["length"], row["marks"] & tf.MARK_TRUNCATED) == (70_000, tf.MARK_TRUNCATED)


def test_a_total_length_beyond_the_frame_is_cut_to_the_wire_length_and_its_checksum_is_unknown(
    form: str,
) -> None:
    row = Form(form, "all").one(frame(tcp(payload=b"abc", stored=1), total=1500))
    assert (row["length"], row["payload"], row["marks"]) == (3, b"abc", 0)


def test_ipv4_options_are_passed_over(form: str) -> None:
    row = Form(form).one(frame(tcp(payload=b"abc"), options=b"\x94\x04\0\0" + bytes(36)))
    assert (row["seq"], row["payload"]) == (1000, b"abc")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"fragment": 0x2000}, "fragment"),  # MF
        ({"fragment": 0x0001}, "fragment"),
        ({"fragment": 0x3FFF}, "fragment"),
        ({"protocol": 17}, "not_tcp"),
        ({"protocol": 1}, "not_tcp"),  # ICMP that quotes a TCP header is no segment
        ({"protocol": 17, "fragment": 0x2000}, "fragment"),
        ({"first": 0x44}, "malformed"),  # a header of 16 octets
        ({"first": 0x4F}, "malformed"),  # longer than the datagram
        ({"first": 0x65}, "malformed"),  # the ethertype says IPv4
        ({"total": 19}, "malformed"),
        ({"total": 39}, "malformed"),  # no room for a TCP header
    ],
)
def test_ipv4_frames_that_are_no_segment(form: str, how: dict[str, int], reason: str) -> None:
    assert Form(form).skip(frame(tcp(), **how)) == reason


def test_the_bits_df_and_reserved_make_no_fragment(form: str) -> None:
    assert Form(form).one(frame(tcp(), fragment=0xC000))["seq"] == 1000


@pytest.mark.parametrize(("data_offset", "reason"), [(0, "malformed"), (4, "malformed"), (6, "malformed")])
def test_a_data_offset_that_cannot_be_true(form: str, data_offset: int, reason: str) -> None:
    assert Form(form).skip(frame(tcp(data_offset=data_offset))) == reason


def test_identification_0_is_marked(form: str) -> None:
    assert Form(form).one(frame(tcp(), ident=0))["marks"] == tf.MARK_NO_IP_ID


@pytest.mark.parametrize("payload", [b"", b"0123456789"])
def test_a_frame_cut_at_every_length(form: str, payload: bytes) -> None:
    whole = frame(tcp(options=TIMESTAMPS, payload=payload))
    decoder = Form(form)
    for cut in range(len(whole)):
        if cut < 14 + 20 + 20:
            assert decoder.skip(whole[:cut], len(whole)) == "truncated"
            continue
        row = decoder.one(whole[:cut], len(whole))
        assert (row["seq"], row["length"], row["payload"]) == (1000, len(payload), whole[66:cut])
        assert row["tsval"] == (0xFFFFFFFE if cut >= 66 else 0)
        assert bool(row["marks"] & tf.MARK_TRUNCATED) == (cut < len(whole) and payload != b"")


# ---- IPv6


def extension(kind: int, content: bytes = bytes(6)) -> bytes:
    return bytes([kind, (len(content) + 2) // 8 - 1]) + content


def test_ipv6_is_read(form: str) -> None:
    row = Form(form).one(ethernet(ipv6(tcp("2001:db8::1", "2001:db8::2", payload=b"six")), 0x86DD))
    assert row["low"] == (ip("2001:db8::1"), 49329)
    assert (row["seq"], row["payload"], row["marks"]) == (1000, b"six", tf.MARK_NO_IP_ID)


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        (0, extension(6)),
        (60, extension(6, bytes(14))),
        (43, extension(6)),  # segments left 0
        (51, b"\x06\x04" + bytes(22)),  # AH counts in words of 4 octets, less 2
        (44, b"\x06\0\0\0\0\0\0\0"),  # atomic fragment, RFC 6946
        (0, extension(43) + extension(60) + extension(51) + b"\x06\x01" + bytes(10)),
    ],
)
def test_extension_headers_are_passed_over(form: str, kind: int, headers: bytes) -> None:
    segment = tcp("2001:db8::1", "2001:db8::2", flags=tf.SYN, payload=b"six")
    row = Form(form).one(ipv6(headers + segment, kind=kind), link=229)
    assert (row["seq"], row["length"], row["payload"], row["marks"]) == (1000, 3, b"six", tf.MARK_NO_IP_ID)


@pytest.mark.parametrize(
    ("kind", "headers", "reason"),
    [
        (44, b"\x06\0\0\x01\0\0\0\x01", "fragment"),
        (44, b"\x06\0\0\x08\0\0\0\x01", "fragment"),
        (59, b"", "not_tcp"),  # no next header
        (50, b"", "not_tcp"),  # ESP
        (17, b"", "not_tcp"),
        (58, b"", "not_tcp"),
        (0, extension(17), "not_tcp"),
        (60, b"\x06\xff" + bytes(6), "malformed"),  # longer than the datagram
        (60, extension(60) * 40, "malformed"),
    ],
)
def test_ipv6_frames_that_are_no_segment(form: str, kind: int, headers: bytes, reason: str) -> None:
    assert Form(form).skip(ipv6(headers + tcp(), kind=kind), link=229) == reason


def test_an_atomic_fragment_has_an_identification(form: str) -> None:
    segment = tcp("2001:db8::1", "2001:db8::2")
    assert Form(form).one(ipv6(b"\x06\0\0\0\0\0\0\x09" + segment, kind=44), link=229)["marks"] == 0


def test_a_jumbogram_counts_by_its_option(form: str) -> None:
    segment = tcp("2001:db8::1", "2001:db8::2", flags=tf.SYN, payload=bytes(70_001))
    option = b"\xc2\x04" + struct.pack(">I", 8 + len(segment))
    row = Form(form).one(ipv6(extension(6, option) + segment, length=0, kind=0) + bytes(9), link=229)
    assert (row["length"], row["marks"]) == (70_001, tf.MARK_NO_IP_ID)


@pytest.mark.parametrize("option", [b"\xc2\x04\0\0\xff\xff", b"\xc2\x03\0\x02\0\0", b"\x01\x05\0\0\0\0"])
def test_hop_by_hop_options_that_cannot_be_true(form: str, option: bytes) -> None:
    packet = ipv6(extension(6, option) + tcp(), length=0, kind=0)
    assert Form(form).skip(packet, link=229) == "malformed"


def test_an_ipv6_length_of_0_without_the_option_means_the_rest_of_the_frame(form: str) -> None:
    row = Form(form).one(ipv6(tcp(payload=bytes(70_000)), length=0), link=229)
    assert row["length"] == 70_000


# ---- checksums


def pseudo_sum(source: str, target: str, octets: int) -> int:
    total = sum(struct.unpack(f">{len(ip(source) + ip(target)) // 2}H", ip(source) + ip(target))) + 6 + octets
    return total % 0xFFFF or 0xFFFF


@pytest.mark.parametrize("payload", [b"", b"\x01", b"ab", b"abc", b"abcd", b"\xff" * 1461])
@pytest.mark.parametrize("version", [4, 6])
def test_a_right_checksum_is_no_error_and_each_wrong_bit_is(form: str, payload: bytes, version: int) -> None:
    ends = ("192.0.2.1", "198.51.100.2") if version == 4 else ("2001:db8::1", "fe80::2")
    segment = tcp(*ends, payload=payload)
    decoder = Form(form, "all")
    for bit in (None, 0, 7, 128, 8 * len(segment) - 1):
        changed = bytearray(segment)
        if bit is not None:
            changed[bit // 8] ^= 1 << (bit % 8)
        packet = ipv4(bytes(changed)) if version == 4 else ipv6(bytes(changed), *ends)
        marks = decoder.one(packet, link=101)["marks"] & tf.MARK_BAD_CHECKSUM
        assert marks == (0 if bit is None else tf.MARK_BAD_CHECKSUM)
    assert decoder.counters[COUNT_BAD_CHECKSUM] == 4


@pytest.mark.parametrize(
    ("flags", "checked"), [(0x10, False), (0x18, False), (0x02, True), (0x11, True), (0x04, True)]
)
def test_by_default_only_segments_with_syn_fin_or_rst_are_checked(
    form: str, flags: int, checked: bool
) -> None:
    wrong = frame(tcp(flags=flags, stored=1))
    assert bool(Form(form, "flags").one(wrong)["marks"] & tf.MARK_BAD_CHECKSUM) == checked
    assert Form(form, "all").one(wrong)["marks"] & tf.MARK_BAD_CHECKSUM
    assert Form(form, "none").one(wrong)["marks"] == 0


@pytest.mark.parametrize("mode", ["none", "flags", "all"])
def test_the_folded_sum_of_the_pseudo_header_is_offloading_and_no_error(form: str, mode: str) -> None:
    stored = pseudo_sum("192.0.2.1", "198.51.100.2", 20 + 3)
    row = Form(form, mode).one(frame(tcp(flags=tf.SYN, payload=b"abc", stored=stored)))
    assert row["marks"] == tf.MARK_OFFLOADED
    stored = pseudo_sum("2001:db8::1", "2001:db8::2", 20)
    row = Form(form, mode).one(ipv6(tcp(flags=tf.SYN, stored=stored)), link=101)
    assert row["marks"] == tf.MARK_OFFLOADED | tf.MARK_NO_IP_ID


def test_what_the_snap_length_cut_cannot_be_checked(form: str) -> None:
    whole = frame(tcp(flags=tf.SYN, payload=b"abc", stored=1))
    assert Form(form).one(whole[:-1], len(whole))["marks"] == tf.MARK_TRUNCATED
    assert Form(form).one(whole)["marks"] == tf.MARK_BAD_CHECKSUM


# What tshark 4.0 shows as ip.dst of a packet to 198.51.100.2 with this option; whether that can be checked.
ROUTES = [
    ("83 0b 04 01010101 02020202", "2.2.2.2", True),
    ("83 0b 08 01010101 02020202", "2.2.2.2", True),
    ("89 0b 04 01010101 02020202", "2.2.2.2", True),
    ("89 07 04 01010101", "1.1.1.1", True),
    ("44 08 000000000000 83 07 04 01010101", "1.1.1.1", True),
    ("83 0b 04 01010101 02020202 89 07 04 03030303", "2.2.2.2", True),
    ("83 0b 0c 01010101 02020202", "198.51.100.2", True),  # the pointer is past the option: used up
    ("83 07 08 01010101 89 07 04 03030303", "198.51.100.2", True),  # one of the two may be there
    ("83 27 04 01010101", "198.51.100.2", True),  # longer than the header: no option
    ("44 01 83 07 04 01010101", "198.51.100.2", True),
    ("83 0b 00 01010101 02020202", "198.51.100.2", False),
    ("83 0b 05 01010101 02020202", "198.51.100.2", False),
    ("83 0b 0b 01010101 02020202", "198.51.100.2", False),
    ("83 03 03", "198.51.100.2", False),
    ("83 02 07 04 01 01 01 01", "198.51.100.2", False),  # without a pointer, whatever comes behind it
]


@pytest.mark.parametrize(("option", "final", "known"), ROUTES)
def test_a_source_route_that_is_not_used_up_names_the_final_destination(
    form: str, option: str, final: str, known: bool
) -> None:
    for stored, marks in ((None, 0), (1, tf.MARK_BAD_CHECKSUM if known else 0)):
        segment = tcp("192.0.2.1", final, flags=tf.SYN, stored=stored)
        octets = bytes.fromhex(option)
        row = Form(form).one(frame(segment, options=octets + bytes(-len(octets) % 4)))
        assert row["low" if row["side"] else "high"] == (ip(final), 8000)
        assert row["marks"] == marks


@pytest.mark.parametrize(
    ("kind", "left", "final", "known"),
    [
        (0, 1, "2001:db8::b", True),
        (0, 2, "2001:db8::b", True),
        (2, 1, "2001:db8::b", True),
        (4, 1, "2001:db8::a", True),  # segments are listed from the last to the first (RFC 8754 2)
        (3, 1, "2001:db8::2", False),  # compressed (RFC 6554)
        (0, 0, "2001:db8::2", True),
        (4, 0, "2001:db8::2", True),
    ],
)
def test_a_routing_header_with_segments_left_names_the_final_destination(
    form: str, kind: int, left: int, final: str, known: bool
) -> None:
    route = bytes([kind, left]) + bytes(4) + ip("2001:db8::a") + ip("2001:db8::b")
    for stored, marks in ((None, 0), (1, tf.MARK_BAD_CHECKSUM if known else 0)):
        segment = tcp("2001:db8::1", final, flags=tf.SYN, stored=stored)
        row = Form(form).one(ipv6(extension(6, route) + segment, kind=43), link=229)
        assert row["low" if row["side"] else "high"] == (ip(final), 8000)
        assert row["marks"] == marks | tf.MARK_NO_IP_ID


def test_a_routing_header_without_an_address_says_nothing(form: str) -> None:
    segment = tcp("2001:db8::1", "2001:db8::2", flags=tf.SYN, stored=1)
    packet = ipv6(extension(6, b"\0\1" + bytes(4)) + segment, kind=43)
    assert Form(form).one(packet, link=229)["marks"] == tf.MARK_NO_IP_ID


# ---- the batch


def test_frames_are_segments_and_skipped_ones_and_numbers_stay(form: str) -> None:
    decoder = Form(form)
    good = frame(tcp())
    arp, udp = ethernet(bytes(28), 0x0806), frame(bytes(8), protocol=17)
    frames = [(arp, 0, 1), (good, 0, 1), (udp, 0, 1), (good[:20], len(good), 1), (good, 0, 147), (good, 0, 1)]
    assert [row["frame"] for row in decoder.run(frames)] == [2, 6]
    assert [row["time_ns"] for row in decoder.run(frames)] == [1000, 5000]
    assert list(decoder.counters) == [2, 2, 0, 2, 0, 2, 4, 0]


@pytest.mark.parametrize(
    ("offset", "captured"),
    [(-1, 10), (0, -1), (0, 101), (95, 6), (2**62, 2**62), (2**63 - 1, 1), (-(2**63), 5)],
)
def test_a_frame_outside_the_buffer_is_never_read(form: str, offset: int, captured: int) -> None:
    frames = Frames.empty(1)
    frames.offset[0], frames.captured[0], frames.wire[0], frames.link[0] = offset, captured, captured, 1
    decoder = Form(form)
    assert decoder.kernel.run(bytes(100), frames, 1) == 0
    assert sum(decoder.counters) == 1


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_taken_and_let_go(form: str, kind: type) -> None:
    buffer = bytearray(frame(tcp()))
    frames = Frames.empty(1)
    frames.captured[0] = frames.wire[0] = len(buffer)
    frames.link[0] = 1
    decoder = Form(form)
    assert decoder.kernel.run(kind(buffer), frames, 1) == 1
    assert decoder.kernel.run(buffer, frames, 1) == 1
    buffer.extend(b"grows")  # would raise BufferError while somebody holds on to it


# ---- the wrapping that the session uses


def test_the_decoder_fills_columns_marks_copies_and_names_links() -> None:
    decoder = Decoder()
    good = frame(tcp())
    buffer = good * 3
    frames = Frames.empty(4)
    for i in range(3):
        frames.offset[i], frames.captured[i], frames.wire[i] = i * len(good), len(good), len(good)
        frames.number[i], frames.link[i], frames.time_ns[i] = i + 1, (1, 113, 1)[i], i
    ((octets, count),) = decoder.runs(buffer, frames, 3)
    assert (octets, count) == (buffer, 2)
    assert list(decoder.segments.frame[:2]) == [1, 3]
    assert list(decoder.duplicate[:2]) == [0, 1]
    assert decoder.duplicates == 1
    assert decoder.link_names == ["ETHERNET", "LINUX_SLL"]
    assert decoder.skipped == {
        "not_ip": 1, "not_tcp": 0, "fragment": 0, "truncated": 0, "malformed": 0, "link_type": 0,
    }  # fmt: skip
    assert decoder.counters[COUNT_SEGMENTS] == 2


def test_the_decoder_refuses_what_its_caller_got_wrong() -> None:
    with pytest.raises(UsageError, match=r"checksums: 'some' is not known; use one of none, flags, all"):
        Decoder("some")
    with pytest.raises(ValueError, match="5 frames for columns of 4"):
        list(Decoder(size=4).runs(b"", Frames.empty(5), 5))
