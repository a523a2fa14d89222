"""The pages of ``analyze --long``: each figure of both directions, and both ends' times in their states, as text.

Whoever asks says what stands around the values; here they are written, with their units and in their width.

A hot file: plain Python here, compiled with the C types of ``_compiled/show/columns.pxd``.
"""

from collections.abc import Callable, Sequence

from tcptrace.measure.ways import NULL, REAL
from tcptrace.model import words
from tcptrace.model.states import STATE_COUNT
from tcptrace.model.units import NS

from ..find.sheet import Sheet
from ..measure.figures import Figures

FIELD = 64  # octets of the longest value,
SHORT = 16  # and of most: of a width and what takes no column
BLANKS = b" " * SHORT
LARGE = 1_000_000_000_000_000_000  # from here on Python writes the number
MINUTE_NS = 60 * NS
UNITS = ("count", "bytes", "rate", "bool", "seconds")  # of figures, by the number that ``Columns`` takes
COUNT, BYTES, RATE, BOOL, SECONDS = range(5)


class Columns:
    """Writes onto ``sheet``."""

    __slots__ = (
        "above", "at", "between", "counts", "durations", "field", "lines", "micro", "room", "sheet", "states",
        "states_between", "units", "value", "wide", "width",
    )  # fmt: skip

    def __init__(
        self,
        sheet: Sheet,
        width: int,
        above: "list[bytes]",
        units: "Sequence[int]",
        lines: "list[tuple[bytes, bytes]]",
        states: "list[tuple[bytes, bytes]]",
        counts: "Callable[[float], bytes]",
        durations: "Callable[[int], bytes]",
        is_ascii: bool,
    ) -> None:
        """Take what stands before a line's values, by figure and by state; each line ends with its second value.

        ``above``: what stands around the values of the head. ``width``: columns of a value, less than ``SHORT``;
        ``units``: the figures', by their places in ``UNITS``.
        ``counts`` and ``durations`` (of ns) write what is rare: the largest, those of a minute and more.
        """
        self.sheet = sheet
        self.width = width
        self.above = above
        self.units = bytes(units)
        self.lines = [before for before, _ in lines]
        self.between = [between for _, between in lines]
        self.states = [before for before, _ in states]
        self.states_between = [between for _, between in states]
        self.counts = counts
        self.durations = durations
        self.micro = b" us" if is_ascii else " µs".encode()
        self.room = (
            2 * (len(lines) + len(states)) * (FIELD + max(len(line) for pair in lines for line in pair))
        )
        self.value = bytearray(FIELD + SHORT)  # ends at `FIELD`, written from there, blanks before it
        self.field = words.writable(self.value)
        self.at = FIELD
        self.wide = 0  # octets of it that take no column

    def head(self, stream: int, words: "list[bytes]", elapsed_ns: int, figures: Figures) -> None:
        """Write the head of a page: a number, so many words, and three durations."""
        sheet = self.sheet
        above = self.above
        room = FIELD * 5
        for text in words:
            room += len(text)
        for text in above:
            room += len(text)
        sheet.reserve(room)
        sheet.text(above[0])
        sheet.number(stream)
        at = 1
        for text in words:
            sheet.text(above[at])
            sheet.text(text)
            at += 1
        width = self.width
        self.width = 0
        sheet.text(above[at])
        if elapsed_ns < 0:  # the clock went back
            self.word(self.durations(elapsed_ns))
        else:
            self.time(elapsed_ns)
        sheet.text(above[at + 1])
        self.time(figures.handshake[0])
        sheet.text(above[at + 2])
        self.time(figures.handshake[1])
        sheet.text(above[at + 3])
        self.width = width

    def write(self, figures: Figures) -> None:
        """Write all lines of a connection, and an empty one."""
        sheet = self.sheet
        sheet.reserve(self.room)
        for number in range(figures.count):
            sheet.text(self.lines[number])
            self.figure(figures, number, number)
            sheet.text(self.between[number])
            self.figure(figures, figures.count + number, number)
            sheet.text(b"\n")
        for turn in range(figures.states[0]):
            self.state(figures, figures.order[turn])
        for turn in range(STATE_COUNT, STATE_COUNT + figures.states[1]):
            if self.held(figures, 0, figures.order[turn]) < 0:
                self.state(figures, figures.order[turn])
        sheet.text(b"\n")

    def state(self, figures: Figures, state: int) -> None:
        """Write how long both ends were in a state."""
        self.sheet.text(self.states[state])
        self.time(self.held(figures, 0, state))
        self.sheet.text(self.states_between[state])
        self.time(self.held(figures, 1, state))
        self.sheet.text(b"\n")

    def held(self, figures: Figures, place: int, state: int) -> int:
        """Return how long an end was in a state, -1 where it never was or did not leave it."""
        first = place * STATE_COUNT
        for turn in range(first, first + figures.states[place]):
            if figures.order[turn] == state:
                return figures.spent[turn]
        return -1

    def figure(self, figures: Figures, at: int, number: int) -> None:
        """Write the value of a figure, which is the list's ``number``."""
        kind = figures.kinds[at]
        unit = self.units[number]
        value = figures.whole[at]
        if kind == NULL:
            self.word(b"-")
        elif unit == BOOL:
            self.word(b"Y" if value else b"N")
        elif unit == SECONDS:
            self.time(self.rounded(figures.real[at] * 1e9) if kind == REAL else value)
        else:
            if kind == REAL:
                if figures.real[at] >= LARGE:
                    self.word(self.counts(figures.real[at]) + self.ending(unit))
                    return
                value = self.rounded(figures.real[at])
            self.begin(self.ending(unit))
            self.thousands(value)
            self.put()

    def ending(self, unit: int) -> bytes:
        """Return what stands behind a count."""
        if unit == BYTES:
            return b" B"
        return b" B/s" if unit == RATE else b""

    def rounded(self, value: float) -> int:
        """Return the nearest integer to a number that is not negative, from the middle the even one."""
        whole = int(value)
        left = value - whole
        if left > 0.5 or (left == 0.5 and whole & 1):
            whole += 1
        return whole

    def time(self, ns: int) -> None:
        """Write a duration as ``model.units`` has it; ``-`` where it is negative: not known."""
        if ns < 0:
            self.word(b"-")
        elif ns >= MINUTE_NS:
            self.word(self.durations(ns))
        elif ns >= NS:
            self.parts(ns // 1_000_000, b" s")
        elif ns >= 1_000_000:
            self.parts(ns // 1000, b" ms")
        elif ns < 10_000 and ns % 1000:
            self.begin(b" ns")
            self.digits(ns)
            self.put()
        else:
            self.begin(self.micro)
            self.wide = len(self.micro) - 3
            self.digits(ns // 1000)
            self.put()

    def parts(self, thousandths: int, unit: bytes) -> None:
        """Write a number with three digits behind the point."""
        self.begin(unit)
        self.three(thousandths % 1000)
        self.octet(46)
        self.digits(thousandths // 1000)
        self.put()

    # -- a value, from its end ----------------------------------------------------------------------------------------

    def word(self, text: bytes) -> None:
        """Write a value that is text."""
        self.begin(text[:FIELD])
        self.put()

    def begin(self, ending: bytes) -> None:
        """Begin a value with what stands behind the number."""
        self.at = FIELD
        self.wide = 0
        words.copy(self.field, FIELD - SHORT, BLANKS, SHORT)
        for place in range(len(ending) - 1, -1, -1):
            self.octet(ending[place])

    def octet(self, value: int) -> None:
        """Put an octet before the others."""
        self.at -= 1
        self.field[self.at] = value

    def digits(self, number: int) -> None:
        """Put a number before the others."""
        rest = number
        while rest > 9:
            self.octet(48 + rest % 10)
            rest //= 10
        self.octet(48 + rest)

    def three(self, number: int) -> None:
        """Put three digits before the others, zeros in front."""
        self.octet(48 + number % 10)
        self.octet(48 + number // 10 % 10)
        self.octet(48 + number // 100)

    def thousands(self, number: int) -> None:
        """Put a number before the others, its thousands parted by commas."""
        rest = number
        while rest > 999:
            self.three(rest % 1000)
            self.octet(44)
            rest //= 1000
        self.digits(rest)

    def put(self) -> None:
        """Put the value onto the sheet, in its width."""
        sheet = self.sheet
        into = sheet.into
        field = self.field
        at = sheet.at
        size = self.width + self.wide
        if FIELD - self.at > size:
            size = FIELD - self.at
        left = FIELD - size
        if size <= SHORT:
            for place in range(SHORT):  # one move
                into[at + place] = field[left + place]
        else:
            for place in range(size):
                into[at + place] = field[left + place]
        sheet.at = at + size
