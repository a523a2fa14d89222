"""A slow decoder of another make: slices, ``struct`` and exceptions; written from the RFCs, easy to check.

``naive_decode`` gives one frame's segment as a dictionary or raises ``Skip`` with the contract's reason.
``identity`` is what the rule of `duplicate_frame` compares, as octets instead of a hash.
"""

import struct
from collections.abc import Sequence
from typing import Any

from tcptrace.model import tcpflags as tf
from tests.wire import naive_tunnels
from tests.wire.naive_pieces import Piece, Skip

Segment = dict[str, Any]


def naive_decode(frame: bytes, wire: int, link: int, checksums: str = "flags") -> Segment:
    piece = Piece(frame, max(wire, len(frame)))
    return naive_tunnels.Unwrap(lambda version, packet: naive_ip(version, packet, checksums)).link(
        piece, link
    )


def naive_ip(version: int, packet: Piece, checksums: str) -> Segment:
    return _ipv4(packet, checksums) if version == 4 else _ipv6(packet, checksums)


def _behind_ip(protocol: int, body: Piece, checksums: str) -> Segment:
    """What is in IP and not TCP; where it is no tunnel, or nothing that is IP is in it, it is just no TCP."""
    try:
        return naive_tunnels.Unwrap(lambda version, packet: naive_ip(version, packet, checksums)).protocol(
            body, protocol
        )
    except Skip as skip:
        raise Skip("not_tcp" if skip.args[0] == "not_ip" else skip.args[0]) from None


def _ipv4(packet: Piece, checksums: str) -> Segment:
    head = packet.head(20)
    first, _tos, total, ident, fragment, _ttl, protocol, _sum, source, target = struct.unpack(
        ">BBHHHBBH4s4s", head
    )
    header = (first & 15) * 4
    known = total <= packet.size
    total = min(total, packet.size) or packet.size
    if first >> 4 != 4 or header < 20 or total < header:
        raise Skip("malformed")
    if fragment & 0x2000 or fragment & 0x1FFF:
        raise Skip("fragment")
    packet = packet.cut(total)
    if protocol not in (6, 51):
        return _behind_ip(protocol, packet.behind(header), checksums)
    if protocol == 6 and len(packet.data) < header:
        raise Skip("truncated")
    options = packet.data[20:header]
    same = head[:8] + bytes([6]) + source + target + options
    final = _final_destination(options)
    if final == b"?":
        known = False
    elif final:
        target = final
    body = packet.behind(header)
    if protocol == 51:  # authentication headers up to what is no such
        while protocol == 51:
            first = body.head(12)
            protocol, size = first[0], (first[1] + 2) * 4
            authentication = body.head(size)
            options += authentication
            body = body.behind(size)
        if protocol != 6:
            return _behind_ip(protocol, body, checksums)
        same = head[:8] + bytes([51]) + source + head[16:20] + options[:64]
    return _tcp(body, source, target, same, ident != 0, known, checksums)


def _final_destination(options: bytes) -> bytes:
    """The last address of a source route (RFC 791 3.1); empty: none is left, ``?``: it is spoilt."""
    while len(options) >= 3 and options[0] != 0:
        if options[0] == 1:
            options = options[1:]
            continue
        kind, size, pointer = options[:3]
        if not 2 <= size <= len(options):
            break
        if kind in (131, 137):
            if size == 2:
                return b"?"
            if pointer > size:
                return b""
            return options[size - 4 : size] if pointer in range(4, size - 2, 4) else b"?"
        options = options[size:]
    return b""


def _ipv6(packet: Piece, checksums: str) -> Segment:
    head = packet.head(40)
    first, length, kind, _hops, source, target = struct.unpack(">IHBB16s16s", head)
    if first >> 28 != 6:
        raise Skip("malformed")
    rest = packet.behind(40)
    jumbo = length == 0
    length = length or rest.size
    known = length <= rest.size
    length = min(length, rest.size)
    first_target, extensions = target, b""
    has_id = False
    whole = rest
    for _ in range(32):
        if kind == 6:
            break
        if kind not in (0, 43, 44, 51, 60):
            return _behind_ip(kind, whole.cut(length).behind(len(extensions)), checksums)
        done = len(extensions)
        piece = whole.cut(length).behind(done)
        start = piece.head(8 if kind == 44 else 2)
        size = 8 if kind == 44 else (start[1] + 2) * 4 if kind == 51 else (start[1] + 1) * 8
        if kind == 44:
            if struct.unpack(">H", start[2:4])[0] & 0xFFF9:
                raise Skip("fragment")
            has_id = start[4:8] != bytes(4)
        extension = piece.head(size)
        if kind == 0 and jumbo:
            value = _jumbo(extension[2:])
            if value is not None:
                known = known and value <= whole.size
                length = min(value, whole.size)
        if kind == 43 and extension[3]:
            if size >= 24 and extension[2] in (0, 2):
                target = extension[-16:]
            elif size >= 24 and extension[2] == 4:
                target = extension[8:24]
            else:
                known = False
        extensions += extension
        kind = start[0]
    else:
        raise Skip("malformed")
    same = head[:7] + source + first_target + extensions[:64]
    body = whole.cut(length).behind(len(extensions))
    return _tcp(body, source, target, same, has_id, known, checksums)


def _jumbo(options: bytes) -> int | None:
    while options:
        if options[0] == 0:
            options = options[1:]
            continue
        if len(options) < 2 or len(options) < 2 + options[1]:
            raise Skip("malformed")
        if options[0] == 0xC2:
            if options[1] != 4 or options[2:4] == bytes(2):
                raise Skip("malformed")
            return int(struct.unpack(">I", options[2:6])[0])
        options = options[2 + options[1] :]
    return None


def _tcp(
    piece: Piece, source: bytes, target: bytes, same: bytes, has_id: bool, known: bool, checksums: str
) -> Segment:
    if piece.size < 20:
        raise Skip("malformed")
    head = piece.head(20)
    sport, dport, seq, ack, bits, window, stored, _urgent = struct.unpack(">HHIIHHHH", head)
    header = (bits >> 12) * 4
    if header < 20 or header > piece.size:
        raise Skip("malformed")
    payload = piece.behind(header)
    flags = bits & 0x1FF
    ends = ((source, sport), (target, dport))
    pseudo = ones(source + target + struct.pack(">II", piece.size, 6))
    marks, wrong = 0 if has_id else tf.MARK_NO_IP_ID, 0
    if len(payload.data) < payload.size:
        marks |= tf.MARK_TRUNCATED
    checked = checksums == "all" or (checksums == "flags" and flags & (tf.SYN | tf.FIN | tf.RST))
    if known and stored == pseudo:
        marks |= tf.MARK_OFFLOADED
    elif known and checked and len(piece.data) == piece.size:
        right = checksum(source, target, piece.data[:16] + b"\0\0" + piece.data[18:])
        if right != stored:
            marks |= tf.MARK_BAD_CHECKSUM
            wrong = stored << 16 | right
    segment: Segment = {
        "low": min(ends),
        "high": max(ends),
        "side": 0 if ends[0] <= ends[1] else 1,
        "flags": flags,
        "seq": seq,
        "ack": ack,
        "window": window,
        "length": payload.size,
        "payload": payload.data,
        "marks": marks,
        "checksum": wrong,
    }
    segment |= parse_options(piece.data[20:header], header - 20)
    segment["identity"] = (same, piece.size, piece.data[:header])
    if marks & tf.MARK_OFFLOADED:
        segment["identity"] += (payload.data[:64],)
    return segment


def parse_options(data: bytes, size: int) -> Segment:
    """Read an option list of ``size`` octets, of which ``data`` were captured."""
    found: Segment = {"options": 0, "mss": 0, "scale": 0, "tsval": 0, "tsecr": 0, "sack": []}
    list_ = Piece(data, size)
    while list_.data and list_.data[0] != 0:
        if list_.data[0] == 1:
            list_ = list_.behind(1)
            continue
        try:
            kind, length = list_.head(2)
            if length < 2:
                raise Skip("malformed")
            value = list_.head(length)[2:]
        except Skip as skip:
            if skip.args[0] == "malformed":
                found["options"] |= tf.OPT_MALFORMED
            break
        list_ = list_.behind(length)
        match kind, len(value):
            case 2, 2:
                found["options"] |= tf.OPT_MSS
                found["mss"] = int.from_bytes(value, "big")
            case 3, 1:
                found["options"] |= tf.OPT_SCALE
                found["scale"] = value[0]
            case 4, 0:
                found["options"] |= tf.OPT_SACK_PERMITTED
            case 5, 8 | 16 | 24 | 32:
                found["options"] |= tf.OPT_SACK
                found["sack"] = list(struct.unpack(f">{len(value) // 4}I", value))
            case 8, 8:
                found["options"] |= tf.OPT_TIMESTAMPS
                found["tsval"], found["tsecr"] = struct.unpack(">II", value)
            case 34, octets:
                found["options"] |= tf.OPT_FAST_OPEN | (tf.OPT_FAST_OPEN_COOKIE if octets else 0)
            case 254, octets if value[:2] == b"\xf9\x89":
                found["options"] |= tf.OPT_FAST_OPEN | (tf.OPT_FAST_OPEN_COOKIE if octets > 2 else 0)
    return found


def ones(data: bytes) -> int:
    """Return the sum of 16-bit words in ones' complement (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(source: bytes, target: bytes, segment: bytes) -> int:
    """Return the TCP checksum of a segment whose checksum field is 0."""
    return ones(source + target + struct.pack(">II", len(segment), 6) + segment) ^ 0xFFFF


def naive_marks(rows: Sequence[tuple[object, int, int]]) -> list[int]:
    """Search the last 65,536 rows (fingerprint, time in ns, marks) backwards for each one's fingerprint."""
    out = []
    for i, (fingerprint, now, marks) in enumerate(rows):
        window = 1_000_000 if marks & tf.MARK_NO_IP_ID else 10_000_000
        earlier = (row for row in reversed(rows[max(0, i - 65_536) : i]) if row[0] == fingerprint)
        last = next(earlier, None)
        out.append(int(last is not None and abs(now - last[1]) <= window))
    return out
