"""Several captures as one: frames merged by time and numbered through.

The order is mergecap's: of the next frames of all parts the earliest comes first, of equal times that of the
part that was named first; the frames of one part keep their order even where its clock goes back.
"""

import os
from array import array
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from tcptrace.model.columns import BATCH, Frames
from tcptrace.model.errors import InputError, UsageError
from tcptrace.source.base import Batch, Source
from tcptrace.source.octets import named
from tcptrace.source.open import open_source

# With more parts than this, each is closed once its first frame is known, and opened again when its time comes:
# a rotated set then has one or two files open, however many it consists of.
OPEN_PARTS = 64
LONG_RUN = (
    64  # frames; so many in a row from one part are handed on where they lie, fewer are copied together
)
NAMES_SHOWN = 3


class _Part:
    """One capture of several, and how far it has been read."""

    def __init__(self, target: Any, index: int) -> None:
        self.index = index
        self.source: Source | None = None
        self.name = "<bytes>"
        self.time_ns = 0  # of the next frame
        self.problem: str | None = None
        self.format = ""
        self.link_types: list[str] = []
        self.date_known = True
        self._target = target
        self._batches: Iterator[Batch] = iter(())
        self._batch: Batch | None = None
        self._at = 0  # frames of the batch that were taken

    def begin(self) -> bool:
        """Open it and read up to its first frame; false where there is none."""
        path = self._target if isinstance(self._target, str | os.PathLike) else None
        if path is not None and os.path.isfile(path) and os.path.getsize(path) == 0:
            # A rotating writer has just made it, and still holds what belongs into it.
            self.name, self.problem = os.fsdecode(path), "empty"
            return False
        self.source = open_source(self._target)
        self._batches = self.source.batches()
        return self._fetch()

    def rest(self) -> None:
        """Close the file until its time comes, if it can be read again from its beginning."""
        is_path = isinstance(self._target, str | os.PathLike) and self._target != "-"
        if self.source is not None and (is_path and os.path.isfile(self._target)):
            self.source.close()
            self.source = None
            self._batches = iter(())
            self._batch = None

    def wake(self) -> bool:
        """Open it again where it was closed; false where nothing is in it any more."""
        return self._batch is not None or self.begin()

    def run(self, bound_ns: int | None) -> int:
        """Return how many frames in a row, within the batch, are not later than ``bound_ns`` (None: all)."""
        assert self._batch is not None
        at, count, times = self._at, self._batch.count, self._batch.frames.time_ns
        if bound_ns is None:
            return count - at
        while at < count and times[at] <= bound_ns:
            at += 1
        return at - self._at

    def take(self, run: int) -> tuple[Batch, int]:
        """Return the batch and the place of the first of the next ``run`` frames, which count as taken."""
        assert self._batch is not None
        at = self._at
        self._at += run
        if self._at < self._batch.count:
            self.time_ns = self._batch.frames.time_ns[self._at]
        return self._batch, at

    @property
    def is_spent(self) -> bool:
        """Whether no frame of the batch is left."""
        return self._batch is None or self._at >= self._batch.count

    def more(self) -> bool:
        """Say whether there is a next frame, having read the next batch where one is needed."""
        return not self.is_spent or self._fetch()

    def close(self) -> None:
        """Let go of the file, and of the batch."""
        self._batch = None
        if self.source is not None:
            self._note(self.source)
            self.source.close()
            self.source = None

    def _fetch(self) -> bool:
        """Read the next batch that has a frame in it."""
        source = self.source
        if source is None:
            return False
        for batch in self._batches:
            if batch.count:
                self._batch, self._at = batch, 0
                self.time_ns = batch.frames.time_ns[0]
                self._note(source)
                return True
        self.close()
        return False

    def _note(self, source: Source) -> None:
        self.name, self.format, self.problem = named(source.name), source.format, source.problem
        self.link_types, self.date_known = source.link_types, source.date_known


class MergedSource:
    """The frames of several captures as those of one (a ``Source``). ``batches`` can be run through once."""

    def __init__(self, targets: Sequence[Any]) -> None:
        """Open all of ``targets`` (as ``open_source`` takes them) and read up to their first frames.

        ``InputError`` where one of them is no capture, or its times cannot be compared with the others'.
        """
        if not targets:
            raise UsageError("no capture at all; name at least one")
        if sum(target == "-" for target in targets if isinstance(target, str)) > 1:
            raise UsageError("-: named twice; standard input can be read once")
        self._parts = [_Part(target, index) for index, target in enumerate(targets)]
        self._waiting: list[
            tuple[int, int]
        ] = []  # time of the next frame and index of each part that has one
        try:
            for part in self._parts:
                if part.begin():
                    self._waiting.append((part.time_ns, part.index))
                    if len(targets) > OPEN_PARTS:
                        part.rest()
            self._check_dates()
        except BaseException:
            self.close()
            raise
        heapify(self._waiting)
        self.name = _listed([part.name for part in self._parts], ", ")
        self.format = ", ".join(dict.fromkeys(part.format for part in self._parts if part.format))
        self.link_types: list[str] = []
        self.complete = True
        self.problem: str | None = None
        self.date_known = True
        self.dropped = 0
        self._frames = Frames.empty()
        self._numbered = 0

    def batches(self) -> Iterator[Batch]:
        """Yield batches until all parts have ended."""
        frames, octets, filled = self._frames, bytearray(), 0
        waiting = self._waiting
        while waiting:
            _, index = heappop(waiting)
            part = self._parts[index]
            if not part.wake():
                continue
            bound_ns = None
            if waiting:
                next_ns, other = waiting[0]
                bound_ns = next_ns if index < other else next_ns - 1
            run = part.run(bound_ns)
            if run >= LONG_RUN or filled + run > BATCH:
                if filled:
                    yield self._numbering(Batch(octets, frames, filled))
                    octets, filled = bytearray(), 0
            if run >= LONG_RUN:
                yield self._numbering(_cut_out(*part.take(run), run, frames))
            elif run:
                filled = _copy(*part.take(run), run, frames, octets, filled)
            if part.is_spent and filled:
                yield self._numbering(Batch(octets, frames, filled))  # reading on may take long
                octets, filled = bytearray(), 0
            if part.more():
                heappush(waiting, (part.time_ns, index))
        if filled:
            yield self._numbering(Batch(octets, frames, filled))
        self._sum_up()

    def close(self) -> None:
        """Let go of all files."""
        for part in self._parts:
            part.close()

    def _numbering(self, batch: Batch) -> Batch:
        """Number the frames through."""
        first = self._numbered + 1
        self._numbered += batch.count
        batch.frames.number[: batch.count] = array("q", range(first, self._numbered + 1))
        return batch

    def _check_dates(self) -> None:
        """Times of printed text without dates count from 1970: they say nothing beside other times."""
        undated = [part for part in self._parts if not part.date_known]
        if undated and any(part.date_known and part.format for part in self._parts):
            raise InputError(
                f"{undated[0].name}: its times have no dates, so it cannot be merged with others by time; "
                "print it with `tcpdump -tttt`"
            )

    def _sum_up(self) -> None:
        """Bring the attributes up to what the parts say at their ends."""
        for part in self._parts:
            self.link_types += [name for name in part.link_types if name not in self.link_types]
        problems = [f"{part.name}: {part.problem}" for part in self._parts if part.problem]
        self.problem = _listed(problems, "; ") if problems else None
        self.complete = not problems
        self.date_known = all(part.date_known for part in self._parts)


def _cut_out(batch: Batch, at: int, run: int, frames: Frames) -> Batch:
    """Return ``run`` frames from ``at`` on as a batch of their own, octets where they lie."""
    if at == 0 and run == batch.count:
        return batch
    for column, source in zip(frames, batch.frames, strict=True):
        column[:run] = source[at : at + run]
    return Batch(batch.buffer, frames, run)


def _copy(batch: Batch, at: int, run: int, frames: Frames, octets: bytearray, filled: int) -> int:
    """Copy ``run`` frames from ``at`` on behind the ``filled`` ones that are there; return how many there are."""
    end = filled + run
    for column, source in zip(frames, batch.frames, strict=True):
        column[filled:end] = source[at : at + run]
    for place in range(filled, end):
        start, size = frames.offset[place], frames.captured[place]
        frames.offset[place] = len(octets)
        octets += memoryview(batch.buffer)[start : start + size]
    return end


def _listed(words: list[str], between: str) -> str:
    """Return the first words and how many more there are."""
    more = len(words) - NAMES_SHOWN
    return between.join(words[:NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
