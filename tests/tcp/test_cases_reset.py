"""Resets: who sends them, who believes them, and in which state (RFC 9293 3.5.2, 3.10.7.4; RFC 5961 3.2)."""

import pytest
from verdict import check, check_paths

DATA = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    """
CLOSE_WAIT = DATA + "0.050 client > FIN,ACK\n0.060 server < ACK\n"
ALIVE = "handshake 5\noutcome=open first=- reset=- tw=-\n"


def test_a_rst_from_an_established_end_closes_both() -> None:
    check(
        DATA + "0.050 client > RST,ACK",
        """
        handshake 5
        6 client ESTABLISHED>CLOSED  snd RST  observed  6
        6 server ESTABLISHED>CLOSED  rcv RST  assumed   -
        outcome=reset first=client reset=client tw=-
        ! 6 client abortive_close
        """,
    )


def test_a_rst_that_answers_data_is_observed_at_its_sender() -> None:
    # Data to an end that nobody reads: <SEQ=SEG.ACK><CTL=RST>, no ACK flag.
    check(
        DATA
        + """
        0.050 server < PSH,ACK len 10
        0.051 client > RST seq 101
        """,
        """
        handshake 5
        7 client ESTABLISHED>CLOSED  snd RST  observed  7
        7 server ESTABLISHED>CLOSED  rcv RST  assumed   -
        outcome=reset first=client reset=client tw=-
        """,
    )


# --- in every state


def test_a_rst_in_close_wait() -> None:
    check(
        CLOSE_WAIT + "0.070 server < RST,ACK",
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        8 server CLOSE-WAIT>CLOSED       snd RST         observed  8
        8 client FIN-WAIT-2>CLOSED       rcv RST         assumed   -
        outcome=reset first=client reset=server tw=-
        """,
    )


def test_a_rst_in_fin_wait_1_before_the_fin_has_come() -> None:
    # Frame 7 acknowledges 101: the server had not the FIN when it reset. In CLOSED the FIN moves nobody.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < RST,ACK ack 101
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed 6
        7 server ESTABLISHED>CLOSED      snd RST  observed 7
        7 client FIN-WAIT-1>CLOSED       rcv RST  assumed  -
        outcome=reset first=client reset=server tw=-
        """,
    )


def test_a_rst_from_fin_wait_1() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 client > RST,ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed 6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN  assumed  -
        7 client FIN-WAIT-1>CLOSED       snd RST  observed 7
        7 server CLOSE-WAIT>CLOSED       rcv RST  assumed  -
        outcome=reset first=client reset=client tw=-
        """,
    )


def test_a_rst_in_closing() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.051 server < FIN,ACK ack 101
        0.060 server < RST,ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed  6
        7 server ESTABLISHED>FIN-WAIT-1  snd FIN  observed  7
        6 server FIN-WAIT-1>CLOSING      rcv FIN  confirmed 8  @7
        7 client FIN-WAIT-1>CLOSING      rcv FIN  assumed   -
        8 server CLOSING>CLOSED          snd RST  observed  8
        8 client CLOSING>CLOSED          rcv RST  assumed   -
        outcome=closed first=both reset=server tw=-
        """,
    )


def test_a_rst_from_last_ack_ends_time_wait_at_the_peer() -> None:
    # A RST after both FINs: `closed`, and reset_by is set all the same. RFC 1337: TIME-WAIT assassination.
    check(
        CLOSE_WAIT
        + """
        0.070 server < FIN,ACK
        0.080 server < RST,ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
        8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         assumed   -
        9 server LAST-ACK>CLOSED         snd RST         observed  9
        9 client TIME-WAIT>CLOSED        rcv RST         assumed   -
        outcome=closed first=client reset=server tw=client@8
        has time_wait_assassination
        """,
    )


def test_a_fin_answered_by_a_rst_finds_an_orphan_gone() -> None:
    # Linux drops an orphan in FIN-WAIT-2 after 60 s; what comes then is answered by <SEQ=SEG.ACK><CTL=RST>.
    # TIME-WAIT would have acknowledged the FIN, so frame 8 found no FIN-WAIT-2.
    check(
        CLOSE_WAIT
        + """
        70.000 server < FIN,ACK
        70.001 client > RST seq 102
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
        9 client FIN-WAIT-2>CLOSED       snd RST         observed  9
        9 server LAST-ACK>CLOSED         rcv RST         assumed   -
        outcome=closed first=client reset=client tw=-
        """,
    )


def test_a_rst_at_the_peer_s_fin_counts_in_close_wait() -> None:
    # RCV.NXT is 102; 101, the FIN's own number, counts too (a sender that takes its number from an old ACK).
    check(
        CLOSE_WAIT + "0.070 client > RST seq 101",
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        8 client FIN-WAIT-2>CLOSED       snd RST         observed  8
        8 server CLOSE-WAIT>CLOSED       rcv RST         assumed   -
        outcome=reset first=client reset=client tw=-
        """,
    )


# --- at RCV.NXT or not


def test_a_rst_below_what_was_captured_counts_until_a_challenge_ack() -> None:
    # The client's data (4) is lost behind the tap: the server's RCV.NXT is 1, the RST (101) lies off it. The
    # server asks (6), the client answers at the number that the server expects (7).
    check(
        """
        handshake
        0.030 client > PSH,ACK len 100
        0.040 client > RST
        0.050 server < ACK ack 1
        0.060 client > RST seq 1
        """,
        """
        handshake -
        5 client ESTABLISHED>CLOSED  snd RST  observed  5
        7 server ESTABLISHED>CLOSED  rcv RST  assumed   -
        outcome=reset first=client reset=client tw=-
        has challenge_ack
        """,
    )


@pytest.mark.parametrize("seq", [1, 51, 101])
def test_a_rst_from_the_last_ack_to_the_end_of_the_captured_counts(seq: int) -> None:
    # 51 is no number that its sender would take: that end's own step needs SND.NXT or an ACK of the peer.
    client = " CLOSED" if seq != 51 else ""
    check_paths(
        f"""
        handshake
        0.030 client > PSH,ACK len 100
        0.040 client > RST seq {seq}
        """,
        client="CLOSED SYN-SENT ESTABLISHED" + client,
        server="LISTEN SYN-RECEIVED ESTABLISHED CLOSED",
    )


def test_a_rst_in_the_window_off_rcv_nxt_moves_nobody() -> None:
    check(
        DATA
        + """
        0.050 client > RST seq 500
        0.051 server < ACK
        0.060 client > PSH,ACK len 10
        0.070 server < ACK
        """,
        ALIVE
        + """
        has blind_rst
        has challenge_ack
        """,
    )


def test_a_rst_outside_the_window_moves_nobody() -> None:
    check(
        DATA
        + """
        0.050 client > RST seq 80000
        0.060 client > PSH,ACK len 10
        0.070 server < ACK
        """,
        ALIVE + "has rst_out_of_window",
    )


def test_a_rst_below_the_window_moves_nobody() -> None:
    check(
        DATA
        + """
        0.050 client > RST seq 50
        0.060 client > PSH,ACK len 10
        0.070 server < ACK
        """,
        ALIVE + "has rst_out_of_window",
    )


def test_without_the_window_scale_no_rst_is_out_of_the_window() -> None:
    # Midstream the shift is unknown: 14 is taken, 80000 is inside.
    check(
        """
        0.000 client > PSH,ACK seq 1000 len 10 ack 500
        0.010 server < PSH,ACK seq 500 len 10
        0.020 client > ACK
        0.030 client > RST seq 80000
        0.040 client > PSH,ACK len 10 seq 1010
        0.050 server < ACK ack 1020
        """,
        """
        2 server UNKNOWN>ESTABLISHED  pickup  inferred 2
        3 client UNKNOWN>ESTABLISHED  pickup  inferred 3
        outcome=open first=- reset=- tw=-
        no rst_out_of_window
        """,
    )


# --- forged


def test_a_forged_rst_to_both_moves_neither_where_both_go_on() -> None:
    # At RCV.NXT exactly, and yet: the client sends and the server acknowledges afterwards.
    check(
        DATA
        + """
        0.050 client > RST
        0.060 client > PSH,ACK len 10
        0.070 server < ACK
        """,
        ALIVE + "has blind_rst",
    )


def test_a_forged_rst_that_is_believed_moves_its_receiver_only() -> None:
    # The client goes on (7) and gets a RST from the server that is gone (8): proof that it believed frame 6.
    # Which side `closed_first` and `reset_by` name (the forger wears the client's address) is left open.
    check(
        DATA
        + """
        0.050 client > RST
        0.060 client > PSH,ACK len 10
        0.061 server < RST seq 1
        """,
        """
        handshake 5
        6 server ESTABLISHED>CLOSED  rcv RST  confirmed 8
        8 client ESTABLISHED>CLOSED  rcv RST  assumed   -
        outcome=reset first=? reset=? tw=-
        has blind_rst
        """,
    )


# --- without a beginning


def test_a_rst_takes_unknown_ends_straight_to_closed() -> None:
    # No pickup. Neither end has been seen to acknowledge new data: what the outcome is called is left open.
    check(
        """
        0.000 client > PSH,ACK seq 1000 len 10 ack 500
        0.010 server < RST seq 500
        """,
        """
        2 server UNKNOWN>CLOSED  snd RST  observed 2
        2 client UNKNOWN>CLOSED  rcv RST  assumed  -
        outcome=? first=server reset=server tw=-
        """,
    )


def test_resets_alone_have_an_unknown_outcome() -> None:
    from script import parse

    import tcptrace

    (connection,) = tcptrace.analyze(parse("0 client > RST seq 10\n1 client > RST seq 10").pcap())
    assert connection.outcome == "unknown"
