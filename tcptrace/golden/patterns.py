"""What an expectation may write in place of a value that varies: ``*``, alternatives, ranges, networks.

``A|B``           either word; ``*`` any (outcome, closed_first, cause, ...)
``5``, ``3..8``, ``..0.2``, ``1..``   a number, or bounds that count as within (packets, findings, seconds); ``-`` unknown
``10.0.*:80``     an end: its address (``*`` stands for any characters, ``10.0.0.0/8`` for a network, an IPv6 address in
                  brackets) and port (``*``, ``1024-65535``); either may be a name of the file's table ``[names]``
``A * B|C``       a path: ``*`` stands for any number of states
"""

from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from tcptrace.model.records import Endpoint
from tcptrace.model.states import STATE_NAMES

ANY = "*"
NOTHING = "-"  # what is not there, or not known


class Words(NamedTuple):
    """Alternatives of a word."""

    text: str

    def matches(self, value: str) -> bool:
        """Say whether ``value`` is one of them."""
        return self.text == ANY or value in self.text.split("|")


class Span(NamedTuple):
    """A number, or bounds."""

    text: str
    low: float | None
    high: float | None

    def matches(self, value: float | None, slack: float = 0.0) -> bool:
        """Say whether ``value`` lies within, ``slack`` to either side allowed; the unknown lies within nothing."""
        if value is None or self.text == NOTHING:
            return self.text == ANY or (value is None and self.text == NOTHING)
        return (self.low is None or value >= self.low - slack) and (
            self.high is None or value <= self.high + slack
        )


def span(given: float | str) -> Span:
    """Return what a number or ``LOW..HIGH`` means; raises ``ValueError``."""
    if isinstance(given, bool):
        raise ValueError(f"{given} is no number")
    if not isinstance(given, str):
        return Span(f"{given:g}" if isinstance(given, float) else str(given), given, given)
    if given in (ANY, NOTHING):
        return Span(given, None, None)
    low, dots, high = given.partition("..")
    try:
        bounds = (float(low) if low else None), (float(high) if high else None)
        if dots and bounds != (None, None):
            return Span(given, *bounds)
        if low and not dots:
            return Span(given, bounds[0], bounds[0])
    except ValueError:
        pass
    raise ValueError(f"{given!r} is no number and no range; write e.g. 5, '3..8', '..0.2' or '*'")


class End(NamedTuple):
    """One end: address and port."""

    text: str  # as it is written, names and all
    address: str
    low_port: int
    high_port: int

    @property
    def exact(self) -> Endpoint | None:
        """The only end that is meant, ``None`` where there are more."""
        if self.low_port != self.high_port or not {ANY, "?", "/", "["}.isdisjoint(self.address):
            return None
        return Endpoint(self.address, self.low_port)

    def matches(self, end: Endpoint) -> bool:
        """Say whether an end is meant."""
        if not self.low_port <= end.port <= self.high_port:
            return False
        if "/" in self.address:
            network = ip_network(self.address, strict=False)
            address = ip_address(end.ip)
            return address.version == network.version and address in network
        return fnmatchcase(end.ip, self.address)


def end(text: str, names: dict[str, str]) -> End:
    """Return what ``ADDRESS:PORT`` means, ``names`` put in; raises ``ValueError``."""
    whole = names.get(text, text)
    address, colon, port = whole.rpartition(":")
    if not colon:
        raise ValueError(
            f"{text!r} is no end; write ADDRESS:PORT, with a name or * for either where it varies"
        )
    address = names.get(address, address)
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    low, dash, high = names.get(port, port).partition("-")
    if low == ANY and not dash:
        low, high = "0", "65535"
    ports = [low, high if dash or high else low]
    if not all(bound.isascii() and bound.isdecimal() and int(bound) < 65536 for bound in ports):
        raise ValueError(f"{text!r}: {port!r} is no port; write a number, 1024-65535, * or a name of [names]")
    if "/" in address:
        try:
            ip_network(address, strict=False)
        except ValueError:
            raise ValueError(f"{text!r}: {address!r} is no network; write e.g. 10.0.0.0/8") from None
    elif ANY not in address:
        try:
            address = str(ip_address(address))
        except ValueError:
            raise ValueError(
                f"{text!r}: {address!r} is no address and no name of [names]; write e.g. 192.0.2.1, 10.* or [2001:db8::1]"
            ) from None
    return End(text, address.replace("[", "[[]"), int(ports[0]), int(ports[1]))


class Path(NamedTuple):
    """A path with alternatives and gaps."""

    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        """The path as it is written."""
        return " ".join(self.tokens)

    def begin(self) -> frozenset[int]:
        """Return the places in the pattern before the first state."""
        return self._closed({0})

    def step(self, places: frozenset[int], state: str) -> frozenset[int]:
        """Return the places after one more state; empty: the path has left the pattern."""
        reached = set()
        for place in places:
            if place < len(self.tokens):
                token = self.tokens[place]
                if token == ANY:
                    reached.add(place)
                elif state in token.split("|"):
                    reached.add(place + 1)
        return self._closed(reached)

    def options(self, places: frozenset[int]) -> list[str]:
        """Return what may come at ``places``, in order."""
        return [self.tokens[place] for place in sorted(places) if place < len(self.tokens)]

    def is_whole(self, places: frozenset[int]) -> bool:
        """Say whether the path may end here."""
        return len(self.tokens) in places

    def matches(self, states: list[str]) -> bool:
        """Say whether a whole path is of this pattern."""
        places = self.begin()
        for state in states:
            places = self.step(places, state)
        return self.is_whole(places)

    def _closed(self, places: set[int]) -> frozenset[int]:
        """Add the places that a gap of no states reaches."""
        for place in sorted(places):
            at = place
            while at < len(self.tokens) and self.tokens[at] == ANY:
                at += 1
                places.add(at)
        return frozenset(places)


def path(text: str, gaps: bool) -> Path:
    """Return what a path means, ``gaps`` allowed or not; raises ``ValueError``."""
    tokens = tuple(text.split())
    for token in tokens or ("",):
        if gaps and token == ANY:
            continue
        for state in token.split("|") if gaps else [token]:
            if state not in STATE_NAMES:
                raise ValueError(f"{state!r} is no state; the states are {' '.join(STATE_NAMES)}")
    return Path(tokens)
