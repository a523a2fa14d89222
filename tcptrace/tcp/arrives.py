"""SEGMENT ARRIVES, seen from beside the wire: what a segment shows of its sender and offers to its receiver.

The order is that of replay.md: the sender's earlier offers are judged by the segment, then what it shows without having been
captured, then its own steps, then what its receiver should make of it (RFC 9293 3.10.7). No state is named here: whether an
input moves an end is the table's to say.
"""

from tcptrace.flow.bits import (
    ASSUMED,
    BEHIND_HOLE,
    CONFIRMED,
    F_ACKED,
    F_ACKED_DATA,
    F_COOKIE,
    F_DATA,
    F_FIN,
    F_FIN_GUESSED,
    F_PASSIVE,
    F_SCALE,
    F_SYN,
    F_SYN_ACK,
    F_SYN_DATA,
    F_SYN_DATA_ACKED,
    F_WINDOW_SCALE,
    HALF,
    INFERRED,
    MASK32,
    NONE,
    OBSERVED,
    S_ANSWERED,
    S_BOTH_SYN,
    S_OLD_LIVE,
    S_SELF,
    S_SPLIT,
    S_TIME_WAIT_REFUSED,
    TURN_RECEIVER,
    TURN_SENDER,
    WAITS,
)
from tcptrace.model.states import CLOSED, LISTEN, UNKNOWN
from tcptrace.model.tcpflags import OPT_FAST_OPEN, OPT_SCALE
from tcptrace.tcp.codes import (
    ACK_OF_UNSENT,
    CHALLENGE_ACK,
    DATA_AFTER_FIN,
    FAST_OPEN,
    FIN_RETRANSMISSION,
    NOT_IN_STATE_MACHINE,
    SPLIT_HANDSHAKE,
    SYN_DATA,
    SYN_RETRANSMISSION,
    TAP_LOSS,
)
from tcptrace.tcp.machine import (
    PICKUP,
    RCV_ACK_OF_FIN,
    RCV_ACK_OF_SYN,
    RCV_FIN,
    RCV_SYN,
    RCV_SYN_ACK,
    SND_FIN,
    SND_SYN,
)

from ..flow.rows import End, Event, Segment, Stream
from .account import Account
from .notes import Notebook
from .paths import Paths
from .resets import Resets
from .testimony import Testimony

MAX_SHIFT = 14


class Arrivals:
    """Moves both ends by one segment."""

    __slots__ = ("account", "notes", "paths", "resets", "testimony")

    def __init__(
        self, paths: Paths, testimony: Testimony, account: Account, notes: Notebook, resets: Resets
    ) -> None:
        self.paths = paths
        self.testimony = testimony
        self.account = account
        self.notes = notes
        self.resets = resets

    # -- events -------------------------------------------------------------------------------------------------------

    def own(self, end: End, what: int, x: Segment) -> None:
        """Add a step that the end made itself, by its segment ``x``."""
        if self.paths.step(end, what, OBSERVED, x.frame, x.time_ns, TURN_SENDER):
            return
        event = self.paths.take()
        event.input = what
        event.evidence = OBSERVED
        event.settled = 1
        event.frame = x.frame
        event.proof = x.frame
        event.place = x.frame
        event.place_ns = x.time_ns
        event.turn = TURN_SENDER
        event.seq = x.seq
        event.end_seq = x.end
        event.x_ack = x.ack
        self.paths.append(end, event)

    def infer(self, end: End, what: int, x: Segment, settled: int, turn: int) -> Event:
        """Add a step whose segment was never captured and that ``x`` shows."""
        event = self.paths.take()
        event.input = what
        event.evidence = INFERRED
        event.settled = settled
        event.frame = x.frame
        event.proof = x.frame
        event.place = x.frame
        event.place_ns = x.time_ns
        event.turn = turn
        self.paths.append(end, event)
        return event

    def offer(self, end: End, what: int, x: Segment, end_seq: int) -> Event:
        """Add a step that the end should make at the peer's segment ``x``, until its own segments prove or refute it."""
        event = self.paths.take()
        event.input = what
        event.evidence = ASSUMED
        event.frame = x.frame
        event.place = x.frame
        event.place_ns = x.time_ns
        event.turn = TURN_RECEIVER
        event.seq = x.seq
        event.end_seq = end_seq
        event.x_ack = x.ack
        event.has_ts = x.new_ts
        event.tsval = x.tsval
        self.paths.append(end, event)
        return event

    # -- the sender ---------------------------------------------------------------------------------------------------

    def sends(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Take ``x`` as its sender's testimony and as its own step."""
        cold = end.cold
        if cold is not None:
            if cold.rst_frame and not x.rst:
                self.resets.withdraw(stream, end, x.side, x)
            if cold.challenge_frame:
                self.challenges(stream, end, x)
            if (
                end.flags & F_FIN_GUESSED
                and not end.flags & F_FIN
                and (x.length or x.fin)
                and x.end > end.fin_seq + 1
            ):
                self.refute_fin(end, peer)  # nothing follows a FIN: what the tap lost was an octet of data
            self.settle_unsent(stream, end, peer, x)
        if x.rst and self.resets.refuses(stream, end, peer, x):
            return
        if end.start == CLOSED and x.syn and x.ack >= 0 and not end.flags & F_SYN and end.path_len == 0:
            self.begin(end, LISTEN)  # it answers after all: the RST before was not its own
        if end.pending is not None:
            if end.pending.input == SND_SYN and not x.syn and not end.pending.settled:
                self.settle(end, SND_SYN)  # no SYN will follow its SYN,ACK any more
                self.settle(peer, RCV_SYN)
            self.testimony.judge(end, peer, x)
            if self.testimony.went_on and self.is_challenge(end, x):
                self.notes.note(stream, CHALLENGE_ACK, x.frame, x.side, self.testimony.went_on, 0)
        if x.ack >= 0:
            self.shows(stream, end, peer, x)
        if x.syn:
            self.sends_syn(stream, end, peer, x)
        elif x.fin and not x.rst:
            self.sends_fin(stream, end, peer, x)
        elif end.fin_seq >= 0 and x.length > 0 and x.end > end.fin_seq + 1 and not x.rst:
            self.notes.note(stream, DATA_AFTER_FIN, x.frame, x.side, end.fin_seq & MASK32, x.length)
        if x.rst:
            self.resets.sends(stream, end, peer, x)
        elif end.state == UNKNOWN and not x.syn and not x.fin:
            self.pick_up(end, peer, x)
        if self.testimony.moved is not None:
            self.testimony.restore(end)

    def is_challenge(self, end: End, x: Segment) -> int:
        """Return 1 where ``x`` is a pure ACK that says again what the end said last (RFC 5961 3.2, 4.2)."""
        if x.length or x.syn or x.fin or x.rst:
            return 0
        return 1 if x.seq == end.snd_nxt and x.ack == end.ack_last and x.ack >= 0 else 0

    def challenges(self, stream: Stream, end: End, x: Segment) -> None:
        """The end's first segment after a SYN or RST that it refused: a challenge ACK?"""
        cold = end.chill()
        if self.is_challenge(end, x):
            self.notes.note(stream, CHALLENGE_ACK, x.frame, x.side, cold.challenge_frame, 0)
        cold.challenge_frame = 0

    def shows(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Infer what ``x`` acknowledges and the capture never showed."""
        if x.syn:
            if peer.packets == 0 and peer.start == UNKNOWN and peer.pending is None and not x.rst:
                # A SYN,ACK whose SYN was not captured. Unsettled: with interfaces out of order the SYN may follow.
                self.begin(peer, CLOSED)
                self.infer(peer, SND_SYN, x, 0, TURN_RECEIVER)
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
                    self.notes.note(stream, SPLIT_HANDSHAKE, x.frame, x.side, 0, 0)
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
            self.begin(peer, LISTEN)
        peer.chill().lost_frame = x.frame
        waiting = self.paths.find(peer, RCV_SYN)
        if waiting is not None and waiting.evidence == ASSUMED:
            waiting.proof = x.frame
            waiting.shown_ns = x.time_ns
        elif self.paths.allows(peer, RCV_SYN) and not self.paths.is_syn_received(peer):
            self.infer(peer, RCV_SYN, x, 1, TURN_RECEIVER)
        self.infer(end, RCV_SYN_ACK, x, 1, TURN_SENDER)
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
                self.infer(end, RCV_ACK_OF_SYN, x, 1, TURN_SENDER)
        if peer.flags & F_FIN and x.ack > peer.fin_seq and self.paths.allows(end, RCV_FIN):
            if self.paths.find(end, RCV_FIN) is None:
                self.infer(end, RCV_FIN, x, 1, TURN_SENDER)

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
        cold = peer.chill()
        if cold.unsent_ack < 0:
            cold.unsent_from = peer.snd_nxt
            cold.unsent_frame = x.frame
        cold.unsent_ack = x.ack
        if guess:
            peer.fin_seq = peer.snd_nxt
            peer.flags |= F_FIN_GUESSED
            self.infer(peer, SND_FIN, x, 0, TURN_RECEIVER)
            self.infer(end, RCV_FIN, x, 0, TURN_SENDER)
        peer.snd_nxt = x.ack
        self.account.acknowledged(peer, x.ack)

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
                if event is not None:
                    event.evidence = OBSERVED
                    event.frame = x.frame
                    event.place = x.frame
                    event.place_ns = x.time_ns
                    event.turn = TURN_SENDER
                    event.proof = x.frame
                truly_sent = 1
                self.settle(end, SND_FIN)
                self.settle(peer, RCV_FIN)
            if not truly_sent:
                self.refute_fin(end, peer)
        side = 1 - x.side if not stream.flags & S_SELF else x.side
        if truly_sent:
            self.notes.note(stream, TAP_LOSS, cold.unsent_frame, side, cold.unsent_from, cold.unsent_ack)
        else:
            self.notes.note(stream, ACK_OF_UNSENT, cold.unsent_frame, side, cold.unsent_from, cold.unsent_ack)
            # RFC 5961 5.2: that segment was dropped, FIN and all.
            self.withdraw_frame(end, cold.unsent_frame)
            if peer.ack_high > cold.unsent_from:
                peer.ack_high = cold.unsent_from
                peer.ack_last = cold.unsent_from
            end.snd_nxt = cold.unsent_from
            if cold.gaps is None and end.cont > end.snd_nxt:
                end.cont = end.snd_nxt
        cold.unsent_ack = NONE

    def refute_fin(self, end: End, peer: End) -> None:
        """Take back a FIN that an ACK seemed to show."""
        self.withdraw(end, SND_FIN)
        self.withdraw(end, RCV_ACK_OF_FIN)
        self.withdraw(peer, RCV_FIN)
        end.fin_seq = NONE
        end.fin_carrier = NONE
        end.flags &= ~F_FIN_GUESSED

    def withdraw(self, end: End, what: int) -> None:
        """Take an open event of an input back."""
        event = self.paths.find(end, what)
        if event is not None:
            self.paths.remove(end, event)

    def withdraw_frame(self, end: End, frame: int) -> None:
        """Take back what a segment offered: it was not acceptable after all."""
        event = end.pending
        while event is not None:
            following = event.next
            if event.frame == frame and event.evidence == ASSUMED:
                self.paths.remove(end, event)
            event = following

    def settle(self, end: End, what: int) -> None:
        """Let an open inferred event stand for good."""
        event = self.paths.find(end, what)
        if event is not None:
            event.settled = 1
            self.paths.fold(end)

    def begin(self, end: End, state: int) -> None:
        """Set the state in which the end's path begins, where it has not gone on yet."""
        if end.path_len:
            return
        end.start = state
        end.proven = state
        self.paths.fold(end)

    def sends_syn(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Take a SYN or SYN,ACK as its sender's step."""
        side = x.side
        end.flags |= F_SCALE
        end.scale = 0
        if x.options & OPT_SCALE:
            end.scale = x.scale if x.scale < MAX_SHIFT else MAX_SHIFT
            end.flags |= F_WINDOW_SCALE
        if peer.flags & F_SCALE and not (end.flags & peer.flags & F_WINDOW_SCALE):
            end.scale = 0  # RFC 7323 2.2: it counts only where both offer it
            peer.scale = 0
        if x.options & OPT_FAST_OPEN:
            end.flags |= F_COOKIE
        if x.rst:
            return
        if x.ack < 0:
            if end.flags & F_SYN and x.seq == end.iss:
                self.notes.note(stream, SYN_RETRANSMISSION, x.frame, side, x.seq & MASK32, 0)
                return
            early = self.paths.find(end, SND_SYN)
            if early is not None and early.evidence == INFERRED and x.seq + 1 == peer.synack_ack:
                self.syn_after_answer(stream, end, peer, early, x)
                return
            if end.flags & (F_SYN | F_SYN_ACK):
                if self.paths.is_anomaly(end, SND_SYN):
                    self.notes.note(stream, NOT_IN_STATE_MACHINE, x.frame, side, SND_SYN, end.state)
                return
            if end.start in (UNKNOWN, LISTEN) and end.path_len == 0:
                self.begin(end, CLOSED)
            end.flags |= F_SYN
            end.iss = x.seq
            end.snd_nxt = x.seq
            end.cont = x.seq
            self.own(end, SND_SYN, x)
            if x.length:
                end.flags |= F_SYN_DATA
                self.notes.note(stream, SYN_DATA, x.frame, side, x.length, 0)
            if stream.syn_side < 0:
                stream.syn_side = side
                stream.syn_ns = x.time_ns
            elif stream.syn_side != side:
                stream.flags |= S_BOTH_SYN
                stream.both_frame = x.frame
            return
        self.sends_syn_ack(stream, end, peer, x)

    def sends_syn_ack(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Take a SYN,ACK: it proves that its sender has the SYN."""
        side = x.side
        if end.flags & F_SYN_ACK and x.seq == end.iss and x.ack == end.synack_ack:
            self.notes.note(stream, SYN_RETRANSMISSION, x.frame, side, x.seq & MASK32, 0)
            return
        if end.start == UNKNOWN and end.state == UNKNOWN:
            self.begin(end, LISTEN)
        if not end.flags & F_SYN:
            end.flags |= F_PASSIVE
            end.iss = x.seq
            end.snd_nxt = x.seq
            end.cont = x.seq
        end.flags |= F_SYN_ACK
        end.synack_ack = x.ack
        end.ack_high = NONE
        stream.flags |= S_ANSWERED
        if stream.synack_side < 0:
            stream.synack_side = side
            stream.synack_ns = x.time_ns
        if peer.flags & F_SYN_DATA and x.ack > peer.iss + 1:
            end.flags |= F_SYN_DATA_ACKED
            if peer.flags & F_COOKIE:
                self.notes.note(stream, FAST_OPEN, x.frame, side, x.ack - peer.iss - 1, 0)
        if self.paths.allows(end, RCV_SYN) and not self.paths.is_syn_received(end):
            # Its SYN was not captured, or not that one (RFC 9293 Figure 8): the one it answers is inferred.
            self.set_spare_aside(end)
            event = self.infer(end, RCV_SYN, x, 0, TURN_SENDER)
            event.end_seq = x.ack
            spare = end.cold
            if spare is not None and spare.spare_end == x.ack and spare.spare_frame > 0:
                event.evidence = CONFIRMED
                event.frame = spare.spare_frame
                event.settled = 1
                spare.spare_frame = 0
                self.paths.fold(end)

    def set_spare_aside(self, end: End) -> None:
        """Keep a SYN that the SYN,ACK does not answer for a later one."""
        event = self.testimony.moved
        if event is not None and event.input == RCV_SYN:
            cold = end.chill()
            cold.spare_frame = event.frame
            cold.spare_end = event.end_seq
            self.testimony.moved = event.next

    def syn_after_answer(self, stream: Stream, end: End, peer: End, early: Event, x: Segment) -> None:
        """Interfaces out of order: the SYN comes after its SYN,ACK in the file; roles follow causality."""
        end.flags |= F_SYN
        stream.syn_side = x.side
        stream.syn_ns = x.time_ns
        early.evidence = OBSERVED
        early.frame = x.frame
        early.proof = x.frame
        early.settled = 1
        self.put_at(end, early, x, TURN_SENDER)
        answered = self.paths.find(peer, RCV_SYN)
        if answered is not None:
            answered.proof = answered.frame
            answered.evidence = CONFIRMED
            answered.frame = x.frame
            answered.settled = 1
            self.put_at(peer, answered, x, TURN_RECEIVER)

    def put_at(self, end: End, event: Event, x: Segment, turn: int) -> None:
        """Let an event and all behind it stand no earlier than ``x``."""
        following: Event | None = event
        while following is not None:
            if following.place < x.frame:
                following.place = x.frame
                following.place_ns = x.time_ns
                following.turn = turn
            following = following.next
        self.paths.fold(end)

    def sends_fin(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Take a FIN as its sender's step."""
        number = x.end - 1
        if end.fin_seq >= 0:
            if number == end.fin_seq:
                if end.flags & F_FIN:
                    self.notes.note(stream, FIN_RETRANSMISSION, x.frame, x.side, number & MASK32, 0)
                end.flags |= F_FIN
            else:
                if number > end.fin_seq and x.length:
                    self.notes.note(stream, DATA_AFTER_FIN, x.frame, x.side, end.fin_seq & MASK32, x.length)
                if self.paths.is_anomaly(end, SND_FIN):
                    self.notes.note(stream, NOT_IN_STATE_MACHINE, x.frame, x.side, SND_FIN, end.state)
            return
        if self.paths.is_anomaly(end, SND_FIN):
            self.notes.note(stream, NOT_IN_STATE_MACHINE, x.frame, x.side, SND_FIN, end.state)
            return
        if x.ack < 0:
            return  # 3.10.7.4: without ACK it is dropped; nobody closes so (a FIN scan)
        if end.state == UNKNOWN:
            self.infer(end, PICKUP, x, 1, TURN_SENDER)
            if peer.fin_seq >= 0 and x.ack > peer.fin_seq and self.paths.find(end, RCV_FIN) is None:
                self.infer(end, RCV_FIN, x, 1, TURN_SENDER)
        if not self.paths.allows(end, SND_FIN):
            return
        end.fin_seq = number
        end.flags |= F_FIN
        end.fin_frame = x.frame
        end.fin_x_ack = x.ack
        self.own(end, SND_FIN, x)

    def pick_up(self, end: End, peer: End, x: Segment) -> None:
        """Midstream: an end that has sent new data and acknowledged new data is established."""
        if x.ack < 0:
            return
        if x.length > 0 and (end.snd_nxt < 0 or x.end > end.snd_nxt or end.packets <= 1):
            end.flags |= F_DATA
        if (end.ack_high >= 0 and x.ack > end.ack_high) or (peer.flags & F_DATA and x.ack > peer.iss + 1):
            end.flags |= F_ACKED_DATA
        if end.flags & F_DATA and end.flags & F_ACKED_DATA:
            self.infer(end, PICKUP, x, 1, TURN_SENDER)

    # -- the receiver -------------------------------------------------------------------------------------------------

    def reaches(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Offer ``x`` to its receiver ``end``; ``peer`` sent it."""
        if x.rst:
            self.resets.reaches(stream, end, peer, x)
            return
        if x.syn:
            self.syn_reaches(end, peer, x, 1 if stream.flags & (S_OLD_LIVE | S_TIME_WAIT_REFUSED) else 0)
            return
        if x.ack < 0:
            return  # 3.10.7.4: "if the ACK bit is off drop the segment and return"
        if end.pending is not None:
            self.fill_hole(end, x)
        if x.fin and end.state == UNKNOWN:
            self.infer(end, PICKUP, x, 1, TURN_RECEIVER)
        if not self.is_acceptable(end, peer, x):
            self.fin_again(end, peer, x)
            return
        self.ack_reaches(end, peer, x)
        self.fin_reaches(end, peer, x)

    def syn_reaches(self, end: End, peer: End, x: Segment, waits: int) -> None:
        """Offer a SYN or SYN,ACK; ``waits``: it moves nobody yet."""
        if x.ack < 0:
            event = self.paths.find(end, RCV_SYN)
            if event is not None:
                if event.evidence == ASSUMED and event.end_seq == x.seq + 1 + x.length:
                    self.testimony.repeat(end, event, x)  # Withdrawn, a
                return
            if end.start == UNKNOWN and end.snd_nxt < 0:
                self.begin(end, LISTEN)
                end.flags |= F_PASSIVE
            if x.seq == peer.iss and not end.flags & F_SYN_ACK and self.paths.allows(end, RCV_SYN):
                event = self.offer(end, RCV_SYN, x, x.seq + 1)
                if waits:  # the four-tuple's old connection is still alive there
                    event.held = WAITS
                    self.paths.fold(end)
            elif self.paths.is_synchronized(end):
                end.chill().challenge_frame = x.frame
            return
        if x.ack <= end.iss or x.ack > end.snd_nxt:
            return  # 3.10.7.3: unacceptable ACK: reset sent, stays in SYN-SENT
        event = self.paths.find(end, RCV_SYN_ACK)
        if event is not None:
            if event.evidence == ASSUMED:
                self.testimony.repeat(end, event, x)
        elif self.paths.allows(end, RCV_SYN_ACK):
            self.offer(end, RCV_SYN_ACK, x, x.seq + 1)
        elif (
            self.paths.allows(end, RCV_ACK_OF_SYN)
            and end.flags & F_SYN
            and self.paths.find(end, RCV_ACK_OF_SYN) is None
        ):
            # Simultaneous open: the peer's SYN,ACK at RCV.NXT - 1 is accepted for its ACK (3.5, Figure 7).
            self.offer(end, RCV_ACK_OF_SYN, x, x.seq + 1)

    def is_acceptable(self, end: End, peer: End, x: Segment) -> int:
        """The acceptability test of 3.10.7.4, the ACK range of RFC 5961 5.2, PAWS of RFC 7323 5."""
        if end.state == UNKNOWN:
            return 1
        if end.has_ts and x.has_ts and ((x.tsval - end.tsecr) & MASK32) >= HALF:
            return 0
        if end.ack_high >= 0 and x.seq < end.ack_high and x.end <= end.ack_high:
            return 0  # an old duplicate or a keep-alive
        if x.seq < peer.cont and x.end < peer.cont and x.length == 0 and not x.fin:
            return 0  # an ACK of old, by what was captured
        if end.window_edge >= 0:
            if x.end > x.seq and x.seq >= end.window_edge and end.window_edge >= end.ack_high:
                return 0
            if x.seq > end.window_edge:
                return 0
        if end.snd_nxt >= 0 and (
            x.ack > end.snd_nxt or (peer.ack_high >= 0 and x.ack < peer.ack_high - peer.window_max)
        ):
            return 0
        return 1

    def ack_reaches(self, end: End, peer: End, x: Segment) -> None:
        """Offer the ACK field: of the SYN, of the FIN."""
        if end.state != UNKNOWN:
            if end.iss >= 0 and x.ack > end.iss and self.paths.allows(end, RCV_ACK_OF_SYN):
                event = self.paths.find(end, RCV_ACK_OF_SYN)
                if event is None:
                    self.offer(end, RCV_ACK_OF_SYN, x, x.end)
                elif event.held == WAITS and not self.testimony.is_refusing(end):
                    self.testimony.repeat(end, event, x)
        if end.fin_seq >= 0 and x.ack > end.fin_seq:
            if x.end > x.seq and x.end > end.ack_high:
                if end.fin_carrier < 0:
                    end.fin_carrier = x.end
            if self.paths.allows(end, RCV_ACK_OF_FIN):
                event = self.paths.find(end, RCV_ACK_OF_FIN)
                if event is None:
                    self.offer(end, RCV_ACK_OF_FIN, x, x.end)
                elif event.held == WAITS:
                    self.testimony.repeat(end, event, x)

    def fin_reaches(self, end: End, peer: End, x: Segment) -> None:
        """Offer the peer's FIN once all before it has come: at the FIN, or at the segment that fills the last hole."""
        if peer.fin_seq < 0 or peer.cont <= peer.fin_seq:
            return
        event = self.paths.find(end, RCV_FIN)
        if event is not None:
            if x.fin and event.evidence == ASSUMED and event.held != BEHIND_HOLE:
                self.testimony.repeat(end, event, x)
        elif x.fin or x.seq <= peer.fin_seq < x.end or end.ack_high <= peer.fin_seq:
            if x.fin and x.end - 1 == peer.fin_seq and self.paths.stays(end, RCV_FIN):
                self.restart_2msl(end, x)
            elif self.paths.allows(end, RCV_FIN):
                self.offer(end, RCV_FIN, x, peer.fin_seq + 1)

    def fin_again(self, end: End, peer: End, x: Segment) -> None:
        """An old FIN: in TIME-WAIT it is acknowledged and 2MSL start anew (3.10.7.4)."""
        if x.fin and x.end - 1 == peer.fin_seq:
            event = self.paths.find(end, RCV_FIN)
            if event is not None:
                if event.evidence == ASSUMED and not event.held:
                    self.testimony.repeat(end, event, x)
                    return
            elif self.paths.allows(end, RCV_FIN) and peer.cont > peer.fin_seq:
                # Not acceptable (PAWS, a closed window): it moves nobody, but a proof beats every test.
                event = self.offer(end, RCV_FIN, x, peer.fin_seq + 1)
                event.held = WAITS
                self.paths.fold(end)
            if self.paths.stays(end, RCV_FIN):
                self.restart_2msl(end, x)

    def restart_2msl(self, end: End, x: Segment) -> None:
        """Start 2MSL anew; TIME-WAIT's beginning stays."""
        end.chill().restart_ns = x.time_ns
        self.paths.fold(end)

    def fill_hole(self, end: End, x: Segment) -> None:
        """Make a FIN that waits behind a hole again at the copy that fills it (*Withdrawn*, c)."""
        event = self.paths.find(end, RCV_FIN)
        if event is None or x.end == x.seq or event.evidence != ASSUMED:
            return
        if event.hole and x.seq <= end.ack_high < x.end and not x.fin:
            self.testimony.repeat(end, event, x)
