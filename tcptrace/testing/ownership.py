"""Which ports are this process's: others use loopback, too, as other workers of a test run do.

A port counts that a Python socket of this process connected to or was bound to while somebody watched, and one on
which this process or one of its descendants listens. What else talks on loopback is not a test's.
"""

import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_LISTEN = "0A"
_watching: "set[Watch]" = set()
_hooked = False


class Watch:
    """Ports that were used since it began."""

    def __init__(self) -> None:
        global _hooked  # noqa: PLW0603 - an audit hook cannot be taken away again, so there is one for all
        self._ports: set[int] = set()
        self._unnamed: list[weakref.ref[Any]] = []  # bound to port 0: which one it is shows later
        if not _hooked:
            _hooked = True
            sys.addaudithook(_heard)
        _watching.add(self)

    def heard(self, sock: Any, port: int) -> None:
        """Take note of a socket that is about to be bound or connected."""
        if port:
            self._ports.add(port)
            return
        with suppress(TypeError):
            self._unnamed.append(weakref.ref(sock))

    def ports(self) -> set[int]:
        """Return the ports so far."""
        for reference in self._unnamed:
            sock = reference()
            if sock is not None:
                with suppress(OSError, IndexError, TypeError):
                    self._ports.add(sock.getsockname()[1])
        self._ports.update(listening_ports())
        return self._ports

    def end(self) -> None:
        """Watch no more."""
        _watching.discard(self)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    """Tell those who watch of a socket's address (PEP 578); called for every event of the interpreter."""
    if _watching and event in ("socket.connect", "socket.bind"):
        sock, address = args
        if isinstance(address, tuple) and len(address) > 1 and isinstance(address[1], int):
            for watch in _watching:
                watch.heard(sock, address[1])


def listening_ports() -> set[int]:
    """Return the TCP ports on which this process and its descendants listen (Linux's /proc)."""
    by_inode = {}
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTEN:
                    by_inode[words[9]] = int(words[1].rpartition(":")[2], 16)
    found = set()
    for process in [os.getpid(), *_descendants(os.getpid())]:
        with suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with suppress(OSError):
                    link = os.readlink(f"/proc/{process}/fd/{descriptor}")
                    if link.startswith("socket:["):
                        found.add(by_inode.get(link[8:-1], 0))
    return found - {0}


def _descendants(ancestor: int) -> Iterator[int]:
    """Yield the processes that this one has begotten, and theirs."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdecimal():
            with suppress(OSError, IndexError, ValueError):
                # The name of the program, in parentheses, may hold anything.
                status = Path(f"/proc/{name}/stat").read_text(errors="replace").rpartition(")")[2].split()
                children.setdefault(int(status[1]), []).append(int(name))
    waiting = [ancestor]
    while waiting:
        begotten = children.get(waiting.pop(), [])
        yield from begotten
        waiting += begotten
