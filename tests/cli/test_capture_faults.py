"""``tcptrace capture``: whose rights it has, and what it says where something is in its way."""

import os
import pwd
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tcptrace.cli.command_line import run
from tests.cli.test_capture import records
from tests.live import (
    ROOT,
    TCPTRACE,
    WAIT_S,
    capture,
    frames_of,
    needs_root,
    open_to_all,
    serving,
    unprivileged,
)

pytestmark = needs_root


@pytest.mark.parametrize(
    ("options", "surroundings", "becomes"),
    [
        ([], {}, 0),
        (["-Z", "nobody"], {}, pwd.getpwnam("nobody").pw_uid),
        ([], {"SUDO_UID": "12345", "SUDO_GID": "23456", "SUDO_USER": "no-such-name"}, 12345),
        (["-Z", "root"], {"SUDO_UID": "12345", "SUDO_GID": "23456"}, 0),
        ([], {"SUDO_UID": "0", "SUDO_GID": "0", "SUDO_USER": "root"}, 0),
    ],
)
def test_root_s_rights_are_given_up_once_all_is_open(
    options: list[str], surroundings: dict[str, str], becomes: int
) -> None:
    with open_to_all() as (prefix, folder), serving() as server:
        path = folder / "x"
        words = ("-i", "lo", *options, "-w", path, "-C", "1", "--summary", f"tcp port {server.port}")
        process = capture(*words, prefix=prefix, env={**os.environ, **surroundings})
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        )
        server.visit(200, octets=4000)  # a second file, which the user makes
        process.interrupt()
        ended, out, _ = process.finish()
        files = sorted(folder.iterdir())
        assert [file.stat().st_uid for file in files] == [becomes] * 2
    assert {int(uid) for uid in status["Uid"].split()} == {becomes}
    assert (int(status["CapEff"], 16) == 0) == (becomes != 0)
    assert (ended, out.splitlines()[0]) == (0, b"200 connections")


def test_where_the_user_may_make_no_second_file_that_is_said_before_the_first_is_full() -> None:
    with open_to_all() as (prefix, folder):
        folder.chmod(0o755)
        command = [*prefix, *TCPTRACE, "capture", "-i", "lo", "-Z", "nobody", "-C", "1", "-w", folder / "x"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"tcptrace: {folder}: the user nobody may make no files there, which take turns (-C, -G); choose another "
        "folder (-w), or -Z root\n"
    )


def test_nobody_is_become_unasked_who_could_not_read_this_program() -> None:
    closed = Path(tempfile.mkdtemp())  # for its owner, root
    try:
        shutil.copytree(ROOT / "tcptrace", closed / "tcptrace")
        surroundings = {**os.environ, "PYTHONPATH": str(closed), "SUDO_UID": "12345", "SUDO_GID": "23456"}
        command = [TCPTRACE[0], "-m", "tcptrace", "capture", "-i", "lo", "--duration", "0.1", "--summary"]
        done = subprocess.run(
            command, cwd=closed, env=surroundings, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    finally:
        shutil.rmtree(closed)


def test_a_full_disk_is_one_line_and_the_file_is_whole_to_there(tmp_path: Path) -> None:
    path = tmp_path / "full"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_001, 20_001))

    with serving() as server:
        process = capture("-i", "lo", "-w", path, "--json", f"tcp port {server.port}", preexec_fn=limit)
        server.visit(20, octets=2000)
        status, out, err = process.finish()
    assert status == 3
    assert err.splitlines()[-1].startswith(f"tcptrace: {path}: File too large; ")
    assert records(out)[-1]["complete"] is False
    assert 0 < path.stat().st_size < 20_001
    assert frames_of(path)


def test_dev_full_is_one_line() -> None:
    done = subprocess.run(
        [*TCPTRACE, "capture", "-i", "lo", "-w", "/dev/full", "-c", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert [line for line in done.stderr.splitlines() if "/dev/full" in line] == done.stderr.splitlines()[-1:]


def test_a_reader_that_leaves_ends_the_capture() -> None:
    with serving() as server:
        process = capture("-i", "lo", "-w", "-", f"tcp port {server.port}")
        process.leave()
        server.visit()
        status, _, err = process.finish()
    assert status == 0
    assert err.splitlines()[-1] == "tcptrace: standard output: its reader has gone; the capture ends"


def test_no_such_interface_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["capture", "-i", "nosuch0"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tcptrace: nosuch0: no such interface; there are lo, ")


def test_a_file_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["capture", "-i", "lo", "-w", str(tmp_path / "none" / "x")]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("cannot be written: No such file or directory; choose another file (-w)")


def test_without_permission_one_line_names_both_ways_out() -> None:
    with unprivileged() as (prefix, folder):
        done = subprocess.run(
            [*prefix, *TCPTRACE, "capture", "-i", "lo", "-w", str(folder / "x")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3
        assert done.stderr == (
            "tcptrace: lo: no permission to capture; run it with sudo, or let tcpdump capture: "
            "sudo tcpdump -i lo -U -w - | tcptrace analyze -\n"
        )
        assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "-i: missing"),
        (["-i", "lo", "--duration", "0"], "--duration 0: no time"),
        (["-i", "lo", "--duration", "nan"], "--duration nan: no time"),
        (["-i", "lo", "-w", "-", "--json"], "--json: -w - writes no results"),
        (["-i", "lo", "-w", "x", "--no-results", "--csv"], "--csv: --no-results writes no results"),
        (["-i", "lo", "--live", "--summary"], "--live: --summary tells no steps"),
        (["-i", "lo", "--live", "-w", "-"], "--live: -w - writes no results"),
        (["-i", "lo", "--no-results"], "--no-results: nothing would come out"),
        (["-i", "lo", "tcp", "port", "nonsense("], "filter"),
        (["-i", "lo", "-c", "0"], "-c: "),
        (["-i", "lo", "-B", "0"], "-B: 0 is not in the range 1<=x<=2097151"),
        (["-i", "lo", "-B", "2097152"], "-B: 2097152 is not in the range 1<=x<=2097151"),
        (["-i", "lo", "-i", "any", "--promiscuous"], "--promiscuous: not with -i any"),
        (["-i", "lo", "-Z", "no-such-user"], "-Z no-such-user: no such user"),
        (["-i", "lo", "-C", "1"], "-C: no files without a name"),
        (["-i", "lo", "-w", "-", "-G", "1"], "-G: no files without a name"),
        (["-i", "lo", "-w", "x", "-W", "2"], "-W: of one file there is no next"),
        (["-i", "lo", "-F", "snoop"], "-F: "),
    ],
)
def test_a_wrong_command_line_is_one_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["capture", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tcptrace: {said}")
