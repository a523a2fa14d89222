"""CSV is RFC 4180's: the standard library reads back what was written."""

import csv
import io
from decimal import Decimal

import msgspec
import pytest

from tcptrace.model.records import Endpoint
from tcptrace.show import csv as written
from tests.show.samples import SAMPLES, sample


def read(name: str, **changes: object) -> dict[str, str]:
    connection, _ = sample(name)
    text = written.header() + written.row(msgspec.structs.replace(connection, **changes))
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == 1
    return rows[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_row_has_a_field_for_each_column_and_ends_with_cr_lf(name: str) -> None:
    connection, _ = sample(name)
    row = written.row(connection)
    assert row.endswith("\r\n")
    assert row.count("\n") == 1
    assert len(next(csv.reader([row]))) == len(next(csv.reader([written.header()]))) == len(written.COLUMNS)


def test_the_seeds_exchange_as_a_row() -> None:
    row = read("http")
    assert row["client_path"] == "CLOSED>SYN-SENT>ESTABLISHED>CLOSE-WAIT>LAST-ACK>CLOSED"
    assert row["server_path"] == "LISTEN>SYN-RECEIVED>ESTABLISHED>FIN-WAIT-1>FIN-WAIT-2>TIME-WAIT"
    assert row["first_utc"] == "2017-02-21T15:46:06.464962000Z"  # date -u -d @1487691966
    assert Decimal(row["duration_s"]) == Decimal("0.003517")
    assert (row["client_data_bytes"], row["server_data_bytes"]) == ("145", "5323")
    assert (row["time_wait_side"], row["time_wait_until_ns"]) == ("server", "1487692206468442000")
    assert (row["reset_by"], row["findings"], row["given_up"]) == ("", "", "false")


def test_small_seconds_have_no_exponent() -> None:
    assert read("http", handshake_s=0.000067)["handshake_s"] == "0.000067000"


def test_findings_are_counted_by_code() -> None:
    assert read("unanswered")["findings"] == "syn_retransmission=2"


def test_a_field_with_commas_quotes_or_lines_is_quoted() -> None:
    assert read("http", client=Endpoint('a,"b"\r\nc', 1))["client_ip"] == 'a,"b"\r\nc'


def test_a_time_beyond_the_calendar_is_left_empty() -> None:
    assert read("http", first_ns=10**40, last_ns=10**40)["first_utc"] == ""
