"""Checking a capture against its expectation, and renewing the expectation where that was asked for."""

import os
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple

from tcptrace.golden import expectation, write
from tcptrace.golden.compare import Difference, compare
from tcptrace.golden.pairs import Pair
from tcptrace.model.errors import InputError
from tcptrace.session import analyze

Verdict = Literal["same", "differs", "written", "renewed", "refused"]


class Result(NamedTuple):
    """What came of one pair."""

    pair: Pair
    verdict: Verdict
    connections: int
    differences: list[Difference]  # those found, also where they were then written into the expectation
    source: str  # who says what is expected: "analysis", "script", "kernel"


def check(pair: Pair, *, update: bool = False) -> Result:
    """Compare a capture with its expectation; with ``update`` write what differs into the latter.

    Paths that a script or a kernel vouches for are never changed: where they differ the verdict is ``refused`` and
    the file stays as it was. Raises ``InputError`` where one of the two is missing or cannot be read.
    """
    capture_path, path = pair
    if not capture_path.exists():
        raise InputError(
            f"{path}: an expectation without its capture {capture_path.name}; restore it, or delete this"
        )
    if not path.exists():
        if not update:
            raise InputError(
                f"{capture_path}: a capture without expectation; `tcptrace check --update {capture_path}` writes "
                f"{path.name}"
            )
        return _written(pair)
    expected = expectation.load(path)
    analysis = analyze(str(capture_path), msl_s=expected.msl_s, checksums=expected.checksums)
    connections = list(analysis)
    found = compare(expected, connections, analysis.capture)
    verdict: Verdict = "differs" if found else "same"
    if update and found:
        vouched = expected.source != "analysis"
        if vouched and any(entry.key in ("path", "connection") for entry in found):
            verdict = "refused"
        else:
            text = path.read_bytes().decode("utf-8")
            _save(path, write.renewed(text, found, analysis.capture, connections))
            verdict = "renewed"
    return Result(pair, verdict, len(connections), found, expected.source)


def _written(pair: Pair) -> Result:
    """Write the first expectation of a capture."""
    analysis = analyze(str(pair.capture))
    connections = list(analysis)
    capture = analysis.capture
    _save(pair.expectation, write.text_of(capture, connections, analysis.msl_s, "flags"))
    return Result(pair, "written", len(connections), [], "analysis")


def _save(path: Path, text: str) -> None:
    """Replace a file in one step, so that an interrupt leaves the old one whole; raises ``InputError``."""
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".tcptrace-", delete=False) as spare:
            spare.write(text.encode("utf-8"))
        os.chmod(spare.name, path.stat().st_mode if path.exists() else 0o644)
        os.replace(spare.name, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; make it writable") from None
