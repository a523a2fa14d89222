"""The benchmark of the servers, small: nothing is lost, and the states add up."""

import os

import pytest

from tests.bench.servers import lines, measure


@pytest.mark.skipif(os.geteuid() != 0, reason="a capture on lo needs root")
@pytest.mark.parametrize("style", ["epoll", "forks"])
def test_every_conversation_is_held_and_every_end_is_told_of(style: str) -> None:
    row = measure(style, total=60, at_once=20)
    assert (row.load.served, row.load.failed, row.dropped) == (60, 0, 0)
    assert row.peak_mib > 1
    moments = [sides for _, sides in row.states]
    assert moments[-1]["client"] == {"TIME-WAIT": 60}
    assert moments[-1]["server"] == {"CLOSED": 60}
    assert all(sum(counts.values()) <= 60 for sides in moments for counts in sides.values())
    assert next(iter(lines(row))).startswith(f"{style} ")
