"""``tcptrace diff``: which connections belong together, and what of them makes a difference."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import tcptrace
from tcptrace.cli.diff import WAYS
from tcptrace.golden import diff
from tests.cli.stand_in import go
from tests.every import CAPTURES, ROOT
from tests.script import parse

Capsys = pytest.CaptureFixture[str]
GOLDENS = ROOT / "captures"
ENDS = "ends {a} {client} {b} {server}\n"
OPEN = "{t}.000 {a} > SYN\n{t}.010 {b} < SYN,ACK\n{t}.020 {a} > ACK\n"
RESET = "{t}.030 {a} > RST,ACK\n"


def capture(path: Path, *connections: tuple[str, str, str]) -> str:
    """Write a capture of (client, server, lines after the handshake) one after the other; return its name."""
    ladder = ""
    for number, (client, server, rest) in zip(count(1), connections, strict=False):
        words = {"a": f"a{number}", "b": f"b{number}", "t": number, "client": client, "server": server}
        ladder += (ENDS + OPEN + rest).format(**words)
    path.write_bytes(parse(ladder).pcap())
    return str(path)


def read(name: str) -> list[Any]:
    return list(tcptrace.analyze(name))


def paired(a: str, b: str, way: str) -> list[tuple[int | None, int | None, str]]:
    """Return the pairs as stream numbers."""
    found = diff.pairs(read(a), read(b), way)
    return [(p.a.stream if p.a else None, p.b.stream if p.b else None, p.by) for p in found]


def test_connections_are_paired_by_what_they_have_in_common(tmp_path: Path) -> None:
    web, mail = "192.0.2.2:80", "192.0.2.2:25"
    a = capture(
        tmp_path / "a", ("192.0.2.1:1001", web, ""), ("192.0.2.1:1002", mail, ""), ("192.0.2.1:1003", web, "")
    )
    b = capture(
        tmp_path / "b", ("192.0.2.1:2001", mail, ""), ("192.0.2.1:1003", web, ""), ("192.0.2.1:2003", web, "")
    )
    assert paired(a, b, "tuple") == [
        (0, None, ""),
        (1, None, ""),
        (2, 1, "tuple"),
        (None, 0, ""),
        (None, 2, ""),
    ]
    assert paired(a, b, "port") == [(0, 1, "port"), (1, 0, "port"), (2, 2, "port")]
    assert paired(a, b, "order") == [(0, 0, "order"), (1, 1, "order"), (2, 2, "order")]
    assert paired(a, b, "auto") == [(0, 2, "port"), (1, 0, "port"), (2, 1, "tuple")]


def test_the_second_life_of_a_four_tuple_belongs_to_the_second(tmp_path: Path) -> None:
    ends = ("192.0.2.1:1001", "192.0.2.2:80")
    name = str(GOLDENS / "half-open-reconnect.pcap")
    assert paired(name, name, "tuple") == [(0, 0, "tuple"), (1, 1, "tuple")]
    one = capture(tmp_path / "one", (*ends, ""))
    assert paired(one, name, "order") == [(0, 0, "order"), (None, 1, "")]


def test_the_command_line_offers_the_ways_that_there_are() -> None:
    assert tuple(diff.WAYS) == WAYS


@pytest.mark.parametrize("path", CAPTURES)
def test_no_capture_differs_from_itself(path: Path, capsys: Capsys) -> None:
    status, out, err = go(capsys, "diff", str(path), str(path))
    assert status == 0
    head = [line for line in out.splitlines() if line]
    assert head[:2] == [f"A: {path}", f"B: {path}"]
    assert head[2].endswith(" the same")
    assert len(head) == 3
    assert "incomplete" in err or err == ""


def test_paths_outcomes_and_findings_are_shown_side_by_side(capsys: Capsys) -> None:
    a, b = (str(GOLDENS / f"{name}.pcap") for name in ("close-by-server", "reset-in-close-wait"))
    status, out, _ = go(capsys, "diff", a, b)
    lines = out.splitlines()
    assert status == 1
    rungs = [line.split() for line in lines if " | " in line]
    assert ["8", "CLOSE-WAIT", "FIN-WAIT-1", "|", "8", "FIN-WAIT-1", "CLOSE-WAIT"] in rungs
    assert ["outcome", "closed", "|", "reset"] in rungs
    assert ["findings.abortive_close", "0", "|", "1"] in rungs
    # Counts and durations that differ are shown and not marked.
    assert "packets.client                                   6   5" in out
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "1 pair: 0 the same, 1 differs"


def test_what_took_longer_makes_no_difference(tmp_path: Path, capsys: Capsys) -> None:
    ends = ("192.0.2.1:1001", "192.0.2.2:80")
    a = capture(tmp_path / "a", (*ends, "9.0 {a} > RST,ACK\n"))
    b = capture(tmp_path / "b", (*ends, RESET))
    status, out, _ = go(capsys, "diff", a, b)
    assert (status, out.splitlines()[-1]) == (0, "1 pair: 1 the same")
    _, out, _ = go(capsys, "diff", a, b, "--all")
    assert "duration_s                                 8.000 s   30.000 ms" in out


def test_a_connection_alone_is_a_difference_and_its_path_is_told(tmp_path: Path, capsys: Capsys) -> None:
    one = ("192.0.2.1:1001", "192.0.2.2:80", "")
    a = capture(tmp_path / "a", one, ("192.0.2.1:1002", "192.0.2.2:81", RESET))
    b = capture(tmp_path / "b", one)
    for names, where in (((a, b), "A"), ((b, a), "B")):
        status, out, _ = go(capsys, "diff", *names)
        assert status == 1
        assert f"only in {where}: stream 1: 192.0.2.1:1002 to 192.0.2.2:81, reset" in out
        assert "  server  LISTEN SYN-RECEIVED ESTABLISHED CLOSED" in out
        assert out.splitlines()[-1] == f"1 pair: 1 the same, 1 only in {where}"


def test_json_has_both_records_in_the_contract_s_words(capsys: Capsys) -> None:
    a, b = (GOLDENS / f"{name}.pcap" for name in ("close-by-server", "scan"))
    status, out, _ = go(capsys, "diff", str(a), str(b), "--by", "order", "--json")
    assert status == 1
    first, second, counts = (json.loads(line) for line in out.splitlines())
    for pair, by in ((first, "order"), (second, None)):
        assert (pair["record"], pair["schema"], pair["by"]) == ("pair", 1, by)
    _, whole, _ = go(capsys, "analyze", str(a), "--json")
    record = json.loads(whole.splitlines()[0])
    assert first["a"].pop("duration_s") == pytest.approx((record["last_ns"] - record["first_ns"]) / 1e9)
    assert first["a"] == {key: record[key] for key in first["a"]}
    assert first["differs"] == [
        "path.client",
        "path.server",
        "outcome",
        "closed_first",
        "reset_by",
        "time_wait",
    ]
    assert second["a"] is None
    assert second["b"]["outcome"] == "refused"
    assert counts == {"record": "diff", "schema": 1, "pairs": 1, "differ": 1, "only_a": 0, "only_b": 1}


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["a"], 2, "missing argument 'B'"),
        (["-", "-"], 2, "- and -: standard input is one capture; name the other"),
        (["no/such", "captures/http-get.pcap"], 3, "no/such"),
        (["captures/http-get.pcap", "captures/http-get.pcap", "--by", "luck"], 2, "--by"),
    ],
)
def test_errors_are_one_line(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch, args: list[str], status: int, said: str
) -> None:
    monkeypatch.chdir(ROOT)
    done, out, err = go(capsys, "diff", *args)
    assert (done, out, err.count("\n")) == (status, "", 1)
    assert said in err
