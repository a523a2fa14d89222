"""Verdicts on inferred paths, each by a ladder and what a kernel said of it: see ``log``."""

import json
from pathlib import Path

import pytest
from script import Script, parse, seconds_to_ns

import tcptrace
from tcptrace.kernel.log import read_log
from tcptrace.verify import REASONS, count_up, verify

OPEN = """
handshake
"""
CLOSED = """
handshake
0.030 client > FIN,ACK
0.031 server < FIN,ACK
0.032 client > ACK
"""
OPENED = {
    "client": "0.000 client CLOSED>SYN-SENT\n0.010 client SYN-SENT>ESTABLISHED",
    "server": "0.020 server LISTEN>SYN-RECEIVED\n0.020 server SYN-RECEIVED>ESTABLISHED",
}
CLIENT = (
    OPENED["client"]
    + """
0.030 client ESTABLISHED>FIN-WAIT-1
0.031 client FIN-WAIT-1>FIN-WAIT-2
0.031 client FIN-WAIT-2>CLOSED"""
)
SERVER = (
    OPENED["server"]
    + """
0.030 server ESTABLISHED>CLOSE-WAIT
0.031 server CLOSE-WAIT>LAST-ACK
0.032 server LAST-ACK>CLOSED"""
)


def log(script: Script, text: str, path: Path, *, traced: bool, lost: bool, since: str, whole: bool) -> Path:
    """Write a kernel's log. A line is ``TIME END FROM>TO`` (tracepoint) or ``TIME END STATE|-`` (a poll, ``-``: gone)."""
    rows: list[dict[str, object]] = [
        {"record": "kernel_log", "schema": 1, "since_ns": seconds_to_ns(since), "tracepoint": traced,
         "reason": None if traced else "no root", "poll_s": 0.005}
    ]  # fmt: skip
    before: int | None = None
    for line in filter(None, (each.strip() for each in text.splitlines())):
        when, name, what = line.split()
        other = {"client": "server", "server": "client"}[name]
        ends = {
            key: {"ip": script.ends[end].ip, "port": script.ends[end].port}
            for key, end in (("local", name), ("remote", other))
        }
        row = {"time_ns": seconds_to_ns(when), **ends}
        if ">" in what:
            old, new = what.split(">")
            rows.append(
                {"record": "kernel_change", "socket": 1 + (name == "server"), "from": old, "to": new, **row}
            )
        else:
            state = None if what == "-" else what
            rows.append({"record": "kernel_socket", "before_ns": before, "state": state, **row})
            before = seconds_to_ns(when)
    if whole:
        rows.append({"record": "kernel_end", "until_ns": seconds_to_ns("10"), "polls": 9, "lost": lost,
                     "problem": None})  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def verdicts(
    tmp_path: Path, ladder: str, text: str, *, traced: bool = True, lost: bool = False, since: str = "0",
    whole: bool = True,
) -> list[str]:  # fmt: skip
    """Return ``STREAM SIDE VERDICT[: REASON]`` of each end; no frame comes after the ladder's."""
    script = parse(ladder)
    path = log(script, text, tmp_path / "log", traced=traced, lost=lost, since=since, whole=whole)
    analysis = tcptrace.analyze(script.pcap())
    connections = list(analysis)
    read = read_log(str(path), "log")
    held = list(verify(connections, read, analysis.capture.last_ns))
    assert {one.reason for one in held} <= {None, *REASONS}
    counts = count_up(held, read)
    assert counts.ends == len(held) == counts.equal + counts.less_known + counts.different
    return [
        f"{one.stream} {one.side} {one.verdict}" + (f": {one.reason}" if one.reason else "") for one in held
    ]


@pytest.mark.parametrize(
    ("ladder", "text", "expected"),
    [
        pytest.param(
            CLOSED, f"{CLIENT}\n{SERVER}\n0.040 client TIME-WAIT", ["0 client equal", "0 server equal"],
            id="the tracepoint and the poll that met TIME-WAIT together are the path",
        ),
        pytest.param(
            CLOSED, f"{CLIENT}\n{SERVER}", ["0 client less known: time_wait_missed", "0 server equal"],
            id="a TIME-WAIT that no poll met",
        ),
        pytest.param(
            CLOSED, f"{CLIENT}\n{SERVER}\n0.040 client TIME-WAIT\n2 client -",
            ["0 client less known: no_segment", "0 server equal"],
            id="the end of TIME-WAIT is nobody's segment",
        ),
        pytest.param(
            CLOSED, f"{CLIENT}\n{OPENED['server']}\n0.030 server ESTABLISHED>FIN-WAIT-1\n0.040 client TIME-WAIT",
            ["0 client equal", "0 server different: other_steps"],
            id="another step than the segments show",
        ),
        pytest.param(
            OPEN, f"{OPENED['client']}\n{OPENED['server']}\n0.025 client ESTABLISHED>FIN-WAIT-1",
            ["0 client less known: capture_over", "0 server equal"],
            id="a FIN that comes when the capture is over",
        ),
        pytest.param(
            OPEN + "3.0 server < ACK seq 0\n",
            f"{OPENED['client']}\n{OPENED['server']}\n0.025 client ESTABLISHED>FIN-WAIT-1",
            ["0 client less known: fin_unsent", "0 server equal"],
            id="a FIN that waits behind data",
        ),
        pytest.param(
            OPEN, f"{OPENED['client']}\n{OPENED['server']}\n5 client ESTABLISHED>CLOSED",
            ["0 client less known: capture_over", "0 server equal"],
            id="what the kernel did when the capture was over",
        ),
        pytest.param(
            "0.000 client > SYN\n9.0 client > SYN seq 0", "0.000 client CLOSED>SYN-SENT\n0.5 client SYN-SENT>CLOSED",
            ["0 client less known: no_segment", "0 server less known: not_shown"],
            id="a connect that was given up",
        ),
        pytest.param(
            "ends client 127.0.0.1:40000 server 127.0.0.1:80\n"
            "0.000 client > SYN\n0.010 server < SYN,ACK\n0.020 client > RST seq 1",
            "0.000 client CLOSED>SYN-SENT\n0.015 client SYN-SENT>CLOSED",
            ["0 client equal", "0 server less known: no_socket_yet"],
            id="the kernel has no socket before the handshake is over",
        ),
        pytest.param(
            CLOSED, f"{CLIENT}\n0.040 client TIME-WAIT", ["0 client equal", "0 server less known: not_here"],
            id="the other end is another machine's",
        ),
        pytest.param(
            "0.000 client > SYN\n0.001 server < RST,ACK",
            "0.000 client CLOSED>SYN-SENT\n0.001 client SYN-SENT>CLOSED\n9 server LISTEN>SYN-RECEIVED",
            ["0 client equal", "0 server different: other_steps"],
            id="a socket where there should be none",
        ),
        pytest.param(
            "0.100 client > ACK len 5\n0.130 client > FIN,ACK\n0.131 server < FIN,ACK\n0.132 client > ACK",
            "\n".join(line for line in f"{CLIENT}\n{SERVER}".replace("0.03", "0.13").splitlines() if line > "0.1")
            + "\n0.140 client TIME-WAIT",
            ["0 client less known: capture_late", "0 server less known: capture_late"],
            id="neither saw the beginning",
        ),
    ],
)  # fmt: skip
def test_a_traced_end_is(tmp_path: Path, ladder: str, text: str, expected: list[str]) -> None:
    assert verdicts(tmp_path, ladder, text) == expected


@pytest.mark.parametrize(
    ("ladder", "text", "expected"),
    [
        pytest.param(
            CLOSED, "0.015 client ESTABLISHED\n0.040 client TIME-WAIT",
            ["0 client less known: polled", "0 server less known: not_here"],
            id="what was met agrees",
        ),
        pytest.param(
            CLOSED, "0.015 client ESTABLISHED\n0.040 client CLOSE-WAIT",
            ["0 client different: other_steps", "0 server less known: not_here"],
            id="a state that is not in the path",
        ),
        pytest.param(
            CLOSED, "0.015 client ESTABLISHED", ["0 client different: other_steps", "0 server less known: not_here"],
            id="the last one does not agree",
        ),
        pytest.param(
            CLOSED + "1.000 client > SYN seq 900000\n1.010 server < SYN,ACK seq 700000 ack 900001\n"
            "1.020 client > ACK seq 900001 ack 700001",
            "0.015 client ESTABLISHED\n0.040 client TIME-WAIT\n1.015 client ESTABLISHED",
            ["0 client less known: polled", "0 server less known: not_here", "1 client less known: polled",
             "1 server less known: not_here"],
            id="addresses that are used again are another socket",
        ),
    ],
)  # fmt: skip
def test_a_polled_end_is_never_equal(tmp_path: Path, ladder: str, text: str, expected: list[str]) -> None:
    assert verdicts(tmp_path, ladder, text, traced=False) == expected


def test_what_the_kernel_threw_away_makes_nothing_different(tmp_path: Path) -> None:
    text = f"{CLIENT}\n{OPENED['server']}\n0.040 client TIME-WAIT"
    assert verdicts(tmp_path, CLOSED, text)[1] == "0 server different: other_steps"
    assert verdicts(tmp_path, CLOSED, text, lost=True)[1] == "0 server less known: lost"
    assert verdicts(tmp_path, CLOSED, text, whole=False)[1] == "0 server less known: lost"


def test_what_was_there_before_the_kernel_was_watched_is_held_from_then_on(tmp_path: Path) -> None:
    late = "\n".join(line for line in CLIENT.splitlines() if line >= "0.03")
    assert verdicts(tmp_path, CLOSED, f"{late}\n0.04 client TIME-WAIT", since="0.025") == [
        "0 client less known: log_late",
        "0 server less known: outside",
    ]
