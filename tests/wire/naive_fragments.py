"""Reassembly of another make: one octet at a time in a dictionary, and nothing is forgotten but what overlaps."""

from typing import NamedTuple


class Fragment(NamedTuple):
    """A fragment's content and where it belongs."""

    offset: int
    data: bytes
    is_last: bool


def cut(content: bytes, sizes: list[int]) -> list[Fragment]:
    """Return the content as fragments of so many times eight octets, the rest in the last."""
    made, at = [], 0
    for size in sizes:
        if at + 8 * size >= len(content):
            break
        made.append(Fragment(at, content[at : at + 8 * size], False))
        at += 8 * size
    return [*made, Fragment(at, content[at:], True)]


def put_together(fragments: list[Fragment]) -> tuple[int, bytes] | None:
    """Return after which fragment the first datagram is whole, and its content; None where it never is.

    RFC 5722: once a fragment has an octet of another, no later one helps. The same one once more does no harm.
    """
    octets: dict[int, int] = {}
    taken: set[Fragment] = set()
    end = None
    for place, fragment in enumerate(fragments):
        if fragment in taken:
            continue
        places = range(fragment.offset, fragment.offset + len(fragment.data))
        if any(at in octets for at in places):
            return None
        taken.add(fragment)
        octets.update(zip(places, fragment.data, strict=True))
        if fragment.is_last:
            if end is not None:
                return None
            end = places.stop
        if end is not None:
            if any(at >= end for at in octets) or any(
                f.offset + len(f.data) >= end and not f.is_last for f in taken
            ):
                return None
            if len(octets) == end:
                return place, bytes(octets[at] for at in range(end))
    return None
