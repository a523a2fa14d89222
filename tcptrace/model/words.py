"""Words in octets, for the hot files: plain here, machine words in their twins (``words.pxd``).

A hot file says ``from tcptrace.model import words``; in its twin ``words.be32(...)`` is the inline function of the ``.pxd``,
which a compiler makes one instruction of. Nobody looks here whether the octets are there.
"""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")
Octets = bytes | bytearray | memoryview
MASK32 = (1 << 32) - 1
MASK64 = (1 << 64) - 1
MASK128 = (1 << 128) - 1


def first(octets: Octets) -> Octets:
    """Return what the other functions take: a pointer in the twins, which owns nothing."""
    return octets


def part(octets: Octets, at: int) -> Octets:
    """Return the octets from ``at`` on, not copied."""
    return memoryview(octets)[at:]


def writable(room: bytearray) -> bytearray:
    """Return what ``copy`` writes into: a pointer in the twins, which holds until the room's size changes."""
    return room


def copy(into: bytearray, at: int, piece: bytes, size: int) -> None:
    """Copy a piece into a room, which is large enough."""
    into[at : at + size] = piece[:size]


def be16(octets: Octets, at: int) -> int:
    """Return the 16-bit word at ``at`` in network byte order."""
    return octets[at] << 8 | octets[at + 1]


def be32(octets: Octets, at: int) -> int:
    """Return the 32-bit word at ``at`` in network byte order."""
    return octets[at] << 24 | octets[at + 1] << 16 | octets[at + 2] << 8 | octets[at + 3]


def be64(octets: Octets, at: int) -> int:
    """Return the 64-bit word at ``at`` in network byte order."""
    return int.from_bytes(octets[at : at + 8], "big")


def le32(octets: Octets, at: int) -> int:
    """Return the little-endian 32-bit word at ``at``."""
    return octets[at] | octets[at + 1] << 8 | octets[at + 2] << 16 | octets[at + 3] << 24


def le64(octets: Octets, at: int) -> int:
    """Return the little-endian 64-bit word at ``at``."""
    return int.from_bytes(octets[at : at + 8], "little")


def word32(number: int) -> int:
    """Return the lower 32 bits: in C a word of that size has no others."""
    return number & MASK32


def sum128(low: int, high: int) -> int:
    """Return the number of 128 bits of these two words: what ``add_product`` adds to."""
    return high << 64 | low


def add_product(total: int, first: int, second: int) -> int:
    """Return the sum of 128 bits and the product of two words of 64, whatever lies above cut off."""
    return total + (first & MASK64) * (second & MASK64) & MASK128


def low64(number: int) -> int:
    """Return the lower half of a number of 128 bits."""
    return number & MASK64


def high64(number: int) -> int:
    """Return the upper half of a number of 128 bits."""
    return number >> 64


def octets64(column: "array[int]", start: int, count: int) -> bytes:
    """Return ``count`` words of a column of 64-bit words ('Q') as they are in memory."""
    return column[start : start + count].tobytes()


def copy64(into: "array[int]", at: int, column: "array[int]", start: int, count: int) -> None:
    """Copy ``count`` words of a column into another ('Q', both)."""
    into[at : at + count] = column[start : start + count]


def words64(column: "array[int]") -> "array[int]":
    """Return what is indexed as a column of 64-bit words ('Q'): a pointer in the twins, which owns nothing."""
    return column


def prefetch_place(rows: "list[T]", at: int) -> None:
    """Let the place of a list's item come near that will be read soon: twins only."""


def prefetch_row(rows: "list[T]", at: int) -> None:
    """Let what a list's item refers to come near, of which some 128 octets will be read soon: twins only."""


def prefetch64(column: "array[int]", at: int) -> None:
    """Let the place of a word of a column ('Q') come near that will be read soon: twins only."""


def pooled(rows: type) -> None:
    """Let the objects of a class, of which there is one such in a module, lie in large pages side by side: twins only.

    There are a million of them and nothing else asks for memory in their size; what was given back is used again for them.
    """
