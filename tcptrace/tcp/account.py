"""The numbers of one direction: what was sent, what arrived without a hole, round trips.

Out-of-order ranges are at most ``MAX_GAPS`` a direction (then ``unique_bytes`` is not known any more), outstanding segments
at most ``MAX_FLIGHT``; each segment costs a bounded number of steps.
"""

from tcptrace.flow.bits import NONE

from ..flow.rows import Cold, End, Flight, Gap, Segment

MAX_GAPS = 1024
FIRST_FLIGHT = 16
MAX_FLIGHT = 8192
UNKNOWN_SCALE = 14  # replay.md: window scale unknown: shift 14


class Account:
    """Keeps the numbers of an end as its segments come."""

    __slots__ = ()

    def sent(self, end: End, x: Segment) -> None:
        """Take a segment's sequence numbers into its sender's row. SYN and FIN have a number each, a RST has none."""
        if x.rst:
            return  # data in a RST is no data (RFC 9293 3.5.3 allows a text)
        if end.snd_nxt < 0:
            end.iss = x.seq if x.syn else x.seq - 1
            end.snd_nxt = x.seq
            end.cont = x.seq
        if x.end > x.seq:
            self.numbers(end, x.seq, x.end, x.length, x.syn, x.time_ns)

    def out_of_turn(self, end: End, left: int, right: int, time_ns: int) -> None:
        """Take plain data that is not at SND.NXT."""
        self.numbers(end, left, right, right - left, 0, time_ns)

    def numbers(self, end: End, left: int, right: int, length: int, syn: int, time_ns: int) -> None:
        """Take the numbers [left, right), ``length`` of them payload octets, behind the SYN's where ``syn``."""
        if right > end.snd_nxt:
            if left >= end.snd_nxt:
                self.outstanding(end, right, time_ns)
            else:
                self.bar(end, left, right)
            end.snd_nxt = right
        else:
            self.bar(end, left, right)
        # Payload octets once each: SYN and FIN take a number but are no octets.
        first = left + syn
        if first <= end.cont:
            fresh = first + length - end.cont
            if fresh > 0 and length > 0 and end.unique_bytes >= 0:
                end.unique_bytes += fresh if fresh < length else length
            if right > end.cont:
                cold = end.cold
                if cold is not None and cold.gaps is not None:
                    self.fill(end, cold, right, 1)
                else:
                    end.cont = right
        elif left > end.cont:
            self.beyond(end, first, first + length, right)
        else:
            # A SYN at `cont`: its number first, then its octets.
            if end.unique_bytes >= 0:
                end.unique_bytes += length
            end.cont = right

    def acknowledged(self, end: End, ack: int) -> None:
        """Close holes below ``ack``: the peer has it all, captured or not."""
        if ack <= end.cont:
            return
        cold = end.cold
        if cold is not None and cold.gaps is not None:
            self.fill(end, cold, ack, 0)
        else:
            end.cont = ack

    def fill(self, end: End, cold: Cold, right: int, counted: int) -> None:
        """Advance ``cont`` to ``right`` and over the ranges that it reaches.

        ``counted``: the octets up to ``right`` were just counted as new; those that the ranges hold are taken off again.
        """
        cont = end.cont
        gap = cold.gaps
        while gap is not None and gap.left <= right:
            overlap = (gap.right if gap.right < right else right) - (gap.left if gap.left > cont else cont)
            if gap.right == end.fin_seq + 1 and gap.right <= right:
                overlap -= 1  # the FIN in it is no octet
            if counted and overlap > 0 and end.unique_bytes >= 0:
                end.unique_bytes -= overlap
            if gap.right > right:
                right = gap.right
            gap = gap.next
            cold.gap_count -= 1
        cold.gaps = gap
        end.cont = right

    def beyond(self, end: End, left: int, right: int, limit: int) -> None:
        """Note the range [left, right) captured beyond a hole; ``limit`` counts a FIN too, which is no octet."""
        cold = end.chill()
        before: Gap | None = None
        gap = cold.gaps
        while gap is not None and gap.right < left:
            before = gap
            gap = gap.next
        fresh = right - left
        stop = limit if limit > right else right
        new = Gap()
        new.left = left
        new.right = stop
        while gap is not None and gap.left <= stop:
            overlap = (gap.right if gap.right < right else right) - (gap.left if gap.left > left else left)
            if overlap > 0:
                fresh -= overlap
            if gap.left < new.left:
                new.left = gap.left
            if gap.right > new.right:
                new.right = gap.right
            gap = gap.next
            cold.gap_count -= 1
        new.next = gap
        if before is None:
            cold.gaps = new
        else:
            before.next = new
        cold.gap_count += 1
        if end.unique_bytes >= 0 and fresh > 0:
            end.unique_bytes += fresh
        if cold.gap_count > MAX_GAPS:
            # Give the lowest hole up: what it hid is not known any more.
            end.unique_bytes = NONE
            first = cold.gaps
            if first is not None:
                self.fill(end, cold, first.right, 0)

    def received(self, end: End, x: Segment) -> None:
        """Take what a segment shows of its sender's receiving side: ACK, window, timestamps."""
        if x.ack >= 0:
            window = x.window
            if not x.syn:
                window <<= UNKNOWN_SCALE if end.scale < 0 else end.scale
            if not x.rst:
                end.window = x.window
                end.ack_last = x.ack
                if x.ack >= end.ack_high:
                    end.window_edge = x.ack + window
                if window > end.window_max:
                    end.window_max = window
                if x.ack > end.ack_high:
                    end.ack_high = x.ack
        if x.has_ts:
            if x.new_ts or not end.has_ts:
                end.tsval = x.tsval
            end.has_ts = 1
            if x.ack >= 0:
                end.tsecr = x.tsecr

    def outstanding(self, end: End, right: int, time_ns: int) -> None:
        """Remember when new data went out."""
        if end.sent_end < 0:
            end.sent_end = right
            end.sent_ns = time_ns
        else:
            flight = end.flight
            if flight is None:
                flight = Flight(FIRST_FLIGHT)
                end.flight = flight
            elif flight.count == len(flight.ends) < MAX_FLIGHT:
                flight = self.grown(flight, len(flight.ends))
                end.flight = flight
            size = len(flight.ends)
            if flight.count < size:
                at = (flight.first + flight.count) & (size - 1)
                flight.ends[at] = right
                flight.times[at] = time_ns
                flight.count += 1

    def grown(self, flight: Flight, size: int) -> Flight:
        """Return a ring of twice the size with the same entries."""
        larger = Flight(2 * size)
        for at in range(flight.count):
            place = (flight.first + at) & (size - 1)
            larger.ends[at] = flight.ends[place]
            larger.times[at] = flight.times[place]
        larger.count = flight.count
        return larger

    def bar(self, end: End, left: int, right: int) -> None:
        """Bar numbers that were sent twice from round-trip samples (Karn's rule, RFC 6298 3)."""
        if end.sent_end < 0:
            return
        cold = end.chill()
        if cold.karn_high < 0 or cold.karn_high < end.sent_end:
            cold.karn_low = left
            cold.karn_high = right
            return
        if left < cold.karn_low:
            cold.karn_low = left
        if right > cold.karn_high:
            cold.karn_high = right

    def sample(self, end: End, ack: int, time_ns: int) -> None:
        """Take an ACK of what the end sent: a sample where it ends a segment that was sent once."""
        cold = end.cold
        while 0 <= end.sent_end <= ack:
            if end.sent_end == ack and (cold is None or not cold.karn_low < ack <= cold.karn_high):
                rtt = time_ns - end.sent_ns
                if rtt < 0:
                    rtt = 0  # the clock went back: durations are not negative
                if end.rtt_count == 0 or rtt < end.rtt_min:
                    end.rtt_min = rtt
                if rtt > end.rtt_max:
                    end.rtt_max = rtt
                end.rtt_sum += rtt
                end.rtt_count += 1
            flight = end.flight
            if flight is None or flight.count == 0:
                end.sent_end = NONE
            else:
                end.sent_end = flight.ends[flight.first]
                end.sent_ns = flight.times[flight.first]
                flight.first = (flight.first + 1) & (len(flight.ends) - 1)
                flight.count -= 1
