"""Connections that are over, packed: some 300 octets instead of 1,300, and their rows are free for the next.

Most connections of a long capture are over, and no segment comes for them any more. When both ends are in CLOSED or
TIME-WAIT, their rows, open events and steps are written as numbers of variable length (``flow.varints``; most as
differences) into one ``bytes``. A segment that comes all the same unpacks them; nothing is lost on the way. The first
octet is the number of the outcome, the second ``ONE_WAY`` where only one end's segments were captured.
"""

from tcptrace.flow.bits import MASK32, NO_TIME, NONE, S_REUSED, S_SELF

from ..flow.rows import Cold, End, Entry, Event, Stream
from ..flow.varints import Varints
from .paths import Paths

ROOM = 16384  # octets of the longest packed connection
MOST_STEPS = 100  # of an end that is packed: some 40 octets each at the most
MOST_EVENTS = 8  # and so many open events
ONE_WAY = 1
HEAD = 2  # octets before the numbers

# Groups of an end's fields that are not as in most connections that are over (`unusual`).
U_TIMESTAMPS = 0x1
U_TIME_WAIT = 0x2
U_SAMPLES = 0x4
U_EVENTS = 0x8
U_FIRST = 0x10
U_UNIQUE = 0x20
U_CONT = 0x40
U_ACK_LAST = 0x80
U_RARE = 0x100
U_COLD = 0x200


class Packer(Varints):
    """Packs connections and unpacks them."""

    __slots__ = ("notes", "paths")

    def __init__(self, paths: Paths) -> None:
        super().__init__(ROOM)
        self.paths = paths
        self.notes: dict[int, list[tuple[int, ...]]] = {}  # notes of packed streams, by number

    def pack(self, stream: Stream, outcome: int) -> bytes | None:
        """Return the connection packed, its steps taken out of the arena; None where it must stay as it is."""
        low = stream.low
        high = stream.high
        key = stream.key
        if low is None or high is None or key is None or stream.flags & S_SELF or stream.previous is not None:
            return None
        if not self.fits(low) or not self.fits(high):
            return None
        self.into[0] = outcome
        self.into[1] = ONE_WAY if stream.is_one_way() else 0
        self.at = HEAD
        self.is_reading = 0
        self.move_stream(stream, key, low, high)
        if stream.notes is not None:
            self.notes[stream.number] = stream.notes
        return bytes(self.room[: self.at])

    def unpack(self, octets: bytes) -> Stream:
        """Return the connection that was packed; its key is an entry outside the table."""
        stream = Stream()
        self.unpack_into(octets, stream, Entry(), End(), End())
        return stream

    def unpack_into(self, octets: bytes, stream: Stream, key: Entry, low: End, high: End) -> None:
        """Unpack a connection into rows that are as new, but for what stands in every packed one."""
        self.octets = octets
        self.at = HEAD
        self.is_reading = 1
        self.move_stream(stream, key, low, high)
        key.number = stream.number
        stream.key = key
        stream.low = low
        stream.high = high
        stream.notes = self.notes.pop(stream.number, None) if self.notes else None

    def last_ns(self, octets: bytes) -> int:
        """Return the time of the last segment of a packed connection."""
        self.octets = octets
        self.at = HEAD
        self.is_reading = 1
        return self.near(0, self.get(), NO_TIME)

    def fits(self, end: End) -> int:
        """Return 1 where the end has nothing large, or rare in a connection that is over."""
        flight = end.flight
        if flight is not None and flight.count:
            return 0
        cold = end.cold
        if cold is not None and cold.gaps is not None:
            return 0
        if end.path_len > MOST_STEPS:
            return 0
        count = 0
        event = end.pending
        while event is not None:
            count += 1
            if event.copies is not None or count > MOST_EVENTS:
                return 0
            event = event.next
        return 1

    # -- numbers ------------------------------------------------------------------------------------------------------

    def near(self, value: int, base: int, absent: int) -> int:
        """Write or read a number by its distance from ``base``, or that it is ``absent``."""
        if self.is_reading:
            far = self.get()
            if far == 0:
                return absent
            return base + (far - 1 if far > 0 else far)
        if value == absent:
            self.put(0)
        else:
            far = value - base
            self.put(far + 1 if far >= 0 else far)
        return value

    # -- rows ---------------------------------------------------------------------------------------------------------

    def move_stream(self, stream: Stream, key: Entry, low: End, high: End) -> None:
        """Write or read a connection."""
        stream.first_ns = self.move(stream.first_ns)
        stream.last_ns = self.near(stream.last_ns, stream.first_ns, NO_TIME)
        self.move_key(key)
        stream.number = self.move(stream.number)
        stream.first_frame = self.move(stream.first_frame)
        stream.last_frame = self.near(stream.last_frame, stream.first_frame, 0)
        code = self.move(
            stream.first_side | stream.quiet << 1 | (stream.syn_side + 1) << 2 | (stream.synack_side + 1) << 4
        )
        stream.first_side = code & 1
        stream.quiet = code >> 1 & 1
        stream.syn_side = (code >> 2 & 3) - 1
        stream.synack_side = (code >> 4 & 3) - 1
        stream.flags = self.move(stream.flags)
        stream.syn_ns = self.near(stream.syn_ns, stream.first_ns, NO_TIME)
        stream.synack_ns = self.near(stream.synack_ns, stream.first_ns, NO_TIME)
        stream.handshake_ns = self.near(stream.handshake_ns, stream.first_ns, NO_TIME)
        stream.application = self.move(stream.application)
        stream.both_frame = self.near(stream.both_frame, stream.first_frame, 0)
        if stream.flags & S_REUSED:
            stream.older = self.move(stream.older)
            stream.older_frame = self.near(stream.older_frame, stream.first_frame, 0)
        else:
            stream.older = 0
            stream.older_frame = 0
        low.iss = self.near(low.iss, 0, NONE)
        high.iss = self.near(high.iss, 0, NONE)
        self.move_end(low, high.iss, stream.first_ns, stream.first_frame)
        self.move_end(high, low.iss, stream.first_ns, stream.first_frame)

    def move_key(self, key: Entry) -> None:
        """Write or read a four-tuple; IPv6 in halves, since a word of 64 bits leaves no room for a sign."""
        key.k4 = self.move(key.k4)
        if key.k4 >> 32 == 4:
            key.k1 = self.move(key.k1)
            key.k3 = self.move(key.k3)
            return
        key.k0 = self.move(key.k0 >> 32) << 32 | self.move(key.k0 & MASK32)
        key.k1 = self.move(key.k1 >> 32) << 32 | self.move(key.k1 & MASK32)
        key.k2 = self.move(key.k2 >> 32) << 32 | self.move(key.k2 & MASK32)
        key.k3 = self.move(key.k3 >> 32) << 32 | self.move(key.k3 & MASK32)

    def move_end(self, end: End, peer_iss: int, first_ns: int, first_frame: int) -> None:
        """Write or read one end, its open events and its steps. What has its usual value is left out."""
        code = self.move(self.unusual(end))
        end.packets = self.move(end.packets)
        end.data_bytes = self.move(end.data_bytes)
        end.snd_nxt = self.near(end.snd_nxt, end.iss, NONE)
        end.ack_high = self.near(end.ack_high, peer_iss, NONE)
        end.fin_seq = self.near(end.fin_seq, end.snd_nxt, NONE)
        if end.fin_seq >= 0:
            end.fin_frame = self.near(end.fin_frame, first_frame, 0)
            end.fin_x_ack = self.near(end.fin_x_ack, end.ack_high, NONE)
            end.fin_carrier = self.near(end.fin_carrier, end.ack_high, NONE)
        end.last_frame = self.near(end.last_frame, first_frame, 0)
        end.synack_ack = self.near(end.synack_ack, peer_iss, NONE)
        end.window_edge = self.near(end.window_edge, end.ack_high, NONE)
        end.window_max = self.move(end.window_max)
        end.window = self.move(end.window)
        end.flags = self.move(end.flags)
        states = self.move(end.start | end.proven << 4 | end.state << 8 | (end.scale + 1) << 12)
        end.start = states & 15
        end.proven = states >> 4 & 15
        end.state = states >> 8 & 15
        end.scale = (states >> 12) - 1
        if code & U_TIMESTAMPS:
            end.has_ts = self.move(end.has_ts)
            end.tsval = self.move(end.tsval)
            end.tsecr = self.move(end.tsecr)
        if code & U_TIME_WAIT:
            end.since_ns = self.near(end.since_ns, first_ns, NO_TIME)
            end.until_ns = self.near(end.until_ns, first_ns, NO_TIME)
        if code & U_SAMPLES:
            end.rtt_count = self.move(end.rtt_count)
            end.rtt_sum = self.move(end.rtt_sum)
            end.rtt_min = self.move(end.rtt_min)
            end.rtt_max = self.move(end.rtt_max)
        end.first_raw = self.near(end.first_raw, 0, NONE) if code & U_FIRST else end.iss & MASK32
        end.unique_bytes = self.near(end.unique_bytes, 0, NONE) if code & U_UNIQUE else end.data_bytes
        end.cont = self.near(end.cont, end.iss, NONE) if code & U_CONT else end.snd_nxt
        end.ack_last = self.near(end.ack_last, peer_iss, NONE) if code & U_ACK_LAST else end.ack_high
        if code & U_RARE:
            end.duplicates = self.move(end.duplicates)
            end.sent_end = self.near(end.sent_end, end.snd_nxt, NONE)
            end.sent_ns = self.near(end.sent_ns, first_ns, 0)
        if code & U_COLD:
            self.move_cold(end.chill(), first_ns, first_frame)
        end.path_len = self.move(end.path_len)
        if self.is_reading:
            if code & U_EVENTS:
                end.pending = self.get_events(first_ns, first_frame)
            self.get_steps(end, first_ns, first_frame)
        else:
            if code & U_EVENTS:
                self.put_events(end.pending, first_ns, first_frame)
            self.put_steps(end, first_ns, first_frame)

    def unusual(self, end: End) -> int:
        """Return U_ bits: which groups of fields are not as in most connections that are over."""
        code = 0
        if end.has_ts or end.tsval or end.tsecr:
            code |= U_TIMESTAMPS
        if end.since_ns != NO_TIME or end.until_ns != NO_TIME:
            code |= U_TIME_WAIT
        if end.rtt_count:
            code |= U_SAMPLES
        if end.pending is not None:
            code |= U_EVENTS
        if end.first_raw != end.iss & MASK32:
            code |= U_FIRST
        if end.unique_bytes != end.data_bytes:
            code |= U_UNIQUE
        if end.cont != end.snd_nxt:
            code |= U_CONT
        if end.ack_last != end.ack_high:
            code |= U_ACK_LAST
        if end.duplicates or end.sent_end != NONE or end.sent_ns:
            code |= U_RARE
        if end.cold is not None:
            code |= U_COLD
        return code

    def move_cold(self, cold: Cold, first_ns: int, first_frame: int) -> None:
        """Write or read what few ends need; ``fits`` has seen that there are no gaps."""
        cold.gap_count = self.move(cold.gap_count)
        cold.karn_low = self.move(cold.karn_low)
        cold.karn_high = self.move(cold.karn_high)
        cold.refused = self.move(cold.refused)
        cold.rst_frame = self.near(cold.rst_frame, first_frame, 0)
        cold.rst_seq = self.move(cold.rst_seq)
        cold.lost_frame = self.near(cold.lost_frame, first_frame, 0)
        cold.challenge_frame = self.near(cold.challenge_frame, first_frame, 0)
        cold.unsent_ack = self.move(cold.unsent_ack)
        cold.unsent_frame = self.near(cold.unsent_frame, first_frame, 0)
        cold.unsent_from = self.move(cold.unsent_from)
        cold.hole_frame = self.near(cold.hole_frame, first_frame, 0)
        cold.hole_left = self.move(cold.hole_left)
        cold.hole_right = self.move(cold.hole_right)
        cold.restart_ns = self.near(cold.restart_ns, first_ns, NO_TIME)
        cold.spare_frame = self.near(cold.spare_frame, first_frame, 0)
        cold.spare_end = self.move(cold.spare_end)

    def put_events(self, event: Event | None, first_ns: int, first_frame: int) -> None:
        """Write the open events, each behind a 1; a 0 ends them."""
        while event is not None:
            self.put(1)
            self.move_event(event, first_ns, first_frame)
            event = event.next
        self.put(0)

    def get_events(self, first_ns: int, first_frame: int) -> Event | None:
        """Read the open events in their order."""
        first: Event | None = None
        last: Event | None = None
        while self.get():
            event = self.paths.take()
            self.move_event(event, first_ns, first_frame)
            if last is None:
                first = event
            else:
                last.next = event
            last = event
        return first

    def move_event(self, event: Event, first_ns: int, first_frame: int) -> None:
        """Write or read an open event without copies."""
        code = self.move(
            event.input | event.evidence << 4 | event.settled << 7 | event.hole << 8 | event.has_ts << 9
            | event.held << 10 | event.turn << 12 | event.in_turn << 14
        )  # fmt: skip
        event.input = code & 15
        event.evidence = code >> 4 & 7
        event.settled = code >> 7 & 1
        event.hole = code >> 8 & 1
        event.has_ts = code >> 9 & 1
        event.held = code >> 10 & 3
        event.turn = code >> 12 & 3
        event.in_turn = code >> 14 & 1
        event.tsval = self.move(event.tsval)
        event.frame = self.near(event.frame, first_frame, 0)
        event.place = self.near(event.place, first_frame, 0)
        event.place_ns = self.near(event.place_ns, first_ns, NO_TIME)
        event.proof = self.near(event.proof, first_frame, 0)
        event.shown_ns = self.near(event.shown_ns, first_ns, 0)
        event.seq = self.move(event.seq)
        event.end_seq = self.near(event.end_seq, event.seq, NONE)
        event.x_ack = self.move(event.x_ack)

    def put_steps(self, end: End, first_ns: int, first_frame: int) -> None:
        """Write the settled steps, newest first, and give their places in the arena back."""
        paths = self.paths
        at = end.steps
        while at >= 0:
            base = paths.locate(at)
            second = paths.view[base + 1]
            fourth = paths.view[base + 3]
            self.put(1 | (second & 0xFFFF) << 3 | (fourth >> 8 & 3) << 1)
            self.near(paths.view[base], first_ns, NO_TIME)
            frame = second >> 16
            place = paths.view[base + 2] >> 24
            proof = fourth >> 16
            self.near(place, first_frame, 0)
            self.put(place - frame)
            self.put(place - proof)
            at = paths.give_back(at)
        self.put(0)
        end.steps = NONE

    def get_steps(self, end: End, first_ns: int, first_frame: int) -> None:
        """Read the settled steps into the arena, newest first as they were written."""
        paths = self.paths
        code = self.get()
        at = NONE
        if code:
            at = paths.allot()
        end.steps = at
        while code:
            time_ns = self.near(0, first_ns, NO_TIME)
            place = self.near(0, first_frame, 0)
            frame = place - self.get()
            proof = place - self.get()
            following = self.get()
            before = paths.allot() if following else NONE
            paths.write(at, time_ns, frame << 16 | code >> 3, place, proof, code >> 1 & 3, before)
            at = before
            code = following
