"""Datagrams of IPv4 and IPv6 put together from their fragments (RFC 791 3.2, RFC 8200 4.5), in bounded memory.

A datagram whose fragments overlap is refused, and so are those of its fragments that come later, as RFC 5722 has it
for IPv6; it is refused for IPv4 too, where receivers differ in what they take. The same fragment once more is no
overlap (RFC 8200 4.5). What has not come within LIFETIME_NS of the first fragment is given up (RFC 8200 4.5,
RFC 1122 3.3.2).
"""

from bisect import bisect_left
from typing import NamedTuple

LIFETIME_NS = 60_000_000_000
MAX_DATAGRAMS = 1024  # that are waited for at a time; beyond it the oldest is given up
MAX_HELD = 4 << 20  # octets that wait, the same way; as much as Linux lets wait
PIECE_COST = 200  # octets that a fragment is counted for beside its own
LONGEST = 65_535  # octets of a datagram: IPv4's with its header, IPv6's without

Octets = bytes | bytearray | memoryview


class Whole(NamedTuple):
    """A datagram put together: as a single IP packet."""

    octets: bytes  # as far as captured without a gap
    size: int  # octets that it has
    frames: tuple[int, ...]  # numbers of the frames that brought its fragments, by place in the datagram


class Piece(NamedTuple):
    """The content of a fragment."""

    offset: int  # in the datagram's content
    size: int  # octets, by the lengths
    data: bytes  # as far as captured
    frame: int


class Partial:
    """A datagram of which not all has come."""

    __slots__ = ("first_ns", "got", "head", "held", "pieces", "refused", "total")

    def __init__(self, first_ns: int) -> None:
        self.first_ns = first_ns
        self.pieces: list[Piece] = []  # by offset, none over another
        self.head = b""  # the headers in front of the content, from the fragment with offset 0
        self.got = 0  # octets of content that have come
        self.total = -1  # octets of content there are; -1: the last fragment has not come
        self.held = PIECE_COST
        self.refused = False

    def add(self, piece: Piece, is_last: bool) -> int:
        """Take a fragment and return by how many octets what is held has grown; ``refused`` tells of an overlap."""
        if self.refused:
            return 0
        end = piece.offset + piece.size
        at = len(self.pieces)
        if at and self.pieces[-1].offset >= piece.offset:  # mostly they come in order
            at = bisect_left(self.pieces, piece.offset, key=lambda held: held.offset)
        there = self.pieces[at] if at < len(self.pieces) else None
        if there is not None and (there.offset, there.size) == (piece.offset, piece.size):
            shown = min(len(there.data), len(piece.data))
            if there.data[:shown] == piece.data[:shown] and is_last == (self.total == end):
                return 0  # the same once more
            return self.refuse()
        overlaps = there is not None and there.offset < end
        if at and self.pieces[at - 1].offset + self.pieces[at - 1].size > piece.offset:
            overlaps = True
        if is_last:
            overlaps |= self.total >= 0 or bool(self.pieces and _end(self.pieces[-1]) > end)
        elif self.total >= 0:
            overlaps |= end >= self.total
        if overlaps:
            return self.refuse()
        if is_last:
            self.total = end
        self.pieces.insert(at, piece)
        self.got += piece.size
        grown = len(piece.data) + PIECE_COST
        self.held += grown
        return grown

    def refuse(self) -> int:
        """Let go of the content and take no more; return the change in what is held."""
        change = PIECE_COST - self.held
        self.refused = True
        self.pieces.clear()
        self.held = PIECE_COST
        return change

    def content(self) -> bytes:
        """Return the content up to the first octet that was not captured."""
        parts = []
        for piece in self.pieces:
            parts.append(piece.data)
            if len(piece.data) < piece.size:
                break
        return b"".join(parts)


def _end(piece: Piece) -> int:
    return piece.offset + piece.size


class Fragments:
    """All datagrams that are waited for, the oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, Partial] = {}
        self._held = 0

    @property
    def waiting(self) -> int:
        """How many datagrams are not whole, refused ones included."""
        return len(self._waiting)

    @property
    def held(self) -> int:
        """How many octets they are counted for; never above MAX_HELD."""
        return self._held

    def add(self, packet: bytes, size: int, header: int, time_ns: int, frame: int) -> Whole | None:
        """Take a fragment and return its datagram if that is whole now.

        ``packet`` is the IP packet as far as captured, which had ``size`` octets; ``header`` octets of it come before
        the content, in IPv6 the fragment header being the last of them.
        """
        if len(packet) < header:
            return None
        is_ipv4 = packet[0] >> 4 == 4
        if is_ipv4:
            word = packet[6] << 8 | packet[7]
            offset, is_last = (word & 0x1FFF) << 3, not word & 0x2000
            key = packet[4:6] + packet[9:10] + packet[12:20]
            taken = header  # of the length that the datagram may have
        else:
            word = packet[header - 6] << 8 | packet[header - 5]
            offset, is_last = word & 0xFFF8, not word & 1
            key = packet[header - 4 : header] + packet[8:40]
            taken = header - 40
        content = size - header
        if content <= 0 or (not is_last and content & 7) or taken + offset + content > LONGEST:
            return None  # no fragment of any datagram (RFC 8200 4.5)
        self._expire(time_ns)
        partial = self._waiting.get(key)
        if partial is not None and abs(time_ns - partial.first_ns) > LIFETIME_NS:
            self._drop(key)
            partial = None
        if partial is None:
            partial = self._waiting[key] = Partial(time_ns)
            self._held += partial.held
        if offset == 0 and not partial.head:
            partial.head = packet[:header]
        self._held += partial.add(Piece(offset, content, packet[header:], frame), is_last)
        if not partial.refused and partial.got == partial.total:
            self._drop(key)
            return _whole(partial, is_ipv4)
        while self._held > MAX_HELD or len(self._waiting) > MAX_DATAGRAMS:
            self._drop(next(iter(self._waiting)))
        return None

    def _expire(self, now_ns: int) -> None:
        """Give up the oldest, where their time has passed."""
        while self._waiting:
            key, oldest = next(iter(self._waiting.items()))
            if now_ns - oldest.first_ns <= LIFETIME_NS:
                return
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        self._held -= self._waiting.pop(key).held


def _whole(partial: Partial, is_ipv4: bool) -> Whole:
    """Return the datagram as a packet that is no fragment: IPv6 with an atomic fragment header (RFC 6946)."""
    head = bytearray(partial.head)
    size = len(head) + partial.total
    if is_ipv4:
        head[2:4] = size.to_bytes(2, "big")
        head[6], head[7] = head[6] & 0xC0, 0
        head[10:12] = b"\0\0"
        # RFC 1071: 2^16 is 1 modulo 2^16 - 1, so the sum of 16-bit words is the header as one number.
        head[10:12] = (-int.from_bytes(head, "big") % 0xFFFF).to_bytes(2, "big")
    else:
        head[4:6] = (size - 40).to_bytes(2, "big")
        head[-6:-4] = b"\0\0"
    return Whole(bytes(head) + partial.content(), size, tuple(piece.frame for piece in partial.pieces))
