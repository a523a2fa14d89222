"""Octets of an input in order: a file, a pipe, a file object, memory, or gzip around one of these.

Nothing here seeks. Reading faults after the beginning do not raise: they end the input, and ``problem`` says
why.
"""

import contextlib
import mmap
import os
import select
import stat
import zlib
from collections.abc import Callable
from typing import Any, Protocol

Octets = bytes | bytearray | memoryview

COMPRESSED_CHUNK = 32768


def named(name: str) -> str:
    """Return an input's name as messages say it."""
    return "standard input" if name == "-" else name


class Input(Protocol):
    """Octets in order, once."""

    problem: str | None  # why the input ended early, in one sentence
    at_hand: bool  # `whole()` costs nothing

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of ``view``, at least one octet, and return how many; 0 at the end."""

    def whole(self) -> Octets | None:
        """Return all octets at once, those already read included, where that needs no copy; else ``None``."""

    def release(self, end: int) -> bool:
        """Give up the octets of ``whole()`` before ``end``; false where the rest has gone away."""

    def close(self) -> None:
        """Let go of the file."""


class MemoryInput:
    """Octets that are in memory already."""

    at_hand = True

    def __init__(self, data: Octets) -> None:
        self.problem: str | None = None
        self._data = memoryview(data).cast("B")
        self._at = 0

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of ``view`` and return how many octets; 0 at the end."""
        piece = self._data[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def whole(self) -> Octets | None:
        """Return the memory itself."""
        return self._data

    def release(self, end: int) -> bool:
        """Do nothing: the memory is the caller's."""
        return True

    def close(self) -> None:
        """Do nothing."""


class FileInput:
    """A file, a pipe, or a file object that was opened in binary mode.

    What the caller opened stays open (``ours`` false). A regular file of ours can be mapped.
    """

    at_hand = False

    def __init__(self, file: Any, *, ours: bool) -> None:
        self.problem: str | None = None
        self._file = file
        self._ours = ours
        self._read_into: Callable[[memoryview], int | None] = _reading(file)
        self._taken = 0
        self._map: mmap.mmap | None = None
        self._view: memoryview | None = None
        self._released = 0

    def __del__(self) -> None:
        if self._ours:  # somebody stopped in the middle, and nobody is left to call `close`
            self._file.close()

    def read_into(self, view: memoryview) -> int:
        """Wait for octets, fill the beginning of ``view``, and return how many; 0 at the end."""
        while True:
            try:
                count = self._read_into(view)
            except (OSError, EOFError, ValueError) as error:
                self.problem = f"reading failed at offset {self._taken}: {_reason(error)}"
                return 0
            if count is not None:
                self._taken += count
                return count
            # Somebody set standard input to non-blocking: wait for it as if nobody had.
            select.select([self._file], [], [])

    def whole(self) -> Octets | None:
        """Map the file and return the map; ``None`` for all that is not a regular file of ours."""
        if not self._ours or self._view is not None:
            return self._view
        try:
            facts = os.fstat(self._file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                return None
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
            if hasattr(mmap, "MADV_SEQUENTIAL"):
                self._map.madvise(mmap.MADV_SEQUENTIAL)
        except (OSError, ValueError):
            return None
        self._view = memoryview(self._map)
        return self._view

    def release(self, end: int) -> bool:
        """Give the pages before ``end`` back, so that a long file does not fill the memory.

        False where the file has become shorter than its map: touching the lost pages would kill the process.
        (Between this look and the next there is a gap that only reading instead of mapping would close; a
        capture that is overwritten while it is analysed is lost in any case.)
        """
        if self._map is None:
            return True
        if os.fstat(self._file.fileno()).st_size < len(self._map):
            self.problem = "the file was made shorter while it was read"
            return False
        done = end - end % mmap.ALLOCATIONGRANULARITY
        if done - self._released >= 1 << 22 and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED, self._released, done - self._released)
            self._released = done
        return True

    def close(self) -> None:
        """Let go of the map, and of the file where it is ours."""
        # A batch that is still held keeps the map; it goes with the batch.
        with contextlib.suppress(BufferError):
            if self._view is not None:
                self._view.release()
            if self._map is not None:
                self._map.close()
        self._view = self._map = None
        if self._ours:
            self._file.close()


class GunzipInput:
    """What gzip data unpacks to (RFC 1952: any number of members), as it streams.

    ``head`` has been read off the packed input before.
    """

    at_hand = False

    def __init__(self, packed: Input, head: bytes) -> None:
        self.problem: str | None = None
        self._packed = packed
        self._data: bytes = head  # packed, not yet given to zlib
        self._seen = len(head)  # packed octets read, those in _data included
        self._inflate: Any = None  # None: between two members
        self._unpacked = memoryview(b"")  # not yet handed out
        self._buffer = bytearray(COMPRESSED_CHUNK)

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of ``view`` and return how many octets; 0 at the end."""
        while not self._unpacked:
            if self.problem or not (self._data or self._refill()):
                return 0
            if self._inflate is None and not self._begin_member():
                continue
            self._unpacked = memoryview(self._unpack(len(view)))
        count = min(len(view), len(self._unpacked))
        view[:count] = self._unpacked[:count]
        self._unpacked = self._unpacked[count:]
        return count

    def whole(self) -> Octets | None:
        """Return ``None``: it would have to be unpacked."""
        return None

    def release(self, end: int) -> bool:
        """Do nothing."""
        return True

    def close(self) -> None:
        """Let go of the packed input."""
        self._packed.close()

    def _refill(self) -> bool:
        """Read more packed octets; false at the end, where ``problem`` says whether it came early."""
        count = self._packed.read_into(memoryview(self._buffer))
        self._data = bytes(self._buffer[:count])
        self._seen += count
        if self._packed.problem:
            self.problem = self._packed.problem
        elif not count and self._inflate is not None:
            self.problem = f"the gzip data is cut short after {self._seen} octets"
        return count > 0

    def _begin_member(self) -> bool:
        """Begin a member where one is, passing over the zeros that tapes and blocks leave behind members."""
        self._data = self._data.lstrip(b"\0")
        if not self._data:
            return False
        if self._data[0] != 0x1F:
            where = self._seen - len(self._data)
            self.problem = f"what follows the gzip data at offset {where} is not gzip"
            return False
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return True

    def _unpack(self, most: int) -> bytes:
        """Return up to ``most`` octets unpacked from ``_data``."""
        before = self._inflate.copy()
        try:
            unpacked: bytes = self._inflate.decompress(self._data, most)
        except zlib.error:
            return self._salvage(before)
        if self._inflate.eof:
            self._data = self._inflate.unused_data
            self._inflate = None
        else:
            self._data = self._inflate.unconsumed_tail
        return unpacked

    def _salvage(self, inflate: Any) -> bytes:
        """Return what can be unpacked before the octet at which ``inflate`` fails, and say which that is.

        zlib throws away the output of a call that fails, so the call is made again octet by octet.
        """
        unpacked = []
        for index in range(len(self._data)):
            try:
                unpacked.append(inflate.decompress(self._data[index : index + 1]))
            except zlib.error as error:
                where = self._seen - len(self._data) + index
                self.problem = f"the gzip data is corrupt at offset {where}: {_reason(error).split(': ')[-1]}"
                break
        return b"".join(unpacked)


def _reading(file: Any) -> Callable[[memoryview], int | None]:
    """Return the way of reading from ``file`` that does not wait until a view is full."""
    for name in ("readinto1", "readinto"):
        if hasattr(file, name):
            return getattr(file, name)  # type: ignore[no-any-return]
    read = getattr(file, "read1", file.read)

    def read_into(view: memoryview) -> int | None:
        data = read(len(view))
        if data is None:
            return None
        view[: len(data)] = data
        return len(data)

    return read_into


def _reason(error: Exception) -> str:
    """Return the reason of ``error`` in words, without number or path."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
