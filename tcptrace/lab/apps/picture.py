"""A small picture made in code: two ends of a connection, and the three segments of a handshake between them."""

import struct
import zlib

_WIDTH, _HEIGHT = 96, 72
_PAPER, _END, _SEGMENT = 0, 1, 2
_PALETTE = bytes([250, 250, 247, 60, 60, 68, 0, 114, 178])
_LEFT, _RIGHT = 12, 83  # columns of the two ends
_SLOPE = 8  # a segment is this many rows later at the other end


def png() -> bytes:
    """Return the picture as a PNG with a palette (RFC 2083)."""
    rows = b"".join(b"\0" + bytes(_pixel(x, y) for x in range(_WIDTH)) for y in range(_HEIGHT))
    head = struct.pack("!IIBBBBB", _WIDTH, _HEIGHT, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", _PALETTE), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, octets) for kind, octets in chunks)


def _chunk(kind: bytes, octets: bytes) -> bytes:
    return struct.pack("!I", len(octets)) + kind + octets + struct.pack("!I", zlib.crc32(kind + octets))


def _pixel(x: int, y: int) -> int:
    """Return the colour of one pixel: the ends are upright, SYN and ACK go right, SYN-ACK goes left."""
    if not _LEFT <= x <= _RIGHT:
        return _PAPER
    if x - _LEFT < 2 or _RIGHT - x < 2:
        return _END
    along = (x - _LEFT) * _SLOPE // (_RIGHT - _LEFT)
    for top, done in ((12, along), (28, _SLOPE - along), (44, along)):
        if y - top - done in {0, 1}:
            return _SEGMENT
    return _PAPER
