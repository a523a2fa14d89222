"""Captures that begin in the middle or show one direction only (contract.md, Paths; replay.md, Midstream)."""

from script import parse
from verdict import check

import tcptrace


def test_an_end_is_picked_up_where_it_has_sent_and_acknowledged_new_data() -> None:
    check(
        """
        0.000 client > PSH,ACK seq 1000 len 10 ack 500
        0.010 server < PSH,ACK seq 500 len 20
        0.020 client > ACK
        """,
        """
        2 server UNKNOWN>ESTABLISHED  pickup  inferred 2
        3 client UNKNOWN>ESTABLISHED  pickup  inferred 3
        outcome=open first=- reset=- tw=- opened=-
        """,
    )


def test_acks_alone_pick_nobody_up() -> None:
    check(
        """
        0.000 client > ACK seq 1000 ack 500
        0.010 server < ACK seq 500 ack 1000
        """,
        """
        path client UNKNOWN
        path server UNKNOWN
        outcome=unknown first=- reset=- tw=- opened=-
        """,
    )


def test_without_a_handshake_the_higher_port_is_the_client() -> None:
    check(
        """
        ends a 192.0.2.1:80 b 192.0.2.2:40000
        0.000 a > PSH,ACK seq 1000 len 10 ack 500
        0.010 b < PSH,ACK seq 500 len 20
        """,
        """
        2 client UNKNOWN>ESTABLISHED  pickup  inferred 2
        path server UNKNOWN
        outcome=open first=- reset=- tw=- opened=- roles=b,a
        """,
    )


def test_without_a_handshake_and_on_equal_ports_the_first_sender_is_the_client() -> None:
    check(
        """
        ends a 192.0.2.9:179 b 192.0.2.2:179
        0.000 a > ACK seq 1000 ack 500
        0.010 b < ACK seq 500 ack 1000
        """,
        """
        path client UNKNOWN
        path server UNKNOWN
        outcome=unknown first=- reset=- tw=- opened=-
        """,
    )


def test_a_fin_settles_its_sender_and_its_receiver() -> None:
    check(
        """
        0.000 client > FIN,ACK seq 1000 ack 500
        0.010 server < ACK seq 500
        0.020 server < FIN,ACK
        0.030 client > ACK
        """,
        """
        1 client UNKNOWN>ESTABLISHED     pickup          inferred  1
        1 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  1
        1 server UNKNOWN>ESTABLISHED     pickup          inferred  1
        1 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 2
        2 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 4
        3 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  3
        3 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 4
        4 server LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
        outcome=closed first=client reset=- tw=client@3 opened=-
        """,
    )


def test_an_end_of_which_nothing_was_captured_takes_no_assumed_step() -> None:
    # One direction: what the client's ACKs prove of the server may be inferred, nothing may be assumed.
    ladder = """
        0.000 client > SYN
        0.020 client > ACK ack 1
        0.030 client > PSH,ACK len 100 ack 1
        0.040 client > ACK ack 201
        0.050 client > FIN,ACK ack 201
        0.060 client > ACK ack 202
        """
    (connection,) = tcptrace.analyze(parse(ladder).pcap())
    evidence = {t.evidence for t in connection.transitions if t.side == "server"}
    assert evidence <= {"inferred"}
    assert connection.path.client[:4] == ["CLOSED", "SYN-SENT", "ESTABLISHED", "FIN-WAIT-1"]
    assert "one_direction" in connection.finding_counts
    inferred = [t for t in connection.transitions if t.side == "client" and t.to_state == "ESTABLISHED"]
    assert [(t.frame, t.cause, t.evidence, t.proof) for t in inferred] == [(2, "rcv SYN,ACK", "inferred", 2)]


def test_a_syn_ack_alone_names_the_roles() -> None:
    (connection,) = tcptrace.analyze(parse("0 server < SYN,ACK ack 1").pcap())
    assert (connection.client.port, connection.server.port) == (40000, 80)
    assert connection.opened_by == "client"
    assert connection.path.server == ["LISTEN", "SYN-RECEIVED"]
    assert connection.outcome == "connecting"
