"""Comma-separated values by RFC 4180: a header row, then a row a connection.

The columns are ``COLUMNS``. What is unknown is an empty field. Times are UTC by RFC 3339 and nanoseconds
since the epoch, durations seconds. Paths are states joined by ``>``, findings ``code=count`` joined by
spaces. New columns are added at the end.
"""

import csv
import time

from tcptrace.model.records import Connection, Rtt, Sides

COLUMNS = (
    "stream",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "opened_by",
    "first_frame",
    "last_frame",
    "first_utc",  # RFC 3339, nanoseconds
    "first_ns",
    "last_ns",
    "duration_s",
    "outcome",
    "closed_first",
    "reset_by",
    "client_final",
    "server_final",
    "client_path",
    "server_path",
    "time_wait_side",
    "time_wait_since_ns",
    "time_wait_until_ns",
    "client_packets",
    "server_packets",
    "client_duplicates",
    "server_duplicates",
    "client_data_bytes",
    "server_data_bytes",
    "client_unique_bytes",
    "server_unique_bytes",
    "handshake_s",
    "client_rtt_samples",
    "client_rtt_min_s",
    "client_rtt_avg_s",
    "client_rtt_max_s",
    "server_rtt_samples",
    "server_rtt_min_s",
    "server_rtt_avg_s",
    "server_rtt_max_s",
    "application",
    "tap",
    "findings",
    "given_up",
)
_FIRST_UTC, _DURATION = COLUMNS.index("first_utc"), COLUMNS.index("duration_s")


class _Echo:
    """A file that gives back what is written: ``writerow`` returns what ``write`` returns."""

    def write(self, text: str) -> str:
        """Return ``text``."""
        return text


_writer = csv.writer(_Echo())  # its dialect is RFC 4180's: quotes where needed, lines end with CR LF


def header() -> str:
    """Return the header row, its line end (CR LF) included."""
    return ",".join(COLUMNS) + "\r\n"


def row(connection: Connection) -> str:
    """Return one connection as a row, its line end included."""
    fields = [_field(value) for value in values(connection)]
    ns = connection.first_ns
    fields[_FIRST_UTC] = _utc(ns)
    fields[_DURATION] = _ns_as_seconds(connection.last_ns - ns)
    return str(_writer.writerow(fields))


def values(connection: Connection) -> list[object]:
    """Return what stands in ``COLUMNS``, as numbers and text; ``first_utc`` as nanoseconds."""
    c = connection
    wait = c.time_wait
    return [
        *(
            c.stream,
            c.client.ip,
            c.client.port,
            c.server.ip,
            c.server.port,
            c.opened_by,
            c.first_frame,
            c.last_frame,
        ),
        *(c.first_ns, c.first_ns, c.last_ns, (c.last_ns - c.first_ns) / 1e9),
        *(c.outcome, c.closed_first, c.reset_by, c.final.client, c.final.server),
        *(">".join(c.path.client), ">".join(c.path.server)),
        *((None, None, None) if wait is None else (wait.side, wait.since_ns, wait.until_ns)),
        *_both(c.packets),
        *_both(c.duplicates),
        *_both(c.data_bytes),
        *(c.unique_bytes.client, c.unique_bytes.server),
        c.handshake_s,
        *_rtt(c.rtt_s.client),
        *_rtt(c.rtt_s.server),
        *(c.application, c.tap, _findings(c.finding_counts), c.given_up),
    ]


def _both(sides: Sides[int]) -> tuple[int, int]:
    return sides.client, sides.server


def _rtt(rtt: Rtt) -> tuple[object, ...]:
    return rtt.samples, rtt.min, rtt.avg, rtt.max


def _findings(counts: dict[str, dict[str, int]]) -> str:
    return " ".join(f"{code}={sum(sides.values())}" for code, sides in counts.items())


def _field(value: object) -> object:
    """Return a value as its field has it: seconds with nine decimals, as spreadsheets do not all read an exponent."""
    if isinstance(value, float):
        return f"{value:.9f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _ns_as_seconds(ns: int) -> str:
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    return f"{sign}{ns // 1_000_000_000}.{ns % 1_000_000_000:09d}"


def _utc(ns: int) -> str | None:
    """Return RFC 3339's form, ``None`` where the time is in no calendar."""
    try:
        parts = time.gmtime(ns // 1_000_000_000)
    except (OverflowError, OSError, ValueError):
        return None
    day = f"{parts.tm_year:04d}-{parts.tm_mon:02d}-{parts.tm_mday:02d}"
    return f"{day}T{parts.tm_hour:02d}:{parts.tm_min:02d}:{parts.tm_sec:02d}.{ns % 1_000_000_000:09d}Z"
