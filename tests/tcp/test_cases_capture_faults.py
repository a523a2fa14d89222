"""What the capture itself lost, doubled or disordered."""

from verdict import check, check_paths


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
