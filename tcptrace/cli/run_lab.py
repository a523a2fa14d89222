"""What ``tcptrace lab`` does once its command line is understood."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tcptrace.cli import terminal
from tcptrace.golden.write import text_of
from tcptrace.lab.path import SIDES
from tcptrace.lab.record import record
from tcptrace.lab.recording import Recording, write
from tcptrace.lab.scenario import Scenario
from tcptrace.lab.scenarios import SCENARIOS
from tcptrace.lab.simulator.record import place_of, simulated
from tcptrace.model.errors import InputError, UsageError
from tcptrace.session import analyze
from tcptrace.show.text import plural

_SHOWN = 3  # connections of a scenario


def show_list() -> None:
    """Write a line for each scenario."""
    out = terminal.Output(terminal.Progress())
    names = max(map(len, SCENARIOS))
    clauses = max(len(row.clause) for row in SCENARIOS.values())
    for name, row in SCENARIOS.items():
        simulated = "simulated too" if row.script is not None else f"not simulated: {row.unsimulated}"
        facts = f"{row.shows} ({row.needs}; {simulated})"
        out.write_text(f"{name.ljust(names)}  {row.clause.ljust(clauses)}  {facts}\n")
    out.flush()


def run(chosen: Mapping[str, Scenario], directory: Path | None, at_once: int) -> None:
    """Play the scenarios, write what came of them, and say it; ``InputError`` where one could not be played."""
    out = terminal.Output(terminal.Progress())
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{directory}: {error.strerror}; give -w another directory") from None
    recordings = record(chosen, at_once)
    for recording in recordings:
        if recording.problem is None:
            _tell(out, recording)
        if directory is not None:
            try:
                for path in write(recording, chosen[recording.name], directory):
                    out.write_text(f"  {path}\n")
            except OSError as error:
                raise InputError(f"{directory}: {error.strerror}; give -w another directory") from None
    out.flush()
    problems = [recording.problem for recording in recordings if recording.problem is not None]
    for problem in problems[:-1]:
        terminal.complain(problem)
    if problems:
        raise InputError(problems[-1])


def make_goldens(chosen: Mapping[str, Scenario], directory: Path) -> None:
    """Play the scenarios, write each capture with an expectation whose paths the kernel vouches for, and check it.

    ``InputError`` where one could not be played or written, or where a capture tells of other paths than the kernel's.
    """
    out = terminal.Output(terminal.Progress())
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for recording in record(chosen):
            if recording.problem is not None:
                raise InputError(recording.problem)
            scenario = chosen[recording.name]
            for path in write(recording, scenario, directory):
                truth = recording.truth(path.stem.partition("@")[2], scenario)
                _vouch(path, scenario, truth["connections"])
                out.write_text(f"{path}\n")
    except OSError as error:
        raise InputError(f"{directory}: {error.strerror}; give -w another directory") from None
    out.flush()


def _vouch(path: Path, scenario: Scenario, truth: Sequence[Mapping[str, Any]]) -> None:
    """Write a capture's expectation; ``InputError`` where its paths are not the kernel's."""
    analysis = analyze(str(path))
    connections = list(analysis)
    for connection, true in zip(connections, truth, strict=False):
        for side in SIDES:
            end = true[side]
            is_client = (connection.client.ip, connection.client.port) == (end["ip"], end["port"])
            told = list(connection.path.client if is_client else connection.path.server)
            if told not in [end["path"], *end["accept"]]:
                raise InputError(
                    f"{path}: the {side} is told as {' > '.join(told)}; that is not what the kernel did"
                )
    if len(connections) != len(truth):
        raise InputError(f"{path}: {len(connections)} connections are told, the kernel had {len(truth)}")
    purpose = f"{scenario.shows} ({scenario.clause}; tcptrace lab run {path.stem.partition('@')[0]})".replace(
        '"', "'"
    )
    text = text_of(analysis.capture, connections)
    path.with_name(path.name + ".expect.toml").write_text(
        text.replace('source = "analysis"', f'source = "kernel"\npurpose = "{purpose}"', 1), encoding="utf-8"
    )


def simulate(name: str, seed: int, tap: float, file: Path | None) -> None:
    """Simulate a scenario, print the true paths, write capture and truth; ``InputError`` where that is not possible."""
    row, where = SCENARIOS[name], place_of(tap)
    if row.script is None:
        raise UsageError(
            f"{name}: the simulator cannot play it: {row.unsimulated}; `tcptrace lab run {name}` can"
        )
    recording = simulated(name, row.script._replace(tap=tap), seed)
    out = terminal.Output(terminal.Progress())
    _tell(out, recording)
    if file is not None:
        truth = {**recording.truth(where, row, file.name), "seed": seed}
        try:
            file.write_bytes(recording.captures[where])
            path = file.with_suffix(".truth.json")
            path.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}; give -w another file") from None
        out.write_text(f"  {file}\n  {path}\n")
    out.flush()


def _tell(out: terminal.Output, recording: Recording) -> None:
    """Write the kernel's paths of a scenario."""
    counts = ", ".join(f"{plural(count, 'frame')} at {where}" for where, count in recording.frames.items())
    out.write_text(f"{recording.name}: {counts}\n")
    for connection in recording.connections[:_SHOWN]:
        for side in SIDES:
            out.write_text(f"  {side}  {' > '.join(connection[side]['path'])}\n")
    more = len(recording.connections) - _SHOWN
    if more > 0:
        out.write_text(f"  and {plural(more, 'connection')} more\n")
