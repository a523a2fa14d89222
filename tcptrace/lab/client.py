"""The client's end: a blocking socket that reads with the same ``Inbox`` as the servers."""

import socket
from collections.abc import Iterator

from tcptrace.lab.conversation import CHUNK
from tcptrace.lab.inbox import EarlyEnd, Inbox, Reading, T, TooLong
from tcptrace.lab.service import reason
from tcptrace.model.errors import InputError

TIMEOUT_S = 10.0


class Peer:
    """A connection to a server."""

    def __init__(self, connection: socket.socket) -> None:
        self.inbox = Inbox()
        self._connection = connection

    def send(self, octets: bytes) -> None:
        """Send all of ``octets``."""
        self._connection.sendall(octets)

    def finish(self) -> None:
        """Send a FIN, and go on reading."""
        self._connection.shutdown(socket.SHUT_WR)

    def read(self, reading: Reading[T]) -> T:
        """Wait until a reader of ``inbox`` has what it needs, and return that."""
        while True:
            try:
                next(reading)
            except StopIteration as done:
                result: T = done.value
                return result
            self.inbox.feed(self._connection.recv(CHUNK))


def drive(app: str, address: tuple[str, int], timeout_s: float = TIMEOUT_S) -> Iterator[str]:
    """Connect, have the app's client hold one conversation, and yield a line for people for each exchange.

    Raises ``InputError`` where there is no server, or one that answers in another way.
    """
    from tcptrace.lab.apps import APPS

    host, port = address
    where = f"{host} port {port}"
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            yield from APPS[app].client(Peer(connection), host, port)
    except TimeoutError:
        raise InputError(
            f"{where}: no answer within {timeout_s:g} s; see whether the server is busy"
        ) from None
    except (OSError, UnicodeError) as error:
        remedy = f"start one with `tcptrace serve threads --app {app} --port {port}`"
        raise InputError(f"{where}: {reason(error)}; {remedy}") from None
    except (EarlyEnd, TooLong, Unexpected) as error:
        raise InputError(
            f"{where}: no {app} server: {error or 'a line without end'}; give --port another"
        ) from None


class Unexpected(Exception):
    """The server's answer is none that its app gives."""
