"""Network interfaces of this machine (Linux): which there are, and what frames they give."""

import fcntl
import socket
import struct
from dataclasses import dataclass

from tcptrace.model.errors import InputError

ANY = "any"  # all interfaces at once, as tcpdump calls it

ETHERNET = 1  # LINKTYPE_ numbers
RAW = 101
LINUX_SLL2 = 276

# ARPHRD_ type (<linux/if_arp.h>) -> link type of what a raw socket gives. Frames of all others are cooked: the
# kernel takes their link header off, and they get that of LINKTYPE_LINUX_SLL2.
_LINKS = {
    1: ETHERNET,  # ARPHRD_ETHER
    772: ETHERNET,  # ARPHRD_LOOPBACK: Ethernet with addresses of zeros
    519: RAW,  # ARPHRD_RAWIP
    65534: RAW,  # ARPHRD_NONE: TUN devices, WireGuard
}
_SIOCGIFFLAGS = 0x8913
_SIOCGIFHWADDR = 0x8927
_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8
_REQUEST = struct.Struct("16s H 22x")  # struct ifreq: the name, and flags or the address's family
_MAX_NAME = 15  # octets; IFNAMSIZ with its zero


@dataclass(frozen=True, slots=True)
class Interface:
    """What a capture has to know of an interface."""

    name: str
    index: int  # 0: all of them
    link: int  # LINKTYPE_ number of its frames
    is_loopback: bool
    is_up: bool

    @property
    def is_cooked(self) -> bool:
        """Say whether the kernel takes the link header off."""
        return self.link == LINUX_SLL2


def find_interface(name: str) -> Interface:
    """Return the interface; ``InputError`` where there is none of that name."""
    if name == ANY:
        return Interface(ANY, 0, LINUX_SLL2, False, True)
    try:
        index = socket.if_nametoindex(name)
    except (OSError, ValueError):
        raise InputError(
            f"{name or repr(name)}: no such interface; there are {', '.join(interface_names())}"
        ) from None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        flags = _ask(asked, _SIOCGIFFLAGS, name)
        kind = _ask(asked, _SIOCGIFHWADDR, name)
    return Interface(
        name, index, _LINKS.get(kind, LINUX_SLL2), bool(flags & _IFF_LOOPBACK), bool(flags & _IFF_UP)
    )


def interface_names() -> list[str]:
    """Return the names that can be captured on."""
    return [*(name for _, name in socket.if_nameindex()), ANY]


def is_there(interface: Interface) -> bool:
    """Say whether the interface still exists, under whatever name."""
    if not interface.index:
        return True
    try:
        socket.if_indextoname(interface.index)
    except OSError:
        return False
    return True


def _ask(asked: socket.socket, request: int, name: str) -> int:
    """Return the number that an ioctl tells of an interface."""
    octets = name.encode("utf-8", "surrogateescape")[:_MAX_NAME]
    try:
        answer: int = _REQUEST.unpack(fcntl.ioctl(asked, request, _REQUEST.pack(octets, 0)))[1]
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}; is the interface still there?") from None
    return answer
