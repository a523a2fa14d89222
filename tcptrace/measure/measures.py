"""The measures of a connection: one list, from which the table of ``--long``, the JSON key and the definitions all come.

Each row is a figure of one direction: what its side sent, and what the other side's ACKs showed of it. ``None`` where the
capture does not tell.
"""

from tcptrace.flow.bits import MASK32, NO_TIME
from tcptrace.measure.ways import (
    Field,
    Given,
    Known,
    Mean,
    MeanTime,
    Measure,
    PeerRare,
    RareField,
    RareMean,
    RareSpread,
    RareTime,
    Spread,
    Time,
    Value,
)
from tcptrace.model.tcpflags import OPT_SACK_PERMITTED, OPT_SCALE, OPT_TIMESTAMPS
from tcptrace.model.units import NS

LEAST_RTO_NS = NS  # RFC 6298 2.4


def _found(given: Given, code: str) -> int:
    by_side = given.facts.finding_counts.get(code)
    return by_side.get(given.side, 0) if by_side else 0


def _data_s(given: Given) -> float | None:
    own = given.own
    return max(0, own.data_last_ns - own.data_first_ns) / NS if own.data_segments else None


def _idle_s(given: Given) -> float | None:
    return given.own.idle_most_ns / NS if given.own.idle_most_ns >= 0 else None


def _handshake_s(given: Given) -> float | None:
    is_once = given.side == "server" or given.own.syns == 1
    return given.handshake_ns / NS if given.handshake_ns is not None and is_once else None


def _rto_s(given: Given) -> float | None:
    own = given.own
    return max(LEAST_RTO_NS, own.rtt_smooth_ns + 4 * own.rtt_var_ns) / NS if own.rtt_count else None


def _unique(given: Given) -> int | None:
    return given.facts.unique_bytes[given.place]


def _again(given: Given) -> int | None:
    unique = _unique(given)
    return None if unique is None else max(0, given.own.data_bytes - unique)


def _stream(given: Given) -> int | None:
    own = given.own
    if not own.syns or not own.fins:
        return None
    return (own.nxt - own.iss - 2) & MASK32  # SYN and FIN take a number each


def _missed(given: Given) -> int | None:
    stream, unique = _stream(given), _unique(given)
    return None if stream is None or unique is None else max(0, stream - unique)


def _throughput(given: Given) -> float | None:
    unique, span = _unique(given), given.facts.span_ns
    return None if unique is None or span <= 0 else unique * NS / span


def _goodput(given: Given) -> float | None:
    unique, span = _unique(given), given.own.data_last_ns - given.own.data_first_ns
    return None if unique is None or given.own.data_first_ns == NO_TIME or span <= 0 else unique * NS / span


def _if(condition: object, value: Value) -> Value:
    return value if condition else None


MEASURES: tuple[Measure, ...] = (
    Measure("segments", "total packets", "count", "TCP segments, second copies left out", Field("segments")),
    Measure("acks", "ack pkts sent", "count", "segments with ACK", Field("acks")),
    Measure("pure_acks", "pure acks sent", "count", "ACK, no payload, no SYN, FIN or RST", Field("pure_acks")),
    Measure("sack_segments", "sack pkts sent", "count", "segments with SACK blocks (RFC 2018)", RareField("sacks")),
    Measure(
        "dsack_segments", "dsack pkts sent", "count",
        "of these, whose first block lies below the ACK or within the second (RFC 2883 4)", RareField("dsacks"),
    ),
    Measure("sack_blocks_max", "max sack blks/ack", "count", "most blocks in a segment", RareField("blocks_most")),
    Measure("unique_bytes", "unique bytes sent", "bytes", "each payload sequence number once (contract)", _unique),
    Measure(
        "data_segments", "actual data pkts", "count",
        "segments with payload; RSTs left out", Field("data_segments"),
    ),
    Measure(
        "data_bytes", "actual data bytes", "bytes",
        "payload of these, what is sent again included", Field("data_bytes"),
    ),
    Measure(
        "sent_again_segments", "rexmt data pkts", "count",
        "findings `retransmission` of this side: SYN and FIN count too", lambda g: _found(g, "retransmission"),
    ),
    Measure("sent_again_bytes", "rexmt data bytes", "bytes", "data_bytes without unique_bytes", _again),
    Measure(
        "zero_window_probes", "zwnd probe pkts", "count",
        "findings `zero_window_probe` (RFC 9293 3.8.6.1)", lambda g: _found(g, "zero_window_probe"),
    ),
    Measure(
        "zero_window_probe_bytes", "zwnd probe bytes", "bytes",
        "payload of these: one octet each", lambda g: _found(g, "zero_window_probe"),
    ),
    Measure(
        "out_of_order", "outoforder pkts", "count",
        "findings `out_of_order`", lambda g: _found(g, "out_of_order"),
    ),
    Measure("pushed", "pushed data pkts", "count", "segments with payload and PSH", Field("pushed")),
    Measure("syns", "SYN pkts sent", "count", "segments with SYN", Field("syns")),
    Measure("fins", "FIN pkts sent", "count", "segments with FIN", Field("fins")),
    Measure("resets", "RST pkts sent", "count", "segments with RST", Field("rsts")),
    Measure(
        "window_scale", "adv wind scale", "count",
        "the shift in its SYN (RFC 7323 2.2); null without the option",
        lambda g: _if(g.own.options & OPT_SCALE, g.own.scale),
    ),
    Measure(
        "timestamps", "req 1323 ts", "bool",
        "timestamps option in its SYN (RFC 7323 3); null without a SYN",
        lambda g: _if(g.own.syns, bool(g.own.options & OPT_TIMESTAMPS)),
    ),
    Measure(
        "sack_permitted", "req sack", "bool",
        "SACK permitted in its SYN (RFC 2018 2); null without a SYN",
        lambda g: _if(g.own.syns, bool(g.own.options & OPT_SACK_PERMITTED)),
    ),
    Measure("sack_blocks", "sacks sent", "count", "SACK blocks in all segments", RareField("blocks")),
    Measure("urgent", "urgent data pkts", "count", "segments with URG (RFC 9293 3.8.5)", Field("urgent")),
    Measure(
        "urgent_bytes", "urgent data bytes", "bytes",
        "payload of these; which octet the urgent pointer names is not looked at", RareField("urgent_bytes"),
    ),
    Measure("mss_bytes", "mss requested", "bytes", "MSS option in its SYN (RFC 9293 3.7.1)", Known("mss", "mss")),
    Measure("segment_max_bytes", "max segm size", "bytes", "largest payload", Field("segment_most")),
    Measure("segment_min_bytes", "min segm size", "bytes", "smallest payload but none", Field("segment_least")),
    Measure(
        "segment_avg_bytes", "avg segm size", "bytes",
        "data_bytes / data_segments", Mean("data_bytes", "data_segments"),
    ),
    Measure(
        "window_max_bytes", "max win adv", "bytes",
        "largest window offered, scaled; those in SYNs left out (RFC 7323 2.2)", Known("window_most", "window_count"),
    ),
    Measure("window_min_bytes", "min win adv", "bytes", "smallest of these", Known("window_least", "window_count")),
    Measure("zero_windows", "zero win adv", "count", "of these, 0", Field("windows_zero")),
    Measure("window_avg_bytes", "avg win adv", "bytes", "their mean", Mean("window_sum", "window_count")),
    Measure(
        "flight_max_bytes", "max owin", "bytes",
        "most numbers sent and not acknowledged, looked at after each data segment",
        Known("flight_most", "flight_count"),
    ),
    Measure(
        "flight_min_bytes", "min non-zero owin", "bytes",
        "fewest but none", Known("flight_least", "flight_least"),
    ),
    Measure("flight_avg_bytes", "avg owin", "bytes", "their mean", Mean("flight_sum", "flight_count")),
    Measure(
        "initial_window_bytes", "initial window", "bytes",
        "payload sent before an ACK of more than its SYN (RFC 5681 3.1); 0 without a SYN", Field("initial_bytes"),
    ),
    Measure("initial_window_segments", "initial window", "count", "segments of that", Field("initial_segments")),
    Measure(
        "data_s", "data xmit time", "seconds",
        "first to last segment with payload",
        _data_s,
    ),
    Measure(
        "idle_max_s", "idletime max", "seconds",
        "longest time between two segments of this side",
        _idle_s,
    ),
    Measure(
        "throughput_per_s", "throughput", "rate",
        "unique_bytes / the connection's time in the capture", _throughput,
    ),
    Measure("goodput_per_s", "goodput", "rate", "unique_bytes / data_s", _goodput),
    Measure(
        "rtt_samples", "RTT samples", "count",
        "ACKs that end a segment sent once (Karn's rule, RFC 6298 3)", Field("rtt_count"),
    ),
    Measure("rtt_min_s", "RTT min", "seconds", "least of these", Time("rtt_least_ns", "rtt_count")),
    Measure("rtt_max_s", "RTT max", "seconds", "greatest of these", Time("rtt_most_ns", "rtt_count")),
    Measure("rtt_avg_s", "RTT avg", "seconds", "their mean", MeanTime("rtt_sum_ns", "rtt_count")),
    Measure(
        "rtt_deviation_s", "RTT stdev", "seconds",
        "standard deviation of the sample (n - 1)", Spread("rtt_squares", "rtt_sum_ns", "rtt_count"),
    ),
    Measure(
        "rtt_handshake_s", "RTT from 3WHS", "seconds",
        "from its SYN to the ACK of that, at the tap: its half of `handshake`; null where a client sent it twice (RFC 6298)",
        _handshake_s,
    ),
    Measure(
        "rtt_full_samples", "RTT full_sz smpls", "count",
        "samples of the segments with most numbers among those sampled", Field("full_count"),
    ),
    Measure("rtt_full_min_s", "RTT full_sz min", "seconds", "least of these", Time("full_least_ns", "full_count")),
    Measure("rtt_full_max_s", "RTT full_sz max", "seconds", "greatest of these", Time("full_most_ns", "full_count")),
    Measure("rtt_full_avg_s", "RTT full_sz avg", "seconds", "their mean", MeanTime("full_sum_ns", "full_count")),
    Measure(
        "rtt_full_deviation_s", "RTT full_sz stdev", "seconds",
        "their standard deviation (n - 1)", Spread("full_squares", "full_sum_ns", "full_count"),
    ),
    Measure(
        "rtt_smoothed_s", "RTT smoothed", "seconds",
        "SRTT after the last sample (RFC 6298 2.3)", Time("rtt_smooth_ns", "rtt_count"),
    ),
    Measure(
        "rto_s", "RTO", "seconds",
        "SRTT + 4 RTTVAR, at least 1 s (RFC 6298 2.3, 2.4; Linux: at least 200 ms)",
        _rto_s,
    ),
    Measure(
        "ts_samples", "RTT by ts samples", "count",
        "TSvals whose echo came back (RFC 7323 4), one at a time", Field("ts_count"),
    ),
    Measure("ts_rtt_min_s", "RTT by ts min", "seconds", "least of these", Time("ts_least_ns", "ts_count")),
    Measure("ts_rtt_max_s", "RTT by ts max", "seconds", "greatest of these", Time("ts_most_ns", "ts_count")),
    Measure("ts_rtt_avg_s", "RTT by ts avg", "seconds", "their mean", MeanTime("ts_sum_ns", "ts_count")),
    Measure(
        "truncated_segments", "truncated packets", "count",
        "segments whose payload the snap length cut", Field("truncated"),
    ),
    Measure("truncated_bytes", "truncated data", "bytes", "payload that it cut", Field("truncated_bytes")),
    Measure("stream_bytes", "ttl stream length", "bytes", "numbers between SYN and FIN; null without both", _stream),
    Measure("missed_bytes", "missed data", "bytes", "stream_bytes without unique_bytes", _missed),
    Measure(
        "ambiguous_acks", "ambiguous acks", "count",
        "ACKs that end a segment sent again: no sample (RFC 6298 3)", RareField("ambiguous"),
    ),
    Measure(
        "rtt_last_min_s", "RTT min (last)", "seconds",
        "of these, from when the segment was sent last: least", RareTime("last_least_ns"),
    ),
    Measure("rtt_last_max_s", "RTT max (last)", "seconds", "greatest", RareTime("last_most_ns")),
    Measure("rtt_last_avg_s", "RTT avg (last)", "seconds", "mean", RareMean("last_sum_ns", "last_count")),
    Measure(
        "rtt_last_deviation_s", "RTT sdv (last)", "seconds",
        "standard deviation (n - 1)", RareSpread("last_squares", "last_sum_ns", "last_count"),
    ),
    Measure(
        "post_loss_acks", "post-loss acks", "count",
        "ACKs that end a segment since which one before it was sent again: they tell of the repair, not of the path",
        RareField("post_loss"),
    ),
    Measure(
        "cumulative_acked", "segs cum acked", "count",
        "segments that a later segment's ACK covered: no sample", Field("cumulative"),
    ),
    Measure(
        "duplicate_acks", "duplicate acks", "count",
        "received: same ACK and window, no payload, while data of this side is outstanding (RFC 5681 2)",
        lambda g: g.peer.dup_acks,
    ),
    Measure(
        "triple_duplicate_acks", "triple dupacks", "count",
        "runs of three and more (RFC 5681 3.2)", PeerRare("dup_triples"),
    ),
    Measure("duplicate_acks_run", "longest dupacks", "count", "longest run of these", PeerRare("dup_longest")),
    Measure(
        "sent_again_max", "max # retrans", "count",
        "how often one outstanding segment was sent again, at most", RareField("again_most"),
    ),
    Measure(
        "sent_again_min_s", "min retr time", "seconds",
        "from when an outstanding segment was sent to when it was sent again: least", RareTime("again_least_ns"),
    ),
    Measure("sent_again_max_s", "max retr time", "seconds", "greatest", RareTime("again_most_ns")),
    Measure("sent_again_avg_s", "avg retr time", "seconds", "mean", RareMean("again_sum_ns", "again_count")),
    Measure(
        "sent_again_deviation_s", "sdv retr time", "seconds",
        "standard deviation (n - 1)", RareSpread("again_squares", "again_sum_ns", "again_count"),
    ),
    Measure(
        "duplicates", "hardware dups", "count",
        "second copies of the same packet (contract): they count nowhere else here",
        lambda g: g.facts.duplicates[g.place],
    ),
    Measure(
        "replies", "replies", "count",
        "times that this side's payload followed the other's", Field("reply_count"),
    ),
    Measure(
        "reply_min_s", "reply min", "seconds",
        "from the other side's last payload to this side's first after it, at the tap: least",
        Time("reply_least_ns", "reply_count"),
    ),
    Measure("reply_max_s", "reply max", "seconds", "greatest", Time("reply_most_ns", "reply_count")),
    Measure("reply_avg_s", "reply avg", "seconds", "mean", MeanTime("reply_sum_ns", "reply_count")),
)  # fmt: skip


def definitions() -> str:
    """Return all definitions as a table of Markdown."""
    rows = [f"| `{row.name}` | {row.label} | {row.definition} |" for row in MEASURES]
    return "\n".join(["| key | `--long` | is |", "|---|---|---|", *rows]) + "\n"
