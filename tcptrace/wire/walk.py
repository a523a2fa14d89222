"""Walk from record to record through the octets of a pcap or pcapng file and fill the columns of ``Frames``.

Hot file: see ``tcptrace/_compiled/wire/walk.pxd`` for the C types. No I/O here: a walker is given a piece of
the file that begins at a record, takes every record that is whole, and leaves ``position`` at the first one
that is not; the caller comes again from there with more octets. So it does not matter where a file was split.

Formats: draft-ietf-opsawg-pcap (pcap), draft-ietf-opsawg-pcapng (pcapng); where they leave a choice,
libpcap's is taken.
"""

from array import array

from tcptrace.model import words
from tcptrace.wire.walk_codes import (
    BAD_CAPTURED,
    BAD_INTERFACE,
    BAD_LENGTH,
    BAD_ORDER,
    BAD_TRAILER,
    BLOCK,
    ENHANCED_PACKET_BLOCK,
    IF_FACTOR,
    IF_FCS,
    IF_LIMIT,
    IF_LINK,
    IF_MODE,
    IF_OFFSET_NS,
    IF_RESOLUTION,
    IF_SECONDS,
    IF_SNAP,
    IF_WORDS,
    INTERFACE_BLOCK,
    LENGTHS_IN_ORDER,
    LENGTHS_SWAPPED,
    MAX_RECORD,
    MORE,
    OLD_PACKET_BLOCK,
    ORDER_MAGIC,
    ORDER_MAGIC_SWAPPED,
    SECTION_BLOCK,
    SIMPLE_PACKET_BLOCK,
    TIME_DIVIDE,
    TIME_EXACT,
    TIME_LIMIT_NS,
    TIME_MULTIPLY,
    TOO_LONG,
)

Octets = bytes | bytearray | memoryview


def exact_ns(ticks: int, resolution: int, seconds: int) -> int:
    """Return ``ticks`` of ``resolution`` (if_tsresol) after ``seconds`` (if_tsoffset) in ns, rounded down.

    Python's integers: any resolution, no overflow; the result is held within TIME_LIMIT_NS.
    """
    if resolution & 0x80:
        time_ns = (ticks * 10**9) >> (resolution & 0x7F)
    else:
        time_ns = ticks * 10**9 // 10**resolution
    return max(-TIME_LIMIT_NS, min(TIME_LIMIT_NS, time_ns + seconds * 10**9))


def u32(octets: Octets, at: int, big: int) -> int:
    """Return the 32-bit number at ``at``, most significant octet first if ``big``."""
    return words.be32(octets, at) if big else words.le32(octets, at)


class PcapWalker:
    """The walk through the records of one pcap file."""

    __slots__ = (
        "big",  # 1: most significant octet first
        "detail",  # what `reason` speaks of
        "fcs",  # octets of frame check sequence at each frame's end
        "frames",  # records so far
        "header",  # octets of a record's header: 16, or 24 in the modified format
        "lengths",  # LENGTHS_
        "link",  # LINKTYPE_ number
        "position",  # where the first record not taken begins
        "reason",  # why the walk ended
        "unit",  # nanoseconds in one unit of the fraction: 1 or 1000
    )

    def __init__(self, big: int, unit: int, header: int, lengths: int, link: int, fcs: int) -> None:
        self.big = big
        self.unit = unit
        self.header = header
        self.lengths = lengths
        self.link = link
        self.fcs = fcs
        self.frames = 0
        self.position = 0
        self.reason = MORE
        self.detail = 0

    def walk(
        self,
        buf: Octets,
        start: int,
        end: int,
        offset: "array[int]",
        captured: "array[int]",
        wire: "array[int]",
        time_ns: "array[int]",
        link: "array[int]",
        number: "array[int]",
    ) -> int:
        """Fill the columns from the records of ``buf[start:end]`` and return how many were taken."""
        big = self.big
        unit = self.unit
        octets = words.first(buf)
        header = self.header
        lengths = self.lengths
        fcs = self.fcs
        frames = self.frames
        link_type = self.link
        room = len(offset)
        count = 0
        at = start
        self.reason = MORE
        while count < room and at + header <= end:
            if big:
                seconds = words.be32(octets, at)
                fraction = words.be32(octets, at + 4)
                stored = words.be32(octets, at + 8)
                length = words.be32(octets, at + 12)
            else:
                seconds = words.le32(octets, at)
                fraction = words.le32(octets, at + 4)
                stored = words.le32(octets, at + 8)
                length = words.le32(octets, at + 12)
            if lengths != LENGTHS_IN_ORDER and (lengths == LENGTHS_SWAPPED or stored > length):
                kept = stored
                stored = length
                length = kept
            if stored > MAX_RECORD:
                self.reason = TOO_LONG
                self.detail = stored
                break
            body = at + header
            if body + stored > end:
                break
            frames += 1
            offset[count] = body
            # 32 bits of seconds, unsigned: until 2106. A fraction beyond one second is added as it stands.
            time_ns[count] = seconds * 1000000000 + fraction * unit
            link[count] = link_type
            number[count] = frames
            at = body + stored
            length = max(length, stored)
            if fcs:
                length = length - fcs if length > fcs else 0
                stored = min(stored, length)
            captured[count] = stored
            wire[count] = length
            count += 1
        self.frames = frames
        self.position = at
        return count


class PcapngWalker:
    """The walk through the blocks of one pcapng file.

    The caller reads the section headers and interface descriptions at which it ends (BLOCK).
    """

    __slots__ = (
        "big",  # 1: this section has the most significant octet first
        "detail",  # what `reason` speaks of
        "frames",  # packet blocks so far
        "last_ns",  # time of the frame before
        "length",  # length of the block that `reason` speaks of
        "position",  # where the first block not taken begins; beyond the end where a block is being skipped
        "reason",  # why the walk ended
        "trailer",  # not 0: `position` is at the length at the end of a skipped block, which must be this
    )

    def __init__(self) -> None:
        self.big = 0
        self.frames = 0
        self.last_ns = 0
        self.position = 0
        self.trailer = 0
        self.reason = MORE
        self.detail = 0
        self.length = 0

    def walk(
        self,
        buf: Octets,
        start: int,
        end: int,
        interfaces: "array[int]",
        known: int,
        count: int,
        offset: "array[int]",
        captured: "array[int]",
        wire: "array[int]",
        time_ns: "array[int]",
        link: "array[int]",
        number: "array[int]",
    ) -> int:
        """Fill the columns from entry ``count`` on and return how many entries are then filled.

        ``interfaces`` has ``known`` rows of IF_WORDS words. Blocks that hold no packet are passed over,
        without waiting until they are whole.
        """
        octets = words.first(buf)
        big = self.big
        room = len(offset)
        one = 1
        at = start
        self.reason = MORE
        while count < room:
            if self.trailer:
                if at + 4 > end:
                    break
                if u32(octets, at, big) != self.trailer:
                    self.reason = BAD_TRAILER
                    self.detail = u32(octets, at, big)
                    self.length = self.trailer
                    at -= self.trailer - 4
                    break
                at += 4
                self.trailer = 0
            if at + 12 > end:
                break
            kind = u32(octets, at, big)
            if kind == SECTION_BLOCK:
                # A section says its own byte order, before its length can be read.
                detail = u32(octets, at + 8, 0)
                if detail == ORDER_MAGIC:
                    big = 0
                elif detail == ORDER_MAGIC_SWAPPED:
                    big = 1
                else:
                    self.reason = BAD_ORDER
                    self.detail = detail
                    break
            length = u32(octets, at + 4, big)
            self.length = length
            least = 12
            if kind in (ENHANCED_PACKET_BLOCK, OLD_PACKET_BLOCK):
                least = 32
            elif kind == SECTION_BLOCK:
                least = 28
            elif kind == INTERFACE_BLOCK:
                least = 20
            elif kind == SIMPLE_PACKET_BLOCK:
                least = 16
            if length < least or length & 3:
                self.reason = BAD_LENGTH
                self.detail = length
                break
            if least == 12:
                self.trailer = length
                at += length - 4
                continue
            if length > MAX_RECORD:
                self.reason = TOO_LONG
                self.detail = length
                break
            if at + length > end:
                break
            if u32(octets, at + length - 4, big) != length:
                self.reason = BAD_TRAILER
                self.detail = u32(octets, at + length - 4, big)
                break
            if kind in (SECTION_BLOCK, INTERFACE_BLOCK):
                self.reason = BLOCK
                self.detail = kind
                break
            size = length - 32
            body = at + 28
            interface = u32(octets, at + 8, big)
            if kind == SIMPLE_PACKET_BLOCK:
                size = length - 16
                body = at + 12
                interface = 0  # always the section's first (section 4.4)
            elif kind == OLD_PACKET_BLOCK:
                # 16 bits of interface, then 16 bits that count drops.
                interface = interface >> 16 if big else interface & 0xFFFF
            if interface >= known:
                self.reason = BAD_INTERFACE
                self.detail = interface
                break
            row = interface * IF_WORDS
            if kind == SIMPLE_PACKET_BLOCK:
                full = u32(octets, at + 8, big)
                stored = full
                if interfaces[row + IF_SNAP] and stored > interfaces[row + IF_SNAP]:
                    stored = interfaces[row + IF_SNAP]
                # The block has no time. It lies between its neighbours, so it gets that of the frame before
                # (0 for the first): time then never goes back because of it.
                moment = self.last_ns
            else:
                stored = u32(octets, at + 20, big)
                full = u32(octets, at + 24, big)
                ticks = u32(octets, at + 12, big) << 32 | u32(octets, at + 16, big)
                mode = interfaces[row + IF_MODE]
                factor = interfaces[row + IF_FACTOR]
                limit = interfaces[row + IF_LIMIT]
                if mode == TIME_EXACT or ticks > limit:
                    moment = exact_ns(ticks, interfaces[row + IF_RESOLUTION], interfaces[row + IF_SECONDS])
                elif mode == TIME_MULTIPLY:
                    moment = ticks * factor + interfaces[row + IF_OFFSET_NS]
                elif mode == TIME_DIVIDE:
                    moment = ticks // factor + interfaces[row + IF_OFFSET_NS]
                else:
                    # The part below a second has at most 34 bits, times 10^9 less than 2^64.
                    below = ticks & ((one << factor) - 1)
                    moment = (ticks >> factor) * 1000000000 + (below * 1000000000 >> factor)
                    moment = moment + interfaces[row + IF_OFFSET_NS]
            if stored > size:
                self.reason = BAD_CAPTURED
                self.detail = stored
                break
            full = max(full, stored)
            fcs = interfaces[row + IF_FCS]
            if fcs:
                full = full - fcs if full > fcs else 0
                stored = min(stored, full)
            self.frames += 1
            self.last_ns = moment
            offset[count] = body
            captured[count] = stored
            wire[count] = full
            time_ns[count] = moment
            link[count] = interfaces[row + IF_LINK]
            number[count] = self.frames
            count += 1
            at += length
        self.big = big
        self.position = at
        return count
