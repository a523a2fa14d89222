"""All connections by number, and room for them: in full, as their first segments, packed, or written and forgotten.

A four-tuple's entry (``flow.table``) leads to its newest connection; the list here has all of them. At most
``max_connections`` are held: beyond that the longest finished is given up, else one that has been silent for long.
"""

from array import array

from tcptrace.flow.bits import S_GIVEN_UP, S_SELF, S_WOKEN
from tcptrace.model.columns import KEY_WORDS
from tcptrace.model.rooms import longer

from ..flow.rows import Entry, Stream
from ..flow.table import FlowTable
from .drafts import Drafts
from .packed import Packer
from .paths import Paths
from .verdict import Verdict

FIRST_FINISHED = 1024
CANDIDATES = 8  # of the oldest that are not finished, the one that has been silent longest goes


class Store:
    """The connections of a capture."""

    __slots__ = (
        "alive", "drafts", "evicted", "finished", "finished_count", "finished_from", "flows", "max_connections", "oldest",
        "packer", "streams", "verdict",
    )  # fmt: skip

    def __init__(self, paths: Paths, drafts: Drafts, max_connections: int) -> None:
        self.drafts = drafts
        self.flows = FlowTable()
        self.packer = Packer(paths)
        self.verdict = Verdict(paths)
        # By number: in full, as its first segments (`tcp.drafts`), packed (`tcp.packed`); None: written and forgotten.
        self.streams: list[Stream | Entry | bytes | None] = []
        self.max_connections = max_connections
        self.alive = 0
        # Numbers of those that are over, in the order in which they were: of ``finished_count`` the first so many are done.
        self.finished = array("q", bytes(8 * FIRST_FINISHED))
        self.finished_count = 0
        self.finished_from = 0
        self.oldest = 0  # no stream below this number is alive
        self.evicted: list[Stream | Entry] = []  # given up, for the caller to write

    def __del__(self) -> None:
        """Let go of the rows of an analysis that was not gone through to its end: they and their entries hold each other."""
        for row in self.streams:
            if isinstance(row, Stream):
                row.key = None

    def open_entry(self, key: "array[int]", at: int) -> Entry:
        """Put the four-tuple of segment number ``at`` into the flow table (``FlowTable.find_at``)."""
        entry = Entry()
        hashed = self.flows.hashes[at]
        at *= KEY_WORDS
        entry.k0 = key[at]
        entry.k1 = key[at + 1]
        entry.k2 = key[at + 2]
        entry.k3 = key[at + 3]
        entry.k4 = key[at + 4]
        self.flows.insert(entry, hashed)
        return entry

    def open_stream(self, entry: Entry, clock_ns: int) -> None:
        """Give a four-tuple the next stream number, making room where there are too many."""
        if self.alive >= self.max_connections:
            self.give_up_one(clock_ns)
        entry.number = len(self.streams)
        entry.stream = None
        entry.packed = 0
        self.streams.append(entry)
        self.alive += 1

    def make_stream(self, entry: Entry, frame: int, time_ns: int, side: int) -> Stream:
        """Make the connection row of an entry's newest stream."""
        stream = Stream()
        stream.number = entry.number
        stream.key = entry
        stream.first_frame = frame
        stream.first_ns = time_ns
        stream.last_frame = frame
        stream.last_ns = time_ns
        stream.first_side = side
        if entry.k0 == entry.k2 and entry.k1 == entry.k3 and (entry.k4 >> 16) & 0xFFFF == entry.k4 & 0xFFFF:
            stream.flags = S_SELF
            stream.first_side = 0
        entry.stream = stream
        self.streams[entry.number] = stream
        return stream

    def finish(self, number: int) -> None:
        """Take note that a connection is over."""
        if self.finished_count == len(self.finished):
            self.make_room()
        self.finished[self.finished_count] = number
        self.finished_count += 1

    def make_room(self) -> None:
        """Leave out the finished that are done, where they are more than half of them; else get more room."""
        left = self.finished_count - self.finished_from
        if 2 * left < self.finished_count:
            for at in range(left):
                self.finished[at] = self.finished[self.finished_from + at]
        else:
            self.finished = longer(self.finished, "q", self.finished_from, left)
        self.finished_count = left
        self.finished_from = 0

    def retire(self, stream: Stream) -> None:
        """Pack a connection that is over, where that is possible, and let go of its rows."""
        entry = stream.key
        if entry is None or self.streams[stream.number] is not stream:
            return  # given up
        octets = self.packer.pack(stream, self.verdict.judge(stream))
        if octets is None:
            return
        self.streams[stream.number] = octets
        if entry.stream is stream:
            entry.stream = None
            entry.packed = 1
        stream.key = None

    def unpack(self, entry: Entry) -> Stream:
        """Make the rows of a four-tuple's packed stream again, for a segment that comes after all."""
        stream = self.packer.unpack(self.streams[entry.number])  # type: ignore[arg-type]
        stream.flags |= S_WOKEN
        stream.key = entry
        entry.stream = stream
        entry.packed = 0
        self.streams[entry.number] = stream
        return stream

    def give_up_one(self, clock_ns: int) -> None:
        """Close a connection early: the longest finished, else the one that has been silent longest among the oldest."""
        while self.finished_from < self.finished_count:
            number = self.finished[self.finished_from]
            self.finished_from += 1
            if self.streams[number] is not None:
                self.give_up(number)
                return
        while self.oldest < len(self.streams) and self.streams[self.oldest] is None:
            self.oldest += 1
        chosen = self.oldest
        quietest = clock_ns + 1
        for number in range(self.oldest, min(self.oldest + CANDIDATES, len(self.streams))):
            candidate = self.streams[number]
            if candidate is None:
                continue
            last_ns = self.silent_since(candidate)
            if last_ns < quietest:
                quietest = last_ns
                chosen = number
        self.give_up(chosen)

    def silent_since(self, row: "Stream | Entry | bytes") -> int:
        """Return the time of a connection's last segment."""
        if isinstance(row, Entry):
            return self.drafts.last_ns(row)
        if isinstance(row, Stream):
            return row.last_ns
        return self.packer.last_ns(row)

    def give_up(self, number: int) -> None:
        """Take a connection out of all tables and leave it in ``evicted``."""
        gone = self.streams[number]
        if gone is None:
            return
        if isinstance(gone, bytes):
            gone = self.packer.unpack(gone)
        self.forget(gone)
        if isinstance(gone, Stream):
            gone.flags |= S_GIVEN_UP
        self.evicted.append(gone)

    def forget(self, row: Stream | Entry) -> None:
        """Take a connection out of all tables."""
        key = row if isinstance(row, Entry) else row.key
        if key is not None:
            entry = self.flows.find_key(key)
            if entry is not None and entry.number == row.number:
                self.flows.remove(entry)
                entry.stream = None  # the two hold each other
        self.streams[row.number] = None
        self.alive -= 1
