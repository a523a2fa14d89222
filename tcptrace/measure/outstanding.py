"""The segments that wait for their ACK, and the round trips that ACKs end.

A hot file: plain Python here, compiled with the C types of ``_compiled/measure/outstanding.pxd``. Numbers are raw, compared
modulo 2^32. A direction's oldest segment is in its meter, the rest in a ring that it borrows.
"""

from array import array

from tcptrace.flow.bits import HALF, MASK32, NO_TIME, NONE
from tcptrace.measure.meters import FIRST_ROOM, WORDS

from .meters import Meter, Ring

MOST_OUTSTANDING = 4096  # segments of a direction that wait for their ACK; what is more gives no sample
LENGTH = 0xFFFFFFFF  # of the third word: numbers; how often it was sent again is above


class Outstanding:
    """What waits, of all directions."""

    __slots__ = ("free", "rings")

    def __init__(self) -> None:
        self.rings: list[Ring] = []
        self.free: list[int] = []  # places in ``rings`` that nobody has

    def add(self, own: Meter, end: int, length: int, now: int) -> None:
        """Remember when new numbers went out."""
        if own.old_ns == NO_TIME:
            own.old_end = end
            own.old_length = length
            if own.rare is not None:
                own.rare.old_again = 0
            own.old_ns = now
            return
        if own.ring == NONE:
            if self.free:
                own.ring = self.free.pop()
            else:
                own.ring = len(self.rings)
                self.rings.append(Ring())
        ring = self.rings[own.ring]
        size = len(ring.words) // WORDS
        if ring.count == size:
            if size >= MOST_OUTSTANDING:
                return
            larger = array("q", bytes(16 * WORDS * size))
            for number in range(WORDS * size):
                larger[number] = ring.words[(ring.first * WORDS + number) % (WORDS * size)]
            ring.words = larger
            ring.first = 0
            size <<= 1
        at = ((ring.first + ring.count) & (size - 1)) * WORDS
        ring.words[at] = end
        ring.words[at + 1] = now
        ring.words[at + 2] = length
        ring.count += 1

    def repeated(self, own: Meter, seq: int, end: int, now: int) -> None:
        """Take numbers that were sent before: the first outstanding segment among them, and the last, went out again."""
        if own.old_ns == NO_TIME:
            return
        if 0 < (own.old_end - seq) & MASK32 < HALF:
            first = -1
        else:
            first = self.place(own, seq)
            if first == NONE:
                return
        if not self.resent(own, first, end, now, 1):
            return
        last = self.place(own, (end - 1) & MASK32)
        if last > first and last != NONE:
            self.resent(own, last, end, now, 0)

    def bar(self, own: Meter, left: int, right: int) -> None:
        """Bar numbers that were sent twice from samples (Karn's rule, RFC 6298 3)."""
        if own.old_ns == NO_TIME:
            return
        if own.barred_to == own.barred_from or (own.old_end - own.barred_to) & MASK32 < HALF:
            own.barred_from = left
            own.barred_to = right
            return
        if (own.barred_from - left) & MASK32 < HALF:
            own.barred_from = left
        if (right - own.barred_to) & MASK32 < HALF:
            own.barred_to = right

    def place(self, own: Meter, number: int) -> int:
        """Return the place in its ring of the first segment that ends behind a number; NONE where none does."""
        if own.ring == NONE:
            return NONE
        ring = self.rings[own.ring]
        mask = len(ring.words) // WORDS - 1
        low = 0
        high = ring.count
        while low < high:
            middle = (low + high) >> 1
            ends = ring.words[((ring.first + middle) & mask) * WORDS]
            if 0 < (ends - number) & MASK32 < HALF:
                high = middle
            else:
                low = middle + 1
        return low if low < ring.count else NONE

    def resent(self, own: Meter, place: int, end: int, now: int, is_first: int) -> int:
        """Note that the segment at a place (-1: the oldest) went out again; 0 where it lies behind ``end``."""
        if place < 0:
            if not 0 < (end - own.old_end + own.old_length) & MASK32 < HALF:
                return 0
            rare = own.make_rare()
            rare.old_again += 1
            again = rare.old_again
            before = own.old_ns
            own.old_ns = now
        else:
            ring = self.rings[own.ring]
            at = ((ring.first + place) & (len(ring.words) // WORDS - 1)) * WORDS
            if not 0 < (end - ring.words[at] + (ring.words[at + 2] & LENGTH)) & MASK32 < HALF:
                return 0
            ring.words[at + 2] += LENGTH + 1
            again = ring.words[at + 2] >> 32
            before = ring.words[at + 1]
            ring.words[at + 1] = now
        if is_first:
            rare = own.make_rare()
            since = now - before if now > before else 0
            if again > rare.again_most:
                rare.again_most = again
            if rare.again_count == 0 or since < rare.again_least_ns:
                rare.again_least_ns = since
            if since > rare.again_most_ns:
                rare.again_most_ns = since
            rare.again_sum_ns += since
            rare.again_squares += 1.0 * since * since
            rare.again_count += 1
        return 1

    def acknowledged(self, way: Meter, ack: int, now: int) -> None:
        """Take what an ACK covers off the outstanding; a sample where it ends a segment that was sent once."""
        newest = NO_TIME
        while way.old_ns != NO_TIME and (ack - way.old_end) & MASK32 < HALF:
            if way.old_end == ack:
                self.ended(way, ack, newest, now)
            else:
                way.cumulative += 1
            if way.old_ns > newest:
                newest = way.old_ns
            if way.ring == NONE:
                way.old_ns = NO_TIME
                return
            ring = self.rings[way.ring]
            at = ring.first * WORDS
            way.old_end = ring.words[at]
            way.old_ns = ring.words[at + 1]
            way.old_length = ring.words[at + 2] & LENGTH
            if way.rare is not None:
                way.rare.old_again = ring.words[at + 2] >> 32
            ring.first = (ring.first + 1) & (len(ring.words) // WORDS - 1)
            ring.count -= 1
            if ring.count == 0:
                self.give_back(way)

    def ended(self, way: Meter, ack: int, newest: int, now: int) -> None:
        """Take an ACK that ends the oldest segment; ``newest``: when one that it covers, too, was sent last."""
        rtt = now - way.old_ns if now > way.old_ns else 0
        if newest > way.old_ns:
            rare = way.make_rare()
            rare.post_loss += 1
        inside = (ack - way.barred_from - 1) & MASK32
        if way.barred_from == way.barred_to or inside >= (way.barred_to - way.barred_from) & MASK32:
            self.sample(way, rtt)
            return
        rare = way.make_rare()
        rare.ambiguous += 1
        if rare.old_again == 0:
            return
        if rare.last_count == 0 or rtt < rare.last_least_ns:
            rare.last_least_ns = rtt
        if rtt > rare.last_most_ns:
            rare.last_most_ns = rtt
        rare.last_sum_ns += rtt
        rare.last_squares += 1.0 * rtt * rtt
        rare.last_count += 1

    def give_back(self, way: Meter) -> None:
        """Take a direction's ring away."""
        if way.ring == NONE:
            return
        ring = self.rings[way.ring]
        if len(ring.words) > WORDS * FIRST_ROOM:
            ring = Ring()
            self.rings[way.ring] = ring
        ring.count = 0
        self.free.append(way.ring)
        way.ring = NONE

    def sample(self, way: Meter, rtt: int) -> None:
        """Take a round trip; smoothed as RFC 6298 2.2 and 2.3 say, in whole nanoseconds."""
        if way.rtt_count == 0:
            way.rtt_least_ns = rtt
            way.rtt_smooth_ns = rtt
            way.rtt_var_ns = rtt >> 1
        else:
            if rtt < way.rtt_least_ns:
                way.rtt_least_ns = rtt
            off = way.rtt_smooth_ns - rtt
            if off < 0:
                off = -off
            way.rtt_var_ns = (3 * way.rtt_var_ns + off) >> 2
            way.rtt_smooth_ns = (7 * way.rtt_smooth_ns + rtt) >> 3
        if rtt > way.rtt_most_ns:
            way.rtt_most_ns = rtt
        way.rtt_count += 1
        way.rtt_sum_ns += rtt
        way.rtt_squares += 1.0 * rtt * rtt
        if way.old_length >= way.full_size:
            self.full(way, rtt)

    def full(self, way: Meter, rtt: int) -> None:
        """Take a round trip of one of the largest segments so far."""
        if way.old_length > way.full_size:
            way.full_size = way.old_length
            way.full_count = 0
            way.full_sum_ns = 0
            way.full_squares = 0.0
            way.full_most_ns = 0
        if way.full_count == 0 or rtt < way.full_least_ns:
            way.full_least_ns = rtt
        if rtt > way.full_most_ns:
            way.full_most_ns = rtt
        way.full_squares += 1.0 * rtt * rtt
        way.full_sum_ns += rtt
        way.full_count += 1
