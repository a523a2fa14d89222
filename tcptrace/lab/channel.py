"""One connection of a server that never waits for it: what is still to be sent, and what it waits for.

The styles that watch many sockets in one thread differ only in how they learn *which* channel can go on; going on is
the same for all.
"""

import socket
from collections.abc import Callable

from tcptrace.lab.conversation import CHUNK, Step, Then
from tcptrace.lab.service import Service


class Channel:
    """A connection and its conversation, moved by ``advance`` as far as it can go without waiting."""

    def __init__(self, service: Service, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._service = service
        self._connection = connection
        self._conversation = service.conversation()
        self._pending = memoryview(b"")  # of the step's octets, not yet sent
        self._then = Then.READ
        self._try_to(lambda: self._take(self._conversation.begin()))

    def fileno(self) -> int:
        """Return the descriptor (select and its like call this)."""
        return self._connection.fileno()

    @property
    def is_over(self) -> bool:
        """Whether the conversation has ended: stop watching it, and ``finish``."""
        return self._then in {Then.CLOSE, Then.KEEP} and not self._pending

    @property
    def is_sending(self) -> bool:
        """Whether it waits for room to send in, and not for octets.

        Nothing is read while something is to be sent: a client that never reads would fill the server's memory.
        """
        return len(self._pending) > 0

    def advance(self) -> bool:
        """Send or receive once; False when that would have to wait, or when it is over."""
        return not self.is_over and self._try_to(self._send if self.is_sending else self._receive)

    def finish(self) -> None:
        """Close the connection, or leave it open where the parting is ``never``."""
        self._service.part(self._connection, self._then)

    def _try_to(self, act: Callable[[], None]) -> bool:
        """Act; False where that would have to wait or ended the conversation."""
        try:
            act()
        except BlockingIOError:
            return False
        except OSError:  # the client is gone: reset, or unreachable
            self._take(Step(b"", Then.CLOSE))
        return not self.is_over

    def _send(self) -> None:
        self._pending = self._pending[self._connection.send(self._pending) :]
        self._shut_down_when_sent()

    def _receive(self) -> None:
        self._take(self._conversation.receive(self._connection.recv(CHUNK)))

    def _take(self, step: Step) -> None:
        self._pending, self._then = memoryview(step.octets), step.then
        self._shut_down_when_sent()

    def _shut_down_when_sent(self) -> None:
        if self._then is Then.SHUTDOWN and not self.is_sending:
            self._then = Then.READ
            self._connection.shutdown(socket.SHUT_WR)
