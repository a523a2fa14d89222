"""Octets of an input in order: a file, a pipe, a file object, memory, or gzip around one of these.

Nothing here seeks. Reading faults after the beginning do not raise: they end the input, and ``problem`` says
why.
"""

import select
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
    memory: memoryview | None  # all octets, those already read included, where they are in memory

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of ``view``, at least one octet, and return how many; 0 at the end."""

    def close(self) -> None:
        """Let go of the file."""


class MemoryInput:
    """Octets that are in memory already."""

    def __init__(self, data: Octets) -> None:
        self.problem: str | None = None
        self.memory: memoryview | None = memoryview(data).cast("B")
        self._data = self.memory
        self._at = 0

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of ``view`` and return how many octets; 0 at the end."""
        piece = self._data[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        """Do nothing."""


class FileInput:
    """A file, a pipe, or a file object that was opened in binary mode.

    What the caller opened stays open (``ours`` false). Files are read, never mapped: reading costs no more
    CPU time even on full-size frames (measured), and a map kills the process where somebody makes the file
    shorter meanwhile.
    """

    memory: memoryview | None = None

    def __init__(self, file: Any, *, ours: bool) -> None:
        self.problem: str | None = None
        self._file = file
        self._ours = ours
        self._read_into: Callable[[memoryview], int | None] = _reading(file)
        self._taken = 0

    def __del__(self) -> None:
        self.close()  # somebody stopped in the middle, and nobody is left to do it

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

    def close(self) -> None:
        """Let go of the file where it is ours."""
        if self._ours:
            self._file.close()


class GunzipInput:
    """What gzip data unpacks to (RFC 1952: any number of members), as it streams.

    ``head`` has been read off the packed input before.
    """

    memory: memoryview | None = None

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
