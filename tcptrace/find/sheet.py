"""Octets of JSON, one piece behind the other in room that is used again and again.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/sheet.pxd``.
"""

from collections.abc import Callable

from tcptrace.model import words

FIRST_ROOM = 1 << 18
SECOND_NS = 1_000_000_000
SMALL_NS = 10_000  # seconds below 1e-5 are written with an exponent
LARGE_NS = 1_000_000_000_000_000  # up to 15 digits a decimal number is the shortest for its double
PAIRS = b"".join(b"%02d" % number for number in range(100))  # two digits each


class Sheet:
    """Holds ``at`` octets in ``room``. Whoever adds pieces sees to it that there is room for them (``reserve``)."""

    __slots__ = ("at", "into", "room", "second_ns", "second_size", "seconds", "stamp")

    def __init__(self, seconds: "Callable[[int], bytes]") -> None:
        """``seconds`` writes those (of ns) that ``duration`` does not."""
        self.seconds = seconds
        self.room = bytearray(FIRST_ROOM)
        self.into = words.writable(self.room)
        self.at = 0
        self.second_ns = 0  # the second of the time that was written last, which was 1 or more,
        self.second_size = 0  # so many digits of it (none: no such time yet),
        self.stamp = b""  # and these

    def take(self) -> bytes:
        """Return what was written, and begin anew."""
        written = self.piece(0, self.at)
        self.at = 0
        return written

    def piece(self, start: int, stop: int) -> bytes:
        """Return what was written between two places."""
        return bytes(memoryview(self.room)[start:stop])

    def reserve(self, size: int) -> None:
        """Make room for ``size`` more octets."""
        if self.at + size <= len(self.room):
            return
        larger = bytearray(2 * (self.at + size))
        larger[: self.at] = self.room[: self.at]
        self.room = larger
        self.into = words.writable(larger)

    def text(self, piece: bytes) -> None:
        """Add octets."""
        size = len(piece)
        words.copy(self.into, self.at, piece, size)
        self.at += size

    def number(self, value: int) -> None:
        """Add an integer."""
        at = self.at
        word = value
        if value < 0:
            self.into[at] = 45
            at += 1
            word = -value
        size = 1
        limit = 10
        while size < 19 and word >= limit:
            limit *= 10
            size += 1
        place = at + size
        self.at = place
        while word > 99:
            rest = word // 100
            pair = 2 * (word - 100 * rest)
            place -= 2
            self.into[place] = PAIRS[pair]
            self.into[place + 1] = PAIRS[pair + 1]
            word = rest
        if word > 9:
            self.into[place - 2] = PAIRS[2 * word]
            self.into[place - 1] = PAIRS[2 * word + 1]
        else:
            self.into[place - 1] = 48 + word

    def ipv4(self, address: int) -> None:
        """Add an IPv4 address."""
        at = self.at
        for shift in range(24, -1, -8):
            octet = address >> shift & 255
            if octet > 99:
                hundreds = octet // 100
                self.into[at] = 48 + hundreds
                at += 1
                octet -= 100 * hundreds
                self.into[at] = PAIRS[2 * octet]
                at += 1
            elif octet > 9:
                self.into[at] = PAIRS[2 * octet]
                at += 1
            self.into[at] = PAIRS[2 * octet + 1]
            self.into[at + 1] = 46
            at += 2
        self.at = at - 1

    def nine(self, value: int) -> None:
        """Add a number of nine digits, zeros in front."""
        at = self.at
        place = at + 9
        self.at = place
        word = value
        while place > at + 1:
            rest = word // 100
            pair = 2 * (word - 100 * rest)
            place -= 2
            self.into[place] = PAIRS[pair]
            self.into[place + 1] = PAIRS[pair + 1]
            word = rest
        self.into[at] = 48 + word

    def time(self, ns: int) -> None:
        """Add a time in nanoseconds; most are in the second of the one before."""
        rest = ns - self.second_ns
        if 0 <= rest < SECOND_NS and self.second_size:
            words.copy(self.into, self.at, self.stamp, self.second_size)
            self.at += self.second_size
            self.nine(rest)
            return
        if ns < SECOND_NS:
            self.number(ns)
            return
        whole = ns // SECOND_NS
        start = self.at
        self.number(whole)
        self.second_ns = whole * SECOND_NS
        self.second_size = self.at - start
        self.stamp = self.piece(start, self.at)
        self.nine(ns - self.second_ns)

    def duration(self, ns: int) -> None:
        """Add nanoseconds as seconds, with the fewest digits that give the same double."""
        if ns < 0 or ns >= LARGE_NS:
            self.text(self.seconds(ns))
            return
        if 0 < ns < SMALL_NS:
            self.exponent(ns)
            return
        whole = ns // SECOND_NS
        self.number(whole)
        self.into[self.at] = 46
        self.at += 1
        rest = ns - whole * SECOND_NS
        if rest == 0:
            self.into[self.at] = 48
            self.at += 1
            return
        self.nine(rest)
        at = self.at
        while self.into[at - 1] == 48:
            at -= 1
        self.at = at

    def exponent(self, ns: int) -> None:
        """Add some few nanoseconds as seconds: ``1.23e-6``."""
        power = 9
        word = ns
        while word > 9:
            word //= 10
            power -= 1
        start = self.at
        self.number(ns)
        at = self.at
        while self.into[at - 1] == 48:
            at -= 1
        if at > start + 1:
            for place in range(at, start + 1, -1):
                self.into[place] = self.into[place - 1]
            self.into[start + 1] = 46
            at += 1
        self.into[at] = 101
        self.into[at + 1] = 45
        self.into[at + 2] = 48 + power
        self.at = at + 3
