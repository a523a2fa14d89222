"""The copying thread: nothing is lost between stop and end, no more waits than may, and its end is never missed."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from tcptrace.source import copier as copying
from tcptrace.source.copier import Copier

LIMIT_S = 10


class StandIn:
    """A ring with so many blocks ready; each is a number. Further ones come until it is told to refuse."""

    def __init__(self, ready: int, late: int = 0) -> None:
        self._read, self._write = os.pipe()
        self.blocks = list(range(ready))
        self.late = late  # blocks that the kernel hands over only a while after `refuse`
        self.taken = 0
        self.refused = False
        self.fails = False

    def start(self) -> None:
        if self.blocks:
            os.write(self._write, b"x")  # readable from now on

    def fileno(self) -> int:
        return self._read

    def refuse(self) -> None:
        self.refused = True
        first = self.taken + len(self.blocks)
        threading.Timer(0.05, lambda: self.blocks.extend(range(first, first + self.late))).start()

    def is_ready(self) -> bool:
        if self.fails:
            raise OSError(5, "Input/output error")
        return bool(self.blocks)

    def take(self, room: bytearray) -> None:
        room[:8] = self.blocks.pop(0).to_bytes(8, "little")
        self.taken += 1

    def is_drained(self) -> bool:
        return not self.blocks and (not self.late or self.taken >= self.late)

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


def numbers(copier: Copier) -> Iterator[int]:
    """Yield what comes until the end, giving each block back."""
    while (block := copier.next_block(LIMIT_S)) is not None:
        yield int.from_bytes(block[1][:8], "little")
        copier.give_back(block[1])
    assert copier.is_over


@pytest.fixture
def made() -> Iterator[list[StandIn]]:
    rings: list[StandIn] = []
    yield rings
    for ring in rings:
        ring.close()


def start(made: list[StandIn], ring: StandIn, duration_s: float | None = None) -> Copier:
    made.append(ring)
    copier = Copier([ring], duration_s)  # type: ignore[list-item]
    copier.start()
    return copier


def test_what_the_kernel_hands_over_after_the_stop_is_still_copied(made: list[StandIn]) -> None:
    copier = start(made, StandIn(3, late=4))
    copier.stop()
    assert list(numbers(copier)) == list(range(7))
    assert made[0].refused
    copier.close()


def test_no_more_blocks_wait_than_may(made: list[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "WAITING_BLOCKS", 5)
    copier = start(made, StandIn(100))
    deadline = time.monotonic() + LIMIT_S
    while made[0].taken < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert made[0].taken == 6  # five wait, one is in the copier's hands
    copier.stop()
    assert list(numbers(copier)) == list(range(100))
    copier.close()


def test_a_slow_taker_loses_nothing_after_the_stop(
    made: list[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "WAITING_BLOCKS", 1)
    monkeypatch.setattr(copying, "_DRAIN_S", 0.2)
    copier = start(made, StandIn(8))
    copier.stop()
    taken = []
    for number in numbers(copier):
        taken.append(number)
        time.sleep(0.1)  # all together longer than the copier waits for a silent kernel
    assert taken == list(range(8))
    copier.close()


def test_closing_does_not_wait_for_somebody_to_take_what_waits(
    made: list[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "WAITING_BLOCKS", 2)
    copier = start(made, StandIn(1000))
    begun = time.monotonic()
    copier.close()
    assert time.monotonic() - begun < LIMIT_S / 2


def test_it_ends_by_itself_when_the_time_is_over(made: list[StandIn]) -> None:
    copier = start(made, StandIn(2), duration_s=0.1)
    assert list(numbers(copier)) == [0, 1]
    copier.close()


def test_a_wait_without_blocks_ends_and_is_not_the_end(made: list[StandIn]) -> None:
    copier = start(made, StandIn(0))
    assert copier.next_block(0.01) is None
    assert not copier.is_over
    copier.close()
    assert copier.next_block(LIMIT_S) is None


def test_a_fault_in_the_thread_is_said_and_ends_it(made: list[StandIn]) -> None:
    ring = StandIn(0)
    ring.fails = True
    copier = start(made, ring)
    assert list(numbers(copier)) == []
    assert copier.problem == "capturing failed: Input/output error"
    copier.close()
