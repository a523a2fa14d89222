"""The frame view of what capturing adds: 802.11 with its radio headers, netfilter's log, PKTAP, PPI."""

from tcptrace.show.layers_ip import dissect_ip
from tcptrace.show.layers_model import Field, Layer, Rest, Taken, cut, hex_octets, mac, word
from tcptrace.show.layers_serial import bounded
from tcptrace.show.text import escape
from tcptrace.wire import headers
from tcptrace.wire.links import link_name

WIRELESS_TYPES = {0: "management", 1: "control", 2: "data", 3: "extension"}
WAYS = ("from station to station", "to the access point", "from the access point", "between access points")
NFLOG_ATTRIBUTES = {1: "packet header", 3: "time", 4: "in device", 5: "out device", 9: "packet", 10: "prefix"}
PRISM_OCTETS = 144


def le(data: bytes, at: int, size: int = 2) -> int:
    """Return the number at ``at``, least significant octet first."""
    return int.from_bytes(data[at : at + size], "little")


def dissect_wireless(rest: Rest, is_padded: bool = False) -> Taken:
    """IEEE 802.11-2020 9.2."""
    data = rest.data
    if len(data) < 2:
        return [cut("Link", "IEEE 802.11", data, 2)], None
    kind, subtype, flags = data[0] >> 2 & 3, data[0] >> 4, data[1]
    fields = [
        Field("type", f"{kind}, {subtype}", WIRELESS_TYPES[kind]),
        Field("direction", str(flags & 3), WAYS[flags & 3]),
    ]
    layer = Layer("Link", "IEEE 802.11", fields)
    if kind != 2:
        layer.note = f"not taken apart here: {hex_octets(data)}"
        return [layer], None
    has_quality = bool(subtype & 8)
    size = 30 if flags & 3 == 3 else 24
    quality_at = size
    if has_quality:
        size += 6 if flags & 0x80 else 2
    if is_padded:
        size += -size % 4
    if len(data) < size:
        return [cut("Link", "IEEE 802.11", data, size)], None
    fields.append(Field("receiver", mac(data[4:10]), "for whom it is on the air"))
    fields.append(Field("transmitter", mac(data[10:16]), "who sent it on the air"))
    fields.append(
        Field("sequence", str(word_le := le(data, 22)), f"frame {word_le >> 4}, part {word_le & 15}")
    )
    if subtype & 4:
        layer.note = "it has no body"
    elif flags & 0x40:
        layer.note = f"encrypted: {hex_octets(data[size:])}"
    elif flags & 4 or data[22] & 15:
        layer.note = f"a part of what it carries: {hex_octets(data[size:])}"
    elif not has_quality or not data[quality_at] & 0x80:
        return [layer], Rest(headers.LLC, 0, data[size:], rest.missing)
    elif len(data) < size + 14:
        layer.note = "the capture ends within the first of several packets"
    else:
        length = word(data, size + 12)
        fields.append(
            Field("aggregate", f"{length} octets", "several packets in one frame: this is the first")
        )
        return [layer], Rest(headers.LLC, 0, *bounded(data[size + 14 :], rest.missing, length))
    return [layer], None


def dissect_radiotap(rest: Rest) -> Taken:
    """Radiotap (www.radiotap.org): of its fields the flags."""
    data = rest.data
    size = le(data, 2)
    if len(data) < 8 or len(data) < size:
        return [cut("Link", "radiotap", data, max(size, 8))], None
    present = [le(data, 4, 4)]
    while present[-1] >> 31 and 8 + 4 * len(present) <= size:
        present.append(le(data, 4 + 4 * len(present), 4))
    fields = [
        Field("length", str(size), "octets of metadata"),
        Field("present", " ".join(f"0x{each:08x}" for each in present), "which fields there are"),
    ]
    layer = Layer("Link", "radiotap", fields)
    if size < 8 or data[0]:
        layer.note = "malformed: the version or the length cannot be"
        return [layer], None
    at = 4 + 4 * len(present)
    if present[0] & 1:
        at += -at % 8 + 8
    flags = data[at] if present[0] & 2 and at < size else 0
    if flags:
        words = [name for bit, name in ((0x10, "check sequence at the end"), (0x20, "padded")) if flags & bit]
        fields.append(Field("flags", f"0x{flags:02x}", ", ".join(words)))
    body, missing = data[size:], rest.missing
    if flags & 0x10:
        body, missing = bounded(body, missing, max(len(body) + missing - 4, 0))
    layers, following = dissect_wireless(Rest(headers.IEEE802_11, 0, body, missing), bool(flags & 0x20))
    return [layer, *layers], following


def dissect_prism(rest: Rest) -> Taken:
    """Prism's header of fixed size, or AVS's."""
    if rest.data[:3].hex()[:5] == "80211":
        return dissect_avs(rest)
    if len(rest.data) < PRISM_OCTETS:
        return [cut("Link", "Prism", rest.data, PRISM_OCTETS)], None
    fields = [Field("device", escape(rest.data[8:24].rstrip(b"\0")), "that captured")]
    body = Rest(headers.IEEE802_11, 0, rest.data[PRISM_OCTETS:], rest.missing)
    return [Layer("Link", "Prism monitor header", fields)], body


def dissect_avs(rest: Rest) -> Taken:
    """AVS: magic and length."""
    size = word(rest.data, 4, 4)
    if len(rest.data) < max(size, 8):
        return [cut("Link", "AVS", rest.data, max(size, 8))], None
    layer = Layer("Link", "AVS monitor header", [Field("length", str(size), "octets of metadata")])
    if size < 8:
        layer.note = "malformed: the length cannot be"
        return [layer], None
    return [layer], Rest(headers.IEEE802_11, 0, rest.data[size:], rest.missing)


def dissect_nflog(rest: Rest) -> Taken:
    """Linux netfilter's log: attributes, one of which is the packet."""
    data = rest.data
    if len(data) < 4:
        return [cut("Link", "netfilter log", data, 4)], None
    layer = Layer("Link", "netfilter log (NFLOG)")
    layer.fields.append(Field("family", str(data[0]), {2: "IPv4", 10: "IPv6", 7: "bridge"}.get(data[0], "")))
    layer.fields.append(Field("group", str(word(data, 2)), "to which the rule logs"))
    at = 4
    while at + 4 <= len(data):
        read = le if le(data, at + 2) <= 255 else word
        size, kind = read(data, at), read(data, at + 2)
        if size < 4:
            layer.note = "malformed: an attribute's length cannot be"
            return [layer], None
        value = data[at + 4 : at + size]
        name = NFLOG_ATTRIBUTES.get(kind, f"attribute {kind}")
        if kind == 9:
            layer.fields.append(Field(name, f"{size - 4} octets", ""))
            layers, following = dissect_ip(*bounded(data[at + 4 :], rest.missing, size - 4))
            return [layer, *layers], following
        shown = escape(value.rstrip(b"\0")) if kind == 10 else hex_octets(value)
        layer.fields.append(Field(name, shown, ""))
        at += size + -size % 4
    layer.note = "no packet among the attributes that were captured"
    return [layer], None


def pktap(data: bytes) -> tuple[list[Layer], int, int]:
    """Apple's PKTAP: its layer, the size of its header and the link type behind it; -1 where there is none."""
    size, link = le(data, 0, 4), le(data, 8, 4)
    if len(data) < 12 or len(data) < size:
        return [cut("Link", "PKTAP", data, min(max(size, 12), 1 << 16))], 0, -1
    device = data[12:36].split(b"\0")[0] if size >= 36 else b""
    fields = [
        Field("device", escape(device) or "(none)", "on which it was captured"),
        Field("link type", str(link), link_name(link)),
    ]
    layer = Layer("Link", "PKTAP", fields)
    if size < 12:
        layer.note = "malformed: the length cannot be"
    return [layer], size, link if size >= 12 else -1


def ppi(data: bytes) -> tuple[list[Layer], int, int]:
    """PPI: its layer, the size of its header and the link type behind it; -1 where there is none."""
    size, link = le(data, 2), le(data, 4, 4)
    if len(data) < 8 or len(data) < size:
        return [cut("Link", "PPI", data, max(size, 8))], 0, -1
    layer = Layer("Link", "per-packet information (PPI)", [Field("link type", str(link), link_name(link))])
    if size < 8:
        layer.note = "malformed: the length cannot be"
    return [layer], size, link if size >= 8 else -1
