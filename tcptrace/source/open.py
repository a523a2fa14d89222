"""Open whatever has frames in it. What it is, its first octets say; its name says nothing."""

import os
import sys
from typing import Any

from tcptrace.model.errors import InputError
from tcptrace.source.base import Source
from tcptrace.source.octets import FileInput, GunzipInput, Input, MemoryInput, named
from tcptrace.source.records import RecordSource
from tcptrace.wire.pcap import HEADER_OCTETS, PcapReader, is_pcap
from tcptrace.wire.pcapng import PcapngReader, is_pcapng

GZIP_MAGIC = b"\x1f\x8b"
TEXT_HEAD = 8192  # a listing shows a packet's line within its first octets
SHOWN_OCTETS = 8  # of what is no capture
READABLE = "give a pcap or pcapng file (gzip is fine) or tcpdump's printed text"

# What people name by mistake or have packed: first octets, what that is, what to do.
STRANGERS = (
    (b"\x28\xb5\x2f\xfd", "zstd data", "unpack it first: zstd -d"),
    (b"\x04\x22\x4d\x18", "lz4 data", "unpack it first: lz4 -d"),
    (b"\xfd7zXZ\x00", "xz data", "unpack it first: xz -d"),
    (b"BZh", "bzip2 data", "unpack it first: bzip2 -d"),
    (b"PK\x03\x04", "a zip archive", "unpack it first: unzip"),
    (b"snoop\x00\x00\x00", "a snoop capture", "convert it: editcap -F pcap"),
    (b"RTSS", "a Network Monitor capture", "convert it: editcap -F pcap"),
    (b"GMBU", "a Network Monitor capture", "convert it: editcap -F pcap"),
)


def open_source(target: str | os.PathLike[str] | bytes | bytearray | memoryview | Any) -> Source:
    """Return the frames of ``target``, batch by batch.

    ``target`` is a path, ``"-"`` for standard input, the octets of a capture, or a file object opened in
    binary mode, which is read from where it stands and stays open. Nothing is sought. Waits until the first
    octets are there. ``InputError`` where there is no capture.
    """
    octets: Input
    if isinstance(target, bytes | bytearray | memoryview):
        name, octets = "<bytes>", MemoryInput(target)
    elif isinstance(target, str | os.PathLike):
        name = os.fsdecode(target)
        octets = _standard_input() if name == "-" else _file(name)
    else:
        shown = getattr(target, "name", None)
        name = shown if isinstance(shown, str) else "<file>"
        octets = FileInput(target, ours=False)
    try:
        return _recognise(name, octets, is_packed=False)
    except BaseException:
        octets.close()
        raise


def _file(name: str) -> FileInput:
    """Open the file, or say in one line why that is not possible."""
    try:
        return FileInput(open(name, "rb", buffering=0), ours=True)
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
    return FileInput(getattr(buffered, "raw", buffered), ours=False)


def _recognise(name: str, octets: Input, is_packed: bool) -> Source:
    """Return the source that the first octets ask for."""
    head = _gather(octets, b"", 4)
    if not head:
        if octets.problem:
            raise InputError(f"{named(name)}: {octets.problem}; get the file again")
        raise InputError(f"{named(name)}: empty; nothing was captured or written into it")
    if is_pcap(head):
        head = _gather(octets, head, HEADER_OCTETS)
        try:
            return RecordSource(name, octets, head, PcapReader(head))
        except InputError as error:
            raise InputError(f"{named(name)}: {error}") from None
    if is_pcapng(head):
        return RecordSource(name, octets, head, PcapngReader())
    if head[:2] == GZIP_MAGIC and not is_packed:
        return _recognise(name, GunzipInput(octets, head), is_packed=True)
    # Only now, since the listing's many patterns take a while to import.
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
    head = _gather(octets, head, SHOWN_OCTETS)
    raise InputError(f"{named(name)}: not a capture: {_stranger(head, is_packed)}")


def _gather(octets: Input, head: bytes, least: int) -> bytes:
    """Return ``head`` and what follows it, at least ``least`` octets altogether where there are as many."""
    room = memoryview(bytearray(TEXT_HEAD))
    while len(head) < least:
        count = octets.read_into(room)
        if not count:
            break
        head += room[:count]
    return head


def _stranger(head: bytes, is_packed: bool) -> str:
    """Return what it is instead of a capture, and what to do."""
    for magic, what, remedy in STRANGERS:
        if head.startswith(magic):
            return f"{what}; {remedy}"
    if head[:2] == GZIP_MAGIC:
        return "gzip inside gzip; unpack it first: gunzip"
    shown = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in head[:SHOWN_OCTETS])
    where = "unpacked it begins" if is_packed else "it begins"
    return f'{where} with {head[:SHOWN_OCTETS].hex(" ")} ("{shown}"); {READABLE}'
