"""Write pcap and pcapng: frames in, octets out. No I/O: whoever calls writes them.

Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

import struct

MAX_SNAP = 262144  # what tcpdump writes for "no limit"

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


class PcapngWriter:
    """A pcapng file of one section, with an interface for each link type that comes.

    Times are integers, nanoseconds since the epoch, written in units of 10^-``digits`` seconds (6 or 9); what
    is below is dropped.
    """

    def __init__(self, *, digits: int = 9, big_endian: bool = False, snap: int = MAX_SNAP) -> None:
        if not 0 <= digits <= 9:
            raise ValueError(f"digits must be 0 to 9, not {digits}")
        self._order = ">" if big_endian else "<"
        self._digits = digits
        self._unit = 10 ** (9 - digits)
        self._snap = snap
        self._interfaces: dict[int, int] = {}  # link type -> interface number

    def header(self) -> bytes:
        """Return the section header, which comes before all frames."""
        # Section length -1: not known.
        return self._block(0x0A0D0D0A, struct.pack(self._order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

    def frame(self, time_ns: int, data: bytes, wire: int | None = None, *, link: int) -> bytes:
        """Return the block of a frame, and before it the interface's where the link type is new.

        ``data`` was captured of ``wire`` octets. ``ValueError`` for a time before 1970.
        """
        if not 0 <= time_ns // self._unit < 1 << 64:
            raise ValueError(f"pcapng without an offset cannot hold the time {time_ns} ns")
        described = b""
        if link not in self._interfaces:
            self._interfaces[link] = len(self._interfaces)
            described = self._interface(link)
        ticks = time_ns // self._unit
        body = struct.pack(
            self._order + "IIIII",
            self._interfaces[link],
            ticks >> 32,
            ticks & 0xFFFFFFFF,
            len(data),
            len(data) if wire is None else wire,
        )
        return described + self._block(6, body + data + bytes(-len(data) % 4))

    def _interface(self, link: int) -> bytes:
        """Return an interface description block with if_tsresol (option 9)."""
        resolution = struct.pack(self._order + "HHB3x", 9, 1, self._digits)
        end = bytes(4)
        return self._block(1, struct.pack(self._order + "HHI", link, 0, self._snap) + resolution + end)

    def _block(self, kind: int, body: bytes) -> bytes:
        length = len(body) + 12
        return struct.pack(self._order + "II", kind, length) + body + struct.pack(self._order + "I", length)
