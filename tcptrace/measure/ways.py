"""How a figure is made of the readings of a direction: numbers, each by its name, which ``measure.figures`` takes.

A way is data: ``measure.measures`` lists them, and ``measure.figures`` runs down the list.
"""

from typing import NamedTuple

# Readings, in the order in which ``measure.figures`` takes them. Of the meter, by the names of its fields:
METER = (
    "segments", "acks", "pure_acks", "pushed", "urgent", "syns", "fins", "rsts", "data_segments", "data_bytes",
    "truncated", "truncated_bytes", "segment_least", "segment_most", "mss", "scale", "window_count", "window_sum",
    "window_least", "window_most", "windows_zero", "flight_count", "flight_sum", "flight_most", "flight_least",
    "initial_bytes", "initial_segments", "cumulative", "rtt_count", "rtt_sum_ns", "rtt_least_ns", "rtt_most_ns",
    "rtt_smooth_ns", "full_count", "full_sum_ns", "full_least_ns", "full_most_ns", "ts_count", "ts_sum_ns",
    "ts_least_ns", "ts_most_ns", "reply_count", "reply_sum_ns", "reply_least_ns", "reply_most_ns",
)  # fmt: skip
# Of what is rare in a direction; all 0 where there is nothing of it:
RARE = (
    "sacks", "dsacks", "blocks", "blocks_most", "urgent_bytes", "ambiguous", "post_loss", "last_count", "last_sum_ns",
    "last_least_ns", "last_most_ns", "again_most", "again_count", "again_sum_ns", "again_least_ns", "again_most_ns",
)  # fmt: skip
# Of the meter of the other side, whose segments show it:
PEER = ("peer_dup_acks", "peer_dup_triples", "peer_dup_longest")
# Of the connection itself (``measure.figures.Facts``); -1: not known. ``span_ns``: from its first frame to its last.
FACTS = (
    "duplicates", "span_ns", "retransmissions", "probes", "out_of_order", "unique_bytes", "handshake_ns",
)  # fmt: skip
# And what is made of these, because no way does it; -1: not known.
MADE = (
    "has_scale", "has_timestamps", "has_sack_permitted", "data_ns", "idle_ns", "rto_ns", "again_bytes",
    "stream_bytes", "missed_bytes",
)  # fmt: skip
READINGS = (*METER, *RARE, *PEER, *FACTS, *MADE)
SQUARES = ("rtt_squares", "full_squares", "last_squares", "again_squares")  # sums of squares: floats

# Ways.
FIELD, KNOWN, TOLD, FLAG, TIME, SPAN, MEAN, MEAN_TIME, SPREAD, RATE = range(10)
PLAN_WORDS = 4  # of a figure: its way, and the places of its readings

# What a figure is: not known, an integer, a truth, nanoseconds to be given as seconds, another number.
NULL, WHOLE, TRUTH, SECONDS, REAL = range(5)


class Way(NamedTuple):
    """One of the ways with its readings."""

    number: int
    of: str
    per: str = ""  # "": it has no second
    squares: str = ""

    def words(self) -> tuple[int, int, int, int]:
        """Return it as ``PLAN_WORDS`` numbers: places for names, 0 where there is none."""
        return (
            self.number,
            READINGS.index(self.of),
            READINGS.index(self.per) if self.per else 0,
            SQUARES.index(self.squares) if self.squares else 0,
        )


def field(of: str) -> Way:
    """Return a reading as it stands."""
    return Way(FIELD, of)


def known(of: str, per: str) -> Way:
    """Return a reading that is known where another is not 0."""
    return Way(KNOWN, of, per)


def told(of: str) -> Way:
    """Return a reading that is known where it is not negative."""
    return Way(TOLD, of)


def flag(of: str, per: str) -> Way:
    """Return whether a reading is not 0; known where another is not 0."""
    return Way(FLAG, of, per)


def time(of: str, per: str) -> Way:
    """Return nanoseconds, in seconds, known where another reading is not 0."""
    return Way(TIME, of, per)


def span(of: str) -> Way:
    """Return nanoseconds, in seconds, known where they are not negative."""
    return Way(SPAN, of)


def mean(of: str, per: str) -> Way:
    """Return a sum by its count; null of none."""
    return Way(MEAN, of, per)


def mean_time(of: str, per: str) -> Way:
    """Return a sum of nanoseconds by its count, in seconds; null of none."""
    return Way(MEAN_TIME, of, per)


def spread(squares: str, of: str, per: str) -> Way:
    """Return the standard deviation of a sample of nanoseconds (n - 1), in seconds; null of less than two."""
    return Way(SPREAD, of, per, squares)


def rate(of: str, per: str) -> Way:
    """Return a reading by nanoseconds, a second's; null where either is not known."""
    return Way(RATE, of, per)


class Measure(NamedTuple):
    """One figure of one direction."""

    name: str  # JSON key, with its unit: _s seconds, _bytes, _per_s
    label: str  # in the table, as the C tcptrace calls it where it has it
    unit: str  # "count", "bytes", "seconds", "rate", "bool"
    definition: str
    of: Way
