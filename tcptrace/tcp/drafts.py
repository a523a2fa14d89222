"""Connections kept as their first segments, until something asks for their states.

Most connections of many captures are short and plain: SYN, SYN,ACK, ACK, data in order, one end's FIN, its ACK, the other's
FIN, its ACK. As long as each segment is the one that is expected next, nobody needs to know the states: they are what the
replay makes of these segments, now or later. So they are kept as numbers, and for whoever needs the states (a segment that
is not plain, a record to be written) they arrive then, one after the other. Only how such a connection ends is known here:
both FINs acknowledged in turn is ``closed``.

What is plain is narrower than what the replay accepts: nothing that could make a note, be refused, postponed or withdrawn.
"""

from array import array

from tcptrace.flow.bits import HALF, MASK32, NONE
from tcptrace.model.tcpflags import (
    ACK,
    FIN,
    OPT_MSS,
    OPT_SACK_PERMITTED,
    OPT_SCALE,
    OPT_TIMESTAMPS,
    RST,
    SYN,
)
from tcptrace.tcp.draft_codes import (
    COUNT_SHIFT,
    FLAG_BITS,
    KEPT,
    KEPT_WORDS,
    MOST,
    OPENER,
    OVER,
    REFUSED,
    ROW_WORDS,
    TAKEN,
)

from ..flow.rows import Entry
from .kept import Kept

# The words of a slot before its rows: two that are kept with them, and what is expected next.
LABEL = 0  # application (32 bits), options of the SYN,ACK (16), its scale (8)
FIRST = 1  # number of the SYN,ACK
COUNT = 2  # rows
FINS = 3  # bits: 1 the answerer's, 2 the opener's
LAST_NS = 4
NEXT = 5  # next number, of the answerer, then of the opener
ACKED = 7  # last ACK of each
EDGE = 9  # right edge of the window that each offers
TSVAL = 11  # last TSval of each
TSECR = 13  # last TSecr of each
SHIFT = 15  # window scale of each
ROWS = 17
SLOT_WORDS = ROWS + MOST * ROW_WORDS
FIRST_SLOTS = 64
PLAIN_OPTIONS = OPT_MSS | OPT_SCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS  # of a SYN
CONTROL = SYN | FIN | RST | ACK

# A row: time since the SYN (40 bits), frames since (24); TSval, TSecr; octets, window, how far its ACK lags behind what the
# other end had sent, ``OPENER`` and flags.
MOST_NS = 1 << 40
MOST_FRAMES = 1 << 24
MOST_OCTETS = 0x8000
MOST_LAG = 0x10000


class Drafts:
    """Slots for the connections that are still going on; of those that are over the rows alone are kept.

    ``Entry.draft``: the slot; ``NONE`` of a lone SYN; ``KEPT`` less the place where the rows are kept.
    """

    __slots__ = ("cells", "free", "kept", "used")

    def __init__(self) -> None:
        self.cells = array("Q", bytes(8 * SLOT_WORDS * FIRST_SLOTS))
        self.kept = Kept(KEPT_WORDS + MOST * ROW_WORDS)
        self.used = 0  # words that were ever used
        self.free = NONE  # the first slot that was given back; its first word names the next, plus 1

    def keep_syn(
        self,
        entry: Entry,
        frame: int,
        now: int,
        side: int,
        seq: int,
        window: int,
        options: int,
        scale: int,
        tsval: int,
    ) -> None:
        """Keep a lone SYN in its entry: small until more comes, for a flood of them is cheap so."""
        entry.first_frame = frame
        entry.first_ns = now
        entry.side = side
        entry.seq = seq
        entry.window = window
        entry.options = options
        entry.scale = scale
        entry.tsval = tsval

    def take(
        self,
        entry: Entry,
        frame: int,
        now: int,
        side: int,
        flags: int,
        seq: int,
        ack: int,
        window: int,
        length: int,
        options: int,
        scale: int,
        tsval: int,
        tsecr: int,
    ) -> int:
        """Keep a segment if it is the plain next one behind the entry's SYN: REFUSED, TAKEN, or OVER where it is the last.

        The entry is that of a lone SYN or has a slot; a segment that is refused changes nothing.
        """
        since = now - entry.first_ns
        apart = frame - entry.first_frame
        if length >= MOST_OCTETS or since < 0 or since >= MOST_NS or apart >= MOST_FRAMES:
            return REFUSED
        opener = 1 if side == entry.side else 0
        if entry.draft < 0:
            if entry.draft != NONE or opener or not self.answers(entry, flags, ack, length, options):
                return REFUSED
            self.begin(entry, seq, options, scale)
        at = entry.draft
        row = self.cells[at + COUNT]
        lag = (self.cells[at + NEXT + 1 - opener] - ack) & MASK32
        if row and not (
            self.is_plain(at, opener, flags, seq, ack, lag, length, options)
            and self.is_later(at, opener, tsval)
        ):
            return REFUSED
        fin = 1 if flags & FIN else 0
        self.cells[at + LAST_NS] = since
        self.cells[at + NEXT + opener] = (seq + length + fin + (0 if row else 1)) & MASK32
        self.cells[at + ACKED + opener] = ack
        shift = self.cells[at + SHIFT + opener] if row else 0
        self.cells[at + EDGE + opener] = (ack + (window << shift)) & MASK32
        self.cells[at + TSVAL + opener] = tsval
        self.cells[at + TSECR + opener] = tsecr
        place = at + ROWS + row * ROW_WORDS
        self.cells[place] = since << 24 | apart
        self.cells[place + 1] = tsval << 32 | tsecr
        self.cells[place + 2] = (
            length << 48 | window << 32 | lag << 16 | (OPENER if opener else 0) | (flags & FLAG_BITS)
        )
        self.cells[at + COUNT] = row + 1
        if fin:
            self.cells[at + FINS] |= 1 << opener
        elif self.cells[at + FINS] == 3 and lag == 0:
            other = 1 - opener
            if self.cells[at + ACKED + other] == self.cells[at + NEXT + opener]:
                return OVER  # each end has acknowledged the other's FIN
        return TAKEN

    def answers(self, entry: Entry, flags: int, ack: int, length: int, options: int) -> int:
        """Return 1 where this is a plain SYN,ACK to a plain lone SYN."""
        if flags & CONTROL != SYN | ACK or length or ack != (entry.seq + 1) & MASK32:
            return 0
        if (options | entry.options) & ~PLAIN_OPTIONS:
            return 0
        return 1 if (options ^ entry.options) & OPT_TIMESTAMPS == 0 else 0

    def begin(self, entry: Entry, seq: int, options: int, scale: int) -> None:
        """Give the entry a slot, as it is before its SYN,ACK."""
        at = self.free
        if at >= 0:
            self.free = self.cells[at] - 1
        else:
            at = self.used
            if at + SLOT_WORDS > len(self.cells):
                self.grow()
            self.used = at + SLOT_WORDS
        entry.draft = at
        self.cells[at + LABEL] = options << 32 | scale << 48
        self.cells[at + FIRST] = seq
        self.cells[at + COUNT] = 0
        self.cells[at + FINS] = 0
        self.cells[at + NEXT + 1] = (entry.seq + 1) & MASK32
        self.cells[at + ACKED + 1] = (seq + 1) & MASK32
        self.cells[at + EDGE + 1] = (seq + 1 + entry.window) & MASK32
        self.cells[at + TSVAL + 1] = entry.tsval
        self.cells[at + TSECR + 1] = 0
        has_scale = options & entry.options & OPT_SCALE  # RFC 7323 2.2: it counts only where both offer it
        self.cells[at + SHIFT] = min(scale, 14) if has_scale else 0
        self.cells[at + SHIFT + 1] = min(entry.scale, 14) if has_scale else 0

    def is_plain(
        self,
        at: int,
        opener: int,
        flags: int,
        seq: int,
        ack: int,
        lag: int,
        length: int,
        options: int,
    ) -> int:
        """Return 1 where a segment behind the SYN,ACK is the one that is expected next."""
        row = self.cells[at + COUNT]
        if row == MOST or flags & (SYN | RST) or not flags & ACK or seq != self.cells[at + NEXT + opener]:
            return 0
        fin = 1 if flags & FIN else 0
        if row == 1 and (fin or not opener):
            return 0  # the handshake's ACK comes first
        if lag >= MOST_LAG or (ack - self.cells[at + ACKED + opener]) & MASK32 >= HALF:
            return 0  # it acknowledges what was not sent, or less than before
        if options != (self.cells[at + LABEL] >> 32 & OPT_TIMESTAMPS):
            return 0
        if (self.cells[at + EDGE + 1 - opener] - (seq + length + fin + 1)) & MASK32 >= HALF:
            return 0  # at the right edge of the window, or beyond
        fins = self.cells[at + FINS]
        if fins >> opener & 1 and (length or fin):
            return 0
        return 0 if fin and fins and lag else 1  # the FINs crossed

    def is_later(self, at: int, opener: int, tsval: int) -> int:
        """Return 1 where a TSval is not below the sender's last, nor below what the other end echoed (RFC 7323 5)."""
        if (tsval - self.cells[at + TSVAL + opener]) & MASK32 >= HALF:
            return 0
        return 1 if (tsval - self.cells[at + TSECR + 1 - opener]) & MASK32 < HALF else 0

    def grow(self) -> None:
        """Make twice the room."""
        size = len(self.cells)
        larger = array("Q", bytes(16 * size))
        larger[:size] = self.cells
        self.cells = larger

    def close(self, entry: Entry) -> None:
        """Keep the rows of an entry that has a slot, and give the slot back."""
        at = entry.draft
        rows = self.cells[at + COUNT]
        self.cells[at + ROWS - 2] = self.cells[at + LABEL] | rows << COUNT_SHIFT
        self.cells[at + ROWS - 1] = self.cells[at + FIRST]
        place = self.kept.keep(self.cells, at + ROWS - KEPT_WORDS, KEPT_WORDS + rows * ROW_WORDS)
        self.give_back(entry)
        entry.draft = KEPT - place

    def drop(self, entry: Entry) -> None:
        """Let go of the rows that are kept of an entry."""
        if entry.draft < NONE:
            place = KEPT - entry.draft
            base = self.kept.turn(place)  # before `page` is looked at
            rows = self.kept.page[base] >> COUNT_SHIFT
            self.kept.give_back(place, KEPT_WORDS + rows * ROW_WORDS)
            entry.draft = NONE

    def give_back(self, entry: Entry) -> None:
        """Take an entry's slot away."""
        at = entry.draft
        self.cells[at] = self.free + 1
        self.free = at
        entry.draft = NONE

    def label(self, entry: Entry) -> int:
        """Return the application bits of an entry with a slot (``flow.rows.Stream.application``)."""
        return self.cells[entry.draft] & MASK32

    def set_label(self, entry: Entry, application: int) -> None:
        """Set them."""
        self.cells[entry.draft] = (self.cells[entry.draft] & ~MASK32) | application

    def last_ns(self, entry: Entry) -> int:
        """Return the time of the last segment of an entry, which may be its SYN."""
        if entry.draft >= 0:
            return entry.first_ns + self.cells[entry.draft + LAST_NS]
        if entry.draft == NONE:
            return entry.first_ns
        base = self.kept.turn(KEPT - entry.draft)
        rows = self.kept.page[base] >> COUNT_SHIFT
        return entry.first_ns + (self.kept.page[base + KEPT_WORDS + (rows - 1) * ROW_WORDS] >> 24)
