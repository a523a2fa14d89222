"""The list of scenarios: how connections begin, or do not."""

from tcptrace.lab.scenario import LO, Scenario, Unknowable
from tcptrace.lab.scenarios import opening
from tcptrace.lab.simulator.connection import Habits
from tcptrace.lab.simulator.script import Listening, Script
from tcptrace.lab.simulator.scripts import BOTH_FAST, BY_CLIENT, closed, late, opened

_GIVES_UP = "it gives up without a segment"
_UNSEEN = "no segment of it was captured"

OPENING = {
    "refused": Scenario(
        opening.refused, "nobody listens: a RST answers the SYN", "3.10.7.1", script=opened("", listens={})
    ),
    "unanswered": Scenario(
        opening.unanswered,
        "every SYN is lost",
        "3.8.1",
        unknowable=(Unknowable("server", "UNKNOWN", _UNSEEN, ("client",)),),
        script=opened("0 client loses any 0", until_s=5.0),
    ),
    "connect-timeout": Scenario(
        opening.connect_timeout,
        "every SYN is lost, and the client gives up",
        "3.8.3",
        unknowable=(
            Unknowable("client", "CLOSED SYN-SENT", _GIVES_UP),
            Unknowable("server", "UNKNOWN", _UNSEEN, ("client",)),
        ),
        script=opened("0 client loses any 0", habits={"client": Habits(user_timeout_s=2.0)}),
    ),
    "dead-server": Scenario(
        opening.dead_server,
        "every SYN-ACK is lost",
        "3.8.1",
        unknowable=(Unknowable("server", "UNKNOWN", _UNSEEN, ("client",)),),
        script=opened("0 server loses any 0", until_s=5.0),
    ),
    "syn-lost": Scenario(
        opening.syn_lost, "the first SYN is lost", "3.8.1", script=closed("0 client loses syn; ")
    ),
    "syn-lost-twice": Scenario(
        opening.syn_lost_twice, "the first two SYNs are lost", "3.8.1", script=late("0 client loses syn 2; ")
    ),
    "syn-doubled": Scenario(
        opening.syn_doubled,
        "the SYN comes a second time, later",
        "3.10.7.4",
        script=closed("0 client doubles syn 0.05; "),
    ),
    "syn-ack-lost": Scenario(
        opening.syn_ack_lost, "the first SYN-ACK is lost", "3.8.1", script=late("0 server loses syn-ack; ")
    ),
    "syn-ack-lost-twice": Scenario(
        opening.syn_ack_lost_twice,
        "the first two SYN-ACKs are lost",
        "3.8.1",
        script=late("0 server loses syn-ack 2; "),
    ),
    "handshake-ack-lost": Scenario(
        opening.handshake_ack_lost,
        "the handshake's ACK is lost: the SYN-ACK comes again",
        "3.8.1",
        script=late("0 client loses ack; "),
    ),
    "handshake-ack-lost-before-data": Scenario(
        opening.handshake_ack_lost_before_data,
        "the handshake's ACK is lost, and data bring it",
        "3.10.7.4",
        script=opened(
            "0 client loses ack; 0.03 client send 5; 0.05 server hold; 0.1 client send 13; 0.2 server send 13; "
            + BY_CLIENT
        ),
    ),
    "rst-in-syn-received": Scenario(
        opening.rst_in_syn_received,
        "the client has gone when the SYN-ACK comes: its RST",
        "3.10.7.4",
        script=opened("0.005 client leave"),
    ),
    "simultaneous-open": Scenario(
        opening.simultaneous_open, "both SYNs cross", "3.5", script=closed("0.002 server open; ", listens={})
    ),
    "self-connect": Scenario(
        opening.self_connect,
        "a socket connected to itself",
        "3.5",
        LO,
        script=Script("0 client open-self; 0.1 client send 9; 0.5 client leave"),
    ),
    "backlog-overflow": Scenario(
        opening.backlog_overflow,
        "the queue is full: the handshake's ACK is passed over",
        "3.10.7.4",
        unknowable=(
            Unknowable(
                "server",
                "LISTEN SYN-RECEIVED ESTABLISHED",
                "the kernel passes over the ACK without a word",
                connection=2,
            ),
        ),
        script=opened(
            "0.5 client.1 open 1; 0.5 client.2 open 2", listens={"server": Listening(room=2)}, until_s=3.0
        ),
    ),
    "syn-cookies": Scenario(
        opening.syn_cookies,
        "the server keeps nothing before the ACK",
        "RFC 4987 3.6",
        script=closed(listens={"server": Listening(has_cookies=True)}),
    ),
    "deferred-accept": Scenario(
        opening.deferred_accept,
        "the server wakes up only when data come",
        "3.10.7.4",
        script=opened(
            "0.2 client send 9; 0.3 server hold; 0.4 client send 13; 0.45 server send 13; " + BY_CLIENT,
            habits={"server": Habits(waits_for_data=True)},
        ),
    ),
    "fast-open": Scenario(
        opening.fast_open,
        "data in the SYN",
        "RFC 7413",
        script=Script(
            "0 client open 0 10; 0.2 client send 13; 0.3 server send 13; " + BY_CLIENT, habits=BOTH_FAST
        ),
    ),
    "fast-open-close-in-syn-received": Scenario(
        opening.fast_open_close_in_syn_received,
        "the server closes before the handshake's ACK",
        "3.10.4",
        script=Script(
            "0 client open 0 10; 0.001 client hold; 0.012 server send 11; 0.012 server leave; 0.5 client leave",
            habits=BOTH_FAST,
        ),
    ),
    "fast-open-reset-in-syn-received": Scenario(
        opening.fast_open_reset_in_syn_received,
        "the server resets before the handshake's ACK",
        "3.10.5",
        script=Script("0 client open 0 10; 0.012 server abort", habits=BOTH_FAST),
    ),
    "ipv6": Scenario(opening.ipv6, "over IPv6", "3.10", script=closed(is_ipv6=True)),
    "ipv4-mapped": Scenario(
        opening.ipv4_mapped,
        "IPv6 sockets over IPv4",
        "RFC 4291 2.5.5.2",
        unsimulated="the same packets as with IPv4 sockets: it is a matter of the system's calls",
    ),
}
