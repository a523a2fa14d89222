"""The list of scenarios: how they end in good order."""

from tcptrace.lab.scenario import Scenario
from tcptrace.lab.scenarios import closing
from tcptrace.lab.simulator.scripts import BY_CLIENT, closed, talk

CLOSING = {
    "close-by-client": Scenario(closing.close_by_client, "the client closes first", "3.6", script=closed()),
    "close-by-server": Scenario(
        closing.close_by_server,
        "the server closes first",
        "3.6",
        script=talk("0.5 server leave; 1 client leave"),
    ),
    "close-three-segments": Scenario(
        closing.close_three_segments,
        "the second FIN carries the ACK of the first",
        "3.6",
        script=talk("0.5 client leave", answers=("server",)),
    ),
    "half-close-client": Scenario(
        closing.half_close_client,
        "the client sends its FIN and reads on",
        "3.6",
        script=talk("0.5 client shut; 0.7 server send 18; 1 server leave; 1.2 client leave"),
    ),
    "half-close-server": Scenario(
        closing.half_close_server,
        "the server sends its FIN and reads on",
        "3.6",
        script=talk("0.5 server shut; 0.7 client send 18; 1 client leave; 1.2 server leave"),
    ),
    "shut-rd": Scenario(
        closing.shut_rd,
        "SHUT_RD, which no segment tells",
        "3.6",
        script=talk("0.4 client send 9; " + BY_CLIENT),
    ),
    "shut-wr": Scenario(
        closing.shut_wr,
        "SHUT_WR at both ends",
        "3.6",
        script=talk("0.5 client shut; 0.7 server shut; 1 client leave; 1.2 server leave"),
    ),
    "shut-rdwr": Scenario(
        closing.shut_rdwr, "SHUT_RDWR at both ends", "3.6", script=talk("0.5 client leave; 0.7 server leave")
    ),
    "simultaneous-close": Scenario(
        closing.simultaneous_close,
        "both FINs cross",
        "3.6",
        script=talk("0.5 client leave; 0.502 server leave"),
    ),
    "simultaneous-close-fin-lost": Scenario(
        closing.simultaneous_close_fin_lost,
        "both FINs cross, and one is lost",
        "3.6",
        script=talk("0.4 client loses fin; 0.5 client leave; 0.502 server leave"),
    ),
    "fin-lost": Scenario(
        closing.fin_lost,
        "the first FIN is lost",
        "3.8.1",
        script=talk("0.4 client loses fin; 0.5 client leave; 2.5 server leave"),
    ),
    "fin-lost-twice": Scenario(
        closing.fin_lost_twice,
        "the first FIN is lost twice",
        "3.8.1",
        script=talk("0.4 client loses fin 2; 0.5 client leave; 2.5 server leave"),
    ),
    "fin-of-server-lost": Scenario(
        closing.fin_of_server_lost,
        "the second FIN is lost",
        "3.8.1",
        script=talk("0.4 server loses fin; " + BY_CLIENT),
    ),
    "fin-ack-lost": Scenario(
        closing.fin_ack_lost,
        "the ACK of the first FIN is lost",
        "3.8.1",
        script=talk("0.4 server loses ack; 0.5 client leave; 2.5 server leave"),
    ),
    "fin-ack-lost-for-good": Scenario(
        closing.fin_ack_lost_for_good,
        "only the second FIN brings the ACK of the first",
        "3.10.7.4",
        script=talk("0.4 server loses ack 0; " + BY_CLIENT),
    ),
    "last-ack-lost": Scenario(
        closing.last_ack_lost,
        "the last ACK is lost: a FIN into TIME-WAIT",
        "3.10.7.4",
        script=talk("0.7 client loses ack; " + BY_CLIENT),
    ),
    "last-ack-lost-twice": Scenario(
        closing.last_ack_lost_twice,
        "the last ACK is lost twice",
        "3.10.7.4",
        script=talk("0.7 client loses ack 2; " + BY_CLIENT),
    ),
    "fin-reordered": Scenario(
        closing.fin_reordered,
        "the FIN overtakes the data",
        "3.10.7.4",
        script=talk("0.4 client delays data 0.05; 0.5 client send 4; " + BY_CLIENT),
    ),
    "fin-before-lost-data": Scenario(
        closing.fin_before_lost_data,
        "the data before the FIN are lost",
        "3.10.7.4",
        script=talk("0.4 client loses data; 0.5 client send 13; 0.5 client leave; 2 server leave"),
    ),
    "fin-with-data": Scenario(
        closing.fin_with_data,
        "data and FIN in one segment",
        "3.10.7.4",
        script=talk("0.4 client cork; 0.5 client send 14; " + BY_CLIENT),
    ),
    "fin-with-data-lost": Scenario(
        closing.fin_with_data_lost,
        "data and FIN in one segment, lost",
        "3.8.1",
        script=talk(
            "0.4 client loses fin; 0.4 client cork; 0.5 client send 14; 0.5 client leave; 2 server leave"
        ),
    ),
    "fin-doubled": Scenario(
        closing.fin_doubled,
        "the FIN comes twice",
        "3.10.7.4",
        script=talk("0.4 client doubles fin 0.02; " + BY_CLIENT),
    ),
}
