"""Series and residency. Truth: the replay's own sums (another code), and scripts worked out by hand."""

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

import tcptrace
from tcptrace.measure.direction import Direction, direction, unwrapped
from tcptrace.measure.population import HOLDING, Population
from tcptrace.measure.residency import stays, time_in_states
from tcptrace.measure.series import flights, rates, round_trips
from tcptrace.model.records import Connection
from tests.every import CAPTURES
from tests.script import parse
from tests.show.samples import sample

SIDES = ("client", "server")


def ways(script: str) -> tuple[Direction, Direction]:
    analysis = tcptrace.analyze(parse(script).pcap(), segments=True)
    ((connection, segments),) = [(found, analysis.segments_of(found.stream)) for found in analysis]
    return direction(connection, segments, "client"), direction(connection, segments, "server")


@pytest.mark.parametrize("path", CAPTURES)
def test_round_trips_are_those_that_the_replay_summed_up(path: Path) -> None:
    analysis = tcptrace.analyze(path, segments=True, max_findings=0)
    for connection in analysis:
        if connection.client == connection.server:
            continue  # one end, whose segments all count for the client
        segments = analysis.segments_of(connection.stream)
        for side in SIDES:
            summed = getattr(connection.rtt_s, side)
            found = [trip.rtt_ns / 1e9 for trip in round_trips(direction(connection, segments, side))]
            assert len(found) == summed.samples, (connection.stream, side)
            if found:
                assert (min(found), max(found)) == (summed.min, summed.max)


@pytest.mark.parametrize("path", CAPTURES)
def test_rates_add_up_to_the_payload_that_was_sent(path: Path) -> None:
    analysis = tcptrace.analyze(path, segments=True, max_findings=0)
    for connection in analysis:
        segments = analysis.segments_of(connection.stream)
        strange = {"RST"} & {
            flag for part in segments if part.payload_bytes for flag in part.flags.split(",")
        }
        counted = connection.finding_counts.keys() & {"duplicate_frame", "bad_checksum"}
        if strange or counted or connection.client == connection.server:
            continue
        for side in SIDES:
            way = direction(connection, segments, side)
            for interval_ns in (10**7, 10**9):
                if (way.end_ns - way.start_ns) / interval_ns > 10**6:
                    continue
                carried = sum(rate.sent_bytes for rate in rates(way, interval_ns))
                assert carried == sum(part.payload_bytes for part in way.sent)


LOSSY = """
0.000 client > SYN ws 7
0.010 server < SYN,ACK ws 2 win 1000
0.020 client > ACK
0.030 client > PSH,ACK len 100
0.031 client > PSH,ACK len 100
0.032 client > PSH,ACK len 100
0.040 server < ACK ack 101 win 500
0.041 server < ACK ack 101 win 500 sack 201-301
0.050 client > PSH,ACK seq 101 len 100
0.060 server < ACK ack 301 win 0
"""


def test_what_is_sent_again_and_acknowledged_again_is_known() -> None:
    way, _ = ways(LOSSY)
    assert [(part.left, part.right, part.is_again) for part in way.data] == [
        *((1, 101, False), (101, 201, False), (201, 301, False), (101, 201, True))
    ]
    assert [(part.ack, part.is_duplicate, part.sack) for part in way.acked] == [
        *((1, False, ()), (101, False, ()), (101, True, ((201, 301),)), (301, False, ()))
    ]


def test_windows_are_scaled_but_not_those_of_a_syn() -> None:
    way, back = ways(LOSSY)
    assert [part.window_bytes for part in way.acked] == [1000, 2000, 2000, 0]
    assert {part.window_bytes for part in back.acked} == {65535 << 7}


def test_without_the_option_in_both_syns_windows_are_not_scaled_and_without_syns_not_known() -> None:
    way, _ = ways("0 client > SYN ws 7\n0.01 server < SYN,ACK\n0.02 client > ACK\n0.03 server < ACK win 300")
    assert [part.window_bytes for part in way.acked] == [65535, 300]
    way, _ = ways("0 client > PSH,ACK len 10\n0.01 server < ACK win 300")
    assert [part.window_bytes for part in way.acked] == [None]


def test_flight_is_what_was_sent_and_not_acknowledged() -> None:
    way, _ = ways(LOSSY)
    assert [(part.flight_bytes, part.window_bytes) for part in flights(way)] == [
        *((1, None), (0, 1000), (100, 1000), (200, 1000), (300, 1000)),
        *((200, 2000), (200, 2000), (200, 2000), (0, 0)),
    ]


def test_numbers_go_on_beyond_the_wrap() -> None:
    top = (1 << 32) - 10
    assert unwrapped(5, top) == (1 << 32) + 5
    assert unwrapped(top, 5) == -10
    assert unwrapped(7, 3 * (1 << 32) + 100) == 3 * (1 << 32) + 7


def test_the_times_in_the_states_of_the_seed_exchange() -> None:
    connection, _ = sample("http")
    assert time_in_states(connection, "client") == {
        "SYN-SENT": 56_000,
        "ESTABLISHED": 2_295_000,
        "CLOSE-WAIT": 1_129_000,
        "LAST-ACK": 37_000,
    }
    assert time_in_states(connection, "server") == {
        "SYN-RECEIVED": 67_000,
        "ESTABLISHED": 2_284_000,
        "FIN-WAIT-1": 18_000,
        "FIN-WAIT-2": 1_111_000,
        "TIME-WAIT": 240_000_000_000,
    }


@pytest.mark.parametrize("name", ["http", "self-connect", "midstream", "timer", "reused", "unanswered"])
def test_stays_follow_the_path_without_a_gap(name: str) -> None:
    connection: Connection = sample(name)[0]
    for side in SIDES:
        found = stays(connection, side)
        path = list(getattr(connection.path, side))
        if path[-1] == "TIME-WAIT" and connection.client != connection.server:
            path.append("CLOSED")
        if connection.client != connection.server:
            assert [stay.state for stay in found] == path
        assert all(one.until_ns == two.since_ns for one, two in pairwise(found))


@pytest.mark.parametrize("copies", [1, 700])
def test_the_population_adds_up_to_all_stays(copies: int) -> None:
    population = Population()
    names = ["http", "three-segments", "reset", "unanswered", "open", "self-connect"]
    found = [sample(name)[0] for name in names]
    step = 1_000_003  # copies do not begin at once
    moved = [shifted(connection, step * number) for number in range(copies) for connection in found]
    for connection in moved:
        population.add(connection)
    edges, counts = population.counts()
    end = max(connection.last_ns for connection in moved)
    assert (edges[0], edges[-1]) == (min(connection.first_ns for connection in moved), end)
    for state in HOLDING:
        lasted = 0
        for connection in moved:
            for side in SIDES[: 1 if connection.client == connection.server else 2]:
                for stay in stays(connection, side):
                    if stay.state == state:
                        until = end if stay.until_ns is None else min(stay.until_ns, end)
                        lasted += max(until - (stay.since_ns or connection.first_ns), 0)
        area = sum(
            count * (after - before)
            for count, before, after in zip(counts[state], edges, edges[1:], strict=False)
        )
        assert area == pytest.approx(lasted, rel=1e-9), state
        assert min(counts[state]) >= -1e-9


def test_few_connections_are_counted_exactly() -> None:
    population = Population()
    population.add(sample("http")[0])
    edges, counts = population.counts()
    at = {edge: number for number, edge in enumerate(edges)}
    begin = edges[0]
    assert counts["ESTABLISHED"][at[begin + 67_000]] == 2  # both, from the client's ACK on
    assert counts["SYN-SENT"][0] == counts["SYN-RECEIVED"][0] == 1
    assert counts["TIME-WAIT"][-1] == 1


def shifted(connection: Connection, by_ns: int) -> Connection:
    """Return a connection that happens later."""
    wait = connection.time_wait
    return msgspec.structs.replace(
        connection,
        first_ns=connection.first_ns + by_ns,
        last_ns=connection.last_ns + by_ns,
        time_wait=None
        if wait is None
        else msgspec.structs.replace(wait, since_ns=wait.since_ns + by_ns, until_ns=wait.until_ns + by_ns),
        transitions=[
            msgspec.structs.replace(step, time_ns=step.time_ns + by_ns) for step in connection.transitions
        ],
    )
