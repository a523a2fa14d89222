"""Steps and offers: the events that segments make, put into an end's path, changed there, or taken back.

No state is named here: whether an input moves an end is the table's to say (``tcp.machine``, ``tcp.paths``).
"""

from tcptrace.flow.bits import (
    ASSUMED,
    INFERRED,
    OBSERVED,
    TURN_RECEIVER,
    TURN_SENDER,
)
from tcptrace.tcp.machine import RCV_ACK_OF_SYN

from ..flow.rows import End, Event, Segment
from .paths import Paths


class Steps:
    """Makes and changes the events of an end."""

    __slots__ = ("paths",)

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    def own(self, end: End, what: int, x: Segment) -> None:
        """Add a step that the end made itself, by its segment ``x``."""
        if self.paths.step(end, what, OBSERVED, x.frame, x.time_ns, TURN_SENDER):
            return
        event = self.paths.take()
        event.input = what
        event.evidence = OBSERVED
        event.settled = 1
        event.frame = x.frame
        event.proof = x.frame
        event.place = x.frame
        event.place_ns = x.time_ns
        event.turn = TURN_SENDER
        event.seq = x.seq
        event.end_seq = x.end
        event.x_ack = x.ack
        self.paths.append(end, event)

    def infer(self, end: End, what: int, x: Segment, settled: int, turn: int) -> Event:
        """Add a step whose segment was never captured and that ``x`` shows."""
        event = self.paths.take()
        event.input = what
        event.evidence = INFERRED
        event.settled = settled
        event.frame = x.frame
        event.proof = x.frame
        event.place = x.frame
        event.place_ns = x.time_ns
        event.turn = turn
        self.paths.append(end, event)
        return event

    def offer(self, end: End, what: int, x: Segment, end_seq: int) -> Event:
        """Add a step that the end should make at the peer's segment ``x``, until its own segments prove or refute it."""
        event = self.paths.take()
        event.input = what
        event.evidence = ASSUMED
        event.frame = x.frame
        event.place = x.frame
        event.place_ns = x.time_ns
        event.turn = TURN_RECEIVER
        event.seq = x.seq
        event.end_seq = end_seq
        event.x_ack = x.ack
        event.has_ts = x.new_ts
        event.tsval = x.tsval
        event.in_turn = 1 if x.seq <= end.ack_high else 0
        self.paths.append(end, event)
        return event

    def doubts_fin(self, event: Event | None) -> int:
        """Return 1 where an ACK of the SYN is open in a list of offers, and another may have come before the FIN.

        What shows that one had not come says nothing of an ACK behind it, or beyond a hole.
        """
        while event is not None:
            if event.input == RCV_ACK_OF_SYN and event.hole:
                return 1
            event = event.next
        return 0

    def withdraw(self, end: End, what: int) -> None:
        """Take an open event of an input back."""
        event = self.paths.find(end, what)
        if event is not None:
            self.paths.remove(end, event)

    def withdraw_frame(self, end: End, frame: int) -> None:
        """Take back what a segment offered: it was not acceptable after all."""
        event = end.pending
        while event is not None:
            following = event.next
            if event.frame == frame and event.evidence == ASSUMED:
                self.paths.remove(end, event)
            event = following

    def settle(self, end: End, what: int) -> None:
        """Let an open inferred event stand for good."""
        event = self.paths.find(end, what)
        if event is not None:
            event.settled = 1
            self.paths.fold(end)

    def begin(self, end: End, state: int) -> None:
        """Set the state in which the end's path begins, where it has not gone on yet."""
        if end.path_len:
            return
        end.start = state
        end.proven = state
        self.paths.fold(end)

    def put_at(self, end: End, event: Event, place: int, place_ns: int, turn: int) -> None:
        """Let an event and all behind it stand no earlier than the frame ``place``."""
        following: Event | None = event
        while following is not None:
            if following.place < place:
                following.place = place
                following.place_ns = place_ns
                following.turn = turn
            following = following.next
        self.paths.fold(end)

    def restart_2msl(self, end: End, x: Segment) -> None:
        """Start 2MSL anew; TIME-WAIT's beginning stays."""
        end.chill().restart_ns = x.time_ns
        self.paths.fold(end)
