"""The table of connections for people: fixed-width text, a row at a time.

Two layouts. ``Stacked``, for a terminal: a line for either end, so that 80 columns hold address, frames,
bytes and final state of both; times stand under a line with their day. ``Wide``, for a pipe or a very wide
terminal: a line a connection, with full dates. In both an address longer than its column gets a line of its
own: the columns stand.
"""

from typing import NamedTuple

from tcptrace.model.records import Connection, Endpoint
from tcptrace.show.notes import BAD_OUTCOMES, alarms, first_word, time_wait
from tcptrace.show.text import Clock, duration, endpoint, short

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_DIM = "\x1b[2m"
_RED = "\x1b[31m"


_TIME_WAIT = 45  # "client until 2017-02-21 20:30:06, ports reused", without its first column


class Style(NamedTuple):
    """What the caller decides about how rows look."""

    msl: str  # what TIME-WAIT assumes, e.g. "MSL 120 s, RFC 9293"
    utc: bool = False
    colour: bool = False
    ascii_only: bool = False


class Table:
    """What both layouts have in common; ``row`` is theirs."""

    def __init__(self, style: Style) -> None:
        self._style = style
        # Rows come nearly in order of time: one clock for their starts, one for TIME-WAIT's ends, and each
        # seldom has to look up another second.
        self._clock = Clock(style.utc)
        self._until = Clock(style.utc)

    def header(self) -> str:
        """Return the lines above the rows."""
        raise NotImplementedError

    def row(self, connection: Connection) -> str:
        """Return one connection, newline included."""
        raise NotImplementedError

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._style.colour else text

    def _outcome(self, connection: Connection, width: int = 0) -> str:
        text = connection.outcome.ljust(width)
        return self._paint(text, _RED) if connection.outcome in BAD_OUTCOMES else text


class Stacked(Table):
    """Two lines a connection, client above server, in ``width`` columns; a third where there is more to say.

    Wider terminals get microseconds, then TIME-WAIT in the second line, then longer addresses. Below 80
    columns the start, and below 67 frames and bytes, are left out.
    """

    def __init__(self, style: Style, width: int = 80) -> None:
        super().__init__(style)
        spare = width - 80
        self._times = spare >= 0
        self._counts = spare >= -13
        self._digits = 6 if spare >= 3 else 3
        time_width = 9 + self._digits
        self._end = 21
        # What is left of the last column, for TIME-WAIT; wider still, and long addresses need no line of
        # their own.
        self._room = spare - 4 if spare >= 3 + _TIME_WAIT else 0
        if spare > 3 + _TIME_WAIT:
            self._end += min(spare - 3 - _TIME_WAIT, 26)  # 47: the longest IPv6 address, brackets and port
            self._room -= self._end - 21
        cells = [f"%-{self._end}s"]
        if self._counts:
            cells += ["%5s", "%6s"]
        cells += ["%-12s"]
        if self._times:
            cells += [f"%-{time_width}s"]
        self._format = " ".join(["%6s", *cells, "%s\n"])
        self._day = ""

    def header(self) -> str:
        """Return two lines: what the client's and what the server's line holds."""
        last = f"OUTCOME      TIME-WAIT ({self._style.msl})" if self._room else "OUTCOME"
        upper = self._cells(("STREAM", "CLIENT", "PKTS", "BYTES", "ITS STATE", "START", last))
        lower = self._cells(("", "SERVER", "SENT", "SENT", "AT THE END", "LASTED", "CLOSED BY"))
        return "".join(self._paint(line.rstrip(), _BOLD) + "\n" for line in (upper, lower))

    def row(self, connection: Connection) -> str:
        """Return one connection, below a line with its day where that is another than the row before's."""
        c, clock = connection, self._clock
        text = ""
        day = clock.day(c.first_ns)
        if day != self._day:
            self._day = day
            text = self._paint(f"{day} {clock.zone(c.first_ns)}".rstrip(), _DIM) + "\n"
        final, packets, octets = c.final, c.packets, c.data_bytes
        outcome = self._outcome(c) if self._style.colour else c.outcome
        above = (final.client, clock.time(c.first_ns, self._digits), outcome)
        lasted = duration(c.last_ns - c.first_ns, self._style.ascii_only)
        closed_by = first_word(c)
        text += self._line(str(c.stream), c.client, packets.client, octets.client, above)
        wait = "" if c.time_wait is None else time_wait(c, c.time_wait, day, self._until)
        if wait and len(wait) <= self._room:
            closed_by = f"{closed_by:<12} {wait}"
            wait = ""
        text += self._line("", c.server, packets.server, octets.server, (final.server, lasted, closed_by))
        if wait:
            text += f"       TIME-WAIT: {wait} ({self._style.msl})\n"
        found = alarms(c) if c.findings else ""
        if found:
            text += f"       {self._paint('! ' + found, _RED)}\n"
        return text

    def _line(self, stream: str, end: Endpoint, frames: int, octets: int, rest: tuple[str, str, str]) -> str:
        """Return one end's line, its address on a line of its own where it is too long."""
        where = endpoint(end.ip, end.port)
        sent = str(frames) if frames < 100_000 else short(frames, 5)
        size = str(octets) if octets < 1_000_000 else short(octets, 6, "B")
        if len(where) > self._end:
            return f"{stream:>6} {where}\n" + self._cells(("", "", sent, size, *rest))
        return self._cells((stream, where, sent, size, *rest))

    def _cells(self, cells: tuple[str, str, str, str, str, str, str]) -> str:
        """Return one line of the columns that there is room for."""
        if self._times:
            return (self._format % cells).rstrip() + "\n"
        stream, end, sent, size, state, _, last = cells
        kept = (stream, end, sent, size, state, last) if self._counts else (stream, end, state, last)
        return (self._format % kept).rstrip() + "\n"


# Wide enough for two IPv4 ends side by side, or one IPv6 end; a longer pair is folded.
_ENDS = 49
_WIDE = f"%6d %-{_ENDS}s %-26s %-11s %-11s %-12s %-12s %-12s %7d %7d %10d %10d %s\n"
_WIDE_HEADER = _WIDE.replace("d ", "s ")
WIDE_COLUMNS = 230  # from this width on a line is not wrapped by a terminal


class Wide(Table):
    """A line a connection."""

    def header(self) -> str:
        """Return one line."""
        zone = "START, UTC" if self._style.utc else "START, LOCAL TIME"
        names = ("STREAM", "CLIENT > SERVER", zone, "LASTED", "OUTCOME", "CLOSED BY", "CLIENT", "SERVER")
        counts = ("FRAMES>", "<FRAMES", "BYTES>", "<BYTES", f"TIME-WAIT ({self._style.msl}), ! WARNINGS")
        return self._paint((_WIDE_HEADER % (*names, *counts)).rstrip("\n"), _BOLD) + "\n"

    def row(self, connection: Connection) -> str:
        """Return one connection; a pair of ends too long for one line stands in two."""
        c, clock = connection, self._clock
        client, server = endpoint(c.client.ip, c.client.port), endpoint(c.server.ip, c.server.port)
        ends = f"{client} > {server}"
        below = ""
        if len(ends) > _ENDS:
            ends, below = client, f"       > {server}\n"
        day = clock.day(c.first_ns)
        start = f"{day} {clock.time(c.first_ns)}"
        lasted = duration(c.last_ns - c.first_ns, self._style.ascii_only)
        outcome = self._outcome(c, 11) if self._style.colour else c.outcome
        extra = "-" if c.time_wait is None else time_wait(c, c.time_wait, day, self._until)
        found = alarms(c) if c.findings else ""
        if found:
            extra += "  " + self._paint("! " + found, _RED)
        final, packets, octets = c.final, c.packets, c.data_bytes
        cells = (c.stream, ends, start, lasted, outcome, first_word(c) or "-", final.client, final.server)
        counts = (packets.client, packets.server, octets.client, octets.server)
        return _WIDE % (*cells, *counts, extra) + below


def make_table(style: Style, width: int | None) -> Table:
    """Return the layout for a terminal of ``width`` columns, or for a pipe (``None``)."""
    if width is None or width >= WIDE_COLUMNS:
        return Wide(style)
    return Stacked(style, width)
