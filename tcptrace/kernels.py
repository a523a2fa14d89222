"""Choose between a hot module and its compiled twin.

The hot files (see ``setup.py``) are plain typed Python; Cython builds the same file under
``tcptrace._compiled``. ``load`` gives the twin where it was built from the very source that lies here, else
the plain module; ``TCPTRACE_PLAIN=1`` forces the plain one. Both forms can be imported in one process, which
is how the tests compare them.
"""

import os
import sys

try:
    from _imp import source_hash
except ImportError:  # not every Python has it by that name

    def source_hash(key: int, source: bytes) -> bytes:  # type: ignore[misc]
        """Return eight octets by which a source and a key are known."""
        from hashlib import blake2b

        return blake2b(source, digest_size=8, key=key.to_bytes(8, "little")).digest()


TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_FOLDER = os.path.dirname(__file__)
_TWINS = os.path.join(_FOLDER, "_compiled")
_INLINE = os.path.join(_FOLDER, "model", "words.pxd")  # the functions that twins take in
_SETUP = os.path.join(os.path.dirname(_FOLDER), "setup.py")  # beside the package where it is built
PYTHON, TYPES = "python", "types"  # lines of ``built.txt`` beside those of modules
_PIECE = 1 << 16  # octets that are read at once; hot files are smaller
_usable: frozenset[str] | None = None


def load(name: str) -> "ModuleType":
    """Return the module ``tcptrace.NAME``, e.g. ``load("tcp.replay")``, compiled where that is to be had."""
    module = f"tcptrace._compiled.{name}" if is_compiled(name) else f"tcptrace.{name}"
    __import__(module)
    return sys.modules[module]


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
        python, types = recorded.pop(PYTHON, ""), recorded.pop(TYPES, "")
        stale = sorted(name for name, known in recorded.items() if known != sum_of(name))
        if recorded and python != sys.implementation.cache_tag:
            stale.append(f"twins for {sys.implementation.cache_tag}")
        # Where it is installed nobody builds: types that changed there would mean nothing.
        if recorded and os.path.exists(_SETUP) and types != sum_of_types():
            stale.append("types (.pxd)")
        if stale:
            sys.stderr.write(
                f"tcptrace: compiled {', '.join(stale)} missing or older than the source: "
                "running plain Python; install again (pip install .) to rebuild\n"
            )
        _usable = frozenset() if stale else frozenset(recorded)
    return _usable


def check_sum(octets: bytes, before: int = 0) -> int:
    """Return a number of 63 bits by which octets are known, and those whose check sum is ``before`` before them.

    It is what Python knows the sources of its own compiled files by; any other would be a library to load at each start.
    """
    return int.from_bytes(source_hash(before, octets), "little") >> 1


def _recorded() -> dict[str, str]:
    """Return the check sums of ``built.txt`` by module name; empty where nothing was built."""
    try:
        lines = _content(os.path.join(_TWINS, "built.txt")).decode().splitlines()
    except OSError:
        return {}
    return dict(line.split() for line in lines)


def sum_of_types() -> str:
    """Return the check sum of all C types as they are now."""
    paths = [_INLINE]
    for folder in os.scandir(_TWINS):
        if folder.is_dir():
            paths += [os.path.join(folder.path, name) for name in os.listdir(folder.path)]
    total = 0
    for path in sorted(path for path in paths if path.endswith(".pxd")):
        total = check_sum(_content(path), total)
    return f"{total:x}"


def sum_of(name: str) -> str:
    """Return the check sum of a twin's source, or of a file whose constants twins hold, as it is now."""
    try:
        return f"{check_sum(_content(os.path.join(_FOLDER, name.replace('.', os.sep) + '.py'))):x}"
    except OSError:
        return ""


def _content(path: str) -> bytes:
    """Return a file's octets with a third of the calls that a file object makes: there are sixty at each start."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        content = piece = os.read(descriptor, _PIECE)
        while len(piece) == _PIECE:
            piece = os.read(descriptor, _PIECE)
            content += piece
    finally:
        os.close(descriptor)
    return content
