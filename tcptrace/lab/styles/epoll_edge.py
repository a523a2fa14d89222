"""Epoll, edge-triggered: the kernel tells of each change once. What is not read then is not told of again.

So each socket is registered once, for everything, and at each event it is worked until it would block.
"""

from select import EPOLLET, EPOLLIN, EPOLLOUT, epoll

from tcptrace.lab.channel import Channel
from tcptrace.lab.service import Service


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    service.listener.setblocking(False)
    channels: dict[int, Channel] = {}
    with epoll() as watched:
        watched.register(
            service.listener, EPOLLIN
        )  # by level: a client that waits is told of until it is accepted
        while True:
            for number, _ in watched.poll():
                if number == service.listener.fileno():
                    connection = service.accept()
                    if connection is not None:
                        channels[connection.fileno()] = channel = Channel(service, connection)
                        watched.register(channel, EPOLLIN | EPOLLOUT | EPOLLET)
                    continue
                channel = channels[number]
                while channel.advance():  # to the last octet: there will be no second call
                    pass
                if channel.is_over:
                    watched.unregister(channel)
                    del channels[number]
                    channel.finish()
