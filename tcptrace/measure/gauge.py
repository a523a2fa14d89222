"""Running numbers of each direction, from the same columns as the analysis: what ``measures`` makes its figures of.

A hot file: plain Python here, compiled with the C types of ``_compiled/measure/gauge.pxd``. Second copies of a packet and
segments with a wrong checksum are left out. Numbers are raw, compared modulo 2^32. When a connection is over (``ending``),
its two meters are packed into some 300 octets; a segment that comes all the same unpacks them.
"""

from array import array

from tcptrace.flow.bits import HALF, MASK32, NO_TIME
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

from .meters import Meter
from .outstanding import Outstanding
from .packed import Packer

SFR = 0x07  # SYN, FIN or RST
TRIPLE = 3  # RFC 5681 3.2: so many duplicate ACKs call for a fast retransmission


class Gauge:
    """All connections of a capture: two meters each, by stream number."""

    __slots__ = ("ending", "meters", "nobody", "outstanding", "over", "packer")

    def __init__(self) -> None:
        self.meters: list[
            Meter | bytes | None
        ] = []  # 2 * stream + side; of a packed one both are at the first place
        self.packer = Packer()
        self.ending: list[
            int
        ] = []  # streams that a segment of this batch may have ended: RST, or ACK after both FINs
        self.over: list[int] = []  # and of the batch before: what follows at once has come
        self.nobody = Meter()
        self.outstanding = Outstanding()

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
                    rare = own.make_rare()
                    rare.urgent_bytes += length[i]
            if bits & ACK:
                own.acks += 1
            if sack_count[i]:
                self.blocks(own, ack[i], sack_count[i], sack, i * SACK_WORDS)
            if bits & RST:
                self.ending.append(stream_of[i])
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
                if own.fins and peer.fins:
                    self.ending.append(stream_of[i])
        for number in self.over:
            self.pack(number)
        self.over = self.ending
        self.ending = []

    def meter(self, place: int) -> Meter:
        """Return a direction's meter, made where there is none yet."""
        while len(self.meters) <= place | 1:
            self.meters.append(None)
        self.wake(place >> 1)
        meter = self.meters[place]
        if isinstance(meter, Meter):
            return meter
        made = Meter()
        self.meters[place] = made
        return made

    def pack(self, number: int) -> None:
        """Pack the meters of a stream, where it has both and they can be packed."""
        low = self.meters[2 * number]
        high = self.meters[2 * number + 1]
        if (
            isinstance(low, Meter)
            and isinstance(high, Meter)
            and self.packer.fits(low)
            and self.packer.fits(high)
        ):
            self.meters[2 * number] = self.packer.pack(low, high)
            self.meters[2 * number + 1] = None

    def wake(self, number: int) -> None:
        """Unpack the meters of a stream, where they are packed."""
        packed = self.meters[2 * number]
        if isinstance(packed, bytes):
            low = Meter()
            high = Meter()
            self.packer.unpack(packed, low, high)
            self.meters[2 * number] = low
            self.meters[2 * number + 1] = high

    def blocks(self, own: Meter, ack: int, count: int, sack: "array[int]", at: int) -> None:
        """Count the SACK blocks of a segment; RFC 2883 4: the first is a D-SACK below the ACK or within the second."""
        rare = own.make_rare()
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
                self.outstanding.add(own, end, (end - seq) & MASK32, now)
            else:
                self.outstanding.repeated(own, seq, end, now)
                self.outstanding.bar(own, seq, end)
            own.nxt = end
            # RFC 5681 3.1: what is sent before the peer has acknowledged more than the SYN.
            if length and own.syns and (not peer.has_ack or (own.iss + 1 - peer.ack) & MASK32 < HALF):
                own.initial_bytes += length
                own.initial_segments += 1
        else:
            self.outstanding.repeated(own, seq, end, now)
            self.outstanding.bar(own, seq, end)
        if peer.has_ack:
            flight = (own.nxt - peer.ack) & MASK32
            if flight < HALF and length:
                own.flight_count += 1
                own.flight_sum += flight
                if flight > own.flight_most:
                    own.flight_most = flight
                if flight and (own.flight_least == 0 or flight < own.flight_least):
                    own.flight_least = flight

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
                rare = own.make_rare()
                if own.dup_run > rare.dup_longest:
                    rare.dup_longest = own.dup_run
                if own.dup_run == TRIPLE:
                    rare.dup_triples += 1
        own.window = window
        if peer.old_ns != NO_TIME and (ack - peer.old_end) & MASK32 < HALF:
            self.outstanding.acknowledged(peer, ack, now)

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
            self.wake(number)
            meter = self.meters[place]
            if isinstance(meter, Meter):
                return meter
        return self.nobody

    def forget(self, number: int) -> None:
        """Let go of a stream that is written."""
        for place in (2 * number, 2 * number + 1):
            if place < len(self.meters):
                meter = self.meters[place]
                if isinstance(meter, Meter):
                    self.outstanding.give_back(meter)
                self.meters[place] = None
