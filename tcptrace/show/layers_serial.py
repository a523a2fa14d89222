"""The frame view of serial lines: PPP (RFC 1661), PPPoE (RFC 2516), Cisco HDLC, frame relay (RFC 2427)."""

from tcptrace.show.layers_ip import dissect_ipv4, dissect_ipv6
from tcptrace.show.layers_links import follow_ethertype, snap
from tcptrace.show.layers_model import Field, Layer, Rest, Taken, cut, hex_octets, word
from tcptrace.wire import headers

PPP_PROTOCOLS = {
    0x0021: "IPv4",
    0x0057: "IPv6",
    0x002D: "TCP/IP with compressed headers",
    0x003D: "multilink",
    0x0281: "MPLS",
    0x0283: "MPLS (multicast)",
    0x8021: "IPv4 control",
    0x8057: "IPv6 control",
    0xC021: "link control",
    0xC023: "password authentication",
    0xC223: "challenge authentication",
}
PPPOE_CODES = {0: "session data", 0x09: "PADI", 0x07: "PADO", 0x19: "PADR", 0x65: "PADS", 0xA7: "PADT"}
NLPIDS = {0x80: "SNAP", 0xCC: "IPv4", 0x8E: "IPv6", 0xCF: "PPP"}


def dissect_ppp(rest: Rest) -> Taken:
    """PPP, with the address and control octets of HDLC or without."""
    framing = rest.data[:2] == b"\xff\x03"
    layer = Layer("Link", "PPP")
    if framing:
        layer.fields.append(Field("address, control", "ff 03", "to all stations, unnumbered (RFC 1662)"))
    return ppp_field(layer, rest.data[2 if framing else 0 :], rest.missing)


def dissect_ppp_field(rest: Rest) -> Taken:
    """PPP from its protocol field on."""
    return ppp_field(Layer("Link", "PPP"), rest.data, rest.missing)


def dissect_ppp_hdlc(rest: Rest) -> Taken:
    """PPP or Cisco HDLC, as the first octet says."""
    return dissect_cisco_hdlc(rest) if rest.data[:1] in (b"\x0f", b"\x8f") else dissect_ppp(rest)


def ppp_field(layer: Layer, data: bytes, missing: int) -> Taken:
    """Write PPP's protocol into ``layer`` and take apart what follows."""
    size = 1 if data[:1] and data[0] & 1 else 2
    if len(data) < size:
        return [cut("Link", "PPP", data, size)], None
    number = word(data, 0, size)
    known = PPP_PROTOCOLS.get(number, "not known here")
    layer.fields.append(Field("protocol", f"0x{number:04x}", f"what follows: {known}"))
    data = data[size:]
    if number in (0x0281, 0x0283):
        return [layer], Rest(headers.MPLS, 0, data, missing)
    if number in (0x0021, 0x0057):
        layers, rest = (dissect_ipv4 if number == 0x0021 else dissect_ipv6)(data, missing)
        return [layer, *layers], rest
    layer.note = f"not taken apart here: {hex_octets(data)}"
    return [layer], None


def dissect_pppoe(rest: Rest) -> Taken:
    """PPPoE's header."""
    data = rest.data
    if len(data) < 6:
        return [cut("Link", "PPPoE", data, 6)], None
    code, session, length = data[1], word(data, 2), word(data, 4)
    fields = [
        Field("version, type", f"{data[0] >> 4}, {data[0] & 15}", "both are 1"),
        Field("code", str(code), PPPOE_CODES.get(code, "unknown")),
        Field("session", f"0x{session:04x}", "its number at the access concentrator"),
        Field("length", str(length), "octets that follow"),
    ]
    layer = Layer("Link", "PPPoE", fields)
    if code or data[0] != 0x11:
        return [layer], None
    return [layer], Rest(headers.PPP_FIELD, 0, *bounded(data[6:], rest.missing, length))


def dissect_cisco_hdlc(rest: Rest) -> Taken:
    """Cisco HDLC: address, control, ethertype."""
    data = rest.data
    if len(data) < 4:
        return [cut("Link", "Cisco HDLC", data, 4)], None
    words = {0x0F: "to the other end", 0x8F: "to all"}
    layer = Layer("Link", "Cisco HDLC", [Field("address", f"0x{data[0]:02x}", words.get(data[0], "unknown"))])
    return [layer], follow_ethertype(layer, data, 2, rest.missing)


def dissect_frame_relay(rest: Rest) -> Taken:
    """Frame relay: a Q.922 address, then RFC 2427's header or Cisco's ethertype."""
    data = rest.data
    if len(data) < 4:
        return [cut("Link", "frame relay", data, 4)], None
    size = next((at + 1 for at in range(4) if data[at] & 1), 0)
    if size < 2:
        return [
            Layer("Link", "frame relay", [], f"no address of two to four octets: {hex_octets(data)}")
        ], None
    circuit = (data[0] >> 2) << 4 | data[1] >> 4
    for octet in data[2:size]:
        circuit = circuit << 7 | octet >> 1
    layer = Layer(
        "Link", "frame relay", [Field("circuit", str(circuit), "the number of the connection (DLCI)")]
    )
    data = data[size:]
    if len(data) < 3:
        return [cut("Link", "frame relay", rest.data, size + 3)], None
    if data[0] != 3:
        return [layer], follow_ethertype(layer, data, 0, rest.missing)
    data = data[2:] if data[1] == 0 else data[1:]
    number, data = data[0], data[1:]
    layer.fields.append(
        Field("network layer", f"0x{number:02x}", f"what follows: {NLPIDS.get(number, 'not known here')}")
    )
    if number == 0x80:
        return snap(layer, data, rest.missing, 0)
    if number == 0xCF:
        return ppp_field(layer, data, rest.missing)
    if number in (0xCC, 0x8E):
        layers, following = (dissect_ipv4 if number == 0xCC else dissect_ipv6)(data, rest.missing)
        return [layer, *layers], following
    layer.note = f"not taken apart here: {hex_octets(data)}"
    return [layer], None


def bounded(data: bytes, missing: int, length: int) -> tuple[bytes, int]:
    """Return what is within ``length`` octets, and how many of those are missing."""
    kept = data[:length]
    return kept, max(min(length, len(data) + missing) - len(kept), 0)
