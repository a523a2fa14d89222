"""The running state of the replay: a row for a four-tuple, a connection, an end, and each step that is still open.

Plain classes with typed fields; the compiled twin makes C structs of them. Sequence numbers are *unwrapped*: 64-bit, equal
modulo 2^32 to the number on the wire, so that ``<`` is right (RFC 9293 3.4 compares modulo 2^32; ``unwrap`` does it once, at
the entry). ``NONE`` means absent. What most ends never need is in ``Cold``, made when it is.
"""

from array import array

from tcptrace.flow.bits import F_ACKED, HALF, MASK32, NO_TIME, NONE, WRAP
from tcptrace.model import words
from tcptrace.model.states import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    import cython  # what the compiler reads, wherever it stands
else:
    from tcptrace.model import uncompiled as cython


class Copy:
    """An earlier copy of a segment that was sent again: which one did it is decided by the proof (replay.md, Withdrawn)."""

    __slots__ = ("frame", "has_ts", "next", "place", "place_ns", "tsval", "turn")

    def __init__(self) -> None:
        self.frame = 0
        self.place = 0
        self.place_ns = 0
        self.turn = 0
        self.has_ts = 0
        self.tsval = 0
        self.next: Copy | None = None


class Event:
    """An input to one end, in path order: its own segment, or an offer (a segment that it should have received)."""

    __slots__ = (
        "copies", "end_seq", "evidence", "frame", "has_ts", "held", "hole", "in_turn", "input", "next", "place",
        "place_ns", "proof", "seq", "settled", "shown_ns", "spare", "tsval", "turn", "x_ack",
    )  # fmt: skip

    def __init__(self) -> None:
        self.input = 0  # machine.INPUTS
        self.evidence = 0
        self.settled = 0  # 1: nothing can withdraw it any more
        self.held = 0  # 1: it waits (for the copy that fills a hole, or for its turn) and moves nobody
        self.hole = 0  # 1: it had to wait for a hole to be filled
        self.in_turn = 0  # 1: all before the segment was acknowledged when it was captured
        self.has_ts = 0  # 1: `tsval` names the segment (greater than all the sender's TSvals before)
        self.tsval = 0
        self.frame = 0  # the causing segment; 0: a timer
        self.place = 0  # where it stands in the order: its own frame, or the one that postponed it
        self.place_ns = 0
        self.turn = 0  # TURN_: within the frame `place`, timers come first, then its sender's steps, then its receiver's
        self.proof = (
            0  # the proving frame; 0: none; of an assumed one: the peer's segment that shows it all the same
        )
        self.shown_ns = 0  # that segment's time
        self.seq = 0  # the causing segment's first number, in its sender's space
        self.end_seq = 0  # and the number after its last
        self.x_ack = NONE  # its ack, in the receiver's space
        self.copies: Copy | None = None  # earlier copies, newest first
        self.next: Event | None = None
        self.spare: Event | None = None  # of a settled one: the next that can be used again


class Gap:
    """A range [left, right) captured beyond a hole."""

    __slots__ = ("left", "next", "right")

    def __init__(self) -> None:
        self.left = 0
        self.right = 0
        self.next: Gap | None = None


class Flight:
    """Outstanding segments of one direction beyond the first, for round-trip samples: a ring of (end, time)."""

    __slots__ = ("count", "ends", "first", "times")

    def __init__(self, size: int) -> None:
        self.first = 0
        self.count = 0
        self.ends = array("q", bytes(8 * size))
        self.times = array("q", bytes(8 * size))


class Cold:
    """What few ends need."""

    __slots__ = (
        "challenge_frame", "gap_count", "gaps", "hole_frame", "hole_left", "hole_right", "karn_high",
        "karn_low", "lost_frame", "refused", "restart_ns", "rst_frame", "rst_seq", "spare_end", "spare_frame",
        "unsent_ack", "unsent_frame", "unsent_from",
    )  # fmt: skip

    def __init__(self) -> None:
        self.gaps: Gap | None = None  # captured beyond a hole, ascending
        self.gap_count = 0
        self.karn_low = 0  # sent twice: an ACK in (karn_low, karn_high] gives no sample (Karn's rule)
        self.karn_high = NONE
        self.refused = 0  # how often its repeated SYN,ACK withdrew the ACK of it
        self.rst_frame = 0  # its RST, while that closes it
        self.rst_seq = NONE
        self.lost_frame = 0  # the peer's ACK that shows its SYN,ACK, which was not captured
        self.challenge_frame = (
            0  # a SYN or RST that it should refuse; its next segment may be the challenge ACK
        )
        self.unsent_ack = NONE  # an ACK of what it was not seen to send (decided later)
        self.unsent_frame = 0
        self.unsent_from = NONE
        # Its newest hole that an ACK of the peer covered: what comes for it after all takes the finding back (tap_loss).
        self.hole_frame = 0  # that ACK; 0: none
        self.hole_left = NONE
        self.hole_right = NONE
        self.restart_ns = NO_TIME  # the last FIN that came again in TIME-WAIT
        # The peer's SYN that its SYN,ACK did not answer (RFC 9293 Figure 8): it comes into its own after the RST.
        self.spare_frame = 0
        self.spare_end = NONE


class End:
    """One end: what it sent, what it has shown to have received, and its state.

    ``iss``, ``snd_nxt``, ``cont``, ``fin_seq`` are in its own space; ``ack_*`` and ``window_edge`` in the peer's.
    """

    __slots__ = (
        "ack_high", "ack_last", "cold", "cont", "data_bytes", "duplicates", "fin_carrier", "fin_frame",
        "fin_seq", "fin_x_ack", "first_raw", "flags", "flight", "has_ts", "iss", "last_frame", "packets",
        "path_len", "pending", "proven", "rtt_count", "rtt_max", "rtt_min", "rtt_sum", "scale", "sent_end",
        "sent_ns", "since_ns", "snd_nxt", "start", "state", "steps", "synack_ack", "tsecr", "tsval",
        "unique_bytes", "until_ns", "window", "window_edge", "window_max",
    )  # fmt: skip

    def __init__(self) -> None:
        self.packets = 0
        self.duplicates = 0
        self.data_bytes = 0
        self.last_frame = 0  # of its segments
        self.unique_bytes = 0  # NONE: too many holes, not known any more
        # Sending.
        self.iss = NONE  # its SYN's number; without a SYN the number before the first one seen
        self.snd_nxt = NONE  # highest end captured or acknowledged
        self.cont = (
            NONE  # end of what was captured without a hole or acknowledged: RCV.NXT assumed at the peer
        )
        self.fin_frame = 0
        self.fin_x_ack = NONE  # what its first FIN acknowledged
        self.fin_carrier = NONE  # end of the peer's first segment that carried an ACK of this end's FIN
        self.fin_seq = NONE  # number of its FIN
        self.first_raw = (
            NONE  # the direction's initial number as the stream rule keeps it (contract, Streams)
        )
        # Receiving, as its own segments show it.
        self.ack_high = NONE  # highest ACK: RCV.NXT proven
        self.ack_last = NONE  # ACK of its last segment
        self.synack_ack = NONE  # what its SYN,ACK acknowledged
        self.window_edge = NONE  # ACK + window, of its newest ACK: the right edge of its receive window
        self.window_max = 0  # the largest window it ever offered
        self.window = 0  # raw, of its last segment
        self.scale = NONE  # window scale; NONE: unknown
        self.has_ts = 0  # it uses timestamps
        self.tsval = 0  # highest TSval it sent
        self.tsecr = 0  # TSecr of its last segment: TS.Recent proven
        # The path.
        self.start = UNKNOWN
        self.proven = UNKNOWN  # state after the settled steps
        self.state = UNKNOWN  # with the open events applied
        self.flags = 0
        self.since_ns = NO_TIME  # in TIME-WAIT
        self.until_ns = NO_TIME  # and its 2MSL end
        self.pending: Event | None = None  # open events, in path order
        self.steps = NONE  # newest settled step in the arena
        self.path_len = 0  # settled steps
        # Round trips: the oldest outstanding segment here, more in `flight`.
        self.sent_end = NONE
        self.sent_ns = 0
        self.rtt_count = 0
        self.rtt_sum = 0
        self.rtt_min = 0
        self.rtt_max = 0
        self.flight: Flight | None = None
        self.cold: Cold | None = None

    def chill(self) -> Cold:
        """Return the rarely used part, made when it is first needed."""
        cold = self.cold
        if cold is None:
            cold = Cold()
            self.cold = cold
        return cold


class Stream:
    """One connection."""

    __slots__ = (
        "application", "both_frame", "first_frame", "first_ns", "first_side", "flags", "handshake_ns",
        "high", "key", "last_frame", "last_ns", "low", "notes", "number", "older", "older_frame",
        "previous", "quiet", "syn_ns", "syn_side", "synack_ns", "synack_side",
    )  # fmt: skip

    def __init__(self) -> None:
        self.number = 0
        self.key: Entry | None = None  # its four-tuple
        self.first_frame = 0
        self.last_frame = 0
        self.first_ns = 0
        self.last_ns = 0
        self.first_side = 0
        self.low: End | None = None
        self.high: End | None = None
        self.quiet = 0  # 1: both ends are established, nothing is open: the fast road
        self.flags = 0
        self.syn_side = NONE  # who sent the first SYN without ACK
        self.synack_side = NONE
        self.syn_ns = NO_TIME
        self.synack_ns = NO_TIME
        self.handshake_ns = NO_TIME  # time of the client's first ACK of the SYN,ACK
        self.application = (
            0  # bits: 1, 2 first payload of side 0, 1 was looked at; above: number of the label
        )
        self.notes: list[tuple[int, ...]] | None = None  # findings, see tcp.notes
        self.previous: Stream | None = None  # the four-tuple's older stream, while segments may concern it
        self.older = 0  # of a reused four-tuple: the stream before,
        self.older_frame = 0  # and its last frame
        self.both_frame = 0  # the second end's SYN without ACK

    def end_of(self, side: int) -> End:
        """Return the end of a side, made where no segment of it came yet."""
        end = self.high if side else self.low
        if end is None:
            end = End()
            if side:
                self.high = end
            else:
                self.low = end
        return end

    def is_one_way(self) -> int:
        """Return 1 where one end's segments were captured, which acknowledge the other's."""
        low = self.low
        high = self.high
        if low is None or high is None:
            return 0
        if high.packets == 0:
            return 1 if low.flags & F_ACKED else 0
        return 1 if low.packets == 0 and high.flags & F_ACKED else 0


# Out of the garbage collector's sight, which spares 16 octets of each: a flood of SYNs makes millions. An entry and its
# newest stream hold each other: whoever lets go of that stream takes it from the entry (`tcp.store`).
@cython.no_gc
@cython.cclass
class Entry:
    """A four-tuple in the flow table: its newest stream, or a SYN that has no stream yet (`tcp.drafts`)."""

    __slots__ = (
        "draft", "first_frame", "first_ns", "k0", "k1", "k2", "k3", "k4", "number", "options", "packed", "scale", "seq",
        "side", "stream", "tsval", "window",
    )  # fmt: skip

    def __init__(self) -> None:
        self.k0 = 0
        self.k1 = 0
        self.k2 = 0
        self.k3 = 0
        self.k4 = 0
        self.stream: Stream | None = (
            None  # None: packed, or begun by the SYN that is kept in the fields below
        )
        self.draft = NONE  # where the plain segments behind the SYN are (`tcp.drafts`)
        self.packed = 0  # 1: over and packed, in the replay's list of streams (tcp.packed)
        self.number = 0
        self.first_frame = 0
        self.first_ns = 0
        self.seq = 0
        self.tsval = 0
        self.window = 0
        self.options = 0
        self.side = 0
        self.scale = 0


words.pooled(Entry)


class Segment:
    """The segment in hand, numbers unwrapped."""

    __slots__ = (
        "ack", "end", "fin", "flags", "frame", "fresh", "has_ts", "length", "new_ts", "options", "rst",
        "sack_count", "sack_left", "sack_right", "scale", "seq", "side", "syn", "time_ns", "tsecr", "tsval",
        "window",
    )  # fmt: skip

    def __init__(self) -> None:
        self.frame = 0
        self.time_ns = 0
        self.side = 0
        self.flags = 0
        self.syn = 0
        self.fin = 0
        self.rst = 0
        self.seq = 0
        self.end = 0  # seq + length, +1 each for SYN and FIN
        self.length = 0
        self.ack = NONE  # NONE without the ACK bit
        self.window = 0
        self.options = 0
        self.scale = 0
        self.has_ts = 0
        self.tsval = 0
        self.tsecr = 0
        self.fresh = 0  # it carries numbers that its sender had not sent before
        self.new_ts = 0  # its TSval is greater than all the sender's before
        self.sack_count = 0
        self.sack_left = array("q", bytes(32))
        self.sack_right = array("q", bytes(32))


class Numbers:
    """Sequence number arithmetic for the hot files."""

    __slots__ = ()

    def unwrap(self, raw: int, near: int) -> int:
        """Return the number equal to ``raw`` modulo 2^32 that lies nearest to ``near`` (RFC 9293 3.4)."""
        difference = (raw - near) & MASK32
        if difference >= HALF:
            difference -= WRAP
        return near + difference
