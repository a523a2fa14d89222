"""Write the frames of a batch as records of pcap or blocks of pcapng, in one pass.

Hot file: see ``tcptrace/_compiled/wire/pack.pxd`` for the C types. ``wire.writer`` is what calls it.
"""

from array import array

RECORD = 16  # octets before a frame in pcap
BLOCK = 28  # before a frame in pcapng (Enhanced Packet Block)
ENHANCED_PACKET = 6
MOST = 35  # octets beside a frame, at most: a block's 28 and 4, and 3 to fill up


def put32(out: bytearray, at: int, value: int, big: int) -> None:
    """Write the lower 32 bits of ``value`` at ``at``, most significant octet first if ``big``."""
    if big:
        out[at] = value >> 24 & 0xFF
        out[at + 1] = value >> 16 & 0xFF
        out[at + 2] = value >> 8 & 0xFF
        out[at + 3] = value & 0xFF
    else:
        out[at] = value & 0xFF
        out[at + 1] = value >> 8 & 0xFF
        out[at + 2] = value >> 16 & 0xFF
        out[at + 3] = value >> 24 & 0xFF


def pack_pcap(
    out: bytearray,
    buf: "bytes | bytearray | memoryview",
    offset: "array[int]",
    captured: "array[int]",
    wire: "array[int]",
    time_ns: "array[int]",
    count: int,
    unit: int,
    big: int,
) -> int:
    """Write ``count`` records to the beginning of ``out`` and return how many octets they take.

    ``unit`` is the file's unit of time in nanoseconds. There must be room for the frames and ``MOST`` octets each.
    """
    at = 0
    for i in range(count):
        size = captured[i]
        start = offset[i]
        seconds = time_ns[i] // 1000000000
        put32(out, at, seconds, big)
        put32(out, at + 4, (time_ns[i] - seconds * 1000000000) // unit, big)
        put32(out, at + 8, size, big)
        put32(out, at + 12, wire[i], big)
        at += RECORD
        out[at : at + size] = buf[start : start + size]
        at += size
    return at


def pack_pcapng(
    out: bytearray,
    buf: "bytes | bytearray | memoryview",
    offset: "array[int]",
    captured: "array[int]",
    wire: "array[int]",
    time_ns: "array[int]",
    count: int,
    unit: int,
    big: int,
    interface: int,
) -> int:
    """Write ``count`` Enhanced Packet Blocks of one interface, as ``pack_pcap`` does its records."""
    at = 0
    for i in range(count):
        size = captured[i]
        start = offset[i]
        ticks = time_ns[i] // unit
        fill = -size & 3
        length = BLOCK + size + fill + 4
        put32(out, at, ENHANCED_PACKET, big)
        put32(out, at + 4, length, big)
        put32(out, at + 8, interface, big)
        put32(out, at + 12, ticks >> 32, big)
        put32(out, at + 16, ticks, big)
        put32(out, at + 20, size, big)
        put32(out, at + 24, wire[i], big)
        at += BLOCK
        out[at : at + size] = buf[start : start + size]
        at += size
        for _ in range(fill):
            out[at] = 0
            at += 1
        put32(out, at, length, big)
        at += 4
    return at
