"""Frames to TCP segments: TCP header, options, checksum and fingerprint, in one pass over a batch.

A hot file: plain Python here, compiled with the C types of ``_compiled/wire/decode.pxd``. Bad octets never
raise: a frame becomes a segment or is counted under one of the reasons ``COUNT_...`` of ``model.columns``.
Where TCP begins and the datagram ends is found by ``network``, which explains ``end`` and ``stop``, and by
``tunnels``.
"""

from array import array

from tcptrace.model import words
from tcptrace.model.columns import (
    COUNT_BAD_CHECKSUM,
    COUNT_FRAGMENT,
    COUNT_MALFORMED,
    COUNT_SEGMENTS,
    COUNT_TRUNCATED,
    KEY_WORDS,
    SACK_WORDS,
    Frames,
    Segments,
)
from tcptrace.model.tcpflags import (
    FIN,
    MARK_BAD_CHECKSUM,
    MARK_NO_IP_ID,
    MARK_OFFLOADED,
    MARK_TRUNCATED,
    OPT_FAST_OPEN,
    OPT_FAST_OPEN_COOKIE,
    OPT_MALFORMED,
    OPT_MSS,
    OPT_SACK,
    OPT_SACK_PERMITTED,
    OPT_SCALE,
    OPT_TIMESTAMPS,
    RST,
    SYN,
)

from .network import Network
from .tunnels import Tunnels

NEXT = -1  # a segment was made; a value that is not negative is the counter to add to
WRAPPED = -2  # of ``network``: there may be TCP behind more headers

CHECK_NONE = 0
CHECK_FLAGS = 1  # segments with SYN, FIN or RST
CHECK_ALL = 2

# 2 to end with, 2 for each pair of words: at most 3 of an IPv6 header, 4 of extensions, 4 of TCP's, 4 of payload.
HASH_KEYS = 32
NOP_NOP_TIMESTAMPS = 0x0101080A  # how most option lists begin (RFC 7323 app. A)
# And most of SYNs: MSS, SACK permitted and the head of timestamps, little-endian; behind these NOP and a window scale.
MSS_SACK_TIMESTAMPS = 0x0A08020400000402
ALL_BUT_MSS = 0xFFFFFFFF0000FFFF
NOP_SCALE = 0x010303
EXTENSION_OCTETS = 64  # of what lies between the IP header and TCP that enter the fingerprint
PAYLOAD_OCTETS = 64  # of the payload that enter it where the checksum does not cover the payload

# Of the first eight octets of an IPv4 header, little-endian: version, header length, MF and the fragment's offset.
VERSION_TO_OFFSET = 0xFF3F0000000000FF
FAMILY_IPV4 = 4 << 32  # in a key
IDENTIFICATION = 0x0000FFFF00000000
NO_HOP_LIMIT = 0x00FFFFFFFFFFFFFF  # of the first eight octets of an IPv6 header, little-endian


class Decode:
    """Decodes batch after batch into the same columns."""

    __slots__ = (
        "ack", "buf", "checked", "counters", "fingerprint", "flags", "frame", "key", "key_at", "keys",
        "length", "marks", "mss", "network", "odd", "options", "payload", "payload_captured", "sack",
        "sack_count", "scale", "seq", "side", "stopped", "stops", "straight", "time_ns", "tsecr", "tsval",
        "tunnels", "window", "wrong",
    )  # fmt: skip

    def __init__(
        self,
        segments: Segments,
        counters: "array[int]",
        network: Network,
        keys: "array[int]",
        mode: int,
    ) -> None:
        """Write into ``segments`` and ``counters``; ``keys``: HASH_KEYS random words, ``mode``: CHECK_..."""
        (
            self.frame, self.time_ns, self.key, self.side, self.flags, self.seq, self.ack, self.window,
            self.length, self.payload, self.payload_captured, self.options, self.mss, self.scale, self.tsval,
            self.tsecr, self.sack_count, self.sack, self.fingerprint, self.marks, self.wrong,
        ) = segments  # fmt: skip
        self.network = network
        self.tunnels = Tunnels(network)
        self.counters = counters
        self.keys = keys
        self.odd = keys[0] | 1
        # Of the sixteen bits that end with the flags; the first four, the data offset, are never 0.
        self.checked = 0
        if mode == CHECK_FLAGS:
            self.checked = SYN | FIN | RST
        elif mode == CHECK_ALL:
            self.checked = 0xF000
        self.buf = words.first(b"")
        self.key_at = 0
        self.straight = 1  # 0: all take the general road, and `network` then says where a frame's parts are
        self.stops = 0  # 1: `run` ends at a fragment, whose place is then in `network`
        self.stopped = 0  # the frame at which it ended; the number of frames where it came to the end

    def run(
        self,
        buffer: bytes | bytearray | memoryview,
        frames: Frames,
        count: int,
        first: int = 0,
        made: int = 0,
    ) -> int:
        """Decode the frames from ``first`` to ``count`` and return how many segments are in the columns now.

        ``made`` segments were there before.
        """
        offset = frames.offset
        captured = frames.captured
        wire = frames.wire
        time_ns = frames.time_ns
        link = frames.link
        number = frames.number
        network = self.network
        size = len(buffer)
        straight = self.straight
        before = made
        self.stopped = count
        self.buf = network.buf = words.first(buffer)
        for i in range(first, count):
            at = offset[i]
            octets = captured[i]
            room = size - octets
            if (at | octets | room | room - at) < 0:
                self.counters[COUNT_MALFORMED] += 1  # no source does this; no octet is read if one does
                continue
            wire_octets = wire[i] if wire[i] > octets else octets
            if (
                straight
                and link[i] == network.link
                and self.straight_road(network, made, at, at + octets, at + wire_octets)
            ):
                reason = NEXT
            else:
                reason = network.find_tcp(at, at + octets, at + wire_octets, link[i])
                if reason == WRAPPED:
                    reason = self.tunnels.open()
                if reason == NEXT:
                    reason = self.tcp(network, made)
            if reason == NEXT:
                self.frame[made] = number[i]
                self.time_ns[made] = time_ns[i]
                made += 1
            else:
                self.counters[reason] += 1
                if reason == COUNT_FRAGMENT and self.stops:
                    self.stopped = i
                    break
        self.counters[COUNT_SEGMENTS] += made - before
        self.buf = network.buf = words.first(b"")  # let go: who owns the buffer may want to close or grow it
        return made

    def straight_road(self, network: Network, n: int, at: int, end: int, wire_end: int) -> int:
        """Write row ``n`` as ``find_tcp`` and ``tcp`` do, for what most frames are; else return 0 and change nothing.

        That is TCP in a whole datagram of IPv4 without options, none of whose lengths was cut or left out, right behind
        the link header and captured as far as the payload.
        """
        buf = self.buf
        start = at + network.straight_at
        if end - start < 40 or (network.typed and words.be16(buf, start - 2) != 0x0800):
            return 0
        ip = words.part(buf, start)
        head = words.le64(ip, 0)
        octets = words.be16(ip, 2) - 20
        bits = words.be16(ip, 32)
        header = bits >> 10 & 0x3C
        stop = start + 20 + octets
        payload = start + 20 + header
        if head & VERSION_TO_OFFSET != 0x45 or ip[9] != 6 or stop > wire_end or payload > end:
            return 0
        if header < 20 or header > octets:
            return 0
        source = words.be32(ip, 12)
        destination = words.be32(ip, 16)
        ports = words.be32(ip, 20)
        # No branches: which end sends is as good as random.
        side = source > destination
        if source == destination:
            side = ports >> 16 > ports & 0xFFFF
        lower = source if source < destination else destination
        total = source + destination
        place = n * KEY_WORDS
        self.side[n] = side
        self.key[place] = 0
        self.key[place + 1] = lower
        self.key[place + 2] = 0
        self.key[place + 3] = total - lower
        self.key[place + 4] = FAMILY_IPV4 | words.word32((ports << 32 | ports) >> 16 * side)
        there = octets - header
        self.length[n] = there
        mark = 0 if head & IDENTIFICATION else MARK_NO_IP_ID
        if stop > end:
            there = end - payload
            mark |= MARK_TRUNCATED
        self.payload[n] = payload
        self.payload_captured[n] = there
        pseudo = total + 6 + octets  # 6: the protocol
        uncovered = 0
        if words.be16(ip, 36) == self.fold(pseudo):
            mark |= MARK_OFFLOADED
            uncovered = there if there < PAYLOAD_OCTETS else PAYLOAD_OCTETS
        elif bits & self.checked and stop <= end:
            mark |= self.checksum(n, start + 20, stop, pseudo)
        self.marks[n] = mark
        self.flags[n] = bits & 0x1FF
        self.seq[n] = words.be32(ip, 24)
        self.ack[n] = words.be32(ip, 28)
        self.window[n] = words.be16(ip, 34)
        self.mss[n] = 0
        self.scale[n] = 0
        self.sack_count[n] = 0
        if header == 32 and words.be32(ip, 40) == NOP_NOP_TIMESTAMPS:
            self.tsval[n] = words.be32(ip, 44)
            self.tsecr[n] = words.be32(ip, 48)
            self.options[n] = OPT_TIMESTAMPS
        else:
            self.tsval[n] = 0
            self.tsecr[n] = 0
            self.options[n] = self.read_options(n, start + 40, payload, payload)
        first = (header << 8 | uncovered) << 32 | octets
        hashed = self.pair(words.sum128(0, 0), 2, first, head)
        hashed = self.pair(hashed, 4, words.le64(ip, 12), words.le64(ip, 20))
        if header == 32 and not uncovered:
            hashed = self.pair(hashed, 6, words.le64(ip, 28), words.le64(ip, 36))
            hashed = self.pair(hashed, 8, words.le64(ip, 44), 0)
        else:
            self.key_at = 6
            hashed = self.mix(self.mix(hashed, start + 28, payload), payload, payload + uncovered)
        self.fingerprint[n] = self.squeeze(hashed)
        return 1

    def tcp(self, network: Network, n: int) -> int:
        """Write the segment whose header is at ``network.at`` into row ``n`` (RFC 9293 3.1).

        ``network`` is an argument, here and below, for a name of its own would be counted as a reference.
        """
        buf = self.buf
        at = network.at
        end = network.end
        stop = network.stop
        octets = stop - at
        if octets < 20:
            return COUNT_MALFORMED
        if end - at < 20:
            return COUNT_TRUNCATED
        bits = words.be16(buf, at + 12)
        header = bits >> 10 & 0x3C  # octets; the data offset counts words
        if header < 20 or header > octets:
            return COUNT_MALFORMED
        payload = at + header
        if end > stop:
            end = stop
        header_end = payload if payload < end else end
        length = words.word32(octets - header)
        there = end - header_end
        self.flags[n] = bits & 0x1FF
        self.seq[n] = words.be32(buf, at + 4)
        self.ack[n] = words.be32(buf, at + 8)
        self.window[n] = words.be16(buf, at + 14)
        self.length[n] = length
        self.payload[n] = payload
        self.payload_captured[n] = there
        self.mss[n] = 0
        self.scale[n] = 0
        self.sack_count[n] = 0
        self.tsval[n] = 0
        self.tsecr[n] = 0
        self.options[n] = self.read_options(n, at + 20, payload, header_end)
        mark = 0 if network.has_id else MARK_NO_IP_ID
        if there < length:
            mark |= MARK_TRUNCATED
        uncovered = 0  # payload that the stored checksum says nothing about
        if network.checkable:
            pseudo = network.pseudo + 6 + octets  # one sum for IPv4 and IPv6 (RFC 8200 8.1); 6: the protocol
            if words.be16(buf, at + 16) == self.fold(pseudo):
                # The network card was to add the rest (Linux: CHECKSUM_PARTIAL).
                mark |= MARK_OFFLOADED
                uncovered = there if there < PAYLOAD_OCTETS else PAYLOAD_OCTETS
            elif bits & self.checked and end == stop:
                mark |= self.checksum(n, at, stop, pseudo)
        self.marks[n] = mark
        # What was captured of the header counts too, for its last words are filled up with zeros.
        first = words.word32(octets) | ((header_end - at) << 8 | uncovered) << 32
        self.fingerprint[n] = self.hash(network, at, header_end, first)
        self.four_tuple(network, n, words.be16(buf, at), words.be16(buf, at + 2))
        return NEXT

    def four_tuple(self, network: Network, n: int, source: int, destination: int) -> None:
        """Write key and side: the lower end (by address, then port) comes first; equal ends are side 0."""
        if network.src_high != network.dst_high:
            side = network.src_high > network.dst_high
        elif network.src_low != network.dst_low:
            side = network.src_low > network.dst_low
        else:
            side = source > destination
        self.side[n] = side
        place = n * KEY_WORDS
        # Computed places and shifts instead of branches: which end sends is as good as random.
        first = place + 2 * side
        second = place + 2 - 2 * side
        self.key[first] = network.src_high
        self.key[first + 1] = network.src_low
        self.key[second] = network.dst_high
        self.key[second + 1] = network.dst_low
        ports = (source << (16 - 16 * side)) | (destination << (16 * side))
        self.key[place + 4] = (network.family << 32) | ports

    # ---- options

    def read_options(self, n: int, at: int, list_end: int, stop: int) -> int:
        """Write the options of the list from ``at`` to ``list_end`` and return their OPT_ bits.

        What the capture cut (from ``stop`` on) is not there; an option that does not fit into the list is malformed.
        A known option with a length that is not its own is passed over, as Linux does.
        """
        buf = self.buf
        bits = 0
        if stop - at >= 12 and words.be32(buf, at) == NOP_NOP_TIMESTAMPS:
            bits = OPT_TIMESTAMPS
            self.tsval[n] = words.be32(buf, at + 4)
            self.tsecr[n] = words.be32(buf, at + 8)
            at += 12
        elif (
            stop - at >= 20
            and words.le64(buf, at) & ALL_BUT_MSS == MSS_SACK_TIMESTAMPS
            and words.be32(buf, at + 16) >> 8 == NOP_SCALE
        ):
            bits = OPT_MSS | OPT_SACK_PERMITTED | OPT_TIMESTAMPS | OPT_SCALE
            self.mss[n] = words.be16(buf, at + 2)
            self.tsval[n] = words.be32(buf, at + 8)
            self.tsecr[n] = words.be32(buf, at + 12)
            self.scale[n] = buf[at + 19]
            at += 20
        while at < stop:
            kind = buf[at]
            if kind == 0:
                break
            if kind == 1:
                at += 1
                continue
            if at + 2 > stop:
                return bits if at + 2 <= list_end else bits | OPT_MALFORMED
            length = buf[at + 1]
            if length < 2 or at + length > list_end:
                return bits | OPT_MALFORMED
            if at + length > stop:
                break
            if kind == 8:
                if length == 10:
                    bits |= OPT_TIMESTAMPS
                    self.tsval[n] = words.be32(buf, at + 2)
                    self.tsecr[n] = words.be32(buf, at + 6)
            elif kind == 5:
                if length >= 10 and (length - 2) & 7 == 0:
                    bits |= OPT_SACK
                    self.sack_blocks(n, at + 2, (length - 2) >> 3)
            elif kind == 2:
                if length == 4:
                    bits |= OPT_MSS
                    self.mss[n] = words.be16(buf, at + 2)
            elif kind == 3:
                if length == 3:
                    bits |= OPT_SCALE
                    self.scale[n] = buf[at + 2]
            elif kind == 4:
                if length == 2:
                    bits |= OPT_SACK_PERMITTED
            elif kind == 34:  # RFC 7413 4.1.1: without a cookie it asks for one
                bits |= OPT_FAST_OPEN if length == 2 else OPT_FAST_OPEN | OPT_FAST_OPEN_COOKIE
            elif (
                kind == 254 and length >= 4 and words.be16(buf, at + 2) == 0xF989
            ):  # RFC 6994, as old kernels sent it
                bits |= OPT_FAST_OPEN if length == 4 else OPT_FAST_OPEN | OPT_FAST_OPEN_COOKIE
            at += length
        return bits

    def sack_blocks(self, n: int, at: int, blocks: int) -> None:
        """Write the edges of at most four blocks: no more fit into a TCP header (RFC 2018 3)."""
        buf = self.buf
        self.sack_count[n] = blocks
        place = n * SACK_WORDS
        for i in range(2 * blocks):
            self.sack[place + i] = words.be32(buf, at + 4 * i)

    # ---- checksum

    def checksum(self, n: int, at: int, stop: int, pseudo: int) -> int:
        """Return the MARK_ bit that the checksum of row ``n`` calls for, 0 for none (RFC 9293 3.1, RFC 1071)."""
        total = pseudo + self.add_up(at, stop)
        total = self.fold(words.word32(total) + (total >> 32))
        if total == 0xFFFF:
            return 0
        stored = words.be16(self.buf, at + 16)
        right = 0xFFFF - self.fold(total + 0xFFFF - stored)  # RFC 1624: the stored one taken out of the sum
        self.wrong[n] = stored << 16 | right
        self.counters[COUNT_BAD_CHECKSUM] += 1
        return MARK_BAD_CHECKSUM

    def fold(self, total: int) -> int:
        """Return a sum below 2^47 folded into 16 bits, the carries added again: each step leaves fewer."""
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        return (total & 0xFFFF) + (total >> 16)

    def add_up(self, at: int, stop: int) -> int:
        """Return the sum of 32-bit words, the last one filled up with zeros: folded, that of 16-bit words."""
        buf = self.buf
        total = 0
        while stop - at >= 8:
            pair = words.be64(buf, at)
            total += (pair >> 32) + words.word32(pair)
            at += 8
        if stop - at >= 4:
            total += words.be32(buf, at)
            at += 4
        shift = 24
        while at < stop:
            octet = buf[at]
            total += octet << shift
            shift -= 8
            at += 1
        return total

    # ---- fingerprint

    def hash(self, network: Network, at: int, header_end: int, first: int) -> int:
        """Return the hash of the IP header but TTL and checksum, of lengths (``first``), TCP header and some payload.

        NH (Black and others, "UMAC", 1999) of words of 64 bits, and multiply-shift (Dietzfelbinger and others, "A
        reliable randomized algorithm for the closest-pair problem", 1997) from its 128 bits to 64: whoever does not
        know the random keys finds no two packets that collide, and by chance it happens once in 2^62. The words are
        little-endian, as most machines read them.
        """
        buf = self.buf
        start = network.start
        total = words.sum128(0, 0)
        if network.family == 4:
            total = self.pair(total, 2, first, words.le64(buf, start))
            total = self.pair(total, 4, words.le64(buf, start + 12), words.le64(buf, at))
            self.key_at = 6
            start += 20
            rest = at + 8
        else:
            total = self.pair(total, 2, first, words.le64(buf, start) & NO_HOP_LIMIT)
            self.key_at = 4
            total = self.mix(total, start + 8, start + 40)
            start += 40
            rest = at
        if at > start:  # options, an authentication header, extensions: bounded, for what is mixed costs keys
            limit = start + EXTENSION_OCTETS
            total = self.mix(total, start, at if at < limit else limit)
        total = self.mix(total, rest, header_end)
        return self.squeeze(self.mix(total, header_end, header_end + (first >> 32 & 0xFF)))

    def pair(self, total: int, key: int, first: int, second: int) -> int:
        """Return the sum with a pair of 64-bit words in it."""
        return words.add_product(total, self.keys[key] + first, self.keys[key + 1] + second)

    def mix(self, total: int, at: int, stop: int) -> int:
        """Return the sum with the octets from ``at`` to ``stop`` in it, filled up with zeros to pairs of words."""
        buf = self.buf
        key = self.key_at
        while stop - at >= 16:
            total = self.pair(total, key, words.le64(buf, at), words.le64(buf, at + 8))
            key += 2
            at += 16
        if at < stop:
            total = self.pair(total, key, self.last_word(at, stop), self.last_word(at + 8, stop))
            key += 2
        self.key_at = key
        return total

    def last_word(self, at: int, stop: int) -> int:
        """Return the little-endian 64-bit word at ``at`` with zeros for what lies behind ``stop``."""
        if stop - at >= 8:
            return words.le64(self.buf, at)
        word = 0
        shift = 0
        while at < stop:
            octet = self.buf[at]
            word |= octet << shift
            shift += 8
            at += 1
        return word

    def squeeze(self, total: int) -> int:
        """Return the upper half of the sum times an odd random number, modulo 2^128."""
        low = words.low64(total)
        total = words.sum128(0, low * self.keys[1] + words.high64(total) * self.odd)
        return words.high64(words.add_product(total, low, self.odd))
