"""What a segment shows of what was never captured: a SYN,ACK, a FIN, data that the tap lost, or an ACK of nothing.

replay.md, "Exact rules": *FIN never captured*, *Proof*; findings.md: ``tap_loss``, ``ack_of_unsent``.
"""

from tcptrace.flow.bits import (
    ASSUMED,
    F_ACKED,
    F_FIN,
    F_FIN_GUESSED,
    F_PASSIVE,
    F_SYN,
    F_SYN_ACK,
    F_SYN_DATA_ACKED,
    INFERRED,
    MASK32,
    NONE,
    OBSERVED,
    S_ANSWERED,
    S_SELF,
    S_SPLIT,
    TURN_RECEIVER,
    TURN_SENDER,
    UNSEEN,
)
from tcptrace.model.states import (
    CLOSED,
    LISTEN,
    UNKNOWN,
)
from tcptrace.tcp.codes import (
    ACK_OF_UNSENT,
    SPLIT_HANDSHAKE,
    TAP_LOSS,
)
from tcptrace.tcp.machine import (
    RCV_ACK_OF_FIN,
    RCV_ACK_OF_SYN,
    RCV_FIN,
    RCV_RST,
    RCV_SYN,
    RCV_SYN_ACK,
    SND_FIN,
    SND_SYN,
    TIMEOUT_2MSL,
)

from ..flow.rows import End, Event, Segment, Stream
from .account import Account
from .notes import Notebook
from .paths import Paths
from .resets import Resets
from .steps import Steps


class Unseen:
    """Infers what a segment acknowledges and the capture never showed."""

    __slots__ = (
        "account",
        "notes",
        "paths",
        "resets",
        "steps",
    )

    def __init__(self, paths: Paths, steps: Steps, account: Account, notes: Notebook, resets: Resets) -> None:
        self.paths = paths
        self.steps = steps
        self.account = account
        self.notes = notes
        self.resets = resets

    def shows(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Infer what ``x`` acknowledges and the capture never showed."""
        if x.syn:
            if peer.packets == 0 and peer.start == UNKNOWN and peer.pending is None and not x.rst:
                # A SYN,ACK whose SYN was not captured. Unsettled: with interfaces out of order the SYN may follow.
                self.steps.begin(peer, CLOSED)
                self.steps.infer(peer, SND_SYN, x, 0, TURN_RECEIVER)
                peer.snd_nxt = x.ack
                peer.cont = x.ack
                peer.iss = x.ack - 1
        elif not x.rst:
            if (
                end.flags & F_SYN
                and not peer.flags & (F_SYN | F_SYN_ACK)
                and self.paths.allows(end, RCV_SYN_ACK)
            ):
                self.shows_syn_ack(stream, end, peer, x)
            elif (
                not end.flags & (F_SYN | F_SYN_ACK) and x.length == 0 and not x.fin and x.ack == peer.iss + 1
            ):
                if peer.flags & F_SYN and self.paths.allows(peer, RCV_SYN_ACK) and not stream.flags & S_SPLIT:
                    stream.flags |= S_SPLIT
                    self.notes.note(stream, SPLIT_HANDSHAKE, x.frame, x.side, x.ack & MASK32, 0)
            self.shows_received(end, peer, x)
        if peer.snd_nxt < 0:
            peer.snd_nxt = x.ack
            peer.cont = x.ack
            peer.iss = x.ack - 1
        elif x.ack > peer.snd_nxt and not x.rst and not x.syn:
            self.shows_unsent(stream, end, peer, x)

    def shows_syn_ack(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """The opener acknowledges a SYN,ACK that was not captured."""
        if peer.start == UNKNOWN:
            self.steps.begin(peer, LISTEN)
        peer.chill().lost_frame = x.frame
        waiting = self.paths.find(peer, RCV_SYN)
        if waiting is not None and waiting.evidence == ASSUMED:
            waiting.proof = x.frame
            waiting.shown_ns = x.time_ns
        elif self.paths.allows(peer, RCV_SYN) and not self.paths.is_syn_received(peer):
            self.steps.infer(peer, RCV_SYN, x, 1, TURN_RECEIVER)
        self.steps.infer(end, RCV_SYN_ACK, x, 1, TURN_SENDER)
        peer.flags |= F_SYN_ACK | F_PASSIVE
        peer.synack_ack = end.iss + 1
        stream.flags |= S_ANSWERED
        if peer.packets == 0:
            peer.iss = x.ack - 1
            peer.snd_nxt = x.ack
            peer.cont = x.ack

    def shows_received(self, end: End, peer: End, x: Segment) -> None:
        """Infer what ``x`` proves its sender to have received, where the capture has no segment for it."""
        if self.paths.allows(end, RCV_ACK_OF_SYN) and self.paths.find(end, RCV_ACK_OF_SYN) is None:
            if (end.synack_ack >= 0 and x.ack > end.synack_ack) or (
                x.length > 0 and end.synack_ack >= 0 and not end.flags & F_SYN_DATA_ACKED
            ):
                self.steps.infer(end, RCV_ACK_OF_SYN, x, 1, TURN_SENDER)
        if peer.flags & F_FIN and x.ack > peer.fin_seq and self.paths.allows(end, RCV_FIN):
            if self.paths.find(end, RCV_FIN) is None:
                passed = self.find_passed(end)
                if passed is not None and passed.frame == x.frame:
                    passed.evidence = ASSUMED  # nothing shows which of the two FINs was first
                    passed.proof = 0
                self.steps.infer(end, RCV_FIN, x, 1, TURN_SENDER)

    def shows_unsent(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """``x`` acknowledges what was not captured: a FIN that the tap lost, or data, or what was never sent."""
        if peer.packets == 0:
            peer.snd_nxt = x.ack
            peer.cont = x.ack
            return
        guess = (
            x.ack == peer.snd_nxt + 1
            and peer.fin_seq < 0
            and peer.cont == peer.snd_nxt
            and peer.flags & F_ACKED
            and self.paths.allows(peer, SND_FIN)
            and self.paths.allows(end, RCV_FIN)
        )
        passed = self.find_passed(peer)
        if passed is not None:
            self.paths.remove(peer, passed)  # it was not lost: the peer has it
        cold = peer.chill()
        if cold.unsent_ack < 0:
            cold.unsent_from = peer.snd_nxt
            cold.unsent_frame = x.frame
        cold.unsent_ack = x.ack
        if guess:
            peer.fin_seq = peer.snd_nxt
            peer.flags |= F_FIN_GUESSED
            self.steps.infer(peer, SND_FIN, x, 0, TURN_RECEIVER)
            self.steps.infer(end, RCV_FIN, x, 0, TURN_SENDER)
        peer.snd_nxt = x.ack
        self.account.acknowledged(peer, x.ack)

    def passes_fin(self, end: End, x: Segment) -> None:
        """``x`` has no text, and its number lies beyond all that its sender was seen to send: a FIN may be among that.

        It was lost before the capture, and so it will come again; until then nobody moves. Where ``x`` shows for the first
        time that the peer's FIN has come too, which of the two was first is never known.
        """
        early = self.find_passed(end)
        if early is not None:
            if x.seq <= early.end_seq:
                return
            self.paths.remove(end, early)  # what it passed was data, or nothing would follow
        before: Event | None = None
        event = end.pending
        while event is not None and not (event.input in (RCV_FIN, RCV_RST) and event.evidence == ASSUMED):
            before = event
            event = event.next
        if not self.paths.allowed_before(end, event, SND_FIN):
            return
        fin = self.paths.take()
        fin.input = SND_FIN
        fin.evidence = INFERRED
        fin.held = UNSEEN
        fin.frame = x.frame
        fin.proof = x.frame
        fin.place = x.frame
        fin.place_ns = x.time_ns
        fin.turn = TURN_SENDER
        fin.seq = x.seq - 1
        fin.end_seq = x.seq
        fin.x_ack = x.ack
        fin.next = event
        if before is None:
            end.pending = fin
        else:
            before.next = fin
        if event is not None and event.input == RCV_FIN and x.ack >= event.end_seq:
            fin.evidence = ASSUMED
            fin.proof = 0
        self.paths.fold(end)

    def find_passed(self, end: End) -> Event | None:
        """Return the FIN that may have been sent unseen, or None."""
        event = self.paths.find(end, SND_FIN)
        return event if event is not None and event.held == UNSEEN else None

    def settles_passed(self, end: End, x: Segment) -> None:
        """Decide whether a FIN was sent unseen, now that ``x`` has text or a FIN."""
        event = self.find_passed(end)
        if event is None or x.end < event.end_seq:
            return
        if not x.fin or x.end > event.end_seq:
            self.paths.remove(end, event)
            return
        event.held = 0
        if self.steps.doubts_fin(event.next):
            event.evidence = ASSUMED
            event.proof = 0
        event.settled = 1 if event.evidence == INFERRED else 0
        end.fin_seq = event.seq
        end.flags |= F_FIN
        end.fin_frame = event.frame
        end.fin_x_ack = event.x_ack if event.x_ack < x.ack else x.ack
        self.steps.put_at(end, event, event.place, event.place_ns, TURN_SENDER)

    def settle_unsent(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Decide what an ACK of unseen numbers was, now that the end sends on (findings.md: ack_of_unsent, tap_loss)."""
        cold = end.cold
        if cold is None or cold.unsent_ack < 0:
            return
        if x.rst:
            waiting = self.paths.is_syn_received(end) or self.paths.find(end, RCV_ACK_OF_SYN) is not None
            if x.ack >= 0 or x.seq != cold.unsent_ack or not waiting:
                return
            self.resets.answered = x.frame  # 3.5.2: a RST with the number of the ACK that is not acceptable
        elif x.seq < cold.unsent_from and x.end <= cold.unsent_from:
            return  # old numbers again: undecided
        truly_sent = 0 if x.rst or x.seq < cold.unsent_ack else 1
        if end.flags & F_FIN_GUESSED:
            if x.fin and x.end == cold.unsent_ack:
                # The FIN itself, captured after its ACK.
                event = self.paths.find(end, SND_FIN)
                if event is not None and self.paths.find(end, TIMEOUT_2MSL) is None:
                    event.evidence = OBSERVED
                    event.frame = x.frame
                    event.proof = x.frame
                    self.steps.put_at(end, event, x.frame, x.time_ns, TURN_SENDER)
                truly_sent = 1
                self.steps.settle(end, SND_FIN)
                self.steps.settle(peer, RCV_FIN)
            if not truly_sent:
                self.refute_fin(end, peer)
        side = 1 - x.side if not stream.flags & S_SELF else x.side
        if truly_sent:
            lost = cold.unsent_ack - cold.unsent_from
            base = end.iss
            self.notes.note(
                stream,
                TAP_LOSS,
                cold.unsent_frame,
                side,
                cold.unsent_from - base,
                cold.unsent_ack - base,
                lost,
                x.frame,
            )
        else:
            base = end.iss
            self.notes.note(
                stream, ACK_OF_UNSENT, cold.unsent_frame, side, cold.unsent_from - base, cold.unsent_ack - base,
                x.seq - base, x.frame,
            )  # fmt: skip
            # RFC 5961 5.2: that segment was dropped, FIN and all.
            self.steps.withdraw_frame(end, cold.unsent_frame)
            if peer.ack_high > cold.unsent_from:
                peer.ack_high = cold.unsent_from
                peer.ack_last = cold.unsent_from
            end.snd_nxt = cold.unsent_from
            if cold.gaps is None and end.cont > end.snd_nxt:
                end.cont = end.snd_nxt
        cold.unsent_ack = NONE

    def covers(self, stream: Stream, peer: End, side: int, frame: int, ack: int) -> None:
        """Take an ACK of ``side`` beyond what the peer sent without a hole: what it covers of the holes, the tap lost."""
        cold = peer.cold
        gap = None if cold is None else cold.gaps
        if cold is None or gap is None:
            self.account.acknowledged(peer, ack)
            return
        at = peer.cont
        lost = 0
        edge = at
        while gap is not None and at < ack:  # `acknowledged` takes each of these away: each is looked at once
            stop = gap.left if gap.left < ack else ack
            if stop > at:
                lost += stop - at
                edge = stop
            at = gap.right
            gap = gap.next
        if lost:
            cold.hole_frame = frame
            cold.hole_left = peer.cont
            cold.hole_right = edge
            base = peer.iss
            self.notes.note(stream, TAP_LOSS, frame, side, peer.cont - base, edge - base, lost, 0)
        self.account.acknowledged(peer, ack)

    def fills(self, stream: Stream, end: End, side: int, left: int, right: int) -> None:
        """Let the numbers [left, right) come after the ACK that covered them: the capture does show them."""
        cold = end.chill()
        if right <= cold.hole_left or left >= cold.hole_right:
            return
        if left <= cold.hole_left:
            cold.hole_left = right
        elif right >= cold.hole_right:
            cold.hole_right = left
        if cold.hole_left >= cold.hole_right:
            self.notes.drop(stream, TAP_LOSS, side if stream.flags & S_SELF else 1 - side, cold.hole_frame)
            cold.hole_frame = 0

    def refute_fin(self, end: End, peer: End) -> None:
        """Take back a FIN that an ACK seemed to show."""
        self.steps.withdraw(end, SND_FIN)
        self.steps.withdraw(end, RCV_ACK_OF_FIN)
        self.steps.withdraw(peer, RCV_FIN)
        end.fin_seq = NONE
        end.fin_carrier = NONE
        end.flags &= ~F_FIN_GUESSED
