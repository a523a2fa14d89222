"""Imports go one way, at whatever depth of the code they stand, and the main road loads nothing heavy."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tcptrace"

# The house's plan: what each layer may import beside itself. A layer sees all that lies below it on its road.
_READING = {"source", "wire", "model"}
_REPLAY = {"tcp", "flow", "model"}
_ANALYSIS = _READING | _REPLAY | {"find", "measure"}
ALLOWED: dict[str, set[str]] = {
    "model": set(),
    "kernel": {"model"},
    "wire": {"model"},
    "source": {"wire", "model"},
    "flow": {"model"},
    "tcp": {"flow", "model"},
    "measure": _REPLAY,
    "find": _REPLAY | {"measure"},
    "spool": {"model"},
    "watch": _ANALYSIS,
    "labels": set(),
    "whole": _ANALYSIS,
    "session": _ANALYSIS | {"spool", "watch", "labels", "whole"},
    "verify": {"kernel", "model"},
    "show": _ANALYSIS | {"session", "verify"},
    "golden": _ANALYSIS | {"session", "show"},
    "lab": _READING | {"kernel"},
    "cli": _ANALYSIS | {"session", "show", "golden", "lab", "kernel", "verify"},
    # the public names: all but the command line
    "": _ANALYSIS | {"session", "show", "golden", "lab", "kernel", "plot", "reading", "testing"},
    "reading": _ANALYSIS | {"session", "show"},  # the public names of a capture read as a whole
    "plot": _ANALYSIS | {"session", "show"},  # the public names of the pictures
    "__main__": {"cli"},
    # for tests of other people's services: it records, and enters private networks
    "testing": _ANALYSIS | {"session", "show", "golden", "kernel"},
    "pytest_plugin": _ANALYSIS | {"session", "show", "golden", "kernel", "testing"},
    "kernels": set(),
    "version": set(),
}
LEAVES = {"kernels", "version", ""}

# "Below `source` nothing knows sockets, files, clocks or matplotlib."
PURE = {"wire", "flow", "tcp", "measure", "find", "model"}
_SYSTEM = "select selectors asyncio ssl fcntl mmap ctypes signal subprocess"
_FILES = "pathlib tempfile shutil glob"
_CLOCKS = "time sched"
IMPURE_MODULES = {*_SYSTEM.split(), *_FILES.split(), *_CLOCKS.split(), "matplotlib"}
ANONYMOUS = ("tcptrace.model.rooms", "mmap")  # memory that is no file's
IMPURE_CALLS = {"open", "input"}
# Of these modules a pure layer may use no more than what asks nothing of the system but random numbers.
HARMLESS = {"os": {"urandom"}, "socket": {"inet_pton", "inet_ntop", "AF_INET", "AF_INET6"}}
CLOCKS = {"now", "utcnow", "today"}

# "cli: the only layer that prints or exits"
SPEAKING = {"cli", "__main__"}

HEAVY = ("rich", "dpkt", "matplotlib", "numpy", "scapy")

# What a summary of a pcap file does without: start-up is most of the time that a small capture takes.
_LIBRARIES = "click msgspec datetime decimal uuid platform dataclasses inspect math select signal socket tempfile weakref"
_TYPING = "typing contextlib enum re importlib struct binascii"
_RECORDS = "model.records find.record spool watch show.json show.table"
_RARE = (
    "version wire.application wire.link_names wire.pcapng wire.fragments source.unpack source.text source.merge cli.pipe "
    "measure.gauge"
)
_PLAIN = "flow.rows tcp.drafts tcp.replay wire.decode"  # where their twins run
SPARED = {
    *_LIBRARIES.split(),
    *_TYPING.split(),
    *(f"tcptrace.{name}" for name in f"{_RECORDS} {_RARE}".split()),
}


def layer_of(module: str) -> str:
    """Return the layer of ``tcptrace.LAYER...``; the compiled twin of a module is in that module's layer."""
    parts = module.split(".")[1:]
    if parts[:1] == ["_compiled"]:
        parts = parts[1:]
    return parts[0] if parts else ""


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def resolve(module: str, is_package: bool, level: int, name: str | None) -> str:
    """Return the absolute name of ``from ..name import``, written in ``module``."""
    if level == 0:
        return name or ""
    base = module.split(".")
    base = base[: len(base) - level + (1 if is_package else 0)]
    return ".".join([*base, name] if name else base)


def imported(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield (line, module) for each import, also those in functions and by name (``load``, lazy tables)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve(module, is_package, node.level, node.module)
            if base == "tcptrace":  # `from tcptrace import kernels`: the module is in the list
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, base
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "load" and isinstance(node.args[0].value, str):
                yield node.lineno, f"tcptrace.{node.args[0].value}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"tcptrace(\.\w+)+", node.value) and not node.value.endswith(
                (".py", ".json", ".md")
            ):
                yield node.lineno, node.value


def wrong_imports(source: str, module: str, is_package: bool = False) -> list[str]:
    """Return one line for each import in ``source`` that the plan does not allow in ``module``."""
    layer = layer_of(module)
    wrong = []
    for line, name in imported(ast.parse(source), module, is_package):
        if name.split(".")[0] == "tcptrace":
            target = layer_of(name)
            if target not in ALLOWED:  # a public name of the package itself (`from tcptrace import analyze`)
                target = ""
            if target != layer and target not in LEAVES and target not in ALLOWED[layer]:
                wrong.append(f"{module}:{line}: {layer or 'tcptrace'} imports {target} ({name})")
            elif target == "" and layer in ALLOWED and layer not in SPEAKING | {"", "pytest_plugin"}:
                wrong.append(f"{module}:{line}: {layer} imports the public names ({name}); import the module")
        elif layer in PURE and name.split(".")[0] in IMPURE_MODULES and (module, name) != ANONYMOUS:
            wrong.append(f"{module}:{line}: {layer} lies below source and imports {name}")
    return wrong


def wrong_calls(source: str, module: str) -> list[str]:
    """Return one line for each call that opens, asks a clock, prints or exits where the layer does not."""
    layer = layer_of(module)
    wrong = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if layer in PURE and (name in IMPURE_CALLS or (attribute in CLOCKS and not node.args)):
                wrong.append(
                    f"{module}:{node.lineno}: {layer} lies below source and calls {name or attribute}()"
                )
            if layer not in SPEAKING and name in {"print", "exit", "quit"}:
                wrong.append(f"{module}:{node.lineno}: {layer} calls {name}(); only cli prints and exits")
        elif layer in PURE and isinstance(node, ast.ImportFrom) and node.module in HARMLESS:
            names = {alias.name for alias in node.names} - HARMLESS[node.module]
            wrong += [f"{module}:{node.lineno}: {layer} lies below source and takes {name}" for name in names]
        elif layer in PURE and isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in HARMLESS and node.attr not in HARMLESS[node.value.id]:
                wrong.append(
                    f"{module}:{node.lineno}: {layer} lies below source and uses {node.value.id}.{node.attr}"
                )
        elif layer not in SPEAKING and isinstance(node, ast.Attribute) and node.attr in {"exit", "stdout"}:
            if isinstance(node.value, ast.Name) and node.value.id == "sys":
                wrong.append(
                    f"{module}:{node.lineno}: {layer} uses sys.{node.attr}; only cli prints and exits"
                )
    return wrong


def cimports(text: str, module: str) -> list[tuple[int, str]]:
    """Return (line, module) for each ``cimport`` of a ``.pxd``; C libraries and Cython itself aside."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"from\s+(\.*)([\w.]*)\s+cimport\s", line)
        if match and (match[1] or match[2].startswith("tcptrace")):
            found.append((number, resolve(module, False, len(match[1]), match[2] or None)))
    return found


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_compiled" not in path.relative_to(PACKAGE).parts)


@pytest.mark.parametrize("path", MODULES, ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    assert not wrong_imports(path.read_text(), module_of(path), path.name == "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=module_of)
def test_only_its_layer_opens_asks_the_clock_or_prints(path: Path) -> None:
    assert not wrong_calls(path.read_text(), module_of(path))


def test_each_module_is_in_a_layer_of_the_plan() -> None:
    assert {layer_of(module_of(path)) for path in MODULES} <= set(ALLOWED)


def test_compiled_twins_keep_to_the_same_layers() -> None:
    wrong = []
    for path in sorted((PACKAGE / "_compiled").rglob("*.pxd")):
        module = module_of(path)
        for line, name in cimports(path.read_text(), module):
            target = layer_of(name)
            if target != layer_of(module) and target not in ALLOWED[layer_of(module)]:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert not wrong


def test_each_compiled_twin_has_its_plain_module() -> None:
    twins = PACKAGE / "_compiled"
    lonely = [
        str(path.relative_to(twins))
        for path in twins.rglob("*.pxd")
        if not (PACKAGE / path.relative_to(twins)).with_suffix(".py").exists()
    ]
    assert not lonely


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tcptrace.tcp.replay", "from tcptrace.session import analyze"),
        ("tcptrace.flow.table", "import tcptrace.tcp.machine"),
        ("tcptrace.wire.decode", "def f():\n    from tcptrace.source import open_source"),
        ("tcptrace.source.files", "x = kernels.load('tcp.replay')"),
        ("tcptrace.lab.server", "import_module('tcptrace.session')"),
        ("tcptrace.model.records", "from ..wire import pcap"),
        ("tcptrace.model.records", "from tcptrace import session"),
        ("tcptrace.find.codes", "from tcptrace.wire import pcap"),
        ("tcptrace.session", "from tcptrace.cli import main"),
        ("tcptrace.show.table", "from tcptrace import analyze"),
        ("tcptrace.wire.pcap", "def f():\n    import mmap"),
        ("tcptrace.tcp.replay", "from time import monotonic"),
    ],
)
def test_the_check_sees_an_import_against_the_grain(module: str, source: str) -> None:
    assert wrong_imports(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tcptrace.wire.pcap", "open('x')"),
        ("tcptrace.wire.printed", "datetime.now()"),
        ("tcptrace.flow.table", "import os\nos.stat('x')"),
        ("tcptrace.flow.table", "from os import stat"),
        ("tcptrace.wire.printed", "import socket\nsocket.getservbyport(80)"),
        ("tcptrace.show.table", "print('x')"),
        ("tcptrace.session", "import sys\nsys.exit(3)"),
    ],
)
def test_the_check_sees_a_call_that_is_not_the_layers(module: str, source: str) -> None:
    assert wrong_calls(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tcptrace.cli.analyze", "from tcptrace.session import analyze\nfrom tcptrace import kernels"),
        ("tcptrace.session", "from tcptrace.source import open_source\nd = kernels.load('wire.decode')"),
        ("tcptrace.tcp.replay", "from .rows import End\nfrom tcptrace.model import states"),
    ],
)
def test_the_check_allows_what_goes_down(module: str, source: str) -> None:
    assert not wrong_imports(source, module)


@pytest.mark.parametrize(
    "options",
    [
        ["--version"],
        ["analyze", "captures/http-get.pcap", "--summary"],
        ["analyze", "captures/http-get.pcap"],
        ["analyze", "captures/http-get.pcap", "--json"],
    ],
    ids=" ".join,
)
def test_the_main_road_loads_nothing_heavy(options: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tcptrace", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    loaded = {
        line.rsplit("|", 1)[1].strip().split(".")[0]
        for line in run.stderr.split("\n")
        if line.startswith("import time:")
    }
    assert "tcptrace" in loaded  # the list was read
    assert not loaded & set(HEAVY)


def test_the_road_of_the_summary_is_short() -> None:
    program = (
        "import sys; from tcptrace.cli.command_line import run; "
        "run(['analyze', 'captures/http-get.pcap', '--summary']); print(*sys.modules)"
    )
    # -S: what the packages of this very environment import at every start is not ours.
    run = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    loaded = set(run.stdout.splitlines()[-1].split())
    assert "tcptrace.show.summary" in loaded  # it was shown
    assert not loaded & SPARED
    if "tcptrace._compiled.tcp.replay" in loaded:
        assert not loaded & {f"tcptrace.{name}" for name in _PLAIN.split()}
