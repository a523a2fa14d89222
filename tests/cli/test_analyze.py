"""The command line of analyze: what it asks of the analysis, what it selects, in which form."""

import csv
import io
import json
from typing import Any

import pytest

from tcptrace.cli import terminal
from tcptrace.model.errors import InputError, UsageError
from tests.cli.stand_in import StandIn, go
from tests.show.samples import SAMPLES
from tests.show.test_json import VALIDATOR

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def analysis(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.delenv("COLUMNS", raising=False)
    return StandIn(monkeypatch)


def records(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    for record in found:
        VALIDATOR.validate(record)
    return found


def test_json_is_one_connection_a_line_and_the_capture_last(analysis: StandIn, capsys: Capsys) -> None:
    status, out, err = go(capsys, "analyze", "x.pcap", "--json")
    assert (status, err) == (0, "")
    assert [r["record"] for r in records(out)] == ["connection"] * len(SAMPLES) + ["capture"]


def test_frames_come_before_their_connection(analysis: StandIn, capsys: Capsys) -> None:
    analysis.count = 2
    _, out, _ = go(capsys, "analyze", "--json", "--frames", "x.pcap")
    kinds = [(r["record"], r.get("stream")) for r in records(out)]
    first = kinds.index(("connection", 0))
    assert set(kinds[:first]) == {("segment", 0)}
    assert first == 14  # the seed's exchange has 14 segments
    assert set(kinds[first + 1 : -2]) == {("segment", 1)}
    assert kinds[-2:] == [("connection", 1), ("capture", None)]
    assert analysis.asked["segments"] is True


def test_csv_has_a_row_a_connection(analysis: StandIn, capsys: Capsys) -> None:
    _, out, _ = go(capsys, "analyze", "x.pcap", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [int(row["stream"]) for row in rows] == list(range(len(SAMPLES)))


def test_the_table_ends_with_the_summary(analysis: StandIn, capsys: Capsys) -> None:
    _, out, _ = go(capsys, "analyze", "x.pcap", "--utc")
    rows, summary = out.split("\n\n")
    assert len(rows.splitlines()) == 1 + len(SAMPLES)
    assert summary.startswith(f"{len(SAMPLES)} connections\n")


def test_summary_builds_no_connection(analysis: StandIn, capsys: Capsys) -> None:
    status, out, _ = go(capsys, "analyze", "x.pcap", "--summary")
    assert (status, out.split("\n")[0]) == (0, f"{len(SAMPLES)} connections")
    assert not analysis.was_iterated


def test_summary_as_json_is_counts_and_capture(analysis: StandIn, capsys: Capsys) -> None:
    _, out, _ = go(capsys, "analyze", "x.pcap", "--summary", "--json")
    counts, capture = records(out)
    assert sum(counts["outcomes"].values()) == capture["connections"] == len(SAMPLES)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--stream", "3"], ["refused"]),
        (["--stream", "3", "--stream", "0"], ["http", "refused"]),
        (["--outcome", "reset"], ["reset"]),
        (["--outcome", "reset", "--outcome", "aborted"], ["reset", "aborted"]),
        (["--state", "LISTEN"], ["aborted"]),
        (["--state", "last_ack"], ["closing"]),
        (["--state", "syn-rcvd", "--outcome", "connecting"], ["connecting", "one-direction"]),
        (["--passed", "CLOSING"], ["simultaneous-close", "self-connect"]),
        (["--passed", "fin-wait2", "--outcome", "half-closed"], ["half-closed"]),
        (["--outcome", "reset", "--stream", "0"], []),
    ],
    ids=" ".join,
)
def test_selections(analysis: StandIn, capsys: Capsys, options: list[str], names: list[str]) -> None:
    _, out, _ = go(capsys, "analyze", "x.pcap", "--json", *options)
    streams = [r["stream"] for r in records(out) if r["record"] == "connection"]
    chosen = [list(SAMPLES)[stream] for stream in streams]
    assert chosen == [name for name in SAMPLES if name in names]
    assert records(out)[-1]["connections"] == len(SAMPLES)  # the capture is still the whole
    _, text, _ = go(capsys, "analyze", "x.pcap", "--summary", *options)
    assert text.startswith(f"{len(names)} of {len(SAMPLES)} connections selected\n")


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        (["x.pcap"], {"source": "x.pcap", "filter": "", "order": "stream", "segments": False}),
        (["x.pcap"], {"msl_s": 120.0, "checksums": "flags", "max_findings": 1000}),
        (["x.pcap"], {"max_connections": 1_000_000, "tick": None}),
        (["x.pcap", "port", "80"], {"source": "x.pcap", "filter": "port 80"}),
        (["-r", "x.pcap", "port", "80"], {"source": "x.pcap", "filter": "port 80"}),
        (["-n", "-r", "x.pcap"], {"source": "x.pcap", "filter": ""}),
        (["x.pcap", "y.pcap", "port", "80"], {"source": ["x.pcap", "y.pcap"], "filter": "port 80"}),
        (["-r", "x.pcap", "-r", "y", "port", "80"], {"source": ["x.pcap", "y"], "filter": "port 80"}),
        (["-r", "x", __file__, "host", "h.pcap"], {"source": ["x", __file__], "filter": "host h.pcap"}),
        (["x.pcap", "--", "-1", "<", "tcp[0]"], {"source": "x.pcap", "filter": "-1 < tcp[0]"}),
        (["x.pcap", "tcp[13] & 2 != 0"], {"filter": "tcp[13] & 2 != 0"}),
        (["x.pcap", "--msl", "0.5"], {"msl_s": 0.5}),
        (["x.pcap", "--stack", "linux"], {"msl_s": 30.0}),
        (["x.pcap", "--stack", "macos"], {"msl_s": 15.0}),
        (["x.pcap", "--stack", "windows"], {"msl_s": 60.0}),
        (["x.pcap", "--stack", "rfc"], {"msl_s": 120.0}),
        (["x.pcap", "--order", "end", "--checksums", "all"], {"order": "end", "checksums": "all"}),
        (
            ["x.pcap", "--max-findings", "0", "--max-connections", "9"],
            {"max_findings": 0, "max_connections": 9},
        ),
    ],
    ids=str,
)
def test_what_is_asked_of_the_analysis(
    analysis: StandIn, capsys: Capsys, args: list[str], asked: dict[str, Any]
) -> None:
    status, _, err = go(capsys, "analyze", "--summary", *args)
    assert (status, err) == (0, "")
    assert {key: analysis.asked[key] for key in asked} == asked


@pytest.mark.parametrize(
    ("args", "phrase"),
    [
        ([], "(MSL 120 s, RFC 9293)"),
        (["--stack", "linux"], "(MSL 30 s, Linux)"),
        (["--msl", "2.5"], "(MSL 2.5 s, --msl)"),
    ],
)
def test_the_table_names_the_msl_assumed(
    analysis: StandIn, capsys: Capsys, args: list[str], phrase: str
) -> None:
    assert f"TIME-WAIT {phrase}" in go(capsys, "analyze", "x.pcap", *args)[1]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--json"],
        ["x.pcap", "--nonsense"],
        ["x.pcap", "--json", "--csv"],
        ["x.pcap", "--summary", "--csv"],
        ["x.pcap", "--frames"],
        ["x.pcap", "--state", "SLEEPING"],
        ["x.pcap", "--outcome", "fine"],
        ["x.pcap", "--stream", "-1"],
        ["x.pcap", "--stream", "one"],
        ["x.pcap", "--msl", "nan"],
        ["x.pcap", "--msl", "inf"],
        ["x.pcap", "--msl", "0"],
        ["x.pcap", "--msl", "60", "--stack", "linux"],
        ["x.pcap", "--max-connections", "0"],
        ["x.pcap", "y.pcap", "--follow"],
        ["-", "--follow"],
        ["x.pcap", "--stack", "\x1b[2J"],
    ],
    ids=repr,
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    analysis: StandIn, capsys: Capsys, args: list[str]
) -> None:
    status, out, err = go(capsys, "analyze", *args)
    assert (status, out) == (2, "")
    assert err.startswith("tcptrace: ")
    assert err.count("\n") == 1
    assert err[:-1].isprintable()
    assert not analysis.asked


@pytest.mark.parametrize(("error", "status"), [(InputError("a: b: c"), 3), (UsageError("a: b: c"), 2)])
def test_errors_of_the_analysis_are_one_line_with_their_status(
    analysis: StandIn, capsys: Capsys, error: Exception, status: int
) -> None:
    analysis.error = error
    assert go(capsys, "analyze", "x.pcap") == (status, "", "tcptrace: a: b: c\n")


def test_an_interrupt_is_status_130_and_silent(analysis: StandIn, capsys: Capsys) -> None:
    analysis.error = KeyboardInterrupt()
    assert go(capsys, "analyze", "x.pcap") == (130, "", "")


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--summary"]], ids=str)
def test_a_capture_cut_short_is_a_warning_and_status_0(
    analysis: StandIn, capsys: Capsys, form: list[str]
) -> None:
    analysis.problem = "cut short in the record at offset 99\x1b[2J"
    status, _, err = go(capsys, "analyze", "x.pcap", *form)
    assert status == 0
    assert err == "tcptrace: incomplete: cut.pcap: cut short in the record at offset 99\\x1b[2J\n"


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> None:
    monkeypatch.setattr(terminal, "output_is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.parametrize(("count", "shown"), [(1000, 1000), (1001, 50), (5000, 50)])
def test_a_terminal_gets_at_most_1000_connections_or_the_worst_50(
    analysis: StandIn, capsys: Capsys, monkeypatch: pytest.MonkeyPatch, count: int, shown: int
) -> None:
    on_a_terminal(monkeypatch)
    analysis.count = count
    _, out, _ = go(capsys, "analyze", "x.pcap")
    rows = [line for line in out.splitlines() if line[:6].strip().isdecimal() and line[6:7] == " "]
    assert len([row for row in rows if "127.0.0.1:49329" in row]) == shown
    assert (f"The worst 50 of {count:,} connections" in out) == (count > 1000)
    assert f"{count:,} connections\n" in out
    if count > 1000:
        assert {row.split()[-1] for row in rows if "127.0.0.1:49329" in row} == {"reset"}


def test_all_and_a_pipe_show_every_connection(
    analysis: StandIn, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis.count = 1500
    assert go(capsys, "analyze", "x.pcap")[1].count("> 127.0.0.1:") == 1500
    on_a_terminal(monkeypatch)
    out = go(capsys, "analyze", "x.pcap", "--all")[1]
    assert out.count("127.0.0.1:8000") + out.count("       127.0.0.1:49329") == 1500


@pytest.mark.parametrize(
    ("no_color", "mode", "coloured"),
    [("", "auto", True), ("1", "auto", False), ("1", "always", True), ("", "never", False)],
)
def test_no_color_and_the_option_decide_on_colours(
    analysis: StandIn,
    capsys: Capsys,
    monkeypatch: pytest.MonkeyPatch,
    no_color: str,
    mode: str,
    coloured: bool,
) -> None:
    on_a_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert ("\x1b[" in go(capsys, "analyze", "x.pcap", "--color", mode)[1]) == coloured


def test_no_line_in_a_terminal_of_80_columns_is_longer(
    analysis: StandIn, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch)
    analysis.count = 3000
    assert max(map(len, go(capsys, "analyze", "x.pcap")[1].splitlines())) <= 80


def test_a_pipe_with_colour_off_has_no_escape_sequences(analysis: StandIn, capsys: Capsys) -> None:
    assert "\x1b" not in go(capsys, "analyze", "x.pcap")[1]
