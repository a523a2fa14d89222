"""The line that is written straight from the rows is the record's, octet for octet, compiled and plain."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from tcptrace import kernels, session
from tcptrace.find import record as records
from tcptrace.show import json
from tcptrace.tcp import machine
from tests.every import CAPTURES

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"order": "end"},
    {"max_connections": 2},
    {"msl_s": 0.001},
    {"measures": True},
    {"measures": True, "msl_s": 0.001},
)
SMALL = [case for case in CAPTURES if case.values[0].stat().st_size < 6000]  # type: ignore[union-attr]
NS = 1_000_000_000


def check(path: Path) -> None:
    """Compare the lines of a capture with its records, each made into a line."""
    for options in OPTIONS:
        made = [json.line(record) for record in session.analyze(path, **options)]
        assert b"".join(session.analyze(path, **options).lines()) == b"".join(made)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the plain forms of all that the lines rest on run, and write lines nevertheless."""
    for module, name, where in (
        (session, "rows", "flow"),
        (session, "replay", "tcp"),
        (records, "rows", "flow"),
        (session, "verdict", "tcp"),
    ):
        monkeypatch.setattr(module, name, import_module(f"tcptrace.{where}.{name}"))
    monkeypatch.setattr(kernels, "load", lambda name: import_module(f"tcptrace.{name}"))
    monkeypatch.setattr(kernels, "is_compiled", lambda _: True)


@pytest.mark.skipif(
    not kernels.is_compiled("find.written"), reason="no compiled twins here: no lines of theirs"
)
@pytest.mark.parametrize("path", CAPTURES)
def test_a_line_is_what_json_makes_of_the_record(path: Path) -> None:
    check(path)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("path", SMALL)
def test_a_line_of_the_plain_form_is_what_json_makes_of_the_record(path: Path) -> None:
    check(path)


def writers() -> list[Any]:
    """Return a writer of each form that is here."""
    made = []
    for prefix in ("tcptrace", "tcptrace._compiled"):
        if prefix != "tcptrace" and not kernels.is_compiled("find.written"):
            continue
        paths: ModuleType = import_module(f"{prefix}.tcp.paths")
        verdict: ModuleType = import_module(f"{prefix}.tcp.verdict")
        written: ModuleType = import_module(f"{prefix}.find.written")
        trail: ModuleType = import_module(f"{prefix}.find.trail")
        arena = paths.Paths(machine.NEXT_STATE, machine.ANOMALY, 240 * NS)
        made.append(
            written.Writer(
                trail.Trail(arena),
                verdict.Verdict(arena),
                [],
                [],
                [],
                lambda ns: msgspec.json.encode(ns / NS),
                lambda *_: b"",
            )
        )
    return made


@pytest.mark.parametrize("writer", writers())
def test_seconds_are_the_shortest_decimals_of_their_double(writer: Any) -> None:
    numbers = {
        n + d
        for e in range(18)
        for n in (10**e, 3 * 10**e, 123456789 * 10 ** max(0, e - 8))
        for d in (-1, 0, 1)
    }
    for ns in sorted({*numbers, 0, 9_999, 10_000, 10_001, -1, -1_500_000_000, 510_000, 1_230_000_000}):
        writer.sheet.duration(ns)
        assert writer.sheet.take() == msgspec.json.encode(ns / NS), ns


@pytest.mark.parametrize("writer", writers())
def test_integers_are_written_whole(writer: Any) -> None:
    small = {sign * (10**e + d) for e in range(19) for d in (-1, 0, 1) for sign in (1, -1)}
    numbers = sorted({*small, 0, 2**31, 2**32, 2**63 - 1, -(2**63) + 1})
    for number in numbers:
        writer.sheet.number(number)
        assert writer.sheet.take() == str(number).encode(), number
    for number in (each for near in numbers for each in (near, near + 1, near ^ 1)):  # in one second
        if abs(number) < 2**63:
            writer.sheet.time(number)
            assert writer.sheet.take() == str(number).encode(), number


@pytest.mark.parametrize("writer", writers())
def test_the_mean_round_trip_is_rounded_as_the_record_rounds_it(writer: Any) -> None:
    rows = import_module(type(writer).__module__.replace("find.written", "flow.rows"))
    for total, count in (
        (1_000_003, 2),
        (1_000_001, 2),
        (1_000_000, 3),
        (7, 2),
        (5_000_000_001, 7),
        (99_999_999_999, 64),
    ):
        end = rows.End()
        end.rtt_count, end.rtt_sum, end.rtt_min, end.rtt_max = count, total, 1_000, total
        writer.rtt(end)
        assert msgspec.json.decode(writer.sheet.take())["avg"] == round(total / count) / NS
