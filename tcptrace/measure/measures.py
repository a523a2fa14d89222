"""The measures of a connection: one list, from which the table of ``--long``, the JSON key and the definitions all come.

Each row is a figure of one direction: what its side sent, and what the other side's ACKs showed of it. ``None`` where the
capture does not tell.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tcptrace.flow.bits import MASK32, NO_TIME
from tcptrace.model.records import Side
from tcptrace.model.tcpflags import OPT_SACK_PERMITTED, OPT_SCALE, OPT_TIMESTAMPS

if TYPE_CHECKING:
    from tcptrace.measure.meters import Meter, Rare

NS = 1_000_000_000
LEAST_RTO_NS = NS  # RFC 6298 2.4
Value = int | float | bool | None


class Facts(NamedTuple):
    """What measures take from the connection itself; of two: the client's and the server's."""

    finding_counts: dict[str, dict[str, int]]
    unique_bytes: tuple[int | None, int | None]
    duplicates: tuple[int, int]
    span_ns: int  # from its first frame to its last
    states_ns: tuple[dict[str, int], dict[str, int]]  # time in each state that was entered and left


class Given(NamedTuple):
    """What a measure is made of."""

    own: "Meter"
    peer: "Meter"
    facts: Facts
    side: Side
    place: int  # 0: the client
    handshake_ns: int | None  # from this side's SYN to its ACK, as the tap saw them


class Measure(NamedTuple):
    """One figure of one direction."""

    name: str  # JSON key, with its unit: _s seconds, _bytes, _per_s
    label: str  # in the table, as the C tcptrace calls it where it has it
    unit: str  # "count", "bytes", "seconds", "rate", "bool"
    definition: str
    of: Callable[[Given], Value]


def _found(given: Given, code: str) -> int:
    by_side = given.facts.finding_counts.get(code)
    return by_side.get(given.side, 0) if by_side else 0


def _seconds(ns: int) -> float:
    return ns / NS


def _average(total: float, count: int, scale: int = 1) -> float | None:
    return total / count / scale if count else None


def _spread(squares: float, total: float, count: int) -> float | None:
    """Return the standard deviation of a sample (n - 1) in seconds; ``None`` of less than two."""
    if count < 2:
        return None
    mean = total / count
    variance = (squares - count * mean * mean) / (count - 1)
    return float(max(variance, 0.0) ** 0.5) / NS


def _rare(given: Given, name: str, *, of_peer: bool = False) -> int:
    """Return a count of what most directions have nothing of, by the name of its field."""
    rare = given.peer.rare if of_peer else given.own.rare
    return 0 if rare is None else int(getattr(rare, name))


def _rare_time(given: Given, name: str) -> float | None:
    """Return a time of that, by the name of its field; ``None`` where there is none."""
    rare = given.own.rare
    if rare is None or not getattr(rare, name.partition("_")[0] + "_count"):
        return None
    return _seconds(getattr(rare, name))


def _of_rare(given: Given, of: Callable[["Rare"], Value]) -> Value:
    return None if given.own.rare is None else of(given.own.rare)


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
    Measure(
        "segments", "total packets", "count", "TCP segments, second copies left out", lambda g: g.own.segments
    ),
    Measure("acks", "ack pkts sent", "count", "segments with ACK", lambda g: g.own.acks),
    Measure(
        "pure_acks",
        "pure acks sent",
        "count",
        "ACK, no payload, no SYN, FIN or RST",
        lambda g: g.own.pure_acks,
    ),
    Measure(
        "sack_segments",
        "sack pkts sent",
        "count",
        "segments with SACK blocks (RFC 2018)",
        lambda g: _rare(g, "sacks"),
    ),
    Measure(
        "dsack_segments",
        "dsack pkts sent",
        "count",
        "of these, whose first block lies below the ACK or within the second (RFC 2883 4)",
        lambda g: _rare(g, "dsacks"),
    ),
    Measure(
        "sack_blocks_max",
        "max sack blks/ack",
        "count",
        "most blocks in a segment",
        lambda g: _rare(g, "blocks_most"),
    ),
    Measure(
        "unique_bytes", "unique bytes sent", "bytes", "each payload sequence number once (contract)", _unique
    ),
    Measure(
        "data_segments",
        "actual data pkts",
        "count",
        "segments with payload; RSTs left out",
        lambda g: g.own.data_segments,
    ),
    Measure(
        "data_bytes",
        "actual data bytes",
        "bytes",
        "payload of these, what is sent again included",
        lambda g: g.own.data_bytes,
    ),
    Measure(
        "sent_again_segments",
        "rexmt data pkts",
        "count",
        "findings `retransmission` of this side: SYN and FIN count too",
        lambda g: _found(g, "retransmission"),
    ),
    Measure("sent_again_bytes", "rexmt data bytes", "bytes", "data_bytes without unique_bytes", _again),
    Measure(
        "zero_window_probes",
        "zwnd probe pkts",
        "count",
        "findings `zero_window_probe` (RFC 9293 3.8.6.1)",
        lambda g: _found(g, "zero_window_probe"),
    ),
    Measure(
        "zero_window_probe_bytes",
        "zwnd probe bytes",
        "bytes",
        "payload of these: one octet each",
        lambda g: _found(g, "zero_window_probe"),
    ),
    Measure(
        "out_of_order",
        "outoforder pkts",
        "count",
        "findings `out_of_order`",
        lambda g: _found(g, "out_of_order"),
    ),
    Measure("pushed", "pushed data pkts", "count", "segments with payload and PSH", lambda g: g.own.pushed),
    Measure("syns", "SYN pkts sent", "count", "segments with SYN", lambda g: g.own.syns),
    Measure("fins", "FIN pkts sent", "count", "segments with FIN", lambda g: g.own.fins),
    Measure("resets", "RST pkts sent", "count", "segments with RST", lambda g: g.own.rsts),
    Measure(
        "window_scale",
        "adv wind scale",
        "count",
        "the shift in its SYN (RFC 7323 2.2); null without the option",
        lambda g: _if(g.own.options & OPT_SCALE, g.own.scale),
    ),
    Measure(
        "timestamps",
        "req 1323 ts",
        "bool",
        "timestamps option in its SYN (RFC 7323 3); null without a SYN",
        lambda g: _if(g.own.syns, bool(g.own.options & OPT_TIMESTAMPS)),
    ),
    Measure(
        "sack_permitted",
        "req sack",
        "bool",
        "SACK permitted in its SYN (RFC 2018 2); null without a SYN",
        lambda g: _if(g.own.syns, bool(g.own.options & OPT_SACK_PERMITTED)),
    ),
    Measure(
        "sack_blocks", "sacks sent", "count", "SACK blocks in all segments", lambda g: _rare(g, "blocks")
    ),
    Measure(
        "urgent", "urgent data pkts", "count", "segments with URG (RFC 9293 3.8.5)", lambda g: g.own.urgent
    ),
    Measure(
        "urgent_bytes",
        "urgent data bytes",
        "bytes",
        "payload of these; which octet the urgent pointer names is not looked at",
        lambda g: _rare(g, "urgent_bytes"),
    ),
    Measure(
        "mss_bytes",
        "mss requested",
        "bytes",
        "MSS option in its SYN (RFC 9293 3.7.1)",
        lambda g: _if(g.own.mss, g.own.mss),
    ),
    Measure("segment_max_bytes", "max segm size", "bytes", "largest payload", lambda g: g.own.segment_most),
    Measure(
        "segment_min_bytes",
        "min segm size",
        "bytes",
        "smallest payload but none",
        lambda g: g.own.segment_least,
    ),
    Measure(
        "segment_avg_bytes",
        "avg segm size",
        "bytes",
        "data_bytes / data_segments",
        lambda g: _average(g.own.data_bytes, g.own.data_segments),
    ),
    Measure(
        "window_max_bytes",
        "max win adv",
        "bytes",
        "largest window offered, scaled; those in SYNs left out (RFC 7323 2.2)",
        lambda g: _if(g.own.window_count, g.own.window_most),
    ),
    Measure(
        "window_min_bytes",
        "min win adv",
        "bytes",
        "smallest of these",
        lambda g: _if(g.own.window_count, g.own.window_least),
    ),
    Measure("zero_windows", "zero win adv", "count", "of these, 0", lambda g: g.own.windows_zero),
    Measure(
        "window_avg_bytes",
        "avg win adv",
        "bytes",
        "their mean",
        lambda g: _average(g.own.window_sum, g.own.window_count),
    ),
    Measure(
        "flight_max_bytes",
        "max owin",
        "bytes",
        "most numbers sent and not acknowledged, looked at after each data segment",
        lambda g: _if(g.own.flight_count, g.own.flight_most),
    ),
    Measure(
        "flight_min_bytes",
        "min non-zero owin",
        "bytes",
        "fewest but none",
        lambda g: _if(g.own.flight_least, g.own.flight_least),
    ),
    Measure(
        "flight_avg_bytes",
        "avg owin",
        "bytes",
        "their mean",
        lambda g: _average(g.own.flight_sum, g.own.flight_count),
    ),
    Measure(
        "initial_window_bytes",
        "initial window",
        "bytes",
        "payload sent before an ACK of more than its SYN (RFC 5681 3.1); 0 without a SYN",
        lambda g: g.own.initial_bytes,
    ),
    Measure(
        "initial_window_segments",
        "initial window",
        "count",
        "segments of that",
        lambda g: g.own.initial_segments,
    ),
    Measure(
        "data_s",
        "data xmit time",
        "seconds",
        "first to last segment with payload",
        lambda g: _if(g.own.data_segments, _seconds(max(0, g.own.data_last_ns - g.own.data_first_ns))),
    ),
    Measure(
        "idle_max_s",
        "idletime max",
        "seconds",
        "longest time between two segments of this side",
        lambda g: _if(g.own.idle_most_ns >= 0, _seconds(g.own.idle_most_ns)),
    ),
    Measure(
        "throughput_per_s",
        "throughput",
        "rate",
        "unique_bytes / the connection's time in the capture",
        _throughput,
    ),
    Measure("goodput_per_s", "goodput", "rate", "unique_bytes / data_s", _goodput),
    Measure(
        "rtt_samples",
        "RTT samples",
        "count",
        "ACKs that end a segment sent once (Karn's rule, RFC 6298 3)",
        lambda g: g.own.rtt_count,
    ),
    Measure(
        "rtt_min_s",
        "RTT min",
        "seconds",
        "least of these",
        lambda g: _if(g.own.rtt_count, _seconds(g.own.rtt_least_ns)),
    ),
    Measure(
        "rtt_max_s",
        "RTT max",
        "seconds",
        "greatest of these",
        lambda g: _if(g.own.rtt_count, _seconds(g.own.rtt_most_ns)),
    ),
    Measure(
        "rtt_avg_s",
        "RTT avg",
        "seconds",
        "their mean",
        lambda g: _average(g.own.rtt_sum_ns, g.own.rtt_count, NS),
    ),
    Measure(
        "rtt_deviation_s",
        "RTT stdev",
        "seconds",
        "standard deviation of the sample (n - 1)",
        lambda g: _spread(g.own.rtt_squares, g.own.rtt_sum_ns, g.own.rtt_count),
    ),
    Measure(
        "rtt_handshake_s",
        "RTT from 3WHS",
        "seconds",
        "from its SYN to the ACK of that, at the tap: its half of `handshake`; null where a client sent it twice (RFC 6298)",
        lambda g: _if(
            g.handshake_ns is not None and (g.side == "server" or g.own.syns == 1),
            _seconds(g.handshake_ns or 0),
        ),
    ),
    Measure(
        "rtt_full_samples",
        "RTT full_sz smpls",
        "count",
        "samples of the segments with most numbers among those sampled",
        lambda g: g.own.full_count,
    ),
    Measure(
        "rtt_full_min_s",
        "RTT full_sz min",
        "seconds",
        "least of these",
        lambda g: _if(g.own.full_count, _seconds(g.own.full_least_ns)),
    ),
    Measure(
        "rtt_full_max_s",
        "RTT full_sz max",
        "seconds",
        "greatest of these",
        lambda g: _if(g.own.full_count, _seconds(g.own.full_most_ns)),
    ),
    Measure(
        "rtt_full_avg_s",
        "RTT full_sz avg",
        "seconds",
        "their mean",
        lambda g: _average(g.own.full_sum_ns, g.own.full_count, NS),
    ),
    Measure(
        "rtt_full_deviation_s",
        "RTT full_sz stdev",
        "seconds",
        "their standard deviation (n - 1)",
        lambda g: _spread(g.own.full_squares, g.own.full_sum_ns, g.own.full_count),
    ),
    Measure(
        "rtt_smoothed_s",
        "RTT smoothed",
        "seconds",
        "SRTT after the last sample (RFC 6298 2.3)",
        lambda g: _if(g.own.rtt_count, _seconds(g.own.rtt_smooth_ns)),
    ),
    Measure(
        "rto_s",
        "RTO",
        "seconds",
        "SRTT + 4 RTTVAR, at least 1 s (RFC 6298 2.3, 2.4; Linux: at least 200 ms)",
        lambda g: _if(
            g.own.rtt_count, _seconds(max(LEAST_RTO_NS, g.own.rtt_smooth_ns + 4 * g.own.rtt_var_ns))
        ),
    ),
    Measure(
        "ts_samples",
        "RTT by ts samples",
        "count",
        "TSvals whose echo came back (RFC 7323 4), one at a time",
        lambda g: g.own.ts_count,
    ),
    Measure(
        "ts_rtt_min_s",
        "RTT by ts min",
        "seconds",
        "least of these",
        lambda g: _if(g.own.ts_count, _seconds(g.own.ts_least_ns)),
    ),
    Measure(
        "ts_rtt_max_s",
        "RTT by ts max",
        "seconds",
        "greatest of these",
        lambda g: _if(g.own.ts_count, _seconds(g.own.ts_most_ns)),
    ),
    Measure(
        "ts_rtt_avg_s",
        "RTT by ts avg",
        "seconds",
        "their mean",
        lambda g: _average(g.own.ts_sum_ns, g.own.ts_count, NS),
    ),
    Measure(
        "truncated_segments",
        "truncated packets",
        "count",
        "segments whose payload the snap length cut",
        lambda g: g.own.truncated,
    ),
    Measure(
        "truncated_bytes",
        "truncated data",
        "bytes",
        "payload that it cut",
        lambda g: g.own.truncated_bytes,
    ),
    Measure(
        "stream_bytes",
        "ttl stream length",
        "bytes",
        "numbers between SYN and FIN; null without both",
        _stream,
    ),
    Measure("missed_bytes", "missed data", "bytes", "stream_bytes without unique_bytes", _missed),
    Measure(
        "ambiguous_acks",
        "ambiguous acks",
        "count",
        "ACKs that end a segment sent again: no sample (RFC 6298 3)",
        lambda g: _rare(g, "ambiguous"),
    ),
    Measure(
        "rtt_last_min_s",
        "RTT min (last)",
        "seconds",
        "of these, from when the segment was sent last: least",
        lambda g: _rare_time(g, "last_least_ns"),
    ),
    Measure(
        "rtt_last_max_s", "RTT max (last)", "seconds", "greatest", lambda g: _rare_time(g, "last_most_ns")
    ),
    Measure(
        "rtt_last_avg_s",
        "RTT avg (last)",
        "seconds",
        "mean",
        lambda g: _of_rare(g, lambda rare: _average(rare.last_sum_ns, rare.last_count, NS)),
    ),
    Measure(
        "rtt_last_deviation_s",
        "RTT sdv (last)",
        "seconds",
        "standard deviation (n - 1)",
        lambda g: _of_rare(g, lambda rare: _spread(rare.last_squares, rare.last_sum_ns, rare.last_count)),
    ),
    Measure(
        "post_loss_acks",
        "post-loss acks",
        "count",
        "ACKs that end a segment since which one before it was sent again: they tell of the repair, not of the path",
        lambda g: _rare(g, "post_loss"),
    ),
    Measure(
        "cumulative_acked",
        "segs cum acked",
        "count",
        "segments that a later segment's ACK covered: no sample",
        lambda g: g.own.cumulative,
    ),
    Measure(
        "duplicate_acks",
        "duplicate acks",
        "count",
        "received: same ACK and window, no payload, while data of this side is outstanding (RFC 5681 2)",
        lambda g: g.peer.dup_acks,
    ),
    Measure(
        "triple_duplicate_acks",
        "triple dupacks",
        "count",
        "runs of three and more (RFC 5681 3.2)",
        lambda g: _rare(g, "dup_triples", of_peer=True),
    ),
    Measure(
        "duplicate_acks_run",
        "longest dupacks",
        "count",
        "longest run of these",
        lambda g: _rare(g, "dup_longest", of_peer=True),
    ),
    Measure(
        "sent_again_max",
        "max # retrans",
        "count",
        "how often one outstanding segment was sent again, at most",
        lambda g: _rare(g, "again_most"),
    ),
    Measure(
        "sent_again_min_s",
        "min retr time",
        "seconds",
        "from when an outstanding segment was sent to when it was sent again: least",
        lambda g: _rare_time(g, "again_least_ns"),
    ),
    Measure(
        "sent_again_max_s", "max retr time", "seconds", "greatest", lambda g: _rare_time(g, "again_most_ns")
    ),
    Measure(
        "sent_again_avg_s",
        "avg retr time",
        "seconds",
        "mean",
        lambda g: _of_rare(g, lambda rare: _average(rare.again_sum_ns, rare.again_count, NS)),
    ),
    Measure(
        "sent_again_deviation_s",
        "sdv retr time",
        "seconds",
        "standard deviation (n - 1)",
        lambda g: _of_rare(g, lambda rare: _spread(rare.again_squares, rare.again_sum_ns, rare.again_count)),
    ),
    Measure(
        "duplicates",
        "hardware dups",
        "count",
        "second copies of the same packet (contract): they count nowhere else here",
        lambda g: g.facts.duplicates[g.place],
    ),
    Measure(
        "replies",
        "replies",
        "count",
        "times that this side's payload followed the other's",
        lambda g: g.own.reply_count,
    ),
    Measure(
        "reply_min_s",
        "reply min",
        "seconds",
        "from the other side's last payload to this side's first after it, at the tap: least",
        lambda g: _if(g.own.reply_count, _seconds(g.own.reply_least_ns)),
    ),
    Measure(
        "reply_max_s",
        "reply max",
        "seconds",
        "greatest",
        lambda g: _if(g.own.reply_count, _seconds(g.own.reply_most_ns)),
    ),
    Measure(
        "reply_avg_s",
        "reply avg",
        "seconds",
        "mean",
        lambda g: _average(g.own.reply_sum_ns, g.own.reply_count, NS),
    ),
)

_EACH = [(row.name, row.of) for row in MEASURES]


def measured(
    client: "Meter", server: "Meter", facts: Facts, handshake: tuple[int | None, int | None]
) -> dict[str, object]:
    """Return the value of the JSON key ``measures``: each side's figures, the handshake's halves, seconds in each state.

    ``handshake``: nanoseconds from the SYN to the SYN,ACK and from there to its ACK, as the tap saw them.
    """
    to_server, to_client = (None if part is None else part / NS for part in handshake)
    found: dict[str, object] = {
        "handshake": {"syn_to_synack_s": to_server, "synack_to_ack_s": to_client},
    }
    sides: tuple[tuple[Side, Meter, Meter], ...] = (("client", client, server), ("server", server, client))
    for place, (side, own, peer) in enumerate(sides):
        given = Given(own, peer, facts, side, place, handshake[place])
        figures: dict[str, object] = {name: of(given) for name, of in _EACH}
        figures["states_s"] = {state: ns / NS for state, ns in facts.states_ns[place].items()}
        found[side] = figures
    return found


def definitions() -> str:
    """Return all definitions as a table of Markdown."""
    rows = [f"| `{row.name}` | {row.label} | {row.definition} |" for row in MEASURES]
    return "\n".join(["| key | `--long` | is |", "|---|---|---|", *rows]) + "\n"
