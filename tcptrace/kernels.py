"""Choose between a hot module and its compiled twin.

The hot files (see ``setup.py``) are plain typed Python; Cython builds the same file under ``tcptrace._compiled``.
``load`` gives the twin where it was built from the very source that lies here, else the plain module; ``TCPTRACE_PLAIN=1``
forces the plain one. Both forms can be imported in one process, which is how the tests compare them.
"""

import os
import sys
from binascii import crc32
from importlib import import_module
from types import ModuleType

_FOLDER = os.path.dirname(__file__)
_TWINS = os.path.join(_FOLDER, "_compiled")
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
        stale = sorted(name for name, sums in recorded.items() if _sums(name) != sums)
        if recorded and not stale:
            stale = sorted(name for name in _wanted() if name not in recorded)
        if stale:
            sys.stderr.write(
                f"tcptrace: compiled {', '.join(stale)} missing or older than the source: running plain Python; "
                "install again (pip install .) to rebuild\n"
            )
        _usable = frozenset() if stale else frozenset(recorded)
    return _usable


def _recorded() -> dict[str, str]:
    """Return the check sums of ``built.txt`` by module name; empty where nothing was built."""
    try:
        with open(os.path.join(_TWINS, "built.txt"), encoding="ascii") as file:
            return dict(line.split() for line in file)
    except OSError:
        return {}


def _sums(name: str) -> str:
    """Return the check sum of a twin's sources as they are now."""
    path = name.replace(".", os.sep)
    try:
        with open(os.path.join(_FOLDER, path + ".py"), "rb") as file:
            source = file.read()
        with open(os.path.join(_TWINS, path + ".pxd"), "rb") as file:
            types = file.read()
    except OSError:
        return ""
    return f"{crc32(types, crc32(source)):08x}"


def _wanted() -> list[str]:
    """Return the names of all twins that there could be."""
    found = []
    for folder in os.scandir(_TWINS):
        if folder.is_dir():
            found += [f"{folder.name}.{entry.name[:-4]}" for entry in os.scandir(folder) if entry.name.endswith(".pxd")]
    return found
