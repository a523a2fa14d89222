"""Large rooms of numbers in memory."""

from array import array

LEAST = 1 << 16  # octets: a smaller room is an array, for which nothing is imported
GROWTH = 8
HUGE = 1 << 21  # octets of a huge page on most machines


def room(code: str, count: int, is_dense: int = 0) -> "array[int]":
    """Return ``count`` numbers of 0 of an array's type: an array, or what is used as one.

    A large room takes memory where it has been written to only, so it may be much larger than what is sure to be needed.
    One that is ``is_dense`` will be written from end to end and lies in huge pages where the system has them: each page of
    4 KiB costs a fault of some microseconds, as much as the replay of a short connection.
    """
    size = count * array(code).itemsize
    if size < LEAST:
        return array(code, bytes(size))
    import mmap

    if not hasattr(mmap, "MAP_ANONYMOUS"):
        return array(code, bytes(size))
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if is_dense and size >= HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        try:  # noqa: SIM105 - start-up does not wait for another module
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:  # a kernel without them
            pass
    return memoryview(memory).cast(code)  # type: ignore[no-any-return, call-overload]


def longer(column: "array[int]", code: str, first: int, count: int) -> "array[int]":
    """Return a room with several times the places of a column, which begins with its ``count`` numbers from ``first`` on."""
    larger = room(code, GROWTH * len(column))
    size = array(code).itemsize
    memoryview(larger).cast("B")[: count * size] = memoryview(column).cast("B")[
        first * size : (first + count) * size
    ]
    return larger
