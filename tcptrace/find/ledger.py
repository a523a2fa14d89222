"""Notes by the thousand: numbers in flat arrays, chained by connection, and by code and side within it.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/ledger.pxd``. A connection holds only the place
of its first tally; a tally counts one code and side exactly and has the chain of its notes, of which at most ``limit`` are
kept. What is given back is used again.
"""

from array import array

from tcptrace.flow.bits import NONE

TALLY_WORDS = 4  # the connection's next tally, code and side, count, newest note
NOTE_WORDS = 8  # the older note, frame, six numbers
FIRST_ROOM = 256

# code, side, count, [(frame, six numbers)...] in the order in which they were written
Tally = tuple[int, int, int, list[tuple[int, ...]]]


class Ledger:
    """Writes notes, bounded for each connection, code and side."""

    __slots__ = ("free_note", "free_tally", "limit", "notes", "tallies", "used_notes", "used_tallies")

    def __init__(self, limit: int) -> None:
        """Keep ``limit`` notes a connection, code and side (0: all)."""
        self.limit = limit
        self.tallies = array("q", bytes(8 * TALLY_WORDS * FIRST_ROOM))
        self.notes = array("q", bytes(8 * NOTE_WORDS * FIRST_ROOM))
        self.used_tallies = 0
        self.used_notes = 0
        self.free_tally = NONE  # the first word of a free one names the next
        self.free_note = NONE

    def note(
        self, first: int, code: int, side: int, frame: int, a: int, b: int, c: int, d: int, e: int, f: int
    ) -> int:
        """Add a note to the connection whose first tally is at ``first`` (NONE: it has none); return its first tally."""
        key = code << 1 | side
        tally = first
        while tally != NONE and self.tallies[tally + 1] != key:
            tally = self.tallies[tally]
        if tally == NONE:
            tally = self.take_tally()
            self.tallies[tally] = first
            self.tallies[tally + 1] = key
            self.tallies[tally + 2] = 0
            self.tallies[tally + 3] = NONE
            first = tally
        self.tallies[tally + 2] += 1
        if self.limit and self.tallies[tally + 2] > self.limit:
            return first
        at = self.take_note()
        self.notes[at] = self.tallies[tally + 3]
        self.notes[at + 1] = frame
        self.notes[at + 2] = a
        self.notes[at + 3] = b
        self.notes[at + 4] = c
        self.notes[at + 5] = d
        self.notes[at + 6] = e
        self.notes[at + 7] = f
        self.tallies[tally + 3] = at
        return first

    def take_tally(self) -> int:
        """Return the place of a free tally."""
        if self.free_tally != NONE:
            at = self.free_tally
            self.free_tally = self.tallies[at]
            return at
        at = self.used_tallies
        self.used_tallies += TALLY_WORDS
        if self.used_tallies > len(self.tallies):
            self.tallies = self.grown(self.tallies)
        return at

    def take_note(self) -> int:
        """Return the place of a free note."""
        if self.free_note != NONE:
            at = self.free_note
            self.free_note = self.notes[at]
            return at
        at = self.used_notes
        self.used_notes += NOTE_WORDS
        if self.used_notes > len(self.notes):
            self.notes = self.grown(self.notes)
        return at

    def grown(self, words: "array[int]") -> "array[int]":
        """Return an array of twice the size that begins with the same words."""
        size = len(words)
        larger = array("q", bytes(16 * size))
        larger[:size] = words
        return larger

    def read(self, first: int) -> list[Tally]:
        """Return all of a connection's tallies with their notes."""
        found: list[Tally] = []
        tally = first
        while tally != NONE:
            key = self.tallies[tally + 1]
            kept: list[tuple[int, ...]] = []
            at = self.tallies[tally + 3]
            while at != NONE:
                kept.append(tuple([self.notes[at + word] for word in range(1, NOTE_WORDS)]))
                at = self.notes[at]
            kept.reverse()
            found.append((key >> 1, key & 1, self.tallies[tally + 2], kept))
            tally = self.tallies[tally]
        return found

    def total(self, first: int, code: int, side: int) -> int:
        """Return how many notes of a code and side a connection has, those that were not kept included."""
        tally = first
        while tally != NONE:
            if self.tallies[tally + 1] == code << 1 | side:
                return self.tallies[tally + 2]
            tally = self.tallies[tally]
        return 0

    def forget(self, first: int) -> None:
        """Take back a connection's tallies and notes."""
        tally = first
        while tally != NONE:
            at = self.tallies[tally + 3]
            while at != NONE:
                older = self.notes[at]
                self.notes[at] = self.free_note
                self.free_note = at
                at = older
            following = self.tallies[tally]
            self.tallies[tally] = self.free_tally
            self.free_tally = tally
            tally = following
