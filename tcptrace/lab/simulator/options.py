"""TCP options as the simulated ends write and read them (RFC 9293 3.1, RFC 7323, RFC 2018, RFC 7413)."""

import struct
from typing import NamedTuple

_END, _NOTHING, _MSS, _SCALE, _MAY_SACK, _SACK, _TIMES, _FAST_OPEN = 0, 1, 2, 3, 4, 5, 8, 34
Block = tuple[int, int]  # left edge, right edge


class Options(NamedTuple):
    """The options of one segment."""

    mss: int | None = None
    shift: int | None = None  # of the window scale
    may_sack: bool = False
    blocks: tuple[Block, ...] = ()  # of SACK
    times: tuple[int, int] | None = None  # TSval, TSecr
    cookie: bytes | None = None  # of Fast Open; b"" asks for one

    def octets(self) -> bytes:
        """Return them as in the header, filled up to a multiple of four."""
        out = b""
        if self.mss is not None:
            out += struct.pack("!BBH", _MSS, 4, self.mss)
        if self.may_sack:
            out += bytes([_MAY_SACK, 2])
        if self.times is not None:
            out += struct.pack("!BBII", _TIMES, 10, *self.times)
        if self.shift is not None:
            out += bytes([_SCALE, 3, self.shift])
        if self.blocks:
            out += bytes([_SACK, 2 + 8 * len(self.blocks)])
            out += b"".join(struct.pack("!II", *block) for block in self.blocks)
        if self.cookie is not None:
            out += bytes([_FAST_OPEN, 2 + len(self.cookie)]) + self.cookie
        return bytes([_NOTHING]) * (-len(out) % 4) + out


def read_options(octets: bytes) -> Options:
    """Return the options of a header; what is broken or unknown is passed over."""
    found: dict[str, object] = {}
    place = 0
    while place < len(octets) and octets[place] != _END:
        kind = octets[place]
        length = octets[place + 1] if kind != _NOTHING and place + 1 < len(octets) else 1
        if place + length > len(octets):
            break
        value = octets[place + 2 : place + length]
        if kind == _MSS and length == 4:
            found["mss"] = int.from_bytes(value, "big")
        elif kind == _SCALE and length == 3:
            found["shift"] = min(value[0], 14)  # RFC 7323 2.3
        elif kind == _MAY_SACK:
            found["may_sack"] = True
        elif kind == _SACK and length % 8 == 2:
            found["blocks"] = tuple(struct.iter_unpack("!II", value))
        elif kind == _TIMES and length == 10:
            found["times"] = struct.unpack("!II", value)
        elif kind == _FAST_OPEN and length >= 2:
            found["cookie"] = value
        place += max(length, 1)
    return Options(**found)  # type: ignore[arg-type]
