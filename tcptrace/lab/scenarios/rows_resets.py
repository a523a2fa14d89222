"""The list of scenarios: how they are cut short, and what becomes of ports and time."""

from tcptrace.lab.scenario import FORGED, Scenario, Unknowable
from tcptrace.lab.scenarios import resets
from tcptrace.lab.simulator.connection import Habits
from tcptrace.lab.simulator.script import Listening
from tcptrace.lab.simulator.scripts import BY_CLIENT, opened, talk, twice

_GIVES_UP = "it gives up without a segment"

RESETS = {
    # Resets
    "rst-by-client": Scenario(
        resets.rst_by_client,
        "SO_LINGER with no time: a RST from ESTABLISHED",
        "3.10.5",
        script=talk("0.5 client abort"),
    ),
    "rst-by-server": Scenario(
        resets.rst_by_server, "the same by the server", "3.10.5", script=talk("0.5 server abort")
    ),
    "rst-in-close-wait": Scenario(
        resets.rst_in_close_wait,
        "a RST from CLOSE-WAIT",
        "3.10.5",
        script=talk("0.5 client shut; 1 server abort"),
    ),
    "rst-in-fin-wait-1": Scenario(
        resets.rst_in_fin_wait_1,
        "a RST from FIN-WAIT-1",
        "3.10.5",
        script=talk("0.5 client shut; 0.5 client abort"),
    ),
    "rst-in-fin-wait-2": Scenario(
        resets.rst_in_fin_wait_2,
        "a RST from FIN-WAIT-2",
        "3.10.5",
        script=talk("0.5 client shut; 1 client abort"),
    ),
    "rst-lost": Scenario(
        resets.rst_lost,
        "a RST is lost: the other end learns it when it sends",
        "3.5.1",
        script=talk("0.4 client loses rst; 0.5 client abort; 1 server send 17"),
    ),
    "data-to-closed-end": Scenario(
        resets.data_to_closed_end,
        "data to an end that nobody reads: a RST",
        "3.6",
        script=talk("0.5 client leave; 1 server send 17"),
    ),
    "data-with-ack-to-closed-end": Scenario(
        resets.data_with_ack_to_closed_end,
        "such data that also bring the ACK of the FIN: FIN-WAIT-2, then a RST",
        "3.10.7.4",
        script=talk("0.4 server loses ack 0; 0.5 client leave; 0.6 server send 17"),
    ),
    "unread-data-close": Scenario(
        resets.unread_data_close,
        "closed with data unread: a RST",
        "RFC 1122 4.2.2.13",
        script=talk("0.3 client hold; 0.4 server send 17; 0.5 client leave"),
    ),
    "unread-data-close-wait": Scenario(
        resets.unread_data_close_wait,
        "closed in CLOSE-WAIT with data unread: a RST",
        "RFC 1122 4.2.2.13",
        script=talk("0.3 server hold; 0.4 client send 17; 0.5 client shut; 1 server leave"),
    ),
    "process-killed": Scenario(
        resets.process_killed,
        "the client's process is killed",
        "3.10.4",
        unsimulated="there are no processes: what the system does then is close-by-client",
    ),
    "blind-rst-in-window": Scenario(
        resets.blind_rst_in_window,
        "a forged RST in the window: a challenge ACK",
        "RFC 5961 3.2",
        FORGED,
        script=talk("0.4 client forges rst 100; " + BY_CLIENT),
    ),
    "blind-rst-outside": Scenario(
        resets.blind_rst_outside,
        "a forged RST outside the window: nothing",
        "RFC 5961 3.2",
        FORGED,
        script=talk("0.4 client forges rst -100000; " + BY_CLIENT),
    ),
    "blind-rst-exact": Scenario(
        resets.blind_rst_exact,
        "a forged RST at RCV.NXT cuts the server off",
        "RFC 5961 3.2",
        FORGED,
        script=talk("0.4 client forges rst 0; 0.5 client send 11"),
    ),
    "syn-into-established": Scenario(
        resets.syn_into_established,
        "a forged SYN: a challenge ACK",
        "RFC 5961 4.2",
        FORGED,
        script=talk("0.4 client forges syn 1000; " + BY_CLIENT),
    ),
    "half-open-reboot": Scenario(
        resets.half_open_reboot,
        "the server's end vanishes; data find out",
        "3.5.1",
        script=talk("0.4 server vanish; 0.5 client send 16"),
    ),
    "half-open-reconnect": Scenario(
        resets.half_open_reconnect,
        "the client's end vanishes and connects again (figure 10)",
        "3.5.1",
        unknowable=(Unknowable("client", "CLOSED SYN-SENT ESTABLISHED", "it vanishes without a segment"),),
        script=twice("0.4 client vanish; ", 1.0),
    ),
    "half-open-fin": Scenario(
        resets.half_open_fin,
        "the client's end vanishes; a FIN finds out",
        "3.5.1",
        script=talk("0.4 client vanish; 0.5 server leave"),
    ),
    "listener-closed": Scenario(
        resets.refused_after_close,
        "the listener closes with a client in its queue",
        "3.10.5",
        script=opened("0.5 server unlisten", listens={"server": Listening(room=16)}),
    ),
    # Ports and time
    "port-reuse": Scenario(
        resets.port_reuse, "the same port again after a RST", "3.4", script=twice("0.5 client abort; ", 1.0)
    ),
    "time-wait-reuse-client": Scenario(
        resets.time_wait_reuse_client,
        "the holder of TIME-WAIT connects again",
        "RFC 6191",
        script=twice(BY_CLIENT, 2.0),
    ),
    "time-wait-reuse-server": Scenario(
        resets.time_wait_reuse_server,
        "a SYN to the holder of TIME-WAIT is accepted",
        "RFC 6191",
        script=twice("0.5 server leave; 1 client leave; ", 2.0),
    ),
    "time-wait-assassination": Scenario(
        resets.time_wait_assassination,
        "a RST ends TIME-WAIT early",
        "RFC 1337",
        FORGED,
        script=talk(BY_CLIENT + "1.5 server forges rst 0"),
    ),
    "keep-alive": Scenario(
        resets.keep_alive,
        "keep-alive probes, answered",
        "3.8.4",
        script=talk("3.5 client leave; 4 server leave", habits={"client": Habits(keep_alive_s=1.0)}),
    ),
    "dead-peer": Scenario(
        resets.dead_peer,
        "keep-alive probes, unanswered: a RST",
        "3.8.4",
        script=talk(
            "0.4 client loses any 0; 0.4 server loses any 0",
            habits={"client": Habits(keep_alive_s=1.0, keep_alive_count=1)},
            until_s=4.0,
        ),
    ),
    "user-timeout": Scenario(
        resets.user_timeout,
        "the user time-out passes without an ACK",
        "3.9.1",
        unknowable=(Unknowable("client", "CLOSED SYN-SENT ESTABLISHED", _GIVES_UP),),
        script=talk(
            "0.4 client loses any 0; 0.5 client send 9", habits={"client": Habits(user_timeout_s=0.8)}
        ),
    ),
    "fin-wait-2-timeout": Scenario(
        resets.fin_wait_2_timeout,
        "an orphan in FIN-WAIT-2 times out (Linux): a RST answers the FIN",
        "3.6",
        script=talk("0.5 client leave; 3 server leave", habits={"client": Habits(fin_wait_2_s=1.0)}),
    ),
}
