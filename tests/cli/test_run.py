"""``tcptrace run -- COMMAND``: a private network, captured whole, without rights; the exit status is the command's."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_demo import may_enter
from tests.live import ROOT, TCPTRACE, WAIT_S, frames_of, needs, needs_root, unprivileged

# One connection, from a port that only root may listen on elsewhere.
TALK = """
import socket
with socket.create_server(("127.0.0.1", 80)) as listener, socket.create_connection(("127.0.0.1", 80)) as client:
    server, _ = listener.accept()
    server.sendall(b"hello")
    server.close()
    print(client.recv(10).decode(), end="")
"""
TALKING = [sys.executable, "-c", TALK]


@pytest.fixture
def nobody() -> Iterator[tuple[list[str], Path]]:
    with unprivileged() as (prefix, folder):
        if not may_enter(prefix):
            pytest.skip("kernel lacks network namespaces for users without rights")
        yield prefix, folder


def run(*words: str | Path, prefix: list[str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [*(prefix or []), *TCPTRACE, "run", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S)


def test_without_root_a_command_is_captured_from_its_first_packet_to_its_last(
    nobody: tuple[list[str], Path],
) -> None:
    prefix, folder = nobody
    path = folder / "frames"
    done = run("-w", path, "--json", "--", *TALKING, prefix=prefix)
    assert done.returncode == 0
    connection, capture = map(json.loads, done.stdout.splitlines())
    assert done.stderr.splitlines() == [
        "hello" + f"{capture['frames']} frames captured",
        f"{capture['frames']} frames analysed",
        "0 frames dropped by the kernel",
    ]
    assert (connection["first_frame"], connection["last_frame"]) == (1, capture["frames"])
    assert (connection["outcome"], connection["server"]["port"]) == ("closed", 80)
    assert connection["path"]["client"][0] == "CLOSED"
    assert connection["final"] == {"client": "CLOSED", "server": "TIME-WAIT"}
    assert len(frames_of(path)) == capture["frames"]


def test_the_command_is_still_who_it_was_and_has_its_standard_output(nobody: tuple[list[str], Path]) -> None:
    prefix, _ = nobody
    done = run("--summary", "--", "sh", "-c", "id -u; ls /sys/class/net >/dev/null; exit 7", prefix=prefix)
    whoever = subprocess.run([*prefix, "id", "-u"], capture_output=True, text=True, check=True).stdout
    assert done.returncode == 7
    assert done.stdout.startswith(f"{whoever}0 connections\n")


@needs_root
def test_root_is_still_root_and_alone_on_its_loopback() -> None:
    done = run("--summary", "--", "sh", "-c", "id -u; grep -c : /proc/net/dev")
    assert (done.returncode, done.stdout.splitlines()[:3]) == (0, ["0", "1", "0 connections"])


@needs_root
@needs("ss")
def test_the_kernel_keeps_as_much_as_is_asked_for() -> None:
    done = run("-B", "5120", "--summary", "--", "ss", "-0He")
    assert (done.returncode, "ring_rx(blk_size:1048576,blk_nr:5," in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (["sh", "-c", "exit 3"], 3, ""),
        (["sh", "-c", "kill -9 $$"], 137, ""),
        (["sh", "-c", "kill -INT $$"], 130, ""),
        (["no-such-command"], 127, "tcptrace: no-such-command: no such command; check its name"),
        (["/etc"], 126, "tcptrace: /etc: cannot be run: Permission denied"),
    ],
)
def test_the_exit_status_is_the_command_s(
    nobody: tuple[list[str], Path], command: list[str], status: int, said: str
) -> None:
    done = run("--summary", "--", *command, prefix=nobody[0])
    assert done.returncode == status
    assert said in done.stderr.splitlines() or not said
    assert "Traceback" not in done.stderr


def test_where_it_is_refused_it_says_so_in_one_line(nobody: tuple[list[str], Path]) -> None:
    forbid = 'for kind in net user; do echo 0 >/proc/sys/user/max_${kind}_namespaces; done; exec "$@"'
    refused = [*nobody[0], "unshare", "--user", "--map-root-user", "sh", "-euc", forbid, "sh"]
    done = run("--", "echo", "it ran", prefix=refused)
    assert (done.returncode, done.stdout) == (3, "")
    assert (
        done.stderr
        == "tcptrace: private network: linux refuses it (No space left on device); run it with sudo\n"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [([], "COMMAND: missing"), (["-w", "-", "true"], "-w -: "), (["--no-results", "true"], "--no-results: ")],
)
def test_a_wrong_command_line_is_one_line(options: list[str], said: str) -> None:
    done = run(*options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"tcptrace: {said}")
