"""``python -m tests.bench.servers``: each style of server under many clients, and both ends' states by the analyser.

10,000 connections, 500 at once, all from one process that watches them with epoll: each sends 32 octets to the echo server,
waits for them, and closes. Printed for each style: connections a second, the server's memory at its highest (with its
children's, shared pages divided among them), and how many ends were in which state as time went by. Linux, as root.
"""

import argparse
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import tcptrace
from tcptrace.lab.styles import STYLES

TCPTRACE = [sys.executable, "-m", "tcptrace"]
WORDS = b"thirty-two octets there and back"
MOMENTS = 6
SAMPLE_S = 0.05


class Load(NamedTuple):
    """What the clients saw."""

    seconds: float
    served: int
    failed: int


class Row(NamedTuple):
    """A style under load."""

    style: str
    load: Load
    peak_mib: float
    dropped: int  # frames that the capture lost
    states: list[tuple[float, dict[str, Counter[str]]]]  # seconds, side -> state -> ends


def drive(port: int, total: int, at_once: int, patience_s: float = 120.0) -> Load:
    """Hold ``total`` conversations with the echo server, ``at_once`` at a time."""
    watched = select.epoll()
    waiting: dict[int, tuple[socket.socket, int]] = {}
    begun = served = failed = 0
    start = time.monotonic()

    def begin() -> None:
        nonlocal begun
        begun += 1
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        waiting[one.fileno()] = one, 0
        watched.register(one, select.EPOLLOUT)

    while served + failed < total and time.monotonic() - start < patience_s:
        while begun < total and len(waiting) < at_once:
            begin()
        for number, event in watched.poll(1.0):
            one, got = waiting[number]
            try:
                if event & select.EPOLLOUT:
                    one.send(WORDS)
                    watched.modify(one, select.EPOLLIN)
                    continue
                part = one.recv(64)
                got += len(part)
                waiting[number] = one, got
                if part and got < len(WORDS):
                    continue
                served, failed = (served + 1, failed) if part else (served, failed + 1)
            except OSError:
                failed += 1
            del waiting[number]
            watched.unregister(one)
            one.close()
    for one, _ in waiting.values():
        one.close()
    watched.close()
    return Load(time.monotonic() - start, served, failed + len(waiting) + total - begun)


def shared_memory_kib(process: int) -> int:
    """Return the proportional memory of a process and its children, in KiB."""
    total = 0
    for number in (process, *children(process)):
        try:
            found = re.search(
                r"^Pss:\s+(\d+)", Path(f"/proc/{number}/smaps_rollup").read_text(), re.MULTILINE
            )
        except OSError:
            continue  # a child that has ended
        total += int(found[1]) if found else 0
    return total


def children(process: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def peak_memory(process: int) -> Iterator[list[int]]:
    """Give a list whose one element is the highest memory seen while the block runs, in KiB."""
    peak, over = [shared_memory_kib(process)], threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_S):
            peak[0] = max(peak[0], shared_memory_kib(process))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


@contextmanager
def capturing(port: int, file: Path) -> Iterator[None]:
    """Capture the headers of a port's frames on lo while the block runs."""
    command = [
        *TCPTRACE,
        "capture",
        "-i",
        "lo",
        "-s",
        "96",
        "-w",
        str(file),
        "--no-results",
        "tcp",
        "port",
        str(port),
    ]
    with (
        file.with_suffix(".txt").open("w") as told,
        subprocess.Popen(command, stdout=told, stderr=told) as capture,
    ):
        while "listening" not in file.with_suffix(".txt").read_text() and capture.poll() is None:
            time.sleep(0.02)
        try:
            yield
        finally:
            time.sleep(0.3)
            capture.send_signal(signal.SIGINT)


def states_over_time(file: Path) -> list[tuple[float, dict[str, Counter[str]]]]:
    """Return how many ends of each side were in each state at some moments, as the analyser has it."""
    steps = []
    first = last = 0
    for connection in tcptrace.analyze(file):
        first = min(first or connection.first_ns, connection.first_ns)
        last = max(last, connection.last_ns)
        begun: set[str] = set()  # sides: the state before an end's first step is that of no end
        for t in connection.transitions:
            steps.append((t.time_ns, t.side, t.from_state if t.side in begun else "", t.to_state))
            begun.add(t.side)
    steps.sort()
    moments = [first + (last - first) * (number + 1) // MOMENTS for number in range(MOMENTS)]
    now: dict[str, Counter[str]] = {"client": Counter(), "server": Counter()}
    found, place = [], 0
    for moment in moments:
        while place < len(steps) and steps[place][0] <= moment:
            _, side, left, entered = steps[place]
            now[side][left] -= 1
            now[side][entered] += 1
            place += 1
        shown = {side: Counter({s: n for s, n in counts.items() if s and n}) for side, counts in now.items()}
        found.append(((moment - first) / 1e9, shown))
    return found


def measure(style: str, total: int, at_once: int) -> Row:
    """Serve in one style, drive it, capture it."""
    command = [*TCPTRACE, "serve", style, "--app", "echo", "--port", "0", "--backlog", str(at_once)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            found = re.search(r"port (\d+)", server.stdout.readline())
            assert found, "the server does not say where it is"
            file = Path(folder) / "capture.pcapng"
            with capturing(int(found[1]), file), peak_memory(server.pid) as peak:
                load = drive(int(found[1]), total, at_once)
            lost = re.search(r"(\d[\d,]*) frames? dropped", file.with_suffix(".txt").read_text())
            states = states_over_time(file)
        finally:
            server.send_signal(signal.SIGINT)
    return Row(style, load, peak[0] / 1024, int(lost[1].replace(",", "")) if lost else 0, states)


def lines(row: Row) -> Iterator[str]:
    """Yield what is printed of a style."""
    rate = row.load.served / row.load.seconds
    trouble = f", {row.load.failed} failed" if row.load.failed else ""
    trouble += f", {row.dropped} frames not captured" if row.dropped else ""
    yield f"{row.style:<12} {rate:7,.0f} connections/s  {row.peak_mib:6.1f} MiB{trouble}"
    for seconds, sides in row.states:
        for side, counts in sides.items():
            told = "  ".join(f"{state} {count}" for state, count in counts.most_common())
            yield f"    {seconds:6.2f} s  {side}  {told}"


def main(words: list[str]) -> int:
    """Run the command line and return its status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.servers", description=__doc__)
    parser.add_argument("styles", nargs="*", metavar="STYLE", help=f"of {', '.join(STYLES)}; all of them")
    parser.add_argument("--connections", type=int, default=10_000, metavar="N")
    parser.add_argument("--at-once", type=int, default=500, metavar="N")
    wished = parser.parse_args(words)
    unknown = set(wished.styles) - set(STYLES)
    if unknown:
        parser.error(f"no such style: {', '.join(sorted(unknown))}")
    failed = 0
    for style in wished.styles or STYLES:
        row = measure(style, wished.connections, wished.at_once)
        failed += row.load.failed
        print("\n".join(lines(row)), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
