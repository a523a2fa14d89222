"""What Cython is given: the constants of a hot file as literals of the values that plain Python has."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tcptrace import kernels
from tcptrace._compiled import sources

PACKAGE = sources.PACKAGE
HOT = sorted(pxd.relative_to(sources.TWINS).with_suffix("") for pxd in sources.TWINS.rglob("*.pxd"))


def without(text: str, *names: str) -> tuple[str, list[str]]:
    """Return what is left of a source without these names, and the names that are gone."""
    left, gone = sources.Source(text).without(set(names))
    return left, sorted(gone)


def test_a_constant_s_statement_leaves_an_empty_line() -> None:
    assert without("A = 1\n\n\ndef f():\n    return A\n", "A") == ("\n\n\ndef f():\n    return A\n", ["A"])


def test_names_given_values_together_go_together_or_stay() -> None:
    assert without("A, B = 1, 2\nC: int = 3\n", "A", "B", "C") == ("\n\n", ["A", "B", "C"])
    assert without("A, B = 1, 2\nC: int = 3\n", "A", "C") == ("A, B = 1, 2\n\n", ["C"])


def test_of_an_import_what_is_no_constant_stays_and_the_lines_below_where_they_were() -> None:
    text = "from a.b import (\n    A,\n    B as C,\n    f,\n)\nfrom ..d import D\nE = 1\n"
    assert without(text, "A", "C", "D") == ("from a.b import f\n\n\n\n\n\nE = 1\n", ["A", "C", "D"])
    assert without("from ..d import D, f as g\n", "D") == ("from ..d import f as g\n", ["D"])


@pytest.mark.parametrize(
    "text",
    [
        "A = 1\nA = 2\n",
        "A = 1\nA += 1\n",
        "A = 1\nif True:\n    A = 2\n",
        "if True:\n    A = 2\n",
        "A = 1\ndef f():\n    global A\n    A = 2\n",
        "from a import A\nfrom b import A\n",
        "for A in range(3):\n    pass\n",
        "A = 1\ndel A\n",
    ],
)
def test_what_is_given_a_value_twice_or_in_another_way_stays(text: str) -> None:
    assert without(text, "A") == (text, [])


def test_a_pxd_has_literals_of_the_declared_types() -> None:
    pxd = (
        "cdef long long A, B, C\ncdef unsigned long long D\ncdef bytes PAIRS\ncdef class X:\n    cdef int y\n"
    )
    assert sources.with_literals(pxd, {"A": 1, "C": -(1 << 62), "D": (1 << 64) - 1}) == (
        'cdef extern from *:\n    long long A "((long long) 1LL)"\n'
        "cdef long long B\n"
        'cdef extern from *:\n    long long C "((long long) -4611686018427387904LL)"\n'
        'cdef extern from *:\n    unsigned long long D "((unsigned long long) 18446744073709551615ULL)"\n'
        "cdef bytes PAIRS\ncdef class X:\n    cdef int y\n"
    )


def test_a_constant_s_value_lies_in_all_modules_that_it_is_made_of() -> None:
    seen: set[tuple[str, str]] = set()
    sources.origins("tcptrace.tcp.plain", "SEGMENTS", seen)
    assert seen >= {("tcptrace.tcp.plain", "SEGMENTS"), ("tcptrace.tcp.draft_codes", "MOST")}
    assert "tcptrace.flow.bits" not in {module for module, _ in seen}


def written(root: Path) -> tuple[dict[str, str], list[str]]:
    """Let the package below ``root`` write its copies; return their texts by file, and the modules named."""
    done = subprocess.run(
        [sys.executable, "-m", "tcptrace._compiled.sources", "copies"],
        cwd=root,
        env={"TCPTRACE_PLAIN": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stderr == ""
    copies = root / "copies" / "tcptrace"
    texts = {
        path.relative_to(copies).as_posix(): path.read_text()
        for path in copies.rglob("*.p*")
        if path.is_file()
    }
    return texts, done.stdout.split()


def test_the_copies_follow_a_value_that_another_file_has(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "tcptrace", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    before, modules = written(tmp_path)
    assert "tcptrace.tcp.draft_codes" in modules
    assert not {f"tcptrace.{'.'.join(hot.parts)}" for hot in HOT} & set(modules)
    assert 'long long SEGMENTS "((long long) 17LL)"' in before["_compiled/tcp/plain.pxd"]
    codes = tmp_path / "tcptrace" / "tcp" / "draft_codes.py"
    codes.write_text(codes.read_text() + "\nMOST += 1\n")
    after, _ = written(tmp_path)
    assert 'long long SEGMENTS "((long long) 18LL)"' in after["_compiled/tcp/plain.pxd"]
    assert after["_compiled/flow/rows.pxd"] == before["_compiled/flow/rows.pxd"]


def test_no_integer_stays_a_variable(tmp_path: Path) -> None:
    """So gcc knows them all: 5 % of the instructions of 10,000 short connections."""
    sources.write(tmp_path)
    left = [
        f"{path.name}: {found[0]}"
        for path in tmp_path.rglob("*.pxd")
        for found in sources.INTEGERS.finditer(path.read_text())
    ]
    assert len(list(tmp_path.rglob("*.pxd"))) == len(HOT) + 1  # words.pxd
    assert left == []


@pytest.mark.skipif(not kernels.is_compiled("tcp.replay"), reason="no compiled twins here")
@pytest.mark.parametrize("hot", HOT, ids=str)
def test_no_twin_has_an_integer_that_others_could_write_to(hot: Path) -> None:
    """Cython would list each variable that the ``.pxd`` declares, with its type."""
    seen = getattr(kernels.load(".".join(hot.parts)), "__pyx_capi__", {})
    variables = {name: repr(place) for name, place in seen.items() if name.isupper()}
    assert [name for name, place in variables.items() if "PyObject" not in place] == []
