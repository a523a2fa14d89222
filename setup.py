"""Build the compiled twins of the hot files.

A hot file is a plain typed module, e.g. ``tcptrace/tcp/replay.py``. Beside its twin lies the file with the C types,
``tcptrace/_compiled/tcp/replay.pxd``; every such ``.pxd`` makes one extension. Without a C compiler or without Cython the
install goes on and the plain files run. ``built.txt`` records which source each twin was made from, so that a twin older
than its source is refused when it is loaded. What was built once is kept in ``build/twins`` and copied the next time.
Cython's own code for memory views is one more extension, ``SHARED``, which the twins import: in each of them it would
double what is compiled and what start-up loads. What Cython is given are copies of the hot files that
``_compiled/sources.py`` writes.
"""

import hashlib
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path("tcptrace")
TWINS = ROOT / "_compiled"
INLINE = ROOT / "model" / "words.pxd"  # the functions that twins take in, which is no twin of its own
NOT_BUILT = "-"  # in place of a check sum; all twins are refused then, for they share their rows
SHARED = "tcptrace._compiled.cyutility"
KEPT = Path("build") / "twins"
SOURCES = Path("build") / "sources"  # what Cython is given
DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,  # the annotations are Python's; the C types are in the .pxd
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "nonecheck": False,
    # Nobody pickles rows or asks a twin's function for its signature; all that would be made at each start.
    "auto_pickle": False,
    "binding": False,
}
FLAGS = [
    "-O3",
    "-fwrapv",
    "-ffp-contract=off",  # sums as Python rounds them, also where a processor multiplies and adds in one
    "-g0",  # without debugging symbols a third less to compile
]
# Two pieces of a file to map instead of four: 3 % of start-up, which loads thirty.
LINKING = ["-Wl,-z,noseparate-code"] if sys.platform == "linux" else []


def extensions() -> list[Extension]:
    """Return one optional extension a ``.pxd`` and the one they share, or none where Cython is missing."""
    try:
        import Cython  # noqa: F401
    except ImportError:
        return []
    found = [Extension(SHARED, [], extra_compile_args=FLAGS, extra_link_args=LINKING, optional=True)]
    for pxd in sorted(TWINS.rglob("*.pxd")):
        relative = pxd.relative_to(TWINS).with_suffix("")
        name = ".".join((ROOT.name, TWINS.name, *relative.parts))
        source = ROOT / relative.with_suffix(".py")
        found.append(
            Extension(name, [str(source)], extra_compile_args=FLAGS, extra_link_args=LINKING, optional=True)
        )
    return found


def _compiles() -> bool:
    """Return whether a C file with Python's headers can be compiled; else a minute of translating is spared."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC")
    if not compiler:  # another system's build, which finds its compiler in other ways
        return True
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "try.c"
        source.write_text("#include <Python.h>\nint answer(void) { return 42; }\n")
        command = [*shlex.split(compiler), "-I", sysconfig.get_path("include"), "-c", source.name]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        except OSError:
            return False
    return done.returncode == 0


def _shared_source() -> Path:
    """Let Cython write the C file of ``SHARED`` and return it."""
    path = Path("build") / "cython" / "cyutility.c"
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "cython", f"--generate-shared={path}"], check=True)
    return path


def _write_sources() -> list[str]:
    """Write what Cython is given; return the modules whose constants it holds, e.g. ``flow.bits``."""
    shutil.rmtree(SOURCES, ignore_errors=True)
    command = [sys.executable, "-m", f"{ROOT}.{TWINS.name}.sources", str(SOURCES)]
    plain = os.environ | {"TCPTRACE_PLAIN": "1", "PYTHONPATH": "."}
    done = subprocess.run(command, env=plain, stdout=subprocess.PIPE, encoding="ascii", check=True)
    return [name.partition(".")[2] for name in done.stdout.split()]


def _types(pxd: Path, seen: frozenset[Path] = frozenset()) -> frozenset[Path]:
    """Return a ``.pxd`` and all that it takes types or functions from, directly or not."""
    seen |= {pxd}
    text = pxd.read_text()
    if f"from {ROOT}.model cimport {INLINE.stem}\n" in text:
        seen |= {SOURCES / INLINE}
    for dots, name in re.findall(r"^from (\.+)([\w.]+) cimport ", text, re.MULTILINE):
        taken = pxd.parents[len(dots) - 1].joinpath(*name.split(".")).with_suffix(".pxd")
        if taken not in seen:
            seen = _types(taken, seen)
    return seen


class _Translated(Extension):
    """An extension that can be in a set: cythonize puts what it cannot translate into one."""

    __hash__ = object.__hash__


class BuildTwins(build_ext):
    """Build, then write down the check sum of each twin's sources."""

    def finalize_options(self) -> None:
        """Use every core."""
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self) -> None:
        """Build the extensions and ``built.txt`` beside them."""
        if not _compiles():
            print("tcptrace: no C compiler works here; the plain files will run")
            self.extensions = []
        self._constants = _write_sources() if self.extensions else []
        self._kept = {extension.name: self._place(extension) for extension in self.extensions}
        missing = [each for each in self.extensions if not self._kept[each.name].exists()]
        for extension in missing:
            # One of other sources must not pass for the new one where that cannot be built.
            Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self._translate(missing)
        super().run()
        lines = self._lines()
        if lines:
            folder = TWINS if self.inplace else Path(self.build_lib) / TWINS
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "built.txt").write_text("".join(lines))

    def _lines(self) -> list[str]:
        """Return the lines of ``built.txt``: none where the code that the twins share is missing."""
        if not Path(self.get_ext_fullpath(SHARED)).exists():
            return []
        kernels = runpy.run_path(str(ROOT / "kernels.py"))  # which will compare
        lines = [f"{kernels['PYTHON']} {sys.implementation.cache_tag}\n"]
        lines.append(f"{kernels['TYPES']} {kernels['sum_of_types']()}\n")
        lines += [f"{name} {kernels['sum_of'](name)}\n" for name in sorted(self._constants)]
        for pxd in sorted(TWINS.rglob("*.pxd")):
            name = ".".join(pxd.relative_to(TWINS).with_suffix("").parts)
            built = Path(self.get_ext_fullpath(f"{ROOT}.{TWINS.name}.{name}")).exists()
            lines.append(f"{name} {kernels['sum_of'](name) if built else NOT_BUILT}\n")
        return lines

    def build_extension(self, ext: Extension) -> None:
        """Copy the twin that was built before from the same sources, or build and keep it."""
        built, kept = Path(self.get_ext_fullpath(ext.name)), self._kept[ext.name]
        if kept.exists():
            built.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(kept, built)
            return
        super().build_extension(ext)
        if built.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            unfinished = kept.with_suffix(f".{os.getpid()}")
            shutil.copyfile(built, unfinished)
            unfinished.replace(kept)

    def _translate(self, missing: list[Extension]) -> None:
        """Let Cython write the C files; a file that it cannot translate is left out."""
        if not missing:
            return
        from Cython.Build import cythonize

        shared = [extension for extension in missing if extension.name == SHARED]
        for extension in shared:
            extension.sources = [str(_shared_source())]
        missing = [extension for extension in missing if extension not in shared]
        made = cythonize(
            [_Translated(extension.name, [str(SOURCES / extension.sources[0])]) for extension in missing],
            build_dir="build/cython",
            compiler_directives=DIRECTIVES,
            include_path=[str(SOURCES)],
            force=True,
            nthreads=os.cpu_count() or 1,
            exclude_failures=True,
            shared_utility_qualified_name=SHARED,
        )
        sources = {extension.name: extension.sources for extension in made}
        for extension in missing:
            if extension.name in sources:
                extension.sources = sources[extension.name]
            else:
                print(f"tcptrace: {extension.name} is left out")
                self.extensions.remove(extension)

    def _place(self, extension: Extension) -> Path:
        """Return where a twin is kept: named for all that it is made from."""
        from Cython import __version__ as translator

        seen = hashlib.sha256(
            f"{translator} {DIRECTIVES} {FLAGS} {LINKING} {SHARED} {os.environ.get('CC', '')}".encode()
        )
        if extension.name != SHARED:
            types = SOURCES / TWINS.joinpath(*extension.name.split(".")[2:]).with_suffix(".pxd")
            for path in (SOURCES / extension.sources[0], *sorted(_types(types))):
                seen.update(path.read_bytes())
        return KEPT / f"{extension.name}.{seen.hexdigest()[:16]}{sysconfig.get_config_var('EXT_SUFFIX')}"


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildTwins})
