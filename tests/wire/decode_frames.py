"""Frames drawn up octet by octet from the RFCs' figures, and both forms of the decoder to feed them to."""

import ipaddress
import struct
from array import array
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from tcptrace import kernels
from tcptrace.model.columns import COUNTERS, KEY_WORDS, SACK_WORDS, SKIP_NAMES, Frames, Segments
from tcptrace.model.tcpflags import MARK_BAD_CHECKSUM
from tcptrace.wire.links import links_table
from tests.wire.naive_decode import Segment, checksum

HOT = ("network", "link_headers", "tunnels", "decode", "duplicates")
FORMS = ["plain", "compiled"] if all(kernels.is_compiled(f"wire.{name}") for name in HOT) else ["plain"]
MODES = ("none", "flags", "all")
KEYS = array("Q", [(0x9E3779B97F4A7C15 * (i + 1)) & 0xFFFFFFFFFFFFFFFF for i in range(128)])


def module(form: str, name: str) -> ModuleType:
    """Return the hot module ``wire.NAME`` in one form."""
    return import_module(f"tcptrace._compiled.wire.{name}" if form == "compiled" else f"tcptrace.wire.{name}")


@cache
def ip(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def tcp(
    source: str = "192.0.2.1",
    target: str = "198.51.100.2",
    *,
    sport: int = 49329,
    dport: int = 8000,
    seq: int = 1000,
    ack: int = 2000,
    flags: int = 0x10,
    window: int = 512,
    options: bytes = b"",
    payload: bytes = b"",
    stored: int | None = None,
    data_offset: int | None = None,
) -> bytes:
    """Return a TCP segment (RFC 9293 3.1), its checksum right unless ``stored`` says otherwise."""
    words = data_offset if data_offset is not None else (20 + len(options)) // 4
    bits = words << 12 | flags
    head = struct.pack(">HHIIHHHH", sport, dport, seq, ack, bits, window, 0, 0) + options + payload
    if stored is None:
        stored = checksum(ip(source), ip(target), head)
    return head[:16] + struct.pack(">H", stored) + head[18:]


def ipv4(
    body: bytes,
    source: str = "192.0.2.1",
    target: str = "198.51.100.2",
    *,
    total: int | None = None,
    ident: int = 1,
    fragment: int = 0x4000,
    ttl: int = 64,
    protocol: int = 6,
    options: bytes = b"",
    first: int | None = None,
    tos: int = 0,
) -> bytes:
    """Return an IPv4 datagram (RFC 791 3.1); its header checksum is left out, for nobody checks it."""
    header = 20 + len(options)
    total = header + len(body) if total is None else total
    first = 0x40 | header // 4 if first is None else first
    head = struct.pack(">BBHHHBBH", first, tos, total, ident, fragment, ttl, protocol, 0)
    return head + ip(source) + ip(target) + options + body


def ipv6(
    body: bytes,
    source: str = "2001:db8::1",
    target: str = "2001:db8::2",
    *,
    length: int | None = None,
    kind: int = 6,
    hops: int = 64,
    first: int = 0x60000000,
) -> bytes:
    """Return an IPv6 datagram (RFC 8200 3)."""
    length = len(body) if length is None else length
    return struct.pack(">IHBB", first, length, kind, hops) + ip(source) + ip(target) + body


def ethernet(packet: bytes, kind: int = 0x0800) -> bytes:
    return b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01" + struct.pack(">H", kind) + packet


def columns(frames: list[tuple[bytes, int, int]]) -> tuple[bytes, Frames]:
    """Lay out frames (octets, octets on the wire, link type), with 3 octets of nobody's around each."""
    buffer = b"\xee" * 3
    table = Frames.empty(max(1, len(frames)))
    for i, (data, wire, link) in enumerate(frames):
        table.offset[i] = len(buffer)
        table.captured[i] = len(data)
        table.wire[i] = max(wire, len(data))
        table.time_ns[i] = i * 1000
        table.link[i] = link
        table.number[i] = i + 1
        buffer += data + b"\xee" * 3
    return buffer, table


class Form:
    """One form of the kernel with its columns."""

    def __init__(self, form: str, mode: str = "flags", size: int = 4096, keys: "array[int]" = KEYS) -> None:
        self.segments = Segments.empty(size)
        self.counters = array("q", bytes(8 * COUNTERS))
        self.seen = array("i", bytes(4 * 64))
        self.network = module(form, "network").Network(links_table(), self.seen)
        decode = module(form, "decode")
        self.kernel = decode.Decode(self.segments, self.counters, self.network, keys, MODES.index(mode))

    def run(self, frames: list[tuple[bytes, int, int]]) -> list[Segment]:
        """Return the segments that the frames become, in the naive decoder's terms."""
        buffer, table = columns(frames)
        count = self.kernel.run(buffer, table, len(frames))
        return [self.segment(buffer, i) for i in range(count)]

    def one(self, data: bytes, wire: int = 0, link: int = 1) -> Segment:
        """Return the segment that one frame becomes."""
        (segment,) = self.run([(data, wire, link)])
        return segment

    def skip(self, data: bytes, wire: int = 0, link: int = 1) -> str:
        """Return why one frame becomes no segment."""
        before = list(self.counters)
        assert self.run([(data, wire, link)]) == []
        (reason,) = (i for i, name in enumerate(SKIP_NAMES) if self.counters[i] != before[i])
        return SKIP_NAMES[reason]

    def segment(self, buffer: bytes, i: int) -> Segment:
        columns_ = self.segments
        key = columns_.key[i * KEY_WORDS : (i + 1) * KEY_WORDS]
        row: dict[str, Any] = {
            name: getattr(columns_, name)[i]
            for name in columns_._fields
            if name not in ("key", "payload", "payload_captured", "sack", "sack_count")
        }
        packed = struct.pack(">4Q", *key[:4])
        family, ports = key[4] >> 32, key[4] & 0xFFFFFFFF
        assert family in (4, 6)
        if family == 4:
            assert packed[:12] == packed[16:28] == bytes(12)
        ends = [packed[12:16], packed[28:32]] if family == 4 else [packed[:16], packed[16:]]
        row["low"], row["high"] = (ends[0], ports >> 16), (ends[1], ports & 0xFFFF)
        begin = columns_.payload[i]
        row["payload"] = buffer[begin : begin + columns_.payload_captured[i]]
        assert len(row["payload"]) == columns_.payload_captured[i]
        if not columns_.marks[i] & MARK_BAD_CHECKSUM:
            row["checksum"] = 0  # only there is it one
        row["sack"] = list(columns_.sack[i * SACK_WORDS : i * SACK_WORDS + 2 * columns_.sack_count[i]])
        return row
