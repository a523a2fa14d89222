"""Four-tuples to entries: a seeded hash table that grows a few buckets at a time.

Linear hashing (Litwin 1980): where there are more entries than buckets the next few are split, so there is never a pause,
and memory grows with use. A bucket is a chain of places, in words of their own: who looks for an entry or splits a bucket
comes by many others, and would wait for each to come from memory. The hash is multilinear over the 32-bit halves of the
key with secret 64-bit multipliers, which is strongly universal: whoever does not know the multipliers cannot choose
colliding four-tuples (Thorup, "High Speed Hashing for Integers and Strings", 2.3). Nothing that is shown depends on them.
"""

import os
from array import array

from tcptrace.model import words
from tcptrace.model.columns import BATCH, KEY_WORDS
from tcptrace.model.rooms import longer

from .rows import Entry

KEY_HALVES = 10
MASK64 = 0xFFFFFFFFFFFFFFFF
LOW32 = 0xFFFFFFFF
HIGH32 = MASK64 ^ LOW32
FIRST_BUCKETS = 1024
STEP = 8  # buckets that are split one after the other: their entries come from memory at the same time


class FlowTable:
    """The entries by four-tuple."""

    __slots__ = (
        "count", "entries", "free", "hashes", "heads", "keys", "level", "likely", "links", "size", "split",
    )  # fmt: skip

    def __init__(self, seed: bytes | None = None) -> None:
        """Make an empty table; ``seed`` (88 octets) is for tests only."""
        self.keys = array("Q", seed if seed is not None else os.urandom(8 * (KEY_HALVES + 1)))
        self.heads = array("I", bytes(4 * FIRST_BUCKETS))  # of each bucket: the chain's first place; 0: none
        self.size = FIRST_BUCKETS  # buckets
        self.level = FIRST_BUCKETS  # buckets at the beginning of this round, a power of two
        self.split = 0  # buckets of this round that are split already
        self.entries: list[Entry | None] = [None]  # by place; the first is nobody's
        self.links = array("Q", bytes(8 * FIRST_BUCKETS))  # of each place: hash (32 bits), next of its chain
        self.free = 0  # the first place that was given back; they are a chain, too
        self.count = 0
        self.hashes = array("I", bytes(4 * BATCH))  # of the segments in hand
        self.likely = array("I", bytes(4 * BATCH))  # where ``look_ahead`` found their hash

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
            self.likely = array("I", [0]) * count
        for i in range(count):
            at = i * KEY_WORDS
            self.hashes[i] = self.hash_key(keys[at], keys[at + 1], keys[at + 2], keys[at + 3], keys[at + 4])
            self.likely[i] = 0

    def look_ahead(self, at: int, count: int, by: int) -> None:
        """Ask for what the segments behind the next ``by`` are found by, and for the entries of the next.

        In a large table each is a line of memory that no cache has; asked for in time, it comes while others are replayed.
        """
        end = min(at + 2 * by, count)
        for i in range(at + by, end):
            place = self.heads[self.bucket_of(self.hashes[i])]
            words.prefetch64(self.links, place)
            words.prefetch_place(self.entries, place)
        end = min(at + by, count)
        for i in range(at, end):
            place = self.heads[self.bucket_of(self.hashes[i])]
            if self.links[place] >> 32 == self.hashes[i]:
                self.likely[i] = place
                words.prefetch_row(self.entries, place)

    def bucket_of(self, hashed: int) -> int:
        """Return the number of a hash's bucket."""
        bucket = hashed & (self.level - 1)
        return hashed & (2 * self.level - 1) if bucket < self.split else bucket

    def find_at(self, key: "array[int]", at: int) -> Entry | None:
        """Return the entry of segment number ``at``, or None; ``key`` as ``words.words64`` gave it."""
        hashed = self.hashes[at]
        entry = self.entries[self.likely[at]]
        at *= KEY_WORDS
        if (
            entry is not None
            and entry.k1 == key[at + 1]
            and entry.k3 == key[at + 3]
            and entry.k4 == key[at + 4]
            and entry.k0 == key[at]
            and entry.k2 == key[at + 2]
        ):
            return entry
        return self.find(hashed, key[at], key[at + 1], key[at + 2], key[at + 3], key[at + 4])

    def find(self, hashed: int, k0: int, k1: int, k2: int, k3: int, k4: int) -> Entry | None:
        """Return the entry of a key, or None."""
        place = self.heads[self.bucket_of(hashed)]
        while place:
            link = self.links[place]
            if link >> 32 == hashed:
                entry = self.entries[place]
                if (
                    entry is not None
                    and entry.k1 == k1
                    and entry.k3 == k3
                    and entry.k4 == k4
                    and entry.k0 == k0
                    and entry.k2 == k2
                ):
                    return entry
            place = link & LOW32
        return None

    def find_key(self, key: Entry) -> Entry | None:
        """Return the entry that has the key of this one."""
        hashed = self.hash_key(key.k0, key.k1, key.k2, key.k3, key.k4)
        return self.find(hashed, key.k0, key.k1, key.k2, key.k3, key.k4)

    def insert(self, entry: Entry, hashed: int) -> None:
        """Add an entry whose key is set and not in the table; ``hashed``: the key's."""
        place = self.free
        if place:
            self.free = self.links[place] & LOW32
            self.entries[place] = entry
        else:
            place = len(self.entries)
            if place == len(self.links):
                self.links = longer(self.links, "Q", 0, place)
            self.entries.append(entry)
        bucket = self.bucket_of(hashed)
        self.links[place] = hashed << 32 | self.heads[bucket]
        self.heads[bucket] = place
        self.count += 1
        if self.count > self.size:
            self.grow()

    def remove(self, entry: Entry) -> None:
        """Take an entry out."""
        bucket = self.bucket_of(self.hash_key(entry.k0, entry.k1, entry.k2, entry.k3, entry.k4))
        before = 0
        place = self.heads[bucket]
        while place and self.entries[place] is not entry:
            before = place
            place = self.links[place] & LOW32
        if not place:
            return
        following = self.links[place] & LOW32
        if before:
            self.links[before] = self.links[before] & HIGH32 | following
        else:
            self.heads[bucket] = following
        self.entries[place] = None
        self.links[place] = self.free
        self.free = place
        self.count -= 1

    def grow(self) -> None:
        """Split the next buckets of this round."""
        if self.size + STEP > len(self.heads):
            self.heads = longer(self.heads, "I", 0, self.size)
        for bucket in range(self.split + STEP, self.split + 2 * STEP):  # those of the next time
            words.prefetch64(self.links, self.heads[bucket])
        for _ in range(STEP):
            self.split_bucket()

    def split_bucket(self) -> None:
        """Split the next bucket of this round in two."""
        place = self.heads[self.split]
        stay = 0
        move = 0
        while place:
            link = self.links[place]
            if link >> 32 & self.level:
                self.links[place] = link & HIGH32 | move
                move = place
            else:
                self.links[place] = link & HIGH32 | stay
                stay = place
            place = link & LOW32
        self.heads[self.split] = stay
        self.heads[self.size] = move
        self.size += 1
        self.split += 1
        if self.split == self.level:
            self.level *= 2
            self.split = 0
