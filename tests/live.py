"""Helpers for tests that capture: processes that say when they listen, connections on loopback, private networks."""

import fcntl
import os
import pwd
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tcptrace.source import open_source

ROOT = Path(__file__).parent.parent
TCPTRACE = [sys.executable, "-m", "tcptrace"]
WAIT_S = 60

needs_root = pytest.mark.skipif(
    not hasattr(socket, "AF_PACKET") or os.geteuid() != 0, reason="not root: no packet sockets, no namespaces"
)


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where a peer is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


class Process:
    """A capturing process that has said on standard error that it is listening."""

    def __init__(self, command: list[str], output: int = subprocess.PIPE, **more: object) -> None:
        self._popen = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.PIPE, start_new_session=True, **more
        )  # type: ignore[call-overload]
        self.pid: int = self._popen.pid
        self.said = b""
        assert self._popen.stderr is not None
        deadline = time.monotonic() + WAIT_S
        while b"listening on" not in self.said or not self.said.endswith(b"\n"):
            ready, _, _ = select.select([self._popen.stderr], [], [], deadline - time.monotonic())
            piece = os.read(self._popen.stderr.fileno(), 4096) if ready else b""
            if not piece:
                self._popen.kill()
                self._popen.communicate()
                pytest.fail(f"it did not listen: {self.said.decode()}")
            self.said += piece

    def interrupt(self) -> None:
        """Send what ^C sends."""
        self._popen.send_signal(signal.SIGINT)

    def wait_until_output_is_stuck(self) -> None:
        """Wait until it has written to its standard output and, for lack of a reader, writes no more."""
        assert self._popen.stdout is not None
        held, since = 0, time.monotonic()
        deadline = since + WAIT_S
        while not held or time.monotonic() - since < 0.3:
            if time.monotonic() > deadline:
                pytest.fail("it wrote nothing")
            now = struct.unpack("i", fcntl.ioctl(self._popen.stdout, termios.FIONREAD, bytes(4)))[0]
            if now != held:
                held, since = now, time.monotonic()
            time.sleep(0.01)

    def read_line(self) -> str:
        """Return the next line of its standard output."""
        assert self._popen.stdout is not None
        octets = b""
        while not octets.endswith(b"\n"):
            if not select.select([self._popen.stdout], [], [], WAIT_S)[0]:
                pytest.fail(f"no line came after {octets!r}")
            piece = os.read(self._popen.stdout.fileno(), 1)
            if not piece:
                pytest.fail(f"it ended after {octets!r}")
            octets += piece
        return octets.decode()

    def has_output(self) -> bool:
        """Say whether something is at its standard output."""
        return bool(select.select([self._popen.stdout], [], [], 0)[0])

    def interrupt_group(self) -> None:
        """Send what ^C sends to all processes of a pipeline."""
        os.killpg(self.pid, signal.SIGINT)

    def leave(self) -> None:
        """Close the reading end of its standard output."""
        assert self._popen.stdout is not None
        self._popen.stdout.close()

    def finish(self) -> tuple[int, bytes, str]:
        """Wait for the end; return exit status, standard output and standard error."""
        try:
            out, err = self._popen.communicate(timeout=WAIT_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            raise
        return self._popen.returncode, out, (self.said + err).decode()


def capture(*options: str | Path, prefix: Sequence[str] = (), **more: object) -> Process:
    """Start ``tcptrace capture`` and wait until it listens."""
    return Process([*prefix, *TCPTRACE, "capture", *map(str, options)], **more)


def tcpdump(*options: str | Path, prefix: Sequence[str] = ()) -> Process:
    """Start tcpdump and wait until it listens."""
    return Process([*prefix, "tcpdump", "-n", "-U", *map(str, options)])


class Server:
    """An echo server on loopback that answers and closes, in a thread; ``port`` was free."""

    def __init__(self, ip: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self._listener = socket.create_server((ip, 0), family=family, backlog=1024)
        self.ip, self.port = self._listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(connection.recv(4096))

    def visit(self, times: int = 1, octets: int = 5) -> None:
        """Connect, send, read what comes back and close, so many times."""
        for _ in range(times):
            with socket.create_connection((self.ip, self.port), timeout=WAIT_S) as connection:
                connection.sendall(b"x" * octets)
                while connection.recv(4096):
                    pass

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(WAIT_S)


@contextmanager
def serving(ip: str = "127.0.0.1") -> Iterator[Server]:
    """Run a server for a while."""
    server = Server(ip)
    try:
        yield server
    finally:
        server.close()


def frames_of(path: Path) -> list[bytes]:
    """Return the frames of a capture file that is whole."""
    source = open_source(path)
    found = []
    for batch in source.batches():
        for i in range(batch.count):
            at = batch.frames.offset[i]
            found.append(bytes(batch.buffer[at : at + batch.frames.captured[i]]))
    assert source.complete, source.problem
    return found


def texts(path: Path) -> list[str]:
    """Return the words of an SVG picture."""
    return [
        "".join(text.itertext()) for text in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    ]


def settle(path: Path, quiet_s: float = 1.3) -> None:
    """Wait until tcpdump, which does not drain its ring at an interrupt, has written what has come to a file.

    libpcap lets the kernel wait for a second until it hands over what is not full; ``quiet_s`` is that and what the
    machine may be late.
    """
    size, since = -1, time.monotonic()
    deadline = since + WAIT_S
    while time.monotonic() - since < quiet_s and time.monotonic() < deadline:
        if path.stat().st_size != size:
            size, since = path.stat().st_size, time.monotonic()
        time.sleep(0.02)


@contextmanager
def private_network() -> Iterator[list[str]]:
    """Give what to put in front of a command so that it runs in a network with nothing but a loopback of its own."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != "up\n":
            pytest.fail(f"no private network: {holder.stderr.read()}")
        yield ["nsenter", f"--target={holder.pid}", "--net"]
    finally:
        holder.communicate(timeout=WAIT_S)


@contextmanager
def open_to_all() -> Iterator[tuple[list[str], Path]]:
    """Give what to put in front of root's command so that it can become anybody, and a folder where all may write."""
    base = Path(tempfile.mkdtemp(prefix="tcptrace-test-"))
    try:
        folder = base / "folder"
        folder.mkdir()
        base.chmod(0o755)
        folder.chmod(0o777)
        yield ["unshare", "--mount", "sh", "-euc", f'{_opening(base)}exec "$@"', "sh"], folder
    finally:
        shutil.rmtree(base)


@contextmanager
def unprivileged() -> Iterator[tuple[list[str], Path]]:
    """Give what to put in front of a command so that it runs without rights, and a folder that it may write in.

    Root becomes nobody, who must be able to read this Python and this checkout. Where they lie in a folder that
    is closed to others, as root's home is, that folder is open in a mount namespace of the command's own.
    """
    base = Path(tempfile.mkdtemp(prefix="tcptrace-test-"))
    try:
        folder = base / "folder"
        folder.mkdir()
        if os.geteuid() != 0:
            yield [], folder
            return
        base.chmod(0o755)
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
        drop = "setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all"
        yield ["unshare", "--mount", "sh", "-euc", f'{_opening(base)}exec {drop} "$@"', "sh"], folder
    finally:
        shutil.rmtree(base)


def _opening(folder: Path) -> str:
    """Return the shell commands that let everybody go to Python and the checkout, by way of ``folder``."""
    found = {Path(path).resolve() for path in (sys.base_prefix, sys.prefix, ROOT)}
    needed = sorted(path for path in found if not found & set(path.parents))
    commands = ""
    for number, path in enumerate(needed):
        closed = [up for up in reversed(path.parents) if not up.stat().st_mode & stat.S_IXOTH]
        if closed:
            aside = folder / f"{number}"
            commands += (
                f"mkdir -p {aside}; mount --rbind {path} {aside}; "
                f"mountpoint -q {closed[0]} || mount -t tmpfs -o mode=755 tmpfs {closed[0]}; "
                f"mkdir -p {path}; mount --rbind {aside} {path}; "
            )
    return commands
