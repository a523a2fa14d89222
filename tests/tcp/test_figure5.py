"""The rule table holds Figure 5 of RFC 9293, arrow by arrow; some script fires every rule of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tcptrace.tcp import machine

HERE = Path(__file__).parent
STATES = {
    "CLOSED",
    "LISTEN",
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
}


class Arrow(NamedTuple):
    """An arrow of the figure: from, what stands above and below its line, to."""

    state: str
    event: str
    action: str
    next_state: str


# RFC 9293 3.3.2, Figure 5, typed from the RFC; the figure's SYN RCVD, ESTAB, FINWAIT-2 in full.
FIGURE_5 = [
    Arrow("CLOSED", "active OPEN", "create TCB, snd SYN", "SYN-SENT"),
    Arrow("CLOSED", "passive OPEN", "create TCB", "LISTEN"),
    Arrow("LISTEN", "CLOSE", "delete TCB", "CLOSED"),
    Arrow("LISTEN", "rcv SYN", "snd SYN,ACK", "SYN-RECEIVED"),
    Arrow("LISTEN", "SEND", "snd SYN", "SYN-SENT"),
    Arrow("SYN-SENT", "CLOSE", "delete TCB", "CLOSED"),
    Arrow("SYN-SENT", "rcv SYN", "snd SYN,ACK", "SYN-RECEIVED"),
    Arrow("SYN-SENT", "rcv SYN,ACK", "snd ACK", "ESTABLISHED"),
    Arrow("SYN-RECEIVED", "rcv RST", "note 1", "LISTEN"),
    Arrow("SYN-RECEIVED", "rcv ACK of SYN", "x", "ESTABLISHED"),
    Arrow("SYN-RECEIVED", "CLOSE", "snd FIN", "FIN-WAIT-1"),
    Arrow("ESTABLISHED", "CLOSE", "snd FIN", "FIN-WAIT-1"),
    Arrow("ESTABLISHED", "rcv FIN", "snd ACK", "CLOSE-WAIT"),
    Arrow("FIN-WAIT-1", "rcv ACK of FIN", "x", "FIN-WAIT-2"),
    Arrow("FIN-WAIT-1", "rcv FIN", "snd ACK", "CLOSING"),
    Arrow("FIN-WAIT-2", "rcv FIN", "snd ACK", "TIME-WAIT"),
    Arrow("CLOSE-WAIT", "CLOSE", "snd FIN", "LAST-ACK"),
    Arrow("CLOSING", "rcv ACK of FIN", "x", "TIME-WAIT"),
    Arrow("LAST-ACK", "rcv ACK of FIN", "x", "CLOSED"),
    Arrow("TIME-WAIT", "Timeout=2MSL", "delete TCB", "CLOSED"),
]
# Arrows whose event the wire never shows: drawn, not run.
UNSEEN = {
    ("CLOSED", "LISTEN"),
    ("LISTEN", "CLOSED"),
    ("SYN-SENT", "CLOSED"),
    ("LISTEN", "SYN-SENT"),  # a SEND on a listening socket: its SYN looks like an active open's
}


# --- how the table's columns are read; the only place that knows its spelling


def rows_of(*kinds: str) -> list[tuple[str, str, str]]:
    """Return (state, input, next state) of the rules of these kinds."""
    return [(rule.state, rule.input, rule.next_state) for rule in machine.RULES if rule.kind in kinds]


def says(row_input: str, arrow: Arrow) -> bool:
    """Say whether a rule's input is the arrow's event, or the segment that shows the user's call."""
    return row_input.startswith((arrow.event, "2MSL")) or row_input in arrow.action


# ---


def test_every_arrow_of_the_figure_is_one_rule_of_the_figure_s_kind() -> None:
    rows = rows_of("figure", "user")
    for arrow in FIGURE_5:
        found = [
            row for row in rows if (row[0], row[2]) == (arrow.state, arrow.next_state) and says(row[1], arrow)
        ]
        assert len(found) == 1, arrow


def test_no_rule_of_the_figure_s_kind_is_no_arrow() -> None:
    arrows = {(arrow.state, arrow.next_state) for arrow in FIGURE_5}
    assert {(state, after) for state, _, after in rows_of("figure")} <= arrows
    assert len(rows_of("figure")) >= len(FIGURE_5) - len(UNSEEN)


def test_one_cell_has_one_rule() -> None:
    cells = [(rule.state, rule.input) for rule in machine.RULES]
    assert len(cells) == len(set(cells))


def test_states_are_the_rfc_s_words() -> None:
    assert {rule.state for rule in machine.RULES} <= STATES | {"UNKNOWN"}
    assert {rule.next_state for rule in machine.RULES} <= STATES | {"UNKNOWN"}
    assert {rule.state for rule in machine.RULES} >= STATES


def test_every_rule_has_a_known_kind_a_clause_and_a_reason() -> None:
    for rule in machine.RULES:
        assert rule.kind in {"figure", "text", "user", "observer", "anomaly"}
        assert rule.clause or rule.kind == "observer", rule
        assert rule.reason, rule


def test_an_anomaly_keeps_the_state() -> None:
    assert all(rule.state == rule.next_state for rule in machine.RULES if rule.kind == "anomaly")


def test_every_rule_that_is_run_is_fired_by_some_script() -> None:
    # In a process of its own, plain Python: `machine.HITS` counts by (state, input) what was looked up.
    environment = {**os.environ, "TCPTRACE_PLAIN": "1"}
    run = subprocess.run(
        [sys.executable, str(HERE / "fire_scripts.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    fired = {tuple(cell) for cell in json.loads(run.stdout)}
    never = [
        f"{rule.state} / {rule.input} ({rule.kind})"
        for rule in machine.RULES
        if rule.kind != "user" and (rule.state, rule.input) not in fired
    ]
    assert never == []
