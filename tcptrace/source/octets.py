"""Octets of an input in order: a file, a pipe, a file object, or memory.

Nothing here seeks. Reading faults after the beginning do not raise: they end the input, and ``problem`` says
why.
"""

import os
from collections.abc import Callable

from tcptrace.model.light import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Any

Octets = bytes | bytearray | memoryview
GET_AGAIN = "get the file again"


def named(name: str) -> str:
    """Return an input's name as messages say it."""
    return "standard input" if name == "-" else name


class Input(Protocol):
    """Octets in order, once."""

    problem: str | None  # why the input ended early, in one sentence
    remedy: str  # what to do about that
    memory: memoryview | None  # all octets, those already read included, where they are in memory

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of ``view``, at least one octet, and return how many; 0 at the end."""

    def close(self) -> None:
        """Let go of the file."""


class MemoryInput:
    """Octets that are in memory already."""

    remedy = GET_AGAIN

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

    What the caller opened stays open; ``descriptor``, which is ours, is closed with this. Files are read, never mapped:
    reading costs no more CPU time even on full-size frames (measured), and a map kills the process where somebody makes
    the file shorter meanwhile.
    """

    memory: memoryview | None = None
    remedy = GET_AGAIN

    def __init__(self, file: "Any", descriptor: int = -1) -> None:
        self._descriptor = descriptor
        self.problem: str | None = None
        self._file = file
        self._read_into: Callable[[memoryview], int | None] = _reading(file)
        self._taken = 0

    def __del__(self) -> None:
        self.close()  # somebody stopped in the middle

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
            from select import select

            select([self._file], [], [])

    def close(self) -> None:
        """Let go of the file where it is ours."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._file.close()  # from here on it refuses to read, whoever gets the descriptor next
            os.close(descriptor)


def _reading(file: "Any") -> Callable[[memoryview], int | None]:
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
