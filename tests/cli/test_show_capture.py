"""``tcptrace show`` on captures. Truth: the normative example, drawn up by hand in ``samples``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tcptrace.model.records import Finding
from tcptrace.show.ladder import ladder
from tcptrace.show.paint import plain
from tests.show.samples import sample

ROOT = Path(__file__).parents[2]
HTTP = ROOT / "captures" / "http-get.pcap"
LISTING = ROOT / "captures" / "http-get.txt"
KERNEL = sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))
REAL = ROOT.parent / "shared" / "data" / "real"
FILES = [*KERNEL, *(sorted(REAL.glob("*.*cap*")) if REAL.is_dir() else [])]


def shown(*args: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run the command as a process of its own, with pipes at both ends."""
    env = {**os.environ, "PYTHONUTF8": "1"}
    env.pop("COLUMNS", None)
    command = [sys.executable, "-m", "tcptrace", "show", *args]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=ROOT, env=env)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def body(text: str) -> list[str]:
    """Return the rows with lifelines."""
    return [line for line in text.splitlines() if line.count("│") == 2 or line.count("┊") == 2]


@pytest.mark.parametrize("path", [HTTP, LISTING], ids=lambda path: path.name)
@pytest.mark.parametrize("fold", [True, False])
def test_the_seed_exchange_is_the_normative_example(path: Path, fold: bool) -> None:
    connection, segments = sample("http")
    words = "the window goes from 65,535 to 408,288 bytes, with nothing new acknowledged since frame 2, 21 µs earlier"
    update = Finding(4, "server", "window_update", "note", f"{words} (RFC 9293 3.8.6)")
    connection = replace(connection, findings=[update])
    want = body("\n".join(plain(line) for line in ladder(connection, segments, fold=fold)))
    status, out, _ = shown(str(path), *([] if fold else ["--all"]))
    assert status == 0
    assert body(out) == want


@pytest.mark.parametrize("args", [["-"], ["-", "--frame", "13"], ["-", "--explain"]], ids=" ".join)
def test_a_pipe_is_read_and_spooled_where_it_is_needed_twice(args: list[str]) -> None:
    status, out, _ = shown(*args, stdin=HTTP.read_bytes())
    assert status == 0
    assert "TIME-WAIT" in out


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_any_capture_fits_eighty_columns_and_nothing_unprintable_is_written(path: Path) -> None:
    for args in (["--stream", "0"], ["--stream", "0", "--explain"], ["--frame", "1"]):
        status, out, err = shown(str(path), *args)
        assert status == 0, (args, err)
        lines = out.splitlines()
        assert lines
        assert all(len(line) <= 80 and line.isprintable() for line in lines)
