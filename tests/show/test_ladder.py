"""The ladder. Truth: pictures/rich.png's rows, the replay rules' examples, and what eighty columns hold."""

import re
import time

import msgspec
import pytest

from tcptrace.model.records import Connection, Endpoint, Finding, Segment, Sides
from tcptrace.show.ladder import LEGEND, ladder
from tcptrace.show.paint import painter, plain
from tests.show.samples import SAMPLES, ns, sample

STATE = re.compile(
    r"[~?]?(?:CLOSED|LISTEN|SYN-\w+|ESTABLISHED|FIN-WAIT-[12]|CLOSE-WAIT|CLOSING|LAST-ACK|TIME-WAIT|UNKNOWN)"
)


def drawn(name: str, **options: object) -> list[str]:
    connection, segments = sample(name)
    return [plain(line) for line in ladder(connection, segments, **options)]  # type: ignore[arg-type]


def chips(line: str) -> tuple[list[str], list[str]]:
    """Return the states left and right of the lifelines."""
    left, _, right = (
        re.split(r"[│┊|]", line, maxsplit=2) if line.count("│") + line.count("┊") >= 2 else ("", "", "")
    )
    return STATE.findall(left), STATE.findall(right)


def test_the_seed_exchange_is_drawn_as_in_the_picture() -> None:
    lines = drawn("http")
    rows = [line for line in lines if line.count("│") == 2 or line.count("┊") == 2]
    assert [chips(row) for row in rows] == [
        (["CLOSED"], ["LISTEN"]),
        (["SYN-SENT"], ["SYN-RECEIVED"]),
        (["ESTABLISHED"], []),
        ([], ["ESTABLISHED"]),
        ([], []),
        ([], []),
        (["CLOSE-WAIT"], ["FIN-WAIT-1"]),
        ([], ["FIN-WAIT-2"]),
        (["LAST-ACK"], ["TIME-WAIT"]),
        (["~CLOSED"], []),
        ([], ["CLOSED"]),
    ]
    times = [row[:11].strip() for row in rows]
    assert times == [
        *("", "0 µs", "56 µs", "67 µs", "77 µs", "103 µs", "2.351 ms", "2.369 ms", "3.480 ms", "3.517 ms"),
        "4 min 0 s",
    ]
    assert "6 segments → 145 B ← 5323 B 2.180 ms" in rows[5]
    assert "11 FIN,ACK seq 5324 ack 146" in rows[6]
    assert "2MSL later, by timer" in rows[-1]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [20, 46, 60, 79, 80, 81, 100, 120, 132, 250])
@pytest.mark.parametrize("fold", [True, False])
def test_no_line_is_wider_than_the_terminal_and_lifelines_stand(name: str, width: int, fold: bool) -> None:
    lines = drawn(name, width=width, fold=fold)
    assert all(len(line) <= max(width, 46) for line in lines)
    places = {
        tuple(at for at, char in enumerate(line) if char in "│┊")
        for line in lines
        if re.search("[│┊].*[│┊]", line)
    }
    assert len(places) == 1


def test_eighty_columns_are_used_to_the_last() -> None:
    connection, segments = sample("http")
    widths = {sum(len(text) for text, _ in line) for line in ladder(connection, segments, width=80)}
    assert max(widths) == 80


@pytest.mark.parametrize("name", SAMPLES)
def test_every_step_of_both_paths_is_seen_in_order(name: str) -> None:
    connection, _ = sample(name)
    seen: tuple[list[str], list[str]] = ([], [])
    held = [side for side in ("client", "server") if getattr(connection.final, side) == "TIME-WAIT"]
    for line in drawn(name, fold=False):
        for side, found in zip(seen, chips(line), strict=True):
            side.extend(state.lstrip("~?") for state in found)
    itself = connection.client == connection.server
    client = [*connection.path.client, *(["CLOSED"] if "client" in held else [])]
    server = [] if itself else [*connection.path.server, *(["CLOSED"] if "server" in held else [])]
    assert seen == (client, server)


@pytest.mark.parametrize("name", SAMPLES)
def test_steps_that_are_not_certain_bear_their_mark_and_the_legend_says_so(name: str) -> None:
    connection, _ = sample(name)
    text = "\n".join(drawn(name, width=200))
    for evidence, mark in (("assumed", "~"), ("inferred", "?")):
        number = sum(step.evidence == evidence for step in connection.transitions)
        body, _, _ = text.partition("\nTIME-WAIT:")
        found = [state for line in body.split("\n") for part in chips(line) for state in part]
        assert sum(state.startswith(mark) for state in found) == number
        assert (LEGEND[evidence] in text) == bool(number)


@pytest.mark.parametrize("name", SAMPLES)
def test_ascii_is_nothing_but_ascii(name: str) -> None:
    assert all(line.isascii() and line.isprintable() for line in drawn(name, ascii_only=True, width=132))


def test_two_steps_in_one_frame_are_both_seen_there() -> None:
    lines = drawn("three-segments")
    at = next(number for number, line in enumerate(lines) if " 8 FIN,ACK" in line)
    assert chips(lines[at]) == (["FIN-WAIT-2"], ["LAST-ACK"])
    assert chips(lines[at + 1]) == (["TIME-WAIT"], [])
    assert lines[at + 1][:11].strip() == ""


def test_a_postponed_step_stands_where_it_happened() -> None:
    lines = drawn("simultaneous-close")
    at = next(number for number, line in enumerate(lines) if " 9 FIN,ACK" in line)
    assert chips(lines[at]) == (["CLOSING"], ["FIN-WAIT-1"])
    assert "frame 8 is at the server" in lines[at + 1]
    assert chips(lines[at + 1]) == ([], ["CLOSING"])


def test_a_timer_and_a_frame_of_another_stream_have_rows_of_their_own() -> None:
    assert any("by timer" in line and chips(line) == (["CLOSED"], []) for line in drawn("timer"))
    assert any(
        "frame 20, another stream" in line and chips(line) == (["CLOSED"], []) for line in drawn("reused")
    )


def test_the_time_wait_line_names_the_assumed_msl() -> None:
    text = " ".join(drawn("http"))
    assert "TIME-WAIT: the server holds 127.0.0.1:49329 → 127.0.0.1:8000 until" in text
    assert "MSL 120 s assumed" in text
    assert "MSL 30 s assumed as on Linux" in " ".join(drawn("http", msl_s=30.0))
    assert "TIME-WAIT:" not in " ".join(drawn("reset"))


def test_text_from_packets_is_escaped() -> None:
    evil = "x\x1b[31m\n\u202e\x9b"
    connection, segments = sample("http", findings=[Finding(5, "client", "made_up", "warning", evil)])
    for options in ({}, {"ascii_only": True}):
        lines = [plain(line) for line in ladder(connection, segments, width=132, **options)]
        assert all(line.isprintable() for line in lines)
        assert any("! made_up: x\\x1b[31m" in line for line in lines)


def test_findings_stand_under_their_arrow_and_are_counted_in_a_strip() -> None:
    lines = drawn("unanswered")
    at = next(number for number, line in enumerate(lines) if " 2 SYN" in line)
    assert "* syn_retransmission" in lines[at + 1]


def test_findings_at_frames_of_another_stream_stand_by_the_step_of_that_frame() -> None:
    lines = drawn("reused")
    at = next(number for number, line in enumerate(lines) if "frame 20, another stream" in line)
    assert "* frame 20: time_wait_reuse" in lines[at + 1]


def test_ipv6_addresses_fit() -> None:
    long = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:"
    connection, segments = sample(
        "http", client=Endpoint(long + "1111", 65535), server=Endpoint(long + "2222", 65534)
    )
    lines = [plain(line) for line in ladder(connection, segments)]
    assert lines[0] == f"[{long}1111]:65535"
    assert lines[1] == f"→ [{long}2222]:65534"
    assert max(map(len, lines)) <= 80


def test_relative_numbers_of_ten_digits_lose_details_and_no_columns() -> None:
    connection, segments = sample("open")
    big = 4_294_967_290
    segments = [msgspec.structs.replace(part, seq=big, ack=big, payload_bytes=65000) for part in segments]
    lines = [plain(line) for line in ladder(connection, segments, fold=False)]
    assert max(map(len, lines)) <= 80
    assert any("PSH,ACK" in line and "65000 B" in line for line in lines)


def many(number: int) -> tuple[Connection, list[Segment]]:
    """Return the seed's exchange with ``number`` more data segments in the middle."""
    connection, segments = sample("http")
    middle = [
        Segment(0, 0, ns(2300), "server", "ACK", 156, 146, 12754, 1448, Sides("ESTABLISHED", "ESTABLISHED"))
    ] * number
    tail = 10 + number
    parts = [*segments[:10], *middle, *segments[10:]]
    parts = [msgspec.structs.replace(part, frame=place) for place, part in enumerate(parts, 1)]
    moved = [
        msgspec.structs.replace(step, frame=step.frame + number) if (step.frame or 0) > 10 else step
        for step in connection.transitions
    ]
    return msgspec.structs.replace(connection, transitions=moved, last_frame=tail + 4), parts


def test_a_hundred_thousand_segments_fold_to_a_screen_at_once() -> None:
    connection, segments = many(100_000)
    begin = time.process_time()
    lines = [plain(line) for line in ladder(connection, segments)]
    assert time.process_time() - begin < 3  # some 0.1 s; a quadratic one takes minutes
    assert len(lines) < 25
    assert any("100,006 segments" in line for line in lines)


def test_all_yields_the_first_lines_before_the_last_are_made() -> None:
    connection, segments = many(100_000)
    lines = ladder(connection, segments, fold=False)
    begin = time.process_time()
    head = [plain(next(lines)) for _ in range(10)]
    assert time.process_time() - begin < 1
    assert any("SYN-SENT" in line for line in head)
    assert sum(1 for _ in lines) > 100_000


def test_many_repetitions_do_not_make_a_folded_ladder_long() -> None:
    connection, segments = many(5_000)
    findings = [Finding(20 + place, "server", "retransmission", "note", "") for place in range(5_000)]
    connection = msgspec.structs.replace(connection, findings=findings)
    lines = [plain(line) for line in ladder(connection, segments)]
    assert len(lines) < 250
    assert any("retransmission" in line for line in lines)


def test_colour_changes_no_character() -> None:
    connection, segments = sample("simultaneous-close")
    paint = painter(True)
    lines = list(ladder(connection, segments, width=132))
    coloured = [paint(line) for line in lines]
    assert any("\x1b[" in line for line in coloured)
    stripped = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in coloured]
    assert stripped == [plain(line) for line in lines]


def test_plain_lines_have_no_escape_sequence() -> None:
    assert not any("\x1b" in line for name in SAMPLES for line in drawn(name))
