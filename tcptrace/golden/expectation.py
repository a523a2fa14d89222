"""Expectation files: what a capture's analysis has to say, in TOML, written by a person or by ``--update``.

TOML because a person can write it by hand and comment it, a diff of it is a diff of lines, and Python reads it;
one transition a line (``tcptrace.golden.steps``) because that is how an exchange is read. A key that is left out
is not checked.

Version 1 has plain values. Version 2 has patterns (``tcptrace.golden.patterns``), names, tolerances, findings, counts
and durations.
"""

import tomllib
from pathlib import Path as File
from typing import Any, Literal, NamedTuple

import msgspec

from tcptrace.golden import patterns, steps
from tcptrace.golden.patterns import ANY, End, Path, Span, Words
from tcptrace.golden.steps import Tolerance, Wanted
from tcptrace.model.errors import InputError
from tcptrace.model.records import Sides
from tcptrace.model.units import NS
from tcptrace.show.findings import SEVERITY

SUFFIX = ".expect.toml"
VERSION = 2
ENDS = ("client", "server")
WORDS = ("outcome", "closed_first", "reset_by", "time_wait", "application")
COUNTS = ("packets", "duplicates", "data_bytes", "unique_bytes")
SECONDS = ("handshake_s", "duration_s")
Source = Literal["analysis", "script", "kernel"]
Number = int | float | str


class _Half(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A value for either end, one of which may be left out."""

    client: Number | None = None
    server: Number | None = None


class _Connection1(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A ``[[connection]]`` of version 1 as it stands in the file."""

    client: str | None = None
    server: str | None = None
    outcome: str | None = None
    closed_first: str | None = None
    reset_by: str | None = None
    time_wait: str | None = None
    path: Sides[str] | None = None
    transitions: str | None = None


class _Connection2(_Connection1, frozen=True, kw_only=True):
    """A ``[[connection]]`` of version 2."""

    application: str | None = None
    packets: _Half | None = None
    duplicates: _Half | None = None
    data_bytes: _Half | None = None
    unique_bytes: _Half | None = None
    handshake_s: Number | None = None
    duration_s: Number | None = None
    findings: dict[str, Number] | None = None


class _Tolerance(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table ``[tolerance]``; ``"*"`` is any."""

    time_s: float | Literal["*"] = 0.0
    time_ratio: float = 0.0
    frames: int | Literal["*"] = 0
    counts: int = 0
    count_ratio: float = 0.0
    evidence: Literal["*", ""] = ""


class _File1(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An expectation file of version 1 as it stands."""

    version: int
    source: Source = "analysis"
    purpose: str = ""
    msl_s: float = 120.0
    checksums: Literal["flags", "all", "none"] = "flags"
    frames: int | None = None
    complete: bool = True
    connection: list[_Connection1] = []


class _File2(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An expectation file of version 2."""

    version: int
    source: Source = "analysis"
    purpose: str = ""
    msl_s: float = 120.0
    checksums: Literal["flags", "all", "none"] = "flags"
    frames: Number | None = None
    complete: bool = True
    names: dict[str, str | int] = {}
    tolerance: _Tolerance = _Tolerance()
    connection: list[_Connection2] = []


class ExpectedConnection(NamedTuple):
    """What one connection has to be; what is not there is not checked."""

    ends: dict[str, End]  # client, server
    words: dict[str, Words]  # of WORDS
    path: Sides[Path] | None
    steps: list[Wanted] | None
    counts: dict[tuple[str, str], Span]  # (of COUNTS, side)
    seconds: dict[str, Span]  # of SECONDS
    findings: dict[str, Span] | None  # code, or severity or ``*`` for each that is not named: how many


class Expectation(NamedTuple):
    """What a capture has to be."""

    name: str  # of its file, for messages
    version: int
    source: Source  # who says so: ``analysis`` is this program, looked over by a person
    msl_s: float
    checksums: str
    frames: Span | None  # None: not checked
    complete: bool
    tolerance: Tolerance
    connections: list[ExpectedConnection]


def load(path: File) -> Expectation:
    """Return the expectation that a file holds; raises ``InputError`` with the place of what is wrong."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name an expectation that can be read") from None
    return read(octets, str(path))


def read(octets: bytes, name: str) -> Expectation:
    """Return the expectation that ``octets`` hold; raises ``InputError``."""
    table = _table(octets, name)
    file = _file(table, name)
    if not 0 < file.msl_s <= 86_400:
        raise InputError(f"{name}: msl_s {file.msl_s:g} is no lifetime; give seconds, more than 0")
    tolerance, names = Tolerance(), {}
    if isinstance(file, _File2):
        tolerance = _tolerance(file.tolerance, name)
        names = {key: str(value) for key, value in file.names.items()}
    reader = _Reader(name, isinstance(file, _File2), names)
    return Expectation(
        name=name,
        version=file.version,
        source=file.source,
        msl_s=file.msl_s,
        checksums=file.checksums,
        frames=None if file.frames is None else reader.span(file.frames, "frames"),
        complete=file.complete,
        tolerance=tolerance,
        connections=[reader.connection(held, at) for at, held in enumerate(file.connection)],
    )


def _table(octets: bytes, name: str) -> dict[str, Any]:
    """Return the TOML that a file is."""
    try:
        return tomllib.loads(octets.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not UTF-8 at octet {error.start}; TOML is") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: no TOML: {error}") from None
    except RecursionError:
        raise InputError(f"{name}: no expectation: nested too deep") from None


def _file(table: dict[str, Any], name: str) -> _File1 | _File2:
    """Return the file's keys, checked against its version."""
    version = table.get("version")
    if type(version) is not int:
        raise InputError(f"{name}: no version; begin the file with `version = {VERSION}`")
    if not 1 <= version <= VERSION:
        raise InputError(
            f"{name}: version {version} is not known; this tcptrace reads 1 to {VERSION}, a newer one may do more"
        )
    try:
        return msgspec.convert(table, _File1) if version == 1 else msgspec.convert(table, _File2)
    except msgspec.ValidationError as error:
        newer = ""
        if version == 1 and "unknown field" in str(error):
            newer = " of version 1; write `version = 2`, or"
        raise InputError(f"{name}: {error}{newer or ';'} see `tcptrace check --help`") from None


def _tolerance(given: _Tolerance, name: str) -> Tolerance:
    """Return the tolerances; raises ``InputError`` for one below 0."""
    for key in ("time_s", "time_ratio", "frames", "counts", "count_ratio"):
        value = getattr(given, key)
        if value != ANY and not 0 <= value < float("inf"):
            raise InputError(f"{name}: tolerance.{key} {value} is none; give 0 or more")
    return Tolerance(
        None if given.time_s == ANY else round(float(given.time_s) * NS),
        given.time_ratio,
        None if given.frames == ANY else int(given.frames),
        given.counts,
        given.count_ratio,
        given.evidence != ANY,
    )


class _Reader:
    """Reads connections; knows the file's name, its version and its names."""

    def __init__(self, name: str, has_patterns: bool, names: dict[str, str]) -> None:
        self.name = name
        self.has_patterns = has_patterns
        self.names = names

    def span(self, given: Number, place: str) -> Span:
        """Return a number or a range."""
        try:
            return patterns.span(given)
        except ValueError as error:
            raise InputError(f"{self.name}: {place}: {error}") from None

    def connection(self, held: _Connection1, at: int) -> ExpectedConnection:
        """Return a connection's expectation."""
        place = f"connection {at}"
        try:
            ends = {side: self.end(getattr(held, side)) for side in ENDS if getattr(held, side) is not None}
            path = None
            if held.path is not None:
                path = Sides(*(self.path(side, getattr(held.path, side)) for side in ENDS))
            expected = None if held.transitions is None else self.steps(held.transitions)
            if path is not None and expected is not None:
                agree(path, expected, held.client is not None and held.client == held.server)
            counts = {
                (key, side): self.span(value, f"{place}: {key}.{side}")
                for key in COUNTS
                for side in ENDS
                if (value := getattr(getattr(held, key, None), side, None)) is not None
            }
            seconds = {
                key: self.span(value, f"{place}: {key}")
                for key in SECONDS
                if (value := getattr(held, key, None)) is not None
            }
            findings = getattr(held, "findings", None)
            if findings is not None:
                findings = {key: self.span(n, f"{place}: findings.{key}") for key, n in findings.items()}
                for key in findings:
                    if key not in (*SEVERITY, *SEVERITY.values(), ANY):
                        raise ValueError(
                            f"findings: there is no {key}; `tcptrace explain` lists what there is"
                        )
        except ValueError as error:
            raise InputError(f"{self.name}: {place}: {error}") from None
        words = {key: Words(value) for key in WORDS if (value := getattr(held, key, None)) is not None}
        return ExpectedConnection(ends, words, path, expected, counts, seconds, findings)

    def end(self, text: str) -> End:
        """Return an end."""
        return patterns.end(text, self.names)

    def path(self, side: str, text: str) -> Path:
        """Return an end's path; raises ``ValueError`` with the side."""
        try:
            return patterns.path(text, self.has_patterns)
        except ValueError as error:
            raise ValueError(f"path.{side}: {error}") from None

    def steps(self, text: str) -> list[Wanted]:
        """Return the transitions of a connection; raises ``ValueError`` with the line."""
        found: list[Wanted] = []
        for number, line in enumerate(text.split("\n"), 1):
            words = line.split("#", 1)[0].strip()
            if words:
                try:
                    found.append(steps.read(words, patterns=self.has_patterns))
                    steps.paths_of(wanted.step for wanted in found)
                except ValueError as error:
                    raise ValueError(f"transitions, line {number}: {error}") from None
        return found


def agree(path: Sides[Path], wanted: list[Wanted], is_itself: bool) -> None:
    """Raise ``ValueError`` where a path and the transitions do not say the same."""
    taken = steps.paths_of(entry.step for entry in wanted)
    if is_itself and "client" in taken:
        taken.setdefault("server", taken["client"])  # connected to itself: one end, its steps once
    for side in ENDS:
        pattern: Path = getattr(path, side)
        told = taken.get(side, [pattern.tokens[0]])
        if side in taken and not pattern.matches(told):
            raise ValueError(
                f"path.{side} is {pattern.text}, by the transitions it is {' '.join(told)}; change one of them"
            )
        if side not in taken and len(pattern.tokens) > 1 and pattern.tokens != (ANY,):
            raise ValueError(
                f"path.{side} is {pattern.text}, and no transition is the {side}'s; change one of them"
            )
