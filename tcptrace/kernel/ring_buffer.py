"""A page of the kernel's trace ring buffer, as ``trace_pipe_raw`` gives it (<linux/ring_buffer.h>; little endian).

A page: time (8 octets), commit (8: the length in the low bits, flags above), events. An event's first 32 bits are its
kind (5 bits) and the time since the one before it (27 bits).
"""

import struct
from typing import NamedTuple

_HEAD = struct.Struct("<QQ")
_LENGTH = (1 << 20) - 1
_LOST = 1 << 31  # flag in commit: events before this page were overwritten
_PADDING, _EXTEND, _STAMP = 29, 30, 31
_STAMP_HIGH = 0xF8 << 56  # an absolute stamp has 59 bits; the others are the page's


class Event(NamedTuple):
    """A recorded event."""

    time_ns: int
    octets: bytes  # its fields


def read_page(page: bytes) -> tuple[list[Event], bool]:
    """Return the page's events, and whether earlier ones were lost."""
    time_ns, commit = _HEAD.unpack_from(page)
    end = min(len(page), _HEAD.size + (commit & _LENGTH))
    place, events = _HEAD.size, []
    while place + 4 <= end:
        (word,) = struct.unpack_from("<I", page, place)
        kind, delta = word & 31, word >> 5
        place += 4
        if kind == _PADDING:
            if delta == 0:  # to the end of the page
                break
            time_ns += delta
            place += struct.unpack_from("<I", page, place)[0]
        elif kind in {_EXTEND, _STAMP}:
            more = (struct.unpack_from("<I", page, place)[0] << 27) + delta
            time_ns = time_ns + more if kind == _EXTEND else time_ns & _STAMP_HIGH | more
            place += 4
        else:
            time_ns += delta
            if kind == 0:  # longer than 112 octets: the length, itself included, comes first
                length = struct.unpack_from("<I", page, place)[0] - 4
                place += 4
            else:
                length = kind * 4
            events.append(Event(time_ns, page[place : place + length]))
            place += length
    return events, bool(commit & _LOST)
