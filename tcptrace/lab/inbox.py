"""What has come on a connection and has not been read yet; the same reader serves servers and clients.

TCP keeps no message boundaries: one ``recv`` may give half a message, or three. So a reader asks for what it needs, and
waits until that is there. The waiting is a bare ``yield``: whoever runs the generator fetches octets and resumes it.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Reading = Generator[None, None, T]  # yields where it needs more octets, returns what it read


class EarlyEnd(Exception):
    """The other end finished in the middle of a message; ``octets`` is the part that came."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(f"the stream ended after {len(octets)} octets of a message")
        self.octets = octets


class TooLong(Exception):
    """A line is longer than its reader allows."""


class Inbox:
    """Octets received, in order, and whether the other end has finished."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._ended = False

    def feed(self, octets: bytes) -> None:
        """Add what ``recv`` gave; ``b""`` is the end of the stream."""
        self._octets += octets
        self._ended = self._ended or not octets

    def some(self) -> Reading[bytes]:
        """Read whatever there is, at least one octet; ``b""`` at the end of the stream."""
        while not self._octets and not self._ended:
            yield
        return self._take(len(self._octets))

    def peek(self) -> Reading[bytes]:
        """Return the next octet and leave it there; ``b""`` at the end of the stream."""
        while not self._octets and not self._ended:
            yield
        return bytes(self._octets[:1])

    def exactly(self, count: int) -> Reading[bytes]:
        """Read ``count`` octets; raises ``EarlyEnd``."""
        while len(self._octets) < count:
            yield from self._more()
        return self._take(count)

    def line(self, limit: int) -> Reading[bytes]:
        """Read a line of at most ``limit`` octets, without its LF or CR LF; raises ``EarlyEnd``, ``TooLong``."""
        searched = 0
        while (end := self._octets.find(b"\n", searched)) < 0:
            searched = len(self._octets)
            if searched > limit:
                raise TooLong
            yield from self._more()
        if end > limit:
            raise TooLong
        return self._take(end + 1)[:-1].removesuffix(b"\r")

    def _more(self) -> Reading[None]:
        """Wait for octets that a message still lacks."""
        if self._ended:
            raise EarlyEnd(self._take(len(self._octets)))
        yield

    def _take(self, count: int) -> bytes:
        octets = bytes(self._octets[:count])
        del self._octets[:count]
        return octets
