"""An endpoint of TCP written from RFC 9293 section 3.10: it acts. (The replay, which only watches, is another program.)

No I/O: calls and segments go in with the time, segments come out of ``sent``, and ``timer_ns`` says when ``tick`` is due.
With RFC 7323 (scaled windows, timestamps, PAWS), RFC 2018 and 2883 (SACK), RFC 7413 (Fast Open) and RFC 5961 (challenge
ACKs); without congestion control and urgent data.
"""

from tcptrace.lab.segment import ACK, FIN, RST, SYN, Segment
from tcptrace.lab.simulator.connection import Connection
from tcptrace.lab.simulator.numbers import WORD, ahead, before, upto
from tcptrace.lab.simulator.options import Options, read_options


class Endpoint(Connection):
    """One end of one connection: SEGMENT ARRIVES (3.10.7)."""

    def arrives(self, now_ns: int, segment: Segment) -> None:
        """Take in a segment."""
        self._now_ns = now_ns
        options = read_options(segment.options)
        if self.state == "CLOSED":
            self.sent += refusals(segment)  # 3.10.7.1
        elif self.state == "LISTEN":
            self._in_listen(segment, options)
        elif self.state == "SYN-SENT":
            self._in_syn_sent(segment, options)
        else:
            self._otherwise(segment, options)
        self._probes = 0
        self._flush()
        self._watch_silence()

    def _in_listen(self, segment: Segment, options: Options) -> None:
        """3.10.7.2."""
        if segment.flags & RST:
            return
        if segment.flags & ACK:
            self.sent += refusals(segment)
        elif segment.flags & SYN:
            habits = self._habits
            offered = Options(
                habits.mss,
                habits.shift if options.shift is not None else None,
                habits.may_sack and options.may_sack,
                times=(0, 0) if habits.has_timestamps and options.times is not None else None,
            )
            self._options = offered
            self._meet(segment, options)
            self._go("SYN-RECEIVED")
            is_known = habits.cookie is not None and options.cookie == habits.cookie
            if is_known and segment.payload:  # RFC 7413 4.2.2
                self.is_fast = True
                self._receiver.take(segment)
            elif habits.cookie is not None and options.cookie == b"":
                self._options = offered._replace(cookie=habits.cookie)
            self._send(self._sender.put(self._now_ns, SYN | ACK))
            if self.is_fast:
                self._hears(self, "open")

    def restore(self, now_ns: int, segment: Segment) -> None:
        """Come to SYN-RECEIVED by the ACK that brings a SYN cookie back (RFC 4987 3.6): nothing was kept before."""
        self._now_ns = now_ns
        self._options = Options(self._habits.mss)
        syn = segment.but(flags=SYN, seq=segment.seq - 1 & WORD, payload=b"", options=b"")
        self._meet(syn, Options())
        self._go("SYN-RECEIVED")
        self._sender.put(now_ns, SYN | ACK)

    def _in_syn_sent(self, segment: Segment, options: Options) -> None:
        """3.10.7.3."""
        has_ack = bool(segment.flags & ACK)
        sender = self._sender
        if has_ack and (upto(segment.ack, sender.iss) or before(sender.nxt, segment.ack)):
            self.sent += refusals(segment)
            return
        if segment.flags & RST:
            if has_ack:
                self._forget("CLOSED")
            return
        if not segment.flags & SYN:
            return
        self._meet(segment, options)
        if has_ack:
            self.is_fast = before(sender.iss + 1 & WORD, segment.ack)
            self._acknowledged(segment.ack)
            self._go("ESTABLISHED")
            self._must_ack = True
            self._hears(self, "open")
        else:  # both have opened: the SYN goes again, with an ACK
            self._go("SYN-RECEIVED")
            sender.kept[0].flags = SYN | ACK
            self._emit(sender.kept[0], is_again=True)

    def _meet(self, segment: Segment, options: Options) -> None:
        """Take the other end's SYN, and agree on what both have offered."""
        both = self._options
        self._receiver.meet(segment.seq)
        has_times = both.times is not None and options.times is not None
        self._options = both._replace(
            times=both.times if has_times else None, may_sack=both.may_sack and options.may_sack
        )
        if both.shift is not None and options.shift is not None:
            self._shift, self._sender.shift = both.shift, options.shift
        else:
            self._options = self._options._replace(shift=None)
        self._sender.mss = min(self._sender.mss, options.mss or 536)
        self._sender.set_window(segment.seq, segment.ack, segment.window, is_syn=True)
        self._note_time(segment, options)

    def _otherwise(self, segment: Segment, options: Options) -> None:
        """3.10.7.4."""
        flags, receiver = segment.flags, self._receiver
        if self.state == "SYN-RECEIVED" and flags & SYN and flags & ACK and segment.seq == receiver.irs:
            # The SYN-ACK of a simultaneous open (3.5, figure 7): its SYN is known, its ACK counts.
            segment = self._without_syn(segment, receiver.nxt)
            flags = segment.flags
        is_old = self._is_old(options) and not flags & RST
        if receiver.window == 0 and segment.seq == receiver.nxt and not is_old:
            # No room: of ACKs and RSTs what they say is taken, and text is refused.
            self._must_ack = self._must_ack or segment.end != segment.seq
            segment = segment.but(payload=b"", flags=flags & ~FIN)
            flags = segment.flags
        if is_old or not receiver.is_acceptable(segment):  # First
            self._answer_unacceptable(segment)
            return
        self._note_time(segment, options)
        # What lies outside the window is cut off, a SYN too.
        if flags & SYN and before(segment.seq, receiver.nxt):
            segment = self._without_syn(segment, segment.seq + 1 & WORD)
            flags = segment.flags
        if flags & RST:  # Second, with RFC 5961 3
            if segment.seq != receiver.nxt:
                self._must_ack = True
                return
            back = self.state == "SYN-RECEIVED" and self._is_passive
            self._forget("LISTEN" if back else "CLOSED")
        elif flags & SYN:  # Fourth, with RFC 5961 4
            if self.state == "SYN-RECEIVED" and self._is_passive:
                self._forget("LISTEN")
            else:
                self._must_ack = True
        elif flags & ACK and self._check_ack(segment, options):  # Fifth
            self._take_text(segment)  # Seventh and eighth

    def _without_syn(self, segment: Segment, seq: int) -> Segment:
        """Cut off a SYN that has come before; its window is not a scaled one (RFC 7323 2.2)."""
        return segment.but(flags=segment.flags & ~SYN, seq=seq, window=segment.window >> self._sender.shift)

    def _is_old(self, options: Options) -> bool:
        """PAWS (RFC 7323 5.3): a segment with an old timestamp, or without one where they use them."""
        if self._options.times is None:
            return False
        return options.times is None or before(options.times[0], self._ts_recent)

    def _answer_unacceptable(self, segment: Segment) -> None:
        """First: an ACK, unless it was a RST; and a FIN that comes again into TIME-WAIT starts 2MSL anew."""
        if segment.flags & RST:
            return
        self._must_ack = True
        self._receiver.came_again(segment)
        if self.state == "TIME-WAIT" and segment.flags & FIN:
            self._wait_2msl()

    def _check_ack(self, segment: Segment, options: Options) -> bool:
        """Fifth, the ACK field; say whether to go on with the segment."""
        sender = self._sender
        if self.state == "SYN-RECEIVED":
            if not (before(sender.una, segment.ack) and upto(segment.ack, sender.nxt)):
                self.sent += refusals(segment)
                return False
            if self._habits.waits_for_data and not segment.payload:
                return False
            self._go("ESTABLISHED")
            sender.set_window(segment.seq, segment.ack, segment.window)
            self._acknowledged(segment.ack)
            if not self.is_fast:
                self._hears(self, "open")
        if not -sender.widest <= ahead(segment.ack, sender.una) <= ahead(sender.nxt, sender.una):
            self._must_ack = True  # RFC 5961 5.2
            return False
        self._take_ack(segment, options)
        following = {"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT", "LAST-ACK": "CLOSED"}
        if sender.is_fin_acknowledged and self.state in following:
            self._go(following[self.state])
            if self.state == "CLOSED":
                self._forget(None)
                return False
            self._watch_orphan()
            if self.state == "TIME-WAIT":
                self._wait_2msl()
        return True

    def _note_time(self, segment: Segment, options: Options) -> None:
        """RFC 7323 4.3."""
        if options.times is not None and (segment.flags & SYN or upto(segment.seq, self._last_ack)):
            self._ts_recent = options.times[0]

    def _take_ack(self, segment: Segment, options: Options) -> None:
        """SND.UNA, SND.WND and what has to go again at once."""
        sender = self._sender
        was = sender.window
        opens = sender.set_window(segment.seq, segment.ack, segment.window)
        sender.sacked(options.blocks)
        if before(sender.una, segment.ack):
            self._acknowledged(segment.ack)
        elif segment.ack == sender.una and sender.kept:
            is_same = segment.end == segment.seq and sender.window == was
            if opens or (is_same and was and sender.duplicate()):
                self._emit_again()

    def _take_text(self, segment: Segment) -> None:
        """Seventh the text, eighth the FIN; what lies beyond a hole waits until that is filled."""
        if segment.end == segment.seq:
            return
        self._must_ack = True
        if self.state not in {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"}:
            if self.state == "TIME-WAIT" and segment.flags & FIN:
                self._wait_2msl()
            return
        end = segment.seq + len(segment.payload) & WORD
        if self._has_left and before(self._receiver.nxt, end):  # RFC 1122 4.2.2.13: nobody will ever read it
            self.sent += refusals(segment)
            self._forget("CLOSED")
            return
        fresh, is_fin = self._receiver.take(segment)
        if fresh:
            self._hears(self, "data")
        if is_fin and self.state in {"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"}:  # the user may have ended it
            following = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}
            self._go(following[self.state])
            if self.state == "TIME-WAIT":
                self._wait_2msl()
            self._hears(self, "end")


def refusals(segment: Segment) -> list[Segment]:
    """Return the RST that answers a segment which nobody expects (3.10.7.1); none answers a RST."""
    if segment.flags & RST:
        return []
    if segment.flags & ACK:
        return [Segment(segment.target, segment.source, RST, segment.ack, 0, 0)]
    return [Segment(segment.target, segment.source, RST | ACK, 0, segment.end, 0)]
