"""A conversation as a style sees it: the application's replies, and the way to part after the last one."""

import socket
import time
from enum import Enum
from typing import NamedTuple

from tcptrace.lab.application import Application, Reply

CHUNK = 65_536  # octets that one recv may give


class Then(Enum):
    """What a style does when the octets of a step are sent."""

    READ = "read"  # wait for more
    SHUTDOWN = "shutdown"  # send a FIN, and read on to the other end's
    CLOSE = "close"
    KEEP = "keep"  # leave the socket open and forget it


class Step(NamedTuple):
    """One step of a conversation."""

    octets: bytes  # to send first
    then: Then


class Conversation:
    """An application, and how its connection ends (``parting``).

    ``fin``: close; ``rst``: close by a RST; ``half``: FIN, then wait for the other end's; ``never``: never close, as
    a server with a leak does (its ends stay in CLOSE-WAIT once the client has closed). Each answer takes ``delay_s``, as if
    it had to be computed: a style with one thread stands still meanwhile.
    """

    def __init__(self, application: Application, parting: str, delay_s: float = 0.0) -> None:
        self._application = application
        self._parting = parting
        self._delay_s = delay_s
        self._is_over = False

    def begin(self) -> Step:
        """Return the first step, before anything has come."""
        return self._step(self._application.begin())

    def receive(self, octets: bytes) -> Step:
        """Return the step that answers ``octets``; ``b""`` is the other end's FIN."""
        if not self._is_over:
            return self._step(self._application.receive(octets))
        # Everything is said, and our FIN is sent: what comes now is read and forgotten.
        return Step(b"", Then.READ if octets else Then.CLOSE)

    def _step(self, reply: Reply) -> Step:
        if reply.octets and self._delay_s:
            time.sleep(self._delay_s)
        if not reply.is_last:
            return Step(reply.octets, Then.READ)
        self._is_over = True
        last = {"half": Then.SHUTDOWN, "never": Then.KEEP}.get(self._parting, Then.CLOSE)
        return Step(reply.octets, last)


def converse(connection: socket.socket, conversation: Conversation) -> Then:
    """Hold a whole conversation on a blocking socket; return ``CLOSE`` or ``KEEP``.

    The thread waits in ``recv`` and ``sendall``: the simplest way, and it serves one client at a time.
    """
    try:
        step = conversation.begin()
        while True:
            if step.octets:
                connection.sendall(step.octets)
            if step.then in {Then.CLOSE, Then.KEEP}:
                return step.then
            if step.then is Then.SHUTDOWN:
                connection.shutdown(socket.SHUT_WR)
            step = conversation.receive(connection.recv(CHUNK))
    except OSError:  # the client is gone: reset, or unreachable
        return Then.CLOSE
