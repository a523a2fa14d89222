"""Batch sizes, hash seeds and the form of the kernels change nothing in what comes out."""

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tcptrace
from tcptrace import kernels, session
from tcptrace.model.columns import Frames
from tcptrace.show import json as lines
from tcptrace.source import open_source
from tcptrace.source.base import Batch
from tests.every import CAPTURES, ROOT
from tests.tcp.properties import Choice, choices, frames_of, pcap_of

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
MODEST = 4_000_000  # octets of a capture that is read many times here


class Rebatched:
    """A source whose frames come ``size`` at a time."""

    def __init__(self, target: Any, size: int) -> None:
        self._inner, self._size = open_source(target), size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def batches(self) -> Iterator[Batch]:
        for batch in self._inner.batches():
            for start in range(0, batch.count, self._size):
                count = min(self._size, batch.count - start)
                frames = Frames(*(column[start : start + count] for column in batch.frames))
                yield Batch(batch.buffer, frames, count)


def output(target: Any, size: int = 4096, table_seed: bytes | None = None) -> bytes:
    """Return all JSON lines, segments included, read in batches of ``size`` frames."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "open_source", lambda source: Rebatched(source, size))
        analysis = tcptrace.analyze(target, segments=True)
    if table_seed is not None:
        replay = analysis._replay
        replay.store.flows = kernels.load("flow.table").FlowTable(table_seed)
    out = []
    for connection in analysis:
        out += [lines.lines(analysis.segments_of(connection.stream)), lines.line(connection)]
    return b"".join([*out, lines.line(analysis.capture)])


@pytest.mark.parametrize("path", CAPTURES)
def test_batch_sizes_and_hash_seeds_change_nothing_in_a_capture(path: Path) -> None:
    if path.stat().st_size > MODEST:
        pytest.skip("many frames: the smaller captures say it too")
    whole = output(path)
    assert whole.count(b"\n") > 1
    assert output(path, 7) == whole
    assert output(path, 1, random.Random(path.name).randbytes(88)) == whole
    assert output(path, 4096, bytes(88)) == whole, "every four-tuple in one bucket"


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(soup=choices(clock_goes_back=True), size=st.integers(1, 5), seed=st.binary(min_size=88, max_size=88))
def test_batch_sizes_and_hash_seeds_change_nothing_in_a_soup(
    soup: list[Choice], size: int, seed: bytes
) -> None:
    capture = pcap_of(frames_of(soup))
    assert output(capture, size, seed) == output(capture)


DIGESTS = """
import hashlib, sys
import tcptrace
from tcptrace.show import json as lines
for name in sys.argv[1:]:
    analysis = tcptrace.analyze(name, segments=True)
    digest = hashlib.sha256()
    for connection in analysis:
        digest.update(lines.lines(analysis.segments_of(connection.stream)) + lines.line(connection))
    digest.update(lines.line(analysis.capture))
    print(digest.hexdigest())
"""


def digests(paths: list[Path], **surroundings: str) -> list[str]:
    """Return the digest of each capture's output, made in one process of its own."""
    inherited = {key: value for key, value in os.environ.items() if key != "TCPTRACE_PLAIN"}
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS, *map(str, paths)],
        cwd=ROOT,
        env=inherited | surroundings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]
    return done.stdout.split()


def test_python_s_hash_seed_changes_nothing() -> None:
    paths = [case.values[0] for case in CAPTURES]
    small = [path for path in paths if isinstance(path, Path) and path.stat().st_size < MODEST // 20]
    first, second, third = (digests(small, PYTHONHASHSEED=seed) for seed in ("0", "1", "4294967295"))
    assert len(first) == len(small) > 0
    assert first == second == third


@pytest.mark.skipif(
    not kernels.is_compiled("tcp.replay"), reason="no compiled twins here: nothing to compare"
)
def test_compiled_and_plain_say_the_same_of_soups(tmp_path: Path) -> None:
    paths: list[Path] = []

    @settings(max_examples=300, deadline=None, suppress_health_check=SLOW, database=None)
    @given(soup=choices(clock_goes_back=True))
    def keep(soup: list[Choice]) -> None:
        capture = pcap_of(frames_of(soup))
        path = tmp_path / f"{hashlib.sha256(capture).hexdigest()[:16]}.pcap"
        if not path.exists():
            path.write_bytes(capture)
            paths.append(path)

    keep()
    assert len(paths) > 100
    compiled, plain = digests(paths), digests(paths, TCPTRACE_PLAIN="1")
    different = [path for path, one, other in zip(paths, compiled, plain, strict=True) if one != other]
    assert not different, different[0].read_bytes().hex()
