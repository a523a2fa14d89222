"""Blocking: one client after another. While one is served, the others wait in the listen queue."""

from tcptrace.lab.conversation import converse
from tcptrace.lab.service import Service


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    while True:
        connection = service.accept()  # waits here for a client
        if connection is not None:
            then = converse(connection, service.conversation())  # and in there for its octets
            service.part(connection, then)
