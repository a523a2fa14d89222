"""The verdict on a connection: who is who, how it ended, who closed first, who reset it.

contract.md, *Which end is which*, *Outcome*; replay.md, *Outcome*. Everything is read off the rows after the replay.
"""

from array import array

from tcptrace.flow.bits import F_FIN, F_SYN, F_SYN_ACK, NONE, S_BOTH_SYN, S_GIVEN_UP, S_SELF
from tcptrace.model.states import CLOSE_WAIT, CLOSED, ESTABLISHED, LAST_ACK, SYN_RECEIVED, SYN_SENT
from tcptrace.tcp.outcomes import (
    ABORTED,
    BOTH,
    CLOSING,
    CONNECTING,
    HALF_CLOSED,
    OPEN,
    OUT_CLOSED,
    REFUSED,
    RESET,
    UNANSWERED,
    UNKNOWN_OUTCOME,
)

from ..flow.rows import End, Entry, Stream
from .paths import Paths

OUTCOMES = 10
BEYOND = ((1 << 12) - 1) ^ ((1 << ESTABLISHED) - 1)  # ESTABLISHED and every state beyond it


class Verdict:
    """Fills its fields from a connection's rows."""

    __slots__ = (
        "client",
        "closed_first",
        "counts",
        "crossed",
        "given_up",
        "one_direction",
        "opened_by",
        "outcome",
        "paths",
        "reset_by",
        "reset_frame",
    )

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.client = 0  # which of the two ends is the client
        self.opened_by = NONE  # side number, BOTH or NONE
        self.outcome = UNKNOWN_OUTCOME
        self.closed_first = NONE  # side number, BOTH or NONE
        self.reset_by = NONE  # side number or NONE
        self.reset_frame = 0
        self.crossed = 0  # the FINs crossed
        # Of `add`:
        self.counts = array("q", bytes(8 * OUTCOMES))
        self.one_direction = 0
        self.given_up = 0

    def add(self, row: "Stream | Entry | bytes", clock_ns: int, frame: int) -> None:
        """Add a connection's outcome to ``counts``, TIME-WAIT ended where the clock says so."""
        if isinstance(row, Entry):  # plain and over (`tcp.drafts`), or a lone SYN
            entry = row
            self.counts[UNANSWERED if entry.draft == NONE else OUT_CLOSED] += 1
            return
        if isinstance(row, bytes):  # packed (`tcp.packed`): the end of TIME-WAIT changes no outcome
            octets = row
            self.counts[octets[0]] += 1
            self.one_direction += octets[1]
            return
        stream = row
        low = stream.low
        high = stream.high
        if low is not None:
            self.paths.expire(low, clock_ns, frame)
        if high is not None:
            self.paths.expire(high, clock_ns, frame)
        self.judge(stream)
        self.count(stream)
        key = stream.key
        if key is not None:
            key.stream = None  # the two hold each other

    def count(self, stream: Stream) -> None:
        """Count the outcome of the connection that was judged last."""
        self.counts[self.outcome] += 1
        self.one_direction += stream.is_one_way()
        if stream.flags & S_GIVEN_UP:
            self.given_up += 1

    def find_client(self, stream: Stream) -> int:
        """Return which end is the client."""
        if stream.syn_side >= 0:
            return stream.syn_side
        if stream.synack_side >= 0:
            return 1 - stream.synack_side
        key = stream.key
        if key is None:
            return 0
        low_port = (key.k4 >> 16) & 0xFFFF
        high_port = key.k4 & 0xFFFF
        if low_port == high_port:
            return stream.first_side
        return 0 if low_port > high_port else 1

    def judge(self, stream: Stream) -> int:
        """Fill the fields; return the number of the outcome."""
        alone = stream.flags & S_SELF
        self.client = 0 if alone else self.find_client(stream)
        low = stream.low
        high = low if alone else stream.high
        self.opened_by = NONE
        if alone or stream.flags & S_BOTH_SYN:
            self.opened_by = BOTH
        elif stream.syn_side >= 0 or stream.synack_side >= 0:
            self.opened_by = self.client
        if low is None or high is None:
            self.outcome = UNKNOWN_OUTCOME
            return self.outcome
        paths = self.paths
        paths.survey(low)
        passed_low = passed_high = paths.passed
        final_low = final_high = paths.final
        rst_by_low = paths.rst_sent
        rst_by_high = paths.rst_received
        if not alone:
            paths.survey(high)
            passed_high = paths.passed
            final_high = paths.final
            if paths.rst_received and (rst_by_low == 0 or paths.rst_received < rst_by_low):
                rst_by_low = paths.rst_received
            if paths.rst_sent and (rst_by_high == 0 or paths.rst_sent < rst_by_high):
                rst_by_high = paths.rst_sent
        self.find_reset(rst_by_low, rst_by_high)
        self.find_first(low, high, 1 if alone else 0)
        self.outcome = self.find_outcome(
            stream, low, high, passed_low, passed_high, final_low if self.client else final_high
        )
        return self.outcome

    def find_reset(self, by_low: int, by_high: int) -> None:
        """Find the side of the first valid RST."""
        self.reset_by = NONE
        self.reset_frame = 0
        if by_low and (not by_high or by_low < by_high):
            self.reset_by = 0
            self.reset_frame = by_low
        elif by_high:
            self.reset_by = 1
            self.reset_frame = by_high

    def fin_frame(self, end: End) -> int:
        """Return the frame of the end's FIN, or of the ACK that shows it; 0: none."""
        if end.fin_seq < 0:
            return 0
        cold = end.cold
        if end.fin_frame or cold is None:
            return end.fin_frame
        return cold.unsent_frame

    def find_first(self, low: End, high: End, alone: int) -> None:
        """Find who closed first: FIN or valid RST; BOTH where the FINs crossed."""
        by_low = self.fin_frame(low)
        by_high = self.fin_frame(high)
        self.crossed = 0
        self.closed_first = NONE
        if alone:
            if by_low:
                self.closed_first = BOTH
                self.crossed = 1
            elif self.reset_by >= 0:
                self.closed_first = self.reset_by
            return
        if by_low and by_high and low.flags & F_FIN and high.flags & F_FIN:
            if low.fin_x_ack <= high.fin_seq and high.fin_x_ack <= low.fin_seq:
                self.crossed = 1
        earliest = 0
        if by_low:
            earliest = by_low
            self.closed_first = 0
        if by_high and (not earliest or by_high < earliest):
            earliest = by_high
            self.closed_first = 1
        if self.reset_by >= 0 and (not earliest or self.reset_frame < earliest):
            self.closed_first = self.reset_by
        elif self.crossed:
            self.closed_first = BOTH

    def find_outcome(
        self, stream: Stream, low: End, high: End, passed_low: int, passed_high: int, server_final: int
    ) -> int:
        """Return the first outcome that holds, in the contract's order."""
        fins = (1 if low.fin_seq >= 0 else 0) + (1 if high.fin_seq >= 0 else 0)
        established = (passed_low | passed_high) & BEYOND
        if fins == 2:
            last = self.fin_frame(low)
            if self.fin_frame(high) > last:
                last = self.fin_frame(high)
            if self.reset_by >= 0 and self.reset_frame > last:
                return OUT_CLOSED
            if high.ack_high > low.fin_seq and low.ack_high > high.fin_seq:
                return OUT_CLOSED
        if self.reset_by >= 0:
            if established:
                return RESET
            if self.is_refused(stream, low, high, passed_low, passed_high):
                return REFUSED
            if stream.syn_side >= 0 or stream.synack_side >= 0:
                return ABORTED
            return UNKNOWN_OUTCOME
        if fins == 1:
            return HALF_CLOSED
        if fins == 2:
            return CLOSING
        if (low.flags | high.flags) & F_SYN_ACK and server_final == SYN_RECEIVED:
            return CONNECTING
        if established:
            return OPEN
        if (low.flags | high.flags) & F_SYN_ACK:
            return CONNECTING
        if stream.syn_side >= 0:
            return UNANSWERED
        return UNKNOWN_OUTCOME

    def is_refused(self, stream: Stream, low: End, high: End, passed_low: int, passed_high: int) -> int:
        """Return 1 where a RST answered the SYN: the opener never left SYN-SENT but for CLOSED, the other end is CLOSED."""
        if stream.syn_side < 0 or self.reset_by != 1 - stream.syn_side:
            return 0
        opener = passed_high if stream.syn_side else passed_low
        other = low if stream.syn_side else high
        return 1 if opener == (1 << CLOSED | 1 << SYN_SENT) and not other.flags & (F_SYN | F_SYN_ACK) else 0

    def is_abortive(self, end: End, side: int) -> int:
        """Return 1 where the end reset an established connection without a FIN (RFC 1122 4.2.2.13)."""
        if self.reset_by != side or end.fin_seq >= 0:
            return 0
        self.paths.survey(end)
        return (
            1
            if self.paths.rst_sent
            and self.paths.passed & (1 << ESTABLISHED | 1 << CLOSE_WAIT | 1 << LAST_ACK)
            else 0
        )
