"""What is measured of a direction: a row of running numbers, and what few directions need beside it.

A hot file: plain Python here, compiled with the C types of ``_compiled/measure/meters.pxd``.
"""

from array import array

from tcptrace.flow.bits import NO_TIME, NONE

FIRST_ROOM = 16
WORDS = 3  # of a segment in a ring


class Meter:
    """One direction: what its sender sent, and what its peer's ACKs showed of it."""

    __slots__ = (
        "ack", "acks", "barred_from", "barred_to", "cumulative", "data_bytes", "data_first_ns", "data_last_ns",
        "data_segments", "dup_acks", "dup_run", "fins", "flight_count", "flight_least", "flight_most", "flight_sum",
        "full_count", "full_least_ns", "full_most_ns", "full_size", "full_squares", "full_sum_ns", "has_ack",
        "has_sent", "idle_most_ns", "initial_bytes", "initial_segments", "iss", "last_ns", "mss", "nxt", "old_end",
        "old_length", "old_ns", "options", "probe_ns", "probe_val", "pure_acks", "pushed", "rare", "reply_count",
        "reply_least_ns", "reply_most_ns", "reply_sum_ns", "ring", "rsts", "rtt_count", "rtt_least_ns", "rtt_most_ns",
        "rtt_smooth_ns", "rtt_squares", "rtt_sum_ns", "rtt_var_ns", "scale", "segment_least", "segment_most",
        "segments", "syns", "truncated", "truncated_bytes", "ts_count", "ts_least_ns", "ts_most_ns", "ts_sum_ns",
        "urgent", "window", "window_count", "window_least", "window_most", "window_sum", "windows_zero",
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
        self.ring = NONE  # place in ``Outstanding.rings``
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

    def make_rare(self) -> "Rare":
        """Return what is rare of it, made where there is none yet."""
        rare = self.rare
        if rare is None:
            rare = self.rare = Rare()
        return rare


class Rare:
    """What most directions have nothing of, so that a meter stays small."""

    __slots__ = (
        "again_count", "again_least_ns", "again_most", "again_most_ns", "again_squares", "again_sum_ns", "ambiguous",
        "blocks", "blocks_most", "dsacks", "dup_longest", "dup_triples", "last_count", "last_least_ns",
        "last_most_ns", "last_squares", "last_sum_ns", "old_again", "post_loss", "sacks", "urgent_bytes",
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
