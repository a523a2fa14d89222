"""The three normative examples of replay.md, exact to the last field."""

from pathlib import Path
from typing import Any

import pytest
from verdict import clause

import tcptrace

ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "tests/data/kernel"
HANDSHAKE_STATES = {"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED"}

SEED = """
 1 client CLOSED>SYN-SENT           snd SYN         observed    1
 1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed   2
 2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed   3
 3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed   6
11 server ESTABLISHED>FIN-WAIT-1    snd FIN         observed   11
11 client ESTABLISHED>CLOSE-WAIT    rcv FIN         confirmed  12
12 server FIN-WAIT-1>FIN-WAIT-2     rcv ACK of FIN  confirmed  14
13 client CLOSE-WAIT>LAST-ACK       snd FIN         observed   13
13 server FIN-WAIT-2>TIME-WAIT      rcv FIN         confirmed  14
14 client LAST-ACK>CLOSED           rcv ACK of FIN  assumed     -
"""
# The page has the server's step at 8 confirmed by 11. Frame 11 proves the FIN, not that it came before frame 10, whose ACK
# is taken beyond a hole too (3.10.7.4): on a path that reorders the server may have gone by FIN-WAIT-2.
SIMULTANEOUS_CLOSE = """
 8 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed   8
 9 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   9
 8 server FIN-WAIT-1>CLOSING      rcv FIN         assumed    -
 9 client FIN-WAIT-1>CLOSING      rcv FIN         confirmed 10
10 server CLOSING>TIME-WAIT       rcv ACK of FIN  assumed    -
11 client CLOSING>TIME-WAIT       rcv ACK of FIN  assumed    -
"""
FIN_LOST = """
 8 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed   8
 9 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 10
10 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 12
11 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  11
11 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 12
12 server LAST-ACK>CLOSED         rcv ACK of FIN  assumed    -
"""


def steps(connection: Any, is_after_handshake: bool = False) -> list[str]:
    """Return the transitions as the examples print them, spaces folded."""
    out = []
    for t in connection.transitions:
        if is_after_handshake and t.from_state in HANDSHAKE_STATES:
            continue
        proof = "-" if t.proof is None else t.proof
        out.append(f"{t.frame} {t.side} {t.from_state}>{t.to_state} {t.cause} {t.evidence} {proof}")
    return out


def folded(example: str) -> list[str]:
    """Return an example's lines with single spaces."""
    return [" ".join(line.split()) for line in example.strip().splitlines()]


def times_of_frames(path: Path) -> list[int]:
    """Return the frames' times in nanoseconds, from the file's own record headers (pcap, little endian)."""
    data = path.read_bytes()
    scale = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}[int.from_bytes(data[:4], "little")]
    times, place = [], 24
    while place < len(data):
        second, part, captured = (
            int.from_bytes(data[place + i : place + i + 4], "little") for i in (0, 4, 8)
        )
        times.append(second * 1_000_000_000 + part * scale)
        place += 16 + captured
    return times


def only(path: Path) -> Any:
    """Return the capture's single connection."""
    (connection,) = tcptrace.analyze(path)
    return connection


@pytest.mark.parametrize("name", ["http-get.txt", "http-get.pcap"])
def test_the_seed_listing_gives_the_first_example(name: str) -> None:
    connection = only(ROOT / "captures" / name)
    assert steps(connection) == folded(SEED)
    assert connection.outcome == "closed"
    assert connection.closed_first == "server"
    assert connection.opened_by == "client"
    assert connection.reset_by is None
    assert connection.time_wait.side == "server"
    assert (connection.rtt_s.client.samples, connection.rtt_s.server.samples) == (3, 4)


def test_the_seed_capture_is_the_contract_s_example_of_a_connection() -> None:
    c = only(ROOT / "captures/http-get.pcap")
    assert (c.schema, c.stream, c.first_frame, c.last_frame) == (1, 0, 1, 14)
    assert (c.client.ip, c.client.port, c.server.ip, c.server.port) == ("127.0.0.1", 49329, "127.0.0.1", 8000)
    assert (c.first_ns, c.last_ns) == (1487691966464962000, 1487691966468479000)
    assert (c.packets.client, c.packets.server) == (7, 7)
    assert (c.duplicates.client, c.duplicates.server) == (0, 0)
    assert (c.application, c.tap) == ("http", None)
    assert (c.data_bytes.client, c.data_bytes.server) == (145, 5323)
    assert (c.unique_bytes.client, c.unique_bytes.server) == (145, 5323)
    assert c.path.client == ["CLOSED", "SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"]
    assert c.path.server == [
        "LISTEN",
        "SYN-RECEIVED",
        "ESTABLISHED",
        "FIN-WAIT-1",
        "FIN-WAIT-2",
        "TIME-WAIT",
    ]
    assert (c.final.client, c.final.server) == ("CLOSED", "TIME-WAIT")
    held = c.time_wait
    assert (held.side, held.since_ns, held.until_ns) == ("server", 1487691966468442000, 1487692206468442000)
    assert c.handshake_s == pytest.approx(0.000067, abs=1e-12)
    # The example shows no finding; by findings.md, rule 5, and in Wireshark, frame 4 is a window_update.
    assert c.finding_counts == {"window_update": {"server": 1}}
    assert [(finding.frame, finding.side, finding.code) for finding in c.findings] == [
        (4, "server", "window_update")
    ]
    assert c.given_up is False
    client, server = c.rtt_s.client, c.rtt_s.server
    assert (client.samples, client.min, client.max) == (3, pytest.approx(14e-6), pytest.approx(56e-6))
    assert (server.samples, server.min, server.max) == (4, pytest.approx(11e-6), pytest.approx(30e-6))
    assert client.avg == pytest.approx(0.000036, abs=5e-7)  # the contract prints it rounded
    assert server.avg == pytest.approx(0.000018, abs=5e-7)


def test_every_step_of_the_seed_has_its_frame_s_time_and_its_clause() -> None:
    path = ROOT / "captures/http-get.pcap"
    times = times_of_frames(path)
    for t in only(path).transitions:
        assert t.time_ns == times[t.frame - 1]
        assert t.rule == clause(t.cause, t.from_state)


def test_simultaneous_close_at_the_client_gives_the_second_example() -> None:
    path = KERNEL / "simultaneous_close@client.pcap"
    connection, times = only(path), times_of_frames(path)
    assert steps(connection, is_after_handshake=True) == folded(SIMULTANEOUS_CLOSE)
    closing = [t for t in connection.transitions if t.to_state == "CLOSING"]
    assert [t.time_ns for t in closing] == [times[8], times[8]]  # the server's: frame 9's, not frame 8's
    assert connection.closed_first == "both"
    assert connection.time_wait.side == "both"
    assert connection.time_wait.since_ns == times[9]
    assert connection.time_wait.until_ns == times[10] + 240_000_000_000  # the later one


def test_fin_lost_at_the_client_gives_the_third_example() -> None:
    path = KERNEL / "fin_lost@client.pcap"
    connection, times = only(path), times_of_frames(path)
    assert steps(connection, is_after_handshake=True) == folded(FIN_LOST)
    assert [t.time_ns for t in connection.transitions] == [times[t.frame - 1] for t in connection.transitions]
    assert (connection.outcome, connection.closed_first) == ("closed", "client")
    assert connection.time_wait.side == "client"
