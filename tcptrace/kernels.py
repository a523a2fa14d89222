"""Choose between a hot module and its compiled twin.

The hot files (see ``setup.py``) are plain typed Python; Cython builds the same file under ``tcptrace._compiled``.
``load`` gives the twin where it was built from the very source that lies here, else the plain module; ``TCPTRACE_PLAIN=1``
forces the plain one. Both forms can be imported in one process, which is how the tests compare them.
"""

import os
import sys
from binascii import crc32
from importlib import import_module
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).parent
_built: dict[str, str] | None = None
_stale: set[str] = set()


def load(name: str) -> ModuleType:
    """Return the module ``tcptrace.NAME``, e.g. ``load("tcp.replay")``, compiled where that is to be had."""
    if is_compiled(name):
        return import_module(f"tcptrace._compiled.{name}")
    return import_module(f"tcptrace.{name}")


def is_compiled(name: str) -> bool:
    """Say whether ``load(name)`` gives the compiled twin."""
    if os.environ.get("TCPTRACE_PLAIN", "") not in ("", "0") or name in _stale:
        return False
    # One twin older than its source would meet the others' newer rows, so all of them go or none.
    return name in _twins() and not _stale


def describe() -> str:
    """Return ``compiled`` or ``plain``, as ``tcptrace --version`` says it."""
    return "compiled" if _twins() and is_compiled("tcp.replay") else "plain"


def _twins() -> dict[str, str]:
    """Return the check sums of ``built.txt`` by module name, having refused all twins if one is older than its source."""
    global _built  # noqa: PLW0603 - read once a process
    if _built is None:
        try:
            lines = (_FOLDER / "_compiled" / "built.txt").read_text().split("\n")
        except OSError:
            lines = []
        _built = dict(line.split(" ", 1) for line in lines if line)
        for name, recorded in _built.items():
            relative = name.replace(".", "/")
            try:
                source = (_FOLDER / f"{relative}.py").read_bytes()
                types = (_FOLDER / "_compiled" / f"{relative}.pxd").read_bytes()
            except OSError:
                source = types = b""
            if f"{crc32(types, crc32(source)):08x}" != recorded:
                _stale.add(name)
        if _stale:
            sys.stderr.write(
                f"tcptrace: compiled {', '.join(sorted(_stale))} older than the source: running plain Python; "
                "install again (pip install .) to rebuild\n"
            )
    return _built
