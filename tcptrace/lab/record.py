"""Plays scenarios and keeps what came of them: a capture at each place, and the kernel's path of each end."""

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tcptrace.kernel.paths import Life, history_of, listening_ports, lives
from tcptrace.kernel.tracepoint import Change, Tracepoint
from tcptrace.lab.path import SIDES
from tcptrace.lab.scenario import Scenario
from tcptrace.lab.segment import read_segment
from tcptrace.lab.tap import ETHERNET, pcap
from tcptrace.lab.world import HIGH_PORT, LOW_PORT, World
from tcptrace.model.errors import InputError

AT_ONCE = 8
_WORLDS = 2048  # numbers of worlds on this machine


class Recording(NamedTuple):
    """What came of one scenario."""

    name: str
    problem: str | None  # why it could not be played
    captures: dict[str, bytes]  # a pcap file by place: client, server or lo
    frames: dict[str, int]  # how many each has
    seen: dict[str, set[frozenset[tuple[str, int]]]]  # pairs of addresses in each
    connections: list[dict[str, Any]]  # of the truth, in the order of their beginning

    def truth(self, where: str, scenario: Scenario) -> dict[str, Any]:
        """Return what a ``.truth.json`` beside the capture at ``where`` says, of the connections that were seen there."""
        rows = []
        for number, connection in enumerate(self.connections):
            if not self.seen[where] & {_addresses(connection)}:
                continue
            row: dict[str, Any] = {"connection": number}
            for side in SIDES:
                known = [one for one in scenario.unknowable if one.covers(side, where, number)]
                accept = [path for one in known for path in one.lists()]
                why = [{"why": one.why} for one in known]
                row[side] = {**connection[side], "accept": accept, "unknowable": why}
            rows.append(row)
        file = f"{self.name}@{where}.pcap"
        return {
            "file": file,
            "vantage": where,
            "frames": self.frames[where],
            "note": scenario.shows,
            "args": [],
            "connections": rows,
            "scenario": self.name,
        }


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


def write(recording: Recording, scenario: Scenario, directory: Path) -> Iterator[Path]:
    """Write each capture and its truth; yield the captures' names. Raises ``OSError``."""
    for where, octets in recording.captures.items():
        path = directory / f"{recording.name}@{where}.pcap"
        path.write_bytes(octets)
        truth = json.dumps(recording.truth(where, scenario), indent=1)
        path.with_suffix(".truth.json").write_text(truth + "\n", encoding="utf-8")
        yield path


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
    addresses = {side: {world.host(side).ip, world.host(side).ip6} for side in SIDES}
    found = {
        side: lives(addresses[side], changes, history_of(world.polls[side]), world.end_ns) for side in SIDES
    }
    ports = {side: listening_ports(addresses[side], changes) for side in SIDES}
    connections = [
        {side: _end(side, both, ports, offset_ns) for side in SIDES}
        for both in _paired(found["client"], found["server"])
    ]
    seen = {where: _seen(rows, link) for where, (rows, link) in played.captures.items()}
    captures = {where: pcap(frames, link) for where, (frames, link) in played.captures.items()}
    frames = {where: len(rows) for where, (rows, _) in played.captures.items()}
    return Recording(played.name, None, captures, frames, seen, connections)


def _seen(frames: list[tuple[int, bytes]], link: int) -> set[frozenset[tuple[str, int]]]:
    """Return the pairs of addresses in a capture."""
    skipped = 14 if link == ETHERNET else 0
    segments = (read_segment(octets[skipped:]) for _, octets in frames)
    return {frozenset((one.source, one.target)) for one in segments if one is not None}


def _addresses(connection: dict[str, Any]) -> frozenset[tuple[str, int]]:
    return frozenset((connection[side]["ip"], connection[side]["port"]) for side in SIDES)


def _paired(clients: list[Life], servers: list[Life]) -> list[dict[str, Life | None]]:
    """Put the two ends of each connection together: the first life of each pair of addresses with the first, and so on."""
    waiting = list(servers)
    pairs: list[dict[str, Life | None]] = []
    for life in clients:
        if life.local == life.remote:  # connected to itself: one end is both
            pairs.append({"client": life, "server": life})
            continue
        match = next((other for other in waiting if other.pair == life.pair[::-1]), None)
        if match is not None:
            waiting.remove(match)
        pairs.append({"client": life, "server": match})
    return pairs + [{"client": None, "server": life} for life in waiting]


def _end(
    side: str, both: dict[str, Life | None], ports: dict[str, set[int]], offset_ns: int
) -> dict[str, Any]:
    """Return one end for the truth file."""
    life = both[side]
    if life is None:  # no socket ever: nobody listens, or the SYN never came
        other = both[SIDES[1 - SIDES.index(side)]]
        assert other is not None
        ip, port = other.remote
        return {"ip": ip, "port": port, "path": ["LISTEN" if port in ports[side] else "CLOSED"], "steps": []}
    ip, port = life.local
    steps = [
        {"from": step.from_state, "to": step.to_state, "t_ns": step.time_ns + offset_ns, "seen": step.seen}
        for step in life.steps
    ]
    return {"ip": ip, "port": port, "path": life.path, "steps": steps}
