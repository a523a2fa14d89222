"""A TUN device: an interface whose packets a program reads and writes (Linux, root)."""

import fcntl
import os
import socket
import struct
from pathlib import Path

from tcptrace.kernel.namespace import bring_up

_DEVICE = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x1, 0x1000
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFMTU, _SIOCGIFINDEX = 0x8916, 0x891C, 0x8922, 0x8933
_REQUEST = struct.Struct("16s 24s")  # struct ifreq


def open_tun(name: str, ipv4: str, ipv6: str, mtu: int = 1500) -> int:
    """Make a TUN device in this thread's network, with an address of /24 and one of /64; return its descriptor.

    Raises ``OSError``.
    """
    descriptor = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK)
    try:
        flags = struct.pack("16sH22x", name.encode("ascii"), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(descriptor, _TUNSETIFF, flags)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            for request, address in ((_SIOCSIFADDR, ipv4), (_SIOCSIFNETMASK, "255.255.255.0")):
                value = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))
                fcntl.ioctl(asked, request, _REQUEST.pack(name.encode("ascii"), value))
            fcntl.ioctl(asked, _SIOCSIFMTU, _REQUEST.pack(name.encode("ascii"), struct.pack("=i", mtu)))
        bring_up(name)
        _add_ipv6(name, ipv6)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _add_ipv6(name: str, address: str) -> None:
    """Give the device an IPv6 address, at once (no duplicate address detection)."""
    switches = Path("/proc/sys/net/ipv6/conf") / name
    if not switches.is_dir():
        return  # a kernel without IPv6
    (switches / "accept_dad").write_text("0")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asked:
        request = struct.pack("=16si20x", name.encode("ascii"), 0)
        (index,) = struct.unpack_from("=i", fcntl.ioctl(asked, _SIOCGIFINDEX, request), 16)
        value = struct.pack("=16sIi", socket.inet_pton(socket.AF_INET6, address), 64, index)
        fcntl.ioctl(asked, _SIOCSIFADDR, value)
