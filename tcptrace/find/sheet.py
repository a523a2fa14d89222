"""Octets of JSON, one piece behind the other in room that is used again and again.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/sheet.pxd``.
"""

from collections.abc import Callable

from tcptrace.model import words
from tcptrace.model.units import NS

FIRST_ROOM = 1 << 18
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
        word = value
        if value < 0:
            self.into[self.at] = 45
            self.at += 1
            word = -value
        if word >= 100_000_000:
            high = word // 100_000_000
            self.number(high)
            self.eight(word - high * 100_000_000)
        elif word >= 10_000:
            high = word // 10_000
            self.few(high)
            self.four(word - high * 10_000)
        else:
            self.few(word)

    def few(self, word: int) -> None:
        """Add a number of at most four digits."""
        at = self.at
        if word > 99:
            high = word // 100
            word -= 100 * high
            if high > 9:
                self.into[at] = PAIRS[2 * high]
                at += 1
            self.into[at] = PAIRS[2 * high + 1]
            self.into[at + 1] = PAIRS[2 * word]
            at += 2
        elif word > 9:
            self.into[at] = PAIRS[2 * word]
            at += 1
        self.into[at] = PAIRS[2 * word + 1]
        self.at = at + 1

    def four(self, word: int) -> None:
        """Add a number of four digits, zeros in front."""
        at = self.at
        high = word // 100
        low = word - 100 * high
        self.into[at] = PAIRS[2 * high]
        self.into[at + 1] = PAIRS[2 * high + 1]
        self.into[at + 2] = PAIRS[2 * low]
        self.into[at + 3] = PAIRS[2 * low + 1]
        self.at = at + 4

    def eight(self, word: int) -> None:
        """Add a number of eight digits, zeros in front."""
        high = word // 10_000
        self.four(high)
        self.four(word - high * 10_000)

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
        high = value // 100_000_000
        self.into[self.at] = 48 + high
        self.at += 1
        self.eight(value - high * 100_000_000)

    def time(self, ns: int) -> None:
        """Add a time in nanoseconds; most are in the second of the one before."""
        rest = ns - self.second_ns
        if 0 <= rest < NS and self.second_size:
            words.copy(self.into, self.at, self.stamp, self.second_size)
            self.at += self.second_size
            self.nine(rest)
            return
        if ns < NS:
            self.number(ns)
            return
        whole = ns // NS
        start = self.at
        self.number(whole)
        self.second_ns = whole * NS
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
        whole = ns // NS
        self.number(whole)
        self.into[self.at] = 46
        self.at += 1
        rest = ns - whole * NS
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
