"""Numbers of variable length (LEB128; signed, zigzag), written or read: what the packers of rows are made of.

A packer names each field once: ``move`` writes it where rows are packed and reads it where they are unpacked.

A hot file: plain Python here, compiled with the C types of ``_compiled/flow/varints.pxd``.
"""


class Varints:
    """Octets with a place in them."""

    __slots__ = ("at", "into", "is_reading", "octets", "room")

    def __init__(self, room: int) -> None:
        """Have ``room`` octets for what is written; nobody looks whether that is enough."""
        self.room = bytearray(room)  # what is being written
        self.into = memoryview(self.room)
        self.octets = b""  # what is being read
        self.at = 0
        self.is_reading = 0

    def put(self, value: int) -> None:
        """Write a signed number below 2^62."""
        word = value << 1 ^ value >> 63
        at = self.at
        if word < 128:  # most are
            self.into[at] = word
            self.at = at + 1
            return
        while word > 127:
            self.into[at] = word & 127 | 128
            word >>= 7
            at += 1
        self.into[at] = word
        self.at = at + 1

    def get(self) -> int:
        """Read what ``put`` wrote."""
        word = 0
        shift = 0
        at = self.at
        octet = self.octets[at]
        while octet > 127:
            word |= (octet & 127) << shift
            shift += 7
            at += 1
            octet = self.octets[at]
        word |= octet << shift
        self.at = at + 1
        return word >> 1 ^ -(word & 1)

    def move(self, value: int) -> int:
        """Write a number, or read it and return it."""
        if self.is_reading:
            return self.get()
        self.put(value)
        return value
