"""What ``tcptrace extract`` does once its command line is understood."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import IO, TYPE_CHECKING, Any

from tcptrace.cli import terminal
from tcptrace.cli.select import Predicate, selector
from tcptrace.cli.spooled import readable
from tcptrace.model.columns import KEY_WORDS
from tcptrace.model.errors import InputError, UsageError
from tcptrace.show.text import escape, plural
from tcptrace.source import open_source
from tcptrace.wire.decoder import Decoder
from tcptrace.wire.writer import PcapngWriter

if TYPE_CHECKING:
    from tcptrace.cli.extract import Request
    from tcptrace.model.records import Connection
    from tcptrace.source.filter import Filter
    from tcptrace.wire.strip import Stripper

_LEAST_KEY = 16  # octets
_PIECE = 1 << 18  # octets that are written at once

_M64 = (1 << 64) - 1
Key = tuple[int, ...]  # a row of ``Segments.key``


def run(request: "Request") -> None:
    """Write the capture that was asked for, and say how much it is."""
    wanted = selector(request.streams, request.states, request.outcomes, request.passed)
    stripper = _stripper(request)
    progress = terminal.Progress()
    try:
        with readable(request.paths, wanted is not None) as (source, name):
            chosen, only = None, _filter(request.filter)
            if wanted is not None:
                keys = _choose(source, request.filter, wanted, name, progress)
                chosen = _frames_of(source, only, keys)
                only = None
            capture = open_source(source)
            try:
                with _output(request) as file:
                    written, left_out = _write(capture, file, chosen, only, stripper, progress)
            finally:
                capture.close()
    finally:
        progress.wipe()
    if capture.problem:
        terminal.complain(f"incomplete: {name}: {capture.problem}")
    if left_out:
        terminal.complain(
            f"left out: {plural(left_out, 'frame')} that could not be stripped to IP and TCP headers"
        )
    if request.out != "-":
        sys.stdout.write(f"{escape(request.out)}: {plural(written, 'frame')}\n")


def _stripper(request: "Request") -> "Stripper | None":
    """Return what is to be done to each frame; None: nothing."""
    if not (request.headers or request.anonymize):
        return None
    from tcptrace.wire.anonymize import Anonymizer
    from tcptrace.wire.strip import Stripper

    anonymizer = Anonymizer(_key(request.key)) if request.anonymize else None
    return Stripper(anonymizer, payload=request.payload)


def _key(path: str | None) -> bytes:
    """Return the secret: the content of the file, or one that nobody will know."""
    if path is None:
        return secrets.token_bytes(32)
    try:
        with open(path, "rb") as file:
            key = file.read(1 << 16)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name a file with a secret in it") from None
    if len(key) < _LEAST_KEY:
        raise UsageError(
            f"{path}: {len(key)} octets are too short a secret; make one: head -c 32 /dev/urandom > {path}"
        )
    return key


def _choose(source: Any, words: str, wanted: Predicate, name: str, progress: terminal.Progress) -> set[Key]:
    """Return the four-tuples of the connections that are wanted."""
    from tcptrace.session import analyze

    analysis = analyze(source, filter=words, max_findings=1, tick=progress.tick if progress.wanted else None)
    chosen = set()
    total = 0
    for connection in analysis:
        total += 1
        if wanted(connection):
            chosen.add(_key_of(connection))
    if not chosen:
        raise UsageError(
            f"{name}: none of {plural(total, 'connection')} is so; `tcptrace analyze` lists them"
        )
    return chosen


def _key_of(connection: "Connection") -> Key:
    """Return the four-tuple as ``Segments.key`` has it: the lower end first."""
    ends = [(ip_address(end.ip), end.port) for end in (connection.client, connection.server)]
    (low, low_port), (high, high_port) = sorted(ends, key=lambda end: (int(end[0]), end[1]))
    words = [word for ip in (low, high) for word in (int(ip) >> 64, int(ip) & _M64)]
    family = 4 if low.version == 4 else 6
    return (*words, family << 32 | low_port << 16 | high_port)


def _frames_of(source: Any, only: "Filter | None", chosen: set[Key]) -> bytearray:
    """Return one octet a frame, by number, 1 for those that brought segments of the four-tuples chosen."""
    decoder = Decoder("none")
    pieces = decoder.pieces = {}
    key, number = decoder.segments.key, decoder.segments.frame
    wanted = bytearray(1)  # they count from 1
    capture = open_source(source)
    try:
        for batch in capture.batches():
            wanted += bytes(batch.count)
            count = batch.count if only is None else only.select(batch.buffer, batch.frames, batch.count)
            for _, made in decoder.runs(batch.buffer, batch.frames, count):
                for at in range(made):
                    if tuple(key[at * KEY_WORDS : (at + 1) * KEY_WORDS]) in chosen:
                        for frame in pieces.get(number[at], (number[at],)):
                            wanted[frame] = 1
    finally:
        capture.close()
    return wanted


def _filter(words: str) -> "Filter | None":
    """Return the filter; None where there is none."""
    if not words:
        return None
    from tcptrace.source.filter import compile_filter

    return compile_filter(words)


@contextmanager
def _output(request: "Request") -> Iterator[IO[bytes]]:
    """Give the file to write into, which must be none of those that are read."""
    if request.out == "-":
        if sys.stdout.isatty():
            raise UsageError("-w -: standard output is a terminal; name a file, or pipe it on")
        yield sys.stdout.buffer
        return
    for path in request.paths:
        if path != "-" and os.path.exists(request.out) and os.path.samefile(path, request.out):
            raise UsageError(f"-w {request.out}: it is read, too; name another file")
    try:
        file = open(request.out, "wb")  # noqa: SIM115 - errors of what is done with it are not those of opening it
    except OSError as error:
        raise UsageError(f"-w {request.out}: {error.strerror or error}; name another file") from None
    try:
        with file:
            yield file
    except OSError as error:
        raise InputError(f"{request.out}: {error.strerror or error}; make room, or write elsewhere") from None


def _write(
    capture: Any,
    file: IO[bytes],
    chosen: bytearray | None,
    only: "Filter | None",
    stripper: "Stripper | None",
    progress: terminal.Progress,
) -> tuple[int, int]:
    """Write the frames; return how many, and how many had to be left out."""
    writer = PcapngWriter()
    pieces, size = [writer.header()], 0
    seen = written = left_out = 0
    for batch in capture.batches():
        frames, buffer = batch.frames, batch.buffer
        seen += batch.count
        total = batch.count if only is None else only.select(buffer, frames, batch.count)
        for at in range(total):
            number = frames.number[at]
            if chosen is not None and not (number < len(chosen) and chosen[number]):
                continue
            start, link, wire = frames.offset[at], frames.link[at], frames.wire[at]
            octets = bytes(buffer[start : start + frames.captured[at]])
            if stripper is not None:
                stripped = stripper.strip(octets, link, wire, frames.time_ns[at], number)
                if stripped is None:
                    left_out += 1
                    continue
                octets, link, wire = stripped
            block = writer.frame(frames.time_ns[at], octets, wire, link=link)
            pieces.append(block)
            size += len(block)
            written += 1
            if size >= _PIECE:
                file.write(b"".join(pieces))
                pieces, size = [], 0
        if progress.wanted:
            progress.tick(seen)
    file.write(b"".join(pieces))
    file.flush()
    return written, left_out - (stripper.taken if stripper else 0)
