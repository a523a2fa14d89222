"""``python -m tests.bench.live``: capturing beside tcpdump on the same load, as root, on loopback.

Both only write, the same octets of each frame, with the same buffer in the kernel: 64 MiB, and for the bulk load, which
comes faster than a disk takes it, half as much again as there is to come. A run says how many frames each captured and
the kernel dropped, whether the files hold the same frames, and the CPU time (user and system) that each took for a
frame, from the moment when it listened.

Two processors that receive at the same time hand their frames to the two programs in an order of their own, and each
program stamps the time itself: the frames are compared as a multiset, and how many stand elsewhere is said.
"""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tcptrace.cli.capture import MAX_SNAP
from tests.live import ROOT, TCPTRACE, Server, frames_of, settle

PIECE = 1 << 20
BUFFER_KIB = 65536  # our default; tcpdump's own, 2 MiB, drops much
MOST_MIB = 1365  # of bulk: for more, no buffer is large enough


class Figure(NamedTuple):
    """One program in one run."""

    frames: int
    dropped: int
    cpu_s: float  # from when it listened to its end


class Capturing:
    """A program that writes what it captures; ``ready`` once it listens."""

    def __init__(self, command: list[str]) -> None:
        self._popen = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert self._popen.stderr is not None
        self._said = self._popen.stderr
        while line := self._said.readline():
            if "listening on" in line:
                # The clock of another process's CPU time, as clock_getcpuclockid(3) has it.
                self._started_s = time.clock_gettime(~self._popen.pid << 3 | 2)
                return
        raise SystemExit(f"{command[0]} does not capture; run this as root")

    def end(self) -> Figure:
        """Interrupt it and return what it says and used."""
        os.kill(self._popen.pid, signal.SIGINT)
        with self._said:
            said = self._said.read().replace(",", "")
        _, _, usage = os.wait4(self._popen.pid, 0)
        self._popen.returncode = 0
        found = [re.search(rf"(\d+) (?:packet|frame)s? {word}", said) for word in ("captured", "dropped")]
        captured, dropped = (int(match[1]) if match else -1 for match in found)
        return Figure(captured, dropped, usage.ru_utime + usage.ru_stime - self._started_s)


class Connections:
    """A load of many short connections, one after another."""

    def __init__(self, number: int) -> None:
        self.title = f"{number} connections"
        self.buffer_kib = BUFFER_KIB
        self._number = number
        self._server = Server()
        self.port = self._server.port

    def run(self) -> None:
        """Connect, talk and close so many times."""
        self._server.visit(self._number)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


class Bulk:
    """A load of one connection that sends as fast as it can."""

    def __init__(self, mib: int) -> None:
        self.title = f"{mib} MiB"
        self.buffer_kib = max(BUFFER_KIB, mib * 1024 * 3 // 2)
        self._mib = mib
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        """Send it all, and wait until it is read."""
        reader = threading.Thread(target=self._read)
        reader.start()
        with socket.create_connection(("127.0.0.1", self.port)) as sender:
            for _ in range(self._mib):
                sender.sendall(bytes(PIECE))
        reader.join()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _read(self) -> None:
        connection, _ = self._listener.accept()
        room = bytearray(PIECE)
        with connection:
            while connection.recv_into(room):
                pass


class Likeness(NamedTuple):
    """How the frames of two captures differ."""

    only_theirs: int
    only_ours: int
    moved: int  # that both have, each in another place

    @property
    def is_same(self) -> bool:
        """Whether both have the same frames."""
        return not (self.only_theirs or self.only_ours)

    def words(self) -> str:
        """Say it."""
        if not self.is_same:
            return f"not the same frames: only tcpdump has {self.only_theirs}, only we have {self.only_ours}"
        return f"the same frames, {self.moved} in another place" if self.moved else "the same frames"


def compare(theirs: list[bytes], ours: list[bytes]) -> Likeness:
    """Compare the frames of two captures."""
    left, right = Counter(theirs), Counter(ours)
    only_theirs, only_ours = (left - right).total(), (right - left).total()
    is_same = not (only_theirs or only_ours)
    moved = sum(a != b for a, b in zip(theirs, ours, strict=True)) if is_same else 0
    return Likeness(only_theirs, only_ours, moved)


def measure(load: Connections | Bulk, folder: Path) -> tuple[Figure, Figure, Likeness]:
    """Run a load under both; return tcpdump's figure, ours, and how the frames differ."""
    theirs, ours = folder / "theirs", folder / "ours"
    words = ["tcp", "port", str(load.port)]
    same = ["-i", "lo", "-B", str(load.buffer_kib), "-s", str(MAX_SNAP)]
    peer = Capturing(["tcpdump", "-n", *same, "-w", str(theirs), *words])
    own = Capturing([*TCPTRACE, "capture", "--no-results", *same, "-w", str(ours), *words])
    load.run()
    settle(theirs, quiet_s=2)
    their_figure, our_figure = peer.end(), own.end()
    return their_figure, our_figure, compare(frames_of(theirs), frames_of(ours))


def main(arguments: list[str]) -> int:
    """Run and print; exit status 1 where frames differ though neither dropped any."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--bulk", type=int, default=1000, metavar="MIB")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args(arguments)
    if asked.bulk > MOST_MIB:
        parser.error(f"--bulk {asked.bulk}: at most {MOST_MIB}")
    status = 0
    loads: list[Connections | Bulk] = [Connections(asked.connections), Bulk(asked.bulk)]
    with tempfile.TemporaryDirectory(prefix="tcptrace-bench-") as name:
        for load in loads:
            for _ in range(asked.runs):
                theirs, ours, likeness = measure(load, Path(name))
                said = (_words("tcpdump", theirs), _words("ours", ours), likeness.words())
                print(f"{load.title}: {'; '.join(said)}", flush=True)
                if not (likeness.is_same or theirs.dropped or ours.dropped):
                    status = 1
            load.close()
    return status


def _words(name: str, figure: Figure) -> str:
    each = figure.cpu_s / max(1, figure.frames)
    return f"{name} {figure.frames} frames, {figure.dropped} dropped, {each * 1e6:.2f} µs each"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
