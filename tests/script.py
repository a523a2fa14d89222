"""Scripts of segments: a ladder as text becomes a capture.

``parse(ladder).pcap()`` gives the octets of a pcap file; ``verdict.check`` holds its analysis to a verdict.

One line a frame, numbered from 1; ``#`` begins a comment. ::

    0.000 client > SYN mss 1460 ts
    0.010 server < SYN,ACK
    0.020 client > ACK
    0.030 client > PSH,ACK len 100

is ``TIME NAME >|< FLAGS WORDS...``: seconds, the sender, an arrow for the eye, control bits (``none`` for
none), and these words:

``seq N``          sequence number relative to the sender's initial one (so its SYN has 0); default: the next
``ack N``          acknowledgement relative to the peer's initial one; with ACK: all that the peer has sent
``len N``          payload octets (their content follows from the number, so a repeat has the same)
``win N``          the raw window field, default 65535
``mss N``, ``ws N``, ``sackok``   options of a SYN
``ts V/E``         timestamps TSval and TSecr; ``ts`` alone makes them up (below); ``nots`` leaves them out
``val @F``, ``ecr @F``            TSval or TSecr is the TSval of frame F (and there are timestamps)
``sack L-R,L-R``   SACK blocks, relative to the peer's initial number; a D-SACK is a first one below the ACK
``tfo``, ``tfo HEX``              Fast Open option without and with a cookie
``badsum``         a wrong TCP checksum
``part L-R``       of its IP packet only a fragment, with the octets L to R of what IP carries (R left out: to the end)

Made-up timestamps count milliseconds from 1,000 at the first end of a pair and from 5,000,000 at the other;
TSecr is the newest TSval that the peer has sent, 0 without ACK. A line ``timestamps`` makes them up for every
segment below it but RSTs.

``0.0105 copy 2 [ttl]`` is frame 2 captured again (with ``ttl``: one hop further on).
``0.031 part 4 64-`` is another fragment of the packet of which frame 4 is one.
``handshake`` is three lines at 0.000, 0.010 and 0.020: client SYN, server SYN,ACK, client ACK.

Directives, before the lines that need them: ::

    ends a 192.0.2.1:40000 b 192.0.2.2:80   another pair of ends (client, server: there from the start)
    isn client 100                          an initial number; default 2^32 - 3, so that every script wraps
    again client2 server2 = client server   the same two addresses once more, with numbers of their own
    link ethernet                           link type Ethernet instead of RAW
    link ethernet vlan 42                   and an 802.1Q tag
    carried vxlan                           each packet in a tunnel or behind a link header (tests/wire/carriers.py)
"""

import struct
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.wire.carriers import Carrier

START_S = 1_700_000_000
FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128, "AE": 256}
M32 = 0xFFFFFFFF
ISN = M32 - 2  # 2^32 - 3
HANDSHAKE = ("0.000 client > SYN", "0.010 server < SYN,ACK", "0.020 client > ACK")


@dataclass
class End:
    """One end in the script: its address and the numbers that the automatic values follow from."""

    name: str
    ip: str
    port: int
    clock: int  # first TSval
    isn: int = ISN
    nxt: int = 0  # relative number after all it has sent
    tsval: int = 0  # newest that it has sent


@dataclass
class Made:
    """A frame: what was written, when, and the TSval that later lines may name."""

    line: str
    time_ns: int
    packet: bytes
    tsval: int = 0
    whole: bytes = b""  # the packet of which this frame's is a fragment


@dataclass
class Script:
    """A ladder that has been read: its frames and its ends."""

    ends: dict[str, End] = field(default_factory=dict)
    peers: dict[str, str] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    frames: list[Made] = field(default_factory=list)
    timestamps: bool = False
    ethernet: bool = False
    tag: bytes = b""  # 802.1Q: the type 0x8100 and the VLAN's number
    carrier: "Carrier | None" = None

    def pcap(self) -> bytes:
        """Return the capture: pcap, little endian, nanoseconds, link type RAW (101), Ethernet (1) or the carrier's."""
        link = self.carrier.link if self.carrier is not None else 1 if self.ethernet else 101
        parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link)]
        for made in self.frames:
            packet = made.packet
            if self.carrier is not None:
                packet = self.carrier.wrap(packet)
            elif self.ethernet:
                kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
                packet = bytes.fromhex("020000000002020000000001") + self.tag + kind + packet
            second, nano = divmod(made.time_ns, 1_000_000_000)
            parts.append(struct.pack("<IIII", second, nano, len(packet), len(packet)) + packet)
        return b"".join(parts)

    def listing(self) -> str:
        """Return the ladder with its frame numbers."""
        return "\n".join(f"{number:3} {made.line}" for number, made in enumerate(self.frames, 1))


def seconds_to_ns(text: str) -> int:
    """Return a script's time as nanoseconds since the epoch, exactly."""
    whole, _, part = text.partition(".")
    return (START_S + int(whole)) * 1_000_000_000 + int(part.ljust(9, "0")[:9] or "0")


def without_comments(text: str) -> list[str]:
    """Return the lines that say something."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def parse(ladder: str) -> Script:
    """Return the script that a ladder describes."""
    script = Script()
    add_pair(script, "client", "192.0.2.1", 40000, "server", "192.0.2.2", 80)
    for line in without_comments(ladder):
        words = line.split()
        if words == ["handshake"]:
            for part in HANDSHAKE:
                add_segment(script, part)
        elif words == ["timestamps"]:
            script.timestamps = True
        elif words[:2] == ["link", "ethernet"]:
            script.ethernet = True
            if words[2:3] == ["vlan"]:
                script.tag = b"\x81\x00" + struct.pack("!H", int(words[3]))
        elif words[0] == "carried":
            from tests.wire.carriers import LINKS, TUNNELS

            script.carrier = next(carrier for carrier in LINKS + TUNNELS if carrier.name == words[1])
        elif words[0] == "ends":
            (ip_a, port_a), (ip_b, port_b) = split_address(words[2]), split_address(words[4])
            if not script.frames and script.pairs == [("client", "server")]:
                script.pairs.clear()  # the default pair is not meant
            add_pair(script, words[1], ip_a, port_a, words[3], ip_b, port_b)
        elif words[0] == "isn":
            script.ends[words[1]].isn = int(words[2]) & M32
        elif words[0] == "again":
            old_a, old_b = script.ends[words[4]], script.ends[words[5]]
            add_pair(script, words[1], old_a.ip, old_a.port, words[2], old_b.ip, old_b.port)
            script.ends[words[1]].isn = old_a.isn + 1_000_000 & M32
            script.ends[words[2]].isn = old_b.isn + 1_000_000 & M32
        elif words[1] == "copy":
            original = script.frames[int(words[2]) - 1]
            packet = one_hop_further(original.packet) if words[3:] == ["ttl"] else original.packet
            script.frames.append(Made(line, seconds_to_ns(words[0]), packet, original.tsval))
        elif words[1] == "part":
            original = script.frames[int(words[2]) - 1]
            packet = fragment(original.whole, int(words[2]), words[3])
            script.frames.append(Made(line, seconds_to_ns(words[0]), packet, original.tsval, original.whole))
        else:
            add_segment(script, line)
    return script


def split_address(text: str) -> tuple[str, int]:
    """Return address and port of ``192.0.2.1:80`` or ``2001:db8::1.80``."""
    ip, _, port = text.rpartition("." if text.count(":") > 1 else ":")
    return ip, int(port)


def add_pair(
    script: Script, name_a: str, ip_a: str, port_a: int, name_b: str, ip_b: str, port_b: int
) -> None:
    """Make two ends that talk to each other."""
    script.ends[name_a] = End(name_a, ip_a, port_a, 1_000)
    script.ends[name_b] = End(name_b, ip_b, port_b, 5_000_000)
    script.peers[name_a], script.peers[name_b] = name_b, name_a
    script.pairs.append((name_a, name_b))


def add_segment(script: Script, line: str) -> None:
    """Append the frame that one line of the ladder describes."""
    time, name, arrow, flag_words, *words = line.split()
    assert arrow in "<>", line
    time_ns = seconds_to_ns(time)
    end, peer = script.ends[name], script.ends[script.peers[name]]
    flags = 0 if flag_words == "none" else sum(FLAGS[flag] for flag in flag_words.split(","))
    given = read_words(script, words, line)
    ts_wanted = "ts" in given or "val" in given or "ecr" in given
    if ts_wanted or (script.timestamps and not flags & FLAGS["RST"] and "nots" not in given):
        made_up = end.clock + (time_ns - START_S * 1_000_000_000) // 1_000_000 & M32
        val, ecr = given.get("ts") or (made_up, peer.tsval if flags & FLAGS["ACK"] else 0)
        given["ts"] = (given.get("val", val), given.get("ecr", ecr))
        end.tsval = given["ts"][0]
    length = given.get("len", 0)
    seq = given.get("seq", 0 if flags & FLAGS["SYN"] else end.nxt)
    # A RST occupies no number (RFC 9293 3.4); what it carries is not the stream's.
    if not flags & FLAGS["RST"]:
        end.nxt = max(end.nxt, seq + length + bool(flags & FLAGS["SYN"]) + bool(flags & FLAGS["FIN"]))
    ack = given.get("ack", peer.nxt)
    raw_ack = peer.isn + ack & M32 if flags & FLAGS["ACK"] or "ack" in given else 0
    raw_seq = end.isn + seq & M32
    payload = bytes(97 + (raw_seq + i & M32) % 26 for i in range(length))
    tcp = tcp_header(
        end.port, peer.port, raw_seq, raw_ack, flags, given.get("win", 65535), options(given, peer.isn)
    )
    number = len(script.frames) + 1
    whole = ip_packet(end.ip, peer.ip, number, tcp + payload, "badsum" in given)
    packet = fragment(whole, number, given["part"]) if "part" in given else whole
    script.frames.append(Made(line, time_ns, packet, given["ts"][0] if "ts" in given else 0, whole))


def read_words(script: Script, words: list[str], line: str) -> dict[str, Any]:
    """Return what a segment's words give, by word."""
    given: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("sackok", "nots", "badsum"):
            given[word] = True
        elif word in ("seq", "ack", "len", "win", "mss", "ws"):
            given[word] = int(rest.pop(0))
        elif word == "ts":
            given[word] = tuple(int(v) for v in rest.pop(0).split("/")) if rest and "/" in rest[0] else None
        elif word in ("val", "ecr"):
            given[word] = script.frames[int(rest.pop(0).removeprefix("@")) - 1].tsval
        elif word == "part":
            given[word] = rest.pop(0)
        elif word == "sack":
            given[word] = [tuple(int(v) for v in block.split("-")) for block in rest.pop(0).split(",")]
        elif word == "tfo":
            is_cookie = bool(rest) and len(rest[0]) >= 8 and len(rest[0]) % 2 == 0
            given[word] = bytes.fromhex(rest.pop(0)) if is_cookie else b""
        else:
            raise AssertionError(f"unknown word {word!r} in {line!r}")
    return given


def options(given: dict[str, Any], peer_isn: int) -> bytes:
    """Return the option octets, padded to a multiple of four with NOP."""
    out = b""
    if "mss" in given:
        out += struct.pack("!BBH", 2, 4, given["mss"])
    if "ws" in given:
        out += struct.pack("!BBB", 3, 3, given["ws"])
    if "sackok" in given:
        out += b"\x04\x02"
    if "ts" in given:
        out += struct.pack("!BBII", 8, 10, given["ts"][0] & M32, given["ts"][1] & M32)
    if "sack" in given:
        blocks = given["sack"]
        out += struct.pack("!BB", 5, 2 + 8 * len(blocks))
        out += b"".join(
            struct.pack("!II", peer_isn + left & M32, peer_isn + right & M32) for left, right in blocks
        )
    if "tfo" in given:
        out += struct.pack("!BB", 34, 2 + len(given["tfo"])) + given["tfo"]
    return out + b"\x01" * (-len(out) % 4)


def tcp_header(source: int, target: int, seq: int, ack: int, flags: int, window: int, opts: bytes) -> bytes:
    """Return a TCP header (RFC 9293 3.1) with checksum 0."""
    offset_flags = (20 + len(opts)) // 4 << 12 | flags
    return struct.pack("!HHIIHHHH", source, target, seq, ack, offset_flags, window, 0, 0) + opts


def ones_complement(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    octets += b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ip_packet(source: str, target: str, number: int, segment: bytes, is_wrong: bool = False) -> bytes:
    """Return the IP packet around a TCP segment whose checksum is put in; ``is_wrong`` spoils it."""
    src, dst = ip_address(source).packed, ip_address(target).packed
    if len(src) == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, 6, len(segment))
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), number, 0x4000, 64, 6, 0) + src + dst
        head = head[:10] + struct.pack("!H", ones_complement(head)) + head[12:]
    else:
        pseudo = src + dst + struct.pack("!II", len(segment), 6)
        head = struct.pack("!IHBB", 0x60000000, len(segment), 6, 64) + src + dst
    checksum = ones_complement(pseudo + segment) ^ (0x5555 if is_wrong else 0)
    return head + segment[:16] + struct.pack("!H", checksum) + segment[18:]


def one_hop_further(packet: bytes) -> bytes:
    """Return the packet with its TTL lowered by one, the header checksum put right."""
    if packet[0] >> 4 == 6:
        return packet[:7] + bytes([packet[7] - 1]) + packet[8:]
    head = packet[:8] + bytes([packet[8] - 1]) + packet[9:10] + b"\0\0" + packet[12:20]
    return head[:10] + struct.pack("!H", ones_complement(head)) + head[12:] + packet[20:]


def fragment(whole: bytes, number: int, span: str) -> bytes:
    """Return the fragment with a ``span`` (``64-128``, ``128-``) of what a packet carries (RFC 791 3.2, RFC 8200 4.5)."""
    is_ipv6 = whole[0] >> 4 == 6
    head, carried = (whole[:40], whole[40:]) if is_ipv6 else (whole[:20], whole[20:])
    left, right = span.split("-")
    begin, end = int(left), int(right or len(carried))
    assert begin % 8 == 0, span
    has_more = end < len(carried)
    assert end % 8 == 0 or not has_more, span
    if is_ipv6:
        extension = struct.pack("!BBHI", head[6], 0, begin | has_more, number)
        length = struct.pack("!H", len(extension) + end - begin)
        return head[:4] + length + b"\x2c" + head[7:] + extension + carried[begin:end]
    place = struct.pack("!H", has_more << 13 | begin // 8)
    head = head[:2] + struct.pack("!HH", 20 + end - begin, number) + place + head[8:10] + b"\0\0" + head[12:]
    return head[:10] + struct.pack("!H", ones_complement(head)) + head[12:] + carried[begin:end]
