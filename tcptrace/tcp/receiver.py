"""SEGMENT ARRIVES, seen from beside the wire: what a segment's receiver should make of it (RFC 9293 3.10.7).

Each is an offer only, until segments of the receiver's own prove or refute it (``tcp.testimony``).
"""

from tcptrace.flow.bits import (
    ASSUMED,
    BEHIND_HOLE,
    F_PASSIVE,
    F_SYN,
    F_SYN_DATA,
    F_SYN_DATA_ACKED,
    F_SYN_DATA_AGAIN,
    HALF,
    MASK32,
    S_OLD_LIVE,
    S_TIME_WAIT_REFUSED,
    TURN_RECEIVER,
    WAITS,
)
from tcptrace.model.states import (
    LISTEN,
    UNKNOWN,
)
from tcptrace.tcp.machine import (
    PICKUP,
    RCV_ACK_OF_FIN,
    RCV_ACK_OF_SYN,
    RCV_FIN,
    RCV_SYN,
    RCV_SYN_ACK,
)

from ..flow.rows import End, Segment, Stream
from .paths import Paths
from .resets import Resets
from .steps import Steps
from .testimony import Testimony


class Receiver:
    """Offers a segment to the end that should receive it."""

    __slots__ = (
        "paths",
        "resets",
        "steps",
        "testimony",
    )

    def __init__(self, paths: Paths, steps: Steps, testimony: Testimony, resets: Resets) -> None:
        self.paths = paths
        self.steps = steps
        self.testimony = testimony
        self.resets = resets

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
        if peer.flags & F_SYN_DATA and x.length and x.seq == peer.iss + 1:
            peer.flags |= F_SYN_DATA_AGAIN
        if end.pending is not None:
            self.fill_hole(end, x)
        if x.fin and end.state == UNKNOWN:
            self.steps.infer(end, PICKUP, x, 1, TURN_RECEIVER)
        acceptable = self.is_acceptable(end, peer, x)
        if acceptable:
            self.ack_reaches(end, peer, x, self.find_shown(end, peer, x) if acceptable == 1 else x.seq)
        if acceptable == 1:
            self.fin_reaches(end, peer, x)
        else:
            self.fin_again(end, peer, x)

    def syn_reaches(self, end: End, peer: End, x: Segment, waits: int) -> None:
        """Offer a SYN or SYN,ACK; ``waits``: it moves nobody yet."""
        if x.ack < 0:
            event = self.paths.find(end, RCV_SYN)
            if event is not None:
                if event.evidence == ASSUMED and event.end_seq == x.seq + 1 + x.length:
                    self.testimony.repeat(end, event, x)  # Withdrawn, a
                return
            if end.start == UNKNOWN and end.snd_nxt < 0:
                self.steps.begin(end, LISTEN)
                end.flags |= F_PASSIVE
            if self.paths.is_syn_received(end):
                return  # its SYN again, below RCV.NXT: an ACK is sent and nobody moves (3.10.7.4, first)
            if x.seq == peer.iss and self.paths.allows(end, RCV_SYN):
                event = self.steps.offer(end, RCV_SYN, x, x.seq + 1)
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
            self.steps.offer(end, RCV_SYN_ACK, x, x.seq + 1)
        elif (
            self.paths.allows(end, RCV_ACK_OF_SYN)
            and end.flags & F_SYN
            and self.paths.find(end, RCV_ACK_OF_SYN) is None
        ):
            # Simultaneous open: the peer's SYN,ACK at RCV.NXT - 1 is accepted for its ACK (3.5, Figure 7).
            self.steps.offer(end, RCV_ACK_OF_SYN, x, x.seq + 1)

    def is_acceptable(self, end: End, peer: End, x: Segment) -> int:
        """The acceptability test of 3.10.7.4, the ACK range of RFC 5961 5.2, PAWS of RFC 7323 5; 2: its ACK alone counts."""
        accepted = 1
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
                if x.seq > end.ack_high:
                    return 0
                accepted = 2  # a probe of a closed window: "to accept valid ACKs", not its text
            if x.seq > end.window_edge:
                return 0
        if end.snd_nxt >= 0 and (
            x.ack > end.snd_nxt or (peer.ack_high >= 0 and x.ack < peer.ack_high - peer.window_max)
        ):
            return 0
        return accepted

    def ack_reaches(self, end: End, peer: End, x: Segment, shown: int) -> None:
        """Offer the ACK field: of the SYN, of the FIN; ``shown``: what the end acknowledges at the least once it has it."""
        if end.state != UNKNOWN:
            if end.iss >= 0 and x.ack > end.iss:
                event = None if end.pending is None else self.paths.find(end, RCV_ACK_OF_SYN)
                if event is not None and (event.held != WAITS or self.testimony.is_refusing(end)):
                    event.hole = 1  # not the only one under way
                elif self.paths.allows(end, RCV_ACK_OF_SYN):
                    if event is None:
                        self.steps.offer(end, RCV_ACK_OF_SYN, x, shown)
                    else:
                        self.testimony.repeat(end, event, x)
        if end.fin_seq >= 0 and x.ack > end.fin_seq:
            if x.fresh and end.fin_carrier < 0:  # an earlier copy may have come, which did not carry that ACK
                end.fin_carrier = x.end
            if self.paths.allows(end, RCV_ACK_OF_FIN):
                event = self.paths.find(end, RCV_ACK_OF_FIN)
                if event is None:
                    self.steps.offer(end, RCV_ACK_OF_FIN, x, shown)
                elif event.held == WAITS:
                    self.testimony.repeat(end, event, x)

    def find_shown(self, end: End, peer: End, x: Segment) -> int:
        """Return what the end acknowledges at the least once ``x`` has come: no more than what lies before a hole.

        Beyond a hole the ACK field counts all the same (3.10.7.4: the segment is in the window); RCV.NXT stays.
        """
        hole = end.ack_high if self.lacks_syn_data(end, peer) else peer.cont
        return x.end if x.end <= hole else hole

    def lacks_syn_data(self, end: End, peer: End) -> int:
        """Return 1 where the end did not take the data of the peer's SYN, and it has not come again (RFC 7413 4.2.2)."""
        if not peer.flags & F_SYN_DATA or (end.flags & F_SYN_DATA_ACKED) or peer.flags & F_SYN_DATA_AGAIN:
            return 0
        return 1 if end.ack_high >= 0 and end.ack_high == end.synack_ack else 0

    def fin_reaches(self, end: End, peer: End, x: Segment) -> None:
        """Offer the peer's FIN once all before it has come: at the FIN, or at the segment that fills the last hole."""
        if peer.fin_seq < 0 or peer.cont <= peer.fin_seq or self.lacks_syn_data(end, peer):
            return
        event = self.paths.find(end, RCV_FIN)
        if event is not None:
            if x.fin and event.evidence == ASSUMED and event.held != BEHIND_HOLE:
                self.testimony.repeat(end, event, x)
        elif x.fin or x.seq <= peer.fin_seq < x.end or end.ack_high <= peer.fin_seq:
            if x.fin and x.end - 1 == peer.fin_seq and self.paths.stays(end, RCV_FIN):
                self.steps.restart_2msl(end, x)
            elif self.paths.allows(end, RCV_FIN):
                self.steps.offer(end, RCV_FIN, x, peer.fin_seq + 1)

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
                event = self.steps.offer(end, RCV_FIN, x, peer.fin_seq + 1)
                event.held = WAITS
                self.paths.fold(end)
            if self.paths.stays(end, RCV_FIN):
                self.steps.restart_2msl(end, x)

    def fill_hole(self, end: End, x: Segment) -> None:
        """Make a FIN that waits behind a hole again at the copy that fills it (*Withdrawn*, c)."""
        event = self.paths.find(end, RCV_FIN)
        if event is None or x.end == x.seq or event.evidence != ASSUMED:
            return
        if event.hole and x.seq <= end.ack_high < x.end and not x.fin:
            self.testimony.repeat(end, event, x)
