"""The table reads well in any width: columns stand, nothing is wrapped, TIME-WAIT names its MSL."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.records import Connection, Endpoint, Finding, Sides
from tcptrace.show.table import Style, make_table
from tests.show.samples import SAMPLES, sample

STYLE = Style(msl="MSL 120 s, RFC 9293", utc=True)
LONG = Endpoint("2001:db8:85a3:8d3:1319:8a2e:370:7348", 49329)
OTHER = Endpoint("2001:db8:85a3:8d3:1319:8a2e:370:7349", 60443)


def table(width: int | None, *connections: Connection, style: Style = STYLE) -> str:
    made = make_table(style, width)
    return made.header() + "".join(made.row(connection) for connection in connections)


def test_the_seeds_exchange_in_80_columns() -> None:
    assert table(80, sample("http")[0]) == (
        "STREAM CLIENT                 PKTS  BYTES ITS STATE    START        OUTCOME\n"
        "       SERVER                 SENT   SENT AT THE END   LASTED       CLOSED BY\n"
        "2017-02-21 UTC\n"
        "     0 127.0.0.1:49329           7    145 CLOSED       15:46:06.464 closed\n"
        "       127.0.0.1:8000            7   5323 TIME-WAIT    3.517 ms     server first\n"
        "       TIME-WAIT: server until 15:50:06 (MSL 120 s, RFC 9293)\n"
    )


@given(
    width=st.integers(67, 229),
    name=st.sampled_from(sorted(SAMPLES)),
    frames=st.integers(0, 2**40),
    octets=st.integers(0, 2**64),
    long=st.booleans(),
    lasted=st.integers(0, 10**18),
    stream=st.integers(0, 999_999),
)
def test_no_line_is_wider_than_the_terminal(
    width: int, name: str, frames: int, octets: int, long: bool, lasted: int, stream: int
) -> None:
    connection, _ = sample(name, stream=stream)
    connection = msgspec.structs.replace(
        connection,
        packets=Sides(frames, frames),
        data_bytes=Sides(octets, octets),
        client=LONG if long else Endpoint("255.255.255.255", 65535),
        last_ns=connection.first_ns + lasted,
    )
    wide = [line for line in table(width, connection).split("\n") if len(line) > max(width, 80)]
    assert not wide


@pytest.mark.parametrize("width", [80, 100, 140, 229, 230, None])
def test_long_addresses_leave_the_columns_where_they_are(width: int | None) -> None:
    short, _ = sample("http")
    made = table(width, short, msgspec.structs.replace(short, client=LONG, server=OTHER))
    outcomes = [line.index(" closed") for line in made.split("\n") if " closed" in line]
    assert len(outcomes) == 2
    assert outcomes[0] == outcomes[1]
    assert "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:49329" in made
    assert "[2001:db8:85a3:8d3:1319:8a2e:370:7349]:60443" in made


def test_a_pipe_gets_one_line_a_connection() -> None:
    connections = [sample(name, stream=n)[0] for n, name in enumerate(SAMPLES)]
    lines = table(None, *connections).splitlines()
    assert len(lines) == 1 + len(connections)
    assert [int(line.split()[0]) for line in lines[1:]] == list(range(len(connections)))
    http = lines[1]
    for word in ("127.0.0.1:49329 > 127.0.0.1:8000", "2017-02-21 15:46:06.464962", "server until 15:50:06"):
        assert word in http


@pytest.mark.parametrize("width", [80, 140, None])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_outcome_shows_outcome_and_both_final_states(name: str, width: int | None) -> None:
    connection, _ = sample(name)
    made = table(width, connection)
    for word in (connection.outcome, connection.final.client, connection.final.server):
        assert f" {word}" in made


def test_a_new_day_is_said_once() -> None:
    first, _ = sample("open")
    day = 86_400 * 10**9
    later = msgspec.structs.replace(first, first_ns=first.first_ns + day, last_ns=first.last_ns + day)
    made = table(80, first, first, later, later)
    assert made.count("2017-02-21 UTC\n") == 1
    assert made.count("2017-02-22 UTC\n") == 1


def test_time_wait_that_ends_on_another_day_names_it() -> None:
    connection, _ = sample("http")
    assert connection.time_wait is not None
    wait = msgspec.structs.replace(
        connection.time_wait, until_ns=connection.time_wait.until_ns + 86_400 * 10**9
    )
    assert "server until 2017-02-22 15:50:06" in table(
        80, msgspec.structs.replace(connection, time_wait=wait)
    )


def test_time_wait_left_for_a_new_connection_says_so() -> None:
    assert "client until 15:46:07, ports reused" in table(80, sample("reused")[0])


def test_findings_that_matter_are_named_and_notes_are_not() -> None:
    findings = [
        Finding(4, "server", "tap_loss", "warning", "x"),
        Finding(5, "client", "blind_rst", "error", "x"),
        Finding(6, "client", "syn_retransmission", "note", "x"),
    ]
    counts = {"tap_loss": {"server": 3}, "blind_rst": {"client": 1}, "syn_retransmission": {"client": 1}}
    connection, _ = sample("open", findings=findings, finding_counts=counts)
    for width in (80, None):
        made = table(width, connection)
        assert "! blind_rst, tap_loss x3" in made  # the error first
        assert "syn_retransmission" not in made


def test_colour_is_escape_sequences_and_nothing_else() -> None:
    connection, _ = sample("reset")
    for width in (80, None):
        plain = table(width, connection)
        coloured = table(width, connection, style=STYLE._replace(colour=True))
        assert "\x1b" not in plain
        assert "\x1b[31mreset" in coloured
        for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m"):
            coloured = coloured.replace(code, "")
        assert coloured == plain


def test_an_ascii_terminal_gets_ascii() -> None:
    connections = [sample(name)[0] for name in SAMPLES]
    assert table(80, *connections, style=STYLE._replace(ascii_only=True)).isascii()
    assert not table(80, *connections).isascii()
