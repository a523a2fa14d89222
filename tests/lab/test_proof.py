"""The proof of the replay: whatever becomes of the packets of two simulated ends, what it says for sure is true.

The ends act by RFC 9293 (``lab.simulator``), nobody injects a segment; loss, delay, reordering and duplication are drawn,
and so is the place of the capture. The truth is what the ends did.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tcptrace
from tcptrace.lab.segment import FIN, RST, Segment, read_segment
from tcptrace.lab.simulator.script import Script
from tcptrace.lab.simulator.simulate import Simulation
from tcptrace.lab.tap import RAW, pcap
from tests.lab.ends import SIDES, told
from tests.lab.test_simulator import runs

RESETS = ("snd RST", "rcv RST")


class Told(NamedTuple):
    """An end of a run as it went and as it is told, up to what no segment showed."""

    side: str
    true: list[str]
    path: list[str]
    full: list[str]
    steps: list[Any]
    segments: list[Segment]  # its own in the capture
    others: list[Segment]  # and the other end's


def ends_of(run: tuple[Script, int]) -> Iterator[Told]:
    """Yield both ends of each connection of a run."""
    script, seed = run
    outcome = Simulation(script, seed).run()
    assume(not outcome.left_silently)
    found = list(tcptrace.analyze(pcap(outcome.frames, RAW)))
    clients, servers = (outcome.lives[side] for side in SIDES)
    # One that an old SYN brought forth has no stream of its own.
    assume(len(found) == len(clients) >= len(servers))
    every = [read_segment(octets) for _, octets in outcome.frames]
    for number, connection in enumerate(found):
        here = every[connection.first_frame - 1 : connection.last_frame]
        segments = [one for one in here if one is not None]
        for side, lives in zip(SIDES, (clients, servers), strict=True):
            if number < len(lives):
                end = lives[number]
                name = "client" if (connection.client.ip, connection.client.port) == end.local else "server"
                path = told(connection, name)
                taken = [step for step in connection.transitions if step.side == name][: len(path) - 1]
                own = [one for one in segments if one.source == end.local]
                others = [one for one in segments if one.source == end.remote]
                yield Told(side, end.path, path, list(getattr(connection.path, name)), taken, own, others)


def false_steps(end: Told) -> list[Any]:
    """Return the steps from the first on that the end did not take.

    Whoever sends a RST, or answers by one where its connection was, has no connection any more, whatever its state was: such
    a last step is compared by itself.
    """
    true, path, taken = end.true, end.path, end.steps
    if taken and taken[-1].cause in RESETS and taken[-1].evidence != "assumed":
        if path[-1] != true[-1]:
            return [taken[-1]]
        true, path, taken = true[:-1], path[:-1], taken[:-1]
    right = 0
    while right < min(len(path), len(true)) and path[right] == true[right]:
        right += 1
    return taken[max(right - 1, 0) :]


def hides_a_fin(end: Told) -> bool:
    """Say whether the end's FIN is in the capture only as a repetition that knows the other end's FIN, and nothing tells.

    It was sent before the other FIN came, but the first copies were lost before the capture, and so were all ACKs with a
    number beyond it. For packets that is a close in three segments, and it is told as one: nobody can say otherwise.
    """
    if "FIN-WAIT-1" not in end.true:
        return False
    ends = {one.end for one in end.others if one.flags & FIN}
    for number, one in enumerate(end.segments):
        if one.flags & FIN:
            shown = any(before.seq == one.end and not before.flags & RST for before in end.segments[:number])
            return one.ack in ends and not shown
    return False


@settings(max_examples=200)
@given(runs(st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0))))
def test_false_steps_are_assumed_ones_and_the_last_wherever_the_capture_was(run: tuple[Script, int]) -> None:
    for end in ends_of(run):
        if end.path[0] == "UNKNOWN" or end.full == end.true or hides_a_fin(end):
            continue
        assert {step.evidence for step in false_steps(end)} <= {"assumed"}, (end.side, end.true, end.path)


@settings(max_examples=200)
@given(runs(st.sampled_from([0.0, 1.0])))
def test_the_end_beside_the_capture_is_told_exactly(run: tuple[Script, int]) -> None:
    near = "client" if run[0].tap == 0.0 else "server"
    for end in ends_of(run):
        if end.side == near and end.path != ["UNKNOWN"]:  # nothing of it was seen
            assert end.true in (end.path, end.full)
