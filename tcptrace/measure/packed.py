"""Measures of connections that are over, packed: some 300 octets for both directions instead of 900.

Numbers of variable length (``flow.varints``; most as differences) in one ``bytes``, as ``tcp.packed`` does it for the rows
of the replay. A direction with something rare, or with outstanding segments beyond one, stays as it is.

A hot file: plain Python here, compiled with the C types of ``_compiled/measure/packed.pxd``.
"""

from math import frexp, ldexp

from tcptrace.flow.bits import NO_TIME, NONE

from ..flow.varints import Varints
from .meters import Meter

ROOM = 2048  # octets of two meters: 70 numbers of at most 10 each
MANTISSA = 1 << 53

# Groups of fields that a direction has.
G_DATA = 0x1
G_SAMPLES = 0x2
G_FULL = 0x4  # samples of its largest segments that are not all its samples
G_ECHOES = 0x8
G_REPLIES = 0x10
G_FAULTS = 0x20
G_SENT = 0x40
G_WAITS = 0x80


class Packer(Varints):
    """Packs meters, two at a time, and unpacks them."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(ROOM)

    def pack(self, low: Meter, high: Meter) -> bytes:
        """Return both meters packed."""
        self.at = 0
        self.is_reading = 0
        self.move_meter(low, 0)
        self.move_meter(high, low.last_ns)
        return bytes(self.room[: self.at])

    def unpack(self, octets: bytes, low: Meter, high: Meter) -> None:
        """Make of two new meters those that were packed."""
        self.octets = octets
        self.at = 0
        self.is_reading = 1
        self.move_meter(low, 0)
        self.move_meter(high, low.last_ns)

    def fits(self, meter: Meter) -> int:
        """Return 1 where a meter can be packed."""
        return 1 if meter.rare is None and meter.ring == NONE and meter.last_ns != NO_TIME else 0

    # -- numbers ------------------------------------------------------------------------------------------------------

    def near(self, value: int, base: int) -> int:
        """Write or read a number by its distance from ``base``."""
        if self.is_reading:
            return base + self.get()
        self.put(value - base)
        return value

    def squares(self, value: float, total: int, count: int) -> float:
        """Write or read a sum of squares: of one sample it is that sample's."""
        if count < 2:
            return 1.0 * total * total
        if self.is_reading:
            part = self.get()
            return ldexp(float(part), self.get())
        fraction, exponent = frexp(value)
        self.put(int(fraction * MANTISSA))
        self.put(exponent - 53)
        return value

    # -- meters -------------------------------------------------------------------------------------------------------

    def move_meter(self, m: Meter, near_ns: int) -> None:
        """Write or read a meter whose last time is near another one."""
        has = self.move(self.groups(m))
        m.segments = self.move(m.segments)
        m.acks = self.near(m.acks, m.segments)
        m.pure_acks = self.move(m.pure_acks)
        m.syns = self.move(m.syns)
        m.fins = self.move(m.fins)
        m.rsts = self.move(m.rsts)
        m.last_ns = self.near(m.last_ns, near_ns)
        m.idle_most_ns = self.move(m.idle_most_ns)
        m.options = self.move(m.options)
        m.mss = self.move(m.mss)
        m.scale = self.move(m.scale)
        code = self.move(m.has_sent | m.has_ack << 1)
        m.has_sent = code & 1
        m.has_ack = code >> 1
        m.ack = self.move(m.ack)
        m.window = self.move(m.window)
        m.window_count = self.near(m.window_count, m.acks)
        m.window_sum = self.move(m.window_sum)
        m.window_most = self.move(m.window_most)
        m.window_least = self.near(m.window_least, m.window_most)
        if has & G_SENT:
            m.iss = self.move(m.iss)
            m.nxt = self.near(m.nxt, m.iss)
            m.initial_bytes = self.move(m.initial_bytes)
            m.initial_segments = self.move(m.initial_segments)
            m.cumulative = self.move(m.cumulative)
        if has & G_DATA:
            self.move_data(m)
        if has & G_WAITS:
            m.old_end = self.move(m.old_end)
            m.old_length = self.move(m.old_length)
            m.old_ns = self.near(m.old_ns, m.last_ns)
        if has & G_SAMPLES:
            self.move_samples(m, has)
        if has & G_ECHOES:
            m.probe_val = self.move(m.probe_val)
            if self.move(1 if m.probe_ns != NO_TIME else 0):
                m.probe_ns = self.near(m.probe_ns, m.last_ns)
            m.ts_count = self.move(m.ts_count)
            m.ts_sum_ns = self.move(m.ts_sum_ns)
            m.ts_least_ns = self.near(m.ts_least_ns, m.ts_sum_ns)
            m.ts_most_ns = self.near(m.ts_most_ns, m.ts_sum_ns)
        if has & G_REPLIES:
            m.reply_count = self.move(m.reply_count)
            m.reply_sum_ns = self.move(m.reply_sum_ns)
            m.reply_least_ns = self.near(m.reply_least_ns, m.reply_sum_ns)
            m.reply_most_ns = self.near(m.reply_most_ns, m.reply_sum_ns)
        if has & G_FAULTS:
            m.urgent = self.move(m.urgent)
            m.truncated = self.move(m.truncated)
            m.truncated_bytes = self.move(m.truncated_bytes)
            m.dup_acks = self.move(m.dup_acks)
            m.dup_run = self.move(m.dup_run)
            m.windows_zero = self.move(m.windows_zero)
            m.barred_from = self.move(m.barred_from)
            m.barred_to = self.near(m.barred_to, m.barred_from)

    def move_data(self, m: Meter) -> None:
        """Write or read what a direction with payload has."""
        m.data_segments = self.move(m.data_segments)
        m.data_bytes = self.move(m.data_bytes)
        m.pushed = self.near(m.pushed, m.data_segments)
        m.segment_most = self.move(m.segment_most)
        m.segment_least = self.near(m.segment_least, m.segment_most)
        m.data_last_ns = self.near(m.data_last_ns, m.last_ns)
        m.data_first_ns = self.near(m.data_first_ns, m.data_last_ns)
        m.flight_count = self.near(m.flight_count, m.data_segments)
        m.flight_sum = self.near(m.flight_sum, m.data_bytes)
        m.flight_most = self.move(m.flight_most)
        m.flight_least = self.near(m.flight_least, m.flight_most)

    def move_samples(self, m: Meter, has: int) -> None:
        """Write or read round trips, those of the largest segments too where they are not all."""
        m.rtt_count = self.move(m.rtt_count)
        m.rtt_sum_ns = self.move(m.rtt_sum_ns)
        m.rtt_least_ns = self.near(m.rtt_least_ns, m.rtt_sum_ns)
        m.rtt_most_ns = self.near(m.rtt_most_ns, m.rtt_sum_ns)
        m.rtt_smooth_ns = self.near(m.rtt_smooth_ns, m.rtt_sum_ns)
        m.rtt_var_ns = self.near(m.rtt_var_ns, m.rtt_sum_ns >> 1)
        m.rtt_squares = self.squares(m.rtt_squares, m.rtt_sum_ns, m.rtt_count)
        m.full_size = self.move(m.full_size)
        if has & G_FULL:
            m.full_count = self.move(m.full_count)
            m.full_sum_ns = self.move(m.full_sum_ns)
            m.full_least_ns = self.near(m.full_least_ns, m.full_sum_ns)
            m.full_most_ns = self.near(m.full_most_ns, m.full_sum_ns)
            m.full_squares = self.squares(m.full_squares, m.full_sum_ns, m.full_count)
        else:
            m.full_count = m.rtt_count
            m.full_sum_ns = m.rtt_sum_ns
            m.full_least_ns = m.rtt_least_ns
            m.full_most_ns = m.rtt_most_ns
            m.full_squares = m.rtt_squares

    def groups(self, m: Meter) -> int:
        """Return G_ bits: which groups of fields have something."""
        has = 0
        if m.has_sent or m.cumulative:
            has |= G_SENT
        if m.data_segments:
            has |= G_DATA
        if m.old_ns != NO_TIME:
            has |= G_WAITS
        if m.rtt_count:
            has |= G_SAMPLES
        if m.full_count != m.rtt_count:
            has |= G_FULL
        if m.probe_ns != NO_TIME or m.ts_count or m.probe_val:
            has |= G_ECHOES
        if m.reply_count:
            has |= G_REPLIES
        if (
            m.urgent
            or m.truncated
            or m.dup_acks
            or m.dup_run
            or m.windows_zero
            or m.barred_from != m.barred_to
        ):
            has |= G_FAULTS
        return has
