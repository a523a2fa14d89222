"""Which processes have which sockets: ``/proc/PID/fd`` of all that this process may look at (Linux)."""

import os
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_SOCKET = re.compile(r"socket:\[(\d+)\]")


class Process(NamedTuple):
    """A process that has a socket open."""

    pid: int
    name: str  # as the process calls itself: text of a stranger's
    fd: int


def owners() -> dict[int, list[Process]]:
    """Return the processes by the inode of the socket, in order of their numbers."""
    found: defaultdict[int, list[Process]] = defaultdict(list)
    for pid in sorted(int(entry) for entry in os.listdir(_PROC) if entry.isdecimal()):
        name: str | None = None
        for fd, inode in _sockets(pid):
            if name is None:
                name = _name(pid)
            found[inode].append(Process(pid, name, fd))
    return dict(found)


def _sockets(pid: int) -> list[tuple[int, int]]:
    """Return descriptor and inode of each socket of a process; none where it is gone or somebody else's."""
    found = []
    try:
        with os.scandir(_PROC / str(pid) / "fd") as entries:
            for entry in entries:
                try:
                    match = _SOCKET.fullmatch(os.readlink(entry.path))
                except OSError:  # closed meanwhile
                    continue
                if match:
                    found.append((int(entry.name), int(match[1])))
    except OSError:
        return []
    return sorted(found)


def _name(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return "?"
