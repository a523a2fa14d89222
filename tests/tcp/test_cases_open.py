"""Opening: the handshake and what can go wrong with it (RFC 9293 3.5, 3.10.7.2 to 3.10.7.4)."""

import pytest
from verdict import check


def test_a_bare_ack_after_the_handshake_proves_nothing() -> None:
    # SYN cookies look the same: the server keeps no state before the ACK, and the wire cannot tell.
    check(
        """
        handshake
        0.030 server < ACK
        """,
        """
        handshake -
        outcome=open first=- reset=- tw=- opened=client
        ! none
        """,
    )


@pytest.mark.parametrize("isn", [0, 100, 2**31 - 2, 2**31, 2**32 - 102, 2**32 - 3, 2**32 - 1])
def test_the_whole_life_is_the_same_at_every_initial_number(isn: int) -> None:
    check(
        f"""
        isn client {isn}
        isn server {2**32 - 1 - isn}
        handshake
        0.030 client > PSH,ACK len 100
        0.040 server < ACK
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.070 server < FIN,ACK
        0.080 client > ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9
        8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
        8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 9
        9 server LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
        outcome=closed first=client reset=- tw=client@8 opened=client
        ! none
        """,
    )


def test_ipv6_over_ethernet_is_replayed_alike() -> None:
    check(
        """
        link ethernet
        ends client 2001:db8::1.40000 server 2001:db8:0:1::2.80
        handshake
        0.030 server < PSH,ACK len 20
        """,
        """
        handshake 4
        outcome=open first=- reset=- tw=- opened=client
        """,
    )


def test_a_syn_alone_is_unanswered_and_the_silent_end_unknown() -> None:
    check(
        "0 client > SYN mss 1460",
        """
        1 client CLOSED>SYN-SENT snd SYN observed 1
        path server UNKNOWN
        outcome=unanswered first=- reset=- tw=- opened=client
        """,
    )


def test_syn_and_syn_ack_alone_are_connecting() -> None:
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        """,
        """
        1 client CLOSED>SYN-SENT       snd SYN      observed  1
        1 server LISTEN>SYN-RECEIVED   rcv SYN      confirmed 2
        2 client SYN-SENT>ESTABLISHED  rcv SYN,ACK  assumed   -
        outcome=connecting first=- reset=- tw=- opened=client
        """,
    )


def test_a_syn_sent_again_is_what_the_server_received() -> None:
    # Withdrawn (a): the client repeats X's SYN.
    check(
        """
        0.000 client > SYN
        1.000 client > SYN
        1.010 server < SYN,ACK
        1.020 client > ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        2 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 3
        3 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 4
        4 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=- opened=client
        ! 2 client syn_retransmission
        """,
    )


def test_the_first_syn_stands_where_the_syn_ack_s_tsecr_names_it() -> None:
    check(
        """
        timestamps
        0.000 client > SYN
        1.000 client > SYN
        1.010 server < SYN,ACK ecr @1
        1.020 client > ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 3
        3 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 4
        4 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=-
        """,
    )


def test_a_lost_syn_ack_is_received_at_its_repeat() -> None:
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        1.010 server < SYN,ACK
        1.020 client > ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        3 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 4
        4 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=-
        """,
    )


def test_a_syn_that_crosses_the_syn_ack_postpones_the_client() -> None:
    # Frame 3 carries a SYN: the client had not received frame 2 when it left. The server repeats nothing.
    check(
        """
        0.000 client > SYN
        0.999 server < SYN,ACK
        1.000 client > SYN
        1.020 client > ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 4  @3
        4 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=-
        """,
    )


def test_a_lost_ack_of_the_syn_ack_counts_at_the_next_one() -> None:
    # Withdrawn (b): the server repeats the SYN-ACK that frame 3 acknowledged. Deferred accept looks the same.
    check(
        """
        handshake
        1.010 server < SYN,ACK
        1.020 client > ACK
        1.030 client > PSH,ACK len 100
        1.040 server < ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        5 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 7
        outcome=open first=- reset=- tw=-
        """,
    )


def test_a_listener_that_repeats_its_syn_ack_twice_refuses_the_ack() -> None:
    # A full accept queue: the kernel's captures (backlog_overflow) show that it stays in SYN-RECEIVED, though
    # the last ACK is followed by no SYN,ACK.
    check(
        """
        handshake
        1.010 server < SYN,ACK
        1.020 client > ACK
        3.010 server < SYN,ACK
        3.020 client > ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        outcome=connecting first=- reset=- tw=-
        """,
    )


def test_one_repeated_syn_ack_is_taken_for_a_lost_ack() -> None:
    check(
        """
        handshake
        1.010 server < SYN,ACK
        1.020 client > ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        5 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=-
        """,
    )


def test_an_unanswered_syn_ack_repeat_takes_the_server_back_to_syn_received() -> None:
    # The same without the last ACK: the only ACK of the SYN-ACK was refuted and none came after it.
    check(
        """
        handshake
        1.010 server < SYN,ACK
        """,
        """
        1 client CLOSED>SYN-SENT       snd SYN      observed  1
        1 server LISTEN>SYN-RECEIVED   rcv SYN      confirmed 2
        2 client SYN-SENT>ESTABLISHED  rcv SYN,ACK  confirmed 3
        outcome=connecting first=- reset=- tw=-
        """,
    )
