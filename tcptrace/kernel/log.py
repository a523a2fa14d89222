"""What the kernel said while a capture ran: JSON Lines that ``--kernel-log`` writes and ``analyze --kernel-log`` reads.

The first line is ``kernel_log``, the last ``kernel_end``. Between them stand the tracepoint's changes and what was new
when ``sock_diag`` was asked. Times are nanoseconds since the Unix epoch, on the clock of the captured frames.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from tcptrace.kernel.paths import Life, Pair, Sighting, lives, sighted
from tcptrace.kernel.tracepoint import Change
from tcptrace.model.errors import InputError
from tcptrace.model.records import Endpoint
from tcptrace.model.state_words import State

_REMEDY = "name what `capture --kernel-log FILE` wrote"


class LogBegin(msgspec.Struct, frozen=True, tag_field="record", tag="kernel_log"):
    """The first line: what follows."""

    schema: Literal[1]
    since_ns: int
    tracepoint: bool  # whether every change is there, or only what polls met
    reason: str | None  # why there is no tracepoint
    poll_s: float  # at least so long between two questions


class LogChange(msgspec.Struct, frozen=True, tag_field="record", tag="kernel_change"):
    """The tracepoint: a socket left one state for another."""

    time_ns: int
    socket: int  # a number for one socket's life; it may come again once that is over
    local: Endpoint
    remote: Endpoint
    from_state: State = msgspec.field(name="from")
    to_state: State = msgspec.field(name="to")


class LogSocket(msgspec.Struct, frozen=True, tag_field="record", tag="kernel_socket"):
    """A poll: a pair of addresses is in another state than when the kernel was asked before."""

    time_ns: int  # before the question
    before_ns: int | None  # before the last question that had another answer; None: this is the first one
    local: Endpoint
    remote: Endpoint
    state: State | None  # None: there is no such socket any more


class LogEnd(msgspec.Struct, frozen=True, tag_field="record", tag="kernel_end"):
    """The last line."""

    until_ns: int  # before the last question
    polls: int
    lost: bool  # whether the kernel had to throw changes away
    problem: str | None  # why it ended early


Line = LogBegin | LogChange | LogSocket | LogEnd
_decoder = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


def encode(lines: Iterable[Line]) -> bytes:
    """Return lines as they stand in the file."""
    return _encoder.encode_lines(lines)


@dataclass
class KernelLog:
    """A log that was read."""

    begin: LogBegin
    until_ns: int = 0
    polls: int = 0
    lost: bool = False
    problem: str | None = None
    changes: list[Change] = field(default_factory=list)
    history: dict[Pair, list[Sighting]] = field(default_factory=dict)

    def lives(self) -> list[Life]:
        """Return every end's life, as far as the log has it."""
        if not self.begin.tracepoint:
            return sighted(self.history)
        found = lives(None, sorted(self.changes), self.history, self.until_ns, partial=True)
        changed = {life.pair for life in found}
        # Those that never changed are known from polls alone.
        return found + sighted({pair: seen for pair, seen in self.history.items() if pair not in changed})

    def add(self, line: Line) -> None:
        """Take in one more line."""
        if isinstance(line, LogChange):
            local, remote = _end(line.local), _end(line.remote)
            self.changes.append(
                Change(line.time_ns, line.socket, local, remote, line.from_state, line.to_state)
            )
            self.until_ns = max(self.until_ns, line.time_ns)
        elif isinstance(line, LogSocket):
            sightings = self.history.setdefault((_end(line.local), _end(line.remote)), [])
            if sightings and line.before_ns is not None:
                sightings[-1] = sightings[-1]._replace(last_ns=line.before_ns)
            sightings.append(Sighting(line.time_ns, line.time_ns, line.state))
            self.until_ns = max(self.until_ns, line.time_ns)
        elif isinstance(line, LogEnd):
            self.until_ns, self.polls, self.lost = line.until_ns, line.polls, line.lost
            self.problem = line.problem

    def close(self) -> None:
        """Let what was seen last be so until the last question."""
        for sightings in self.history.values():
            sightings[-1] = sightings[-1]._replace(last_ns=self.until_ns)


def read_log(path: str | int, name: str) -> KernelLog:
    """Read a log; ``InputError`` where it is not there or none. One that is cut short has a ``problem``."""
    try:
        with open(path, "rb") as file:
            return _read(file, name)
    except OSError as error:
        raise InputError(f"{name}: {error.strerror or error}; {_REMEDY}") from None


def _read(file: Iterable[bytes], name: str) -> KernelLog:
    log: KernelLog | None = None
    is_whole = False
    for number, octets in enumerate(file, 1):
        if not octets.endswith(b"\n"):
            break  # cut within a line
        try:
            line = _decoder.decode(octets)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{name}: line {number} is none of a kernel log ({error}); {_REMEDY}") from None
        if (log is None) != isinstance(line, LogBegin):
            raise InputError(f"{name}: line {number}: kernel_log belongs in the first line, once; {_REMEDY}")
        if isinstance(line, LogBegin):
            log = KernelLog(line)
        elif log is not None:
            log.add(line)
            is_whole = isinstance(line, LogEnd)
    if log is None:
        raise InputError(f"{os.fsdecode(name)}: there is no line of a kernel log in it; {_REMEDY}")
    if not is_whole:
        log.problem = "the kernel's log is cut short"
    log.close()
    return log


def _end(endpoint: Endpoint) -> tuple[str, int]:
    return endpoint.ip, endpoint.port
