"""The frame view. Truth: tshark's fields on real frames, the RFCs' headers, dpkt's messages."""

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace.show.layers import READERS, dissect
from tcptrace.show.layers_lines import layer_lines
from tcptrace.show.layers_model import Layer
from tcptrace.show.paint import plain
from tcptrace.source.open import open_source
from tcptrace.wire import headers
from tcptrace.wire.links import LINK_TYPES
from tests.wire.carriers import LINKS, TUNNELS, Carrier
from tests.wire.decode_frames import ipv4

CARRIERS = LINKS + TUNNELS

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "real"
FILES = [
    ROOT / "captures" / "http-get.pcap",
    *sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))[:6],
    *(sorted(REAL.glob("*.*cap*")) if REAL.is_dir() else []),
]
MOST = 60  # frames a file

TCP = struct.pack(">HHIIBBHHH", 49329, 8000, 7, 9, 0x50, 0x18, 1024, 0, 0) + b"GET / HTTP/1.1\r\n"
IPV4 = (
    struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(TCP), 1, 0x4000, 64, 6, 0, b"\x7f\0\0\1", b"\x7f\0\0\2")
    + TCP
)
IPV6 = struct.pack(">IHBB16s16s", 0x60000000, len(TCP), 6, 64, b"\0" * 15 + b"\1", b"\0" * 15 + b"\2") + TCP
MACS = bytes(range(12))

# link type, octets before the network layer, network layer
FRAMES = {
    "null-little": (0, b"\2\0\0\0", IPV4),
    "null-big": (0, b"\0\0\0\2", IPV4),
    "null-ipv6": (0, b"\x1e\0\0\0", IPV6),
    "loop": (108, b"\0\0\0\2", IPV4),
    "ethernet": (1, MACS + b"\x08\0", IPV4),
    "ethernet-ipv6": (1, MACS + b"\x86\xdd", IPV6),
    "vlan": (1, MACS + b"\x81\0\x20\x07\x08\0", IPV4),
    "qinq": (1, MACS + b"\x88\xa8\0\x09\x81\0\0\x07\x86\xdd", IPV6),
    "snap": (1, MACS + struct.pack(">H", 8 + len(IPV4)) + b"\xaa\xaa\3\0\0\0\x08\0", IPV4),
    "raw": (101, b"", IPV4),
    "raw-ipv6": (12, b"", IPV6),
    "ipv4": (228, b"", IPV4),
    "ipv6": (229, b"", IPV6),
    "sll": (113, b"\0\4\0\1\0\6" + bytes(8) + b"\x08\0", IPV4),
    "sll2": (276, b"\x86\xdd\0\0\0\0\0\3\0\1\0\6" + bytes(8), IPV6),
}


def values(layers: list[Layer], level: str) -> dict[str, str]:
    """Return a level's fields; the innermost layer of that level counts."""
    found = [layer for layer in layers if layer.level == level]
    return {field.name: field.value for field in found[-1].fields} if found else {}


def frames(path: Path) -> Iterator[tuple[int, bytes, int, int]]:
    source = open_source(path)
    try:
        for batch in source.batches():
            for at in range(min(batch.count, MOST)):
                begin = batch.frames.offset[at]
                octets = bytes(batch.buffer[begin : begin + batch.frames.captured[at]])
                yield batch.frames.number[at], octets, batch.frames.link[at], batch.frames.wire[at]
            return
    finally:
        source.close()


@pytest.mark.parametrize("name", FRAMES)
def test_a_link_type_leads_to_the_same_tcp(name: str) -> None:
    link, header, network = FRAMES[name]
    layers = dissect(header + network, link, len(header + network))
    levels = [layer.level for layer in layers]
    assert list(dict.fromkeys(levels)) == ["Link", "Network", "Transport", "Application"]
    assert layers[levels.index("Network")].name == ("IPv6" if network is IPV6 else "IPv4")
    assert values(layers, "Transport")["source port"] == "49329"
    assert values(layers, "Transport")["flags"] == "PSH,ACK"
    assert values(layers, "Application")["first line"] == "GET / HTTP/1.1"


# What a tunnel's layers are called, the outermost first; link layer, TCP and what it carries are always there.
OUTER4, OUTER6 = ["Ethernet", "IPv4"], ["Ethernet", "IPv6"]
LAYERS = {
    "mpls-three-labels": ["Ethernet", "MPLS", "IPv4"],
    "mpls-control-word": ["Ethernet", "MPLS", "Ethernet", "IPv4"],
    "pppoe": ["Ethernet", "PPPoE", "PPP", "IPv4"],
    "ip-in-ipv4": [*OUTER4, "IPv4"],
    "ip-in-ipv6": [*OUTER6, "IPv4"],
    "gre-all": [*OUTER4, "GRE", "IPv4"],
    "gre-ethernet": [*OUTER4, "GRE", "Ethernet", "IPv4"],
    "pptp": [*OUTER4, "GRE version 1", "PPP", "IPv4"],
    "erspan-1": [*OUTER4, "GRE", "ERSPAN type I", "Ethernet", "IPv4"],
    "erspan-2": [*OUTER4, "GRE", "ERSPAN type II", "Ethernet", "IPv4"],
    "erspan-3": [*OUTER4, "GRE", "ERSPAN type III", "Ethernet", "IPv4"],
    "vxlan": [*OUTER4, "UDP", "VXLAN", "Ethernet", "IPv4"],
    "geneve-options": [*OUTER4, "UDP", "GENEVE", "IPv4"],
    "gtp-u-extension": [*OUTER4, "UDP", "GTP-U", "IPv4"],
    "ah-tunnel": [*OUTER4, "authentication header (AH)", "IPv4"],
    "vxlan-in-gre-in-ipv6": [*OUTER6, "GRE", "IPv4", "UDP", "VXLAN", "Ethernet", "IPv4"],
    "radiotap": ["radiotap", "IEEE 802.11", "LLC with SNAP", "IPv4"],
    "nflog-little": ["netfilter log (NFLOG)", "IPv4"],
    "pktap-ethernet": ["PKTAP", "Ethernet", "IPv4"],
}


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.name)
def test_each_header_is_a_layer_and_the_innermost_tcp_is_the_same(carrier: Carrier) -> None:
    for version in carrier.versions:
        network = IPV4 if version == 4 else IPV6
        whole = carrier.wrap(network)
        layers = dissect(whole, carrier.link, len(whole))
        assert values(layers, "Network")["source"] == ("127.0.0.1" if version == 4 else "::1")
        assert values(layers, "Transport")["source port"] == "49329"
        assert values(layers, "Application")["first line"] == "GET / HTTP/1.1"
        if version == 4 and carrier.name in LAYERS:
            assert [layer.name for layer in layers][:-2] == LAYERS[carrier.name]
        for length in range(len(whole)):
            cut = dissect(whole[:length], carrier.link, len(whole))
            assert cut
            if length < whole.index(TCP) + 20:
                assert "TCP" not in [layer.name for layer in cut if layer.fields]


def test_teredo_shows_where_the_relay_saw_the_sender() -> None:
    carrier = next(carrier for carrier in CARRIERS if carrier.name == "teredo-origin")
    whole = carrier.wrap(IPV6)
    layers = dissect(whole, carrier.link, len(whole))
    assert [layer.name for layer in layers][2:5] == ["UDP", "Teredo", "IPv6"]
    assert values(layers, "Tunnel")["origin"] == "0.0.0.0:60875"  # both are obfuscated on the wire


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.name)
def test_a_carrier_changed_anywhere_is_survived(carrier: Carrier) -> None:
    whole = carrier.wrap(IPV4)
    for at in range(len(whole) - len(TCP)):
        for value in (0, 255, whole[at] ^ 1, whole[at] ^ 64):
            changed = whole[:at] + bytes([value]) + whole[at + 1 :]
            for line in layer_lines(dissect(changed, carrier.link, len(changed) + at)):
                assert plain(line).isprintable()


def test_headers_without_end_are_bounded() -> None:
    packet = IPV4
    for _ in range(100):
        packet = ipv4(packet, protocol=4)
    assert dissect(packet, 101, len(packet))[-1].name == "more headers"


def test_every_header_of_the_decoder_has_a_reader() -> None:
    numbers = {value for name, value in vars(headers).items() if name.isupper() and isinstance(value, int)}
    assert set(READERS) == numbers - {headers.FIRST_HEADER, headers.PPP_PROTOCOL} | {headers.ETHERTYPE}


def test_both_tags_of_qinq_are_shown() -> None:
    link, header, network = FRAMES["qinq"]
    fields = dissect(header + network, link, len(header + network))[0].fields
    assert [field.value for field in fields if field.name == "VLAN"] == ["9", "7"]


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_cut_anywhere_says_so_and_never_invents_a_layer(name: str) -> None:
    link, header, network = FRAMES[name]
    whole = header + network
    for length in range(len(whole)):
        layers = dissect(whole[:length], link, len(whole))
        if length < len(whole) - len(TCP) + 20:
            assert not values(layers, "Transport"), length
        elif length < len(whole):
            assert values(layers, "Transport")["checksum"] == "0x0000"


def test_the_table_of_link_types_is_known_here_too() -> None:
    for row in LINK_TYPES:
        assert "link type" not in dissect(bytes(64), row.number, 64)[0].note
    assert dissect(bytes(64), 147, 64)[0].note.startswith("link type USER0 (147) is not taken apart here")
    assert dissect(bytes(64), 9999, 64)[0].name == "LINKTYPE_9999"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_fields_are_those_of_tshark(path: Path) -> None:
    names = (
        "frame.number",
        "ip.src",
        "ipv6.src",
        "ip.ttl",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.seq_raw",
        "tcp.ack_raw",
    )
    names += ("tcp.window_size_value", "tcp.hdr_len", "tcp.len", "udp.srcport", "tcp.flags", "ip.proto")
    command = ["tshark", "-n", "-r", str(path), "-c", str(MOST), "-T", "fields", "-E", "occurrence=l"]
    command += ["-o", "tcp.desegment_tcp_streams:FALSE", "-o", "ip.defragment:FALSE"]
    for name in names:
        command += ["-e", name]
    rows = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    assert rows
    checked = 0
    for (number, octets, link, wire), row in zip(frames(path), rows, strict=False):
        want = dict(zip(names, row.split("\t"), strict=True))
        assert number == int(want["frame.number"])
        layers = dissect(octets, link, wire)
        network, transport = values(layers, "Network"), values(layers, "Transport")
        if want["ip.src"] and want["ipv6.src"]:
            continue  # a tunnel: its outer header is what is taken apart here
        if want["ip.src"] or want["ipv6.src"]:
            assert network["source"] == (want["ip.src"] or want["ipv6.src"])
        if want["ip.ttl"]:
            assert network["time to live"] == want["ip.ttl"]
        if want["ip.proto"] == "1":
            continue  # an ICMP error quotes headers, and tshark names those
        if want["tcp.srcport"] and want["tcp.hdr_len"]:
            assert transport["source port"] == want["tcp.srcport"]
            assert transport["destination port"] == want["tcp.dstport"]
            assert transport["sequence number"] == want["tcp.seq_raw"]
            assert transport["acknowledgement"] == want["tcp.ack_raw"]
            assert transport["window"] == want["tcp.window_size_value"]
            assert transport["header"] == f"{want['tcp.hdr_len']} octets"
            checked += 1
        if want["udp.srcport"] and transport.get("length"):
            assert transport["source port"] == want["udp.srcport"]
    assert checked or path.suffix != ".pcap" or "dns" in path.name


def test_checksums_are_told_right_from_wrong_and_from_offloading() -> None:
    packet = dpkt.ip.IP(
        src=b"\x0a\0\0\1", dst=b"\x0a\0\0\2", p=6, data=dpkt.tcp.TCP(sport=1, dport=2, data=b"odd")
    )
    right = bytes(packet)  # dpkt fills both checksums in
    packet.len = len(right)
    field = next(f for f in dissect(right, 101, len(right))[2].fields if f.name == "checksum")
    assert field.meaning == "right"
    wrong = right[:-1] + bytes([right[-1] ^ 1])
    field = next(f for f in dissect(wrong, 101, len(wrong))[2].fields if f.name == "checksum")
    assert field.meaning == "wrong"
    pseudo = struct.pack(">4s4sBBH", b"\x0a\0\0\1", b"\x0a\0\0\2", 0, 6, len(right) - 20)
    folded = ~dpkt.in_cksum(pseudo) & 0xFFFF
    offloaded = right[:36] + struct.pack(">H", folded) + right[38:]
    field = next(f for f in dissect(offloaded, 101, len(offloaded))[2].fields if f.name == "checksum")
    assert "network card" in field.meaning
    cut = dissect(right[:-2], 101, len(right))[2]
    assert next(f for f in cut.fields if f.name == "checksum").meaning.startswith("not checked")


def test_a_dns_question_and_a_server_name_are_shown() -> None:
    query = bytes(dpkt.dns.DNS(id=7, qd=[dpkt.dns.DNS.Q(name="www.example.org", type=1, cls=1)]))
    udp = struct.pack(">HHHH", 40000, 53, 8 + len(query), 0) + query
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    fields = values(dissect(head + udp, 101, len(head + udp)), "Application")
    assert fields["question"] == "www.example.org"
    name = b"example.org"
    sni = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    extensions = struct.pack(">HH", 0, len(sni)) + sni
    hello = (
        b"\3\3"
        + bytes(32)
        + b"\0"
        + b"\0\2\x13\1"
        + b"\1\0"
        + struct.pack(">H", len(extensions))
        + extensions
    )
    message = b"\1" + len(hello).to_bytes(3, "big") + hello
    record = b"\x16\3\1" + len(message).to_bytes(2, "big") + message
    tcp = TCP[:20] + record
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    fields = values(dissect(head + tcp, 101, len(head + tcp)), "Application")
    assert fields["message"] == "1"
    assert fields["server name"] == "example.org"


def test_a_later_fragment_has_no_transport_header() -> None:
    frame = bytearray(IPV4)
    frame[6:8] = b"\0\x10"
    layers = dissect(bytes(frame), 101, len(frame))
    assert [layer.level for layer in layers] == ["Link", "Network"]
    assert "later fragment" in layers[1].note


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=200),
    st.sampled_from([row.number for row in LINK_TYPES] + [147]),
    st.integers(0, 70000),
)
def test_no_octets_raise_and_nothing_unprintable_is_written(octets: bytes, link: int, more: int) -> None:
    layers = dissect(octets, link, len(octets) + more)
    assert layers
    for width in (20, 80):
        assert all(plain(line).isprintable() for line in layer_lines(layers, width))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([6, 17, 1, 58, 44, 0, 51]), st.booleans())
def test_any_payload_of_ip_is_survived(payload: bytes, protocol: int, is_ipv6: bool) -> None:
    if is_ipv6:
        frame = struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64) + bytes(32) + payload
    else:
        frame = (
            struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + bytes(8) + payload
        )
    assert all(plain(line).isprintable() for line in layer_lines(dissect(frame, 101, len(frame))))


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([b"\x16\3\1", b"\0\x30\0\7\1\0\0\1\0\0\0\0\0\0", b"GET ", b"\x16\3\1\0\x40\1\0\0\x3c"]),
    st.binary(max_size=120),
)
def test_any_application_octets_are_survived(prefix: bytes, rest: bytes) -> None:
    for port in (53, 443):
        tcp = struct.pack(">HHIIBBHHH", 40000, port, 0, 0, 0x50, 0x18, 0, 0, 0) + prefix + rest
        frame = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + bytes(8) + tcp
        assert all(plain(line).isprintable() for line in layer_lines(dissect(frame, 228, len(frame))))
