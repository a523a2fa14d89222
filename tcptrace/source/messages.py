"""Frames from a packet socket one by one, where the kernel has no ring: ten times slower, and as exact.

Blocks are made of them as a TPACKET_V3 ring has them, so that all else is the same.
"""

import select
import socket
import struct

from tcptrace.source.packet_socket import BLOCK_OCTETS, BUFFER_OCTETS, SOL_PACKET, PacketSocket

_AUXDATA = 8
_RCVBUFFORCE = 33
_TIMESTAMPNS = 35
_LONGEST = 262144  # octets that a frame may have
_ANCILLARY = 256  # octets, for time and auxiliary data
_TIME = struct.Struct("qq")  # struct timespec
_AUXILIARY = struct.Struct("IIIHHHH")  # struct tpacket_auxdata: status, length, captured, mac, net, tci, tpid
_BLOCK = struct.Struct("IIIIIIQ16x")  # struct tpacket_block_desc
_HEADER = struct.Struct("IIIIIIHHIIHH8x")  # struct tpacket3_hdr
Address = tuple[
    str, int, int, int, bytes
]  # as Python has struct sockaddr_ll: name, protocol, type, ARPHRD_, address
_FRAME_AT = 96  # behind it: the address, and room for what is put back in front of the frame


class Messages(PacketSocket):
    """The frames of one interface, as many at once as have come."""

    def is_ready(self) -> bool:
        """Say whether a frame has come."""
        return any(event & select.POLLIN for _, event in self._poll.poll(0))

    def take(self, room: bytearray) -> None:
        """Make a block of what has come."""
        at = _BLOCK.size
        view = memoryview(room)
        count = 0
        before = 0  # where the frame before this one has its header
        while at + _FRAME_AT + _LONGEST <= BLOCK_OCTETS:
            try:
                size, ancillary, _, address = self._socket.recvmsg_into(
                    [view[at + _FRAME_AT : at + _FRAME_AT + _LONGEST]], _ANCILLARY, socket.MSG_DONTWAIT
                )
            except BlockingIOError:
                break
            except OSError:  # the interface went down: whoever polls will hear of it
                break
            if before:
                struct.pack_into("I", room, before, at - before)
            self._write_header(room, at, size, ancillary, address)
            before = at
            at += (_FRAME_AT + size + 15) // 16 * 16
            count += 1
        _BLOCK.pack_into(room, 0, 1, _BLOCK.size, 1, count, _BLOCK.size, at, 0)
        self.taken += count

    def _prepare(self) -> None:
        """Ask for times, for VLAN tags, and for a large buffer."""
        self._names: dict[str, int] = {}  # interface -> index
        self._poll = select.poll()
        self._poll.register(self.fileno(), select.POLLIN)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        self._socket.setsockopt(SOL_PACKET, _AUXDATA, 1)
        octets = self._buffer_octets or BUFFER_OCTETS
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, octets)
        except OSError:  # not without CAP_NET_ADMIN: then as much as everybody may have
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)

    def _write_header(
        self,
        room: bytearray,
        at: int,
        size: int,
        ancillary: list[tuple[int, int, bytes]],
        address: tuple[str, int, int, int, bytes],
    ) -> None:
        """Write what the kernel said beside a frame in front of it."""
        seconds = nanoseconds = status = tci = tpid = 0
        full = size
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _TIMESTAMPNS):
                seconds, nanoseconds = _TIME.unpack_from(data)
            elif (level, kind) == (SOL_PACKET, _AUXDATA):
                status, full, _, _, _, tci, tpid = _AUXILIARY.unpack_from(data)
        head = (0, seconds, nanoseconds, size, full, status, _FRAME_AT, _FRAME_AT, 0, tci, tpid, 0)
        _HEADER.pack_into(room, at, *head)
        name, protocol, kind, hardware, octets = address
        struct.pack_into("H", room, at + 48, socket.AF_PACKET)
        struct.pack_into(">H", room, at + 50, protocol)
        struct.pack_into("iHBB8s", room, at + 52, self._index(name), hardware, kind, len(octets), octets)

    def _index(self, name: str) -> int:
        """Return an interface's index, 0 where it is gone."""
        known = self._names.get(name)
        if known is None:
            try:
                known = socket.if_nametoindex(name)
            except OSError:
                return 0
            self._names[name] = known
        return known
