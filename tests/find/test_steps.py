"""What hostile input costs the analysis, counted in executed lines: in proportion to the segments, never to their square."""

import sys
from array import array
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from tcptrace.find import analysis, ledger, tracks
from tcptrace.model.columns import Segments
from tcptrace.model.tcpflags import ACK, OPT_SACK

HOT = {module.__file__ for module in (analysis, ledger, tracks)}
FEW, MANY = 2_500, 10_000

# (sent by the client, seq, ack, length, SACK blocks)
Sent = tuple[bool, int, int, int, tuple[tuple[int, int], ...]]


def steps(segments: list[Sent]) -> int:
    """Return how many lines of the hot files run for these segments of one connection (plain Python)."""
    count = len(segments)
    columns = Segments.empty(count)
    for i, (is_client, seq, ack, length, blocks) in enumerate(segments):
        columns.frame[i], columns.time_ns[i], columns.side[i] = i + 1, i * 1_000, not is_client
        columns.flags[i], columns.seq[i], columns.ack[i], columns.length[i] = ACK, seq, ack, length
        columns.window[i] = 8192
        columns.options[i], columns.sack_count[i] = OPT_SACK if blocks else 0, len(blocks)
        for block, edges in enumerate(blocks):
            columns.sack[8 * i + 2 * block], columns.sack[8 * i + 2 * block + 1] = edges
    hot = analysis.Analysis(1000)
    total = 0

    def line(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        nonlocal total
        total += event == "line"
        return line

    def call(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        return line if frame.f_code.co_filename in HOT else None

    s = columns
    before = sys.gettrace()
    sys.settrace(call)
    try:
        hot.run(
            count, s.frame, s.time_ns, s.side, s.flags, s.seq, s.ack, s.window, s.length, s.options, s.scale,
            s.sack_count, s.sack, array("B", bytes(count)), array("q", bytes(8 * count)),
        )  # fmt: skip
    finally:
        sys.settrace(before)
    return total


def unacknowledged(count: int) -> list[Sent]:
    """As many segments that nobody acknowledges."""
    return [(True, 1_000 + 10 * i, 5_000, 10, ()) for i in range(count)]


def ack_storm(count: int) -> list[Sent]:
    """As many segments, then as many duplicate ACKs with SACK blocks that never advance."""
    blocks = tuple((1_100 + 100 * i, 1_150 + 100 * i) for i in range(3))
    return [*unacknowledged(count), *[(False, 5_000, 1_000, 0, blocks)] * count]


def all_again(count: int) -> list[Sent]:
    """As many segments, an ACK that asks for the first, and all of them again, the last one first."""
    return [*unacknowledged(count), (False, 5_000, 1_000, 0, ()), *reversed(unacknowledged(count))]


def holes(count: int) -> list[Sent]:
    """As many segments with a hole before each, then an ACK of each, low and high in turn."""
    sent: list[Sent] = [(True, 1_000 + 20 * i, 5_000, 10, ()) for i in range(count)]
    return sent + [(False, 5_000, 1_000 + 20 * (i if i % 2 else count - i), 0, ()) for i in range(count)]


@pytest.mark.parametrize("storm", [unacknowledged, ack_storm, all_again, holes])
def test_steps_grow_with_the_segments_not_with_their_square(storm: Callable[[int], list[Sent]]) -> None:
    few, many = steps(storm(FEW)), steps(storm(MANY))
    assert few > FEW  # they were counted
    # A search in the outstanding segments halves them: its logarithm is all that may come on top.
    assert many / few < MANY / FEW * 1.2
