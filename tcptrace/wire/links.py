"""The link types that can be decoded: one table, one row each. Adding a link type is adding a row.

Numbers and layouts: https://www.tcpdump.org/linktypes.html. The decoder gets the table as flat integers, and
knows the few ways of finding the network layer but none of the link types. What a file may have beside these
is counted, and named by ``wire.link_names``.
"""

from array import array

from tcptrace.model.light import NamedTuple
from tcptrace.wire import headers

# How the network layer is found: on the common road these, else a kind of header (``wire.headers``) says it.
BY_ETHERTYPE = 0  # an ethertype of two octets at `ethertype_at`; VLAN tags and 802.2 LLC/SNAP may follow
BY_FAMILY = 1  # an address family of four octets at 0, in the byte order of whichever machine captured
BY_FAMILY_BIG = 2  # the same, always big endian
BY_VERSION = 3  # no link header says it: the version in the IP header's first four bits
ALWAYS_IPV4 = 4
ALWAYS_IPV6 = 5
BY_COOKED = 6  # as BY_ETHERTYPE, but a few kinds of device (ARPHRD_ number) have a header of their own


class LinkType(NamedTuple):
    """One row of the table."""

    number: int  # LINKTYPE_ number, as files have it
    name: str  # tcpdump's name without the prefix
    kind: int  # how the network layer is found
    header: (
        int  # octets before the network layer (or before the first VLAN tag, or the header that `kind` names)
    )
    ethertype_at: int  # offset of the ethertype; -1 where there is none
    device_at: int = -1  # offset of the device's ARPHRD_ number; -1 where there is none


LINK_TYPES = (
    LinkType(0, "NULL", BY_FAMILY, 4, -1),  # BSD loopback
    LinkType(1, "ETHERNET", BY_ETHERTYPE, 14, 12),
    LinkType(8, "SLIP", BY_VERSION, 16, -1),  # direction and compression, as BSD has them
    LinkType(9, "PPP", headers.PPP, 0, -1),
    LinkType(10, "FDDI", headers.LLC, 13, -1),
    LinkType(12, "RAW", BY_VERSION, 0, -1),  # DLT_RAW, as old libpcap wrote it into files
    LinkType(14, "RAW", BY_VERSION, 0, -1),  # the same on OpenBSD
    LinkType(50, "PPP_HDLC", headers.PPP_HDLC, 0, -1),
    LinkType(51, "PPP_ETHER", headers.PPPOE, 0, -1),
    LinkType(100, "ATM_RFC1483", headers.LLC, 0, -1),
    LinkType(101, "RAW", BY_VERSION, 0, -1),
    LinkType(104, "C_HDLC", headers.CISCO_HDLC, 0, -1),
    LinkType(105, "IEEE802_11", headers.IEEE802_11, 0, -1),
    LinkType(107, "FRELAY", headers.FRAME_RELAY, 0, -1),
    LinkType(108, "LOOP", BY_FAMILY_BIG, 4, -1),  # OpenBSD loopback
    LinkType(109, "ENC", BY_FAMILY, 12, -1),  # OpenBSD: what IPsec carries, behind its SPI and flags
    LinkType(113, "LINUX_SLL", BY_COOKED, 16, 14, 2),  # "any" device, cooked
    LinkType(119, "IEEE802_11_PRISM", headers.PRISM, 0, -1),
    LinkType(122, "IP_OVER_FC", headers.LLC, 16, -1),  # RFC 2625
    LinkType(127, "IEEE802_11_RADIOTAP", headers.RADIOTAP, 0, -1),
    LinkType(138, "APPLE_IP_OVER_IEEE1394", BY_ETHERTYPE, 18, 16),
    LinkType(163, "IEEE802_11_AVS", headers.AVS, 0, -1),
    LinkType(166, "PPP_PPPD", headers.PPP_FIELD, 2, -1),  # direction in place of the address octet
    LinkType(192, "PPI", headers.PPI, 0, -1),
    LinkType(204, "PPP_WITH_DIR", headers.PPP, 1, -1),
    LinkType(205, "C_HDLC_WITH_DIR", headers.CISCO_HDLC, 1, -1),
    LinkType(206, "FRELAY_WITH_DIR", headers.FRAME_RELAY, 1, -1),
    LinkType(219, "MPLS", headers.MPLS, 0, -1),
    LinkType(228, "IPV4", ALWAYS_IPV4, 0, -1),
    LinkType(229, "IPV6", ALWAYS_IPV6, 0, -1),
    LinkType(239, "NFLOG", headers.NFLOG, 0, -1),
    LinkType(242, "IPOIB", BY_ETHERTYPE, 44, 40),
    LinkType(258, "PKTAP", headers.PKTAP, 0, -1),
    LinkType(276, "LINUX_SLL2", BY_COOKED, 20, 0, 8),  # "any" device, with the interface's index
)

DATAGRAM = (
    -1
)  # as a link type: an IP packet that was put together from fragments, and is no frame of the file

ROW_WORDS = 5
_NAMES = {row.number: row.name for row in LINK_TYPES}


def link_name(number: int) -> str:
    """Return the name of a link type, e.g. ``ETHERNET``; ``LINKTYPE_292`` for one without a name."""
    if number in _NAMES:
        return _NAMES[number]
    from tcptrace.wire.link_names import LINK_NAMES

    return LINK_NAMES.get(number, f"LINKTYPE_{number}")


def links_table() -> "array[int]":
    """Return the table as the decoder takes it: ROW_WORDS integers ('i') a row."""
    table = array("i")
    for row in (*LINK_TYPES, LinkType(DATAGRAM, "", BY_VERSION, 0, -1)):
        table.extend((row.number, row.kind, row.header, row.ethertype_at, row.device_at))
    return table
