"""A capture read as a whole, for notebooks and scripts: its connections in memory, each with its segments."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from tcptrace.model.errors import UsageError
from tcptrace.model.records import Capture, Connection, Segment
from tcptrace.session import MSL_S, Analysis, analyze
from tcptrace.show import dataframe, notebook
from tcptrace.show.explain import explain
from tcptrace.show.ladder import Line, ladder
from tcptrace.show.paint import plain
from tcptrace.show.text import Clock

if TYPE_CHECKING:
    from pandas import DataFrame

    from tcptrace.session import Readable

WIDTH = 100  # characters


def read(
    source: "Readable",
    *,
    msl_s: float = MSL_S,
    checksums: str = "flags",
    filter: str = "",
    measures: bool = False,
) -> "Connections":
    """Read a capture to its end and return its connections, in order of their streams.

    The arguments are those of ``analyze``, which gives connections one by one and suits captures that are larger than
    memory. Raises ``InputError`` and ``UsageError`` as it does.
    """
    analysis = analyze(
        source, msl_s=msl_s, checksums=checksums, filter=filter, segments=True, measures=measures
    )
    return Connections(list(analysis), analysis)


class Connections(Sequence[Connection]):
    """Connections of one capture; a notebook shows them as a table.

    A sequence: ``found[0]``, ``found[2:5]``, ``len(found)``; ``only`` selects. ``capture`` describes the file as a whole.
    """

    def __init__(self, connections: Iterable[Connection], analysis: Analysis) -> None:
        self._all = list(connections)
        self._analysis = analysis

    @overload
    def __getitem__(self, index: int) -> Connection: ...
    @overload
    def __getitem__(self, index: slice) -> "Connections": ...
    def __getitem__(self, index: int | slice) -> "Connection | Connections":
        """Return a connection by its place, or those of a slice."""
        if isinstance(index, slice):
            return Connections(self._all[index], self._analysis)
        return self._all[index]

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        """Yield them in order."""
        return iter(self._all)

    def __repr__(self) -> str:
        """Return how many they are and where they are from."""
        return f"<{len(self)} connections of {self.capture.file}>"

    def _repr_html_(self) -> str:
        """Return the table that a notebook shows."""
        return notebook.connections_html(self._all)

    @property
    def capture(self) -> Capture:
        """The capture as a whole."""
        return self._analysis.capture

    @property
    def outcomes(self) -> dict[str, int]:
        """How many of these ended how, the most first."""
        counts: dict[str, int] = {}
        for connection in self._all:
            counts[connection.outcome] = counts.get(connection.outcome, 0) + 1
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))

    def only(self, *, outcome: str = "", passed: str = "", finding: str = "", port: int = 0) -> "Connections":
        """Return those that fit everything that is given.

        ``outcome`` is how it ended; ``passed`` a state that either end was in; ``finding`` a code; ``port`` the server's.
        """
        return Connections(
            (
                one
                for one in self._all
                if (not outcome or one.outcome == outcome)
                and (not passed or passed in one.path.client or passed in one.path.server)
                and (not finding or finding in one.finding_counts)
                and (not port or one.server.port == port)
            ),
            self._analysis,
        )

    def stream(self, number: int) -> Connection:
        """Return the connection with this stream number. Raises ``UsageError`` where there is none."""
        for one in self._all:
            if one.stream == number:
                return one
        raise UsageError(f"stream {number}: not among these {len(self)} connections")

    def segments_of(self, connection: Connection) -> list[Segment]:
        """Return a connection's segments, with both ends' states after each."""
        return self._analysis.segments_of(connection.stream)

    def ladder(self, connection: Connection, *, fold: bool = True, width: int = WIDTH) -> "Ladder":
        """Return a connection as a ladder: ``print`` gives text, a notebook shows it in colour.

        ``fold`` makes one line of what moves nobody; ``width`` is in characters, at least 40.
        """
        lines = ladder(
            connection,
            self.segments_of(connection),
            width=max(width, 40),
            fold=fold,
            msl_s=self._analysis.msl_s,
            clock=Clock(True),
        )
        return Ladder(list(lines))

    def explain(self, connection: Connection) -> str:
        """Return what happened in a connection, in sentences with their frames, as ``tcptrace show --explain`` does."""
        segments = self.segments_of(connection)
        lines = explain(connection, segments, width=WIDTH, msl_s=self._analysis.msl_s, clock=Clock(True))
        return "\n".join(map(plain, lines))

    def to_dataframe(self) -> "DataFrame":
        """Return a pandas ``DataFrame``, a row a connection; the columns are those of ``analyze --csv``.

        Numbers that may be unknown are nullable (``Int64``), times UTC to the nanosecond, durations seconds. Raises
        ``UsageError`` where pandas is not installed.
        """
        return dataframe.connections(self._all)

    def segments_dataframe(self, connection: Connection) -> "DataFrame":
        """Return a pandas ``DataFrame``, a row a segment of this connection, with both ends' states after it."""
        return dataframe.segments(self.segments_of(connection))


class Ladder:
    """A ladder as text (``str``) and for a notebook."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines

    def __str__(self) -> str:
        """Return the lines as text without colour."""
        return "\n".join(map(plain, self._lines))

    def __repr__(self) -> str:
        """Return the text: what a console shows."""
        return str(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return notebook.ladder_html(self._lines)
