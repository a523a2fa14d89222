"""Ways in which an IP packet comes in a frame: link headers and tunnels, drawn up octet by octet from their papers.

A carrier takes a packet (IPv4 or IPv6) and gives the frame. Those of ``LINKS`` are the first header of a frame of
their link type; those of ``TUNNELS`` give an IP packet, or with ``over_ethernet`` what follows an Ethernet header.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

from tests.wire.decode_frames import ipv4, ipv6

MAC = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01"
Wrap = Callable[[bytes], bytes]


class Carrier(NamedTuple):
    """One way to carry a packet."""

    name: str
    link: int  # LINKTYPE_ number of the frame
    wrap: Wrap
    versions: tuple[int, ...] = (4, 6)  # of IP, that it can carry
    peer: str = "tshark"  # who reads it too: tshark, tcpdump, or tshark from the octet ``peer_from`` on
    peer_link: int = -1  # as this link type, where it does not know the link type itself
    peer_from: int = 0


def is6(packet: bytes) -> bool:
    return packet[0] >> 4 == 6


def kind(packet: bytes) -> bytes:
    """Return the packet's ethertype."""
    return b"\x86\xdd" if is6(packet) else b"\x08\x00"


def behind(head: bytes) -> Wrap:
    """Return the carrier whose header is always the same and ends with an ethertype."""
    return lambda packet: head + kind(packet) + packet


def fixed(head: bytes) -> Wrap:
    return lambda packet: head + packet


def of_version(head4: bytes, head6: bytes) -> Wrap:
    return lambda packet: (head6 if is6(packet) else head4) + packet


def ethernet_frame(packet: bytes) -> bytes:
    return MAC + kind(packet) + packet


def sized(head: bytes, wrap: Wrap) -> Wrap:
    """Return the carrier with a length of two octets behind ``head``."""

    def carry(packet: bytes) -> bytes:
        inner = wrap(packet)
        return head + struct.pack(">H", len(inner)) + inner

    return carry


# For pseudowires, where tshark takes Ethernet for it only if it knows the vendors (here Intel's number).
VENDOR_MAC = b"\0\x1b\x21\0\0\x02\0\x1b\x21\0\0\x01"


def vendor_frame(packet: bytes) -> bytes:
    return VENDOR_MAC + kind(packet) + packet


SNAP = b"\xaa\xaa\x03\0\0\0"
PPP = of_version(b"\0\x21", b"\0\x57")
PPPOE = sized(b"\x11\0\x12\x34", PPP)
DATA = b"\x08\x01\0\0" + b"\x02\0\0\0\0\x0a" + b"\x02\0\0\0\0\x01" + b"\x02\0\0\0\0\x02" + b"\x10\0"
QOS = b"\x88" + DATA[1:] + b"\0\0"
FOUR_ADDRESSES = b"\x88\x03" + DATA[2:] + b"\x02\0\0\0\0\x03" + b"\x07\0"
SNAPPED = behind(SNAP)
RADIOTAP = b"\0\0\x08\0\0\0\0\0"
PRISM = struct.pack("<II16s", 0x44, 144, b"wlan0") + bytes(120)
AVS = struct.pack(">II", 0x80211001, 64) + bytes(56)


def amsdu(packet: bytes) -> bytes:
    """Two MSDUs in one frame; the first one counts."""
    body = SNAPPED(packet)
    first = MAC + struct.pack(">H", len(body)) + body
    second = MAC + struct.pack(">H", 8) + SNAP + b"\x88\xb5"
    return QOS[:24] + b"\x80\0" + first + bytes(-len(first) % 4) + second


def nflog(order: str) -> Wrap:
    """Netfilter's attributes: packet header, prefix, packet, time."""

    def attribute(number: int, value: bytes) -> bytes:
        return struct.pack(order + "HH", 4 + len(value), number) + value + bytes(-len(value) % 4)

    def carry(packet: bytes) -> bytes:
        head = bytes([10 if is6(packet) else 2, 0, 0, 5])
        before = attribute(1, kind(packet) + b"\1\0") + attribute(10, b"seen\0")
        return head + before + attribute(9, packet) + attribute(3, bytes(16))

    return carry


def pktap(link: int, wrap: Wrap) -> Wrap:
    head = struct.pack("<III24sII", 108, 1, link, b"en0", 1, 2) + bytes(108 - 44)
    return lambda packet: head + wrap(packet)


def ppi(link: int, wrap: Wrap) -> Wrap:
    return lambda packet: struct.pack("<BBHI", 0, 0, 8, link) + wrap(packet)


LINKS = (
    Carrier("slip", 8, fixed(bytes(16)), peer="tcpdump"),
    Carrier("ppp", 9, PPP),
    Carrier("ppp-framed", 9, lambda packet: b"\xff\x03" + PPP(packet)),
    Carrier("ppp-compressed", 9, of_version(b"\x21", b"\x57")),
    Carrier("fddi", 10, lambda packet: b"\x50" + MAC + SNAPPED(packet)),
    Carrier("ppp-hdlc", 50, lambda packet: b"\xff\x03" + PPP(packet)),
    Carrier("ppp-hdlc-cisco", 50, behind(b"\x0f\0")),
    Carrier("ppp-ether", 51, PPPOE),
    Carrier("atm-rfc1483", 100, SNAPPED),
    Carrier("c-hdlc", 104, behind(b"\x8f\0")),
    Carrier("802.11", 105, lambda packet: DATA + SNAPPED(packet)),
    Carrier("802.11-qos", 105, lambda packet: QOS + SNAPPED(packet)),
    Carrier("802.11-four-addresses", 105, lambda packet: FOUR_ADDRESSES + SNAPPED(packet)),
    Carrier("802.11-amsdu", 105, amsdu),
    Carrier("frelay", 107, of_version(b"\x18\x41\x03\xcc", b"\x18\x41\x03\x8e")),
    Carrier("frelay-snap", 107, behind(b"\x18\x41\x03\0\x80\0\0\0")),
    Carrier("frelay-four-octets", 107, of_version(b"\x18\x40\x40\x41\x03\xcc", b"\x18\x40\x40\x41\x03\x8e")),
    Carrier("frelay-cisco", 107, behind(b"\x18\x41")),
    Carrier("enc", 109, of_version(b"\2\0\0\0" + bytes(8), b"\x18\0\0\0" + bytes(8))),
    Carrier("prism", 119, lambda packet: PRISM + DATA + SNAPPED(packet)),
    Carrier("prism-avs", 119, lambda packet: AVS + DATA + SNAPPED(packet)),
    Carrier("ip-over-fc", 122, lambda packet: b"\x10\0" + MAC[:6] + b"\x10\0" + MAC[6:] + SNAPPED(packet)),
    Carrier("radiotap", 127, lambda packet: RADIOTAP + DATA + SNAPPED(packet)),
    Carrier(
        "radiotap-flags",  # the clock, flags that say FCS and padding, a second word of present fields
        127,
        lambda packet: (
            b"\0\0\x19\0\x03\0\0\x80\0\0\0\0"
            + bytes(4)
            + bytes(8)
            + b"\x30"
            + QOS
            + b"\0\0"
            + SNAPPED(packet)
            + b"fcs!"
        ),
    ),
    Carrier("ieee1394", 138, behind(bytes(16))),
    Carrier("avs", 163, lambda packet: AVS + QOS + SNAPPED(packet)),
    Carrier("ppp-pppd", 166, lambda packet: b"\1\x03" + PPP(packet), peer="tcpdump"),
    Carrier("ppi", 192, ppi(105, lambda packet: DATA + SNAPPED(packet))),
    Carrier("ppi-ethernet", 192, ppi(1, ethernet_frame)),
    Carrier("ppp-with-dir", 204, lambda packet: b"\0\xff\x03" + PPP(packet)),
    Carrier("c-hdlc-with-dir", 205, behind(b"\1\x0f\0"), peer_link=104, peer_from=1),
    Carrier(
        "frelay-with-dir",
        206,
        of_version(b"\0\x18\x41\x03\xcc", b"\0\x18\x41\x03\x8e"),
        peer_link=107,
        peer_from=1,
    ),
    Carrier("mpls", 219, fixed(b"\0\x01\0\x40\0\x02\x01\x40"), peer_link=101, peer_from=8),
    Carrier("nflog-little", 239, nflog("<")),
    Carrier("nflog-big", 239, nflog(">")),
    Carrier("ipoib", 242, lambda packet: bytes(40) + kind(packet) + b"\0\0" + packet),
    Carrier("pktap-ethernet", 258, pktap(1, ethernet_frame)),
    Carrier("pktap-raw", 258, pktap(12, fixed(b""))),
    Carrier("pktap-loopback", 258, pktap(0, of_version(b"\2\0\0\0", b"\x1e\0\0\0"))),
    Carrier("sll", 113, behind(b"\0\0\0\x01\0\x06" + MAC[:6] + b"\0\0")),
    Carrier("sll-snap", 113, lambda packet: b"\0\0\0\x01\0\x06" + MAC[:6] + b"\0\0\0\4" + SNAPPED(packet)),
    Carrier("sll-gre", 113, behind(b"\0\0\3\x0a\0\4" + MAC[:4] + bytes(4))),
    Carrier(
        "sll-radiotap",
        113,
        lambda packet: b"\0\0\3\x23\0\6" + MAC[:6] + b"\0\0\0\4" + RADIOTAP + DATA + SNAPPED(packet),
    ),
    Carrier(
        "sll-frelay",
        113,
        of_version(
            b"\0\0\3\2\0\2\x18\x41" + bytes(6) + b"\0\0\x18\x41\x03\xcc",
            b"\0\0\3\2\0\2\x18\x41" + bytes(6) + b"\0\0\x18\x41\x03\x8e",
        ),
    ),
    Carrier("sll2", 276, lambda packet: kind(packet) + b"\0\0\0\0\0\2\0\1\0\6" + MAC[:6] + b"\0\0" + packet),
    Carrier(
        "sll2-radiotap",
        276,
        lambda packet: (
            b"\0\x04" + b"\0\0\0\0\0\2\3\x23\0\6" + MAC[:6] + b"\0\0" + RADIOTAP + DATA + SNAPPED(packet)
        ),
    ),
    Carrier(
        "ethernet-llc-ip",
        1,
        lambda packet: MAC + struct.pack(">H", 3 + len(packet)) + b"\6\6\3" + packet,
        (4,),
    ),
)


# ---- tunnels


def over_ethernet(ethertype: int, wrap: Wrap) -> Wrap:
    return lambda packet: MAC + struct.pack(">H", ethertype) + wrap(packet)


def over_ipv4(protocol: int, wrap: Wrap) -> Wrap:
    return lambda packet: MAC + b"\x08\0" + ipv4(wrap(packet), "10.1.1.1", "10.2.2.2", protocol=protocol)


def over_ipv6(protocol: int, wrap: Wrap) -> Wrap:
    return lambda packet: MAC + b"\x86\xdd" + ipv6(wrap(packet), "fd00::1", "fd00::2", kind=protocol)


def over_udp(port: int, wrap: Wrap, source: int = 50_000) -> Wrap:
    def carry(packet: bytes) -> bytes:
        inner = wrap(packet)
        udp = struct.pack(">HHHH", source, port, 8 + len(inner), 0) + inner
        return MAC + b"\x08\0" + ipv4(udp, "10.1.1.1", "10.2.2.2", protocol=17)

    return carry


def inner_protocol(packet: bytes) -> int:
    return 41 if is6(packet) else 4


def ip_in(outer: int) -> Wrap:
    def carry(packet: bytes) -> bytes:
        return (over_ipv4 if outer == 4 else over_ipv6)(inner_protocol(packet), fixed(b""))(packet)

    return carry


def gre(head: bytes, wrap: Wrap | None = None, ethertype: int | None = None) -> Wrap:
    """GRE with the flags of ``head``'s first two octets and its fields; the protocol is put between them."""

    def body(packet: bytes) -> bytes:
        number = kind(packet) if ethertype is None else struct.pack(">H", ethertype)
        return head[:2] + number + head[2:] + (wrap or fixed(b""))(packet)

    return over_ipv4(47, body)


def gtp(head: bytes) -> Wrap:
    """GTP-U whose flags are ``head``'s first octet; the other octets are its optional fields."""
    return lambda packet: (
        bytes([head[0], 255]) + struct.pack(">HI", len(head) - 1 + len(packet), 7) + head[1:] + packet
    )


def authentication(packet: bytes) -> bytes:
    """AH in tunnel mode, with twelve octets of integrity check."""
    return bytes([inner_protocol(packet), 4]) + bytes(22) + packet


ERSPAN_II = b"\x10\x64\0\x05\0\0\0\0"
ERSPAN_III = b"\x20\x64\0\x05\0\0\0\0\0\0\0\0"
GENEVE_OPTION = b"\x01\x02\x80\x01abcd"

TUNNELS = (
    Carrier("mpls-one-label", 1, over_ethernet(0x8847, fixed(b"\0\x01\x01\x40"))),
    Carrier("mpls-three-labels", 1, over_ethernet(0x8847, fixed(b"\0\x01\0\x40\0\x02\0\x40\0\x03\x01\x40"))),
    Carrier("mpls-multicast", 1, over_ethernet(0x8848, fixed(b"\0\x01\x01\x40"))),
    Carrier(
        "mpls-control-word",
        1,
        over_ethernet(0x8847, lambda packet: b"\0\x01\x01\x40" + bytes(4) + vendor_frame(packet)),
    ),
    Carrier(
        "mpls-ethernet", 1, over_ethernet(0x8847, lambda packet: b"\0\x01\x01\x40" + vendor_frame(packet))
    ),
    Carrier("pppoe", 1, over_ethernet(0x8864, PPPOE)),
    Carrier("pbb", 1, over_ethernet(0x88E7, lambda packet: b"\0\0\0\x07" + ethernet_frame(packet))),
    Carrier("ip-in-ipv4", 1, ip_in(4)),
    Carrier("ip-in-ipv6", 1, ip_in(6)),
    Carrier("gre", 1, gre(b"\0\0")),
    Carrier("gre-checksum", 1, gre(b"\x80\0\0\0\0\0")),
    Carrier("gre-key", 1, gre(b"\x20\0\0\0\0\x07")),
    Carrier("gre-sequence", 1, gre(b"\x10\0\0\0\0\x07")),
    Carrier("gre-all", 1, gre(b"\xb0\0" + bytes(12))),
    Carrier(
        "gre-over-ipv6", 1, lambda packet: MAC + b"\x86\xdd" + ipv6(b"\0\0" + kind(packet) + packet, kind=47)
    ),
    Carrier("gre-ethernet", 1, gre(b"\x20\0\0\0\0\x07", ethernet_frame, 0x6558)),
    Carrier("gre-mpls", 1, gre(b"\0\0", fixed(b"\0\x01\x01\x40"), 0x8847)),
    Carrier(
        "pptp", 1, gre(b"\x30\x81\0\0\0\x07" + bytes(8), lambda packet: b"\xff\x03" + PPP(packet), 0x880B)
    ),
    Carrier("erspan-1", 1, gre(b"\0\0", ethernet_frame, 0x88BE)),
    Carrier("erspan-2", 1, gre(b"\x10\0\0\0\0\x07" + ERSPAN_II, ethernet_frame, 0x88BE)),
    Carrier("erspan-3", 1, gre(b"\x10\0\0\0\0\x07" + ERSPAN_III, ethernet_frame, 0x22EB)),
    Carrier(
        "erspan-3-platform",
        1,
        gre(b"\x10\0\0\0\0\x07" + ERSPAN_III[:-1] + b"\x01" + bytes(8), ethernet_frame, 0x22EB),
    ),
    Carrier("vxlan", 1, over_udp(4789, lambda packet: b"\x08\0\0\0\0\0\x2a\0" + ethernet_frame(packet))),
    Carrier(
        "vxlan-linux", 1, over_udp(8472, lambda packet: b"\x08\0\0\0\0\0\x2a\0" + ethernet_frame(packet))
    ),
    Carrier(
        "vxlan-answer",
        1,
        over_udp(50_000, lambda packet: b"\x08\0\0\0\0\0\x2a\0" + ethernet_frame(packet), 4789),
    ),
    Carrier("vxlan-gpe", 1, over_udp(4790, of_version(b"\x0c\0\0\x01\0\0\x2a\0", b"\x0c\0\0\x02\0\0\x2a\0"))),
    Carrier(
        "geneve-ethernet",
        1,
        over_udp(6081, lambda packet: b"\0\0\x65\x58\0\0\x2a\0" + ethernet_frame(packet)),
    ),
    Carrier(
        "geneve-options",
        1,
        over_udp(6081, lambda packet: b"\x02\0" + kind(packet) + b"\0\0\x2a\0" + GENEVE_OPTION + packet),
    ),
    Carrier("gtp-u", 1, over_udp(2152, gtp(b"\x30"))),
    Carrier("gtp-u-sequence", 1, over_udp(2152, gtp(b"\x32\0\x05\0\0"))),
    Carrier("gtp-u-extension", 1, over_udp(2152, gtp(b"\x34\0\0\0\x85" + b"\x01\x10\x09\0"))),
    Carrier("teredo", 1, over_udp(3544, fixed(b"")), (6,)),
    Carrier("teredo-origin", 1, over_udp(3544, fixed(b"\0\0\x12\x34\xff\xff\xff\xff")), (6,)),
    Carrier(
        "teredo-authentication",
        1,
        over_udp(3544, fixed(b"\0\1\0\0" + bytes(9) + b"\0\0\x12\x34\xff\xff\xff\xff")),
        (6,),
    ),
    Carrier("mpls-in-udp", 1, over_udp(6635, fixed(b"\0\x01\x01\x40"))),
    Carrier("mpls-in-ip", 1, over_ipv4(137, fixed(b"\0\x01\x01\x40"))),
    Carrier("etherip", 1, over_ipv4(97, lambda packet: b"\x30\0" + ethernet_frame(packet))),
    Carrier("ah-tunnel", 1, over_ipv4(51, authentication)),
    Carrier("ah-tunnel-over-ipv6", 1, over_ipv6(51, authentication)),
    Carrier("ethernet-in-ipv6", 1, over_ipv6(143, ethernet_frame)),
    Carrier(
        "vxlan-in-gre-in-ipv6",
        1,
        lambda packet: (
            MAC
            + b"\x86\xdd"
            + ipv6(
                b"\0\0\x08\0"
                + over_udp(4789, lambda p: b"\x08\0\0\0\0\0\x2a\0" + ethernet_frame(p))(packet)[14:],
                kind=47,
            )
        ),
    ),
)
