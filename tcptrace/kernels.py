"""Choose between a hot module and its compiled twin.

The hot files (see ``setup.py``) are plain typed Python; Cython builds the same file under
``tcptrace._compiled``. ``load`` gives the twin where it was built from the very source that lies here, else
the plain module; ``TCPTRACE_PLAIN=1`` forces the plain one. Both forms can be imported in one process, which
is how the tests compare them.
"""

import os
import sys
from binascii import crc32
from importlib import import_module
from types import ModuleType

_FOLDER = os.path.dirname(__file__)
_TWINS = os.path.join(_FOLDER, "_compiled")
_INLINE = os.path.join(_FOLDER, "model", "words.pxd")  # the functions that twins take in
_usable: frozenset[str] | None = None


def load(name: str) -> ModuleType:
    """Return the module ``tcptrace.NAME``, e.g. ``load("tcp.replay")``, compiled where that is to be had."""
    if is_compiled(name):
        return import_module(f"tcptrace._compiled.{name}")
    return import_module(f"tcptrace.{name}")


def is_compiled(name: str) -> bool:
    """Say whether ``load(name)`` gives the compiled twin."""
    if os.environ.get("TCPTRACE_PLAIN", "") not in ("", "0"):
        return False
    return name in _twins()


def describe() -> str:
    """Return ``compiled`` or ``plain``, as ``tcptrace --version`` says it."""
    return "compiled" if is_compiled("tcp.replay") else "plain"


def _twins() -> frozenset[str]:
    """Return the names of the twins that may be used: all of them or none, for they share their rows."""
    global _usable  # noqa: PLW0603 - looked at once a process
    if _usable is None:
        recorded = _recorded()
        stale: list[str] = []
        if recorded:
            types = _types()
            stale = sorted(
                name for name in {*recorded, *types[1]} if recorded.get(name) != _sums(name, types[0])
            )
        if stale:
            sys.stderr.write(
                f"tcptrace: compiled {', '.join(stale)} missing or older than the source: "
                "running plain Python; install again (pip install .) to rebuild\n"
            )
        _usable = frozenset() if stale or not recorded else frozenset(types[1])
    return _usable


def _recorded() -> dict[str, str]:
    """Return the check sums of ``built.txt`` by module name; empty where nothing was built."""
    try:
        with open(os.path.join(_TWINS, "built.txt"), encoding="ascii") as file:
            return dict(line.split() for line in file)
    except OSError:
        return {}


def _types() -> tuple[int, list[str]]:
    """Return the check sum of all C types, and the names of all twins that there could be."""
    names = []
    for folder in os.scandir(_TWINS):
        if folder.is_dir():
            names += [
                f"{folder.name}/{entry.name}" for entry in os.scandir(folder) if entry.name.endswith(".pxd")
            ]
    total = 0
    for path in (*(os.path.join(_TWINS, name) for name in sorted(names)), _INLINE):
        with open(path, "rb") as file:
            total = crc32(file.read(), total)
    return total, [name[:-4].replace("/", ".") for name in names]


def _sums(name: str, types: int) -> str:
    """Return the check sum of a twin's source and all types as they are now."""
    try:
        with open(os.path.join(_FOLDER, name.replace(".", os.sep) + ".py"), "rb") as file:
            return f"{crc32(file.read(), types):08x}"
    except OSError:
        return ""
