"""JSON Lines are the contract's, and the published schema says the same."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from tcptrace.model.records import Capture, Connection, Segment
from tcptrace.show import json as lines
from tcptrace.show import schema
from tests.show.samples import SAMPLES, sample

# The contract's example of a connection, typed once.
CONTRACT = """{
  "record": "connection", "schema": 1, "stream": 0,
  "client": {"ip": "127.0.0.1", "port": 49329}, "server": {"ip": "127.0.0.1", "port": 8000},
  "opened_by": "client", "first_frame": 1, "last_frame": 14,
  "first_ns": 1487691966464962000, "last_ns": 1487691966468479000,
  "packets": {"client": 7, "server": 7}, "duplicates": {"client": 0, "server": 0},
  "application": "http", "tap": null,
  "data_bytes": {"client": 145, "server": 5323}, "unique_bytes": {"client": 145, "server": 5323},
  "path": {
    "client": ["CLOSED", "SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"],
    "server": ["LISTEN", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]},
  "final": {"client": "CLOSED", "server": "TIME-WAIT"},
  "transitions": [
    {"frame": 1, "time_ns": 1487691966464962000, "side": "client", "from": "CLOSED", "to": "SYN-SENT",
     "cause": "snd SYN", "evidence": "observed", "proof": 1, "rule": "RFC 9293 3.10.1"}],
  "steps_omitted": 0,
  "outcome": "closed", "closed_first": "server", "reset_by": null,
  "time_wait": {"side": "server", "since_ns": 1487691966468442000, "until_ns": 1487692206468442000},
  "handshake_s": 0.000067,
  "rtt_s": {"client": {"samples": 3, "min": 0.000014, "avg": 0.000036, "max": 0.000056},
            "server": {"samples": 4, "min": 0.000011, "avg": 0.000018, "max": 0.00003}},
  "finding_counts": {}, "findings": [], "given_up": false
}"""
CAPTURE = """{"record": "capture", "schema": 1, "file": "captures/http-get.pcap", "format": "pcap",
 "link_types": ["NULL"], "frames": 14, "tcp_segments": 14, "connections": 1, "first_ns": 0, "last_ns": 0,
 "skipped": {"not_ip": 0, "not_tcp": 0, "fragment": 0, "truncated": 0, "malformed": 0, "link_type": 0},
 "complete": true, "problem": null, "date_known": true, "given_up": 0, "warnings": []}"""

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.text()))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.text()))


@pytest.mark.parametrize(("text", "kind"), [(CONTRACT, Connection), (CAPTURE, Capture)])
def test_the_contracts_examples_come_back_word_for_word(text: str, kind: Any) -> None:
    VALIDATOR.validate(json.loads(text))
    record = msgspec.json.decode(text, type=kind)
    line = lines.line(record)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == json.loads(text)
    assert list(json.loads(line)) == list(json.loads(text))  # the order of keys too


@pytest.mark.parametrize("name", SAMPLES)
def test_every_outcome_keeps_to_the_schema(name: str) -> None:
    connection, segments = sample(name)
    VALIDATOR.validate(json.loads(lines.line(connection)))
    written = lines.lines(segments).splitlines()
    assert len(written) == len(segments)
    for line in written:
        VALIDATOR.validate(json.loads(line))


def test_the_summary_keeps_to_the_schema() -> None:
    VALIDATOR.validate(json.loads(lines.outcomes_line({"closed": 3, "reset": 1})))


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every key of a record."""
    found: list[tuple[Any, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in items:
        if isinstance(value, dict):
            found.append((*here, key))
        found += paths(held, (*here, key))
    return found


def at(record: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        record = record[key]
    return record


SEGMENT = json.loads(lines.lines(sample("http")[1][:1]))
KEYS = [
    (number, way)
    for number, record in enumerate((json.loads(CONTRACT), json.loads(CAPTURE), SEGMENT))
    for way in paths(record)
]


@pytest.mark.parametrize(("number", "way"), KEYS, ids=str)
def test_a_missing_or_mistyped_key_is_a_violation(number: int, way: tuple[Any, ...]) -> None:
    text = (CONTRACT, CAPTURE, json.dumps(SEGMENT))[number]
    without = json.loads(text)
    del at(without, way[:-1])[way[-1]]
    assert not VALIDATOR.is_valid(without)
    mistyped = json.loads(text)
    at(mistyped, way[:-1])[way[-1]] = {"neither": ["this"], "nor": 1.5}
    assert not VALIDATOR.is_valid(mistyped)


@pytest.mark.parametrize("word", ["SYN_SENT", "syn-sent", "SYN-RCVD", "TIME_WAIT", ""])
def test_a_state_that_is_not_in_the_rfcs_words_is_a_violation(word: str) -> None:
    record = json.loads(CONTRACT)
    record["final"]["client"] = word
    assert not VALIDATOR.is_valid(record)


def test_an_added_key_is_no_violation() -> None:
    # contract: "A change that breaks a reader raises "schema"; adding a key does not."
    record = json.loads(CONTRACT)
    record["rate"] = 1
    record["transitions"][0]["why"] = "because"
    VALIDATOR.validate(record)


def test_another_record_is_a_violation() -> None:
    assert not VALIDATOR.is_valid({"record": "flow", "schema": 1})
    assert not VALIDATOR.is_valid([])


def test_a_file_name_that_is_no_utf8_is_written_as_escapes() -> None:
    capture = msgspec.structs.replace(msgspec.json.decode(CAPTURE, type=Capture), file="caf\udce9.pcap")
    assert json.loads(lines.line(capture))["file"] == "caf\\udce9.pcap"


def test_control_characters_in_json_are_escaped() -> None:
    capture = msgspec.structs.replace(msgspec.json.decode(CAPTURE, type=Capture), problem="a\x1b[2J\n")
    assert b"\x1b" not in lines.line(capture)


def test_segment_and_schema_agree_on_the_flags() -> None:
    _, segments = sample("http")
    flags = msgspec.structs.replace(segments[0], flags="SYN,ACK,ECE")
    VALIDATOR.validate(json.loads(lines.line(flags)))
    assert not VALIDATOR.is_valid(json.loads(lines.line(msgspec.structs.replace(segments[0], flags="S."))))
    assert isinstance(flags, Segment)
