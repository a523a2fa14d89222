"""TCP is found in every carrier, where tshark (or tcpdump) finds it too; and in those that scapy builds."""

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import tcptrace
from tcptrace.model.tcpflags import MARK_BAD_CHECKSUM
from tcptrace.wire.headers import FIRST_HEADER, UDP_TUNNELS
from tcptrace.wire.links import BY_ETHERTYPE, LINK_TYPES
from tests.test_peers import compare, tshark_counts
from tests.wire.carriers import LINKS, MAC, TUNNELS, Carrier, over_udp
from tests.wire.decode_frames import FORMS, Form, ethernet, ip, ipv4, ipv6, tcp

CARRIERS = LINKS + TUNNELS
ENDS = {4: ("192.0.2.1", "198.51.100.2"), 6: ("2001:db8::1", "2001:db8::2")}
STEPS = (
    (0, 0x02, 0, 0, b""),
    (1, 0x12, 0, 1, b""),
    (0, 0x10, 1, 1, b""),
    (0, 0x18, 1, 1, b"GET / HTTP/1.0\r\n\r\n"),
)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def packet(version: int, step: int = 3, ident: int = 1, port: int = 49329) -> bytes:
    """Return one of four segments that open a connection from a port."""
    side, flags, seq, ack, payload = STEPS[step]
    source, target = ENDS[version] if side == 0 else ENDS[version][::-1]
    sport, dport = (port, 80) if side == 0 else (80, port)
    body = tcp(
        source,
        target,
        sport=sport,
        dport=dport,
        seq=(1000, 2000)[side] + seq,
        ack=(2000, 1000)[side] + ack if flags & 0x10 else 0,
        flags=flags,
        payload=payload,
    )
    return ipv4(body, source, target, ident=ident) if version == 4 else ipv6(body, source, target)


def pcap(link: int, frames: list[bytes], order: str = "<") -> bytes:
    """Return a capture of frames a millisecond apart."""
    records = [
        struct.pack(order + "IIII", 1_700_000_000, 1000 * i, len(frame), len(frame)) + frame
        for i, frame in enumerate(frames)
    ]
    return struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link) + b"".join(records)


def conversation(carrier: Carrier, port: int) -> list[bytes]:
    """Return a connection's frames for each version of IP that the carrier takes."""
    return [
        carrier.wrap(packet(version, step, 1 + step, port))
        for version in carrier.versions
        for step in range(len(STEPS))
    ]


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.name)
def test_the_innermost_tcp_is_found_with_its_ends_and_payload(form: str, carrier: Carrier) -> None:
    for version in carrier.versions:
        row = Form(form, "all").one(carrier.wrap(packet(version)), link=carrier.link)
        source, target = (ip(end) for end in ENDS[version])
        assert (row["low"], row["high"]) == ((source, 49329), (target, 80))
        assert (row["seq"], row["ack"], row["length"], row["payload"]) == (1001, 2001, 18, STEPS[3][4])
        assert not row["marks"] & MARK_BAD_CHECKSUM


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.name)
def test_a_carrier_that_is_cut_gives_the_same_segment_or_none(form: str, carrier: Carrier) -> None:
    whole = carrier.wrap(packet(carrier.versions[0]))
    found = Form(form).one(whole, link=carrier.link)
    begin = whole.index(STEPS[3][4])
    for cut in range(len(whole)):
        rows = Form(form).run([(whole[:cut], len(whole), carrier.link)])
        assert bool(rows) == (cut >= begin)
        for row in rows:
            names = ("low", "high", "seq", "ack", "flags", "window", "length")
            assert [row[name] for name in names] == [found[name] for name in names]


Peer = tuple[str, int, int, str]


def peers() -> dict[Peer, list[Carrier]]:
    """Return the carriers of one capture each: who reads it, as which link type, from which octet, byte order."""
    groups: dict[Peer, list[Carrier]] = {}
    for carrier in CARRIERS:
        order = ">" if carrier.name.endswith("-big") else "<"
        link = carrier.link if carrier.peer_link < 0 else carrier.peer_link
        groups.setdefault((carrier.peer, link, carrier.peer_from, order), []).append(carrier)
    return groups


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("peer", peers(), ids=lambda peer: f"{peer[0]}-{peer[1]}-{peer[2]}{peer[3]}")
def test_tshark_counts_the_same_streams_segments_and_addresses(peer: Peer, tmp_path: Path) -> None:
    reader, link, begin, order = peer
    carriers = peers()[peer]
    frames = [
        frame for place, carrier in enumerate(carriers) for frame in conversation(carrier, 40_000 + place)
    ]
    ours, theirs = tmp_path / "ours.pcap", tmp_path / "theirs.pcap"
    ours.write_bytes(pcap(carriers[0].link, frames, order))
    theirs.write_bytes(pcap(link, [frame[begin:] for frame in frames], order))
    analysis = tcptrace.analyze(str(ours))
    if reader == "tcpdump":
        command = ["tcpdump", "-n", "-S", "-r", str(theirs)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for version in (4, 6):
            left, right = ENDS[version]
            assert f"{left}.40000 > {right}.80: Flags [P.], seq 1001:1019, ack 2001" in printed
            assert f"{right}.80 > {left}.40000: Flags [S.], seq 2000, ack 1001" in printed
        assert analysis.capture.tcp_segments == len(frames)
        return
    counts = tshark_counts(theirs, "udp.port==8472,vxlan")
    assert compare(analysis, counts.streams) == []
    capture = analysis.capture
    assert (capture.frames, capture.tcp_segments) == (counts.frames, counts.segments)
    assert capture.connections == len(counts.streams) == sum(len(carrier.versions) for carrier in carriers)
    assert capture.tcp_segments == len(frames)


def test_every_link_type_and_every_port_has_a_carrier() -> None:
    rare = {row.number for row in LINK_TYPES if row.kind >= FIRST_HEADER or row.kind == BY_ETHERTYPE}
    assert rare <= {carrier.link for carrier in CARRIERS}
    ports = {struct.pack(">H", port) for port, _ in UDP_TUNNELS}
    seen = {carrier.wrap(packet(6))[36:38] for carrier in TUNNELS}
    assert ports <= seen


# ---- what is no segment


QUOTED = packet(4, 0)[:28]
FIRST_LABEL = b"\0\x01\0\x40"


@pytest.mark.parametrize(
    ("link", "data", "reason"),
    [
        (1, ethernet(ipv4(b"\x03\x01\0\0\0\0\0\0" + QUOTED, protocol=1)), "not_tcp"),  # ICMP quotes it
        (1, ethernet(ipv4(ipv4(b"\x0b\0\0\0\0\0\0\0" + QUOTED, protocol=1), protocol=4)), "not_tcp"),
        (1, ethernet(ipv6(b"\x01\x04\0\0\0\0\0\0" + packet(6, 0), kind=58), 0x86DD), "not_tcp"),
        (
            1,
            over_udp(4789, lambda p: b"\0\0\0\0\0\0\x2a\0" + MAC + b"\x08\0" + p)(packet(4)),
            "not_tcp",
        ),  # no VNI
        (1, over_udp(53, lambda p: b"\x08\0\0\0\0\0\x2a\0" + MAC + b"\x08\0" + p)(packet(4)), "not_tcp"),
        (
            1,
            over_udp(4789, lambda p: b"\x08\0\0\0\0\0\x2a\0" + MAC + b"\x08\x06" + bytes(28))(packet(4)),
            "not_tcp",
        ),
        (1, over_udp(6081, lambda p: b"\x40\0\x08\0\0\0\x2a\0" + p)(packet(4)), "not_tcp"),  # version 1
        (1, over_udp(2152, lambda p: b"\x30\x01\0\x04\0\0\0\0" + p)(packet(4)), "not_tcp"),  # an echo request
        (1, over_udp(3544, lambda p: p)(packet(4)), "not_tcp"),  # Teredo carries IPv6
        (1, over_udp(4789, lambda p: b"\x08\0\0\0")(packet(4)), "not_tcp"),
        (1, ethernet(ipv4(b"\0\2\x08\0" + packet(4), protocol=47)), "not_tcp"),  # GRE version 2
        (1, ethernet(ipv4(b"\0\0\x08\x06" + bytes(28), protocol=47)), "not_tcp"),
        (1, ethernet(ipv4(b"\0\0\x08", protocol=47)), "malformed"),
        (1, ethernet(ipv4(packet(6), protocol=4)), "malformed"),  # the protocol says IPv4
        (1, ethernet(ipv4(bytes(40), protocol=50)), "not_tcp"),  # ESP
        (1, MAC + b"\x88\x63" + b"\x11\x09\0\0\0\x04" + bytes(40), "not_ip"),  # PPPoE discovery
        (1, MAC + b"\x88\x64" + b"\x11\0\0\x01\0\x06\xc0\x21" + bytes(40), "not_ip"),  # link control
        (1, MAC + b"\x88\x47" + b"\0\x01\x01\x40\x10" + bytes(40), "not_ip"),  # an associated channel
        (1, MAC + b"\x88\x47" + FIRST_LABEL * 40 + b"\0\x01\x01\x40" + packet(4), "not_ip"),
        (9, b"\xc0\x21\1\1\0\4", "not_ip"),
        (104, b"\x0f\0\x80\x35" + bytes(14), "not_ip"),  # SLARP
        (105, b"\x80\0" + bytes(60), "not_ip"),  # a beacon
        (105, b"\x48\x01" + bytes(60), "not_ip"),  # no body
        (105, b"\x08\x41" + bytes(60), "not_ip"),  # encrypted
        (105, b"\x08\x05" + bytes(60), "not_ip"),  # the first of several parts
        (107, b"\x18\x40\x40\x40" + bytes(40), "not_ip"),  # an address without end
        (127, b"\0\0\x07\0" + bytes(60), "malformed"),
        (163, struct.pack(">II", 0x80211001, 7) + bytes(60), "malformed"),
        (239, b"\2\0\0\0" + struct.pack("<HH", 3, 9) + bytes(60), "malformed"),
        (239, b"\2\0\0\0" + struct.pack("<HH", 8, 10) + b"seen", "not_ip"),
        (258, struct.pack("<III", 8, 1, 1) + bytes(60), "malformed"),
        (258, struct.pack("<III", 12, 1, 9999) + bytes(60), "link_type"),
        (192, struct.pack("<BBHI", 0, 0, 8, 147) + bytes(60), "link_type"),
        (113, b"\0\0\x03\x38\0\0" + bytes(8) + b"\x08\0" + packet(4), "not_ip"),  # netlink
    ],
)
def test_what_carries_no_tcp_is_counted_by_reason(form: str, link: int, data: bytes, reason: str) -> None:
    assert Form(form).skip(data, link=link) == reason


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: ipv4(inner, protocol=4),
        lambda inner: ipv4(b"\0\0\x08\0" + inner, protocol=47),
        lambda inner: ethernet(ipv4(b"\0\0\x65\x58" + inner, protocol=47)),
    ],
)
def test_tunnels_in_tunnels_are_bounded(form: str, wrap: Callable[[bytes], bytes]) -> None:
    whole = packet(4)
    if wrap(b"")[:1] != b"\x45":
        whole = ethernet(whole)
    link = 101 if whole[:1] == b"\x45" else 1
    found = []
    for _ in range(80):
        rows = Form(form).run([(whole, 0, link)])
        found.append([row["seq"] for row in rows])
        whole = wrap(whole)
    assert found[:12] == [[1001]] * 12
    assert found[-1] == []
    assert found == sorted(found, reverse=True)  # once too deep, deeper is too deep


def test_a_tunnelled_copy_of_a_packet_has_its_fingerprint(form: str) -> None:
    decoder = Form(form)
    plain = decoder.one(ethernet(packet(4)))
    for carrier in TUNNELS:
        if 4 in carrier.versions:
            assert (
                decoder.one(carrier.wrap(packet(4)), link=carrier.link)["fingerprint"] == plain["fingerprint"]
            )


def test_padding_and_what_follows_a_datagram_is_no_payload(form: str) -> None:
    for carrier in TUNNELS:
        row = Form(form).one(carrier.wrap(packet(carrier.versions[0])) + bytes(9), link=carrier.link)
        assert row["length"] == 18
    inner = packet(4, 3)
    no_length = inner[:2] + bytes(2) + inner[4:]  # offloaded: as far as what is around it reaches
    row = Form(form).one(MAC + b"\x08\0" + ipv4(no_length, protocol=4) + bytes(9))
    assert row["length"] == 18


# ---- scapy builds


def scapy_frames() -> dict[str, tuple[int, list[bytes]]]:
    """Return frames that scapy builds, by name, with their link type."""
    from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
    from scapy.contrib.geneve import GENEVE
    from scapy.contrib.gtp import GTP_U_Header
    from scapy.contrib.mpls import MPLS
    from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
    from scapy.layers.ipsec import AH
    from scapy.layers.l2 import GRE, GRE_PPTP, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1Q, Ether
    from scapy.layers.ppp import HDLC, PPP, PPPoE
    from scapy.layers.vxlan import VXLAN

    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")  # else scapy asks the network for them
    outer = ether / IP(src="10.1.1.1", dst="10.2.2.2")
    outer6 = ether / IPv6(src="fd00::1", dst="fd00::2")
    segment = TCP(sport=49329, dport=80, flags="PA", seq=1001, ack=2001) / STEPS[3][4]
    made = {}
    for version, inner in (
        (4, IP(src=ENDS[4][0], dst=ENDS[4][1]) / segment),
        (6, IPv6(src=ENDS[6][0], dst=ENDS[6][1]) / segment),
    ):
        behind = ether / inner
        kind = 0x0800 if version == 4 else 0x86DD
        number = 4 if version == 4 else 41
        ppp = 0x21 if version == 4 else 0x57
        air = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=kind) / inner
        frames = {
            "ppp": (9, PPP(proto=ppp) / inner),
            "hdlc": (50, HDLC() / PPP(proto=ppp) / inner),
            "pppoe": (1, ether / PPPoE(sessionid=7) / PPP(proto=ppp) / inner),
            "sll": (113, CookedLinux(proto=kind) / inner),
            "sll2": (276, CookedLinuxV2(proto=kind) / inner),
            "802.11": (105, Dot11(type=2, FCfield=1) / air),
            "802.11-qos": (105, Dot11(type=2, subtype=8, FCfield=2) / Dot11QoS() / air),
            "radiotap": (127, RadioTap(present="TSFT+Flags+Rate", mac_timestamp=5) / Dot11(type=2) / air),
            "vlan-mpls": (1, ether / Dot1Q(vlan=5) / MPLS(label=16, s=0) / MPLS(label=17, s=1) / inner),
            "ip-in-ip": (1, outer / inner),
            "ip-in-ipv6": (1, outer6 / IPv6ExtHdrDestOpt(nh=number) / inner),
            "gre": (
                1,
                outer / GRE(proto=kind, key_present=1, key=9, seqnum_present=1, sequence_number=3) / inner,
            ),
            "gre-checksum": (1, outer / GRE(proto=kind, chksum_present=1) / inner),
            "gre-ethernet": (1, outer6 / GRE(proto=0x6558) / behind),
            "pptp": (1, outer / GRE_PPTP(seqnum_present=1, call_id=5) / PPP(proto=ppp) / inner),
            "erspan-2": (1, outer / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / behind),
            "erspan-3": (1, outer / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III() / behind),
            "vxlan": (1, outer / UDP(sport=5, dport=4789) / VXLAN(vni=7, flags="Instance") / behind),
            "geneve": (1, outer / UDP(sport=5, dport=6081) / GENEVE(proto=0x6558, vni=7) / behind),
            "gtp-u": (1, outer / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=7, S=1, seq=5) / inner),
            "ah": (1, outer / AH(nh=number, payloadlen=4, spi=5, seq=1, icv=bytes(12)) / inner),
        }
        for name, (link, frame) in frames.items():
            made[f"{name}-{version}"] = (link, [bytes(frame)])
    return made


@pytest.fixture(scope="module")
def built() -> dict[str, tuple[int, list[bytes]]]:
    return scapy_frames()


def test_what_scapy_builds_is_read(form: str, built: dict[str, tuple[int, list[bytes]]]) -> None:
    assert len(built) > 40
    for name, (link, frames) in built.items():
        source, target = (ip(end) for end in ENDS[int(name[-1])])
        row = Form(form, "all").one(frames[0], link=link)
        assert (row["low"], row["high"]) == ((source, 49329), (target, 80)), name
        assert (row["seq"], row["payload"]) == (1001, STEPS[3][4]), name
        assert not row["marks"] & MARK_BAD_CHECKSUM, name


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_what_scapy_builds_is_read_by_tshark_alike(
    built: dict[str, tuple[int, list[bytes]]], tmp_path: Path
) -> None:
    for link in sorted({link for link, _ in built.values()}):
        frames = [frame for number, made in built.values() if number == link for frame in made]
        path = tmp_path / f"{link}.pcap"
        path.write_bytes(pcap(link, frames))
        counts = tshark_counts(path)
        analysis = tcptrace.analyze(str(path))
        assert compare(analysis, counts.streams) == []
        assert analysis.capture.tcp_segments == counts.segments == len(frames)
