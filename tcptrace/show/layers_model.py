"""What the frame view is made of: layers of fields."""

from dataclasses import dataclass, field
from typing import NamedTuple

Line = list[tuple[str, str]]

HEX_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a header."""

    name: str
    value: str  # as a person reads it, escaped
    meaning: str  # a word of what it is for; "" where the value says it


@dataclass(slots=True)
class Layer:
    """One layer's header; it gets its fields while the octets are read."""

    level: str  # Link, Tunnel, Network, Transport, Application
    name: str
    fields: list[Field] = field(default_factory=list)
    note: str = ""  # why there is no more of it


class Addresses(NamedTuple):
    """The pseudo-header's addresses (RFC 9293 3.1, RFC 8200 8.1)."""

    source: bytes
    target: bytes


class Rest(NamedTuple):
    """What the layers so far carry, to be taken apart next."""

    what: int  # the header that lies there, or whose number says it (``wire.headers``)
    number: int  # ethertype, protocol of IP or of PPP; 0 where the header is known without
    data: bytes
    missing: int  # octets that were not captured
    addresses: Addresses | None = None  # of the IP header around it


Taken = tuple[list[Layer], Rest | None]  # the layers of one header, and what is in them


def word(data: bytes, at: int, size: int = 2) -> int:
    """Return the number of ``size`` octets at ``at``, most significant octet first."""
    return int.from_bytes(data[at : at + size], "big")


def mac(octets: bytes) -> str:
    """Return a link address as pairs of digits."""
    return octets.hex(":")


def hex_octets(data: bytes) -> str:
    """Return the first octets in hexadecimal and how many there are."""
    if not data:
        return "no octets"
    shown = data[:HEX_SHOWN].hex(" ")
    return f"{shown}{' ...' if len(data) > HEX_SHOWN else ''} ({len(data)} octets)"


def cut(level: str, name: str, data: bytes, least: int) -> Layer:
    """Return the layer that the capture cut within its header."""
    return Layer(
        level,
        name,
        [],
        f"the capture ends within this header: {len(data)} of at least {least} octets are there",
    )


def ones_sum(data: bytes) -> int:
    """Return the Internet checksum's sum of ``data``, folded to 16 bits (RFC 1071)."""
    total = int.from_bytes(data, "big") << 8 * (len(data) & 1)
    # 2^16 is 1 modulo 2^16 - 1, so the folded sum is the whole number's remainder; 0 and 0xFFFF are both
    # zero.
    return total % 0xFFFF or (0xFFFF if total else 0)
