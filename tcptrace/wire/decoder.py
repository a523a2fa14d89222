"""What the session uses to turn frames into segments: the decoding kernels and the columns that they fill."""

import os
from array import array
from collections.abc import Iterator

from tcptrace import kernels
from tcptrace.model.columns import BATCH, COUNT_FRAGMENT, COUNTERS, SKIP_NAMES, Frames, Segments
from tcptrace.model.errors import UsageError
from tcptrace.model.light import TYPE_CHECKING, cached_property
from tcptrace.wire.links import DATAGRAM, link_name, links_table

if TYPE_CHECKING:
    from tcptrace.wire import decode, duplicates, network
    from tcptrace.wire.fragments import Fragments, Whole
else:
    network = kernels.load("wire.network")
    decode = kernels.load("wire.decode")
    duplicates = kernels.load("wire.duplicates")

CHECKSUMS = ("none", "flags", "all")  # which segments are checked; "flags": those with SYN, FIN or RST
LINK_TYPES_KEPT = 64  # how many link types are remembered
MAX_NESTED = 8  # datagrams put together, one in another
Octets = bytes | bytearray | memoryview


class Decoder:
    """Decodes the batches of one capture, in order, and puts fragments together.

    ``segments``, ``duplicate`` ('B': 1 where the segment is a second copy of an earlier one) and ``earlier`` ('q', of
    a copy: that one's frame << APART_BITS | the time between them in ns) hold the last run; ``counters`` ('q', see
    ``COUNT_...``) and ``link_names`` go on over the capture. ``whole`` is the last datagram that was put together; its
    last fragment was in frame ``whole_frame``. Whoever makes ``pieces`` a dictionary finds there the frames of each
    datagram's fragments, by the frame that completed it.
    """

    def __init__(self, checksums: str = "flags", size: int = BATCH) -> None:
        """Take batches of at most ``size`` frames."""
        if checksums not in CHECKSUMS:
            raise UsageError(f"checksums: {checksums!r} is not known; use one of {', '.join(CHECKSUMS)}")
        self.segments = Segments.empty(size)
        self.duplicate = array("B", bytes(size))
        self.earlier = array("q", bytes(8 * size))
        self.duplicates = 0  # how many of all segments so far are second copies
        self.counters = array("q", bytes(8 * COUNTERS))
        self._size = size
        # Keys that nobody outside knows, so that nobody can make packets that collide.
        keys = array("Q", os.urandom(8 * decode.HASH_KEYS))
        self._seen = array("i", bytes(4 * LINK_TYPES_KEPT))
        self._network = network.Network(links_table(), self._seen)
        self._decode = decode.Decode(
            self.segments, self.counters, self._network, keys, CHECKSUMS.index(checksums)
        )
        self._decode.stops = 1
        self._copies = duplicates.Duplicates()
        self._one = Frames.empty(1)
        self.whole: Whole | None = None
        self.whole_frame = 0
        self.pieces: dict[int, tuple[int, ...]] | None = None

    def runs(self, buffer: Octets, frames: Frames, count: int) -> Iterator[tuple[Octets, int]]:
        """Decode ``count`` frames of ``buffer``; yield, run by run, the octets and how many segments are valid.

        The columns are written again for the next run, and their places are in the octets of theirs: ``buffer``, or
        a datagram that was put together, whose segment is a run of its own. The last run may be empty.
        """
        if count > self._size:
            raise ValueError(f"a batch of {count} frames for columns of {self._size}")
        made = first = 0
        while True:
            made = self._decode.run(buffer, frames, count, first, made)
            first = self._decode.stopped + 1
            if first > count:
                break
            number, time_ns = frames.number[first - 1], frames.time_ns[first - 1]
            whole = self._put_together(buffer, time_ns, number)
            if whole is not None:
                if made:
                    yield buffer, self._marked(made)
                    made = 0
                yield from self._datagram(whole, time_ns, number)
        yield buffer, self._marked(made)

    @cached_property
    def _fragments(self) -> "Fragments":
        """The datagrams that are waited for; few captures have fragments."""
        from tcptrace.wire.fragments import Fragments

        return Fragments()

    def _put_together(self, buffer: Octets, time_ns: int, number: int) -> "Whole | None":
        """Return the datagram that the fragment at hand makes whole, if it does."""
        network = self._network
        start, stop = network.start, network.stop
        packet = bytes(buffer[start : min(stop, network.end)])
        header = (packet[0] & 15) << 2 if packet[0] >> 4 == 4 else network.at - start + 8
        whole = self._fragments.add(packet, stop - start, header, time_ns, number)
        if whole is not None:
            self.counters[COUNT_FRAGMENT] -= 1  # the frame counts as what the datagram is
            self.whole, self.whole_frame = whole, number
            if self.pieces is not None:
                frames = (piece for frame in whole.frames for piece in self.pieces.get(frame, (frame,)))
                self.pieces[number] = tuple(dict.fromkeys(frames))
        return whole

    def _datagram(self, whole: "Whole", time_ns: int, number: int) -> Iterator[tuple[Octets, int]]:
        """Decode a datagram; what is in it may be a fragment in turn."""
        one = self._one
        for _ in range(MAX_NESTED):
            one.captured[0], one.wire[0] = len(whole.octets), whole.size
            one.link[0], one.number[0], one.time_ns[0] = DATAGRAM, number, time_ns
            made = self._decode.run(whole.octets, one, 1)
            if self._decode.stopped == 1:
                if made:
                    yield whole.octets, self._marked(made)
                return
            inner = self._put_together(whole.octets, time_ns, number)
            if inner is None:
                return
            whole = inner
        self.counters[COUNT_FRAGMENT] += 1

    def _marked(self, made: int) -> int:
        """Mark the copies among the segments and return how many segments there are."""
        segments = self.segments
        self.duplicates += self._copies.mark(
            segments.fingerprint, segments.time_ns, segments.marks, segments.frame, made, self.duplicate, self.earlier
        )  # fmt: skip
        return made

    @property
    def link_names(self) -> list[str]:
        """The link types met so far, by name, in the order in which they came; each name once."""
        return list(dict.fromkeys(link_name(number) for number in self._seen[: self._network.seen_count]))

    @property
    def skipped(self) -> dict[str, int]:
        """How many frames are no segments, by reason, as the contract's ``skipped`` has it."""
        return dict(zip(SKIP_NAMES, self.counters, strict=False))
