"""A packet socket (packet(7), Linux): opened with a filter, bound, counted. How its frames are read is its heirs' part.

Numbers are those of <linux/if_packet.h> and <asm/socket.h>, which Python's ``socket`` mostly lacks.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
from abc import ABC, abstractmethod
from array import array
from threading import Lock
from typing import NamedTuple

from tcptrace.model.errors import InputError
from tcptrace.source.interface import Interface, find_interface
from tcptrace.source.kernel_filter import drop_outgoing, keep_none

BLOCK_OCTETS = 1 << 20  # of a block of frames: more than the longest, BIG TCP's 196,486
BUFFER_OCTETS = 64 << 20  # what the kernel may keep until it is taken, where nobody says otherwise
SOL_PACKET = 263

_ETH_P_ALL = 3
_ADD_MEMBERSHIP = 1
_STATISTICS = 6
_IGNORE_OUTGOING = 23
_MR_PROMISC = 1
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER
_COUNTS = struct.Struct("3I")  # struct tpacket_stats_v3; without a ring the last one is missing


class NoMemoryError(InputError):
    """The kernel has no memory for a buffer as large as was asked for."""


class Counts(NamedTuple):
    """What the kernel counted of one socket since it was opened."""

    matched: int  # frames that came and passed the filter; those that were dropped are among them
    dropped: int  # of these, lost because there was no room
    frozen: int  # how often the ring was full


class PacketSocket(ABC):
    """The frames of one interface, in blocks as a TPACKET_V3 ring has them; nothing comes before ``start``."""

    def __init__(
        self,
        interface: Interface,
        program: "array[int]",
        promiscuous: bool = False,
        buffer_octets: int | None = None,
    ) -> None:
        """Open the socket with a program that the kernel runs. ``InputError`` where that is not allowed.

        The kernel keeps ``buffer_octets`` until they are taken (``NoMemoryError`` where it cannot); ``None``:
        ``BUFFER_OCTETS``, or fewer where it has no memory for these.
        """
        self.interface = interface
        self._buffer_octets = buffer_octets
        self.taken = 0  # frames in the blocks that were taken
        self._promiscuous = promiscuous
        self._counts = Counts(0, 0, 0)
        self._counting = Lock()
        self._socket = _open(interface)
        try:
            if interface.is_loopback:
                self._socket.setsockopt(SOL_PACKET, _IGNORE_OUTGOING, 1)
            elif not interface.index:
                program = drop_outgoing(find_interface("lo").index) + program
            self._prepare()
            self._attach(program)
        except OSError as error:
            self._socket.close()
            if buffer_octets is not None and error.errno == errno.ENOMEM:
                raise NoMemoryError(
                    f"{interface.name}: the kernel has no memory for a buffer of {buffer_octets >> 10:,} KiB; "
                    "give a smaller one (-B)"
                ) from None
            raise InputError(
                f"{interface.name}: the kernel does not give frames: {error.strerror or error}"
            ) from None

    def start(self) -> None:
        """Let frames come."""
        interface = self.interface
        try:
            if self._promiscuous and interface.index:
                asked = struct.pack("iHH8x", interface.index, _MR_PROMISC, 0)
                self._socket.setsockopt(SOL_PACKET, _ADD_MEMBERSHIP, asked)
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

    @abstractmethod
    def is_ready(self) -> bool:
        """Say whether there is a block to be taken."""

    @abstractmethod
    def take(self, room: bytearray) -> None:
        """Copy the next block, which is ready, into ``room`` (of ``BLOCK_OCTETS``)."""

    def counts(self) -> Counts:
        """Return the kernel's counts since the beginning; it forgets each time it is asked, so they are added up."""
        with self._counting:  # whoever copies blocks and whoever walks through them both ask
            raw = self._socket.getsockopt(SOL_PACKET, _STATISTICS, _COUNTS.size)
            new = _COUNTS.unpack(raw.ljust(_COUNTS.size, b"\0"))
            self._counts = Counts(*(old + more for old, more in zip(self._counts, new, strict=True)))
            return self._counts

    def is_drained(self) -> bool:
        """Say whether each frame that the kernel kept has been taken."""
        counts = self.counts()
        return self.taken >= counts.matched - counts.dropped

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    @abstractmethod
    def _prepare(self) -> None:
        """Set the socket up before it is bound; ``OSError`` where the kernel refuses."""

    def _attach(self, program: "array[int]") -> None:
        """Give the kernel a program; it is copied at once."""
        rows = len(program) // 4
        instructions = ctypes.create_string_buffer(
            b"".join(struct.pack("HBBI", *program[4 * row : 4 * row + 4]) for row in range(rows))
        )
        self._socket.setsockopt(
            socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", rows, ctypes.addressof(instructions))
        )


def _open(interface: Interface) -> socket.socket:
    """Return a packet socket that receives nothing yet (protocol 0), or say what to do without the right."""
    name = interface.name
    if not hasattr(socket, "AF_PACKET"):
        raise InputError(f"{name}: {sys.platform} has no packet sockets; {_way_out(name)}")
    try:
        return socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM if interface.is_cooked else socket.SOCK_RAW, 0
        )
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
