"""Fail unless each hot file has a compiled twin of the source that lies here, and that twin is what loads."""

import importlib.util
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from tcptrace import kernels


def main() -> int:
    """Print a line a twin; return the exit status."""
    twins = Path(kernels.__file__).parent / "_compiled"
    found = 0
    for pxd in sorted(twins.rglob("*.pxd")):
        name = ".".join(pxd.relative_to(twins).with_suffix("").parts)
        spec = importlib.util.find_spec(f"tcptrace._compiled.{name}")
        built = spec is not None and str(spec.origin).endswith(tuple(EXTENSION_SUFFIXES))
        if (
            not built
            or not kernels.is_compiled(name)
            or kernels.load(name).__name__ != f"tcptrace._compiled.{name}"
        ):
            print(f"{name}: no compiled twin")
            return 1
        print(f"{name}: compiled")
        found += 1
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
