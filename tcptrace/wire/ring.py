"""Walk through the blocks of a TPACKET_V3 ring (packet(7)) and fill the columns of ``Frames``.

Hot file: see ``tcptrace/_compiled/wire/ring.pxd`` for the C types. No I/O here: the walker is given a copy of a
block, and works in it. What the kernel put beside the frame is put back in front of it, into the room that the
ring leaves there: the VLAN tag that was stripped, and the link header of a cooked frame (LINKTYPE_LINUX_SLL2).

A block begins with version, offset to private data, status, packets, offset of the first packet, length
(``struct tpacket_block_desc``); each packet with ``struct tpacket3_hdr``, 48 octets, and ``struct sockaddr_ll``.
"""

from array import array

PACKETS_AT = 12  # struct tpacket_block_desc: how many packets, and where the first one lies
FIRST_AT = 16
HEADER = 68  # struct tpacket3_hdr and struct sockaddr_ll; what lies behind it is the frame's
VLAN_VALID = 0x10  # TP_STATUS_VLAN_VALID: there was a tag
TPID_VALID = 0x40  # TP_STATUS_VLAN_TPID_VALID: and this is its protocol identifier
VLAN_TPID = 0x8100  # IEEE 802.1Q, where the kernel does not say
TAG = 4  # octets of a VLAN tag
ADDRESSES = 12  # octets of Ethernet's two addresses, behind which the tag lies
COOKED = 20  # octets of the header of LINKTYPE_LINUX_SLL2


def native(buf: bytearray, at: int, size: int, big: int) -> int:
    """Return the number of ``size`` octets at ``at``, in the machine's order: ``big``, or least octet first."""
    value = 0
    for i in range(size):
        octet = buf[at + i] if big else buf[at + size - 1 - i]
        value = value << 8 | octet
    return value


class RingWalker:
    """The walk through the blocks of one ring."""

    __slots__ = (
        "big",  # 1: this machine has the most significant octet first
        "cooked",  # 1: frames come without link header, and get one
        "left",  # packets of the block that were not taken yet
        "link",  # LINKTYPE_ number of the frames
        "position",  # where the next of them begins
        "snap",  # no frame has more octets captured
    )

    def __init__(self, big: int, cooked: int, link: int, snap: int) -> None:
        self.big = big
        self.cooked = cooked
        self.link = link
        self.snap = snap
        self.left = 0
        self.position = 0

    def begin(self, buf: bytearray) -> int:
        """Take the block in ``buf`` and return how many packets it has."""
        self.left = native(buf, PACKETS_AT, 4, self.big)
        self.position = native(buf, FIRST_AT, 4, self.big)
        return self.left

    def walk(
        self,
        buf: bytearray,
        room: int,
        frames: int,
        offset: "array[int]",
        captured: "array[int]",
        wire: "array[int]",
        time_ns: "array[int]",
        link: "array[int]",
        number: "array[int]",
    ) -> int:
        """Fill the columns with the next packets of the block, at most ``room``, and return how many.

        They are numbered from ``frames`` + 1. ``buf`` is changed, so each packet can be taken once.
        """
        big = self.big
        at = self.position
        size = len(buf)
        count = 0
        while self.left > 0 and count < room:
            if at + HEADER > size:  # the kernel's block is not what it should be: nothing to be had from it
                self.left = 0
                break
            stored = native(buf, at + 12, 4, big)
            full = native(buf, at + 16, 4, big)
            status = native(buf, at + 20, 4, big)
            begin = at + native(buf, at + 24, 2, big)
            if begin < at + HEADER or begin + stored > size:
                self.left = 0
                break
            tag = 0
            if status & VLAN_VALID:
                tag = native(buf, at + 36, 2, big) if status & TPID_VALID else VLAN_TPID
                tag = tag << 16 | (native(buf, at + 32, 4, big) & 0xFFFF)
            added = (
                self.cook(buf, at, begin, tag) if self.cooked else self.restore(buf, at, begin, stored, tag)
            )
            begin -= added
            stored += added
            full += added
            if stored > self.snap:
                stored = self.snap
            offset[count] = begin
            captured[count] = stored
            wire[count] = full if full > stored else stored
            time_ns[count] = native(buf, at + 4, 4, big) * 1000000000 + native(buf, at + 8, 4, big)
            link[count] = self.link
            number[count] = frames + count + 1
            count += 1
            step = native(buf, at, 4, big)  # 0 at the last one
            self.left = self.left - 1 if step else 0
            at += step
        self.position = at
        return count

    def restore(self, buf: bytearray, at: int, begin: int, stored: int, tag: int) -> int:
        """Put a VLAN tag back behind Ethernet's addresses; return by how many octets the frame grew."""
        if not tag or stored < ADDRESSES or begin - TAG < at + HEADER:
            return 0
        for i in range(ADDRESSES):
            buf[begin - TAG + i] = buf[begin + i]
        place = begin - TAG + ADDRESSES
        for i in range(TAG):
            buf[place + i] = tag >> (24 - 8 * i) & 0xFF
        return TAG

    def cook(self, buf: bytearray, at: int, begin: int, tag: int) -> int:
        """Put the header of LINKTYPE_LINUX_SLL2 in front; return how many octets it has, a VLAN tag included.

        Protocol, 2 octets of zero, interface index, ARPHRD_ type, packet type, address length, address:
        https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
        """
        grown = COOKED + TAG if tag else COOKED
        if begin - grown < at + HEADER:
            return 0
        place = begin - grown
        address = (
            at + 48
        )  # struct sockaddr_ll: family, protocol (big endian), index, ARPHRD_, type, length, address
        index = native(buf, address + 4, 4, self.big)
        arphrd = native(buf, address + 8, 2, self.big)
        if tag:  # the tag's identifier takes the protocol's place; that follows behind the tag
            for i in range(2):
                buf[place + i] = tag >> (24 - 8 * i) & 0xFF
                buf[place + COOKED + i] = tag >> (8 - 8 * i) & 0xFF
                buf[place + COOKED + 2 + i] = buf[address + 2 + i]
        else:
            buf[place] = buf[address + 2]
            buf[place + 1] = buf[address + 3]
        buf[place + 2] = 0
        buf[place + 3] = 0
        for i in range(4):
            buf[place + 4 + i] = index >> (24 - 8 * i) & 0xFF
        buf[place + 8] = arphrd >> 8
        buf[place + 9] = arphrd & 0xFF
        for i in range(10):  # packet type, address length, address: single octets
            buf[place + 10 + i] = buf[address + 10 + i]
        return grown
