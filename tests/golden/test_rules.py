"""Rules: what they say of connections whose truth is known, and what is wrong with a rule, to the column."""

import json
import operator
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tcptrace
from tcptrace.golden.rules import fields, language
from tcptrace.golden.rules.rule import Count, read, selector
from tcptrace.model.states import STATE_NAMES
from tcptrace.tcp.outcomes import OUTCOME_NAMES
from tests.cli.stand_in import go
from tests.every import ROOT

Capsys = pytest.CaptureFixture[str]
CAPTURES = ROOT / "captures"


def analysed(name: str) -> tuple[list[Any], int]:
    """Return a golden's connections and the capture's end."""
    analysis = tcptrace.analyze(CAPTURES / f"{name}.pcap")
    return list(analysis), analysis.capture.last_ns


GOLDENS = sorted(path.stem for path in CAPTURES.glob("*.pcap"))
ALL = [
    (name, connection, end_ns)
    for name in GOLDENS
    for found, end_ns in [analysed(name)]
    for connection in found
]


def holds(rule: str, name: str) -> bool:
    """Say whether a rule holds of a golden."""
    counted = Count(read(rule))
    connections, end_ns = analysed(name)
    for connection in connections:
        counted.add(connection, end_ns)
    return counted.holds


@pytest.mark.parametrize(
    ("rule", "yes", "no"),
    [
        # The four of the issue that asked for rules.
        ("every stream to :8000: outcome == closed and closed_first == server", ["http-get"], ["reset-in-close-wait"]),
        ("no finding >= warning", ["http-get", "half-closed"], ["reset-unread-data"]),
        ("never in CLOSE-WAIT > 1 s", ["http-get", "close-by-client"], ["half-closed", "half-close"]),
        ("handshake_s < 0.2", ["http-get"], ["unanswered"]),
        ("never in CLOSE-WAIT > 5 s", ["half-closed"], []),
        ("never in CLOSE-WAIT > 4959 ms", [], ["half-closed"]),
        ("client never in CLOSE-WAIT", ["half-closed"], ["http-get"]),
        ("server never in CLOSE-WAIT", ["http-get"], ["half-closed"]),
        ("never in CLOSING", ["http-get"], ["simultaneous-close", "self-connect"]),
        ("passed CLOSING", ["simultaneous-close"], ["http-get"]),
        ("client passed CLOSE-WAIT", ["http-get"], ["close-by-client"]),
        ("never in TIME-WAIT > 239 s", [], ["time-wait-expires"]),
        ("never in TIME-WAIT > 241 s", ["time-wait-expires"], []),
        ("finding simultaneous_close", ["simultaneous-close"], ["http-get"]),
        ("no finding", ["close-by-client"], ["simultaneous-close", "http-get"]),
        ("findings.syn_retransmission == 3", ["unanswered"], ["http-get"]),
        ("some stream: outcome == refused", ["scan", "refused"], ["http-get"]),
        ("no stream: outcome == refused", ["http-get"], ["scan"]),
        ("every stream to :80: outcome == aborted", ["scan"], ["close-by-client"]),
        ("every stream to :9: outcome == aborted", ["scan"], []),
        ("some stream to :9: outcome == aborted", [], ["scan"]),
        ("every stream from [2001:db8::/32] to [2001:db8::2]:443: closed_first == server", ["ipv6"], []),
        ("some stream from 2001* where closed_first == client: outcome == closed", [], ["ipv6"]),
        ("every stream where server.port == 81: outcome == refused", ["scan"], []),
        ("not (outcome == reset or outcome == refused)", ["http-get"], ["refused", "reset-established"]),
        ("outcome in (reset, refused)", ["refused", "reset-established"], ["http-get"]),
        ("handshake_s == none", ["unanswered", "midstream"], ["http-get"]),
        ("handshake_s != none and handshake_s <= 67 us", ["http-get"], ["unanswered"]),
        ("data_bytes > 5 kB and data_bytes.client == 145", ["http-get"], ["scan"]),
        ("server.ip == 127.* and client.ip != '10.*'", ["http-get"], ["scan"]),
        ("application == http", ["http-get"], ["scan"]),
        ("EVERY STREAM: NOT outcome == open AND stream >= 0", ["http-get"], []),
        ("time_wait == both", ["simultaneous-close"], ["http-get"]),
        ("final.server == TIME-WAIT", ["http-get"], ["close-by-client"]),
        ("rtt_s.client.samples == 3 and rtt_s.client.max < 1 ms", ["http-get"], []),
    ],
)  # fmt: skip
def test_rules_say_of_the_goldens_what_is_known_of_them(rule: str, yes: list[str], no: list[str]) -> None:
    assert [name for name in yes if not holds(rule, name)] == []
    assert [name for name in no if holds(rule, name)] == []


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NUMBERS = {
    "packets.client": lambda c: c.packets.client,
    "data_bytes.server": lambda c: c.data_bytes.server,
    "duration_s": lambda c: (c.last_ns - c.first_ns) / 1_000_000_000,
    "stream": lambda c: c.stream,
}
Python = tuple[str, Callable[[Any], bool]]
COMPARED: st.SearchStrategy[Python] = st.builds(
    lambda name, op, value: (f"{name} {op} {value}", lambda c: OPERATORS[op](NUMBERS[name](c), value)),
    st.sampled_from(sorted(NUMBERS)),
    st.sampled_from(sorted(OPERATORS)),
    st.integers(0, 12),
)
OUTCOME: st.SearchStrategy[Python] = st.builds(
    lambda op, word: (f"outcome {op} {word}", lambda c: OPERATORS[op](c.outcome, word)),
    st.sampled_from(["==", "!="]),
    st.sampled_from(OUTCOME_NAMES),
)
PASSED: st.SearchStrategy[Python] = st.builds(
    lambda side, state: (f"{side} passed {state}", lambda c: state in getattr(c.path, side)),
    st.sampled_from(["client", "server"]),
    st.sampled_from(STATE_NAMES),
)
NEVER: st.SearchStrategy[Python] = st.builds(
    lambda state: (f"never in {state}", lambda c: state not in [*c.path.client, *c.path.server]),
    st.sampled_from(STATE_NAMES),
)


def larger(parts: st.SearchStrategy[Python]) -> st.SearchStrategy[Python]:
    """Return conditions made of conditions."""
    both = st.tuples(parts, parts)
    return st.one_of(
        both.map(lambda p: (f"({p[0][0]}) and ({p[1][0]})", lambda c: p[0][1](c) and p[1][1](c))),
        both.map(lambda p: (f"({p[0][0]}) or ({p[1][0]})", lambda c: p[0][1](c) or p[1][1](c))),
        parts.map(lambda p: (f"not ({p[0]})", lambda c: not p[1](c))),
    )


@given(st.recursive(st.one_of(COMPARED, OUTCOME, PASSED, NEVER), larger, max_leaves=8))
def test_a_condition_holds_exactly_where_the_same_in_python_does(condition: Python) -> None:
    rule = read(condition[0])
    for name, connection, end_ns in ALL:
        assert rule.condition(connection, end_ns).holds == condition[1](connection), name


def test_and_binds_tighter_than_or_and_not_tightest() -> None:
    (connection,), end_ns = analysed("http-get")
    for text, expected in (
        ("stream == 0 or stream == 0 and stream == 1", True),
        ("(stream == 0 or stream == 0) and stream == 1", False),
        ("not stream == 1 and stream == 1", False),
        ("not (stream == 1 and stream == 1)", True),
    ):
        assert read(text).condition(connection, end_ns).holds == expected


@pytest.mark.parametrize(
    ("rule", "column", "said"),
    [
        ("outcome is closed", 9, "expected in, == != < <= > >=; got 'is'"),
        ("outcome ==", 11, "got nothing"),
        ("", 1, "expected every, some, no, not, finding, never, passed, client or server, a field"),
        ("every strem: outcome == closed", 7, "expected stream; got 'strem:'"),
        ("every stream too :80: outcome == closed", 14, "expected to, from, where, :; got 'too'"),
        ("every stream to :80 outcome == closed", 21, "expected to, from, where, :; got 'outcome'"),
        ("(outcome == closed", 19, "expected ); got nothing"),
        ("outcome == closed closed", 19, "expected or, and, the end; got 'closed'"),
        ("never in CLOSEWAIT", 10, "expected a state (e.g. CLOSE-WAIT); got 'CLOSEWAIT'"),
        ("never in CLOSE-WAIT >", 22, "expected a number; got nothing"),
        ("never in CLOSE-WAIT > 1 kB", 25, "expected a unit of ns, us, µs, ms, s, min, h; got kB"),
        ("outcom == closed", 1, "there is no field outcom; perhaps outcome"),
        ("rtt_s < 3", 1, "there is no field rtt_s; there are rtt_s.client.min, rtt_s.client.avg"),
        ("stream == 0 and outcome == clsed", 28, "expected one of closed, reset, refused,"),
        ("outcome < closed", 9, "expected == or != after outcome, which is no number; got <"),
        ("packets == many", 12, "expected a number; got many"),
        ("packets < 3 s", 13, "expected no unit after packets; got s"),
        ("no finding retransmision", 12, "there is no finding retransmision; perhaps"),
        ("no finding >= grave", 15, "expected note, warning, error; got grave"),
        ("no finding == warning", 12, "expected >= or a code after finding; got =="),
        ("every stream to 10.0.0.0/99: stream == 0", 17, "'10.0.0.0/99' is no network"),
        ("every stream to :99999: stream == 0", 17, "'99999' is no port"),
        ("@", 1, "got '@'"),
        ("__import__('os').system('true')", 1, 'got "__import__('),
        ("outcome.__class__ == closed", 1, "there is no field outcome.__class__; there are stream, outcome,"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_is_told_by_column_and_expected_words(
    capsys: Capsys, rule: str, column: int, said: str
) -> None:
    path = str(CAPTURES / "http-get.pcap")
    for command, option in (("assert", "--rule"), ("analyze", "--where")):
        status, out, err = go(capsys, command, path, option, rule)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"tcptrace: {option}: column {column} of `{rule}`: ")
        assert said in err


@given(st.text(max_size=60) | st.lists(st.sampled_from(
    ["every", "stream", "to", ":80", ":", "outcome", "==", "closed", "and", "or", "not", "(", ")", "never", "in",
     "CLOSE-WAIT", ">", "1", "s", "no", "finding", "packets", "server", "passed", "none", ","]
), max_size=12).map(" ".join))  # fmt: skip
def test_no_text_makes_more_than_an_error_of_one_line(text: str) -> None:
    try:
        rule = read(text)
    except language.RuleError as error:
        message = str(error)
    else:
        message = "column"
        for _, connection, end_ns in ALL[:3]:
            assert rule.condition(connection, end_ns).holds in (True, False)
    assert "column" in message
    assert "\n" not in message or "\n" in text


@pytest.mark.parametrize("text", ["(" * 3000 + "stream == 0" + ")" * 3000, "not " * 3000 + "stream == 0"])
def test_nesting_without_end_is_an_error_or_an_answer_and_no_crash(text: str) -> None:
    try:
        holds = read(text).condition(ALL[0][1], 0).holds
    except language.RuleError as error:
        message = str(error)
        assert "nested too deep" in message
    else:
        assert holds


def test_every_field_can_be_asked_of_every_connection() -> None:
    for name, field in fields.FIELDS.items():
        text = f"{name} == {field.words[0] if field.words else 'x' if field.kind == 'text' else 1}"
        rule = read(text)
        for _, connection, end_ns in ALL:
            assert isinstance(rule.condition(connection, end_ns).holds, bool)


def test_each_terminal_has_a_name_for_people() -> None:
    made = {terminal.name for terminal in language.parser().terminals} - {"WS"}
    assert made <= set(language.NAMES)


RULES = """
version = 1
[rules]
"clients close first" = "every stream to :80: closed_first == client"
"no leak" = "never in CLOSE-WAIT > 1 s"
"""


def test_a_file_of_rules_names_each_and_says_who_breaks_it(tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    capture = str(CAPTURES / "half-closed.pcap")
    status, out, err = go(capsys, "assert", capture, str(path), "--rule", "outcome == half-closed")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "ok      clients close first (1 stream)",
        "broken  no leak (1 stream)",
        "        never in CLOSE-WAIT > 1 s",
        "        stream 0, 192.0.2.1:40000 to 192.0.2.2:80: the server was in CLOSE-WAIT from frame 6 on for "
        "4.960000 s, to the capture's end",
        "ok      outcome == half-closed (1 stream)",
        "3 rules, 1 connection: 1 is broken",
    ]
    status, out, _ = go(capsys, "assert", capture, str(path), "--json")
    first, second = (json.loads(line) for line in out.splitlines())
    assert (first["holds"], second["holds"], second["broken"]) == (True, False, 1)
    assert (second["name"], second["rule"]) == ("no leak", "never in CLOSE-WAIT > 1 s")
    assert second["breaches"][0]["stream"] == 0


def test_the_capture_s_end_counts_for_who_is_still_there(tmp_path: Path, capsys: Capsys) -> None:
    """A leak shows though its connection is silent: here another one goes on for an hour."""
    from tests.script import parse

    ladder = (CAPTURES / "half-closed.script").read_text().split("\nverdict:")[0]
    ladder += "\nends x 198.51.100.1:1024 y 198.51.100.2:80\n3600.000 x > SYN\n"
    path = tmp_path / "leak.pcap"
    path.write_bytes(parse(ladder).pcap())
    _, out, _ = go(capsys, "assert", str(path), "--rule", "never in CLOSE-WAIT > 30 min")
    assert "the server was in CLOSE-WAIT from frame 6 on for 3599.950000 s, to the capture's end" in out
    _, out, _ = go(capsys, "analyze", str(path), "--json", "--where", "not never in CLOSE-WAIT > 30 min")
    assert [json.loads(line).get("stream") for line in out.splitlines()] == [0, None]


@pytest.mark.parametrize(
    ("text", "said", "status"),
    [
        ("", "version None is not known", 3),
        ("version = 2", "version 2 is not known", 3),
        ("version = 1", "no rules", 3),
        ("version = 1\nrules = 3", "no rules", 3),
        ("version = 1\n[rules]\na = 3", "no rules", 3),
        ("version = 1\nx = 1\n[rules]\na = 'stream == 0'", "unknown key 'x'", 3),
        ("version = 1\n[rules]\na = 'stream = 0'", ": a: column 8 of `stream = 0`", 2),
        ("= 1", "no TOML", 3),
    ],
)
def test_a_file_of_rules_that_is_none_is_one_line(
    tmp_path: Path, capsys: Capsys, text: str, said: str, status: int
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    done, out, err = go(capsys, "assert", str(CAPTURES / "http-get.pcap"), str(path))
    assert (done, out, err.count("\n")) == (status, "", 1)
    assert err.startswith(f"tcptrace: {path}: ")
    assert said in err


def test_a_rule_is_missing_or_about_all_together(capsys: Capsys) -> None:
    path = str(CAPTURES / "http-get.pcap")
    assert go(capsys, "assert", path)[::2] == (
        2,
        "tcptrace: RULES.toml: missing; name a file of rules, or write --rule RULE\n",
    )
    with pytest.raises(language.RuleError, match="is about all connections together"):
        selector(["no stream: outcome == reset"], "--where")


def test_where_selects_what_the_rule_holds_for_beside_the_other_options(capsys: Capsys) -> None:
    path = str(CAPTURES / "scan.pcap")
    for options, streams in (
        (["--where", "outcome == refused"], [1]),
        (["--where", "every stream to :80: stream >= 0"], [0]),
        (["--where", "stream >= 0", "--where", "server.port == 80"], [0]),
        (["--where", "stream >= 0", "--outcome", "refused"], [1]),
        (["--where", "outcome == closed"], []),
    ):
        _, out, _ = go(capsys, "analyze", path, "--json", *options)
        records = [json.loads(line) for line in out.splitlines()]
        assert [record["stream"] for record in records if record["record"] == "connection"] == streams


def test_the_parser_library_is_loaded_only_for_a_rule() -> None:
    script = (
        "import sys; from tcptrace.cli.command_line import run; run(['analyze', 'captures/http-get.pcap', '--summary']); "
        "assert 'lark' not in sys.modules; run(['analyze', 'captures/http-get.pcap', '--where', 'stream == 0']); "
        "assert 'lark' in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
