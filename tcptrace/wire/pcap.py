"""pcap files: the file header, and records by ``wire.walk``. No I/O.

Format: draft-ietf-opsawg-pcap; the variants are those that libpcap reads (sf-pcap.c).
"""

from tcptrace import kernels
from tcptrace.model.columns import Frames
from tcptrace.model.errors import InputError
from tcptrace.model.light import TYPE_CHECKING
from tcptrace.wire import walk_codes as codes

if TYPE_CHECKING:
    from typing import Literal

    from tcptrace.wire import walk
else:
    walk = kernels.load("wire.walk")

Octets = bytes | bytearray | memoryview

HEADER_OCTETS = 24
SUMMARY_OCTETS = 16  # of a record's header
MODIFIED_SUMMARY_OCTETS = 24  # interface index, protocol and packet type behind (Kuznetzov's patch)

# Magic number -> nanoseconds in a unit of the fraction, octets of a record's header.
MAGICS = {
    0xA1B2C3D4: (1000, SUMMARY_OCTETS),
    0xA1B23C4D: (1, SUMMARY_OCTETS),
    0xA1B2CD34: (1000, MODIFIED_SUMMARY_OCTETS),
}

ORDERS: "tuple[Literal['little'], Literal['big']]" = ("little", "big")
LINK_MASK = 0xFFFF
FCS_PRESENT = 0x04000000  # the top four bits of the link type field are valid: words of two octets of FCS


def is_pcap(head: bytes) -> bool:
    """Say whether a file that begins with ``head`` (at least four octets) is pcap."""
    return _byte_order(head) is not None


def _byte_order(head: bytes) -> "Literal['little', 'big'] | None":
    for order in ORDERS:
        if len(head) >= 4 and int.from_bytes(head[:4], order) in MAGICS:
            return order
    return None


class PcapReader:
    """Records of a pcap file, walked piece by piece.

    ``walk`` is called with a piece of the file that begins where the one before stopped (``position``).
    """

    format = "pcap"

    def __init__(self, head: bytes) -> None:
        """Read the first 24 octets; ``InputError``, without the file's name, if they are no header."""
        order = _byte_order(head)
        if order is None:
            raise InputError("not a pcap file")
        if len(head) < HEADER_OCTETS:
            raise InputError(
                f"cut short in the file header: {HEADER_OCTETS} octets promised, {len(head)} there; "
                "capture it again"
            )
        major, minor = int.from_bytes(head[4:6], order), int.from_bytes(head[6:8], order)
        link = int.from_bytes(head[20:24], order)
        unit, self._summary = MAGICS[int.from_bytes(head[:4], order)]
        # 543.0 is what DG/UX's tcpdump wrote.
        if not (major == 2 and minor <= 4) and (major, minor) != (543, 0):
            raise InputError(f"pcap version {major}.{minor} is not known; versions 2.0 to 2.4 can be read")
        lengths = codes.LENGTHS_IN_ORDER
        if minor < 3:  # and so 543.0
            lengths = codes.LENGTHS_SWAPPED
        elif minor == 3:
            lengths = codes.LENGTHS_UNSURE
        fcs = (link >> 28) * 2 if link & FCS_PRESENT else 0
        self._big = int(order == "big")
        self._walker = walk.PcapWalker(self._big, unit, self._summary, lengths, link & LINK_MASK, fcs)
        self.position = HEADER_OCTETS  # in the piece last walked: where the first record not taken begins
        self.begun = True  # the header was whole
        self.links = [link & LINK_MASK]  # LINKTYPE_ numbers, in order of appearance
        self.problem: str | None = None  # why the walk cannot go on, in one sentence

    def walk(self, buffer: Octets, start: int, end: int, base: int, frames: Frames) -> int:
        """Fill ``frames`` from ``buffer[start:end]`` and return how many.

        ``base`` is where the buffer lies in the file. Fewer than there is room for: more octets are needed,
        or ``problem`` is set.
        """
        walker = self._walker
        count = walker.walk(buffer, start, end, *frames)
        self.position = walker.position
        if walker.reason == codes.TOO_LONG:
            self.problem = (
                f"corrupt at offset {base + walker.position}: the record promises {walker.detail} octets, "
                "more than any frame has"
            )
        return count

    def finish(self, buffer: Octets, start: int, end: int, base: int) -> None:
        """Take note that the input ends: ``buffer[start:end]``, which ``walk`` left over, was cut short."""
        there = end - start
        if there <= 0 or self.problem:
            return
        where = base + start
        if there < self._summary:
            self.problem = _cut("record header", where, self._summary, there)
            return
        order = ORDERS[self._big]
        stored = int.from_bytes(buffer[start + 8 : start + 12], order)
        full = int.from_bytes(buffer[start + 12 : start + 16], order)
        lengths = self._walker.lengths
        if lengths == codes.LENGTHS_SWAPPED or (lengths == codes.LENGTHS_UNSURE and stored > full):
            stored = full
        self.problem = _cut("record", where, stored, there - self._summary)


def _cut(what: str, where: int, promised: int, there: int) -> str:
    return f"cut short in the {what} at offset {where}: {promised} octets promised, {there} there"
