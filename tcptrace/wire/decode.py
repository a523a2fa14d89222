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

HASH_KEYS = 128  # 2 to begin with, 4 for each of at most 31 pairs of words
EXTENSION_OCTETS = 64  # of what lies between the IP header and TCP that enter the fingerprint
PAYLOAD_OCTETS = 64  # of the payload that enter it where the checksum does not cover the payload

MASK32 = 0xFFFFFFFF
TOP32 = 0xFFFFFFFF00000000
NO_HOP_LIMIT = 0x00FFFFFF  # of the second word of an IPv6 header, little-endian


class Decode:
    """Decodes batch after batch into the same columns."""

    __slots__ = (
        "ack", "buf", "counters", "fingerprint", "flags", "frame", "hash_a", "hash_b", "key", "key_at",
        "keys", "length", "marks", "mode", "mss", "network", "options", "payload", "payload_captured", "sack",
        "sack_count", "scale", "seq", "side", "stopped", "stops", "time_ns", "tsecr", "tsval", "tunnels",
        "window", "wrong",
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
        self.mode = mode
        self.buf = words.first(b"")
        self.hash_a = self.hash_b = self.key_at = 0
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
        before = made
        self.stopped = count
        self.buf = network.buf = words.first(buffer)
        for i in range(first, count):
            at = offset[i]
            octets = captured[i]
            if at < 0 or octets < 0 or octets > size or at > size - octets:
                self.counters[COUNT_MALFORMED] += 1  # no source does this; no octet is read if one does
                continue
            wire_octets = wire[i] if wire[i] > octets else octets
            reason = network.find_tcp(at, at + octets, at + wire_octets, link[i])
            if reason == WRAPPED:
                reason = self.tunnels.open()
            if reason == NEXT:
                reason = self.tcp(made)
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

    # As in Network: a function of another compiled file could not be inlined here.

    def u16(self, at: int) -> int:
        """Return the 16-bit word at ``at``."""
        return words.be16(self.buf, at)

    def u32(self, at: int) -> int:
        """Return the 32-bit word at ``at``."""
        return words.be32(self.buf, at)

    def tcp(self, n: int) -> int:
        """Write the segment whose header is at ``network.at`` into row ``n`` (RFC 9293 3.1)."""
        network = self.network
        buf = self.buf
        at = network.at
        if network.stop - at < 20:
            return COUNT_MALFORMED
        if network.end - at < 20:
            return COUNT_TRUNCATED
        flags = words.be16(buf, at + 12)
        header = (flags >> 12) << 2
        octets = network.stop - at
        if header < 20 or header > octets:
            return COUNT_MALFORMED
        payload = at + header
        end = network.end if network.end < network.stop else network.stop
        length = (octets - header) & MASK32
        there = end - payload if end > payload else 0
        flags &= 0x1FF
        self.flags[n] = flags
        self.seq[n] = words.be32(buf, at + 4)
        self.ack[n] = words.be32(buf, at + 8)
        self.window[n] = words.be16(buf, at + 14)
        self.length[n] = length
        self.payload[n] = payload
        self.payload_captured[n] = there
        self.four_tuple(n, words.be16(buf, at), words.be16(buf, at + 2))
        self.mss[n] = 0
        self.scale[n] = 0
        self.tsval[n] = 0
        self.tsecr[n] = 0
        self.sack_count[n] = 0
        self.options[n] = self.read_options(n, at + 20, payload, end) if header > 20 else 0
        mark = 0 if network.has_id else MARK_NO_IP_ID
        if there < length:
            mark |= MARK_TRUNCATED
        if network.checkable:
            mark |= self.checksum(n, at, flags)
        self.marks[n] = mark
        uncovered = 0  # payload that the stored checksum says nothing about
        if mark & MARK_OFFLOADED:
            uncovered = there if there < PAYLOAD_OCTETS else PAYLOAD_OCTETS
        self.fingerprint[n] = self.hash(at, payload if payload < end else end, uncovered)
        return NEXT

    def four_tuple(self, n: int, source: int, destination: int) -> None:
        """Write key and side: the lower end (by address, then port) comes first; equal ends are side 0."""
        network = self.network
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

    def read_options(self, n: int, at: int, list_end: int, end: int) -> int:
        """Write the options of the list from ``at`` to ``list_end`` and return their OPT_ bits.

        What the capture cut (``end``) is not there; an option that does not fit into the list is malformed.
        A known option with a length that is not its own is passed over, as Linux does.
        """
        stop = list_end if list_end < end else end
        if (
            stop - at == 12 and self.u32(at) == 0x0101080A
        ):  # NOP NOP timestamps: most segments (RFC 7323 app. A)
            self.tsval[n] = self.u32(at + 4)
            self.tsecr[n] = self.u32(at + 8)
            return OPT_TIMESTAMPS
        bits = 0
        while at < stop:
            kind = self.buf[at]
            if kind == 0:
                break
            if kind == 1:
                at += 1
                continue
            if at + 2 > stop:
                return bits if at + 2 <= list_end else bits | OPT_MALFORMED
            length = self.buf[at + 1]
            if length < 2 or at + length > list_end:
                return bits | OPT_MALFORMED
            if at + length > stop:
                break
            if kind == 8:
                if length == 10:
                    bits |= OPT_TIMESTAMPS
                    self.tsval[n] = self.u32(at + 2)
                    self.tsecr[n] = self.u32(at + 6)
            elif kind == 5:
                if length >= 10 and (length - 2) & 7 == 0:
                    bits |= OPT_SACK
                    self.sack_blocks(n, at + 2, (length - 2) >> 3)
            elif kind == 2:
                if length == 4:
                    bits |= OPT_MSS
                    self.mss[n] = self.u16(at + 2)
            elif kind == 3:
                if length == 3:
                    bits |= OPT_SCALE
                    self.scale[n] = self.buf[at + 2]
            elif kind == 4:
                if length == 2:
                    bits |= OPT_SACK_PERMITTED
            elif kind == 34:  # RFC 7413 4.1.1: without a cookie it asks for one
                bits |= OPT_FAST_OPEN if length == 2 else OPT_FAST_OPEN | OPT_FAST_OPEN_COOKIE
            elif (
                kind == 254 and length >= 4 and self.u16(at + 2) == 0xF989
            ):  # RFC 6994, as old kernels sent it
                bits |= OPT_FAST_OPEN if length == 4 else OPT_FAST_OPEN | OPT_FAST_OPEN_COOKIE
            at += length
        return bits

    def sack_blocks(self, n: int, at: int, blocks: int) -> None:
        """Write the edges of at most four blocks: no more fit into a TCP header (RFC 2018 3)."""
        self.sack_count[n] = blocks
        place = n * SACK_WORDS
        for i in range(2 * blocks):
            self.sack[place + i] = self.u32(at + 4 * i)

    # ---- checksum

    def checksum(self, n: int, at: int, flags: int) -> int:
        """Return the MARK_ bit that the checksum of row ``n`` calls for, 0 for none (RFC 9293 3.1, RFC 1071)."""
        network = self.network
        octets = network.stop - at
        pseudo = (
            network.pseudo + 6 + octets
        )  # 6: the protocol number; one sum for IPv4 and IPv6 (RFC 8200 8.1)
        if self.u16(at + 16) == self.fold(pseudo):
            return MARK_OFFLOADED  # the network card was to add the rest (Linux: CHECKSUM_PARTIAL)
        if self.mode == CHECK_NONE or network.end < network.stop:
            return 0
        if self.mode == CHECK_FLAGS and not flags & (SYN | FIN | RST):
            return 0
        total = self.fold(pseudo + self.add_up(at, network.stop))
        if total == 0xFFFF:
            return 0
        stored = self.u16(at + 16)
        right = 0xFFFF - self.fold(total + 0xFFFF - stored)  # RFC 1624: the stored one taken out of the sum
        self.wrong[n] = stored << 16 | right
        self.counters[COUNT_BAD_CHECKSUM] += 1
        return MARK_BAD_CHECKSUM

    def fold(self, total: int) -> int:
        """Return a sum folded into 16 bits, the carries added again."""
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return total

    def add_up(self, at: int, stop: int) -> int:
        """Return the sum of 32-bit words, the last one filled up with zeros: folded, that of 16-bit words."""
        total = 0
        while stop - at >= 4:
            total += self.u32(at)
            at += 4
        if at < stop:
            total += self.last_word(at, stop)
        return total

    def last_word(self, at: int, stop: int) -> int:
        """Return the 32-bit word at ``at`` with zeros for what lies behind ``stop``."""
        word = 0
        for i in range(4):
            word <<= 8
            if at + i < stop:
                word |= self.buf[at + i]
        return word

    # ---- fingerprint

    def hash(self, at: int, header_end: int, uncovered: int) -> int:
        """Return the hash of the IP header but TTL and checksum, of lengths, TCP header and some payload.

        Two sums of Multilinear-HM (Lemire and Kaser, "Strongly universal string hashing is fast", 2014):
        whoever does not know the random keys finds no two packets that collide, and by chance it happens
        once in 2^64. The words are little-endian, as most machines read them.
        """
        network = self.network
        start = network.start
        if network.family == 4 and at == start + 20 and not uncovered:
            if header_end - at == 32:
                return self.hash_plain(start, network.stop - at, 1)
            if header_end - at == 20:
                return self.hash_plain(start, network.stop - at, 0)
        # What was captured of the header counts too, for the last words are filled up with zeros.
        self.begin((network.stop - at) & MASK32, ((header_end - at) << 8) | uncovered)
        if network.family == 4:
            self.mix_pair(self.le32(start), self.le32(start + 4))
            self.mix_pair(self.le32(start + 12), self.le32(start + 16))
            if at > start + 20:  # options and, in an authentication header, whatever its length is
                limit = start + 20 + EXTENSION_OCTETS
                self.mix(start + 20, at if at < limit else limit)
        else:
            self.mix_pair(self.le32(start), self.le32(start + 4) & NO_HOP_LIMIT)
            self.mix(start + 8, start + 40)
            if at > start + 40:  # bounded, for it costs keys; what follows tells packets apart as well
                limit = start + 40 + EXTENSION_OCTETS
                self.mix(start + 40, at if at < limit else limit)
        self.mix(at, header_end)
        if uncovered:
            self.mix(header_end, header_end + uncovered)
        # The upper halves of both sums modulo 2^64: the lower ones are not universal.
        return (self.hash_a & TOP32) | ((self.hash_b >> 32) & MASK32)

    def hash_plain(self, start: int, octets: int, has_timestamps: int) -> int:
        """Return the same for most packets without a loop: IPv4 without options, TCP with timestamps or none."""
        buf = self.buf
        first = octets & MASK32
        second = (32 if has_timestamps else 20) << 8
        a = self.keys[0] + self.product(2, first, second)
        b = self.keys[1] + self.product(4, first, second)
        first = words.le32(buf, start)
        second = words.le32(buf, start + 4)
        a += self.product(6, first, second)
        b += self.product(8, first, second)
        first = words.le32(buf, start + 12)
        second = words.le32(buf, start + 16)
        a += self.product(10, first, second)
        b += self.product(12, first, second)
        first = words.le32(buf, start + 20)
        second = words.le32(buf, start + 24)
        a += self.product(14, first, second)
        b += self.product(16, first, second)
        first = words.le32(buf, start + 28)
        second = words.le32(buf, start + 32)
        a += self.product(18, first, second)
        b += self.product(20, first, second)
        first = words.le32(buf, start + 36)
        second = words.le32(buf, start + 40) if has_timestamps else 0
        a += self.product(22, first, second)
        b += self.product(24, first, second)
        if has_timestamps:
            first = words.le32(buf, start + 44)
            second = words.le32(buf, start + 48)
            a += self.product(26, first, second)
            b += self.product(28, first, second)
        return (a & TOP32) | ((b >> 32) & MASK32)

    def product(self, key: int, first: int, second: int) -> int:
        """Return what a pair of 32-bit words adds to one of the sums."""
        return (self.keys[key] + first) * (self.keys[key + 1] + second)

    def le32(self, at: int) -> int:
        """Return the little-endian 32-bit word at ``at``."""
        return words.le32(self.buf, at)

    def begin(self, first: int, second: int) -> None:
        """Begin a hash with a pair of 32-bit words."""
        self.hash_a = self.keys[0] + (self.keys[2] + first) * (self.keys[3] + second)
        self.hash_b = self.keys[1] + (self.keys[4] + first) * (self.keys[5] + second)
        self.key_at = 6

    def mix_pair(self, first: int, second: int) -> None:
        """Take a pair of 32-bit words into the hash."""
        key = self.key_at
        self.hash_a += (self.keys[key] + first) * (self.keys[key + 1] + second)
        self.hash_b += (self.keys[key + 2] + first) * (self.keys[key + 3] + second)
        self.key_at = key + 4

    def mix(self, at: int, stop: int) -> None:
        """Take the octets from ``at`` to ``stop`` into the hash, filled up with zeros to pairs of words."""
        key = self.key_at
        a = self.hash_a
        b = self.hash_b
        while stop - at >= 8:
            first = self.le32(at)
            second = self.le32(at + 4)
            a += (self.keys[key] + first) * (self.keys[key + 1] + second)
            b += (self.keys[key + 2] + first) * (self.keys[key + 3] + second)
            key += 4
            at += 8
        self.key_at = key
        self.hash_a = a
        self.hash_b = b
        if stop - at == 4:
            self.mix_pair(self.le32(at), 0)
        elif stop - at > 4:
            self.mix_pair(self.le32(at), self.last_word(at + 4, stop))
        elif at < stop:
            self.mix_pair(self.last_word(at, stop), 0)
