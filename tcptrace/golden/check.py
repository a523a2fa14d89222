"""Checking captures against their expectations, and renewing the expectations where that was asked for."""

import difflib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from tcptrace.golden import expectation, write
from tcptrace.golden.compare import Comparison, Difference, compare
from tcptrace.golden.expectation import Expectation
from tcptrace.golden.ladders import side_by_side
from tcptrace.golden.pairs import Pair, pairs
from tcptrace.model.errors import InputError
from tcptrace.model.records import Capture, Connection
from tcptrace.session import analyze

Verdict = Literal["same", "differs", "written", "renewed", "refused", "error"]
MAX_LADDERS = 3  # connections of one capture whose ladders are shown


class Result(NamedTuple):
    """What came of one pair, or of a name that is none."""

    capture: str
    expectation: str
    verdict: Verdict
    connections: int = 0
    differences: tuple[Difference, ...] = ()  # also those that were then written into the expectation
    source: str = "analysis"  # who says what is expected: "analysis", "script", "kernel"
    ladders: tuple[str, ...] = ()  # lines: where a path differs, the expected states and those that were got
    patch: tuple[
        str, ...
    ] = ()  # lines: the expectation as it is and as it would be renewed, as a unified diff
    message: str = ""  # what could not be checked, and why


def check_all(names: Iterable[str], *, update: bool = False) -> Iterator[Result]:
    """Check each pair that ``names`` mean; what cannot be checked is a result, too."""
    for found in pairs(names):
        if isinstance(found, InputError):
            yield Result("", "", "error", message=str(found))
            continue
        try:
            yield check(found, update=update)
        except InputError as error:
            yield Result(str(found.capture), str(found.expectation), "error", message=str(error))


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
        analysis = analyze(str(capture_path))
        connections = list(analysis)
        save(path, write.text_of(analysis.capture, connections))
        return Result(str(capture_path), str(path), "written", len(connections))
    expected = expectation.load(path)
    analysis = analyze(str(capture_path), msl_s=expected.msl_s, checksums=expected.checksums)
    connections = list(analysis)
    comparison = compare(expected, connections, analysis.capture)
    result = Result(str(capture_path), str(path), "same", len(connections), source=expected.source)
    if not comparison.differences:
        return result
    return _differing(result, expected, comparison, analysis.capture, connections, update)


def _differing(
    result: Result,
    expected: Expectation,
    comparison: Comparison,
    capture: Capture,
    connections: list[Connection],
    update: bool,
) -> Result:
    """Return the result of a capture that differs; with ``update`` write that into its expectation."""
    path = Path(result.expectation)
    old = path.read_bytes().decode("utf-8")
    new = write.renewed(old, expected, comparison, capture, connections)
    verdict: Verdict = "differs"
    if update:
        vouched = expected.source != "analysis"
        verdict = (
            "refused" if vouched and any(_is_path(entry) for entry in comparison.differences) else "renewed"
        )
    if verdict == "renewed":
        save(path, new)
    patch = difflib.unified_diff(
        old.splitlines(), new.splitlines(), str(path), "as the analysis has it", lineterm=""
    )
    return result._replace(
        verdict=verdict,
        differences=tuple(comparison.differences),
        ladders=tuple(_ladders(expected, comparison, connections)),
        patch=tuple(patch),
    )


def _is_path(difference: Difference) -> bool:
    """Say whether a difference is one of paths: a connection more or fewer is, too."""
    return difference.key in ("path", "connection")


def _ladders(expected: Expectation, comparison: Comparison, connections: list[Connection]) -> Iterator[str]:
    """Yield both ladders of each connection whose path differs, as far as they are few."""
    changed = dict.fromkeys(
        entry.at for entry in comparison.differences if entry.key == "path" and entry.at is not None
    )
    for at in list(changed)[:MAX_LADDERS]:
        connection = connections[comparison.paired[at]]
        yield f"stream {connection.stream}:"
        yield from side_by_side(expected.connections[at], connection)


def save(path: Path, text: str) -> None:
    """Replace a file in one step, so that an interrupt leaves the old one whole; raises ``InputError``."""
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".tcptrace-", delete=False) as spare:
            spare.write(text.encode("utf-8"))
        os.chmod(spare.name, path.stat().st_mode if path.exists() else 0o644)
        os.replace(spare.name, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; make it writable") from None
