"""The table that changes while frames come: what stands in it, in which order, at which size."""

from itertools import pairwise

import pytest

from tcptrace.show.live_table import SORTS, Seen, live_lines
from tcptrace.show.paint import plain
from tcptrace.show.text import Clock
from tests.show.samples import SAMPLES, sample

CONNECTIONS = [sample(name, stream=stream)[0] for stream, name in enumerate(SAMPLES)]
HTTP = sample("http")[0]
NS = 1_000_000_000


def drawn(
    connections: list[object], now_ns: int, width: int = 80, height: int = 24, sort: str = "stream"
) -> list[str]:
    seen = Seen("lo", 1234, 0, now_ns)
    lines = live_lines(connections, seen, sort=sort, clock=Clock(utc=True), width=width, height=height)  # type: ignore[arg-type]
    return [plain(line) for line in lines]


def test_a_connection_has_two_lines_and_its_ends_are_counted_by_state() -> None:
    assert drawn([HTTP], HTTP.last_ns + 5 * NS) == [
        "lo  15:46:11  1,234 frames  1 connection",
        "CLOSED 1  TIME-WAIT 1",
        "",
        "STREAM CLIENT, SERVER            STATE           SENT AGE, LAST FINDING",
        "     0 127.0.0.1:49329           CLOSED           145 5 s",
        "       127.0.0.1:8000            TIME-WAIT       5323 TIME-WAIT for 3 min 54 s",
    ]


def test_time_wait_counts_down_and_ends_by_the_clock() -> None:
    assert HTTP.time_wait is not None
    until = HTTP.time_wait.until_ns
    assert drawn([HTTP], until - 1)[-1].endswith("TIME-WAIT       5323 TIME-WAIT for 0 s")
    over = drawn([HTTP], until)
    assert over[1] == "CLOSED 2"
    assert over[-1].split() == ["127.0.0.1:8000", "CLOSED", "5323"]


def test_the_last_finding_stands_behind_the_server() -> None:
    with_findings = next(each for each in CONNECTIONS if each.findings and each.time_wait is None)
    last = max(with_findings.findings, key=lambda finding: finding.frame)
    assert drawn([with_findings], with_findings.last_ns)[-1].endswith(f" {last.code}")


@pytest.mark.parametrize("width", [40, 80, 81, 120, 200])
@pytest.mark.parametrize("height", [1, 5, 6, 24, 100])
def test_it_fits_whatever_the_terminal_s_size(width: int, height: int) -> None:
    lines = drawn(list(CONNECTIONS), CONNECTIONS[0].last_ns, width, height)
    assert 0 < len(lines) <= height
    assert max(map(len, lines)) <= width
    if width >= 80 and len(lines) < 4 + 2 * len(CONNECTIONS):
        assert f"the first {max(0, height - 4) // 2} are shown" in lines[0]


@pytest.mark.parametrize("sort", SORTS)
def test_it_is_sorted_as_asked(sort: str) -> None:
    lines = drawn(list(CONNECTIONS), CONNECTIONS[0].last_ns, 120, 500, sort)
    streams = [int(line[:6]) for line in lines[4::2]]
    key = {
        "last": lambda c: -c.last_ns,
        "stream": lambda c: c.stream,
        "age": lambda c: c.first_ns,
        "bytes": lambda c: -(c.data_bytes.client + c.data_bytes.server),
        "state": lambda _: 0,
    }[sort]
    values = [key(CONNECTIONS[stream]) for stream in streams]
    assert sorted(streams) == list(range(len(CONNECTIONS)))
    assert values == sorted(values)
    if sort == "state":  # equal states stand together
        states = [CONNECTIONS[stream].final.client for stream in streams]
        assert len([1 for one, two in pairwise(states) if one != two]) == len(set(states)) - 1


def test_text_from_packets_cannot_move_the_cursor() -> None:
    lines = live_lines([], Seen("\x1b[2J", 0, 0, 0), sort="last", clock=Clock(utc=True), width=80, height=24)
    assert "\x1b" not in "".join(plain(line) for line in lines)
