"""What the replay notices on its way: raw notes that ``tcptrace.find`` turns into findings.

A note is (code, frame, side, a, b, c, d), its numbers those that its sentence (``find.noticed``) is made of; side is 0 or 1
as in the key column, or -1 for the whole connection. A connection keeps at most ``limit`` notes of a code and side; beyond
that they are counted only.
"""

from array import array

from tcptrace.tcp.codes import CODE_COUNT

from ..flow.rows import Stream


class Notebook:
    """Writes notes, bounded."""

    __slots__ = ("limit", "overflow", "totals")

    def __init__(self, limit: int) -> None:
        """Keep ``limit`` notes a code and side (0: all)."""
        self.limit = limit
        self.totals = array("q", bytes(8 * CODE_COUNT))  # notes of the whole capture, by code
        self.overflow: dict[int, dict[tuple[int, int], int]] = {}  # stream -> (code, side) -> how many more

    def note(
        self, stream: Stream, code: int, frame: int, side: int, a: int, b: int, c: int = 0, d: int = 0
    ) -> None:
        """Add a note to a connection."""
        self.totals[code] += 1
        notes = stream.notes
        if notes is None:
            notes = []
            stream.notes = notes
        if self.limit and len(notes) >= self.limit and self.is_full(stream, code, side):
            return
        notes.append((code, frame, side, a, b, c, d))

    def is_full(self, stream: Stream, code: int, side: int) -> int:
        """Count a note beyond the limit of its code and side; return 0 where the limit is not reached."""
        more = self.overflow.get(stream.number)
        key = (code, side)
        if more is None or key not in more:
            have = 0
            for entry in stream.notes or ():
                if entry[0] == code and entry[2] == side:
                    have += 1
            if have < self.limit:
                return 0
            if more is None:
                more = {}
                self.overflow[stream.number] = more
            more[key] = 0
        more[key] += 1
        return 1

    def beyond(self, stream: Stream, code: int, side: int) -> int:
        """Return how many notes of a code and side were counted only."""
        more = self.overflow.get(stream.number)
        return 0 if more is None else more.get((code, side), 0)

    def forget(self, stream: Stream) -> None:
        """Let go of a written connection's notes."""
        stream.notes = None
        self.overflow.pop(stream.number, None)

    def drop(self, stream: Stream, code: int, side: int, frame: int = 0) -> None:
        """Take back the last note of a code and side, or that of ``frame``: what it rested on was withdrawn."""
        notes = stream.notes
        if notes is None:
            return
        more = self.overflow.get(stream.number)
        beyond = 0 if more is None else more.get((code, side), 0)
        if not beyond or frame:
            for at in range(len(notes) - 1, -1, -1):
                if notes[at][0] == code and notes[at][2] == side and (not frame or notes[at][1] == frame):
                    self.totals[code] -= 1
                    del notes[at]
                    return
        if more is not None and beyond:  # it was counted only
            self.totals[code] -= 1
            more[(code, side)] = beyond - 1
