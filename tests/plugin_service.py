"""A small real service, and six ways to break it: the patient of the plugin's tests (``tests/test_pytest_plugin.py``).

It answers each line with the line in capitals. Its contract: the client closes first, nothing is reset, it accepts at
once. As a program: ``python plugin_service.py [--broken HOW]`` prints its port and serves until its input ends.
"""

import argparse
import contextlib
import socket
import struct
import sys
import threading
import time

BROKEN = ("reset-on-close", "never-closes", "closes-first", "half-open", "refuses", "slow-accept")
TCP_REPAIR = (
    19  # Linux: a socket that is closed in repair mode vanishes without a segment (needs CAP_NET_ADMIN)
)
SLOW_S = 0.5


class Service:
    """The service on a port of loopback that was free; ``broken`` is one of ``BROKEN``."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        if broken == "refuses":
            return  # bound, and nobody listens
        # A queue of 0 holds one connection on Linux; the SYN of the next is dropped, and comes again after 1 s.
        self._listener.listen(0 if broken == "slow-accept" else 16)
        self._held: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        """Accept and serve, each connection in a thread."""
        if self.broken == "slow-accept":
            time.sleep(SLOW_S)
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Answer until the client closes, then close."""
        try:
            while data := connection.recv(4096):
                connection.sendall(data.upper())
                if self.broken == "closes-first":
                    break
                if self.broken == "half-open":
                    connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
                    break
        except ConnectionError:
            pass
        if self.broken == "reset-on-close":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.broken == "never-closes":
            self._held.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Accept no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def ask(address: tuple[str, int], line: bytes = b"hello\n", linger_s: float = 0.0) -> bytes:
    """Return the service's answer; wait ``linger_s`` before closing."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(line)
        answer = connection.recv(4096)
        time.sleep(linger_s)
    return answer


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", choices=("", *BROKEN), default="")
    service = Service(parser.parse_args().broken)
    print(service.address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
