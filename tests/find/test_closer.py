"""The road that writes thousands of connections without an object for each writes what the general road writes."""

import importlib
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcptrace import kernels, session
from tcptrace.find.record import Recorder
from tcptrace.show import json
from tcptrace.tcp import machine
from tests.script import parse
from tests.tcp.properties import choices, frames_of, pcap_of
from tests.tcp.test_packed import KEYS, STREAM, fill, look, make_end, seen

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
KEY = ("k0", "k1", "k2", "k3", "k4", "number", "stream", "packed", "draft")
FORMS = ["tcptrace", *(["tcptrace._compiled"] if kernels.is_compiled("find.closer") else [])]
NS = 1_000_000_000


def replay_of(form: str) -> Any:
    """Return an empty replay of a form of the hot files."""
    module = importlib.import_module(f"{form}.tcp.replay")
    return module.Replay(machine.NEXT_STATE, machine.ANOMALY, 240 * NS, 1000, 1000, lambda *_: (0, False))


def packed(form: str, replay: Any, random: Random) -> bytes:
    """Return a packed connection of random rows."""
    rows = importlib.import_module(f"{form}.flow.rows")
    stream = fill(rows.Stream(), STREAM, random)
    fields = random.choice(KEYS)
    stream.key = key = rows.Entry()
    key.k4 = fields["k4"][0]
    fill(key, fields, random)
    stream.low = make_end(rows, replay.paths, random)
    stream.high = make_end(rows, replay.paths, random)
    stream.notes = random.choice([None, [(1, 2, 0, 3, 4)]])
    octets = replay.store.packer.pack(stream, 3)
    assert isinstance(octets, bytes)
    return octets


def whole(paths: Any, stream: Any) -> tuple[Any, ...]:
    """Return all that a connection's rows hold."""
    ends = seen(paths, stream.low), seen(paths, stream.high)
    assert (stream.previous, stream.low.flight, stream.high.flight) == (None, None, None)
    return look(stream, STREAM), look(stream.key, KEY), stream.notes, ends


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.integers(0, 2**64))
def test_rows_that_are_used_again_hold_nothing_of_the_connection_before(form: str, seed: int) -> None:
    random = Random(seed)
    replay = replay_of(form)
    verdict = importlib.import_module(f"{form}.tcp.verdict").Verdict(replay.paths)
    closer = importlib.import_module(f"{form}.find.closer").Closer(replay, verdict, [b"null"])
    packer = replay.store.packer
    for octets in [packed(form, replay, random) for _ in range(4)]:
        notes = dict(packer.notes)
        row = packer.unpack(octets)
        expected = whole(replay.paths, row)
        closer.release(row)
        packer.notes = notes
        again = closer.unpack(octets)
        assert whole(replay.paths, again) == expected
        closer.release(again)


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(
    soup=choices(clock_goes_back=True),
    order=st.sampled_from(session.ORDERS),
    most=st.sampled_from([1, 2, 1000]),
    findings=st.sampled_from([0, 1, 1000]),
    msl_s=st.sampled_from([1e-6, 0.01, 120.0]),
    sheet=st.sampled_from([1, session.SHEET]),
)
def test_lines_are_the_records_of_a_soup(
    soup: list[Any], order: str, most: int, findings: int, msl_s: float, sheet: int
) -> None:
    capture = pcap_of(frames_of(soup))
    options: dict[str, Any] = {
        "order": order,
        "max_connections": most,
        "max_findings": findings,
        "msl_s": msl_s,
    }
    by_records = session.analyze(capture, **options)
    made = b"".join(json.line(record) for record in by_records)
    by_lines = session.analyze(capture, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "SHEET", sheet)
        assert b"".join(by_lines.lines()) == made
    assert by_lines.capture == by_records.capture
    assert by_lines.outcomes == by_records.outcomes
    assert by_lines.hits == by_records.hits


REUSED = """
ends a 192.0.2.9:80 b 192.0.2.1:40000
again c d = a b
isn c 7
0.000 a > SYN
0.010 b < SYN,ACK
0.020 a > ACK
0.030 a > FIN,ACK
0.040 b < FIN,ACK
0.050 a > ACK
300.000 c > SYN
300.010 d < SYN,ACK
300.020 c > ACK
300.030 c > FIN,ACK
300.040 d < FIN,ACK
300.050 c > ACK
"""


@pytest.mark.skipif(len(FORMS) == 1, reason="no compiled twins here: no lines of theirs")
def test_ports_used_before_need_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = parse(REUSED).pcap()
    records = list(session.analyze(capture))
    assert [record.finding_counts for record in records] == [{}, {"reused_ports": {"client": 1}}]
    monkeypatch.setattr(Recorder, "tail", None)
    assert b"".join(session.analyze(capture).lines()) == b"".join(json.line(record) for record in records)
