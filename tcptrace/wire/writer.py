"""Write pcap and pcapng: frames in, octets out. No I/O: whoever calls writes them.

Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

import struct
from typing import TYPE_CHECKING

from tcptrace import kernels
from tcptrace.model.columns import Frames

if TYPE_CHECKING:
    from tcptrace.wire import pack
else:
    pack = kernels.load("wire.pack")

MOST = 35  # octets that a frame takes beside its own, at most (see `wire.pack`)
MAX_SNAP = 262144  # what tcpdump writes for "no limit"
EARLY_S = -(1 << 33)  # where the clock begins for times before 1970: in the year 1697

_MICROSECONDS = 0xA1B2C3D4
_NANOSECONDS = 0xA1B23C4D


class PcapWriter:
    """A pcap file of one link type, version 2.4.

    Times are integers, nanoseconds since the epoch; with ``nanoseconds`` false the file has microseconds and
    what is below is dropped.
    """

    def __init__(
        self, link: int, *, nanoseconds: bool = True, big_endian: bool = False, snap: int = MAX_SNAP
    ) -> None:
        self._order = ">" if big_endian else "<"
        self._out = bytearray()
        self._unit = 1 if nanoseconds else 1000
        self._magic = _NANOSECONDS if nanoseconds else _MICROSECONDS
        self._link = link
        self._snap = snap
        self._summary = struct.Struct(self._order + "IIII")

    def header(self) -> bytes:
        """Return the file header, which comes before all frames."""
        return struct.pack(self._order + "IHHiIII", self._magic, 2, 4, 0, 0, self._snap, self._link)

    def frame(self, time_ns: int, data: bytes, wire: int | None = None) -> bytes:
        """Return a frame's record: ``data`` was captured of ``wire`` octets (absent: all of them).

        ``ValueError`` for a time before 1970 or after February 2106, which pcap cannot hold.
        """
        seconds, rest = divmod(time_ns, 10**9)
        if not 0 <= seconds < 1 << 32:
            raise ValueError(f"pcap cannot hold the time {time_ns} ns; write pcapng")
        full = len(data) if wire is None else wire
        return self._summary.pack(seconds, rest // self._unit, len(data), full) + data

    def size_of(self, captured: int) -> int:
        """Return how many octets a record takes with so many captured."""
        return self._summary.size + captured

    def whole(self, records: bytes | memoryview, size: int) -> int:
        """Return how many of the first ``size`` octets of some records are whole records."""
        end = 0
        while end + self._summary.size <= size:
            following = end + self._summary.size + self._summary.unpack_from(records, end)[2]
            if following > size:
                break
            end = following
        return end

    def frames(
        self, buffer: bytes | bytearray | memoryview, frames: Frames, count: int, interface: int = 0
    ) -> memoryview:
        """Return the records of a batch's frames, valid until the next call; their times must be as ``frame`` says.

        The frames must not overlap. ``interface`` is of no meaning in pcap.
        """
        out = self._out = _room(self._out, len(buffer) + MOST * count)
        big = int(self._order == ">")
        columns = (frames.offset, frames.captured, frames.wire, frames.time_ns)
        return memoryview(out)[: pack.pack_pcap(out, buffer, *columns, count, self._unit, big)]


class PcapngWriter:
    """A pcapng file of one section, with an interface for each link type that comes.

    Times are integers, nanoseconds since the epoch, written in units of 10^-``digits`` seconds (6 or 9); what
    is below is dropped. Times before 1970 get an interface whose clock begins earlier (if_tsoffset).
    """

    def __init__(self, *, digits: int = 9, big_endian: bool = False, snap: int = MAX_SNAP) -> None:
        if not 0 <= digits <= 9:
            raise ValueError(f"digits must be 0 to 9, not {digits}")
        self._order = ">" if big_endian else "<"
        self._digits = digits
        self._unit = 10 ** (9 - digits)
        self._snap = snap
        self._interfaces: dict[tuple[int, int], int] = {}  # link type, offset in seconds -> interface number
        self._described = 0
        self._out = bytearray()

    def header(self) -> bytes:
        """Return the section header, which comes before all frames."""
        # Section length -1: not known.
        return self._block(0x0A0D0D0A, struct.pack(self._order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

    def frame(self, time_ns: int, data: bytes, wire: int | None = None, *, link: int) -> bytes:
        """Return the block of a frame, and before it the interface's where the link type is new.

        ``data`` was captured of ``wire`` octets. ``ValueError`` for a time that no 64 bits hold.
        """
        offset = 0 if time_ns >= 0 else EARLY_S
        ticks = (time_ns - offset * 10**9) // self._unit
        if not 0 <= ticks < 1 << 64:
            raise ValueError(f"pcapng cannot hold the time {time_ns} ns")
        described = b""
        if (link, offset) not in self._interfaces:
            self._interfaces[link, offset] = self._described
            described = self.describe(link, offset=offset)
        body = struct.pack(
            self._order + "IIIII",
            self._interfaces[link, offset],
            ticks >> 32,
            ticks & 0xFFFFFFFF,
            len(data),
            len(data) if wire is None else wire,
        )
        return described + self._block(6, body + data + bytes(-len(data) % 4))

    def frames(
        self, buffer: bytes | bytearray | memoryview, frames: Frames, count: int, interface: int
    ) -> memoryview:
        """Return the blocks of a batch's frames, valid until the next call; their times must be as ``frame`` says.

        The frames must not overlap, and come from one interface, of which ``describe`` gave the description.
        """
        out = self._out = _room(self._out, len(buffer) + MOST * count)
        big = int(self._order == ">")
        columns = (frames.offset, frames.captured, frames.wire, frames.time_ns)
        return memoryview(out)[: pack.pack_pcapng(out, buffer, *columns, count, self._unit, big, interface)]

    def size_of(self, captured: int) -> int:
        """Return how many octets a frame's block takes with so many captured."""
        return 32 + captured + -captured % 4

    def whole(self, blocks: bytes | memoryview, size: int) -> int:
        """Return how many of the first ``size`` octets of some blocks are whole blocks."""
        end = 0
        while end + 8 <= size:
            following: int = end + struct.unpack_from(self._order + "I", blocks, end + 4)[0]
            if following > size:
                break
            end = following
        return end

    def describe(self, link: int, name: str = "", words: str = "", offset: int = 0) -> bytes:
        """Return the description block of a further interface; they are numbered from 0.

        Its options are if_name (2), if_tsresol (9), if_filter (11; 0: in libpcap's words) and if_tsoffset (14).
        """
        self._described += 1
        options = self._option(2, name.encode("utf-8", "surrogateescape")) if name else b""
        options += self._option(9, bytes([self._digits]))
        if words:
            options += self._option(11, b"\0" + words.encode("utf-8", "surrogateescape"))
        if offset:
            options += self._option(14, struct.pack(self._order + "q", offset))
        return self._block(1, struct.pack(self._order + "HHI", link, 0, self._snap) + options + bytes(4))

    def _option(self, code: int, value: bytes) -> bytes:
        return struct.pack(self._order + "HH", code, len(value)) + value + bytes(-len(value) % 4)

    def _block(self, kind: int, body: bytes) -> bytes:
        length = len(body) + 12
        return struct.pack(self._order + "II", kind, length) + body + struct.pack(self._order + "I", length)


def _room(out: bytearray, size: int) -> bytearray:
    """Return ``out`` where it has ``size`` octets, else a new one."""
    return out if len(out) >= size else bytearray(size)
