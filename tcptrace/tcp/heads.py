"""First payloads whose label is known: what most connections of a capture begin with, they begin with again and again."""

from array import array
from collections.abc import Callable

from tcptrace.model import words

from ..flow.rows import Entry

HEAD_OCTETS = 64  # what the application is told by
SLOTS = 512  # for each role; the newest payload of a slot stands
MULTIPLIER = 0x9E3779B97F4A7C15  # of the first word; the others' lie above: sums of products do not wait for each other
MASK64 = 0xFFFFFFFFFFFFFFFF
WORD = 8  # octets


class Heads:
    """Labels by first payload and role (0: the opener's, 1: the other end's)."""

    __slots__ = ("classify", "labels", "octets", "sizes")

    def __init__(self, classify: Callable[[bytes, Entry, int, int], tuple[int, bool]]) -> None:
        """Take what classifies first payloads (see ``Replay``)."""
        self.classify = classify
        self.octets = bytearray(2 * SLOTS * HEAD_OCTETS)
        self.sizes = array("q", bytes(8 * 2 * SLOTS))  # 0: the slot is empty
        self.labels = array("q", bytes(8 * 2 * SLOTS))

    def slot(self, octets: words.Octets, start: int, size: int, role: int) -> int:
        """Return the slot of a payload."""
        value = size * MULTIPLIER & MASK64
        at = 0
        last = size - WORD
        while at < last:
            value = (value + words.le64(octets, start + at) * (MULTIPLIER + 2 * at)) & MASK64
            at += WORD
        if last >= 0:  # it may overlap the word before
            value = (value + words.le64(octets, start + last) * (MULTIPLIER + 2 * at)) & MASK64
        else:
            while at < size:
                value = (value + octets[start + at] * (MULTIPLIER + 2 * at)) & MASK64
                at += 1
        value ^= value >> 32
        return role * SLOTS + ((value * MULTIPLIER & MASK64) >> 32 & (SLOTS - 1))

    def find(self, octets: words.Octets, start: int, size: int, role: int) -> int:
        """Return the label of a payload, -1 where it is not known."""
        slot = self.slot(octets, start, size, role)
        if self.sizes[slot] != size:
            return -1
        kept = words.first(self.octets)
        base = slot * HEAD_OCTETS
        at = 0
        last = size - WORD
        while at < last:
            if words.le64(kept, base + at) != words.le64(octets, start + at):
                return -1
            at += WORD
        if last >= 0:
            is_same = words.le64(kept, base + last) == words.le64(octets, start + last)
            return self.labels[slot] if is_same else -1
        while at < size:
            if kept[base + at] != octets[start + at]:
                return -1
            at += 1
        return self.labels[slot]

    def keep(self, octets: words.Octets, start: int, size: int, role: int, label: int) -> None:
        """Remember the label of a payload of 1 to ``HEAD_OCTETS`` octets."""
        slot = self.slot(octets, start, size, role)
        self.sizes[slot] = size
        self.labels[slot] = label
        for at in range(size):
            self.octets[slot * HEAD_OCTETS + at] = octets[start + at]

    def look_at(
        self,
        octets: words.Octets,
        start: int,
        captured: int,
        application: int,
        key: Entry,
        client: int,
        syn_side: int,
        side: int,
    ) -> int:
        """Show the first payload of a side to the classifier, until it knows the application; return the bits of it.

        ``application`` is as in ``flow.rows.Stream``.
        """
        application |= 1 << side
        if application >> 2:
            return application
        size = captured if captured < HEAD_OCTETS else HEAD_OCTETS
        role = 0 if syn_side == side else 1
        if syn_side >= 0:
            known = self.find(octets, start, size, role)
            if known >= 0:
                return application | known << 2
        label, is_portless = self.classify(bytes(octets[start : start + size]), key, client, side)
        if is_portless and syn_side >= 0:
            self.keep(octets, start, size, role, label)
        return application | label << 2
