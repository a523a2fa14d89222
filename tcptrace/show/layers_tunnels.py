"""The frame view of tunnels: one function a header, named as in ``wire.tunnels``."""

from tcptrace.show.layers_ip import dissect_ip, dissect_ipv4, dissect_ipv6, protocol_name
from tcptrace.show.layers_links import type_word
from tcptrace.show.layers_model import Field, Layer, Rest, Taken, cut, hex_octets, word
from tcptrace.show.layers_serial import bounded
from tcptrace.wire import headers

MAX_LABELS = 32
ETHERNET_TYPES = (0x0800, 0x86DD, 0x8100, 0x88A8, 0x8847, 0x8864)
LABELS = {0: "explicit null, IPv4", 1: "router alert", 2: "explicit null, IPv6", 3: "implicit null"}


def _not_this(name: str, data: bytes) -> Taken:
    """Say that what the port announces is not there."""
    return [Layer("Tunnel", name, [], f"it does not look like it: {hex_octets(data)}")], None


def dissect_mpls(rest: Rest) -> Taken:
    """RFC 3032: a stack of labels; below it IP, or Ethernet with a control word or without (RFC 4448)."""
    data, at = rest.data, 0
    layer = Layer("Tunnel", "MPLS")
    for _ in range(MAX_LABELS):
        if len(data) < at + 4:
            layer.note = "the capture ends within the labels"
            return [layer], None
        entry = word(data, at, 4)
        at += 4
        meaning = f"class {entry >> 9 & 7}, time to live {entry & 255}; {LABELS.get(entry >> 12, 'a path')}"
        layer.fields.append(Field("label", str(entry >> 12), meaning))
        if entry & 0x100:
            break
    else:
        layer.note = "more labels than are read here"
        return [layer], None
    body = data[at:]
    nibble = body[0] >> 4 if body else 15
    if nibble in (4, 6):
        layers, following = (dissect_ipv4 if nibble == 4 else dissect_ipv6)(body, rest.missing)
        return [layer, *layers], following
    for size in (4, 0) if nibble == 0 else (0,):
        if nibble != 1 and len(body) >= size + 14 and word(body, size + 12) in ETHERNET_TYPES:
            if size:
                layer.fields.append(Field("control word", body[:4].hex(" "), "of a pseudowire (RFC 4385)"))
            return [layer], Rest(headers.ETHERNET, 0, body[size:], rest.missing)
    layer.note = f"neither IP nor Ethernet: {hex_octets(body)}"
    return [layer], None


def dissect_authentication(rest: Rest) -> Taken:
    """RFC 4302, behind IPv4; behind IPv6 it is among the extension headers."""
    data = rest.data
    size = (data[1] + 2) * 4 if len(data) > 1 else 12
    if len(data) < max(size, 12):
        return [cut("Network", "authentication header", data, max(size, 12))], None
    fields = [
        Field("next header", str(data[0]), f"what follows: {protocol_name(data[0])}"),
        Field("SPI", f"0x{word(data, 4, 4):08x}", "the number of the association"),
        Field("sequence number", str(word(data, 8, 4)), "against replay"),
        Field("check value", data[12:size].hex() or "(none)", "not checked: the key is not known"),
    ]
    rest = Rest(headers.PROTOCOL, data[0], data[size:], rest.missing, rest.addresses)
    return [Layer("Network", "authentication header (AH)", fields)], rest


def dissect_gre(rest: Rest) -> Taken:
    """RFC 2784, RFC 2890; version 1 is PPTP's (RFC 2637)."""
    data = rest.data
    if len(data) < 4:
        return [cut("Tunnel", "GRE", data, 4)], None
    flags, kind = word(data, 0), word(data, 2)
    version = flags & 7
    layer = Layer("Tunnel", "GRE" if version == 0 else f"GRE version {version}")
    names = [name for bit, name in ((0x8000, "checksum"), (0x4000, "routing"), (0x2000, "key"), (0x1000, "sequence"))
             if flags & bit]  # fmt: skip
    layer.fields.append(Field("flags", f"0x{flags:04x}", ", ".join(names) or "no optional fields"))
    if version > 1:
        layer.note = f"not known here: {hex_octets(data[4:])}"
        return [layer], None
    at = 4
    optional = (
        (0xC000, "checksum", "and where the routes begin"),
        (0x2000, "key", "tells the flows of the tunnel" if version == 0 else "payload length and call"),
        (0x1000, "sequence", "number of the packet"),
        (0x0080 if version else 0, "acknowledgement", "what has arrived"),
    )
    for bits, name, meaning in optional:
        if flags & bits:
            layer.fields.append(Field(name, f"0x{word(data, at, 4):08x}", meaning))
            at += 4
    while flags & 0x4000 and len(data) >= at + 4:
        size = data[at + 3]
        at += 4 + size
        if size == 0:
            break
    if len(data) < at:
        return [cut("Tunnel", "GRE", data, at)], None
    layer.fields.append(Field("protocol", f"0x{kind:04x}", f"what follows: {type_word(kind)}"))
    if kind in (0x88BE, 0x22EB):
        layers, following = _erspan(data[at:], rest.missing, bool(flags & 0x1000))
        return [layer, *layers], following
    if kind <= 1500:
        layer.note = f"no ethertype: {hex_octets(data[at:])}"
        return [layer], None
    return [layer], Rest(headers.ETHERTYPE, kind, data[at:], rest.missing)


def _erspan(data: bytes, missing: int, has_sequence: bool) -> Taken:
    """draft-foschiano-erspan: types I (no header), II and III."""
    if not has_sequence:
        return [Layer("Tunnel", "ERSPAN type I", [], "no header of its own")], Rest(
            headers.ETHERNET, 0, data, missing
        )
    if len(data) < 12:
        return [cut("Tunnel", "ERSPAN", data, 12)], None
    version, session = data[0] >> 4, word(data, 2) & 0x03FF
    fields = [
        Field("VLAN", str(word(data, 0) & 0x0FFF), "of the mirrored frame"),
        Field("session", str(session), "number of the mirroring"),
    ]
    if version == 1:
        return [Layer("Tunnel", "ERSPAN type II", fields)], Rest(headers.ETHERNET, 0, data[8:], missing)
    if version != 2:
        return _not_this("ERSPAN", data)
    bits = word(data, 10)
    size, content = 20 if bits & 1 else 12, bits >> 10 & 31
    fields.append(Field("timestamp", str(word(data, 4, 4)), "of the switch that mirrors"))
    layer = Layer("Tunnel", "ERSPAN type III", fields)
    if len(data) < size:
        return [cut("Tunnel", "ERSPAN type III", data, size)], None
    if content == 0:
        return [layer], Rest(headers.ETHERNET, 0, data[size:], missing)
    if content == 2:
        return [layer], Rest(headers.IP, 0, data[size:], missing)
    layer.note = f"content {content} is not taken apart here: {hex_octets(data[size:])}"
    return [layer], None


def dissect_etherip(rest: Rest) -> Taken:
    """RFC 3378."""
    if len(rest.data) < 2:
        return [cut("Tunnel", "EtherIP", rest.data, 2)], None
    fields = [Field("version", str(rest.data[0] >> 4), "it is 3")]
    return [Layer("Tunnel", "EtherIP", fields)], Rest(headers.ETHERNET, 0, rest.data[2:], rest.missing)


def dissect_vxlan(rest: Rest) -> Taken:
    """RFC 7348 5."""
    data = rest.data
    if len(data) < 8:
        return [cut("Tunnel", "VXLAN", data, 8)], None
    if not data[0] & 8:
        return _not_this("VXLAN", data)
    fields = [Field("network", str(word(data, 4, 3)), "which of the virtual networks (VNI)")]
    return [Layer("Tunnel", "VXLAN", fields)], Rest(headers.ETHERNET, 0, data[8:], rest.missing)


def dissect_vxlan_gpe(rest: Rest) -> Taken:
    """draft-ietf-nvo3-vxlan-gpe 3."""
    data = rest.data
    if len(data) < 8:
        return [cut("Tunnel", "VXLAN-GPE", data, 8)], None
    if data[0] & 0x0C != 0x0C:
        return _not_this("VXLAN-GPE", data)
    names = {1: "IPv4", 2: "IPv6", 3: "Ethernet", 5: "MPLS"}
    fields = [
        Field("network", str(word(data, 4, 3)), "which of the virtual networks (VNI)"),
        Field("next protocol", str(data[3]), f"what follows: {names.get(data[3], 'not known here')}"),
    ]
    layer, body = Layer("Tunnel", "VXLAN-GPE", fields), data[8:]
    if data[3] in (3, 5):
        return [layer], Rest(headers.ETHERNET if data[3] == 3 else headers.MPLS, 0, body, rest.missing)
    if data[3] in (1, 2):
        layers, following = (dissect_ipv4 if data[3] == 1 else dissect_ipv6)(body, rest.missing)
        return [layer, *layers], following
    layer.note = f"not taken apart here: {hex_octets(body)}"
    return [layer], None


def dissect_geneve(rest: Rest) -> Taken:
    """RFC 8926 3.4."""
    data = rest.data
    if len(data) < 8:
        return [cut("Tunnel", "GENEVE", data, 8)], None
    size, kind = 8 + (data[0] & 63) * 4, word(data, 2)
    if data[0] >> 6 or kind <= 1500:
        return _not_this("GENEVE", data)
    if len(data) < size:
        return [cut("Tunnel", "GENEVE", data, size)], None
    fields = [
        Field("network", str(word(data, 4, 3)), "which of the virtual networks (VNI)"),
        Field("options", f"{size - 8} octets", data[8:size].hex(" ")),
        Field("protocol", f"0x{kind:04x}", f"what follows: {type_word(kind)}"),
    ]
    return [Layer("Tunnel", "GENEVE", fields)], Rest(headers.ETHERTYPE, kind, data[size:], rest.missing)


def dissect_gtp_u(rest: Rest) -> Taken:
    """3GPP TS 29.281 5.1: version 1, user plane."""
    data = rest.data
    if len(data) < 8:
        return [cut("Tunnel", "GTP-U", data, 8)], None
    if data[0] & 0xF0 != 0x30 or data[1] != 255:
        return _not_this("GTP-U", data)
    length = word(data, 2)
    fields = [
        Field("message", str(data[1]), "a subscriber's packet"),
        Field("length", str(length), "octets behind the first eight"),
        Field("tunnel", f"0x{word(data, 4, 4):08x}", "its number at the receiver (TEID)"),
    ]
    size = 8
    if data[0] & 7:
        size, following = 12, data[11] if len(data) > 11 and data[0] & 4 else 0
        if data[0] & 2:
            fields.append(Field("sequence", str(word(data, 8)), "number of the packet"))
        while following:
            octets = data[size] * 4 if size < len(data) else 0
            if octets == 0 or len(data) < size + octets:
                return [Layer("Tunnel", "GTP-U", fields, "the extension headers are cut or malformed")], None
            fields.append(
                Field("extension", f"0x{following:02x}", data[size + 1 : size + octets - 1].hex(" "))
            )
            size, following = size + octets, data[size + octets - 1]
    if len(data) < size:
        return [cut("Tunnel", "GTP-U", data, size)], None
    body = bounded(data[size:], rest.missing, max(8 + length - size, 0))
    return [Layer("Tunnel", "GTP-U", fields)], Rest(headers.IP, 0, *body)


def dissect_teredo(rest: Rest) -> Taken:
    """RFC 4380 5.1.1: indications, if there are any, then IPv6."""
    data, layer = rest.data, Layer("Tunnel", "Teredo")
    if data[:2] == b"\0\1":
        size = 13 + data[2] + data[3] if len(data) > 3 else 13
        if len(data) < size:
            return [cut("Tunnel", "Teredo", data, size)], None
        layer.fields.append(Field("authentication", f"{size} octets", "nonce and confirmation"))
        data = data[size:]
    if data[:2] == b"\0\0" and len(data) >= 8:
        port = word(data, 2) ^ 0xFFFF
        address = ".".join(str(octet ^ 255) for octet in data[4:8])
        layer.fields.append(Field("origin", f"{address}:{port}", "where the relay saw the sender"))
        data = data[8:]
    if data[:1] and data[0] >> 4 != 6:
        return _not_this("Teredo", data)
    layers, following = dissect_ip(data, rest.missing)
    return [layer, *layers], following
