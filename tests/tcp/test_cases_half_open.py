"""A SYN on a live connection, over two streams (RFC 9293 3.5.1, Figure 10; RFC 5961 4)."""

from verdict import check

DATA = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    again client2 server2 = client server
    """


def test_a_lost_end_that_connects_again_kills_the_other_half_by_its_rst() -> None:
    # Figure 10: the SYN (6) of a client that has lost its state, the ACK of a server that has not (7), the
    # RST at that ACK's number (8), the SYN again (9). 7 and 8 have the old connection's numbers and move it;
    # the new server takes no step at 6.
    check(
        DATA
        + """
        1.000 client2 > SYN
        1.010 server < ACK
        1.020 client > RST seq 101
        2.000 client2 > SYN
        2.010 server2 < SYN,ACK
        2.020 client2 > ACK
        2.030 server2 < PSH,ACK len 10
        """,
        """
        handshake 5
        6 client ESTABLISHED>CLOSED  reused   inferred  6
        8 server ESTABLISHED>CLOSED  rcv RST  confirmed 10
        outcome=reset first=client reset=client tw=-
        has half_open
        has challenge_ack
        stream 1
        6 client CLOSED>SYN-SENT            snd SYN         observed  6
        9 server LISTEN>SYN-RECEIVED        rcv SYN         confirmed 10
        10 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 11
        11 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  confirmed 12
        outcome=open first=- reset=- tw=- opened=client
        no half_open
        no challenge_ack
        """,
    )


def test_counts_stay_with_the_stream_while_the_state_moves_the_old_one() -> None:
    from script import parse

    import tcptrace

    ladder = (
        DATA
        + """
        1.000 client2 > SYN
        1.010 server < ACK
        1.020 client > RST seq 101
        """
    )
    old, new = tcptrace.analyze(parse(ladder).pcap())
    assert (old.packets.client, old.packets.server, old.last_frame) == (3, 2, 5)
    assert (new.packets.client, new.packets.server, new.first_frame) == (2, 1, 6)
    assert 8 in [t.frame for t in old.transitions]


def test_a_syn_ack_without_challenge_leaves_the_old_ends_where_they_were() -> None:
    # The capture missed the close: the new server answers at once, so its SYN (6) is the cause after all.
    check(
        DATA
        + """
        1.000 client2 > SYN
        1.010 server2 < SYN,ACK
        1.020 client2 > ACK
        """,
        """
        handshake 5
        outcome=open first=- reset=- tw=-
        no half_open
        stream 1
        6 client CLOSED>SYN-SENT           snd SYN         observed  6
        6 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 7
        7 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 8
        8 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=- opened=client
        """,
    )


def test_a_forged_syn_is_challenged_and_the_connection_goes_on() -> None:
    # RFC 5961 4: a challenge ACK, and no RST comes back: the real client still has the connection. What it
    # sends afterwards refutes that it left at the forged SYN ("whoever goes on was not moved"), but the
    # documents say that of RSTs only: its path is left open here.
    from script import parse

    import tcptrace

    ladder = (
        DATA
        + """
        1.000 client2 > SYN
        1.010 server < ACK
        1.020 client > PSH,ACK len 10
        1.030 server < ACK
        """
    )
    old = next(iter(tcptrace.analyze(parse(ladder).pcap())))
    assert old.path.server == ["LISTEN", "SYN-RECEIVED", "ESTABLISHED"]
    assert old.outcome == "open"


def test_after_a_finished_connection_a_new_syn_is_a_new_stream_and_no_half_open() -> None:
    # The SYN (7) has a new number: its sender had believed the RST (proof of `rcv RST`).
    check(
        DATA
        + """
        0.050 server < RST,ACK
        1.000 client2 > SYN
        1.010 server2 < SYN,ACK
        1.020 client2 > ACK
        """,
        """
        handshake 5
        6 server ESTABLISHED>CLOSED  snd RST  observed  6
        6 client ESTABLISHED>CLOSED  rcv RST  confirmed 7
        outcome=reset first=server reset=server tw=-
        no half_open
        stream 1
        7 client CLOSED>SYN-SENT           snd SYN         observed  7
        7 server LISTEN>SYN-RECEIVED       rcv SYN         confirmed 8
        8 client SYN-SENT>ESTABLISHED      rcv SYN,ACK     confirmed 9
        9 server SYN-RECEIVED>ESTABLISHED  rcv ACK of SYN  assumed   -
        outcome=open first=- reset=- tw=- opened=client
        """,
    )


def test_whoever_goes_on_after_the_challenge_ack_did_not_send_the_syn() -> None:
    # RFC 5961 4.2: the SYN (4) is somebody else's, in the window. The server challenges it (5), the client goes on (6):
    # it never left, and both ends of the old connection close in turn.
    check(
        """
        handshake
        again client2 server2 = client server
        isn client2 1000
        0.030 client2 > SYN
        0.040 server < ACK
        0.050 client > PSH,ACK len 10
        0.060 server < ACK
        0.070 client > FIN,ACK
        0.080 server < ACK
        0.090 server < FIN,ACK
        0.100 client > ACK
        """,
        """
        handshake 7
        8 client ESTABLISHED>FIN-WAIT-1  snd FIN         observed  8
        8 server ESTABLISHED>CLOSE-WAIT  rcv FIN         confirmed 9
        9 client FIN-WAIT-1>FIN-WAIT-2   rcv ACK of FIN  confirmed 11
        10 server CLOSE-WAIT>LAST-ACK    snd FIN         observed  10
        10 client FIN-WAIT-2>TIME-WAIT   rcv FIN         confirmed 11
        11 server LAST-ACK>CLOSED        rcv ACK of FIN  assumed   -
        outcome=closed first=client reset=- tw=client@10
        has challenge_ack
        no half_open
        stream 1
        4 client CLOSED>SYN-SENT  snd SYN  observed  4
        path server LISTEN
        outcome=unanswered first=- reset=- tw=-
        """,
    )
