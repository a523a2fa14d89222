"""Poll: as select, without its limit. The list of sockets is kept, but still given to the kernel at each call."""

from select import POLLIN, POLLOUT, poll

from tcptrace.lab.channel import Channel
from tcptrace.lab.service import Service


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    service.listener.setblocking(False)
    channels: dict[int, Channel] = {}
    watched = poll()
    watched.register(service.listener, POLLIN)
    while True:
        for number, _ in watched.poll():  # waits here, for whoever comes first
            if number == service.listener.fileno():
                connection = service.accept()
                if connection is not None:
                    channels[connection.fileno()] = channel = Channel(service, connection)
                    watched.register(channel, _interest(channel))
                continue
            channel = channels[number]
            channel.advance()
            if channel.is_over:
                watched.unregister(channel)
                del channels[number]
                channel.finish()
            else:
                watched.modify(channel, _interest(channel))


def _interest(channel: Channel) -> int:
    """Return what a channel waits for: one that is over also has room to send, and is seen to at the next call."""
    return POLLOUT if channel.is_sending or channel.is_over else POLLIN
