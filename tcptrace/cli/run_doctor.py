"""What ``tcptrace doctor`` does: one function a line, in one list."""

import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from typing import NamedTuple

from tcptrace import kernels
from tcptrace.cli import terminal
from tcptrace.kernel.tracepoint import Tracepoint
from tcptrace.model.errors import InputError
from tcptrace.show.text import escape
from tcptrace.source.filter_libpcap import find_compiler
from tcptrace.source.interface import find_interface
from tcptrace.source.kernel_filter import keep_none
from tcptrace.source.messages import Messages
from tcptrace.source.packet_socket import PacketSocket
from tcptrace.source.ring import Ring

_LIMIT_S = 30
# By itself, for it must be a process without threads, and it does not come back.
_ENTER = "from tcptrace.kernel.namespace import enter_private_network as e; e()"
_WIDTH = 17


class Found(NamedTuple):
    """The outcome of one look."""

    works: bool
    words: str  # what there is, or what is missing and what to do


class Look(NamedTuple):
    """A line of the report."""

    name: str
    look: Callable[[], Found]


def run() -> None:
    """Look at everything and write a line each."""
    out = terminal.Output(terminal.Progress(), prompt=True)
    for row in (*LOOKS, *(Look(package, _package(package, use)) for package, use in PACKAGES.items())):
        works, words = row.look()
        out.write_text(f"{'ok' if works else '--'}  {row.name:<{_WIDTH}} {escape(words)}\n")


def _compiled() -> Found:
    if kernels.describe() == "compiled":
        return Found(True, "the hot files run compiled")
    return Found(
        False,
        "the hot files run as plain Python, far slower; install gcc and python3-dev, then tcptrace again",
    )


def _socket(kind: type[PacketSocket], words: str) -> Callable[[], Found]:
    """Return a look at one way of capturing, on lo."""

    def look() -> Found:
        try:
            kind(find_interface("lo"), keep_none(), False).close()
        except InputError as error:
            return Found(False, str(error))
        return Found(True, words)

    return look


def _private_network() -> Found:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ENTER], capture_output=True, text=True, check=False, timeout=_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Found(False, f"could not be tried: {error}")
    if done.returncode == 0:
        return Found(True, "`tcptrace run` works for whoever asks here")
    said = done.stderr.strip().splitlines()[-1:] or ["refused"]
    return Found(False, f"{said[0].split(': ', 1)[-1]}; `tcptrace run` will not work")


def _filter() -> Found:
    compiler = find_compiler()
    if compiler is None:
        return Found(
            False,
            "neither libpcap nor cypcap: filters know the plain words only; install libpcap0.8 or tcptrace[filter]",
        )
    return Found(True, f"filters in tcpdump's language, compiled by {compiler.name}")


def _states() -> Found:
    try:
        Tracepoint(0, 0).close()
    except InputError as error:
        return Found(False, f"{error}; without, --verify polls and can claim less")
    return Found(True, "the kernel's own state changes can be traced (--verify)")


def _package(name: str, use: str) -> Callable[[], Found]:
    """Return a look at a package of Python, which is not imported for that."""

    def look() -> Found:
        try:
            there = find_spec(name) is not None
        except (ImportError, ValueError):  # the package around it is missing
            there = False
        if not there:
            return Found(False, f"{use}: missing; pip install {name}")
        try:
            return Found(True, f"{use} ({metadata.version(name)})")
        except metadata.PackageNotFoundError:  # part of Python
            return Found(True, use)

    return look


LOOKS = (
    Look("compiled code", _compiled),
    Look("packet socket", _socket(Messages, "may capture on this machine")),
    Look("ring", _socket(Ring, "frames come by shared memory")),
    Look("private network", _private_network),
    Look("filters", _filter),
    Look("kernel's states", _states),
)
# Module -> what it is for.
PACKAGES = {
    "matplotlib": "pictures",
    "rich": "ladders in the terminal",
    "dpkt": "the application layer",
    ("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"): "captures packed by zstd",
    "lz4": "captures packed by lz4",
    "cypcap": "filters where there is no libpcap",
}
