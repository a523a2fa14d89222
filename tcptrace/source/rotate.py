"""Capture files that take turns: tcpdump's ``-C``, ``-G`` and ``-W``.

Names are tcpdump's: with a size limit ``FILE``, ``FILE1``, ``FILE2``...; with a limit on their number ``FILE0`` and so
on, with as many digits as the last one has, and after the last one the first is written again. With a time limit
``FILE`` is a pattern of strftime(3), and the limit on their number ends the capture; with both it only says how many
digits there are. Times are the frames' own: a file is closed when a frame comes that belongs into the next one.
"""

import time
from array import array
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from tcptrace.model.columns import Frames
from tcptrace.model.errors import InputError
from tcptrace.model.units import NS
from tcptrace.source.base import Buffer
from tcptrace.source.dump import CaptureFile

MEGABYTE = 1_000_000  # as tcpdump counts them


@dataclass(frozen=True, slots=True)
class Turns:
    """When the next file begins, and how many there are."""

    size: int | None = None  # octets; a file that has more gets no further frame
    seconds: float | None = None  # a file gets no frame so much younger than its first one
    files: int | None = None


class RotatingFile:
    """Capture files one after another, as one (see ``CaptureFile``)."""

    def __init__(self, name: str, turns: Turns, begin: Callable[[str], CaptureFile]) -> None:
        """Write files called after ``name``; ``begin`` makes each, its header written."""
        self.name = name
        self._problem: str | None = None
        self._turns = turns
        self._begin = begin
        self._number = 0  # of the file within its time
        self._count = 1  # of all files
        self._since_ns: int | None = None  # time of the first frame that the current file may have
        self._named_ns = time.time_ns()  # what the names of this time say
        self._file = begin(self._path())

    @property
    def problem(self) -> str | None:
        """Why nothing more can be written, in one line."""
        return self._problem or self._file.problem

    @property
    def is_unread(self) -> bool:
        """Say whether it is a pipe whose reader has gone."""
        return self._file.is_unread

    def write(self, interface: int, buffer: Buffer, frames: Frames, count: int) -> bool:
        """Add the frames of a batch, to one file or several; say whether more can be taken."""
        sizes = list(accumulate(self._file.size_of(frames.captured[index]) for index in range(count)))
        at = 0
        while at < count:
            if not self._turn(frames.time_ns[at]):
                return False
            # The first frame behind which the file is too large is still written into it, as tcpdump does.
            end = count
            if self._turns.size is not None:
                before = sizes[at - 1] if at else 0
                end = min(count, bisect_right(sizes, self._turns.size - self._file.size + before, at) + 1)
            if self._turns.seconds is not None:
                end = self._end_of_time(frames.time_ns, at, end)
            part = Frames(*(memoryview(column)[at:end] for column in frames))  # type: ignore[arg-type]
            if not self._file.write(interface, buffer, part, end - at):
                return False
            at = end
        return True

    def close(self) -> None:
        """Close the last file."""
        if self._problem is None:
            self._file.close()

    def _end_of_time(self, times: "array[int]", at: int, end: int) -> int:
        """Return the first frame from ``at`` to ``end`` that belongs into the next file, else ``end``."""
        assert self._turns.seconds is not None
        assert self._since_ns is not None
        limit = self._since_ns + round(self._turns.seconds * NS)
        return next((index for index in range(at, end) if times[index] >= limit), end)

    def _turn(self, time_ns: int) -> bool:
        """Begin the next file where the frame of that time needs one; false where there is to be none."""
        turns = self._turns
        if self._since_ns is None:
            self._since_ns = time_ns
        late = turns.seconds is not None and time_ns >= self._since_ns + round(turns.seconds * NS)
        large = turns.size is not None and self._file.size > turns.size
        if not (late or large):
            return True
        if late:
            if turns.files is not None and turns.size is None and self._count >= turns.files:
                return False  # as many files as were wanted
            self._since_ns = self._named_ns = time_ns
            self._number = 0
        else:
            self._number += 1
            if turns.files is not None and turns.seconds is None:
                self._number %= turns.files
        self._count += 1
        self._file.close()
        if self.problem is None:
            try:
                self._file = self._begin(self._path())
            except InputError as error:  # the folder is gone, say: what was captured is still to be shown
                self._problem = str(error)
        return self.problem is None

    def _path(self) -> str:
        """Return the name of the next file."""
        turns = self._turns
        path = self.name
        if turns.seconds is not None:
            path = time.strftime(path, time.localtime(self._named_ns / NS))
        if turns.size is None:
            return path
        if turns.files is not None:
            return f"{path}{self._number:0{len(str(turns.files - 1))}d}"
        return f"{path}{self._number}" if self._number else path
