"""The plain words of tcpdump's filter language, for where libpcap is not: read, and compiled to BPF.

Here are: ip ip6 arp rarp tcp udp sctp icmp icmp6, src dst, host net port portrange, numbers, and or not and
parentheses. They mean what libpcap makes of them (pcap-filter(7)): ``and`` and ``or`` bind alike, from the
left; a bare value after them takes the qualifiers before it (``port 80 or 443``); ``host`` and ``net`` of
IPv4 look into ARP too; a port is that of TCP, UDP or SCTP, in the first fragment only, and in IPv6 only
directly behind the header.
"""

import re
import socket
from typing import NamedTuple

from tcptrace.model.errors import UsageError
from tcptrace.wire.services import HOSTS_4, HOSTS_6, SERVICES

IP, ARP, RARP, IP6 = 0x0800, 0x0806, 0x8035, 0x86DD  # ethertypes
_FAMILIES = {"ip": IP, "ip6": IP6, "arp": ARP, "rarp": RARP}
_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
_ICMP = {"icmp": (IP, 1), "icmp6": (IP6, 58)}
_HEADS = frozenset((*_FAMILIES, *_PROTOCOLS, *_ICMP))
_TYPES = frozenset(("host", "net", "port", "portrange"))
_TOKEN = re.compile(r"\s*(?:(\(|\)|!|&&|\|\|)|([\w.:/\\-]+))", re.ASCII)
_SPELLINGS = {"&&": "and", "||": "or", "!": "not"}
MOST_TOKENS = 300  # nested no deeper than Python follows


class Family(NamedTuple):
    """The network layer is this one, by its ethertype."""

    ethertype: int


class Load(NamedTuple):
    """A field of the packet, masked, lies between two values."""

    size: int  # octets: 1, 2 or 4
    at: int  # from the network layer on; with `behind` from the end of the IPv4 header on
    mask: int
    low: int
    high: int
    behind: bool = False


class Both(NamedTuple):
    """All of them."""

    nodes: tuple["Node", ...]


class Either(NamedTuple):
    """At least one of them."""

    nodes: tuple["Node", ...]


class No(NamedTuple):
    """Not so."""

    node: "Node"


Node = Family | Load | Both | Either | No


class Qualifiers(NamedTuple):
    """What stands before a value."""

    protocol: str  # "" where none was named
    direction: str  # "or": source or destination; "and": both; "src"; "dst"
    type: str


def read_words(words: str) -> Node:
    """Return what the words ask for; raise ``UsageError`` for what is not known here."""
    return _Reader(words).read()


class _Reader:
    """One pass over the words, one look ahead."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._tokens = self._split(words)
        self._at = 0
        self._last: Qualifiers | None = None

    def _split(self, words: str) -> list[str]:
        tokens = []
        at = 0
        end = len(words.rstrip())
        while at < end:
            found = _TOKEN.match(words, at)
            if found is None:
                raise self._beyond(words[at:end].split(maxsplit=1)[0])
            tokens.append(_SPELLINGS.get(found[1], found[1]) if found[1] else found[2])
            at = found.end()
        if len(tokens) > MOST_TOKENS:
            raise UsageError(f"filter: more than {MOST_TOKENS} words: this needs libpcap; install it")
        return tokens

    def _beyond(self, word: str) -> UsageError:
        """Return the error for a word that only libpcap knows."""
        shown = ascii(word)[:60]
        return UsageError(
            f"filter: {shown} is not one of the words known without libpcap; install libpcap, or its "
            "package for Python: pip install 'tcptrace[filter]'"
        )

    def _wrong(self, said: str) -> UsageError:
        return UsageError(f"filter {ascii(self._words)[:80]}: {said}; see pcap-filter(7)")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise self._wrong("it ends too early")
        self._at += 1
        return word

    def read(self) -> Node:
        node = self._expression()
        if self._peek():
            raise self._wrong(f"'and' or 'or' is missing before {ascii(self._peek())[:60]}")
        return node

    def _expression(self) -> Node:
        node = self._term()
        while self._peek() in ("and", "or"):
            word = self._next()
            right = self._term()
            node = Both((node, right)) if word == "and" else Either((node, right))
        return node

    def _term(self) -> Node:
        word = self._next()
        if word == "not":
            return No(self._term())
        if word == "(":
            node = self._expression()
            if self._next() != ")":
                raise self._wrong("a parenthesis is not closed")
            return node
        self._at -= 1
        return self._primitive()

    def _primitive(self) -> Node:
        first = self._peek()
        protocol = self._next() if first in _HEADS else ""
        direction = self._direction()
        kind = self._next() if self._peek() in _TYPES else ""
        if protocol and not direction and not kind:
            self._last = Qualifiers(protocol, "or", "host")
            return of_protocol(protocol)
        if direction or kind:
            self._last = Qualifiers(protocol, direction or "or", kind or "host")
            if self._peek() == "(":  # `port (80 or 443)`: the values inside take these qualifiers
                return self._term()
        elif not first:
            raise self._wrong("it ends too early")
        elif first in ("and", "or", ")"):
            raise self._wrong(f"a value is missing before '{first}'")
        elif self._last is None:
            raise self._beyond(first)
        return self._value(self._last)

    def _direction(self) -> str:
        """Return the direction that stands here: `src`, `dst`, `src or dst`, `src and dst`; "" for none."""
        word = self._peek()
        if word not in ("src", "dst"):
            return ""
        self._next()
        ahead = self._tokens[self._at : self._at + 2]
        if len(ahead) == 2 and ahead[0] in ("and", "or") and ahead[1] == ("dst" if word == "src" else "src"):
            self._at += 2
            return ahead[0]
        return word

    def _value(self, qualifiers: Qualifiers) -> Node:
        word = self._next()
        if qualifiers.type in ("port", "portrange"):
            return self._ports(word, qualifiers)
        if qualifiers.protocol in _PROTOCOLS or qualifiers.protocol in _ICMP:
            raise self._wrong(f"'{qualifiers.protocol}' cannot stand before '{qualifiers.type}'")
        if qualifiers.type == "net":
            return self._net(word, qualifiers)
        addresses = [table[word] for table in (HOSTS_4, HOSTS_6) if word in table] or [self._address(word)]
        nodes = [  # localhost is two addresses; a named family takes its own
            self._of_address(address, b"\xff" * len(address), qualifiers)
            for address in addresses
            if len(addresses) == 1
            or (len(address) == 16) == (qualifiers.protocol == "ip6")
            or not qualifiers.protocol
        ]
        return nodes[0] if len(nodes) == 1 else Either(tuple(nodes))

    def _ports(self, word: str, qualifiers: Qualifiers) -> Node:
        if qualifiers.protocol and qualifiers.protocol not in _PROTOCOLS:
            raise self._wrong(f"'{qualifiers.protocol}' cannot stand before '{qualifiers.type}'")
        low, dash, high = word.partition("-") if qualifiers.type == "portrange" else (word, "", "")
        first = self._port(low)
        last = self._port(high) if dash else first
        protocols = [_PROTOCOLS[qualifiers.protocol]] if qualifiers.protocol else list(_PROTOCOLS.values())
        return of_ports(min(first, last), max(first, last), protocols, qualifiers.direction)

    def _port(self, word: str) -> int:
        if word.isascii() and word.isdigit():
            if int(word[:9]) > 0xFFFF:
                raise self._wrong(f"{word[:20]} is no port: the highest is 65535")
            return int(word)
        if word not in SERVICES:
            raise self._beyond(word)
        return SERVICES[word]

    def _address(self, word: str) -> bytes:
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                return socket.inet_pton(family, word)
            except (OSError, ValueError):
                continue
        raise self._beyond(word)

    def _net(self, word: str, qualifiers: Qualifiers) -> Node:
        text, slash, bits_text = word.partition("/")
        if ":" in text:
            address = self._address(text)
            bits = 128
        else:
            parts = text.split(".")
            if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > 4:
                raise self._beyond(word)
            address = self._address(".".join(parts + ["0"] * (4 - len(parts))))
            bits = 8 * len(parts)  # `net 10.1` is 10.1.0.0/16
        if slash:
            if not (bits_text.isascii() and bits_text.isdigit()) or int(bits_text[:4]) > 8 * len(address):
                raise self._wrong(f"{ascii(word)[:60]} has no such prefix length")
            bits = int(bits_text)
        whole = (1 << 8 * len(address)) - 1
        mask = (whole >> bits ^ whole).to_bytes(len(address), "big")
        if self._peek() == "mask" and not slash:
            self._next()
            mask = self._address(self._next())
        if len(mask) != len(address) or any(a & ~m for a, m in zip(address, mask, strict=True)):
            raise self._wrong(f"{ascii(word)[:60]} has bits set beyond its mask")
        return self._of_address(address, mask, qualifiers)

    def _of_address(self, address: bytes, mask: bytes, qualifiers: Qualifiers) -> Node:
        if (len(address) == 16) != (qualifiers.protocol == "ip6") and qualifiers.protocol:
            raise self._wrong(f"'{qualifiers.protocol}' has no such addresses")
        return of_address(address, mask, qualifiers.protocol, qualifiers.direction)


def of_protocol(name: str) -> Node:
    """Return the test for a protocol's name alone."""
    if name in _FAMILIES:
        return Family(_FAMILIES[name])
    families: tuple[int, ...] = (IP, IP6)
    if name in _ICMP:
        family, number = _ICMP[name]
        families = (family,)
    else:
        number = _PROTOCOLS[name]
    tests: dict[int, Node] = {
        IP: Load(1, 9, 0xFF, number, number),
        # Directly behind the header, or behind a fragment header (RFC 8200 4.5), as libpcap has it.
        IP6: Either(
            (
                Load(1, 6, 0xFF, number, number),
                Both((Load(1, 6, 0xFF, 44, 44), Load(1, 40, 0xFF, number, number))),
            )
        ),
    }
    return Either(tuple(Both((Family(family), tests[family])) for family in families))


def of_ports(low: int, high: int, protocols: list[int], direction: str) -> Node:
    """Return the test for ports from ``low`` to ``high``."""

    def protocol_at(at: int) -> Node:
        return Either(tuple(Load(1, at, 0xFF, number, number) for number in protocols))

    v4 = _directed(direction, *(Load(2, at, 0xFFFF, low, high, behind=True) for at in (0, 2)))
    v6 = _directed(direction, *(Load(2, at, 0xFFFF, low, high) for at in (40, 42)))
    first_fragment = Load(2, 6, 0x1FFF, 0, 0)
    return Either(
        (
            Both((Family(IP), protocol_at(9), first_fragment, v4)),
            Both((Family(IP6), protocol_at(6), v6)),
        )
    )


def of_address(address: bytes, mask: bytes, protocol: str, direction: str) -> Node:
    """Return the test for an address under a mask."""

    def at(place: int) -> Node:
        words = []
        for index in range(0, len(address), 4):
            part = int.from_bytes(mask[index : index + 4], "big")
            value = int.from_bytes(address[index : index + 4], "big")
            words.append(Load(4, place + index, part, value, value))
        return Both(tuple(words))

    if len(address) == 16:
        return Both((Family(IP6), _directed(direction, at(8), at(24))))
    # RFC 826 with IPv4 over Ethernet: sender at 14, target at 24.
    places = {IP: (12, 16), ARP: (14, 24), RARP: (14, 24)}
    families = (_FAMILIES[protocol],) if protocol else tuple(places)
    return Either(
        tuple(
            Both((Family(family), _directed(direction, at(places[family][0]), at(places[family][1]))))
            for family in families
        )
    )


def _directed(direction: str, source: Node, destination: Node) -> Node:
    if direction == "src":
        return source
    if direction == "dst":
        return destination
    return Both((source, destination)) if direction == "and" else Either((source, destination))
