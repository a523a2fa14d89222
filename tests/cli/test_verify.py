"""``--verify``: the kernel says the same of each end as the segments, and where it does not, that is said."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tcptrace.kernel.tracepoint import Tracepoint
from tcptrace.model.errors import InputError
from tcptrace.show import schema
from tests.cli.test_run import TALK, TALKING, nobody, run
from tests.live import ROOT, TCPTRACE, WAIT_S, capture, needs, needs_root, open_to_all, private_network

__all__ = ["nobody"]  # a fixture

COUNT = 1000
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.text()))
ENDINGS = [sys.executable, "-m", "tests.kernel.endings"]


@pytest.fixture(scope="module")
def _traced() -> None:
    if os.geteuid() != 0:
        pytest.skip("not root: the tracepoint needs it")
    try:
        Tracepoint(0, 0).close()
    except InputError as error:
        pytest.skip(f"kernel lacks what this needs: {error}")


def records(text: str) -> tuple[list[Any], list[Any], Any]:
    """Return connections, verdicts and the counts; the lines keep to the schema, of many the first, some, the last."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in (*lines[:5], *lines[5:-1:100], lines[-1]):
        VALIDATOR.validate(line)
    kinds = {
        kind: [line for line in lines if line["record"] == kind] for kind in ("connection", "verification")
    }
    assert lines[-1]["record"] == "verified"
    return kinds["connection"], kinds["verification"], lines[-1]


def analyze(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [*TCPTRACE, "analyze", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S)


@pytest.mark.usefixtures("_traced")
def test_a_thousand_connections_of_mixed_endings_are_to_the_kernel_what_they_are_to_the_segments(
    tmp_path: Path,
) -> None:
    done = run("--verify", "--kernel-log", tmp_path / "log", "-w", tmp_path / "frames", "--json", "--",
               *ENDINGS, str(COUNT))  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    connections, held, counts = records(done.stdout)
    ends = 2 * COUNT - sum(each["client"] == each["server"] for each in connections)
    assert len(connections) == COUNT
    assert [one for one in held if one["verdict"] != "equal"] == []
    assert (counts["source"], counts["lost"], counts["problem"]) == ("tracepoint", False, None)
    assert (counts["ends"], counts["equal"], counts["different"]) == (ends, ends, 0)
    # Each way of ending is there, in states, and none of them is a path that was not looked at.
    seen = {"-".join(word[0] + word.split("-")[-1][:1] for word in one["path"]) for one in held}
    assert len(seen) >= 12
    assert all(one["kernel_path"] is not None or len(one["path"]) == 1 for one in held)
    # What was written is verified later just so.
    again = analyze(tmp_path / "frames", "--kernel-log", tmp_path / "log", "--json")
    assert again.returncode == 0
    assert records(again.stdout)[1:] == (held, counts)
    log = (tmp_path / "log").read_text().splitlines()
    for line in (*log[:3], *log[3::200], log[-1]):
        VALIDATOR.validate(json.loads(line))


@pytest.mark.usefixtures("_traced")
def test_another_kernel_s_path_is_different_and_says_where(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run("--kernel-log", log, "-w", tmp_path / "frames", "--summary", "--", *TALKING).returncode == 0
    text = log.read_text()  # with what the machine's other networks did meanwhile
    changed = re.sub(r'("port":80\},"from":"ESTABLISHED","to":)"CLOSE-WAIT"', r'\1"FIN-WAIT-1"', text)
    assert changed != text
    log.write_text(changed)
    done = analyze(tmp_path / "frames", "--kernel-log", log)
    assert done.returncode == 1
    assert "2 ends: 1 equal, 0 less known, 1 different" in done.stdout
    wrong = done.stdout.split("different (the kernel took other steps)")[1].split("\n\n")[0].splitlines()
    assert [line.split("  ", 3)[-1].strip() for line in wrong[4:6]] == [
        "ESTABLISHED -> CLOSE-WAIT  (frame 6)",
        "CLOSE-WAIT -> LAST-ACK  (frame 7)",
    ]
    assert "-                " in wrong[4]
    assert "-                " in wrong[-1]


def test_without_root_the_kernel_is_polled_and_no_end_is_called_equal(nobody: tuple[list[str], Path]) -> None:
    kinds = ["client_first", "left_open", "reset_by_the_client", "left_half_closed"]
    done = run("--verify", "--json", "--", *ENDINGS, "12", *kinds, prefix=nobody[0])
    _, held, counts = records(done.stdout)
    assert done.returncode == 0, held
    assert (counts["source"], counts["equal"], counts["different"]) == ("polls", 0, 0)
    assert "run it as root" in counts["why_polls"]
    met = [one for one in held if one["reason"] == "polled"]
    assert any(one["kernel_path"][-1] == "TIME-WAIT" for one in met)


@needs_root
@pytest.mark.usefixtures("_traced")
def test_a_capture_that_gave_its_rights_up_still_has_its_witness_and_leaves_nothing_behind() -> None:
    with private_network() as network, open_to_all() as (opened, folder):
        log = folder / "log"
        process = capture("-i", "lo", "-Z", "nobody", "--verify", "--kernel-log", log, "--json",
                          prefix=[*network, *opened])  # fmt: skip
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert Path(f"/proc/{process.pid}").stat().st_uid != 0
        assert [Path(f"/proc/{child}").stat().st_uid for child in children] == [0]
        subprocess.run([*network, *TALKING], check=True, capture_output=True, timeout=WAIT_S)
        process.interrupt_group()
        status, out, said = process.finish()
        assert status == 0, said
        assert [one["verdict"] for one in records(out.decode())[1]] == ["equal", "equal"]
        assert log.stat().st_uid != 0
        assert not Path(f"/proc/{children[0]}").exists()


# A cable to another network, whose server answers and closes first.
CABLE = """
ip link add v0 type veth peer name v1 netns {}
ip link set v0 up && ip address add 192.0.2.1/24 dev v0
"""
FAR_END = "ip link set v1 up && ip address add 192.0.2.2/24 dev v1"
SERVE = """
import socket
with socket.create_server(("192.0.2.2", 80)) as listener:
    print("listens", flush=True)
    connection, _ = listener.accept()
    connection.sendall(b"hello")
    connection.close()
    input()
"""
VISIT = """
import socket
with socket.create_connection(("192.0.2.2", 80)) as connection:
    while connection.recv(10): pass
"""


@needs_root
@needs("ip")
@needs("nsenter")
@pytest.mark.usefixtures("_traced")
def test_on_any_interface_what_stays_on_lo_and_what_leaves_are_held_against_the_kernel() -> None:
    with private_network() as here, private_network() as there:
        subprocess.run([*here, "sh", "-ec", CABLE.format(there[1].split("=")[1])], check=True)
        subprocess.run([*there, "sh", "-ec", FAR_END], check=True)
        serving = [*there, sys.executable, "-c", SERVE]
        with subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "listens\n"
            process = capture("-i", "any", "--verify", "--json", "tcp", prefix=here)
            for script in (VISIT, TALK):
                talking = [*here, sys.executable, "-c", script]
                subprocess.run(talking, check=True, capture_output=True, timeout=WAIT_S)
            process.interrupt_group()
            status, out, said = process.finish()
            server.communicate("\n", timeout=WAIT_S)
    assert (status, "0 frames dropped" in said) == (0, True), said
    connections, held, counts = records(out.decode())
    assert [each["server"]["ip"] for each in connections] == ["192.0.2.2", "127.0.0.1"]
    verdicts = {(one["stream"], one["side"]): (one["verdict"], one["reason"]) for one in held}
    # The server over there is seen by the tracepoint, but its TIME-WAIT can only be asked for in its own network.
    assert verdicts.pop((0, "server")) == ("less known", "time_wait_missed")
    assert verdicts == {
        (0, "client"): ("equal", None),
        (1, "client"): ("equal", None),
        (1, "server"): ("equal", None),
    }
    assert counts["different"] == 0


@needs_root
@pytest.mark.usefixtures("_traced")
def test_the_witness_ends_with_a_capture_that_is_killed(tmp_path: Path) -> None:
    with private_network() as network:
        process = capture("-i", "lo", "--verify", prefix=network)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(process.pid, 9)
        process.finish()
        deadline = time.monotonic() + WAIT_S
        while any(Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert not [path for child in children
                    for path in Path("/sys/kernel/tracing/instances").glob(f"tcptrace-{child}-*")]  # fmt: skip


@needs_root
@pytest.mark.usefixtures("_traced")
def test_a_full_disk_is_said_and_nothing_is_different_for_it(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=8k none "$1"; shift; exec "$@"'
    small = ["unshare", "--mount", "sh", "-euc", mount, "sh", str(tmp_path)]
    done = run("--verify", "--json", "--kernel-log", tmp_path / "log", "--", *ENDINGS, "60", prefix=small)
    assert f"tcptrace: {tmp_path}/log: the kernel's log ends early: No space left on device\n" in done.stderr
    _, held, counts = records(done.stdout)
    assert (done.returncode, counts["different"], counts["problem"]) == (
        0,
        0,
        "the kernel's log is cut short",
    )
    assert {one["reason"] for one in held} <= {None, "lost", "outside"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no line of a kernel log in it"),
        ('{"record":"capture"}\n', "line 1 is none of a kernel log"),
        (
            '{"record":"kernel_end","until_ns":1,"polls":1,"lost":false,"problem":null}\n',
            "belongs in the first line",
        ),
        ("\udcff\n", "line 1 is none of a kernel log"),
    ],
)
def test_what_is_no_log_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "log").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = analyze("captures/http-get.pcap", "--kernel-log", tmp_path / "log")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert said in done.stderr


def test_a_log_of_another_time_makes_nothing_different(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(
        '{"record":"kernel_log","schema":1,"since_ns":5,"tracepoint":true,"reason":null,"poll_s":0.005}\n'
    )
    done = analyze("captures/http-get.pcap", "--kernel-log", tmp_path / "log", "--json")
    _, held, counts = records(done.stdout)
    assert (done.returncode, {one["reason"] for one in held}) == (0, {"outside"})
    assert counts["problem"] == "the kernel's log is cut short"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["capture", "-i", "lo", "--verify", "--csv"], "--verify: --csv has no row"),
        (["capture", "-i", "lo", "--verify", "--no-results", "-w", "x"], "--verify: it needs results"),
        (["run", "--kernel-log", "-", "true"], "--kernel-log -: "),
        (["analyze", "x", "--kernel-log", "y", "--csv"], "--kernel-log: --csv"),
    ],
)
def test_options_that_do_not_go_together_are_said(options: list[str], said: str) -> None:
    done = subprocess.run([*TCPTRACE, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tcptrace: {said}")
