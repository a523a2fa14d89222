"""Whether a segment of an end proves that a segment of its peer's had come: the table of replay.md, *Proof*.

A hot file: plain Python here, compiled with the C types of ``_compiled/tcp/proofs.pxd``. T is the segment in hand, sent by
the end; X is the segment behind an open offer.
"""

from tcptrace.flow.bits import (
    F_PASSIVE,
    F_SYN_ACK,
    F_SYN_DATA_ACKED,
)
from tcptrace.model.states import LISTEN
from tcptrace.tcp.machine import (
    RCV_ACK_OF_FIN,
    RCV_ACK_OF_SYN,
    RCV_FIN,
    RCV_RST,
    RCV_RST_PASSIVE,
    RCV_SYN,
    RCV_SYN_ACK,
    SND_FIN,
)

from ..flow.rows import End, Event, Segment
from .paths import Paths


class Proofs:
    """Says what a segment proves of an open offer."""

    __slots__ = ("paths",)

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    def proves(self, end: End, peer: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` proves that its sender received X (the table of replay.md, *Proof*)."""
        what = event.input
        if what in (RCV_SYN, RCV_SYN_ACK, RCV_FIN):
            if (t.syn or t.rst) and t.ack > peer.snd_nxt:
                return 0  # it answers another SYN, or is nobody's
            if t.ack < event.end_seq:
                return 0
            return 1 if what != RCV_FIN else self.shows_close(end, event, t)
        if what == RCV_ACK_OF_SYN:
            if end.flags & F_SYN_DATA_ACKED or not end.flags & F_PASSIVE:
                if t.fin and not 0 <= peer.fin_seq < t.ack:
                    return 0  # it may be the repetition of one that left SYN-RECEIVED
                return self.proves_open(end, event, t)
            if self.has_more(end, t):
                return 1
            has_sent = t.length > 0 or t.fin or (t.seq > end.snd_nxt >= 0 and not t.rst)  # the last: unseen
            if has_sent and not t.syn:
                return 1
            return 1 if self.names(event, t) or self.sacked_twice(event, t) else 0
        if what == RCV_ACK_OF_FIN:
            if 0 <= end.fin_carrier <= t.ack:
                return 1
            return self.names(event, t)
        if what in (RCV_RST, RCV_RST_PASSIVE):
            if t.syn and t.ack >= 0 and end.flags & F_SYN_ACK:
                if t.ack != end.synack_ack or t.seq != end.iss:
                    return 1  # back in LISTEN, it answers another SYN
            if end.state == LISTEN:
                return 0  # the ACK that ``t`` answers may have come before the RST, too, and opened the connection
            return (
                1 if t.rst and t.ack < 0 and peer.last_frame > event.frame and t.seq == peer.ack_last else 0
            )
        return 0

    def shows_close(self, end: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t``, which acknowledges the FIN in X, also tells whether the end's own FIN was out by then.

        Only that parts CLOSE-WAIT from CLOSING. Old data sent again are below SND.NXT, and do not say where that is.
        """
        if end.fin_seq >= 0:
            following = event.next
            while following is not None:
                if following.input == SND_FIN:
                    return 0  # seen behind X, but its first copy may have been sent before X came
                following = following.next
            return 1
        return 1 if t.fin or not self.is_old_data(end, t) else 0

    def is_old_data(self, end: End, t: Segment) -> int:
        """Return 1 where ``t`` sends data again: it may lie below a FIN that no capture has."""
        return 1 if t.length and t.seq < end.snd_nxt else 0

    def proves_open(self, end: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` proves the ACK of a SYN to an end whose user may close it in SYN-RECEIVED (3.10.4).

        That is one with data from its peer's SYN (RFC 7413), or one that opened actively. Where its FIN may have been
        sent, the ACK may have come before that or behind it.
        """
        if self.paths.find(end, SND_FIN) is not None or self.is_old_data(end, t):
            return 0
        if not t.length and t.seq > end.snd_nxt >= 0:
            return 0  # a FIN may be among the numbers that no capture has
        if self.has_more(end, t):
            return 1
        if t.length > 0 and not t.syn and not end.flags & F_SYN_DATA_ACKED:
            return 1
        return 1 if self.names(event, t) or self.sacked_twice(event, t) else 0

    def has_more(self, end: End, t: Segment) -> int:
        """Return 1 where ``t`` acknowledges or SACKs beyond what its sender's SYN,ACK did: that came with an ACK."""
        if end.synack_ack < 0:
            return 0
        high = t.ack
        for at in range(t.sack_count):
            if t.sack_right[at] > high:
                high = t.sack_right[at]
        return 1 if high > end.synack_ack else 0

    def names(self, event: Event, t: Segment) -> int:
        """Return 1 where the TSecr of ``t`` is the TSval of X or of one of its copies."""
        if not t.has_ts or t.ack < 0:
            return 0
        if event.has_ts and event.tsval == t.tsecr:
            return 1
        copy = event.copies
        while copy is not None:
            if copy.has_ts and copy.tsval == t.tsecr:
                return 1
            copy = copy.next
        return 0

    def sacked(self, event: Event, t: Segment) -> int:
        """Return 1 where a SACK or D-SACK block of ``t`` covers X."""
        for at in range(t.sack_count):
            if (
                t.sack_left[at] <= event.seq
                and event.end_seq <= t.sack_right[at]
                and event.seq < event.end_seq
            ):
                return 1
        return 0

    def sacked_twice(self, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` has a D-SACK of the SYN in X (Linux answers a repeated SYN,ACK so)."""
        if t.sack_count == 0 or t.sack_right[0] > t.ack:
            return 0
        return self.sacked(event, t)
