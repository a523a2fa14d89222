"""Frames of TCP without what nobody else should see: payload cut off, addresses replaced.

What is left is analysed to the same result: lengths, numbers, times and flags stay, and so does what a
checksum tells: a right one is right again, a wrong one wrong, one left to the network card says so, and one
that could not be checked cannot be checked. The fragments of a segment stay fragments, the first with the TCP
header that it has; without payload nobody can check their segment.
"""

import os
from array import array
from typing import NamedTuple

from tcptrace.model.columns import COUNTERS, Frames, Segments
from tcptrace.model.tcpflags import MARK_BAD_CHECKSUM, MARK_OFFLOADED
from tcptrace.wire.anonymize import Anonymizer
from tcptrace.wire.decode import CHECK_ALL, HASH_KEYS, Decode
from tcptrace.wire.fragments import Fragments
from tcptrace.wire.links import DATAGRAM, links_table
from tcptrace.wire.network import NEXT, TCP, Network
from tcptrace.wire.strip_headers import (
    fold,
    replace_extensions,
    replace_ip_options,
    replace_tcp_options,
    sum_words,
)

LINKTYPE_RAW = 101
LONGEST_TCP_HEADER = 60
MAX_NESTED = 8  # datagrams put together, one in another


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
        self._decode.stops = 1
        self._decode.straight = 0
        self._frames = Frames.empty(1)
        self._fragments = Fragments()
        self.taken = 0  # frames left out whose content came with the last fragment of a datagram

    def strip(
        self, frame: bytes, link: int, wire: int, time_ns: int = 0, number: int = 0, nested: int = 0
    ) -> Stripped | None:
        """Return the frame stripped; None for what is no TCP segment, or has headers that are not understood.

        The link header is kept where the IP header follows it at once; a segment in a tunnel, or behind
        another header, comes out as raw IP. Where the tunnel itself is in fragments, it comes with the last of them;
        ``time_ns`` and ``number`` of the frame are for putting these together.
        """
        place = self._find(frame, link, wire)
        if place is None:
            if self._decode.stopped == 1 or self._network.stop > wire:
                return None
            return self._fragment(frame, link, wire, time_ns, number, nested)
        begin, link, wire = self._begin(frame, link, wire, place.start, place.stop)
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

    def _begin(self, frame: bytes, link: int, wire: int, start: int, stop: int) -> tuple[int, int, int]:
        """Return where what is written begins, its link type, and its length on the wire."""
        if link != DATAGRAM and self._network_begins(frame, link, wire) == start:
            return 0, link, wire
        return start, LINKTYPE_RAW, stop - start

    def _network_begins(self, frame: bytes, link: int, wire: int) -> int:
        """Return where the network layer begins behind a plain link header, -1 behind another."""
        network = self._network
        network.buf = frame
        network.at, network.end, network.wire_end = 0, len(frame), wire
        reason = network.link_layer()
        network.buf = b""
        return network.at if reason == NEXT else -1

    # ---- fragments

    def _fragment(
        self, frame: bytes, link: int, wire: int, time_ns: int, number: int, nested: int
    ) -> Stripped | None:
        """Return the fragment that was found last, stripped, or what is in the datagram that it makes whole."""
        network = self._network
        start, stop = network.start, network.stop
        if frame[start] >> 4 == 4:
            content, kind = start + (frame[start] & 15) * 4, frame[start + 9]
            offset = (frame[start + 6] << 8 & 0x1F00 | frame[start + 7]) << 3
            network.dst_high, network.dst_low = 0, int.from_bytes(frame[start + 16 : start + 20], "big")
            if len(frame) >= content:
                network.buf = frame
                network.source_route(start + 20, content)
                network.buf = b""
        else:
            content, kind = network.at + 8, frame[network.at]
            offset = (frame[network.at + 2] << 8 | frame[network.at + 3]) & 0xFFF8
        if len(frame) < content or stop < content:
            return None
        if kind != TCP:
            whole = self._fragments.add(frame[start:stop], stop - start, content - start, time_ns, number)
            if whole is None or nested == MAX_NESTED:
                return None
            made = self.strip(whole.octets, DATAGRAM, whole.size, time_ns, number, nested + 1)
            self.taken += len(set(whole.frames)) - 1 if made else 0
            return made
        # Behind a header that goes on in the next fragment, nobody knows where the payload begins.
        if self._payload and (
            stop < content + LONGEST_TCP_HEADER if offset == 0 else offset < LONGEST_TCP_HEADER
        ):
            return None
        destination = (network.dst_high << 64 | network.dst_low).to_bytes(16, "big")
        place = _Place(
            start, content, content + self._header(frame, content, stop, offset), stop, 0, False,
            destination[12:] if frame[start] >> 4 == 4 else destination,
        )  # fmt: skip
        begin, link, wire = self._begin(frame, link, wire, start, stop)
        octets = bytearray(frame[: min(len(frame), stop)])
        if self._anonymizer is not None:
            if not self._replace(octets, place, self._anonymizer):
                return None
            _check_header(octets, start, bytes(frame[start:content]))
            if offset == 0 and len(octets) >= content + 18:
                self._adjust(octets, frame, place, self._anonymizer)
        if not self._payload:
            del octets[place.payload :]
        return Stripped(bytes(octets[begin:]), link, wire)

    def _header(self, frame: bytes, tcp: int, stop: int, offset: int) -> int:
        """Return how many octets of TCP header a fragment has."""
        if offset:
            return 0
        size = max(frame[tcp + 12] >> 4, 5) * 4 if len(frame) > tcp + 12 else LONGEST_TCP_HEADER
        return min(size, stop - tcp)

    def _adjust(self, octets: bytearray, frame: bytes, place: _Place, by: Anonymizer) -> None:
        """Give the checksum of a first fragment the meaning that it had, as far as anybody can tell one."""
        tcp, size = place.tcp, len(place.destination)
        at = slice(tcp + 16, tcp + 18)
        if not self._payload:
            octets[at] = by.label(bytes(octets[at]), 2)
            return
        source = place.start + (12 if size == 4 else 8)
        before = frame[source : source + size] + place.destination + frame[tcp : place.payload]
        after = octets[source : source + size] + by.address(place.destination) + octets[tcp : place.payload]
        # RFC 1624: what is added to the words is taken from the sum.
        made = (int.from_bytes(octets[at], "big") + sum_words(before) - sum_words(after)) % 0xFFFF
        octets[at] = made.to_bytes(2, "big")

    # ---- addresses

    def _replace(self, octets: bytearray, place: _Place, by: Anonymizer) -> bool:
        """Replace what tells who it was; false where a header is not understood."""
        start = place.start
        if octets[start] >> 4 == 4:
            for at in (start + 12, start + 16):
                octets[at : at + 4] = by.address(bytes(octets[at : at + 4]))
            end = start + (octets[start] & 15) * 4
            replace_ip_options(octets, start + 20, end, by)
            understood = replace_extensions(octets, octets[start + 9], end, place.tcp, by)
        else:
            for at in (start + 8, start + 24):
                octets[at : at + 16] = by.address(bytes(octets[at : at + 16]))
            understood = replace_extensions(octets, octets[start + 6], start + 40, place.tcp, by)
        replace_tcp_options(octets, place.tcp + 20, min(place.payload, len(octets)), by)
        return understood

    # ---- checksums

    def _check_sums(self, octets: bytearray, place: _Place, old_header: bytes, is_cut: bool) -> None:
        """Give both checksums the meaning that they had."""
        by, start, tcp = self._anonymizer, place.start, place.tcp
        if by is not None:
            _check_header(octets, start, old_header)
        if len(octets) < tcp + 18:
            return
        stored = bytes(octets[tcp + 16 : tcp + 18])
        size = 4 if octets[start] >> 4 == 4 else 16
        source_at = start + (12 if size == 4 else 8)
        destination = place.destination if by is None else by.address(place.destination)
        length, whole = place.stop - tcp, len(octets) >= place.stop
        pseudo = (
            sum_words(octets[source_at : source_at + size] + destination)
            + TCP
            + (length >> 16)
            + (length & 0xFFFF)
        )
        octets[tcp + 16 : tcp + 18] = bytes(2)
        right = ~fold(pseudo + sum_words(octets[tcp : place.stop])) & 0xFFFF
        if place.marks & MARK_OFFLOADED:
            made = fold(pseudo)
        elif place.checkable and not is_cut and whole and not place.marks & MARK_BAD_CHECKSUM:
            made = right
        else:
            # A label: what it was for, nobody can tell any more, not even who guesses the payload.
            made = int.from_bytes(stored if by is None else by.label(stored, 2), "big")
            while made in (right, fold(pseudo)):
                made = made + 1 & 0xFFFF
        octets[tcp + 16 : tcp + 18] = made.to_bytes(2, "big")


def _check_header(octets: bytearray, start: int, old_header: bytes) -> None:
    """Give the checksum of the IPv4 header the meaning that it had; IPv6 has none."""
    if octets[start] >> 4 != 4:
        return
    end = start + (octets[start] & 15) * 4
    was_right = fold(sum_words(old_header[: end - start])) == 0xFFFF
    stored = bytes(octets[start + 10 : start + 12])
    octets[start + 10 : start + 12] = bytes(2)
    right = ~fold(sum_words(octets[start:end])) & 0xFFFF
    if was_right:
        octets[start + 10 : start + 12] = right.to_bytes(2, "big")
    elif stored != bytes(2):  # 0 stays: the network card was to put it in
        octets[start + 10 : start + 12] = (right ^ 0x5555).to_bytes(2, "big")
