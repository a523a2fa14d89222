"""Threads: each client has a thread of its own, which may wait for it. ``http.server`` does so with ``ThreadingMixIn``."""

import socket
from threading import Thread

from tcptrace.lab.conversation import converse
from tcptrace.lab.service import Service


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    while True:
        connection = service.accept()
        if connection is not None:
            # A daemon: a client that never goes must not keep the process from ending.
            Thread(target=_serve_one, args=(service, connection), daemon=True).start()


def _serve_one(service: Service, connection: socket.socket) -> None:
    service.part(connection, converse(connection, service.conversation()))
