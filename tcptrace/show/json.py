"""JSON Lines of schema 1: records as they stand, one a line."""

from typing import Any

import msgspec

from tcptrace.model.records import (
    Capture,
    Connection,
    Drops,
    Finding,
    Held,
    Moved,
    Segment,
    SocketState,
    Verified,
)

_encoder = msgspec.json.Encoder()


def line(record: Connection | Segment | Capture | Moved | Drops | Held | Verified | SocketState) -> bytes:
    """Return one record as a line of JSON, its newline included."""
    try:
        return _encoder.encode(record) + b"\n"
    except UnicodeEncodeError:
        # A file's name may hold octets that are no UTF-8 (PEP 383); JSON must be UTF-8 (RFC 8259 8.1).
        return _encoder.encode(_plain(msgspec.to_builtins(record))) + b"\n"


def lines(records: list[Segment]) -> bytes:
    """Return many records, a line each."""
    return _encoder.encode_lines(records)


def finding_line(stream: int, finding: Finding) -> bytes:
    """Return the record of ``tcptrace findings``: one finding of a connection."""
    head = {"record": "finding", "schema": 1, "stream": stream}
    return _encoder.encode(head | msgspec.to_builtins(finding)) + b"\n"


def dump(record: dict[str, Any]) -> bytes:
    """Return a record that is no connection's as a line."""
    return _encoder.encode(record) + b"\n"


def outcomes_line(outcomes: dict[str, int]) -> bytes:
    """Return the record of ``--summary``: how many connections had which outcome."""
    return _encoder.encode({"record": "summary", "schema": 1, "outcomes": outcomes}) + b"\n"


def _plain(value: object) -> object:
    """Return ``value`` with every lone surrogate written as an escape."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_plain(held) for held in value]
    return value
