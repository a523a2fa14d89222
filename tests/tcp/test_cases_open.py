"""Opening: the handshake and what can go wrong with it (replay.md: Cases; RFC 9293 3.5, 3.10.7.2 to 3.10.7.4)."""

import pytest
from verdict import check, check_paths

ACTIVE = "CLOSED SYN-SENT"
BOTH = "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"


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


def test_backlog_full_leaves_the_last_ack_that_no_syn_ack_followed_as_an_assumption() -> None:
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
        7 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
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


# --- proof of `rcv ACK of SYN`


def test_server_data_proves_the_handshake_s_ack() -> None:
    check("handshake\n0.030 server < PSH,ACK len 20", "handshake 4\noutcome=open first=- reset=- tw=-")


def test_a_server_fin_proves_the_handshake_s_ack() -> None:
    check(
        """
        handshake
        0.030 server < FIN,ACK
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN  observed 4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN  assumed  -
        outcome=half-closed first=server reset=- tw=-
        """,
    )


def test_a_bare_ack_whose_tsecr_names_the_handshake_s_ack_proves_it() -> None:
    check(
        """
        timestamps
        handshake
        0.030 server < ACK
        """,
        "handshake 4\noutcome=open first=- reset=- tw=-",
    )


def test_a_bare_ack_whose_tsecr_names_the_syn_proves_nothing() -> None:
    # It postpones: X.seq (1) equals the server's last ACK and TSecr is below X's TSval (RFC 7323 4.3).
    check(
        """
        timestamps
        handshake
        0.030 server < ACK ecr @1
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -  @4
        outcome=open first=- reset=- tw=-
        """,
    )


def test_server_data_is_no_proof_where_data_in_the_syn_was_acknowledged() -> None:
    # RFC 7413: with SYN data accepted the server may send before the ACK; 7 acknowledges beyond the SYN-ACK.
    check(
        """
        0.000 client > SYN len 3
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.030 server < PSH,ACK len 6
        0.040 client > ACK
        0.050 client > PSH,ACK len 10
        0.060 server < ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 7
        outcome=open first=- reset=- tw=-
        has syn_data
        no fast_open
        """,
    )


def test_fast_open_closes_from_syn_received() -> None:
    # The server's FIN leaves before any ACK of its SYN: 3.10.4, SYN-RECEIVED to FIN-WAIT-1. Frame 4
    # acknowledges the SYN-ACK only, so the FIN came after frame 4 had left.
    check(
        """
        0.000 client > SYN len 3 tfo 0102030405060708
        0.010 server < SYN,ACK
        0.011 server < FIN,PSH,ACK len 6
        0.020 client > ACK ack 1
        0.021 client > ACK
        0.030 client > FIN,ACK
        0.040 server < ACK
        """,
        """
        1 client CLOSED>SYN-SENT          snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED      rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED     rcv SYN,ACK     confirmed 4
        3 server SYN-RECEIVED>FIN-WAIT-1  snd FIN         observed  3
        3 client ESTABLISHED>CLOSE-WAIT   rcv FIN         confirmed 5  @4
        5 server FIN-WAIT-1>FIN-WAIT-2    rcv ACK of FIN  confirmed 7
        6 client CLOSE-WAIT>LAST-ACK      snd FIN         observed  6
        6 server FIN-WAIT-2>TIME-WAIT     rcv FIN         confirmed 7
        7 client LAST-ACK>CLOSED          rcv ACK of FIN  assumed   -
        outcome=closed first=server reset=- tw=server@6
        has fast_open
        """,
    )


def test_syn_data_without_a_cookie_closes_from_syn_received_all_the_same() -> None:
    # "keyed on SYN data acknowledged, not on the cookie"
    check_paths(
        """
        timestamps
        0.000 client > SYN len 3
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.021 server < FIN,ACK ecr @1
        """,
        client="CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT",
        server="LISTEN SYN-RECEIVED FIN-WAIT-1",
    )


def test_a_fin_with_the_handshake_s_ack_takes_the_server_two_steps() -> None:
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.020 client > FIN,ACK
        0.030 server < ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        3 client ESTABLISHED>FIN-WAIT-1    snd FIN         observed  3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 4
        3 server ESTABLISHED>CLOSE-WAIT    rcv FIN         confirmed 4
        4 client FIN-WAIT-1>FIN-WAIT-2     rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


# --- refused, aborted, wrong


def test_a_rst_answers_the_syn() -> None:
    # The server is CLOSED and stays so: path ["CLOSED"], no transition (contract.md, Paths).
    check(
        """
        isn server 0
        0.000 client > SYN
        0.010 server < RST,ACK seq 0
        """,
        """
        1 client CLOSED>SYN-SENT  snd SYN  observed 1
        2 client SYN-SENT>CLOSED  rcv RST  assumed  -
        path server CLOSED
        outcome=refused first=server reset=server tw=- opened=client
        """,
    )


def test_a_syn_with_rst_is_a_rst() -> None:
    # 3.10.7.3 looks at the RST before the SYN.
    check(
        """
        isn server 0
        0.000 client > SYN
        0.010 server < SYN,RST,ACK seq 0
        """,
        """
        1 client CLOSED>SYN-SENT  snd SYN  observed 1
        2 client SYN-SENT>CLOSED  rcv RST  assumed  -
        path server CLOSED
        outcome=refused first=server reset=server tw=-
        """,
    )


def test_a_syn_sent_again_after_a_rst_had_not_met_it() -> None:
    check(
        """
        isn server 0
        0.000 client > SYN
        0.010 server < RST,ACK seq 0
        1.000 client > SYN
        1.010 server < RST,ACK seq 0
        """,
        """
        1 client CLOSED>SYN-SENT  snd SYN  observed 1
        4 client SYN-SENT>CLOSED  rcv RST  assumed  -
        path server CLOSED
        outcome=refused first=server reset=server tw=-
        """,
    )


@pytest.mark.parametrize("rst", ["RST seq 0", "RST,ACK seq 0 ack 500", "RST,ACK seq 0 ack 0"])
def test_a_rst_that_does_not_acknowledge_the_syn_is_ignored_in_syn_sent(rst: str) -> None:
    # 3.10.7.3: a RST is valid only with an acceptable ACK. Who sends a SYN-ACK afterwards did not reset.
    check_paths(
        f"""
        0.000 client > SYN
        0.010 server < {rst}
        0.020 server < SYN,ACK seq 0
        0.030 client > ACK
        """,
        client="CLOSED SYN-SENT ESTABLISHED",
        server="LISTEN SYN-RECEIVED ESTABLISHED",
        reset_by=None,
        outcome="open",
    )


def test_a_scan_resets_the_server_back_to_listen() -> None:
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.020 client > RST
        """,
        """
        1 client CLOSED>SYN-SENT      snd SYN  observed  1
        1 server LISTEN>SYN-RECEIVED  rcv SYN  confirmed 2
        3 client SYN-SENT>CLOSED      snd RST  observed  3
        3 server SYN-RECEIVED>LISTEN  rcv RST  assumed   -
        outcome=aborted first=client reset=client tw=-
        no abortive_close
        """,
    )


def test_a_syn_ack_with_a_wrong_ack_leaves_the_client_in_syn_sent() -> None:
    # 3.10.7.3: <SEQ=SEG.ACK><CTL=RST>, "discard the segment and return".
    check_paths(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK ack 5000
        0.020 client > RST seq 5000
        1.000 client > SYN
        1.010 server < SYN,ACK ack 1
        1.020 client > ACK
        """,
        client="CLOSED SYN-SENT ESTABLISHED",
        server="LISTEN SYN-RECEIVED LISTEN SYN-RECEIVED ESTABLISHED",
        outcome="open",
    )


def test_an_old_duplicate_syn_takes_the_server_back_to_listen_and_on() -> None:
    # RFC 9293 3.5, Figure 8, at the client: the old SYN (-10) is not in the capture, its SYN-ACK is.
    check_paths(
        """
        isn client 100
        isn server 300
        0.000 client > SYN
        0.010 server < SYN,ACK ack -9
        0.011 client > RST seq -9
        0.020 server < SYN,ACK seq 100
        0.030 client > ACK
        """,
        client="CLOSED SYN-SENT ESTABLISHED",
        server="LISTEN SYN-RECEIVED LISTEN SYN-RECEIVED ESTABLISHED",
        outcome="open",
    )


def test_a_rst_answers_the_handshake_s_ack() -> None:
    # Abort on overflow: <SEQ=SEG.ACK><CTL=RST>. The client was established, so `reset`, not `aborted`.
    check(
        """
        handshake
        0.021 server < RST seq 1
        """,
        """
        1 client CLOSED>SYN-SENT       snd SYN      observed  1
        1 server LISTEN>SYN-RECEIVED   rcv SYN      confirmed 2
        2 client SYN-SENT>ESTABLISHED  rcv SYN,ACK  confirmed 3
        4 server SYN-RECEIVED>CLOSED   snd RST      observed  4
        4 client ESTABLISHED>CLOSED    rcv RST      assumed   -
        outcome=reset first=server reset=server tw=-
        """,
    )


def test_a_rst_without_ack_that_answers_an_unacceptable_ack_leaves_its_sender_in_syn_received() -> None:
    # 3.10.7.4, fifth: SYN-RECEIVED and an ACK that is not acceptable: form a reset, stay. At the client that
    # RST lies in the window off RCV.NXT.
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.020 client > ACK ack 5000
        0.021 server < RST seq 5000
        0.030 client > ACK
        0.040 client > PSH,ACK len 10
        0.050 server < ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        5 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 7
        outcome=open first=- reset=- tw=-
        """,
    )


def test_a_new_syn_in_the_window_returns_a_passive_syn_received_to_listen() -> None:
    # 3.10.7.4, fourth. What the SYN means for the client of the first stream the documents leave open.
    ladder = """
        0.000 client > SYN
        0.010 server < SYN,ACK
        again client2 server2 = client server
        isn client2 97
        0.020 client2 > SYN
        0.030 server2 < SYN,ACK
        0.040 client2 > ACK
        """
    check_paths(ladder, "CLOSED SYN-SENT ESTABLISHED", "LISTEN SYN-RECEIVED ESTABLISHED", stream=1)
    from script import parse

    import tcptrace

    old = next(iter(tcptrace.analyze(parse(ladder).pcap())))
    assert old.path.server == ["LISTEN", "SYN-RECEIVED", "LISTEN"]


# --- both active


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
    from script import parse

    import tcptrace

    ladder = """
        0.000 client > SYN
        0.001 server < SYN
        0.010 client > SYN,ACK seq 0
        0.020 server < RST,ACK
        """
    (connection,) = tcptrace.analyze(parse(ladder).pcap())
    assert connection.path.client == ["CLOSED", "SYN-SENT", "SYN-RECEIVED", "CLOSED"]


def test_a_socket_connected_to_itself_is_one_end() -> None:
    # As data/kernel/self_connect, but with numbers that wrap: every segment comes from both ends at once.
    check_paths(
        """
        ends a 127.0.0.1:5001 b 127.0.0.1:5001
        0.0000 a > SYN
        0.0100 a > SYN,ACK seq 0 ack 1
        0.0200 a > ACK ack 1
        0.0300 a > PSH,ACK len 5 ack 1
        0.0400 a > ACK ack 6
        0.0500 a > FIN,ACK ack 6
        0.0600 a > ACK ack 7
        """,
        client=BOTH + " FIN-WAIT-1 CLOSING TIME-WAIT",
        server=BOTH + " FIN-WAIT-1 CLOSING TIME-WAIT",
        opened_by="both",
        closed_first="both",
        outcome="closed",
    )


# --- the capture's own faults


def test_a_missing_syn_is_inferred_at_the_syn_ack() -> None:
    check(
        """
        0.010 server < SYN,ACK ack 1
        0.020 client > ACK seq 1
        0.030 client > PSH,ACK len 10
        0.040 server < ACK
        """,
        """
        1 server LISTEN>SYN-RECEIVED       rcv SYN         inferred  1
        1 client CLOSED>SYN-SENT           snd SYN         inferred  1
        1 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 2
        2 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 4
        outcome=open first=- reset=- tw=- opened=client
        """,
    )


def test_a_missing_syn_ack_is_inferred_at_the_client_s_ack() -> None:
    # The server is known by frame 4; `rcv SYN` is proved by its first segment that acknowledges IRS+1.
    check(
        """
        0.000 client > SYN
        0.020 client > ACK ack 1
        0.030 client > PSH,ACK len 10 ack 1
        0.040 server < ACK seq 1
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 4
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     inferred  2
        2 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 4
        outcome=open first=- reset=- tw=- opened=client
        has tap_loss
        """,
    )


def test_what_an_ack_proves_of_an_uncaptured_client_is_inferred() -> None:
    # The client's ACK and its data (1 to 100) were lost before the tap; frame 3 shows that they came.
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.030 server < ACK ack 101
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     assumed   -
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  inferred  3
        outcome=open first=- reset=- tw=- opened=client
        has tap_loss
        """,
    )


def test_copies_of_the_same_packet_are_no_events() -> None:
    check(
        """
        0.0000 client > SYN
        0.0001 copy 1
        0.0100 server < SYN,ACK
        0.0101 copy 3 ttl
        0.0200 client > ACK
        0.0201 copy 5
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 3
        3 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 5
        5 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=- duplicates=2,1
        ! 2 client duplicate_frame
        ! 4 server duplicate_frame
        ! 6 client duplicate_frame
        """,
    )


def test_interfaces_out_of_order_do_not_change_the_roles() -> None:
    # The SYN-ACK's ack is the SYN's number + 1: the SYN that comes second in the file is its cause.
    check_paths(
        """
        0.010 server < SYN,ACK ack 1
        0.009 client > SYN
        0.020 client > ACK
        0.030 server < PSH,ACK len 10
        """,
        client="CLOSED SYN-SENT ESTABLISHED",
        server="LISTEN SYN-RECEIVED ESTABLISHED",
        opened_by="client",
        outcome="open",
    )


def test_a_clock_that_goes_back_keeps_the_file_s_order() -> None:
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.015 server < PSH,ACK len 10
        """,
        """
        handshake 4
        outcome=open first=- reset=- tw=-
        ! 4 ? time_went_back
        """,
    )


def test_a_syn_that_asks_for_fin_too_opens_as_a_syn() -> None:
    # 3.10.7.2 looks at the SYN; the FIN has no ACK and is not processed.
    check(
        """
        0.000 client > SYN,FIN
        0.010 server < SYN,ACK ack 1
        0.020 client > ACK seq 1
        0.030 server < PSH,ACK len 5 ack 1
        """,
        """
        handshake 4
        outcome=open first=- reset=- tw=-
        """,
    )


def test_the_late_copy_of_a_syn_moves_nobody() -> None:
    check(
        """
        handshake
        0.030 client > SYN
        0.031 server < ACK
        0.040 server < PSH,ACK len 10
        0.050 client > ACK
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        """,
    )
