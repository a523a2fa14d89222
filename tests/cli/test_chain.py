"""The whole chain, ``chain.sh``: on this machine's loopback, and in a private network without any right."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_demo import may_enter
from tests.live import ROOT, TCPTRACE, WAIT_S, needs, needs_root, texts, unprivileged

SCRIPT = Path(__file__).parent / "chain.sh"
# Whoever enters a user namespace as its root may capture on the network in it; outside, that is still nobody.
PRIVATE = [
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "sh",
    "-euc",
    'ip link set lo up; exec "$@"',
    "sh",
]


def walk(folder: Path, prefix: list[str]) -> None:
    environment = {**os.environ, "TCPTRACE": " ".join(TCPTRACE), "PYTHONPATH": str(ROOT)}
    command = [*prefix, "sh", str(SCRIPT)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=2 * WAIT_S
    )
    said = done.stdout + done.stderr + "".join(path.read_text() for path in folder.glob("*.err"))
    assert done.returncode == 0, said


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def check_what_lies_there(folder: Path) -> None:
    """Hold the chain's files to what a client that asked three times, and was closed by the server, has done."""
    assert (folder / "client.out").read_text().count("GET /picture.png: 200, ") == 3
    *live, whole = records(folder / "live.json")
    *connections, capture = records(folder / "file.json")
    assert live == connections
    assert (whole["frames"], whole["complete"]) == (capture["frames"], True)
    assert [(c["outcome"], c["closed_first"], c["application"]) for c in connections] == [
        ("closed", "server", "http")
    ] * 3
    for connection in connections:
        assert connection["path"] == {
            "client": ["CLOSED", "SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"],
            "server": ["LISTEN", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"],
        }
    assert "0 frames dropped by the kernel" in (folder / "capture.err").read_text()
    assert (folder / "chain.pcapng.expect.toml").exists()
    assert (folder / "ladder.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert {"TIME-WAIT", "rcv FIN", "active OPEN"} <= set(texts(folder / "states.svg"))


@needs_root
def test_the_chain_on_this_machine_s_loopback(tmp_path: Path) -> None:
    walk(tmp_path, [])
    check_what_lies_there(tmp_path)


@needs("ip")
@needs("unshare")
def test_the_chain_in_a_private_network_without_any_right() -> None:
    with unprivileged() as (prefix, folder):
        if not may_enter(prefix):
            pytest.skip("kernel lacks network namespaces for users without rights")
        walk(folder, [*prefix, *PRIVATE])
        check_what_lies_there(folder)
