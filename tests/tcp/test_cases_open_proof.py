"""Who proves that the handshake's ACK has come, and Fast Open, where it had not (RFC 7413)."""

from verdict import check, check_paths


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


def test_an_ack_shown_after_a_fast_open_server_s_fin_may_have_come_before_it_or_behind() -> None:
    # RFC 7413 lets the server's user close in SYN-RECEIVED (3.10.4). 7 acknowledges 6, so some ACK of its SYN had come by
    # then: 3, or 5 where 3 was lost behind the capture, and then the FIN left SYN-RECEIVED.
    check(
        """
        0.000 client > SYN len 40 tfo 0102030405060708
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.030 server < FIN,ACK
        0.040 client > ACK
        0.050 client > PSH,ACK len 10
        0.060 server < ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        4 server ESTABLISHED>FIN-WAIT-1    snd FIN         assumed   -
        4 client ESTABLISHED>CLOSE-WAIT    rcv FIN         confirmed 5
        5 server FIN-WAIT-1>FIN-WAIT-2     rcv ACK of FIN  assumed   -
        outcome=half-closed first=server reset=- tw=-
        has fast_open
        """,
    )


def test_a_fin_whose_tsecr_names_the_handshake_s_ack_may_repeat_one_of_a_fast_open_server_before_it() -> None:
    check(
        """
        timestamps
        0.000 client > SYN len 40 tfo 0102030405060708
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.030 server < FIN,ACK
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        4 server ESTABLISHED>FIN-WAIT-1    snd FIN         assumed   -
        4 client ESTABLISHED>CLOSE-WAIT    rcv FIN         assumed   -
        outcome=half-closed first=server reset=- tw=-
        """,
    )


def test_a_fast_open_server_that_had_not_the_text_may_have_had_the_ack_behind_it() -> None:
    # 5 does not know 3; 4 lies in the window beyond that hole, and its ACK counts (3.10.7.4, fifth).
    check(
        """
        0.000 client > SYN len 40 tfo 0102030405060708
        0.010 server < SYN,ACK
        0.020 client > PSH,ACK len 10
        0.021 client > ACK
        0.030 server < FIN,ACK ack 41
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        5 server SYN-RECEIVED>FIN-WAIT-1   snd FIN         assumed   -
        5 client ESTABLISHED>CLOSE-WAIT    rcv FIN         assumed   -
        outcome=half-closed first=server reset=- tw=-
        """,
    )


def test_a_rst_for_text_comes_from_a_fast_open_server_that_took_the_ack_before_it() -> None:
    # RFC 7413: its user may have left; the ACK is taken fifth, the text that nobody reads seventh (3.10.7.4).
    check(
        """
        0.000 client > SYN len 40 tfo 0102030405060708
        0.010 server < SYN,ACK
        0.020 client > PSH,ACK seq 141 len 10
        0.030 server < RST seq 1
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        4 server ESTABLISHED>CLOSED        snd RST         observed  4
        4 client ESTABLISHED>CLOSED        rcv RST         assumed   -
        outcome=reset first=server reset=server tw=-
        """,
    )


def test_a_sack_of_text_proves_the_handshake_s_ack_that_the_text_carried() -> None:
    check(
        """
        0.000 client > SYN sackok
        0.010 server < SYN,ACK sackok
        0.020 client > ACK
        0.030 client > PSH,ACK seq 101 len 10
        0.040 server < ACK ack 1 sack 101-111
        """,
        "handshake 5\noutcome=open first=- reset=- tw=-",
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
