"""Plays scenarios and keeps what came of them: a capture at each place, and the kernel's path of each end."""

import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tcptrace.kernel.paths import history_of, listening_ports, lives
from tcptrace.kernel.tracepoint import Change, Tracepoint
from tcptrace.lab.path import SIDES
from tcptrace.lab.recording import Recording, recording
from tcptrace.lab.scenario import Scenario
from tcptrace.lab.world import HIGH_PORT, LOW_PORT, World
from tcptrace.model.errors import InputError

AT_ONCE = 8
_WORLDS = 2048  # numbers of worlds on this machine


class _Played(NamedTuple):
    """A world after its scenario."""

    name: str
    captures: dict[str, tuple[list[tuple[int, bytes]], int]]
    world: World
    mark: socket.socket  # keeps the world's number until the tracepoint is read


def record(rows: Mapping[str, Scenario], at_once: int = AT_ONCE) -> list[Recording]:
    """Play the scenarios, some at once, and return their recordings in the same order.

    ``InputError`` where this system does not allow any. One that cannot be played has a ``problem``, and no capture.
    """
    tracepoint = Tracepoint(LOW_PORT, HIGH_PORT)
    done: list[_Played | Recording] = []
    try:
        offset_ns = time.time_ns() - time.monotonic_ns()
        with ThreadPoolExecutor(at_once) as pool:
            done = list(pool.map(_play, rows.items()))
        changes = tracepoint.changes()
        if tracepoint.lost:
            raise InputError("tracepoint: the kernel lost changes; run fewer scenarios at once")
    finally:
        tracepoint.close()
        for one in done:
            if isinstance(one, _Played):
                one.mark.close()
    return [one if isinstance(one, Recording) else _recording(one, changes, offset_ns) for one in done]


def _play(row: tuple[str, Scenario]) -> _Played | Recording:
    """Play one scenario in a world of its own."""
    name, scenario = row
    number, mark = _number()
    try:
        world = World(number, scenario.on_loopback)
        try:
            scenario.play(world)
            return _Played(name, world.finish(), world, mark)
        finally:
            world.close()
    except (OSError, ImportError, InputError) as error:
        mark.close()
        problem = f"{name}: it could not be played: {error}; it needs {scenario.needs}"
        return Recording(name, problem, {}, {}, {}, [])


def _number() -> tuple[int, socket.socket]:
    """Return a number that no other world of this machine has, and the mark that keeps it so."""
    for number in range(1, _WORLDS):
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            mark.bind(f"\0tcptrace-lab-{number}")
        except OSError:
            mark.close()
            continue
        return number, mark
    raise InputError("lab: too many scenarios are being played on this machine; wait for them")


def _recording(played: _Played, changes: Sequence[Change], offset_ns: int) -> Recording:
    world = played.world
    assert world.end_ns is not None
    own = [change for change in changes if change.time_ns >= world.begin_ns]
    addresses = {side: {world.host(side).ip, world.host(side).ip6} for side in SIDES}
    found = {side: lives(addresses[side], own, history_of(world.polls[side]), world.end_ns) for side in SIDES}
    ports = {side: listening_ports(addresses[side], own) for side in SIDES}
    return recording(played.name, played.captures, found, ports, offset_ns)
