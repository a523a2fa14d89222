"""pcap and pcapng drawn up by hand from the two drafts, and a source's frames as plain tuples.

Nothing here uses the code under test, so that both can be held against each other.
"""

import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

MICRO = 0xA1B2C3D4
NANO = 0xA1B23C4D
MODIFIED = 0xA1B2CD34


class Frame(NamedTuple):
    number: int
    time_ns: int
    link: int
    wire: int
    data: bytes


def frames_of(source: Any) -> list[Frame]:
    """Return all frames of a source, copied."""
    found = []
    for batch in source.batches():
        columns = batch.frames
        for i in range(batch.count):
            start = columns.offset[i]
            data = bytes(batch.buffer[start : start + columns.captured[i]])
            found.append(Frame(columns.number[i], columns.time_ns[i], columns.link[i], columns.wire[i], data))
    source.close()
    return found


def pcap_header(
    order: str = "<", magic: int = MICRO, version: tuple[int, int] = (2, 4), link: int = 1, snap: int = 262144
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap, link)


def pcap_record(
    seconds: int, fraction: int, data: bytes, wire: int | None = None, order: str = "<", behind: bytes = b""
) -> bytes:
    full = len(data) if wire is None else wire
    return struct.pack(order + "IIII", seconds, fraction, len(data), full) + behind + data


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", version: tuple[int, int] = (1, 0), options: bytes = b"") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1) + options, order)


def interface(order: str = "<", link: int = 1, snap: int = 0, options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def tsresol(value: int, order: str = "<") -> bytes:
    return option(9, bytes([value]), order)


def tsoffset(seconds: int, order: str = "<") -> bytes:
    return option(14, struct.pack(order + "q", seconds), order)


def enhanced(ticks: int, data: bytes, wire: int | None = None, number: int = 0, order: str = "<") -> bytes:
    full = len(data) if wire is None else wire
    fields = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), full)
    return block(6, fields + data, order)


def old_packet(ticks: int, data: bytes, number: int = 0, drops: int = 0, order: str = "<") -> bytes:
    fields = struct.pack(
        order + "HHIIII", number, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
    )
    return block(2, fields + data, order)


def simple(data: bytes, wire: int | None = None, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", len(data) if wire is None else wire) + data, order)


class Pieces:
    """A file object that gives the pieces one by one, like a pipe, and cannot seek."""

    name = "pieces"

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readinto(self, view: memoryview) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def seek(self, *_: int) -> int:
        raise AssertionError("a pipe was sought")

    tell = seek
