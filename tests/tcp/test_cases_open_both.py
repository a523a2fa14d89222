"""Both ends open actively, or seem to: crossed SYNs, split handshake, one socket (RFC 9293 3.5)."""

from script import parse
from verdict import check, check_paths

import tcptrace

BOTH = "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"


def test_a_simultaneous_open_takes_both_by_syn_received() -> None:
    # RFC 9293 3.5, Figure 7.
    check_paths(
        """
        0.000 client > SYN
        0.001 server < SYN
        0.010 client > SYN,ACK seq 0
        0.011 server < SYN,ACK seq 0
        0.020 client > ACK
        0.021 server < ACK
        0.030 client > PSH,ACK len 10
        0.031 server < PSH,ACK len 10
        0.040 client > ACK
        0.041 server < ACK
        """,
        client=BOTH,
        server=BOTH,
        opened_by="both",
        outcome="open",
    )


def test_a_fin_alone_may_leave_syn_received_after_an_active_open() -> None:
    # 3.10.4: CLOSE in SYN-RECEIVED with nothing to send; whether 3 had come by then no segment shows.
    check(
        """
        0.000 client > SYN
        0.001 server < SYN
        0.010 client > SYN,ACK seq 0
        0.011 server < SYN,ACK seq 0
        0.020 server < FIN,ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        2 server CLOSED>SYN-SENT           snd SYN         observed  2
        1 server SYN-SENT>SYN-RECEIVED     rcv SYN         confirmed 4  @2
        2 client SYN-SENT>SYN-RECEIVED     rcv SYN         confirmed 3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -  @4
        4 client SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        5 server ESTABLISHED>FIN-WAIT-1    snd FIN         assumed   -
        5 client ESTABLISHED>CLOSE-WAIT    rcv FIN         assumed   -
        outcome=half-closed first=server reset=- tw=- opened=both
        """,
    )


def test_crossed_syns_are_taken_after_the_own_one() -> None:
    check(
        """
        0.000 client > SYN
        0.001 server < SYN
        """,
        """
        1 client CLOSED>SYN-SENT        snd SYN  observed 1
        2 server CLOSED>SYN-SENT        snd SYN  observed 2
        1 server SYN-SENT>SYN-RECEIVED  rcv SYN  assumed  -  @2
        2 client SYN-SENT>SYN-RECEIVED  rcv SYN  assumed  -
        outcome=? first=- reset=- tw=- opened=both
        """,
    )


def test_a_split_handshake_has_the_verdict_of_a_simultaneous_open() -> None:
    check_paths(
        """
        0.000 client > SYN
        0.010 server < SYN
        0.020 client > SYN,ACK seq 0
        0.030 server < ACK
        0.040 server < PSH,ACK len 10
        0.050 client > ACK
        """,
        client=BOTH,
        server=BOTH,
        opened_by="both",
        outcome="open",
    )


def test_a_rst_takes_an_active_syn_received_to_closed() -> None:
    # 3.10.7.4, second: after an active OPEN the connection was refused; CLOSED, not LISTEN.

    ladder = """
        0.000 client > SYN
        0.001 server < SYN
        0.010 client > SYN,ACK seq 0
        0.020 server < RST,ACK
        """
    (connection,) = tcptrace.analyze(parse(ladder).pcap())
    assert connection.path.client == ["CLOSED", "SYN-SENT", "SYN-RECEIVED", "CLOSED"]


SELF = """
    ends a 127.0.0.1:5001 b 127.0.0.1:5001
    0.0000 a > SYN
    0.0100 a > SYN,ACK seq 0 ack 1
    0.0200 a > ACK ack 1
    0.0300 a > PSH,ACK len 5 ack 1
    0.0400 a > ACK ack 6
    0.0500 a > FIN,ACK ack 6
    0.0600 a > ACK ack 7
    """


def test_a_socket_connected_to_itself_is_one_end() -> None:
    # As data/kernel/self_connect, but with numbers that wrap: every segment comes from both ends at once.
    check_paths(
        SELF,
        client=BOTH + " FIN-WAIT-1 CLOSING TIME-WAIT",
        server=BOTH + " FIN-WAIT-1 CLOSING TIME-WAIT",
        opened_by="both",
        closed_first="both",
        outcome="closed",
    )


def test_a_socket_connected_to_itself_takes_each_step_once_at_the_client() -> None:
    (connection,) = tcptrace.analyze(parse(SELF).pcap())
    steps = [(t.side, t.to_state) for t in connection.transitions]
    states = [*BOTH.split()[1:], "FIN-WAIT-1", "CLOSING", "TIME-WAIT"]
    assert steps == [("client", state) for state in states]
    assert (connection.packets.client, connection.packets.server) == (7, 0)
    assert connection.time_wait is not None
    assert connection.time_wait.side == "both"
