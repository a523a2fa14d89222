"""The list of scenarios: data on their way, captures that do not have it all, applications."""

from tcptrace.lab.path import Weather
from tcptrace.lab.scenario import LO, Scenario, Unknowable
from tcptrace.lab.scenarios import applications, capture, data
from tcptrace.lab.simulator.scripts import BY_CLIENT, FILL, SMALL, closed, crowd, opened, talk, weather

_SERVER = "it takes an application's server and client, which the simulator has not"
_UNSEEN = "no segment of it was captured"
_LATE = "the capture begins after the handshake"
_BETWEEN = "the client's FIN came before the capture began"
_ONE_WAY = "of the other end nothing was captured, so an ACK may be of data or of a FIN"

DATA = {
    # Data
    "first-data-lost": Scenario(
        data.first_data_lost, "the first data are lost", "3.8.1", script=closed("0 client loses data; ")
    ),
    "data-lost": Scenario(
        data.data_lost, "5 % of the segments are lost, both ways", "3.8.1", script=weather(Weather(loss=0.05))
    ),
    "data-reordered": Scenario(
        data.data_reordered,
        "20 % of the segments come late, both ways",
        "3.10.7.4",
        script=weather(Weather(reorder=0.2, late_s=0.02)),
    ),
    "data-duplicated": Scenario(
        data.data_duplicated,
        "20 % of the segments come twice, both ways",
        "3.10.7.4",
        script=weather(Weather(duplicate=0.2, late_s=0.02)),
    ),
    "bad-weather": Scenario(
        data.bad_weather,
        "loss, reordering and duplication, both ways",
        "3.8.1",
        script=weather(Weather(loss=0.03, duplicate=0.1, reorder=0.1, late_s=0.02)),
    ),
    "zero-window": Scenario(
        data.zero_window,
        "the window closes, is probed, and opens",
        "3.8.6.1",
        script=opened(FILL + "3 server read; 4 client leave; 5 server leave", habits=SMALL),
    ),
    "close-in-zero-window": Scenario(
        data.close_in_zero_window,
        "close() while the window is closed",
        "3.8.6.1",
        script=opened(FILL + "2 client leave; 4 server read; 5 server leave", habits=SMALL),
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
        script=opened(FILL + "2 client leave", habits=SMALL, until_s=6.0),
    ),
    "offload": Scenario(
        data.offload,
        "frames of 64 KiB, checksums left out",
        "3.1",
        LO,
        unsimulated="frames beyond 64 KiB with checksums left out are what the system makes of segments",
    ),
    "many-at-once": Scenario(data.many_at_once, "500 connections at once", "3.10", LO, script=crowd()),
    # Captures that do not have it all
    "capture-late": Scenario(
        capture.late,
        "the capture begins on an established connection",
        "3.10",
        unknowable=(
            Unknowable("client", "UNKNOWN ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT", _LATE),
            Unknowable("server", "UNKNOWN ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED", _LATE),
        ),
        script=talk("0.6 client send 13; 0.7 server send 13; 1 client leave; 2 server leave", from_s=0.5),
    ),
    "capture-late-in-close": Scenario(
        capture.late_in_close,
        "the capture begins between the FINs",
        "3.10",
        unknowable=(
            Unknowable("client", "UNKNOWN ESTABLISHED CLOSE-WAIT", _BETWEEN),
            Unknowable("server", "UNKNOWN ESTABLISHED FIN-WAIT-1 FIN-WAIT-2", _BETWEEN),
        ),
        script=talk(BY_CLIENT, from_s=0.75),
    ),
    "capture-early-end": Scenario(
        capture.early_end, "the capture ends between the FINs", "3.10", script=talk(BY_CLIENT, until_s=0.75)
    ),
    "client-only": Scenario(
        capture.client_only,
        "only the client's segments are captured",
        "3.10",
        unknowable=(
            Unknowable("client", "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1", _ONE_WAY),
            Unknowable("server", "LISTEN SYN-RECEIVED", _UNSEEN),
        ),
        script=talk(BY_CLIENT, only="client"),
    ),
    "server-only": Scenario(
        capture.server_only,
        "only the server's segments are captured",
        "3.10",
        unknowable=(
            Unknowable("client", "CLOSED SYN-SENT", _UNSEEN),
            Unknowable("server", "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1", _ONE_WAY),
        ),
        script=talk(BY_CLIENT, only="server"),
    ),
    # Applications
    "http-keep-alive": Scenario(
        applications.served("threads", "http"),
        "a page and its picture on one connection",
        "3.6",
        unsimulated=_SERVER,
    ),
    "hello": Scenario(
        applications.served("blocking", "hello", times=2),
        "one connection after another",
        "3.6",
        unsimulated=_SERVER,
    ),
    "fixed": Scenario(
        applications.served("sigio", "fixed"),
        "messages of 16 octets, and an early end",
        "3.6",
        unsimulated=_SERVER,
    ),
    "echo": Scenario(
        applications.served("epoll", "echo"), "what comes goes back", "3.6", unsimulated=_SERVER
    ),
    "xmlrpc": Scenario(
        applications.served("asyncio", "xmlrpc"), "calls by XML over HTTP", "3.6", unsimulated=_SERVER
    ),
    "dns": Scenario(applications.served("epoll-edge", "dns"), "names over TCP", "3.6", unsimulated=_SERVER),
}
