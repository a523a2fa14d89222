"""What a segment of an end shows of the segments it should have received: proof, postponement, withdrawal.

replay.md, "Exact rules": *Knowing*, *Postponed*, *Withdrawn*, *Proof*. T is the segment in hand, sent by the end; X is the
segment behind an open offer.
"""

from tcptrace.flow.bits import (
    ASSUMED,
    BEHIND_HOLE,
    CONFIRMED,
    F_SYN,
    F_SYN_ACK,
    HALF,
    INFERRED,
    MASK32,
    TURN_RECEIVER,
    TURN_SENDER,
    WAITS,
)
from tcptrace.tcp.machine import (
    RCV_ACK_OF_FIN,
    RCV_ACK_OF_SYN,
    RCV_FIN,
    RCV_RST,
    RCV_RST_PASSIVE,
    RCV_SYN,
    RCV_SYN_ACK,
    REUSED,
    SND_FIN,
)

from ..flow.rows import Copy, End, Event, Segment
from .paths import Paths
from .proofs import Proofs

REFUSALS = 2  # so many repeated SYN,ACKs show that the listener refuses the ACK (a full accept queue), not that it is lost


class Testimony:
    """Judges an end's open offers by each of its segments."""

    __slots__ = ("moved", "paths", "proofs", "went_on")

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.proofs = Proofs(paths)
        self.moved: Event | None = None  # offers that T postponed, to be put behind T's own steps
        self.went_on = 0  # frame of a RST that T shows not to have moved its sender; 0: none

    def judge(self, end: End, peer: End, t: Segment) -> None:
        """Prove, withdraw or postpone the end's open offers by its segment ``t``, which its row has not seen yet."""
        self.moved = None
        self.went_on = 0
        changed = 0
        older = self.is_older(end, t)
        event = end.pending
        while event is not None:
            following = event.next
            if event.evidence == ASSUMED and event.frame > 0 and event.input not in (REUSED, SND_FIN):
                reopened = self.find_reopening(event)
                if reopened is not None:
                    if not t.syn and not t.rst and reopened.evidence == ASSUMED:
                        # The SYN behind the RST was not answered by a SYN,ACK: it found the connection open.
                        if following is reopened:
                            following = reopened.next
                        self.paths.remove(end, reopened)
                        self.paths.remove(end, event)
                elif self.proofs.proves(end, peer, event, t):
                    self.confirm(end, event, t)
                    changed = 1
                elif not older and (self.is_repeated(end, event, t) or self.is_refused(end, event, t)):
                    if event.input in (RCV_RST, RCV_RST_PASSIVE):
                        self.paths.remove(end, event)
                    elif event.held != WAITS:
                        # Made again at the next acceptable segment whose ACK covers it; where none comes, a proof
                        # of it can only mean this one, later.
                        self.count_refusal(end, event)
                        self.doubt_close(end, event, t)
                        event.held = WAITS
                        self.postpone(event, t)
                        changed = 1
                elif event.input == RCV_FIN and not event.held and self.shows_hole(event, t):
                    event.held = BEHIND_HOLE
                    event.hole = 1
                    event.copies = None
                    changed = 1
                elif event.held:
                    pass
                elif event.input in (RCV_RST, RCV_RST_PASSIVE) and self.challenges(end, event, t):
                    self.went_on = event.frame
                    self.paths.remove(end, event)
                elif (not older or self.shows_crossing(end, event, t)) and self.denies(end, event, t):
                    self.paths.remove(end, event)
                    self.postpone(event, t)
                    event.next = self.moved
                    self.moved = event
                elif event.input in (RCV_RST, RCV_RST_PASSIVE) and not t.rst and not older:
                    # Whoever goes on was not moved.
                    self.went_on = event.frame
                    self.paths.remove(end, event)
            event = following
        if self.moved is not None and end.fin_seq >= 0:
            self.join_ack(end)
        if changed:
            self.paths.fold(end)

    def postpone(self, event: Event, t: Segment) -> None:
        """Let the offer stand where ``t`` does: neither its segment nor an earlier copy had come by then."""
        event.place = t.frame
        event.place_ns = t.time_ns
        event.turn = TURN_SENDER
        event.proof = 0  # of a SYN: the peer's ACK that showed it was of something else
        copy = event.copies
        while copy is not None:
            copy.place = t.frame
            copy.place_ns = t.time_ns
            copy.turn = TURN_SENDER
            copy = copy.next

    def find_reopening(self, event: Event) -> Event | None:
        """Return the open SYN that found a passive opener back in LISTEN, if ``event`` is the RST before it."""
        if event.input != RCV_RST_PASSIVE:
            return None
        following = event.next
        while following is not None and following.input != RCV_SYN:
            following = following.next
        return following

    def join_ack(self, end: End) -> None:
        """Let the ACK of the end's FIN wait with the FIN that carries it: neither had come.

        Where it came earlier, in a segment of its own, that one was withdrawn: the FIN is the next that covers it.
        """
        fin = self.moved
        while fin is not None and fin.input != RCV_FIN:
            fin = fin.next
        if fin is None or fin.x_ack <= end.fin_seq:
            return
        event = self.paths.find(end, RCV_ACK_OF_FIN)
        if event is None or event.held != WAITS:
            return
        self.make_again(event, fin.frame, fin.place, fin.place_ns, fin.turn, fin.has_ts, fin.tsval)
        event.in_turn = fin.in_turn
        self.paths.remove(end, event)
        event.next = fin.next  # the list is newest first
        fin.next = event

    def restore(self, end: End) -> None:
        """Put the postponed offers behind the steps that ``t`` made."""
        back: Event | None = None
        while self.moved is not None:  # the list is newest first
            event = self.moved
            self.moved = event.next
            event.next = back
            back = event
        while back is not None:
            event = back
            back = event.next
            self.paths.append(end, event)

    def challenges(self, end: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` is a challenge ACK: the RST was not at RCV.NXT after all (RFC 5961 3.2)."""
        if t.length or t.syn or t.fin or t.rst or t.ack < 0:
            return 0
        return 1 if t.ack == end.ack_last and t.seq == end.snd_nxt and event.seq > t.ack else 0

    def is_older(self, end: End, t: Segment) -> int:
        """Return 1 where ``t`` is older than what the end sent before (by TSval, else by ACK)."""
        if t.has_ts and end.has_ts:
            return 1 if ((t.tsval - end.tsval) & MASK32) >= HALF else 0
        return 1 if 0 <= t.ack < end.ack_high else 0

    def shows_crossing(self, end: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` is the end's first FIN: if it does not know the FIN in X it was sent before that came."""
        return 1 if t.fin and event.input == RCV_FIN and self.paths.find(end, SND_FIN) is None else 0

    def confirm(self, end: End, event: Event, t: Segment) -> None:
        """Mark the offer proved by ``t``, at the copy that ``t`` names."""
        event.evidence = CONFIRMED
        event.settled = 1
        event.proof = t.frame
        if event.held == WAITS:
            event.held = 0
            self.follow_up(event)
        elif event.held:  # the hole was filled by what was not captured
            event.held = 0
            event.evidence = INFERRED
            event.frame = t.frame
            event.place = t.frame
            event.place_ns = t.time_ns
            event.turn = TURN_SENDER
            self.paths.remove(end, event)
            self.paths.append(end, event)  # behind what the end did while it waited
        chosen: Copy | None = None
        copy = event.copies
        twice = (
            event.copies is not None
            and t.sack_count > 0
            and t.sack_right[0] <= t.ack
            and self.proofs.sacked(event, t)
        )
        while copy is not None:
            if twice or (t.has_ts and copy.has_ts and copy.tsval == t.tsecr):
                chosen = copy  # with a D-SACK the last in the list, which is the first copy
            copy = copy.next
        if chosen is not None:
            event.frame = chosen.frame
            event.place = chosen.place
            event.place_ns = chosen.place_ns
            event.turn = chosen.turn
            self.paths.put_back(end, event)
        event.copies = None

    def follow_up(self, event: Event) -> None:
        """Let what stands behind an event in the path stand no earlier in the order."""
        following = event.next
        while following is not None:
            if following.place < event.place:
                following.place = event.place
                following.place_ns = event.place_ns
                following.turn = event.turn
            following = following.next

    def is_repeated(self, end: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` repeats the SYN, SYN,ACK or FIN that X acknowledges (*Withdrawn*, b)."""
        what = event.input
        if t.syn and t.ack < 0:
            again = t.seq == end.iss and end.flags & F_SYN
            return 1 if again and (what in (RCV_SYN_ACK, RCV_RST, RCV_RST_PASSIVE)) else 0
        if t.syn:
            return (
                1
                if what == RCV_ACK_OF_SYN
                and end.flags & F_SYN_ACK
                and t.seq == end.iss
                and t.ack == end.synack_ack
                else 0
            )
        if t.fin:
            return 1 if what == RCV_ACK_OF_FIN and end.fin_seq >= 0 and t.end - 1 == end.fin_seq else 0
        return 0

    def is_refused(self, end: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` answers X, an ACK at the right edge of the end's window, with its own ACK again.

        RFC 9293 3.10.7.4 does not accept X there, and then answers it; Linux does accept it, and does not.
        """
        if event.input != RCV_ACK_OF_FIN or not event.seq >= end.window_edge > end.ack_high:
            return 0
        if t.length or t.syn or t.fin or t.rst:
            return 0
        return 1 if t.ack == end.ack_last and t.seq == end.snd_nxt else 0

    def count_refusal(self, end: End, event: Event) -> None:
        """Remember that a repeated SYN,ACK withdrew the ACK of it."""
        if event.input == RCV_ACK_OF_SYN:
            cold = end.chill()
            cold.refused += 1

    def doubt_close(self, end: End, event: Event, t: Segment) -> None:
        """A FIN before a SYN,ACK that comes again: sent in SYN-RECEIVED, or that is a late copy, made by the path.

        Only a timestamp tells (is_older).
        """
        if event.input == RCV_ACK_OF_SYN and not t.has_ts:
            fin = self.paths.find(end, SND_FIN)
            if fin is not None:
                fin.evidence = ASSUMED
                fin.proof = 0

    def is_refusing(self, end: End) -> int:
        """Return 1 where the end has answered ACK after ACK with its SYN,ACK again: it does not take them."""
        cold = end.cold
        return 1 if cold is not None and cold.refused >= REFUSALS else 0

    def shows_hole(self, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` SACKs beyond a hole below X (*Withdrawn*, c)."""
        if t.ack < 0 or t.ack >= event.end_seq:
            return 0
        for at in range(t.sack_count):
            if t.ack < t.sack_left[at] < event.end_seq:
                return 1
        return 0

    def denies(self, end: End, event: Event, t: Segment) -> int:
        """Return 1 where ``t`` does not know X (*Knowing*); ``t`` is not older than what the end sent before."""
        if 0 <= t.ack < event.end_seq and not self.proofs.sacked(event, t):
            return 1
        if t.syn:
            return 1
        if event.input == RCV_FIN and t.ack >= event.end_seq:
            return 0  # it came, though not surely before the end's own
        if t.fin and event.x_ack >= 0 and t.end - 1 == end.fin_seq and event.x_ack > end.fin_seq >= 0:
            return 1
        if event.input in (RCV_RST, RCV_RST_PASSIVE) or not event.has_ts or not t.has_ts:
            return 0
        # RFC 7323 4.3: with X.seq = Last.ACK.sent, and that sent before X came, X would have become TS.Recent.
        return (
            1
            if event.in_turn and event.seq == end.ack_last and ((t.tsecr - event.tsval) & MASK32) >= HALF
            else 0
        )

    def repeat(self, end: End, event: Event, x: Segment) -> None:
        """Make the offer again at a later copy of its segment (*Withdrawn*, a and c)."""
        self.make_again(event, x.frame, x.frame, x.time_ns, TURN_RECEIVER, x.new_ts, x.tsval)
        event.in_turn = 1 if x.seq <= end.ack_high else 0
        self.paths.remove(end, event)
        self.paths.append(end, event)

    def make_again(
        self, event: Event, frame: int, place: int, place_ns: int, turn: int, has_ts: int, tsval: int
    ) -> None:
        """Name another segment as the one behind the offer, and keep the one before among its copies."""
        if not event.held or (event.held == WAITS and event.input in (RCV_ACK_OF_SYN, RCV_ACK_OF_FIN)):
            # What lay behind a hole, or was refused, did nothing; what was withdrawn may have come later.
            copy = Copy()
            copy.frame = event.frame
            copy.place = event.place
            copy.place_ns = event.place_ns
            copy.turn = event.turn
            copy.has_ts = event.has_ts
            copy.tsval = event.tsval
            copy.next = event.copies
            event.copies = copy
        if event.held:
            event.proof = 0  # an ACK of the peer's was of something else
        event.held = 0
        event.frame = frame
        event.place = place
        event.place_ns = place_ns
        event.turn = turn
        event.has_ts = has_ts
        event.tsval = tsval
