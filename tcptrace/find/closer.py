"""Connections one after the other: made whole, ended by the clock, written as lines and let go of.

Most connections of a long capture are over: packed (``tcp.packed``), or plain and kept as their segments. The packed are
unpacked into the same few rows again and again, so that no object of Python's is made for any of them; the plain need no
replay where one of the same shape had it (``find.shapes``). What is rare in a line comes from ``tail``.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/closer.pxd``.
"""

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from tcptrace.flow.bits import NO_TIME, NONE, S_GIVEN_UP

from ..flow.rows import End, Entry, Stream
from ..tcp.replay import Replay
from ..tcp.verdict import Verdict
from .analysis import Analysis
from .shapes import Shape, Shapes
from .written import Writer

if TYPE_CHECKING:
    from .measured import Measurer

END_ROOM = 32  # octets behind what was found: the key of what was measured, the line's end


class Closer:
    """Takes the replay's connections away."""

    __slots__ = (
        "found",
        "high",
        "key",
        "labels",
        "low",
        "measurer",
        "replay",
        "shapes",
        "stream",
        "tail",
        "verdict",
        "writer",
    )

    def __init__(self, replay: Replay, verdict: Verdict, labels: list[bytes]) -> None:
        """``verdict`` judges and counts outcomes; ``labels``: applications as JSON, by the classifier's numbers."""
        self.replay = replay
        self.verdict = verdict
        self.found: Analysis | None = None  # what is found beside the replay's own notes
        self.labels = labels
        self.writer: Writer | None = None  # what writes lines,
        self.tail: Callable[[Stream], bytes] | None = None  # and their ends where something was found
        self.measurer: Measurer | None = None  # what measures, where that is asked for
        self.shapes = Shapes(replay.paths)
        self.stream = Stream()  # rows that are used again and again
        self.key = Entry()
        self.low = End()
        self.high = End()

    # -- one connection -----------------------------------------------------------------------------------------------

    def finish(self, kept: "Stream | Entry | bytes", frame: int) -> Stream:
        """Make a full row of a packed connection or a lone SYN, and let TIME-WAIT end where the clock says so.

        ``frame`` is the number behind that of the last frame.
        """
        if isinstance(kept, bytes):
            row = self.replay.store.packer.unpack(kept)
        elif isinstance(kept, Entry):
            row = self.wake(kept)
        else:
            row = kept
        self.expire(row, frame)
        return row

    def finish_here(self, kept: "Stream | Entry | bytes", frame: int) -> Stream:
        """Do as ``finish`` does; what was packed is given in rows that the next call takes again."""
        if not isinstance(kept, bytes):
            return self.finish(kept, frame)
        row = self.unpack(kept)
        self.expire(row, frame)
        return row

    def wake(self, lone: Entry) -> Stream:
        """Make the row of a lone SYN."""
        streams = self.replay.store.streams
        kept = streams[lone.number]
        row = self.replay.wake(lone)
        lone.stream = None
        streams[lone.number] = kept
        if kept is not lone:
            row.flags |= S_GIVEN_UP
        return row

    def expire(self, row: Stream, frame: int) -> None:
        """Let TIME-WAIT end where the clock says so."""
        replay = self.replay
        low = row.low
        high = row.high
        if low is not None:
            replay.paths.expire(low, replay.latest_ns, frame)
        if high is not None:
            replay.paths.expire(high, replay.latest_ns, frame)

    def unpack(self, octets: bytes) -> Stream:
        """Unpack a connection into the rows that are used again and again."""
        packer = self.replay.store.packer
        stream = self.stream
        key = self.key
        low = self.low
        high = self.high
        self.clear(low)
        self.clear(high)
        key.k0 = 0
        key.k2 = 0
        packer.unpack_into(octets, stream, key, low, high)
        return stream

    def clear(self, end: End) -> None:
        """Take from an end's row what does not stand in every packed one."""
        paths = self.replay.paths
        event = end.pending
        end.pending = None
        while event is not None:
            following = event.next
            event.spare = paths.pool
            paths.pool = event
            event = following
        end.cold = None
        end.fin_frame = 0
        end.fin_x_ack = NONE
        end.fin_carrier = NONE
        end.has_ts = 0
        end.tsval = 0
        end.tsecr = 0
        end.since_ns = NO_TIME
        end.until_ns = NO_TIME
        end.rtt_count = 0
        end.rtt_sum = 0
        end.rtt_min = 0
        end.rtt_max = 0
        end.duplicates = 0
        end.sent_end = NONE
        end.sent_ns = 0

    def release(self, row: Stream) -> None:
        """Let go of what a connection holds that nobody will ask for again."""
        replay = self.replay
        low = row.low
        high = row.high
        if low is not None:
            replay.paths.release(low)
        if high is not None:
            replay.paths.release(high)
        replay.notes.forget(row)
        found = self.found
        if found is not None:
            found.forget(row.number)

    # -- lines --------------------------------------------------------------------------------------------------------

    def put(self, row: Stream) -> None:
        """Write the line of a connection, and count its outcome."""
        self.put_shaped(row, None)

    def put_shaped(self, row: Stream, shape: "Shape | None") -> None:
        """Do as ``put`` does; ``shape``: the connection's, where it is known and ``Shape.tell`` was called."""
        writer = self.writer
        if writer is None:
            return
        writer.line(row, self.found, self.labels[row.application >> 2], shape)
        self.verdict.count(row)
        if not writer.whole and self.tail is not None:
            tail = self.tail(row)
            writer.sheet.reserve(len(tail) + END_ROOM)
            writer.sheet.text(tail)
        measurer = self.measurer
        if measurer is not None:
            writer.sheet.text(b',"measures":')
            if shape is None:
                measurer.measure(row)
            else:
                measurer.measure_shaped(row, writer.plain, shape)
            measurer.write(writer.sheet)
            measurer.gauge.forget(row.number)
        writer.sheet.text(b"}\n")

    def put_kept(self, kept: "Stream | Entry | bytes", frame: int) -> Stream:
        """Write the line of a connection, let go of what it holds, and return its row, which may be taken again."""
        writer = self.writer
        found = self.found
        if writer is None or found is None or not isinstance(kept, Entry):
            return self.put_replayed(kept, frame)
        entry = kept
        plain = writer.plain
        drafts = self.replay.drafts
        key = plain.read(entry, drafts.kept, self.replay.latest_ns) if found.is_quiet(entry.number) else None
        if key is None:
            return self.put_replayed(entry, frame)
        shape = self.shapes.known.get(key)
        if shape is None:
            return self.learn(key, entry, frame)
        shape.tell(plain, self.verdict, self.replay.paths)
        self.put_shaped(plain.stream, shape)
        found.forget(entry.number)
        drafts.drop(entry)
        return plain.stream

    def put_replayed(self, kept: "Stream | Entry | bytes", frame: int) -> Stream:
        """Do as ``put_kept`` does, by the replay's rows."""
        row = self.finish_here(kept, frame)
        self.put(row)
        self.release(row)
        return row

    def learn(self, key: bytes, entry: Entry, frame: int) -> Stream:
        """Do as ``put_replayed`` does, and remember the shape ``key``, which is not known, where that is worth it."""
        writer = self.writer
        if writer is None or not self.shapes.is_wanted(key, writer.plain):
            return self.put_replayed(entry, frame)
        fired = array("q", bytes(self.replay.paths.hits))
        row = self.finish(entry, frame)
        self.put(row)
        if writer.whole:
            shape = self.shapes.learn(key, writer.plain, row, self.verdict, writer.trail, fired)
            if shape is not None:
                writer.teach(shape)
        self.release(row)
        return row

    def take(self) -> bytes:
        """Return the lines that were written since this was asked last."""
        writer = self.writer
        return b"" if writer is None else writer.sheet.take()

    def put_all(self, number: int, size: int, frame: int) -> int:
        """Write the connections from ``number`` on, and let go of each, until ``size`` octets are written.

        Returns the number of the first that is left; there is none from the number of streams on.
        """
        streams = self.replay.store.streams
        writer = self.writer
        at = number
        while writer is not None and at < len(streams) and writer.sheet.at < size:
            kept = streams[at]
            if kept is not None:
                row = self.put_kept(kept, frame)
                streams[at] = None
                key = row.key
                if key is not None:
                    key.stream = None  # the two hold each other
            at += 1
        return at

    def put_ended(self, size: int, frame: int) -> int:
        """Write the connections that are over, as ``put_all``: both ends CLOSED or past 2MSL, and silent for as long.

        Returns 1 where some are left.
        """
        replay = self.replay
        store = replay.store
        streams = store.streams
        done = store.finished
        writer = self.writer
        while writer is not None and store.finished_from < store.finished_count:
            kept = streams[done[store.finished_from]]
            if kept is not None:
                if replay.clock_ns - store.silent_since(kept) < replay.paths.msl2_ns:
                    break
                if writer.sheet.at >= size:
                    return 1
                store.forget(self.put_kept(kept, frame))
            store.finished_from += 1
        return 0
