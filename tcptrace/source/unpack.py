"""What packed data unpacks to, as it streams: gzip, bzip2, xz, zstd and lz4, of any number of members.

To add a format: a row in ``PACKINGS``. A package is imported when its magic number is met.
"""

import builtins
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from tcptrace.model.errors import InputError
from tcptrace.source.octets import GET_AGAIN, Input

CHUNK = 32768  # packed octets given, and unpacked octets taken, at once: what a call that fails may lose
KEPT = 1 << 20  # packed octets of a member that are kept, so that they can be unpacked once more
MEMORY = 1 << 28  # octets that xz may ask for (its -9 needs 2^26); zstd's own limit is a window of 2^27
SKIPPABLE = b"\x2a\x4d\x18"  # behind 50 to 5f: a frame of zstd or lz4 that holds no data (RFC 8878 3.1.2)
SKIPPING = ("zstd", "lz4")
LONGEST_SKIPPED = 4096  # octets of such frames at the beginning, in which the real magic number is looked for


class Decompressor(Protocol):
    """One member, as ``bz2``, ``lzma`` and the packages of zstd and lz4 agree on it."""

    eof: bool  # the member is whole
    needs_input: bool  # False: there is more to be had without new data
    unused_data: bytes | None  # what followed the member

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to ``max_length`` octets of what ``data`` unpacks to; the rest comes with later calls."""


class Packing(NamedTuple):
    """A format: how it is known, and who unpacks it."""

    name: str
    magic: bytes
    modules: tuple[str, ...]  # the first that can be imported is taken
    package: str  # what to install where none can
    tool: str  # what else unpacks it
    errors: tuple[str, ...]  # that the module raises for corrupt data, of its own or built in
    make: Callable[[Any], Decompressor]


class Gunzip:
    """A member of gzip (RFC 1952) with the interface of the others, which zlib does not have."""

    def __init__(self, zlib: Any) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.eof = False
        self.needs_input = True
        self.unused_data: bytes | None = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to ``max_length`` octets; zlib's error where the data is corrupt."""
        inflate = self._inflate
        unpacked: bytes = inflate.decompress(inflate.unconsumed_tail + data, max_length)
        self.eof = inflate.eof
        # A copied match may be half done where the room ended, with no input left.
        self.needs_input = not self.eof and not inflate.unconsumed_tail and len(unpacked) < max_length
        self.unused_data = inflate.unused_data
        return unpacked


def _xz(lzma: Any) -> Decompressor:
    made: Decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
    return made


PACKINGS = (
    Packing("gzip", b"\x1f\x8b", ("zlib",), "zlib", "gunzip", ("error",), Gunzip),
    Packing(
        "bzip2", b"BZh", ("bz2",), "bz2", "bzip2 -d", ("OSError", "ValueError"),
        lambda bz2: bz2.BZ2Decompressor(),
    ),
    Packing("xz", b"\xfd7zXZ\0", ("lzma",), "lzma", "xz -d", ("LZMAError",), _xz),
    Packing(
        "zstd", b"\x28\xb5\x2f\xfd", ("compression.zstd", "backports.zstd"), "backports.zstd", "zstd -d",
        ("ZstdError",), lambda zstd: zstd.ZstdDecompressor(),
    ),
    Packing(
        "lz4", b"\x04\x22\x4d\x18", ("lz4.frame",), "lz4", "lz4 -d", ("RuntimeError", "ValueError"),
        lambda lz4: lz4.LZ4FrameDecompressor(),
    ),
)  # fmt: skip


def find_packing(head: bytes) -> Packing | None:
    """Return the format of an input that begins with ``head``."""
    at = skippable(head)
    return next((row for row in PACKINGS if head.startswith(row.magic, at)), None)


def skippable(head: bytes) -> int:
    """Return how many octets the skippable frames take with which ``head`` begins; pzstd writes them."""
    at = 0
    while head[at + 1 : at + 4] == SKIPPABLE and head[at] >> 4 == 5 and len(head) >= at + 8:
        at += 8 + int.from_bytes(head[at + 4 : at + 8], "little")
    return at


class _Member:
    """One member being unpacked, with what it was given as long as that is little.

    What comes of it does not depend on the pieces in which it arrives: neither what is found before a fault, nor
    the fault and its place. Up to ``KEPT`` octets it is given what there is, and unpacked once more where it
    fails; behind them it is given pieces of ``CHUNK``, of which the one that fails is lost.
    """

    def __init__(self, make: Callable[[], Decompressor], errors: tuple[type[Exception], ...]) -> None:
        self.inner = make()
        self.is_hungry = True  # there is no more to be had without new data
        self.last = 0  # octets that were given last
        self._make = make
        self._errors = errors
        self._given: bytearray | None = bytearray()  # None: more than is kept
        self._size = 0  # octets that it was given
        self._handed = 0  # octets that were unpacked and handed out

    def wanted(self) -> tuple[int, bool]:
        """Return how many octets to give next, and whether fewer are welcome, too."""
        if self._size < KEPT:
            # One at first: where zstd has all of a frame at once, it finds other faults than piece by piece.
            return (KEPT - self._size, True) if self._size else (1, True)
        return CHUNK - (self._size - KEPT) % CHUNK, False

    def unpack(self, data: bytes) -> bytes:
        """Return some octets; one of ``errors`` where the data is corrupt."""
        if data:
            self.last = len(data)
            self._size += len(data)
            if self._size > KEPT:
                self._given = None
            if self._given is not None:
                self._given += data
        unpacked = self.inner.decompress(data, CHUNK)
        self._handed += len(unpacked)
        self.is_hungry = self.inner.needs_input and len(unpacked) < CHUNK  # bz2 has more where the room ended
        return unpacked

    def salvage(self) -> tuple[bytes, int, Exception | None]:
        """Return what comes before the fault and was not handed out, where the fault is, and what it is.

        The place counts from the beginning of the data that was given last. The output of a call that fails
        is lost, so everything is unpacked once more: what was given last octet by octet, and then what that
        call unpacks octet by octet, too.
        """
        if self._given is None:
            return b"", 0, None
        *_, calls = self._again(None)
        found, index, fault, _ = self._again(calls)
        return found, index, fault

    def _again(self, calls: int | None) -> tuple[bytes, int, Exception | None, int]:
        """Do so, with room for one octet only after so many calls; return how many calls went well, too."""
        assert self._given is not None
        again, found, skip, done = self._make(), bytearray(), self._handed, 0
        known = len(self._given) - self.last
        places = sorted({0, min(1, known), *range(known, len(self._given) + 1)})
        for start, stop in pairwise(places):
            data = bytes(self._given[start:stop])
            is_hungry = False
            while data or not (is_hungry or again.eof):
                room = CHUNK if calls is None or done < calls else 1
                try:
                    unpacked = again.decompress(data, room)
                except self._errors as fault:
                    return bytes(found), max(start - known, 0), fault, done
                done += 1
                data = b""
                is_hungry = again.needs_input and len(unpacked) < room
                passed = min(skip, len(unpacked))
                skip -= passed
                found += unpacked[passed:]
        return bytes(found), self.last, None, done


class UnpackInput:
    """What packed data unpacks to (an ``Input``): member by member, zeros between them passed over.

    ``head`` has been read off the packed input before. ``InputError``, without the input's name, where the
    package is missing that unpacks it.
    """

    memory: memoryview | None = None

    def __init__(self, packed: Input, head: bytes, packing: Packing) -> None:
        self.problem: str | None = None
        self.remedy = GET_AGAIN
        self.name = packing.name
        self._packed = packed
        self._packing = packing
        self._module = _import(packing)
        self._errors = tuple(
            getattr(self._module, name, None) or getattr(builtins, name) for name in packing.errors
        )
        self._data = head  # packed, not yet given to the decompressor
        self._seen = len(head)  # packed octets read, those in _data included
        self._member: _Member | None = None  # None: between two members
        self._unpacked = memoryview(b"")  # not yet handed out
        self._buffer = bytearray(CHUNK)

    def read_into(self, view: memoryview) -> int:
        """Fill the beginning of ``view`` and return how many octets; 0 at the end."""
        while not self._unpacked:
            data = b""
            if self._member is None or self._member.is_hungry:
                if self.problem or not (self._data or self._refill()):
                    self._end()
                    return 0
                if self._member is None and not self._begin_member():
                    continue
                data = self._piece()
            self._unpacked = memoryview(self._unpack(data))
        count = min(len(view), len(self._unpacked))
        view[:count] = self._unpacked[:count]
        self._unpacked = self._unpacked[count:]
        return count

    def close(self) -> None:
        """Let go of the packed input."""
        self._packed.close()

    def _refill(self) -> bool:
        """Read more packed octets; false at the end."""
        count = self._packed.read_into(memoryview(self._buffer))
        self._data += self._buffer[:count]
        self._seen += count
        if self._packed.problem:
            self.problem = self._packed.problem
        return count > 0

    def _end(self) -> None:
        """Say, where nothing else is wrong, that the end came early."""
        if self._member is not None and not self.problem:
            self.problem = f"the {self.name} data is cut short after {self._seen} octets"

    def _piece(self) -> bytes:
        """Take the octets that the member is to be given next."""
        assert self._member is not None
        size, is_most = self._member.wanted()
        while not is_most and len(self._data) < size and self._refill():
            pass
        data, self._data = self._data[:size], self._data[size:]
        return data

    def _begin_member(self) -> bool:
        """Begin a member where one is, passing over the zeros that tapes and blocks leave behind members."""
        self._data = self._data.lstrip(b"\0")
        if not self._data:
            return False
        first = self._data[0]
        if first != self._packing.magic[0] and not (first >> 4 == 5 and self.name in SKIPPING):
            where = self._seen - len(self._data)
            self.problem = f"what follows the {self.name} data at offset {where} is not {self.name}"
            return False
        self._member = _Member(lambda: self._packing.make(self._module), self._errors)
        return True

    def _unpack(self, data: bytes) -> bytes:
        """Return some octets of the member, and let go of it where it is whole or corrupt."""
        member = self._member
        assert member is not None
        try:
            unpacked = member.unpack(data)
        except self._errors as error:
            return self._fail(member, error)
        if member.inner.eof:
            self._data = (member.inner.unused_data or b"") + self._data
            self._member = None
        return unpacked

    def _fail(self, member: _Member, error: Exception) -> bytes:
        """Say what is wrong with the data, and return what could be unpacked before the fault."""
        self._member = None
        unpacked, index, fault = member.salvage()
        reason = str(fault or error) or type(error).__name__
        if "memory" in reason.lower():
            self.problem = f"the {self.name} data asks for too much memory to be unpacked here"
            self.remedy = f"unpack it first: {self._packing.tool}"
            return unpacked
        where = self._seen - len(self._data) - member.last + index
        self.problem = (
            f"the {self.name} data is corrupt at offset {where}: {reason.rsplit(': ', maxsplit=1)[-1]}"
        )
        return unpacked


def _import(packing: Packing) -> Any:
    """Return the first module that there is."""
    for name in packing.modules:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise InputError(
        f"{packing.name} data, and the Python package {packing.package} is missing; "
        f"install that (pip install {packing.package}), or unpack it first: {packing.tool}"
    )
