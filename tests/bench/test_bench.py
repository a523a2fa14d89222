"""The bench itself works: captures are what they claim to be, a tool that counts otherwise is noticed."""

import os
import struct
import sys
from pathlib import Path

import dpkt
import pytest

import tests.bench.__main__ as bench
from tests.bench import tools
from tests.bench.captures import CASES, obtain
from tests.bench.measure import run
from tests.bench.tools import ROOT, Tool

SMALL = 0.0005


def frames(path: Path) -> list[dpkt.ethernet.Ethernet]:
    with path.open("rb") as file:
        return [dpkt.ethernet.Ethernet(octets) for _, octets in dpkt.pcap.Reader(file)]


@pytest.mark.parametrize("name", CASES)
def test_a_capture_has_the_packets_that_its_name_promises(name: str, tmp_path: Path) -> None:
    made = obtain(name, tmp_path, SMALL)
    segments = [frame.data.data for frame in frames(made.path)]
    assert len(segments) == made.packets
    assert made.packets == pytest.approx(CASES[name].packets * SMALL, rel=0.1, abs=100)
    assert all(isinstance(segment, dpkt.tcp.TCP) for segment in segments)


@pytest.mark.parametrize("name", CASES)
def test_a_capture_is_the_same_octets_when_it_is_made_again(name: str, tmp_path: Path) -> None:
    once, again = (obtain(name, tmp_path / folder, SMALL) for folder in "ab")
    assert once.path.read_bytes() == again.path.read_bytes()


def test_a_capture_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    made = obtain("conns", tmp_path, SMALL)
    os.utime(made.path, (1, 1))
    assert obtain("conns", tmp_path, SMALL) == made
    assert made.path.stat().st_mtime == 1


def test_the_checksums_of_whole_frames_are_right(tmp_path: Path) -> None:
    for frame in frames(obtain("full", tmp_path, SMALL).path):
        packet = frame.data
        stored, stored_ip = packet.data.sum, packet.sum
        octets = bytes(packet.data)
        pseudo = struct.pack("!4s4sHH", packet.src, packet.dst, 6, len(octets))
        assert dpkt.in_cksum(pseudo + octets[:16] + b"\0\0" + octets[18:]) == stored
        header = bytes(packet)[:20]
        assert dpkt.in_cksum(header[:10] + b"\0\0" + header[12:]) == stored_ip


def test_short_connections_have_distinct_addresses_and_ten_segments_each(tmp_path: Path) -> None:
    made = obtain("conns", tmp_path, SMALL)
    clients: dict[bytes, int] = {}
    for frame in frames(made.path):
        client = max(frame.data.src, frame.data.dst, key=lambda address: address[0] == 10)
        clients[client] = clients.get(client, 0) + 1
    assert set(clients.values()) == {10}
    assert len(clients) == made.packets // 10


def test_long_connections_lose_segments_on_either_side_of_the_tap(tmp_path: Path) -> None:
    seen: dict[bytes, set[int]] = {}
    highest: dict[bytes, int] = {}
    twice = holes = 0
    for frame in frames(obtain("bulk", tmp_path, 0.004).path):
        segment, client = frame.data.data, frame.data.dst
        if segment.sport == 443 and frame.data.len > 1000:
            numbers = seen.setdefault(client, set())
            twice += segment.seq in numbers
            numbers.add(segment.seq)
            holes += client in highest and (segment.seq - highest[client]) % 2**32 in range(1, 2**31)
            highest[client] = (segment.seq + 1448) % 2**32
    assert twice > 0  # lost behind the tap
    assert holes > 0  # lost before it


def test_cpu_time_and_memory_are_the_childs_own() -> None:
    idle = run([sys.executable, "-c", "import time; time.sleep(0.3)"], ROOT)
    busy = run(
        [sys.executable, "-c", "x = bytearray(b'x') * 50_000_000\nfor i in range(6_000_000): pass"], ROOT
    )
    assert idle.status == busy.status == 0
    assert busy.cpu_s > idle.cpu_s
    assert 45 < busy.private_mib - idle.private_mib < 60  # 47.7 MiB


def test_a_tool_that_counts_other_packets_gets_no_figure(tmp_path: Path) -> None:
    made = obtain("conns", tmp_path, SMALL)
    timed = bench.Bench(tmp_path, SMALL, 1, say=lambda _: None)
    right = Tool("right", [sys.executable, "-c", f"print('{made.packets:,} packets')", "FILE"])
    wrong = Tool("wrong", [sys.executable, "-c", f"print({made.packets + 1})", "FILE"])
    failing = Tool("failing", [sys.executable, "-c", f"print({made.packets}); raise SystemExit(1)", "FILE"])
    assert timed.time(right, made) is not None
    assert timed.time(wrong, made) is None
    assert timed.time(failing, made) is None
    assert len(timed.invalid) == 2


def test_the_quick_mode_times_every_tool_that_is_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = bench.main(["--quick", "--folder", str(tmp_path)])
    output = capsys.readouterr().out
    assert status == 0, output
    for tool in tools.installed():
        rows = [line for line in output.split("\n") if line.startswith(f"  {tool.name:26} ")]
        assert len(rows) == len([name for name in CASES if bench.is_asked(tool, name)])
        assert not [line for line in rows if "no figure" in line]
    assert "not measured" not in output or tools.C_PROGRAM not in tools.installed()
