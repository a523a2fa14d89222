"""An end of a connection as its user and its timers have it: the calls of RFC 9293 3.10, the time-outs, what goes out.

What arrives is in ``endpoint``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tcptrace.lab.segment import ACK, FIN, RST, SYN, Segment
from tcptrace.lab.simulator.numbers import WORD
from tcptrace.lab.simulator.options import Options
from tcptrace.lab.simulator.receiver import Receiver
from tcptrace.lab.simulator.sender import Sender, Sent

Address = tuple[str, int]
_SECOND = 1_000_000_000
_RTO_NS = 300_000_000
_MAX_RTO_NS = 10 * _SECOND
_LIVELY = {"ESTABLISHED", "CLOSE-WAIT"}  # in which the user may still send
# Where a RST has nobody to tell (3.10.5), and where CLOSE is an error (3.10.4).
_WITHOUT_RST = {"CLOSED", "LISTEN", "SYN-SENT", "CLOSING", "LAST-ACK", "TIME-WAIT"}


class Habits(NamedTuple):
    """What the RFC leaves to an end, and what its user asks for."""

    mss: int = 1000
    room: int = 60_000  # octets it keeps for a user who does not read
    shift: int | None = 2  # of its windows (RFC 7323 2); None: it scales none
    has_timestamps: bool = True
    may_sack: bool = True
    cookie: bytes | None = None  # of Fast Open: sent with the SYN, or asked of it
    waits_for_data: bool = False  # passes over a handshake's ACK without data, as a deferred accept does
    keep_alive_s: float = 0.0  # asks after so much silence, and as often again; 0: never
    keep_alive_count: int = 3  # gives up after so many without an answer
    user_timeout_s: float = 0.0  # gives up after so long without an ACK; 0: never
    fin_wait_2_s: float = 0.0  # leaves FIN-WAIT-2 after so long, when its user has left (no RFC's); 0: never
    msl_s: float = 120.0


@dataclass
class Step:
    """A step of a path."""

    time_ns: int
    from_state: str
    to_state: str


class Connection:
    """One end of one connection, but for what arrives. ``hears`` is told what its user is: ``open``, ``data`` or ``end``."""

    def __init__(
        self,
        local: Address,
        remote: Address,
        iss: int,
        habits: Habits = Habits(),  # noqa: B008  (it cannot be changed)
        hears: Callable[["Connection", str], None] = lambda endpoint, what: None,
        sent: list[Segment] | None = None,
    ) -> None:
        self.local, self.remote = local, remote
        self.sent: list[Segment] = [] if sent is None else sent  # to be taken by who runs it
        self.path = ["CLOSED"]
        self.steps: list[Step] = []
        self.timers_ns: dict[str, int] = {}
        self.left_silently = False  # given up, and no segment says so
        self.is_fast = False  # its SYN carried data that the other end took (RFC 7413)
        self._habits, self._hears = habits, hears
        self._is_passive = False
        self._sender = Sender(iss, habits.mss)
        self._receiver = Receiver(habits.room, habits.mss)
        self._shift = 0  # by which its own window field is scaled
        self._options = Options()  # agreed, or offered in its SYN
        self._rto_ns = _RTO_NS
        self._must_ack = False
        self._has_left = False  # the user reads no more
        self._ts_recent = 0
        self._last_ack = 0  # ACK field of the last segment sent (RFC 7323 4.3)
        self._probes = 0  # keep-alives without an answer
        self._now_ns = 0

    @property
    def state(self) -> str:
        """Where it is."""
        return self.path[-1]

    @property
    def timer_ns(self) -> int | None:
        """When ``tick`` is due."""
        return min(self.timers_ns.values(), default=None)

    @property
    def irs(self) -> int:
        """The other end's initial number."""
        return self._receiver.irs

    @property
    def rcv_nxt(self) -> int:
        """The number that it expects next."""
        return self._receiver.nxt

    @property
    def ts_recent(self) -> int | None:
        """The newest timestamp of the other end; ``None`` where they use none."""
        return self._ts_recent if self._options.times is not None else None

    # The user's calls (3.10.1 to 3.10.5)

    def listen(self, now_ns: int = 0) -> None:
        """Open passively."""
        self._now_ns = now_ns
        self._is_passive = True
        self.path = ["LISTEN"]

    def open(self, now_ns: int, size: int = 0) -> None:
        """Open actively (3.10.1); ``size`` octets go with the SYN (RFC 7413)."""
        self._now_ns = now_ns
        habits = self._habits
        self._options = Options(
            *(habits.mss, habits.shift, habits.may_sack, ()),
            times=(0, 0) if habits.has_timestamps else None,
            cookie=habits.cookie,
        )
        self._go("SYN-SENT")
        self._emit(self._sender.put(now_ns, SYN, min(size, habits.mss)))

    def send(self, now_ns: int, size: int) -> None:
        """Hand over data (3.10.2); a connection that is closing or not open takes none."""
        self._now_ns = now_ns
        if not self._sender.is_closing and self.state in _LIVELY | {"SYN-SENT", "SYN-RECEIVED"}:
            self._sender.waiting += size
            self._flush()

    def read(self, now_ns: int, is_reading: bool = True, octets: int | None = None) -> None:
        """Have the user read what has come (3.10.3) and go on reading; or stop, or read so many ``octets`` once."""
        self._now_ns = now_ns
        self._receiver.is_reading = is_reading and octets is None
        if not is_reading:
            return
        was = self._receiver.edge
        self._receiver.read(octets)
        self._receiver.offer(self._shift)
        if self._receiver.edge != was and self.state in {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"}:
            self._acknowledge_now()

    def cork(self) -> None:
        """Keep segments back that are not full, until the close."""
        self._sender.is_corked = True

    def shut(self, now_ns: int) -> None:
        """Say that nothing more will be sent, and read on (CLOSE, 3.10.4)."""
        self._now_ns = now_ns
        if self.state in {"LISTEN", "SYN-SENT"}:
            self.left_silently = True
            self._forget("CLOSED")
            return
        self._sender.is_closing = True
        self._flush()

    def leave(self, now_ns: int) -> None:
        """Say so and read no more: what has not been read, or comes later, is answered by a RST (RFC 1122 4.2.2.13)."""
        self._now_ns = now_ns
        if self._receiver.unread and self.state not in _WITHOUT_RST:
            self.abort(now_ns)
            return
        self._has_left = True
        self.shut(now_ns)
        self._watch_orphan()

    def abort(self, now_ns: int) -> None:
        """End it by a RST (3.10.5)."""
        self._now_ns = now_ns
        if self.state not in _WITHOUT_RST:
            self._reset()
        elif self.state != "CLOSED":
            self.left_silently = True
        self._forget("CLOSED")

    def vanish(self, now_ns: int) -> None:
        """Go without a word, as a host that loses its power."""
        self._now_ns = now_ns
        self._forget("CLOSED")

    # Time-outs (3.10.8)

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        self._now_ns = now_ns
        acts = {
            "again": self._send_again,
            "probe": self._probe,
            "2MSL": lambda: self._forget("CLOSED"),
            "alive": self._ask_whether_alive,
            "orphan": self._give_up,
        }
        for name, at_ns in list(self.timers_ns.items()):
            if at_ns <= now_ns and self.timers_ns.get(name) == at_ns:
                del self.timers_ns[name]
                acts[name]()

    def _send_again(self) -> None:
        """The retransmission time-out (3.8.1)."""
        if not self._sender.kept:
            return
        patience_ns = int(self._habits.user_timeout_s * _SECOND)
        if 0 < patience_ns <= self._now_ns - self._sender.kept[0].first_ns:
            self._give_up()  # the user time-out (3.10.8)
            return
        self._sender.forget_sacks()
        self._rto_ns = min(self._rto_ns * 2, _MAX_RTO_NS)
        self._emit_again()

    def _emit_again(self) -> None:
        self._emit(self._sender.first(), is_again=True)
        self.timers_ns["again"] = self._now_ns + self._rto_ns

    def _probe(self) -> None:
        """Ask beyond a closed window; from here on that octet is sent again as any other."""
        if self._sender.has_more and not self._sender.kept:
            self._send(self._sender.probe(self._now_ns))

    def _ask_whether_alive(self) -> None:
        """A keep-alive (3.8.4), or the end of patience; none while something is under way."""
        if self._sender.kept:
            self._watch_silence()
            return
        if self._probes >= self._habits.keep_alive_count:
            self.abort(self._now_ns)
            return
        self._probes += 1
        self._out(ACK, self._sender.nxt - 1 & WORD)
        self._watch_silence()

    def _give_up(self) -> None:
        self.left_silently = True
        self._forget("CLOSED")

    # What they have in common

    def _go(self, state: str) -> None:
        self.steps.append(Step(self._now_ns, self.state, state))
        self.path.append(state)

    def _forget(self, state: str | None) -> None:
        """Leave the connection."""
        if state is not None and self.state != state:
            self._go(state)
        self.timers_ns.clear()
        self._must_ack = self._has_left = False
        self._sender = Sender(self._sender.iss, self._habits.mss)

    def _acknowledged(self, ack: int) -> None:
        must_go_again = self._sender.acknowledge(ack)
        self._rto_ns = _RTO_NS
        self.timers_ns.pop("again", None)
        if must_go_again:
            self._emit_again()
        elif self._sender.kept:
            self.timers_ns["again"] = self._now_ns + self._rto_ns

    def _wait_2msl(self) -> None:
        self.timers_ns.clear()
        self.timers_ns["2MSL"] = self._now_ns + int(2 * self._habits.msl_s * _SECOND)

    def _watch_silence(self) -> None:
        self.timers_ns.pop("alive", None)
        if self._habits.keep_alive_s and self.state in _LIVELY:
            self.timers_ns["alive"] = self._now_ns + int(self._habits.keep_alive_s * _SECOND)

    def _watch_orphan(self) -> None:
        if self._habits.fin_wait_2_s and self._has_left and self.state == "FIN-WAIT-2":
            self.timers_ns["orphan"] = self._now_ns + int(self._habits.fin_wait_2_s * _SECOND)

    def _flush(self) -> None:
        """Send what there is to send, and an ACK if nothing else carried it."""
        before_count = len(self.sent)
        is_early = self.state == "SYN-RECEIVED" and (self.is_fast or not self._sender.waiting)  # 3.10.4
        if self.state in _LIVELY or is_early:
            for sent in self._sender.ready(self._now_ns):
                self._send(sent)
            if self._sender.has_more and not self._sender.kept and "probe" not in self.timers_ns:
                self.timers_ns["probe"] = self._now_ns + self._rto_ns
        if self._must_ack and len(self.sent) == before_count:
            self._acknowledge_now()
        self._must_ack = False

    def _send(self, sent: Sent) -> None:
        """Send a segment that is to be acknowledged."""
        if sent.flags & FIN:
            # "In any case, enter FIN-WAIT-1": here when the FIN goes, which is when others can see it.
            self._go("LAST-ACK" if self.state == "CLOSE-WAIT" else "FIN-WAIT-1")
        self.timers_ns.pop("probe", None)
        self.timers_ns.setdefault("again", self._now_ns + self._rto_ns)
        self._emit(sent)

    def _acknowledge_now(self) -> None:
        self._out(ACK, self._sender.nxt)

    def _reset(self) -> None:
        self._out(RST | ACK, self._sender.nxt)

    def _emit(self, sent: Sent, is_again: bool = False) -> None:
        """Send a segment of the queue; a SYN goes again without what Fast Open put in (RFC 7413 4.1.3.1)."""
        is_bare = is_again and bool(sent.flags & SYN)
        self.timers_ns.setdefault("again", self._now_ns + self._rto_ns)
        self._out(sent.flags, sent.seq, 0 if is_bare else sent.size, is_bare)

    def _out(self, flags: int, seq: int, size: int = 0, is_bare: bool = False) -> None:
        ack = self._receiver.nxt if flags & ACK else 0
        agreed = self._options
        times = (self._now_ns // 1_000_000 + 1 & WORD, self._ts_recent if flags & ACK else 0)
        options = Options(times=times if agreed.times is not None else None)
        if flags & SYN:
            window = min(self._receiver.window if flags & ACK else self._habits.room, 0xFFFF)
            options = agreed._replace(times=options.times, cookie=None if is_bare else agreed.cookie)
        else:
            window = self._receiver.offer(self._shift)
            if agreed.may_sack and flags & ACK and not flags & RST:
                options = options._replace(blocks=self._receiver.blocks())
        if flags & ACK:
            self._last_ack = ack
        self.sent.append(
            Segment(
                *(self.local, self.remote, flags, seq, ack, window),
                payload=bytes(size),
                options=options.octets(),
            )
        )
