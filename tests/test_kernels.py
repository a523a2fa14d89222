"""Which form of the hot files runs: the twin of this very source, else plain Python; what a twin declares."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tcptrace import kernels

PACKAGE = Path(kernels.__file__).parent
TWINS = PACKAGE / "_compiled"
HOT = sorted(pxd.relative_to(TWINS).with_suffix("") for pxd in TWINS.rglob("*.pxd"))
BUILT = kernels.is_compiled("tcp.replay")
ASK = "from tcptrace import kernels; print(kernels.describe(), kernels.load('tcp.replay').__name__)"
needs_twins = pytest.mark.skipif(not BUILT, reason="no compiled twins here")


def ask(root: Path, program: str = ASK, **surroundings: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process that imports tcptrace from ``root``."""
    inherited = {key: value for key, value in os.environ.items() if key != "TCPTRACE_PLAIN"}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env=inherited | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"} | surroundings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package, twins included."""
    shutil.copytree(PACKAGE, tmp_path / "tcptrace", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@needs_twins
def test_a_twin_of_this_very_source_is_what_loads(copy: Path) -> None:
    done = ask(copy)
    assert done.stdout.split() == ["compiled", "tcptrace._compiled.tcp.replay"]
    assert done.stderr == ""


@needs_twins
@pytest.mark.parametrize(
    "changed",
    ["flow/rows.py", "tcp/replay.py", "_compiled/tcp/paths.pxd", "flow/bits.py", "tcp/draft_codes.py"],
)
def test_twins_older_than_their_source_are_refused_with_one_line(copy: Path, changed: str) -> None:
    with (copy / "tcptrace" / changed).open("a") as file:
        file.write("\n# a later thought\n")
    (copy / "setup.py").touch()  # where it is built
    done = ask(copy)
    assert done.returncode == 0
    assert done.stdout.split() == ["plain", "tcptrace.tcp.replay"]
    assert done.stderr.count("\n") == 1
    assert "older than the source" in done.stderr
    assert "install again" in done.stderr


def record(copy: Path, name: str, value: str) -> None:
    """Let ``built.txt`` say something else of one name."""
    built = copy / "tcptrace" / "_compiled" / "built.txt"
    text, found = re.subn(
        rf"^{re.escape(name)} .*$", f"{name} {value}", built.read_text(), flags=re.MULTILINE
    )
    assert found == 1
    built.write_text(text)


@needs_twins
def test_twins_of_another_python_are_not_looked_for(copy: Path) -> None:
    """E.g. built in the source tree, which then runs by a newer one."""
    record(copy, "python", "cpython-310")
    done = ask(copy)
    assert done.stdout.split() == ["plain", "tcptrace.tcp.replay"]
    assert f"twins for {sys.implementation.cache_tag} missing" in done.stderr


@needs_twins
def test_a_twin_that_was_not_built_leaves_all_plain(copy: Path) -> None:
    """They share their rows: a plain row in a compiled replay would be another type."""
    record(copy, "flow.rows", "-")
    done = ask(
        copy,
        "from tcptrace import kernels as k; print(*(k.is_compiled(n) for n in ('flow.rows', 'tcp.replay')))",
    )
    assert done.stdout.split() == ["False", "False"]
    assert done.stderr.count("\n") == 1


def test_without_built_txt_plain_python_runs_and_nothing_is_said(copy: Path) -> None:
    (copy / "tcptrace" / "_compiled" / "built.txt").unlink(missing_ok=True)
    done = ask(copy)
    assert done.stdout.split() == ["plain", "tcptrace.tcp.replay"]
    assert done.stderr == ""


@needs_twins
@pytest.mark.parametrize(
    ("value", "form"), [("1", "plain"), ("yes", "plain"), ("0", "compiled"), ("", "compiled")]
)
def test_tcptrace_plain_chooses_plain_python(copy: Path, value: str, form: str) -> None:
    done = ask(copy, TCPTRACE_PLAIN=value)
    assert (done.stdout.split()[0], done.stderr) == (form, "")


def test_tcptrace_plain_says_nothing_of_stale_twins(copy: Path) -> None:
    with (copy / "tcptrace" / "flow" / "rows.py").open("a") as file:
        file.write("\n# a later thought\n")
    done = ask(copy, TCPTRACE_PLAIN="1")
    assert (done.stdout.split()[0], done.stderr) == ("plain", "")


# -- what a .pxd must say ---------------------------------------------------------------------------------


# Used only where Python's own integers are wanted, on no hot road.
PYTHON_S = {"wire/walk": {"TIME_LIMIT_NS"}}


def integer_constants(source: str) -> dict[str, int]:
    """Return the module's upper-case names that are bound to an integer at its top level."""
    found: dict[str, int] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign):
            names = [n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        found |= dict.fromkeys((name for name in names if name.isupper()), node.lineno)
    return found


def used_in_functions(source: str) -> set[str]:
    """Return the names that are read inside functions of the module."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
    return {
        name.id
        for function in functions
        for name in ast.walk(function)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
    }


def declared(pxd: str) -> set[str]:
    """Return the names that a ``.pxd`` declares as C integers of its module."""
    found: set[str] = set()
    for line in re.findall(
        r"^cdef ((?:unsigned |signed |long |int |short |char )+)([^(\n]*)$", pxd, re.MULTILINE
    ):
        found |= {name.strip() for name in line[1].split(",")}
    return found


@pytest.mark.parametrize("hot", HOT, ids=str)
def test_each_integer_constant_that_a_hot_file_uses_is_a_c_integer_in_its_twin(hot: Path) -> None:
    """Undeclared it would be looked up in the module's dictionary each time, and be a Python object."""
    module = __import__(f"tcptrace.{'.'.join(hot.parts)}", fromlist=["_"])
    source = (PACKAGE / hot).with_suffix(".py").read_text()
    constants = integer_constants(source)
    used = {
        name for name in used_in_functions(source) & set(constants) if isinstance(getattr(module, name), int)
    }
    have = declared((TWINS / hot).with_suffix(".pxd").read_text())
    assert sorted(used - have - PYTHON_S.get(hot.as_posix(), set())) == []
    assert sorted(have - set(constants)) == [], "declared in the .pxd, and not in the file any more"


def test_the_check_sees_a_constant_that_is_not_declared() -> None:
    source = (
        "from a.b import ONE\nTWO = 2\nTHREE, FOUR = range(2)\ndef f() -> int:\n    return ONE + TWO + FOUR\n"
    )
    assert used_in_functions(source) & set(integer_constants(source)) == {"ONE", "TWO", "FOUR"}
    assert declared("cdef long long ONE, TWO\ncdef class X:\n    cdef int y\ncdef int f(int a)\n") == {
        "ONE",
        "TWO",
    }
