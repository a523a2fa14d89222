"""What the session uses to turn frames into segments: the decoding kernels and the columns that they fill."""

import os
from array import array
from typing import TYPE_CHECKING

from tcptrace import kernels
from tcptrace.model.columns import BATCH, COUNTERS, SKIP_NAMES, Frames, Segments
from tcptrace.model.errors import UsageError
from tcptrace.wire.links import link_name, links_table

if TYPE_CHECKING:
    from tcptrace.wire import decode, duplicates, network
else:
    network = kernels.load("wire.network")
    decode = kernels.load("wire.decode")
    duplicates = kernels.load("wire.duplicates")

CHECKSUMS = ("none", "flags", "all")  # which segments are checked; "flags": those with SYN, FIN or RST
LINK_TYPES_KEPT = 64  # how many link types are remembered


class Decoder:
    """Decodes the batches of one capture, in order.

    ``segments`` and ``duplicate`` ('B': 1 where the segment is a second copy of an earlier one) hold the last
    batch; ``counters`` ('q', see ``COUNT_...``) and ``link_names`` run on over the capture.
    """

    def __init__(self, checksums: str = "flags", size: int = BATCH) -> None:
        """Take batches of at most ``size`` frames."""
        if checksums not in CHECKSUMS:
            raise UsageError(f"checksums: {checksums!r} is not known; use one of {', '.join(CHECKSUMS)}")
        self.segments = Segments.empty(size)
        self.duplicate = array("B", bytes(size))
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
        self._copies = duplicates.Duplicates()

    def decode(self, buffer: bytes | bytearray | memoryview, frames: Frames, count: int) -> int:
        """Decode ``count`` frames of ``buffer`` and return how many segments are valid in the columns."""
        if count > self._size:
            raise ValueError(f"a batch of {count} frames for columns of {self._size}")
        made = self._decode.run(buffer, frames, count)
        segments = self.segments
        self.duplicates += self._copies.mark(
            segments.fingerprint, segments.time_ns, segments.marks, made, self.duplicate
        )
        return made

    @property
    def link_names(self) -> list[str]:
        """The link types met so far, by name, in the order in which they came; each name once."""
        return list(dict.fromkeys(link_name(number) for number in self._seen[: self._network.seen_count]))

    @property
    def skipped(self) -> dict[str, int]:
        """How many frames are no segments, by reason, as the contract's ``skipped`` has it."""
        return dict(zip(SKIP_NAMES, self.counters, strict=False))
