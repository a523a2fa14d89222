"""What a receiver accepts: windows, ACK range, PAWS (RFC 9293 3.10.7.4, RFC 5961 5.2, RFC 7323)."""

import pytest
from verdict import check

DATA = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    """
DATA_TS = "timestamps" + DATA
FIN_REFUSED = """
    handshake 5
    6 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed  6
    outcome=half-closed first=client reset=- tw=-
    """
FIN_ACCEPTED = """
    handshake 5
    6 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed  6
    6 server ESTABLISHED>CLOSE-WAIT  rcv FIN  assumed   -
    outcome=half-closed first=client reset=- tw=-
    """
FIN_TAKEN_AT_ITS_REPEAT = """
    handshake 5
    6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
    8 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 9
    9 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
    outcome=half-closed first=client reset=- tw=-
    """


# --- the window


def test_a_fin_beyond_the_window_moves_its_sender_only() -> None:
    # RCV.NXT 101, RCV.WND 65535: the last acceptable number is 65635.
    check(DATA + "0.050 client > FIN,ACK seq 65636", FIN_REFUSED)


def test_a_fin_at_a_closed_window_is_refused_until_the_window_opens() -> None:
    # 3.10.7.4, first: with window 0 only a segment of length 0 at RCV.NXT; a FIN has length 1.
    check(
        """
        handshake
        0.030 client > PSH,ACK len 100
        0.040 server < ACK win 0
        0.050 client > FIN,ACK
        0.060 server < ACK win 65535 ack 101
        0.070 client > FIN,ACK seq 101
        0.080 server < ACK
        """,
        FIN_TAKEN_AT_ITS_REPEAT,
    )


def test_a_fin_at_a_closed_window_leaves_no_assumption() -> None:
    check(
        """
        handshake
        0.030 client > PSH,ACK len 100
        0.040 server < ACK win 0
        0.050 client > FIN,ACK
        """,
        FIN_REFUSED,
    )


def test_an_ack_is_taken_at_a_closed_window() -> None:
    # "special allowance should be made to accept valid ACKs, URGs, and RSTs"
    check(
        DATA
        + """
        0.050 client > FIN,ACK win 0
        0.060 server < ACK
        0.070 server < FIN,ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
        outcome=closing first=client reset=- tw=-
        """,
    )


def test_a_rst_is_taken_at_a_closed_window() -> None:
    check(
        """
        handshake
        0.030 client > PSH,ACK len 100
        0.040 server < ACK win 0
        0.050 client > RST,ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>CLOSED  snd RST  observed  6
        6 server ESTABLISHED>CLOSED  rcv RST  assumed   -
        outcome=reset first=client reset=client tw=-
        """,
    )


def test_the_window_is_scaled_by_the_receiver_s_own_shift() -> None:
    # The server's 100 means 100 << 7 = 12800: 5000 is in the window, off RCV.NXT (RFC 5961 3.2: challenge
    # ACK); unscaled it would be outside.
    check(
        """
        0.000 client > SYN ws 2
        0.010 server < SYN,ACK ws 7
        0.020 client > ACK
        0.030 client > PSH,ACK len 100
        0.040 server < ACK win 100
        0.050 client > RST seq 5000
        0.060 server < ACK win 100
        0.070 client > PSH,ACK len 10
        0.080 server < ACK win 100
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        no rst_out_of_window
        has blind_rst
        has challenge_ack
        """,
    )


def test_the_peer_s_shift_does_not_scale_the_window() -> None:
    # The client's shift is 14, the server's 0: the server's 100 is 100, and 5000 is outside.
    check(
        """
        0.000 client > SYN ws 14
        0.010 server < SYN,ACK ws 0
        0.020 client > ACK
        0.030 client > PSH,ACK len 100
        0.040 server < ACK win 100
        0.050 client > RST seq 5000
        0.070 client > PSH,ACK len 10
        0.080 server < ACK win 100
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        has rst_out_of_window
        no blind_rst
        """,
    )


def test_the_shift_counts_only_where_both_offer_one() -> None:
    # RFC 7323 2.2: the SYN-ACK has none, so the client's is off as well.
    check(
        """
        0.000 client > SYN ws 7
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.030 client > PSH,ACK len 100
        0.040 server < ACK
        0.045 client > ACK win 100
        0.050 server < RST seq 5000
        0.060 server < PSH,ACK len 10 seq 1
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        has rst_out_of_window
        """,
    )


# --- old duplicates


def test_the_ack_of_a_keep_alive_is_not_processed() -> None:
    # 3.10.7.4, first: seq 0 + len 0 <= RCV.NXT and seq < RCV.NXT: not acceptable, dropped. It still testifies
    # that its sender has the FIN.
    check(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < ACK seq 0
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN  confirmed 7
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_the_ack_of_repeated_data_is_not_processed() -> None:
    # Frame 7 repeats octets 1 to 10 that the client has acknowledged, now with the ACK of the FIN. That has come; whether
    # the server's own FIN was out by then old data do not say (CLOSE-WAIT or CLOSING), but frame 8, at SND.NXT, does.
    check(
        """
        handshake
        0.030 server < PSH,ACK len 10
        0.040 client > ACK
        0.050 client > FIN,ACK
        0.060 server < PSH,ACK seq 1 len 10
        0.070 server < ACK
        """,
        """
        handshake 4
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 8
        8 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


# --- the ACK field


@pytest.mark.parametrize("flags", ["FIN", "FIN,PSH,URG", "none"])
def test_scans_without_ack_move_nobody(flags: str) -> None:
    # 3.10.7.4, fifth: "if the ACK bit is off, drop the segment". Such a FIN is no close of its sender either.
    check(
        DATA
        + f"""
        0.050 client > {flags}
        0.060 client > PSH,ACK seq 101 len 10
        0.070 server < ACK ack 111
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        """,
    )


def test_a_fin_whose_ack_is_beyond_snd_nxt_is_dropped() -> None:
    # The server has sent nothing but its SYN; it answers with an ACK that does not advance.
    check(
        DATA
        + """
        0.050 client > FIN,ACK ack 5000
        0.051 server < ACK ack 101
        """,
        FIN_REFUSED,
    )


def test_a_fin_whose_ack_is_beyond_snd_nxt_is_taken_at_its_repeat() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK ack 5000
        0.051 server < ACK ack 101
        0.070 client > FIN,ACK seq 101
        0.080 server < ACK
        """,
        FIN_TAKEN_AT_ITS_REPEAT,
    )


def server_data_300(ack: int) -> str:
    """Return a ladder whose client (window 100) has acknowledged 301 and sends a FIN (10) with ``ack``."""
    return f"""
        0.000 client > SYN win 100
        0.010 server < SYN,ACK
        0.020 client > ACK win 100
        0.030 server < PSH,ACK len 100
        0.040 client > ACK win 100
        0.050 server < PSH,ACK len 100
        0.060 client > ACK win 100
        0.070 server < PSH,ACK len 100
        0.080 client > ACK win 100
        0.090 client > FIN,ACK ack {ack} win 100
        """


def test_a_fin_whose_ack_is_older_than_the_largest_window_is_dropped() -> None:
    # RFC 5961 5.2: SND.UNA - MAX.SND.WND = 301 - 100 = 201; 200 is below.
    check(
        server_data_300(200),
        """
        handshake 4
        10 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed  10
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_a_fin_whose_ack_is_as_old_as_the_largest_window_is_taken() -> None:
    check(
        server_data_300(201),
        """
        handshake 4
        10 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed  10
        10 server ESTABLISHED>CLOSE-WAIT  rcv FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


# --- PAWS


def test_a_fin_with_an_old_timestamp_is_dropped() -> None:
    # RFC 7323 5.3, R1: TSval 5 is below TS.Recent.
    check(DATA_TS + "0.050 client > FIN,ACK ts 5/5000040", FIN_REFUSED)


def test_a_fin_with_an_old_timestamp_is_taken_at_its_repeat() -> None:
    check(
        DATA_TS
        + """
        0.050 client > FIN,ACK ts 5/5000040
        0.051 server < ACK ack 101 ecr @4
        0.070 client > FIN,ACK seq 101
        0.080 server < ACK
        """,
        FIN_TAKEN_AT_ITS_REPEAT,
    )


def test_a_proof_beats_paws() -> None:
    # Whatever the test says, the server acknowledges the FIN: it came.
    check(
        DATA_TS
        + """
        0.050 client > FIN,ACK ts 5/5000040
        0.060 server < ACK ack 102 ecr @4
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_a_rst_is_exempt_from_paws() -> None:
    check(
        DATA_TS + "0.050 client > RST,ACK ts 5/5000040",
        """
        handshake 5
        6 client ESTABLISHED>CLOSED  snd RST  observed  6
        6 server ESTABLISHED>CLOSED  rcv RST  assumed   -
        outcome=reset first=client reset=client tw=-
        """,
    )


def test_paws_needs_timestamps_of_both() -> None:
    # The SYN-ACK has none: they are off (RFC 7323 3.2), and a strange TSval is no matter.
    check(
        """
        0.000 client > SYN ts 1000/0
        0.010 server < SYN,ACK
        0.020 client > ACK
        0.030 client > PSH,ACK len 100
        0.040 server < ACK
        0.050 client > FIN,ACK ts 5/0
        """,
        FIN_ACCEPTED,
    )


def test_paws_compares_modulo_2_to_the_32() -> None:
    # TSval 5 comes after 4294967290: the clock has wrapped.
    check(
        """
        0.000 client > SYN ts 4294967280/0
        0.010 server < SYN,ACK ts 100/4294967280
        0.020 client > ACK ts 4294967285/100
        0.030 client > PSH,ACK len 100 ts 4294967290/100
        0.040 server < ACK ts 110/4294967290
        0.050 client > FIN,ACK ts 5/110
        """,
        FIN_ACCEPTED,
    )
