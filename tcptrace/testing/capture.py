"""What a test's fixture gives: the connections of the recorded traffic, their ladders, rules and goldens."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tcptrace.golden import compare, expectation, write
from tcptrace.golden.check import save
from tcptrace.golden.rules.rule import Count, read
from tcptrace.model.records import Capture, Connection, Segment
from tcptrace.session import analyze
from tcptrace.show.ladder import ladder
from tcptrace.show.paint import plain
from tcptrace.testing.ownership import Watch
from tcptrace.testing.paths import assert_path
from tcptrace.testing.recording import Recording

LINUX_MSL_S = 30.0  # TCP_TIMEWAIT_LEN is 60 s
MAX_LADDERS = 4


class _Seen(NamedTuple):
    """What was analysed, as long as no frame has come since."""

    frames: int
    connections: list[Connection]
    segments: dict[int, list[Segment]]
    capture: Capture


class TcpCapture:
    """The loopback traffic of a test, recorded from its making on; ``path`` is the pcapng file.

    ``InputError`` where this process may not capture. Connections of other processes on the same loopback are left
    out (``tcptrace.testing.ownership``) unless ``private``: then there are no others.
    """

    def __init__(self, path: Path, *, private: bool = False) -> None:
        self.path = path
        self.ports: set[int] = set()  # where a test names some, only connections with one of them count
        self.golden: Path | None = None  # the expectation that is the test's own
        self.update = False  # write what differs into expectations
        self.written: list[Path] = []  # those that were
        self._private = private
        self._watch = Watch()
        self._seen: _Seen | None = None
        try:
            self._recording = Recording(path)
        except BaseException:
            self._watch.end()
            raise

    @property
    def connections(self) -> list[Connection]:
        """The test's connections so far, in order; waits a moment until nothing more comes."""
        own = self.ports or (None if self._private else self._watch.ports())
        found = self._analysed().connections
        return [c for c in found if own is None or not own.isdisjoint((c.client.port, c.server.port))]

    @property
    def everything(self) -> list[Connection]:
        """All connections on this loopback, other processes' too."""
        return list(self._analysed().connections)

    @property
    def connection(self) -> Connection:
        """The only connection; ``AssertionError`` where there is none, or more than one."""
        __tracebackhide__ = True
        found = self.connections
        if len(found) != 1:
            listed = "".join(
                f"\n  {compare.ends_of(c)['client']} to {compare.ends_of(c)['server']}" for c in found
            )
            raise AssertionError(f"expected one connection, got {len(found)}{listed}")
        return found[0]

    def segments(self, connection: Connection) -> list[Segment]:
        """Return a connection's segments, with both ends' states after each."""
        return self._analysed().segments[connection.stream]

    def ladder(self, connection: Connection) -> str:
        """Return a connection as a ladder, 80 columns wide."""
        segments = self.segments(connection)
        return "\n".join(plain(line) for line in ladder(connection, segments, width=80, msl_s=LINUX_MSL_S))

    def ladders(self) -> str:
        """Return the ladders of the first connections."""
        found = self.connections
        parts = [self.ladder(connection) for connection in found[:MAX_LADDERS]]
        if len(found) > MAX_LADDERS:
            parts.append(f"and {len(found) - MAX_LADDERS} more connections")
        return "\n\n".join(parts) or "no connection was recorded"

    assert_path = staticmethod(assert_path)

    def assert_rules(self, rules: Iterable[str]) -> None:
        """Raise ``AssertionError`` with each rule that a connection breaks, and the fact.

        ``rules`` are in the language of ``tcptrace assert``; ``UsageError`` for one that cannot be read. Without any
        connection there is nothing that could keep them: that is an error, too.
        """
        __tracebackhide__ = True  # pytest shows the line that asked
        made = [Count(read(text)) for text in rules]
        found = self.connections
        if not found:
            raise AssertionError("no connection was recorded")
        for connection in found:
            for count in made:
                count.add(connection, self._analysed().capture.last_ns)
        broken = []
        for count in made:
            if not count.holds:
                broken.append(f"broken: {count.rule.text}")
                broken += [f"  stream {b.stream}, {b.ends}: {b.fact}" for b in count.breaches]
        if broken:
            raise AssertionError("\n".join(broken))

    def assert_golden(self, path: Path | str | None = None) -> None:
        """Raise ``AssertionError`` where the connections differ from an expectation file, or there is none.

        ``path`` lies beside the ``golden`` of the test, which is taken without it. With ``update`` what differs is
        written into the file, or a first one, in which times, frames and ports that are chosen anew each time are
        left open.
        """
        __tracebackhide__ = True  # pytest shows the line that asked
        if path is None and self.golden is None:
            raise TypeError("assert_golden: give a path")
        place = Path(path or "") if self.golden is None else self.golden.parent / (path or self.golden.name)
        found = self.connections
        capture = self._analysed().capture
        if not place.exists():
            if not self.update:
                raise AssertionError(
                    f"{place}: no golden; run pytest with --tcp-golden=update, and look it over"
                )
            place.parent.mkdir(parents=True, exist_ok=True)
            self._write(place, write.text_of(capture, found, write.LOOSE))
            return
        expected = expectation.load(place)
        comparison = compare.compare(expected, found, capture)
        if not comparison.differences:
            return
        if self.update:
            text = place.read_bytes().decode("utf-8")
            self._write(place, write.renewed(text, expected, comparison, capture, found))
            return
        lines = [f"{place}:", *(f"  {entry.text}" for entry in comparison.differences if entry.text)]
        raise AssertionError("\n".join([*lines, "pytest --tcp-golden=update accepts what is new"]))

    def _write(self, path: Path, text: str) -> None:
        """Write an expectation, and remember that."""
        save(path, text)
        self.written.append(path)

    def stop(self) -> None:
        """End the recording; what was recorded can still be asked."""
        self._watch.ports()
        self._watch.end()
        self._recording.stop()

    @property
    def problem(self) -> str | None:
        """Why the recording is not whole, ``None`` where it is."""
        return self._recording.problem

    def _analysed(self) -> _Seen:
        """Return what has come until now."""
        self._recording.settle()
        if self._seen is None or self._seen.frames != self._recording.frames:
            frames = self._recording.frames
            analysis = analyze(self.path, segments=True, msl_s=LINUX_MSL_S)
            connections, segments = [], {}
            for connection in analysis:
                connections.append(connection)
                segments[connection.stream] = analysis.segments_of(connection.stream)
            self._seen = _Seen(frames, connections, segments, analysis.capture)
        return self._seen
