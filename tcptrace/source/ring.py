"""A packet socket with a TPACKET_V3 ring (packet(7), Linux): blocks of frames in memory shared with the kernel.

Only the socket and its memory are handled here; ``wire.ring`` walks through the blocks, ``source.live`` has the
threads. Numbers are those of <linux/if_packet.h> and <asm/socket.h>, which Python's ``socket`` mostly lacks.
"""

import ctypes
import mmap
import os
import socket
import struct
import sys
from array import array
from typing import NamedTuple

from tcptrace.model.errors import InputError
from tcptrace.source.interface import Interface, find_interface
from tcptrace.source.kernel_filter import drop_outgoing, keep_none

BLOCK_OCTETS = 1 << 20  # more than the longest frame: BIG TCP makes 196,486 octets of one
BLOCKS = 64
RETIRE_MS = 60  # after this the kernel hands over a block that is not full

_ETH_P_ALL = 3
_SOL_PACKET = 263
_ADD_MEMBERSHIP = 1
_RX_RING = 5
_STATISTICS = 6
_VERSION = 10
_IGNORE_OUTGOING = 23
_TPACKET_V3 = 2
_MR_PROMISC = 1
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER
_FRAME_OCTETS = 2048  # of no meaning in version 3, but it has to divide a block
_REQUEST = struct.Struct("7I")  # struct tpacket_req3
_COUNTS = struct.Struct("3I")  # struct tpacket_stats_v3
_STATUS_AT = 8  # struct tpacket_block_desc
_PACKETS_AT = 12
_LENGTH_AT = 20
_WORD = struct.Struct("I")
_USER = 1  # TP_STATUS_USER: the block is ours


class Counts(NamedTuple):
    """What the kernel counted of one socket since it was opened."""

    matched: int  # frames that came and passed the filter; those that were dropped are among them
    dropped: int  # of these, lost because the ring was full
    frozen: int  # how often the ring was full


class Ring:
    """The frames of one interface, block by block; nothing comes before ``start``."""

    def __init__(self, interface: Interface, program: "array[int]", *, promiscuous: bool = False) -> None:
        """Open the socket with a program that the kernel runs. ``InputError`` where that is not allowed."""
        self.interface = interface
        kind = socket.SOCK_DGRAM if interface.is_cooked else socket.SOCK_RAW
        self._socket = _packet_socket(interface.name, kind)
        try:
            self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
            if interface.is_loopback:
                self._socket.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
            elif not interface.index:
                program = drop_outgoing(find_interface("lo").index) + program
            self._attach(program)
            self._blocks = self._map()
            self._memory = mmap.mmap(
                self._socket.fileno(),
                BLOCK_OCTETS * self._blocks,
                mmap.MAP_SHARED,
                mmap.PROT_READ | mmap.PROT_WRITE,
            )
        except OSError as error:
            self._socket.close()
            reason = error.strerror or error
            raise InputError(f"{interface.name}: no ring of frames to be had: {reason}") from None
        self._promiscuous = promiscuous
        self._view = memoryview(self._memory)
        self._next = 0
        self._taken = 0  # frames in the blocks that were taken
        self._counts = Counts(0, 0, 0)

    def start(self) -> None:
        """Let frames come."""
        interface = self.interface
        try:
            if self._promiscuous and interface.index:
                asked = struct.pack("iHH8x", interface.index, _MR_PROMISC, 0)
                self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, asked)
            if interface.index:
                self._socket.bind((interface.name, _ETH_P_ALL))
            else:
                _bind_to_all(self._socket)
        except OSError as error:
            raise InputError(f"{interface.name}: cannot be captured on: {error.strerror or error}") from None

    def refuse(self) -> None:
        """Let no further frame come; those that have come are still to be taken."""
        self._attach(keep_none())

    def fileno(self) -> int:
        """Return the socket's descriptor, for polling."""
        return self._socket.fileno()

    def fault(self) -> int:
        """Return the error number that the socket holds, and clear it; 0 for none."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def is_ready(self) -> bool:
        """Say whether the kernel has handed over the next block."""
        return bool(_WORD.unpack_from(self._view, self._next * BLOCK_OCTETS + _STATUS_AT)[0] & _USER)

    def take(self, room: bytearray) -> None:
        """Copy the next block, which is ready, into ``room`` (of ``BLOCK_OCTETS``), and give it back."""
        base = self._next * BLOCK_OCTETS
        view = self._view
        length = min(_WORD.unpack_from(view, base + _LENGTH_AT)[0], BLOCK_OCTETS)
        room[:length] = view[base : base + length]
        self._taken += _WORD.unpack_from(view, base + _PACKETS_AT)[0]
        _WORD.pack_into(view, base + _STATUS_AT, 0)
        self._next = (self._next + 1) % self._blocks

    def counts(self) -> Counts:
        """Return the kernel's counts since the beginning; it forgets each time it is asked, so they are added up."""
        raw = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, _COUNTS.size)
        self._counts = Counts(
            *(old + new for old, new in zip(self._counts, _COUNTS.unpack(raw), strict=True))
        )
        return self._counts

    def is_drained(self) -> bool:
        """Say whether each frame that the kernel kept has been taken."""
        counts = self.counts()
        return self._taken >= counts.matched - counts.dropped

    def close(self) -> None:
        """Let go of the memory, which keeps the socket capturing as long as it is mapped, and of the socket."""
        self._view.release()
        self._memory.close()
        self._socket.close()

    def _attach(self, program: "array[int]") -> None:
        """Give the kernel a program; it is copied at once."""
        rows = len(program) // 4
        instructions = ctypes.create_string_buffer(
            b"".join(struct.pack("HBBI", *program[4 * row : 4 * row + 4]) for row in range(rows))
        )
        self._socket.setsockopt(
            socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", rows, ctypes.addressof(instructions))
        )

    def _map(self) -> int:
        """Ask for the ring and return its blocks: fewer where the kernel has no memory for all."""
        blocks = BLOCKS
        while True:
            frames = BLOCK_OCTETS * blocks // _FRAME_OCTETS
            asked = _REQUEST.pack(BLOCK_OCTETS, blocks, _FRAME_OCTETS, frames, RETIRE_MS, 0, 0)
            try:
                self._socket.setsockopt(_SOL_PACKET, _RX_RING, asked)
            except OSError:
                if blocks <= 2:
                    raise
                blocks //= 2
            else:
                return blocks


def _packet_socket(name: str, kind: int) -> socket.socket:
    """Return a packet socket that receives nothing yet (protocol 0), or say what to do without the right."""
    if not hasattr(socket, "AF_PACKET"):
        raise InputError(f"{name}: {sys.platform} has no packet sockets; {_way_out(name)}")
    try:
        return socket.socket(socket.AF_PACKET, kind, 0)
    except PermissionError:
        raise InputError(f"{name}: no permission to capture; run it with sudo, or {_way_out(name)}") from None
    except OSError as error:
        raise InputError(f"{name}: no packet socket: {error.strerror}; {_way_out(name)}") from None


def _way_out(name: str) -> str:
    return f"let tcpdump capture: sudo tcpdump -i {name} -U -w - | tcptrace analyze -"


def _bind_to_all(bound: socket.socket) -> None:
    """Bind to all interfaces: Python's ``bind`` wants the name of one."""
    address = struct.pack("=H", socket.AF_PACKET) + struct.pack(">H", _ETH_P_ALL) + bytes(16)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(bound.fileno(), address, len(address)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
