"""The steps of both ends in the order of the record (replay.md, Order): the hot file's are those of a slow twin of it."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tcptrace import session
from tcptrace.find import record as records
from tcptrace.find.facts import ends_of
from tcptrace.flow import bits
from tests.every import CAPTURES

MAX_STEPS = 256
OPTIONS: tuple[dict[str, Any], ...] = ({}, {"max_connections": 2}, {"msl_s": 0.001})


class Placed(NamedTuple):
    """A step of ``Paths``, and where it stands: behind which frame, in which turn there (0: a timer)."""

    place: int
    turn: int
    side: int
    step: tuple[int, ...]


def followed(paths: Any, ends: tuple[Any, Any], alone: bool) -> tuple[list[tuple[int, ...]], int]:
    """Return the steps as ``Trail.listed`` does, and how many were left out."""
    found: list[Placed] = []
    omitted = 0
    for side, end in enumerate(ends[:1] if alone else ends):
        steps = paths.settled_steps(end) + paths.open_steps(end)
        total = end.path_len + len(steps) - min(end.path_len, MAX_STEPS - 1)
        del steps[MAX_STEPS - 1 :]
        omitted += max(0, total - len(steps))
        latest = (0, 0)
        for step in steps:  # an end's steps stand in path order, whatever the frames say
            latest = max(latest, (step[0], step[1]))
            found.append(Placed(*latest, side, step))
    for at, timer in enumerate(found):
        if timer.turn == 0:
            # It stands before the first frame whose time is not less than its own, even where it was seen late.
            others = (other for other in found if other.side != timer.side and other.turn)
            later = [other.place for other in others if other.step[3] >= timer.step[3]]
            before = found[at - 1].place + 1 if at and found[at - 1].side == timer.side else 0
            found[at] = timer._replace(place=max(before, min([timer.place, *later])))
    found.sort(key=lambda step: (step.place, step.turn, step.step[3] if step.turn == 0 else 0))
    return [(placed.place, placed.side, *placed.step[2:]) for placed in found], omitted


@pytest.mark.parametrize("path", CAPTURES)
def test_steps_are_in_the_order_of_the_slow_twin(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    make = records.Recorder.record

    def record(self: Any, row: Any) -> Any:
        nonlocal compared
        made = make(self, row)
        alone = bool(row.flags & bits.S_SELF)
        steps, omitted = followed(self.replay.paths, ends_of(row, self.verdict.client), alone)
        assert (self.trail.listed(), self.trail.omitted) == (steps, omitted)
        compared += len(steps)
        return made

    monkeypatch.setattr(records.Recorder, "record", record)
    for options in OPTIONS:
        transitions = sum(len(each.transitions) for each in session.analyze(path, **options))
        assert transitions == compared
        compared = 0
