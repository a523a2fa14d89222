"""Segment records: what a segment's options said. Truth: the script that the capture was made from."""

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
