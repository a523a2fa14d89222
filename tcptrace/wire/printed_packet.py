"""Packets drawn up from what tcpdump printed: raw IP, as link type RAW has it.

What the text does not tell is filled so that nobody draws a conclusion from it: the payload is not captured,
the checksum is right for the octets that are there, and the IP identification (IPv6: flow label) counts on,
so that two equal lines are not taken for one packet captured twice.
"""

import struct
from typing import Final, NamedTuple

TCP: Final = 6
UDP: Final = 17
FRAGMENT_6: Final = 44  # RFC 8200 4.5

# Total length 1 is less than the header (RFC 791 3.1): the decoder counts the frame as malformed.
MALFORMED: Final = bytes((0x45, 0, 0, 1, 0, 0, 0, 0, 64, TCP)) + bytes(10)
NOT_IP: Final = b"\0"  # neither version 4 nor 6

Address = bytes  # 4 or 16 octets


class IpFields(NamedTuple):
    """What ``-v`` prints of an IP header; without it ``None`` or what most packets have."""

    protocol: int | None = None  # None: not printed
    tos: int = 0
    ttl: int = 64
    ident: int | None = None  # IPv4 identification, or IPv6 flow label
    fragment: int = 0  # IPv4: flags and offset as in the header
    has_options: bool = False  # IPv4 options were printed; they are not rebuilt


class TcpFields(NamedTuple):
    """A printed segment, numbers absolute."""

    source_port: int
    destination_port: int
    seq: int
    ack: int
    flags: int
    window: int
    urgent: int
    options: bytes
    options_whole: bool  # False: the snap length had cut them
    length: int  # payload octets
    stored: int | None  # the header's checksum, as -v prints it
    right: int | None  # what tcpdump says it ought to be


class Packet(NamedTuple):
    """One frame: the captured octets and how many there were on the wire."""

    octets: bytes
    wire: int


def tcp_packet(source: Address, destination: Address, ip: IpFields, tcp: TcpFields, counter: int) -> Packet:
    """Return a TCP segment of which the snap length kept the headers.

    ``counter`` stands in for an identification that was not printed.
    """
    # RFC 9293 3.1: the offset is in words. Where the options were cut, the longest header claims to be there.
    header_words = 5 + len(tcp.options) // 4 if tcp.options_whole else 15
    length = header_words * 4 + tcp.length
    header = bytearray(
        struct.pack(
            ">HHIIHHHH",
            tcp.source_port,
            tcp.destination_port,
            tcp.seq,
            tcp.ack,
            header_words << 12 | tcp.flags,
            tcp.window,
            0,
            tcp.urgent,
        )
    )
    header += tcp.options
    pseudo = (
        source + destination + struct.pack(">II", length, TCP)
    )  # RFC 8200 8.1; RFC 9293 3.1 sums to the same
    own = ~_fold(_sum(pseudo) + _sum(header)) & 0xFFFF
    is_cut = len(header) < length
    # The printed checksum is kept where it is no more than a label (payload not captured, so nobody checks
    # it), and where this header is the printed one to the octet: then a wrong one is as wrong as it was in
    # the packet.
    if tcp.stored is not None and (is_cut or own == tcp.right):
        own = tcp.stored
    struct.pack_into(">H", header, 16, own)
    return ip_packet(source, destination, ip, TCP, bytes(header), length=length, counter=counter)


def ip_packet(
    source: Address,
    destination: Address,
    ip: IpFields,
    protocol: int,
    body: bytes,
    *,
    length: int,
    counter: int,
) -> Packet:
    """Return an IP packet with a payload of ``length`` octets, of which ``body`` was captured."""
    if len(source) == 16:
        return _ipv6_packet(source, destination, ip, protocol, body, length=length, counter=counter)
    total = 20 + length
    # Where options are left out, equal identifications no longer tell that packets are one. 0 says that there
    # is none.
    ident = ip.ident if ip.ident is not None and not ip.has_options else 1 + counter % 0xFFFF
    header = bytearray(
        struct.pack(
            ">BBHHHBBH",
            0x45,
            ip.tos & 255,
            total
            if total <= 0xFFFF
            else 0,  # beyond 16 bits: 0 as segmentation offload has it, the rest of the frame
            ident & 0xFFFF,
            ip.fragment,
            ip.ttl & 255,
            protocol & 255,
            0,
        )
    )
    header += source + destination
    struct.pack_into(">H", header, 10, ~_fold(_sum(header)) & 0xFFFF)
    return Packet(bytes(header) + body, total)


def _ipv6_packet(
    source: Address,
    destination: Address,
    ip: IpFields,
    protocol: int,
    body: bytes,
    *,
    length: int,
    counter: int,
) -> Packet:
    label = (ip.ident if ip.ident is not None else 1 + counter) & 0xFFFFF
    first = 6 << 28 | (ip.tos & 255) << 20 | label
    if length > 0xFFFF:  # RFC 2675: a hop-by-hop option has the length, the header 0
        body = struct.pack(">BBBBI", protocol, 0, 0xC2, 4, length + 8) + body
        header = struct.pack(">IHBB", first, 0, 0, ip.ttl & 255)
        return Packet(header + source + destination + body, 48 + length)
    header = struct.pack(">IHBB", first, length, protocol, ip.ttl & 255)
    return Packet(header + source + destination + body, 40 + length)


def _sum(octets: bytes | bytearray) -> int:
    """Return the sum of the 16-bit words of an even number of octets, not folded (RFC 1071)."""
    return sum(struct.unpack(f">{len(octets) // 2}H", octets[: len(octets) & ~1]))


def _fold(total: int) -> int:
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
