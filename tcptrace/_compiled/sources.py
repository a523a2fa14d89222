"""What Cython is given: copies of the hot files and of their ``.pxd`` in which integer constants are constants in C too.

A hot file's constants, its own and those that it imports, are declared in its ``.pxd`` like variables. Left so, each start
looks them up and converts them, and a C compiler can fold nothing. In the copies the ``.pxd`` has them as literals of the
values that the plain module has, and the hot file does not say their values again. What cannot be read so simply, e.g. a
name that is given a value twice, stays a variable. Nor does a copy import what its ``.pxd`` takes at compile time. Run by
``setup.py``.
"""

import ast
import re
import sys
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path

TWINS = Path(__file__).parent
PACKAGE = TWINS.parent
INTEGERS = re.compile(r"^cdef ((?:unsigned )?(?:long long|int)) ([A-Z]\w*(?:, [A-Z]\w*)*)$", re.MULTILINE)
TAKEN = re.compile(r"^from [\w.]+ cimport ([\w, ]+)$", re.MULTILINE)
BITS = {"int": 31, "unsigned int": 32, "long long": 63, "unsigned long long": 64}


class Source:
    """The source of a plain module, and which of its statements give names their values."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.body = ast.parse(text).body
        self.values: dict[str, ast.stmt] = {}
        given: Counter[str] = Counter()  # how often anywhere in the file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                given[node.id] += 1
            elif isinstance(node, ast.alias):
                given[node.asname or node.name] += 1
        for statement in self.body:
            self.values |= dict.fromkeys(_bound(statement), statement)
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                self.values[statement.name] = statement
        self.once = {name for name in self.values if given[name] == 1}

    def without(self, names: set[str]) -> tuple[str, set[str]]:
        """Return the source without the statements that give these names values, and which names those were.

        All other lines stay where they are. A name that is bound twice stays, and one bound together with such a one.
        """
        lines = self.text.splitlines()
        gone: set[str] = set()
        for statement in self.body:
            bound = _bound(statement)
            going = bound & names & self.once
            if isinstance(statement, ast.ImportFrom) and going:
                kept = [each for each in statement.names if (each.asname or each.name) not in going]
                left = ast.unparse(ast.ImportFrom(statement.module, kept, statement.level)) if kept else ""
            elif going and going == bound:
                left = ""
            else:
                continue
            start, end = statement.lineno - 1, statement.end_lineno or statement.lineno
            lines[start:end] = [left, *[""] * (end - start - 1)]
            gone |= going
        return "\n".join(lines) + "\n", gone


def with_literals(pxd: str, values: dict[str, int]) -> str:
    """Return a ``.pxd`` in which the integers that have a value here are literals of their C type."""

    def declare(found: re.Match[str]) -> str:
        kind, suffix = found[1], "ULL" if found[1].startswith("unsigned") else "LL"
        lines = []
        for name in found[2].split(", "):
            if name in values:
                lines.append(f'cdef extern from *:\n    {kind} {name} "(({kind}) {values[name]}{suffix})"')
            else:
                lines.append(f"cdef {kind} {name}")
        return "\n".join(lines)

    return INTEGERS.sub(declare, pxd)


def origins(module: str, name: str, seen: set[tuple[str, str]]) -> None:
    """Add to ``seen`` the modules of this package in whose text the value of a module's name lies, and by which names."""
    path = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
    if (module, name) in seen or not module.startswith(f"{PACKAGE.name}.") or not path.exists():
        return
    seen.add((module, name))
    statement = _read(path).values.get(name)
    if isinstance(statement, ast.ImportFrom):
        inside = module.split(".")[: -statement.level] if statement.level else []
        taken = ".".join([*inside, statement.module] if statement.module else inside)
        for alias in statement.names:
            if (alias.asname or alias.name) == name:
                origins(taken, alias.name, seen)
                origins(f"{taken}.{alias.name}", "", seen)
    elif statement:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                origins(module, node.id, seen)


def write(target: Path) -> set[str]:
    """Write the copies below ``target``, each where it lies in the package's folder; return what else they hold.

    Those are the modules, hot files apart, in whose text the value of a constant lies.
    """
    seen: set[tuple[str, str]] = set()
    hot = set()
    for path in (*TWINS.rglob("*.pxd"), PACKAGE / "model" / "words.pxd", *PACKAGE.rglob("__init__.py")):
        copy = target / path.relative_to(PACKAGE.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text("" if path.suffix == ".py" else path.read_text())
    for pxd in TWINS.rglob("*.pxd"):
        relative = pxd.relative_to(TWINS).with_suffix("")
        source = _read((PACKAGE / relative).with_suffix(".py"))
        module = ".".join((PACKAGE.name, *relative.parts))
        hot.add(module)
        values = _values(module, pxd.read_text())
        taken = {name for names in TAKEN.findall(pxd.read_text()) for name in names.split(", ")}
        text, gone = source.without(taken.union(values))
        values = {name: value for name, value in values.items() if name in gone}
        copy = (target / PACKAGE.name / relative).with_suffix(".py")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
        (target / pxd.relative_to(PACKAGE.parent)).write_text(with_literals(pxd.read_text(), values))
        for name in values:
            origins(module, name, seen)
    return {module for module, _ in seen} - hot


def _values(module: str, pxd: str) -> dict[str, int]:
    """Return the values of a plain module's integers that its ``.pxd`` declares and that their C types can hold."""
    try:
        plain = import_module(module)
    except ImportError as error:  # something is missing where it is built that will be there where it runs
        sys.stderr.write(f"{module}: its constants stay variables: {error}\n")
        return {}
    values = {}
    for kind, names in INTEGERS.findall(pxd):
        for name in names.split(", "):
            value = getattr(plain, name, None)
            # The least number of a signed type has no literal.
            low = 0 if kind.startswith("unsigned") else 1 - (1 << BITS[kind])
            if isinstance(value, int) and low <= value < 1 << BITS[kind]:
                values[name] = int(value)
    return values


@cache
def _read(path: Path) -> Source:
    return Source(path.read_text(encoding="utf-8"))


def _bound(statement: ast.stmt) -> set[str]:
    """Return the names that a plain statement gives values: an assignment to names, or an import from a module."""
    if isinstance(statement, ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return set()
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


if __name__ == "__main__":
    sys.stdout.write("\n".join(sorted(write(Path(sys.argv[1])))))
