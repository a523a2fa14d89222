"""Which captures and expectations belong together: ``NAME`` and ``NAME.expect.toml`` beside it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tcptrace.golden.expectation import SUFFIX
from tcptrace.model.errors import InputError

# What a capture in a folder is told by; a file that is named on the command line may be called anything, and so
# may one that has an expectation.
CAPTURES = (".pcap", ".pcapng", ".cap")
PACKED = (".gz", ".zst", ".lz4", ".xz", ".bz2")


class Pair(NamedTuple):
    """A capture and its expectation; either may be missing."""

    capture: Path
    expectation: Path


def pairs(names: Iterable[str]) -> Iterator[Pair | InputError]:
    """Yield the pair of each file, of a folder all in it and below it; an error for a folder that has none.

    Each pair comes once, whichever of its two files was named and however often.
    """
    seen: set[Path] = set()
    for name in names:
        path = Path(name)
        if not path.exists():
            yield InputError(f"{name}: no such file or folder; name captures, or folders that hold some")
            continue
        try:
            found = _folder(path) if path.is_dir() else [_pair(path)]
        except OSError as error:
            yield InputError(f"{error.filename}: {error.strerror}; name a folder that can be read")
            continue
        if not found:
            yield InputError(
                f"{name}: no capture in it; put captures ({' '.join(CAPTURES)}) and expectations there"
            )
        for pair in found:
            if pair.capture not in seen:
                seen.add(pair.capture)
                yield pair


def _pair(path: Path) -> Pair:
    """Return the pair that a file belongs to, be it the capture or the expectation."""
    if path.name.endswith(SUFFIX):
        return Pair(path.with_name(path.name.removesuffix(SUFFIX)), path)
    return Pair(path, path.with_name(path.name + SUFFIX))


def _folder(folder: Path) -> list[Pair]:
    """Return all pairs in a folder and below it, by name; what begins with a dot is left out. Raises ``OSError``."""

    def stop(error: OSError) -> None:
        raise error

    found = set()
    for where, folders, files in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and (name.endswith(SUFFIX) or is_capture(name)):
                found.add(_pair(Path(where) / name))
    return sorted(found)


def is_capture(name: str) -> bool:
    """Say whether a file in a folder is a capture, by its name."""
    for packing in PACKED:
        name = name.removesuffix(packing)
    return name.endswith(CAPTURES)
