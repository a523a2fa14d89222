"""Open whatever has frames in it. What it is, its first octets say; its name says nothing."""

import os
import sys
from collections.abc import Sequence

from tcptrace.model.errors import InputError
from tcptrace.model.light import TYPE_CHECKING
from tcptrace.source.base import Source
from tcptrace.source.octets import FileInput, Input, MemoryInput, named
from tcptrace.source.records import RecordSource
from tcptrace.wire.pcap import HEADER_OCTETS, PcapReader, is_pcap

if TYPE_CHECKING:
    from typing import Any

TEXT_HEAD = 8192  # a listing shows a packet's line within its first octets
SHOWN_OCTETS = 8  # of what is no capture
READABLE = "give a pcap or pcapng file (packed is fine) or tcpdump's printed text"

# What people name by mistake: first octets, what that is, what to do.
STRANGERS = (
    (b"\x02\x21\x4c\x18", "lz4 data of the old format", "unpack it first: lz4 -d"),
    (b"PK\x03\x04", "a zip archive", "unpack it first: unzip"),
    (b"snoop\x00\x00\x00", "a snoop capture", "convert it: editcap -F pcap"),
    (b"RTSS", "a Network Monitor capture", "convert it: editcap -F pcap"),
    (b"GMBU", "a Network Monitor capture", "convert it: editcap -F pcap"),
)


def open_source(
    target: "str | os.PathLike[str] | bytes | bytearray | memoryview | Sequence[Any] | Any",
) -> Source:
    """Return the frames of ``target``, batch by batch.

    ``target`` is a path, ``"-"`` for standard input, the octets of a capture, or a file object opened in
    binary mode, which is read from where it stands and stays open; or a list or tuple of these, which are one
    capture, merged by time. Nothing is sought. Waits until the first octets are there. What is a ``Source``
    already is given back as it is. ``InputError`` where there is no capture.
    """
    if isinstance(target, list | tuple):
        if len(target) == 1:
            return open_source(target[0])
        from tcptrace.source.merge import MergedSource

        return MergedSource(target)
    octets: Input
    if hasattr(target, "batches"):
        return target  # type: ignore[return-value] # it has what a source has
    if isinstance(target, bytes | bytearray | memoryview):
        name, octets = "<bytes>", MemoryInput(target)
    elif isinstance(target, str | os.PathLike):
        name = os.fsdecode(target)
        octets = _standard_input() if name == "-" else _file(name)
    else:
        shown = getattr(target, "name", None)
        name = shown if isinstance(shown, str) else "<file>"
        octets = FileInput(target)
    try:
        return _recognise(name, octets)
    except BaseException:
        octets.close()
        raise


def _file(name: str) -> FileInput:
    """Open the file, or say in one line why that is not possible."""
    try:
        descriptor = os.open(name, os.O_RDONLY)
        try:
            # It does not close the descriptor: among objects that hold each other the collector may finalize the file
            # first, which then would warn that nobody closed it.
            file = open(descriptor, "rb", buffering=0, closefd=False)  # noqa: SIM115 - it has nothing to close
        except BaseException:
            os.close(descriptor)
            raise
        return FileInput(file, descriptor)
    except FileNotFoundError:
        reason = "no such file; check the name and the folder"
    except IsADirectoryError:
        reason = "a directory; name a capture file in it"
    except PermissionError:
        reason = "no permission to read it; become its owner or use sudo"
    except (OSError, ValueError) as error:
        reason = f"cannot be opened: {getattr(error, 'strerror', None) or error}; check the name"
    raise InputError(f"{name}: {reason}")


def _standard_input() -> FileInput:
    """Return standard input, unbuffered, so that a pipe's octets are taken as they come."""
    buffered = getattr(sys.stdin, "buffer", None)
    if buffered is None or buffered.closed:
        raise InputError("standard input: closed; pipe a capture in, or name a file")
    if buffered.isatty():
        raise InputError("standard input: a terminal; pipe a capture in (tcpdump -w - | ...) or name a file")
    return FileInput(getattr(buffered, "raw", buffered))


def _recognise(name: str, octets: Input, packing: str | None = None) -> Source:
    """Return the source that the first octets ask for; ``packing`` names the format that was unpacked."""
    head = _gather(octets, b"", 4)
    if not head and not octets.problem:
        raise InputError(f"{named(name)}: empty; nothing was captured or written into it")
    if is_pcap(head):
        head = _gather(octets, head, HEADER_OCTETS)
        _check(name, octets, head)
        try:
            return RecordSource(name, octets, head, PcapReader(head))
        except InputError as error:
            raise InputError(f"{named(name)}: {error}") from None
    # From here on each form brings its own modules, which the commonest does not wait for.
    from tcptrace.wire.pcapng import PcapngReader, is_pcapng

    if is_pcapng(head):
        return RecordSource(name, octets, head, PcapngReader())
    if packing is None:
        from tcptrace.source.unpack import UnpackInput, find_packing

        head = _gather_magic(octets, head)
        found = find_packing(head)
        if found is not None:
            try:
                unpacked = UnpackInput(octets, head, found)
            except InputError as error:
                raise InputError(f"{named(name)}: {error}") from None
            return _recognise(name, unpacked, found.name)
    from tcptrace.source.text import TextSource, is_printed

    while True:
        # A listing has no octets of value 0 before its first packet: then there is no need to wait for more.
        text, zero, _ = head.partition(b"\0")
        if is_printed(text):
            return TextSource(name, octets, head)
        longer = head if zero or len(head) >= TEXT_HEAD else _gather(octets, head, len(head) + 1)
        if longer == head:
            break
        head = longer
    head = _gather(octets, head, HEADER_OCTETS)  # as many as `_check` asks for, however they arrive
    _check(name, octets, head)
    raise InputError(f"{named(name)}: not a capture: {_stranger(head, packing)}")


def _check(name: str, octets: Input, head: bytes) -> None:
    """Raise ``InputError`` where a fault of the input left no more than ``head``, too little for a capture."""
    if octets.problem and len(head) < HEADER_OCTETS:
        raise InputError(f"{named(name)}: {octets.problem}; {octets.remedy}")


def _gather(octets: Input, head: bytes, least: int) -> bytes:
    """Return ``head`` and what follows it, at least ``least`` octets altogether where there are as many."""
    room = memoryview(bytearray(TEXT_HEAD))
    while len(head) < least:
        count = octets.read_into(room)
        if not count:
            break
        head += room[:count]
    return head


def _gather_magic(octets: Input, head: bytes) -> bytes:
    """Return ``head`` and enough behind it to know how the input is packed, behind frames that zstd skips."""
    from tcptrace.source.unpack import LONGEST_SKIPPED, skippable

    while len(head) < (least := min(skippable(head), LONGEST_SKIPPED) + SHOWN_OCTETS):
        longer = _gather(octets, head, least)
        if longer == head:
            break
        head = longer
    return head


def _stranger(head: bytes, packing: str | None) -> str:
    """Return what it is instead of a capture, and what to do."""
    for magic, what, remedy in STRANGERS:
        if head.startswith(magic):
            return f"{what}; {remedy}"
    from tcptrace.source.unpack import find_packing

    found = find_packing(head)
    if found is not None:
        return f"{found.name} inside {packing}; unpack it first: {found.tool}"
    shown = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in head[:SHOWN_OCTETS])
    where = "unpacked it begins" if packing else "it begins"
    return f'{where} with {head[:SHOWN_OCTETS].hex(" ")} ("{shown}"); {READABLE}'
