"""The network layer of the frame view: IPv4 (RFC 791) and IPv6 (RFC 8200)."""

from ipaddress import IPv4Address, IPv6Address

from tcptrace.show.layers_model import Addresses, Field, Layer, Rest, Taken, cut, hex_octets, ones_sum
from tcptrace.wire.headers import PROTOCOL

PROTOCOLS = {
    0: "hop-by-hop options",
    1: "ICMP",
    2: "IGMP",
    4: "IPv4 in IP",
    6: "TCP",
    17: "UDP",
    41: "IPv6 in IP",
    43: "routing header",
    44: "fragment header",
    47: "GRE",
    50: "ESP (encrypted)",
    51: "authentication header",
    58: "ICMPv6",
    59: "nothing follows",
    60: "destination options",
    89: "OSPF",
    94: "IP in IP",
    97: "Ethernet in IP",
    103: "PIM",
    112: "VRRP",
    132: "SCTP",
    137: "MPLS in IP",
    143: "Ethernet",
}
ECN = ("not ECN-capable", "ECN-capable (1)", "ECN-capable (0)", "congestion experienced")
EXTENSIONS = (0, 43, 51, 60)
MAX_EXTENSIONS = 32


def protocol_name(number: int) -> str:
    """Return what an IP protocol number announces."""
    return PROTOCOLS.get(number, "not known here")


def dissect_ip(data: bytes, missing: int) -> Taken:
    """Take apart what has its version in the first four bits."""
    version = data[0] >> 4 if data else 0
    if version == 4:
        return dissect_ipv4(data, missing)
    if version == 6:
        return dissect_ipv6(data, missing)
    return [Layer("Network", "unknown", [], f"neither IPv4 nor IPv6: {hex_octets(data)}")], None


def dissect_ipv4(data: bytes, missing: int) -> Taken:
    """Take IPv4 apart; ``missing`` octets of it were not captured."""
    if len(data) < 20:
        return [cut("Network", "IPv4", data, 20)], None
    size = (data[0] & 0x0F) * 4
    if data[0] >> 4 != 4 or size < 20:
        note = f"malformed: version or header length cannot be: {hex_octets(data)}"
        return [Layer("Network", "IPv4", [], note)], None
    total = int.from_bytes(data[2:4], "big")
    ident = int.from_bytes(data[4:6], "big")
    word = int.from_bytes(data[6:8], "big")
    offset = (word & 0x1FFF) * 8
    flags = [
        name
        for bit, name in ((0x8000, "reserved"), (0x4000, "don't fragment"), (0x2000, "more"))
        if word & bit
    ]
    if len(data) < size:
        checksum = "not checked: the header is cut"
    else:
        checksum = "right" if ones_sum(data[:size]) == 0xFFFF else "wrong, or left to the network card"
    source, target = str(IPv4Address(data[12:16])), str(IPv4Address(data[16:20]))
    real = total or len(data) + missing
    fields = [
        Field("source", source, "who sent it"),
        Field("destination", target, "for whom it is"),
        Field(
            "header", f"{size} octets", f"with {size - 20} octets of options" if size > 20 else "no options"
        ),
        Field("DSCP, ECN", f"{data[1] >> 2}, {data[1] & 3}", f"class of service; {ECN[data[1] & 3]}"),
        Field("total length", str(total), "header and payload" if total else "0: left to the network card"),
        Field("identification", f"0x{ident:04x}", "tells the fragments of one datagram"),
        Field("fragment", f"offset {offset}", ", ".join(flags) or "may be fragmented"),
        Field("time to live", str(data[8]), "routers that it may still pass"),
        Field("protocol", str(data[9]), f"what follows: {protocol_name(data[9])}"),
        Field("checksum", f"0x{int.from_bytes(data[10:12], 'big'):04x}", checksum),
    ]
    if size > 20:
        fields.append(Field("options", data[20:size].hex(" "), ""))
    layer = Layer("Network", "IPv4", fields)
    if total and total < size:
        layer.note = "malformed: the total length is less than the header"
        return [layer], None
    whole = len(data) + missing
    if total > whole:
        layer.note = f"the total length is beyond the frame's {whole} octets"
    elif total and total < whole and not layer.note:
        layer.note = f"{whole - total} octets after the datagram fill the frame up"
    end = min(real, whole)
    payload = data[size : min(end, len(data))]
    lost = max(end - size - len(payload), 0)
    if word & 0x3FFF and (offset or word & 0x2000):
        what = "a later fragment: it has no transport header" if offset else "the first fragment of more"
        layer.note = what
        if offset:
            return [layer], None
    return [layer], Rest(PROTOCOL, data[9], payload, lost, Addresses(data[12:16], data[16:20]))


def dissect_ipv6(data: bytes, missing: int) -> Taken:
    """Take IPv6 and its extension headers apart."""
    if len(data) < 40:
        return [cut("Network", "IPv6", data, 40)], None
    if data[0] >> 4 != 6:
        note = f"malformed: version {data[0] >> 4}: {hex_octets(data)}"
        return [Layer("Network", "IPv6", [], note)], None
    first = int.from_bytes(data[:4], "big")
    length = int.from_bytes(data[4:6], "big")
    source, target = str(IPv6Address(data[8:24])), str(IPv6Address(data[24:40]))
    traffic = first >> 20 & 0xFF
    fields = [
        Field("source", source, "who sent it"),
        Field("destination", target, "for whom it is"),
        Field("DSCP, ECN", f"{traffic >> 2}, {traffic & 3}", f"class of service; {ECN[traffic & 3]}"),
        Field("flow label", f"0x{first & 0xFFFFF:05x}", "tells the packets of one flow"),
        Field(
            "payload length",
            str(length),
            "after this header" if length else "0: jumbogram, or left to the card",
        ),
        Field("hop limit", str(data[7]), "routers that it may still pass"),
        Field("next header", str(data[6]), f"what follows: {protocol_name(data[6])}"),
    ]
    layer = Layer("Network", "IPv6", fields)
    whole = len(data) + missing
    end = min(40 + length, whole) if length else whole
    if 40 + length > whole:
        layer.note = f"the payload length is beyond the frame's {whole} octets"
    captured = data[: min(end, len(data))]
    protocol, at = data[6], 40
    for _ in range(MAX_EXTENSIONS):
        if protocol not in EXTENSIONS and protocol != 44:
            break
        if len(captured) < at + 8:
            layer.note = f"the capture ends within the {protocol_name(protocol)}"
            return [layer], None
        following = captured[at]
        if protocol == 44:
            word = int.from_bytes(captured[at + 2 : at + 4], "big")
            size, value = 8, f"offset {word & 0xFFF8}"
            more = "more follow" if word & 1 else "the last"
            meaning = f"{more}; identification 0x{captured[at + 4 : at + 8].hex()}"
        else:
            size = (captured[at + 1] + 2) * 4 if protocol == 51 else (captured[at + 1] + 1) * 8
            value, meaning = f"{size} octets", f"what follows: {protocol_name(following)}"
        fields.append(Field(protocol_name(protocol), value, meaning))
        if protocol == 44 and word & 0xFFF8:
            layer.note = "a later fragment: it has no transport header"
            return [layer], None
        protocol, at = following, at + size
    payload = captured[at:]
    lost = max(end - at - len(payload), 0)
    return [layer], Rest(PROTOCOL, protocol, payload, lost, Addresses(data[8:24], data[24:40]))
