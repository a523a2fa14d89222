"""The headers of one packet, as far as the relay's rules look at them; and packets made from nothing, checksums and all."""

import ipaddress
import struct
from dataclasses import dataclass, replace
from functools import lru_cache

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment in its IP packet."""

    source: tuple[str, int]
    target: tuple[str, int]
    flags: int
    seq: int
    ack: int
    window: int = 65_535  # as in the header
    payload: bytes = b""
    options: bytes = b""  # a multiple of four octets

    @property
    def end(self) -> int:
        """The sequence number after it."""
        taken = len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)
        return (self.seq + taken) & 0xFFFFFFFF

    def but(self, **changes: object) -> "Segment":
        """Return the same segment with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def packet(self) -> bytes:
        """Return the IP packet, checksums right."""
        here, there = _packed(self.source[0]), _packed(self.target[0])
        offset = (20 + len(self.options)) // 4
        head = struct.pack(
            *("!HHIIBBHHH", self.source[1], self.target[1], self.seq & 0xFFFFFFFF, self.ack & 0xFFFFFFFF),
            *(offset << 4, self.flags, self.window, 0, 0),
        )
        octets = head + self.options + self.payload
        pseudo = here + there + struct.pack("!HH", 6, len(octets))
        octets = octets[:16] + struct.pack("!H", _checksum(pseudo + octets)) + octets[18:]
        if len(here) == 16:
            return struct.pack("!IHBB", 6 << 28, len(octets), 6, 64) + here + there + octets
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(octets), 0, 0x4000, 64, 6, 0) + here + there
        return ip[:10] + struct.pack("!H", _checksum(ip)) + ip[12:] + octets


def read_segment(packet: bytes) -> Segment | None:
    """Return the segment in a packet, ``None`` where it is no whole TCP segment."""
    if len(packet) >= 40 and packet[0] >> 4 == 4 and packet[9] == 6:
        start, addresses = (packet[0] & 15) * 4, (packet[12:16], packet[16:20])
    elif len(packet) >= 60 and packet[0] >> 4 == 6 and packet[6] == 6:
        start, addresses = 40, (packet[8:24], packet[24:40])
    else:
        return None
    if len(packet) < start + 20:
        return None
    sport, dport, seq, ack, offset, flags, window = struct.unpack_from("!HHIIBBH", packet, start)
    data = start + (offset >> 4) * 4
    here, there = (_text(address) for address in addresses)
    return Segment(
        *((here, sport), (there, dport), flags, seq, ack, window),
        payload=packet[data:],
        options=packet[start + 20 : data],
    )


@lru_cache(1024)
def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


@lru_cache(1024)
def _text(address: bytes) -> str:
    return str(ipaddress.ip_address(address))


def _checksum(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    octets += bytes(len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
