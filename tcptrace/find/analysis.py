"""What went wrong, frame by frame, by the rules of Wireshark 4.0's ``tcp.analysis.*``.

One pass over the columns, after the replay has given each segment its stream. F is the sender's direction, R the other;
comparisons are signed, modulo 2^32. The rules stand in Wireshark's order, for several may hold and some end the search.
Second copies of a packet are left out: they carry no other code.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/analysis.pxd``.
"""

from array import array

from tcptrace.find.numbers import (
    ACK_LOST_SEGMENT,
    DUPLICATE_ACK,
    FAST_RETRANSMISSION,
    KEEP_ALIVE,
    KEEP_ALIVE_ACK,
    LOST_SEGMENT,
    OUT_OF_ORDER,
    RETRANSMISSION,
    REUSED_PORTS,
    SPURIOUS_RETRANSMISSION,
    WINDOW_FULL,
    WINDOW_UPDATE,
    ZERO_WINDOW,
    ZERO_WINDOW_PROBE,
    ZERO_WINDOW_PROBE_ACK,
)
from tcptrace.find.tracks import MAX_UNACKED, MAX_UNANSWERED, NO_SCALE, UNKNOWN_SCALE
from tcptrace.flow.bits import HALF, MASK32, NO_TIME, NONE
from tcptrace.model.columns import SACK_WORDS
from tcptrace.model.tcpflags import ACK, FIN, OPT_SCALE, RST, SYN

from .ledger import Ledger, Tally
from .tracks import Direction, Lone, Track, Unacked

SFR = 0x07  # SYN, FIN or RST
WAS_KEEP_ALIVE = 1
WAS_PROBE = 2
NO_DUP = 0xFFFFFFFF  # an ACK of what was lost was told already (rule 11)
FAST_NS = 20_000_000  # a fast retransmission follows the last duplicate ACK within this
REORDERED_NS = (
    3_000_000  # out of order comes within the initial round trip, or within this where none is known
)


class Analysis:
    """All connections of a capture, by stream number."""

    __slots__ = ("ledger", "tracks", "unacked")

    def __init__(self, limit: int) -> None:
        """Keep ``limit`` notes a connection, code and side (0: all)."""
        self.ledger = Ledger(limit)
        self.unacked = Unacked()
        self.tracks: list[Track | Lone | None] = []

    def run(
        self,
        count: int,
        frame: "array[int]",
        time_ns: "array[int]",
        side: "array[int]",
        flags: "array[int]",
        seq: "array[int]",
        ack: "array[int]",
        window: "array[int]",
        length: "array[int]",
        options: "array[int]",
        scale: "array[int]",
        sack_count: "array[int]",
        sack: "array[int]",
        duplicate: "array[int]",
        stream_of: "array[int]",
    ) -> None:
        """Analyse ``count`` segments (``model.columns.Segments``) with their stream numbers ('q')."""
        tracks = self.tracks
        for i in range(count):
            if duplicate[i]:
                continue
            number = stream_of[i]
            while len(tracks) <= number:
                tracks.append(None)
            known = tracks[number]
            if known is None and flags[i] & (SFR | ACK) == SYN and length[i] == 0:
                lone = Lone()
                lone.frame = frame[i]
                lone.time_ns = time_ns[i]
                lone.seq = seq[i]
                lone.ack = ack[i]
                lone.window = window[i]
                lone.options = options[i]
                lone.scale = scale[i]
                lone.side = side[i]
                tracks[number] = lone
                continue
            if isinstance(known, Track):
                track = known
            else:
                track = Track()
                tracks[number] = track
                if isinstance(known, Lone):
                    self.wake(track, known)
            self.segment(
                track, side[i], frame[i], time_ns[i], flags[i], seq[i], ack[i], window[i], length[i], options[i], scale[i]
            )  # fmt: skip
            if flags[i] & ACK:
                way = track.high if side[i] else track.low
                if sack_count[i] or way.rest != NONE:
                    self.unacked.keep_blocks(way, frame[i], sack_count[i], sack, i * SACK_WORDS)

    def wake(self, track: Track, lone: Lone) -> None:
        """Let the SYN of a connection of which there is more now be analysed."""
        self.segment(
            track, lone.side, lone.frame, lone.time_ns, SYN, lone.seq, lone.ack, lone.window, 0, lone.options, lone.scale
        )  # fmt: skip

    def segment(
        self,
        track: Track,
        side: int,
        frame: int,
        now: int,
        flags: int,
        seq: int,
        ack: int,
        window: int,
        length: int,
        options: int,
        scale: int,
    ) -> None:
        """Analyse one segment: the rules by their numbers, then what both directions keep of it."""
        f = track.high if side else track.low
        r = track.low if side else track.high
        if flags & SYN:
            self.number(track, f, side, frame, flags, seq)
        elif not f.has_first:
            f.has_first = 1
            f.first = (seq - 1) & MASK32
        was = self.window_rules(track, f, r, side, frame, now, flags, seq, ack, window, length)
        if ack != f.last_ack:  # 10
            f.ack_frame = frame
            f.dup = 0
        if flags & ACK and r.cont and ((r.cont - ack) & MASK32) >= HALF:
            self.acknowledges_lost(track, r, side, frame, ack)  # 11
        if (length or flags & (SYN | FIN)) and not was & WAS_KEEP_ALIVE:
            self.sent_again(track, f, r, side, frame, now, flags, seq, length)  # 12
        self.advance(f, r, frame, now, flags, seq, length, was)
        f.win = window
        f.last_ack = ack
        f.last_ns = now
        f.last_frame = frame
        f.last_flags = was
        if flags & ACK:
            if r.old_frame:
                self.unacked.acknowledged(r, ack)
            if not flags & SYN:
                f.fresh = 0
                if track.rtt_ns == 0 and track.syn_ns != NO_TIME:
                    track.rtt_ns = now - track.syn_ns
        if flags & SYN:
            self.take_options(track, f, r, now, flags, options, scale)

    def number(self, track: Track, f: Direction, side: int, frame: int, flags: int, seq: int) -> None:
        """Compare a SYN with the direction's initial number; a SYN with a new one has opened a new stream already."""
        if f.has_first and f.first == seq:
            if not flags & ACK:
                f.nxt = f.cont  # a RST with a number beyond is forgotten
        elif f.has_first:
            self.note(track, REUSED_PORTS, side, frame, seq, f.first, f.last_frame, 0, 0, 0)
        f.has_first = 1
        f.first = seq

    def window_rules(
        self,
        track: Track,
        f: Direction,
        r: Direction,
        side: int,
        frame: int,
        now: int,
        flags: int,
        seq: int,
        ack: int,
        window: int,
        length: int,
    ) -> int:
        """Apply rules 1 to 9 and return what the segment was: WAS_ bits."""
        ahead = (seq - f.nxt) & MASK32
        if length == 1 and ahead == 0 and r.win == 0:
            self.note(
                track, ZERO_WINDOW_PROBE, side, frame, r.last_frame, (seq - f.first) & MASK32, 0, 0, 0, 0
            )  # 1
            return WAS_PROBE
        was = 0
        if f.nxt and 0 < ahead <= HALF and not flags & RST:  # 3
            self.note(
                track, LOST_SEGMENT, side, frame, ahead, f.nxt_frame, (f.nxt - f.first) & MASK32, 0, 0, 0
            )
        if not flags & SFR:
            if window == 0:  # 2
                self.note(
                    track, ZERO_WINDOW, side, frame, (ack - r.first) & MASK32, f.win, f.last_frame, 0, 0, 0
                )
            if length <= 1 and ahead == MASK32:  # 4
                idle = now - f.last_ns if f.last_frame else 0
                fin = f.nxt_frame if f.is_fin_last else 0
                self.note(track, KEEP_ALIVE, side, frame, length, f.last_frame, idle, fin, 0, 0)
                was = WAS_KEEP_ALIVE
            if length:
                self.fills_window(track, f, r, side, frame, seq, length)  # 6
            elif ahead == 0 and ack == f.last_ack:
                if window == 0:
                    if f.win == 0 and r.last_flags & WAS_PROBE:  # 8
                        ago = now - r.last_ns
                        self.note(track, ZERO_WINDOW_PROBE_ACK, side, frame, r.last_frame, ago, 0, 0, 0, 0)
                elif window != f.win:  # 5
                    before = self.shift(f)  # of the window in a SYN: none (RFC 7323 2.2)
                    shift = f.scale if f.scale > 0 else 0
                    self.note(
                        track, WINDOW_UPDATE, side, frame, f.win << (before if before > 0 else 0), window << shift,
                        before, f.last_frame, now - f.last_ns, 0,
                    )  # fmt: skip
                elif r.last_flags & WAS_KEEP_ALIVE:  # 7
                    self.note(track, KEEP_ALIVE_ACK, side, frame, r.last_frame, now - r.last_ns, 0, 0, 0, 0)
                else:  # 9
                    f.dup = 1 if f.dup == NO_DUP else f.dup + 1
                    beyond = (r.nxt - ack) & MASK32
                    if beyond >= HALF or not r.nxt:
                        beyond = 0
                    self.note(
                        track, DUPLICATE_ACK, side, frame, f.dup, f.ack_frame, (ack - r.first) & MASK32, beyond,
                        r.last_frame, 0,
                    )  # fmt: skip
        return was

    def shift(self, way: Direction) -> int:
        """Return the shift of a direction's window, NONE where it is not known."""
        if way.scale == UNKNOWN_SCALE:
            return NONE
        return 0 if way.scale == NO_SCALE or way.fresh else way.scale

    def fills_window(
        self, track: Track, f: Direction, r: Direction, side: int, frame: int, seq: int, length: int
    ) -> None:
        """Rule 6: the segment ends at the right edge of the peer's window."""
        if r.scale == UNKNOWN_SCALE:
            return
        octets = r.win << self.shift(r)
        if (seq + length) & MASK32 == (r.last_ack + octets) & MASK32:
            self.note(track, WINDOW_FULL, side, frame, length, octets, r.last_frame, 0, 0, 0)

    def acknowledges_lost(self, track: Track, r: Direction, side: int, frame: int, ack: int) -> None:
        """Rule 11: an ACK beyond what the capture has of the peer without a hole."""
        missing = (ack - r.cont) & MASK32
        if (r.cont - r.nxt) & MASK32 >= HALF:
            r.cont = r.nxt
        else:
            told = r.dup
            r.dup = NO_DUP
            if told:
                return
        self.note(
            track, ACK_LOST_SEGMENT, side, frame, missing, (ack - r.first) & MASK32, r.nxt_frame, 0, 0, 0
        )

    def sent_again(
        self,
        track: Track,
        f: Direction,
        r: Direction,
        side: int,
        frame: int,
        now: int,
        flags: int,
        seq: int,
        length: int,
    ) -> None:
        """Rule 12: one of spurious, fast, out of order and other retransmissions, or none."""
        back = 1 if f.nxt and (seq - f.nxt) & MASK32 >= HALF else 0
        if length > 1 and seq == (f.nxt - 1) & MASK32:
            back = 0  # after a keep-alive or a probe its octet is sent again with what follows
        end = (seq + length) & MASK32
        asked = r.ack_frame if r.last_ack == seq else 0
        if length and r.last_ack and not 0 < ((end - r.last_ack) & MASK32) < HALF:
            self.note(
                track,
                SPURIOUS_RETRANSMISSION,
                side,
                frame,
                length,
                r.last_frame,
                now - r.last_ns,
                r.ack_frame,
                0,
                0,
            )
            self.repeat(track, f, r, side, frame, now, flags, seq, length, -r.last_frame)
            return
        if not back:
            return
        if asked and r.dup >= 2 and 0 <= now - r.last_ns < FAST_NS:
            dup = 0 if r.dup == NO_DUP else r.dup
            self.note(
                track,
                FAST_RETRANSMISSION,
                side,
                frame,
                length,
                dup,
                r.ack_frame,
                r.last_frame,
                now - r.last_ns,
                0,
            )
            self.repeat(track, f, r, side, frame, now, flags, seq, length, asked)
            return
        if flags & (SYN | FIN):
            end = (end + 1) & MASK32
        limit = track.rtt_ns if track.rtt_ns else REORDERED_NS
        if 0 <= now - f.nxt_ns < limit and end != f.nxt:
            self.note(
                track, OUT_OF_ORDER, side, frame, length, f.nxt_frame, now - f.nxt_ns, track.rtt_ns,
                (f.nxt - end) & MASK32, 0,
            )  # fmt: skip
            return
        self.repeat(track, f, r, side, frame, now, flags, seq, length, asked)

    def repeat(
        self,
        track: Track,
        f: Direction,
        r: Direction,
        side: int,
        frame: int,
        now: int,
        flags: int,
        seq: int,
        length: int,
        asked: int,
    ) -> None:
        """Note a retransmission, with the frame that it repeats and what the peer had shown of it.

        ``asked``: the frame of the ACK that asks for it, negative where that ACK has it all.
        """
        first = 0
        ago = 0
        if self.unacked.find(f, seq):
            first = self.unacked.found_frame
            ago = now - self.unacked.found_ns
        sacked = self.unacked.find_block(r, seq, (seq + length) & MASK32) if length else 0
        self.note(track, RETRANSMISSION, side, frame, length, flags & (SYN | FIN), first, ago, asked, sacked)

    def advance(
        self, f: Direction, r: Direction, frame: int, now: int, flags: int, seq: int, length: int, was: int
    ) -> None:
        """Take what the segment sent into its direction (a RST's data and number count)."""
        f.has_sent = 1
        if was & WAS_PROBE:
            return
        end = seq + length
        if flags & (SYN | FIN):
            end += 1
        end &= MASK32
        if not f.nxt or ((f.nxt - end) & MASK32) >= HALF:
            if end != seq:
                self.unacked.add(f, seq, end, frame, now, MAX_UNACKED if r.has_sent else MAX_UNANSWERED)
            f.nxt = end
            f.nxt_frame = frame
            f.nxt_ns = now
            f.is_fin_last = 1 if flags & FIN else 0
        if seq == f.cont or not f.cont:
            f.cont = f.nxt

    def take_options(
        self, track: Track, f: Direction, r: Direction, now: int, flags: int, options: int, scale: int
    ) -> None:
        """Take what a SYN says of both windows' scales; it acts from the next segment on.

        RFC 7323 2.2: windows are scaled only where both SYNs have the option.
        """
        f.fresh = 1
        if not flags & ACK:
            track.syn_ns = now
        if options & OPT_SCALE:
            shift = scale if scale < 15 else 14  # RFC 7323 2.3: more is taken as 14
            f.scale = NO_SCALE if flags & ACK and r.scale == NO_SCALE else shift
        elif f.scale == UNKNOWN_SCALE:
            f.scale = NO_SCALE
            r.scale = NO_SCALE

    def note(
        self, track: Track, code: int, side: int, frame: int, a: int, b: int, c: int, d: int, e: int, f: int
    ) -> None:
        """Add a note to a connection."""
        track.notes = self.ledger.note(track.notes, code, side, frame, a, b, c, d, e, f)

    def read(self, number: int) -> list[Tally]:
        """Return what was found in a stream."""
        known = self.tracks[number] if number < len(self.tracks) else None
        return self.ledger.read(known.notes) if isinstance(known, Track) and known.notes != NONE else []

    def total(self, number: int, code: int, side: int) -> int:
        """Return how often a code was noted of a side of a stream."""
        known = self.tracks[number] if number < len(self.tracks) else None
        if not isinstance(known, Track):
            return 0
        track = known
        return self.ledger.total(track.notes, code, side)

    def is_quiet(self, number: int) -> int:
        """Return 1 where nothing was noted of a stream."""
        if number >= len(self.tracks):
            return 1
        known = self.tracks[number]
        if not isinstance(known, Track):
            return 1
        track = known
        return 1 if track.notes == NONE else 0

    def forget(self, number: int) -> None:
        """Let go of a stream that is written."""
        if number >= len(self.tracks):
            return
        known = self.tracks[number]
        if isinstance(known, Track):
            track = known
            if track.notes != NONE:
                self.ledger.forget(track.notes)
            self.unacked.give_back(track.low)
            self.unacked.give_back(track.high)
        self.tracks[number] = None
