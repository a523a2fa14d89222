"""A frame layer by layer, each field with its value and a word of meaning: the way in.

``dissect`` takes any octets of any link type: what is cut, malformed or unknown is said in a note, and
nothing raises. Values are escaped where they are made, since they come from the network. Each header is taken
apart by a function of its own, which says what is in it; ``READERS`` says who takes that apart.
"""

from collections.abc import Callable

from tcptrace.show import layers_capture as capture
from tcptrace.show import layers_links as links
from tcptrace.show import layers_serial as serial
from tcptrace.show import layers_tunnels as tunnels
from tcptrace.show.layers_ip import dissect_ip, dissect_ipv4, dissect_ipv6
from tcptrace.show.layers_model import Field, Layer, Rest, Taken, cut, hex_octets
from tcptrace.show.layers_transport import dissect_transport
from tcptrace.wire import headers
from tcptrace.wire.fragments import Whole
from tcptrace.wire.links import (
    ALWAYS_IPV4,
    ALWAYS_IPV6,
    BY_COOKED,
    BY_FAMILY,
    BY_FAMILY_BIG,
    LINK_TYPES,
    LinkType,
    link_name,
)

MAX_HEADERS = 64
RAW = 101

# Who takes apart what: one row for each header of ``wire.headers``.
READERS: dict[int, Callable[[Rest], Taken]] = {
    headers.ETHERTYPE: links.dissect_ethertype,
    headers.ETHERNET: links.dissect_ethernet,
    headers.LLC: links.dissect_llc,
    headers.IP: lambda rest: dissect_ip(rest.data, rest.missing),
    headers.MPLS: tunnels.dissect_mpls,
    headers.PPP: serial.dissect_ppp,
    headers.PPP_HDLC: serial.dissect_ppp_hdlc,
    headers.PPP_FIELD: serial.dissect_ppp_field,
    headers.PPPOE: serial.dissect_pppoe,
    headers.CISCO_HDLC: serial.dissect_cisco_hdlc,
    headers.FRAME_RELAY: serial.dissect_frame_relay,
    headers.IEEE802_11: capture.dissect_wireless,
    headers.RADIOTAP: capture.dissect_radiotap,
    headers.PRISM: capture.dissect_prism,
    headers.AVS: capture.dissect_avs,
    headers.NFLOG: capture.dissect_nflog,
    headers.PKTAP: lambda rest: _metadata(capture.pktap, rest),
    headers.PPI: lambda rest: _metadata(capture.ppi, rest),
    headers.VXLAN: tunnels.dissect_vxlan,
    headers.VXLAN_GPE: tunnels.dissect_vxlan_gpe,
    headers.GENEVE: tunnels.dissect_geneve,
    headers.GTP_U: tunnels.dissect_gtp_u,
    headers.TEREDO: tunnels.dissect_teredo,
    headers.PROTOCOL: lambda rest: PROTOCOLS.get(rest.number, dissect_transport)(rest),
}

# IP's protocols that carry another header; the others are the transport layer's.
PROTOCOLS: dict[int, Callable[[Rest], Taken]] = {
    4: lambda rest: dissect_ipv4(rest.data, rest.missing),
    41: lambda rest: dissect_ipv6(rest.data, rest.missing),
    47: tunnels.dissect_gre,
    51: tunnels.dissect_authentication,
    94: lambda rest: dissect_ip(rest.data, rest.missing),
    97: tunnels.dissect_etherip,
    137: tunnels.dissect_mpls,
    143: links.dissect_ethernet,
}


def dissect(frame: bytes, link: int, wire: int) -> list[Layer]:
    """Return the layers of a captured frame that had ``wire`` octets and link type ``link``."""
    layers, rest = _link(frame, link, wire - len(frame))
    for _ in range(MAX_HEADERS):
        if rest is None:
            return layers
        more, rest = READERS[rest.what](rest)
        layers += more
    layers.append(Layer("Network", "more headers", [], f"more than {MAX_HEADERS} are not taken apart"))
    return layers


def dissect_datagram(whole: Whole) -> list[Layer]:
    """Return the layers of a datagram that was put together from fragments, the first says from which."""
    frames = ", ".join(str(frame) for frame in whole.frames)
    fields = [
        Field("fragments", str(len(whole.frames)), "the last of which came in this frame"),
        Field("frames", frames, ""),
        Field("length", f"{whole.size} octets", "with its IP header"),
    ]
    return [Layer("Network", "datagram put together", fields), *dissect(whole.octets, RAW, whole.size)[1:]]


def _link(frame: bytes, link: int, missing: int) -> Taken:
    """Take the link header apart, by the row of the table; ``missing`` octets were not captured."""
    row = next((row for row in LINK_TYPES if row.number == link), None)
    if row is None:
        note = f"link type {link_name(link)} ({link}) is not taken apart here: {hex_octets(frame)}"
        return [Layer("Link", link_name(link), [], note)], None
    if row.kind >= headers.FIRST_HEADER:
        if len(frame) < row.header:
            return [cut("Link", row.name, frame, row.header)], None
        return [], Rest(row.kind, 0, frame[row.header :], missing)
    return _common(row, frame, missing)


def _common(row: LinkType, frame: bytes, missing: int) -> Taken:
    """Take apart a header of the common road."""
    if row.name == "ETHERNET":
        return links.dissect_ethernet(Rest(headers.ETHERNET, 0, frame, missing))
    if row.kind == BY_COOKED:
        return (links.dissect_sll if row.header == 16 else links.dissect_sll2)(frame, missing)
    if row.kind in (BY_FAMILY, BY_FAMILY_BIG):
        return links.dissect_family(frame, missing, row.name, row.header, row.kind == BY_FAMILY_BIG)
    if row.kind in (ALWAYS_IPV4, ALWAYS_IPV6):
        layer = Layer("Link", row.name, [], "no link header: the frame begins with the IP header")
        layers, rest = (dissect_ipv4 if row.kind == ALWAYS_IPV4 else dissect_ipv6)(frame, missing)
        return [layer, *layers], rest
    return links.dissect_plain(frame, missing, row.name, row.header, row.ethertype_at)


def _metadata(read: Callable[[bytes], tuple[list[Layer], int, int]], rest: Rest) -> Taken:
    """Take metadata apart, and the frame of another link type that is behind it."""
    layers, size, link = read(rest.data)
    if link < 0:
        return layers, None
    more, following = _link(rest.data[size:], link, rest.missing)
    return [*layers, *more], following
