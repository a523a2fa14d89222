"""Words that ladders, pictures, the explanation and the frame view share: ends, amounts, numbers, the assumed MSL."""

from tcptrace.model.records import Connection, Segment, Side
from tcptrace.show.text import Clock, duration, endpoint, plural, seconds

# Whose MSL a number is (contract, `--stack`); Linux has no MSL but a TIME-WAIT of 60 s (TCP_TIMEWAIT_LEN).
MSL_OF = {120.0: "RFC 9293", 30.0: "Linux", 15.0: "macOS", 60.0: "Windows"}


def client(connection: Connection) -> str:
    """Return the client's address and port."""
    return endpoint(connection.client.ip, connection.client.port)


def server(connection: Connection) -> str:
    """Return the server's address and port."""
    return endpoint(connection.server.ip, connection.server.port)


def is_itself(connection: Connection) -> bool:
    """Say whether the socket is connected to itself: one end, not two (contract, "Which end is which")."""
    return connection.client == connection.server


def octets(n: int) -> str:
    """Return an amount of data in a few columns: ``5323 B``, ``123.4 kB``, ``1.2 GB``."""
    if n < 100_000:
        return f"{n} B"
    value = float(n)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def msl_words(msl_s: float) -> str:
    """Return the MSL that is assumed, with whose it is."""
    whose = MSL_OF.get(float(msl_s))
    text = f"MSL {seconds(msl_s)} s assumed"
    if whose is None:
        return text
    if whose == "RFC 9293":
        return f"{text} as in RFC 9293; Linux waits 60 s in all"
    return f"{text} as on {whose}"


def about(connection: Connection, ascii_only: bool = False) -> list[str]:
    """Return stream, size, duration, outcome and application of a connection, each in words."""
    outcome = connection.outcome
    if connection.reset_by and connection.outcome == "reset":
        outcome += f" by the {connection.reset_by}"
    elif connection.closed_first in ("client", "server"):
        outcome += f" ({connection.closed_first} first)"
    elif connection.closed_first == "both" and not is_itself(connection):
        outcome += " (both at once)"
    parts = [
        f"stream {connection.stream}",
        plural(connection.packets.client + connection.packets.server, "segment"),
        duration(connection.last_ns - connection.first_ns, ascii_only),
        outcome,
    ]
    if connection.application:
        parts.append(connection.application)
    return parts


def is_pure_ack(segment: Segment) -> bool:
    """Say whether a segment is nothing but an acknowledgement."""
    return segment.flags == "ACK" and not segment.payload_bytes


def numbers(segment: Segment) -> list[str]:
    """Return a segment's sequence numbers where they matter, its ACK and its size: ``seq 1:146``, ``145 B``."""
    size = segment.payload_bytes
    parts = []
    if size or "SYN" in segment.flags or "FIN" in segment.flags or "RST" in segment.flags:
        parts.append(f"seq {segment.seq}:{segment.seq + size}" if size else f"seq {segment.seq}")
    if segment.ack is not None:
        parts.append(f"ack {segment.ack}")
    if size:
        parts.append(f"{size} B")
    return parts


def time_wait_holders(connection: Connection) -> list[Side]:
    """Return the ends that the capture leaves in TIME-WAIT; a socket connected to itself is one."""
    sides: tuple[Side, ...] = ("client",) if is_itself(connection) else ("client", "server")
    return [side for side in sides if getattr(connection.final, side) == "TIME-WAIT"]


def time_wait(connection: Connection, msl_s: float, clock: Clock, arrow: str = "→") -> str:
    """Return who holds the ports in TIME-WAIT, until when, and by which assumed MSL; one sentence.

    Only for connections that have a ``time_wait``.
    """
    wait = connection.time_wait
    assert wait is not None

    def moment(ns: int) -> str:
        return f"{clock.time(ns, 3)} {clock.zone(ns)}".rstrip()

    pair = f"{client(connection)} {arrow} {server(connection)}"
    itself, held = is_itself(connection), bool(time_wait_holders(connection))
    both = wait.side == "both" and not itself
    who = "both ends" if both else "the end" if itself else f"the {wait.side}"
    verb = ("hold" if both else "holds") if held else "held"
    end = f"until {moment(wait.until_ns)}" if held else f"from {moment(wait.since_ns)}"
    return f"TIME-WAIT: {who} {verb} {pair} {end} (2MSL, {msl_words(msl_s)})."
