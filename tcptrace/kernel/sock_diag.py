"""``sock_diag``: the TCP sockets of a network as the kernel has them now (Linux; no rights are needed).

It shows what the tracepoint does not: TIME-WAIT, and connections that wait in SYN-RECEIVED before they have a socket.
"""

import ipaddress
import os
import socket
import struct
from typing import NamedTuple

from tcptrace.kernel.tracepoint import STATES

_NETLINK_SOCK_DIAG = 4
_DUMP, _DONE, _ERROR = 20, 3, 2  # SOCK_DIAG_BY_FAMILY, NLMSG_DONE, NLMSG_ERROR
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_STATES = 0x1FFF & ~(1 << 7)  # all but CLOSED: a socket that is only bound


class Socket(NamedTuple):
    """A TCP socket, or what the kernel keeps in place of one."""

    local: tuple[str, int]
    remote: tuple[str, int]
    state: str
    inode: int  # 0: no process has it (closed, TIME-WAIT, SYN-RECEIVED)


class SockDiag:
    """Asks about the network that the thread was in when this was made."""

    def __init__(self) -> None:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
        self._netlink.settimeout(5.0)

    def sockets(self) -> list[Socket]:
        """Return all TCP sockets, of both families. Raises ``OSError``."""
        return [found for family in (socket.AF_INET, socket.AF_INET6) for found in self._dump(family)]

    def close(self) -> None:
        """Let go of it."""
        self._netlink.close()

    def _dump(self, family: int) -> list[Socket]:
        request = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, _STATES)
        self._netlink.send(struct.pack("=IHHII", 16 + len(request), _DUMP, _REQUEST_DUMP, 0, 0) + request)
        found: list[Socket] = []
        while True:
            octets, place = self._netlink.recv(65_536), 0
            while place < len(octets):
                length, kind = struct.unpack_from("=IH", octets, place)
                if kind == _DONE:
                    return found
                if kind == _ERROR:
                    (number,) = struct.unpack_from("=i", octets, place + 16)
                    raise OSError(-number, os.strerror(-number))
                found.append(_socket(octets[place + 16 : place + length]))
                place += length + 3 & ~3


def _socket(octets: bytes) -> Socket:
    """Read a ``struct inet_diag_msg``."""
    family, state, _, _ = struct.unpack_from("=BBBB", octets)
    sport, dport = struct.unpack_from("!HH", octets, 4)
    size = 4 if family == socket.AF_INET else 16
    here, there = (_address(octets[at : at + size]) for at in (8, 24))
    (inode,) = struct.unpack_from("=I", octets, 68)
    return Socket((here, sport), (there, dport), STATES[state], inode)


def _address(octets: bytes) -> str:
    address = ipaddress.ip_address(octets)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
