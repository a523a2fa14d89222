"""``tcptrace summary`` as text and as a record: each section a table of the worst rows, each row with streams to look at."""

from collections.abc import Iterator
from typing import Any

from tcptrace.find.overview import EPHEMERAL_PORTS, NEITHER, Overview, Row, Trips
from tcptrace.model.records import Capture
from tcptrace.show.findings import faults
from tcptrace.show.paint import Line
from tcptrace.show.summary import MEANINGS
from tcptrace.show.text import Clock, count, duration, plural

FIRST = ("client", "server", "both", NEITHER)
# What went wrong at servers: title, the rows' count, what the column is called.
TROUBLES = (
    ("most reset", "reset", "RESET"),
    ("most refused", "refused", "REFUSED"),
    ("most unanswered", "unanswered", "UNANSWERED"),
    ("backlog pressure: SYN,ACKs sent again", "backlog", "AGAIN"),
    ("handshakes never finished", "connecting", "NEVER"),
    ("half-open: one end has lost it", "half-open", "HALF-OPEN"),
    ("half-closed to the end of the capture", "half-closed", "STILL"),
)


def lines(
    overview: Overview, capture: Capture, *, limit: int, clock: Clock, width: int | None
) -> Iterator[Line]:
    """Yield everything that there is something to say of; the capture's own faults first."""
    yield from faults(capture, width)
    yield from _heading(plural(overview.connections, "connection"))
    yield from _ports(overview, limit)
    for title, what, column in TROUBLES:
        rows = overview.servers.top(what, limit)
        if rows:
            yield from _heading(title)
            yield [(f"  {'SERVER':44} {column:>10}  STREAMS", "muted")]
            for key, row in rows:
                yield [(f"  {_named(key, what):44} {count(row.counts[what]):>10}  {_streams(row)}", "")]
    yield from _time_wait(overview, limit, clock)
    yield from _lingering(overview, capture, limit)
    yield from _peers(overview, limit)
    yield from _timeline(overview, clock)


def _heading(text: str) -> Iterator[Line]:
    yield [("", "")]
    yield [(text, "strong")]


def _named(key: str, what: str) -> str:
    """Return a row's key without what it is a row of."""
    return key.removeprefix(f"{what} ")


def _streams(row: Row) -> str:
    return " ".join(map(str, row.streams))


def _ports(overview: Overview, limit: int) -> Iterator[Line]:
    """Yield how connections ended, and who closed first, by server port."""
    outcomes = [name for name in MEANINGS if any(row.counts[name] for row in overview.ports.values())]
    for port, row in overview.ports.top("all", limit):
        ended = ", ".join(f"{count(row.counts[name])} {name}" for name in outcomes if row.counts[name])
        first = ", ".join(
            f"{side} {count(row.counts[f'first:{side}'])}" for side in FIRST if row.counts[f"first:{side}"]
        )
        yield [(f"  port {port:5} {count(row.counts['all']):>9}: ", ""), (ended, "")]
        yield [(f"  {'':10} {'':9}  closed first: {first}; streams {_streams(row)}", "muted")]


def _time_wait(overview: Overview, limit: int, clock: Clock) -> Iterator[Line]:
    """Yield who holds TIME-WAIT, until when, and how near a client is to the end of its ports."""
    rows = overview.time_wait.top("held", limit)
    if not rows:
        return
    yield from _heading("TIME-WAIT at the end of the capture")
    for key, row in rows:
        held = row.counts["held"]
        side, _, rest = key.partition(" ")
        who = rest.replace(" ", " towards ") if rest else key
        until = f"until {clock.time(row.until_ns, 0)} {clock.zone(row.until_ns)}".rstrip()
        text = f"  {who}: {count(held)} as {side}, {until}; streams {_streams(row)}"
        if side == "client":
            text += (
                f"; {100 * held / EPHEMERAL_PORTS:.1f} % of Linux's {count(EPHEMERAL_PORTS)} ephemeral ports"
            )
        yield [(text, "warning" if side == "client" and held > EPHEMERAL_PORTS // 2 else "")]


def _lingering(overview: Overview, capture: Capture, limit: int) -> Iterator[Line]:
    """Yield who stays in CLOSE-WAIT and FIN-WAIT-2."""
    rows = overview.lingering.top("ends", limit)
    if not rows:
        return
    yield from _heading("lingering to the end of the capture")
    for key, row in rows:
        state, _, holder = key.partition(" ")
        why = "its application does not close" if state == "CLOSE-WAIT" else "waits for the peer's FIN"
        since = duration(max(0, capture.last_ns - (row.since_ns or capture.last_ns)))
        text = f"  {holder or 'others'}: {count(row.counts['ends'])} in {state} ({why}), up to {since}"
        yield [(f"{text}; streams {_streams(row)}", "")]


def _share(trips: Trips) -> float:
    """Return how much of a peer's segments was sent again."""
    return trips.row.counts["again"] / max(1, trips.row.counts["segments"])


def _worst_peers(overview: Overview, limit: int) -> list[tuple[str, Trips]]:
    """Return the peers of which the greatest share was sent again; of equal ones those with most segments."""
    order = sorted(
        overview.peers.items(),
        key=lambda entry: (-_share(entry[1]), -entry[1].row.counts["segments"], entry[0]),
    )
    return order[:limit]


def _peers(overview: Overview, limit: int) -> Iterator[Line]:
    """Yield retransmissions and round trips by server address."""
    rows = _worst_peers(overview, limit)
    if not rows:
        return
    yield from _heading("sent again, and round trips from the client's side, by server")
    heads = f"{'SEGMENTS':>10} {'AGAIN':>8} {'':7} {'RTT MIN':>11} {'AVG':>11} {'MAX':>11}"
    yield [(f"  {'SERVER':39} {heads}  STREAMS", "muted")]
    for name, trips in rows:
        values = (trips.min_s, trips.sum_s / trips.samples, trips.max_s) if trips.samples else ()
        times = " ".join(f"{duration(round(value * 1e9)):>11}" for value in values) or f"{'-':>11}"
        counts = trips.row.counts
        numbers = f"{count(counts['segments']):>10} {count(counts['again']):>8} {100 * _share(trips):5.1f} %"
        yield [(f"  {name:39} {numbers} {times}  {_streams(trips.row)}".rstrip(), "")]


def _timeline(overview: Overview, clock: Clock) -> Iterator[Line]:
    """Yield how many ends were in each state over time; CLOSED and LISTEN are at rest and not counted."""
    table = overview.time.table()
    if not table:
        return
    yield from _heading(f"ends in each state, every {duration(overview.time.width_ns)}")
    for end, states in table:
        said = ", ".join(f"{count(number)} {state}" for state, number in states.items()) or "none"
        yield [(f"  {clock.time(end, 3)}  {said}", "")]


def record(overview: Overview, limit: int) -> dict[str, Any]:
    """Return the same as a record of JSON; times are nanoseconds, round trips seconds."""
    servers = {
        what: [_row(_named(key, what), row, what) for key, row in overview.servers.top(what, limit)]
        for _, what, _ in TROUBLES
    }
    waiting = [
        _row(key, row, "held") | {"until_ns": row.until_ns}
        for key, row in overview.time_wait.top("held", limit)
    ]
    lingering = [
        _row(key, row, "ends") | {"since_ns": row.since_ns}
        for key, row in overview.lingering.top("ends", limit)
    ]
    return {
        "record": "overview",
        "schema": 1,
        "connections": overview.connections,
        "ports": [_port(port, row) for port, row in overview.ports.top("all", limit)],
        "servers": servers,
        "time_wait": waiting,
        "lingering": lingering,
        "peers": [_peer(name, trips) for name, trips in _worst_peers(overview, limit)],
        "states": [{"until_ns": end, "ends": states} for end, states in overview.time.table()],
    }


def _row(key: str, row: Row, what: str) -> dict[str, Any]:
    return {"key": key, "count": row.counts[what], "streams": row.streams}


def _port(port: str, row: Row) -> dict[str, Any]:
    return {
        "port": port,
        "outcomes": {name: row.counts[name] for name in MEANINGS if row.counts[name]},
        "closed_first": {side: row.counts[f"first:{side}"] for side in FIRST if row.counts[f"first:{side}"]},
        "streams": row.streams,
    }


def _peer(name: str, trips: Trips) -> dict[str, Any]:
    rtt = None
    if trips.samples:
        average = trips.sum_s / trips.samples
        rtt = {"samples": trips.samples, "min": trips.min_s, "avg": average, "max": trips.max_s}
    counts = trips.row.counts
    return {
        "ip": name,
        "segments": counts["segments"],
        "sent_again": counts["again"],
        "rtt_s": rtt,
        "streams": trips.row.streams,
    }
