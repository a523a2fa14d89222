"""pcapng files: section headers and interface descriptions; packet blocks by ``wire.walk``. No I/O.

Format: draft-ietf-opsawg-pcapng.
"""

import struct
from array import array
from typing import TYPE_CHECKING

from tcptrace import kernels
from tcptrace.model.columns import Frames
from tcptrace.wire import walk_codes as codes

if TYPE_CHECKING:
    from tcptrace.wire import walk
else:
    walk = kernels.load("wire.walk")

Octets = bytes | bytearray | memoryview

SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
MAX_INTERFACES = 65536  # in a section; a limit for memory

OPTION_END = 0
OPTION_TSRESOL = 9
OPTION_FCSLEN = 13
OPTION_TSOFFSET = 14

_HALF = 1 << 61


def is_pcapng(head: bytes) -> bool:
    """Say whether a file that begins with ``head`` (at least four octets) is pcapng."""
    return head[:4] == SECTION_MAGIC


class PcapngReader:
    """Packet blocks of a pcapng file, walked piece by piece.

    ``walk`` is called with a piece of the file that begins where the one before stopped (``position``, which
    is beyond the piece's end while a long block is passed over).
    """

    format = "pcapng"

    def __init__(self) -> None:
        self._walker = walk.PcapngWalker()
        self._interfaces = array("q")
        self.position = 0  # in the piece last walked: where the first block not taken begins
        self.begun = False  # a section header has been read
        self.links: list[int] = []  # LINKTYPE_ numbers, in order of appearance
        self.problem: str | None = None  # why the walk cannot go on, in one sentence

    def walk(self, buffer: Octets, start: int, end: int, base: int, frames: Frames) -> int:
        """Fill ``frames`` from ``buffer[start:end]`` and return how many.

        ``base`` is where the buffer lies in the file. Fewer than there is room for: more octets are needed,
        or ``problem`` is set.
        """
        walker = self._walker
        count = 0
        while True:
            known = len(self._interfaces) // codes.IF_WORDS
            # Whether an empty array lends its memory depends on the Python: it gets a row of zeros instead.
            table = self._interfaces if known else _NO_INTERFACES
            count = walker.walk(buffer, start, end, table, known, count, *frames)
            self.position = start = walker.position
            if walker.reason != codes.BLOCK:
                break
            octets = bytes(buffer[start : start + walker.length])
            read = self._section if walker.detail == codes.SECTION_BLOCK else self._interface
            complaint = read(octets)
            if complaint:
                self.problem = f"corrupt at offset {base + start}: {complaint}"
                break
            start += walker.length
        if walker.reason not in (codes.MORE, codes.BLOCK):
            self.problem = f"corrupt at offset {base + start}: {self._complaint()}"
        return count

    def finish(self, buffer: Octets, start: int, end: int, base: int) -> None:
        """Take note that the input ends: the block at ``start``, which ``walk`` left over, was cut short.

        ``start`` is beyond ``end`` where a block was being passed over.
        """
        if self.problem:
            return
        there = end - start
        where = base + start
        walker = self._walker
        if walker.trailer:
            promised = walker.trailer
            where -= promised - 4
            there += promised - 4
        elif there == 0:
            return
        elif there < 12:
            self.problem = f"cut short in the block at offset {where}: 12 octets promised, {there} there"
            return
        else:
            promised = walker.length
        self.problem = f"cut short in the block at offset {where}: {promised} octets promised, {there} there"

    def _section(self, block: bytes) -> str | None:
        """Begin a section: forget the interfaces of the one before. Returns what is wrong with the header."""
        major, minor = struct.unpack_from(self._order() + "HH", block, 12)
        # 1.2 was written by some and is the same as 1.0 (section 4.1).
        if (major, minor) not in ((1, 0), (1, 2)):
            return f"pcapng version {major}.{minor} is not known; versions 1.0 and 1.2 can be read"
        self._interfaces = array("q")
        self.begun = True
        return None

    def _interface(self, block: bytes) -> str | None:
        """Add an interface to the section's. Returns what is wrong with it."""
        if not self.begun:
            return "an interface description before any section"
        if len(self._interfaces) >= MAX_INTERFACES * codes.IF_WORDS:
            return f"more than {MAX_INTERFACES} interfaces in one section"
        link, _, snap = struct.unpack_from(self._order() + "HHI", block, 8)
        resolution, offset, fcs = self._interface_options(block)
        self._interfaces.extend((link, snap, fcs, *_time_row(resolution, offset)))
        if link not in self.links:
            self.links.append(link)
        return None

    def _interface_options(self, block: bytes) -> tuple[int, int, int]:
        """Return if_tsresol, if_tsoffset (seconds) and the octets of frame check sequence."""
        order = self._order()
        resolution, offset, fcs = 6, 0, 0
        at, end = 16, len(block) - 4
        while at + 4 <= end:
            code, length = struct.unpack_from(order + "HH", block, at)
            at += 4
            if code == OPTION_END or at + length > end:
                break
            if code == OPTION_TSRESOL and length == 1:
                resolution = block[at]
            elif code == OPTION_TSOFFSET and length == 8:
                offset = struct.unpack_from(order + "q", block, at)[0]
            elif code == OPTION_FCSLEN and length == 1:
                # In bits, says the draft; in octets, by its own example. No sequence has 8 octets or more,
                # and none fewer than 8 bits.
                fcs = block[at] // 8 if block[at] >= 8 else block[at]
            at += (length + 3) & ~3
        return resolution, offset, fcs

    def _order(self) -> str:
        return ">" if self._walker.big else "<"

    def _complaint(self) -> str:
        """Return in words why the walk ended."""
        walker = self._walker
        reason, detail = walker.reason, walker.detail
        if reason == codes.TOO_LONG:
            return f"the block promises {detail} octets, more than any frame needs"
        if reason == codes.BAD_LENGTH:
            return f"no block of this type has a length of {detail}"
        if reason == codes.BAD_TRAILER:
            return f"the block's length is {walker.length} at its beginning and {detail} at its end"
        if reason == codes.BAD_INTERFACE:
            return f"a frame of interface {detail}, which this section does not describe"
        if reason == codes.BAD_CAPTURED:
            return f"a frame of {detail} octets in a block of {walker.length}"
        return f"a section header with the byte-order magic {detail:08x}"


def _time_row(resolution: int, offset: int) -> tuple[int, int, int, int, int, int]:
    """Return the interface table's words from IF_MODE on: how ticks become nanoseconds without overflow."""
    offset_ns = offset * 10**9
    power = resolution & 0x7F
    mode, factor, limit = codes.TIME_EXACT, 0, 0
    if abs(offset_ns) >= _HALF:
        offset_ns = 0
    elif resolution & 0x80:
        if power <= 34:
            mode, factor = codes.TIME_SHIFT, power
            # Up to here the whole seconds stay under 2^61 ns, and with the offset under 2^62.
            limit = min((_HALF // 10**9) << power, (1 << 63) - 1) - 1
    elif power <= 9:
        mode, factor = codes.TIME_MULTIPLY, 10 ** (9 - power)
        limit = (_HALF - 1) // factor
    elif power <= 9 + 18:
        mode, factor, limit = codes.TIME_DIVIDE, 10 ** (power - 9), (1 << 63) - 1
    return mode, factor, limit, offset_ns, resolution, offset


_NO_INTERFACES = array("q", [0] * codes.IF_WORDS)
