"""What waits for its turn: records of connections given up early, and the segments behind ``--frames`` and ``show``.

Both are kept in memory up to 64 MiB and in a temporary file beyond.
"""

import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import IO, Generic, TypeVar

import msgspec

from tcptrace.model.columns import SACK_WORDS, Segments
from tcptrace.model.errors import UsageError
from tcptrace.model.records import Connection, Segment, Side, Sides
from tcptrace.model.tcpflags import ACK, FLAG_NAMES, OPT_MSS, OPT_SCALE

T = TypeVar("T")
MEMORY = 64 * 1024 * 1024
MASK32 = 0xFFFFFFFF
# Previous row of the stream, frame, time, seq, ack, length, window, flags, side, OPT_ bits, MSS, scale, SACK
# blocks and where these lie.
_ROW = Struct("=qqqIIIHHBHHBBq")
_BLOCK = Struct("=II")

# Which steps an end's states come from: (place, side, state after).
Steps = list[tuple[int, Side, str]]
SIDES: tuple[Side, Side] = ("client", "server")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[Steps, str, str, int, tuple[int, int]])


class Store:
    """Octets written one after the other and read anywhere: in memory first, in a temporary file when they grow."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._file: IO[bytes] | None = None
        self.size = 0

    def write(self, octets: bytes | bytearray) -> None:
        """Add octets at the end."""
        if self._file is None and self.size + len(octets) <= MEMORY:
            self._octets += octets
        else:
            if self._file is None:
                from tempfile import TemporaryFile

                self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as the store
                self._file.write(self._octets)
                self._octets = bytearray()
            self._file.seek(0, os.SEEK_END)
            self._file.write(octets)
        self.size += len(octets)

    def read(self, at: int, size: int) -> bytes:
        """Return ``size`` octets from ``at`` on."""
        if self._file is None:
            return bytes(self._octets[at : at + size])
        self._file.seek(at)
        return self._file.read(size)

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


class Spool(Generic[T]):
    """Records, or what was made of them, by stream number."""

    def __init__(self, encode: Callable[[T], bytes], decode: Callable[[bytes], T]) -> None:
        self._store = Store()
        self._numbers = array("q")
        self._offsets = array("q")
        self._encode = encode
        self._decode = decode

    def add(self, number: int, record: T) -> None:
        """Keep the record of a stream."""
        self._numbers.append(number)
        self._offsets.append(self._store.size)
        self._store.write(self._encode(record))

    def merged(self, others: Iterable[tuple[int, T]]) -> Iterator[T]:
        """Yield the kept records and ``others`` (ascending), all in order of stream number."""
        self._offsets.append(self._store.size)
        order = iter(sorted(range(len(self._numbers)), key=self._numbers.__getitem__))
        following = next(order, None)
        for number, other in others:
            while following is not None and self._numbers[following] < number:
                yield self._load(following)
                following = next(order, None)
            yield other
        while following is not None:
            yield self._load(following)
            following = next(order, None)

    def _load(self, at: int) -> T:
        start = self._offsets[at]
        return self._decode(self._store.read(start, self._offsets[at + 1] - start))


def spool_of_records() -> Spool[Connection]:
    """Return a spool of connections."""
    return Spool(msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Connection).decode)


def spool_of_lines() -> Spool[bytes]:
    """Return a spool of lines."""
    return Spool(bytes, bytes)


class SegmentLog:
    """The segments of every connection, chained by stream."""

    def __init__(self) -> None:
        self._store = Store()
        self._blocks = Store()  # SACK, which few segments have
        self._count = 0
        self._last: dict[int, int] = {}  # stream -> its newest row
        self._about = Store()  # what `describe` is told, for each stream
        self._places: dict[int, tuple[int, int]] = {}  # stream -> where that begins, and its size

    def add(self, columns: Segments, count: int, streams: "array[int]") -> None:
        """Keep a batch."""
        rows = bytearray()
        last = self._last
        at = self._count
        for i in range(count):
            stream = streams[i]
            blocks = columns.sack_count[i]
            block_at = 0
            if blocks:
                block_at = self._blocks.size
                begin = i * SACK_WORDS
                self._blocks.write(columns.sack[begin : begin + 2 * blocks].tobytes())
            rows += _ROW.pack(
                last.get(stream, -1),
                columns.frame[i],
                columns.time_ns[i],
                columns.seq[i],
                columns.ack[i],
                columns.length[i],
                columns.window[i],
                columns.flags[i],
                columns.side[i],
                columns.options[i],
                columns.mss[i],
                columns.scale[i],
                blocks,
                block_at,
            )
            last[stream] = at
            at += 1
        self._count = at
        self._store.write(rows)

    def describe(self, record: Connection, steps: Steps, client: int, initial: tuple[int, int]) -> None:
        """Learn a connection's steps, which end is its client, and both initial numbers (client's, server's)."""
        about = (steps, record.path.client[0], record.path.server[0], client, initial)
        octets = _ENCODER.encode(about)
        self._places[record.stream] = self._about.size, len(octets)
        self._about.write(octets)

    def segments(self, stream: int) -> list[Segment]:
        """Return the segments of a connection that was described. Raises ``UsageError`` for another."""
        if stream not in self._places:
            raise UsageError(
                f"segments of {stream}: this connection has not been read yet; ask once it is yielded"
            )
        steps, *start, client, initial = _DECODER.decode(self._about.read(*self._places[stream]))
        rows = []
        at = self._last.get(stream, -1)
        while at >= 0:
            row = _ROW.unpack(self._store.read(at * _ROW.size, _ROW.size))
            rows.append(row)
            at = row[0]
        rows.reverse()
        found = []
        states: dict[Side, str] = dict(zip(SIDES, start, strict=True))
        done = 0
        for row in rows:
            (
                _,
                frame,
                time_ns,
                seq,
                ack,
                length,
                window,
                flags,
                side_number,
                options,
                mss,
                scale,
                blocks,
                at,
            ) = row
            while done < len(steps) and steps[done][0] <= frame:
                _, side, state = steps[done]
                states[side] = state
                done += 1
            sender: Side = "client" if side_number == client else "server"
            own, other = initial if sender == "client" else (initial[1], initial[0])
            found.append(
                Segment(
                    stream,
                    frame,
                    time_ns,
                    sender,
                    flag_text(flags),
                    (seq - own) & MASK32,
                    (ack - other) & MASK32 if flags & ACK else None,
                    window,
                    length,
                    Sides(states["client"], states["server"]),
                    mss if options & OPT_MSS else None,
                    scale if options & OPT_SCALE else None,
                    self._sack(blocks, at, other) if blocks else (),
                )
            )
        return found

    def _sack(self, count: int, at: int, initial: int) -> tuple[tuple[int, int], ...]:
        """Return SACK blocks relative to ``initial``."""
        octets = self._blocks.read(at, count * _BLOCK.size)
        return tuple(
            ((left - initial) & MASK32, (right - initial) & MASK32)
            for left, right in _BLOCK.iter_unpack(octets)
        )


def flag_text(flags: int) -> str:
    """Return the names of the set control bits, e.g. ``SYN,ACK``."""
    return ",".join(name for bit, name in enumerate(FLAG_NAMES) if flags >> bit & 1)
