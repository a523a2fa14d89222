"""For each code that Wireshark has, no false positive and no false negative: held to tshark, frame by frame."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

import tcptrace
from tests.every import CAPTURES
from tests.find import edges
from tests.find.rewritten import SHARED_CODES, tshark_flags, write_again

# (file, frame) -> why we say otherwise than tshark there. A row a frame, never a looser comparison. None so far.
KNOWN_DIFFERENCES: dict[tuple[str, int], str] = {}

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
EDGES = 3  # captures made by chance


def our_codes(path: Path) -> dict[int, frozenset[str]]:
    """Return the codes that we have in common with Wireshark at each frame where there are some."""
    found: dict[int, set[str]] = {}
    for connection in tcptrace.analyze(str(path), max_findings=0):
        for finding in connection.findings:
            if finding.code in SHARED_CODES:
                found.setdefault(finding.frame, set()).add(finding.code)
    return {frame: frozenset(codes) for frame, codes in found.items()}


def differences(path: Path, rewritten: Path) -> tuple[dict[int, str], Counter[str]]:
    """Return where a capture and tshark's verdict on it without second copies differ, and how often tshark has each code."""
    theirs = tshark_flags(rewritten, write_again(path, rewritten))
    ours = our_codes(path)
    nothing: frozenset[str] = frozenset()
    wrong = {
        frame: f"only tshark: {sorted(flags.codes - ours.get(frame, nothing))}, "
        f"only we: {sorted(ours.get(frame, nothing) - flags.codes)}"
        for frame, flags in theirs.items()
        if flags.codes != ours.get(frame, nothing)
    }
    wrong |= {
        frame: f"no segment in tshark: {sorted(codes)}"
        for frame, codes in ours.items()
        if frame not in theirs
    }
    return wrong, Counter(code for flags in theirs.values() for code in flags.codes)


@needs_tshark
@pytest.mark.parametrize("path", CAPTURES)
def test_each_frame_has_the_codes_that_tshark_gives_it(path: Path, tmp_path: Path) -> None:
    wrong, _ = differences(path, tmp_path / "again.pcap")
    assert {frame: text for frame, text in wrong.items() if (path.name, frame) not in KNOWN_DIFFERENCES} == {}
    stale = [frame for name, frame in KNOWN_DIFFERENCES if name == path.name and frame not in wrong]
    assert stale == [], "no difference any more: take the row out"


@pytest.fixture(scope="module")
def found_at_edges(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[tuple[int, int], str], Counter[str]]:
    """Compare captures made by chance: (seed, frame) -> what differs, and how often tshark has each code."""
    folder = tmp_path_factory.mktemp("edges")
    wrong: dict[tuple[int, int], str] = {}
    counts: Counter[str] = Counter()
    for seed in range(EDGES):
        path = folder / f"{seed}.pcap"
        edges.write(path, seed)
        differs, codes = differences(path, folder / "again.pcap")
        wrong |= {(seed, frame): text for frame, text in differs.items()}
        counts += codes
    return wrong, counts


@needs_tshark
def test_at_the_edges_of_the_rules_each_frame_has_the_codes_that_tshark_gives_it(
    found_at_edges: tuple[dict[tuple[int, int], str], Counter[str]],
) -> None:
    assert found_at_edges[0] == {}


@needs_tshark
@pytest.mark.parametrize("code", SHARED_CODES)
def test_at_the_edges_every_code_is_met(
    code: str, found_at_edges: tuple[dict[tuple[int, int], str], Counter[str]]
) -> None:
    assert found_at_edges[1][code] >= 5, "the comparison says nothing about a code that never came"


WITH_DUPLICATE_ACKS = (
    "zerologon-input.pcap",
    "nDPI-dnp3.pcap",
    "rdp-proprietary-encryption.pcap",
    "fin_lost@client.pcap",
)


@needs_tshark
@pytest.mark.parametrize("path", [case for case in CAPTURES if str(case.id).endswith(WITH_DUPLICATE_ACKS)])
def test_duplicate_acks_are_counted_as_tshark_counts_them(path: Path, tmp_path: Path) -> None:
    theirs = tshark_flags(tmp_path / "again.pcap", write_again(path, tmp_path / "again.pcap"))
    ours = {}
    for connection in tcptrace.analyze(str(path), max_findings=0):
        for finding in connection.findings:
            if finding.code == "duplicate_ack":
                ours[finding.frame] = finding.detail
    counted = {frame: flags.duplicate_ack for frame, flags in theirs.items() if flags.duplicate_ack}
    assert set(counted) == set(ours)
    for frame, (number, of) in counted.items():
        assert ours[frame].startswith(f"no. {number} that repeats the ACK in frame {of}:")
