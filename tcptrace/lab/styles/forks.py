"""Forks: each client has a process of its own, a copy of the server. ``http.server`` does so with ``ForkingMixIn``.

The oldest way, and the safest: a client that crashes its process harms no other. Both copies hold the socket, and the FIN
is sent when the last one closes it: so the parent closes its own at once.
"""

import os
import signal
import socket
import time
from contextlib import suppress

from tcptrace.lab.conversation import Then, converse
from tcptrace.lab.service import Service

_GRACE_S = 0.3  # for children that are about to end


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    children: set[int] = set()
    try:
        while True:
            connection = service.accept()
            children -= {child for child in children if _has_ended(child)}  # else they stay as zombies
            if connection is None:
                continue
            child = _fork()
            if child == 0:
                _serve_one(service, connection)
            children.add(child)
            service.forget(connection)
    finally:
        _end(children)


def _fork() -> int:
    """Fork; a Ctrl-C meanwhile waits, and ends the child without a word."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child


def _serve_one(service: Service, connection: socket.socket) -> None:
    """Be the child: serve one client, and end without a look back at what the parent was doing."""
    try:
        service.listener.close()
        then = converse(connection, service.conversation())
        service.part(connection, then)
        if then is Then.KEEP:
            signal.pause()  # the end of the process would close the socket
    finally:
        os._exit(0)


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True


def _end(children: set[int]) -> None:
    """Wait a little for the children, then end those that still have a client."""
    deadline = time.monotonic() + _GRACE_S
    while (
        children := {child for child in children if not _has_ended(child)}
    ) and time.monotonic() < deadline:
        time.sleep(0.005)
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
