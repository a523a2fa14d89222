"""Connections and segments as pandas ``DataFrame``s; the columns of connections are those of the CSV form."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tcptrace.model.errors import UsageError
from tcptrace.model.records import Connection, Segment
from tcptrace.show import csv

if TYPE_CHECKING:
    from pandas import DataFrame

# The kind of a column, by its name or the name's end; all others are text.
_KINDS = (
    ("_utc", "datetime64[ns, UTC]"),
    ("_s", "float64"),  # seconds, NaN for unknown
    *((end, "Int64") for end in ("_ns", "_port", "_frame", "_packets", "_duplicates", "_bytes", "_samples")),
    *((name, "Int64") for name in ("stream", "frame", "seq", "ack", "window", "mss", "window_scale")),
    ("given_up", "bool"),
)
_SEGMENT_COLUMNS = (
    *("frame", "time_utc", "since_first_s", "side", "flags", "seq", "ack", "window", "payload_bytes"),
    *("client_state", "server_state", "mss", "window_scale", "sack"),
)


def connections(chosen: Sequence[Connection]) -> "DataFrame":
    """Return a row a connection. Raises ``UsageError`` where pandas is not installed."""
    return _frame(csv.COLUMNS, [csv.values(one) for one in chosen])


def segments(chosen: Sequence[Segment]) -> "DataFrame":
    """Return a row a segment; ``sack`` is a tuple of (left, right) edges. Raises ``UsageError`` without pandas."""
    start = chosen[0].time_ns if chosen else 0
    rows = [
        [
            *(one.frame, one.time_ns, (one.time_ns - start) / 1e9, one.side, one.flags, one.seq, one.ack),
            *(one.window, one.payload_bytes, one.state.client, one.state.server),
            *(one.mss, one.window_scale, one.sack),
        ]
        for one in chosen
    ]
    return _frame(_SEGMENT_COLUMNS, rows)


def kind(column: str) -> str:
    """Return pandas' name for the type of a column."""
    for name, made in _KINDS:
        if column == name or (name.startswith("_") and column.endswith(name)):
            return made
    return "object"


def _frame(columns: Sequence[str], rows: list[list[Any]]) -> "DataFrame":
    try:
        import pandas
    except ImportError:
        raise UsageError("to_dataframe: pandas is not installed; pip install pandas") from None
    held = zip(*rows, strict=True) if rows else ([] for _ in columns)
    made = {}
    for name, values in zip(columns, held, strict=True):
        what = kind(name)
        if what.startswith("datetime64"):
            # A time that pandas has no place for (beyond the year 2262) is unknown to it.
            made[name] = pandas.to_datetime(pandas.Series(values, dtype="Int64"), unit="ns", utc=True)
        else:
            made[name] = pandas.Series(list(values), dtype=what)
    return pandas.DataFrame(made, columns=list(columns))
