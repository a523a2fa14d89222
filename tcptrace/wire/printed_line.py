"""One line of tcpdump's text: what it is, and its fields as printed. No state, no octets."""

import re
import socket
from functools import lru_cache
from typing import Final, NamedTuple

from tcptrace.model.tcpflags import ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG
from tcptrace.wire.printed_numbers import Endpoint
from tcptrace.wire.printed_packet import IpFields
from tcptrace.wire.services import HOSTS_4, HOSTS_6, SERVICES

_FLAGS: Final = {
    "S": SYN, "F": FIN, "R": RST, "P": PSH, ".": ACK, "U": URG, "E": ECE, "W": CWR, "e": AE,
}  # fmt: skip

# What stands between the time and the addresses. `-i any` puts the interface and the direction first; -e the
# link layer.
_ANY = re.compile(r"(?:\S{1,32} +)?(?:In|Out|Bcast|Mcast|Peer|[BMP?]) +", re.ASCII)
_IP = re.compile(r"IP(6?) ", re.ASCII)
_LINK = re.compile(
    r"(?:ethertype IPv([46]) \(0x[0-9a-f]{4}\)(?:, |: )|AF IPv([46]) \(\d{1,10}\), )(?:length \d{1,10}: )?"
    r"|\A(ip): ",
    re.ASCII,
)
_LINK_WITHIN = 300  # characters in which the link layer's words end
_HEADER = re.compile(r"\((?:[^()]|\([^()]*\))*+\) *", re.ASCII)
_HEADER_4 = re.compile(
    r"\(tos 0x([0-9a-f]{1,2})[^ ]*(?:, ttl +(\d{1,3}))?, id (\d{1,5}), offset (\d{1,5}), flags \[([^\]]*)\]"
    r", proto:? [^()]*\((\d{1,3})\)",
    re.ASCII,
)
_HEADER_6 = re.compile(
    r"\((?:class 0x([0-9a-f]{1,2})[^ ]*, )?(?:flowlabel 0x([0-9a-f]{1,5}), )?hlim (\d{1,3}), "
    r"next-header:? [^()]*\((\d{1,3})\)",
    re.ASCII,
)
_ADDRESSES = re.compile(r"(\S{1,255}) > (\S{1,255}): ?", re.ASCII)
# IPv6 extension headers come before the ports: `HBH 1 > 443: Flags`.
_EXTENSIONS = re.compile(r"(?:(?:HBH|DSTOPT|srcrt|RT6|AH)\b[^>:]{0,80}? )(\S{1,64}) > (\S{1,64}): ", re.ASCII)
_FRAGMENT = re.compile(r"(?:ip-proto-(?:6|17|1)|tcp|udp|icmp)\s*\Z|frag \(", re.ASCII)

_SEGMENT = re.compile(
    r"Flags \[(none|[SFRPUEWe.]{1,9})\]"
    r"(?:, cksum 0x([0-9a-f]{4}) \((?:correct|incorrect \(?-> 0x([0-9a-f]{4})\)?)\))?,?"
    r"(?:,? seq (\d{1,10})(?::(\d{1,10}))?)?"
    r"(?:,? ack (\d{1,10}))?"
    r",? win (\d{1,5})"
    r"(?:, urg (\d{1,5}))?",
    re.ASCII,
)
# tcpdump before 4.0: `S 1:1(0) ack 2 win 3 <mss 1460>`.
_OLD_SEGMENT = re.compile(
    r"([SFRPWE]{1,6}|\.) (?:\[[^\]]*\] )?(?:, cksum 0x[0-9a-f]{4} \([^)]*\), )?"
    r"(?:(\d{1,10}):(\d{1,10})\((\d{1,10})\) )?(?:ack (\d{1,10}) )?win (\d{1,5})"
    r"(?: urg (\d{1,5}))?(?: <([^>]*)>?)?",
    re.ASCII,
)
_OPTIONS_END = re.compile(r"\], length (\d{1,10})", re.ASCII)
_LENGTH = re.compile(r", length (\d{1,10})", re.ASCII)
_TCP = re.compile(r" ?(?:Flags \[| tcp \d|tcp \d|[SFRPWE.]{1,6} .{0,60}\bwin \d)", re.ASCII)
# Lines of other protocols begin with their names: `ARP, Request`, `STP 802.1d`, a hardware address with -e.
_OTHER = re.compile(r"(?:[A-Z][A-Za-z0-9.+/-]{1,20}[,: ]|[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b)", re.ASCII)


class Segment(NamedTuple):
    """A TCP line's fields as they are printed."""

    flags: int
    seq: int | None  # None: not printed
    ack: int
    window: int
    urgent: int
    options: str
    length: int
    stored: int | None  # checksum, as -v prints it
    right: int | None
    cut: bool  # tcpdump could not read the options to their end


class Line(NamedTuple):
    """What a line (with ``-v`` its header line and the one below) says."""

    # "tcp", "ip" (another protocol), "fragment", "other" (not IP), "malformed", "header" (of -v: goes on
    # below)
    kind: str
    ip: IpFields = IpFields()
    version: int = 4
    source: Endpoint | None = None
    destination: Endpoint | None = None
    segment: Segment | None = None


MALFORMED_LINE: Final = Line("malformed")


def read_line(text: str) -> Line:
    """Return what the line says behind its time."""
    version = 4
    found = _IP.match(text)
    if found is None:
        skipped = _ANY.match(text)
        if skipped is not None:
            text = text[skipped.end() :]
            found = _IP.match(text)
    if found is not None:
        version = 6 if found[1] else 4
        text = text[found.end() :]
    else:
        found = _LINK.search(text, 0, _LINK_WITHIN)
        if found is None:
            return Line("other") if _OTHER.match(text) else MALFORMED_LINE
        version = 6 if "6" in (found[1], found[2]) else 4
        text = text[found.end() :]
        if found[3]:  # link type RAW says `ip:` for both versions
            version = 6 if re.match(r"\((?:class|flowlabel|hlim)|[0-9a-f]*:", text) else 4
    ip = IpFields()
    header = _HEADER.match(text) if text.startswith("(") else None
    if header is not None:
        read = read_header(header[0], version)
        if read is None:
            return MALFORMED_LINE
        ip = read
        text = text[header.end() :]
        if not text.strip():
            return Line("header", ip, version)
    return read_addresses(text, ip, version)


def read_header(text: str, version: int) -> IpFields | None:
    """Return what ``-v`` says of the IP header, or None where that cannot be read."""
    if version == 6:
        found = _HEADER_6.match(text)
        if found is None:
            return None
        return IpFields(int(found[4]), int(found[1] or "0", 16), int(found[3]), int(found[2] or "0", 16))
    found = _HEADER_4.match(text)
    if found is None:
        return None
    flags = found[5]
    fragment = int(found[4]) // 8 & 0x1FFF
    fragment |= (0x2000 if "+" in flags else 0) | (0x4000 if "DF" in flags else 0)
    ttl = int(found[2] or 0)
    return IpFields(int(found[6]), int(found[1], 16), ttl, int(found[3]), fragment, ", options" in text)


def read_addresses(text: str, ip: IpFields, version: int) -> Line:
    """Return what a line says from its addresses on."""
    found = _ADDRESSES.match(text)
    if found is None:
        return MALFORMED_LINE
    rest = text[found.end() :]
    source_text, destination_text = found[1], found[2]
    if version == 6:
        behind = _EXTENSIONS.match(rest)
        if behind is not None:
            source_text += "." + behind[1]
            destination_text += "." + behind[2]
            rest = rest[behind.end() :]
    if _FRAGMENT.match(rest):
        return Line("fragment", ip, version)
    if not _TCP.match(rest) or ip.protocol not in (None, 6, 0, 43, 44, 51, 60):
        return Line("ip", ip, version)
    source = endpoint(source_text, version)
    destination = endpoint(destination_text, version)
    segment = read_segment(rest)
    if source is None or destination is None or segment is None:
        return MALFORMED_LINE
    return Line("tcp", ip, version, source, destination, segment)


def read_segment(text: str) -> Segment | None:
    """Return a TCP line's fields from ``Flags`` on, or None where they are not whole or disagree."""
    found = _SEGMENT.match(text)
    if found is None:
        return _read_old_segment(text)
    flags = 0
    if found[1] != "none":
        for letter in found[1]:
            flags |= _FLAGS[letter]
    seq = int(found[4]) if found[4] else None
    span = (int(found[5]) - int(found[4])) & 0xFFFFFFFF if found[5] else 0
    tail = text[found.end() :]
    options = ""
    if tail.startswith(", options ["):
        end = _OPTIONS_END.search(tail)
        options = tail[11 : end.start()] if end else tail[11:]
        is_cut = "[|tcp]" in options or "[bad opt]" in options
        if end is None and not is_cut:
            return None
    else:
        end = _LENGTH.match(tail)
        is_cut = end is None and tail.startswith(" [|tcp]")
        if end is None and not is_cut:
            return None
    length = int(end[1]) if end else span
    stored = int(found[2], 16) if found[2] else None
    right = int(found[3], 16) if found[3] else stored
    return _checked(
        Segment(
            flags,
            seq,
            int(found[6] or 0),
            int(found[7]),
            int(found[8] or 0),
            options,
            length,
            stored,
            right,
            is_cut,
        ),
        span,
        found[6] is not None,
    )


def _read_old_segment(text: str) -> Segment | None:
    """Return the fields of a line of tcpdump 3."""
    found = _OLD_SEGMENT.match(text)
    if found is None:
        return None
    flags = 0
    for letter in found[1]:
        if letter != ".":  # here it says only that no other flag is set
            flags |= _FLAGS[letter]
    if found[5] is not None:
        flags |= ACK
    if found[7] is not None:
        flags |= URG
    seq = int(found[2]) if found[2] else None
    span = (int(found[3]) - int(found[2])) & 0xFFFFFFFF if found[3] else 0
    options = found[8] or ""
    is_cut = "[|tcp]" in options or "[bad opt]" in options
    segment = Segment(
        flags,
        seq,
        int(found[5] or 0),
        int(found[6]),
        int(found[7] or 0),
        options,
        int(found[4] or 0),
        None,
        None,
        is_cut,
    )
    return _checked(segment, span, found[5] is not None)


def _checked(segment: Segment, span: int, has_ack: bool) -> Segment | None:
    """Return the segment if its fields fit a header and each other."""
    fits = (
        (segment.seq or 0) <= 0xFFFFFFFF
        and segment.ack <= 0xFFFFFFFF
        and segment.window <= 0xFFFF
        and segment.urgent <= 0xFFFF
        and segment.length < 1 << 30
        and segment.length == span  # tcpdump prints a:b wherever there is payload
        and has_ack == bool(segment.flags & ACK)
    )
    return segment if fits else None


@lru_cache(maxsize=65536)
def endpoint(text: str, version: int) -> Endpoint | None:
    """Return the address and port of ``host.port``; None where one is a name that is not in the list."""
    host, _, port_text = text.rpartition(".")
    if port_text.isascii() and port_text.isdigit():
        port = int(port_text[:6])
    else:
        port = SERVICES.get(port_text, -1)
    address = (HOSTS_6 if version == 6 else HOSTS_4).get(host)
    if address is None:
        try:
            address = socket.inet_pton(socket.AF_INET6 if version == 6 else socket.AF_INET, host)
        except (OSError, ValueError):
            return None
    return (address, port) if 0 <= port <= 0xFFFF else None
