"""All scenarios, played once for all tests and all of xdist's workers."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tcptrace.lab.record import record
from tcptrace.lab.recording import write
from tcptrace.lab.scenarios import SCENARIOS
from tcptrace.model.errors import InputError


def why_not() -> str | None:
    """Return why no scenario can be played here, in one line."""
    if os.geteuid() != 0:
        return "scenarios need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "kernel lacks TUN devices, or they are kept from this container"
    try:
        record({})
    except InputError as error:
        return f"kernel lacks what the scenarios need: {error}"
    return None


def recordings(factory: pytest.TempPathFactory) -> Path:
    """Return the folder with every capture and truth; who comes first plays them, the others wait."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "scenarios"
    with (shared / "scenarios.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            folder.mkdir(exist_ok=True)
            played = record(SCENARIOS)
            # A machine that is busy with something else may keep one waiting too long: once more, alone.
            failed = {one.name: SCENARIOS[one.name] for one in played if one.problem is not None}
            again = record(failed, at_once=1) if failed else []
            for recording in (*played, *again):
                list(write(recording, SCENARIOS[recording.name], folder))
            problems = {one.name: one.problem for one in again if one.problem is not None}
            (folder / "done").write_text(json.dumps(problems))
    return folder


def truth_of(folder: Path, name: str, where: str) -> Any:
    """Return what the kernel did."""
    problems = json.loads((folder / "done").read_text())
    assert name not in problems, problems[name]
    return json.loads((folder / f"{name}@{where}.truth.json").read_text())
