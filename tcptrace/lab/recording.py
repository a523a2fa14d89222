"""What came of one scenario, with real sockets or simulated: a capture at each place, and the true path of each end."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tcptrace.kernel.paths import Life
from tcptrace.lab.path import SIDES
from tcptrace.lab.scenario import Scenario
from tcptrace.lab.segment import read_segment
from tcptrace.lab.tap import ETHERNET, pcap

Frames = list[tuple[int, bytes]]  # nanoseconds since the epoch, octets


class Recording(NamedTuple):
    """What came of one scenario."""

    name: str
    problem: str | None  # why it could not be played
    captures: dict[str, bytes]  # a pcap file by place: client, server or lo
    frames: dict[str, int]  # how many each has
    seen: dict[str, set[frozenset[tuple[str, int]]]]  # pairs of addresses in each
    connections: list[dict[str, Any]]  # of the truth, in the order of their beginning

    def truth(self, where: str, scenario: Scenario, file: str = "") -> dict[str, Any]:
        """Return what a ``.truth.json`` beside the capture at ``where`` says, of the connections that were seen there.

        ``file``: the capture's name, where it is not the usual one.
        """
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
        return {
            "file": file or f"{self.name}@{where}.pcap",
            "vantage": where,
            "frames": self.frames[where],
            "note": scenario.shows,
            "args": [],
            "connections": rows,
            "scenario": self.name,
        }


def recording(
    name: str,
    taken: Mapping[str, tuple[Frames, int]],
    found: Mapping[str, Sequence[Life]],
    ports: Mapping[str, set[int]],
    offset_ns: int,
) -> Recording:
    """Return the recording of what was ``taken`` (frames and link type by place) and ``found`` (lives by side).

    ``ports``: on which each side listened. ``offset_ns`` makes the lives' times those since the epoch.
    """
    connections = [
        {side: _end(side, both, ports, offset_ns) for side in SIDES}
        for both in _paired(found["client"], found["server"])
    ]
    seen = {where: _seen(frames, link) for where, (frames, link) in taken.items()}
    captures = {where: pcap(frames, link) for where, (frames, link) in taken.items()}
    counts = {where: len(frames) for where, (frames, _) in taken.items()}
    return Recording(name, None, captures, counts, seen, connections)


def write(recording: Recording, scenario: Scenario, directory: Path) -> Iterator[Path]:
    """Write each capture and its truth; yield the captures' names. Raises ``OSError``."""
    for where, octets in recording.captures.items():
        path = directory / f"{recording.name}@{where}.pcap"
        path.write_bytes(octets)
        truth = json.dumps(recording.truth(where, scenario), indent=1)
        path.with_suffix(".truth.json").write_text(truth + "\n", encoding="utf-8")
        yield path


def _seen(frames: Frames, link: int) -> set[frozenset[tuple[str, int]]]:
    """Return the pairs of addresses in a capture."""
    skipped = 14 if link == ETHERNET else 0
    segments = (read_segment(octets[skipped:]) for _, octets in frames)
    return {frozenset((one.source, one.target)) for one in segments if one is not None}


def _addresses(connection: dict[str, Any]) -> frozenset[tuple[str, int]]:
    return frozenset((connection[side]["ip"], connection[side]["port"]) for side in SIDES)


def _paired(clients: Sequence[Life], servers: Sequence[Life]) -> list[dict[str, Life | None]]:
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
    side: str, both: dict[str, Life | None], ports: Mapping[str, set[int]], offset_ns: int
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
