"""Handshakes that are refused, aborted, or wrong (RFC 9293 3.5.2, 3.10.7.2 to 3.10.7.4)."""

import pytest
from script import parse
from verdict import check, check_paths

import tcptrace


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

    old = next(iter(tcptrace.analyze(parse(ladder).pcap())))
    assert old.path.server == ["LISTEN", "SYN-RECEIVED", "LISTEN"]


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
        handshake 6
        outcome=open first=- reset=- tw=-
        """,
    )
