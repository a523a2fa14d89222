"""``tcptrace doctor`` says what works here: held against who asks, and against what was taken away."""

import os
import subprocess

import pytest

from tests.cli.test_demo import may_enter
from tests.live import ROOT, TCPTRACE, WAIT_S, needs_root, unprivileged

NAMES = [
    *("compiled code", "packet socket", "ring", "private network", "filters", "kernel's states"),
    *("matplotlib", "rich", "dpkt", "zstd", "lz4", "cypcap"),
]


def doctor(prefix: list[str], **surroundings: str) -> dict[str, tuple[bool, str]]:
    """Return each line: whether it works, and the words; the exit status is 0, whatever is missing."""
    done = subprocess.run(
        [*prefix, *TCPTRACE, "doctor"],
        cwd=ROOT,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = {}
    for line in done.stdout.splitlines():
        assert line[:4] in ("ok  ", "--  ")
        name = line[4:21].strip().removeprefix("backports.").removeprefix("compression.")
        found[name] = line[:2] == "ok", line[22:]
    assert list(found) == NAMES
    return found


@needs_root
def test_root_may_capture() -> None:
    found = doctor([])
    assert found["packet socket"] == (True, "may capture on this machine")
    assert found["ring"][0]
    assert found["private network"][0]
    assert found["kernel's states"][0] or "inet_sock_set_state" in found["kernel's states"][1]


def test_nobody_may_not_capture_and_hears_what_to_do() -> None:
    with unprivileged() as (prefix, _):
        found = doctor(prefix)
        assert found["private network"][0] == may_enter(prefix)
    for name in ("packet socket", "ring"):
        works, words = found[name]
        assert not works
        assert "sudo tcpdump -i lo -U -w - | tcptrace analyze -" in words
    works, words = found["kernel's states"]
    assert not works
    assert words.endswith("; run it as root; without, --verify polls and can claim less")


def test_a_refused_private_network_is_said_with_the_reason() -> None:
    with unprivileged() as (prefix, _):
        if not may_enter(prefix):
            pytest.skip("kernel lacks network namespaces for users without rights")
        forbid = 'for kind in net user; do echo 0 >/proc/sys/user/max_${kind}_namespaces; done; exec "$@"'
        found = doctor([*prefix, "unshare", "--user", "--map-root-user", "sh", "-euc", forbid, "sh"])
    works, words = found["private network"]
    assert not works
    assert "(No space left on device)" in words


def test_plain_kernels_and_missing_packages_are_said() -> None:
    found = doctor([], TCPTRACE_PLAIN="1")
    assert found["compiled code"][0] is False
    script = "import sys; sys.modules['lz4'] = None; from tcptrace.cli.command_line import run; sys.exit(run(['doctor']))"
    done = subprocess.run([TCPTRACE[0], "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "\n--  lz4               captures packed by lz4: missing; pip install lz4\n" in done.stdout
