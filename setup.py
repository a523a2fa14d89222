"""Build the compiled twins of the hot files.

A hot file is a plain typed module, e.g. ``tcptrace/tcp/replay.py``. Beside its twin lies the file with the C types,
``tcptrace/_compiled/tcp/replay.pxd``; every such ``.pxd`` makes one extension. Without a C compiler or without Cython the
install goes on and the plain files run. ``built.txt`` records which source each twin was made from, so that a twin older
than its source is refused when it is loaded.
"""

import binascii
import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path("tcptrace")
TWINS = ROOT / "_compiled"
DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,  # the annotations are Python's; the C types are in the .pxd
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "nonecheck": False,
}


def extensions() -> list[Extension]:
    """Return one optional extension a ``.pxd``, or none where Cython is missing."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    found: list[Extension] = []
    for pxd in sorted(TWINS.rglob("*.pxd")):
        relative = pxd.relative_to(TWINS).with_suffix("")
        name = ".".join((ROOT.name, TWINS.name, *relative.parts))
        source = ROOT / relative.with_suffix(".py")
        extension = Extension(name, [str(source)], extra_compile_args=["-O3", "-fwrapv"])
        try:
            found += cythonize(
                [extension],
                build_dir="build/cython",
                compiler_directives=DIRECTIVES,
                include_path=["."],
                force=True,
            )
        except Exception as error:
            print(f"tcptrace: {name} is left out: {error}")
    for extension in found:
        extension.optional = True  # cythonize() drops the flag that goes in
    return found


class BuildTwins(build_ext):
    """Build, then write down the check sum of each twin's sources."""

    def finalize_options(self) -> None:
        """Use every core."""
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self) -> None:
        """Build the extensions and ``built.txt`` beside them."""
        super().run()
        types = 0  # the twins share their rows, so each depends on all the types
        for pxd in sorted(TWINS.rglob("*.pxd")):
            types = binascii.crc32(pxd.read_bytes(), types)
        lines = []
        for extension in self.extensions:
            path = Path(self.get_ext_fullpath(extension.name))
            if path.exists():
                relative = Path(*extension.name.split(".")[2:])
                source = (ROOT / relative.with_suffix(".py")).read_bytes()
                lines.append(f"{'.'.join(relative.parts)} {binascii.crc32(source, types):08x}\n")
        if lines:
            folder = TWINS if self.inplace else Path(self.build_lib) / TWINS
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "built.txt").write_text("".join(lines))


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildTwins})
