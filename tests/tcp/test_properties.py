"""Whatever segments come, nothing raises and every record keeps to the contract."""

import json
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings

import tcptrace
from tcptrace.show import json as lines
from tcptrace.show import schema
from tests.tcp.properties import Choice, check_record, choices, frames_of, pcap_of, words_of

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.text()))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def analysed(octets: bytes, **options: Any) -> tuple[list[Any], Any]:
    """Return the connections and the capture's record."""
    analysis = tcptrace.analyze(octets, **options)
    return list(analysis), analysis.capture


@settings(max_examples=400, deadline=None, suppress_health_check=SLOW)
@given(soup=choices())
def test_every_record_of_a_soup_keeps_to_the_contract(soup: list[Choice]) -> None:
    frames = frames_of(soup)
    connections, capture = analysed(pcap_of(frames))
    assert capture.frames == capture.tcp_segments == len(frames)
    assert capture.connections == len(connections)
    assert [c.stream for c in connections] == list(range(len(connections)))
    assert sum(c.packets.client + c.packets.server for c in connections) == len(frames)
    try:
        for connection in connections:
            check_record(connection, frames)
            VALIDATOR.validate(json.loads(lines.line(connection)))
    except AssertionError as error:
        error.add_note(words_of(frames))
        raise


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(soup=choices(clock_goes_back=True))
def test_a_clock_that_goes_back_breaks_no_record(soup: list[Choice]) -> None:
    frames = frames_of(soup)
    connections, capture = analysed(pcap_of(frames), segments=True)
    assert (
        sum(c.packets.client + c.packets.server for c in connections) == capture.tcp_segments == len(frames)
    )
    assert capture.first_ns == min(frame.time_ns for frame in frames)
    assert capture.last_ns == max(frame.time_ns for frame in frames)
    for connection in connections:
        VALIDATOR.validate(json.loads(lines.line(connection)))
        for side in ("client", "server"):
            rtt = getattr(connection.rtt_s, side)
            assert rtt.min is None or 0 <= rtt.min <= rtt.avg <= rtt.max
