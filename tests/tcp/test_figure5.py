"""The rule table holds Figure 5 of RFC 9293, arrow by arrow; some script fires every rule of it."""

import contextlib
import importlib.util
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import tcptrace
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


# --- every rule is fired


def calls(test: Any) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each run of a test, as ``pytest.mark.parametrize`` gives them."""
    groups = []
    for mark in getattr(test, "pytestmark", []):
        names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
        values = [value if len(names) > 1 else (value,) for value in mark.args[1]]
        groups.append([dict(zip(names, value, strict=True)) for value in values])
    for parts in itertools.product(*groups):
        yield {name: value for part in parts for name, value in part.items()}


def cells_of(connection: Any) -> Iterator[tuple[str, str]]:
    """Yield the cells (state, input) that a connection's record shows to have been looked up."""
    steps = connection.transitions
    for t in steps:
        # The one input whose meaning depends on how the state was reached (Figure 5, note 1).
        passive = t.cause == "rcv RST" and t.to_state == "LISTEN"
        yield t.from_state, "rcv RST after passive OPEN" if passive else t.cause
    for entry in connection.findings:
        if entry.code == "not_in_state_machine":
            before = [t.to_state for t in steps if t.side == entry.side and (t.frame or 0) <= entry.frame]
            start = getattr(connection.path, entry.side)[0]
            yield (before[-1] if before else start), "snd FIN"
    held = connection.time_wait
    if held is not None and held.side != "both" and held.until_ns - held.since_ns > 240_000_000_000:
        yield "TIME-WAIT", "rcv FIN"


def module_at(path: Path) -> ModuleType:
    """Return a file of tests as a module of its own, however pytest names it."""
    spec = importlib.util.spec_from_file_location(f"fired_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fired(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """Return how often each cell was hit by the scripts of test_cases_*.py and by the kernel's captures."""
    hits: Counter[tuple[str, str]] = Counter()
    analyze = tcptrace.analyze

    def recording(*given: Any, **options: Any) -> list[Any]:
        connections = list(analyze(*given, **options))
        for connection in connections:
            hits.update(cells_of(connection))
        return connections

    monkeypatch.setattr(tcptrace, "analyze", recording)
    for path in sorted(HERE.glob("test_cases_*.py")):
        for name, test in vars(module_at(path)).items():
            if name.startswith("test_"):
                for arguments in calls(test):
                    # Whether its verdict holds is its own test's matter.
                    with contextlib.suppress(AssertionError):
                        test(**arguments)
    for path in sorted((HERE.parent / "data/kernel").glob("*.pcap")):
        recording(path)
    return hits


def test_every_rule_that_is_run_is_fired_by_some_script(monkeypatch: pytest.MonkeyPatch) -> None:
    hits = fired(monkeypatch)
    never = [
        f"{rule.state} / {rule.input} ({rule.kind})"
        for rule in machine.RULES
        if rule.kind != "user" and not hits[rule.state, rule.input]
    ]
    assert never == []


def test_no_step_is_taken_that_no_rule_has(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {(rule.state, rule.input) for rule in machine.RULES}
    assert set(fired(monkeypatch)) <= cells
