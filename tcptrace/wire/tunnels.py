"""What is not TCP right behind a plain link header and IP: headers are taken off until TCP lies there.

A hot file: plain Python here, compiled with the C types of ``_compiled/wire/tunnels.pxd``. It is entered only
where the common road (``network``) ends, so that plain frames pay nothing for it. Each method takes one header
off, as in ``link_headers``, where those between link and IP are. What ICMP quotes is no segment and not read.
To add a tunnel: a method, its row in ``open``, ``ethertype`` or ``protocol``, a number or a port in ``headers``.
"""

from array import array

from tcptrace.model.columns import COUNT_NOT_IP, COUNT_NOT_TCP, COUNT_TRUNCATED
from tcptrace.wire.headers import (
    ETHERNET,
    ETHERTYPE,
    GENEVE,
    GTP_U,
    IP,
    MPLS,
    PPP,
    PPPOE,
    PROTOCOL,
    TEREDO,
    UDP_TUNNELS,
    VXLAN,
    VXLAN_GPE,
)

from .link_headers import LinkHeaders
from .network import Network

NEXT = -1  # of ``network``: TCP was found
WRAPPED = -2

MAX_HEADERS = 64  # that are taken off one frame
MAX_LABELS = 32  # in one stack of MPLS

# Protocols of IP (IANA).
IPV4 = 4
TCP = 6
UDP = 17
IPV6 = 41
GRE = 47
AUTHENTICATION = 51
IPIP = 94  # KA9Q's, IP again
ETHERIP = 97  # RFC 3378
MPLS_IN_IP = 137  # RFC 4023
ETHERNET_IN_IP = 143  # RFC 8986

# Ethertypes (IANA, IEEE).
TYPE_BRIDGED = 0x6558  # "transparent Ethernet bridging", inside GRE and GENEVE
TYPE_MPLS = 0x8847
TYPE_MPLS_MULTICAST = 0x8848
TYPE_PPP = 0x880B
TYPE_PPPOE = 0x8864
TYPE_PBB = 0x88E7  # IEEE 802.1ah
TYPE_ERSPAN = 0x88BE  # only inside GRE: types I and II,
TYPE_ERSPAN_III = 0x22EB  # type III

GRE_CHECKSUM = 0x8000  # RFC 2784, RFC 1701
GRE_ROUTING = 0x4000
GRE_KEY = 0x2000  # RFC 2890
GRE_SEQUENCE = 0x1000
GRE_ACKNOWLEDGEMENT = 0x0080  # version 1, RFC 2637

GTP_EXTENSION = 0x04
GTP_OPTIONS = 0x07  # an extension, a sequence number, an N-PDU number: with any of them all three fields
GTP_PACKET = 255  # message type G-PDU


class Tunnels:
    """Takes headers off the frame that ``network`` holds."""

    __slots__ = ("links", "network", "ports")

    def __init__(self, network: Network) -> None:
        self.network = network
        self.links = LinkHeaders(network)
        self.ports = array("i", (number for row in UDP_TUNNELS for number in row))

    def open(self) -> int:
        """Take off what is WRAPPED and return NEXT where TCP lies at ``network.at``, else why there is none."""
        network = self.network
        links = self.links
        links.padded = 0
        is_tunnel = 0  # an IP header was met
        for _ in range(MAX_HEADERS):
            what = network.what
            if what == PROTOCOL:
                is_tunnel = 1
                reason = self.protocol(network.number)
            elif what == ETHERTYPE:
                reason = self.ethertype(network.number)
            elif what == ETHERNET:
                reason = self.ethernet()
            elif what == IP:
                reason = self.ip()
            elif what == MPLS:
                reason = self.mpls()
            elif what == VXLAN:
                reason = self.vxlan()
            elif what == VXLAN_GPE:
                reason = self.vxlan_gpe()
            elif what == GENEVE:
                reason = self.geneve()
            elif what == GTP_U:
                reason = self.gtp_u()
            elif what == TEREDO:
                reason = self.teredo()
            else:
                reason = links.take_off()
            if reason != WRAPPED:
                return COUNT_NOT_TCP if is_tunnel and reason == COUNT_NOT_IP else reason
        return COUNT_NOT_TCP

    def goes_on(self, size: int, what: int) -> int:
        """Step over a header of ``size`` octets; ``what`` follows."""
        self.network.at += size
        return self.network.wrapped(what, 0)

    def ethertype_follows(self, size: int, kind: int) -> int:
        """Step over a header of ``size`` octets that names an ethertype, which is no length."""
        return self.links.ethertype_follows(size, kind) if kind > 1500 else COUNT_NOT_IP

    def why_not(self, needed: int) -> int:
        """Return why what only may be a tunnel has not ``needed`` octets."""
        network = self.network
        return COUNT_TRUNCATED if network.wire_end - network.at >= needed else COUNT_NOT_TCP

    # ---- what a number announces

    def ethertype(self, kind: int) -> int:
        """Go where an ethertype says that is not IP's."""
        if kind in (TYPE_MPLS, TYPE_MPLS_MULTICAST):
            return self.goes_on(0, MPLS)
        if kind == TYPE_PPPOE:
            return self.goes_on(0, PPPOE)
        if kind == TYPE_BRIDGED:
            return self.goes_on(0, ETHERNET)
        if kind == TYPE_PPP:
            return self.goes_on(0, PPP)
        if kind == TYPE_PBB:
            return self.goes_on(4, ETHERNET)
        return COUNT_NOT_IP

    def protocol(self, kind: int) -> int:
        """Go where IP's protocol number says."""
        network = self.network
        network.bound(network.stop)
        if kind == UDP:
            return self.udp()
        if kind == IPV4:
            return network.ip(4)
        if kind == IPV6:
            return network.ip(6)
        if kind == GRE:
            return self.gre()
        if kind == AUTHENTICATION:
            return self.authentication()
        if kind == TCP:
            return NEXT if network.end >= network.at else COUNT_TRUNCATED
        if kind == IPIP:
            return self.goes_on(0, IP)
        if kind == ETHERIP:
            return self.goes_on(2, ETHERNET)
        if kind == MPLS_IN_IP:
            return self.goes_on(0, MPLS)
        if kind == ETHERNET_IN_IP:
            return self.goes_on(0, ETHERNET)
        return COUNT_NOT_TCP  # also ESP, whose content nobody sees, and 59, no next header

    def udp(self) -> int:
        """Read UDP (RFC 768): a tunnel is known by either port, first by the destination's."""
        network = self.network
        at = network.at
        if network.end - at < 8:
            return COUNT_NOT_TCP
        what = self.by_port(network.u16(at + 2))
        if what < 0:
            what = self.by_port(network.u16(at))
        if what < 0:
            return COUNT_NOT_TCP
        size = network.u16(at + 4)
        if size >= 8:
            network.bound(at + size)
        return self.goes_on(8, what)

    def by_port(self, port: int) -> int:
        """Return what a port of UDP is for, -1 where it is for no tunnel."""
        row = 0
        while row < len(self.ports):
            if self.ports[row] == port:
                return self.ports[row + 1]
            row += 2
        return -1

    # ---- headers

    def ip(self) -> int:
        """Read an IP header that nothing but its version announces."""
        network = self.network
        if network.end - network.at < 1:
            return COUNT_TRUNCATED if network.wire_end > network.at else COUNT_NOT_IP
        version = network.buf[network.at] >> 4
        return network.ip(version) if version in (4, 6) else COUNT_NOT_IP

    def ethernet(self) -> int:
        """Read an Ethernet header."""
        network = self.network
        if network.end - network.at < 14:
            return network.why_short(14)
        network.at += 14
        reason = network.ethertype(network.u16(network.at - 2))
        return network.ip(network.version) if reason == NEXT else reason

    def mpls(self) -> int:
        """Read a stack of labels (RFC 3032 2.1); below it lies IP (RFC 4928 3), or Ethernet (RFC 4448 4)."""
        network = self.network
        for _ in range(MAX_LABELS):
            if network.end - network.at < 4:
                return network.why_short(4)
            network.at += 4
            if network.buf[network.at - 2] & 1:
                break
        else:
            return COUNT_NOT_IP
        if network.end - network.at < 1:
            return network.why_short(1)
        nibble = network.buf[network.at] >> 4
        if nibble in (4, 6):
            return network.ip(nibble)
        if nibble == 1:  # an associated channel (RFC 4385 5)
            return COUNT_NOT_IP
        # A pseudowire: the control word begins with four bits 0 (RFC 4385 3), but so may an address.
        if nibble == 0 and self.is_ethernet(network.at + 4):
            return self.goes_on(4, ETHERNET)
        if self.is_ethernet(network.at):
            return self.goes_on(0, ETHERNET)
        return (
            COUNT_TRUNCATED
            if network.end - network.at < 18 <= network.wire_end - network.at
            else COUNT_NOT_IP
        )

    def is_ethernet(self, at: int) -> int:
        """Say whether there is an Ethernet header at ``at`` of a type that is read here."""
        network = self.network
        if network.end - at < 14:
            return 0
        kind = network.u16(at + 12)
        if kind in (0x0800, 0x86DD, 0x8100, 0x88A8, TYPE_MPLS, TYPE_PPPOE):
            return 1
        return 0

    def authentication(self) -> int:
        """Read an authentication header behind IPv4 (RFC 4302 2)."""
        network = self.network
        at = network.at
        if network.end - at < 12:
            return network.why_short(12)
        size = (network.buf[at + 1] + 2) << 2
        if network.end - at < size:
            return network.why_short(size)
        network.at = at + size
        return network.wrapped(PROTOCOL, network.buf[at])

    def gre(self) -> int:
        """Read GRE (RFC 2784, RFC 2890; with routing, RFC 1701; version 1, RFC 2637)."""
        network = self.network
        at = network.at
        if network.end - at < 4:
            return network.why_short(4)
        flags = network.u16(at)
        kind = network.u16(at + 2)
        if flags & 7 > 1:
            return COUNT_NOT_TCP
        size = 4
        if flags & (GRE_CHECKSUM | GRE_ROUTING):
            size += 4
        if flags & GRE_KEY:
            size += 4
        if flags & GRE_SEQUENCE:
            size += 4
        if flags & 7 == 1 and flags & GRE_ACKNOWLEDGEMENT:
            size += 4
        if flags & GRE_ROUTING:
            while True:  # source routes, the last one empty
                if network.end - at < size + 4:
                    return network.why_short(size + 4)
                octets = network.buf[at + size + 3]
                size += 4 + octets
                if octets == 0:
                    break
        if network.end - at < size:
            return network.why_short(size)
        if kind in (TYPE_ERSPAN, TYPE_ERSPAN_III):
            network.at = at + size
            return self.erspan(flags & GRE_SEQUENCE)
        return self.ethertype_follows(size, kind)

    def erspan(self, has_sequence: int) -> int:
        """Read ERSPAN (draft-foschiano-erspan): type I has no header and no sequence number in GRE."""
        network = self.network
        at = network.at
        if not has_sequence:
            return self.goes_on(0, ETHERNET)
        if network.end - at < 12:
            return network.why_short(12)
        version = network.buf[at] >> 4
        if version == 1:
            return self.goes_on(8, ETHERNET)
        if version != 2:
            return COUNT_NOT_TCP
        word = network.u16(at + 10)
        size = 20 if word & 1 else 12  # with eight octets that the platform adds
        if network.end - at < size:
            return network.why_short(size)
        content = (word >> 10) & 31
        if content == 0:
            return self.goes_on(size, ETHERNET)
        return self.goes_on(size, IP) if content == 2 else COUNT_NOT_TCP

    def vxlan(self) -> int:
        """Read VXLAN (RFC 7348 5)."""
        network = self.network
        if network.end - network.at < 8:
            return self.why_not(8)
        return self.goes_on(8, ETHERNET) if network.buf[network.at] & 8 else COUNT_NOT_TCP

    def vxlan_gpe(self) -> int:
        """Read VXLAN with a protocol number (draft-ietf-nvo3-vxlan-gpe 3)."""
        network = self.network
        if network.end - network.at < 8:
            return self.why_not(8)
        if network.buf[network.at] & 0x0C != 0x0C:
            return COUNT_NOT_TCP
        kind = network.buf[network.at + 3]
        network.at += 8
        if kind in (1, 2):
            return network.ip(4 if kind == 1 else 6)
        if kind == 3:
            return self.goes_on(0, ETHERNET)
        return self.goes_on(0, MPLS) if kind == 5 else COUNT_NOT_TCP

    def geneve(self) -> int:
        """Read GENEVE and step over its options (RFC 8926 3.4)."""
        network = self.network
        at = network.at
        if network.end - at < 8:
            return self.why_not(8)
        if network.buf[at] >> 6:
            return COUNT_NOT_TCP
        size = 8 + ((network.buf[at] & 63) << 2)
        if network.end - at < size:
            return self.why_not(size)
        return self.ethertype_follows(size, network.u16(at + 2))

    def gtp_u(self) -> int:
        """Read GTP-U, version 1, and its extensions (3GPP TS 29.281 5.1, 5.2)."""
        network = self.network
        at = network.at
        if network.end - at < 8:
            return self.why_not(8)
        flags = network.buf[at]
        if flags & 0xF0 != 0x30 or network.buf[at + 1] != GTP_PACKET:
            return COUNT_NOT_TCP
        network.bound(at + 8 + network.u16(at + 2))
        size = 8
        if flags & GTP_OPTIONS:
            size = 12
            if network.end - at < size:
                return self.why_not(size)
            kind = network.buf[at + 11] if flags & GTP_EXTENSION else 0
            while kind != 0:
                if network.end - at < size + 4:
                    return self.why_not(size + 4)
                octets = network.buf[at + size] << 2
                if octets == 0:
                    return COUNT_NOT_TCP
                size += octets
                if network.end - at < size:
                    return self.why_not(size)
                kind = network.buf[at + size - 1]
        return self.goes_on(size, IP)

    def teredo(self) -> int:
        """Read Teredo's indications, if there are any (RFC 4380 5.1.1); IPv6 follows."""
        network = self.network
        at = network.at
        if network.end - at < 8:
            return self.why_not(8)
        size = 0
        if network.u16(at) == 1:  # authentication: two lengths, nonce and confirmation
            size = 13 + network.buf[at + 2] + network.buf[at + 3]
            if network.end - at < size + 8:
                return self.why_not(size + 8)
        if network.u16(at + size) == 0:  # origin
            size += 8
        if network.end - at < size + 1:
            return self.why_not(size + 1)
        if network.buf[at + size] >> 4 != 6:
            return COUNT_NOT_TCP
        network.at = at + size
        return network.ip(6)
