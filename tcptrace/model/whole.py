"""What is known of a capture as a whole, as it is shown to people; ``records.Capture`` is its record."""

from tcptrace.model.light import NamedTuple


class Fault(NamedTuple):
    """A fault of the capture itself."""

    code: str
    # mypy: it hides the method `count` of tuples, which nobody needs here.
    count: int  # type: ignore[assignment]
    detail: str


class Whole(NamedTuple):
    """A capture that was read: the fields of ``records.Capture`` without the library that writes records."""

    file: str
    format: str
    link_types: list[str]
    frames: int
    tcp_segments: int
    connections: int
    first_ns: int
    last_ns: int
    skipped: dict[str, int]
    complete: bool
    problem: str | None
    date_known: bool
    given_up: int
    warnings: list[Fault]
