"""A frame layer by layer, each field with its value and a word of meaning: the way in, and the link layer.

``dissect`` takes any octets of any link type: what is cut, malformed or unknown is said in a note, and
nothing raises. Values are escaped where they are made, since they come from the network.
"""

from collections.abc import Callable, Iterator

from tcptrace.show.ladder_layout import fit
from tcptrace.show.layers_ip import dissect_ipv4, dissect_ipv6
from tcptrace.show.layers_model import Field, Layer, Line, cut, hex_octets
from tcptrace.wire.links import (
    ALWAYS_IPV4,
    ALWAYS_IPV6,
    BY_ETHERTYPE,
    BY_FAMILY,
    BY_FAMILY_BIG,
    LINK_TYPES,
    link_name,
)

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
ETHERTYPES = {
    IPV4: "IPv4",
    IPV6: "IPv6",
    ARP: "ARP",
    0x8035: "RARP",
    0x8100: "VLAN tag (802.1Q)",
    0x88A8: "VLAN tag (802.1ad, QinQ)",
    0x9100: "VLAN tag (old QinQ)",
    0x8847: "MPLS",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE session",
    0x888E: "EAPOL",
    0x88CC: "LLDP",
    0x88F7: "PTP",
}
VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
MAX_TAGS = 16

# Address families as NULL and LOOP have them: IPv6's number differs from system to system.
FAMILIES = {
    2: "IPv4",
    10: "IPv6 (Linux)",
    24: "IPv6 (NetBSD, OpenBSD)",
    28: "IPv6 (FreeBSD)",
    30: "IPv6 (macOS)",
}

SLL_TYPES = {
    0: "to this machine",
    1: "broadcast",
    2: "multicast",
    3: "to another machine",
    4: "sent by this machine",
}
DEVICES = {1: "Ethernet", 772: "loopback", 512: "PPP", 776: "IPv6 in IPv4", 778: "GRE", 65534: "none"}

Network = Callable[[bytes, int], list[Layer]]


def dissect(frame: bytes, link: int, wire: int) -> list[Layer]:
    """Return the layers of a captured frame that had ``wire`` octets and link type ``link``."""
    row = next((row for row in LINK_TYPES if row.number == link), None)
    missing = wire - len(frame)  # octets that the snap length cut off
    if row is None:
        note = f"link type {link_name(link)} has no row in the table: {hex_octets(frame)}"
        return [Layer("Link", link_name(link), [], note)]
    if row.kind == BY_ETHERTYPE:
        if row.name == "ETHERNET":
            return _ethernet(frame, missing)
        return _sll(frame, missing) if row.header == 16 else _sll2(frame, missing)
    if row.kind in (BY_FAMILY, BY_FAMILY_BIG):
        return _family(frame, missing, row.name, row.kind == BY_FAMILY_BIG)
    layer = Layer("Link", row.name, [], "no link header: the frame begins with the IP header")
    if row.kind == ALWAYS_IPV4:
        return [layer, *dissect_ipv4(frame, missing)]
    if row.kind == ALWAYS_IPV6:
        return [layer, *dissect_ipv6(frame, missing)]
    return [layer, *_by_version(frame, missing)]


def _by_version(data: bytes, missing: int) -> list[Layer]:
    """Return the network layers by the version in the first four bits."""
    version = data[0] >> 4 if data else 0
    if version == 4:
        return dissect_ipv4(data, missing)
    if version == 6:
        return dissect_ipv6(data, missing)
    return [Layer("Network", "unknown", [], f"neither IPv4 nor IPv6: {hex_octets(data)}")]


def _family(frame: bytes, missing: int, name: str, is_big: bool) -> list[Layer]:
    """NULL and LOOP: four octets of address family, NULL's in the byte order of the machine that captured."""
    if len(frame) < 4:
        return [cut("Link", name, frame, 4)]
    family, order = int.from_bytes(frame[:4], "big"), "big endian"
    if not is_big and family > 0xFFFF:
        family, order = int.from_bytes(frame[:4], "little"), "little endian"
    field = Field("address family", str(family), f"{FAMILIES.get(family, 'not IP')}; {order}")
    layer = Layer("Link", f"{name} (loopback)", [field])
    if family == 2:
        return [layer, *dissect_ipv4(frame[4:], missing)]
    if family in FAMILIES:
        return [layer, *dissect_ipv6(frame[4:], missing)]
    return [layer, Layer("Network", "not IP", [], hex_octets(frame[4:]))]


def _ethernet(frame: bytes, missing: int) -> list[Layer]:
    """Ethernet II, or IEEE 802.3 with LLC."""
    if len(frame) < 14:
        return [cut("Link", "Ethernet", frame, 14)]
    target = (
        "everybody on the link" if frame[:6] == b"\xff" * 6 else "a group" if frame[0] & 1 else "one machine"
    )
    fields = [
        Field(
            "destination",
            _mac(frame[:6]),
            f"for {target} on this link" if frame[0] & 1 == 0 else f"for {target}",
        ),
        Field("source", _mac(frame[6:12]), "who sent it on this link"),
    ]
    layer = Layer("Link", "Ethernet", fields)
    return [layer, *_by_ethertype(layer, frame, 12, missing)]


def _sll(frame: bytes, missing: int) -> list[Layer]:
    """Linux cooked capture (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html)."""
    if len(frame) < 16:
        return [cut("Link", "Linux cooked capture", frame, 16)]
    way, device, size = (int.from_bytes(frame[at : at + 2], "big") for at in (0, 2, 4))
    fields = [
        Field("direction", str(way), SLL_TYPES.get(way, "unknown")),
        Field("device type", str(device), DEVICES.get(device, "ARPHRD number")),
        Field("source", _mac(frame[6 : 6 + min(size, 8)]) or "(none)", "who sent it on this link"),
    ]
    layer = Layer("Link", "Linux cooked capture", fields)
    return [layer, *_by_ethertype(layer, frame, 14, missing)]


def _sll2(frame: bytes, missing: int) -> list[Layer]:
    """Linux cooked capture v2 (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html)."""
    if len(frame) < 20:
        return [cut("Link", "Linux cooked capture v2", frame, 20)]
    device = int.from_bytes(frame[8:10], "big")
    fields = [
        Field("interface", str(int.from_bytes(frame[4:8], "big")), "its number on the machine that captured"),
        Field("device type", str(device), DEVICES.get(device, "ARPHRD number")),
        Field("direction", str(frame[10]), SLL_TYPES.get(frame[10], "unknown")),
        Field("source", _mac(frame[12 : 12 + min(frame[11], 8)]) or "(none)", "who sent it on this link"),
    ]
    layer = Layer("Link", "Linux cooked capture v2", fields)
    ethertype = int.from_bytes(frame[:2], "big")
    return [layer, *_network(layer, ethertype, frame[20:], missing)]


def _by_ethertype(layer: Layer, frame: bytes, at: int, missing: int) -> list[Layer]:
    """Take VLAN tags off into ``layer`` and return what follows them."""
    ethertype = int.from_bytes(frame[at : at + 2], "big")
    at += 2
    for _ in range(MAX_TAGS):
        if ethertype not in VLAN_TAGS:
            break
        if len(frame) < at + 4:
            layer.note = "the capture ends within a VLAN tag"
            return []
        tag = int.from_bytes(frame[at : at + 2], "big")
        meaning = f"priority {tag >> 13}; {ETHERTYPES[ethertype]}"
        layer.fields.append(Field("VLAN", str(tag & 0x0FFF), meaning))
        ethertype = int.from_bytes(frame[at + 2 : at + 4], "big")
        at += 4
    if ethertype < 0x0600:  # IEEE 802.3: a length, and then LLC says what follows
        layer.fields.append(Field("length", str(ethertype), "IEEE 802.3: octets that follow, not a type"))
        if frame[at : at + 3] != b"\xaa\xaa\x03" or len(frame) < at + 8:
            return [Layer("Network", "LLC", [], f"not IP: {hex_octets(frame[at:])}")]
        layer.fields.append(Field("LLC/SNAP", frame[at + 3 : at + 6].hex(":"), "the type follows"))
        ethertype = int.from_bytes(frame[at + 6 : at + 8], "big")
        at += 8
    return _network(layer, ethertype, frame[at:], missing)


def _network(layer: Layer, ethertype: int, data: bytes, missing: int) -> list[Layer]:
    """Add the ethertype to the link layer and return the layers that it announces."""
    known = ETHERTYPES.get(ethertype, "not known here")
    layer.fields.append(Field("type", f"0x{ethertype:04x}", f"what follows: {known}"))
    if ethertype == IPV4:
        return dissect_ipv4(data, missing)
    if ethertype == IPV6:
        return dissect_ipv6(data, missing)
    if ethertype == ARP:
        return [_arp(data)]
    return [Layer("Network", known, [], f"not taken apart here: {hex_octets(data)}")]


def _arp(data: bytes) -> Layer:
    """RFC 826, for IPv4 on Ethernet."""
    if len(data) < 28 or data[:6] != b"\0\1\x08\0\6\4":
        return Layer("Network", "ARP", [], f"cut, or not for IPv4 on Ethernet: {hex_octets(data)}")
    operation = int.from_bytes(data[6:8], "big")
    words = {1: "request: who has the target's address?", 2: "reply: I have it"}
    ips = [".".join(str(octet) for octet in data[at : at + 4]) for at in (14, 24)]
    fields = [
        Field("operation", str(operation), words.get(operation, "unknown")),
        Field("sender", ips[0], _mac(data[8:14])),
        Field("target", ips[1], _mac(data[18:24])),
    ]
    return Layer("Network", "ARP", fields)


def _mac(octets: bytes) -> str:
    """Return a link address as pairs of digits."""
    return octets.hex(":")


def layer_lines(layers: list[Layer], width: int = 80) -> Iterator[Line]:
    """Yield the layers as lines: a heading each, then name, value and meaning in columns."""
    name_column, value_column = 18, 26
    for layer in layers:
        heading = f"{layer.level}: "
        for text in fit(layer.name.split(" "), " ", max(width - len(heading), 16)):
            yield [(heading, "muted"), (text, "strong")]
            heading = " " * len(heading)
        for field in layer.fields:
            left = name_column + 2
            meaning_at = left + value_column
            room = max(width - left, 16)
            values = fit(field.value.split(" "), " ", room) or [""]
            first: Line = [(f"  {field.name:<{name_column}}"[: left - 1] + " ", "muted"), (values[0], "")]
            if len(values) == 1 and len(values[0]) < value_column and width - meaning_at >= 16:
                meanings = fit(field.meaning.split(" "), " ", width - meaning_at) if field.meaning else []
                if meanings:
                    first.append((" " * (value_column - len(values[0])) + meanings[0], "muted"))
                yield first
                for text in meanings[1:]:
                    yield [(" " * meaning_at, ""), (text, "muted")]
                continue
            yield first
            for text in values[1:]:
                yield [(" " * left, ""), (text, "")]
            if field.meaning:
                for text in fit(field.meaning.split(" "), " ", room):
                    yield [(" " * left, ""), (text, "muted")]
        if layer.note:
            for text in fit(layer.note.split(" "), " ", max(width - 2, 16)):
                yield [("  ", ""), (text, "note")]
