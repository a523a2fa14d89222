"""The octets that ``-x``, ``-xx``, ``-X`` and ``-XX`` print below a packet's line, and what link type they have.

Where octets are printed they are the frame. ``-x`` and ``-X`` leave the link header out: then it is raw IP.
``-xx`` and ``-XX`` print it; which link type it is, tcpdump says on standard error (``link-type EN10MB``), and
where that is not in the text, it is the one with which the IP header lies where the line's addresses are.
"""

import re
from typing import Final, NamedTuple

from tcptrace.wire.printed_packet import Packet

LINKTYPE_RAW: Final = 101

# What -v prints of an application's octets is indented further.
_DUMP = re.compile(r"(?:\t| {1,8})0x([0-9a-f]{4,6}): {1,2}(?=[0-9a-f]{2})", re.ASCII)
_AREA = 39  # characters of eight groups of four digits; -X goes on behind them with what is printable
_GROUP = re.compile(r"[0-9a-f]{4}|[0-9a-f]{2}", re.ASCII)
_NOTICE = re.compile(
    r"(?:listening on |reading from file )[^\n]{0,4096}?, link-type ([A-Z0-9_]{1,40})", re.ASCII
)
_MACS = re.compile(
    r"((?:[0-9a-f]{2}:){5}[0-9a-f]{2}) (?:\([^()]{0,64}\) )?> ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})", re.ASCII
)
_LINK_LENGTH = re.compile(r"(?:\A|[ ,])length (\d{1,9}): ", re.ASCII)
_SHOWS_LINK = re.compile(r"ethertype |AF IPv|802\.3|(?:[0-9a-f]{2}:){5}[0-9a-f]{2} ", re.ASCII)  # -e
_LINK_WITHIN = 200  # characters in which the link layer's words end

# libpcap's names of link types as tcpdump says them, and their LINKTYPE_ numbers.
_NAMES: Final = {
    "NULL": 0, "EN10MB": 1, "PPP": 9, "PPP_SERIAL": 50, "PPP_ETHER": 51, "RAW": 101, "C_HDLC": 104,
    "CHDLC": 104, "IEEE802_11": 105, "FRELAY": 107, "LOOP": 108, "LINUX_SLL": 113, "PRISM_HEADER": 119,
    "IEEE802_11_RADIO": 127, "IEEE802_11_RADIO_AVS": 163, "PPI": 192, "IPV4": 228, "IPV6": 229, "NFLOG": 239,
    "IPOIB": 242, "PKTAP": 258, "LINUX_SLL2": 276,
}  # fmt: skip
# Link types that tell what follows by an ethertype: where that lies, and where the header ends.
_BY_KIND: Final = ((1, 12, 14), (113, 14, 16), (276, 0, 20))
_ARP: Final = b"\x08\x06"
MOST_OCTETS: Final = 262144  # tcpdump's own limit


class Ends(NamedTuple):
    """What a line says about the network layer of its packet."""

    version: int  # 0: not known
    addresses: bytes | None  # source and destination; None where the line has names


class Frame(NamedTuple):
    """A frame whose octets were printed."""

    octets: bytes
    wire: int  # octets that it had on the wire
    link: int  # LINKTYPE_ number


class Dump:
    """The octets below one line, and what is known of the listing's link type."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._link: int | None = None  # that of the frames so far
        self._noticed: int | None = None  # that which tcpdump has named

    def notice(self, text: str) -> None:
        """Take what tcpdump says of itself."""
        found = _NOTICE.match(text.removeprefix("tcpdump: "))
        if found is not None:
            self._noticed = _NAMES.get(found[1])

    def add(self, text: str) -> bool:
        """Take a line of a dump; false where it is none, or not the one that follows."""
        found = _DUMP.match(text)
        if found is None:
            return False
        place = int(found[1], 16)
        if place == 0:
            self._octets.clear()
        if place == len(self._octets) < MOST_OCTETS:
            for group in text[found.end() : found.end() + _AREA].split(" "):
                if not _GROUP.fullmatch(group):
                    break
                self._octets += bytes.fromhex(group)
        return True

    def drop(self) -> None:
        """Forget octets that belong to no line."""
        self._octets.clear()

    def take(self, ends: Ends | None, text: str, drawn: Packet) -> Frame | None:
        """Return the frame of the line ``text``, and begin the next one; None where nothing was printed.

        ``ends`` is None for what is not IP. ``drawn`` is the packet as its line has it: that is preferred where
        somebody has cut the octets off before all the headers that the line describes.
        """
        octets = bytes(self._octets)
        if not octets:
            return None
        self._octets.clear()
        link, at = self._place(octets, ends, text)
        if link is None or (at >= 0 and ends and ends.addresses and len(octets) - at < len(drawn.octets)):
            return None
        wire = len(octets)
        if at >= 0:
            wire = max(wire, at + (_length(octets, at) or drawn.wire))
        if link != LINKTYPE_RAW and _SHOWS_LINK.search(text, 0, _LINK_WITHIN):
            said = _LINK_LENGTH.search(text, 0, _LINK_WITHIN)
            wire = max(len(octets), int(said[1])) if said else wire
        self._link = link
        return Frame(octets, wire, link)

    def _place(self, octets: bytes, ends: Ends | None, text: str) -> tuple[int | None, int]:
        """Return the link type and where IP begins (-1: unknown); None for the type where nothing fits."""
        macs = _MACS.search(text, 0, _LINK_WITHIN)
        is_ethernet = macs is not None and octets[:12] == bytes.fromhex((macs[2] + macs[1]).replace(":", ""))
        if ends is None:
            link = 1 if is_ethernet else self._link
            if link is None and "ARP, " in text[:_LINK_WITHIN]:
                link = next(
                    (number for number, kind_at, _ in _BY_KIND if octets[kind_at : kind_at + 2] == _ARP), None
                )
            if link in (None, LINKTYPE_RAW):  # without a header nobody knows what it is, but no IP
                link = None if octets[0] >> 4 in (4, 6) else LINKTYPE_RAW
            return link, -1
        places = _places(octets)
        order = sorted(places, key=lambda link: link != self._link)
        for link in order:
            if _is_ip(octets, places[link], ends):
                return link, places[link]
        # Some other header lies before IP: of which kind, only tcpdump itself can tell.
        return (None if self._noticed in places else self._noticed), -1


def _places(octets: bytes) -> dict[int | None, int]:
    """Return the link types that the octets may have, and where IP then begins."""
    places: dict[int | None, int] = {LINKTYPE_RAW: 0}
    for link, kind_at, header in _BY_KIND:
        kind, at = octets[kind_at : kind_at + 2], header
        while kind in (b"\x81\0", b"\x88\xa8", b"\x91\0"):  # VLAN tags
            kind = octets[at + 2 : at + 4]
            at += 4
        if kind in (b"\x08\0", b"\x86\xdd"):
            places[link] = at
    if octets[:3] == bytes(3):
        places[108] = 4
    elif octets[1:4] == bytes(3):
        places[0] = 4
    return places


def _is_ip(octets: bytes, at: int, ends: Ends) -> bool:
    """Say whether the packet of these ends may begin at ``at``; what the snap length cut agrees with anything."""
    version = octets[at] >> 4 if len(octets) > at else -1
    if version not in ((4, 6) if ends.version == 0 else (ends.version,)):
        return False
    begin = at + (12 if version == 4 else 8)
    seen = octets[begin : begin + (8 if version == 4 else 32)]
    return ends.addresses is None or ends.addresses.startswith(seen)


def _length(octets: bytes, at: int) -> int:
    """Return the IP packet's length by its header, 0 where that does not say."""
    if octets[at] >> 4 == 4:
        return int.from_bytes(octets[at + 2 : at + 4], "big") if len(octets) >= at + 4 else 0
    length = int.from_bytes(octets[at + 4 : at + 6], "big") if len(octets) >= at + 6 else 0
    return 40 + length if length else 0
