"""Four-tuples to entries: a seeded hash table that grows a few buckets at a time.

Linear hashing (Litwin 1980): where there are more entries than buckets the next few are split, so there is never a pause,
and memory grows with use. The hash is multilinear over the 32-bit halves of the key with secret 64-bit multipliers, which is
strongly universal: whoever does not know the multipliers cannot choose colliding four-tuples (Thorup, "High Speed Hashing
for Integers and Strings", 2.3). Nothing that is shown depends on them.
"""

import os
from array import array

from tcptrace.model import words
from tcptrace.model.columns import BATCH, KEY_WORDS

from .rows import Entry

KEY_HALVES = 10
MASK64 = 0xFFFFFFFFFFFFFFFF
LOW32 = 0xFFFFFFFF
FIRST_BUCKETS = 1024
STEP = 8  # buckets that are split one after the other: their entries come from memory at the same time


class FlowTable:
    """The entries by four-tuple."""

    __slots__ = ("buckets", "count", "hashes", "keys", "level", "split")

    def __init__(self, seed: bytes | None = None) -> None:
        """Make an empty table; ``seed`` (88 octets) is for tests only."""
        self.keys = array("Q", seed if seed is not None else os.urandom(8 * (KEY_HALVES + 1)))
        self.buckets: list[Entry | None] = [None] * FIRST_BUCKETS
        self.level = FIRST_BUCKETS  # buckets at the beginning of this round, a power of two
        self.split = 0  # buckets of this round that are split already
        self.count = 0
        self.hashes = array("I", [0]) * BATCH  # of the segments in hand

    def hash_key(self, k0: int, k1: int, k2: int, k3: int, k4: int) -> int:
        """Return the 32-bit hash of a key."""
        total = self.keys[10]
        total = (
            total + (k1 & LOW32) * self.keys[0] + (k3 & LOW32) * self.keys[1] + (k4 & LOW32) * self.keys[2]
        ) & MASK64
        total = (total + (k4 >> 32) * self.keys[3]) & MASK64
        if k0 | k2 | (k1 >> 32) | (k3 >> 32):
            total = (
                total + (k0 & LOW32) * self.keys[4] + (k0 >> 32) * self.keys[5] + (k1 >> 32) * self.keys[6]
            ) & MASK64
            total = (
                total + (k2 & LOW32) * self.keys[7] + (k2 >> 32) * self.keys[8] + (k3 >> 32) * self.keys[9]
            ) & MASK64
        return total >> 32

    def hash_all(self, key: "array[int]", count: int) -> None:
        """Take the keys of ``count`` segments (``model.columns.Segments``), which ``find_at`` will be asked for."""
        keys = words.words64(key)
        if count > len(self.hashes):
            self.hashes = array("I", [0]) * count
        for i in range(count):
            at = i * KEY_WORDS
            self.hashes[i] = self.hash_key(keys[at], keys[at + 1], keys[at + 2], keys[at + 3], keys[at + 4])

    def look_ahead(self, at: int, count: int, by: int) -> None:
        """Ask for the entries that the ``by`` segments from ``at + by`` on belong to, and for the places of the next ones'.

        In a large table each is a line of memory that no cache has; asked for in time, it comes while others are replayed.
        """
        near = at + by
        far = near + by
        for i in range(far, min(far + by, count)):
            words.prefetch_place(self.buckets, self.bucket_of(self.hashes[i]))
        for i in range(near, min(far, count)):
            words.prefetch_row(self.buckets, self.bucket_of(self.hashes[i]))

    def bucket_of(self, hashed: int) -> int:
        """Return the number of a hash's bucket."""
        bucket = hashed & (self.level - 1)
        return hashed & (2 * self.level - 1) if bucket < self.split else bucket

    def find_at(self, key: "array[int]", at: int) -> Entry | None:
        """Return the entry of segment number ``at``, or None; ``key`` as ``words.words64`` gave it."""
        hashed = self.hashes[at]
        at *= KEY_WORDS
        return self.find(hashed, key[at], key[at + 1], key[at + 2], key[at + 3], key[at + 4])

    def find(self, hashed: int, k0: int, k1: int, k2: int, k3: int, k4: int) -> Entry | None:
        """Return the entry of a key, or None."""
        entry = self.buckets[self.bucket_of(hashed)]
        while entry is not None:
            if (
                entry.hash == hashed
                and entry.k1 == k1
                and entry.k3 == k3
                and entry.k4 == k4
                and entry.k0 == k0
                and entry.k2 == k2
            ):
                return entry
            entry = entry.next
        return None

    def insert(self, entry: Entry) -> None:
        """Add an entry whose key and hash are set and not in the table."""
        bucket = self.bucket_of(entry.hash)
        entry.next = self.buckets[bucket]
        self.buckets[bucket] = entry
        self.count += 1
        if self.count > len(self.buckets):
            self.grow()

    def remove(self, entry: Entry) -> None:
        """Take an entry out."""
        bucket = self.bucket_of(entry.hash)
        here = self.buckets[bucket]
        if here is entry:
            self.buckets[bucket] = entry.next
        else:
            while here is not None and here.next is not entry:
                here = here.next
            if here is None:
                return
            here.next = entry.next
        entry.next = None
        self.count -= 1

    def grow(self) -> None:
        """Split the next buckets of this round."""
        for bucket in range(self.split, self.split + STEP):
            words.prefetch_row(self.buckets, bucket)
        for _ in range(STEP):
            self.split_bucket()

    def split_bucket(self) -> None:
        """Split the next bucket of this round in two."""
        entry = self.buckets[self.split]
        stay: Entry | None = None
        move: Entry | None = None
        while entry is not None:
            following = entry.next
            if entry.hash & self.level:
                entry.next = move
                move = entry
            else:
                entry.next = stay
                stay = entry
            entry = following
        self.buckets[self.split] = stay
        self.buckets.append(move)
        self.split += 1
        if self.split == self.level:
            self.level *= 2
            self.split = 0
