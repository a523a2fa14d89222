"""``tap_loss``: an ACK covers what the capture never shows, beyond all it has or in a hole."""

import shutil
import sys
from pathlib import Path

import pytest
from script import parse

import tcptrace
from tcptrace.flow.rows import Cold, End, Gap, Stream
from tcptrace.model.records import Finding
from tcptrace.tcp.account import Account
from tcptrace.tcp.notes import Notebook
from tcptrace.tcp.unseen import Unseen
from tests.every import CAPTURES, ROOT
from tests.find.rewritten import tshark_flags, write_again

OPEN = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    """
HOLE = OPEN + "0.050 client > PSH,ACK seq 301 len 100\n"
FILE76 = ROOT.parent / "shared" / "data" / "real" / "suricata-verify-file76.pcap"


def losses(ladder: str) -> list[Finding]:
    """Return the findings of the one connection."""
    (connection,) = tcptrace.analyze(parse(ladder).pcap())
    found = [finding for finding in connection.findings if finding.code == "tap_loss"]
    counted = connection.finding_counts.get("tap_loss", {})
    assert sum(counted.values()) == len(found)
    return found


def test_an_ack_over_a_hole_is_a_loss_of_the_tap() -> None:
    (loss,) = losses(HOLE + "0.060 server < ACK ack 401")
    assert (loss.frame, loss.side, loss.severity) == (7, "server", "warning")
    assert loss.detail == (
        "acknowledges the 200 numbers 101 to 300, which the capture never shows (frame 4 ends before them, frame 6 begins "
        "beyond): the capture lost them, not the network (capture)"
    )


def test_the_capture_says_so_at_its_top() -> None:
    analysis = tcptrace.analyze(parse(HOLE + "0.060 server < ACK ack 401").pcap())
    list(analysis)
    assert ("tap_loss", 1) in [(warning.code, warning.count) for warning in analysis.capture.warnings]


def test_an_ack_into_a_hole_and_one_over_the_rest_are_two() -> None:
    first, second = losses(HOLE + "0.060 server < ACK ack 201\n0.061 server < ACK ack 401")
    assert (first.frame, second.frame) == (7, 8)
    assert "the 100 numbers 101 to 200," in first.detail
    assert "the 100 numbers 201 to 300," in second.detail


def test_an_ack_over_two_holes_is_one_that_counts_both() -> None:
    (loss,) = losses(HOLE + "0.051 client > PSH,ACK seq 501 len 100\n0.060 server < ACK ack 601")
    assert "acknowledges 300 numbers between 101 and 500, which" in loss.detail


def test_a_hole_before_a_fin_that_is_acknowledged_is_one() -> None:
    """The slow road of the replay: a FIN is on its way."""
    (loss,) = losses(OPEN + "0.050 client > FIN,ACK seq 301\n0.060 server < ACK ack 302")
    assert "the 200 numbers 101 to 300," in loss.detail


NONE_OF_THESE = {
    "what is sent again before the ACK": "0.055 client > PSH,ACK seq 101 len 200\n0.060 server < ACK ack 401",
    "what is sent again in two pieces": "0.055 client > ACK seq 201 len 100\n0.056 client > ACK seq 101 len 100\n"
    "0.060 server < ACK ack 401",
    "a SACK of what lies beyond": "0.060 server < ACK ack 101 sack 301-401",
    "no ACK": "",
    "an ACK up to the hole": "0.060 server < ACK ack 101",
    "the segment after its ACK, from another interface": "0.060 server < ACK ack 401\n0.061 client > ACK seq 101 len 200",
    "two segments after their ACK": "0.060 server < ACK ack 401\n0.061 client > ACK seq 101 len 100\n"
    "0.062 client > ACK seq 201 len 100",
    "two segments after their ACK, last first": "0.060 server < ACK ack 401\n0.061 client > ACK seq 201 len 100\n"
    "0.062 client > ACK seq 101 len 100",
    "a second copy of what lies beyond": "0.0501 copy 6\n0.055 client > PSH,ACK seq 101 len 200\n0.060 server < ACK ack 401",
    "a FIN behind what fills it": "0.055 client > FIN,ACK seq 101 len 300\n0.060 server < ACK ack 402",
}


@pytest.mark.parametrize("what", NONE_OF_THESE)
def test_none_is_told_of(what: str) -> None:
    assert losses(HOLE + NONE_OF_THESE[what]) == []


def test_half_of_a_hole_that_comes_late_leaves_the_loss() -> None:
    assert len(losses(HOLE + "0.060 server < ACK ack 401\n0.061 client > ACK seq 101 len 100")) == 1


def test_a_loss_beyond_the_most_that_are_kept_is_taken_back_from_the_count() -> None:
    ladder = OPEN
    for turn in range(4):
        left = 101 + 300 * turn
        ladder += f"0.{5 + turn}0 client > ACK seq {left + 200} len 100\n0.{5 + turn}1 server < ACK ack {left + 300}\n"
    late = "1.0 client > ACK seq 1001 len 200"
    (connection,) = tcptrace.analyze(parse(ladder + late).pcap(), max_findings=2)
    assert connection.finding_counts["tap_loss"] == {"server": 3}
    assert [finding.frame for finding in connection.findings if finding.code == "tap_loss"] == [7, 9]


def test_holes_are_looked_at_once_however_many_acks_come() -> None:
    """1,000 holes, each acknowledged on its own, in steps of Python's lines."""
    account = Account()
    notes = Notebook(0)
    unseen = Unseen(None, None, account, notes, None)  # type: ignore[arg-type]
    end = End()
    end.iss = end.cont = 0
    end.cold = Cold()
    last: Gap | None = None
    for number in range(1000, 0, -1):
        gap = Gap()
        gap.left, gap.right, gap.next = 20 * number - 10, 20 * number, last
        last = gap
    end.cold.gaps, end.cold.gap_count = last, 1000
    end.snd_nxt = 20_000
    steps = 0

    def count(frame: object, event: str, argument: object) -> object:
        nonlocal steps
        steps += event == "line"
        return count

    stream = Stream()
    before = sys.gettrace()
    sys.settrace(count)  # type: ignore[arg-type]
    try:
        for ack in range(1, 20_001):
            if ack > end.cont:
                unseen.covers(stream, end, 0, ack, ack)
    finally:
        sys.settrace(before)
    assert notes.totals.tolist().count(0) == len(notes.totals) - 1
    assert sum(notes.totals) == 10_000  # each octet of a hole with its own ACK
    assert steps < 100 * 10_000


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    "ladder",
    [
        HOLE + "0.060 server < ACK ack 401",
        HOLE + NONE_OF_THESE["what is sent again before the ACK"],
        HOLE + NONE_OF_THESE["a SACK of what lies beyond"],
        HOLE + NONE_OF_THESE["an ACK up to the hole"],
    ],
)
def test_tshark_too_says_that_the_ack_is_of_what_was_not_captured(ladder: str, tmp_path: Path) -> None:
    path = tmp_path / "holes.pcap"
    path.write_bytes(parse(ladder).pcap())
    again = tmp_path / "again.pcap"
    theirs = tshark_flags(again, write_again(path, again))
    told = [frame for frame, flags in theirs.items() if "ack_lost_segment" in flags.codes]
    assert told == [loss.frame for loss in losses(ladder)]


@pytest.mark.skipif(not FILE76.exists(), reason="other projects' captures are not beside the checkout")
def test_a_real_capture_with_holes_tells_of_each_octet_that_it_has_not() -> None:
    """Octets that were acknowledged and are in no segment, by a set of them; Wireshark tells of 11 of the ACKs (rule 11)."""
    analysis = tcptrace.analyze(str(FILE76), max_findings=0, segments=True)
    (connection,) = analysis
    seen: dict[str, set[int]] = {"client": set(), "server": set()}
    acked = {"client": 1, "server": 1}
    missing = 0
    for segment in analysis.segments_of(0):
        begin = max(segment.seq, 1)
        seen[segment.side].update(range(begin, begin + segment.payload_bytes))
    for segment in analysis.segments_of(0):
        peer = "server" if segment.side == "client" else "client"
        if segment.ack is not None and segment.ack > acked[peer]:
            missing += sum(number not in seen[peer] for number in range(acked[peer], segment.ack))
            acked[peer] = segment.ack
    told = 0
    for finding in connection.findings:
        if finding.code == "tap_loss":
            words = finding.detail.split()
            told += int(words[2 if words[1] == "the" else 1].replace(",", ""))
    assert told == missing > 30_000


@pytest.mark.parametrize("path", [case for case in CAPTURES if str(case.id).startswith("kernel/")])
def test_what_the_kernel_captured_whole_has_none(path: Path) -> None:
    for connection in tcptrace.analyze(str(path)):
        assert "tap_loss" not in connection.finding_counts


@pytest.mark.parametrize("path", CAPTURES)
def test_the_capture_counts_as_many_at_its_top_as_its_connections_have(path: Path) -> None:
    for tell in (list, lambda analysis: list(analysis.lines())):
        analysis = tcptrace.analyze(str(path))
        tell(analysis)
        told = {warning.code: warning.count for warning in analysis.capture.warnings}.get("tap_loss", 0)
        found = sum(
            sum(one.finding_counts.get("tap_loss", {}).values()) for one in tcptrace.analyze(str(path))
        )
        assert told == found


AT_THE_END = {
    "what only the last ACK shows": OPEN + "0.050 server < ACK ack 301",
    "what the peer goes on beyond": OPEN + "0.050 server < ACK ack 301\n0.060 client > ACK seq 301 len 10",
    "a SYN,ACK, and then its sender": "0.000 client > SYN\n0.020 client > ACK ack 1\n0.030 server < PSH,ACK seq 1 len 9",
}


@pytest.mark.parametrize("what", AT_THE_END)
def test_so_it_does_of(what: str) -> None:
    analysis = tcptrace.analyze(parse(AT_THE_END[what]).pcap())
    (connection,) = analysis
    assert sum(connection.finding_counts["tap_loss"].values()) == 1
    assert [(warning.code, warning.count) for warning in analysis.capture.warnings] == [("tap_loss", 1)]


def test_what_was_never_sent_is_no_loss_of_the_capture() -> None:
    analysis = tcptrace.analyze(
        parse(OPEN + "0.050 server < ACK ack 301\n0.060 client > ACK seq 101 len 10").pcap()
    )
    (connection,) = analysis
    assert "ack_of_unsent" in connection.finding_counts
    assert analysis.capture.warnings == []
