"""Which words are captures, several captures as one, and a capture that grows while it is read."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tcptrace.cli.inputs import split_words
from tcptrace.model.errors import UsageError

ROOT = Path(__file__).parents[2]
CAPTURE = ROOT / "captures" / "http-get.pcap"
OCTETS = CAPTURE.read_bytes()
TCPTRACE = [sys.executable, "-m", "tcptrace"]
PATIENCE_S = 30.0


def tcptrace(*args: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*TCPTRACE, *args], cwd=ROOT, input=stdin, capture_output=True, check=False, timeout=60
    )


def records_of(octets: bytes) -> list[bytes]:
    """The records of a pcap file of microseconds, little endian."""
    at, found = 24, []
    while at < len(octets):
        end = at + 16 + int.from_bytes(octets[at + 8 : at + 12], "little")
        found.append(octets[at:end])
        at = end
    return found


@pytest.mark.parametrize(
    ("words", "named", "files", "rest"),
    [
        (["a"], [], ["a"], ""),
        (["a", "port", "80"], [], ["a"], "port 80"),
        (["a", "b.pcap", "c.pcap.zst", "tcp"], [], ["a", "b.pcap", "c.pcap.zst"], "tcp"),
        (["a", "b.pcap"], ["r1", "r2"], ["r1", "r2"], "a b.pcap"),
        (["port", "80"], ["r1"], ["r1"], "port 80"),
        (["here", "here", "tcp", "here"], [], ["here", "here"], "tcp here"),
        (["x", "-", "tcp"], [], ["x", "-"], "tcp"),
        (["x", "folder"], [], ["x"], "folder"),
    ],
    ids=str,
)
def test_words_are_captures_as_long_as_they_name_files(
    words: list[str],
    named: list[str],
    files: list[str],
    rest: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("here", "tcp"):  # a file called like a word of the filter is not meant
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert split_words(words, named) == (tuple(files), rest)


def test_no_word_is_an_error() -> None:
    with pytest.raises(UsageError):
        split_words([], [])


def test_a_capture_in_parts_is_the_capture(tmp_path: Path) -> None:
    records = records_of(OCTETS)
    names = ["ring.pcap1", "ring.pcap0", "ring.pcap2"]
    for at, name in enumerate(names):
        (tmp_path / name).write_bytes(OCTETS[:24] + b"".join(records[at::3]))
    whole = tcptrace("analyze", CAPTURE, "--json", "--frames").stdout.splitlines()
    paths = sorted(tmp_path.iterdir())
    by_r = [word for path in paths for word in ("-r", str(path))]
    for args in (paths, by_r, [*by_r[:2], *paths[1:], "tcp"]):
        parts = tcptrace("analyze", *args, "--json", "--frames")
        assert parts.returncode == 0, parts.stderr
        assert parts.stdout.splitlines()[:-1] == whole[:-1]
    capture = json.loads(parts.stdout.splitlines()[-1])
    assert capture["file"] == ", ".join(map(str, paths))
    assert (capture["frames"], capture["format"]) == (14, "pcap")
    for args in (["show"], ["show", "--frame", "9"]):
        assert tcptrace(*args, *paths).stdout == tcptrace(*args, CAPTURE).stdout


def test_a_pipe_may_be_one_of_several(tmp_path: Path) -> None:
    records = records_of(OCTETS)
    part = tmp_path / "part.pcap"
    part.write_bytes(OCTETS[:24] + b"".join(records[::2]))
    rest = OCTETS[:24] + b"".join(records[1::2])
    done = tcptrace("analyze", part, "-", "--json", stdin=rest)
    alone = tcptrace("analyze", CAPTURE, "--json")
    assert done.stdout.splitlines()[0] == alone.stdout.splitlines()[0]
    assert tcptrace("show", "-", part, "--frame", "3", stdin=rest).stdout == (
        tcptrace("show", CAPTURE, "--frame", "3").stdout
    )


def test_the_first_interrupt_ends_all_pipes(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    records = records_of(OCTETS)
    command = [*TCPTRACE, "analyze", "-", str(fifo), "--json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as running:
        assert running.stdin is not None
        with fifo.open("wb") as feed:
            running.stdin.write(OCTETS[:24] + b"".join(records[::2]))
            running.stdin.flush()
            feed.write(OCTETS[:24] + b"".join(records[1::2]))
            feed.flush()  # and both stay open
            time.sleep(1.0)
            running.send_signal(signal.SIGINT)
            try:
                assert running.wait(timeout=PATIENCE_S) == 0
            finally:
                running.kill()
        assert running.stdout is not None
        assert json.loads(running.stdout.read().splitlines()[-1])["frames"] == 14


@contextmanager
def following(path: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [*TCPTRACE, "analyze", str(path), "--follow", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as running:
        try:
            yield running
        finally:
            running.kill()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_read(running: subprocess.Popen[bytes], path: Path, size: int) -> bool:
    """Say whether the process has read so far in the file (proc_pid_fdinfo(5))."""
    folder = Path(f"/proc/{running.pid}")
    try:
        for link in (folder / "fd").iterdir():
            if os.path.samefile(link, path):
                return f"pos:\t{size}\n" in (folder / "fdinfo" / link.name).read_text()
    except OSError:
        pass
    return False


def ended(running: subprocess.Popen[bytes]) -> tuple[int, list[dict[str, object]], str]:
    out, err = running.communicate(timeout=PATIENCE_S)
    return running.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


def test_a_file_that_grows_is_followed_until_an_interrupt(tmp_path: Path) -> None:
    path = tmp_path / "grows.pcap"
    path.touch()
    with following(path) as running, path.open("ab", buffering=0) as file:
        for at in range(0, len(OCTETS), 700):
            file.write(OCTETS[at : at + 700])
            until(lambda: has_read(running, path, path.stat().st_size))
        running.send_signal(signal.SIGINT)
        status, records, err = ended(running)
    assert (status, err) == (0, "")
    assert [record["record"] for record in records] == ["connection", "capture"]
    assert (records[0]["outcome"], records[1]["frames"], records[1]["complete"]) == ("closed", 14, True)


def test_a_file_cut_while_it_is_followed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "grows.pcap"
    path.write_bytes(OCTETS)
    with following(path) as running:
        until(lambda: has_read(running, path, len(OCTETS)))
        os.truncate(path, 24)
        status, records, err = ended(running)
    assert (status, records[-1]["frames"], records[-1]["complete"]) == (0, 14, False)
    assert err == (
        f"tcptrace: incomplete: {path}: reading failed at offset {len(OCTETS)}: the file was cut to 24 octets "
        "while it was followed; follow it again\n"
    )


@pytest.mark.parametrize(
    ("successor", "told"),
    [
        (True, "the file was rotated away: its name is another file's"),
        (False, "the file was removed or renamed"),
    ],
)
def test_a_file_rotated_away_is_read_to_its_end_and_told(successor: bool, told: str, tmp_path: Path) -> None:
    path = tmp_path / "grows.pcap"
    path.write_bytes(OCTETS[:-100])
    with following(path) as running:
        until(lambda: has_read(running, path, len(OCTETS) - 100))
        with path.open("ab") as file:
            path.rename(tmp_path / "grows.pcap.1")
            file.write(OCTETS[-100:])
        if successor:
            path.write_bytes(OCTETS[:24])
        status, records, err = ended(running)
    assert (status, records[-1]["complete"]) == (0, False)
    assert records[-1]["frames"] in (13, 14)  # what came behind the rename may or may not have been seen
    assert told in err or "removed or renamed" in err
    assert err.count("\n") == 1


def test_what_cannot_be_followed_is_one_line(tmp_path: Path) -> None:
    for args, status in ((["-"], 2), ([CAPTURE, CAPTURE], 2), ([tmp_path / "missing"], 3), ([tmp_path], 3)):
        done = tcptrace("analyze", "--follow", *args)
        assert done.returncode == status
        assert done.stdout == b""
        assert done.stderr.count(b"\n") == 1
