"""The naive decoder's link headers and tunnels: recursion, slices and dictionaries, written from the papers."""

import struct
from collections.abc import Callable
from typing import Any

from tests.wire.naive_pieces import Piece, Skip

Segment = dict[str, Any]
ReadIp = Callable[[int, Piece], Segment]

RAW = (8, 12, 14, 101)
SIMPLE = {  # link type: octets in front, and the header behind them
    9: (0, "ppp"), 10: (13, "llc"), 50: (0, "ppp_hdlc"), 51: (0, "pppoe"), 100: (0, "llc"), 104: (0, "cisco_hdlc"),
    105: (0, "wifi"), 107: (0, "frame_relay"), 119: (0, "prism"), 122: (16, "llc"), 127: (0, "radiotap"),
    163: (0, "avs"), 166: (2, "ppp_field"), 192: (0, "ppi"), 204: (1, "ppp"), 205: (1, "cisco_hdlc"),
    206: (1, "frame_relay"), 219: (0, "mpls"), 239: (0, "nflog"), 258: (0, "pktap"),
}  # fmt: skip
DEVICES = {770: "frame_relay", 801: "wifi", 802: "prism", 803: "radiotap", 824: "nothing"}
PORTS = {
    4789: "vxlan",
    8472: "vxlan",
    4790: "vxlan_gpe",
    6081: "geneve",
    2152: "gtp_u",
    3544: "teredo",
    6635: "mpls",
}


class Unwrap:
    """Reads headers until IP comes, which ``ip`` reads."""

    def __init__(self, ip: ReadIp) -> None:
        self.ip = ip
        self.is_padded = False

    def go(self, name: str, piece: Piece) -> Segment:
        segment: Segment = getattr(self, name)(piece)
        return segment

    def link(self, piece: Piece, link: int) -> Segment:
        if link in (0, 108, 109):
            head = piece.head(12 if link == 109 else 4)
            families = {struct.unpack(">I", head[:4])[0]}
            if link != 108:
                families.add(struct.unpack("<I", head[:4])[0])
            body = piece.behind(len(head))
            if 2 in families:
                return self.ip(4, body)
            if families & {10, 24, 28, 30}:
                return self.ip(6, body)
            raise Skip("not_ip")
        if link in RAW:
            size = 16 if link == 8 else 0
            piece.head(size)
            version = piece.behind(size).head(1)[0] >> 4
            if version not in (4, 6):
                raise Skip("not_ip")
            return self.ip(version, piece.behind(size))
        if link in (228, 229):
            return self.ip(4 if link == 228 else 6, piece)
        if link in SIMPLE:
            size, name = SIMPLE[link]
            piece.head(size)
            return self.go(name, piece.behind(size))
        layouts = {
            1: (14, 12, None),
            113: (16, 14, 2),
            138: (18, 16, None),
            242: (44, 40, None),
            276: (20, 0, 8),
        }
        if link not in layouts:
            raise Skip("link_type")
        size, at, device_at = layouts[link]
        head = piece.head(size)
        if device_at is not None:
            (device,) = struct.unpack(">H", head[device_at : device_at + 2])
            if device in DEVICES:
                return self.go(DEVICES[device], piece.behind(size))
        return self.ethertype(piece.behind(size), struct.unpack(">H", head[at : at + 2])[0])

    def nothing(self, piece: Piece) -> Segment:
        raise Skip("not_ip")

    def by_version(self, piece: Piece) -> Segment:
        version = piece.head(1, "not_ip")[0] >> 4
        if version not in (4, 6):
            raise Skip("not_ip")
        return self.ip(version, piece)

    def ethernet(self, piece: Piece) -> Segment:
        (kind,) = struct.unpack(">H", piece.head(14)[12:])
        return self.ethertype(piece.behind(14), kind)

    def ethertype(self, piece: Piece, kind: int) -> Segment:
        for tags in range(17):
            if kind not in (0x8100, 0x88A8, 0x9100):
                break
            if tags == 16:
                raise Skip("not_ip")
            (kind,) = struct.unpack(">H", piece.head(4)[2:])
            piece = piece.behind(4)
        if kind <= 1500:
            return self.llc(piece)
        if kind in (0x0800, 0x86DD):
            return self.ip(4 if kind == 0x0800 else 6, piece)
        names = {0x8847: "mpls", 0x8848: "mpls", 0x8864: "pppoe", 0x6558: "ethernet", 0x880B: "ppp"}
        if kind == 0x88E7:
            return self.ethernet(piece.behind(4))
        return self.go(names.get(kind, "nothing"), piece)

    def llc(self, piece: Piece) -> Segment:
        head = piece.head(8, "not_ip")
        if head[:3] == b"\x06\x06\x03":
            return self.ip(4, piece.behind(3))
        if head[:3] == b"\xaa\xaa\x03":
            return self.snap(piece.behind(3), 2)
        raise Skip("not_ip")

    def snap(self, piece: Piece, pad: int) -> Segment:
        head = piece.head(5)
        (kind,) = struct.unpack(">H", head[3:])
        if head[:3] in (bytes(3), b"\0\0\xf8") and kind > 1500:
            return self.ethertype(piece.behind(5), kind)
        if head in (b"\0\x80\xc2\0\x01", b"\0\x80\xc2\0\x07"):
            return self.ethernet(piece.behind(5 + pad))
        raise Skip("not_ip")

    # ---- serial lines

    def ppp(self, piece: Piece) -> Segment:
        return self.ppp_field(piece.behind(2) if piece.head(2) == b"\xff\x03" else piece)

    def ppp_hdlc(self, piece: Piece) -> Segment:
        return self.cisco_hdlc(piece) if piece.head(1)[0] in (0x0F, 0x8F) else self.ppp(piece)

    def ppp_field(self, piece: Piece) -> Segment:
        size = 1 if piece.head(1)[0] & 1 else 2
        number = int.from_bytes(piece.head(size), "big")
        piece = piece.behind(size)
        if number in (0x21, 0x57):
            return self.ip(4 if number == 0x21 else 6, piece)
        return self.mpls(piece) if number in (0x281, 0x283) else self.nothing(piece)

    def pppoe(self, piece: Piece) -> Segment:
        head = piece.head(6)
        if head[:2] != b"\x11\0":
            raise Skip("not_ip")
        return self.ppp_field(piece.within(6 + struct.unpack(">H", head[4:])[0]).behind(6))

    def cisco_hdlc(self, piece: Piece) -> Segment:
        (kind,) = struct.unpack(">H", piece.head(4)[2:])
        return self.ethertype(piece.behind(4), kind) if kind > 1500 else self.nothing(piece)

    def frame_relay(self, piece: Piece) -> Segment:
        address = piece.head(4)
        size = next((i + 1 for i in range(4) if address[i] & 1), 0)
        if size < 2:
            raise Skip("not_ip")
        piece.head(size + 2)
        piece = piece.behind(size)
        if piece.data[0] != 3:
            (kind,) = struct.unpack(">H", piece.head(2))
            return self.ethertype(piece.behind(2), kind) if kind > 1500 else self.nothing(piece)
        size = 2 if piece.data[1] == 0 else 1
        protocol = piece.head(size + 1)[size]
        piece = piece.behind(size + 1)
        if protocol in (0xCC, 0x8E):
            return self.ip(4 if protocol == 0xCC else 6, piece)
        if protocol == 0xCF:
            return self.ppp_field(piece)
        return self.snap(piece, 0) if protocol == 0x80 else self.nothing(piece)

    # ---- IEEE 802.11

    def wifi(self, piece: Piece) -> Segment:
        control, flags = piece.head(2)
        is_padded, self.is_padded = self.is_padded, False
        if control & 0x0F != 8 or control & 0x40 or flags & 0x40:
            raise Skip("not_ip")
        size = 24 + (6 if flags & 3 == 3 else 0)
        quality_at = size
        if control & 0x80:
            size += 6 if flags & 0x80 else 2
        if is_padded:
            size += -size % 4
        head = piece.head(size)
        if flags & 4 or head[22] & 15:
            raise Skip("not_ip")
        if control & 0x80 and head[quality_at] & 0x80:
            (length,) = struct.unpack(">H", piece.head(size + 14)[-2:])
            return self.llc(piece.within(size + 14 + length).behind(size + 14))
        return self.llc(piece.behind(size))

    def radiotap(self, piece: Piece) -> Segment:
        version, size, present = struct.unpack("<BxHI", piece.head(8))
        if version != 0 or size < 8:
            raise Skip("malformed")
        head = piece.head(size)
        words = [present]
        while words[-1] & 0x80000000:
            word = head[4 + 4 * len(words) : 8 + 4 * len(words)]
            if len(word) < 4:
                raise Skip("malformed")
            words += struct.unpack("<I", word)
        at = 4 + 4 * len(words)
        if present & 1:
            at += -at % 8 + 8
        flags = head[at] if present & 2 and at < size else 0
        if flags & 0x10:
            piece = piece.within(piece.size - 4)
        self.is_padded = bool(flags & 0x20)
        return self.wifi(piece.behind(size))

    def prism(self, piece: Piece) -> Segment:
        if piece.head(4).hex()[:5] == "80211":
            return self.avs(piece)
        piece.head(144)
        return self.wifi(piece.behind(144))

    def avs(self, piece: Piece) -> Segment:
        (size,) = struct.unpack(">4xI", piece.head(8))
        if size < 8:
            raise Skip("malformed")
        piece.head(size)
        return self.wifi(piece.behind(size))

    # ---- metadata

    def pktap(self, piece: Piece) -> Segment:
        size, link = struct.unpack("<I4xI", piece.head(12))
        return self._metadata(piece, size, 12, link)

    def ppi(self, piece: Piece) -> Segment:
        size, link = struct.unpack("<2xHI", piece.head(8))
        return self._metadata(piece, size, 8, link)

    def _metadata(self, piece: Piece, size: int, least: int, link: int) -> Segment:
        if size < least:
            raise Skip("malformed")
        piece.head(size)
        return self.link(piece.behind(size), link)

    def nflog(self, piece: Piece) -> Segment:
        piece.head(4)
        piece = piece.behind(4)
        while piece.size >= 4:
            head = piece.head(4)
            size, kind = struct.unpack("<HH" if head[3] == 0 else ">HH", head)
            if size < 4:
                raise Skip("malformed")
            if kind == 9:
                return self.by_version(piece.within(size).behind(4))
            piece = piece.behind(size + -size % 4)
        raise Skip("not_ip")

    # ---- tunnels

    def mpls(self, piece: Piece) -> Segment:
        for _ in range(32):
            label = piece.head(4)
            piece = piece.behind(4)
            if label[2] & 1:
                break
        else:
            raise Skip("not_ip")
        nibble = piece.head(1)[0] >> 4
        if nibble in (4, 6):
            return self.ip(nibble, piece)
        if nibble == 1:
            raise Skip("not_ip")
        for size in (4, 0) if nibble == 0 else (0,):
            if piece.data[size + 12 : size + 14].hex() in ("0800", "86dd", "8100", "88a8", "8847", "8864"):
                return self.ethernet(piece.behind(size))
        raise Skip("truncated" if len(piece.data) < 18 <= piece.size else "not_ip")

    def protocol(self, piece: Piece, number: int) -> Segment:
        if number in (4, 41):
            return self.ip(4 if number == 4 else 6, piece)
        names = {17: "udp", 47: "gre", 94: "by_version", 137: "mpls", 143: "ethernet"}
        return (
            self.ethernet(piece.behind(2)) if number == 97 else self.go(names.get(number, "nothing"), piece)
        )

    def udp(self, piece: Piece) -> Segment:
        if len(piece.data) < 8:
            raise Skip("not_tcp")
        source, target, size, _ = struct.unpack(">4H", piece.head(8))
        name = PORTS.get(target) or PORTS.get(source)
        if name is None:
            raise Skip("not_tcp")
        return self.go(name, (piece.within(size) if size >= 8 else piece).behind(8))

    def vxlan(self, piece: Piece) -> Segment:
        return self.ethernet(piece.behind(8)) if piece.head(8, "not_tcp")[0] & 8 else self.nothing(piece)

    def vxlan_gpe(self, piece: Piece) -> Segment:
        head = piece.head(8, "not_tcp")
        piece = piece.behind(8)
        if head[0] & 12 == 12:
            if head[3] in (1, 2):
                return self.ip(4 if head[3] == 1 else 6, piece)
            return self.go({3: "ethernet", 5: "mpls"}.get(head[3], "nothing"), piece)
        raise Skip("not_tcp")

    def geneve(self, piece: Piece) -> Segment:
        first, kind = struct.unpack(">BxH4x", piece.head(8, "not_tcp"))
        if first >> 6:
            raise Skip("not_tcp")
        size = 8 + (first & 63) * 4
        piece.head(size, "not_tcp")
        return self.ethertype(piece.behind(size), kind) if kind > 1500 else self.nothing(piece)

    def gtp_u(self, piece: Piece) -> Segment:
        flags, message, length = struct.unpack(">BBH4x", piece.head(8, "not_tcp"))
        if flags >> 4 != 3 or message != 255:
            raise Skip("not_tcp")
        piece = piece.within(8 + length)
        size = 8
        if flags & 7:
            size = 12
            following = piece.head(12, "not_tcp")[11] if flags & 4 else 0
            while following:
                octets = piece.head(size + 4, "not_tcp")[size] * 4
                if octets == 0:
                    raise Skip("not_tcp")
                size += octets
                following = piece.head(size, "not_tcp")[-1]
        return self.by_version(piece.behind(size))

    def teredo(self, piece: Piece) -> Segment:
        head = piece.head(8, "not_tcp")
        if head[:2] == b"\0\1":
            size = 13 + head[2] + head[3]
            piece.head(size + 8, "not_tcp")
            piece = piece.behind(size)
        if piece.data[:2] == b"\0\0":
            piece = piece.behind(8)
        return self.ip(6, piece) if piece.head(1, "not_tcp")[0] >> 4 == 6 else self.nothing(piece)

    def gre(self, piece: Piece) -> Segment:
        flags, kind = struct.unpack(">HH", piece.head(4))
        version = flags & 7
        if version > 1:
            raise Skip("not_tcp")
        fields = (flags & 0xC000, flags & 0x2000, flags & 0x1000, version == 1 and flags & 0x80)
        size = 4 + 4 * sum(bool(field) for field in fields)
        while flags & 0x4000:
            octets = piece.head(size + 4)[-1]
            size += 4 + octets
            if octets == 0:
                break
        piece.head(size)
        piece = piece.behind(size)
        if kind not in (0x88BE, 0x22EB):
            return self.ethertype(piece, kind) if kind > 1500 else self.nothing(piece)
        if not flags & 0x1000:
            return self.ethernet(piece)
        head = piece.head(12)
        if head[0] >> 4 == 1:
            return self.ethernet(piece.behind(8))
        if head[0] >> 4 != 2:
            raise Skip("not_tcp")
        size = 20 if head[11] & 1 else 12
        piece.head(size)
        content = head[10] >> 2 & 31
        names = {0: "ethernet", 2: "by_version"}
        return self.go(names.get(content, "nothing"), piece.behind(size))
