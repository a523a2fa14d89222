"""``python -m tests.bench.live``: capturing beside tcpdump on the same load, as root, on loopback.

Both only write. A run says how many frames each captured and the kernel dropped, whether the files hold the same
frames in the same order, and the CPU time (user and system) of each; several runs, since a busy machine drops now
and then. What starting costs is measured by a capture of one connection and taken off before the CPU time a frame.
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
from pathlib import Path
from typing import NamedTuple

from tests.live import ROOT, TCPTRACE, Server, frames_of, settle

PIECE = 1 << 20
RING_KIB = 65536  # as large as ours: tcpdump's own default, 2 MiB, drops much of the bulk load


class Figure(NamedTuple):
    """One program in one run."""

    frames: int
    dropped: int
    cpu_s: float


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
        return Figure(captured, dropped, usage.ru_utime + usage.ru_stime)


class Connections:
    """A load of many short connections, one after another."""

    def __init__(self, number: int) -> None:
        self.title = f"{number} connections"
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


def measure(load: Connections | Bulk, folder: Path) -> tuple[Figure, Figure, bool]:
    """Run a load under both; return tcpdump's figure, ours, and whether the frames are equal."""
    theirs, ours = folder / "theirs", folder / "ours"
    words = ["tcp", "port", str(load.port)]
    peer = Capturing(["tcpdump", "-i", "lo", "-n", "-U", "-B", str(RING_KIB), "-w", str(theirs), *words])
    own = Capturing([*TCPTRACE, "capture", "-i", "lo", "--no-results", "-w", str(ours), *words])
    load.run()
    settle(theirs)
    their_figure, our_figure = peer.end(), own.end()
    return their_figure, our_figure, frames_of(theirs) == frames_of(ours)


def main(arguments: list[str]) -> int:
    """Run and print; exit status 1 where frames differ though neither dropped any."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--bulk", type=int, default=1000, metavar="MIB")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args(arguments)
    status = 0
    loads: list[Connections | Bulk] = [Connections(1), Connections(asked.connections), Bulk(asked.bulk)]
    with tempfile.TemporaryDirectory(prefix="tcptrace-bench-") as name:
        figures = [[measure(load, Path(name)) for _ in range(asked.runs)] for load in loads]
    idle = [min(figure[which].cpu_s for figure in figures[0]) for which in (0, 1)]
    print(f"starting: tcpdump {idle[0]:.2f} s, ours {idle[1]:.2f} s of CPU time")
    for load in loads:
        load.close()
    for load, of_load in zip(loads[1:], figures[1:], strict=True):
        for theirs, ours, is_equal in of_load:
            print(
                f"{load.title}: {_words('tcpdump', theirs, idle[0])}; {_words('ours', ours, idle[1])}; ",
                end="",
            )
            print("the same frames" if is_equal else "not the same frames")
            if not (is_equal or theirs.dropped or ours.dropped):
                status = 1
    return status


def _words(name: str, figure: Figure, idle_s: float) -> str:
    each = max(0.0, figure.cpu_s - idle_s) / max(1, figure.frames)
    return f"{name} {figure.frames} frames, {figure.dropped} dropped, {each * 1e6:.2f} µs each"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
