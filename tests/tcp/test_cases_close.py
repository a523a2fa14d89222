"""Closing: FINs in every order, lost, repeated, before holes, and never captured (RFC 9293 3.6, 3.10.7.4)."""

import pytest
from verdict import check

# Data is sent and acknowledged; numbers 101 (client) and 1 (server) come next. Frames 1 to 5.
DATA = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    """
DATA_TS = "timestamps" + DATA


def test_the_server_closes_first() -> None:
    check(
        """
        handshake
        0.030 server < FIN,ACK
        0.040 client > ACK
        0.050 client > FIN,ACK
        0.060 server < ACK
        """,
        """
        handshake 4
        4 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed  4
        4 client ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 5
        5 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 7
        6 client CLOSE-WAIT>LAST-ACK     snd FIN         observed  6
        6 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 7
        7 client LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
        outcome=closed first=server reset=- tw=server@6
        ! none
        """,
    )


def test_a_fin_whose_ack_covers_the_peer_s_fin_takes_the_peer_two_steps_in_one_frame() -> None:
    # The ACK is taken before the FIN: FIN-WAIT-1 to TIME-WAIT is two steps (RFC 9293 3.3.2, note 2).
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < FIN,ACK
        0.070 client > ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 8
        7 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 8
        8 server LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
        outcome=closed first=client reset=- tw=client@7
        ! none
        """,
    )


def test_crossed_fins_take_both_ends_by_closing() -> None:
    # Frame 7 acknowledges 101 only: its sender had not received frame 6. 9 acknowledges 102 and not frame 8.
    # Frame 8 may overtake frame 6 behind the capture (3.10.7.4 takes its ACK all the same: FIN-WAIT-2), and the server
    # would answer as it does. Nothing like it for the client: when frame 8 acknowledges 7, frame 9 is not there yet.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.051 server < FIN,ACK ack 101
        0.060 client > ACK
        0.061 server < ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        7 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed  7
        6 server FIN-WAIT-1>CLOSING      rcv FIN         assumed   -  @7
        7 client FIN-WAIT-1>CLOSING      rcv FIN         confirmed 8
        8 server CLOSING>TIME-WAIT       rcv ACK of FIN  assumed   -
        9 client CLOSING>TIME-WAIT       rcv ACK of FIN  assumed   -
        outcome=closed first=both reset=- tw=both@8..@9
        has simultaneous_close
        """,
    )


def test_after_crossed_fins_the_end_that_gets_a_repeated_fin_goes_by_fin_wait_2() -> None:
    # The client's first FIN is lost. The server gets the ACK of its own FIN (8) before any FIN: FIN-WAIT-2.
    # Withdrawn (a) at 9; "R then goes on from X as if X had not come". Assumed: the first FIN, which carried no ACK of
    # the server's, may have come late and before frame 8, and frame 10 would acknowledge it as well.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.051 server < FIN,ACK ack 101
        0.060 client > ACK
        0.250 client > FIN,ACK seq 101
        0.260 server < ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        7 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed  7
        7 client FIN-WAIT-1>CLOSING      rcv FIN         confirmed 8
        8 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        9 server FIN-WAIT-2>TIME-WAIT    rcv FIN         assumed   -
        10 client CLOSING>TIME-WAIT      rcv ACK of FIN  assumed   -
        outcome=closed first=both reset=- tw=both@9..@10
        """,
    )


def test_a_lost_fin_is_received_at_its_repeat() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.250 client > FIN,ACK seq 101
        0.260 server < ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        7 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 8
        8 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        ! 7 client fin_retransmission
        """,
    )


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        (DATA_TS, "ACK ecr @6"),  # TSecr names the first copy
        (DATA, "ACK sack 101-102"),  # D-SACK (RFC 2883): the repeat was a duplicate to the server
    ],
)
def test_the_first_fin_stands_where_the_answer_names_it(script: str, answer: str) -> None:
    check(
        script
        + f"""
        0.050 client > FIN,ACK
        0.250 client > FIN,ACK seq 101
        0.260 server < {answer}
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 8
        8 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_a_fin_repeated_because_its_ack_was_lost_counts_the_ack_at_the_next_one() -> None:
    # Withdrawn (b): the client repeats the FIN that frame 7 acknowledged. The server's own step is confirmed.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.250 client > FIN,ACK seq 101
        0.260 server < ACK
        0.300 server < FIN,ACK
        0.310 client > ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        9 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 11
        10 server CLOSE-WAIT>LAST-ACK    snd FIN         observed  10
        10 client FIN-WAIT-2>TIME-WAIT   rcv FIN         confirmed 11
        11 server LAST-ACK>CLOSED        rcv ACK of FIN  assumed   -
        outcome=closed first=client reset=- tw=client@10
        ! 8 client fin_retransmission
        """,
    )


def test_a_fin_repeated_with_data_has_the_number_after_the_data() -> None:
    # 151 both times: no new step for the sender, withdrawn (a) for the receiver.
    check(
        DATA
        + """
        0.050 client > PSH,ACK len 50
        0.051 client > FIN,ACK
        0.250 client > FIN,PSH,ACK seq 101 len 50
        0.260 server < ACK
        """,
        """
        handshake 5
        7 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  7
        8 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 9
        9 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        ! 8 client fin_retransmission
        """,
    )


def test_a_copy_of_the_fin_on_another_interface_is_no_repeat() -> None:
    check(
        DATA
        + """
        0.0500 client > FIN,ACK
        0.0501 copy 6
        0.060 server < ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 8
        8 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=- duplicates=1,0
        ! 7 client duplicate_frame
        """,
    )


# --- who knows what


def test_data_that_does_not_acknowledge_the_fin_postpones_its_receiver() -> None:
    # The step keeps its frame; its time and place are those of the last segment that did not know it.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.051 server < PSH,ACK len 10 ack 101
        0.052 server < PSH,ACK len 10 ack 101
        0.060 server < ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 9  @8
        9 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_a_late_lower_ack_refutes_nothing() -> None:
    # Frame 7 was reordered: it acknowledges less than frame 5 did, so it is older than the FIN.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.051 server < ACK ack 51
        0.060 server < ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 8
        8 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_a_segment_with_an_older_tsval_refutes_nothing() -> None:
    # The same by TSval: frame 7 is older (below frame 5's) though its ACK equals the highest.
    check(
        DATA_TS
        + """
        0.050 client > FIN,ACK
        0.051 server < ACK ack 101 ts 5000012/1030
        0.060 server < ACK ecr @6
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 8
        8 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_tsecr_postpones_an_ack_of_the_fin_and_tsecr_proves_it() -> None:
    # Frame 8 echoes frame 5: frame 7 (seq 1, the client's last ACK) had not come. Frame 9 echoes frame 7.
    check(
        DATA_TS
        + """
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.061 client > ACK ecr @5 win 65000
        0.070 client > ACK ecr @7
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9  @8
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_an_ack_of_server_data_that_acknowledged_the_fin_proves_fin_wait_2() -> None:
    # Proof of `rcv ACK of FIN`: frame 9 acknowledges data (8) that itself carried an ACK covering the FIN.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.070 server < PSH,ACK len 10
        0.080 client > ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_an_ack_of_data_that_did_not_acknowledge_the_fin_proves_nothing() -> None:
    # The server's data (7) left before it had the FIN; acknowledging it (9) does not show that 8 came.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.051 server < PSH,ACK len 10 ack 101
        0.060 server < ACK
        0.070 client > ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 8  @7
        8 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


# --- outcomes on the way


def test_both_fins_but_one_acknowledgement_are_closing() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.070 server < FIN,ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
        8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         assumed   -
        outcome=closing first=client reset=- tw=client@8
        """,
    )


def test_a_wrong_checksum_moves_nobody() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK badsum
        0.060 server < ACK ack 101
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        ! 6 client bad_checksum
        """,
    )


def test_data_after_the_own_fin_is_an_error_and_no_step() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.070 client > PSH,ACK len 10
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        has data_after_fin
        """,
    )
