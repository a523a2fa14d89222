"""The scripts' own language: what it writes is what dpkt and tshark read."""

import shutil
import struct
import subprocess
from io import BytesIO
from pathlib import Path

import dpkt
import pytest
from script import FLAGS, ISN, START_S, parse

LADDER = """
isn server 100
link ethernet
0.000 client > SYN mss 1460 ws 7 sackok ts
0.010 server < SYN,ACK mss 1400 ts
0.0205 client > ACK ts
0.030 client > PSH,ACK len 11 ts 77/88
0.031 client > PSH,ACK len 5 seq 20
0.040 server < ACK ack 12 sack 20-25 ts win 1000
0.050 server < RST
0.060 client > SYN,FIN badsum
0.061 client > none ack 5
"""


def packets(data: bytes) -> list[tuple[float, dpkt.ip.IP]]:
    reader = dpkt.pcap.Reader(BytesIO(data))
    raw = reader.datalink() == 101
    return [(t, dpkt.ip.IP(octets) if raw else dpkt.ethernet.Ethernet(octets).data) for t, octets in reader]


def test_dpkt_reads_the_numbers_flags_and_options_that_were_written() -> None:
    segments = [ip.tcp for _, ip in packets(parse(LADDER).pcap())]
    assert [tcp.flags & 0x3F for tcp in segments] == [2, 18, 16, 24, 24, 16, 4, 3, 0]
    assert [tcp.seq for tcp in segments] == [
        ISN,
        100,
        ISN + 1,
        ISN + 1,
        (ISN + 20) & 0xFFFFFFFF,
        101,
        101,
        ISN,
        (ISN + 25) & 0xFFFFFFFF,
    ]
    assert [tcp.ack for tcp in segments] == [0, ISN + 1, 101, 101, 101, (ISN + 12) & 0xFFFFFFFF, 0, 0, 105]
    assert [len(tcp.data) for tcp in segments] == [0, 0, 0, 11, 5, 0, 0, 0, 0]
    assert segments[5].win == 1000
    options = [dict(dpkt.tcp.parse_opts(tcp.opts)) for tcp in segments]
    assert options[0][dpkt.tcp.TCP_OPT_MSS] == struct.pack("!H", 1460)
    assert options[0][dpkt.tcp.TCP_OPT_WSCALE] == b"\x07"
    assert dpkt.tcp.TCP_OPT_SACKOK in options[0]
    stamps = [
        struct.unpack("!II", o[dpkt.tcp.TCP_OPT_TIMESTAMP]) if dpkt.tcp.TCP_OPT_TIMESTAMP in o else None
        for o in options
    ]
    assert stamps[:6] == [(1000, 0), (5_000_010, 1000), (1020, 5_000_010), (77, 88), None, (5_000_040, 77)]
    edges = struct.unpack("!II", options[5][dpkt.tcp.TCP_OPT_SACK])
    assert edges == ((ISN + 20) & 0xFFFFFFFF, (ISN + 25) & 0xFFFFFFFF)


def test_times_are_exact() -> None:
    script = parse(LADDER)
    assert script.frames[2].time_ns == START_S * 10**9 + 20_500_000


@pytest.mark.parametrize(
    "ladder",
    [LADDER, "ends client 2001:db8::1.40000 server 2001:db8::2.80\nhandshake\n0.1 client > ACK len 3"],
)
def test_tshark_finds_every_checksum_right_but_the_spoilt_one(ladder: str, tmp_path: Path) -> None:
    tshark = shutil.which("tshark")
    assert tshark, "install tshark to run the tests"
    script = parse(ladder)
    capture = tmp_path / "script.pcap"
    capture.write_bytes(script.pcap())
    fields = ["-T", "fields", "-e", "tcp.checksum.status", "-e", "ip.checksum.status"]
    settings = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    run = subprocess.run(
        [tshark, "-r", str(capture), *settings, *fields], capture_output=True, text=True, check=True
    )
    statuses = [line.split("\t") for line in run.stdout.splitlines()]
    assert [status[0] for status in statuses] == [
        "0" if "badsum" in made.line else "1" for made in script.frames
    ]
    assert {status[1] for status in statuses} <= {"1", ""}


def test_a_copy_is_the_same_packet_but_for_the_hop() -> None:
    script = parse("handshake\n0.021 copy 3\n0.022 copy 3 ttl")
    third, copy, further = (made.packet for made in script.frames[2:])
    assert copy == third
    assert [i for i in range(len(third)) if third[i] != further[i]] == [
        8,
        10,
    ]  # TTL, high octet of the checksum
    assert dpkt.ip.IP(further).ttl == 63


def test_every_control_bit_has_its_place() -> None:
    for name, bit in FLAGS.items():
        header = parse(f"0 client > {name}").frames[0].packet[20:]
        assert struct.unpack("!H", header[12:14])[0] & 0x1FF == bit


def test_a_vlan_tag_stands_between_ethernet_and_ip() -> None:
    ladder = "link ethernet vlan 42\n0.000 client > SYN\n"
    ((_, octets),) = dpkt.pcap.Reader(BytesIO(parse(ladder).pcap()))
    frame = dpkt.ethernet.Ethernet(octets)
    assert [tag.id for tag in frame.vlan_tags] == [42]
    assert frame.data.tcp.dport == 80


CUT = """
0.000 client > SYN mss 1460
0.010 server < SYN,ACK
0.020 client > PSH,ACK len 100 ts part 64-
0.021 part 3 16-64
0.022 part 3 0-16
0.030 server < FIN,ACK len 30 part 0-32
0.031 part 6 32-
"""
WHOLE = "\n".join(line.split(" part ")[0] for line in CUT.splitlines() if " part " not in line[:12])


def test_scapy_puts_the_parts_of_a_packet_together_to_the_packet_that_was_cut() -> None:
    from scapy.layers.inet import IP, TCP, defragment

    parts = [IP(made.packet) for made in parse(CUT).frames]
    for part in parts:
        stored = part.chksum
        del part.chksum
        assert IP(bytes(part)).chksum == stored
    octets = sorted(
        bytes(IP(bytes(packet))[TCP]) for packet in defragment(sorted(parts, key=lambda part: part.frag))
    )
    assert octets == sorted(bytes(IP(made.packet)[TCP]) for made in parse(WHOLE).frames)


def test_scapy_puts_the_parts_of_an_ipv6_packet_together() -> None:
    from scapy.layers.inet import TCP
    from scapy.layers.inet6 import IPv6, defragment6

    ends = "ends client 2001:db8::1.40000 server 2001:db8::2.80\n"
    cut, whole = ([IPv6(made.packet) for made in parse(ends + text).frames] for text in (CUT, WHOLE))
    assert bytes(defragment6(cut[2:5])[TCP]) == bytes(whole[2][TCP])
    assert bytes(defragment6(cut[5:])[TCP]) == bytes(whole[3][TCP])
