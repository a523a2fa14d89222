"""``tcptrace sockets``: what `ss`, `lsof` and /proc say of the kernel's sockets, and the capture's states beside it."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tcptrace.show import schema
from tests.live import ROOT, TCPTRACE, WAIT_S, needs, needs_root, private_network

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.text()))
# `ss` writes these states in its own words.
WORDS = {"ESTAB": "ESTABLISHED", "SYN-RECV": "SYN-RECEIVED"}
# And `lsof` these.
LSOF_WORDS = {"CLOSE_WAIT": "CLOSE-WAIT", "FIN_WAIT2": "FIN-WAIT-2"}
TIMERS = {
    "keepalive": "keep-alive",
    "on": "retransmission",
    "timewait": "TIME-WAIT",
    "persist": "zero-window probe",
}
# Captures while it opens connections, leaves each in another state, and waits for a word to end.
SCENE = """
import socket, subprocess, sys, time
path, *capture = sys.argv[1:]
taken = subprocess.Popen([*capture, "-i", "lo", "-w", path, "--no-results"], stderr=subprocess.PIPE, text=True)
while "listening on" not in taken.stderr.readline(): pass
listener = socket.create_server(("127.0.0.1", 0))
pairs = []
for _ in range(4):
    client = socket.create_connection(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
pairs[0][0].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
pairs[0][0].sendall(b"unread")
pairs[1][0].close(); pairs[1][1].recv(1); pairs[1][1].close()  # TIME-WAIT
pairs[2][0].shutdown(socket.SHUT_WR)
FIN_WAIT_2 = 5
while pairs[2][0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != FIN_WAIT_2:  # the ACK takes its time
    time.sleep(0.01)
taken.terminate()
taken.communicate()
pairs[3][1].close()  # after the capture
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[str], Path]]:
    """Give what to put before a command to be in the network, and the capture."""
    path = tmp_path_factory.mktemp("sockets") / "frames"
    with private_network() as network:
        played = subprocess.Popen(
            [*network, sys.executable, "-c", SCENE, str(path), *TCPTRACE, "capture"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert played.stdout is not None
            assert played.stdout.readline() == "ready\n"
            yield network, path
        finally:
            played.communicate("\n", timeout=WAIT_S)


def sockets(prefix: list[str], *words: str | Path) -> str:
    done = subprocess.run(
        [*prefix, *TCPTRACE, "sockets", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def read(text: str) -> list[Any]:
    rows = [json.loads(line) for line in text.splitlines()]
    for row in rows:
        VALIDATOR.validate(row)
    return rows


@needs_root
@needs("ss")
def test_each_socket_is_what_ss_says_of_it(scene: tuple[list[str], Path]) -> None:
    rows = read(sockets(scene[0], "--json"))
    asked = subprocess.run([*scene[0], "ss", "-tanpoe"], capture_output=True, text=True, check=True).stdout
    theirs = set()
    for line in asked.splitlines()[1:]:
        state, received, unacked, local, remote = line.split()[:5]
        timer = re.search(r"timer:\((\w+),", line)
        pids = tuple(sorted(map(int, re.findall(r"pid=(\d+)", line))))
        fds = tuple(sorted(map(int, re.findall(r"fd=(\d+)", line))))
        theirs.add((WORDS.get(state, state), int(received), int(unacked), local, remote.replace("*", "0"),
                    TIMERS[timer[1]] if timer else None, pids, fds))  # fmt: skip
    ours = {
        (row["state"], row["received_bytes"], row["unacked_bytes"],
         *("{ip}:{port}".format(**row[end]) for end in ("local", "remote")), row["timer"],
         tuple(sorted(each["pid"] for each in row["processes"])), tuple(sorted(each["fd"] for each in row["processes"])))
        for row in rows
    }  # fmt: skip
    assert ours == theirs
    assert {"LISTEN", "ESTABLISHED", "TIME-WAIT", "CLOSE-WAIT", "FIN-WAIT-2"} <= {
        row["state"] for row in rows
    }
    assert {row["stream"] for row in rows} == {None}


@needs_root
@needs("lsof")
def test_each_process_has_the_sockets_that_lsof_says_it_has(scene: tuple[list[str], Path]) -> None:
    asked = [*scene[0], "lsof", "-n", "-P", "-i", "TCP", "-F", "pfnT"]
    fields = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    theirs, pid, fd, name = set(), 0, 0, ""
    for (
        field
    ) in fields:  # lsof(8): a letter and its value; a process has files, a file its name before its TCP words
        if field[0] == "p":
            pid = int(field[1:])
        elif field[0] == "f":
            fd = int(field[1:])
        elif field[0] == "n":
            name = field[1:]
        elif field.startswith("TST="):
            local, _, remote = name.partition("->")
            theirs.add((pid, fd, LSOF_WORDS.get(field[4:], field[4:]), local, remote or "0.0.0.0:0"))
    ours = {
        (each["pid"], each["fd"], row["state"],
         *("{ip}:{port}".format(**row[end]) for end in ("local", "remote")))
        for row in read(sockets(scene[0], "--json"))
        for each in row["processes"]
    }  # fmt: skip
    assert ours == theirs
    assert (
        len(ours) == 6
    )  # a listener, two pairs, and the end of one whose other end is closed: that is nobody's


@needs_root
def test_beside_a_capture_each_end_has_its_inferred_state(scene: tuple[list[str], Path]) -> None:
    rows = read(sockets(scene[0], scene[1], "--json"))
    found = {(row["stream"], row["side"]): (row["state"], row["inferred"], row["agrees"]) for row in rows}
    assert found.pop((None, None)) == ("LISTEN", None, None)
    same = {
        (0, "client"): "ESTABLISHED",
        (0, "server"): "ESTABLISHED",
        (1, "client"): "TIME-WAIT",
        (2, "client"): "FIN-WAIT-2",
        (2, "server"): "CLOSE-WAIT",
    }
    assert {end: one for end, one in found.items() if end[0] != 3} == {
        end: (state, state, True) for end, state in same.items()
    }
    assert found[3, "client"] == ("CLOSE-WAIT", "ESTABLISHED", False)
    table = sockets(scene[0], scene[1])
    assert "8 sockets, 7 in the capture, 2 of these in another state now\n" in table
    assert re.search(r"^CLOSE-WAIT +ESTABLISHED +3 ", table, re.MULTILINE)


@needs_root
def test_a_live_capture_and_a_state_can_be_asked_for(scene: tuple[list[str], Path]) -> None:
    out = sockets(scene[0], "-i", "lo", "--duration", "0.2", "--state", "listen")
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["KERNEL", "INFERRED", "STREAM"]
    assert [line.split()[0] for line in lines[1:-2]] == ["LISTEN"]
    assert lines[-1] == "1 socket, 0 in the capture, 0 of these in another state now"


def test_anybody_sees_the_own_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (row,) = [
            row
            for row in read(sockets([], "--json", "--state", "LISTEN"))
            if row["local"]["port"] == listener.getsockname()[1]
        ]
        assert [os.getpid(), listener.fileno()] in [[one["pid"], one["fd"]] for one in row["processes"]]


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["-i", "lo", "-r", "x"], 2, "-i and -r: two captures; choose one"),
        (["-i", "lo", "--duration", "0"], 2, "--duration 0: no time"),
        (["no-such-file"], 3, "no-such-file: "),
    ],
)
def test_what_cannot_be_is_one_line(options: list[str], status: int, said: str) -> None:
    done = subprocess.run(
        [*TCPTRACE, "sockets", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1)
    assert done.stderr.startswith(f"tcptrace: {said}")
