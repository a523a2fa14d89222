"""The TCP state machine as one table: RFC 9293 3.3.2 (Figure 5) and 3.10, and what an observer may conclude.

A rule says what an input means in a state. The replay turns segments into inputs and never names a state; this table never
looks at a segment. One cell, one rule: two rules for a cell are an error at import. The diagram draws this table and the
documentation prints it.

Kinds
    ``figure``    an arrow of Figure 5
    ``text``      in the text of 3.10, not in the figure
    ``user``      a user call that the wire never shows: drawn, not run
    ``observer``  an observer's conclusion; no endpoint does it
    ``anomaly``   the state is kept and a finding is made

The ACK is taken before the FIN, so that FIN-WAIT-1 to TIME-WAIT is two steps in one frame, and a FIN never meets
SYN-RECEIVED, which 3.10.7.4 names in its eighth check all the same.

Inputs that begin with ``snd`` are the end's own segments, with ``rcv`` the peer's that it should have received. After a
passive OPEN the RST rule differs from that after an active one (3.10.7.4), so the input says which.
"""

from array import array

from tcptrace.model.light import NamedTuple
from tcptrace.model.states import STATE_COUNT, STATE_NAMES


class Rule(NamedTuple):
    """One cell of the table."""

    state: str  # RFC 9293's name
    input: str
    next_state: str
    kind: str  # figure, text, user, observer, anomaly
    clause: str  # RFC and section
    reason: str  # one sentence


# The inputs of the replay, in the order of their numbers; user calls come after and have none.
INPUTS = (
    "snd SYN",
    "rcv SYN",
    "rcv SYN,ACK",
    "rcv ACK of SYN",
    "snd FIN",
    "rcv FIN",
    "rcv ACK of FIN",
    "snd RST",
    "rcv RST",
    "rcv RST after passive OPEN",
    "2MSL timeout",
    "reused",
    "pickup",
)
SND_SYN, RCV_SYN, RCV_SYN_ACK, RCV_ACK_OF_SYN, SND_FIN, RCV_FIN, RCV_ACK_OF_FIN = range(7)
SND_RST, RCV_RST, RCV_RST_PASSIVE, TIMEOUT_2MSL, REUSED, PICKUP = range(7, 13)
INPUT_COUNT = len(INPUTS)

# The contract's word for the cause; one input differs from it.
CAUSES = tuple(name.replace(" after passive OPEN", "") for name in INPUTS)

RULES: tuple[Rule, ...] = (
    Rule(
        "CLOSED",
        "passive OPEN",
        "LISTEN",
        "user",
        "RFC 9293 3.10.1",
        "a passive OPEN creates the TCB and listens",
    ),
    Rule("CLOSED", "snd SYN", "SYN-SENT", "figure", "RFC 9293 3.10.1", "an active OPEN sends SYN"),
    Rule("CLOSED", "snd FIN", "CLOSED", "anomaly", "RFC 9293 3.10.4", "there is no connection to close"),
    Rule("LISTEN", "CLOSE", "CLOSED", "user", "RFC 9293 3.10.4", "nothing was sent; the TCB is deleted"),
    Rule(
        "LISTEN",
        "SEND",
        "SYN-SENT",
        "user",
        "RFC 9293 3.10.2",
        "SEND turns a passive OPEN into an active one",
    ),
    Rule(
        "LISTEN", "rcv SYN", "SYN-RECEIVED", "figure", "RFC 9293 3.10.7.2", "a SYN is answered with SYN,ACK"
    ),
    Rule(
        "SYN-SENT",
        "CLOSE",
        "CLOSED",
        "user",
        "RFC 9293 3.10.4",
        "the TCB is deleted before the peer answered",
    ),
    Rule(
        "SYN-SENT",
        "rcv SYN",
        "SYN-RECEIVED",
        "figure",
        "RFC 9293 3.10.7.3",
        "SYN without ACK: a simultaneous open",
    ),
    Rule(
        "SYN-SENT",
        "rcv SYN,ACK",
        "ESTABLISHED",
        "figure",
        "RFC 9293 3.10.7.3",
        "our SYN is acknowledged, theirs is in",
    ),
    Rule(
        "SYN-SENT", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.3", "an acceptable RST: connection refused"
    ),
    Rule("SYN-SENT", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT"),
    Rule("SYN-SENT", "snd FIN", "SYN-SENT", "anomaly", "RFC 9293 3.10.4", "CLOSE in SYN-SENT sends no FIN"),
    Rule("SYN-SENT", "reused", "CLOSED", "observer", "RFC 9293 3.4", "it opens anew from the same port"),
    Rule(
        "SYN-RECEIVED",
        "rcv ACK of SYN",
        "ESTABLISHED",
        "figure",
        "RFC 9293 3.10.7.4",
        "our SYN is acknowledged",
    ),
    Rule(
        "SYN-RECEIVED",
        "snd FIN",
        "FIN-WAIT-1",
        "figure",
        "RFC 9293 3.10.4",
        "CLOSE before the handshake's ACK is in",
    ),
    Rule(
        "SYN-RECEIVED",
        "rcv SYN",
        "LISTEN",
        "text",
        "RFC 9293 3.10.7.4",
        "SYN in the window after a passive OPEN",
    ),
    Rule(
        "SYN-RECEIVED",
        "rcv RST after passive OPEN",
        "LISTEN",
        "figure",
        "RFC 9293 3.10.7.4",
        "after a passive OPEN it returns to LISTEN",
    ),
    Rule(
        "SYN-RECEIVED", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "after an active OPEN it is refused"
    ),
    Rule("SYN-RECEIVED", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT"),
    Rule("SYN-RECEIVED", "reused", "CLOSED", "observer", "RFC 9293 3.4", "it opens anew from the same port"),
    Rule("ESTABLISHED", "snd FIN", "FIN-WAIT-1", "figure", "RFC 9293 3.10.4", "CLOSE"),
    Rule(
        "ESTABLISHED",
        "rcv FIN",
        "CLOSE-WAIT",
        "figure",
        "RFC 9293 3.10.7.4",
        "the peer has closed its direction",
    ),
    Rule("ESTABLISHED", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "connection reset"),
    Rule("ESTABLISHED", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT, or data arrived for nobody"),
    Rule(
        "ESTABLISHED",
        "reused",
        "CLOSED",
        "observer",
        "RFC 9293 3.5.1",
        "it forgot the connection and opens anew",
    ),
    Rule(
        "FIN-WAIT-1", "rcv ACK of FIN", "FIN-WAIT-2", "figure", "RFC 9293 3.10.7.4", "our FIN is acknowledged"
    ),
    Rule(
        "FIN-WAIT-1",
        "rcv FIN",
        "CLOSING",
        "figure",
        "RFC 9293 3.10.7.4",
        "both close; ours is not acknowledged yet",
    ),
    Rule("FIN-WAIT-1", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "connection reset"),
    Rule("FIN-WAIT-1", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT, or data arrived for nobody"),
    Rule(
        "FIN-WAIT-1",
        "reused",
        "CLOSED",
        "observer",
        "RFC 9293 3.5.1",
        "it forgot the connection and opens anew",
    ),
    Rule(
        "FIN-WAIT-2",
        "rcv FIN",
        "TIME-WAIT",
        "figure",
        "RFC 9293 3.10.7.4",
        "the peer has closed too; 2MSL begin",
    ),
    Rule("FIN-WAIT-2", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "connection reset"),
    Rule("FIN-WAIT-2", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT, or the orphan was given up"),
    Rule(
        "FIN-WAIT-2",
        "reused",
        "CLOSED",
        "observer",
        "RFC 9293 3.5.1",
        "it forgot the connection and opens anew",
    ),
    Rule("CLOSE-WAIT", "snd FIN", "LAST-ACK", "figure", "RFC 9293 3.10.4", "CLOSE after the peer's"),
    Rule("CLOSE-WAIT", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "connection reset"),
    Rule("CLOSE-WAIT", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT"),
    Rule(
        "CLOSE-WAIT",
        "reused",
        "CLOSED",
        "observer",
        "RFC 9293 3.5.1",
        "it forgot the connection and opens anew",
    ),
    Rule(
        "CLOSING",
        "rcv ACK of FIN",
        "TIME-WAIT",
        "figure",
        "RFC 9293 3.10.7.4",
        "our FIN is acknowledged; 2MSL begin",
    ),
    Rule("CLOSING", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "a RST after both FINs ends it"),
    Rule("CLOSING", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT"),
    Rule(
        "CLOSING", "reused", "CLOSED", "observer", "RFC 9293 3.5.1", "it forgot the connection and opens anew"
    ),
    Rule(
        "LAST-ACK",
        "rcv ACK of FIN",
        "CLOSED",
        "figure",
        "RFC 9293 3.10.7.4",
        "our FIN is acknowledged; all is done",
    ),
    Rule("LAST-ACK", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "a RST after both FINs ends it"),
    Rule("LAST-ACK", "snd RST", "CLOSED", "text", "RFC 9293 3.10.5", "ABORT"),
    Rule(
        "LAST-ACK",
        "reused",
        "CLOSED",
        "observer",
        "RFC 9293 3.5.1",
        "it forgot the connection and opens anew",
    ),
    Rule("TIME-WAIT", "2MSL timeout", "CLOSED", "figure", "RFC 9293 3.10.8", "the TCB is deleted"),
    Rule(
        "TIME-WAIT",
        "rcv FIN",
        "TIME-WAIT",
        "text",
        "RFC 9293 3.10.7.4",
        "the FIN again: acknowledged, 2MSL start anew",
    ),
    Rule("TIME-WAIT", "rcv RST", "CLOSED", "text", "RFC 9293 3.10.7.4", "assassination (RFC 1337)"),
    Rule(
        "TIME-WAIT", "snd RST", "CLOSED", "observer", "RFC 9293 3.10.5", "who sends RST has no TCB any more"
    ),
    Rule(
        "TIME-WAIT", "snd FIN", "TIME-WAIT", "anomaly", "RFC 9293 3.10.4", "its FIN was acknowledged before"
    ),
    Rule("TIME-WAIT", "reused", "CLOSED", "text", "RFC 6191", "a new incarnation of the four-tuple"),
    Rule(
        "UNKNOWN", "pickup", "ESTABLISHED", "observer", "RFC 9293 3.3.2", "it sends and acknowledges new data"
    ),
    Rule("UNKNOWN", "rcv RST", "CLOSED", "observer", "RFC 9293 3.10.7.4", "whatever it was, it is over"),
    Rule("UNKNOWN", "snd RST", "CLOSED", "observer", "RFC 9293 3.10.5", "whatever it was, it is over"),
)

# What Figure 5 writes above and below the line of its arrows: in place of a SYN or FIN that is sent, the user's call
# that sends it; beside the event, what is done.
CALLS = {"snd SYN": ("active OPEN", "create TCB, snd SYN"), "snd FIN": ("CLOSE", "snd FIN")}
ACTIONS = {
    "passive OPEN": "create TCB",
    "CLOSE": "delete TCB",
    "SEND": "snd SYN",
    "rcv SYN": "snd SYN,ACK",
    "rcv SYN,ACK": "snd ACK",
    "rcv FIN": "snd ACK",
    "2MSL timeout": "delete TCB",
}


def arrow_words(rule: Rule) -> tuple[str, str]:
    """Return what stands above and below the arrow of a rule in the state diagram; "" for nothing.

    The words are Figure 5's, without its notes. Rules of other kinds have their input above and nothing below.
    """
    if rule.kind not in ("figure", "user"):
        return rule.input, ""
    if rule.input in CALLS:
        return CALLS[rule.input]
    event = rule.input.replace(" after passive OPEN", "")
    return event, ACTIONS.get(rule.input, "")


NO_RULE = -1


def compile_rules(rules: tuple[Rule, ...] = RULES) -> "array[int]":
    """Return ``next[state * INPUT_COUNT + input]`` as 'b': the next state, or ``NO_RULE``.

    User calls are drawn, not run, and have no cell. Raises ``ValueError`` where two rules claim one cell.
    """
    number = {name: index for index, name in enumerate(STATE_NAMES)}
    inputs = {name: index for index, name in enumerate(INPUTS)}
    table = array("b", [NO_RULE]) * (STATE_COUNT * INPUT_COUNT)
    claimed: set[tuple[str, str]] = set()
    for rule in rules:
        if (rule.state, rule.input) in claimed:
            raise ValueError(f"two rules for {rule.input!r} in {rule.state}")
        claimed.add((rule.state, rule.input))
        if rule.kind != "user":
            table[number[rule.state] * INPUT_COUNT + inputs[rule.input]] = number[rule.next_state]
    for state in range(STATE_COUNT):  # past SYN-RECEIVED it does not matter who opened
        if table[state * INPUT_COUNT + RCV_RST_PASSIVE] == NO_RULE:
            table[state * INPUT_COUNT + RCV_RST_PASSIVE] = table[state * INPUT_COUNT + RCV_RST]
    return table


def anomalies(rules: tuple[Rule, ...] = RULES) -> "array[int]":
    """Return the cells that are anomalies, as 'b', 1 where so; same shape as ``compile_rules``."""
    number = {name: index for index, name in enumerate(STATE_NAMES)}
    inputs = {name: index for index, name in enumerate(INPUTS)}
    table = array("b", [0]) * (STATE_COUNT * INPUT_COUNT)
    for rule in rules:
        if rule.kind == "anomaly":
            table[number[rule.state] * INPUT_COUNT + inputs[rule.input]] = 1
    return table


NEXT_STATE = compile_rules()
ANOMALY = anomalies()
