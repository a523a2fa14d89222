"""``tcptrace findings`` and ``tcptrace explain``, run as a person runs them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from script import parse

from tcptrace.find.codes import CODES
from tcptrace.find.meanings import MEANINGS
from tcptrace.show import schema
from tests.every import ROOT

# Two connections: one with a hole that the capture alone has, one with a retransmission and a RST.
LADDER = """
    handshake
    0.030 server < ACK ack 101
    0.040 client > PSH,ACK len 10 seq 101
    0.050 server < ACK
    ends a 192.0.2.9:40001 b 192.0.2.2:80
    1.000 a > SYN
    1.010 b < SYN,ACK
    1.020 a > ACK
    1.030 a > PSH,ACK len 20
    1.400 a > PSH,ACK len 20 seq 1
    1.700 a > PSH,ACK len 20 seq 1
    1.800 b < RST seq 1
    """


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "two.pcap"
    path.write_bytes(parse(LADDER).pcap())
    return path


def run(*args: str, stdin: bytes = b"", columns: int = 100) -> tuple[int, str, str]:
    """Run a command in a process of its own."""
    env = {**os.environ, "PYTHONUTF8": "1", "COLUMNS": str(columns)}
    done = subprocess.run(
        [sys.executable, "-m", "tcptrace", *args],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=env,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_capture_s_own_faults_come_before_any_verdict_on_the_network(capture: Path) -> None:
    status, out, _ = run("findings", str(capture))
    assert status == 0
    places = [
        out.index(text)
        for text in ("the capture itself\n  tap_loss (1)", "findings in 2 connections", "stream 0")
    ]
    assert places == sorted(places)


def test_findings_are_grouped_by_connection_and_code_and_counted(capture: Path) -> None:
    lines = run("findings", str(capture), columns=300)[1].splitlines()
    at = lines.index("stream 1  192.0.2.9:40001 → 192.0.2.2:80  reset")
    assert lines[at + 1].startswith("  warning abortive_close, server")
    at = lines.index("  note retransmission x2, client")
    assert lines[at + 1].startswith(
        "    frame 11: sends again 20 bytes first sent in frame 10, 370.000 ms earlier"
    )
    assert lines[at + 2].startswith(
        "    frame 12: sends again 20 bytes first sent in frame 10, 670.000 ms earlier"
    )


def test_code_severity_and_stream_choose(capture: Path) -> None:
    out = run("findings", str(capture), "--code", "retransmission")[1]
    assert "2 findings in 2 connections" in out
    assert "abortive_close" not in out
    out = run("findings", str(capture), "--severity", "warning", "--stream", "1")[1]
    assert "abortive_close" in out
    assert "retransmission" not in out
    assert "stream 0" not in out


def test_more_than_five_of_a_code_are_counted_and_all_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "many.pcap"
    path.write_bytes(
        parse("handshake\n" + "".join(f"{1 + at / 10} server < ACK\n" for at in range(9))).pcap()
    )
    out = run("findings", str(path))[1]
    assert "    and 4 more" in out
    assert out.count("repeats the ACK") == 5
    out = run("findings", str(path), "--all")[1]
    assert "more" not in out
    assert out.count("repeats the ACK") == 9


def test_summary_has_the_counts_alone(capture: Path) -> None:
    out = run("findings", str(capture), "--summary")[1]
    assert "retransmission" in out
    assert "stream" not in out


def test_json_is_a_record_a_finding_and_keeps_to_the_schema(capture: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.text()))
    records = [json.loads(line) for line in run("findings", str(capture), "--json")[1].splitlines()]
    for record in records:
        validator.validate(record)
    assert [record["record"] for record in records] == ["finding"] * (len(records) - 1) + ["capture"]
    again = [
        (record["stream"], record["frame"]) for record in records if record.get("code") == "retransmission"
    ]
    assert again == [(1, 11), (1, 12)]
    assert not validator.is_valid({key: value for key, value in records[0].items() if key != "stream"})


def test_a_pipe_is_read_too(capture: Path) -> None:
    status, out, _ = run("findings", "-", stdin=capture.read_bytes())
    assert status == 0
    assert "stream 1" in out
    assert "the capture itself\n  tap_loss (1)" in out


def test_lines_fit_the_terminal(capture: Path) -> None:
    for args in (["findings", str(capture)], ["explain"], ["explain", *MEANINGS]):
        assert max(len(line) for line in run(*args, columns=72)[1].splitlines()) <= 72


def test_every_code_has_a_meaning_and_no_other_has() -> None:
    assert {code.name for code in CODES.values()} == set(MEANINGS)


@pytest.mark.parametrize("name", MEANINGS)
def test_explain_says_what_it_means_what_causes_it_and_what_to_look_at_next(name: str) -> None:
    meaning = MEANINGS[name]
    for text in meaning:
        assert text[0].isupper() or text[0] == "`" or text.startswith(tuple(MEANINGS))
        assert text.endswith(".")
    named = set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", " ".join(meaning))) - {"tcp_rfc1337", "tcp_rmem"}
    assert named <= set(MEANINGS), "a code that there is not"


def test_explain_prints_the_table(capture: Path) -> None:
    status, out, _ = run("explain", "tcp.analysis.zero_window", "lost-segment", columns=500)
    assert status == 0
    assert out.splitlines()[:2] == [
        "zero_window   warning, RFC 9293 3.8.6", f"  It means: {MEANINGS['zero_window'].means}",
    ]  # fmt: skip
    assert f"  Look next at: {MEANINGS['lost_segment'].next}" in out.splitlines()
    listed = [line.split()[0] for line in run("explain")[1].splitlines()]
    assert listed == [code.name for code in CODES.values()]


@pytest.mark.parametrize(
    "args", [["explain", "retransmision"], ["findings", "x.pcap", "--code", "retransmision"]]
)
def test_a_code_that_is_none_is_said_in_one_line(args: list[str]) -> None:
    status, out, err = run(*args)
    assert (status, out) == (2, "")
    assert err.startswith("tcptrace: retransmision: no such code; perhaps retransmission or ")
    assert err.count("\n") == 1
