"""Running numbers of each direction, from the same columns as the analysis: what ``measures`` makes its figures of.

A hot file: plain Python here, compiled with the C types of ``_compiled/measure/gauge.pxd``. Second copies of a packet and
segments with a wrong checksum are left out. Numbers are raw, compared modulo 2^32.
"""

from array import array

from tcptrace.flow.bits import HALF, MASK32, NO_TIME, NONE
from tcptrace.model.columns import SACK_WORDS
from tcptrace.model.tcpflags import (
    ACK,
    FIN,
    MARK_BAD_CHECKSUM,
    OPT_SCALE,
    OPT_TIMESTAMPS,
    PSH,
    RST,
    SYN,
    URG,
)

SFR = 0x07  # SYN, FIN or RST
FIRST_ROOM = 16
MOST_OUTSTANDING = 4096  # segments of a direction that wait for their ACK; what is more gives no sample
WORDS = 3  # of a segment in a ring
LENGTH = 0xFFFFFFFF  # of the third word: numbers; how often it was sent again is above
TRIPLE = 3  # RFC 5681 3.2: so many duplicate ACKs call for a fast retransmission


class Meter:
    """One direction: what its sender sent, and what its peer's ACKs showed of it."""

    __slots__ = (
        "ack",
        "acks",
        "barred_from",
        "barred_to",
        "cumulative",
        "data_bytes",
        "data_first_ns",
        "data_last_ns",
        "data_segments",
        "dup_acks",
        "dup_run",
        "fins",
        "flight_count",
        "flight_least",
        "flight_most",
        "flight_sum",
        "full_count",
        "full_least_ns",
        "full_most_ns",
        "full_size",
        "full_squares",
        "full_sum_ns",
        "has_ack",
        "has_sent",
        "idle_most_ns",
        "initial_bytes",
        "initial_segments",
        "iss",
        "last_ns",
        "mss",
        "nxt",
        "old_end",
        "old_length",
        "old_ns",
        "options",
        "probe_ns",
        "probe_val",
        "pure_acks",
        "pushed",
        "rare",
        "reply_count",
        "reply_least_ns",
        "reply_most_ns",
        "reply_sum_ns",
        "ring",
        "rsts",
        "rtt_count",
        "rtt_least_ns",
        "rtt_most_ns",
        "rtt_smooth_ns",
        "rtt_squares",
        "rtt_sum_ns",
        "rtt_var_ns",
        "scale",
        "segment_least",
        "segment_most",
        "segments",
        "syns",
        "truncated",
        "truncated_bytes",
        "ts_count",
        "ts_least_ns",
        "ts_most_ns",
        "ts_sum_ns",
        "urgent",
        "window",
        "window_count",
        "window_least",
        "window_most",
        "window_sum",
        "windows_zero",
    )  # fmt: skip

    def __init__(self) -> None:
        self.segments = 0
        self.acks = 0
        self.pure_acks = 0
        self.pushed = 0
        self.urgent = 0
        self.syns = 0
        self.fins = 0
        self.rsts = 0
        self.data_segments = 0
        self.data_bytes = 0
        self.truncated = 0  # segments whose payload the snap length cut
        self.truncated_bytes = 0
        self.segment_least = 0
        self.segment_most = 0
        self.data_first_ns = NO_TIME
        self.data_last_ns = NO_TIME
        self.last_ns = NO_TIME  # of its last segment
        self.idle_most_ns = NONE
        self.options = 0  # of its SYN: OPT_ bits
        self.mss = 0
        self.scale = 0
        self.dup_acks = 0
        self.dup_run = 0
        self.window = NONE  # raw, of its last segment
        self.window_count = 0
        self.window_sum = 0
        self.window_least = 0
        self.window_most = 0
        self.windows_zero = 0
        self.has_sent = 0
        self.iss = 0  # its first number
        self.nxt = 0  # the highest end that it sent
        self.has_ack = 0
        self.ack = 0  # the highest ACK that it sent
        self.flight_count = 0
        self.flight_sum = 0
        self.flight_most = 0
        self.flight_least = 0
        self.initial_bytes = 0
        self.initial_segments = 0
        # Its oldest outstanding segment: end, numbers, and when it was sent last; NO_TIME: none. More are in its ring.
        self.old_end = 0
        self.old_length = 0
        self.old_ns = NO_TIME
        self.ring = NONE  # place in ``Gauge.rings``
        self.barred_from = 0  # sent again: an ACK in (barred_from, barred_to] gives no sample (Karn)
        self.barred_to = 0
        self.cumulative = 0  # segments that a later one's ACK covered
        self.rare: Rare | None = None  # None: nothing of all that
        self.rtt_count = 0
        self.rtt_sum_ns = 0
        self.rtt_squares = 0.0  # of nanoseconds
        self.rtt_least_ns = 0
        self.rtt_most_ns = 0
        self.rtt_smooth_ns = 0
        self.rtt_var_ns = 0
        self.full_size = 0  # numbers of the largest segments of which there is a sample, and their samples
        self.full_count = 0
        self.full_sum_ns = 0
        self.full_squares = 0.0
        self.full_least_ns = 0
        self.full_most_ns = 0
        self.probe_val = 0  # a TSval whose echo is waited for
        self.probe_ns = NO_TIME  # since when; NO_TIME: none
        self.ts_count = 0
        self.ts_sum_ns = 0
        self.ts_least_ns = 0
        self.ts_most_ns = 0
        self.reply_count = 0  # times from the peer's last data to its next
        self.reply_sum_ns = 0
        self.reply_least_ns = 0
        self.reply_most_ns = 0


class Rare:
    """What most directions have nothing of, so that a meter stays small."""

    __slots__ = (
        "again_count",
        "again_least_ns",
        "again_most",
        "again_most_ns",
        "again_squares",
        "again_sum_ns",
        "ambiguous",
        "blocks",
        "blocks_most",
        "dsacks",
        "dup_longest",
        "dup_triples",
        "last_count",
        "last_least_ns",
        "last_most_ns",
        "last_squares",
        "last_sum_ns",
        "old_again",
        "post_loss",
        "sacks",
        "urgent_bytes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.urgent_bytes = 0
        self.sacks = 0  # segments with SACK blocks
        self.blocks = 0
        self.blocks_most = 0
        self.dsacks = 0
        self.dup_longest = 0
        self.dup_triples = 0
        self.old_again = 0  # how often the oldest outstanding segment was sent again
        self.again_most = 0  # how often one outstanding segment was
        self.again_count = 0  # times since it was sent before
        self.again_sum_ns = 0
        self.again_squares = 0.0
        self.again_least_ns = 0
        self.again_most_ns = 0
        self.ambiguous = 0  # ACKs that end a segment sent again: no sample
        self.last_count = 0  # of these: times since it was sent last
        self.last_sum_ns = 0
        self.last_squares = 0.0
        self.last_least_ns = 0
        self.last_most_ns = 0
        self.post_loss = 0  # ACKs that end a segment since which one before it was sent again


class Ring:
    """Outstanding segments beyond the first: end, time of the last sending, numbers and above them how often again."""

    __slots__ = ("count", "first", "words")

    def __init__(self) -> None:
        self.words = array("q", bytes(8 * WORDS * FIRST_ROOM))
        self.first = 0
        self.count = 0


class Gauge:
    """All connections of a capture: two meters each, by stream number."""

    __slots__ = ("free", "meters", "nobody", "rings")

    def __init__(self) -> None:
        self.meters: list[Meter | None] = []  # 2 * stream + side
        self.nobody = Meter()
        self.rings: list[Ring] = []
        self.free: list[int] = []  # places in ``rings`` that nobody has

    def run(
        self,
        count: int,
        time_ns: "array[int]",
        side: "array[int]",
        flags: "array[int]",
        seq: "array[int]",
        ack: "array[int]",
        window: "array[int]",
        length: "array[int]",
        options: "array[int]",
        mss: "array[int]",
        scale: "array[int]",
        tsval: "array[int]",
        tsecr: "array[int]",
        sack_count: "array[int]",
        sack: "array[int]",
        captured: "array[int]",
        marks: "array[int]",
        duplicate: "array[int]",
        stream_of: "array[int]",
    ) -> None:
        """Measure ``count`` segments (``model.columns.Segments``) with their stream numbers ('q')."""
        for i in range(count):
            if duplicate[i] or marks[i] & MARK_BAD_CHECKSUM:
                continue
            own = self.meter(2 * stream_of[i] + side[i])
            peer = self.of(stream_of[i], 1 - side[i])
            bits = flags[i]
            now = time_ns[i]
            own.segments += 1
            if own.last_ns != NO_TIME and now - own.last_ns > own.idle_most_ns:
                own.idle_most_ns = now - own.last_ns
            own.last_ns = now
            if bits & SYN:
                own.syns += 1
                own.options = options[i]
                own.mss = mss[i]
                own.scale = scale[i] if scale[i] < 15 else 14  # RFC 7323 2.3: more is taken as 14
            if bits & FIN:
                own.fins += 1
            if bits & RST:
                own.rsts += 1
            if bits & URG:
                own.urgent += 1
                if length[i]:
                    rare = self.rare(own)
                    rare.urgent_bytes += length[i]
            if bits & ACK:
                own.acks += 1
            if sack_count[i]:
                self.blocks(own, ack[i], sack_count[i], sack, i * SACK_WORDS)
            if bits & RST:
                continue  # its numbers and window are no promise (RFC 9293 3.5.3)
            if captured[i] < length[i]:
                own.truncated += 1
                own.truncated_bytes += length[i] - captured[i]
            if length[i]:
                self.data(own, peer, now, bits, length[i])
            if length[i] or bits & (SYN | FIN):
                self.send(own, peer, now, bits, seq[i], length[i])
                if options[i] & OPT_TIMESTAMPS and own.probe_ns == NO_TIME:
                    own.probe_val = tsval[i]
                    own.probe_ns = now
            if bits & ACK:
                self.receive(own, peer, now, bits, ack[i], window[i], length[i])
                if options[i] & OPT_TIMESTAMPS and peer.probe_ns != NO_TIME:
                    self.echo(peer, now, tsecr[i])

    def meter(self, place: int) -> Meter:
        """Return a direction's meter, made where there is none yet."""
        while len(self.meters) <= place:
            self.meters.append(None)
        meter = self.meters[place]
        if meter is None:
            meter = Meter()
            self.meters[place] = meter
        return meter

    def rare(self, own: Meter) -> Rare:
        """Return what is rare of a direction, made where there is none yet."""
        rare = own.rare
        if rare is None:
            rare = own.rare = Rare()
        return rare

    def blocks(self, own: Meter, ack: int, count: int, sack: "array[int]", at: int) -> None:
        """Count the SACK blocks of a segment; RFC 2883 4: the first is a D-SACK below the ACK or within the second."""
        rare = self.rare(own)
        rare.sacks += 1
        rare.blocks += count
        if count > rare.blocks_most:
            rare.blocks_most = count
        left = sack[at]
        right = sack[at + 1]
        is_below = (ack - right) & MASK32 < HALF
        if not is_below and count > 1:
            is_below = (left - sack[at + 2]) & MASK32 < HALF and (sack[at + 3] - right) & MASK32 < HALF
        if is_below:
            rare.dsacks += 1

    def data(self, own: Meter, peer: Meter, now: int, bits: int, length: int) -> None:
        """Count payload, and the time since the peer's last payload where this answers it."""
        own.data_segments += 1
        own.data_bytes += length
        if bits & PSH:
            own.pushed += 1
        if length > own.segment_most:
            own.segment_most = length
        if own.segment_least == 0 or length < own.segment_least:
            own.segment_least = length
        if own.data_first_ns == NO_TIME:
            own.data_first_ns = now
        if own.data_last_ns < peer.data_last_ns <= now:
            since = now - peer.data_last_ns
            if own.reply_count == 0 or since < own.reply_least_ns:
                own.reply_least_ns = since
            if since > own.reply_most_ns:
                own.reply_most_ns = since
            own.reply_sum_ns += since
            own.reply_count += 1
        own.data_last_ns = now

    def send(self, own: Meter, peer: Meter, now: int, bits: int, seq: int, length: int) -> None:
        """Take numbers that were sent: flight, initial window, what waits for its ACK."""
        if not own.has_sent:
            own.has_sent = 1
            own.iss = seq if bits & SYN else (seq - 1) & MASK32
            own.nxt = seq
        end = seq + length
        if bits & SYN:
            end += 1
        if bits & FIN:
            end += 1
        end &= MASK32
        ahead = (end - own.nxt) & MASK32
        if 0 < ahead < HALF:
            if (own.nxt - seq) & MASK32 == 0 or (seq - own.nxt) & MASK32 < HALF:
                self.outstanding(own, end, (end - seq) & MASK32, now)
            else:
                self.repeated(own, seq, end, now)
                self.bar(own, seq, end)
            own.nxt = end
            # RFC 5681 3.1: what is sent before the peer has acknowledged more than the SYN.
            if length and own.syns and (not peer.has_ack or (own.iss + 1 - peer.ack) & MASK32 < HALF):
                own.initial_bytes += length
                own.initial_segments += 1
        else:
            self.repeated(own, seq, end, now)
            self.bar(own, seq, end)
        if peer.has_ack:
            flight = (own.nxt - peer.ack) & MASK32
            if flight < HALF and length:
                own.flight_count += 1
                own.flight_sum += flight
                if flight > own.flight_most:
                    own.flight_most = flight
                if flight and (own.flight_least == 0 or flight < own.flight_least):
                    own.flight_least = flight

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
            rare = self.rare(own)
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
            rare = self.rare(own)
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

    def outstanding(self, own: Meter, end: int, length: int, now: int) -> None:
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

    def receive(
        self, own: Meter, peer: Meter, now: int, bits: int, ack: int, window: int, length: int
    ) -> None:
        """Take an ACK and its window: duplicates, and samples of what the peer sent."""
        if not bits & SYN:
            octets = window
            if own.options & OPT_SCALE and peer.options & OPT_SCALE:
                octets = window << own.scale
            if own.window_count == 0 or octets < own.window_least:
                own.window_least = octets
            if octets > own.window_most:
                own.window_most = octets
            own.window_sum += octets
            own.window_count += 1
            if window == 0:
                own.windows_zero += 1
        if length == 0 and not bits & SFR:
            own.pure_acks += 1
        if not own.has_ack or ((ack - own.ack) & MASK32 < HALF and ack != own.ack):
            own.ack = ack
            own.has_ack = 1
            own.dup_run = 0
        elif ack == own.ack and length == 0 and not bits & SFR and window == own.window:
            ahead = (peer.nxt - ack) & MASK32
            if peer.has_sent and 0 < ahead < HALF:  # RFC 5681 2: while data is outstanding
                own.dup_acks += 1
                own.dup_run += 1
                rare = self.rare(own)
                if own.dup_run > rare.dup_longest:
                    rare.dup_longest = own.dup_run
                if own.dup_run == TRIPLE:
                    rare.dup_triples += 1
        own.window = window
        if peer.old_ns != NO_TIME and (ack - peer.old_end) & MASK32 < HALF:
            self.acknowledged(peer, ack, now)

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
            rare = self.rare(way)
            rare.post_loss += 1
        inside = (ack - way.barred_from - 1) & MASK32
        if way.barred_from == way.barred_to or inside >= (way.barred_to - way.barred_from) & MASK32:
            self.sample(way, rtt)
            return
        rare = self.rare(way)
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

    def echo(self, way: Meter, now: int, tsecr: int) -> None:
        """Take the echo of a TSval: a round trip where it is the one waited for (RFC 7323 4)."""
        if tsecr == way.probe_val:
            rtt = now - way.probe_ns if now > way.probe_ns else 0
            if way.ts_count == 0 or rtt < way.ts_least_ns:
                way.ts_least_ns = rtt
            if rtt > way.ts_most_ns:
                way.ts_most_ns = rtt
            way.ts_sum_ns += rtt
            way.ts_count += 1
            way.probe_ns = NO_TIME
        elif (tsecr - way.probe_val) & MASK32 < HALF:
            way.probe_ns = NO_TIME

    def of(self, number: int, side: int) -> Meter:
        """Return a direction's meter; an empty one where no segment of it was captured."""
        place = 2 * number + side
        if place < len(self.meters):
            meter = self.meters[place]
            if meter is not None:
                return meter
        return self.nobody

    def forget(self, number: int) -> None:
        """Let go of a stream that is written."""
        for place in (2 * number, 2 * number + 1):
            if place < len(self.meters):
                meter = self.meters[place]
                if meter is not None:
                    self.give_back(meter)
                self.meters[place] = None
