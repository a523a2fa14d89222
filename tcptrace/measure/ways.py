"""How a figure is made: of a meter's fields, of what is rare in a direction, or of anything that is given.

Most figures are a field, or a field and its count, without which the figure is null. Such a way is an expression, ``code``,
of which ``measure.figures`` makes one function for all.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tcptrace.model.records import Side
from tcptrace.model.units import NS

if TYPE_CHECKING:
    from tcptrace.measure.meters import Meter

Value = int | float | bool | None


class Facts(NamedTuple):
    """What measures take from the connection itself; of two: the client's and the server's."""

    finding_counts: dict[str, dict[str, int]]
    unique_bytes: tuple[int | None, int | None]
    duplicates: tuple[int, int]
    span_ns: int  # from its first frame to its last
    states_ns: tuple[dict[str, int], dict[str, int]]  # time in each state that was entered and left


class Given(NamedTuple):
    """What a measure is made of."""

    own: "Meter"
    peer: "Meter"
    facts: Facts
    side: Side
    place: int  # 0: the client
    handshake_ns: int | None  # from this side's SYN to its ACK, as the tap saw them


class Field(NamedTuple):
    """A field of the meter."""

    field: str

    def code(self) -> str:
        """Return the expression of ``own``."""
        return f"own.{self.field}"


class Known(NamedTuple):
    """A field that is known where there is a count."""

    field: str
    per: str  # the count

    def code(self) -> str:
        """Return the expression of ``own``."""
        return f"own.{self.field} if own.{self.per} else None"


class Time(NamedTuple):
    """A field of nanoseconds, in seconds where there is a count."""

    field: str
    per: str  # the count

    def code(self) -> str:
        """Return the expression of ``own``."""
        return f"own.{self.field} / NS if own.{self.per} else None"


class Mean(NamedTuple):
    """A sum by its count."""

    total: str
    per: str  # the count

    def code(self) -> str:
        """Return the expression of ``own``."""
        return f"own.{self.total} / own.{self.per} if own.{self.per} else None"


class MeanTime(NamedTuple):
    """A sum of nanoseconds by its count, in seconds."""

    total: str
    per: str  # the count

    def code(self) -> str:
        """Return the expression of ``own``."""
        return f"own.{self.total} / own.{self.per} / NS if own.{self.per} else None"


class Spread(NamedTuple):
    """The standard deviation of a sample of nanoseconds (n - 1), in seconds; null of less than two."""

    squares: str
    total: str
    per: str  # the count

    def code(self) -> str:
        """Return the expression of ``own``."""
        return f"spread(own.{self.squares}, own.{self.total}, own.{self.per})"


class RareField(NamedTuple):
    """A count of what most directions have nothing of: then it is 0."""

    field: str

    def __call__(self, given: Given) -> Value:
        """Return it."""
        value: int = getattr(given.own.rare, self.field, 0)
        return value


class RareTime(NamedTuple):
    """A time of that, in seconds; null where there is none."""

    field: str

    def __call__(self, given: Given) -> Value:
        """Return it."""
        rare = given.own.rare
        if rare is None or not getattr(rare, self.field.partition("_")[0] + "_count"):
            return None
        return _seconds(getattr(rare, self.field))


class RareMean(NamedTuple):
    """The mean of such times."""

    total: str
    per: str  # the count

    def __call__(self, given: Given) -> Value:
        """Return it."""
        rare = given.own.rare
        return None if rare is None else _average(getattr(rare, self.total), getattr(rare, self.per), NS)


class RareSpread(NamedTuple):
    """Their standard deviation."""

    squares: str
    total: str
    per: str  # the count

    def __call__(self, given: Given) -> Value:
        """Return it."""
        rare = given.own.rare
        if rare is None:
            return None
        return spread(getattr(rare, self.squares), getattr(rare, self.total), getattr(rare, self.per))


class PeerRare(NamedTuple):
    """A count of what is rare, as the other side's segments show it."""

    field: str

    def __call__(self, given: Given) -> Value:
        """Return it."""
        value: int = getattr(given.peer.rare, self.field, 0)
        return value


Way = Field | Known | Time | Mean | MeanTime | Spread
Rarely = RareField | RareTime | RareMean | RareSpread


class Measure(NamedTuple):
    """One figure of one direction."""

    name: str  # JSON key, with its unit: _s seconds, _bytes, _per_s
    label: str  # in the table, as the C tcptrace calls it where it has it
    unit: str  # "count", "bytes", "seconds", "rate", "bool"
    definition: str
    of: Way | Rarely | PeerRare | Callable[[Given], Value]


def _seconds(ns: int) -> float:
    return ns / NS


def _average(total: float, count: int, scale: int = 1) -> float | None:
    return total / count / scale if count else None


def spread(squares: float, total: float, count: int) -> float | None:
    """Return the standard deviation of a sample (n - 1) of nanoseconds in seconds; ``None`` of less than two."""
    if count < 2:
        return None
    mean = total / count
    variance = (squares - count * mean * mean) / (count - 1)
    return float(max(variance, 0.0) ** 0.5) / NS
