"""The command as a process: versions, help, closed pipes and descriptors, completion, interrupts."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tcptrace.cli.app import COMMANDS
from tests.cli.stand_in import go

ROOT = Path(__file__).parent.parent.parent
CAPTURE = ROOT / "captures" / "http-get.pcap"
TCPTRACE = [sys.executable, "-m", "tcptrace"]


@pytest.fixture(autouse=True)
def plain_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twins that are older than their source say so on standard error, which is not what is tested here."""
    monkeypatch.setenv("TCPTRACE_PLAIN", "1")


def process(*args: str | Path, **more: object) -> "subprocess.CompletedProcess[str]":
    command = [*TCPTRACE, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, **more)  # type: ignore[call-overload, no-any-return]


def test_the_version_says_which_kernels_run() -> None:
    assert process("--version").stdout == "tcptrace 0.1.0 (plain Python kernels)\n"


def test_help_names_every_command_without_importing_one() -> None:
    script = (
        "import sys; from tcptrace.cli.command_line import run; status = run(['--help']); "
        "loaded = [m for m in sys.modules if m.startswith('tcptrace.cli.')]; "
        "assert sorted(loaded) == ['tcptrace.cli.' + name for name in "
        "('app', 'command_line', 'terminal')], loaded; sys.exit(status)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    for name, row in COMMANDS.items():
        assert f"  {name}" in run.stdout
        assert row.help in " ".join(run.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_of_the_table_has_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = go(capsys, name, "--help")
    assert (status, err) == (0, "")
    assert f"tcptrace {name}" in out


def test_the_schema_that_is_printed_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = go(capsys, "schema")
    assert status == 0
    assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["analyse", "x"], f"analyse: no such command; there are {', '.join(COMMANDS)}"),
        ([str(CAPTURE)], f"write `tcptrace analyze {CAPTURE}`"),
        (["--nonsense"], "--nonsense: no such option"),
    ],
)
def test_a_wrong_command_is_one_line_with_a_hint(
    capsys: pytest.CaptureFixture[str], args: list[str], hint: str
) -> None:
    status, out, err = go(capsys, *args)
    assert (status, out) == (2, "")
    assert hint in err
    assert err.startswith("tcptrace: ")
    assert err.count("\n") == 1


def test_bash_completes_commands_options_and_states() -> None:
    def completed(words: str) -> list[str]:
        place = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        environment = {**os.environ, "_TCPTRACE_COMPLETE": "bash_complete", **place}
        return process(env=environment).stdout.split()

    assert "plain,analyze" in completed("tcptrace an")
    assert "plain,--passed" in completed("tcptrace analyze --pas")
    assert completed("tcptrace analyze --passed TIME") == ["plain,TIME-WAIT"]


@pytest.mark.parametrize("form", [["--json"], ["--csv"], []], ids=str)
def test_a_reader_that_leaves_early_is_no_error(form: list[str]) -> None:
    out, into = os.pipe()
    os.close(out)
    command = [*TCPTRACE, "analyze", str(CAPTURE), *form]
    run = subprocess.run(command, stdout=into, stderr=subprocess.PIPE, cwd=ROOT, check=False, timeout=60)
    os.close(into)
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a full device")
def test_a_full_disk_is_one_line_and_status_3() -> None:
    with open("/dev/full", "wb") as full:
        command = [*TCPTRACE, "schema"]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False, timeout=60)
    assert run.returncode == 3
    assert (
        run.stderr == b"tcptrace: standard output: No space left on device; make room, or send it elsewhere\n"
    )


def test_closed_output_is_one_line_and_status_3() -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *TCPTRACE, "schema"]
    run = subprocess.run(command, stderr=subprocess.PIPE, cwd=ROOT, check=False, timeout=60)
    assert (run.returncode, run.stderr.count(b"\n")) == (3, 1)


@pytest.mark.parametrize("target", ["no/such/file.pcap", "captures", "pyproject.toml"])
def test_no_capture_is_one_line_and_status_3(target: str) -> None:
    run = process("analyze", target)
    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr.startswith("tcptrace: ")
    assert run.stderr.count("\n") == 1
    assert target in run.stderr


def test_standard_input_a_fifo_and_a_file_give_the_same(tmp_path: Path) -> None:
    def connection(text: str) -> str:
        return text.splitlines()[0]

    by_name = process("analyze", CAPTURE, "--json")
    with CAPTURE.open("rb") as file:
        as_input = process("analyze", "-", "--json", stdin=file)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = subprocess.Popen(["sh", "-c", 'cat "$1" > "$2"', "sh", str(CAPTURE), str(fifo)])
    try:
        through_fifo = process("analyze", fifo, "--json")
    finally:
        writer.kill()  # where nobody opened the other end it would wait for ever
        writer.wait()
    assert by_name.returncode == as_input.returncode == through_fifo.returncode == 0
    assert connection(by_name.stdout) == connection(as_input.stdout) == connection(through_fifo.stdout)
    names = [json.loads(run.stdout.splitlines()[-1])["file"] for run in (by_name, as_input, through_fifo)]
    assert names == [str(CAPTURE), "-", str(fifo)]


def wait_until_read(pipe: int) -> None:
    """Wait until the process at the other end has taken what was written: then it reads, and knows interrupts."""
    deadline = time.monotonic() + 60
    while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)


@pytest.mark.parametrize(("interrupts", "status"), [(1, 0), (2, 130)])
def test_the_first_interrupt_on_a_pipe_ends_it_and_the_second_the_process(
    interrupts: int, status: int
) -> None:
    command = [*TCPTRACE, "analyze", "-", "--json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as running:
        assert running.stdin is not None
        running.stdin.write(CAPTURE.read_bytes())
        running.stdin.flush()  # and it stays open
        wait_until_read(running.stdin.fileno())
        for _ in range(interrupts):
            running.send_signal(signal.SIGINT)
            time.sleep(0.1)
        try:
            assert running.wait(timeout=10) == status
        finally:
            running.kill()
        assert running.stdout is not None
        assert running.stderr is not None
        lines = running.stdout.read().splitlines()
        assert running.stderr.read() == b""
    if status == 0:
        assert [json.loads(line)["record"] for line in lines] == ["connection", "capture"]
        assert json.loads(lines[-1])["frames"] == 14
