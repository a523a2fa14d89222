"""The printed-text reader on single lines, on pieces, on cut and on hostile text."""

import struct
import time
from pathlib import Path

import dpkt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcptrace.wire.printed import MALFORMED, MOST_LINE, NOT_IP, PrintedReader

ROOT = Path(__file__).parents[2]
# The seed's exchange; the numbers and names are as tcpdump printed them.
LISTING = b"""\
23:46:06.464962 IP localhost.49329 > localhost.irdmi: Flags [S], seq 1191154495, win 65535, options [mss 16344,nop,wscale 5,nop,nop,TS val 178410641 ecr 0,sackOK,eol], length 0
23:46:06.465018 IP localhost.irdmi > localhost.49329: Flags [S.], seq 1405387906, ack 1191154496, win 65535, options [mss 16344,nop,wscale 5,nop,nop,TS val 178410641 ecr 178410641,sackOK,eol], length 0
23:46:06.465029 IP localhost.49329 > localhost.irdmi: Flags [.], ack 1, win 12759, options [nop,nop,TS val 178410641 ecr 178410641], length 0
23:46:06.465065 IP localhost.49329 > localhost.irdmi: Flags [P.], seq 1:146, ack 1, win 12759, options [nop,nop,TS val 178410641 ecr 178410641], length 145
23:46:06.465079 IP localhost.irdmi > localhost.49329: Flags [.], ack 146, win 12754, options [nop,nop,TS val 178410641 ecr 178410641], length 0
"""  # noqa: E501 - as printed
VERBOSE = b"""\
10:00:00.000001 IP (tos 0x2,ECT(0), ttl 61, id 4711, offset 0, flags [DF], proto TCP (6), length 60, bad cksum 0 (->1)!)
    10.0.0.1.1025 > 10.0.0.2.80: Flags [SEW], cksum 0xbeef (incorrect -> 0x1234), seq 5, win 9, options [mss 1460], length 0
10:00:00.000002 IP (tos 0x0, ttl 64, id 7, offset 0, flags [none], proto UDP (17), length 40)
    10.0.0.1.53 > 10.0.0.2.53: [udp sum ok] 1+ A? example.com. (12)
\tindented text of an application
10:00:00.000003 IP6 (flowlabel 0xb0900, hlim 63, next-header TCP (6) payload length: 21) ::1.1 > ::2.2: Flags [P.], seq 1:2, ack 1, win 3, length 1
"""  # noqa: E501 - as printed
Frames = list[tuple[int, bytes, int]]


def read(*pieces: bytes) -> tuple[Frames, PrintedReader]:
    reader = PrintedReader()
    for piece in pieces:
        reader.feed(piece)
    reader.finish()
    return [frame[:3] for frame in reader.take(1 << 30)], reader


def one(line: bytes) -> bytes:
    """The only frame of a line, from its IP header on."""
    frames, _ = read(line + b"\n")
    assert len(frames) == 1
    return frames[0][1]


def test_the_seed_has_absolute_numbers_again() -> None:
    frames, reader = read(LISTING)
    packets = [dpkt.ip.IP(octets) for _, octets, _ in frames]
    assert [(p.tcp.seq, p.tcp.ack, p.tcp.flags) for p in packets] == [
        (1191154495, 0, 2),
        (1405387906, 1191154496, 18),
        (1191154496, 1405387907, 16),
        (1191154496, 1405387907, 24),
        (1405387907, 1191154641, 16),
    ]
    assert [wire - len(octets) for _, octets, wire in frames] == [0, 0, 0, 145, 0]
    assert {(p.src, p.dst) for p in packets} == {(bytes((127, 0, 0, 1)),) * 2}
    assert [p.tcp.dport for p in packets] == [8000, 49329, 8000, 8000, 49329]
    assert frames[0][0] == ((23 * 60 + 46) * 60 + 6) * 10**9 + 464962000
    assert not reader.date_known
    assert reader.malformed == 0


def test_pieces_make_no_difference() -> None:
    whole, _ = read(LISTING + VERBOSE)
    assert len(whole) == 8
    for at in range(len(LISTING + VERBOSE)):
        assert read((LISTING + VERBOSE)[:at], (LISTING + VERBOSE)[at:])[0] == whole
    assert read(*(bytes((octet,)) for octet in LISTING + VERBOSE))[0] == whole
    assert read((LISTING + VERBOSE).replace(b"\n", b"\r\n"))[0] == whole


def test_a_cut_listing_keeps_the_frames_before_the_cut() -> None:
    text = LISTING + VERBOSE
    whole, _ = read(text)
    for at in range(len(text)):
        frames, _ = read(text[:at])
        complete = len(frames) - 1 if frames else 0
        assert frames[:complete] == whole[:complete]
        # The line that the cut went through is right, malformed or not known to be TCP, never a guess.
        if frames and frames[-1][1:] not in (whole[complete][1:], (MALFORMED, len(MALFORMED)), (NOT_IP, 1)):
            octets = frames[-1][1]
            assert octets[9 if octets[0] >> 4 == 4 else 6] == 17


def test_taking_in_portions_gives_all_frames_once() -> None:
    reader = PrintedReader()
    reader.feed(LISTING)
    reader.finish()
    taken = reader.take(2) + reader.take(2) + reader.take(2)
    assert [frame[:3] for frame in taken] == read(LISTING)[0]
    assert reader.take(2) == []


def test_what_v_prints_of_the_ip_header_is_in_the_packet() -> None:
    frames, reader = read(VERBOSE)
    assert reader.malformed == 0
    first = dpkt.ip.IP(frames[0][1])
    assert (first.tos, first.ttl, first.id, first.df) == (2, 61, 4711, 1)
    assert first.tcp.flags == 0x02 | 0x40 | 0x80
    assert first.tcp.sum != 0xBEEF  # 0x1234 is not right for this header, so 0xbeef tells nothing about it
    second = dpkt.ip.IP(frames[1][1])
    assert second.p == 17
    third = dpkt.ip6.IP6(frames[2][1])
    assert (third.flow, third.hlim) == (0xB0900, 63)


def test_a_stored_checksum_is_kept_where_the_header_is_the_printed_one() -> None:
    line = b"    10.0.0.1.1025 > 10.0.0.2.80: Flags [R], cksum 0x%s, seq 5, win 9, length 0"
    header = b"10:00:00.1 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)\n"
    right = dpkt.ip.IP(one(header + line % b"0000 (incorrect -> 0x0001)")).tcp.sum
    stored = dpkt.ip.IP(one(header + line % (b"abcd (incorrect -> 0x%04x)" % right))).tcp.sum
    assert stored == 0xABCD


@pytest.mark.parametrize("line", LISTING.split(b"\n")[:-1])
def test_a_checksum_is_right_for_the_octets_that_are_there(line: bytes) -> None:
    octets = one(line)
    tcp = octets[20:]
    length = struct.unpack(">H", octets[2:4])[0] - 20
    total = sum(struct.unpack(">6H", octets[12:20] + struct.pack(">HH", 6, length)))
    total += sum(struct.unpack(f">{len(tcp) // 2}H", tcp))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF  # RFC 1071: the sum over a right checksum is all ones
    assert dpkt.in_cksum(octets[:20]) == 0


def test_equal_lines_are_not_the_same_packet() -> None:
    line = LISTING.split(b"\n")[2] + b"\n"
    frames, _ = read(line, line)
    assert frames[0][1] != frames[1][1]
    assert 0 not in {dpkt.ip.IP(octets).id for _, octets, _ in frames}
    six = line.replace(b"IP localhost", b"IP6 localhost")
    frames, _ = read(six, six)
    assert frames[0][1] != frames[1][1]


@pytest.mark.parametrize(
    "line",
    [
        b"23:46:06.4 IP nosuchhost.1 > localhost.irdmi: Flags [S], seq 1, win 2, length 0",
        b"23:46:06.4 IP localhost.nosuchservice > localhost.irdmi: Flags [S], seq 1, win 2, length 0",
        b"23:46:06.4 IP 10.0.0.1.65536 > 10.0.0.2.1: Flags [S], seq 1, win 2, length 0",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.1: Flags [S], seq 4294967296, win 2, length 0",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.1: Flags [S], seq 1, win 65536, length 0",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.1: Flags [P.], seq 1:5, ack 1, win 1, length 5",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.1: Flags [.], win 1, length 0",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.1: Flags [S], seq 1, win 2, options [mss 1460",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.1: tcp 145",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.443:  tcp 12 [bad hdr length 12 - too short, < 20]",
        b"23:46:06.4 IP 10.0.0.1.1 > 10.0.0.2.443: Flags [.] [bad hdr length 60 - too long, > 24]",
        b"23:46:06.4 what is this",
        b"this neither",
    ],
)
def test_a_line_that_cannot_be_read_is_a_malformed_frame(line: bytes) -> None:
    frames, reader = read(line + b"\n")
    assert [octets for _, octets, _ in frames] == [MALFORMED]
    assert reader.malformed == 1


@pytest.mark.parametrize(
    ("line", "protocol"),
    [
        (b"1.5 IP 10.0.0.1.53 > 10.0.0.2.9: 1+ A? example.com. (12)", 17),
        (b"1.5 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 64", 17),
        (
            b"1.5 IP 10.0.0.1 > 10.0.0.2: GREv0, length 48: IP 1.2.3.4.1 > 1.2.3.5.2: Flags [S], seq 1, win 2, length 0",
            17,
        ),
        (
            b"1.5 IP 10.0.0.1 > 10.0.0.2: IP 10.0.0.3.1 > 10.0.0.4.443: Flags [S], seq 7, win 8192, length 0",
            17,
        ),
        (b"1.5 IP unknown.example > 10.0.0.2: ICMP echo reply, id 1, seq 2, length 64", 17),
    ],
)
def test_other_protocols_are_frames_of_other_protocols(line: bytes, protocol: int) -> None:
    frames, reader = read(line + b"\n")
    assert dpkt.ip.IP(frames[0][1]).p == protocol
    assert reader.malformed == 0


def test_packets_with_ip_options_are_not_taken_for_copies_of_each_other() -> None:
    line = b"1.5 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 44, options (NOP))\n"
    line += b"    10.0.0.1.1 > 10.0.0.2.2: Flags [R], seq 5, win 9, length 0\n"
    frames, _ = read(line, line)
    assert frames[0][1] != frames[1][1]


def test_fragments_stay_fragments() -> None:
    assert dpkt.ip.IP(one(b"1.5 IP 10.0.0.1 > 10.0.0.2: ip-proto-6")).offset > 0
    assert dpkt.ip.IP(one(b"1.5 IP 10.0.0.1 > 10.0.0.2: tcp")).offset > 0
    six = dpkt.ip6.IP6(one(b"1.5 IP6 ::1 > ::2: frag (0|28) 1 > 443: Flags [S], seq 1, win 2, length 0"))
    assert six.nxt == 44


@pytest.mark.parametrize(
    "line",
    [
        b"1.5 ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28",
        b"1.5 STP 802.1d, Config, Flags [none]",
        b"1.5 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype ARP (0x0806), length 42: Request",
    ],
)
def test_what_is_not_ip_is_a_frame_that_is_not_ip(line: bytes) -> None:
    assert one(line) == NOT_IP


@pytest.mark.parametrize(
    "head",
    [
        b"IP 10.0.0.1.1 > 10.0.0.2.8000: ",
        b"1.5 lo    In  IP 10.0.0.1.1 > 10.0.0.2.8000: ",
        b"1.5 In  IP 10.0.0.1.1 > 10.0.0.2.irdmi: ",
        b"1.5 ip: 10.0.0.1.1 > 10.0.0.2.8000: ",
        b"1.5 AF IPv4 (2), length 64: 10.0.0.1.1 > 10.0.0.2.8000: ",
        b"1.5 lo    In  ifindex 1 00:00:00:00:00:00 ethertype IPv4 (0x0800), length 80: 10.0.0.1.1 > 10.0.0.2.8000: ",
        b"1.5 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q (0x8100), length 62: vlan 5, p 0,"
        b" ethertype IPv4 (0x0800), 10.0.0.1.1 > 10.0.0.2.8000: ",
        b"2024-02-29 23:59:59.123456789 IP 10.0.0.1.1 > 10.0.0.2.8000: ",
        b" 00:00:01.5 IP 10.0.0.1.1 > 10.0.0.2.8000: ",
    ],
)
def test_whatever_stands_before_the_addresses(head: bytes) -> None:
    packet = dpkt.ip.IP(one(head + b"Flags [S], seq 7, win 5, length 0"))
    assert (packet.tcp.sport, packet.tcp.dport, packet.tcp.seq) == (1, 8000, 7)


def test_lines_of_tcpdump_3() -> None:
    head = b"1.5 IP 10.0.0.1.1 > 10.0.0.2.80: "
    frames, reader = read(
        head + b"S 10:10(0) win 5 <mss 1460,nop,wscale 2,timestamp 7 8,sackOK>\n",
        head + b"P 11:15(4) ack 9 win 5 <nop,nop,timestamp 7 8>\n",
        head + b". ack 3 win 5 <nop,nop,sack sack 1 {5:9} >\n",
    )
    assert reader.malformed == 0
    first, second, third = (dpkt.ip.IP(octets).tcp for _, octets, _ in frames)
    assert (first.flags, first.seq, first.win) == (2, 10, 5)
    assert dpkt.tcp.parse_opts(first.opts)[3] == (8, struct.pack(">II", 7, 8))
    assert (second.flags, second.seq, second.ack) == (24, 11, 9)
    assert (third.flags, third.ack) == (16, 11)
    assert dpkt.tcp.parse_opts(third.opts)[2] == (5, struct.pack(">II", 13, 17))


def test_midnight_adds_a_day_and_a_small_step_back_does_not() -> None:
    lines = [
        b"23:59:59.9",
        b"23:59:59.8",
        b"00:00:00.1",
        b"23:59:59.95",
        b"00:00:00.2",
        b"12:00:00.0",
        b"23:00:00.0",
        b"01:00:00.0",
    ]
    frames, _ = read(*(line + b" ARP, Request who-has 1.2.3.4 tell 1.2.3.5, length 28\n" for line in lines))
    day = 86_400 * 10**9
    assert [
        time // 10**8 * 10**8 - time_of(line) for (time, _, _), line in zip(frames, lines, strict=True)
    ] == [
        0,
        0,
        day,
        0,
        day,
        day,
        day,
        2 * day,
    ]


def time_of(text: bytes) -> int:
    hours, minutes, seconds = text.split(b":")
    return (int(hours) * 3600 + int(minutes) * 60) * 10**9 + int(float(seconds) * 10) * 10**8


@pytest.mark.parametrize(
    "time",
    [
        b"0001-01-01 00:00:00.5",
        b"1823-11-11 00:00:00.5",
        b"2116-02-21 00:00:00.5",
        b"9999-12-31 23:59:59.5",
        b"2017-02-30 00:00:00.5",
        b"99999999999.999999",
    ],
)
def test_a_time_that_no_capture_can_have_makes_the_line_malformed(time: bytes) -> None:
    line = b" IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, length 0\n"
    frames, reader = read(b"2017-02-21 00:00:00.5" + line + time + line + b"2017-02-21 00:00:01.5" + line)
    assert reader.malformed == 1
    assert frames[1][1] == MALFORMED
    assert [at - frames[0][0] for at, _, _ in frames] == [0, 0, 10**9]


@pytest.mark.parametrize(("date", "year"), [(b"1823-11-13", -146), (b"2116-02-19", 146)])
def test_the_first_and_the_last_day_that_fit_are_read(date: bytes, year: int) -> None:
    frames, reader = read(
        date + b" 00:00:00.5 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, length 0\n"
    )
    assert reader.malformed == 0
    assert round(frames[0][0] / (365.2425 * 86_400e9)) == year


def test_remarks_and_dumps_are_no_frames() -> None:
    lines = LISTING.split(b"\n")
    noise = [
        b"tcpdump: verbose output suppressed, use -v[v]... for full protocol decode",
        b"listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes",
        b"reading from file x, link-type RAW (Raw IP), snapshot length 128",
        b"",
        b"\t0x0000:  4500 0040",
        b"    indented text",
        b"[|BGP Update]",
        b"14 packets captured",
        b"0 packets dropped by kernel",
    ]
    text = b"\n".join([*noise[:3], lines[0], *noise[3:], lines[1], *noise])
    frames, reader = read(text + b"\n")
    assert [frame[1:] for frame in frames] == [frame[1:] for frame in read(LISTING)[0][:2]]
    assert reader.malformed == 0


def test_a_payload_beyond_16_bits_counts_by_the_frame_or_the_jumbo_option() -> None:
    frames, _ = read(b"1.5 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [P.], seq 1:70001, ack 1, win 2, length 70000\n")
    assert dpkt.ip.IP(frames[0][1]).len == 0
    assert frames[0][2] == 40 + 70000
    frames, _ = read(b"1.5 IP6 ::1.1 > ::2.2: Flags [P.], seq 1:70001, ack 1, win 2, length 70000\n")
    assert frames[0][1][40:48] == bytes((6, 0, 0xC2, 4)) + struct.pack(">I", 70000 + 28)  # RFC 2675
    assert frames[0][2] == 48 + 20 + 70000


PARTS = st.sampled_from(
    [
        b"23:46:06.464962 ",
        b"IP ",
        b"IP6 ",
        b"(tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)",
        b"10.0.0.1.1",
        b" > ",
        b"::1.80",
        b": ",
        b"Flags [S.]",
        b", seq 1:2",
        b", ack 1",
        b", win 1",
        b", options [",
        b"mss 1",
        b",",
        b"sack 2 {1:2}{3:4}",
        b"TS val 1 ecr 2",
        b"md5 valid",
        b"mptcp 99",
        b"exp-",
        b"opt-",
        b"tcp-ao keyid 1",
        b"scps cap",
        b"unknown-999 0xabc",
        b"uto 0x",
        b"tfo cookie 61",
        b"mss 0[len 5]",
        b"[bad opt]",
        b"[|tcp]",
        b"]",
        b", length 1",
        b"\n",
        b"    ",
        b"99:99:99.9 ",
        b"9999-99-99 99:99:99.9 ",
        b"S 1:2(1) ",
        b"<",
        b">",
        b"\xff",
        b"(",
    ]
)


@given(st.lists(st.one_of(PARTS, st.binary(max_size=8)), max_size=60), st.integers(0, 200))
@example(
    [b"1.5 IP 1.1.1.1.1 > 1.1.1.1.2: Flags [S], seq 1, win 2, options [scps cap zz id 1], length 0\n"], 0
)
@example([b"1.5 IP 1.1.1.1.1 > 1.1.1.1.2: Flags [S], seq 1, win 2, options [scps 1], length 0\n"], 0)
@example([b"1.5 IP 1.1.1.1.1 > 1.1.1.1.2: Flags [S], seq 1, win 2, options [unknown-3 0xabc], length 0\n"], 0)
@example([b"1.5 IP 1.1.1.1.1 > 1.1.1.1.2: Flags [S], seq 1, win 2, options [opt-ions], length 0\n"], 0)
@example([b"1.5 IP 1.1.1.1.1 > 1.1.1.1.2: Flags [S], seq 1, win 2, options [exp-zzzz], length 0\n"], 0)
@example([b"1.5 IP 1.1.1.1.1 > 1.1.1.1.2: Flags [S], seq 1, win 2, options [opt-" + b"9" * 5000 + b"]\n"], 0)
def test_no_text_raises_and_splits_change_nothing(parts: list[bytes], at: int) -> None:
    text = b"".join(parts)
    whole, reader = read(text)
    split, _ = read(text[:at], text[at:])
    assert split == whole
    assert reader.malformed == sum(octets == MALFORMED for _, octets, _ in whole)
    for _, octets, wire in whole:
        assert 0 < len(octets) <= wire


def test_time_grows_with_the_text_not_with_its_square() -> None:
    def took(count: int) -> float:
        lines = [
            b"%02d:00:00.%06d IP 1.%d.%d.1.%d > 1.0.0.2.80: Flags [P.], seq 1:146, ack 1, win 9, length 145\n"
            % (i // 1000 % 24, i % 1000000, i % 200, i % 150, 1024 + i % 60000)
            for i in range(count)
        ]
        start = time.process_time()
        assert len(read(b"".join(lines))[0]) == count
        return time.process_time() - start

    took(1000)
    small, large = took(4_000), took(40_000)
    assert large < 40 * small  # ten times the lines; room for a loaded machine, none for a square


def test_a_line_without_end_is_bounded_and_read() -> None:
    reader = PrintedReader()
    reader.feed(LISTING.split(b"\n")[0] + b": ")
    start = time.process_time()
    for _ in range(3000):
        reader.feed(b"x" * 10_000)
    assert time.process_time() - start < 5
    assert len(reader._tail) <= MOST_LINE
    reader.feed(b"\n")
    reader.finish()
    assert [octets for _, octets, _, _ in reader.take(9)] == [read(LISTING)[0][0][1]]


@pytest.mark.parametrize(
    "line",
    [
        b"1.5 " + b"(" * 60000,
        b"1.5 IP (" + b"()" * 30000,
        b"1.5 IP " + b"a > " * 15000,
        b"1.5 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, options [" + b"mss 1," * 10000,
        b"1.5 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, options ["
        + b"sack 9 "
        + b"{1:2}" * 10000
        + b"], length 0",
        b"1.5 IP6 ::1 > ::2: HBH " + b"a " * 30000,
    ],
)
def test_no_line_takes_long(line: bytes) -> None:
    start = time.process_time()
    frames, _ = read(line + b"\n")
    assert len(frames) == 1
    assert time.process_time() - start < 1
