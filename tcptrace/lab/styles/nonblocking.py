"""Nonblocking, by polling: no call waits, so the server asks each socket in turn whether it can go on, over and over.

After a round in which nothing happened it sleeps a little, or it would eat a whole processor to find that nothing came.
"""

import time

from tcptrace.lab.channel import Channel
from tcptrace.lab.service import Service

_NAP_S = 0.001


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    service.listener.setblocking(False)
    channels: list[Channel] = []
    while True:
        connection = service.accept()  # None: nobody is there
        if connection is not None:
            channels.append(Channel(service, connection))
        moved = [channel.advance() for channel in channels]
        for channel in channels:
            if channel.is_over:
                channel.finish()
        channels = [channel for channel in channels if not channel.is_over]
        if connection is None and not any(moved):
            time.sleep(_NAP_S)
