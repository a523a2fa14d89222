"""TIME-WAIT: its end by the timer, a new life, a RST (RFC 9293 3.10.7.4, 3.10.8; RFC 6191; RFC 1337)."""

import pytest
from verdict import check, check_paths

# The client closes first and waits from frame 8 (0.070 s); frames 1 to 9.
CLIENT_WAITS = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    0.050 client > FIN,ACK
    0.060 server < ACK
    0.070 server < FIN,ACK
    0.080 client > ACK
    """
CLIENT_WAITS_STEPS = """
    handshake 5
    6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
    6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
    7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9
    8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
    8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 9
    9 server LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
    """
# The server closes first and waits from frame 8 (0.070 s); its numbers end at 52, the client's at 102.
SERVER_WAITS = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < PSH,ACK len 50
    0.050 server < FIN,ACK
    0.060 client > ACK
    0.070 client > FIN,ACK
    0.080 server < ACK
    """
SERVER_WAITS_STEPS = """
    handshake 5
    6 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
    6 client ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
    7 server FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9
    8 client CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
    8 server FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 9
    9 client LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
    """
ELSEWHERE = "ends x 198.51.100.1:1024 y 198.51.100.2:80\n"
OTHER_STREAM = """
    stream 1
    {frame} client CLOSED>SYN-SENT snd SYN observed {frame}
    path server UNKNOWN
    outcome=unanswered first=- reset=- tw=-
    """


@pytest.mark.parametrize(("time", "is_over"), [("240.069999999", False), ("240.070", True), ("900", True)])
def test_any_frame_as_late_as_2msl_ends_time_wait_by_the_timer(time: str, is_over: bool) -> None:
    expiry = "- client TIME-WAIT>CLOSED 2MSL timeout timer - @240.07s\n" if is_over else ""
    check(
        CLIENT_WAITS + ELSEWHERE + f"{time} x > SYN",
        CLIENT_WAITS_STEPS
        + expiry
        + "outcome=closed first=client reset=- tw=client@8\n"
        + OTHER_STREAM.format(frame=10),
    )


def test_2msl_is_twice_what_msl_says() -> None:
    check(
        CLIENT_WAITS + ELSEWHERE + "61 x > SYN",
        CLIENT_WAITS_STEPS
        + """
        - client TIME-WAIT>CLOSED 2MSL timeout timer - @60.07s
        outcome=closed first=client reset=- tw=client@8
        """
        + OTHER_STREAM.format(frame=10),
        msl_s=30,
    )


def test_an_assumed_entry_is_left_by_an_assumption() -> None:
    # The FIN (8) came last: nothing proves that the client received it.
    check(
        """
        handshake
        0.030 client > PSH,ACK len 100
        0.040 server < ACK
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.070 server < FIN,ACK
        ends x 198.51.100.1:1024 y 198.51.100.2:80
        300 x > SYN
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed   -
        8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
        8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         assumed   -
        - client TIME-WAIT>CLOSED        2MSL timeout    assumed   -  @240.07s
        outcome=closing first=client reset=- tw=client@8
        """
        + OTHER_STREAM.format(frame=9),
    )


def test_both_ends_of_a_simultaneous_close_leave_each_at_its_own_time() -> None:
    check(
        """
        handshake
        0.030 client > PSH,ACK len 100
        0.040 server < ACK
        0.050 client > FIN,ACK
        0.051 server < FIN,ACK ack 101
        0.060 client > ACK
        0.061 server < ACK
        ends x 198.51.100.1:1024 y 198.51.100.2:80
        300 x > SYN
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        7 server ESTABLISHED>FIN-WAIT-1  snd FIN         observed  7
        6 server FIN-WAIT-1>CLOSING      rcv FIN         assumed   -  @7
        7 client FIN-WAIT-1>CLOSING      rcv FIN         confirmed 8
        8 server CLOSING>TIME-WAIT       rcv ACK of FIN  assumed   -
        9 client CLOSING>TIME-WAIT       rcv ACK of FIN  assumed   -
        - server TIME-WAIT>CLOSED        2MSL timeout    assumed   -  @240.06s
        - client TIME-WAIT>CLOSED        2MSL timeout    assumed   -  @240.061s
        outcome=closed first=both reset=- tw=both@8..@9
        """
        + OTHER_STREAM.format(frame=10),
    )


FIN_AGAIN = """
    100.000 server < FIN,ACK seq 1
    100.010 client > ACK
    """
FIN_AGAIN_STEPS = """
    handshake 5
    6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
    6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
    7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9
    8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
    8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 9
    11 server LAST-ACK>CLOSED        rcv ACK of FIN  assumed   -
    """


def test_a_fin_that_comes_again_starts_2msl_anew() -> None:
    # 3.10.7.4, eighth: "restart the 2 MSL time-out". The server's repeat withdraws its own CLOSED (b).
    check(
        CLIENT_WAITS + FIN_AGAIN + ELSEWHERE + "300 x > SYN",
        FIN_AGAIN_STEPS
        + """
        outcome=closed first=client reset=- tw=client@8..@10
        ! 10 server fin_retransmission
        """
        + OTHER_STREAM.format(frame=12),
    )


def test_the_restarted_2msl_ends_at_its_own_time() -> None:
    check(
        CLIENT_WAITS + FIN_AGAIN + ELSEWHERE + "340 x > SYN",
        FIN_AGAIN_STEPS
        + """
        - client TIME-WAIT>CLOSED 2MSL timeout timer - @340.0s
        outcome=closed first=client reset=- tw=client@8..@10
        """
        + OTHER_STREAM.format(frame=12),
    )


def test_a_fin_that_comes_after_2msl_finds_its_receiver_closed() -> None:
    # The server had not received frame 9 (it repeats the FIN, 10); the timer step stands before frame 10.
    check(
        CLIENT_WAITS
        + """
        300.000 server < FIN,ACK seq 1
        300.010 client > RST seq 102
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 7
        7 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 9
        8 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  8
        8 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 9
        - client TIME-WAIT>CLOSED        2MSL timeout    timer     -  @240.07s
        11 server LAST-ACK>CLOSED        rcv RST         assumed   -
        outcome=closed first=client reset=client tw=client@8
        """,
    )


# --- a new incarnation


NEW_LIFE = """
    stream 1
    10 client CLOSED>SYN-SENT           snd SYN         observed  10
    10 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 11
    11 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 12
    12 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
    outcome=open first=- reset=- tw=-
    """


@pytest.mark.parametrize("isn", [0, 2**32 - 1_000_000])
def test_a_holder_that_opens_actively_leaves_without_a_test(isn: int) -> None:
    check(
        CLIENT_WAITS
        + f"""
        again client2 server2 = client server
        isn client2 {isn}
        1.000 client2 > SYN
        1.010 server2 < SYN,ACK
        1.020 client2 > ACK
        """,
        CLIENT_WAITS_STEPS
        + """
        10 client TIME-WAIT>CLOSED reused observed 10
        outcome=closed first=client reset=- tw=client@8
        """
        + NEW_LIFE,
    )


# RFC 6191 section 2, by what the old incarnation used, the new SYN's words and its initial number. The
# client's numbers end at 102 relative to 2^32 - 3, so 200 is greater and 2^32 - 1,000 is less; its last TSval
# is 1070. Numbers compare modulo 2^32.
GREATER, LESS = 200, 2**32 - 1_000
ACCEPTED = [
    ("timestamps", "ts 1071/0", GREATER),  # greater timestamp
    ("timestamps", "ts 1071/0", LESS),
    ("timestamps", "ts 1070/0", GREATER),  # equal timestamp, greater number
    ("", "ts 5/0", GREATER),  # timestamps where the old one had none
    ("", "ts 5/0", LESS),
    ("", "", GREATER),  # no timestamps at all: greater number
    ("timestamps", "nots", GREATER),  # no timestamp in the SYN: greater number
]
REFUSED = [
    ("timestamps", "ts 1070/0", LESS),
    ("timestamps", "ts 1069/0", GREATER),
    ("timestamps", "ts 1069/0", LESS),
    ("", "", LESS),
    ("timestamps", "nots", LESS),
]


@pytest.mark.parametrize(("old", "words", "isn"), ACCEPTED)
def test_a_syn_received_in_time_wait_is_accepted_by_rfc_6191(old: str, words: str, isn: int) -> None:
    has_timestamps = words.startswith("ts")
    check(
        old
        + SERVER_WAITS
        + f"""
        again client2 server2 = client server
        isn client2 {isn}
        1.000 client2 > SYN {words}
        1.010 server2 < SYN,ACK {"ecr @10" if has_timestamps else "nots"}
        1.020 client2 > ACK {"ts" if has_timestamps else "nots"}
        """,
        SERVER_WAITS_STEPS
        + """
        10 server TIME-WAIT>CLOSED reused confirmed 11
        outcome=closed first=server reset=- tw=server@8
        """
        + NEW_LIFE,
    )


def test_a_reuse_that_nothing_answers_is_assumed() -> None:
    check(
        SERVER_WAITS
        + """
        again client2 server2 = client server
        isn client2 200
        1.000 client2 > SYN
        """,
        SERVER_WAITS_STEPS
        + """
        10 server TIME-WAIT>CLOSED reused assumed -
        outcome=closed first=server reset=- tw=server@8
        stream 1
        10 client CLOSED>SYN-SENT snd SYN observed 10
        path server UNKNOWN
        outcome=unanswered first=- reset=- tw=-
        """,
    )


@pytest.mark.parametrize(("old", "words", "isn"), REFUSED)
def test_a_refused_syn_in_time_wait_gets_an_ack_whose_rst_assassinates(
    old: str, words: str, isn: int
) -> None:
    # RFC 9293 3.10.7.4, fourth; RFC 1337. 10 SYN, 11 the old connection's ACK, 12 RST at that ACK's number,
    # 13 the SYN again: the four-tuple is free. Proof of `rcv RST`: a SYN (14) with a new number. The nominal
    # end of 2MSL stays.
    has_timestamps = words.startswith("ts")
    check(
        old
        + SERVER_WAITS
        + f"""
        again client2 server2 = client server
        isn client2 {isn}
        1.000 client2 > SYN {words}
        1.001 server < ACK
        1.010 client > RST seq 102
        2.000 client2 > SYN {words}
        2.010 server2 < SYN,ACK {"ecr @13" if has_timestamps else "nots"}
        2.020 client2 > ACK {"ts" if has_timestamps else "nots"}
        """,
        SERVER_WAITS_STEPS
        + """
        12 server TIME-WAIT>CLOSED rcv RST confirmed 14
        outcome=closed first=server reset=client tw=server@8
        has time_wait_assassination
        stream 1
        10 client CLOSED>SYN-SENT           snd SYN         observed  10
        13 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 14
        14 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 15
        15 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=-
        """,
    )


def test_after_2msl_a_new_connection_finds_the_old_one_closed_by_the_timer() -> None:
    check(
        SERVER_WAITS
        + """
        again client2 server2 = client server
        isn client2 4294966296
        300.000 client2 > SYN
        300.010 server2 < SYN,ACK
        300.020 client2 > ACK
        """,
        SERVER_WAITS_STEPS
        + """
        - server TIME-WAIT>CLOSED 2MSL timeout timer - @240.07s
        outcome=closed first=server reset=- tw=server@8
        """
        + NEW_LIFE,
    )


def test_a_clock_that_went_back_does_not_put_the_timer_before_its_own_end_s_steps() -> None:
    # The handshake's times lie beyond the 2MSL of a TIME-WAIT that is entered after the clock went back.
    check_paths(
        """
        300.000 client > SYN
        300.010 server < SYN,ACK
        300.020 client > ACK
        0.030 server < FIN,ACK
        0.040 client > FIN,ACK
        0.050 server < ACK
        """,
        client="CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED",
        server="LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED",
        outcome="closed",
    )
