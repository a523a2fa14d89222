"""A capture as a whole: its connections counted by server, end and peer, and the ends in each state over time.

Fed one connection at a time. Memory does not grow with the capture: of each kind at most ``KEYS`` rows are kept, what is
more counts in the row ``others``; a row keeps the numbers of a few streams to look at; time is divided into at most
``BINS`` parts, whose width doubles as the capture goes on.
"""

from collections import Counter
from dataclasses import dataclass, field

from tcptrace.model.records import Connection, Endpoint
from tcptrace.model.states import STATE_NAMES

KEYS = 20_000
STREAMS = 5  # named in a row
BINS = 64
FIRST_BIN_NS = 1_000_000
OTHERS = "others"
# Linux's net.ipv4.ip_local_port_range: the ports that a client has towards one address and port of a server.
EPHEMERAL_PORTS = 60_999 - 32_768 + 1
NEITHER = "neither"
_AT_REST = frozenset({"CLOSED", "LISTEN", "UNKNOWN"})
_BAD = ("reset", "refused", "unanswered")


@dataclass(slots=True)
class Row:
    """Counts under one key, and streams to look at."""

    counts: Counter[str] = field(default_factory=Counter)
    streams: list[int] = field(default_factory=list)
    since_ns: int | None = None  # the earliest
    until_ns: int = 0  # the latest

    def add(self, what: str, stream: int, number: int = 1) -> None:
        """Count something that a stream shows."""
        self.counts[what] += number
        if len(self.streams) < STREAMS and stream not in self.streams:
            self.streams.append(stream)


class Rows(dict[str, Row]):
    """Rows by key, bounded."""

    def at(self, key: str) -> Row:
        """Return the row of a key, or that of all others where there are too many."""
        row = self.get(key)
        if row is None:
            if len(self) >= KEYS:
                key = OTHERS
            row = self.setdefault(key, Row())
        return row

    def top(self, what: str, limit: int) -> list[tuple[str, Row]]:
        """Return the rows with most of something, at most ``limit``, those without any left out."""
        found = [(key, row) for key, row in self.items() if row.counts[what]]
        return sorted(found, key=lambda entry: (-entry[1].counts[what], entry[0]))[:limit]


@dataclass(slots=True)
class Trips:
    """Round trips and segments of one peer's connections."""

    row: Row = field(default_factory=Row)
    samples: int = 0
    sum_s: float = 0.0
    min_s: float = 0.0
    max_s: float = 0.0

    def add(self, samples: int, least: float, average: float, most: float) -> None:
        """Take a connection's round trips to the peer into account."""
        self.min_s = least if not self.samples else min(self.min_s, least)
        self.max_s = max(self.max_s, most)
        self.samples += samples
        self.sum_s += samples * average


class Timeline:
    """How many ends are in each state, at the end of each of at most ``BINS`` parts of the time."""

    def __init__(self) -> None:
        self.start_ns: int | None = None
        self.width_ns = FIRST_BIN_NS
        self.changes: dict[str, list[int]] = {}

    def move(self, time_ns: int, before: str, after: str) -> None:
        """Let an end go from one state to another."""
        if self.start_ns is None:
            self.start_ns = time_ns
        at = max(0, time_ns - self.start_ns) // self.width_ns
        while at >= BINS:
            self._double()
            at //= 2
        if before not in _AT_REST:
            self._of(before)[at] -= 1
        if after not in _AT_REST:
            self._of(after)[at] += 1

    def _of(self, state: str) -> list[int]:
        """Return the changes of a state."""
        found = self.changes.get(state)
        if found is None:
            found = self.changes[state] = [0] * BINS
        return found

    def _double(self) -> None:
        self.width_ns *= 2
        for changes in self.changes.values():
            changes[:] = [changes[at] + changes[at + 1] for at in range(0, BINS, 2)] + [0] * (BINS // 2)

    def table(self) -> list[tuple[int, dict[str, int]]]:
        """Return (end of the part, ends by state) for each part in which something changed."""
        found = []
        now: Counter[str] = Counter()
        for at in range(BINS):
            changed = False
            for state, changes in self.changes.items():
                now[state] += changes[at]
                changed = changed or changes[at] != 0
            if changed:
                end = (self.start_ns or 0) + (at + 1) * self.width_ns
                found.append((end, {state: now[state] for state in STATE_NAMES if now[state]}))
        return found


class Overview:
    """What ``tcptrace summary`` says."""

    def __init__(self) -> None:
        self.connections = 0
        self.ports = Rows()  # by server port: outcomes, who closed first
        self.servers = Rows()  # by server address and port: reset, refused, unanswered, backlog, half-open
        self.time_wait = Rows()  # by holder and the peer's address and port (a client's) or address
        self.lingering = Rows()  # by address and state: CLOSE-WAIT, FIN-WAIT-2
        self.peers: dict[str, Trips] = {}  # by server address
        self.time = Timeline()

    def add(self, connection: Connection) -> None:
        """Take a connection into account."""
        self.connections += 1
        stream, outcome = connection.stream, connection.outcome
        port = self.ports.at(str(connection.server.port))
        port.add(outcome, stream)
        port.counts["all"] += 1
        port.counts[f"first:{connection.closed_first or NEITHER}"] += 1
        self._server(connection, outcome)
        self._time_wait(connection)
        self._ends(connection)
        self._peer(connection)

    def _server(self, connection: Connection, outcome: str) -> None:
        """Count what went wrong at a server."""
        stream, counts = connection.stream, connection.finding_counts
        again = counts.get("syn_retransmission", {}).get("server", 0)
        is_half_open = "half_open" in counts
        if outcome not in (*_BAD, "connecting", "half-closed") and not again and not is_half_open:
            return
        key = endpoint(connection.server)
        for name in (outcome, "half-open" if is_half_open else ""):
            if name in (*_BAD, "connecting", "half-closed", "half-open"):
                self.servers.at(f"{name} {key}").add(name, stream)
        if again:
            self.servers.at(f"backlog {key}").add("backlog", stream, again)
        if outcome == "connecting":
            self.servers.at(f"backlog {key}").add("backlog", stream, 0)
            self.servers.at(f"backlog {key}").add("unfinished", stream)

    def _time_wait(self, connection: Connection) -> None:
        """Count who holds TIME-WAIT at the end of the capture."""
        wait = connection.time_wait
        if wait is None:
            return
        for side in ("client", "server"):
            if getattr(connection.final, side) != "TIME-WAIT":
                continue
            holder = connection.client if side == "client" else connection.server
            # A client's ports towards one address and port are few; a server's TIME-WAITs cost it no port.
            peer = endpoint(connection.server) if side == "client" else connection.client.ip
            row = self.time_wait.at(f"{side} {holder.ip} {peer}")
            row.add("held", connection.stream)
            row.until_ns = max(row.until_ns, wait.until_ns)
            if connection.client == connection.server:
                break

    def _ends(self, connection: Connection) -> None:
        """Follow both ends' states; note those that linger where only their application can end it."""
        since: dict[str, int] = {}
        for step in connection.transitions:
            self.time.move(step.time_ns, step.from_state, step.to_state)
            since[step.side] = step.time_ns
        for side, holder in (("client", connection.client), ("server", connection.server)):
            state = getattr(connection.final, side)
            if state in ("CLOSE-WAIT", "FIN-WAIT-2") and side in since:
                row = self.lingering.at(f"{state} {holder.ip}")
                row.add("ends", connection.stream)
                row.since_ns = since[side] if row.since_ns is None else min(row.since_ns, since[side])

    def _peer(self, connection: Connection) -> None:
        """Count segments, those sent again, and round trips by the server's address."""
        key = connection.server.ip
        trips = self.peers.get(key)
        if trips is None:
            if len(self.peers) >= KEYS:
                key = OTHERS
            trips = self.peers.setdefault(key, Trips())
        trips.row.counts["segments"] += connection.packets.client + connection.packets.server
        again = sum(connection.finding_counts.get("retransmission", {}).values())
        if again:
            trips.row.add("again", connection.stream, again)
        rtt = connection.rtt_s.client
        if rtt.samples and rtt.min is not None and rtt.avg is not None and rtt.max is not None:
            trips.add(rtt.samples, rtt.min, rtt.avg, rtt.max)


def endpoint(end: Endpoint) -> str:
    """Return address and port; an IPv6 address in brackets (RFC 3986 3.2.2)."""
    return f"[{end.ip}]:{end.port}" if ":" in end.ip else f"{end.ip}:{end.port}"
