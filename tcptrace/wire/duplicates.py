"""Which segments are second copies of the same packet, as on a loopback or a mirror port.

A hot file: plain Python here, compiled with the C types of ``_compiled/wire/duplicates.pxd``.
"""

from array import array

from tcptrace.model.columns import APART_BITS
from tcptrace.model.tcpflags import MARK_NO_IP_ID

RING = 65_536  # segments remembered at the most
FIRST_RING = 1024  # and to begin with: what is remembered stays in the cache
BUCKETS = 4  # for each slot: few chains have two (measured 10 ns a segment, 17 ns with one for each)
WINDOW_NS = 10_000_000  # copies of one packet come within this time
WINDOW_NO_ID_NS = 1_000_000  # and within this where no IP identification tells packets apart


class Duplicates:
    """The last segments by fingerprint and time: all of the window, as far as ``RING`` holds them.

    Slots whose fingerprints have the same low bits are a chain: ``newest`` has its beginning, ``older`` each
    slot's next. A chain is followed while the ages rise: its end is a slot that was written anew since and is
    of another chain or younger. So old entries need no clearing away. Where the oldest slot is to be written
    anew and is still in the window, there are twice as many slots from then on.
    """

    __slots__ = (
        "bucket_mask", "fingerprint", "frame", "newest", "older", "place", "slot_mask", "time_ns", "used",
    )  # fmt: skip

    def __init__(self) -> None:
        self.place = 0  # the slot to be written next, so the oldest one
        self.used = 0  # slots that were written
        self.make(FIRST_RING)

    def make(self, size: int) -> None:
        """Make room for so many segments, a power of two."""
        self.fingerprint = array("Q", bytes(8 * size))
        self.time_ns = array("q", bytes(8 * size))
        self.frame = array("q", bytes(8 * size))
        self.older = array("H", bytes(2 * size))
        self.newest = array("H", bytes(2 * BUCKETS * size))
        self.slot_mask = size - 1
        self.bucket_mask = BUCKETS * size - 1

    def grow(self) -> None:
        """Make twice the room and enter again what is remembered, the oldest first."""
        fingerprint = self.fingerprint
        time_ns = self.time_ns
        frame = self.frame
        size = self.slot_mask + 1
        oldest = self.place
        self.make(2 * size)
        self.place = 0
        for age in range(size):
            slot = (oldest + age) & (size - 1)
            self.enter(fingerprint[slot], time_ns[slot], frame[slot])

    def mark(
        self,
        fingerprint: "array[int]",
        time_ns: "array[int]",
        marks: "array[int]",
        frame: "array[int]",
        count: int,
        out: "array[int]",
        earlier: "array[int]",
    ) -> int:
        """Set ``out[i]`` to 1 where segment i is a copy of an earlier one, else to 0; return how many are.

        A segment is a copy of the newest earlier one with its fingerprint, if no more than the window lies
        between them, whether or not the clock went back. Of a copy ``earlier[i]`` becomes that one's frame, above
        ``APART_BITS`` bits with the time between them in ns; of others it stays as it is.
        """
        found = 0
        for i in range(count):
            value = fingerprint[i]
            now = time_ns[i]
            out[i] = 0
            # Mostly the chain of its low bits is empty: what was its beginning is of another one now.
            if (self.fingerprint[self.newest[value & self.bucket_mask]] ^ value) & self.bucket_mask == 0:
                slot = self.find(value)
                if slot >= 0:
                    then = self.time_ns[slot]
                    apart = now - then if now >= then else then - now
                    if apart <= (WINDOW_NO_ID_NS if marks[i] & MARK_NO_IP_ID else WINDOW_NS):
                        out[i] = 1
                        earlier[i] = self.frame[slot] << APART_BITS | apart
                        found += 1
            if self.used <= self.slot_mask:
                self.used += 1
            elif self.slot_mask < RING - 1:
                then = self.time_ns[self.place]
                apart = now - then if now >= then else then - now
                if apart <= WINDOW_NS:
                    self.grow()
                    self.used += 1
            self.enter(value, now, frame[i])
        return found

    def find(self, value: int) -> int:
        """Return the youngest slot with this fingerprint, -1 if there is none, and take it out of its chain.

        The slot entered next stands for it: a packet that comes thousands of times makes no long
        chain.
        """
        bucket = value & self.bucket_mask
        slot = self.newest[bucket]
        before = -1
        age = 0
        while True:
            older_age = ((self.place - 1 - slot) & self.slot_mask) + 1
            if older_age <= age or older_age > self.used:
                return -1
            if self.fingerprint[slot] & self.bucket_mask != bucket:
                return -1
            if self.fingerprint[slot] == value:
                if before < 0:
                    self.newest[bucket] = self.older[slot]
                else:
                    self.older[before] = self.older[slot]
                return slot
            age = older_age
            before = slot
            slot = self.older[slot]

    def enter(self, value: int, now: int, frame: int) -> None:
        """Write the oldest slot anew and put it at the beginning of its chain."""
        place = self.place
        bucket = value & self.bucket_mask
        self.fingerprint[place] = value
        self.time_ns[place] = now
        self.frame[place] = frame
        self.older[place] = self.newest[bucket]
        self.newest[bucket] = place
        self.place = (place + 1) & self.slot_mask
