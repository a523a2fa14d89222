"""The summary counts by outcome and says what the capture lacks; the worst rows are chosen as documented."""

import json

import pytest

from tcptrace.model.records import Finding
from tcptrace.model.whole import Fault, Whole
from tcptrace.show.summary import MEANINGS, Selection, summary
from tcptrace.show.worst import WORST_FIRST, Worst
from tests.show.samples import sample
from tests.show.test_json import CAPTURE, VALIDATOR

HTTP = Whole(**{name: value for name, value in json.loads(CAPTURE).items() if name in Whole._fields})


def test_outcomes_are_counted_with_their_share() -> None:
    text = summary(HTTP, {"reset": 1, "closed": 1999}, utc=True)
    lines = text.splitlines()
    assert lines[0] == "2,000 connections"
    assert lines[1].split()[:4] == ["closed", "1,999", "100.0", "%"]
    assert lines[2].split()[:4] == ["reset", "1", "0.1", "%"]
    assert lines[3:5] == ["captures/http-get.pcap: pcap, NULL", "14 frames, 14 TCP segments"]


def test_the_summary_knows_every_outcome_of_the_schema() -> None:
    assert set(MEANINGS) == set(WORST_FIRST) == set(VALIDATOR.schema["$defs"]["outcome"]["enum"])


def test_lines_fit_80_columns_also_with_a_million_connections_and_long_warnings() -> None:
    capture = HTTP._replace(
        problem="cut short " * 30, warnings=[Fault("tap_loss", 2, "two are missing " * 20)]
    )
    text = summary(capture, dict.fromkeys(MEANINGS, 1_000_000), utc=True, width=80)
    assert text.split().count("missing") == 20  # nothing is lost
    assert max(map(len, text.splitlines())) <= 80


def test_faults_of_the_capture_are_all_said() -> None:
    capture = HTTP._replace(
        skipped={**HTTP.skipped, "not_ip": 3, "link_type": 1000},
        problem="cut short at offset 99",
        warnings=[Fault("tap_loss", 2, "two segments are missing")],
        given_up=7,
        date_known=False,
    )
    text = summary(capture, {})
    assert "skipped: 3 not IP, 1,000 of an unknown link type\n" in text
    for part in (
        "cut short at offset 99",
        "tap_loss (2): two segments are missing",
        "7 connections",
        "no dates",
    ):
        assert part in text


def test_a_selection_says_of_how_many() -> None:
    assert summary(HTTP, {"reset": 3}, Selection(3, 1000)).startswith("3 of 1,000 connections selected\n")


def test_hostile_names_are_escaped() -> None:
    capture = HTTP._replace(file="\x1b]0;owned\x07.pcap", problem="\x9b2J")
    text = summary(capture, {})
    assert "\x1b" not in text
    assert "\x9b" not in text


def test_standard_input_is_called_by_its_name() -> None:
    assert "\nstandard input: pcap, NULL\n" in summary(HTTP._replace(file="-"), {})


def test_an_empty_capture_has_no_times() -> None:
    text = summary(HTTP._replace(frames=0, tcp_segments=0, connections=0), {})
    assert text.splitlines() == [
        "0 connections",
        "captures/http-get.pcap: pcap, NULL",
        "0 frames, 0 TCP segments",
    ]


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_worst_are_errors_then_warnings_then_bad_outcomes_then_streams(limit: int) -> None:
    error = [Finding(1, None, "blind_rst", "error", "")]
    warning = [Finding(1, None, "half_open", "warning", "")]
    note = [Finding(1, None, "challenge_ack", "note", "")]
    one = {"connection": 1}
    in_order = [
        sample("http", stream=9, findings=error, finding_counts={"blind_rst": one})[0],
        sample("http", stream=8, findings=warning, finding_counts={"half_open": {"connection": 5}})[0],
        sample("http", stream=7, findings=warning, finding_counts={"half_open": one})[0],
        sample("reset", stream=6, findings=note, finding_counts={"challenge_ack": one})[0],
        sample("refused", stream=4)[0],
        sample("refused", stream=5)[0],
        sample("unanswered", stream=3)[0],
        sample("open", stream=2)[0],
        sample("http", stream=0)[0],
        sample("http", stream=1)[0],
    ]
    worst = Worst(limit)
    for connection in sorted(in_order, key=lambda c: (c.stream * 7) % 10):
        worst.add(connection)
    assert [c.stream for c in worst.sorted()] == [c.stream for c in in_order[:limit]]


def test_the_summarys_json_is_what_it_counted() -> None:
    from tcptrace.show.json import outcomes_line

    assert json.loads(outcomes_line({"closed": 1}))["outcomes"] == {"closed": 1}
