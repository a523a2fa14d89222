"""Segment records: what a segment's options said. Truth: the script that the capture was made from."""

import pytest

import tcptrace
from tcptrace.model.records import Segment
from tests.script import parse

SCRIPT = """
0.000 client > SYN mss 1460 ws 7
0.010 server < SYN,ACK mss 1400 ws 0
0.020 client > ACK
0.030 client > PSH,ACK len 100
0.040 client > PSH,ACK seq 201 len 100
0.050 client > PSH,ACK seq 401 len 100
0.060 server < ACK ack 101 sack 401-501,201-301
0.070 server < ACK ack 101
"""


def segments() -> list[Segment]:
    analysis = tcptrace.analyze(parse(SCRIPT).pcap(), segments=True)
    return [segment for connection in analysis for segment in analysis.segments_of(connection.stream)]


def test_mss_and_window_scale_are_those_of_the_syns() -> None:
    found = [(segment.mss, segment.window_scale) for segment in segments()]
    assert found == [(1460, 7), (1400, 0)] + [(None, None)] * 6


def test_sack_blocks_are_relative_to_the_peer_s_initial_number_in_the_order_sent() -> None:
    found = [segment.sack for segment in segments()]
    assert found == [()] * 6 + [((401, 501), (201, 301)), ()]


TWO = """
ends a 192.0.2.1:40001 b 198.51.100.7:80
ends c 192.0.2.2:40002 d 198.51.100.7:443
0.0 a > SYN
0.1 c > SYN
0.2 b < SYN,ACK
0.3 d < RST,ACK
0.4 a > ACK
"""


def test_each_connection_s_segments_are_there_once_it_has_been_yielded_however_late_one_asks() -> None:
    analysis = tcptrace.analyze(parse(TWO).pcap(), segments=True)
    with pytest.raises(tcptrace.UsageError, match="segments of 1: this connection has not been read yet"):
        analysis.segments_of(1)
    both = list(analysis)
    found = {one.stream: [segment.frame for segment in analysis.segments_of(one.stream)] for one in both}
    assert found == {0: [1, 3, 5], 1: [2, 4]}
    assert [segment.state.client for segment in analysis.segments_of(0)] == ["SYN-SENT", *["ESTABLISHED"] * 2]


def test_a_connection_that_was_given_up_has_its_segments_too() -> None:
    capture = parse(TWO).pcap()
    full = tcptrace.analyze(capture, segments=True)
    expected = [segment.frame for one in full for segment in full.segments_of(one.stream)]
    tight = tcptrace.analyze(capture, segments=True, max_connections=1)
    found = [segment.frame for one in tight for segment in tight.segments_of(one.stream)]
    assert sorted(found) == sorted(expected) == [1, 2, 3, 4, 5]
