"""What the analysis keeps of a connection: a row for each direction, and what few directions need beside it.

Numbers are raw, compared modulo 2^32, for that is how Wireshark sees them: ``nxt``, ``cont`` and ``last_ack`` are unset
while they are 0. Names are those of the rules (``analysis``).
"""

from array import array

from tcptrace.flow.bits import HALF, MASK32, NO_TIME, NONE

NO_WINDOW = 0xFFFFFFFF  # no segment yet; no window field can be that
UNKNOWN_SCALE = -1
NO_SCALE = -2  # window scaling is not in use
FIRST_ROOM = 16
MAX_UNACKED = 8192  # outstanding segments of a direction that are remembered
MAX_UNANSWERED = 256  # and of one whose peer does not show in the capture
UNACKED_WORDS = 4  # begin, end, frame, time
BLOCK_WORDS = 8


class Rest:
    """What few directions need at a time: outstanding segments beyond the first, a ring, and the blocks of its last SACK."""

    __slots__ = ("block_count", "block_frame", "blocks", "count", "first", "ring")

    def __init__(self) -> None:
        self.ring = array("q", bytes(8 * UNACKED_WORDS * FIRST_ROOM))
        self.first = 0
        self.count = 0
        self.blocks = array("I", bytes(4 * BLOCK_WORDS))
        self.block_count = 0  # 0: its last segment had no SACK
        self.block_frame = 0


class Direction:
    """The segments of one sender."""

    __slots__ = (
        "ack_frame", "cont", "dup", "first", "fresh", "has_first", "has_sent", "is_fin_last", "last_ack", "last_flags",
        "last_frame", "last_ns", "nxt", "nxt_frame", "nxt_ns", "old_begin", "old_end", "old_frame", "old_ns", "rest",
        "scale", "win",
    )  # fmt: skip

    def __init__(self) -> None:
        self.nxt = 0  # highest end seen
        self.nxt_frame = 0
        self.nxt_ns = 0
        self.cont = 0  # end of the range without holes
        self.last_ack = 0  # the field of its last segment, even without the ACK bit
        self.last_ns = NO_TIME
        self.last_frame = 0
        self.last_flags = 0  # what its last segment was: WAS_...
        self.ack_frame = 0  # since when `last_ack` stands
        self.dup = 0
        self.win = NO_WINDOW  # raw
        self.scale = UNKNOWN_SCALE
        self.first = 0  # its initial number
        self.has_first = 0
        self.has_sent = 0
        self.fresh = 0  # it sent a SYN and no ACK without SYN yet
        self.is_fin_last = 0  # `nxt` is the end of its FIN
        # Its oldest segment that is not acknowledged; a frame of 0: none. More are in `rest`.
        self.old_begin = 0
        self.old_end = 0
        self.old_frame = 0
        self.old_ns = 0
        self.rest = NONE  # its place in ``Unacked.rests``


class Track:
    """One connection."""

    __slots__ = ("high", "low", "notes", "rtt_ns", "syn_ns")

    def __init__(self) -> None:
        self.low = Direction()
        self.high = Direction()
        self.syn_ns = NO_TIME  # of the newest SYN
        self.rtt_ns = 0  # the initial round trip; 0: none
        self.notes = NONE  # its first tally in the ledger


class Lone:
    """A SYN that is all there is of a connection: most of a flood's connections stay so."""

    __slots__ = ("ack", "frame", "options", "scale", "seq", "side", "time_ns", "window")

    def __init__(self) -> None:
        self.frame = 0
        self.time_ns = 0
        self.seq = 0
        self.ack = 0
        self.window = 0
        self.options = 0
        self.scale = 0
        self.side = 0


class Unacked:
    """Keeps each direction's outstanding segments, oldest first: those that moved ``nxt``, so their ends ascend."""

    __slots__ = ("found_frame", "found_ns", "free", "rests")

    def __init__(self) -> None:
        self.found_frame = 0
        self.found_ns = 0
        self.rests: list[Rest] = []
        self.free: list[int] = []  # places in ``rests`` that nobody has

    def take(self, way: Direction) -> Rest:
        """Return the rest of a direction, given to it where it has none."""
        rest: Rest
        if way.rest == NONE:
            if self.free:
                way.rest = self.free.pop()
            else:
                way.rest = len(self.rests)
                self.rests.append(Rest())
        rest = self.rests[way.rest]
        return rest

    def give_back(self, way: Direction) -> None:
        """Take the rest of a direction away, empty or not."""
        if way.rest == NONE:
            return
        rest = self.rests[way.rest]
        if len(rest.ring) > UNACKED_WORDS * FIRST_ROOM:
            rest = Rest()
            self.rests[way.rest] = rest
        rest.count = 0
        rest.block_count = 0
        self.free.append(way.rest)
        way.rest = NONE

    def add(self, way: Direction, begin: int, end: int, frame: int, now: int, limit: int) -> None:
        """Remember a segment, if there are not ``limit`` already."""
        if not way.old_frame:
            way.old_begin = begin
            way.old_end = end
            way.old_frame = frame
            way.old_ns = now
            return
        rest = self.take(way)
        if rest.count >= limit:
            return
        size = len(rest.ring) // UNACKED_WORDS
        if rest.count == size:
            self.grow(rest, size)
            size *= 2
        at = ((rest.first + rest.count) & (size - 1)) * UNACKED_WORDS
        rest.ring[at] = begin
        rest.ring[at + 1] = end
        rest.ring[at + 2] = frame
        rest.ring[at + 3] = now
        rest.count += 1

    def grow(self, rest: Rest, size: int) -> None:
        """Give a ring of ``size`` segments twice the room."""
        larger = array("q", bytes(16 * UNACKED_WORDS * size))
        for number in range(rest.count):
            at = ((rest.first + number) & (size - 1)) * UNACKED_WORDS
            for word in range(UNACKED_WORDS):
                larger[number * UNACKED_WORDS + word] = rest.ring[at + word]
        rest.ring = larger
        rest.first = 0

    def acknowledged(self, way: Direction, ack: int) -> None:
        """Forget what ``ack`` covers."""
        while way.old_frame and (ack - way.old_end) & MASK32 < HALF:
            if way.rest == NONE:
                way.old_frame = 0
                return
            rest = self.rests[way.rest]
            if rest.count == 0:
                way.old_frame = 0
                if rest.block_count == 0:
                    self.give_back(way)
                return
            at = rest.first * UNACKED_WORDS
            way.old_begin = rest.ring[at]
            way.old_end = rest.ring[at + 1]
            way.old_frame = rest.ring[at + 2]
            way.old_ns = rest.ring[at + 3]
            rest.first = (rest.first + 1) & (len(rest.ring) // UNACKED_WORDS - 1)
            rest.count -= 1

    def find(self, way: Direction, seq: int) -> int:
        """Return 1 with ``found_frame`` and ``found_ns`` set where a segment with number ``seq`` is outstanding."""
        self.found_frame = 0
        if not way.old_frame:
            return 0
        if (seq - way.old_end) & MASK32 >= HALF:
            if (seq - way.old_begin) & MASK32 < HALF:
                self.found_frame = way.old_frame
                self.found_ns = way.old_ns
                return 1
            return 0
        if way.rest == NONE:
            return 0
        rest = self.rests[way.rest]
        mask = len(rest.ring) // UNACKED_WORDS - 1
        low = 0
        high = rest.count
        while low < high:  # the first whose end lies beyond
            middle = (low + high) >> 1
            at = ((rest.first + middle) & mask) * UNACKED_WORDS
            if (seq - rest.ring[at + 1]) & MASK32 < HALF:
                low = middle + 1
            else:
                high = middle
        if low == rest.count:
            return 0
        at = ((rest.first + low) & mask) * UNACKED_WORDS
        if (seq - rest.ring[at]) & MASK32 >= HALF:
            return 0  # it lies in a hole before
        self.found_frame = rest.ring[at + 2]
        self.found_ns = rest.ring[at + 3]
        return 1

    def keep_blocks(self, way: Direction, frame: int, count: int, sack: "array[int]", at: int) -> None:
        """Remember the SACK blocks of a direction's last segment; it may have none."""
        if count == 0 and way.rest == NONE:
            return
        rest = self.take(way)
        rest.block_frame = frame
        rest.block_count = count
        for word in range(2 * count):
            rest.blocks[word] = sack[at + word]
        if count == 0 and rest.count == 0:
            self.give_back(way)

    def find_block(self, way: Direction, begin: int, end: int) -> int:
        """Return the frame of the last SACK of ``way`` where it covers the peer's numbers [begin, end), else 0."""
        if way.rest == NONE:
            return 0
        rest = self.rests[way.rest]
        for block in range(rest.block_count):
            left = rest.blocks[2 * block]
            right = rest.blocks[2 * block + 1]
            if (begin - left) & MASK32 < HALF and (right - end) & MASK32 < HALF:
                return rest.block_frame
        return 0
