"""A capture file that is written while frames come."""

import os
import stat
from contextlib import suppress
from typing import Protocol

from tcptrace.model.columns import Frames
from tcptrace.model.errors import InputError
from tcptrace.source.base import Buffer
from tcptrace.source.interface import Interface
from tcptrace.wire.writer import PcapngWriter, PcapWriter

FORMATS = ("pcapng", "pcap")


class FrameFile(Protocol):
    """Where a capture writes frames; a fault does not raise but ends it."""

    @property
    def problem(self) -> str | None:
        """Why nothing more can be written, in one line."""

    @property
    def is_unread(self) -> bool:
        """Say whether it is a pipe whose reader has gone."""

    def write(self, interface: int, buffer: Buffer, frames: Frames, count: int) -> bool:
        """Add the frames of a batch, all of one interface (its number); say whether more can be taken."""

    def close(self) -> None:
        """Close what is open."""


class CaptureFile:
    """A pcap or pcapng file to which batches are added; each is with the system when ``write`` returns.

    A full disk does not raise: the file is cut behind its last whole record, and ``problem`` says why.
    """

    def __init__(
        self, name: str, descriptor: int, form: str, interfaces: list[Interface], snap: int, words: str
    ) -> None:
        """Write the header to ``descriptor``, which is closed at the end.

        ``form`` is one of ``FORMATS``; pcap has frames of one link type only (``InputError``).
        """
        self.name = name
        self.problem: str | None = None  # in one line
        self.is_unread = False  # it is a pipe, and its reader has gone
        self._descriptor = descriptor
        self._is_regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self.size = 0  # octets of whole records
        links = {interface.link for interface in interfaces}
        self._writer: PcapWriter | PcapngWriter
        if form == "pcap":
            if len(links) > 1:
                raise InputError(
                    f"{name}: pcap holds one link type, and these interfaces have several; use pcapng"
                )
            self._writer = PcapWriter(interfaces[0].link, snap=snap)
            head = self._writer.header()
        else:
            self._writer = PcapngWriter(snap=snap)
            described = (self._writer.describe(each.link, each.name, words) for each in interfaces)
            head = self._writer.header() + b"".join(described)
        self._put(head)

    def write(self, interface: int, buffer: Buffer, frames: Frames, count: int) -> bool:
        """Add the frames of a batch, all of one interface (its number); say whether the file can take more."""
        return self._put(self._writer.frames(buffer, frames, count, interface))

    def size_of(self, captured: int) -> int:
        """Return how many octets a frame takes of which so many were captured."""
        return self._writer.size_of(captured)

    def close(self) -> None:
        """Close the file."""
        try:
            os.close(self._descriptor)
        except OSError as error:  # what the system had put off (NFS, quota)
            self._fail(error)

    def _put(self, octets: bytes | memoryview) -> bool:
        """Write all octets, which are whole records; say whether that went well."""
        if self.problem is not None:
            return False
        written = 0
        try:
            while written < len(octets):
                written += os.write(self._descriptor, memoryview(octets)[written:])
        except OSError as error:
            self.size += self._writer.whole(octets, written)
            self._fail(error)
            return False
        self.size += len(octets)
        return True

    def _fail(self, error: OSError) -> None:
        """Take note of why nothing more can be written, and take half a record away again."""
        if isinstance(error, BrokenPipeError):
            self.is_unread = True
            self.problem = f"{self.name}: its reader has gone; the capture ends"
            return
        self.problem = f"{self.name}: {error.strerror}; it is whole up to there, make room and capture again"
        if self._is_regular:
            with suppress(OSError):  # else half a record is left; readers say that the file is cut short
                os.ftruncate(self._descriptor, self.size)


def create(path: str) -> int:
    """Return a descriptor of the file, made or made empty; ``InputError`` where it cannot be written."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be written: {reason}; choose another file (-w)") from None
