"""The frame view's link layer: Ethernet, VLAN tags, LLC, Linux's cooked headers, loopback, ARP."""

from tcptrace.show.layers_ip import dissect_ip, dissect_ipv4, dissect_ipv6
from tcptrace.show.layers_model import Field, Layer, Rest, Taken, cut, hex_octets, mac, word
from tcptrace.wire import headers

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
ETHERTYPES = {
    IPV4: "IPv4",
    IPV6: "IPv6",
    ARP: "ARP",
    0x6558: "Ethernet",
    0x8035: "RARP",
    0x8100: "VLAN tag (802.1Q)",
    0x880B: "PPP",
    0x88A8: "VLAN tag (802.1ad, QinQ)",
    0x9100: "VLAN tag (old QinQ)",
    0x8847: "MPLS",
    0x8848: "MPLS (multicast)",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE session",
    0x888E: "EAPOL",
    0x88BE: "ERSPAN",
    0x88CC: "LLDP",
    0x88E7: "provider backbone bridge (802.1ah)",
    0x88F7: "PTP",
    0x22EB: "ERSPAN III",
}
VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
MAX_TAGS = 16
# Ethertypes behind which lies a header of its own.
FOLLOWING = {
    0x6558: headers.ETHERNET,
    0x8847: headers.MPLS,
    0x8848: headers.MPLS,
    0x8864: headers.PPPOE,
    0x880B: headers.PPP,
}

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
DEVICES = {
    1: "Ethernet",
    512: "PPP",
    770: "frame relay",
    772: "loopback",
    776: "IPv6 in IPv4",
    778: "GRE",
    801: "802.11",
    802: "802.11 with Prism header",
    803: "802.11 with radiotap",
    824: "netlink",
    65534: "none",
}
DEVICE_HEADERS = {
    770: headers.FRAME_RELAY,
    801: headers.IEEE802_11,
    802: headers.PRISM,
    803: headers.RADIOTAP,
}


def type_word(ethertype: int) -> str:
    """Return what an ethertype announces."""
    return ETHERTYPES.get(ethertype, "not known here")


def dissect_family(frame: bytes, missing: int, name: str, size: int, is_big: bool) -> Taken:
    """NULL, LOOP, ENC: four octets of family, but for LOOP's in the byte order of the machine that captured."""
    if len(frame) < size:
        return [cut("Link", name, frame, size)], None
    family, order = word(frame, 0, 4), "big endian"
    if not is_big and family > 0xFFFF:
        family, order = int.from_bytes(frame[:4], "little"), "little endian"
    fields = [Field("address family", str(family), f"{FAMILIES.get(family, 'not IP')}; {order}")]
    if size > 4:
        fields.append(Field("SPI", f"0x{word(frame, 4, 4):08x}", "IPsec's number for the association"))
    layer = Layer("Link", f"{name} ({'IPsec' if size > 4 else 'loopback'})", fields)
    if family not in FAMILIES:
        return [layer, Layer("Network", "not IP", [], hex_octets(frame[size:]))], None
    layers, rest = (dissect_ipv4 if family == 2 else dissect_ipv6)(frame[size:], missing)
    return [layer, *layers], rest


def dissect_ethernet(rest: Rest) -> Taken:
    """Ethernet II, or IEEE 802.3 with LLC."""
    frame = rest.data
    if len(frame) < 14:
        return [cut("Link", "Ethernet", frame, 14)], None
    target = (
        "everybody" if frame[:6] == b"\xff" * 6 else "a group" if frame[0] & 1 else "one machine on this link"
    )
    fields = [
        Field("destination", mac(frame[:6]), f"for {target}"),
        Field("source", mac(frame[6:12]), "who sent it on this link"),
    ]
    layer = Layer("Link", "Ethernet", fields)
    return [layer], follow_ethertype(layer, frame, 12, rest.missing)


def dissect_sll(frame: bytes, missing: int) -> Taken:
    """Linux cooked capture (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html)."""
    if len(frame) < 16:
        return [cut("Link", "Linux cooked capture", frame, 16)], None
    way, device, size = (word(frame, at) for at in (0, 2, 4))
    fields = [
        Field("direction", str(way), SLL_TYPES.get(way, "unknown")),
        Field("device type", str(device), DEVICES.get(device, "ARPHRD number")),
        Field("source", mac(frame[6 : 6 + min(size, 8)]) or "(none)", "who sent it on this link"),
    ]
    layer = Layer("Link", "Linux cooked capture", fields)
    if device in DEVICE_HEADERS:
        return [layer], Rest(DEVICE_HEADERS[device], 0, frame[16:], missing)
    return [layer], follow_ethertype(layer, frame, 14, missing)


def dissect_sll2(frame: bytes, missing: int) -> Taken:
    """Linux cooked capture v2 (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html)."""
    if len(frame) < 20:
        return [cut("Link", "Linux cooked capture v2", frame, 20)], None
    device = word(frame, 8)
    fields = [
        Field("interface", str(word(frame, 4, 4)), "its number on the machine that captured"),
        Field("device type", str(device), DEVICES.get(device, "ARPHRD number")),
        Field("direction", str(frame[10]), SLL_TYPES.get(frame[10], "unknown")),
        Field("source", mac(frame[12 : 12 + min(frame[11], 8)]) or "(none)", "who sent it on this link"),
    ]
    layer = Layer("Link", "Linux cooked capture v2", fields)
    if device in DEVICE_HEADERS:
        return [layer], Rest(DEVICE_HEADERS[device], 0, frame[20:], missing)
    return [layer], follow_ethertype(layer, frame[:2] + frame[20:], 0, missing)


def dissect_plain(frame: bytes, missing: int, name: str, size: int, ethertype_at: int) -> Taken:
    """Take a link header of ``size`` octets apart, of which the ethertype matters, if it has one."""
    if len(frame) < size:
        return [cut("Link", name, frame, size)], None
    fields = [Field("header", frame[:size].hex(" "), "not told apart here")] if size else []
    layer = Layer("Link", name, fields, "" if size else "no link header: the frame begins with the IP header")
    if ethertype_at >= 0:
        ethertype = frame[ethertype_at : ethertype_at + 2]
        return [layer], follow_ethertype(layer, ethertype + frame[size:], 0, missing)
    layers, rest = dissect_ip(frame[size:], missing)
    return [layer, *layers], rest


def follow_ethertype(layer: Layer, frame: bytes, at: int, missing: int) -> Rest | None:
    """Write the ethertype at ``at`` and VLAN tags behind it into ``layer`` and return what follows them."""
    ethertype = word(frame, at)
    at += 2
    for _ in range(MAX_TAGS):
        if ethertype not in VLAN_TAGS:
            break
        if len(frame) < at + 4:
            layer.note = "the capture ends within a VLAN tag"
            return None
        tag = word(frame, at)
        meaning = f"priority {tag >> 13}; {ETHERTYPES[ethertype]}"
        layer.fields.append(Field("VLAN", str(tag & 0x0FFF), meaning))
        ethertype = word(frame, at + 2)
        at += 4
    if ethertype <= 1500:  # IEEE 802.3: a length, and then LLC says what follows
        layer.fields.append(Field("length", str(ethertype), "IEEE 802.3: octets that follow, not a type"))
        return Rest(headers.LLC, 0, frame[at:], missing)
    layer.fields.append(Field("type", f"0x{ethertype:04x}", f"what follows: {type_word(ethertype)}"))
    return Rest(headers.ETHERTYPE, ethertype, frame[at:], missing)


def dissect_ethertype(rest: Rest) -> Taken:
    """Take apart what an ethertype announces."""
    kind, data, missing = rest.number, rest.data, rest.missing
    if kind == IPV4:
        return dissect_ipv4(data, missing)
    if kind == IPV6:
        return dissect_ipv6(data, missing)
    if kind == ARP:
        return [_arp(data)], None
    if kind in FOLLOWING:
        return [], Rest(FOLLOWING[kind], 0, data, missing)
    if kind == 0x88E7:
        if len(data) < 4:
            return [cut("Tunnel", "provider backbone bridge", data, 4)], None
        fields = [Field("service", str(word(data, 1, 3)), "which customer's network (I-SID)")]
        layer = Layer("Tunnel", "provider backbone bridge (IEEE 802.1ah)", fields)
        return [layer], Rest(headers.ETHERNET, 0, data[4:], missing)
    return [Layer("Network", type_word(kind), [], f"not taken apart here: {hex_octets(data)}")], None


def dissect_llc(rest: Rest) -> Taken:
    """IEEE 802.2, with SNAP (RFC 1042) or without."""
    data = rest.data
    if data[:3] == b"\x06\x06\x03":
        layers, following = dissect_ipv4(data[3:], rest.missing)
        return [Layer("Link", "LLC", [Field("service", "0x06", "what follows: IPv4")]), *layers], following
    if data[:3] != b"\xaa\xaa\x03" or len(data) < 8:
        return [Layer("Network", "LLC", [], f"not IP: {hex_octets(data)}")], None
    return snap(Layer("Link", "LLC with SNAP"), data[3:], rest.missing, 2)


def snap(layer: Layer, data: bytes, missing: int, pad: int) -> Taken:
    """SNAP: whose number it is, and the number; ``pad`` octets come before a bridged frame."""
    if len(data) < 5:
        return [cut("Link", "SNAP", data, 5)], None
    owner, kind = data[:3].hex(":"), word(data, 3)
    if data[:3] in (b"\0\0\0", b"\0\0\xf8") and kind > 1500:
        layer.fields.append(Field("owner", owner, "of the number that follows: it is an ethertype"))
        return [layer], follow_ethertype(layer, data, 3, missing)
    if data[:3] == b"\0\x80\xc2" and kind in (1, 7):
        layer.fields.append(Field("owner", owner, "IEEE 802.1: a bridged frame follows"))
        return [layer], Rest(headers.ETHERNET, 0, data[5 + pad :], missing)
    layer.fields.append(Field("owner", owner, "of the number that follows"))
    layer.note = f"number 0x{kind:04x} is not taken apart here: {hex_octets(data[5:])}"
    return [layer], None


def _arp(data: bytes) -> Layer:
    """RFC 826, for IPv4 on Ethernet."""
    if len(data) < 28 or data[:6] != b"\0\1\x08\0\6\4":
        return Layer("Network", "ARP", [], f"cut, or not for IPv4 on Ethernet: {hex_octets(data)}")
    operation = word(data, 6)
    words = {1: "request: who has the target's address?", 2: "reply: I have it"}
    ips = [".".join(str(octet) for octet in data[at : at + 4]) for at in (14, 24)]
    fields = [
        Field("operation", str(operation), words.get(operation, "unknown")),
        Field("sender", ips[0], mac(data[8:14])),
        Field("target", ips[1], mac(data[18:24])),
    ]
    return Layer("Network", "ARP", fields)
