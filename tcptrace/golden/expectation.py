"""Expectation files: what a capture's analysis has to say, in TOML, written by a person or by ``--update``.

TOML because a person can write it by hand and comment it, a diff of it is a diff of lines, and Python reads it;
one transition a line (``tcptrace.golden.steps``) because that is how an exchange is read. A key that is left out
is not checked.
"""

import tomllib
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from tcptrace.golden import steps
from tcptrace.golden.steps import Step
from tcptrace.model.errors import InputError
from tcptrace.model.records import Sides
from tcptrace.model.states import STATE_NAMES

SUFFIX = ".expect.toml"
VERSION = 1
Source = Literal["analysis", "script", "kernel"]


class _Connection(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A ``[[connection]]`` as it stands in the file."""

    client: str | None = None
    server: str | None = None
    outcome: str | None = None
    closed_first: str | None = None
    reset_by: str | None = None
    time_wait: str | None = None
    path: Sides[str] | None = None
    transitions: str | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An expectation file as it stands."""

    version: int
    source: Source = "analysis"
    purpose: str = ""
    msl_s: float = 120.0
    checksums: Literal["flags", "all", "none"] = "flags"
    frames: int | None = None
    complete: bool = True
    connection: list[_Connection] = []


class ExpectedConnection(NamedTuple):
    """What one connection has to be; ``None``: not checked."""

    fields: dict[str, str]  # client, server, outcome, closed_first, reset_by, time_wait: those that are given
    path: Sides[list[str]] | None
    steps: list[Step] | None


class Expectation(NamedTuple):
    """What a capture has to be."""

    name: str  # of its file, for messages
    source: Source  # who says so: ``analysis`` is this program, looked over by a person
    msl_s: float
    checksums: str
    frames: int | None  # None: not checked
    complete: bool
    connections: list[ExpectedConnection]


def load(path: Path) -> Expectation:
    """Return the expectation that a file holds; raises ``InputError`` with the place of what is wrong."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name an expectation that can be read") from None
    return read(octets, str(path))


def read(octets: bytes, name: str) -> Expectation:
    """Return the expectation that ``octets`` hold; raises ``InputError``."""
    try:
        table = tomllib.loads(octets.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not UTF-8 at octet {error.start}; TOML is") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: no TOML: {error}") from None
    version = table.get("version")
    if type(version) is not int:
        raise InputError(f"{name}: no version; begin the file with `version = {VERSION}`")
    if not 1 <= version <= VERSION:
        raise InputError(
            f"{name}: version {version} is not known; this tcptrace reads 1 to {VERSION}, a newer one may do more"
        )
    try:
        file = msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}: {error}; see `tcptrace check --help`") from None
    if not 0 < file.msl_s <= 86_400:
        raise InputError(f"{name}: msl_s {file.msl_s:g} is no lifetime; give seconds, more than 0")
    return Expectation(
        name,
        file.source,
        file.msl_s,
        file.checksums,
        file.frames,
        file.complete,
        [_connection(held, f"{name}: connection {at}") for at, held in enumerate(file.connection)],
    )


def _connection(held: _Connection, place: str) -> ExpectedConnection:
    """Return a connection's expectation, its path and its transitions read."""
    given = {
        "client": held.client,
        "server": held.server,
        "outcome": held.outcome,
        "closed_first": held.closed_first,
        "reset_by": held.reset_by,
        "time_wait": held.time_wait,
    }
    path = None
    if held.path is not None:
        path = Sides(_path(held.path.client, place), _path(held.path.server, place))
    expected = None if held.transitions is None else _steps(held.transitions, place)
    if path is not None and expected is not None:
        taken = steps.paths_of(expected)
        if held.client is not None and held.client == held.server:
            taken["server"] = taken.get(
                "client", path.client[:1]
            )  # connected to itself: one end, its steps once
        for side in steps.SIDES:
            states = getattr(path, side)
            told = taken.get(side, states[:1])
            if told != states:
                raise InputError(
                    f"{place}: path.{side} is {' '.join(states)}, by the transitions it is {' '.join(told)}; "
                    "change one of them"
                )
    return ExpectedConnection(
        {key: value for key, value in given.items() if value is not None}, path, expected
    )


def _path(text: str, place: str) -> list[str]:
    """Return a path's states."""
    states = text.split()
    for state in states or [""]:
        if state not in STATE_NAMES:
            raise InputError(f"{place}: path: {state!r} is no state; the states are {' '.join(STATE_NAMES)}")
    return states


def _steps(text: str, place: str) -> list[Step]:
    """Return the transitions of a connection."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split("#", 1)[0].strip()
        if words:
            try:
                found.append(steps.read(words))
                steps.paths_of(found)
            except ValueError as error:
                raise InputError(f"{place}: transitions, line {number}: {error}") from None
    return found
