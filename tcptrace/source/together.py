"""Frames of several interfaces put in order of time while they come.

The kernel hands over each interface's frames by itself, in their order, some of them late. A frame is let go when no
other interface can still hand over an earlier one: when each has handed over a later one, or had the time for it.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tcptrace.model.columns import Frames
from tcptrace.source.ring import RETIRE_MS

LATE_NS = 3 * RETIRE_MS * 1_000_000  # so long the kernel may keep a frame, with something to spare
MOST_BLOCKS = 128  # are held; beyond it, order gives way to memory


class _Piece:
    """Frames of one block."""

    def __init__(self, octets: bytearray, frames: Frames, is_last: bool) -> None:
        self.octets = octets
        self.frames = frames
        self.is_last = is_last  # of its block
        self.at = 0  # how many were taken

    @property
    def time_ns(self) -> int:
        """The time of the next frame."""
        return self.frames.time_ns[self.at]


class Run(NamedTuple):
    """Frames of one interface that come one after the other."""

    interface: int
    octets: bytearray
    frames: Frames  # of the whole piece
    at: int
    end: int
    is_spent: bool  # the block has no further frame


class Together:
    """What was handed over and not yet let go."""

    def __init__(self, interfaces: int) -> None:
        self._queues: list[deque[_Piece]] = [deque() for _ in range(interfaces)]
        self._latest_ns = [0] * interfaces
        self._blocks = 0

    def add(self, interface: int, octets: bytearray, pieces: list[Frames]) -> None:
        """Take the frames of a block, which is not to be written again until its last run is spent."""
        for number, frames in enumerate(pieces, 1):
            self._queues[interface].append(_Piece(octets, frames, number == len(pieces)))
            self._latest_ns[interface] = max(self._latest_ns[interface], frames.time_ns[-1])
        self._blocks += bool(pieces)

    def runs(self, now_ns: int | None) -> Iterator[Run]:
        """Yield what can be let go at a time, ``None``: at the end."""
        until_ns = None
        if now_ns is not None and self._blocks <= MOST_BLOCKS:
            until_ns = min(max(latest, now_ns - LATE_NS) for latest in self._latest_ns)
        while True:
            heads = sorted((queue[0].time_ns, number) for number, queue in enumerate(self._queues) if queue)
            if not heads or (until_ns is not None and heads[0][0] > until_ns):
                return
            bound_ns = until_ns
            if len(heads) > 1:
                # Of equal times that of the interface that was named first.
                next_ns = heads[1][0] - (heads[1][1] < heads[0][1])
                bound_ns = next_ns if bound_ns is None else min(bound_ns, next_ns)
            yield self._take(heads[0][1], bound_ns)

    def _take(self, interface: int, bound_ns: int | None) -> Run:
        """Take the frames up to a time from the first piece of an interface, at least one."""
        queue = self._queues[interface]
        piece = queue[0]
        times, at = piece.frames.time_ns, piece.at
        end = at + 1
        while end < len(times) and (bound_ns is None or times[end] <= bound_ns):
            end += 1
        piece.at = end
        is_spent = end == len(times)
        if is_spent:
            queue.popleft()
            self._blocks -= piece.is_last
        return Run(interface, piece.octets, piece.frames, at, end, is_spent and piece.is_last)
