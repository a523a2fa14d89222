"""What no packet tells is said to be assumed: loss before the capture, loss and reordering behind it.

Each ladder is the smallest of a kind that the simulator (tests/lab/test_simulator.py) found. Its comment says where the ends
are by RFC 9293, and what the packets leave open.
"""

import pytest
from verdict import check, check_paths

OPENED = """
    1 client CLOSED>SYN-SENT           snd SYN         observed   1
    """


def test_an_ack_beyond_a_hole_is_taken_though_no_later_segment_can_acknowledge_it() -> None:
    # 1 to 1000 were lost before the capture. 3.10.7.4: frame 5 is in the window, so its ACK counts (the server's FIN is
    # acknowledged); RCV.NXT stays, and so does what the RST acknowledges.
    check(
        """
        handshake
        0.050 server < FIN,ACK
        0.060 client > ACK seq 1001 ack 2
        0.070 server < RST,ACK seq 2 ack 1
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN         assumed    -
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed    -
        6 server FIN-WAIT-2>CLOSED       snd RST         observed   6
        6 client CLOSE-WAIT>CLOSED       rcv RST         assumed    -
        outcome=reset first=server reset=server tw=-
        """,
    )


def test_a_fin_and_the_ack_that_it_carries_come_together() -> None:
    # Frame 6 crosses frame 5, which acknowledges the FIN that 6 repeats: neither the FIN of 5 nor its ACK was there. Both
    # come with it, and the ACK is taken first (3.10.7.4, fifth and eighth): the server never is in CLOSING.
    check(
        """
        handshake
        0.050 server < FIN,ACK
        0.060 client > FIN,ACK ack 2
        0.065 server < FIN,ACK seq 1 ack 1
        0.070 client > ACK
        0.080 server < ACK
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed  5
        5 client CLOSE-WAIT>LAST-ACK     snd FIN         observed   5
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed  8 @6
        5 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed  8 @6
        8 client LAST-ACK>CLOSED         rcv ACK of FIN  assumed    -
        outcome=closed first=server reset=- tw=server@6..@6
        """,
    )


def test_a_fin_and_an_ack_before_it_that_both_crossed_are_taken_at_the_fin() -> None:
    # As above, but the ACK of frame 5 went alone before: whether 5 or 6 brought it, it was there before the FIN of 6.
    check(
        """
        handshake
        0.050 server < FIN,ACK
        0.060 client > ACK ack 2
        0.062 client > FIN,ACK ack 2
        0.065 server < FIN,ACK seq 1 ack 1
        0.080 server < ACK
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed  5
        6 client CLOSE-WAIT>LAST-ACK     snd FIN         observed   6
        6 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed  8 @7
        6 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed  8 @7
        8 client LAST-ACK>CLOSED         rcv ACK of FIN  assumed    -
        outcome=closed first=server reset=- tw=server@7..@7
        """,
    )


def test_a_syn_again_moves_nobody_where_an_ack_showed_that_the_first_had_come() -> None:
    # The SYN,ACK was lost before the capture; frame 2 answers a copy of the SYN. 3.10.7.4, first: the SYN of frame 3 lies
    # before the window of SYN-RECEIVED, an ACK is sent, "and drop the segment".
    check(
        """
        0.000 client > SYN
        0.010 server < ACK seq 1 ack 1
        0.300 client > SYN
        0.310 server < SYN,ACK
        0.320 client > ACK
        """,
        f"""
        {OPENED}
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed  2
        4 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed  5
        5 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed    -
        outcome=open first=- reset=- tw=-
        """,
    )


def test_a_repeated_fin_proves_no_ack_that_its_first_copy_did_not_carry() -> None:
    # Frame 8 acknowledges the client's FIN: that of frame 4, which knew nothing of the server's, will do. As the server
    # repeats its own FIN, no ACK of that had come: CLOSING. So is the client, for which frame 8 is an old duplicate.
    check(
        """
        handshake
        0.050 client > FIN,ACK
        0.051 server < FIN,ACK ack 1
        0.060 client > ACK
        0.350 client > FIN,ACK seq 1 ack 2
        0.360 server < FIN,ACK seq 1 ack 2
        """,
        """
        handshake 5
        4 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        5 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   5
        5 client FIN-WAIT-1>CLOSING      rcv FIN         confirmed  6
        7 server FIN-WAIT-1>CLOSING      rcv FIN         confirmed  8
        outcome=closed first=both reset=- tw=-
        """,
    )


def test_a_fin_that_was_lost_before_the_capture_is_shown_by_a_later_number_and_its_repetition() -> None:
    # The client's FIN (number 1) is not in the capture before frame 6, but frame 5 lies beyond it: it closed before. Frame 5
    # is also the first that knows the server's FIN. ESTABLISHED, FIN-WAIT-1, CLOSING or ESTABLISHED, CLOSE-WAIT, LAST-ACK:
    # nothing shows which.
    check(
        """
        handshake
        0.050 server < FIN,ACK
        0.060 client > ACK seq 2 ack 2
        0.300 client > FIN,ACK seq 1 ack 2
        0.310 server < ACK
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        5 client ESTABLISHED>FIN-WAIT-1  snd FIN         assumed    -
        4 client FIN-WAIT-1>CLOSING      rcv FIN         assumed    - @5
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed  7
        6 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed  7
        7 client CLOSING>TIME-WAIT       rcv ACK of FIN  assumed    -
        outcome=closed first=? reset=- tw=both@6..@7
        """,
    )


def test_a_lost_fin_whose_sender_did_not_know_the_other_is_sure_once_it_comes_again() -> None:
    # As above, but frame 4 shows the client's FIN before the server has closed.
    check(
        """
        handshake
        0.050 client > ACK seq 2 ack 1
        0.055 server < FIN,ACK seq 1 ack 1
        0.065 client > ACK seq 2 ack 2
        0.300 client > FIN,ACK seq 1 ack 2
        0.310 server < ACK
        """,
        """
        handshake 5
        4 client ESTABLISHED>FIN-WAIT-1  snd FIN         inferred   4
        5 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   5
        5 client FIN-WAIT-1>CLOSING      rcv FIN         confirmed  6
        6 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed  8
        7 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed  8
        8 client CLOSING>TIME-WAIT       rcv ACK of FIN  assumed    -
        outcome=closed first=? reset=- tw=both@7..@8
        """,
    )


def test_a_number_beyond_what_was_seen_shows_no_fin_where_data_follows() -> None:
    # 1 to 100 were lost before the capture and not 1 to 99 and a FIN: frame 6 goes on at 101. So the CLOSE-WAIT is sure.
    check(
        """
        handshake
        0.050 server < FIN,ACK
        0.060 client > ACK seq 101 ack 2
        0.070 client > PSH,ACK seq 101 len 10
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed  5
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed    -
        outcome=half-closed first=server reset=- tw=-
        """,
    )


def test_while_a_fin_may_have_been_lost_the_steps_behind_it_are_assumed() -> None:
    # As above, but nothing follows: 1 to 99 and a FIN would look the same.
    check(
        """
        handshake
        0.050 server < FIN,ACK
        0.060 client > ACK seq 101 ack 2
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN         assumed    -
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed    -
        outcome=half-closed first=server reset=- tw=-
        """,
    )


def test_the_timestamp_of_an_ack_beyond_a_hole_is_not_echoed_and_refutes_nothing() -> None:
    # Frame 5 comes before the FIN of frame 6, which was sent earlier. RFC 7323 4.3: SEG.SEQ (2) is not <= Last.ACK.sent (1),
    # so TS.Recent stays, and frame 9 echoes frame 6; its ACK counts all the same. The server is beside the capture.
    check(
        """
        timestamps
        handshake
        0.050 server < FIN,ACK
        0.060 client > ACK seq 2 ack 2
        0.065 client > FIN,ACK seq 1 ack 1 val @3
        0.065 server < ACK ack 2 ecr @6
        0.300 client > FIN,ACK seq 1 ack 2
        0.300 server < ACK ack 2 ecr @6
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   4
        5 client ESTABLISHED>FIN-WAIT-1  snd FIN         assumed    -
        4 client FIN-WAIT-1>CLOSING      rcv FIN         assumed    - @5
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed    -
        6 server FIN-WAIT-2>TIME-WAIT    rcv FIN         assumed    -
        7 client CLOSING>TIME-WAIT       rcv ACK of FIN  assumed    -
        outcome=closed first=? reset=- tw=both@6..@8
        """,
    )


def test_a_rst_is_not_answered_so_a_rst_behind_it_answers_an_ack_that_came_late() -> None:
    # 3.10.7.1: "an incoming segment containing a RST is discarded". Frame 5 answers the ACK of frame 3, which found nobody
    # there: frame 4 was taken before it (LISTEN) or after it (CLOSED).
    check(
        """
        handshake
        0.050 client > RST,ACK
        0.070 server < RST seq 1
        """,
        """
        handshake -
        4 client ESTABLISHED>CLOSED  snd RST  observed  4
        4 server ESTABLISHED>CLOSED  rcv RST  assumed   -
        outcome=reset first=client reset=client tw=-
        """,
    )


def test_a_copy_that_a_rst_overtook_does_not_take_the_rst_back() -> None:
    # Frame 5 says nothing that frame 2 had not said: it may have been sent before the RST. Nobody goes on.
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.020 server < RST,ACK seq 1 ack 1
        0.030 server < ACK seq 1 ack 1
        0.040 client > RST seq 1
        """,
        f"""
        {OPENED}
        1 server LISTEN>SYN-RECEIVED      rcv SYN      confirmed  2
        2 client SYN-SENT>ESTABLISHED     rcv SYN,ACK  assumed    -
        3 server SYN-RECEIVED>CLOSED      snd RST      observed   3
        3 client ESTABLISHED>CLOSED       rcv RST      confirmed  5
        outcome=reset first=server reset=server tw=-
        no blind_rst
        """,
    )


def test_the_same_syn_finds_a_passive_opener_back_in_listen() -> None:
    # 3.10.7.4: the RST takes SYN-RECEIVED back to LISTEN, where frame 4, a late copy of the SYN, opens again (3.10.7.2). The
    # capture is beside the server: frame 5 answers at once. Elsewhere it may be the old SYN,ACK once more: assumed.
    check(
        """
        0.000 client > SYN
        0.000 server < SYN,ACK
        0.240 client > RST,ACK seq 1
        0.300 client > SYN
        0.300 server < SYN,ACK seq 0
        0.320 client > RST seq 1
        """,
        f"""
        {OPENED}
        1 server LISTEN>SYN-RECEIVED   rcv SYN      confirmed  2
        2 client SYN-SENT>ESTABLISHED  rcv SYN,ACK  confirmed  3
        3 client ESTABLISHED>CLOSED    snd RST      observed   3
        3 server SYN-RECEIVED>LISTEN   rcv RST      assumed    -
        4 server LISTEN>SYN-RECEIVED   rcv SYN      assumed    -
        6 server SYN-RECEIVED>LISTEN   rcv RST      assumed    -
        outcome=reset first=client reset=client tw=-
        """,
    )


def test_a_fin_that_came_late_stands_behind_the_handshake_s_ack_that_it_carried() -> None:
    # 4 leaves before 3 has come (it repeats the SYN,ACK and echoes the SYN's TSval); 6 echoes the TSval of 3.
    check(
        """
        timestamps
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.020 client > FIN,ACK seq 1
        0.030 server < SYN,ACK ack 1 ecr @1
        0.040 client > FIN,ACK seq 1
        0.050 server < ACK ecr @3
        """,
        """
        1 client CLOSED>SYN-SENT           snd SYN         observed  1
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 3
        3 client ESTABLISHED>FIN-WAIT-1    snd FIN         observed  3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 6  @4
        3 server ESTABLISHED>CLOSE-WAIT    rcv FIN         confirmed 6  @4
        6 client FIN-WAIT-1>FIN-WAIT-2     rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_a_fin_that_stands_behind_the_ack_of_it_in_the_file_moves_what_that_ack_led_to() -> None:
    # Interfaces out of order: 2 acknowledges a FIN that no frame has yet, so both go on there; then the FIN is 3.
    check(
        """
        0.000 server < SYN,ACK ack 1
        0.010 client > FIN,ACK seq 1 ack 2
        0.020 server < FIN,ACK seq 1 ack 2
        """,
        """
        1 server LISTEN>SYN-RECEIVED     rcv SYN         inferred  1
        1 client CLOSED>SYN-SENT         snd SYN         inferred  1
        1 client SYN-SENT>ESTABLISHED    rcv SYN,ACK     confirmed 2
        2 client ESTABLISHED>CLOSE-WAIT  rcv FIN         inferred  2
        2 client CLOSE-WAIT>LAST-ACK     snd FIN         observed  2
        3 server SYN-RECEIVED>FIN-WAIT-1 snd FIN         observed  3
        2 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 3  @3
        2 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 3  @3
        outcome=closed first=? reset=- tw=server@3
        """,
    )


def test_an_ack_that_a_fin_carried_comes_before_it_also_where_both_were_late() -> None:
    # 6 repeats the FIN that 5 acknowledges: 5 had not come. 8 names 5, and what it carried is taken in its order (3.10.7.4).
    check(
        """
        timestamps
        handshake
        0.030 server < FIN,ACK
        0.031 client > FIN,ACK
        0.040 server < FIN,ACK seq 1 ack 1 ecr @3
        0.041 client > ACK
        0.050 server < ACK ecr @5
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed  4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 5
        5 client CLOSE-WAIT>LAST-ACK     snd FIN         observed  5
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 8  @6
        5 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 8  @6
        8 client LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
        outcome=closed first=server reset=- tw=server@6
        """,
    )


def test_an_ack_at_the_window_s_right_edge_that_is_answered_moved_nobody() -> None:
    # 1000 octets were lost before the capture. 5 lies at RCV.NXT + RCV.WND: not acceptable, and answered (3.10.7.4, first).
    ladder = """
        0.000 client > SYN
        0.010 server < SYN,ACK win 1000
        0.020 client > ACK
        0.030 server < FIN,ACK win 1000
        0.040 client > ACK seq 1001
        """
    client = "CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT"
    server = "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1"
    check_paths(ladder + "0.050 server < ACK ack 1 win 1000", client=client, server=server)
    # Linux accepts it, and says nothing.
    check_paths(ladder, client=client, server=f"{server} FIN-WAIT-2")


def test_old_data_that_know_the_peer_s_fin_leave_open_which_fin_was_first() -> None:
    # The client's FIN may have been lost before the capture, ahead of frame 6: nothing shows its SND.NXT.
    check(
        """
        handshake
        0.030 client > PSH,ACK len 10
        0.040 server < FIN,ACK seq 1 ack 1
        0.050 client > PSH,ACK seq 1 len 10 ack 2
        """,
        """
        handshake 5
        5 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   5
        5 client ESTABLISHED>CLOSE-WAIT  rcv FIN         assumed    -
        6 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed    -
        outcome=half-closed first=server reset=- tw=-
        """,
    )


def test_a_first_fin_that_does_not_know_the_peer_s_was_sent_before_that_came_however_late_it_is() -> None:
    # Frame 7 stands behind frame 6 in the capture, and was sent before it: both ends closed by themselves.
    check(
        """
        handshake
        0.030 client > PSH,ACK len 10
        0.040 server < FIN,ACK seq 1 ack 1
        0.050 client > PSH,ACK seq 1 len 10 ack 2
        0.060 client > FIN,ACK seq 11 ack 1
        0.070 server < ACK seq 2 ack 12
        """,
        """
        handshake 5
        5 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed   5
        6 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed    -
        7 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed   7
        5 client FIN-WAIT-1>CLOSING      rcv FIN         assumed    - @7
        7 server FIN-WAIT-2>TIME-WAIT    rcv FIN         assumed    -
        8 client CLOSING>TIME-WAIT       rcv ACK of FIN  assumed    -
        outcome=closed first=both reset=- tw=both@7..@8
        """,
    )


def test_a_rst_before_an_ack_in_the_capture_may_have_come_behind_it() -> None:
    # Frame 6 answers one of the two ACKs; the other may have opened the connection before frame 3 ended it (CLOSED), or
    # both came behind it (LISTEN).
    check(
        """
        0.000 client > SYN
        0.010 server < SYN,ACK
        0.020 client > RST,ACK
        0.030 client > ACK
        0.040 client > ACK
        0.050 server < RST seq 1
        """,
        OPENED
        + """
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed  2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed  3
        3 server SYN-RECEIVED>LISTEN       rcv RST         assumed    -
        outcome=reset first=client reset=client tw=-
        """,
    )


@pytest.mark.parametrize(("stamped", "evidence"), [("", "assumed   -"), ("timestamps", "observed  4")])
def test_only_a_timestamp_tells_a_syn_ack_sent_again_from_a_late_copy(stamped: str, evidence: str) -> None:
    # RFC 7413: the server may close in SYN-RECEIVED, and then sends its SYN,ACK again (frame 5). Or frame 5 is a second
    # copy of frame 2 that the path made, and frame 3 had opened the connection before the FIN.
    check(
        f"""
        {stamped}
        0.000 client > SYN len 40 tfo 0123456789abcdef
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.040 server < FIN,ACK
        0.110 server < SYN,ACK seq 0
        0.120 client > ACK ack 1
        """,
        OPENED
        + f"""
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed  2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed  3
        4 server SYN-RECEIVED>FIN-WAIT-1   snd FIN         {evidence}
        4 client ESTABLISHED>CLOSE-WAIT    rcv FIN         assumed    - @6
        outcome=half-closed first=server reset=- tw=-
        """,
    )


def test_a_rst_beyond_what_was_seen_leaves_open_whether_the_server_closed_in_syn_received() -> None:
    # Its FIN (number 1) may have been lost before the capture: SYN-RECEIVED to FIN-WAIT-1 (3.10.4), or from ESTABLISHED.
    check(
        """
        0.000 client > SYN len 40 tfo 0123456789abcdef
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.030 client > PSH,ACK len 10
        0.500 server < RST,ACK seq 2
        """,
        OPENED
        + """
        1 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed  2
        2 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed  3
        3 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed    -
        outcome=? first=? reset=? tw=-
        """,
    )
