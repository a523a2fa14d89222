"""What no endpoint should do, and connections left for a new one: the table's other rows."""

import pytest
from script import parse
from verdict import check, check_paths

import tcptrace

DATA = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    again client2 server2 = client server
    """
CLOSED = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    0.050 client > FIN,ACK
    0.060 server < ACK
    0.070 server < FIN,ACK
    0.080 client > ACK
    """
CLOSED_STEPS = """
    handshake 5
    6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
    6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
    7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9
    8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
    8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 9
    9 server LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
    """


@pytest.mark.parametrize("line", ["1.000 client > FIN,ACK seq 120", "1.000 server < FIN,ACK seq 20"])
def test_a_second_fin_at_a_new_number_is_not_in_the_state_machine(line: str) -> None:
    # In TIME-WAIT (client) and in CLOSED (server): the state stays. 2MSL starts anew only where the FIN comes
    # again, at its own number; this one is beyond RCV.NXT, before a hole.
    check(
        CLOSED + line,
        CLOSED_STEPS
        + """
        outcome=closed first=client reset=- tw=client@8
        has not_in_state_machine
        """,
    )


def test_a_fin_in_syn_sent_is_not_in_the_state_machine() -> None:
    check(
        """
        0.000 client > SYN
        0.010 client > FIN
        """,
        """
        1 client CLOSED>SYN-SENT snd SYN observed 1
        path server UNKNOWN
        outcome=? first=? reset=- tw=-
        has not_in_state_machine
        """,
    )


def test_a_fin_from_listen_is_not_in_the_state_machine() -> None:
    # The server's end was in LISTEN or CLOSED; the FIN shows no SYN of its own before it.
    check_paths(
        """
        0.000 client > SYN
        0.010 server < FIN seq 5
        0.020 server < SYN,ACK
        0.030 client > ACK ack 1
        """,
        client="CLOSED SYN-SENT ESTABLISHED",
        server="LISTEN SYN-RECEIVED ESTABLISHED",
        outcome="open",
    )


def test_a_rst_from_the_holder_ends_time_wait() -> None:
    # No endpoint does it: the holder was killed, or let go early.
    check(
        CLOSED + "1.000 client > RST",
        CLOSED_STEPS
        + """
        10 client TIME-WAIT>CLOSED snd RST observed 10
        outcome=closed first=client reset=? tw=client@8
        """,
    )


# The old connection's last segments, the client's states at the end, and the number that the server expects.
# Its challenge ACK repeats its last one; what the client sent in the end is lost behind the tap.
LIVES = [
    ("", "ESTABLISHED", 101),
    ("0.050 client > FIN,ACK", "ESTABLISHED FIN-WAIT-1", 101),
    ("0.050 client > FIN,ACK\n0.060 server < ACK", "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2", 102),
    ("0.050 server < FIN,ACK\n0.060 client > ACK\n0.070 server < ACK", "ESTABLISHED CLOSE-WAIT", 101),
    (
        """
        0.050 client > PSH,ACK len 10
        0.051 client > FIN,ACK
        0.052 server < FIN,ACK ack 101
        0.060 server < ACK ack 111
        """,
        "ESTABLISHED FIN-WAIT-1 CLOSING",
        111,
    ),
    (
        """
        0.050 server < FIN,ACK
        0.060 client > PSH,ACK len 10
        0.070 server < ACK
        0.080 client > FIN,ACK
        """,
        "ESTABLISHED CLOSE-WAIT LAST-ACK",
        111,
    ),
]


@pytest.mark.parametrize(("last", "states", "expected"), LIVES)
def test_the_sender_of_a_challenged_syn_has_left_the_old_connection(
    last: str, states: str, expected: int
) -> None:
    # RFC 9293 3.5.1, Figure 10, from every synchronized state. The new number is a lower one, so that a
    # server that is thought to be in TIME-WAIT refuses it too.
    ladder = (
        DATA
        + last
        + f"""
        isn client2 {2**32 - 1_000}
        1.000 client2 > SYN
        1.010 server < ACK ack {expected}
        1.020 client > RST seq {expected}
        2.000 client2 > SYN
        2.010 server2 < SYN,ACK
        2.020 client2 > ACK
        """
    )
    old, new = tcptrace.analyze(parse(ladder).pcap())
    assert " ".join(old.path.client) == f"CLOSED SYN-SENT {states} CLOSED"
    left = [t for t in old.transitions if t.side == "client"][-1]
    syn = old.last_frame + 1
    assert (left.frame, left.cause, left.evidence, left.proof) == (syn, "reused", "inferred", syn)
    assert old.path.server[-1] == "CLOSED"
    assert new.path.client == ["CLOSED", "SYN-SENT", "ESTABLISHED"]
    assert new.path.server == ["LISTEN", "SYN-RECEIVED", "ESTABLISHED"]
