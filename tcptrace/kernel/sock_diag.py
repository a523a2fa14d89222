"""``sock_diag``: the TCP sockets of a network as the kernel has them now (Linux; no rights are needed).

It shows what the tracepoint does not: TIME-WAIT, and connections that wait in SYN-RECEIVED before they have a socket.
"""

import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from tcptrace.kernel.tracepoint import STATES

_NETLINK_SOCK_DIAG = 4
_DUMP, _DONE, _ERROR = 20, 3, 2  # SOCK_DIAG_BY_FAMILY, NLMSG_DONE, NLMSG_ERROR
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_LISTEN = 10
_STATES = 0x1FFF & ~(1 << 7)  # all but CLOSED: a socket that is only bound


class Socket(NamedTuple):
    """A TCP socket, or what the kernel keeps in place of one."""

    local: tuple[str, int]
    remote: tuple[str, int]
    state: str
    inode: int  # 0: no process has it (closed, TIME-WAIT, SYN-RECEIVED)
    received_bytes: int  # not yet read by the process; of a listener: connections not yet accepted
    unacked_bytes: int  # written by the process, not yet acknowledged; of a listener: how many may wait
    uid: int
    timer: str | None  # one of ``TIMERS``; None: none runs
    expires_ms: int  # until the timer runs out; 0 without one
    retries: int  # how often it has run out


Key = bytes  # family, ports and addresses as the kernel has them
TIMERS = {1: "retransmission", 2: "keep-alive", 3: "TIME-WAIT", 4: "zero-window probe"}  # sock_diag(7)


class SockDiag:
    """Asks about the network that the thread was in when this was made."""

    def __init__(self) -> None:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
        self._netlink.settimeout(5.0)

    def sockets(self) -> list[Socket]:
        """Return all TCP sockets, of both families. Raises ``OSError``."""
        return [_socket(octets) for octets in self._answers()]

    def states(self) -> dict[Key, int]:
        """Return the numbers of all states but LISTEN, fast enough to be asked over and over. Raises ``OSError``."""
        return {octets[:1] + octets[4:40]: octets[1] for octets in self._answers() if octets[1] != _LISTEN}

    def close(self) -> None:
        """Let go of it."""
        self._netlink.close()

    def _answers(self) -> Iterator[bytes]:
        """Yield a ``struct inet_diag_msg`` for each socket."""
        yield from self._dump(socket.AF_INET)
        yield from self._dump(socket.AF_INET6)

    def _dump(self, family: int) -> Iterator[bytes]:
        request = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, _STATES)
        self._netlink.send(struct.pack("=IHHII", 16 + len(request), _DUMP, _REQUEST_DUMP, 0, 0) + request)
        while True:
            octets, place = self._netlink.recv(65_536), 0
            while place < len(octets):
                length, kind = struct.unpack_from("=IH", octets, place)
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    (number,) = struct.unpack_from("=i", octets, place + 16)
                    raise OSError(-number, os.strerror(-number))
                yield octets[place + 16 : place + length]
                place += length + 3 & ~3


def pair_of(key: Key) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return the local and the remote address of a key of ``SockDiag.states``."""
    sport, dport = struct.unpack_from("!HH", key, 1)
    size = 4 if key[0] == socket.AF_INET else 16
    here, there = (_address(key[at : at + size]) for at in (5, 21))
    return (here, sport), (there, dport)


def _socket(octets: bytes) -> Socket:
    """Read a ``struct inet_diag_msg``."""
    _, state, timer, retries = struct.unpack_from("=BBBB", octets)
    expires_ms, received, unacked, uid, inode = struct.unpack_from("=IIIII", octets, 52)
    return Socket(
        *pair_of(octets[:1] + octets[4:40]),
        STATES[state],
        inode,
        received,
        unacked,
        uid,
        TIMERS.get(timer),
        expires_ms if timer else 0,
        retries,
    )


def _address(octets: bytes) -> str:
    address = ipaddress.ip_address(octets)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
