"""``tcptrace capture`` on loopback: what it takes, when it ends, what it says; truth comes from tcpdump and the sockets."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from tests.live import (
    TCPTRACE,
    WAIT_S,
    Process,
    capture,
    frames_of,
    needs,
    needs_root,
    serving,
)
from tests.show.test_json import VALIDATOR

pytestmark = needs_root


def records(out: bytes) -> list[dict[str, object]]:
    found = [json.loads(line) for line in out.splitlines()]
    for record in found:
        VALIDATOR.validate(record)
    return found


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_the_first_interrupt_ends_it_and_the_results_are_written(ip: str) -> None:
    with serving(ip) as server:
        process = capture("-i", "lo", "--json", f"tcp port {server.port}")
        server.visit(3)
        process.interrupt()  # at once: the last frames are still in the ring
        status, out, err = process.finish()
    *connections, total = records(out)
    assert status == 0
    assert [c["outcome"] for c in connections] == ["closed"] * 3
    assert {(c["server"]["ip"], c["server"]["port"]) for c in connections} == {(ip, server.port)}  # type: ignore[index]
    assert (total["file"], total["format"], total["complete"]) == ("lo", "live", True)
    assert err.splitlines()[1:] == [
        f"{total['frames']} frames captured",
        f"{total['frames']} frames analysed",
        "0 frames dropped by the kernel",
    ]


def test_a_second_interrupt_is_130_without_traceback() -> None:
    with serving() as server:
        process = capture("-i", "lo", "--json", f"tcp port {server.port}")
        server.visit(100)
        process.interrupt()
        process.wait_until_output_is_stuck()  # the results fill the pipe, which nobody reads
        process.interrupt()
        status, _, err = process.finish()
    assert status == 130
    assert "Traceback" not in err


def test_sigterm_ends_it_as_an_interrupt_does() -> None:
    with serving() as server:
        process = capture("-i", "lo", "--summary", f"tcp port {server.port}")
        server.visit()
        os.kill(process.pid, signal.SIGTERM)
        status, out, _ = process.finish()
    assert (status, out.splitlines()[0]) == (0, b"1 connection")


def test_it_ends_by_itself_after_so_many_frames(tmp_path: Path) -> None:
    path = tmp_path / "five"
    with serving() as server:
        process = capture("-i", "lo", "-c", "5", "-w", path, "--json", f"tcp port {server.port}")
        server.visit(2)
        status, out, err = process.finish()
    assert (status, records(out)[-1]["frames"], len(frames_of(path))) == (0, 5, 5)
    assert "\n5 frames captured\n5 frames analysed\n" in err


def test_it_ends_by_itself_after_so_many_seconds() -> None:
    with serving() as server:
        begun = time.monotonic()
        process = capture("-i", "lo", "--duration", "0.4", "--summary", f"tcp port {server.port}")
        server.visit()
        status, out, _ = process.finish()
        assert 0.4 < time.monotonic() - begun < 10
    assert (status, out.splitlines()[0]) == (0, b"1 connection")


def test_the_snap_length_cuts_what_is_kept_and_counts_nothing_less(tmp_path: Path) -> None:
    path = tmp_path / "short"
    with serving() as server:
        process = capture("-i", "lo", "-s", "66", "-w", path, "--json", f"tcp port {server.port}")
        server.visit(octets=1000)
        process.interrupt()
        connection, total = records(process.finish()[1])
    assert max(map(len, frames_of(path))) == 66
    assert connection["data_bytes"] == {"client": 1000, "server": 1000}
    assert [w["code"] for w in total["warnings"] if w["code"] == "short_snap"]  # type: ignore[attr-defined,index]


def test_the_filter_selects(tmp_path: Path) -> None:
    with serving() as one, serving() as other:
        process = capture("-i", "lo", "--json", "tcp", "port", str(one.port))
        one.visit()
        other.visit()
        process.interrupt()
        *connections, _ = records(process.finish()[1])
    assert [c["server"]["port"] for c in connections] == [one.port]  # type: ignore[index]


@pytest.mark.parametrize(("form", "magic"), [("pcapng", b"\n\r\r\n"), ("pcap", b"\x4d\x3c\xb2\xa1")])
def test_standard_output_is_the_capture_and_nothing_else(tmp_path: Path, form: str, magic: bytes) -> None:
    with serving() as server:
        process = capture("-i", "lo", "-w", "-", "-F", form, f"tcp port {server.port}")
        server.visit()
        process.interrupt()
        status, out, err = process.finish()
    assert (status, out[:4]) == (0, magic)
    path = tmp_path / "out"
    path.write_bytes(out)
    assert f"\n{len(frames_of(path))} frames captured\n0 frames dropped" in err


def test_what_it_writes_is_analysed_as_it_analysed_it(tmp_path: Path) -> None:
    path = tmp_path / "written"
    with serving() as server:
        process = capture("-i", "lo", "-w", path, "--json", "--frames", f"tcp port {server.port}")
        server.visit(2, octets=3000)
        process.interrupt()
        live = records(process.finish()[1])
    again = subprocess.run(
        [*TCPTRACE, "analyze", path, "--json", "--frames"], capture_output=True, check=True
    ).stdout
    ours = [record for record in live if record["record"] != "capture"]
    assert ours == [record for record in records(again) if record["record"] != "capture"]


@needs("tshark")
def test_the_file_names_interface_and_filter(tmp_path: Path) -> None:
    path = tmp_path / "named"
    with serving() as server:
        process = capture("-i", "lo", "-w", path, "--no-results", f"tcp port {server.port}")
        server.visit()
        process.interrupt()
        status, out, _ = process.finish()
    assert (status, out) == (0, b"")
    told = subprocess.run(["capinfos", path], capture_output=True, text=True, check=True).stdout
    for line in ("Name = lo", f"Filter string = tcp port {server.port}", "Time precision = nanoseconds (9)"):
        assert line in told


def test_files_take_turns_and_hold_together_what_was_captured(tmp_path: Path) -> None:
    with serving() as server:
        process = capture("-i", "lo", "-w", tmp_path / "x", "-C", "1", "--summary", f"tcp port {server.port}")
        server.visit(300, octets=4000)
        process.interrupt()
        status, _, err = process.finish()
    sizes = [path.stat().st_size for path in (tmp_path / "x", tmp_path / "x1")]
    assert status == 0
    assert sizes[0] > 1_000_000
    assert f"\n{sum(len(frames_of(path)) for path in tmp_path.iterdir()):,} frames captured\n" in err


def test_live_each_step_is_a_line_when_it_is_made() -> None:
    with serving() as server:
        process = capture("-i", "lo", "--live", "--utc", f"tcp port {server.port}")
        with socket.create_connection((server.ip, server.port)) as connection:
            lines = [process.read_line() for _ in range(4)]  # nothing has ended yet
            connection.sendall(b"x")
        process.interrupt()
        status, out, _ = process.finish()
    steps = [re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6} stream 0 (.*)\n", line) for line in lines]
    assert [step and step[1] for step in steps] == [
        "client CLOSED -> SYN-SENT (frame 1, snd SYN)",
        "server LISTEN -> SYN-RECEIVED (frame 1, rcv SYN)",
        "client SYN-SENT -> ESTABLISHED (frame 2, rcv SYN,ACK)",
        "server SYN-RECEIVED -> ESTABLISHED (frame 3, rcv ACK of SYN, assumed)",
    ]
    assert status == 0
    assert b"\n1 connection\n" in out


def test_live_json_tells_the_steps_before_their_connection() -> None:
    with serving() as server:
        process = capture("-i", "lo", "--live", "--json", f"tcp port {server.port}")
        server.visit(2)
        process.interrupt()
        told = records(process.finish()[1])
    steps = [record for record in told if record["record"] == "transition"]
    connections = [record for record in told if record["record"] == "connection"]
    assert [record["record"] for record in told][-1] == "capture"
    for connection in connections:
        its = [step for step in steps if step["stream"] == connection["stream"]]
        assert len(its) == len(connection["transitions"])  # type: ignore[arg-type]
        assert max(map(told.index, its)) < told.index(connection)


def test_live_on_a_terminal_is_a_table_that_changes_and_then_the_summary() -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    surroundings = {**os.environ, "NO_COLOR": "1", "TERM": "xterm"}
    try:
        with serving() as server:
            command = [*TCPTRACE, "capture", "-i", "lo", "--live", "--utc", f"tcp port {server.port}"]
            process = Process(command, output=theirs, env=surroundings)
            with socket.create_connection((server.ip, server.port)):
                screen = read_until(ours, "ESTABLISHED 2")
                assert screen.count("\x1b[?1049h") == 1
                table = screen.rsplit("\x1b[H", 1)[1]
                assert f"{server.ip}:{server.port} " in table
                read_until(ours, " 1 s\x1b[K")  # it goes on without frames
            read_until(ours, "TIME-WAIT for 3 min 5")
            process.interrupt()
            rest = read_until(ours, "TCP segments")
            status, _, err = process.finish()
    finally:
        os.close(ours)
        os.close(theirs)
    assert (status, rest.count("\x1b[?1049l")) == (0, 1)
    assert "1 connection\r\n  closed " in rest.rsplit("\x1b[?1049l", 1)[1]
    assert "0 frames dropped" in err


def test_the_live_table_is_sorted_and_filtered_by_keys_and_the_terminal_is_given_back() -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    before = termios.tcgetattr(theirs)
    surroundings = {**os.environ, "NO_COLOR": "1", "TERM": "xterm"}
    try:
        with serving() as server:
            command = [*TCPTRACE, "capture", "-i", "lo", "--live", f"tcp port {server.port}"]
            process = Process(command, output=theirs, stdin=theirs, env=surroundings)
            server.visit()
            with socket.create_connection((server.ip, server.port)):
                read_until(ours, "by last (l last, s stream, a age, b bytes, t state); f: all; q ends")
                read_until(ours, "ESTABLISHED 2")
                os.write(ours, b"sf")
                screen = read_until(ours, "by stream (").rsplit("\x1b[H", 1)[1] + read_until(ours, "\x1b[J")
                assert "f: CLOSED" in screen
                os.write(ours, b"f")
                screen = read_until(ours, "f: ESTABLISHED") + read_until(ours, "\x1b[J")
                assert screen.rsplit("\x1b[H", 1)[1].count(f"{server.ip}:{server.port} ") == 1
                os.write(ours, b"q")
                read_until(ours, "TCP segments")
            status, _, _ = process.finish()
        assert (status, termios.tcgetattr(theirs)) == (0, before)
    finally:
        os.close(ours)
        os.close(theirs)


def read_until(descriptor: int, words: str) -> str:
    """Return what a terminal shows until it shows ``words``."""
    octets, deadline = b"", time.monotonic() + WAIT_S
    while words.encode() not in octets:
        assert select.select([descriptor], [], [], deadline - time.monotonic())[0], octets
        octets += os.read(descriptor, 65536)
    return octets.decode()
