"""A FIN behind a hole, and a FIN that the capture never shows."""

import pytest
from verdict import check, check_paths

# Data is sent and acknowledged; numbers 101 (client) and 1 (server) come next. Frames 1 to 5.
DATA = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    """
DATA_TS = "timestamps" + DATA


def test_a_fin_before_a_hole_waits_for_the_filling_segment() -> None:
    # 101 to 200 were lost before the tap. The FIN (201) is in the window: its sender is in FIN-WAIT-1.
    check(
        DATA
        + """
        0.050 client > FIN,ACK seq 201
        0.060 server < ACK ack 101 sack 201-202
        0.070 client > PSH,ACK seq 101 len 100
        0.080 server < ACK
        0.090 server < FIN,ACK
        0.100 client > ACK
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  6
        8 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 9
        9 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 11
        10 server CLOSE-WAIT>LAST-ACK    snd FIN         observed  10
        10 client FIN-WAIT-2>TIME-WAIT   rcv FIN         confirmed 11
        11 server LAST-ACK>CLOSED        rcv ACK of FIN  assumed   -
        outcome=closed first=client reset=- tw=client@10
        """,
    )


def test_a_fin_before_a_hole_that_is_never_filled_moves_its_sender_only() -> None:
    check(
        DATA
        + """
        0.050 client > FIN,ACK seq 201
        0.060 server < ACK ack 101
        """,
        """
        handshake 5
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN  observed  6
        outcome=half-closed first=client reset=- tw=-
        """,
    )


def test_a_sack_beyond_a_hole_withdraws_the_fin_until_the_hole_is_filled() -> None:
    # Withdrawn (c): the tap saw 101 to 200 (frame 6), the server did not; the FIN (201) is SACKed.
    check(
        DATA
        + """
        0.050 client > PSH,ACK len 100
        0.051 client > FIN,ACK
        0.060 server < ACK ack 101 sack 201-202
        0.070 client > PSH,ACK seq 101 len 100
        0.080 server < ACK
        """,
        """
        handshake 5
        7 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  7
        9 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 10
        10 client FIN-WAIT-1>FIN-WAIT-2  rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


@pytest.mark.parametrize(
    ("script", "ecr", "filled"), [(DATA, "", 10), (DATA_TS, "ecr @9", 9), (DATA_TS, "ecr @10", 10)]
)
def test_of_two_copies_the_one_that_tsecr_names_filled_the_hole_else_the_last(
    script: str, ecr: str, filled: int
) -> None:
    sacked = "0.060 server < ACK ack 101 sack 201-202" + (" ecr @4" if ecr else "")
    check(
        script
        + f"""
        0.050 client > PSH,ACK len 100
        0.051 client > FIN,ACK
        {sacked}
        0.070 client > PSH,ACK seq 101 len 100
        0.270 client > PSH,ACK seq 101 len 100
        0.280 server < ACK {ecr}
        """,
        f"""
        handshake 5
        7 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  7
        {filled} server ESTABLISHED>CLOSE-WAIT rcv FIN   confirmed 11
        11 client FIN-WAIT-1>FIN-WAIT-2  rcv ACK of FIN  assumed   -
        outcome=half-closed first=client reset=- tw=-
        """,
    )


# --- a FIN that was never captured


def test_an_uncaptured_fin_is_inferred_at_the_ack_that_covers_it() -> None:
    # Frame 6 acknowledges one number beyond the client's data, and the client sends nothing at that number.
    # Within the frame its sender's steps come first (Order).
    check(
        DATA + "0.060 server < ACK ack 102",
        """
        handshake 5
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         inferred 6
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         inferred 6
        6 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  assumed  -
        outcome=half-closed first=client reset=- tw=-
        has tap_loss
        """,
    )


def test_an_uncaptured_fin_may_be_followed_by_a_whole_close() -> None:
    # Frame 8 acknowledges the server's FIN, which carried an ACK that covers the client's: by the table of
    # proofs FIN-WAIT-2 is confirmed by it. (replay.md says `assumed` of the bare inference: read as the
    # evidence as long as nothing proves it.)
    check(
        DATA
        + """
        0.060 server < ACK ack 102
        0.070 server < FIN,ACK ack 102
        0.080 client > ACK seq 102
        """,
        """
        handshake 5
        6 server ESTABLISHED>CLOSE-WAIT  rcv FIN         inferred  6
        6 client ESTABLISHED>FIN-WAIT-1  snd FIN         inferred  6
        6 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 8
        7 server CLOSE-WAIT>LAST-ACK     snd FIN         observed  7
        7 client FIN-WAIT-2>TIME-WAIT    rcv FIN         confirmed 8
        8 server LAST-ACK>CLOSED         rcv ACK of FIN  assumed   -
        outcome=closed first=client reset=- tw=client@7
        """,
    )


def test_an_uncaptured_fin_of_an_end_in_close_wait_takes_it_to_closed() -> None:
    check_paths(
        DATA
        + """
        0.050 client > FIN,ACK
        0.060 server < ACK
        0.080 client > ACK ack 2
        """,
        client="CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT",
        server="LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED",
        outcome="closed",
        closed_first="client",
    )


def test_an_ack_of_one_octet_that_is_captured_later_shows_no_fin() -> None:
    # The client's octet 101 comes into the capture after its ACK: it was data.
    check(
        DATA
        + """
        0.060 server < ACK ack 102
        0.070 client > PSH,ACK len 50
        0.080 server < ACK ack 151
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        """,
    )
