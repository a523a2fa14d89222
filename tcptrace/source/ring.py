"""Frames from a TPACKET_V3 ring (packet(7), Linux): blocks in memory shared with the kernel."""

import mmap
import struct

from tcptrace.source.packet_socket import BLOCK_OCTETS, BUFFER_OCTETS, SOL_PACKET, PacketSocket

RETIRE_MS = 60  # after this the kernel hands over a block that is not full

_RX_RING = 5
_VERSION = 10
_FEWEST = 2  # blocks: one is filled while the other is taken
_TPACKET_V3 = 2
_FRAME_OCTETS = 2048  # of no meaning in version 3, but it has to divide a block
_REQUEST = struct.Struct("7I")  # struct tpacket_req3
_STATUS_AT = 8  # struct tpacket_block_desc
_PACKETS_AT = 12
_LENGTH_AT = 20
_WORD = struct.Struct("I")
_USER = 1  # TP_STATUS_USER: the block is ours


class Ring(PacketSocket):
    """The frames of one interface, block by block; ``InputError`` where the kernel has no ring."""

    _blocks: int
    _next: int  # the block that the kernel hands over next
    _memory: mmap.mmap
    _view: memoryview

    def is_ready(self) -> bool:
        """Say whether the kernel has handed over the next block."""
        return bool(_WORD.unpack_from(self._view, self._next * BLOCK_OCTETS + _STATUS_AT)[0] & _USER)

    def take(self, room: bytearray) -> None:
        """Copy the next block, which is ready, into ``room``, and give it back to the kernel."""
        base = self._next * BLOCK_OCTETS
        view = self._view
        length = min(_WORD.unpack_from(view, base + _LENGTH_AT)[0], BLOCK_OCTETS)
        room[:length] = view[base : base + length]
        self.taken += _WORD.unpack_from(view, base + _PACKETS_AT)[0]
        _WORD.pack_into(view, base + _STATUS_AT, 0)
        self._next = (self._next + 1) % self._blocks

    def close(self) -> None:
        """Let go of the memory, which keeps the socket capturing as long as it is mapped, and of the socket."""
        self._view.release()
        self._memory.close()
        super().close()

    def _prepare(self) -> None:
        """Make the ring, with fewer blocks where nobody asked for a size and there is no memory, and map it."""
        self._socket.setsockopt(SOL_PACKET, _VERSION, _TPACKET_V3)
        blocks = max(_FEWEST, -(-(self._buffer_octets or BUFFER_OCTETS) // BLOCK_OCTETS))
        while True:
            frames = BLOCK_OCTETS * blocks // _FRAME_OCTETS
            asked = _REQUEST.pack(BLOCK_OCTETS, blocks, _FRAME_OCTETS, frames, RETIRE_MS, 0, 0)
            try:
                self._socket.setsockopt(SOL_PACKET, _RX_RING, asked)
                break
            except OSError:
                if self._buffer_octets is not None or blocks <= _FEWEST:
                    raise
                blocks //= 2
        self._blocks = blocks
        self._next = 0
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        self._memory = mmap.mmap(self._socket.fileno(), BLOCK_OCTETS * blocks, mmap.MAP_SHARED, protection)
        self._view = memoryview(self._memory)
