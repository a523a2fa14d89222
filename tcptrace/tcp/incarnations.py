"""A SYN with a new number on a four-tuple that was used before.

The counts go to the new stream, the state does not follow that bookkeeping: while the SYN is unanswered, segments that have
the old connection's numbers still move the old one (contract, Streams; replay.md, "Half-open over two streams").
TIME-WAIT is left by RFC 6191; half-open connections are found by RFC 9293 3.5.1.
"""

from tcptrace.flow.bits import (
    ASSUMED,
    CONFIRMED,
    F_PASSIVE,
    HALF,
    INFERRED,
    MASK32,
    NONE,
    S_CHALLENGED,
    S_OLD_LIVE,
    S_TIME_WAIT_REFUSED,
    TURN_SENDER,
)
from tcptrace.tcp.codes import CHALLENGE_ACK, HALF_OPEN, TIME_WAIT_REUSE
from tcptrace.tcp.machine import RCV_RST, RCV_RST_PASSIVE, RCV_SYN, REUSED

from ..flow.rows import End, Segment, Stream
from .notes import Notebook
from .paths import Paths
from .steps import Steps

BY_TIMESTAMP, BY_NUMBER = 1, 2


class Incarnations:
    """Ties a new stream to its four-tuple's old one."""

    __slots__ = ("notes", "paths", "steps")

    def __init__(self, paths: Paths, steps: Steps, notes: Notebook) -> None:
        self.paths = paths
        self.steps = steps
        self.notes = notes

    def begins(self, old: Stream, new: Stream, sender: End | None, receiver: End | None, x: Segment) -> None:
        """Let a SYN with a new number meet the old connection's ends (``sender`` sent it, either may be unknown).

        ``x`` has its numbers near the old connection's.
        """
        new.syn_ns = x.time_ns
        if sender is not None:
            self.confirm_reset(sender, x)
            if self.paths.is_waiting(sender):
                # A holder that opens actively leaves without a test.
                self.steps.own(sender, REUSED, x)
            elif not self.paths.is_synchronized(sender) and self.paths.allows(sender, REUSED):
                self.steps.infer(sender, REUSED, x, 1, TURN_SENDER)  # what it had begun, it has given up
        if receiver is None:
            return
        if self.paths.is_waiting(receiver):
            new.previous = old
            how = self.accepts(receiver, sender, x)
            if how:
                self.steps.offer(receiver, REUSED, x, x.seq + 1)
                ahead = x.seq - receiver.ack_high  # how far beyond the greatest number seen
                if how == BY_TIMESTAMP:
                    ahead = NONE  # the old connection had none
                    if sender is not None and sender.has_ts:
                        ahead = (x.tsval - sender.tsval) & MASK32
                self.notes.note(old, TIME_WAIT_REUSE, x.frame, x.side, how, ahead)
            else:
                new.flags |= S_TIME_WAIT_REFUSED
        elif self.paths.is_synchronized(receiver):
            new.previous = old
            new.flags |= S_OLD_LIVE
        elif self.paths.is_syn_received(receiver) and receiver.flags & F_PASSIVE:
            # 3.10.7.4: in SYN-RECEIVED a SYN in the window returns a passive opener to LISTEN.
            if receiver.ack_high <= x.seq < receiver.window_edge:
                self.steps.offer(receiver, RCV_SYN, x, x.seq + 1)

    def confirm_reset(self, sender: End, x: Segment) -> None:
        """A SYN or SYN,ACK with a new number proves that its sender's old end was reset (replay.md, Proof)."""
        event = sender.pending
        while event is not None:
            if event.input in (RCV_RST, RCV_RST_PASSIVE) and event.evidence == ASSUMED:
                event.evidence = CONFIRMED
                event.settled = 1
                event.proof = x.frame
                self.paths.fold(sender)
                return
            event = event.next

    def accepts(self, holder: End, sender: End | None, x: Segment) -> int:
        """Test a SYN received in TIME-WAIT by RFC 6191 2: return how it is accepted, 0 if it is not."""
        greater = x.seq >= holder.ack_high
        if x.has_ts and sender is not None:
            if not sender.has_ts:
                return BY_TIMESTAMP
            difference = (x.tsval - sender.tsval) & MASK32
            if 0 < difference < HALF:
                return BY_TIMESTAMP
            if difference == 0 and greater:
                return BY_NUMBER
            return 0
        return BY_NUMBER if greater else 0

    def answers(self, new: Stream, old: Stream, old_end: End, syn_frame: int, x: Segment) -> None:
        """The SYN is answered with SYN,ACK; ``old_end`` is the answerer's end of the old connection."""
        self.confirm_reset(old_end, x)
        event = self.paths.find(old_end, REUSED)
        if event is not None and event.evidence == ASSUMED:
            event.evidence = CONFIRMED
            event.settled = 1
            event.proof = x.frame
            self.paths.fold(old_end)
        elif self.paths.is_waiting(old_end) and not new.flags & S_CHALLENGED:
            reused = self.steps.infer(old_end, REUSED, x, 0, TURN_SENDER)
            reused.evidence = CONFIRMED
            reused.frame = syn_frame
            reused.settled = 1
            self.paths.fold(old_end)
            self.notes.note(old, TIME_WAIT_REUSE, syn_frame, 1 - x.side, 0, 0)
        new.flags &= ~(S_OLD_LIVE | S_TIME_WAIT_REFUSED)
        new.previous = None

    def concerns_old(
        self, old: Stream, end: End, peer: End, new: Stream, seq: int, ack: int, flags: int
    ) -> int:
        """Return 1 where a segment (raw numbers) belongs to the old connection: its SND.NXT and RCV.NXT, or the RST that

        takes the challenge ACK's number.
        """
        if flags & 0x02:  # SYN
            return 0
        if flags & 0x04 and not flags & 0x10:  # RST without ACK
            return 1 if seq == peer.ack_high & MASK32 and new.flags & S_CHALLENGED else 0
        if not flags & 0x10:
            return 0
        if seq != end.snd_nxt & MASK32:
            return 0
        return 1 if ack in (end.ack_high & MASK32, peer.cont & MASK32) else 0

    def challenges(self, new: Stream, old: Stream, end: End, peer: End, syn_frame: int, x: Segment) -> None:
        """The old connection's end answers the SYN with an ACK: it is alive, and its peer has forgotten it."""
        if new.flags & S_CHALLENGED or x.rst:
            return
        new.flags |= S_CHALLENGED
        self.notes.note(old, CHALLENGE_ACK, x.frame, x.side, syn_frame, x.seq - end.iss, x.ack - peer.iss)
        event = self.paths.find(end, REUSED)
        if event is not None and event.evidence == ASSUMED:
            self.paths.remove(end, event)  # it did not accept the SYN after all
            self.notes.drop(old, TIME_WAIT_REUSE, 1 - x.side)
            new.flags |= S_TIME_WAIT_REFUSED
        if new.flags & S_OLD_LIVE:
            self.notes.note(old, HALF_OPEN, x.frame, -1, syn_frame, x.seq - end.iss, x.ack - peer.iss)
        if self.paths.allows(peer, REUSED):
            left = self.paths.take()
            left.input = REUSED
            left.evidence = INFERRED  # open: whoever goes on with the old numbers had not left (`goes_on`)
            left.frame = syn_frame
            left.proof = syn_frame
            left.place = syn_frame
            left.place_ns = new.syn_ns
            left.turn = TURN_SENDER
            self.paths.hold_back(peer, left)
            self.paths.append(peer, left)

    def goes_on(self, old: Stream, end: End) -> None:
        """The SYN's sender sends on with the old connection's numbers: somebody else sent that SYN (RFC 5961 4.2)."""
        event = self.paths.find(end, REUSED)
        if event is not None and event.evidence == INFERRED:
            self.paths.remove(end, event)
            self.notes.drop(old, HALF_OPEN, -1)
