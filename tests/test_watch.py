"""What is told while frames come adds up to what the records say at the end, and telling it changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tcptrace.model.columns import Frames
from tcptrace.model.records import Connection, Moved, Transition, Withdrawn
from tcptrace.session import analyze
from tcptrace.show.live import change_line, drops_line
from tcptrace.show.text import Clock
from tcptrace.source import Batch, Source, open_source

ROOT = Path(__file__).parent.parent
CAPTURES = sorted([*ROOT.glob("captures/*.pcap"), *ROOT.glob("tests/data/kernel/*.pcap")])


class OneByOne:
    """A source that hands on a frame at a time, as they come live from a quiet network."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def batches(self) -> Iterator[Batch]:
        for batch in self._inner.batches():
            for index in range(batch.count):
                yield Batch(batch.buffer, Frames(*(column[index : index + 1] for column in batch.frames)), 1)


def watched(source: Source, order: str = "stream") -> tuple[list[Connection], list[Moved]]:
    told: list[Moved] = []
    return list(analyze(source, order=order, watch=told.append)), told  # type: ignore[arg-type]


def what_stands(told: list[Moved]) -> dict[int, set[tuple[object, ...]]]:
    """Return the steps of each stream that were told and not withdrawn; each withdrawal is of one that stood."""
    standing: dict[int, set[tuple[object, ...]]] = {}
    for change in told:
        key = (change.frame, change.side, change.from_state, change.to_state, change.cause)
        steps = standing.setdefault(change.stream, set())
        if isinstance(change, Withdrawn):
            steps.remove(key)
        else:
            assert key not in steps
            steps.add(key)
    return standing


def steps_of(record: Connection) -> set[tuple[object, ...]]:
    def key(step: Transition) -> tuple[object, ...]:
        return step.frame, step.side, step.from_state, step.to_state, step.cause

    return {key(step) for step in record.transitions}


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
@pytest.mark.parametrize("order", ["stream", "end"])
def test_what_is_told_frame_by_frame_is_in_the_end_what_the_records_say(path: Path, order: str) -> None:
    unwatched = list(analyze(path, order=order))
    records, told = watched(OneByOne(open_source(path)), order)  # type: ignore[arg-type]
    assert records == unwatched
    standing = what_stands(told)
    assert standing == {record.stream: steps_of(record) for record in records if record.transitions}


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_watching_counts_no_step_of_the_machine(path: Path) -> None:
    plain = analyze(path)
    seen = analyze(OneByOne(open_source(path)), watch=lambda _: None)  # type: ignore[arg-type]
    assert list(seen) == list(plain)
    assert seen.hits == plain.hits


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("fin_lost@client", "server {}ESTABLISHED -> CLOSE-WAIT (frame 8, rcv FIN"),
        ("handshake_ack_lost@client", "server {}SYN-RECEIVED -> ESTABLISHED (frame 3, rcv ACK of SYN"),
    ],
)
def test_what_was_lost_behind_the_tap_is_told_and_then_withdrawn(name: str, step: str) -> None:
    """A relay behind the client's tap lost the segment, which the file's name says; so the server did not move."""
    _, told = watched(OneByOne(open_source(ROOT / "tests" / "data" / "kernel" / f"{name}.pcap")))  # type: ignore[arg-type]
    lines = [change_line(change, Clock(utc=True)) for change in told]
    (made,) = [number for number, line in enumerate(lines) if step.format("") in line]
    (withdrawn,) = [number for number, line in enumerate(lines) if step.format("withdrawn: ") in line]
    assert made < withdrawn


def test_a_line_says_time_stream_end_states_frame_and_cause() -> None:
    _, told = watched(open_source(ROOT / "captures" / "http-get.pcap"))
    lines = [change_line(change, Clock(utc=True)) for change in told]
    assert lines[4] == "15:46:06.467313 stream 0 server ESTABLISHED -> FIN-WAIT-1 (frame 11, snd FIN)\n"
    assert (
        lines[-1]
        == "15:46:06.468479 stream 0 client LAST-ACK -> CLOSED (frame 14, rcv ACK of FIN, assumed)\n"
    )
    assert drops_line(3) == "dropped: 3 frames so far\n"
