"""The receiving half of an end: what has come, in order and beyond holes, and the window offered (3.4, 3.8.6)."""

from tcptrace.lab.segment import FIN, SYN, Segment
from tcptrace.lab.simulator.numbers import WORD, ahead, before, upto
from tcptrace.lab.simulator.options import Block

_MOST_BLOCKS = 3  # beside timestamps (RFC 2018 3)


class Receiver:
    """RCV.NXT and RCV.WND, and the ranges beyond RCV.NXT that wait for what is missing."""

    def __init__(self, room: int, mss: int) -> None:
        """``room``: octets that it can keep for a user who does not read."""
        self.irs = self.nxt = self.edge = 0  # edge: right after the last number offered
        self.is_reading = True  # the user takes whatever comes
        self.unread = 0
        self._room, self._mss = room, mss
        self._early: list[Block] = []  # apart from each other; the newest first
        self._fin: int | None = None  # its number, once it has come
        self._double: Block | None = None  # came a second time, not yet reported (RFC 2883)

    def meet(self, irs: int) -> None:
        """Take the other end's SYN."""
        self.irs = irs
        self.nxt = irs + 1 & WORD
        self.unread = 0
        self._early, self._fin, self._double = [], None, None
        self.edge = self.nxt + min(self._room, 0xFFFF) & WORD

    @property
    def window(self) -> int:
        """RCV.WND."""
        return max(ahead(self.edge, self.nxt), 0)

    def offer(self, shift: int) -> int:
        """Return the window to write into the header, and move the edge: never back, never by little (3.8.6.2.2)."""
        field = min(max(self._room - self.unread, 0) >> shift, 0xFFFF)
        more = ahead(self.nxt + (field << shift) & WORD, self.edge)
        if more >= min(self._mss, self._room // 2):
            self.edge = self.nxt + (field << shift) & WORD
        return min(self.window >> shift, 0xFFFF)

    def read(self, octets: int | None = None) -> None:
        """Have the user take so much of what waits for him, or all."""
        self.unread -= self.unread if octets is None else min(octets, self.unread)

    def is_acceptable(self, segment: Segment) -> bool:
        """The four cases of the test (3.10.7.4 First, table 6)."""
        length = ahead(segment.end, segment.seq)
        if self.window == 0:
            return length == 0 and segment.seq == self.nxt
        inside = [number for number in (segment.seq, segment.end - 1 & WORD) if self._is_inside(number)]
        return self._is_inside(segment.seq) if length == 0 else len(inside) > 0

    def _is_inside(self, number: int) -> bool:
        return upto(self.nxt, number) and before(number, self.edge)

    def take(self, segment: Segment) -> tuple[int, bool]:
        """Take text and FIN as far as the window goes; return how many octets are now in order, and if the FIN is."""
        seq = segment.seq + bool(segment.flags & SYN) & WORD
        room = ahead(self.edge, seq)
        size = min(len(segment.payload), max(room, 0))
        has_fin = bool(segment.flags & FIN) and len(segment.payload) < room
        end = seq + size + has_fin & WORD
        if end == seq:
            return 0, False
        if has_fin:
            self._fin = end - 1 & WORD
        self._double = (seq, end) if self._has(seq, end) else None
        self._keep(seq, end)
        begun = self.nxt
        for left, right in list(self._early):
            if upto(left, self.nxt):
                self._early.remove((left, right))
                self.nxt = right if before(self.nxt, right) else self.nxt
        is_fin = self._fin is not None and upto(begun, self._fin) and before(self._fin, self.nxt)
        fresh = ahead(self.nxt, begun) - is_fin
        if not self.is_reading:
            self.unread += fresh
        return fresh, is_fin

    def came_again(self, segment: Segment) -> None:
        """Take note of a segment of which nothing is new (RFC 2883)."""
        if segment.end != segment.seq and not segment.flags & SYN and upto(segment.end, self.nxt):
            self._double = (segment.seq, segment.end)

    def blocks(self) -> tuple[Block, ...]:
        """Return what SACK has to say now: first what came twice, then what came beyond a hole, the newest first."""
        double, self._double = self._double, None
        return ((double,) if double else ()) + tuple(self._early[: _MOST_BLOCKS - bool(double)])

    def _has(self, seq: int, end: int) -> bool:
        """Say whether all of a range has come before."""
        return upto(end, self.nxt) or any(upto(left, seq) and upto(end, right) for left, right in self._early)

    def _keep(self, seq: int, end: int) -> None:
        """Put a range among the early ones, joined with those that it touches."""
        for left, right in list(self._early):
            if upto(left, end) and upto(seq, right):
                self._early.remove((left, right))
                seq = left if before(left, seq) else seq
                end = right if before(end, right) else end
        self._early.insert(0, (seq, end))
