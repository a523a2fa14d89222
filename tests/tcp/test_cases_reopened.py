"""What an end had begun and gives up when it opens anew from the same port."""

from verdict import check


def test_a_new_syn_takes_its_sender_out_of_syn_sent() -> None:
    check(
        """
        again client2 server2 = client server
        0.000 client > SYN
        3.000 client2 > SYN
        """,
        """
        1 client CLOSED>SYN-SENT  snd SYN  observed 1
        2 client SYN-SENT>CLOSED  reused   inferred 2
        path server UNKNOWN
        outcome=unanswered first=- reset=- tw=-
        stream 1
        2 client CLOSED>SYN-SENT  snd SYN  observed 2
        path server UNKNOWN
        outcome=unanswered first=- reset=- tw=-
        """,
    )


def test_a_new_syn_takes_its_sender_out_of_syn_received_after_an_active_open() -> None:
    check(
        """
        again client2 server2 = client server
        0.000 client > SYN
        0.001 server < SYN
        3.000 client2 > SYN
        """,
        """
        1 client CLOSED>SYN-SENT        snd SYN  observed 1
        2 server CLOSED>SYN-SENT        snd SYN  observed 2
        1 server SYN-SENT>SYN-RECEIVED  rcv SYN  assumed  -  @2
        2 client SYN-SENT>SYN-RECEIVED  rcv SYN  assumed  -
        3 client SYN-RECEIVED>CLOSED    reused   inferred 3
        outcome=unanswered first=- reset=- tw=-
        stream 1
        3 client CLOSED>SYN-SENT  snd SYN  observed 3
        path server UNKNOWN
        outcome=unanswered first=- reset=- tw=-
        """,
    )
