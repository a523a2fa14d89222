"""An endpoint of TCP written from RFC 9293 section 3.10: it acts. (The replay, which only watches, is another program.)

No I/O: calls and segments go in with the time, segments come out of ``sent``, and ``timer_ns`` says when ``tick`` is due.
Without SACK, congestion control and 2MSL (a simulation ends in TIME-WAIT).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from tcptrace.lab.segment import ACK, FIN, PSH, RST, SYN, Segment

MSS = 1000
WINDOW = 60_000
_RTO_NS = 300_000_000
_MAX_RTO_NS = 10_000_000_000
_NO_OPTION, _TIMESTAMPS = b"\x01\x01", 8
_WORD = 0xFFFFFFFF


def before(first: int, second: int) -> bool:
    """Say whether a sequence number lies before another (3.4)."""
    return (first - second) & _WORD > 0x7FFFFFFF


def _upto(first: int, second: int) -> bool:
    return not before(second, first)


@dataclass
class _Unacked:
    """A segment that is kept until it is acknowledged (3.8.1)."""

    seq: int
    flags: int
    payload: bytes

    @property
    def end(self) -> int:
        return (self.seq + len(self.payload) + bool(self.flags & (SYN | FIN))) & _WORD


class Endpoint:
    """One end. ``hears`` is told what the other end did: ``data`` or ``end``."""

    def __init__(
        self,
        local: tuple[str, int],
        remote: tuple[str, int],
        iss: int,
        has_timestamps: bool = False,
        hears: Callable[["Endpoint", str], None] = lambda endpoint, what: None,
    ) -> None:
        self.sent: list[Segment] = []  # to be taken by who runs it
        self.path = ["CLOSED"]
        self.timer_ns: int | None = None
        self.left_silently = False  # given up by the user, and no segment says so
        self._local, self._remote, self._iss, self._hears = local, remote, iss, hears
        self._is_passive = False
        self._snd_una = self._snd_nxt = iss
        self._snd_wnd = WINDOW
        self._irs = self._rcv_nxt = 0
        self._unacked: list[_Unacked] = []
        self._waiting = bytearray()  # sent by the user, not yet in a segment
        self._is_closing = False  # the user has closed; the FIN may still have to wait
        self._early: list[tuple[int, bytes, bool]] = []  # beyond a hole: seq, payload, whether a FIN follows
        self._rto_ns = _RTO_NS
        self._must_ack = False
        self._has_timestamps = has_timestamps
        self._ts_recent = 0
        self._last_ack = 0  # ACK field of the last segment sent (RFC 7323 4.3)
        self._now_ns = 0

    @property
    def state(self) -> str:
        """Where it is."""
        return self.path[-1]

    # The user's calls (3.10.1 to 3.10.5)

    def listen(self) -> None:
        """Open passively."""
        self._is_passive = True
        self.path = ["LISTEN"]

    def open(self, now_ns: int) -> None:
        """Open actively (3.10.1)."""
        self._now_ns = now_ns
        self._go("SYN-SENT")
        self._queue(SYN)

    def send(self, now_ns: int, payload: bytes) -> None:
        """Hand over data (3.10.2); a connection that is closing or not open takes none."""
        self._now_ns = now_ns
        if not self._is_closing and self.state in {"SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"}:
            self._waiting += payload
            self._flush()

    def close(self, now_ns: int) -> None:
        """Say that nothing more will be sent (3.10.4)."""
        self._now_ns = now_ns
        if self.state in {"LISTEN", "SYN-SENT"}:
            self.left_silently = True
            self._forget("CLOSED")
            return
        self._is_closing = True
        self._flush()

    def abort(self, now_ns: int) -> None:
        """End it by a RST (3.10.5)."""
        self._now_ns = now_ns
        if self.state not in {"CLOSED", "LISTEN", "SYN-SENT", "CLOSING", "LAST-ACK", "TIME-WAIT"}:
            self._emit(RST | ACK, self._snd_nxt)
        elif self.state != "CLOSED":
            self.left_silently = True
        self._forget("CLOSED")

    def tick(self, now_ns: int) -> None:
        """Send the oldest unacknowledged segment again (3.8.1)."""
        self._now_ns = now_ns
        if not self._unacked:
            self.timer_ns = None
            return
        self._rto_ns = min(self._rto_ns * 2, _MAX_RTO_NS)
        self.timer_ns = now_ns + self._rto_ns
        first = self._unacked[0]
        self._emit(first.flags, first.seq, first.payload)

    # SEGMENT ARRIVES (3.10.7)

    def arrives(self, now_ns: int, segment: Segment) -> None:
        """Take in a segment."""
        self._now_ns = now_ns
        if self.state == "CLOSED":
            self._refuse(segment)  # 3.10.7.1
        elif self.state == "LISTEN":
            self._in_listen(segment)
        elif self.state == "SYN-SENT":
            self._in_syn_sent(segment)
        else:
            self._otherwise(segment)
            self._flush()

    def _in_listen(self, segment: Segment) -> None:
        """3.10.7.2."""
        if segment.flags & RST:
            return
        if segment.flags & ACK:
            self._refuse(segment)
        elif segment.flags & SYN:
            self._meet(segment)
            self._go("SYN-RECEIVED")
            self._queue(SYN | ACK)

    def _in_syn_sent(self, segment: Segment) -> None:
        """3.10.7.3."""
        has_ack = bool(segment.flags & ACK)
        if has_ack and (_upto(segment.ack, self._iss) or before(self._snd_nxt, segment.ack)):
            self._refuse(segment)
            return
        if segment.flags & RST:
            if has_ack:
                self._forget("CLOSED")
            return
        if not segment.flags & SYN:
            return
        self._meet(segment)
        if has_ack:
            self._acknowledged(segment.ack)
            self._go("ESTABLISHED")
            self._must_ack = True
            self._flush()
        else:  # both have opened: the SYN goes again, with an ACK
            self._go("SYN-RECEIVED")
            self._unacked[0].flags = SYN | ACK
            self._emit(SYN | ACK, self._iss)

    def _otherwise(self, segment: Segment) -> None:
        """3.10.7.4."""
        if (
            self.state == "SYN-RECEIVED"
            and segment.flags & SYN
            and segment.flags & ACK
            and segment.seq == self._irs
        ):
            # The SYN-ACK of a simultaneous open (3.5, figure 7): its SYN is known, its ACK counts.
            segment = segment.but(flags=segment.flags & ~SYN, seq=self._rcv_nxt)
        if not self._is_acceptable(segment):  # First
            if not segment.flags & RST:
                self._must_ack = True
            return
        self._note_time(segment)
        if segment.flags & RST:  # Second, with RFC 5961 3
            if segment.seq != self._rcv_nxt:
                self._must_ack = True
            else:
                back = self.state == "SYN-RECEIVED" and self._is_passive
                self._forget("LISTEN" if back else "CLOSED")
            return
        if segment.flags & SYN:  # Fourth, with RFC 5961 4
            self._must_ack = True
            return
        if not segment.flags & ACK or not self._check_ack(segment):  # Fifth
            return
        self._take_text(segment)  # Seventh and eighth

    def _is_acceptable(self, segment: Segment) -> bool:
        """The four cases of the test (3.4, table 6), for a window that is never closed."""
        length = (segment.end - segment.seq) & _WORD
        last = (segment.seq + length - 1) & _WORD
        edge = (self._rcv_nxt + WINDOW) & _WORD

        def inside(number: int) -> bool:
            return _upto(self._rcv_nxt, number) and before(number, edge)

        return inside(segment.seq) or (length > 0 and inside(last))

    def _check_ack(self, segment: Segment) -> bool:
        """Fifth, the ACK field; say whether to go on with the segment."""
        if self.state == "SYN-RECEIVED":
            if not (before(self._snd_una, segment.ack) and _upto(segment.ack, self._snd_nxt)):
                self._refuse(segment)
                return False
            # Its own FIN may be out already (3.10.4): then the state is not SYN-RECEIVED any more.
            self._go("ESTABLISHED")
        if before(self._snd_nxt, segment.ack):
            self._must_ack = True
            return False
        if before(self._snd_una, segment.ack):
            self._acknowledged(segment.ack)
        is_fin_acknowledged = self._is_closing and not self._unacked and not self._waiting
        following = {"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT", "LAST-ACK": "CLOSED"}
        if is_fin_acknowledged and self.state in following:
            self._go(following[self.state])
            if self.state == "CLOSED":
                self._forget(None)
                return False
        return True

    def _take_text(self, segment: Segment) -> None:
        """Seventh the text, eighth the FIN; what lies beyond a hole waits until that is filled."""
        length = len(segment.payload)
        if not length and not segment.flags & FIN:
            return
        self._must_ack = True
        self._early.append((segment.seq, segment.payload, bool(segment.flags & FIN)))
        taken = True
        while taken:
            taken = False
            for piece in list(self._early):
                seq, payload, has_fin = piece
                end = (seq + len(payload)) & _WORD
                if before(self._rcv_nxt, seq):
                    continue
                self._early.remove(piece)
                if before(self._rcv_nxt, end):
                    self._rcv_nxt, taken = end, True
                    self._hears(self, "data")
                if (
                    has_fin
                    and end == self._rcv_nxt
                    and self.state in {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"}
                ):
                    self._take_fin()
                    taken = True

    def _take_fin(self) -> None:
        """Eighth: the other end has nothing more to send."""
        self._rcv_nxt = (self._rcv_nxt + 1) & _WORD
        self._go(
            {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}[self.state]
        )
        self._hears(self, "end")

    # What they have in common

    def _go(self, state: str) -> None:
        self.path.append(state)

    def _forget(self, state: str | None) -> None:
        """Leave the connection."""
        if state is not None and self.state != state:
            self._go(state)
        self._unacked, self._early, self.timer_ns = [], [], None
        self._waiting.clear()
        self._must_ack = self._is_closing = False
        if state == "LISTEN":
            self._snd_una = self._snd_nxt = self._iss

    def _meet(self, segment: Segment) -> None:
        """Take the other end's SYN."""
        self._irs = segment.seq
        self._rcv_nxt = (segment.seq + 1) & _WORD
        self._has_timestamps = self._has_timestamps and _times(segment) is not None
        self._note_time(segment)

    def _acknowledged(self, ack: int) -> None:
        self._snd_una = ack
        self._unacked = [kept for kept in self._unacked if before(ack, kept.end)]
        self._rto_ns = _RTO_NS
        self.timer_ns = self._now_ns + self._rto_ns if self._unacked else None

    def _note_time(self, segment: Segment) -> None:
        """RFC 7323 4.3."""
        times = _times(segment)
        if times is not None and (segment.flags & SYN or _upto(segment.seq, self._last_ack)):
            self._ts_recent = times[0]

    def _flush(self) -> None:
        """Send what there is to send, and an ACK if nothing else carried it."""
        before_count = len(self.sent)
        if self.state in {"ESTABLISHED", "CLOSE-WAIT"}:
            while self._waiting and (self._snd_nxt - self._snd_una) & _WORD < self._snd_wnd:
                payload = bytes(self._waiting[:MSS])
                del self._waiting[:MSS]
                self._queue(PSH | ACK, payload)
            if self._is_closing and not self._waiting:
                # "In any case, enter FIN-WAIT-1": here when the FIN goes, which is when others can see it.
                self._go("FIN-WAIT-1" if self.state == "ESTABLISHED" else "LAST-ACK")
                self._queue(FIN | ACK)
        if self._must_ack and len(self.sent) == before_count:
            self._emit(ACK, self._snd_nxt)
        self._must_ack = False

    def _queue(self, flags: int, payload: bytes = b"") -> None:
        """Send a segment that is to be acknowledged."""
        kept = _Unacked(self._snd_nxt, flags, payload)
        self._unacked.append(kept)
        self._snd_nxt = kept.end
        self._emit(flags, kept.seq, payload)
        if self.timer_ns is None:
            self.timer_ns = self._now_ns + self._rto_ns

    def _emit(self, flags: int, seq: int, payload: bytes = b"") -> None:
        ack = self._rcv_nxt if flags & ACK else 0
        options = b""
        if self._has_timestamps:
            value = self._now_ns // 1_000_000 + 1 & _WORD
            options = _NO_OPTION + struct.pack(
                "!BBII", _TIMESTAMPS, 10, value, self._ts_recent if flags & ACK else 0
            )
        if flags & ACK:
            self._last_ack = ack
        self.sent.append(
            Segment(self._local, self._remote, flags, seq, ack, WINDOW, payload=payload, options=options)
        )

    def _refuse(self, segment: Segment) -> None:
        """Answer by a RST (3.10.7.1)."""
        if segment.flags & RST:
            return
        if segment.flags & ACK:
            self.sent.append(Segment(self._local, self._remote, RST, segment.ack, 0, 0))
        else:
            self.sent.append(Segment(self._local, self._remote, RST | ACK, 0, segment.end, 0))


def _times(segment: Segment) -> tuple[int, int] | None:
    """Return TSval and TSecr, which this endpoint writes in one place alone."""
    if segment.options[:4] != _NO_OPTION + bytes([_TIMESTAMPS, 10]):
        return None
    value, echo = struct.unpack("!II", segment.options[4:12])
    return value, echo
