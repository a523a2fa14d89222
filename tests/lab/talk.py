"""A plain client for the tests: a socket, and reading to the end, a count or a time-out."""

import socket
from collections.abc import Iterable

from tcptrace.lab import Address

PATIENCE_S = 10.0


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=PATIENCE_S)


def read_all(connection: socket.socket) -> bytes:
    """Read to the other end's FIN."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def read_exactly(connection: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        part = connection.recv(count - len(octets))
        assert part, f"the stream ended after {octets!r}"
        octets += part
    return octets


def exchange(address: Address, pieces: Iterable[bytes]) -> bytes:
    """Send the pieces one by one, end, and return all that came."""
    with connect(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)
