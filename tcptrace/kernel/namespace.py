"""A private network for this process (network namespaces, Linux): its own loopback, nobody else's frames.

No root is needed where unprivileged user namespaces are allowed, as on most distributions. A process with several
threads cannot enter one, so this comes before any thread and before NumPy.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tcptrace.model.errors import InputError

_NEWUSER = 0x10000000  # CLONE_NEWUSER
_NEWNET = 0x40000000  # CLONE_NEWNET
_OWN = "/proc/thread-self/ns/net"
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_REQUEST = struct.Struct("16s H 22x")  # struct ifreq: name, flags


def enter_private_network() -> None:
    """Leave the machine's network for one of this process's own, in which it may capture, with lo up.

    Root keeps its rights; others become the same user of a user namespace. ``InputError`` where the system refuses;
    the process may then be half inside, so it should end, or do without network.
    """
    try:
        if not _enter_as_root():
            _enter_as_user()
        bring_up("lo")
    except OSError as error:
        raise InputError(
            f"private network: {sys.platform} refuses it ({error.strerror or error}); run it with sudo"
        ) from None


def allow_low_ports() -> None:
    """In a private network let everybody listen on every port, for nobody else is there; where that is refused, not."""
    with suppress(OSError):
        _write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")


def bring_up(name: str) -> None:
    """Bring an interface up; ``OSError`` where that is not allowed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        flags = _REQUEST.unpack(fcntl.ioctl(asked, _SIOCGIFFLAGS, _REQUEST.pack(name.encode(), 0)))[1]
        fcntl.ioctl(asked, _SIOCSIFFLAGS, _REQUEST.pack(name.encode(), flags | _IFF_UP))


def _enter_as_root() -> bool:
    """Enter a network namespace alone, which only root may; say whether that went well."""
    if os.geteuid() != 0:
        return False
    try:
        _unshare(_NEWNET)
    except OSError:  # root of a container
        return False
    return True


def _enter_as_user() -> None:
    """Enter a user namespace, in which one may make a network namespace, as the same user and group."""
    user, group = os.geteuid(), os.getegid()
    _unshare(_NEWUSER | _NEWNET)
    # user_namespaces(7): without this nobody but root may write gid_map
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    _write("/proc/self/uid_map", f"{user} {user} 1")


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        raise OSError("there are no namespaces")
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Namespace:
    """A network namespace made beside the one that the process is in; sockets made ``inside`` belong to it for good.

    Each thread may be in another one. It is gone when it is closed and so are all its sockets.
    """

    def __init__(self) -> None:
        """Make one, with lo up. ``InputError`` where the system refuses."""
        try:
            with _returning():
                _unshare(_NEWNET)
                self._descriptor = os.open(_OWN, os.O_RDONLY)
                bring_up("lo")
        except OSError as error:
            raise InputError(f"network namespace: {error.strerror or error}; run it as root") from None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Have this thread in the namespace while the block runs."""
        with _returning():
            _enter(self._descriptor)
            yield

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


@contextmanager
def _returning() -> Iterator[None]:
    """Bring this thread back to the namespace that it was in."""
    before = os.open(_OWN, os.O_RDONLY)
    try:
        yield
    finally:
        _enter(before)
        os.close(before)


def _enter(descriptor: int) -> None:
    """Enter the network namespace of a descriptor (``os.setns`` comes with Python 3.12)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
