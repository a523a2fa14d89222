"""Select: the kernel is given the lists of sockets to watch, anew at each call, and returns those that are ready.

The oldest of its kind. Each call costs as much as there are sockets, and it takes no descriptor from 1,024 up.
"""

from select import select
from socket import socket

from tcptrace.lab.channel import Channel
from tcptrace.lab.service import Service

_HIGHEST = 1024  # FD_SETSIZE: the set is an array of so many bits


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    service.listener.setblocking(False)
    channels: list[Channel] = []
    while True:
        to_read: list[Channel | socket] = [
            service.listener,
            *(channel for channel in channels if not channel.is_sending),
        ]
        to_send = [channel for channel in channels if channel.is_sending]
        readable, writable, _ = select(to_read, to_send, [])  # waits here, for whoever comes first
        for ready in (*readable, *writable):
            if isinstance(ready, Channel):
                ready.advance()
        if service.listener in readable:
            connection = service.accept()
            if connection is not None and connection.fileno() < _HIGHEST:
                channels.append(Channel(service, connection))
            elif connection is not None:
                service.part(connection)  # it cannot be watched
        for channel in channels:
            if channel.is_over:
                channel.finish()
        channels = [channel for channel in channels if not channel.is_over]
