"""The list of simulated scenarios: as those with real sockets of the same name."""

from tcptrace.lab.path import Path, Weather, is_ack, is_data, is_fin, is_syn, is_syn_ack
from tcptrace.lab.simulator.simulate import Call, Script

_OPEN = Call(0.0, "client", "open")
_TALK = (_OPEN, Call(0.1, "client", "send", 1500), Call(0.2, "server", "send", 4000))
_FIRST, _THEN = Call(0.5, "client", "close"), Call(1.5, "server", "close")


def _weather(path: Path, seed: int) -> None:
    path.weather(seed, Weather(loss=0.1, duplicate=0.1, reorder=0.2))


SCRIPTS = {
    "close-by-client": Script((*_TALK, _FIRST, _THEN), "the client closes first"),
    "close-by-server": Script(
        (*_TALK, Call(0.5, "server", "close"), Call(1.5, "client", "close")), "the server closes first"
    ),
    "close-three-segments": Script((*_TALK, _FIRST), "the second FIN carries the ACK", answers=("server",)),
    "refused": Script((_OPEN,), "nobody listens", listens=()),
    "unanswered": Script(
        (_OPEN,), "every SYN is lost", rules=lambda path, seed: _none(path.drop("client", is_syn, None))
    ),
    "syn-lost": Script(
        (*_TALK, _FIRST, _THEN),
        "the first SYN is lost",
        rules=lambda path, seed: _none(path.drop("client", is_syn)),
    ),
    "syn-ack-lost": Script(
        (*_TALK, _FIRST, _THEN),
        "the SYN-ACK is lost",
        rules=lambda path, seed: _none(path.drop("server", is_syn_ack)),
    ),
    "handshake-ack-lost": Script(
        (_OPEN, Call(1.0, "client", "send", 10), Call(2.0, "client", "close"), Call(3.0, "server", "close")),
        "the handshake's ACK is lost",
        rules=lambda path, seed: _none(path.drop("client", is_ack)),
    ),
    "simultaneous-open": Script(
        (_OPEN, Call(0.001, "server", "open"), _FIRST, _THEN), "both SYNs cross", listens=()
    ),
    "simultaneous-close": Script((*_TALK, _FIRST, Call(0.501, "server", "close")), "both FINs cross"),
    "fin-lost": Script(
        (*_TALK, _FIRST, Call(2.5, "server", "close")),
        "the first FIN is lost",
        rules=lambda path, seed: _none(path.drop("client", is_fin)),
    ),
    "fin-ack-lost": Script(
        (*_TALK, _FIRST, Call(2.5, "server", "close")),
        "the ACK of the FIN is lost",
        rules=lambda path, seed: _none(path.drop("server", lambda one: is_ack(one) and one.seq != 0, 6)),
    ),
    "fin-reordered": Script(
        (_OPEN, Call(0.1, "client", "send", 500), Call(0.1, "client", "close"), _THEN),
        "the FIN overtakes the data",
        rules=lambda path, seed: _none(path.delay("client", is_data, 0.05)),
    ),
    "rst-by-client": Script((*_TALK, Call(0.5, "client", "abort")), "a RST from ESTABLISHED"),
    "rst-in-close-wait": Script((*_TALK, _FIRST, Call(1.5, "server", "abort")), "a RST from CLOSE-WAIT"),
    "bad-weather": Script(
        (_OPEN, Call(0.1, "client", "send", 20_000), Call(0.2, "server", "send", 20_000), _FIRST, _THEN),
        "loss, reordering and duplication, both ways",
        rules=_weather,
    ),
}


def _none(rule: object) -> None:
    """Forget what a rule returns."""
