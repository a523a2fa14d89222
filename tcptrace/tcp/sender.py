"""SEGMENT ARRIVES, seen from beside the wire: what a segment shows of its sender, and its sender's own steps.

The order is that of replay.md: the sender's earlier offers are judged by the segment, then what it shows without having been
captured, then its own steps (RFC 9293 3.10.1, 3.10.4, 3.10.5). ``tcp.receiver`` has the other half.
"""

from tcptrace.flow.bits import (
    ASSUMED,
    CONFIRMED,
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
    INFERRED,
    MASK32,
    NONE,
    OBSERVED,
    S_ANSWERED,
    S_BOTH_SYN,
    TURN_RECEIVER,
    TURN_SENDER,
)
from tcptrace.model.states import (
    CLOSED,
    LISTEN,
    UNKNOWN,
)
from tcptrace.model.tcpflags import (
    OPT_FAST_OPEN,
    OPT_SCALE,
)
from tcptrace.tcp.codes import (
    CHALLENGE_ACK,
    DATA_AFTER_FIN,
    FAST_OPEN,
    FIN_RETRANSMISSION,
    NOT_IN_STATE_MACHINE,
    SYN_DATA,
    SYN_RETRANSMISSION,
)
from tcptrace.tcp.machine import (
    PICKUP,
    RCV_FIN,
    RCV_SYN,
    SND_FIN,
    SND_SYN,
)

from ..flow.rows import End, Event, Segment, Stream
from .notes import Notebook
from .paths import Paths
from .resets import Resets
from .steps import Steps
from .testimony import Testimony
from .unseen import Unseen

MAX_SHIFT = 14  # RFC 7323 2.3


class Sender:
    """Moves the end that sent a segment."""

    __slots__ = (
        "evidence",
        "notes",
        "paths",
        "resets",
        "steps",
        "testimony",
        "unseen",
    )

    def __init__(
        self,
        paths: Paths,
        steps: Steps,
        testimony: Testimony,
        unseen: Unseen,
        notes: Notebook,
        resets: Resets,
    ) -> None:
        self.paths = paths
        self.steps = steps
        self.testimony = testimony
        self.unseen = unseen
        self.notes = notes
        self.resets = resets

    def sends(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Take ``x`` as its sender's testimony and as its own step."""
        cold = end.cold
        if cold is not None:
            if cold.rst_frame and not x.rst and self.resets.is_later(end, x):
                self.resets.withdraw(stream, end, x.side, x)
            if cold.challenge_frame:
                self.challenges(stream, end, peer, x)
            if (
                end.flags & F_FIN_GUESSED
                and not end.flags & F_FIN
                and (x.length or x.fin)
                and x.end > end.fin_seq + 1
            ):
                self.unseen.refute_fin(
                    end, peer
                )  # nothing follows a FIN: what the tap lost was an octet of data
            if cold.hole_frame and not x.rst:
                self.unseen.fills(stream, end, x.side, x.seq, x.end)
            self.unseen.settle_unsent(stream, end, peer, x)
        if x.rst and self.resets.refuses(stream, end, peer, x):
            return
        if end.start == CLOSED and x.syn and x.ack >= 0 and not end.flags & F_SYN and end.path_len == 0:
            self.steps.begin(end, LISTEN)  # it answers after all: the RST before was not its own
        if end.fin_seq < 0 <= x.ack and not x.rst and not x.syn:
            if x.end > x.seq:
                if end.pending is not None:
                    self.unseen.settles_passed(end, x)
            elif x.seq > end.snd_nxt >= 0 and peer is not end:
                self.unseen.passes_fin(end, x)
        if end.pending is not None:
            if end.pending.input == SND_SYN and not x.syn and not end.pending.settled:
                self.steps.settle(end, SND_SYN)  # no SYN will follow its SYN,ACK any more
                self.steps.settle(peer, RCV_SYN)
            self.testimony.judge(end, peer, x)
            if self.testimony.went_on and self.is_challenge(end, x):
                self.notes.note(
                    stream,
                    CHALLENGE_ACK,
                    x.frame,
                    x.side,
                    self.testimony.went_on,
                    x.seq - end.iss,
                    x.ack - peer.iss,
                )
        if x.ack >= 0:
            self.unseen.shows(stream, end, peer, x)
        if x.syn:
            self.sends_syn(stream, end, peer, x)
        elif x.fin and not x.rst:
            self.sends_fin(stream, end, peer, x)
        elif end.fin_seq >= 0 and x.length > 0 and x.end > end.fin_seq + 1 and not x.rst:
            self.after_fin(stream, end, x)
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

    def challenges(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """The end's first segment after a SYN or RST that it refused: a challenge ACK?"""
        cold = end.chill()
        if self.is_challenge(end, x):
            self.notes.note(
                stream,
                CHALLENGE_ACK,
                x.frame,
                x.side,
                cold.challenge_frame,
                x.seq - end.iss,
                x.ack - peer.iss,
            )
        cold.challenge_frame = 0

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
                self.notes.note(stream, SYN_RETRANSMISSION, x.frame, side, x.seq & MASK32, 0, x.time_ns)
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
                self.steps.begin(end, CLOSED)
            end.flags = (end.flags | F_SYN) & ~F_PASSIVE
            end.iss = x.seq
            end.snd_nxt = x.seq
            end.cont = x.seq
            self.steps.own(end, SND_SYN, x)
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
            self.notes.note(stream, SYN_RETRANSMISSION, x.frame, side, x.seq & MASK32, 1, x.time_ns)
            return
        if end.start == UNKNOWN and end.state == UNKNOWN:
            self.steps.begin(end, LISTEN)
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
            event = self.steps.infer(end, RCV_SYN, x, 0, TURN_SENDER)
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
        before: Event | None = None
        event = self.testimony.moved
        while event is not None and event.input != RCV_SYN:
            before = event
            event = event.next
        if event is None:
            return
        cold = end.chill()
        cold.spare_frame = event.frame
        cold.spare_end = event.end_seq
        if before is None:
            self.testimony.moved = event.next
        else:
            before.next = event.next

    def syn_after_answer(self, stream: Stream, end: End, peer: End, early: Event, x: Segment) -> None:
        """Interfaces out of order: the SYN comes after its SYN,ACK in the file; roles follow causality."""
        end.flags |= F_SYN
        stream.syn_side = x.side
        stream.syn_ns = x.time_ns
        early.evidence = OBSERVED
        early.frame = x.frame
        early.proof = x.frame
        early.settled = 1
        self.steps.put_at(end, early, x.frame, x.time_ns, TURN_SENDER)
        answered = self.paths.find(peer, RCV_SYN)
        if answered is not None:
            answered.proof = answered.frame
            answered.evidence = CONFIRMED
            answered.frame = x.frame
            answered.settled = 1
            self.steps.put_at(peer, answered, x.frame, x.time_ns, TURN_RECEIVER)

    def sends_fin(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Take a FIN as its sender's step."""
        number = x.end - 1
        if end.fin_seq >= 0:
            if number == end.fin_seq:
                if end.flags & F_FIN:
                    self.notes.note(
                        stream, FIN_RETRANSMISSION, x.frame, x.side, number & MASK32, 0, x.time_ns
                    )
                end.flags |= F_FIN
            else:
                if number > end.fin_seq and x.length:
                    self.after_fin(stream, end, x)
                if self.paths.is_anomaly(end, SND_FIN):
                    self.notes.note(stream, NOT_IN_STATE_MACHINE, x.frame, x.side, SND_FIN, end.state)
            return
        if self.paths.is_anomaly(end, SND_FIN):
            self.notes.note(stream, NOT_IN_STATE_MACHINE, x.frame, x.side, SND_FIN, end.state)
            return
        if x.ack < 0:
            return  # 3.10.7.4: without ACK it is dropped; nobody closes so (a FIN scan)
        if end.state == UNKNOWN:
            self.steps.infer(end, PICKUP, x, 1, TURN_SENDER)
            if peer.fin_seq >= 0 and x.ack > peer.fin_seq and self.paths.find(end, RCV_FIN) is None:
                self.steps.infer(end, RCV_FIN, x, 1, TURN_SENDER)
        if not self.paths.allows(end, SND_FIN):
            return
        end.fin_seq = number
        end.flags |= F_FIN
        end.fin_frame = x.frame
        end.fin_x_ack = x.ack
        if self.steps.doubts_fin(self.testimony.moved):
            event = self.steps.infer(end, SND_FIN, x, 0, TURN_SENDER)
            event.evidence = ASSUMED
            event.proof = 0
        else:
            self.steps.own(end, SND_FIN, x)

    def after_fin(self, stream: Stream, end: End, x: Segment) -> None:
        """Note the octets of a segment that lie beyond the end's FIN."""
        beyond = x.end - x.fin - end.fin_seq - 1
        octets = beyond if beyond < x.length else x.length
        self.notes.note(stream, DATA_AFTER_FIN, x.frame, x.side, end.fin_seq - end.iss, octets, end.fin_frame)

    def pick_up(self, end: End, peer: End, x: Segment) -> None:
        """Midstream: an end that has sent new data and acknowledged new data is established."""
        if x.ack < 0:
            return
        if x.length > 0 and (end.snd_nxt < 0 or x.end > end.snd_nxt or end.packets <= 1):
            end.flags |= F_DATA
        if (end.ack_high >= 0 and x.ack > end.ack_high) or (peer.flags & F_DATA and x.ack > peer.iss + 1):
            end.flags |= F_ACKED_DATA
        if end.flags & F_DATA and end.flags & F_ACKED_DATA:
            self.steps.infer(end, PICKUP, x, 1, TURN_SENDER)
