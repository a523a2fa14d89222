"""What waits for its turn: records of connections given up early, and the segments behind ``--frames`` and ``show``.

Both are kept in memory up to 64 MiB and in a temporary file beyond.
"""

from array import array
from collections.abc import Iterable, Iterator
from struct import Struct
from tempfile import SpooledTemporaryFile

import msgspec

from tcptrace.model.columns import Segments
from tcptrace.model.records import Connection, Segment, Side, Sides
from tcptrace.model.tcpflags import ACK, FLAG_NAMES

MEMORY = 64 * 1024 * 1024
MASK32 = 0xFFFFFFFF
_ROW = Struct("=qqqIIIHHB")  # previous row of the stream, frame, time, seq, ack, length, window, flags, side

# Which steps an end's states come from: (place, side, state after).
Steps = list[tuple[int, Side, str]]


class Spool:
    """Records by stream number."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - it lives as long as the spool
        self._numbers = array("q")
        self._offsets = array("q")
        self._end = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Connection).decode

    def add(self, record: Connection) -> None:
        """Keep a record."""
        octets = self._encode(record)
        self._file.write(octets)
        self._numbers.append(record.stream)
        self._offsets.append(self._end)
        self._end += len(octets)

    def merged(self, others: Iterable[Connection]) -> Iterator[Connection]:
        """Yield the kept records and ``others`` (ascending), all in order of stream number."""
        self._offsets.append(self._end)
        order = iter(sorted(range(len(self._numbers)), key=self._numbers.__getitem__))
        following = next(order, None)
        for other in others:
            while following is not None and self._numbers[following] < other.stream:
                yield self._load(following)
                following = next(order, None)
            yield other
        while following is not None:
            yield self._load(following)
            following = next(order, None)

    def close(self) -> None:
        """Let go of the temporary file."""
        self._file.close()

    def _load(self, at: int) -> Connection:
        self._file.seek(self._offsets[at])
        return self._decode(self._file.read(self._offsets[at + 1] - self._offsets[at]))


class SegmentLog:
    """The segments of every connection, chained by stream."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - it lives as long as the log
        self._count = 0
        self._last: dict[int, int] = {}  # stream -> its newest row
        self._about: dict[int, tuple[Steps, Sides[str], int, tuple[int, int]]] = {}

    def add(self, columns: Segments, count: int, streams: "array[int]") -> None:
        """Keep a batch."""
        rows = bytearray()
        last = self._last
        at = self._count
        for i in range(count):
            stream = streams[i]
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
            )
            last[stream] = at
            at += 1
        self._count = at
        self._file.seek(0, 2)
        self._file.write(rows)

    def describe(self, record: Connection, steps: Steps, client: int, initial: tuple[int, int]) -> None:
        """Learn a connection's steps, which end is its client, and both initial numbers (client's, server's)."""
        start = Sides(record.path.client[0], record.path.server[0])
        self._about = {record.stream: (steps, start, client, initial)}

    def segments(self, stream: int) -> list[Segment]:
        """Return the segments of the connection described last."""
        steps, start, client, initial = self._about[stream]
        rows = []
        at = self._last.get(stream, -1)
        while at >= 0:
            self._file.seek(at * _ROW.size)
            row = _ROW.unpack(self._file.read(_ROW.size))
            rows.append(row)
            at = row[0]
        rows.reverse()
        found = []
        states: dict[Side, str] = {"client": start.client, "server": start.server}
        done = 0
        for _, frame, time_ns, seq, ack, length, window, flags, side_number in rows:
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
                )
            )
        return found


def flag_text(flags: int) -> str:
    """Return the names of the set control bits, e.g. ``SYN,ACK``."""
    return ",".join(name for bit, name in enumerate(FLAG_NAMES) if flags >> bit & 1)
