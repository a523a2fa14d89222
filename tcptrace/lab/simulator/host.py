"""A host of a simulation: its ends by address, its listener, and what answers where there is no end (3.10.7.1)."""

import hashlib
from collections.abc import Callable

from tcptrace.lab.segment import ACK, RST, SYN, Segment
from tcptrace.lab.simulator.connection import Address, Connection, Habits
from tcptrace.lab.simulator.endpoint import Endpoint, refusals
from tcptrace.lab.simulator.numbers import WORD, before
from tcptrace.lab.simulator.options import Options, read_options
from tcptrace.lab.simulator.script import Listening

_TICK_NS = 4_000  # of the clock of initial numbers (3.4.1)


class Host:
    """One of the two. Segments to be carried lie in ``sent``."""

    def __init__(
        self,
        ip: str,
        secret: int,
        habits: Habits,
        listening: Listening | None,
        hears: Callable[["Host", Connection, str], None],
        iss: int | None = None,
    ) -> None:
        self.ip = ip
        self.lives: list[Endpoint] = []  # by the time of their beginning
        self.sent: list[Segment] = []
        self.has_listened = listening is not None
        self._listening = listening
        self._secret, self._habits, self._hears = secret, habits, hears
        self._first_iss = iss
        self._ends: dict[tuple[Address, Address], Endpoint] = {}
        self._bases: dict[tuple[Address, ...], int] = {}  # of initial numbers

    def open(self, now_ns: int, local: Address, remote: Address, size: int = 0) -> None:
        """Open actively; an end in TIME-WAIT makes way (3.6.1, RFC 6191), any other forbids it (3.10.1)."""
        self._retire(now_ns, local, remote)
        end = self._ends.get((local, remote))
        if end is not None and end.state not in {"CLOSED", "LISTEN"}:
            return
        self._new(now_ns, local, remote).open(now_ns, size)

    def unlisten(self, now_ns: int) -> None:
        """Close the listener: whoever waits to be accepted is reset."""
        waiting = [end for end in self.lives if end.state == "ESTABLISHED"] if self.is_lazy else []
        for end in waiting:
            end.abort(now_ns)
        self._listening = None

    @property
    def is_lazy(self) -> bool:
        """Whether nobody accepts."""
        return self._listening is not None and self._listening.room is not None

    @property
    def timer_ns(self) -> int | None:
        """When ``tick`` is due."""
        return min((at for end in self.lives for at in end.timers_ns.values()), default=None)

    def is_quiet(self, but_for: frozenset[str]) -> bool:
        """Whether nothing more happens by itself, but for some timers."""
        return all(name in but_for for end in self.lives for name in end.timers_ns)

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        for end in self.lives:
            if (due := end.timer_ns) is not None and due <= now_ns:
                end.tick(now_ns)

    def arrives(self, now_ns: int, segment: Segment) -> None:
        """Take in a segment."""
        end = self._ends.get((segment.target, segment.source))
        is_syn = segment.flags & (SYN | ACK | RST) == SYN
        if end is not None and end.state == "TIME-WAIT" and is_syn and self._may_reuse(end, segment):
            self._retire(now_ns, segment.target, segment.source)
            end = None
        if end is not None and end.state == "LISTEN" and is_syn and segment.seq == end.irs:
            end.arrives(now_ns, segment)  # went back to LISTEN, and the same SYN comes again
        elif end is None or end.state in {"CLOSED", "LISTEN"}:
            self._knock(now_ns, segment)
        elif not (end.state == "SYN-RECEIVED" and self._is_full and not segment.flags & RST):
            end.arrives(now_ns, segment)

    @property
    def _is_full(self) -> bool:
        """Whether no more connections may wait to be accepted."""
        waiting = sum(end.state == "ESTABLISHED" for end in self.lives)
        return self._listening is not None and waiting >= (self._listening.room or WORD)

    def _may_reuse(self, end: Endpoint, segment: Segment) -> bool:
        """Say whether a SYN may end TIME-WAIT (RFC 6191 2)."""
        if self._listening is None:
            return False
        times, recent = read_options(segment.options).times, end.ts_recent
        if times is not None and recent is not None and times[0] != recent:
            return before(recent, times[0])
        return (times is not None and recent is None) or before(end.rcv_nxt, segment.seq)

    def _knock(self, now_ns: int, segment: Segment) -> None:
        """Take a segment for which there is no end."""
        listening = self._listening
        if listening is None or segment.target[1] != listening.port or segment.flags & RST:
            self.sent += refusals(segment)
        elif listening.has_cookies and not segment.flags & SYN:
            self._redeem(now_ns, segment)
        elif listening.has_cookies:
            ack = segment.seq + 1 & WORD  # text in the SYN cannot be kept
            cookie = self._cookie(segment.target, segment.source, segment.seq)
            options = Options(self._habits.mss).octets()
            ends = (segment.target, segment.source)
            self.sent.append(Segment(*ends, SYN | ACK, cookie, ack, 0xFFFF, options=options))
        elif segment.flags & (SYN | ACK) != SYN:
            self.sent += refusals(segment)  # 3.10.7.2
        elif not self._is_full:
            end = self._new(now_ns, segment.target, segment.source)
            end.listen(now_ns)
            end.arrives(now_ns, segment)

    def _redeem(self, now_ns: int, segment: Segment) -> None:
        """Make an end of the ACK that brings a cookie back (RFC 4987 3.6)."""
        cookie = self._cookie(segment.target, segment.source, segment.seq - 1 & WORD)
        if not segment.flags & ACK or segment.ack != cookie + 1 & WORD:
            self.sent += refusals(segment)
            return
        end = self._new(now_ns, segment.target, segment.source, cookie)
        end.listen(now_ns)
        end.restore(now_ns, segment)
        end.arrives(now_ns, segment)

    def _new(self, now_ns: int, local: Address, remote: Address, iss: int | None = None) -> Endpoint:
        number = self._iss(now_ns, local, remote) if iss is None else iss
        end = Endpoint(local, remote, number, self._habits, self._tell, self.sent)
        self.lives.append(end)
        self._ends[local, remote] = end
        return end

    def _tell(self, end: Connection, what: str) -> None:
        self._hears(self, end, what)

    def _retire(self, now_ns: int, local: Address, remote: Address) -> None:
        end = self._ends.get((local, remote))
        if end is not None and end.state == "TIME-WAIT":
            end.vanish(now_ns)

    def _iss(self, now_ns: int, *ends: Address) -> int:
        """Return an initial number by the clock and a secret (3.4.1)."""
        clock = now_ns // _TICK_NS
        if ends not in self._bases:
            first, self._first_iss = self._first_iss, None
            self._bases[ends] = self._hash(ends) if first is None else first - clock
        return self._bases[ends] + clock & WORD

    def _cookie(self, *facts: object) -> int:
        return self._hash(facts)

    def _hash(self, facts: object) -> int:
        octets = hashlib.sha256(f"{self._secret} {facts}".encode()).digest()
        return int.from_bytes(octets[:4], "big")
