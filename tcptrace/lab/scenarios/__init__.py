"""The list of scenarios: what each shows, the clause, what it needs, and what packets alone cannot tell."""

from tcptrace.lab.scenario import Scenario, Unknowable
from tcptrace.lab.scenarios import applications, capture, closing, data, opening, resets

_GIVES_UP = "it gives up without a segment"
_UNSEEN = "no segment of it was captured"
_LATE = "the capture begins after the handshake"
_BETWEEN = "the client's FIN came before the capture began"
_ONE_WAY = "of the other end nothing was captured, so an ACK may be of data or of a FIN"

LO, FORGED = "root", "root, TUN, scapy"

SCENARIOS = {
    # Opening
    "refused": Scenario(opening.refused, "nobody listens: a RST answers the SYN", "3.10.7.1"),
    "unanswered": Scenario(
        opening.unanswered,
        "every SYN is lost",
        "3.8.1",
        unknowable=(Unknowable("server", "UNKNOWN", _UNSEEN, ("client",)),),
    ),
    "connect-timeout": Scenario(
        opening.connect_timeout,
        "every SYN is lost, and the client gives up",
        "3.8.3",
        unknowable=(
            Unknowable("client", "CLOSED SYN-SENT", _GIVES_UP),
            Unknowable("server", "UNKNOWN", _UNSEEN, ("client",)),
        ),
    ),
    "dead-server": Scenario(
        opening.dead_server,
        "every SYN-ACK is lost",
        "3.8.1",
        unknowable=(Unknowable("server", "UNKNOWN", _UNSEEN, ("client",)),),
    ),
    "syn-lost": Scenario(opening.syn_lost, "the first SYN is lost", "3.8.1"),
    "syn-lost-twice": Scenario(opening.syn_lost_twice, "the first two SYNs are lost", "3.8.1"),
    "syn-doubled": Scenario(opening.syn_doubled, "the SYN comes a second time, later", "3.10.7.4"),
    "syn-ack-lost": Scenario(opening.syn_ack_lost, "the first SYN-ACK is lost", "3.8.1"),
    "syn-ack-lost-twice": Scenario(opening.syn_ack_lost_twice, "the first two SYN-ACKs are lost", "3.8.1"),
    "handshake-ack-lost": Scenario(
        opening.handshake_ack_lost, "the handshake's ACK is lost: the SYN-ACK comes again", "3.8.1"
    ),
    "handshake-ack-lost-before-data": Scenario(
        opening.handshake_ack_lost_before_data, "the handshake's ACK is lost, and data bring it", "3.10.7.4"
    ),
    "rst-in-syn-received": Scenario(
        opening.rst_in_syn_received, "the client has gone when the SYN-ACK comes: its RST", "3.10.7.4"
    ),
    "simultaneous-open": Scenario(opening.simultaneous_open, "both SYNs cross", "3.5"),
    "self-connect": Scenario(opening.self_connect, "a socket connected to itself", "3.5", LO),
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
    ),
    "syn-cookies": Scenario(opening.syn_cookies, "the server keeps nothing before the ACK", "RFC 4987 3.6"),
    "deferred-accept": Scenario(
        opening.deferred_accept, "the server wakes up only when data come", "3.10.7.4"
    ),
    "fast-open": Scenario(opening.fast_open, "data in the SYN", "RFC 7413"),
    "fast-open-close-in-syn-received": Scenario(
        opening.fast_open_close_in_syn_received, "the server closes before the handshake's ACK", "3.10.4"
    ),
    "fast-open-reset-in-syn-received": Scenario(
        opening.fast_open_reset_in_syn_received, "the server resets before the handshake's ACK", "3.10.5"
    ),
    "ipv6": Scenario(opening.ipv6, "over IPv6", "3.10"),
    "ipv4-mapped": Scenario(opening.ipv4_mapped, "IPv6 sockets over IPv4", "RFC 4291 2.5.5.2"),
    # Closing
    "close-by-client": Scenario(closing.close_by_client, "the client closes first", "3.6"),
    "close-by-server": Scenario(closing.close_by_server, "the server closes first", "3.6"),
    "close-three-segments": Scenario(
        closing.close_three_segments, "the second FIN carries the ACK of the first", "3.6"
    ),
    "half-close-client": Scenario(closing.half_close_client, "the client sends its FIN and reads on", "3.6"),
    "half-close-server": Scenario(closing.half_close_server, "the server sends its FIN and reads on", "3.6"),
    "shut-rd": Scenario(closing.shut_rd, "SHUT_RD, which no segment tells", "3.6"),
    "shut-wr": Scenario(closing.shut_wr, "SHUT_WR at both ends", "3.6"),
    "shut-rdwr": Scenario(closing.shut_rdwr, "SHUT_RDWR at both ends", "3.6"),
    "simultaneous-close": Scenario(closing.simultaneous_close, "both FINs cross", "3.6"),
    "simultaneous-close-fin-lost": Scenario(
        closing.simultaneous_close_fin_lost, "both FINs cross, and one is lost", "3.6"
    ),
    "fin-lost": Scenario(closing.fin_lost, "the first FIN is lost", "3.8.1"),
    "fin-lost-twice": Scenario(closing.fin_lost_twice, "the first FIN is lost twice", "3.8.1"),
    "fin-of-server-lost": Scenario(closing.fin_of_server_lost, "the second FIN is lost", "3.8.1"),
    "fin-ack-lost": Scenario(closing.fin_ack_lost, "the ACK of the first FIN is lost", "3.8.1"),
    "fin-ack-lost-for-good": Scenario(
        closing.fin_ack_lost_for_good, "only the second FIN brings the ACK of the first", "3.10.7.4"
    ),
    "last-ack-lost": Scenario(
        closing.last_ack_lost, "the last ACK is lost: a FIN into TIME-WAIT", "3.10.7.4"
    ),
    "last-ack-lost-twice": Scenario(closing.last_ack_lost_twice, "the last ACK is lost twice", "3.10.7.4"),
    "fin-reordered": Scenario(closing.fin_reordered, "the FIN overtakes the data", "3.10.7.4"),
    "fin-before-lost-data": Scenario(
        closing.fin_before_lost_data, "the data before the FIN are lost", "3.10.7.4"
    ),
    "fin-with-data": Scenario(closing.fin_with_data, "data and FIN in one segment", "3.10.7.4"),
    "fin-with-data-lost": Scenario(closing.fin_with_data_lost, "data and FIN in one segment, lost", "3.8.1"),
    "fin-doubled": Scenario(closing.fin_doubled, "the FIN comes twice", "3.10.7.4"),
    # Resets
    "rst-by-client": Scenario(
        resets.rst_by_client, "SO_LINGER with no time: a RST from ESTABLISHED", "3.10.5"
    ),
    "rst-by-server": Scenario(resets.rst_by_server, "the same by the server", "3.10.5"),
    "rst-in-close-wait": Scenario(resets.rst_in_close_wait, "a RST from CLOSE-WAIT", "3.10.5"),
    "rst-in-fin-wait-1": Scenario(resets.rst_in_fin_wait_1, "a RST from FIN-WAIT-1", "3.10.5"),
    "rst-in-fin-wait-2": Scenario(resets.rst_in_fin_wait_2, "a RST from FIN-WAIT-2", "3.10.5"),
    "rst-lost": Scenario(resets.rst_lost, "a RST is lost: the other end learns it when it sends", "3.5.1"),
    "data-to-closed-end": Scenario(
        resets.data_to_closed_end, "data to an end that nobody reads: a RST", "3.6"
    ),
    "unread-data-close": Scenario(
        resets.unread_data_close, "closed with data unread: a RST", "RFC 1122 4.2.2.13"
    ),
    "unread-data-close-wait": Scenario(
        resets.unread_data_close_wait, "closed in CLOSE-WAIT with data unread: a RST", "RFC 1122 4.2.2.13"
    ),
    "process-killed": Scenario(resets.process_killed, "the client's process is killed", "3.10.4"),
    "blind-rst-in-window": Scenario(
        resets.blind_rst_in_window, "a forged RST in the window: a challenge ACK", "RFC 5961 3.2", FORGED
    ),
    "blind-rst-outside": Scenario(
        resets.blind_rst_outside, "a forged RST outside the window: nothing", "RFC 5961 3.2", FORGED
    ),
    "blind-rst-exact": Scenario(
        resets.blind_rst_exact, "a forged RST at RCV.NXT cuts the server off", "RFC 5961 3.2", FORGED
    ),
    "syn-into-established": Scenario(
        resets.syn_into_established, "a forged SYN: a challenge ACK", "RFC 5961 4.2", FORGED
    ),
    "half-open-reboot": Scenario(
        resets.half_open_reboot, "the server's end vanishes; data find out", "3.5.1"
    ),
    "half-open-reconnect": Scenario(
        resets.half_open_reconnect,
        "the client's end vanishes and connects again (figure 10)",
        "3.5.1",
        unknowable=(Unknowable("client", "CLOSED SYN-SENT ESTABLISHED", "it vanishes without a segment"),),
    ),
    "half-open-fin": Scenario(resets.half_open_fin, "the client's end vanishes; a FIN finds out", "3.5.1"),
    "listener-closed": Scenario(
        resets.refused_after_close, "the listener closes with a client in its queue", "3.10.5"
    ),
    # Ports and time
    "port-reuse": Scenario(resets.port_reuse, "the same port again after a RST", "3.4"),
    "time-wait-reuse-client": Scenario(
        resets.time_wait_reuse_client, "the holder of TIME-WAIT connects again", "RFC 6191"
    ),
    "time-wait-reuse-server": Scenario(
        resets.time_wait_reuse_server, "a SYN to the holder of TIME-WAIT is accepted", "RFC 6191"
    ),
    "time-wait-assassination": Scenario(
        resets.time_wait_assassination, "a RST ends TIME-WAIT early", "RFC 1337", FORGED
    ),
    "keep-alive": Scenario(resets.keep_alive, "keep-alive probes, answered", "3.8.4"),
    "dead-peer": Scenario(resets.dead_peer, "keep-alive probes, unanswered: a RST", "3.8.4"),
    "user-timeout": Scenario(
        resets.user_timeout,
        "the user time-out passes without an ACK",
        "3.9.1",
        unknowable=(Unknowable("client", "CLOSED SYN-SENT ESTABLISHED", _GIVES_UP),),
    ),
    "fin-wait-2-timeout": Scenario(
        resets.fin_wait_2_timeout, "an orphan in FIN-WAIT-2 times out (Linux): a RST answers the FIN", "3.6"
    ),
    # Data
    "first-data-lost": Scenario(data.first_data_lost, "the first data are lost", "3.8.1"),
    "data-lost": Scenario(data.data_lost, "5 % of the segments are lost, both ways", "3.8.1"),
    "data-reordered": Scenario(data.data_reordered, "20 % of the segments come late, both ways", "3.10.7.4"),
    "data-duplicated": Scenario(
        data.data_duplicated, "20 % of the segments come twice, both ways", "3.10.7.4"
    ),
    "bad-weather": Scenario(data.bad_weather, "loss, reordering and duplication, both ways", "3.8.1"),
    "zero-window": Scenario(data.zero_window, "the window closes, is probed, and opens", "3.8.6.1"),
    "close-in-zero-window": Scenario(
        data.close_in_zero_window, "close() while the window is closed", "3.8.6.1"
    ),
    "close-in-zero-window-unread": Scenario(
        data.close_in_zero_window_unread,
        "close() while the window is closed, and it stays so",
        "3.8.6.1",
        unknowable=(
            Unknowable(
                "client", "CLOSED SYN-SENT ESTABLISHED", "its FIN waits behind data that have no room"
            ),
        ),
    ),
    "offload": Scenario(data.offload, "frames of 64 KiB, checksums left out", "3.1", LO),
    "many-at-once": Scenario(data.many_at_once, "500 connections at once", "3.10", LO),
    # Captures that do not have it all
    "capture-late": Scenario(
        capture.late,
        "the capture begins on an established connection",
        "3.10",
        unknowable=(
            Unknowable("client", "UNKNOWN ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT", _LATE),
            Unknowable("server", "UNKNOWN ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED", _LATE),
        ),
    ),
    "capture-late-in-close": Scenario(
        capture.late_in_close,
        "the capture begins between the FINs",
        "3.10",
        unknowable=(
            Unknowable("client", "UNKNOWN ESTABLISHED CLOSE-WAIT", _BETWEEN),
            Unknowable("server", "UNKNOWN ESTABLISHED FIN-WAIT-1 FIN-WAIT-2", _BETWEEN),
        ),
    ),
    "capture-early-end": Scenario(capture.early_end, "the capture ends between the FINs", "3.10"),
    "client-only": Scenario(
        capture.client_only,
        "only the client's segments are captured",
        "3.10",
        unknowable=(
            Unknowable("client", "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1", _ONE_WAY),
            Unknowable("server", "LISTEN SYN-RECEIVED", _UNSEEN),
        ),
    ),
    "server-only": Scenario(
        capture.server_only,
        "only the server's segments are captured",
        "3.10",
        unknowable=(
            Unknowable("client", "CLOSED SYN-SENT", _UNSEEN),
            Unknowable("server", "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1", _ONE_WAY),
        ),
    ),
    # Applications
    "http-keep-alive": Scenario(
        applications.served("threads", "http"), "a page and its picture on one connection", "3.6"
    ),
    "hello": Scenario(
        applications.served("blocking", "hello", times=2), "one connection after another", "3.6"
    ),
    "fixed": Scenario(
        applications.served("sigio", "fixed"), "messages of 16 octets, and an early end", "3.6"
    ),
    "echo": Scenario(applications.served("epoll", "echo"), "what comes goes back", "3.6"),
    "xmlrpc": Scenario(applications.served("asyncio", "xmlrpc"), "calls by XML over HTTP", "3.6"),
    "dns": Scenario(applications.served("epoll-edge", "dns"), "names over TCP", "3.6"),
}

__all__ = ["SCENARIOS", "Scenario", "Unknowable"]
