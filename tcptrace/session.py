"""The straight line from bytes to connections: source, decode, flow, replay, records; batch by batch.

Memory is bounded by ``max_connections`` rows. A connection that must be given up for room, and every one under
``order="end"``, is made into its record at once; what waits for its turn is spooled (``tcptrace.spool``).
"""

import gc
import os
from array import array
from collections.abc import Callable, Collection, Iterator

from tcptrace import kernels
from tcptrace.flow.bits import NONE
from tcptrace.labels import Labels
from tcptrace.model.columns import Segments
from tcptrace.model.errors import UsageError
from tcptrace.model.light import TYPE_CHECKING, cached_property
from tcptrace.model.units import NS
from tcptrace.source import Source, open_source
from tcptrace.tcp import machine
from tcptrace.tcp.outcomes import OUTCOME_NAMES, UNANSWERED
from tcptrace.whole import as_record, describe
from tcptrace.wire.decoder import Decoder, Octets

if TYPE_CHECKING:
    from typing import Any, BinaryIO, TypeVar

    from tcptrace.find import analysis, closer
    from tcptrace.find.record import Page, Recorder
    from tcptrace.flow import rows
    from tcptrace.measure import gauge
    from tcptrace.model.records import Capture, Connection, Segment
    from tcptrace.model.whole import Whole
    from tcptrace.source.base import Batch
    from tcptrace.spool import SegmentLog, Spool
    from tcptrace.tcp import replay, verdict
    from tcptrace.watch import Tell, Watcher

    T = TypeVar("T")
    One = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
    Readable = One | list[One] | tuple[One, ...] | Source
else:
    rows = kernels.load("flow.rows")
    replay = kernels.load("tcp.replay")
    verdict = kernels.load("tcp.verdict")

MSL_S = 120.0  # RFC 9293 3.4.2
MAX_CONNECTIONS = 1_000_000
MAX_FINDINGS = 1000
SHEET = 1 << 16  # octets of lines that are written before they are handed on
ORDERS = ("stream", "end")


def analyze(
    source: "Readable",
    *,
    msl_s: float = MSL_S,
    checksums: str = "flags",
    max_connections: int = MAX_CONNECTIONS,
    max_findings: int = MAX_FINDINGS,
    filter: str = "",
    order: str = "stream",
    segments: bool = False,
    tick: Callable[[int], None] | None = None,
    watch: "Tell | None" = None,
    measures: bool = False,
) -> "Analysis":
    """Return the analysis of a capture; it is read when the result is iterated.

    ``source`` is a path, ``"-"`` for standard input, octets, or a binary file; several of them in a list are one
    capture, merged by time; or a ``Source``. ``msl_s`` is the maximum segment lifetime in seconds; ``checksums`` which
    segments are checked (``none``, ``flags``, ``all``); ``filter`` tcpdump's words; ``order`` ``stream`` or ``end``;
    ``segments`` keeps what ``Analysis.segments_of`` needs; ``tick`` is called with the number of frames read, batch by
    batch, ``watch`` with each step as it is made or withdrawn; ``measures`` fills ``Connection.measures``. Raises
    ``InputError`` where the source cannot be read, ``UsageError`` for a filter or an option that cannot be understood.
    """
    if order not in ORDERS:
        raise UsageError(f"order: {order!r} is not known; use one of {', '.join(ORDERS)}")
    if not 0 < msl_s < 1e6:
        raise UsageError(f"msl: {msl_s:g} s is not a lifetime; give seconds above 0")
    if max_connections < 1:
        raise UsageError(f"max-connections: {max_connections} is too few; give at least 1")
    return Analysis(
        source, msl_s, checksums, max_connections, max_findings, filter, order, segments, tick, watch, measures
    )  # fmt: skip


class Analysis:
    """Connections of a capture, in order; ``capture`` describes the whole once they have run out."""

    def __init__(
        self,
        source: "Readable",
        msl_s: float,
        checksums: str,
        max_connections: int,
        max_findings: int,
        words: str,
        order: str,
        segments: bool,
        tick: Callable[[int], None] | None,
        watch: "Tell | None" = None,
        measures: bool = False,
    ) -> None:
        self._filter: Any = None
        if words:
            from tcptrace.source.filter import compile_filter

            self._filter = compile_filter(words)
        self._source = open_source(source)
        self._decoder = Decoder(checksums)
        self._order = order
        self._tick = tick
        self._labels = Labels()
        self._replay = replay.Replay(
            machine.NEXT_STATE,
            machine.ANOMALY,
            round(2 * msl_s * NS),
            max_connections,
            max_findings,
            self._classify,
        )
        self._verdict = verdict.Verdict(self._replay.paths)
        self._max_findings = max_findings
        self._found: analysis.Analysis | None = None  # made where records are: counting outcomes needs none
        self._gauge: gauge.Gauge | None = kernels.load("measure.gauge").Gauge() if measures else None
        self._log: SegmentLog | None = None
        if segments:
            from tcptrace import spool

            self._log = spool.SegmentLog()
        self._watcher: Watcher | None = None
        self._msl2_ns = round(2 * msl_s * NS)
        self._frames = 0
        self._filtered = 0
        self._started = False
        self._streams: array[int] = array("q")
        self._whole: Whole | None = None
        self.keep: Callable[[Connection], None] | None = None  # is given each record as it is made
        self.msl_s = msl_s
        if watch is not None:
            from tcptrace import watch as watching

            self._watcher = watching.Watcher(self._replay, self._recorder, watch)
            self._replay.is_drafting = 0  # each step is told as it is made

    @property
    def current(self) -> "Collection[Connection]":
        """The connections as they stand; only where they are watched."""
        return () if self._watcher is None else self._watcher.current.values()

    @property
    def hits(self) -> list[int]:
        """How often each cell of the rule table fired (``state * INPUT_COUNT + input``).

        Only where records are made: whoever but counts outcomes (``run``) needs no states of plain short connections.
        """
        return list(self._replay.paths.hits)

    @property
    def outcomes(self) -> dict[str, int]:
        """How many connections ended how; complete with ``capture``."""
        counts = self._verdict.counts
        return {name: counts[number] for number, name in enumerate(OUTCOME_NAMES) if counts[number]}

    @property
    def whole(self) -> "Whole":
        """The capture as a whole, for showing; reads what has not been read yet."""
        if self._whole is None:
            self.run()
        assert self._whole is not None
        return self._whole

    @cached_property
    def capture(self) -> "Capture":
        """The capture as a whole, as its record; reads what has not been read yet."""
        return as_record(self.whole)

    def run(self) -> None:
        """Read everything and count outcomes, without making a record of each connection."""
        judged = self._verdict
        self._replay.is_labelling = 0
        for _ in self._read():
            for gone in self._replay.store.evicted:
                if isinstance(gone, rows.Entry) and gone.draft == NONE:  # a lone SYN needs no row
                    judged.counts[UNANSWERED] += 1
                    judged.given_up += 1
                    continue
                row = self._finish(gone)
                judged.judge(row)
                judged.count(row)
                self._release(row)
            self._replay.store.evicted.clear()
        self._replay.tally(judged, self._frames + 1)
        self._close(0)

    def __iter__(self) -> "Iterator[Connection]":
        """Yield each connection: by stream number, or as it ends."""
        from tcptrace.spool import spool_of_records

        yield from self._each(self._record, spool_of_records)

    def lines(self) -> Iterator[bytes]:
        """Yield the connections as lines of JSON, one or more at a time, in the same order: quicker than by records."""
        from tcptrace.find.record import encoded, make_writer
        from tcptrace.spool import spool_of_lines

        if self._watcher or self._log or self.keep or not kernels.is_compiled("find.written"):
            for record in self:
                yield encoded(record)
            return
        self._closer.writer = make_writer(self._verdict, self._recorder.trail)
        self._closer.tail = self._recorder.tail
        self._closer.measurer = self._recorder.measurer
        yield from self._each(self._line, spool_of_lines, self._lines, self._ended_lines)

    def with_findings(self) -> "Iterator[Connection]":
        """Yield each connection in which something was found, in the same order; the others are only counted."""
        from tcptrace.spool import spool_of_records

        def make(row: "rows.Stream") -> "Connection | None":
            if self._recorder.finds(row):
                return self._record(row)
            self._verdict.count(row)
            return None

        yield from self._each(make, spool_of_records)

    def pages(self, page: "Page") -> Iterator[bytes]:
        """Yield a page a connection, in the same order; only with ``measures``, and quicker than by records.

        Not with ``segments`` or ``watch``, which are told of records.
        """
        from tcptrace.spool import spool_of_lines

        if self._gauge is None:
            raise UsageError("pages: they are of measures; call analyze(..., measures=True)")

        def make(row: "rows.Stream") -> bytes:
            made = self._recorder.page(row, page)
            self._verdict.count(row)
            return made

        yield from self._each(make, spool_of_lines)

    def _each(
        self,
        make: "Callable[[rows.Stream], T | None]",
        waiting: "Callable[[], Spool[T]]",
        rest: "Callable[[], Iterator[T]] | None" = None,
        ended: "Callable[[], Iterator[T]] | None" = None,
    ) -> "Iterator[T]":
        """Yield what is made of the connections, in order; None is left out.

        ``rest`` and ``ended`` are quicker ways to what is made of those that are left, and of those that are over.
        """
        in_order = self._order == "stream"
        self._found = kernels.load("find.analysis").Analysis(self._max_findings)
        self._recorder.found = self._found
        self._closer.found = self._found
        if self._recorder.measurer is not None:
            self._recorder.measurer.found = self._found
        spool: Spool[T] | None = None
        for _ in self._read():
            for gone in self._replay.store.evicted:
                row = self._finish(gone)
                made = make(row)
                self._release(row)
                if made is not None and in_order:
                    spool = spool or waiting()
                    spool.add(row.number, made)
                elif made is not None:
                    yield made
            self._replay.store.evicted.clear()
            if not in_order:
                yield from self._ended(make) if ended is None else ended()
        if spool is None and rest is not None:
            yield from rest()
        else:
            left = ((row.number, made) for row in self._alive() if (made := make(row)) is not None)
            yield from (made for _, made in left) if spool is None else spool.merged(left)
        self._close(self._recorder.losses)

    def segments_of(self, stream: int) -> "list[Segment]":
        """Return the segments of a connection that was yielded, with both ends' states after each."""
        if self._log is None:
            raise UsageError("segments: they were not kept; call analyze(..., segments=True)")
        return self._log.segments(stream)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read(self) -> "Iterator[None]":
        """Replay the source, a batch a turn."""
        if self._started:
            raise UsageError("analysis: it has been read already; call analyze() again")
        self._started = True
        # Millions of rows without a cycle: while they are made, the collector would walk them again and again.
        collecting = gc.isenabled()
        try:
            for batch in self._source.batches():
                gc.disable()
                try:
                    self._replay_batch(batch)
                finally:
                    if collecting:
                        gc.enable()
                yield
        finally:
            self._source.close()

    def _replay_batch(self, batch: "Batch") -> None:
        count = batch.count
        frames = batch.frames
        if count:
            self._frames += count
            self._replay.see(frames.time_ns, count)
        if self._filter is not None:
            kept = self._filter.select(batch.buffer, frames, count)
            self._filtered += count - kept
            count = kept
        s = self._decoder.segments
        for octets, made in self._decoder.runs(batch.buffer, frames, count):
            self._replay_run(octets, made, s)
        if self._tick is not None:
            self._tick(self._frames)

    def _replay_run(self, octets: Octets, made: int, s: Segments) -> None:
        self._replay.run(
            octets, made, s.frame, s.time_ns, s.key, s.side, s.flags, s.seq, s.ack, s.window, s.length, s.payload,
            s.payload_captured, s.options, s.scale, s.tsval, s.tsecr, s.sack_count, s.sack, s.marks, s.checksum,
            self._decoder.duplicate, self._decoder.earlier, self._stream_of(made),
        )  # fmt: skip
        if self._found is not None:
            self._found.run(
                made, s.frame, s.time_ns, s.side, s.flags, s.seq, s.ack, s.window, s.length, s.options, s.scale,
                s.sack_count, s.sack, self._decoder.duplicate, self._streams,
            )  # fmt: skip
        if self._gauge is not None:
            self._gauge.run(
                made, s.time_ns, s.side, s.flags, s.seq, s.ack, s.window, s.length, s.options, s.mss, s.scale, s.tsval,
                s.tsecr, s.sack_count, s.sack, s.payload_captured, s.marks, self._decoder.duplicate, self._streams,
            )  # fmt: skip
        if self._log is not None:
            self._log.add(s, made, self._streams)
        if self._watcher is not None:
            self._watcher.look(self._streams[:made])

    def _stream_of(self, count: int) -> "array[int]":
        """Return the column for the stream numbers of a batch."""
        if len(self._streams) < count:
            self._streams = array("q", bytes(8 * count))
        return self._streams

    # -- connections --------------------------------------------------------------------------------------------------

    @cached_property
    def _recorder(self) -> "Recorder":
        """What makes records, with the library that writes them; counting outcomes needs neither."""
        from tcptrace.find.record import Recorder

        return Recorder(self._replay, self._verdict, self.msl_s, self._labels.name, self._gauge)

    @cached_property
    def _closer(self) -> "closer.Closer":
        """What takes connections away; counting the outcomes of those that stay in the table needs none."""
        made: closer.Closer = kernels.load("find.closer").Closer(
            self._replay, self._verdict, self._labels.as_json
        )
        return made

    def _finish(self, kept: "rows.Stream | rows.Entry | bytes") -> "rows.Stream":
        """Make a full row of first segments or of a packed connection, and let TIME-WAIT end where the clock says so."""
        return self._closer.finish(kept, self._frames + 1)

    @property
    def latest_ns(self) -> int:
        """The latest time of any frame so far, TCP or not."""
        return self._replay.latest_ns

    def _alive(self) -> "Iterator[rows.Stream]":
        """Yield the connections that are still in the table, by number, and let go of each."""
        streams = self._replay.store.streams
        for number in range(len(streams)):
            row = streams[number]
            if row is not None:
                finished = self._finish(row)
                streams[number] = None
                yield finished
                self._release(finished)
                if finished.key is not None:
                    finished.key.stream = None  # the two hold each other

    def _ended(self, make: "Callable[[rows.Stream], T | None]") -> "Iterator[T]":
        """Yield what is made of the connections that are over: both ends CLOSED or past 2MSL, and silent for as long."""
        done = self._replay.store.finished
        at = self._replay.store.finished_from
        while at < self._replay.store.finished_count:
            kept = self._replay.store.streams[done[at]]
            if kept is not None:
                if self._replay.clock_ns - self._replay.store.silent_since(kept) < self._msl2_ns:
                    break
                row = self._finish(kept)
                made = make(row)
                if made is not None:
                    yield made
                self._release(row)
                self._replay.store.forget(row)
            at += 1
        self._replay.store.finished_from = at

    def _lines(self) -> Iterator[bytes]:
        """Yield the lines of what is still in the table."""
        number = 0
        while number < len(self._replay.store.streams):
            number = self._closer.put_all(number, SHEET, self._frames + 1)
            if lines := self._closer.take():
                yield lines

    def _ended_lines(self) -> Iterator[bytes]:
        """Yield the lines of the connections that are over."""
        left = 1
        while left:
            left = self._closer.put_ended(SHEET, self._frames + 1)
            if lines := self._closer.take():
                yield lines

    def _release(self, row: "rows.Stream") -> None:
        """Let go of what a written connection still holds."""
        self._closer.release(row)
        if self._gauge is not None:
            self._gauge.forget(row.number)

    def _record(self, row: "rows.Stream") -> "Connection":
        record = self._recorder.record(row)
        if self._log is not None:
            self._log.describe(record, self._recorder.places(row), *self._recorder.numbers(row))
        self._recorder.count_losses(record.finding_counts)
        self._verdict.count(row)
        if self.keep is not None:
            self.keep(record)
        if self._watcher is not None:
            self._watcher.end(record)
        return record

    def _line(self, row: "rows.Stream") -> bytes:
        self._closer.put(row)
        return self._closer.take()

    def _classify(self, octets: bytes, key: "rows.Entry", client: int, side: int) -> tuple[int, bool]:
        """Return the number of the label for a side's first payload (0: unknown), and whether no port had a say."""
        from tcptrace.wire.application import classify

        ports = (key.k4 >> 16 & 0xFFFF, key.k4 & 0xFFFF)
        name = classify(octets, side != client, ports[client], ports[1 - client])
        return self._labels.number(name), classify(octets, side != client, 0, 0) == name

    def _close(self, losses: int) -> None:
        self._whole = describe(
            self._source,
            self._decoder,
            self._replay,
            self._verdict,
            self._frames,
            None if self._filter is None else self._filtered,
            losses,
        )
