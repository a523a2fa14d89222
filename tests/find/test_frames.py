"""The frames that findings rest on: named in every sentence that has one, and true ones."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from script import parse

import tcptrace
from tcptrace.find.codes import CODES
from tcptrace.model.records import Finding
from tests.every import CAPTURES
from tests.find import edges

ROOT = Path(__file__).parents[2]
GOLDENS = ROOT / "captures"
FRAMES = re.compile(r"\bframes? (\d+)(?: and (\d+))?")


def named(finding: Finding) -> list[int]:
    """Return the frames in a finding's sentence."""
    return [int(frame) for found in FRAMES.findall(finding.detail) for frame in found if frame]


# Code, golden, frame, and the other frames that prove it there, as its script has them.
PROOFS = [
    ("syn_retransmission", "unanswered", 2, [1]),
    ("fin_retransmission", "fin-lost", 9, [8]),
    ("simultaneous_open", "simultaneous-open", 2, [1, 2]),
    ("simultaneous_close", "simultaneous-close", 9, [8, 9]),
    ("half_open", "half-open-reconnect", 9, [8]),
    ("challenge_ack", "blind-rst", 8, [7]),
    ("rst_out_of_window", "rst-outside-window", 6, [5]),
    ("blind_rst", "blind-rst", 7, [9]),
    ("time_wait_reuse", "time-wait-reuse", 10, [8]),
    ("time_wait_assassination", "time-wait-assassination", 12, [8]),
    ("abortive_close", "reset-in-close-wait", 10, [3]),
    ("data_after_fin", "data-after-fin", 8, [6]),
    ("data_after_rst", "data-after-fin", 16, [15]),
    ("ack_of_unsent", "ack-of-unsent", 6, [7]),
    ("split_handshake", "split-handshake", 2, [1]),
    ("fast_open", "fast-open-cookie", 8, [7]),
    ("duplicate_frame", "capture-faults", 4, [3]),
    ("time_went_back", "capture-faults", 7, [6]),
    ("tap_loss", "capture-faults", 9, [5, 10]),
    ("tap_loss", "tap-loss", 7, [4, 6]),
    ("one_direction", "one-direction", 1, [5]),
    ("not_in_state_machine", "not-in-state-machine", 9, [7]),
    ("zero_window_probe", "zero-window", 8, [7]),
    ("zero_window", "slow-transfer", 29, [27]),
    ("lost_segment", "capture-faults", 10, [5]),
    ("keep_alive", "keep-alive", 6, [4]),
    ("window_update", "http-get", 4, [2]),
    ("window_full", "zero-window", 6, [4]),
    ("keep_alive_ack", "keep-alive", 7, [6]),
    ("zero_window_probe_ack", "zero-window", 9, [8]),
    ("duplicate_ack", "data-after-fin", 9, [7]),
    ("ack_lost_segment", "capture-faults", 9, [5]),
    ("spurious_retransmission", "retransmissions", 18, [17]),
    ("fast_retransmission", "retransmissions", 10, [5, 9]),
    ("out_of_order", "retransmissions", 13, [12]),
    ("retransmission", "fin-lost", 9, [8, 5]),
    ("reused_ports", "time-wait-assassination", 10, [9]),
]
# What these rest on is all in the segment itself.
IN_ITSELF = {"syn_data", "bad_checksum"}


@pytest.mark.parametrize(("code", "golden", "frame", "proof"), PROOFS)
def test_the_sentence_names_the_other_frames_that_prove_it(
    code: str, golden: str, frame: int, proof: list[int]
) -> None:
    path = GOLDENS / f"{golden}.pcap"
    findings = [
        finding for found in tcptrace.analyze(str(path), checksums="all") for finding in found.findings
    ]
    (finding,) = [finding for finding in findings if (finding.code, finding.frame) == (code, frame)]
    assert named(finding) == proof, finding.detail


def test_every_code_is_in_that_table() -> None:
    assert {row[0] for row in PROOFS} | IN_ITSELF == {code.name for code in CODES.values()}


# What only later frames decide names one of them.
LATER = {"ack_of_unsent", "blind_rst", "one_direction", "tap_loss"}
# The segment before it in the file may be another connection's.
ELSEWHERE = {"time_went_back"}


def check(path: str, checksums: str = "all") -> set[str]:
    """Hold each finding's frames to the capture's segments; return the codes that were met."""
    pair_of: dict[int, frozenset[tuple[str, int]]] = {}
    analysis = tcptrace.analyze(path, checksums=checksums, segments=True)
    connections = list(analysis)
    for connection in connections:
        ends = frozenset((end.ip, end.port) for end in (connection.client, connection.server))
        for segment in analysis.segments_of(connection.stream):
            pair_of[segment.frame] = ends
    met = set()
    for connection in connections:
        frames = [finding.frame for finding in connection.findings]
        assert frames == sorted(frames), connection.stream
        ends = frozenset((end.ip, end.port) for end in (connection.client, connection.server))
        for finding in connection.findings:
            met.add(finding.code)
            assert pair_of.get(finding.frame) == ends, finding
            for frame in named(finding):
                assert frame in pair_of, finding
                assert pair_of[frame] == ends or finding.code in ELSEWHERE, finding
                assert frame <= finding.frame or finding.code in LATER, finding
    return met


@pytest.mark.parametrize("path", CAPTURES)
def test_frames_of_findings_are_segments_of_their_connection_and_earlier_ones(path: Path) -> None:
    check(str(path))


def test_so_are_those_of_captures_made_by_chance(tmp_path: Path) -> None:
    met: dict[str, int] = defaultdict(int)
    for seed in range(100, 104):
        path = tmp_path / f"{seed}.pcap"
        edges.write(path, seed, pairs=20)
        for code in check(str(path), "none"):
            met[code] += 1
    assert len(met) > 20, "they are to have findings of many kinds"


def test_a_finding_that_was_taken_back_leaves_the_others() -> None:
    """Two holes are acknowledged, and the second one's octets come after all: one loss is left."""
    ladder = """
        handshake
        0.030 client > PSH,ACK len 100
        0.040 server < ACK
        0.050 client > PSH,ACK seq 301 len 100
        0.060 server < ACK ack 401
        0.070 client > PSH,ACK seq 501 len 100
        0.080 server < ACK ack 601
        0.090 client > PSH,ACK seq 401 len 100
        """
    (connection,) = tcptrace.analyze(parse(ladder).pcap())
    assert [finding.frame for finding in connection.findings if finding.code == "tap_loss"] == [7]
    assert connection.finding_counts["tap_loss"] == {"server": 1}
