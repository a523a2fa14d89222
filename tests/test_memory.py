"""What a stream costs, and that ``max_connections`` bounds it: measured in processes of their own."""

import gc
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from script import ones_complement

import tcptrace
from tcptrace import kernels
from tests.every import ROOT

SYNS = 300_000
MOST_OCTETS = 160  # design.md: of a stream that has seen only SYNs
needs_twins = pytest.mark.skipif(not kernels.is_compiled("tcp.replay"), reason="plain rows are larger")

# Reads a capture and prints the most memory that the process ever held of its own, in octets.
MEASURE = """
import sys, tcptrace
analysis = tcptrace.analyze(sys.argv[1])
analysis.run()
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak * 1024, analysis.capture.connections)
"""


def segment(at: int, number: int, is_back: bool, flags: int, seq: int, ack: int) -> bytes:
    """Return the record of frame ``at``: a segment of connection ``number`` (IPv4, no IP checksum)."""
    client, server = struct.pack("!IH", 0x0A000000 + number, 40000), struct.pack("!IH", 0xC0000202, 80)
    source, target = (server, client) if is_back else (client, server)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0x4000, 64, 6, 0) + source[:4] + target[:4]
    tcp = source[4:] + target[4:] + struct.pack("!IIHHHH", seq, ack, 5 << 12 | flags, 8192, 0, 0)
    # RFC 9293 3.1: over the addresses, the protocol, the length and the segment.
    checksum = ones_complement(ip[12:] + b"\0\x06\0\x14" + tcp)
    tcp = tcp[:16] + struct.pack("!H", checksum) + tcp[18:]
    return struct.pack("<IIII", 1_700_000_000 + at // 10**6, at % 10**6, 40, 40) + ip + tcp


def capture(path: Path, segments: list[tuple[int, bool, int, int, int]]) -> Path:
    """Write a capture of (connection, is_back, flags, seq, ack), a microsecond apart."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        file.writelines(segment(at, *each) for at, each in enumerate(segments))
    return path


def syns(path: Path, count: int) -> Path:
    return capture(path, [(number, False, 0x02, 1000, 0) for number in range(count)])


def measured(path: Path) -> tuple[int, int]:
    """Return a process's peak memory in octets and how many connections it counted."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "TCPTRACE_PLAIN"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    peak, connections = done.stdout.split()
    return int(peak), int(connections)


@needs_twins
def test_a_stream_of_syns_alone_takes_at_most_160_octets(tmp_path: Path) -> None:
    # The larger baseline has touched what is there once: batches, code, the first buckets.
    base, few = measured(syns(tmp_path / "few.pcap", 5_000))
    peak, many = measured(syns(tmp_path / "many.pcap", SYNS))
    assert (few, many) == (5_000, SYNS)
    assert (peak - base) / (many - few) <= MOST_OCTETS


# Handshake, FINs both ways: connections that come one after the other, each over before the next.
EXCHANGE = [
    (False, 0x02, 1000, 0), (True, 0x12, 5000, 1001), (False, 0x10, 1001, 5001), (False, 0x11, 1001, 5001),
    (True, 0x11, 5001, 1002), (False, 0x10, 1002, 5002),
]  # fmt: skip


def finished(path: Path, count: int) -> Path:
    return capture(path, [(number, *each) for number in range(count) for each in EXCHANGE])


@needs_twins
def test_finished_connections_are_given_up_and_their_memory_with_them(tmp_path: Path) -> None:
    program = MEASURE.replace("sys.argv[1])", "sys.argv[1], max_connections=1000)")
    peaks = []
    for count in (30_000, 60_000):  # beyond what is let go of in lumps
        path = finished(tmp_path / f"{count}.pcap", count)
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        peak, connections = map(int, done.stdout.split())
        assert connections == count
        peaks.append(peak)
    # A number in the list of streams is all that may be left of a connection that was given up.
    assert (peaks[1] - peaks[0]) / 30_000 < 32


def test_max_connections_gives_up_connections_and_shows_all_in_order(tmp_path: Path) -> None:
    count, room = 5_000, 1000
    path = finished(tmp_path / "finished.pcap", count)
    analysis = tcptrace.analyze(path, max_connections=room)
    connections = list(analysis)
    assert [connection.stream for connection in connections] == list(range(count))
    given_up = [connection.stream for connection in connections if connection.given_up]
    assert given_up == list(range(count - room)), "the longest finished first"
    assert analysis.capture.given_up == len(given_up)
    assert {connection.outcome for connection in connections} == {"closed"}
    assert {tuple(connection.path.client) for connection in connections} == {
        ("CLOSED", "SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT")
    }


@pytest.mark.parametrize("room", [1, 7, 1000])
def test_whatever_the_room_each_lone_syn_is_shown_once(tmp_path: Path, room: int) -> None:
    count = 3_000
    analysis = tcptrace.analyze(syns(tmp_path / "syns.pcap", count), max_connections=room)
    connections = list(analysis)
    assert [connection.stream for connection in connections] == list(range(count))
    assert sum(connection.given_up for connection in connections) == analysis.capture.given_up == count - room
    assert {connection.outcome for connection in connections} == {"unanswered"}
    assert analysis.outcomes == {"unanswered": count}


def test_order_end_gives_the_same_connections(tmp_path: Path) -> None:
    path = finished(tmp_path / "finished.pcap", 2_000)
    by_stream = list(tcptrace.analyze(path, msl_s=0.001))
    by_end = list(tcptrace.analyze(path, msl_s=0.001, order="end"))
    assert sorted(by_end, key=lambda connection: connection.stream) == by_stream
    assert len(by_end) == 2_000


def test_order_end_gives_the_same_connections_where_room_is_short(tmp_path: Path) -> None:
    path = finished(tmp_path / "finished.pcap", 2_000)
    analysis = tcptrace.analyze(path, order="end", max_connections=50)
    by_end = list(analysis)
    assert sorted(connection.stream for connection in by_end) == list(range(2_000))
    assert analysis.capture.given_up == sum(connection.given_up for connection in by_end) == 1_950
    alone = {connection.stream: connection for connection in tcptrace.analyze(path)}
    for connection in by_end:
        assert connection.path == alone[connection.stream].path


def test_run_counts_what_iterating_counts(tmp_path: Path) -> None:
    path = finished(tmp_path / "finished.pcap", 1_000)
    counted, shown = (tcptrace.analyze(path, max_connections=100) for _ in range(2))
    counted.run()
    list(shown)
    assert counted.outcomes == shown.outcomes == {"closed": 1_000}
    assert json.dumps(counted.capture.warnings) == json.dumps(shown.capture.warnings)
    assert counted.capture == shown.capture


@needs_twins
def test_the_collector_does_not_see_an_entry() -> None:
    assert not gc.is_tracked(kernels.load("flow.rows").Entry())


def some(analysis: Any) -> None:
    """Begin to read an analysis and go away."""
    next(iter(analysis), None)


WAYS: dict[str, Callable[[Any], object]] = {
    "counted": lambda analysis: analysis.run(),
    "as records": list,
    "as lines": lambda analysis: list(analysis.lines()),
    "begun": some,
    "never read": lambda analysis: None,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("order", ["stream", "end"])
@pytest.mark.parametrize("most", [2, 1000])
def test_an_analysis_leaves_nothing_behind(way: Callable[[Any], object], order: str, most: int) -> None:
    """An entry and its newest stream hold each other, and the collector does not see the entry."""
    paths = [*(ROOT / "captures").glob("t*.pcap"), *(ROOT / "tests/data/kernel").glob("*reuse*.pcap")]
    held = []
    for _ in range(4):
        for path in paths:
            way(tcptrace.analyze(path, order=order, max_connections=most))
        gc.collect()
        held.append(sys.getallocatedblocks())
    assert held[-1] - held[1] < len(
        paths
    )  # an entry and a stream of each, in two rounds, would be four times as many
