"""The tracepoint ``sock:inet_sock_set_state``: each change of a TCP socket's state, as the kernel makes it (root, Linux).

An instance of our own under tracefs, so that nobody else's tracing is touched; removed at the end. Where tracefs is not
mounted, one thread gets a private mount of it: the files that it opened work in all threads.
"""

import ctypes
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tcptrace.kernel.ring_buffer import Event, read_page
from tcptrace.model.errors import InputError
from tcptrace.model.state_words import State

STATES: dict[int, State] = {
    1: "ESTABLISHED",
    2: "SYN-SENT",
    3: "SYN-RECEIVED",
    4: "FIN-WAIT-1",
    5: "FIN-WAIT-2",
    6: "TIME-WAIT",
    7: "CLOSED",
    8: "CLOSE-WAIT",
    9: "LAST-ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN-RECEIVED",  # before it has a socket
}
_PLACES = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
_BUFFER_KIB = 4096  # a processor's; some 40,000 changes
_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000


class Change(NamedTuple):
    """A socket left one state for another."""

    time_ns: int  # CLOCK_MONOTONIC
    socket: int  # the kernel's address of it: one socket's life
    local: tuple[str, int]
    remote: tuple[str, int]
    old: State
    new: State


class _Fields(NamedTuple):
    """Offsets of what is read of an event, from the kernel's own description."""

    id: int
    skaddr: int
    oldstate: int
    newstate: int
    sport: int
    dport: int
    family: int
    protocol: int
    saddr: int
    daddr: int
    saddr_v6: int
    daddr_v6: int


class Tracepoint:
    """Changes of TCP states from its making to ``changes``; of sockets with a port in the range alone."""

    def __init__(self, low_port: int, high_port: int) -> None:
        """Begin to record. ``InputError`` where that is not allowed or the kernel has no such tracepoint."""
        self._instance: Path | None = None
        self._buffers: list[int] = []
        self._low, self._high = low_port, high_port
        self.lost = False  # whether the kernel had to throw changes away
        self._problems: list[Exception] = []
        thread = threading.Thread(target=self._open, name="tracefs")
        thread.start()
        thread.join()
        for problem in self._problems:
            self.close()
            reason = getattr(problem, "strerror", None) or problem
            raise InputError(f"tracepoint sock:inet_sock_set_state: {reason}; run it as root") from None

    def changes(self) -> list[Change]:
        """Return what was recorded since the last call, in order of time."""
        found = [
            change
            for buffer in self._buffers
            for event in self._drain(buffer)
            for change in self._change(event)
        ]
        return sorted(found)

    def close(self) -> None:
        """Remove the instance."""
        for buffer in self._buffers:
            os.close(buffer)
        self._buffers = []
        if self._instance is not None:
            thread = threading.Thread(target=self._remove, args=(self._instance,), name="tracefs")
            thread.start()
            thread.join()
            self._instance = None

    def _open(self) -> None:
        """Make the instance and open its buffers; runs in a thread of its own, for the mount's sake."""
        try:
            root = _mounted()
            instance = root / "instances" / f"tcptrace-{os.getpid()}-{threading.get_native_id()}"
            instance.mkdir()
            self._instance = instance
            self._fields = _described((instance / "events/sock/inet_sock_set_state/format").read_text())
            for name, text in (
                ("trace_clock", "mono"),
                ("buffer_size_kb", str(_BUFFER_KIB)),
                ("events/sock/inet_sock_set_state/filter", self._condition()),
                ("events/sock/inet_sock_set_state/enable", "1"),
            ):
                (instance / name).write_text(text)
            for processor in sorted(instance.glob("per_cpu/cpu[0-9]*")):
                self._buffers.append(os.open(processor / "trace_pipe_raw", os.O_RDONLY | os.O_NONBLOCK))
        except (OSError, ValueError, KeyError) as error:
            self._problems.append(error)

    def _condition(self) -> str:
        ports = (f"({name} >= {self._low} && {name} <= {self._high})" for name in ("sport", "dport"))
        return f"protocol == 6 && ({' || '.join(ports)})"

    def _drain(self, buffer: int) -> Iterator[Event]:
        """Yield the events of one processor."""
        while True:
            try:
                page = os.read(buffer, 65_536)
            except BlockingIOError:
                return
            if not page:
                return
            events, lost = read_page(page)
            self.lost = self.lost or lost
            yield from events

    def _change(self, event: Event) -> Iterator[Change]:
        """Yield the change that an event tells of."""
        octets, fields = event.octets, self._fields
        if int.from_bytes(octets[:2], "little") != fields.id:
            return
        sport, dport, family = (
            struct.unpack_from("=H", octets, at)[0] for at in (fields.sport, fields.dport, fields.family)
        )
        old, new = (struct.unpack_from("=i", octets, at)[0] for at in (fields.oldstate, fields.newstate))
        (socket,) = struct.unpack_from("=Q", octets, fields.skaddr)
        if family == 2:
            here, there = (_ipv4(octets[at : at + 4]) for at in (fields.saddr, fields.daddr))
        else:
            here, there = (_ipv6(octets[at : at + 16]) for at in (fields.saddr_v6, fields.daddr_v6))
        yield Change(event.time_ns, socket, (here, sport), (there, dport), STATES[old], STATES[new])

    @staticmethod
    def _remove(instance: Path) -> None:
        with suppress(OSError, InputError):
            (_mounted() / "instances" / instance.name).rmdir()


def _described(text: str) -> _Fields:
    """Return the offsets in a ``format`` file."""
    found = {}
    for line in text.splitlines():
        words = line.strip().split(";")
        if line.startswith("ID:"):
            found["id"] = int(line[3:])
        elif words[0].startswith("field:"):
            name = words[0].split()[-1].partition("[")[0].lstrip("*")
            found[name] = int(words[1].split(":")[1])
    return _Fields(**{name: found[name] for name in _Fields._fields})


def _mounted() -> Path:
    """Return where tracefs is; mounts it for this thread alone where it is not."""
    for place in _PLACES:
        if (place / "instances").is_dir():
            return place
    libc = ctypes.CDLL(None, use_errno=True)
    target = os.fsencode(_PLACES[0])
    if (
        libc.unshare(_CLONE_NEWNS) != 0
        or libc.mount(None, b"/", None, _MS_REC_PRIVATE, None) != 0
        or libc.mount(b"tracefs", target, b"tracefs", 0, None) != 0
    ):
        number = ctypes.get_errno()
        raise OSError(number, f"tracefs cannot be mounted: {os.strerror(number)}")
    return _PLACES[0]


def _ipv4(octets: bytes) -> str:
    return ".".join(map(str, octets))


def _ipv6(octets: bytes) -> str:
    """Return an address as RFC 5952 writes it; IPv4 on an IPv6 socket as IPv4."""
    import ipaddress

    address = ipaddress.IPv6Address(octets)
    return str(address.ipv4_mapped or address)
