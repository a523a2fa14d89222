"""Frames as they pass an interface of this machine (Linux): a ``Source`` that somebody may stop.

``source.copier`` has the thread that copies blocks out of the kernel's rings; whoever runs ``batches`` walks
through the copies, writes them down and analyses them.
"""

import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tcptrace import kernels
from tcptrace.model.columns import BATCH, Frames
from tcptrace.model.errors import InputError
from tcptrace.source.base import Batch
from tcptrace.source.copier import Copier
from tcptrace.source.dump import FrameFile
from tcptrace.source.filter import Filter
from tcptrace.source.interface import Interface, find_interface
from tcptrace.source.kernel_filter import keep_all, kernel_program
from tcptrace.source.messages import Messages
from tcptrace.source.packet_socket import NoMemoryError, PacketSocket
from tcptrace.source.ring import RETIRE_MS, Ring
from tcptrace.source.together import Together
from tcptrace.wire.links import link_name
from tcptrace.wire.writer import MAX_SNAP

if TYPE_CHECKING:
    from tcptrace.wire import ring as walking
else:
    walking = kernels.load("wire.ring")


_WAIT_S = RETIRE_MS / 1000  # for a block, while frames of another interface wait


class _Tap(NamedTuple):
    """An interface that is captured on."""

    ring: PacketSocket
    walker: "walking.RingWalker"
    filter: Filter | None  # what the kernel could not judge


class LiveSource:
    """The frames of some interfaces (a ``Source``). ``batches`` can be run through once.

    Those of several interfaces come in order of time (``source.together``).
    """

    format = "live"
    date_known = True

    def __init__(
        self,
        names: Sequence[str],
        *,
        words: Filter | None = None,
        snap: int = MAX_SNAP,
        limit: int | None = None,
        duration_s: float | None = None,
        promiscuous: bool = False,
        ring: bool = True,
        buffer_octets: int | None = None,
    ) -> None:
        """Open the interfaces. ``InputError`` where one is not there, or there is no permission.

        For each of them the kernel keeps ``buffer_octets`` until they are taken (see ``PacketSocket``). At most
        ``limit`` frames are taken of those that ``words`` select, ``snap`` octets of each; after ``duration_s``
        seconds it ends. Without ``ring``, or where the kernel has none, frames are read one by one.
        """
        names = list(dict.fromkeys(names))  # one that is named twice does not give its frames twice
        self.interfaces: list[Interface] = [_usable(name) for name in names]
        self.name = ",".join(names)
        self.link_types = list(dict.fromkeys(link_name(each.link) for each in self.interfaces))
        self.snap = snap
        self.complete = True
        self.problem: str | None = None
        self.dropped = 0
        self.beat_s: float | None = None  # where nothing comes for so long, a batch without frames does
        self.captured = 0  # frames taken, after filter and limit
        self.frozen = 0  # how often the kernel found a ring full
        self._limit = limit
        self._file: FrameFile | None = None
        self._frames = Frames.empty()
        self._taps: list[_Tap] = []
        opening = partial(
            _open_ring if ring else Messages, promiscuous=promiscuous, buffer_octets=buffer_octets
        )
        try:
            for interface in self.interfaces:
                self._taps.append(_open_tap(interface, words, snap, opening))
        except BaseException:
            self._close_taps()
            raise
        self._copier = Copier([tap.ring for tap in self._taps], duration_s)
        self._is_open = True

    def write_to(self, file: FrameFile) -> None:
        """Have every frame written down before it is handed on; the file is closed with the source."""
        self._file = file

    def start(self) -> None:
        """Let frames come: from here on none is missed."""
        self._copier.start()

    def stop(self) -> None:
        """End the capture: what has come until now is still handed on. A signal handler may call it."""
        self._copier.stop()

    def batches(self) -> Iterator[Batch]:
        """Yield batches until the end: ``stop``, limit, time, interface gone, or file full."""
        try:
            yield from self._merged() if len(self._taps) > 1 else self._as_they_come()
        finally:
            self._finish()

    def close(self) -> None:
        """Let go of the interfaces."""
        if self._is_open:
            self._is_open = False
            self._copier.close()
            self._close_taps()
            if self._file is not None:
                self._file.close()

    def _close_taps(self) -> None:
        for tap in self._taps:
            tap.ring.close()

    def _as_they_come(self) -> Iterator[Batch]:
        """Yield the frames of the one interface."""
        while True:
            block = self._next_block(self.beat_s)
            if block is None:
                if self._copier.is_over:
                    return
                yield Batch(b"", self._frames, 0)
                continue
            number, octets = block
            for count in self._walk(self._taps[number], octets):
                batch, is_end = self._hand_on(number, octets, count)
                yield batch
                if is_end:
                    return
            self._copier.give_back(octets)

    def _merged(self) -> Iterator[Batch]:
        """Yield the frames of several interfaces, in order of time."""
        together = Together(len(self._taps))
        is_over = False
        while not is_over:
            block = self._next_block(_WAIT_S if self.beat_s is None else min(_WAIT_S, self.beat_s))
            if block is not None:
                number, octets = block
                walk = self._walk(self._taps[number], octets)
                pieces = [Frames(*(column[:count] for column in self._frames)) for count in walk]
                together.add(number, octets, pieces)
                if not pieces:
                    self._copier.give_back(octets)
            else:
                is_over = self._copier.is_over
                yield Batch(b"", self._frames, 0)
            for run in together.runs(None if is_over else time.time_ns()):
                count = run.end - run.at
                for column, values in zip(self._frames, run.frames, strict=True):
                    column[:count] = values[run.at : run.end]
                batch, is_end = self._hand_on(run.interface, run.octets, count)
                yield batch
                if is_end:
                    return
                if run.is_spent:
                    self._copier.give_back(run.octets)

    def _next_block(self, wait_s: float | None) -> tuple[int, bytearray] | None:
        """Return the next block and its interface's number; ``None`` where none came in time, or at the end."""
        block = self._copier.next_block(wait_s)
        if block is not None:
            self.dropped = sum(tap.ring.counts().dropped for tap in self._taps)
        return block

    def _hand_on(self, interface: int, octets: bytearray, count: int) -> tuple[Batch, bool]:
        """Number and write the frames in the columns; return them as a batch, and whether it is the last one."""
        if self._limit is not None:
            count = min(count, self._limit - self.captured)
        first, numbers = self.captured + 1, self._frames.number
        self.captured += count
        if count and (numbers[0] != first or numbers[count - 1] != self.captured):  # of several, or filtered
            numbers[:count] = array("q", range(first, first + count))
        written = self._file is None or self._file.write(interface, octets, self._frames, count)
        return Batch(octets, self._frames, count), not written or self.captured == self._limit

    def _walk(self, tap: _Tap, octets: bytearray) -> Iterator[int]:
        """Fill the columns with the block's frames, a batch a turn, and yield how many there are."""
        tap.walker.begin(octets)
        while True:
            count = tap.walker.walk(octets, BATCH, self.captured, *self._frames)
            if not count:
                return
            if tap.filter is not None:
                count = tap.filter.select(octets, self._frames, count)
            if count:
                yield count

    def _finish(self) -> None:
        """Bring the attributes up to what is known at the end."""
        told = [tap.ring.counts() for tap in self._taps]
        self.dropped = sum(each.dropped for each in told)
        self.frozen = sum(each.frozen for each in told)
        self.problem = self._copier.problem
        if self._file is not None:
            self.problem = self._file.problem or self.problem
        self.complete = self.problem is None


def _usable(name: str) -> Interface:
    """Return an interface that frames can come from."""
    interface = find_interface(name)
    if not interface.is_up:
        raise InputError(f"{name}: the interface is down; bring it up: ip link set {name} up")
    return interface


def _open_tap(
    interface: Interface, words: Filter | None, snap: int, opening: Callable[..., PacketSocket]
) -> _Tap:
    """Open an interface, with the filter in the kernel where that can judge it."""
    program = kernel_program(words, interface, snap)
    attached = keep_all(snap) if program is None else program
    walker = walking.RingWalker(int(sys.byteorder == "big"), int(interface.is_cooked), interface.link, snap)
    return _Tap(opening(interface, attached), walker, words if program is None else None)


def _open_ring(
    interface: Interface, program: "array[int]", promiscuous: bool, buffer_octets: int | None
) -> PacketSocket:
    """Open a ring, or a socket without one where the kernel has none (gVisor, little memory)."""
    try:
        return Ring(interface, program, promiscuous, buffer_octets)
    except NoMemoryError:
        raise
    except InputError:  # without the right to capture, the same is said once more
        return Messages(interface, program, promiscuous, buffer_octets)
