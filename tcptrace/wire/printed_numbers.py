"""Sequence numbers: from tcpdump's relative ones back to those of the header.

tcpdump (print-tcp.c) keeps one entry a four-tuple. A segment without ACK is printed as it is. The first
segment with ACK, and every SYN-ACK, is printed as it is too and sets the entry: the sender's base is its
sequence number, the peer's base its acknowledgement number less one. All later segments with ACK are printed
less these bases, SACK blocks less the peer's. With ``-S`` nothing is subtracted, and a listing that was cut
in the middle begins with numbers that are relative already: in both cases the printed numbers go on from
each other as they stand, and are taken so (``literal``).

A segment without SYN, FIN, RST and data is printed without its sequence number (but under ``-vv``): it is
then the highest number that its sender is known to have sent, which is wrong only for probes such as
keep-alives. A direction of which no sequence number was printed has base 0.
"""

from tcptrace.model.tcpflags import ACK, FIN, RST, SYN

MASK = 0xFFFFFFFF
MOST_FLOWS = 1 << 20  # four-tuples kept; the oldest goes first
Endpoint = tuple[bytes, int]  # address octets, port


class _Flow:
    """What the listing has shown of one four-tuple; index 0 is the lower end."""

    __slots__ = ("base", "literal", "nxt", "recorded")

    def __init__(self) -> None:
        self.base = [0, 0]
        self.nxt: list[int | None] = [None, None]  # highest number sent, plus one
        self.recorded = False  # tcpdump has made its entry
        self.literal: bool | None = None  # None: no later segment has told yet


class Placed:
    """A segment's numbers as the header had them, and the way to read its SACK blocks."""

    __slots__ = ("_base", "_literal", "ack", "seq")

    def __init__(self, seq: int, ack: int, base: int, literal: bool | None) -> None:
        self.seq = seq
        self.ack = ack
        self._base = base
        self._literal = literal

    def absolute(self, edge: int) -> int:
        """Return a printed SACK edge as the header had it."""
        relative = (edge + self._base) & MASK
        if self._literal is None:  # the entry's first segment: an edge lies near what is acknowledged
            return edge if _distance(edge, self.ack) < _distance(relative, self.ack) else relative
        return edge if self._literal else relative


class Numbers:
    """tcpdump's table of initial sequence numbers, rebuilt from what it printed."""

    def __init__(self) -> None:
        self._flows: dict[tuple[Endpoint, Endpoint], _Flow] = {}

    def place(
        self, source: Endpoint, destination: Endpoint, flags: int, *, seq: int | None, ack: int, length: int
    ) -> Placed:
        """Return the absolute numbers of a segment printed with ``seq`` (None: not printed) and ``ack``."""
        # A socket connected to itself is both ends: tcpdump takes it for the lower one and keeps both bases.
        own, peer = (0, 1) if source <= destination else (1, 0)
        sender = peer if source != destination else own  # whose numbers `ack` acknowledges
        flow = self._flow((source, destination) if own == 0 else (destination, source))
        literal: bool | None = True
        if flags & ACK:
            if not flow.recorded or flags & SYN:
                flow.recorded = True
                flow.literal = None
                guess = flow.nxt[own]
                flow.base[own] = seq if seq is not None else guess if guess is not None else 0
                flow.base[peer] = (ack - 1) & MASK
                if seq is None:
                    seq = flow.base[own]
            else:
                if flow.literal is None:
                    self._decide(flow, own, peer, sender, seq=seq, ack=ack)
                if not flow.literal:
                    ack = (ack + flow.base[peer]) & MASK
                    seq = None if seq is None else (seq + flow.base[own]) & MASK
            literal = flow.literal
        if seq is None:
            known = flow.nxt[own]
            seq = known if known is not None else flow.base[own]
        self._advance(flow, own, sender, flags, seq=seq, ack=ack, length=length)
        return Placed(seq, ack, flow.base[peer], literal)

    def _flow(self, key: tuple[Endpoint, Endpoint]) -> _Flow:
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= MOST_FLOWS:
                del self._flows[next(iter(self._flows))]
            flow = self._flows[key] = _Flow()
        return flow

    @staticmethod
    def _decide(flow: _Flow, own: int, peer: int, sender: int, *, seq: int | None, ack: int) -> None:
        """Take the reading that goes on where the segments before ended; stay undecided where both do."""
        as_printed = as_relative = 0
        for value, base, expected in (
            (seq, flow.base[own], flow.nxt[own]),
            (ack, flow.base[peer], flow.nxt[sender]),
        ):
            if value is not None and expected is not None:
                as_printed += _distance(value, expected)
                as_relative += _distance((value + base) & MASK, expected)
        if as_printed != as_relative:
            flow.literal = as_printed < as_relative

    @staticmethod
    def _advance(flow: _Flow, own: int, sender: int, flags: int, *, seq: int, ack: int, length: int) -> None:
        """Note how far each end has sent."""
        if flags & RST:
            return  # its numbers may be anything (RFC 9293 3.5.2)
        end = (seq + length + (1 if flags & SYN else 0) + (1 if flags & FIN else 0)) & MASK
        known = flow.nxt[own]
        if known is None or flags & SYN or 0 < (end - known) & MASK < 1 << 31:
            flow.nxt[own] = end
        if flags & ACK:
            known = flow.nxt[sender]
            if known is None or (not flags & SYN and 0 < (ack - known) & MASK < 1 << 30):
                flow.nxt[sender] = ack


def _distance(a: int, b: int) -> int:
    """Return how far apart two sequence numbers are, the shorter way round."""
    ahead = (a - b) & MASK
    return min(ahead, (1 << 32) - ahead)
