"""The rarer link headers, and what may stand between a link header and IP: one method a header.

A hot file: plain Python here, compiled with the C types of ``_compiled/wire/link_headers.pxd``. Each method takes
the header at ``network.at`` off. It returns WRAPPED where ``network.what`` says what lies there now, else why
there is no TCP (``COUNT_...`` of ``model.columns``). To add one: a method, its row in ``take_off``, a number in
``headers``.
"""

from tcptrace.model.columns import COUNT_LINK_TYPE, COUNT_MALFORMED, COUNT_NOT_IP, COUNT_TRUNCATED
from tcptrace.wire.headers import (
    AVS,
    CISCO_HDLC,
    ETHERNET,
    FRAME_RELAY,
    IEEE802_11,
    IP,
    LLC,
    MPLS,
    NFLOG,
    PKTAP,
    PPI,
    PPP,
    PPP_FIELD,
    PPP_HDLC,
    PPP_PROTOCOL,
    PPPOE,
    PRISM,
    RADIOTAP,
)

from .network import Network

NEXT = -1  # of ``network``: IP lies at `at`
WRAPPED = -2

IPV4 = 4  # the numbers of IPv4 and IPv6 as protocols of IP
IPV6 = 41

PPP_IPV4 = 0x0021  # PPP's protocol numbers (IANA)
PPP_IPV6 = 0x0057
PPP_MPLS = 0x0281  # unicast, and the next one multicast (RFC 3032 4.3)
PPP_MPLS_MULTICAST = 0x0283

NLPID_SNAP = 0x80  # ISO/IEC TR 9577
NLPID_IPV6 = 0x8E
NLPID_IPV4 = 0xCC
NLPID_PPP = 0xCF  # RFC 1973

SAP_IPV4 = 0x06
AVS_MAGIC = 0x80211  # the upper 20 bits; the version is in the others
PRISM_OCTETS = 144
NFLOG_PAYLOAD = 9  # NFULA_PAYLOAD


class LinkHeaders:
    """Takes link headers off the frame that ``network`` holds."""

    __slots__ = ("network", "padded")

    def __init__(self, network: Network) -> None:
        self.network = network
        self.padded = 0  # 1: radiotap says that the 802.11 header is filled up to four octets

    def take_off(self) -> int:
        """Take the header ``network.what`` off; 802.11 is padded only where the header before it said so."""
        what = self.network.what
        if what == LLC:
            return self.llc()
        if what == PPPOE:
            return self.pppoe()
        if what == PPP:
            return self.ppp()
        if what == PPP_HDLC:
            return self.ppp_hdlc()
        if what == PPP_FIELD:
            return self.ppp_field()
        if what == PPP_PROTOCOL:
            return self.ppp_protocol()
        if what == CISCO_HDLC:
            return self.cisco_hdlc()
        if what == FRAME_RELAY:
            return self.frame_relay()
        if what == IEEE802_11:
            return self.ieee802_11()
        if what == RADIOTAP:
            return self.radiotap()
        if what == PRISM:
            return self.prism()
        if what == AVS:
            return self.avs()
        if what == NFLOG:
            return self.nflog()
        if what == PKTAP:
            return self.metadata(12, 0, 8)
        if what == PPI:
            return self.ppi()
        return COUNT_NOT_IP

    def le16(self, at: int) -> int:
        """Return the 16-bit word at ``at``, least significant octet first."""
        return self.network.buf[at] | (self.network.buf[at + 1] << 8)

    def le32(self, at: int) -> int:
        """Return the 32-bit word at ``at``, least significant octet first."""
        return self.le16(at) | (self.le16(at + 2) << 16)

    def goes_on(self, size: int, what: int) -> int:
        """Step over a header of ``size`` octets; ``what`` follows."""
        self.network.at += size
        return self.network.wrapped(what, 0)

    def ip_follows(self, size: int, protocol: int) -> int:
        """Step over a header of ``size`` octets, behind which lies what ``protocol`` says: IPv4 or IPv6."""
        self.network.at += size
        return self.network.ip(4 if protocol == IPV4 else 6)

    def ethertype_follows(self, size: int, kind: int) -> int:
        """Step over a header of ``size`` octets that names an ethertype."""
        network = self.network
        network.at += size
        reason = network.ethertype(kind)
        return network.ip(network.version) if reason == NEXT else reason

    # ---- IEEE 802.2

    def llc(self) -> int:
        """Read LLC (IEEE 802.2), with SNAP (RFC 1042, RFC 2427) or without."""
        network = self.network
        at = network.at
        if network.end - at < 8:
            return COUNT_TRUNCATED if network.wire_end - at >= 8 else COUNT_NOT_IP
        head = network.u32(at) >> 8
        if head == (SAP_IPV4 << 16 | SAP_IPV4 << 8 | 3):
            return self.ip_follows(3, IPV4)
        if head == 0xAAAA03:
            return self.snap(3)
        return COUNT_NOT_IP

    def snap(self, size: int) -> int:
        """Read SNAP behind ``size`` octets: whose number it is (OUI), and the number."""
        network = self.network
        at = network.at + size
        owner = network.u32(at) >> 8
        kind = network.u16(at + 3)
        if owner in (0, 0x0000F8) and kind > 1500:  # RFC 1042; IEEE 802.1H
            return self.ethertype_follows(size + 5, kind)
        if owner == 0x0080C2 and kind in (0x0001, 0x0007):  # bridged Ethernet, with and without FCS
            pad = 2 if size == 3 else 0  # RFC 2684 5.2 has two octets more than RFC 2427 4.2
            return self.goes_on(size + 5 + pad, ETHERNET)
        return COUNT_NOT_IP

    # ---- serial lines

    def ppp(self) -> int:
        """Read PPP (RFC 1661) with or without HDLC's address and control (RFC 1662 3.1, 6.6)."""
        network = self.network
        at = network.at
        if network.end - at < 2:
            return network.why_short(2)
        return self.goes_on(2 if network.u16(at) == 0xFF03 else 0, PPP_FIELD)

    def ppp_hdlc(self) -> int:
        """Tell PPP from Cisco HDLC by the address octet (RFC 1547 4.3.1)."""
        network = self.network
        if network.end - network.at < 1:
            return network.why_short(1)
        address = network.buf[network.at]
        return network.wrapped(CISCO_HDLC if address in (0x0F, 0x8F) else PPP, 0)

    def ppp_field(self) -> int:
        """Read PPP's protocol field of one or two octets (RFC 1661 2, 6.5)."""
        network = self.network
        at = network.at
        if network.end - at < 1:
            return network.why_short(1)
        number = network.buf[at]
        if number & 1:
            network.at = at + 1
            return network.wrapped(PPP_PROTOCOL, number)
        if network.end - at < 2:
            return network.why_short(2)
        network.at = at + 2
        return network.wrapped(PPP_PROTOCOL, network.u16(at))

    def ppp_protocol(self) -> int:
        """Go where PPP's protocol number says."""
        number = self.network.number
        if number == PPP_IPV4:
            return self.ip_follows(0, IPV4)
        if number == PPP_IPV6:
            return self.ip_follows(0, IPV6)
        if number in (PPP_MPLS, PPP_MPLS_MULTICAST):
            return self.goes_on(0, MPLS)
        return COUNT_NOT_IP

    def pppoe(self) -> int:
        """Read PPPoE's session header (RFC 2516 4)."""
        network = self.network
        at = network.at
        if network.end - at < 6:
            return network.why_short(6)
        if network.u16(at) != 0x1100:  # version and type 1, code 0: session data
            return COUNT_NOT_IP
        network.bound(at + 6 + network.u16(at + 4))
        return self.goes_on(6, PPP_FIELD)

    def cisco_hdlc(self) -> int:
        """Read Cisco HDLC: address, control, ethertype."""
        network = self.network
        at = network.at
        if network.end - at < 4:
            return network.why_short(4)
        kind = network.u16(at + 2)
        return self.ethertype_follows(4, kind) if kind > 1500 else COUNT_NOT_IP

    def frame_relay(self) -> int:
        """Read a Q.922 address of two to four octets, then RFC 2427's header or Cisco's ethertype."""
        network = self.network
        at = network.at
        if network.end - at < 4:
            return network.why_short(4)
        size = 1
        while size < 4 and not network.buf[at + size - 1] & 1:
            size += 1
        if size < 2 or not network.buf[at + size - 1] & 1:
            return COUNT_NOT_IP
        if network.end - at < size + 2:
            return network.why_short(size + 2)
        if network.buf[at + size] != 3:
            kind = network.u16(at + size)
            return self.ethertype_follows(size + 2, kind) if kind > 1500 else COUNT_NOT_IP
        size += 1
        if network.buf[at + size] == 0:  # pad
            size += 1
            if network.end - at < size + 1:
                return network.why_short(size + 1)
        protocol = network.buf[at + size]
        size += 1
        if protocol == NLPID_IPV4:
            return self.ip_follows(size, IPV4)
        if protocol == NLPID_IPV6:
            return self.ip_follows(size, IPV6)
        if protocol == NLPID_PPP:
            return self.goes_on(size, PPP_FIELD)
        if protocol != NLPID_SNAP:
            return COUNT_NOT_IP
        if network.end - at < size + 5:
            return network.why_short(size + 5)
        return self.snap(size)

    # ---- IEEE 802.11

    def ieee802_11(self) -> int:
        """Read the header of a data frame (IEEE 802.11-2020 9.3.2.1); of several MSDUs in one, the first."""
        network = self.network
        at = network.at
        padded = self.padded
        self.padded = 0
        if network.end - at < 2:
            return network.why_short(2)
        first = network.buf[at]
        flags = network.buf[at + 1]
        # Version 0, type data, with a body, which is not encrypted.
        if first & 0x0F != 0x08 or first & 0x40 or flags & 0x40:
            return COUNT_NOT_IP
        size = 30 if flags & 3 == 3 else 24  # a fourth address between two access points
        control = size
        if first & 0x80:  # QoS control, and HT control if there is more order
            size += 6 if flags & 0x80 else 2
        if padded:
            size = (size + 3) & ~3
        if network.end - at < size:
            return network.why_short(size)
        if flags & 4 or network.buf[at + 22] & 15:  # the MSDU is in several frames
            return COUNT_NOT_IP
        if not first & 0x80 or not network.buf[at + control] & 0x80:
            return self.goes_on(size, LLC)
        if network.end - at < size + 14:
            return network.why_short(size + 14)
        network.bound(at + size + 14 + network.u16(at + size + 12))
        return self.goes_on(size + 14, LLC)

    def radiotap(self) -> int:
        """Read radiotap's header (www.radiotap.org), of its fields the flags."""
        network = self.network
        at = network.at
        if network.end - at < 8:
            return network.why_short(8)
        size = self.le16(at + 2)
        if network.buf[at] != 0 or size < 8:
            return COUNT_MALFORMED
        if network.end - at < size:
            return network.why_short(size)
        stop = at + size
        present = self.le32(at + 4)
        field = at + 8
        more = present
        while more >> 31:
            if field + 4 > stop:
                return COUNT_MALFORMED
            more = self.le32(field)
            field += 4
        if present & 1:  # the clock, eight octets on a multiple of eight
            field = at + ((field - at + 7) & ~7) + 8
        if present & 2 and field < stop:
            flags = network.buf[field]
            if flags & 0x10:  # a frame check sequence is at the end
                network.bound(network.wire_end - 4)
            self.padded = 1 if flags & 0x20 else 0
        return self.goes_on(size, IEEE802_11)

    def prism(self) -> int:
        """Read Prism's header of fixed size, or AVS's under the same number."""
        network = self.network
        if network.end - network.at < 4:
            return network.why_short(4)
        if network.u32(network.at) >> 12 == AVS_MAGIC:
            return network.wrapped(AVS, 0)
        if network.end - network.at < PRISM_OCTETS:
            return network.why_short(PRISM_OCTETS)
        return self.goes_on(PRISM_OCTETS, IEEE802_11)

    def avs(self) -> int:
        """Read AVS's header: magic, length."""
        network = self.network
        if network.end - network.at < 8:
            return network.why_short(8)
        size = network.u32(network.at + 4)
        if size < 8:
            return COUNT_MALFORMED
        if network.end - network.at < size:
            return network.why_short(size)
        return self.goes_on(size, IEEE802_11)

    # ---- metadata of capture programs

    def metadata(self, least: int, size_at: int, link_at: int) -> int:
        """Read a header of at least ``least`` octets that has its size and the link type of what follows."""
        network = self.network
        at = network.at
        if network.end - at < least:
            return network.why_short(least)
        return self.link_follows(self.le32(at + size_at), least, self.le32(at + link_at))

    def ppi(self) -> int:
        """Read PPI's header: version, flags, size, link type."""
        network = self.network
        if network.end - network.at < 8:
            return network.why_short(8)
        return self.link_follows(self.le16(network.at + 2), 8, self.le32(network.at + 4))

    def link_follows(self, size: int, least: int, link: int) -> int:
        """Step over metadata of ``size`` octets to a frame of link type ``link``."""
        network = self.network
        if size < least:
            return COUNT_MALFORMED
        if network.end - network.at < size:
            return network.why_short(size)
        network.at += size
        network.look_up(link)
        if network.kind < 0:
            return COUNT_LINK_TYPE
        network.link = -1  # the next frame's is its own, and is remembered
        reason = network.link_layer()
        return network.ip(network.version) if reason == NEXT else reason

    def nflog(self) -> int:
        """Find the packet among netfilter's attributes, which have the byte order of whoever captured."""
        network = self.network
        at = network.at
        if network.end - at < 4:
            return network.why_short(4)
        at += 4  # address family, version, resource
        while network.wire_end - at >= 4:
            network.at = at
            if network.end - at < 4:
                return COUNT_TRUNCATED
            size = self.le16(at)
            kind = self.le16(at + 2)
            if kind > 255:  # the other byte order: attributes are small numbers
                size = network.u16(at)
                kind = network.u16(at + 2)
            if size < 4:
                return COUNT_MALFORMED
            if kind == NFLOG_PAYLOAD:
                network.bound(at + size)
                return self.goes_on(4, IP)
            at += (size + 3) & ~3
        return COUNT_NOT_IP
