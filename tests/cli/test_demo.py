"""``tcptrace demo``: on the machine's loopback, in a private network, or from the bundled capture, and which it was."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.live import ROOT, TCPTRACE, WAIT_S, frames_of, needs_root, texts, unprivileged

STATES = (
    *("CLOSED", "SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK"),
    *("LISTEN", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"),
)
# Whether an unprivileged user may make namespaces is the administrator's choice.
ENTER = "from tcptrace.kernel.namespace import enter_private_network; enter_private_network()"


def demo(*options: str, prefix: list[str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [*(prefix or []), *TCPTRACE, "demo", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WAIT_S)


def check_ladder(out: str) -> None:
    """Hold the ladder of an HTTP exchange that the server ends to what a full exchange passes through."""
    for state in STATES:
        assert re.search(rf"(?<![\w-]){state}(?![\w-])", out), state
    assert re.search(r"stream 0, \d+ segments, .*closed \(server first\), http", out)
    assert "TIME-WAIT: the server holds" in out


def may_enter(prefix: list[str]) -> bool:
    command = [*prefix, TCPTRACE[0], "-c", ENTER]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=WAIT_S).returncode == 0


@needs_root
def test_with_permission_it_captures_on_the_machine_s_loopback(tmp_path: Path) -> None:
    path = tmp_path / "demo"
    done = demo("-w", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Captured just now on this machine's loopback:\n\n  GET /: 200, ")
    check_ladder(done.stdout)
    assert f"stream 0, {len(frames_of(path))} segments" in done.stdout
    assert done.stdout.endswith(f"\nThe frames are in {path}.\n")


def test_without_root_it_captures_in_a_private_network() -> None:
    with unprivileged() as (prefix, folder):
        if not may_enter(prefix):
            pytest.skip("kernel lacks network namespaces for users without rights")
        path = folder / "demo"
        done = demo("-w", str(path), prefix=prefix)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Captured just now on the loopback of a private network (no permission")
        check_ladder(done.stdout)
        assert f"stream 0, {len(frames_of(path))} segments" in done.stdout


def test_where_neither_is_allowed_it_shows_the_bundled_capture_and_says_why() -> None:
    with unprivileged() as (prefix, folder):
        if not may_enter(prefix):  # then there is nothing to forbid
            refused = prefix
        else:
            forbid = 'for kind in net user; do echo 0 >/proc/sys/user/max_${kind}_namespaces; done; exec "$@"'
            refused = [*prefix, "unshare", "--user", "--map-root-user", "sh", "-euc", forbid, "sh"]
        done = demo(prefix=refused)
        assert (done.returncode, done.stderr) == (0, "")
        first, ladder = done.stdout.split("\n\n", 1)
        assert first.startswith(
            "From the capture that comes with tcptrace, since nothing may be captured here ("
        )
        assert demo("--bundled").stdout.split("\n\n", 1)[1] == ladder
        check_ladder(done.stdout)
        path = folder / "demo"
        done = demo("-w", str(path), prefix=refused)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
        assert not path.exists()


def test_the_bundled_capture_is_one_that_the_demo_made() -> None:
    done = demo("--bundled", "--utc")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("From the capture that comes with tcptrace:\n\n127.0.0.1:")
    check_ladder(done.stdout)


@pytest.mark.parametrize("kind", ["ladder", "states"])
def test_the_readme_s_pictures_are_the_bundled_capture_s(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "drawn.svg"
    command = [*TCPTRACE, "plot", "tcptrace/lab/demo.pcapng", "--kind", kind, "--utc", "-o", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=WAIT_S)
    drawn = texts(path)
    assert "127.0.0.1:43580 → 127.0.0.1:60771" in " ".join(drawn)
    assert drawn == texts(ROOT / "docs" / f"demo-{kind}.svg")
    assert f"(docs/demo-{kind}.svg)" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bundled", "-w", "x"], "--bundled: "),
        (["--bundled", "--app", "echo"], "--bundled: "),
        (["-w", "-"], "-w -: "),
    ],
)
def test_a_wrong_command_line_is_one_line(options: list[str], said: str) -> None:
    done = demo(*options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"tcptrace: {said}")
