"""The transport layer of the frame view: TCP (RFC 9293), UDP (RFC 768), ICMP."""

from tcptrace.model.tcpflags import FLAG_NAMES
from tcptrace.show.layers_application import dissect_application
from tcptrace.show.layers_model import Addresses, Field, Layer, Rest, Taken, cut, hex_octets, ones_sum, word
from tcptrace.show.text import count
from tcptrace.wire.headers import UDP_TUNNELS
from tcptrace.wire.services import SERVICES

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
FLAG_WORDS = {
    "FIN": "no more data from here",
    "SYN": "opens: sequence numbers begin here",
    "RST": "breaks the connection off",
    "PSH": "hand it to the program now",
    "ACK": "the acknowledgement number counts",
    "URG": "the urgent pointer counts",
    "ECE": "congestion was seen (or ECN is offered)",
    "CWR": "the sender has slowed down (or ECN is offered)",
    "AE": "accurate ECN",
}
ICMP_TYPES = {
    0: "echo reply",
    3: "destination unreachable",
    5: "redirect",
    8: "echo request",
    11: "time exceeded",
}
ICMPV6_TYPES = {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    143: "multicast listener report",
}
_PORT_NAMES = {port: name for name, port in reversed(SERVICES.items())}


def dissect_transport(rest: Rest) -> Taken:
    """Take the transport layer apart, and the application's first line where it is no tunnel."""
    protocol, data, lost = rest.number, rest.data, rest.missing
    addresses = rest.addresses or Addresses(b"", b"")
    if protocol == TCP:
        return _tcp(data, lost, addresses), None
    if protocol == UDP:
        return _udp(data, lost, addresses)
    if protocol == ICMP:
        return [_icmp(data, ICMP_TYPES, "ICMP")], None
    if protocol == ICMPV6:
        return [_icmp(data, ICMPV6_TYPES, "ICMPv6")], None
    return [Layer("Transport", f"protocol {protocol}", [], f"not taken apart here: {hex_octets(data)}")], None


def _checksum(protocol: int, data: bytes, lost: int, addresses: Addresses, stored: int) -> str:
    """Return what the checksum is found to be (contract, "Checksums")."""
    pseudo = (
        addresses.source
        + addresses.target
        + (len(data) + lost).to_bytes(4, "big")
        + bytes((0, 0, 0, protocol))
    )
    if stored == ones_sum(pseudo) or (stored == 0 and protocol == UDP):
        return "none sent" if stored == 0 else "left to the network card (only the pseudo-header's sum)"
    if lost:
        return "not checked: the capture cut the payload"
    return "right" if ones_sum(pseudo + data) == 0xFFFF else "wrong"


def _port(port: int) -> str:
    """Return a port's usual service."""
    name = _PORT_NAMES.get(port)
    return (
        f"usually {name}"
        if name
        else "registered"
        if 1024 <= port < 49152
        else "ephemeral"
        if port >= 49152
        else ""
    )


def _tcp(data: bytes, lost: int, addresses: Addresses) -> list[Layer]:
    """RFC 9293 3.1."""
    if len(data) < 20:
        return [cut("Transport", "TCP", data, 20)]
    source, target = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    seq, ack = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
    size = (data[12] >> 4) * 4
    bits = data[13] | (data[12] & 1) << 8
    flags = [name for bit, name in enumerate(FLAG_NAMES) if bits >> bit & 1]
    window, stored, urgent = (int.from_bytes(data[at : at + 2], "big") for at in (14, 16, 18))
    payload = data[size:]
    length = max(len(data) + lost - size, 0)
    numbers = length + ("SYN" in flags) + ("FIN" in flags)
    span = f"with {count(length)} octets of data" if length else "no data"
    fields = [
        Field("source port", str(source), _port(source)),
        Field("destination port", str(target), _port(target)),
        Field("sequence number", str(seq), f"raw; {span}, the next is {(seq + numbers) & 0xFFFFFFFF}"),
        Field(
            "acknowledgement",
            str(ack),
            "raw; all before it has arrived" if "ACK" in flags else "does not count: no ACK",
        ),
        Field(
            "header", f"{size} octets", f"with {size - 20} octets of options" if size > 20 else "no options"
        ),
        Field("flags", ",".join(flags) or "(none)", "; ".join(FLAG_WORDS[flag] for flag in flags)),
        Field("window", str(window), "octets it can take, before scaling"),
        Field("checksum", f"0x{stored:04x}", _checksum(TCP, data, lost, addresses, stored)),
    ]
    if urgent or "URG" in flags:
        fields.append(
            Field("urgent pointer", str(urgent), "end of the urgent data, from the sequence number")
        )
    layer = Layer("Transport", "TCP", fields)
    if size < 20:
        layer.note = f"malformed: a header of {size} octets"
        return [layer]
    if len(data) < size:
        layer.note = "the capture ends within the options"
    fields.extend(_options(data[20:size]))
    if not length:
        return [layer]
    return [layer, *dissect_application(payload, length, source, target)]


def _options(data: bytes) -> list[Field]:
    """Return the options one by one; a length that lies ends the list."""
    fields: list[Field] = []
    at = 0
    fillers = 0
    while at < len(data):
        kind = data[at]
        if kind == 0:
            fields.append(Field("option end", "", "what follows is padding"))
            break
        if kind == 1:
            fillers += 1
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            fields.append(Field("option", f"kind {kind}", f"malformed: length {size}; the list ends here"))
            break
        fields.append(_option(kind, data[at + 2 : at + size]))
        at += size
    if fillers:
        fields.append(Field("option no-op", f"{fillers} times", "puts the others on even addresses"))
    return fields


def _option(kind: int, value: bytes) -> Field:
    """Return one option with its meaning."""
    number = int.from_bytes(value, "big")
    if kind == 2 and len(value) == 2:
        return Field("option MSS", str(number), "largest segment that it takes (RFC 9293 3.7.1)")
    if kind == 3 and len(value) == 1:
        return Field(
            "option scale", str(number), f"its windows count times {1 << min(number, 14)} (RFC 7323 2)"
        )
    if kind == 4 and not value:
        return Field("option SACK", "permitted", "it understands selective ACKs (RFC 2018)")
    if kind == 5 and value and len(value) % 8 == 0:
        edges = [int.from_bytes(value[at : at + 4], "big") for at in range(0, len(value), 4)]
        blocks = " ".join(f"{left}-{right}" for left, right in zip(edges[::2], edges[1::2], strict=True))
        return Field("option SACK", blocks, "what has arrived beyond a hole (RFC 2018)")
    if kind == 8 and len(value) == 8:
        text = f"{number >> 32} {number & 0xFFFFFFFF}"
        return Field("option timestamps", text, "its clock, and the clock value that it echoes (RFC 7323 3)")
    if kind == 34 or (kind == 254 and value[:2] == b"\xf9\x89"):
        cookie = value[2:] if kind == 254 else value
        return Field(
            "option Fast Open",
            cookie.hex() or "(empty)",
            "cookie" if cookie else "asks for a cookie (RFC 7413)",
        )
    names = {19: "MD5", 28: "user timeout", 29: "authentication", 30: "multipath"}
    return Field(f"option {names.get(kind, f'kind {kind}')}", value.hex(" ") or "(empty)", "")


def _udp(data: bytes, lost: int, addresses: Addresses) -> Taken:
    """RFC 768; a port may say that it is a tunnel."""
    if len(data) < 8:
        return [cut("Transport", "UDP", data, 8)], None
    source, target, length, stored = (word(data, at) for at in (0, 2, 4, 6))
    fields = [
        Field("source port", str(source), _port(source)),
        Field("destination port", str(target), _port(target)),
        Field("length", str(length), "header and data"),
        Field("checksum", f"0x{stored:04x}", _checksum(UDP, data, lost, addresses, stored)),
    ]
    layer = Layer("Transport", "UDP", fields)
    if len(data) + lost <= 8:
        return [layer], None
    tunnels = dict(UDP_TUNNELS)
    what = tunnels.get(target) or tunnels.get(source)
    if what is not None:
        return [layer], Rest(what, 0, data[8:], lost)
    return [
        layer,
        *dissect_application(data[8:], len(data) + lost - 8, source, target, is_stream=False),
    ], None


def _icmp(data: bytes, types: dict[int, str], name: str) -> Layer:
    """RFC 792, RFC 4443."""
    if len(data) < 8:
        return cut("Transport", name, data, 8)
    fields = [
        Field("type", str(data[0]), types.get(data[0], "not known here")),
        Field("code", str(data[1]), ""),
        Field("checksum", f"0x{data[2:4].hex()}", ""),
    ]
    return Layer("Transport", name, fields, f"then {hex_octets(data[4:])}")
