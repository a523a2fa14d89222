"""Opens many connections on loopback and ends each in one of many ways: ``python -m tests.kernel.endings COUNT [NAME...]``.

To be run in a private network, whose kernel is then asked what it did. Deterministic as far as the kernel is: what
has to cross is held back by a socket filter that drops what comes in, so that segments go out and are not received.
"""

import errno
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

IP = "127.83.45.7"  # of no other test
CLIENT_IP = "127.83.45.8"
FIRST_PORT = 10_000
WAIT_S = 20.0
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
DROP = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF: ret #0
RETRANSMITTED_S = 0.5  # Linux sends a FIN again after some 0.2 s, and an ACK at the latest then


class Pair:
    """Both ends of a connection."""

    def __init__(self, listener: socket.socket, port: int) -> None:
        """Connect from a port that no other pair has: a TIME-WAIT that is cut short may be missed by polls."""
        self.client = socket.create_connection(listener.getsockname(), WAIT_S, (CLIENT_IP, port))
        self.server, _ = listener.accept()
        self.server.settimeout(WAIT_S)

    def close(self) -> None:
        """Close what is still open."""
        for one in (self.client, self.server):
            with suppress(OSError):
                one.close()


Ending = Callable[
    [Pair], "Iterator[None] | None"
]  # what yields goes on when ACKs and FINs were sent that wait


def reset(one: socket.socket) -> None:
    """Close by a RST."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def deafen(one: socket.socket) -> None:
    """Have a socket drop what comes in."""
    one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_of(DROP))


def hear(one: socket.socket) -> None:
    """Take that back."""
    one.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


_held: list[object] = []


def filter_of(program: bytes) -> bytes:
    """Return a ``struct sock_fprog`` that points at a program, which stays where it is."""
    import ctypes

    buffer = ctypes.create_string_buffer(program, len(program))
    _held.append(buffer)
    return struct.pack("HL", len(program) // 8, ctypes.addressof(buffer))


def read_all(one: socket.socket) -> None:
    """Read until the peer's FIN."""
    while one.recv(65_536):
        pass


def client_first(pair: Pair) -> None:
    pair.client.sendall(b"a question")
    pair.client.close()
    read_all(pair.server)
    pair.server.close()


def server_first(pair: Pair) -> None:
    pair.server.sendall(b"an answer")
    pair.server.close()
    read_all(pair.client)
    pair.client.close()


def simultaneous(pair: Pair) -> Iterator[None]:
    deafen(pair.client)
    deafen(pair.server)
    pair.client.shutdown(socket.SHUT_WR)
    pair.server.shutdown(socket.SHUT_WR)
    hear(pair.client)
    hear(pair.server)
    yield


def half_closed(pair: Pair) -> None:
    pair.client.sendall(b"all of it")
    pair.client.shutdown(socket.SHUT_WR)
    read_all(pair.server)
    pair.server.sendall(b"x" * 10_000)
    pair.server.close()
    read_all(pair.client)
    pair.client.close()


def half_closed_by_the_server(pair: Pair) -> None:
    pair.server.shutdown(socket.SHUT_WR)
    read_all(pair.client)
    pair.client.sendall(b"more")
    pair.client.close()
    read_all(pair.server)
    pair.server.close()


def reset_by_the_client(pair: Pair) -> None:
    reset(pair.client)


def reset_by_the_server(pair: Pair) -> None:
    pair.client.sendall(b"a question")
    pair.server.recv(100)
    reset(pair.server)


def reset_in_close_wait(pair: Pair) -> None:
    pair.client.shutdown(socket.SHUT_WR)
    read_all(pair.server)
    reset(pair.server)


def reset_in_fin_wait_2(pair: Pair) -> None:
    pair.server.shutdown(socket.SHUT_WR)
    read_all(pair.client)
    reset(pair.server)


def reset_in_fin_wait_1(pair: Pair) -> None:
    pair.client.shutdown(socket.SHUT_WR)  # whose ACK Linux holds back for a moment
    reset(pair.client)


def unread(pair: Pair) -> None:
    pair.client.sendall(b"nobody reads this")
    pair.server.close()


def unread_after_half_close(pair: Pair) -> None:
    pair.client.sendall(b"nobody reads this")
    pair.client.shutdown(socket.SHUT_WR)
    pair.server.close()


def data_after_close(pair: Pair) -> None:
    pair.client.close()
    pair.server.sendall(b"too late")  # which acknowledges the FIN as well


def data_long_after_close(pair: Pair) -> Iterator[None]:
    pair.client.close()
    yield
    pair.server.sendall(b"too late")


def left_open(pair: Pair) -> None:
    pair.client.sendall(b"and then nothing")
    pair.server.recv(100)


def left_half_closed(pair: Pair) -> None:
    pair.client.shutdown(socket.SHUT_WR)
    read_all(pair.server)


def dropped_midway(pair: Pair) -> None:
    pair.server.sendall(b"x" * 100_000)
    pair.client.recv(1000)
    pair.client.close()


KEPT = (left_open, left_half_closed)  # until the program ends
ENDINGS: tuple[Ending, ...] = (
    *(client_first, server_first, half_closed, half_closed_by_the_server, simultaneous),
    *(
        reset_by_the_client,
        reset_by_the_server,
        reset_in_close_wait,
        reset_in_fin_wait_1,
        reset_in_fin_wait_2,
    ),
    *(unread, unread_after_half_close, data_after_close, data_long_after_close, dropped_midway),
    *KEPT,
)


def refused() -> None:
    """Ask a port on which nobody listens."""
    with socket.socket() as bound, socket.socket() as client:
        bound.bind((IP, 0))
        assert client.connect_ex(bound.getsockname()) == errno.ECONNREFUSED


def itself() -> None:
    """Connect a socket to itself: both SYNs cross."""
    with socket.socket() as one:
        one.bind((IP, 0))
        one.connect(one.getsockname())


ALONE = (refused, itself)


def main() -> None:
    """Make the connections and print how many there were."""
    count, names = int(sys.argv[1]), sys.argv[2:]
    kinds = [each for each in (*ENDINGS, *ALONE) if not names or each.__name__ in names]
    later: list[Iterator[None]] = []
    kept: list[Pair] = []
    with socket.create_server((IP, 0), backlog=16) as listener:
        for number in range(count):
            kind = kinds[number % len(kinds)]
            if kind in ALONE:
                kind()
                continue
            pair = Pair(listener, FIRST_PORT + number)
            rest = kind(pair)
            if rest is not None:
                next(rest)
                later.append(rest)
                kept.append(pair)
            elif kind in KEPT:
                kept.append(pair)
            else:
                pair.close()
        time.sleep(RETRANSMITTED_S)
        for rest in later:
            next(rest, None)
    print(count)
    for pair in kept:
        pair.close()


if __name__ == "__main__":
    main()
