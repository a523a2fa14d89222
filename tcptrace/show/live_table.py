"""The table that is drawn anew while frames come: two lines a connection, ends counted by state above them."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from tcptrace.model.records import Connection, Side
from tcptrace.model.states import STATE_NAMES
from tcptrace.model.units import NS
from tcptrace.show.paint import Line
from tcptrace.show.text import Clock, count, escape, plural, short
from tcptrace.show.words import client, server

_STATE = 12  # columns of the longest name, SYN-RECEIVED and ESTABLISHED a shade less
_BYTES = 7
_FIXED = 6 + 1 + 1 + _STATE + 1 + _BYTES + 1  # what stands around address and remark
_REMARK = 26  # at least; addresses get the rest, as far as they need it
_ADDRESS = 21  # an IPv4 address and a port

# What the rows may be sorted by, the first of them at the top.
SORTS: dict[str, Callable[[Connection], tuple[int, ...]]] = {
    "last": lambda c: (-c.last_ns, c.stream),
    "stream": lambda c: (c.stream,),
    "age": lambda c: (c.first_ns, c.stream),
    "bytes": lambda c: (-c.data_bytes.client - c.data_bytes.server, c.stream),
    "state": lambda c: (
        STATE_NAMES.index(c.final.client),
        STATE_NAMES.index(c.final.server),
        c.stream,
    ),
}


class Seen(NamedTuple):
    """What the head of the table says of the capture."""

    name: str
    frames: int
    dropped: int
    now_ns: int
    keys: str = ""  # what can be pressed


def live_lines(
    connections: Iterable[Connection],
    seen: Seen,
    *,
    sort: str,
    clock: Clock,
    width: int,
    height: int,
    state: str | None = None,
) -> list[Line]:
    """Return at most ``height`` lines of at most ``width`` columns; with a ``state`` only where an end is in it."""
    rows = sorted(connections, key=SORTS[sort])
    head = _head(rows, seen, clock, width)
    if state is not None:
        rows = [each for each in rows if state in _states(each, seen.now_ns)]
    room = max(0, (height - len(head)) // 2)
    lines = list(head)
    for connection in rows[:room]:
        lines += _row(connection, seen.now_ns, width)
    if len(rows) > room and lines:
        lines[0] = [*lines[0], (f"  the first {room} are shown", "muted")]
    return [_cut(line, width) for line in lines[:height]]


def _head(rows: list[Connection], seen: Seen, clock: Clock, width: int) -> list[Line]:
    """Return the lines above the table: time, frames, how many ends are in which state, column heads."""
    said = f"{escape(seen.name)}  {clock.time(seen.now_ns, 0)}  {plural(seen.frames, 'frame')}"
    first: Line = [(f"{said}  {plural(len(rows), 'connection')}", "strong")]
    if seen.dropped:
        first.append((f"  {count(seen.dropped)} dropped", "error"))
    ends = Counter(state for each in rows for state in _states(each, seen.now_ns))
    counted: Line = []
    for state in STATE_NAMES:
        if ends[state]:
            counted += [(state, f"state:{state}"), (f" {count(ends[state])}  ", "")]
    columns = f"{'STREAM':>6} {'CLIENT, SERVER':<{_address(width)}} {'STATE':<{_STATE}} {'SENT':>{_BYTES}} AGE, LAST FINDING"
    return [first, counted, [(seen.keys, "muted")], [(columns, "muted")]]


def _states(connection: Connection, now_ns: int) -> tuple[str, str]:
    """Return both ends' states now: TIME-WAIT ends by the clock, without a segment."""
    wait, final = connection.time_wait, connection.final
    if wait is None or now_ns < wait.until_ns:
        return final.client, final.server

    def after(state: str) -> str:
        return "CLOSED" if state == "TIME-WAIT" else state

    return after(final.client), after(final.server)


def _row(connection: Connection, now_ns: int, width: int) -> list[Line]:
    """Return a connection's two lines: the client's with its age, the server's with TIME-WAIT or the last finding."""
    states = _states(connection, now_ns)
    room = _address(width)
    lines: list[Line] = []
    sides: tuple[tuple[Side, str], ...] = (("client", client(connection)), ("server", server(connection)))
    for (side, address), state in zip(sides, states, strict=True):
        number = f"{connection.stream:>6}" if side == "client" else " " * 6
        sent = getattr(connection.data_bytes, side)
        line: Line = [
            (f"{number} ", ""),
            (f"{_fit(address, room):<{room}}", side),
            (" ", ""),
            (f"{state:<{_STATE}}", f"state:{state}"),
            (f" {short(sent, _BYTES):>{_BYTES}} ", ""),
        ]
        lines.append([*line, _age(connection, now_ns) if side == "client" else _remark(connection, now_ns)])
    return lines


def _age(connection: Connection, now_ns: int) -> tuple[str, str]:
    return _whole(now_ns - connection.first_ns), "muted"


def _remark(connection: Connection, now_ns: int) -> tuple[str, str]:
    """Return how long TIME-WAIT still lasts, else the last finding."""
    wait = connection.time_wait
    if wait is not None and now_ns < wait.until_ns and "TIME-WAIT" in _states(connection, now_ns):
        return f"TIME-WAIT for {_whole(wait.until_ns - now_ns)}", "note"
    if not connection.findings:
        return "", ""
    finding = max(connection.findings, key=lambda each: each.frame)
    return finding.code, finding.severity


def _whole(ns: int) -> str:
    """Return a duration without what changes faster than one can read."""
    minutes, seconds = divmod(max(0, ns) // NS, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{count(hours)} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _address(width: int) -> int:
    """Return how many columns an address gets."""
    return max(_ADDRESS, min(47, width - _FIXED - _REMARK))


def _fit(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _cut(line: Line, width: int) -> Line:
    """Return a line of at most ``width`` columns."""
    cut: Line = []
    for text, role in line:
        if width <= 0:
            break
        cut.append((text[:width], role))
        width -= len(text)
    return cut
