"""SEGMENT ARRIVES (RFC 9293 3.10.7), seen from beside the wire: one segment, both ends.

What it shows of its sender (``tcp.sender``), its numbers (``tcp.account``), what its receiver should make of it
(``tcp.receiver``); then whether the connection may take the fast road, or is over.
"""

from array import array

from tcptrace.flow.bits import (
    F_ACKED,
    F_FIN,
    F_FIN_GUESSED,
    HALF,
    MASK32,
    NO_TIME,
    NONE,
    S_ANSWERED,
    S_OVER,
    S_SELF,
    WRAP,
)
from tcptrace.model.tcpflags import ACK

from ..flow.rows import End, Numbers, Segment, Stream
from .account import Account
from .incarnations import Incarnations
from .paths import Paths
from .receiver import Receiver
from .sender import Sender
from .store import Store


class Arrives:
    """Takes segments one by one."""

    __slots__ = ("account", "incarnations", "numbers", "paths", "receiver", "sender", "store")

    def __init__(
        self,
        paths: Paths,
        sender: Sender,
        receiver: Receiver,
        incarnations: Incarnations,
        account: Account,
        numbers: Numbers,
        store: Store,
    ) -> None:
        self.paths = paths
        self.sender = sender
        self.receiver = receiver
        self.incarnations = incarnations
        self.account = account
        self.numbers = numbers
        self.store = store

    def place(self, end: End, peer: End, x: Segment, seq: int, ack: int) -> None:
        """Unwrap the segment's numbers near what its ends have shown."""
        numbers = self.numbers
        if end.snd_nxt >= 0:
            x.seq = numbers.unwrap(seq, end.snd_nxt)
        elif peer.ack_high >= 0:
            x.seq = numbers.unwrap(seq, peer.ack_high)
        else:
            x.seq = seq + WRAP
        x.end = x.seq + x.length + x.syn + x.fin
        if x.rst:
            x.end = x.seq
        x.ack = NONE
        if x.flags & ACK:
            if peer.snd_nxt >= 0:
                x.ack = numbers.unwrap(ack, peer.snd_nxt)
            elif end.ack_high >= 0:
                x.ack = numbers.unwrap(ack, end.ack_high)
            else:
                x.ack = ack + WRAP
        x.new_ts = 0
        if x.has_ts and (not end.has_ts or 0 < ((x.tsval - end.tsval) & MASK32) < HALF):
            x.new_ts = 1

    def place_blocks(self, x: Segment, sack: "array[int]", at: int) -> None:
        """Unwrap the edges of its SACK blocks near its ACK."""
        numbers = self.numbers
        for block in range(x.sack_count):
            near = x.ack if x.ack >= 0 else WRAP
            x.sack_left[block] = numbers.unwrap(sack[at + 2 * block], near)
            x.sack_right[block] = numbers.unwrap(sack[at + 2 * block + 1], near)

    def arrive(self, stream: Stream, end: End, peer: End, x: Segment, clock_ns: int) -> None:
        """The slow road: one segment, both ends."""
        paths = self.paths
        if end.until_ns > NO_TIME:
            paths.expire(end, clock_ns, x.frame)
        if peer.until_ns > NO_TIME:
            paths.expire(peer, clock_ns, x.frame)
        self.sender.sends(stream, end, peer, x)
        x.fresh = 1 if x.end > x.seq and x.end > end.snd_nxt else 0
        if x.syn and end.snd_nxt == x.seq:
            x.fresh = 1
        self.account.received(end, x)
        self.account.sent(end, x)
        if x.ack >= 0:
            end.flags |= F_ACKED
            if not x.rst:
                if 0 <= peer.sent_end <= x.ack:
                    self.account.sample(peer, x.ack, x.time_ns)
                if peer.cont < x.ack <= peer.snd_nxt:
                    self.sender.unseen.covers(stream, peer, x.side, x.frame, x.ack)
                if (
                    stream.handshake_ns == NO_TIME
                    and stream.flags & S_ANSWERED
                    and stream.syn_side == x.side
                    and not x.syn
                ):
                    stream.handshake_ns = x.time_ns
        end.last_frame = x.frame
        self.receiver.reaches(stream, peer, end, x)
        stream.quiet = 0
        if (
            paths.is_calm(end)
            and paths.is_calm(peer)
            and not (end.flags | peer.flags) & (F_FIN | F_FIN_GUESSED)
        ):
            if (
                not stream.flags & S_SELF
                and stream.previous is None
                and self.is_settled(end)
                and self.is_settled(peer)
            ):
                stream.quiet = 1
        elif not stream.flags & S_OVER and paths.is_over(end) and paths.is_over(peer):
            stream.flags |= S_OVER
            self.store.finish(stream.number)

    def arrive_at_old(
        self, stream: Stream, old: Stream, end: End, old_end: End, old_peer: End, x: Segment, clock_ns: int
    ) -> None:
        """Let a segment counted in the new stream move the old connection; the counts stay with the stream."""
        if x.side != stream.first_side:
            self.incarnations.challenges(stream, old, old_end, old_peer, stream.first_frame, x)
        elif not x.rst:
            self.incarnations.goes_on(old, old_end)
        before = old_end.unique_bytes
        self.arrive(old, old_end, old_peer, x, clock_ns)
        if before >= 0 and old_end.unique_bytes > before and end.unique_bytes >= 0:
            end.unique_bytes += old_end.unique_bytes - before
            old_end.unique_bytes = before

    def is_settled(self, end: End) -> int:
        """Return 1 where nothing rare waits for the end's next segment."""
        cold = end.cold
        return (
            1
            if cold is None or (cold.unsent_ack < 0 and not cold.challenge_frame and not cold.rst_frame)
            else 0
        )
