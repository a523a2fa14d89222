"""RST: whether its sender is closed by it, and whether its receiver accepts it.

Sender: RFC 9293 3.10.7.1 and 3.5.2 (a RST answers with SEG.SEQ = SEG.ACK). Receiver: 3.10.7.3, 3.10.7.4 and RFC 5961 3.2.
"""

from tcptrace.flow.bits import (
    ASSUMED,
    F_PASSIVE,
    F_RST_OUT,
    F_SCALE,
    F_SYN,
    F_SYN_ACK,
    F_SYN_DATA_ACKED,
    OBSERVED,
    TURN_SENDER,
    WAITS,
)
from tcptrace.model.states import CLOSED, LISTEN, UNKNOWN
from tcptrace.tcp.codes import BLIND_RST, DATA_AFTER_RST, RST_OUT_OF_WINDOW, TIME_WAIT_ASSASSINATION
from tcptrace.tcp.machine import (
    RCV_ACK_OF_FIN,
    RCV_ACK_OF_SYN,
    RCV_RST,
    RCV_RST_PASSIVE,
    RCV_SYN,
    RCV_SYN_ACK,
    SND_RST,
)

from ..flow.rows import End, Segment, Stream
from .notes import Notebook
from .paths import Paths
from .steps import Steps

UNKNOWN_WINDOW = 65535 << 14


class Resets:
    """Moves ends by RST."""

    __slots__ = ("answered", "notes", "paths", "stays", "steps")

    def __init__(self, paths: Paths, steps: Steps, notes: Notebook) -> None:
        self.paths = paths
        self.steps = steps
        self.notes = notes
        self.answered = 0  # the frame of a RST that is known to answer an ACK of what was not sent
        self.stays = 0  # the last RST only answered an unacceptable segment

    def sends(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Take a RST as its sender's step, where it is its sender's."""
        self.stays = 1 if self.answered == x.frame else 0
        if self.stays or not self.is_genuine(end, peer, x):
            return
        if x.ack < 0 and self.answers_unacceptable(end, peer, x):
            self.stays = 1
            return  # "If the ACK bit is off ... SEG.SEQ = SEG.ACK": the sender stays where it is
        if x.ack < 0 and peer.snd_nxt >= 0:
            self.refuses_last(end, peer, x)
        if not self.paths.allows(end, SND_RST):
            return
        event = self.paths.take()
        event.input = SND_RST
        event.evidence = OBSERVED
        event.settled = 0  # withdrawn where the end sends on
        event.frame = x.frame
        event.proof = x.frame
        event.place = x.frame
        event.place_ns = x.time_ns
        event.turn = TURN_SENDER
        event.seq = x.seq
        event.end_seq = x.seq
        self.paths.append(end, event)
        end.flags |= F_RST_OUT
        cold = end.chill()
        cold.rst_frame = x.frame
        cold.rst_seq = x.seq

    def refuses(self, stream: Stream, end: End, peer: End, x: Segment) -> int:
        """Return 1 where the RST answers the peer's SYN: its sender has the path CLOSED and no step (contract, Paths)."""
        if end.path_len or end.flags & (F_SYN | F_SYN_ACK) or not peer.flags & F_SYN or x.ack != peer.snd_nxt:
            return 0
        event = end.pending
        if event is not None:
            if event.input != RCV_SYN or event.evidence != ASSUMED:
                return 0
            event.held = WAITS  # should the end answer with SYN,ACK after all
        end.start = CLOSED
        end.proven = CLOSED
        end.flags &= ~F_PASSIVE
        self.paths.fold(end)
        return 1

    def refuses_last(self, end: End, peer: End, x: Segment) -> None:
        """A RST without ACK answers the segment whose ACK it repeats: that one was not received in the state it needs.

        A FIN's ACK counts where the segment brought more: it is taken before the text that nobody reads (3.10.7.4, fifth).
        So does a SYN's to an end whose user had the connection before (RFC 7413), and may have left it.
        """
        is_fast = 1 if end.flags & F_SYN_DATA_ACKED else 0
        event = end.pending
        while event is not None:
            following = event.next
            if (
                event.evidence == ASSUMED
                and event.x_ack == x.seq
                and event.frame == peer.last_frame
                and event.input not in (RCV_RST, RCV_RST_PASSIVE)  # a RST is not answered (3.10.7.1)
                and (
                    event.seq == event.end_seq
                    or not (event.input == RCV_ACK_OF_FIN or (is_fast and event.input == RCV_ACK_OF_SYN))
                )
            ):
                self.paths.remove(end, event)
            event = following

    def is_genuine(self, end: End, peer: End, x: Segment) -> int:
        """Return 1 where SEG.SEQ is the sender's SND.NXT or the ACK field of a segment of the peer."""
        if end.snd_nxt < 0 or end.state == UNKNOWN:
            return 1
        if x.seq == end.snd_nxt or x.seq in (peer.ack_last, peer.ack_high):
            return 1
        # Its FIN may not have been captured, or its RST repeats the number before it.
        return 1 if end.fin_seq >= 0 and x.seq == end.fin_seq else 0

    def answers_unacceptable(self, end: End, peer: End, x: Segment) -> int:
        """Return 1 where an end that is not synchronized only refuses an unacceptable ACK with this RST (3.5.2)."""
        if not self.paths.allows(end, RCV_SYN_ACK) and not self.paths.allows(end, RCV_ACK_OF_SYN):
            return 1 if end.state == LISTEN else 0
        return 1 if x.seq == peer.ack_last and x.seq != end.snd_nxt else 0

    def is_later(self, end: End, x: Segment) -> int:
        """Return 1 where ``x`` was surely sent after the end's RST, not overtaken by it."""
        if not end.flags & F_RST_OUT or x.new_ts or x.ack > end.ack_high or x.end > end.snd_nxt:
            return 1
        return 1 if x.syn and x.ack >= 0 and (x.seq != end.iss or x.ack != end.synack_ack) else 0

    def withdraw(self, stream: Stream, end: End, side: int, x: Segment) -> None:
        """The end sends on after its RST: somebody else sent that (RFC 5961 3.2)."""
        if end.flags & F_RST_OUT:
            end.flags &= ~F_RST_OUT
            event = self.paths.find(end, SND_RST)
            ago = 0
            if event is not None:
                ago = x.time_ns - event.place_ns
                self.paths.remove(end, event)
            if x.length > 0:
                self.notes.note(stream, DATA_AFTER_RST, x.frame, side, x.length, end.chill().rst_frame, ago)
        cold = end.chill()
        self.notes.note(
            stream, BLIND_RST, cold.rst_frame, side, cold.rst_seq - end.iss, end.snd_nxt - end.iss, x.frame
        )
        cold.rst_frame = 0

    def reaches(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """Offer a RST to its receiver ``end``."""
        if self.stays and end.flags & F_SYN and not self.paths.allows(end, RCV_SYN_ACK):
            return  # it answers an ACK that was not acceptable there: its number is that ACK's, not RCV.NXT
        what = RCV_RST_PASSIVE if end.flags & F_PASSIVE else RCV_RST
        if not self.paths.allows(end, what):
            return
        if self.paths.allows(end, RCV_SYN_ACK):
            # 3.10.7.3: in SYN-SENT a RST is acceptable where its ACK acknowledges the SYN.
            if x.ack <= end.iss or x.ack > end.snd_nxt:
                return
        elif end.state != UNKNOWN and not self.is_in_order(stream, end, peer, x):
            return
        if self.paths.is_waiting(end):
            self.notes.note(stream, TIME_WAIT_ASSASSINATION, x.frame, x.side, 0, 0)
        self.steps.offer(end, what, x, x.seq)

    def is_in_order(self, stream: Stream, end: End, peer: End, x: Segment) -> int:
        """Return 1 where the RST is at RCV.NXT; else say what it is: in the window (challenge ACK) or outside."""
        low = end.ack_high
        high = peer.cont
        if low < 0:
            low = high
        if end.flags & F_SCALE and low <= end.window_edge < high:
            high = end.window_edge  # what lies beyond (the octet of a probe) was not taken
        if high < low:
            high = low
        if peer.fin_seq >= 0 and low == peer.fin_seq + 1 and self.paths.has_peers_fin(end):
            low -= 1  # after the peer's FIN, RCV.NXT - 1 counts too
        if low <= x.seq <= high:
            return 1
        edge = end.window_edge
        if not end.flags & F_SCALE or end.window_edge < 0:
            edge = (low if low > high else high) + UNKNOWN_WINDOW
        if low <= x.seq < edge:
            end.chill().challenge_frame = x.frame
            claimed = peer.chill()
            if claimed.rst_frame == 0:
                claimed.rst_frame = x.frame
                claimed.rst_seq = x.seq
            return 0
        if end.flags & F_SCALE:
            base = peer.iss
            self.notes.note(
                stream,
                RST_OUT_OF_WINDOW,
                x.frame,
                x.side,
                x.seq - base,
                low - base,
                edge - base,
                end.last_frame,
            )
        return 0
