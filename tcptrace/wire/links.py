"""The link types that can be decoded: one table, one row each. Adding a link type is adding a row.

Numbers and layouts: https://www.tcpdump.org/linktypes.html. The decoder gets the table as flat integers, and
knows the few ways of finding the network layer but none of the link types.
"""

from array import array
from typing import NamedTuple

# How the network layer is found.
BY_ETHERTYPE = 0  # an ethertype of two octets at `ethertype_at`; VLAN tags and 802.2 LLC/SNAP may follow
BY_FAMILY = 1  # an address family of four octets at 0, in the byte order of whichever machine captured
BY_FAMILY_BIG = 2  # the same, always big endian
BY_VERSION = 3  # no link header says it: the version in the IP header's first four bits
ALWAYS_IPV4 = 4
ALWAYS_IPV6 = 5


class LinkType(NamedTuple):
    """One row of the table."""

    number: int  # LINKTYPE_ number, as files have it
    name: str  # tcpdump's name without the prefix
    kind: int  # how the network layer is found
    header: int  # octets before the network layer (or before the first VLAN tag)
    ethertype_at: int  # offset of the ethertype; -1 where there is none


LINK_TYPES = (
    LinkType(0, "NULL", BY_FAMILY, 4, -1),  # BSD loopback
    LinkType(1, "ETHERNET", BY_ETHERTYPE, 14, 12),
    LinkType(12, "RAW", BY_VERSION, 0, -1),  # DLT_RAW, as old libpcap wrote it into files
    LinkType(14, "RAW", BY_VERSION, 0, -1),  # the same on OpenBSD
    LinkType(101, "RAW", BY_VERSION, 0, -1),
    LinkType(108, "LOOP", BY_FAMILY_BIG, 4, -1),  # OpenBSD loopback
    LinkType(113, "LINUX_SLL", BY_ETHERTYPE, 16, 14),  # "any" device, cooked
    LinkType(228, "IPV4", ALWAYS_IPV4, 0, -1),
    LinkType(229, "IPV6", ALWAYS_IPV6, 0, -1),
    LinkType(276, "LINUX_SLL2", BY_ETHERTYPE, 20, 0),  # the same with the interface's index
)

ROW_WORDS = 4
_NAMES = {row.number: row.name for row in LINK_TYPES}


def link_name(number: int) -> str:
    """Return the name of a link type, e.g. ``ETHERNET``; ``LINKTYPE_147`` for one without a row."""
    return _NAMES.get(number, f"LINKTYPE_{number}")


def links_table() -> "array[int]":
    """Return the table as the decoder takes it: number, kind, header, ethertype_at for each row ('i')."""
    table = array("i")
    for row in LINK_TYPES:
        table.extend((row.number, row.kind, row.header, row.ethertype_at))
    return table
