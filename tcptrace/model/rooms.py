"""Large rooms of words in memory."""

import contextlib
from array import array

LEAST = 1 << 21  # octets of a huge page on most machines


def room64(count: int) -> "array[int]":
    """Return ``count`` 64-bit words of 0: an array, or what is used as one and lies in huge pages where the system has them.

    A page of 4 KiB costs a fault of some microseconds when it is first written to, as much as a short connection's replay.
    """
    if 8 * count < LEAST:
        return array("Q", bytes(8 * count))
    import mmap

    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return array("Q", bytes(8 * count))
    memory = mmap.mmap(-1, 8 * count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory).cast("Q")  # type: ignore[return-value]
