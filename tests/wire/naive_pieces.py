"""What the naive decoders pass on: pieces of a frame, and why a frame is no segment."""

from dataclasses import dataclass


class Skip(Exception):
    """The frame is no segment; the argument is the reason."""


@dataclass
class Piece:
    """Octets of which perhaps only the beginning was captured."""

    data: bytes
    size: int  # how many there were on the wire

    def head(self, count: int, short: str = "malformed") -> bytes:
        """Return the first octets; where they are not there because there were none, it is ``short``."""
        if len(self.data) < count:
            raise Skip("truncated" if self.size >= count else short)
        return self.data[:count]

    def behind(self, count: int) -> "Piece":
        return Piece(self.data[count:], self.size - count)

    def cut(self, count: int) -> "Piece":
        return Piece(self.data[:count], count)

    def within(self, count: int) -> "Piece":
        """Return the first ``count`` octets, if there are more."""
        return self.cut(count) if count < self.size else self
