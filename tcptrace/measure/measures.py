"""The measures of a connection: one list, from which the table of ``--long``, the JSON key and the definitions all come.

Each row is a figure of one direction: what its side sent, and what the other side's ACKs showed of it. ``None`` where the
capture does not tell.
"""

from array import array

from tcptrace.measure.ways import (
    Measure,
    field,
    flag,
    known,
    mean,
    mean_time,
    rate,
    span,
    spread,
    time,
    told,
)

MEASURES: tuple[Measure, ...] = (
    Measure("segments", "total packets", "count", "TCP segments, second copies left out", field("segments")),
    Measure("acks", "ack pkts sent", "count", "segments with ACK", field("acks")),
    Measure("pure_acks", "pure acks sent", "count", "ACK, no payload, no SYN, FIN or RST", field("pure_acks")),
    Measure("sack_segments", "sack pkts sent", "count", "segments with SACK blocks (RFC 2018)", field("sacks")),
    Measure(
        "dsack_segments", "dsack pkts sent", "count",
        "of these, whose first block lies below the ACK or within the second (RFC 2883 4)", field("dsacks"),
    ),
    Measure("sack_blocks_max", "max sack blks/ack", "count", "most blocks in a segment", field("blocks_most")),
    Measure(
        "unique_bytes", "unique bytes sent", "bytes",
        "each payload sequence number once (contract)", told("unique_bytes"),
    ),
    Measure(
        "data_segments", "actual data pkts", "count",
        "segments with payload; RSTs left out", field("data_segments"),
    ),
    Measure(
        "data_bytes", "actual data bytes", "bytes",
        "payload of these, what is sent again included", field("data_bytes"),
    ),
    Measure(
        "sent_again_segments", "rexmt data pkts", "count",
        "findings `retransmission` of this side: SYN and FIN count too", field("retransmissions"),
    ),
    Measure("sent_again_bytes", "rexmt data bytes", "bytes", "data_bytes without unique_bytes", told("again_bytes")),
    Measure(
        "zero_window_probes", "zwnd probe pkts", "count",
        "findings `zero_window_probe` (RFC 9293 3.8.6.1)", field("probes"),
    ),
    Measure(
        "zero_window_probe_bytes", "zwnd probe bytes", "bytes",
        "payload of these: one octet each", field("probes"),
    ),
    Measure(
        "out_of_order", "outoforder pkts", "count",
        "findings `out_of_order`", field("out_of_order"),
    ),
    Measure("pushed", "pushed data pkts", "count", "segments with payload and PSH", field("pushed")),
    Measure("syns", "SYN pkts sent", "count", "segments with SYN", field("syns")),
    Measure("fins", "FIN pkts sent", "count", "segments with FIN", field("fins")),
    Measure("resets", "RST pkts sent", "count", "segments with RST", field("rsts")),
    Measure(
        "window_scale", "adv wind scale", "count",
        "the shift in its SYN (RFC 7323 2.2); null without the option",
        known("scale", "has_scale"),
    ),
    Measure(
        "timestamps", "req 1323 ts", "bool",
        "timestamps option in its SYN (RFC 7323 3); null without a SYN",
        flag("has_timestamps", "syns"),
    ),
    Measure(
        "sack_permitted", "req sack", "bool",
        "SACK permitted in its SYN (RFC 2018 2); null without a SYN",
        flag("has_sack_permitted", "syns"),
    ),
    Measure("sack_blocks", "sacks sent", "count", "SACK blocks in all segments", field("blocks")),
    Measure("urgent", "urgent data pkts", "count", "segments with URG (RFC 9293 3.8.5)", field("urgent")),
    Measure(
        "urgent_bytes", "urgent data bytes", "bytes",
        "payload of these; which octet the urgent pointer names is not looked at", field("urgent_bytes"),
    ),
    Measure("mss_bytes", "mss requested", "bytes", "MSS option in its SYN (RFC 9293 3.7.1)", known("mss", "mss")),
    Measure("segment_max_bytes", "max segm size", "bytes", "largest payload", field("segment_most")),
    Measure("segment_min_bytes", "min segm size", "bytes", "smallest payload but none", field("segment_least")),
    Measure(
        "segment_avg_bytes", "avg segm size", "bytes",
        "data_bytes / data_segments", mean("data_bytes", "data_segments"),
    ),
    Measure(
        "window_max_bytes", "max win adv", "bytes",
        "largest window offered, scaled; those in SYNs left out (RFC 7323 2.2)", known("window_most", "window_count"),
    ),
    Measure("window_min_bytes", "min win adv", "bytes", "smallest of these", known("window_least", "window_count")),
    Measure("zero_windows", "zero win adv", "count", "of these, 0", field("windows_zero")),
    Measure("window_avg_bytes", "avg win adv", "bytes", "their mean", mean("window_sum", "window_count")),
    Measure(
        "flight_max_bytes", "max owin", "bytes",
        "most numbers sent and not acknowledged, looked at after each data segment",
        known("flight_most", "flight_count"),
    ),
    Measure(
        "flight_min_bytes", "min non-zero owin", "bytes",
        "fewest but none", known("flight_least", "flight_least"),
    ),
    Measure("flight_avg_bytes", "avg owin", "bytes", "their mean", mean("flight_sum", "flight_count")),
    Measure(
        "initial_window_bytes", "initial window", "bytes",
        "payload sent before an ACK of more than its SYN (RFC 5681 3.1); 0 without a SYN", field("initial_bytes"),
    ),
    Measure("initial_window_segments", "initial window", "count", "segments of that", field("initial_segments")),
    Measure(
        "data_s", "data xmit time", "seconds",
        "first to last segment with payload",
        time("data_ns", "data_segments"),
    ),
    Measure(
        "idle_max_s", "idletime max", "seconds",
        "longest time between two segments of this side",
        span("idle_ns"),
    ),
    Measure(
        "throughput_per_s", "throughput", "rate",
        "unique_bytes / the connection's time in the capture", rate("unique_bytes", "span_ns"),
    ),
    Measure("goodput_per_s", "goodput", "rate", "unique_bytes / data_s", rate("unique_bytes", "data_ns")),
    Measure(
        "rtt_samples", "RTT samples", "count",
        "ACKs that end a segment sent once (Karn's rule, RFC 6298 3)", field("rtt_count"),
    ),
    Measure("rtt_min_s", "RTT min", "seconds", "least of these", time("rtt_least_ns", "rtt_count")),
    Measure("rtt_max_s", "RTT max", "seconds", "greatest of these", time("rtt_most_ns", "rtt_count")),
    Measure("rtt_avg_s", "RTT avg", "seconds", "their mean", mean_time("rtt_sum_ns", "rtt_count")),
    Measure(
        "rtt_deviation_s", "RTT stdev", "seconds",
        "standard deviation of the sample (n - 1)", spread("rtt_squares", "rtt_sum_ns", "rtt_count"),
    ),
    Measure(
        "rtt_handshake_s", "RTT from 3WHS", "seconds",
        "from its SYN to the ACK of that, at the tap: its half of `handshake`; null where a client sent it twice (RFC 6298)",
        span("handshake_ns"),
    ),
    Measure(
        "rtt_full_samples", "RTT full_sz smpls", "count",
        "samples of the segments with most numbers among those sampled", field("full_count"),
    ),
    Measure("rtt_full_min_s", "RTT full_sz min", "seconds", "least of these", time("full_least_ns", "full_count")),
    Measure("rtt_full_max_s", "RTT full_sz max", "seconds", "greatest of these", time("full_most_ns", "full_count")),
    Measure("rtt_full_avg_s", "RTT full_sz avg", "seconds", "their mean", mean_time("full_sum_ns", "full_count")),
    Measure(
        "rtt_full_deviation_s", "RTT full_sz stdev", "seconds",
        "their standard deviation (n - 1)", spread("full_squares", "full_sum_ns", "full_count"),
    ),
    Measure(
        "rtt_smoothed_s", "RTT smoothed", "seconds",
        "SRTT after the last sample (RFC 6298 2.3)", time("rtt_smooth_ns", "rtt_count"),
    ),
    Measure(
        "rto_s", "RTO", "seconds",
        "SRTT + 4 RTTVAR, at least 1 s (RFC 6298 2.3, 2.4; Linux: at least 200 ms)",
        time("rto_ns", "rtt_count"),
    ),
    Measure(
        "ts_samples", "RTT by ts samples", "count",
        "TSvals whose echo came back (RFC 7323 4), one at a time", field("ts_count"),
    ),
    Measure("ts_rtt_min_s", "RTT by ts min", "seconds", "least of these", time("ts_least_ns", "ts_count")),
    Measure("ts_rtt_max_s", "RTT by ts max", "seconds", "greatest of these", time("ts_most_ns", "ts_count")),
    Measure("ts_rtt_avg_s", "RTT by ts avg", "seconds", "their mean", mean_time("ts_sum_ns", "ts_count")),
    Measure(
        "truncated_segments", "truncated packets", "count",
        "segments whose payload the snap length cut", field("truncated"),
    ),
    Measure("truncated_bytes", "truncated data", "bytes", "payload that it cut", field("truncated_bytes")),
    Measure(
        "stream_bytes", "ttl stream length", "bytes",
        "numbers between SYN and FIN; null without both", told("stream_bytes"),
    ),
    Measure("missed_bytes", "missed data", "bytes", "stream_bytes without unique_bytes", told("missed_bytes")),
    Measure(
        "ambiguous_acks", "ambiguous acks", "count",
        "ACKs that end a segment sent again: no sample (RFC 6298 3)", field("ambiguous"),
    ),
    Measure(
        "rtt_last_min_s", "RTT min (last)", "seconds",
        "of these, from when the segment was sent last: least", time("last_least_ns", "last_count"),
    ),
    Measure("rtt_last_max_s", "RTT max (last)", "seconds", "greatest", time("last_most_ns", "last_count")),
    Measure("rtt_last_avg_s", "RTT avg (last)", "seconds", "mean", mean_time("last_sum_ns", "last_count")),
    Measure(
        "rtt_last_deviation_s", "RTT sdv (last)", "seconds",
        "standard deviation (n - 1)", spread("last_squares", "last_sum_ns", "last_count"),
    ),
    Measure(
        "post_loss_acks", "post-loss acks", "count",
        "ACKs that end a segment since which one before it was sent again: they tell of the repair, not of the path",
        field("post_loss"),
    ),
    Measure(
        "cumulative_acked", "segs cum acked", "count",
        "segments that a later segment's ACK covered: no sample", field("cumulative"),
    ),
    Measure(
        "duplicate_acks", "duplicate acks", "count",
        "received: same ACK and window, no payload, while data of this side is outstanding (RFC 5681 2)",
        field("peer_dup_acks"),
    ),
    Measure(
        "triple_duplicate_acks", "triple dupacks", "count",
        "runs of three and more (RFC 5681 3.2)", field("peer_dup_triples"),
    ),
    Measure("duplicate_acks_run", "longest dupacks", "count", "longest run of these", field("peer_dup_longest")),
    Measure(
        "sent_again_max", "max # retrans", "count",
        "how often one outstanding segment was sent again, at most", field("again_most"),
    ),
    Measure(
        "sent_again_min_s", "min retr time", "seconds",
        "from when an outstanding segment was sent to when it was sent again: least", time("again_least_ns", "again_count"),
    ),
    Measure("sent_again_max_s", "max retr time", "seconds", "greatest", time("again_most_ns", "again_count")),
    Measure("sent_again_avg_s", "avg retr time", "seconds", "mean", mean_time("again_sum_ns", "again_count")),
    Measure(
        "sent_again_deviation_s", "sdv retr time", "seconds",
        "standard deviation (n - 1)", spread("again_squares", "again_sum_ns", "again_count"),
    ),
    Measure(
        "duplicates", "hardware dups", "count",
        "second copies of the same packet (contract): they count nowhere else here",
        field("duplicates"),
    ),
    Measure(
        "replies", "replies", "count",
        "times that this side's payload followed the other's", field("reply_count"),
    ),
    Measure(
        "reply_min_s", "reply min", "seconds",
        "from the other side's last payload to this side's first after it, at the tap: least",
        time("reply_least_ns", "reply_count"),
    ),
    Measure("reply_max_s", "reply max", "seconds", "greatest", time("reply_most_ns", "reply_count")),
    Measure("reply_avg_s", "reply avg", "seconds", "mean", mean_time("reply_sum_ns", "reply_count")),
)  # fmt: skip


def plan() -> "array[int]":
    """Return the ways of all figures as ``measure.figures`` takes them."""
    return array("q", [word for row in MEASURES for word in row.of.words()])


def definitions() -> str:
    """Return all definitions as a table of Markdown."""
    rows = [f"| `{row.name}` | {row.label} | {row.definition} |" for row in MEASURES]
    return "\n".join(["| key | `--long` | is |", "|---|---|---|", *rows]) + "\n"
