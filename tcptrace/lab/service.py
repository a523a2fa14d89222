"""What every style is given: a listening socket, the application, and the ways to accept, to part and to stop."""

import errno
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

from tcptrace.lab.application import Application
from tcptrace.lab.conversation import CHUNK, Conversation, Then
from tcptrace.model.errors import InputError

PARTINGS = ("fin", "rst", "half", "never")

# What accept() reports about a client that left, or a moment's shortage: the server goes on.
_CLIENT_LEFT = {
    errno.ECONNABORTED,
    errno.EPROTO,
    errno.EINTR,
    errno.EAGAIN,
    errno.ENETDOWN,
    errno.EHOSTUNREACH,
}
_SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_SHORTAGE_S = 0.05
_DRAINED = 64  # reads of a client that goes on sending, before it gets a RST after all


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


class Options(NamedTuple):
    """How a server listens, answers and parts."""

    host: str = "127.0.0.1"  # other than loopback only where somebody asks for it
    port: int = 0  # 0: any that is free
    parting: str = "fin"  # one of PARTINGS
    delay_s: float = 0.0  # how long the application takes for each answer
    backlog: int = 128  # connections that may wait for accept()
    reuse: bool = False  # SO_REUSEADDR: bind though old connections of the port are in TIME-WAIT


DEFAULTS = Options()


class Stopped(Exception):
    """The service was stopped; raised by ``accept``."""


class Service:
    """A listening socket and what is said on its connections."""

    def __init__(
        self, listener: socket.socket, application: Callable[[], Application], options: Options = DEFAULTS
    ) -> None:
        self.listener = listener
        self.accepted = 0
        self._application = application
        self._options = options
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._stopped = False

    @property
    def address(self) -> Address:
        """Where it listens, with the port that the system chose."""
        host, port = self.listener.getsockname()[:2]
        return Address(host, port)

    def accept(self) -> socket.socket | None:
        """Return the next connection.

        ``None``: there is none now (a listener that does not block), or a client left before its turn. Raises ``Stopped``.
        """
        try:
            connection, _ = self.listener.accept()
        except OSError as error:
            self.accept_failed(error)
            return None
        return self.opened(connection)

    def accept_failed(self, error: OSError) -> None:
        """Return where the server can go on after ``accept`` failed; else raises ``Stopped``."""
        if error.errno in _SHORTAGE:
            time.sleep(_SHORTAGE_S)
        elif error.errno not in _CLIENT_LEFT:
            raise Stopped from None  # stop() has shut the listener down, and accept() says EINVAL

    def opened(self, connection: socket.socket) -> socket.socket:
        """Take note of a new connection and return it."""
        with self._lock:  # a style may accept in several threads
            self.accepted += 1
        self._open.add(connection)
        if self._stopped:  # between accept() and here
            _end_of_stream(connection)
        return connection

    def conversation(self) -> Conversation:
        """Return a new conversation for one connection."""
        return Conversation(self._application(), self._options.parting, self._options.delay_s)

    def part(self, connection: socket.socket, then: Then = Then.CLOSE) -> None:
        """Close a connection in the way that was chosen; ``KEEP`` leaves it open."""
        if then is Then.KEEP:
            return
        if self._options.parting == "rst":
            # Linger for no time: close() throws away what is unsent, and sends a RST instead of a FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            _drain(connection)
        self.forget(connection)

    def forget(self, connection: socket.socket) -> None:
        """Close this process's descriptor of a connection."""
        self._open.discard(connection)
        connection.close()

    def stop(self) -> None:
        """End ``accept`` with ``Stopped``, and every conversation with the end of its stream."""
        self._stopped = True
        for one in [self.listener, *self._open]:
            _end_of_stream(one)

    def close(self) -> None:
        """Close the listener and the connections that are left."""
        for one in [self.listener, *self._open]:
            one.close()
        self._open.clear()


def _end_of_stream(one: socket.socket) -> None:
    with suppress(OSError):  # the other end has gone
        one.shutdown(socket.SHUT_RDWR)


def _drain(connection: socket.socket) -> None:
    """Read what has come and nobody asked for: close() with data unread sends a RST, which may overtake the reply."""
    with suppress(OSError):
        for _ in range(_DRAINED):
            if not connection.recv(CHUNK, socket.MSG_DONTWAIT):
                break


def listen(options: Options) -> socket.socket:
    """Return a listening socket. Raises ``InputError``: no such host, port in use, not permitted."""
    where = f"{options.host} port {options.port}"
    try:
        found = socket.getaddrinfo(
            options.host,
            options.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV,
        )
    except (OSError, UnicodeError) as error:
        raise InputError(f"{where}: {reason(error)}; give --host an address of this machine") from None
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if options.reuse:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(options.backlog)
    except OSError as error:
        listener.close()
        raise InputError(f"{where}: {_listen_problem(error)}") from None
    return listener


def _listen_problem(error: OSError) -> str:
    """Return what went wrong and what to do about it."""
    remedies = {
        errno.EADDRINUSE: "end the other server, or take --port 0 for a free one; --reuse where only TIME-WAIT holds it",
        errno.EADDRNOTAVAIL: "give --host an address of this machine",
        errno.EACCES: "take a port from 1024 up",
    }
    remedy = remedies.get(error.errno or 0, "choose another --host or --port")
    return f"{reason(error)}; {remedy}"


def reason(error: OSError | UnicodeError) -> str:
    """Return the system's words for an error, as part of a sentence."""
    text = str(getattr(error, "strerror", None) or error)
    return text[:1].lower() + text[1:]
