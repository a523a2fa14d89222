"""A plain connection that is over (``tcp.drafts``), read without the replay: all that its record says but its states.

Its states depend on its *shape* alone, which is what the replay can tell apart in such a connection: which end sent what in
turn, how much of the other end's segments each ACK leaves open, and how timestamps compare. The numbers themselves, the
windows (nothing comes near an edge) and the times (nothing lasts 2MSL) decide nothing. So connections of one shape have
made the same steps at the same rows, and who knows the steps of one knows those of all (``find.shapes``).

A hot file: plain Python here, compiled with the C types of ``_compiled/tcp/plain.pxd``.
"""

from array import array

from tcptrace.flow.bits import HALF, MASK32, NO_TIME, NONE
from tcptrace.model import words
from tcptrace.model.tcpflags import FIN, OPT_TIMESTAMPS, SYN
from tcptrace.tcp.draft_codes import COUNT_SHIFT, KEPT, KEPT_WORDS, MOST, OPENER, ROW_WORDS

from ..flow.rows import End, Entry, Stream
from .kept import Kept

SEGMENTS = MOST + 1  # the SYN, and the rows behind it
SHAPE_WORDS = 1 + (MOST + 3) // 4

# A row's part of the shape, 16 bits: `OPENER_BIT`, `FIN_BIT`, `TEXT_BIT`; six of `covers` and seven of `compares`.
OPENER_BIT, FIN_BIT, TEXT_BIT = 1, 2, 4
COVERS_SHIFT = 3
COMPARES_SHIFT = 9
AMID = 32  # an ACK amid a segment
SAME_SHIFT = 6


class Plain:
    """Reads one connection after the other into the same rows. Ends are 1 the opener, 0 the other."""

    __slots__ = (
        "cells", "count", "counts", "covered", "frames", "high", "is_distinct", "low", "msl2_ns", "nowhere", "places",
        "sizes", "stamps", "stream", "times",
    )  # fmt: skip

    def __init__(self, msl2_ns: int) -> None:
        self.msl2_ns = msl2_ns
        self.stream = Stream()  # as the replay would leave it, but for what rests on the ends' states
        self.low = End()
        self.high = End()
        self.count = 0  # segments
        self.frames = array("q", bytes(8 * (SEGMENTS + 1)))  # of the SYN and each row; `nowhere`: 0
        self.times = array("q", bytes(8 * (SEGMENTS + 1)))
        self.nowhere = SEGMENTS  # a place in both that is no segment's
        self.is_distinct = 0  # no two of these times are the same
        # Of each end: segments with a timestamp, then its segments that took numbers, and how many of these are covered.
        self.counts = array("q", bytes(8 * 4))
        self.covered = array("q", bytes(8 * 2))
        self.stamps = array("q", bytes(8 * 2 * SEGMENTS))
        self.sizes = array("q", bytes(8 * 2 * SEGMENTS))
        self.places = array("q", bytes(8 * 2 * SEGMENTS))  # which segments they are
        self.cells = array("Q", bytes(8 * SHAPE_WORDS))

    def read(self, entry: Entry, kept: Kept, clock_ns: int) -> "bytes | None":
        """Fill the rows; return the shape, or None where the states rest on more than that.

        ``kept`` is the drafts'. By ``clock_ns`` the end of TIME-WAIT is part of the shape, where that is plain whoever holds
        it.
        """
        if entry.draft >= NONE:
            return None
        base = kept.turn(KEPT - entry.draft)
        page = words.words64(kept.page)
        count = page[base] >> COUNT_SHIFT
        self.begin(entry)
        self.count = 1 + count
        stamped = 1 if entry.options & OPT_TIMESTAMPS else 0
        low = self.low
        high = self.high
        frame = entry.first_frame
        now = entry.first_ns
        for row in range(count):
            at = base + KEPT_WORDS + row * ROW_WORDS
            first = page[at]
            third = page[at + 2]
            since = entry.first_ns + (first >> 24)
            if since <= now:
                self.is_distinct = 0
            now = since
            if entry.first_frame + (first & 0xFFFFFF) <= frame:
                return None
            frame = entry.first_frame + (first & 0xFFFFFF)
            self.frames[row + 1] = frame
            self.times[row + 1] = now
            opener = 1 if third & OPENER else 0
            is_high = entry.side if opener else 1 - entry.side
            end = high if is_high else low
            size = third >> 48
            end.packets += 1
            end.data_bytes += size
            bits = (OPENER_BIT if opener else 0) | (FIN_BIT if third & FIN else 0) | (TEXT_BIT if size else 0)
            covered = self.covers(1 - opener, third >> 16 & 0xFFFF, now, low if is_high else high)
            bits |= covered << COVERS_SHIFT
            if stamped:
                second = page[at + 1]
                compared = self.compares(opener, second >> 32, second & MASK32)
                if compared < 0:
                    return None
                bits |= compared << COMPARES_SHIFT
            if third & (SYN | FIN):
                size += 1
            if size:
                self.outstanding(opener, size, row + 1)
            self.cells[1 + (row >> 2)] |= bits << 16 * (row & 3)
        expired = 1 if clock_ns >= now + self.msl2_ns else 0
        if now >= entry.first_ns + self.msl2_ns or (
            not expired and clock_ns >= entry.first_ns + self.msl2_ns
        ):
            return None
        self.finish(entry, frame, now, page[base] & MASK32)
        self.cells[0] = entry.side | stamped << 1 | expired << 2 | count << 8
        return words.octets64(self.cells, 0, 1 + (count + 3) // 4)

    def begin(self, entry: Entry) -> None:
        """Take the SYN."""
        self.frames[0] = entry.first_frame
        self.times[0] = entry.first_ns
        self.is_distinct = 1
        for end in (self.low, self.high):
            end.packets = 0
            end.data_bytes = 0
            end.rtt_count = 0
            end.rtt_sum = 0
            end.rtt_min = 0
            end.rtt_max = 0
            end.since_ns = NO_TIME
            end.until_ns = NO_TIME
        opener = self.high if entry.side else self.low
        opener.packets = 1
        self.counts[0] = 0
        self.counts[1] = 1
        self.counts[2] = 0
        self.counts[3] = 0
        self.covered[0] = 0
        self.covered[1] = 0
        self.stamps[SEGMENTS] = entry.tsval
        self.outstanding(1, 1, 0)
        for word in range(SHAPE_WORDS):
            self.cells[word] = 0

    def finish(self, entry: Entry, frame: int, now: int, application: int) -> None:
        """Fill the connection's row; ``frame`` is the last, and ``now`` its time."""
        stream = self.stream
        stream.number = entry.number
        stream.key = entry
        stream.first_frame = entry.first_frame
        stream.first_ns = entry.first_ns
        stream.first_side = entry.side
        stream.last_frame = frame
        stream.last_ns = now
        stream.low = self.low
        stream.high = self.high
        stream.syn_side = entry.side
        stream.synack_side = 1 - entry.side
        stream.syn_ns = entry.first_ns
        stream.synack_ns = self.times[1]
        stream.handshake_ns = self.times[2]
        stream.application = application
        self.low.unique_bytes = self.low.data_bytes
        self.high.unique_bytes = self.high.data_bytes

    def outstanding(self, sender: int, size: int, place: int) -> None:
        """Take a segment that took ``size`` numbers."""
        at = sender * SEGMENTS + self.counts[2 + sender]
        self.sizes[at] = size
        self.places[at] = place
        self.counts[2 + sender] += 1

    def covers(self, sender: int, lag: int, now: int, end: End) -> int:
        """Return how many of a sender's segments an ACK leaves open that ``lag`` numbers lie beyond, and AMID.

        Takes the round trip that the ACK ends (``tcp.account``); ``end`` is the sender's row.
        """
        count = self.counts[2 + sender]
        base = sender * SEGMENTS
        at = count
        while lag > 0 and at > 0:
            at -= 1
            lag -= self.sizes[base + at]
        if at > self.covered[sender]:
            self.covered[sender] = at
            if lag == 0:
                rtt = now - self.times[self.places[base + at - 1]]
                if end.rtt_count == 0 or rtt < end.rtt_min:
                    end.rtt_min = rtt
                if rtt > end.rtt_max:
                    end.rtt_max = rtt
                end.rtt_sum += rtt
                end.rtt_count += 1
        return count - at | (AMID if lag else 0)

    def compares(self, sender: int, tsval: int, tsecr: int) -> int:
        """Return whether a TSval is the sender's greatest, and which of the other end's a TSecr names or lies behind.

        NONE where timestamps go around between these segments: then they are in no order.
        """
        base = sender * SEGMENTS
        count = self.counts[sender]
        newer = 1
        if count:
            if (tsval - self.stamps[base]) & MASK32 >= HALF:
                return NONE
            newer = 1 if tsval != self.stamps[base + count - 1] else 0
        self.stamps[base + count] = tsval
        self.counts[sender] = count + 1
        other = (1 - sender) * SEGMENTS
        count = self.counts[1 - sender]
        at = count
        while at > 0 and (tsecr - self.stamps[other + at - 1]) & MASK32 >= HALF:
            at -= 1
        if at == 0:
            return newer | count << 1
        if (tsecr - self.stamps[other]) & MASK32 >= HALF:
            return NONE
        return newer | count - at << 1 | (1 if tsecr == self.stamps[other + at - 1] else 0) << SAME_SHIFT
