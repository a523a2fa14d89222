"""Run a command and say what it cost: CPU time by ``wait4``, memory by ``/proc``."""

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_SAMPLE_S = 0.01


class Cost(NamedTuple):
    """What one run of a command cost."""

    cpu_s: float  # user and system time of the process and of those that it waited for
    private_mib: (
        float  # highest sample of the memory of its own (anonymous, swapped or not); file pages are not in it
    )
    resident_mib: (
        float  # the kernel's own high-water mark (VmHWM) at the last sample; mapped file pages are in it
    )
    status: int
    output: str  # standard output and standard error; "" where they were thrown away


def _kib(path: str, *names: str) -> int:
    """Return the sum of the named lines of a ``/proc`` file, in KiB; 0 once the process is gone."""
    try:
        with open(path) as file:
            return sum(int(line.split()[1]) for line in file if line.partition(":")[0] in names)
    except (OSError, IndexError):
        return 0


def _as_installed() -> dict[str, str]:
    """Return the surroundings in which Python keeps what it has compiled, as pip leaves it for every user."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(
    command: list[str], cwd: Path, *, keep: bool = True, surroundings: dict[str, str] | None = None
) -> Cost:
    """Run ``command`` to its end; ``keep`` its output, else send it to ``/dev/null``."""
    with tempfile.TemporaryFile() as output:
        target = output if keep else subprocess.DEVNULL
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**_as_installed(), **(surroundings or {})},
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=subprocess.STDOUT if keep else subprocess.DEVNULL,
        )
        private = resident = 0
        while True:
            # A look takes the child's memory map for a moment; 100 a second cost it nothing to speak of.
            private = max(private, _kib(f"/proc/{process.pid}/smaps_rollup", "Anonymous", "Swap"))
            resident = max(resident, _kib(f"/proc/{process.pid}/status", "VmHWM"))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(_SAMPLE_S)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Cost(
        usage.ru_utime + usage.ru_stime,
        private / 1024,
        resident / 1024,
        process.returncode,
        text if keep else "",
    )
