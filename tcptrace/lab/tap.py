"""A capture of few frames at one interface, by ``recvmsg`` with the kernel's times.

Lighter than ``source``'s ring of 64 MiB: the scenarios run many at once, each has two, and sees some hundred frames.
"""

import socket
import struct

from tcptrace.wire.writer import PcapWriter

ETHERNET, RAW = 1, 101  # LINKTYPE_
_SO_TIMESTAMPNS = 35
_SOL_PACKET, _PACKET_IGNORE_OUTGOING = 263, 23
_ALL_PROTOCOLS = 3
_ROOM = 64 << 20  # octets that may wait in the socket
_SO_RCVBUFFORCE = 33


class Tap:
    """Frames of an interface of the network that the thread is in."""

    def __init__(self, interface: str, link: int) -> None:
        """Begin to capture. Raises ``OSError``."""
        self.link = link
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _ROOM)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        if interface == "lo":  # it shows each frame twice, as it goes out and as it comes in
            self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        self._socket.bind((interface, _ALL_PROTOCOLS))

    def frames(self) -> list[tuple[int, bytes]]:
        """Return what has come, in order: nanoseconds since the epoch, octets."""
        found: list[tuple[int, bytes]] = []
        while True:
            try:
                octets, told, _, _ = self._socket.recvmsg(1 << 18, 128, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            times = [
                data for level, kind, data in told if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS)
            ]
            seconds, rest = struct.unpack("@ll", times[0][:16])
            found.append((seconds * 10**9 + rest, octets))

    def close(self) -> None:
        """End the capture."""
        self._socket.close()


def pcap(frames: list[tuple[int, bytes]], link: int) -> bytes:
    """Return the frames as a pcap file with nanoseconds."""
    writer = PcapWriter(link)
    return writer.header() + b"".join(writer.frame(time_ns, octets) for time_ns, octets in frames)
