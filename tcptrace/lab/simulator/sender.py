"""The sending half of an end: what waits, what is under way, the other end's window (3.8.1, 3.8.6, RFC 5681, RFC 2018)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcptrace.lab.segment import ACK, FIN, PSH, SYN
from tcptrace.lab.simulator.numbers import WORD, ahead, before, upto
from tcptrace.lab.simulator.options import Block

_DUPLICATES = 3  # ACKs that have a segment sent again at once (RFC 5681 3.2)


@dataclass
class Sent:
    """A segment that is kept until it is acknowledged (3.8.1)."""

    seq: int
    flags: int
    size: int  # octets of its text
    first_ns: int  # when it was sent first
    is_sacked: bool = False

    @property
    def end(self) -> int:
        """The number after it."""
        return self.seq + self.size + bool(self.flags & SYN) + bool(self.flags & FIN) & WORD


class Sender:
    """SND.UNA, SND.NXT, SND.WND, and the queues. Text is zeros: only how much there is counts."""

    def __init__(self, iss: int, mss: int) -> None:
        self.iss = self.una = self.nxt = iss
        self.mss = mss
        self.window = self.widest = 0  # SND.WND and the largest it ever was (MAX.SND.WND of RFC 5961)
        self.shift = 0  # by which the other end's window field is scaled
        self.kept: list[Sent] = []
        self.waiting = 0  # octets of the user that are in no segment yet
        self.is_closing = False  # the user has closed: a FIN goes behind the last octet
        self.is_corked = False  # the user keeps short segments back
        self._fin: int | None = None
        self._wl1 = self._wl2 = 0
        self._duplicates = 0
        self._recover = iss  # SND.NXT when a segment was last sent again for duplicate ACKs (RFC 6582)

    @property
    def is_fin_acknowledged(self) -> bool:
        """Whether the other end has it."""
        return self._fin is not None and before(self._fin, self.una)

    @property
    def has_more(self) -> bool:
        """Whether text or the FIN wait to be sent."""
        return self.waiting > 0 or (self.is_closing and self._fin is None)

    def put(self, now_ns: int, flags: int, size: int = 0) -> Sent:
        """Queue the next segment as sent now, and return it."""
        sent = Sent(self.nxt, flags, size, now_ns)
        if flags & FIN:
            self._fin = sent.end - 1 & WORD
        self.kept.append(sent)
        self.nxt = sent.end
        return sent

    def ready(self, now_ns: int) -> Iterator[Sent]:
        """Yield the segments that may go now, each put among those under way."""
        while True:
            usable = max(ahead(self.una + self.window & WORD, self.nxt), 0)
            size = min(self.mss, self.waiting, usable)
            has_fin = self.is_closing and self._fin is None and size == self.waiting and size < usable
            if size == 0 and not has_fin:
                return
            is_short = size < min(self.mss, self.waiting)  # silly window (3.8.6.2.1)
            if (is_short and self.kept) or (self.is_corked and not self.is_closing and size < self.mss):
                return
            self.waiting -= size
            yield self.put(now_ns, ACK | PSH * (size > 0) | FIN * has_fin, size)

    def probe(self, now_ns: int) -> Sent:
        """Return one octet (or the FIN) beyond the window: does it still stand closed (3.8.6.1)?"""
        if self.waiting == 0:
            return self.put(now_ns, FIN | ACK)
        self.waiting -= 1
        return self.put(now_ns, ACK, 1)

    def first(self) -> Sent:
        """Return what is to be sent again: the oldest that the other end has not."""
        return next((sent for sent in self.kept if not sent.is_sacked), self.kept[0])

    def set_window(self, seq: int, ack: int, field: int, is_syn: bool = False) -> bool:
        """Take the window of a segment where it is not older than the last (3.10.7.4 Fifth); say whether it opens."""
        is_newer = before(self._wl1, seq) or (self._wl1 == seq and upto(self._wl2, ack))
        if not is_syn and not is_newer:
            return False
        was = self.window
        self.window = field if is_syn else field << self.shift  # a SYN's is never scaled (RFC 7323 2.2)
        self.widest = max(self.widest, self.window)
        self._wl1, self._wl2 = seq, ack
        return was == 0 < self.window

    def acknowledge(self, ack: int) -> bool:
        """Take an ACK that advances SND.UNA; say whether the oldest segment has to go again at once."""
        self.una = ack
        self._duplicates = 0
        self.kept = [sent for sent in self.kept if before(ack, sent.end)]
        if not self.kept:
            return False
        sent = self.kept[0]
        was_syn = bool(sent.flags & SYN)
        if before(sent.seq, ack):  # a part of it
            sent.size -= ahead(ack, sent.seq) - was_syn
            sent.seq, sent.flags = ack, sent.flags & ~SYN | ACK
        return was_syn or before(ack, self._recover)  # the text of a SYN was not taken (RFC 7413 4.2.1)

    def duplicate(self) -> bool:
        """Count a duplicate ACK; say whether it is the third."""
        self._duplicates += 1
        if self._duplicates == _DUPLICATES:
            self._recover = self.nxt
        return self._duplicates == _DUPLICATES

    def sacked(self, blocks: Iterable[Block]) -> None:
        """Mark what the other end has beyond a hole (RFC 2018 5)."""
        for left, right in blocks:
            for sent in self.kept:
                if upto(left, sent.seq) and upto(sent.end, right):
                    sent.is_sacked = True

    def forget_sacks(self) -> None:
        """Send all again, if need be: the other end may have thrown it away (RFC 2018 8)."""
        for sent in self.kept:
            sent.is_sacked = False
