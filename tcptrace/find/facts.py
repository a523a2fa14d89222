"""What a row of the replay says, in the words of the contract's records: ends, addresses, times, clauses."""

from typing import TYPE_CHECKING

from tcptrace import kernels
from tcptrace.flow import bits
from tcptrace.model.records import Endpoint, Rtt, Side, SideOrBoth, TimeWait
from tcptrace.model.states import LISTEN, STATE_NAMES, SYN_SENT
from tcptrace.model.units import NS
from tcptrace.tcp import codes as notes
from tcptrace.tcp import machine
from tcptrace.tcp.outcomes import BOTH

if TYPE_CHECKING:
    from tcptrace.flow import rows
else:
    rows = kernels.load("flow.rows")

NAMES: tuple[Side, Side] = ("client", "server")
TAP_RATIO = 4  # the handshake's halves must differ so much,
TAP_NS = 500_000  # and by so much, to tell where the capture was taken
_CLAUSES: dict[int, str | None] = {
    machine.SND_SYN: "RFC 9293 3.10.1",
    machine.SND_FIN: "RFC 9293 3.10.4",
    machine.SND_RST: "RFC 9293 3.10.5",
    machine.TIMEOUT_2MSL: "RFC 9293 3.10.8",
    machine.REUSED: "RFC 6191",
    machine.PICKUP: None,
}


def ends_of(row: "rows.Stream", client: int) -> "tuple[rows.End, rows.End]":
    """Return the ends of client and server; where nothing of one came, an empty one."""
    low = row.low if row.low is not None else rows.End()
    high = low if row.flags & bits.S_SELF else row.high if row.high is not None else rows.End()
    return (low, high) if client == 0 else (high, low)


def start_of(end: "rows.End") -> str:
    """Return the first state of a path: what a silent end was taken for is not known."""
    if end.packets == 0 and end.path_len == 0 and not _has_inferred(end):
        return "UNKNOWN"
    return STATE_NAMES[end.start]


def _has_inferred(end: "rows.End") -> bool:
    event = end.pending
    while event is not None:
        if event.evidence == bits.INFERRED or (event.evidence == bits.ASSUMED and event.proof):
            return True
        event = event.next
    return False


def side_name(number: int, client: int) -> Side | None:
    """Return the name of the end ``number`` (0 the low one, 1 the high one); None where it is neither."""
    return None if number < 0 else NAMES[number ^ client]


def side_or_both(number: int, client: int) -> SideOrBoth | None:
    """Return the name of a side, or of both."""
    return "both" if number == BOTH else side_name(number, client)


def known(value: int) -> int | None:
    """Return a count, None where it is not known (-1)."""
    return None if value < 0 else value


def addresses_of(row: "rows.Stream") -> tuple[Endpoint, Endpoint]:
    """Return the low and the high end's address."""
    key = row.key
    assert key is not None
    low_port = key.k4 >> 16 & 0xFFFF
    high_port = key.k4 & 0xFFFF
    if key.k4 >> 32 == 4:
        return Endpoint(ipv4_text(key.k1), low_port), Endpoint(ipv4_text(key.k3), high_port)
    return Endpoint(ipv6_text(key.k0, key.k1), low_port), Endpoint(ipv6_text(key.k2, key.k3), high_port)


def ipv4_text(number: int) -> str:
    """Return the dotted form of an IPv4 address."""
    return f"{number >> 24 & 255}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def ipv6_text(high: int, low: int) -> str:
    """Return an IPv6 address as RFC 5952 writes it."""
    from socket import AF_INET6, inet_ntop

    return inet_ntop(AF_INET6, (high << 64 | low).to_bytes(16, "big"))


def rtt_of(end: "rows.End") -> Rtt:
    """Return the round trips of what an end sent, in seconds."""
    if end.rtt_count == 0:
        return Rtt(0, None, None, None)
    return Rtt(end.rtt_count, end.rtt_min / NS, round(end.rtt_sum / end.rtt_count) / NS, end.rtt_max / NS)


def handshake_s(row: "rows.Stream", client: int) -> float | None:
    """Return the seconds from the client's SYN to the handshake's ACK; None where one was not captured."""
    if bits.NO_TIME in (row.handshake_ns, row.syn_ns) or row.syn_side != client:
        return None
    return max(0, row.handshake_ns - row.syn_ns) / NS


def time_wait_of(ends: "tuple[rows.End, rows.End]", alone: bool) -> TimeWait | None:
    """Return which end holds TIME-WAIT, from when until when; None where neither does."""
    held: list[tuple[Side, int, int]] = []
    for name, end in zip(NAMES, ends, strict=True):
        if end.since_ns > bits.NO_TIME and end.packets:
            held.append((name, end.since_ns, end.until_ns))
    if not held:
        return None
    since = min(entry[1] for entry in held)
    until = max(entry[2] for entry in held)
    return TimeWait("both" if len(held) == 2 or alone else held[0][0], since, until)


def tap(row: "rows.Stream", client: int) -> Side | None:
    """Say beside which end the capture was taken: there the SYN,ACK or its ACK follows at once."""
    if row.syn_side != client or bits.NO_TIME in (row.syn_ns, row.synack_ns, row.handshake_ns):
        return None
    if row.synack_side != 1 - client or any(note[0] == notes.SYN_RETRANSMISSION for note in row.notes or ()):
        return None
    to_server = row.synack_ns - row.syn_ns
    to_client = row.handshake_ns - row.synack_ns
    if to_server < 0 or to_client < 0 or abs(to_server - to_client) < TAP_NS:
        return None
    if to_server >= TAP_RATIO * to_client:
        return "client"
    return "server" if to_client >= TAP_RATIO * to_server else None


def rule(cause: str, from_state: str) -> str | None:
    """Return the clause of a step, by the contract's words for its cause and its state."""
    return clause(machine.CAUSES.index(cause), STATE_NAMES.index(from_state))


def clause(what: int, before: int) -> str | None:
    """Return the clause of a step by its input and the state before it."""
    return _CLAUSES[what] if what in _CLAUSES else _received_rule(before)


def _received_rule(state: int) -> str:
    """Return the clause of SEGMENT ARRIVES for a state."""
    if state == LISTEN:
        return "RFC 9293 3.10.7.2"
    return "RFC 9293 3.10.7.3" if state == SYN_SENT else "RFC 9293 3.10.7.4"
