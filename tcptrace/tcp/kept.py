"""Short runs of words that are kept in great numbers: of a few sizes, in pages, given back one by one.

Apart from what 16,384 of them take there is no object of Python's for any, and the pages are of the size that the machine's
memory is mapped by where it can (``model.rooms``).

A hot file: plain Python here, compiled with the C types of ``_compiled/tcp/kept.pxd``.
"""

from array import array

from tcptrace.model import words
from tcptrace.model.rooms import room

PAGE_BITS = 21
PAGE_WORDS = 1 << PAGE_BITS
FIRST_WORDS = 1 << 12  # of the first page: most captures need no more


class Kept:
    """Runs of at most ``most`` words, by place: page and word."""

    __slots__ = ("end", "free", "page", "page_at", "pages", "used")

    def __init__(self, most: int) -> None:
        self.pages = [room("Q", FIRST_WORDS)]
        self.page = self.pages[0]  # the one that was looked at last
        self.page_at = 0
        self.used = 0  # the first place that was never used
        self.end = FIRST_WORDS  # of the last page
        # By size: the first that was given back, plus 1; its first word names the next.
        self.free = array("q", bytes(8 * (most + 1)))

    def turn(self, place: int) -> int:
        """Turn ``page`` to that of a place; return where in it the run's first word is."""
        number = place >> PAGE_BITS
        if number != self.page_at:
            self.page_at = number
            self.page = self.pages[number]
        return place & (PAGE_WORDS - 1)

    def keep(self, cells: "array[int]", start: int, count: int) -> int:
        """Copy ``count`` words and return their place."""
        place = self.free[count] - 1
        if place >= 0:
            base = self.turn(place)
            self.free[count] = self.page[base]
        else:
            place = self.used
            if place + count > self.end:
                place = len(self.pages) << PAGE_BITS
                self.end = place + PAGE_WORDS
                self.pages.append(room("Q", PAGE_WORDS, is_dense=1))
            self.used = place + count
            base = self.turn(place)
        words.copy64(self.page, base, cells, start, count)
        return place

    def give_back(self, place: int, count: int) -> None:
        """Take a run of ``count`` words away."""
        base = self.turn(place)
        self.page[base] = self.free[count]
        self.free[count] = place + 1
