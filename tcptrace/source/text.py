"""Frames from tcpdump's printed text: packets drawn up again, or printed in octets, by ``wire.printed``, batch by batch."""

from collections.abc import Iterable, Iterator

from tcptrace.model.columns import BATCH, Frames
from tcptrace.source.base import Batch
from tcptrace.source.octets import Input
from tcptrace.wire.links import link_name
from tcptrace.wire.printed import PrintedReader, is_printed

__all__ = ["TextSource", "is_printed"]

TEXT_OCTETS = 65536


class TextSource:
    """The frames of a listing that tcpdump printed (a ``Source``). ``batches`` can be run through once."""

    def __init__(self, name: str, octets: Input, head: bytes) -> None:
        """Take an input of which ``head`` has been read."""
        self.name = name
        self.format = PrintedReader.format
        self.link_types: list[str] = []
        self.complete = True
        self.problem: str | None = None
        self.date_known = True
        self.dropped = 0
        self.printed = (
            b""  # of each frame of the last batch: 1 where it is printed octets, not drawn up again
        )
        self._octets = octets
        self._head = head
        self._reader = PrintedReader()
        self._frames = Frames.empty()
        self._numbered = 0

    def batches(self) -> Iterator[Batch]:
        """Yield batches until the input ends."""
        piece = memoryview(bytearray(TEXT_OCTETS))
        data = self._head
        while data:
            self._reader.feed(data)
            yield from self._whole_batches()
            data = bytes(piece[: self._octets.read_into(piece)])
        self._reader.finish()
        yield from self._whole_batches()
        self.date_known = self._reader.date_known
        self.problem = self._octets.problem
        self.complete = self.problem is None

    def _note(self, names: Iterable[str]) -> None:
        """Remember link types in order of appearance."""
        self.link_types += [name for name in names if name not in self.link_types]

    def close(self) -> None:
        """Let go of the file."""
        self._octets.close()

    def _whole_batches(self) -> Iterator[Batch]:
        """Yield what the reader has ready."""
        self.date_known = self._reader.date_known
        while packets := self._reader.take(BATCH):
            self.printed = self._reader.printed
            frames = self._frames
            octets = bytearray()
            for index, (time_ns, captured, wire, link) in enumerate(packets):
                self._numbered += 1
                frames.offset[index] = len(octets)
                frames.captured[index] = len(captured)
                frames.wire[index] = wire
                frames.time_ns[index] = time_ns
                frames.link[index] = link
                frames.number[index] = self._numbered
                octets += captured
            self._note({link_name(packet[3]): None for packet in packets})
            yield Batch(octets, frames, len(packets))
