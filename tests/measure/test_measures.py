"""Measures by hand, on ladders; RFC 6298's own arithmetic; their place in JSON and in the table."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from script import parse

import tcptrace
from tcptrace import kernels
from tcptrace.measure.measures import MEASURES, definitions
from tcptrace.show import json as lines
from tcptrace.show import schema
from tests.every import CAPTURES, ROOT

EXCHANGE = """
    0.000 client > SYN ws 2 mss 1460 sackok
    0.040 server < SYN,ACK ws 3 mss 1400 sackok
    0.050 client > ACK
    0.060 client > PSH,ACK len 100
    0.100 server < ACK
    0.500 server < PSH,ACK len 1000
    0.510 client > ACK win 100
    0.600 server < ACK len 1400
    0.601 server < ACK len 1400
    0.602 server < PSH,ACK len 200
    0.620 client > ACK win 0
    2.000 client > FIN,ACK
    2.040 server < FIN,ACK
    2.050 client > ACK
    """


def measures(ladder: str) -> dict[str, Any]:
    connection = next(iter(tcptrace.analyze(parse(ladder).pcap(), measures=True)))
    assert isinstance(connection.measures, dict)
    return connection.measures


@pytest.mark.parametrize(
    ("side", "name", "value"),
    [
        ("client", "segments", 7), ("server", "segments", 7), ("client", "acks", 6), ("client", "pure_acks", 4),
        ("server", "pure_acks", 1), ("client", "data_segments", 1), ("server", "data_bytes", 4000), ("server", "pushed", 2),
        ("server", "segment_max_bytes", 1400), ("server", "segment_min_bytes", 200), ("server", "segment_avg_bytes", 1000),
        ("client", "mss_bytes", 1460), ("server", "mss_bytes", 1400), ("client", "window_scale", 2),
        ("client", "sack_permitted", True), ("client", "timestamps", False), ("client", "zero_windows", 1),
        ("client", "window_max_bytes", 65535 << 2), ("client", "window_min_bytes", 0),
        ("server", "window_max_bytes", 65535 << 3),
        ("server", "flight_max_bytes", 3000), ("server", "flight_avg_bytes", (1000 + 1400 + 2800 + 3000) / 4),
        ("server", "initial_window_bytes", 1000), ("client", "initial_window_segments", 1),
        ("client", "stream_bytes", 100), ("server", "missed_bytes", 0), ("client", "idle_max_s", 1.38),
        ("server", "data_s", 0.102), ("server", "throughput_per_s", 4000 / 2.05), ("server", "goodput_per_s", 4000 / 0.102),
        ("server", "replies", 1), ("server", "reply_min_s", 0.44), ("client", "replies", 0), ("client", "reply_min_s", None),
        ("server", "rtt_samples", 4), ("server", "rtt_min_s", 0.010), ("server", "rtt_max_s", 0.018),
        ("server", "rtt_avg_s", (0.010 + 0.010 + 0.018 + 0.010) / 4), ("server", "rtt_deviation_s", 0.004),
        ("server", "cumulative_acked", 2), ("client", "rtt_samples", 3), ("client", "resets", 0),
    ],
)  # fmt: skip
def test_each_figure_is_what_the_ladder_says(side: str, name: str, value: float | None) -> None:
    found = measures(EXCHANGE)[side][name]
    assert found == (
        value if value is None or isinstance(value, bool | int) else pytest.approx(value, abs=1e-9)
    )


def test_the_handshake_is_split_at_the_tap_and_states_have_their_seconds() -> None:
    found = measures(EXCHANGE)
    assert found["handshake"] == {
        "syn_to_synack_s": pytest.approx(0.040),
        "synack_to_ack_s": pytest.approx(0.010),
    }
    assert found["client"]["states_s"]["SYN-SENT"] == pytest.approx(0.040)
    assert found["server"]["states_s"]["ESTABLISHED"] == pytest.approx(1.950)


def test_round_trips_are_smoothed_as_rfc_6298_says() -> None:
    found = measures(EXCHANGE)["server"]
    smoothed, deviation = 10_000_000.0, 5_000_000.0  # 2.2: R and R/2
    for sample in (10_000_000, 18_000_000, 10_000_000):
        deviation = 0.75 * deviation + 0.25 * abs(smoothed - sample)  # 2.3, the deviation first
        smoothed = 0.875 * smoothed + 0.125 * sample
    assert found["rtt_smoothed_s"] == pytest.approx(smoothed / 1e9, abs=1e-8)
    assert found["rto_s"] == 1.0  # 2.4: rounded up to a second
    slow = measures("0.0 client > SYN\n2.0 server < SYN,ACK\n2.1 client > ACK")["client"]
    assert slow["rto_s"] == pytest.approx(2 + 4 * 1)


def test_what_was_sent_twice_gives_no_sample() -> None:
    found = measures("handshake\n0.1 client > ACK len 10\n0.4 client > ACK len 10 seq 1\n0.5 server < ACK")[
        "client"
    ]
    assert (found["rtt_samples"], found["ambiguous_acks"]) == (1, 1)
    assert (found["sent_again_segments"], found["sent_again_bytes"]) == (1, 10)


def test_timestamps_give_round_trips_too() -> None:
    found = measures("timestamps\nhandshake\n0.1 client > ACK len 10\n0.13 server < ACK")["client"]
    assert (found["ts_samples"], found["ts_rtt_min_s"], found["ts_rtt_max_s"]) == (
        2, pytest.approx(0.010), pytest.approx(0.030),
    )  # fmt: skip


def test_duplicate_acks_their_runs_and_sacks() -> None:
    found = measures(
        "handshake\n" + "".join(f"0.1{at} client > ACK len 10\n" for at in range(5))
        + "".join(f"0.2{at} server < ACK ack 1 sack 11-{21 + 10 * at}\n" for at in range(4))
        + "0.31 server < ACK ack 51\n0.32 server < ACK ack 51 sack 1-11\n"
    )  # fmt: skip
    asked, sent = found["client"], found["server"]  # the client receives them
    assert (asked["duplicate_acks"], asked["duplicate_acks_run"], asked["triple_duplicate_acks"]) == (4, 4, 1)
    assert (sent["duplicate_acks"], sent["duplicate_acks_run"], sent["triple_duplicate_acks"]) == (0, 0, 0)
    assert (sent["sack_segments"], sent["sack_blocks"], sent["dsack_segments"]) == (5, 5, 1)


def test_a_handshake_s_round_trip_is_not_known_where_its_syn_was_sent_again() -> None:
    """RFC 6298 3: nobody knows which copy the ACK answers."""
    found = measures("0.0 client > SYN\n1.0 client > SYN\n1.02 server < SYN,ACK\n1.05 client > ACK\n")
    assert found["client"]["rtt_handshake_s"] is None
    assert found["server"]["rtt_handshake_s"] == pytest.approx(0.03)


def test_measures_are_there_only_where_asked_for_and_keep_to_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.text()))
    octets = parse(EXCHANGE).pcap()
    plain, measured = (next(iter(tcptrace.analyze(octets, measures=wanted))) for wanted in (False, True))
    assert plain.measures is msgspec.UNSET
    assert "measures" not in json.loads(lines.line(plain))
    record = json.loads(lines.line(measured))
    validator.validate(record)
    assert set(record["measures"]["client"]) == {*(row.name for row in MEASURES), "states_s"}
    record["measures"]["client"] = 3
    assert not validator.is_valid(record)


def test_the_definitions_are_generated_from_the_list() -> None:
    table = definitions().splitlines()
    assert len(table) == len(MEASURES) + 2
    assert (
        "| `rtt_samples` | RTT samples | ACKs that end a segment sent once (Karn's rule, RFC 6298 3) |"
        in table
    )


def test_long_prints_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(parse(EXCHANGE).pcap())
    env = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "tcptrace", "analyze", str(path), "--long", "--utc"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=env).stdout
    rows = [line.split() for line in out.splitlines()]
    assert ["unique", "bytes", "sent:", "100", "B", "unique", "bytes", "sent:", "4,000", "B"] in rows
    assert ["RTT", "max:", "40.000", "ms", "RTT", "max:", "18.000", "ms"] in rows
    assert max(len(line) for line in out.splitlines()) <= 80
    done = subprocess.run([*command, "--csv"], capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.skipif(
    not kernels.is_compiled("measure.gauge"), reason="no compiled twins here: nothing to compare"
)
@pytest.mark.parametrize("path", [case for case in CAPTURES if not str(case.id).startswith("captures/")][::3])
def test_compiled_and_plain_measure_the_same(path: Path) -> None:
    outputs = []
    for plain in ("", "1"):
        env = {**os.environ, "TCPTRACE_PLAIN": plain}
        command = [sys.executable, "-m", "tcptrace", "analyze", str(path), "--long", "--json"]
        outputs.append(subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=env).stdout)
    assert outputs[0] == outputs[1]
    assert b'"measures"' in outputs[0]
