"""Frames from pcap and pcapng records: an input's octets go through a reader of ``wire``, batch by batch."""

from collections.abc import Iterator

from tcptrace.model.columns import Frames
from tcptrace.model.errors import InputError
from tcptrace.model.light import Protocol
from tcptrace.source.base import Batch
from tcptrace.source.octets import Input, named
from tcptrace.wire.links import link_name

# Measured best for captures with a short snap length: it stays in the cache between walk and decode.
BUFFER_OCTETS = 262144
# Full-size frames fill that with few frames, and then what a batch costs counts: measured a third less CPU time.
LARGE_OCTETS = 1 << 20
FEW = 512  # frames in a full buffer


class Reader(Protocol):
    """What ``wire.pcap.PcapReader`` and ``wire.pcapng.PcapngReader`` have in common."""

    format: str
    position: int
    begun: bool
    links: list[int]
    problem: str | None

    def walk(
        self, buffer: bytes | bytearray | memoryview, start: int, end: int, base: int, frames: Frames
    ) -> int:
        """Fill ``frames`` from ``buffer[start:end]`` and return how many."""

    def finish(self, buffer: bytes | bytearray | memoryview, start: int, end: int, base: int) -> None:
        """Take note that the input ends."""


class RecordSource:
    """The frames of a pcap or pcapng input (a ``Source``). ``batches`` can be run through once."""

    def __init__(self, name: str, octets: Input, head: bytes, reader: Reader) -> None:
        """Take an input of which ``head`` has been read."""
        self.name = name
        self.format = reader.format
        self.link_types: list[str] = []
        self.complete = True
        self.problem: str | None = None
        self.date_known = True
        self.dropped = 0
        self._octets = octets
        self._head = head
        self._reader = reader
        self._frames = Frames.empty()

    def batches(self) -> Iterator[Batch]:
        """Yield batches until the input ends; ``InputError`` where not even its first header is whole."""
        if self._octets.memory is not None:
            yield from self._walk_memory(self._octets.memory)
        else:
            yield from self._walk_pieces()
        self._note()
        if not self._reader.begun:
            raise InputError(
                f"{named(self.name)}: {self.problem}; nothing lies before that, get the file again"
            )

    def close(self) -> None:
        """Let go of the file."""
        self._octets.close()

    def _note(self) -> None:
        """Bring the attributes up to what the reader knows."""
        for number in self._reader.links:
            if link_name(number) not in self.link_types:
                self.link_types.append(link_name(number))
        self.problem = self._reader.problem or self._octets.problem
        self.complete = self.problem is None

    def _walk_memory(self, buffer: memoryview) -> Iterator[Batch]:
        """Yield the frames of ``buffer``, which is the whole input."""
        reader, frames, end = self._reader, self._frames, len(buffer)
        start, room = reader.position, len(frames.offset)
        while True:
            count = reader.walk(buffer, start, end, 0, frames)
            start = reader.position
            if count:
                yield Batch(buffer, frames, count)
            if count < room or start >= end or reader.problem:
                break
        reader.finish(buffer, start, end, 0)

    def _walk_pieces(self) -> Iterator[Batch]:
        """Yield frames as the octets come, through one buffer that grows only for octets that are there."""
        reader, frames = self._reader, self._frames
        room = len(frames.offset)
        buffer = bytearray(max(BUFFER_OCTETS, len(self._head)))
        end = len(self._head)
        buffer[:end] = self._head
        start = reader.position  # behind `end` where a long block is passed over
        base = count = 0  # where the buffer lies in the file; frames that the last walk found
        while True:
            if start <= end:
                count = reader.walk(buffer, start, end, base, frames)
                start = reader.position
                if count:
                    yield Batch(buffer, frames, count)
                if reader.problem:
                    return
                if count == room:
                    continue
            if start <= end == len(buffer) < LARGE_OCTETS and count < FEW:
                rest = buffer[start:end]
                buffer = rest + bytes(LARGE_OCTETS - len(rest))
                base += start
                start, end = 0, len(rest)
            elif start >= end:
                base += end
                start -= end
                end = 0
            elif end == len(buffer):
                buffer, moved = _make_room(buffer, start)
                base += moved
                start -= moved
                end -= moved
            count = self._octets.read_into(memoryview(buffer)[end:])
            if not count:
                # Where the input has a fault, that is the cause of what would be cut short here.
                if not self._octets.problem:
                    reader.finish(buffer, start, end, base)
                return
            end += count


def _make_room(buffer: bytearray, start: int) -> tuple[bytearray, int]:
    """Return a buffer with room behind ``buffer[start:]``, and by how much these octets moved.

    They are moved to the front; where they are there already, the buffer is doubled. So each octet is moved a
    bounded number of times, and what a record claims allocates nothing: no more than twice what was read.
    """
    if start:
        tail = len(buffer) - start
        buffer[:tail] = buffer[start:]
        return buffer, start
    return buffer + bytes(len(buffer)), 0
