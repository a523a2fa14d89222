"""Frames of TCP without what nobody else should see: payload cut off, addresses replaced.

What is left is analysed to the same result: lengths, numbers, times and flags stay, and so does what a
checksum tells: a right one is right again, a wrong one wrong, one left to the network card says so, and one
that could not be checked cannot be checked.
"""

import os
import struct
from array import array
from typing import NamedTuple

from tcptrace.model.columns import COUNTERS, Frames, Segments
from tcptrace.model.tcpflags import MARK_BAD_CHECKSUM, MARK_OFFLOADED
from tcptrace.wire.anonymize import Anonymizer
from tcptrace.wire.decode import CHECK_ALL, HASH_KEYS, Decode
from tcptrace.wire.links import links_table
from tcptrace.wire.network import (
    AUTHENTICATION,
    DESTINATION,
    FRAGMENT,
    HOP_BY_HOP,
    NEXT,
    ROUTING,
    TCP,
    Network,
)

LINKTYPE_RAW = 101

# IPv4 options (RFC 791 3.1) that are kept: end of list, no operation, and both source routes, whose addresses are
# replaced. All others are overwritten: they may have addresses in them, or names of places.
_IP_END, _IP_NOP = 0, 1
_SOURCE_ROUTES = (131, 137)
# TCP options that are kept as they are, with their lengths: MSS, window scale, SACK permitted, SACK of up to four
# blocks, echoes and timestamps. The content of others is overwritten (MPTCP has addresses and keys in it, TCP-AO and
# MD5 digests).
_TCP_KEPT = frozenset(((2, 4), (3, 3), (4, 2), (5, 10), (5, 18), (5, 26), (5, 34), (6, 6), (7, 6), (8, 10)))
_FAST_OPEN = 34  # its cookie is an address, encrypted (RFC 7413 4.1.2): a label takes its place
_EXPERIMENTS = (253, 254)  # an identifier of two octets follows (RFC 6994)
_FAST_OPEN_EXPERIMENT = b"\xf9\x89"
_PAD_N = 1  # IPv6 options (RFC 8200 4.2)
_JUMBO = 0xC2


class Stripped(NamedTuple):
    """A frame as it is written."""

    octets: bytes
    link: int  # LINKTYPE_ number
    wire: int  # octets that it had on the wire


class _Place(NamedTuple):
    """Where the parts of a frame lie."""

    start: int  # IP header
    tcp: int
    payload: int
    stop: int  # end of the datagram by its lengths; beyond the captured octets where the frame was cut
    marks: int
    checkable: bool
    destination: bytes  # the final one, which a source route may name


class Stripper:
    """Strips frame after frame."""

    def __init__(self, anonymizer: Anonymizer | None = None, *, payload: bool = False) -> None:
        """Replace addresses where there is an ``anonymizer``; keep the payload if ``payload``."""
        self._anonymizer = anonymizer
        self._payload = payload
        # The plain files, one frame at a time: what they leave behind says where the headers are.
        self._network = Network(links_table(), array("i", bytes(4)))
        self._segments = Segments.empty(1)
        keys = array("Q", os.urandom(8 * HASH_KEYS))
        counters = array("q", bytes(8 * COUNTERS))
        self._decode = Decode(self._segments, counters, self._network, keys, CHECK_ALL)
        self._frames = Frames.empty(1)

    def strip(self, frame: bytes, link: int, wire: int) -> Stripped | None:
        """Return the frame stripped; None for what is no TCP segment, or has headers that are not understood.

        The link header is kept where the IP header follows it at once; a segment in a tunnel, or behind
        another header, comes out as raw IP.
        """
        place = self._find(frame, link, wire)
        if place is None:
            return None
        begin = 0
        if self._network_begins(frame, link, wire) != place.start:
            begin, link, wire = place.start, LINKTYPE_RAW, place.stop - place.start
        octets = bytearray(frame[: min(len(frame), place.stop)])
        cut = place.payload < place.stop and not self._payload
        blank = bool(cut and place.marks & MARK_BAD_CHECKSUM)
        if blank:
            # Only with all octets there is it wrong for everybody, so zeros stand for the payload.
            octets[place.payload :] = bytes(len(octets) - place.payload)
            cut = False
        old_header = bytes(octets[place.start : place.tcp])
        if self._anonymizer is not None and not self._replace(octets, place, self._anonymizer):
            return None
        if blank or self._anonymizer is not None:
            self._check_sums(octets, place, old_header, cut)
        if cut:
            del octets[place.payload :]
        return Stripped(bytes(octets[begin:]), link, wire)

    def _find(self, frame: bytes, link: int, wire: int) -> _Place | None:
        """Return where the headers of a segment lie, or None."""
        frames, network = self._frames, self._network
        frames.captured[0], frames.wire[0], frames.link[0] = len(frame), wire, link
        if self._decode.run(frame, frames, 1) == 0 or network.start < 0 or network.stop > wire:
            return None
        destination = (network.dst_high << 64 | network.dst_low).to_bytes(16, "big")
        if network.family == 4:
            destination = destination[12:]
        return _Place(
            network.start, network.at, self._segments.payload[0], network.stop,
            self._segments.marks[0], bool(network.checkable), destination,
        )  # fmt: skip

    def _network_begins(self, frame: bytes, link: int, wire: int) -> int:
        """Return where the network layer begins behind a plain link header, -1 behind another."""
        network = self._network
        network.buf = frame
        network.at, network.end, network.wire_end = 0, len(frame), wire
        reason = network.link_layer()
        network.buf = b""
        return network.at if reason == NEXT else -1

    # ---- addresses

    def _replace(self, octets: bytearray, place: _Place, by: Anonymizer) -> bool:
        """Replace what tells who it was; false where a header is not understood."""
        start = place.start
        if octets[start] >> 4 == 4:
            for at in (start + 12, start + 16):
                octets[at : at + 4] = by.address(bytes(octets[at : at + 4]))
            end = start + (octets[start] & 15) * 4
            _replace_ip_options(octets, start + 20, end, by)
            understood = _replace_extensions(octets, octets[start + 9], end, place.tcp, by)
        else:
            for at in (start + 8, start + 24):
                octets[at : at + 16] = by.address(bytes(octets[at : at + 16]))
            understood = _replace_extensions(octets, octets[start + 6], start + 40, place.tcp, by)
        _replace_tcp_options(octets, place.tcp + 20, min(place.payload, len(octets)), by)
        return understood

    # ---- checksums

    def _check_sums(self, octets: bytearray, place: _Place, old_header: bytes, is_cut: bool) -> None:
        """Give both checksums the meaning that they had."""
        by, start, tcp = self._anonymizer, place.start, place.tcp
        if by is not None and octets[start] >> 4 == 4:
            end = start + (octets[start] & 15) * 4
            was_right = _fold(_sum(old_header[: end - start])) == 0xFFFF
            stored = bytes(octets[start + 10 : start + 12])
            octets[start + 10 : start + 12] = bytes(2)
            right = ~_fold(_sum(octets[start:end])) & 0xFFFF
            if was_right:
                octets[start + 10 : start + 12] = right.to_bytes(2, "big")
            elif stored != bytes(2):  # 0 stays: the network card was to put it in
                octets[start + 10 : start + 12] = (right ^ 0x5555).to_bytes(2, "big")
        if len(octets) < tcp + 18:
            return
        stored = bytes(octets[tcp + 16 : tcp + 18])
        size = 4 if octets[start] >> 4 == 4 else 16
        source_at = start + (12 if size == 4 else 8)
        destination = place.destination if by is None else by.address(place.destination)
        length, whole = place.stop - tcp, len(octets) >= place.stop
        pseudo = (
            _sum(octets[source_at : source_at + size] + destination)
            + TCP
            + (length >> 16)
            + (length & 0xFFFF)
        )
        octets[tcp + 16 : tcp + 18] = bytes(2)
        right = ~_fold(pseudo + _sum(octets[tcp : place.stop])) & 0xFFFF
        if place.marks & MARK_OFFLOADED:
            made = _fold(pseudo)
        elif place.checkable and not is_cut and whole and not place.marks & MARK_BAD_CHECKSUM:
            made = right
        else:
            # A label: what it was for, nobody can tell any more, not even who guesses the payload.
            made = int.from_bytes(stored if by is None else by.label(stored, 2), "big")
            while made in (right, _fold(pseudo)):
                made = made + 1 & 0xFFFF
        octets[tcp + 16 : tcp + 18] = made.to_bytes(2, "big")


def _replace_ip_options(octets: bytearray, at: int, end: int, by: Anonymizer) -> None:
    """Replace the addresses of source routes and overwrite all other options.

    Behind one whose length cannot be true nothing is an option, for nobody.
    """
    while at < end and octets[at] != _IP_END:
        if octets[at] == _IP_NOP:
            at += 1
            continue
        length = octets[at + 1] if at + 1 < end else 0
        if length < 2 or at + length > end:
            break
        if octets[at] in _SOURCE_ROUTES:
            _replace_list(octets, at + 3, at + length, 4, by)
        else:
            octets[at : at + length] = bytes((_IP_NOP,)) * length
        at += length
    octets[at:end] = bytes(end - at)


def _replace_list(octets: bytearray, at: int, end: int, size: int, by: Anonymizer) -> None:
    """Replace the addresses that end at ``end``, the final destination the last; what is too short is zeros."""
    first = at + max(end - at, 0) % size
    octets[at:first] = bytes(first - at)
    for place in range(first, end, size):
        octets[place : place + size] = by.address(bytes(octets[place : place + size]))


def _replace_extensions(octets: bytearray, kind: int, at: int, tcp: int, by: Anonymizer) -> bool:
    """Replace the addresses in the headers between IP and TCP; false where one is not understood."""
    while at < tcp:
        following = octets[at]
        size = (octets[at + 1] + 1) * 8
        if kind == FRAGMENT:
            size = 8
        elif kind == AUTHENTICATION:
            size = (octets[at + 1] + 2) * 4
            octets[at + 12 : at + size] = bytes(size - 12)
        elif kind in (HOP_BY_HOP, DESTINATION):
            _replace_ipv6_options(octets, at + 2, at + size)
        elif kind == ROUTING:
            _replace_route(octets, at, size, by)
        else:
            return False
        kind = following
        at += size
    return at == tcp and kind == TCP


def _replace_ipv6_options(octets: bytearray, at: int, end: int) -> None:
    """Overwrite all options but padding and the jumbo payload's length (RFC 2675)."""
    while at < end:
        if octets[at] == 0:
            at += 1
            continue
        size = 2 + octets[at + 1] if at + 1 < end else 1
        if size < 2 or at + size > end:
            octets[at:end] = bytes(end - at)
            return
        if octets[at] != _JUMBO:
            octets[at] = _PAD_N
            octets[at + 2 : at + size] = bytes(size - 2)
        at += size


def _replace_route(octets: bytearray, at: int, size: int, by: Anonymizer) -> None:
    """Replace the addresses of routing headers (RFC 5095, 6275, 8754); of unknown ones nothing is left."""
    kind = octets[at + 2]
    first, last = at + 8, at + size
    if kind == 4:
        last = min(last - (size - 8) % 16, first + 16 * (octets[at + 4] + 1))
    if kind in (0, 2, 4):
        _replace_list(octets, first, last, 16, by)
    else:
        last = at + 4
    # Behind the addresses of type 4: padding instead of TLVs.
    octets[last : at + size] = bytes(at + size - last)


def _replace_tcp_options(octets: bytearray, at: int, end: int, by: Anonymizer) -> None:
    """Keep the options that the analysis reads, and of all others kind and length."""
    while at < end and octets[at] != 0:
        if octets[at] == 1:
            at += 1
            continue
        length = octets[at + 1] if at + 1 < end else 0
        stop = min(at + length, end)
        if length < 2:
            at += 2  # not a list any more
            break
        if (octets[at], length) not in _TCP_KEPT:
            begin = at + 2
            if octets[at] in _EXPERIMENTS and octets[begin : begin + 2] == _FAST_OPEN_EXPERIMENT:
                begin += 2
            content = bytes(octets[begin:stop])
            is_cookie = content and (octets[at] == _FAST_OPEN or begin > at + 2)
            octets[begin:stop] = by.label(content, len(content)) if is_cookie else bytes(len(content))
        at = max(stop, at + 2)
    octets[at:end] = bytes(max(end - at, 0))


def _sum(octets: bytes | bytearray) -> int:
    """Return the sum of 16-bit words, the last one filled up with a zero (RFC 1071)."""
    even = bytes(octets) + b"\0" * (len(octets) & 1)
    return sum(struct.unpack(f">{len(even) // 2}H", even))


def _fold(total: int) -> int:
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
