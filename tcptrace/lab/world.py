"""Two hosts for a scenario: networks of their own with a relay between them, or the loopback of one (Linux, root).

Sockets are real, and so is what the kernel does with them. A capture runs at each interface, and ``sock_diag`` is asked
every few milliseconds; the tracepoint is shared by all scenarios that run at once (``record``).
"""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path as File

from tcptrace.kernel.namespace import Namespace
from tcptrace.kernel.paths import Poll
from tcptrace.kernel.sock_diag import SockDiag
from tcptrace.lab.path import CLIENT_PORT, SERVER_PORT, SIDES, Path
from tcptrace.lab.relay import Relay
from tcptrace.lab.segment import read_segment
from tcptrace.lab.tap import ETHERNET, RAW, Tap
from tcptrace.lab.tun import open_tun
from tcptrace.model.errors import InputError

# All ports of scenarios: below what systems give away (ip_local_port_range begins at 32768), so that nobody else has one.
LOW_PORT, HIGH_PORT = 28_000, 29_999
_POLL_S = 0.006
_PATIENCE_S = 30.0
TCP_REPAIR = 19  # <linux/tcp.h>


class Host:
    """One of the two."""

    def __init__(self, name: str, namespace: Namespace, ip: str, ip6: str) -> None:
        self.name = name
        self.ip = ip
        self.ip6 = ip6
        self._namespace = namespace
        self._sockets: list[socket.socket] = []

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Have this thread in the host's network."""
        with self._namespace.inside():
            yield

    def sysctl(self, name: str, value: str | int) -> None:
        """Set a switch of this network, such as ``ipv4/tcp_fastopen``."""
        with self.inside():
            (File("/proc/sys/net") / name).write_text(str(value))

    def open(self, port: int = 0, family: int = socket.AF_INET) -> socket.socket:
        """Return a socket of this host, bound to its address and a port."""
        with self.inside():
            one = socket.socket(family, socket.SOCK_STREAM)
        self._sockets.append(one)
        one.settimeout(_PATIENCE_S)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if port:
            one.bind((self.ip if family == socket.AF_INET else self.ip6, port))
        return one

    def listen(
        self, port: int = SERVER_PORT, backlog: int = 16, family: int = socket.AF_INET
    ) -> socket.socket:
        """Return a listening socket."""
        listener = self.open(port, family)
        listener.listen(backlog)
        return listener

    def accept(self, listener: socket.socket) -> socket.socket:
        """Return the next connection."""
        connection, _ = listener.accept()
        connection.settimeout(_PATIENCE_S)
        self._sockets.append(connection)
        return connection

    def close(self) -> None:
        """Close what is open, without a word."""
        for one in self._sockets:
            with suppress(OSError):
                one.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            one.close()


class World:
    """The stage of one scenario."""

    def __init__(self, number: int, on_loopback: bool = False) -> None:
        """Build it; ``number`` sets its addresses apart from those of other worlds. ``InputError`` where not allowed."""
        self.path = Path()
        self.polls: dict[str, list[Poll]] = {side: [] for side in SIDES}
        self.begin_ns = (
            time.monotonic_ns()
        )  # what the tracepoint has from before is of who had the number then
        self.end_ns: int | None = None  # CLOCK_MONOTONIC: where captures and truth end
        self._only: str | None = None  # the sender whose frames are kept
        self._taps: dict[str, Tap] = {}
        self._frames: dict[str, list[tuple[int, bytes]]] = {}
        self._devices: dict[str, int] = {}
        self._relay: Relay | None = None
        self._diags: dict[str, SockDiag] = {}
        self._rounds = 0  # of polls
        self._poll_problem: OSError | None = None
        self._is_over = threading.Event()
        self._poller: threading.Thread | None = None
        high, low = divmod(number, 256)
        try:
            if on_loopback:
                self._build_loopback(f"127.{77 + high}.{low}")
            else:
                self._build_pair(f"10.{77 + high}.{low}", f"fd77:{high:x}:{low:x}:")
        except OSError as error:
            self.close()
            raise InputError(f"lab: {error.strerror or error}; it needs root, and /dev/net/tun") from None
        self._poller = threading.Thread(target=self._poll, name="sock_diag", daemon=True)
        self._poller.start()

    def _build_loopback(self, prefix: str) -> None:
        namespace = Namespace()
        self._namespaces = [namespace]
        self.client = Host("client", namespace, f"{prefix}.1", "::1")
        self.server = Host("server", namespace, f"{prefix}.2", "::1")
        with namespace.inside():
            self._taps["lo"] = Tap("lo", ETHERNET)
            self._diags["lo"] = SockDiag()
        self._ports(self.client)

    def _build_pair(self, prefix: str, prefix6: str) -> None:
        self._namespaces = []
        hosts = []
        for last, side in enumerate(SIDES, 1):
            namespace = Namespace()
            self._namespaces.append(namespace)
            host = Host(side, namespace, f"{prefix}.{last}", f"{prefix6}:{last}")
            hosts.append(host)
            with namespace.inside():
                self._devices[side] = open_tun("tun0", host.ip, host.ip6)
                self._taps[side] = Tap("tun0", RAW)
                self._diags[side] = SockDiag()
        self.client, self.server = hosts
        self._ports(self.client)
        self._relay = Relay(self._devices, self.path)

    @staticmethod
    def _ports(host: Host) -> None:
        """Have the ports that the system chooses lie where the tracepoint looks."""
        host.sysctl("ipv4/ip_local_port_range", f"{LOW_PORT + 100} {LOW_PORT + 999}")

    @property
    def relay(self) -> Relay:
        """What carries the packets; a world on loopback has none."""
        assert self._relay is not None
        return self._relay

    def host(self, side: str) -> Host:
        """Return a host by its side."""
        return self.client if side == "client" else self.server

    def connect(
        self, listener: socket.socket | None = None, port: int = CLIENT_PORT
    ) -> tuple[socket.socket, socket.socket]:
        """Return both ends of a new connection."""
        listening = listener or self.server.listen()
        client = self.client.open(port)
        client.connect(listening.getsockname())
        return client, self.server.accept(listening)

    def settle(self, quiet_s: float = 0.07) -> None:
        """Wait until both hosts have said what they had to, and the polls have seen it."""
        if self._relay is not None:
            self._relay.settle(quiet_s)
        else:
            time.sleep(quiet_s)
        self._wait_for_poll()

    def _wait_for_poll(self) -> None:
        """Wait until ``sock_diag`` has been asked once more from beginning to end."""
        begun = self._rounds
        while self._rounds < begun + 2 and self._poll_problem is None:
            time.sleep(_POLL_S / 4)

    def reset(self, one: socket.socket) -> None:
        """Close a socket by a RST (SO_LINGER with no time)."""
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()

    def vanish(self, one: socket.socket) -> None:
        """Make a socket go without a segment, as when its host loses power."""
        one.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        one.close()

    def capture_from_here(self) -> None:
        """Forget the frames captured so far."""
        for tap in self._taps.values():
            tap.frames()

    def only(self, side: str) -> None:
        """Keep only the frames that one side sent."""
        self._only = self.host(side).ip

    def end_capture(self) -> None:
        """End captures and truth here; what follows is not recorded."""
        if self.end_ns is None:
            self.end_ns = time.monotonic_ns()
            self._frames = {
                where: [frame for frame in tap.frames() if self._is_kept(frame[1])]
                for where, tap in self._taps.items()
            }

    def _is_kept(self, packet: bytes) -> bool:
        """Say whether a frame is of TCP, and of the side that was asked for."""
        if "lo" in self._taps:
            return True
        segment = read_segment(packet)
        return segment is not None and self._only in {None, segment.source[0]}

    def finish(self) -> dict[str, tuple[list[tuple[int, bytes]], int]]:
        """End the scenario; return the frames and the link type of each place of capture. Raises ``OSError``."""
        self._wait_for_poll()
        self.end_capture()
        self._is_over.set()
        if self._poller is not None:
            self._poller.join()
        if self._poll_problem is not None:
            raise self._poll_problem
        return {where: (frames, self._taps[where].link) for where, frames in self._frames.items()}

    def close(self) -> None:
        """Take everything down."""
        self._is_over.set()
        if self._relay is not None:
            self._relay.close()
        for host in (getattr(self, side, None) for side in SIDES):
            if host is not None:
                host.close()
        for one in (*self._taps.values(), *self._diags.values(), *getattr(self, "_namespaces", [])):
            one.close()
        for descriptor in self._devices.values():
            os.close(descriptor)

    def _poll(self) -> None:
        """Ask ``sock_diag`` over and over, and take note of what is new."""
        while not self._is_over.is_set():
            try:
                self._poll_once()
            except OSError as error:
                self._poll_problem = error
                return
            self._rounds += 1
            time.sleep(_POLL_S)

    def _poll_once(self) -> None:
        for where, diag in self._diags.items():
            now = time.monotonic_ns()
            found = diag.sockets()
            for side in SIDES if where == "lo" else (where,):
                host = self.host(side)
                seen = {
                    (one.local, one.remote): one.state
                    for one in found
                    if one.local[0] in {host.ip, host.ip6} and one.state != "LISTEN"
                }
                polls = self.polls[side]
                if polls and polls[-1].states == seen:
                    polls[-1] = polls[-1]._replace(last_ns=now)
                else:
                    polls.append(Poll(now, now, seen))
