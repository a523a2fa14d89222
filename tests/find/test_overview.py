"""``tcptrace summary``: what is counted, by hand; that memory is bounded; that the record keeps to the schema."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import jsonschema
import pytest
from script import START_S, parse

import tcptrace
from tcptrace.find import overview as module
from tcptrace.find.overview import Overview, Timeline
from tcptrace.show import overview as shown
from tcptrace.show import schema
from tests.every import ROOT

LADDER = """
    # 0: closed, the client first: TIME-WAIT
    handshake
    0.030 client > FIN,ACK
    0.040 server < FIN,ACK
    0.050 client > ACK
    # 1: the client closes, the server's application never does
    ends a 192.0.2.1:40001 b 192.0.2.2:80
    1.000 a > SYN
    1.010 b < SYN,ACK
    1.020 a > ACK
    1.030 a > PSH,ACK len 20
    1.040 b < ACK
    1.100 a > FIN,ACK
    1.110 b < ACK
    # 2: refused, 3: nobody there
    ends c 192.0.2.1:40002 d 192.0.2.2:81
    2.000 c > SYN
    2.010 d < RST,ACK
    ends e 192.0.2.1:40003 f 192.0.2.3:80
    3.000 e > SYN
    # 4: the server repeats its SYN,ACK, the handshake is never finished
    ends g 192.0.2.1:40004 h 192.0.2.2:80
    4.000 g > SYN
    4.010 h < SYN,ACK
    5.010 h < SYN,ACK
    7.010 h < SYN,ACK
    # 5: data sent again, then reset by the server
    ends i 192.0.2.1:40005 j 192.0.2.2:80
    8.000 i > SYN
    8.010 j < SYN,ACK
    8.020 i > ACK
    8.030 i > PSH,ACK len 20
    8.530 i > PSH,ACK len 20 seq 1
    8.540 j < RST,ACK
    """
START_NS = START_S * 10**9


def overview_of(ladder: str) -> Overview:
    found = Overview()
    for connection in tcptrace.analyze(parse(ladder).pcap()):
        found.add(connection)
    return found


@pytest.fixture(scope="module")
def record() -> dict[str, object]:
    return shown.record(overview_of(LADDER), 10)


def test_outcomes_and_who_closed_first_by_server_port(record: dict[str, object]) -> None:
    assert record["connections"] == 6
    assert record["ports"] == [
        {
            "port": "80",
            "outcomes": {"closed": 1, "reset": 1, "half-closed": 1, "connecting": 1, "unanswered": 1},
            "closed_first": {"client": 2, "server": 1, "neither": 2},
            "streams": [0, 1, 3, 4, 5],
        },
        {"port": "81", "outcomes": {"refused": 1}, "closed_first": {"server": 1}, "streams": [2]},
    ]


def test_trouble_by_server_names_streams(record: dict[str, object]) -> None:
    one = {"key": "192.0.2.2:80", "count": 1}
    assert record["servers"] == {
        "reset": [one | {"streams": [5]}],
        "refused": [{"key": "192.0.2.2:81", "count": 1, "streams": [2]}],
        "unanswered": [{"key": "192.0.2.3:80", "count": 1, "streams": [3]}],
        "backlog": [{"key": "192.0.2.2:80", "count": 2, "streams": [4]}],
        "connecting": [one | {"streams": [4]}],
        "half-open": [],
        "half-closed": [one | {"streams": [1]}],
    }


def test_who_holds_time_wait_and_who_lingers(record: dict[str, object]) -> None:
    assert record["time_wait"] == [
        {
            "key": "client 192.0.2.1 192.0.2.2:80",
            "count": 1,
            "streams": [0],
            "until_ns": START_NS + 240_040_000_000,
        }
    ]
    assert record["lingering"] == [
        {"key": "CLOSE-WAIT 192.0.2.2", "count": 1, "streams": [1], "since_ns": START_NS + 1_100_000_000},
        {"key": "FIN-WAIT-2 192.0.2.1", "count": 1, "streams": [1], "since_ns": START_NS + 1_110_000_000},
    ]


def test_sent_again_and_round_trips_by_peer(record: dict[str, object]) -> None:
    first = record["peers"][0]  # type: ignore[index]
    assert (first["ip"], first["segments"], first["sent_again"]) == ("192.0.2.2", 6 + 7 + 2 + 4 + 6, 3)
    assert first["rtt_s"]["min"] == pytest.approx(0.010)
    assert first["streams"] == [4, 5]


def test_the_record_keeps_to_the_schema(record: dict[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.text()))
    validator.validate(record)
    assert not validator.is_valid({key: value for key, value in record.items() if key != "peers"})


def test_states_over_time_are_what_adding_up_gives() -> None:
    random = Random(5)
    line, moves = Timeline(), []
    now = START_NS
    for _ in range(2000):
        now += random.choice([0, 1_000, 10**7, 10**9])
        before, after = random.sample(["ESTABLISHED", "TIME-WAIT", "CLOSE-WAIT", "CLOSED"], 2)
        line.move(now, before, after)
        moves.append((now, before, after))
    table = line.table()
    assert 2 <= len(table) <= module.BINS
    for end, states in table:
        wanted: Counter[str] = Counter()
        for time, before, after in moves:
            if time < end:
                wanted[before] -= 1
                wanted[after] += 1
        assert states == {state: wanted[state] for state in states}
        assert all(wanted[state] == 0 or state in states or state == "CLOSED" for state in wanted)


def test_rows_are_bounded_and_what_is_more_counts_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEYS", 3)
    ladder = "".join(
        f"ends a{at} 192.0.2.1:{40000 + at} b{at} 198.51.100.{at}:{at}\n{at}.000 a{at} > SYN\n{at}.010 b{at} < RST,ACK\n"
        for at in range(1, 10)
    )
    found = overview_of(ladder)
    assert [(key, row.counts["all"]) for key, row in found.ports.top("all", 10)] == [
        ("others", 6), ("1", 1), ("2", 1), ("3", 1),
    ]  # fmt: skip
    assert len(found.peers) == 4
    assert len(found.servers) == 4


def test_the_command_says_the_capture_s_faults_first_and_names_streams(tmp_path: Path) -> None:
    path = tmp_path / "six.pcap"
    path.write_bytes(parse(LADDER).pcap())
    env = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "tcptrace", "summary", str(path), "--utc"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=env)
    lines = done.stdout.splitlines()
    assert lines[0] == "the capture itself: no fault found in it"
    assert "6 connections" in lines
    assert any(line.startswith("  192.0.2.2:80 ") and line.endswith("2  4") for line in lines), "backlog"
    assert any("192.0.2.1 towards 192.0.2.2:80: 1 as client, until " in line for line in lines)
    assert any(
        "192.0.2.2: 1 in CLOSE-WAIT (its application does not close), up to 7.440 s" in line for line in lines
    )
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True, cwd=ROOT, env=env)
    assert [json.loads(line)["record"] for line in done.stdout.splitlines()] == ["overview", "capture"]
