"""Link layer and IP: where in a frame does TCP begin, who sent it to whom, and where does the datagram end.

A hot file: plain Python here, compiled with the C types of ``_compiled/wire/network.pxd``. Bad octets never
raise: a frame that holds no TCP is given the reason, one of ``COUNT_...`` of ``model.columns``. This is the
common road, TCP in IP behind a plain link header; all else is WRAPPED and left to ``wire.tunnels``.

Positions are offsets in the buffer. Two ends matter at each step: ``end``, behind the last captured octet,
and ``stop``, where the datagram ends by its own lengths (beyond ``end`` where the snap length cut the frame).
"""

from array import array

from tcptrace.model import words
from tcptrace.model.columns import (
    COUNT_FRAGMENT,
    COUNT_LINK_TYPE,
    COUNT_MALFORMED,
    COUNT_NOT_IP,
    COUNT_TRUNCATED,
)
from tcptrace.wire.headers import (
    ETHERTYPE,
    FIRST_HEADER,
    FRAME_RELAY,
    IEEE802_11,
    LLC,
    PRISM,
    PROTOCOL,
    RADIOTAP,
)
from tcptrace.wire.links import (
    ALWAYS_IPV4,
    ALWAYS_IPV6,
    BY_COOKED,
    BY_ETHERTYPE,
    BY_FAMILY,
    BY_VERSION,
    ROW_WORDS,
)

NEXT = -1  # TCP was found; a return value that is not negative is the counter to add to
WRAPPED = -2  # `what` and `number` (``wire.headers``) say which header lies at `at`

FAR = 1 << 60  # beyond every buffer
MAX_TAGS = 16  # VLAN tags on one frame
MAX_EXTENSIONS = 32  # IPv6 extension headers in one datagram

TCP = 6  # protocol numbers of IPv4 and IPv6 (RFC 9293 3.1, RFC 8200 4.1)
HOP_BY_HOP = 0
ROUTING = 43
FRAGMENT = 44
AUTHENTICATION = 51
DESTINATION = 60

DEVICE_FRAME_RELAY = 770  # ARPHRD_ numbers whose frames have a header of their own behind Linux's cooked one
DEVICE_IEEE802_11 = 801
DEVICE_PRISM = 802
DEVICE_RADIOTAP = 803
DEVICE_NETLINK = 824

LOOSE_ROUTE = 131  # options of IPv4 (RFC 791 3.1)
STRICT_ROUTE = 137


class Network:
    """The frame at hand, up to its TCP header."""

    __slots__ = (
        "at", "buf", "checkable", "device_at", "dst_high", "dst_low", "end", "ethertype_at", "family", "has_id",
        "header", "kind", "link", "links", "number", "pseudo", "seen", "seen_count", "src_high", "src_low",
        "start", "stop", "straight_at", "typed", "version", "what", "wire_end",
    )  # fmt: skip

    def __init__(self, links: "array[int]", seen: "array[int]") -> None:
        """``links`` is the table of ``wire.links``; ``seen`` takes the link types that come, in order."""
        self.links = links
        self.seen = seen
        self.seen_count = 0  # valid entries in `seen`; more than it holds are not remembered
        self.buf = words.first(b"")
        self.link = -1  # the link type that `kind`, `header`, `ethertype_at` and `device_at` are of
        self.kind = -1
        self.header = self.ethertype_at = self.device_at = self.version = 0
        self.straight_at = FAR  # octets before the IP header on the straight road of `decode`, or FAR
        self.typed = 0  # 1: the two before it are an ethertype
        self.what = self.number = 0  # of WRAPPED
        self.at = self.end = self.wire_end = 0  # next octet to read; end of the captured, of the whole frame
        # Of the datagram; `stop` by its lengths, never beyond `wire_end`. Of a fragment they and `at` stand, too:
        # IPv6's fragment header is at `at`.
        self.start = self.stop = 0
        self.family = self.src_high = self.src_low = self.dst_high = self.dst_low = 0
        self.pseudo = 0  # sum of the pseudo-header's addresses, in 32-bit words
        self.checkable = 0  # 0: the final destination or the true length is not known
        self.has_id = 0  # 1: an IP identification other than 0

    def find_tcp(self, at: int, end: int, wire_end: int, link: int) -> int:
        """Read the frame in ``buf`` from ``at`` to ``end``; then ``at`` is where TCP begins."""
        if link != self.link:
            self.choose_link(link)
        self.at = at
        self.end = end
        self.wire_end = wire_end
        reason = self.link_layer()
        if reason != NEXT:
            return reason
        self.start = self.at
        return self.ipv4() if self.version == 4 else self.ipv6()

    def ip(self, version: int) -> int:
        """Read the IP header at ``at``, which is said to be of this version."""
        self.start = self.at
        return self.ipv4() if version == 4 else self.ipv6()

    def wrapped(self, what: int, number: int) -> int:
        """Say what lies at ``at`` and return WRAPPED."""
        self.what = what
        self.number = number
        return WRAPPED

    def bound(self, stop: int) -> None:
        """Let nothing count that lies behind ``stop``, where a header says that its content ends."""
        if stop < self.wire_end:
            self.wire_end = stop
            if stop < self.end:
                self.end = stop

    def u16(self, at: int) -> int:
        """Return the 16-bit word at ``at``."""
        return words.be16(self.buf, at)

    def u32(self, at: int) -> int:
        """Return the 32-bit word at ``at``."""
        return words.be32(self.buf, at)

    def why_short(self, needed: int) -> int:
        """Return why ``needed`` octets are not there: the capture cut them, or the frame never had them."""
        return COUNT_TRUNCATED if self.wire_end - self.at >= needed else COUNT_MALFORMED

    # ---- link layer

    def choose_link(self, link: int) -> None:
        """Look the link type up and remember that it was seen, if a file has it."""
        self.look_up(link)
        if link < 0:
            return
        for i in range(self.seen_count):
            if self.seen[i] == link:
                return
        if self.seen_count < len(self.seen):
            self.seen[self.seen_count] = link
            self.seen_count += 1

    def look_up(self, link: int) -> None:
        """Make the link type the one that ``link_layer`` reads."""
        self.link = link
        self.kind = -1
        self.straight_at = FAR
        row = 0
        while row < len(self.links):
            if self.links[row] == link:
                self.kind = self.links[row + 1]
                self.header = self.links[row + 2]
                self.ethertype_at = self.links[row + 3]
                self.device_at = self.links[row + 4]
                self.typed = self.kind == BY_ETHERTYPE
                if self.kind in (BY_VERSION, ALWAYS_IPV4) or (
                    self.typed and self.ethertype_at == self.header - 2
                ):
                    self.straight_at = self.header
            row += ROW_WORDS

    def link_layer(self) -> int:
        """Find the network layer: sets ``at`` and ``version``."""
        at = self.at
        kind = self.kind
        if kind < 0:
            return COUNT_LINK_TYPE
        if self.end - at < self.header:
            return self.why_short(self.header)
        self.at = at + self.header
        if kind == BY_ETHERTYPE:
            return self.ethertype(self.u16(at + self.ethertype_at))
        if kind == BY_COOKED:
            return self.cooked(self.u16(at + self.device_at), self.u16(at + self.ethertype_at))
        if kind >= FIRST_HEADER:
            return self.wrapped(kind, 0)
        if kind in (ALWAYS_IPV4, ALWAYS_IPV6):
            self.version = 4 if kind == ALWAYS_IPV4 else 6
            return NEXT
        if kind == BY_VERSION:
            if self.at >= self.end:
                return self.why_short(1)
            self.version = self.buf[self.at] >> 4
            return NEXT if self.version in (4, 6) else COUNT_NOT_IP
        family = self.u32(at)
        if kind == BY_FAMILY and family > 0xFFFF:  # the other byte order: address families are small numbers
            family = (
                self.buf[at] | (self.buf[at + 1] << 8) | (self.buf[at + 2] << 16) | (self.buf[at + 3] << 24)
            )
        if family == 2:
            self.version = 4
            return NEXT
        # NetBSD and OpenBSD, FreeBSD, macOS, Linux; a file does not say which of them wrote it.
        if family in (24, 28, 30, 10):
            self.version = 6
            return NEXT
        return COUNT_NOT_IP

    def cooked(self, device: int, kind: int) -> int:
        """Take what the kind of device says: with these, the ethertype says nothing."""
        if device == DEVICE_RADIOTAP:
            return self.wrapped(RADIOTAP, 0)
        if device == DEVICE_PRISM:
            return self.wrapped(PRISM, 0)
        if device == DEVICE_IEEE802_11:
            return self.wrapped(IEEE802_11, 0)
        if device == DEVICE_FRAME_RELAY:
            return self.wrapped(FRAME_RELAY, 0)
        if device == DEVICE_NETLINK:
            return COUNT_NOT_IP
        return self.ethertype(kind)

    def ethertype(self, kind: int) -> int:
        """Go through VLAN tags (802.1Q, 802.1ad) to an ethertype of IP."""
        tags = 0
        while kind in (0x8100, 0x88A8, 0x9100):
            if tags == MAX_TAGS:
                return COUNT_NOT_IP
            if self.end - self.at < 4:
                return self.why_short(4)
            kind = self.u16(self.at + 2)
            self.at += 4
            tags += 1
        if kind == 0x0800:
            self.version = 4
        elif kind == 0x86DD:
            self.version = 6
        elif kind <= 1500:  # a length (802.3), or 4 in cooked captures: 802.2 LLC follows
            return self.wrapped(LLC, 0)
        else:
            return self.wrapped(ETHERTYPE, kind)
        return NEXT

    # ---- network layer

    def ipv4(self) -> int:
        """Read the IPv4 header (RFC 791): sets the addresses, ``at`` and ``stop``."""
        at = self.at
        if self.end - at < 20:
            return self.why_short(20)
        header = (self.buf[at] & 15) << 2
        rest = self.wire_end - at
        total = self.u16(at + 2)
        self.checkable = 1
        if total == 0:  # segmentation offload left it to the hardware, or more than 65,535 octets (BIG TCP)
            total = rest
        elif total > rest:
            total = rest
            self.checkable = 0
        if self.buf[at] >> 4 != 4 or header < 20 or total < header:
            return COUNT_MALFORMED
        self.stop = at + total
        if self.u16(at + 6) & 0x3FFF:  # MF, or an offset
            return COUNT_FRAGMENT
        self.at = at + header
        self.family = 4
        self.src_high = self.dst_high = 0
        self.src_low = self.u32(at + 12)
        self.dst_low = self.u32(at + 16)
        self.has_id = self.u16(at + 4) != 0
        if header > 20 and self.end >= self.at:
            self.source_route(at + 20, self.at)
        self.pseudo = self.src_low + self.dst_low
        if self.buf[at + 9] != TCP:
            return self.wrapped(PROTOCOL, self.buf[at + 9])
        return NEXT if self.end >= self.at else COUNT_TRUNCATED

    def source_route(self, at: int, stop: int) -> None:
        """Take the final destination from a source route (RFC 791 3.1) that is not used up.

        The header names the next hop until the pointer has passed the option's length. Connection and sum
        are between the two ends, whatever lies on the way; Linux and tshark take it so too.
        """
        while at + 3 <= stop and self.buf[at] != 0:
            if self.buf[at] == 1:
                at += 1
                continue
            kind = self.buf[at]
            length = self.buf[at + 1]
            if length < 2 or at + length > stop:
                return
            if kind in (LOOSE_ROUTE, STRICT_ROUTE):
                # It counts from 1, at the option's first octet.
                pointer = self.buf[at + 2] if length > 2 else 0
                if pointer & 3 == 0 and pointer >= 4 and pointer + 3 <= length:
                    self.dst_low = self.u32(at + length - 4)
                elif pointer <= length:
                    self.checkable = 0  # it cannot be true, and nobody knows for whom the segment is
                return
            at += length

    def ipv6(self) -> int:
        """Read the IPv6 header and its extensions (RFC 8200): sets the addresses, ``at`` and ``stop``."""
        at = self.at
        if self.end - at < 40:
            return self.why_short(40)
        if self.buf[at] >> 4 != 6:
            return COUNT_MALFORMED
        length = self.u16(at + 4)
        jumbo = length == 0
        self.checkable = 1
        self.stop = at + 40 + length
        if jumbo:  # an option says more; without one, segmentation offload left the length to the hardware
            self.stop = self.wire_end
        elif self.stop > self.wire_end:
            self.stop = self.wire_end
            self.checkable = 0
        self.family = 6
        self.src_high = (self.u32(at + 8) << 32) | self.u32(at + 12)
        self.src_low = (self.u32(at + 16) << 32) | self.u32(at + 20)
        self.dst_high = (self.u32(at + 24) << 32) | self.u32(at + 28)
        self.dst_low = (self.u32(at + 32) << 32) | self.u32(at + 36)
        self.pseudo = 0
        for i in range(8):
            self.pseudo += self.u32(at + 8 + 4 * i)
        self.has_id = 0
        self.at = at + 40
        if self.buf[at + 6] == TCP:
            return NEXT
        return self.extensions(self.buf[at + 6], jumbo)

    def extensions(self, kind: int, jumbo: int) -> int:
        """Go through the extension headers to TCP; ``jumbo``: look for the payload length in an option."""
        for _ in range(MAX_EXTENSIONS):
            at = self.at
            if kind == TCP:
                return NEXT
            if kind == FRAGMENT:
                size = 8
            elif kind in (HOP_BY_HOP, ROUTING, DESTINATION, AUTHENTICATION):
                size = 2
            else:
                return self.wrapped(PROTOCOL, kind)
            if self.stop - at < size:
                return COUNT_MALFORMED
            if self.end - at < size:
                return COUNT_TRUNCATED
            if kind == FRAGMENT:
                # RFC 6946: with offset 0 and no more fragments it is whole.
                if self.u16(at + 2) & 0xFFF9:
                    return COUNT_FRAGMENT
                self.has_id = self.u32(at + 4) != 0
            elif kind == AUTHENTICATION:
                size = (self.buf[at + 1] + 2) << 2  # RFC 4302 2.2
            else:
                size = (self.buf[at + 1] + 1) << 3
            if self.stop - at < size:
                return COUNT_MALFORMED
            if self.end - at < size:
                return COUNT_TRUNCATED
            if kind == HOP_BY_HOP and jumbo:
                reason = self.jumbo_payload(at + 2, at + size)
                if reason != NEXT:
                    return reason
            elif kind == ROUTING and self.buf[at + 3] != 0:
                self.route(at, size)
            kind = self.buf[at]
            self.at = at + size
        return COUNT_MALFORMED

    def route(self, at: int, size: int) -> None:
        """Take the final destination from a routing header with segments left (RFC 8200 4.4, 8.1).

        It is the last address of types 0 (RFC 5095) and 2 (RFC 6275), the first of type 4 (RFC 8754). Other
        types do not spell it out: then the header's destination stands, and the checksum cannot be told.
        """
        kind = self.buf[at + 2]
        if size < 24 or kind not in (0, 2, 4):
            self.checkable = 0
            return
        at += 8 if kind == 4 else size - 16
        self.pseudo -= (self.dst_high >> 32) + words.word32(self.dst_high)
        self.pseudo -= (self.dst_low >> 32) + words.word32(self.dst_low)
        self.dst_high = (self.u32(at) << 32) | self.u32(at + 4)
        self.dst_low = (self.u32(at + 8) << 32) | self.u32(at + 12)
        for i in range(4):
            self.pseudo += self.u32(at + 4 * i)

    def jumbo_payload(self, at: int, stop: int) -> int:
        """Take the length from a jumbo payload option (RFC 2675), if the hop-by-hop options have one."""
        while at < stop:
            if self.buf[at] == 0:  # Pad1
                at += 1
                continue
            if at + 2 > stop or at + 2 + self.buf[at + 1] > stop:
                return COUNT_MALFORMED
            if self.buf[at] == 0xC2:
                if self.buf[at + 1] != 4:
                    return COUNT_MALFORMED
                length = self.u32(at + 2)
                if length <= 65535:  # RFC 2675 3: an error
                    return COUNT_MALFORMED
                self.stop = self.start + 40 + length
                if self.stop > self.wire_end:
                    self.stop = self.wire_end
                    self.checkable = 0
                return NEXT
            at += 2 + self.buf[at + 1]
        return NEXT
