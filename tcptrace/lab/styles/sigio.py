"""Signal-driven: the kernel sends SIGIO when a socket can go on; meanwhile the server may do something else.

A signal does not say which socket it was, and two of them may arrive as one. So at each one every socket is worked until
it would block. Here the thread has nothing else to do, and waits for the signal with ``sigtimedwait``.
"""

import fcntl
import os
import signal
import socket
import struct
import threading

from tcptrace.lab.channel import Channel
from tcptrace.lab.service import Service

_F_SETOWN_EX, _F_OWNER_TID = 15, 0  # fcntl.h: the signal goes to one thread, not to any of the process
_LONGEST_S = 0.2  # stopping a service sends no signal: look from time to time


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    # Blocked, the signal stays pending until it is asked for; else it would end the process. It stays blocked in this
    # thread, because sockets that are still open at the end go on sending it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
    _ask_for_signals(service.listener)
    channels: list[Channel] = []
    while True:
        while (connection := service.accept()) is not None:
            _ask_for_signals(connection)
            channels.append(Channel(service, connection))
        for channel in channels:
            while channel.advance():
                pass
            if channel.is_over:
                channel.finish()
        channels = [channel for channel in channels if not channel.is_over]
        signal.sigtimedwait({signal.SIGIO}, _LONGEST_S)


def _ask_for_signals(one: socket.socket) -> None:
    """Have the kernel send SIGIO to this thread when the socket can go on."""
    one.setblocking(False)
    fcntl.fcntl(one, _F_SETOWN_EX, struct.pack("ii", _F_OWNER_TID, threading.get_native_id()))
    fcntl.fcntl(one, fcntl.F_SETFL, fcntl.fcntl(one, fcntl.F_GETFL) | os.O_ASYNC)
