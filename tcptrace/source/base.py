"""What every source of frames offers to the session."""

from collections.abc import Iterator

from tcptrace.model.columns import Frames
from tcptrace.model.light import NamedTuple, Protocol

Buffer = bytes | bytearray | memoryview


class Batch(NamedTuple):
    """Some frames and the octets that they lie in; both are written again for the next batch."""

    buffer: Buffer  # the octets; `frames.offset` counts from its beginning
    frames: Frames
    # mypy: it hides the method `count` of tuples, which nobody needs here.
    count: int  # type: ignore[assignment] # valid entries in `frames`


class Source(Protocol):
    """Frames in file order, batch by batch. The attributes are final once ``batches`` has run out."""

    name: str  # for messages: the path, or "-" for standard input, or "<bytes>"
    format: str  # "pcap", "pcapng", "tcpdump text"
    link_types: list[str]  # names of the link types seen, in order of appearance
    complete: bool  # False: cut short; `problem` says where and why
    problem: str | None
    date_known: bool  # False: printed text without dates
    dropped: int  # frames of which is known that they are missing: they came too fast for the capture

    def batches(self) -> Iterator[Batch]:
        """Yield batches until the input ends; raises ``InputError`` where nothing can be read."""

    def close(self) -> None:
        """Let go of the file."""
