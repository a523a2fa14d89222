"""Measures are those of Ostermann's C tcptrace, on captures written again without second copies, with distinct addresses."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import dpkt
import pytest
from script import parse

import tcptrace
from tcptrace.measure.measures import MEASURES
from tcptrace.measure.ways import Measure
from tcptrace.model.records import Connection
from tcptrace.source import open_source
from tests.every import CAPTURES
from tests.find.rewritten import write_again
from tests.wire.hand import Frame, frames_of, pcap_header, pcap_record

C_PROGRAM = "/usr/bin/tcptrace"  # by its path: ours has the same name
needs_it = pytest.mark.skipif(shutil.which(C_PROGRAM) is None, reason="the C tcptrace is not installed")

# Compared exactly; times to what the C program prints, a tenth of a millisecond.
COMPARED = (
    *("segments", "acks", "pure_acks", "sack_segments", "dsack_segments", "sack_blocks_max", "unique_bytes"),
    *(
        "data_segments",
        "data_bytes",
        "sent_again_segments",
        "pushed",
        "window_scale",
        "sack_permitted",
        "sack_blocks",
    ),
    *("mss_bytes", "segment_max_bytes", "segment_min_bytes", "zero_windows", "stream_bytes", "missed_bytes"),
    *(
        "initial_window_bytes",
        "initial_window_segments",
        "ambiguous_acks",
        "cumulative_acked",
        "triple_duplicate_acks",
    ),
    *("rtt_samples", "rtt_min_s", "rtt_max_s", "rtt_avg_s", "truncated_segments", "truncated_bytes"),
    *(
        "zero_window_probes",
        "zero_window_probe_bytes",
        "out_of_order",
        "syns",
        "fins",
        "resets",
        "timestamps",
    ),
    *("urgent", "segment_avg_bytes", "data_s", "throughput_per_s", "rtt_deviation_s", "rtt_handshake_s"),
    *("post_loss_acks", "rtt_last_min_s", "rtt_last_max_s", "rtt_last_avg_s", "rtt_last_deviation_s"),
    *("sent_again_max", "sent_again_min_s", "sent_again_max_s", "sent_again_avg_s", "sent_again_deviation_s"),
)
CUT = ("segment_avg_bytes", "throughput_per_s")  # to whole numbers
AVERAGE = 0.0001  # it is added to what averages are divided by
HALF_TENTH_S = 0.00005 + 0.000001

# What the C program prints, and what of ours is its counterpart: measures, or "record:" keys of the connection's record.
ROWS = {
    "total packets": ("segments",),
    "resets sent": ("resets",),
    "ack pkts sent": ("acks",),
    "pure acks sent": ("pure_acks",),
    "sack pkts sent": ("sack_segments",),
    "dsack pkts sent": ("dsack_segments",),
    "max sack blks/ack": ("sack_blocks_max",),
    "unique bytes sent": ("unique_bytes",),
    "actual data pkts": ("data_segments",),
    "actual data bytes": ("data_bytes",),
    "rexmt data pkts": ("sent_again_segments",),
    "rexmt data bytes": ("sent_again_bytes",),
    "zwnd probe pkts": ("zero_window_probes",),
    "zwnd probe bytes": ("zero_window_probe_bytes",),
    "outoforder pkts": ("out_of_order",),
    "pushed data pkts": ("pushed",),
    "SYN/FIN pkts sent": ("syns", "fins"),
    "req 1323 ws/ts": ("window_scale", "timestamps"),
    "adv wind scale": ("window_scale",),
    "req sack": ("sack_permitted",),
    "sacks sent": ("sack_blocks",),
    "urgent data pkts": ("urgent",),
    "urgent data bytes": ("urgent_bytes",),
    "mss requested": ("mss_bytes",),
    "max segm size": ("segment_max_bytes",),
    "min segm size": ("segment_min_bytes",),
    "avg segm size": ("segment_avg_bytes",),
    "max win adv": ("window_max_bytes",),
    "min win adv": ("window_min_bytes",),
    "zero win adv": ("zero_windows",),
    "avg win adv": ("window_avg_bytes",),
    "initial window": ("initial_window_bytes", "initial_window_segments"),  # it stands twice
    "ttl stream length": ("stream_bytes",),
    "missed data": ("missed_bytes",),
    "truncated data": ("truncated_bytes",),
    "truncated packets": ("truncated_segments",),
    "data xmit time": ("data_s",),
    "idletime max": ("idle_max_s",),
    "hardware dups": ("duplicates",),
    "throughput": ("throughput_per_s",),
    "RTT samples": ("rtt_samples",),
    "RTT min": ("rtt_min_s",),
    "RTT max": ("rtt_max_s",),
    "RTT avg": ("rtt_avg_s",),
    "RTT stdev": ("rtt_deviation_s",),
    "RTT from 3WHS": ("rtt_handshake_s",),
    "RTT full_sz smpls": ("rtt_full_samples",),
    "RTT full_sz min": ("rtt_full_min_s",),
    "RTT full_sz max": ("rtt_full_max_s",),
    "RTT full_sz avg": ("rtt_full_avg_s",),
    "RTT full_sz stdev": ("rtt_full_deviation_s",),
    "post-loss acks": ("post_loss_acks",),
    "ambiguous acks": ("ambiguous_acks",),
    "RTT min (last)": ("rtt_last_min_s",),
    "RTT max (last)": ("rtt_last_max_s",),
    "RTT avg (last)": ("rtt_last_avg_s",),
    "RTT sdv (last)": ("rtt_last_deviation_s",),
    "segs cum acked": ("cumulative_acked",),
    "duplicate acks": ("duplicate_acks",),
    "triple dupacks": ("triple_duplicate_acks",),
    "max # retrans": ("sent_again_max",),
    "min retr time": ("sent_again_min_s",),
    "max retr time": ("sent_again_max_s",),
    "avg retr time": ("sent_again_avg_s",),
    "sdv retr time": ("sent_again_deviation_s",),
    "host a": ("record:client",),
    "host b": ("record:server",),
    "complete conn": ("record:outcome",),
    "first packet": ("record:first_ns",),
    "last packet": ("record:last_ns",),
    "elapsed time": ("record:last_ns",),
}
# Measures whose figure is another one by definition; all others are compared.
DIFFERENT = {
    "sent_again_bytes": "it counts the number of a SYN or FIN as a byte",
    "urgent_bytes": "it adds up the urgent pointers, not the payload",
    "window_max_bytes": "it counts the windows in SYNs, too",
    "window_min_bytes": "it counts the windows in SYNs, too",
    "window_avg_bytes": "it divides by all segments, those without ACK and RSTs included",
    "idle_max_s": "it counts on to the end of the capture",
    "duplicate_acks": "it counts every repetition of an ACK, with nothing outstanding and of keep-alives, too",
    "rtt_full_samples": "a segment of one number has 2^32 for it: SYN and FIN are its full-sized ones",
    "rtt_full_min_s": "see rtt_full_samples; compared below where there is no SYN and no FIN",
    "rtt_full_max_s": "see rtt_full_samples; compared below where there is no SYN and no FIN",
    "rtt_full_avg_s": "see rtt_full_samples; compared below where there is no SYN and no FIN",
    "rtt_full_deviation_s": "see rtt_full_samples; compared below where there is no SYN and no FIN",
    "duplicates": "it knows second copies by sequence number and identification; captures are compared without any",
}

# (file, measure) -> why ours is another number there.
_REORDERED = (
    "an ACK that covers a segment which was captured later than the one that it ends gives the C program no sample, though "
    "both were sent once"
)
_KEEP_ALIVE = (
    "the C program takes keep-alives and their answers for duplicate ACKs; RFC 5681 wants data outstanding"
)
KNOWN: dict[tuple[str, str], str] = {
    **{
        ("fin_reordered@client.pcap", name): _REORDERED
        for name in ("rtt_samples", "rtt_max_s", "rtt_avg_s", "rtt_deviation_s")
    },
    **{
        ("zeek-rdp-proprietary-encryption.pcap", name): _REORDERED
        for name in ("rtt_samples", "rtt_avg_s", "rtt_deviation_s", "cumulative_acked", "post_loss_acks")
    },
    ("fast_open_close_in_syn_received@client.pcap", "rtt_handshake_s"): "it knows no SYN with payload",
    (
        "simultaneous_open@client.pcap",
        "rtt_handshake_s",
    ): "SYNs that cross have no halves of a handshake: null; it takes the time to the SYN,ACK that answers one of them",
    ("nDPI-nest_log_sink.pcap", "triple_duplicate_acks"): _KEEP_ALIVE,
}
NAMES = (
    *("close_by_server@client", "close_three_segments@client", "fin_lost@client", "fin_lost@server", "fin_reordered@client"),
    *("handshake_ack_lost@client", "rst_in_close_wait@client", "simultaneous_close@client", "simultaneous_open@client"),
    *("time_wait_reuse_client@client", "unread_data_close@client", "backlog_overflow@client", "rdp-proprietary-encryption"),
    *("fast_open_close_in_syn_received@client", "socks-auth-10080", "nDPI-dnp3", "nDPI-nest_log_sink"),
)  # fmt: skip
CASES = [
    case
    for case in CAPTURES
    if any(name in str(case.id) for name in NAMES) and "captures/" not in str(case.id)
]

Columns = dict[str, list[str]]
BY_NAME = {row.name: row for row in MEASURES}


def c_connections(path: Path) -> list[tuple[str, Columns, Columns]]:
    """Return (first host, its column, the other's) of each connection; a label may stand twice."""
    done = subprocess.run(
        [C_PROGRAM, "-n", "-l", "-r", str(path)], capture_output=True, text=True, check=True
    )
    found = []
    for block in re.split(r"\nTCP connection \d+:", done.stdout)[1:]:
        host = re.search(r"host \w+:\s+(\S+)", block)
        assert host
        columns: tuple[Columns, Columns] = ({}, {})
        for line in block.split("\n"):
            match = re.match(r"\s+(\S.*?):\s+(\S+).*?\s+\1:\s+(\S+)", line)
            if match:
                columns[0].setdefault(match[1], []).append(match[2])
                columns[1].setdefault(match[1], []).append(match[3])
        found.append((host[1], *columns))
    return found


def is_same(row: Measure, theirs: str, ours: object) -> bool | None:
    """Compare one figure; ``None`` where the C program does not know it."""
    if row.unit == "bool":
        return (theirs == "Y") == bool(ours)
    if not re.fullmatch(r"-?[\d.]+", theirs):
        return None
    assert ours is None or isinstance(ours, int | float)
    value = ours or 0
    slack = AVERAGE * value if "_avg_" in row.name else 0
    if row.name in CUT:
        return abs(float(theirs) - value) <= 1 + slack * 10
    if row.name == "data_s":  # in seconds
        return abs(float(theirs) - value) <= 0.0005 + 0.000001
    if row.unit == "seconds":
        return abs(float(theirs) / 1000 - value) <= HALF_TENTH_S + slack
    return float(theirs) == value


def split(label: str, theirs: str, place: int, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return which measures a figure is of, and their parts of it."""
    if label == "SYN/FIN pkts sent":
        return list(zip(names, theirs.split("/"), strict=True))
    if label == "req 1323 ws/ts":
        return [(names[1], theirs.split("/")[1])]
    return [(names[min(place, len(names) - 1)], theirs)]


def compared(path: Path, rewritten: Path) -> tuple[dict[tuple[int, str, str], str], Counter[str]]:
    """Return what differs, by stream, side and measure, and how often each measure was compared."""
    write_again(path, rewritten)
    theirs, ours = c_connections(rewritten), list(tcptrace.analyze(str(rewritten), measures=True))
    assert len(theirs) == len(ours)
    wrong: dict[tuple[int, str, str], str] = {}
    counts: Counter[str] = Counter()
    for (host, first, second), connection in zip(theirs, ours, strict=True):
        is_client = host == f"{connection.client.ip}:{connection.client.port}"
        for side, column in zip(
            ("client", "server") if is_client else ("server", "client"), (first, second), strict=True
        ):
            for label, values in column.items():
                for place, text in enumerate(values):
                    for name, theirs in split(label, text, place, ROWS[label]):
                        if name not in COMPARED:
                            continue
                        # Of two samples the C program has no deviation.
                        value = connection.measures[side][name]  # type: ignore[index]
                        same = is_same(BY_NAME[name], theirs, value)
                        if same is False and "_deviation_" in name and float(theirs) == 0:
                            same = None
                        if same is not None:
                            counts[name] += 1
                        if same is False:
                            wrong[connection.stream, side, name] = f"C {theirs}, ours {value}"
    return wrong, counts


@needs_it
@pytest.mark.parametrize("path", CASES)
def test_each_measure_is_the_c_program_s(path: Path, tmp_path: Path) -> None:
    wrong, counts = compared(path, tmp_path / "again.pcap")
    assert {key: text for key, text in wrong.items() if (path.name, key[2]) not in KNOWN} == {}
    assert (
        min(
            counts[name]
            for name in ("unique_bytes", "data_bytes", "sent_again_segments", "rtt_samples", "rtt_avg_s")
        )
        > 0
    )


def test_every_measure_has_a_definition_and_a_name_of_its_own() -> None:
    assert len({row.name for row in MEASURES}) == len(MEASURES)
    assert set(COMPARED) <= {row.name for row in MEASURES}
    assert all(row.definition for row in MEASURES)


@needs_it
def test_every_line_that_the_c_program_prints_of_a_connection_has_its_counterpart(tmp_path: Path) -> None:
    """Its labels are taken from what it prints of captures that have all of them."""
    labels: set[str] = set()
    for path in [case.values[0] for case in CASES]:
        write_again(path, tmp_path / "again.pcap")
        for file in (path, tmp_path / "again.pcap"):  # second copies are left out of the second
            done = subprocess.run(
                [C_PROGRAM, "-n", "-l", "-r", str(file)], capture_output=True, text=True, check=False
            )
            for block in re.split(r"\nTCP connection \d+:", done.stdout)[1:]:
                for line in block.split("\n"):
                    if match := re.match(r"\s+([a-zA-Z][^:]*):\s+\S", line):
                        name = match[1]
                        labels.add("host" if re.fullmatch(r"host \w+", name) else name)
    labels = {label for label in labels if "->" not in label} - {"filename"}  # that of the capture's record
    known = {"host" if name.startswith("host ") else name for name in ROWS}
    assert labels <= known
    assert known - labels <= {"hardware dups", "resets sent"}
    names = {name for row in ROWS.values() for name in row}
    assert {name for name in names if not name.startswith("record:")} == set(COMPARED) | set(DIFFERENT)
    assert not set(COMPARED) & set(DIFFERENT)
    keys = {name.partition(":")[2] for name in names if name.startswith("record:")}
    assert keys <= set(Connection.__struct_fields__)


FULL = [f"rtt_full_{name}" for name in ("samples", "min_s", "max_s", "avg_s", "deviation_s")]


@needs_it
def test_full_sized_samples_are_the_c_program_s_where_no_segment_has_one_number(tmp_path: Path) -> None:
    path, count = tmp_path / "without.pcap", 0
    for case in CASES:
        write_again(case.values[0], tmp_path / "again.pcap")
        frames = [
            frame for frame in frames_of(open_source(tmp_path / "again.pcap")) if is_of_more_numbers(frame)
        ]
        if not frames:
            continue
        link = frames[0].link
        records = [
            pcap_record(frame.time_ns // 10**9, frame.time_ns % 10**9 // 1000, frame.data, frame.wire)
            for frame in frames
        ]
        path.write_bytes(pcap_header(link=link) + b"".join(records))
        theirs, ours = c_connections(path), list(tcptrace.analyze(str(path), measures=True))
        assert len(theirs) == len(ours)
        for (host, first, second), connection in zip(theirs, ours, strict=True):
            is_client = host == f"{connection.client.ip}:{connection.client.port}"
            for side, column in zip(
                ("client", "server") if is_client else ("server", "client"), (first, second), strict=True
            ):
                if column["RTT samples"] != [str(connection.measures[side]["rtt_samples"])]:  # type: ignore[index]
                    continue  # see KNOWN
                for name in FULL:
                    row, value = BY_NAME[name], connection.measures[side][name]  # type: ignore[index]
                    text = column[row.label][0]
                    if "deviation" not in name or float(text):
                        assert is_same(row, text, value), (
                            case.id,
                            connection.stream,
                            side,
                            name,
                            text,
                            value,
                        )
                        count += 1
    assert count > 200


def is_of_more_numbers(frame: Frame) -> bool:
    """Say whether it is TCP, but no SYN, FIN or single octet of data."""
    if frame.link == 1:
        packet = dpkt.ethernet.Ethernet(frame.data).data
    else:
        packet = dpkt.ip.IP(frame.data) if frame.data[0] >> 4 == 4 else dpkt.ip6.IP6(frame.data)
    segment = getattr(packet, "data", b"")
    return isinstance(segment, dpkt.tcp.TCP) and not segment.flags & 3 and len(segment.data) != 1


# What the reasons in DIFFERENT and KNOWN rest on: the smallest captures that show each. Label, the C program's figures
# (client, server), the measure, ours.
NUMBERS = "isn client 1000\nisn server 5000\n"
SHAKEN = NUMBERS + "handshake\n"
ONE = SHAKEN + "0.10 client > ACK len 100\n0.11 server < ACK\n"
OVERTAKEN = ONE + "0.20 client > ACK len 100 seq 201\n0.2001 client > ACK len 100 seq 101\n"
KEEP_ALIVES = "".join(f"{at}.0 client > ACK seq 100\n{at}.01 server < ACK\n" for at in (60, 120, 180, 240))
REASONS = {
    "the number of a SYN sent again is a byte": (
        NUMBERS + "0.0 client > SYN\n1.0 client > SYN\n1.02 server < SYN,ACK\n1.05 client > ACK\n",
        ("rexmt data bytes", "1", "0", "sent_again_bytes", 0, 0),
    ),
    "urgent bytes are the sum of the urgent pointers, here 0": (
        SHAKEN + "1.0 client > URG,ACK len 10\n1.1 server < ACK\n",
        ("urgent data bytes", "0", "0", "urgent_bytes", 10, 0),
    ),
    "windows in SYNs count": (
        NUMBERS + "0.0 client > SYN win 9000\n0.02 server < SYN,ACK win 8000\n0.05 client > ACK win 100\n",
        ("max win adv", "9000", "8000", "window_max_bytes", 100, None),
    ),
    "windows in SYNs count, for the least, too": (
        NUMBERS + "0.0 client > SYN win 50\n0.02 server < SYN,ACK win 8000\n0.05 client > ACK win 100\n",
        ("min win adv", "50", "8000", "window_min_bytes", 100, None),
    ),
    "the sum of windows, without a RST's, is divided by all segments": (
        NUMBERS + "0.0 client > SYN win 9000\n0.02 server < SYN,ACK win 8000\n0.05 client > ACK win 100\n"
        "0.06 client > ACK win 300\n0.07 client > RST win 7000 seq 1\n",
        ("avg win adv", "2350", "8000", "window_avg_bytes", 200.0, None),
    ),
    "idle time goes on to the end of the capture": (
        NUMBERS
        + "ends a 10.0.0.1:1 b 10.0.0.2:2\n0.0 client > SYN\n0.02 server < SYN,ACK\n0.05 client > ACK\n9.0 a > SYN\n",
        ("idletime max", "8950.0", "8980.0", "idle_max_s", 0.05, None),
    ),
    "an ACK said again with nothing outstanding is a duplicate": (
        ONE + "".join(f"{at}.0 server < ACK\n" for at in (60, 120)),
        ("duplicate acks", "2", "0", "duplicate_acks", 0, 0),
    ),
    "keep-alives and their answers are duplicates, three of them a triple": (
        ONE + KEEP_ALIVES,
        ("triple dupacks", "1", "1", "triple_duplicate_acks", 0, 0),
    ),
    "duplicates while data is outstanding are the same, and stand in the column of him who receives them": (
        ONE
        + "0.20 client > ACK len 100\n0.201 client > ACK len 100\n"
        + "".join(f"0.2{at} server < ACK ack 101\n" for at in (1, 2, 3)),
        ("triple dupacks", "1", "0", "triple_duplicate_acks", 1, 0),
    ),
    "samples where each segment has its ACK, though one overtook the other": (
        OVERTAKEN + "0.21 server < ACK ack 201\n0.2101 server < ACK ack 301\n",
        ("RTT samples", "3", "1", "rtt_samples", 3, 1),
    ),
    "samples where one ACK covers both": (
        OVERTAKEN + "0.21 server < ACK ack 301\n",
        ("RTT samples", "2", "1", "rtt_samples", 3, 1),
    ),
    "that ACK counts as one after a loss": (
        OVERTAKEN + "0.21 server < ACK ack 301\n",
        ("post-loss acks", "1", "0", "post_loss_acks", 0, 0),
    ),
    "and the overtaken segment as covered": (
        OVERTAKEN + "0.21 server < ACK ack 301\n",
        ("segs cum acked", "1", "0", "cumulative_acked", 0, 0),
    ),
    "a SYN with payload has no handshake": (
        NUMBERS + "0.0 client > SYN len 3\n0.02 server < SYN,ACK\n0.05 client > ACK\n",
        ("RTT from 3WHS", "0.0", "30.0", "rtt_handshake_s", 0.02, 0.03),
    ),
    "SYNs that cross have one": (
        NUMBERS
        + "0.0 client > SYN\n0.01 server < SYN\n0.03 client > SYN,ACK seq 0\n0.04 server < SYN,ACK seq 0\n",
        ("RTT from 3WHS", "0.0", "20.0", "rtt_handshake_s", None, None),
    ),
    "a segment of one number is larger than all others": (
        ONE + "2.0 client > ACK len 100\n2.1 server < ACK\n",
        ("RTT full_sz smpls", "1", "1", "rtt_full_samples", 2, 1),
    ),
}


@needs_it
@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_shown_by_the_smallest_capture_that_has_it(reason: str, tmp_path: Path) -> None:
    ladder, (label, c_client, c_server, name, client, server) = REASONS[reason]
    path = tmp_path / "small.pcap"
    path.write_bytes(parse(ladder).pcap())
    (host, first, second), *_ = c_connections(path)
    ours = next(iter(tcptrace.analyze(str(path), measures=True)))
    assert host == f"{ours.client.ip}:{ours.client.port}"
    assert (first[label][0], second[label][0]) == (c_client, c_server)
    told = [ours.measures[side][name] for side in ("client", "server")]  # type: ignore[index]
    assert told == [None if value is None else pytest.approx(value) for value in (client, server)]


def test_every_reason_is_among_those_shown() -> None:
    shown = {row[1][3] for row in REASONS.values()}
    reasons = {name for name, why in DIFFERENT.items() if "rtt_full" not in name and name != "duplicates"}
    assert reasons | {name for _, name in KNOWN} <= shown | {"rtt_max_s", "rtt_avg_s", "rtt_deviation_s"}
