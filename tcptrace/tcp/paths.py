"""The path of each end: settled steps in an arena, open events in a list, the table between them.

An end's state is its settled state with the open events applied in order (replay.md, "How to hold it"). To withdraw is to
take an event out of the list; nothing is undone. Events at the head of the list that nothing can change any more become
steps in the arena.
"""

from array import array

from tcptrace.flow.bits import ASSUMED, F_TIME_WAIT, INFERRED, NO_TIME, NONE, OBSERVED, TIMER, UNSEEN, WAITS
from tcptrace.model.states import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    STATE_COUNT,
    SYN_RECEIVED,
    TIME_WAIT,
)
from tcptrace.tcp.machine import (
    INPUT_COUNT,
    RCV_ACK_OF_FIN,
    RCV_ACK_OF_SYN,
    RCV_FIN,
    RCV_RST,
    RCV_RST_PASSIVE,
    SND_FIN,
    SND_RST,
    TIMEOUT_2MSL,
)

from ..flow.rows import End, Event

CHUNK_BITS = 14
CHUNK_STEPS = 1 << CHUNK_BITS  # steps a chunk
STEP_WORDS = 4
MAX_STEPS = 256  # a path keeps at most so many (contract.md)
LOW24 = 0xFFFFFF


# (place, turn, frame, time_ns, from, to, input, evidence, proof)
Step = tuple[int, int, int, int, int, int, int, int, int]


class Paths:
    """Runs the table and keeps the steps of all ends."""

    __slots__ = (
        "anomaly",
        "chunks",
        "count",
        "final",
        "free",
        "hits",
        "msl2_ns",
        "passed",
        "pool",
        "rst_received",
        "rst_sent",
        "table",
        "view",
        "view_at",
    )

    def __init__(self, table: "array[int]", anomaly: "array[int]", msl2_ns: int) -> None:
        """Take the compiled table of ``machine`` (both 'b', state by input) and twice the maximum segment lifetime."""
        self.msl2_ns = msl2_ns
        self.table = table
        self.anomaly = anomaly
        self.hits = array("q", bytes(8 * STATE_COUNT * INPUT_COUNT))  # how often each cell fired
        self.chunks = [array("q", bytes(8 * CHUNK_STEPS * STEP_WORDS))]
        self.pool: Event | None = None  # settled events, to be used again
        self.view = self.chunks[0]  # the chunk that was looked at last
        self.view_at = 0
        self.count = 0  # steps of the arena that were ever used
        self.free = NONE  # the first that was given back; its first word names the next
        self.passed = 0
        self.rst_sent = 0
        self.rst_received = 0
        self.final = 0

    def take(self) -> Event:
        """Return an event with nothing set, a used one where there is one."""
        event = self.pool
        if event is None:
            return Event()
        self.pool = event.spare
        event.spare = None
        event.frame = 0
        event.turn = 0
        event.tsval = 0
        event.settled = 0
        event.held = 0
        event.hole = 0
        event.in_turn = 0
        event.has_ts = 0
        event.proof = 0
        event.seq = 0
        event.end_seq = 0
        event.x_ack = NONE
        event.copies = None
        event.next = None
        return event

    def allows(self, end: End, what: int) -> int:
        """Return 1 where the table has a rule that moves the end by this input in its present state."""
        following = self.table[end.state * INPUT_COUNT + what]
        return 1 if following >= 0 and following != end.state else 0

    def allowed_before(self, end: End, event: Event | None, what: int) -> int:
        """Return 1 where the table moves the end by this input from its state before an open event (None: its present)."""
        state = end.proven
        here = end.pending
        while here is not None and here is not event:
            if not here.held:
                state = self.follow(state, here.input)
            here = here.next
        return 1 if self.follow(state, what) != state else 0

    def stays(self, end: End, what: int) -> int:
        """Return 1 where the table has a rule for this input that keeps the state, and it is no anomaly."""
        cell = end.state * INPUT_COUNT + what
        if self.table[cell] != end.state or self.anomaly[cell]:
            return 0
        self.hits[cell] += 1
        return 1

    def is_anomaly(self, end: End, what: int) -> int:
        """Return 1 where the table calls this input in the end's present state an anomaly."""
        cell = end.state * INPUT_COUNT + what
        if self.anomaly[cell]:
            self.hits[cell] += 1
            return 1
        return 0

    def append(self, end: End, event: Event) -> None:
        """Put an event at the end of the list, and move the end."""
        event.next = None
        last = end.pending
        if last is None:
            end.pending = event
        else:
            while last.next is not None:
                last = last.next
            if event.place < last.place:
                event.place = last.place
                event.place_ns = last.place_ns
            last.next = event
        self.fold(end)

    def put_back(self, end: End, event: Event) -> None:
        """Move an event to where its place in the order now is.

        It stays behind the settled steps, the opening, a FIN that may have been sent unseen, and an ACK that it carried.
        """
        before: Event | None = None
        here = end.pending
        while here is not None and here is not event:
            if (
                here.held == UNSEEN
                or here.input <= RCV_ACK_OF_SYN
                or (here.input == RCV_ACK_OF_FIN and event.x_ack > end.fin_seq)
            ):
                before = here
            here = here.next
        self.unlink(end, event)
        if before is None:
            self.hold_back(end, event)
        elif before.held != UNSEEN and event.place < before.place:
            event.place = before.place
            event.place_ns = before.place_ns
            event.turn = before.turn
        following = end.pending if before is None else before.next
        while following is not None and following.place <= event.place:
            if event.input == RCV_ACK_OF_FIN and following.input == RCV_FIN and following.x_ack > end.fin_seq:
                event.place = following.place  # the FIN carried it
                event.place_ns = following.place_ns
                event.turn = following.turn
                break
            before = following
            following = following.next
        event.next = following
        if before is None:
            end.pending = event
        else:
            before.next = event
        self.fold(end)

    def hold_back(self, end: End, event: Event) -> None:
        """Let an event stand no earlier than the settled steps."""
        if end.steps < 0:
            return
        base = self.locate(end.steps)
        place = self.view[base + 2] >> 24
        if event.place < place:
            event.place = place
            event.place_ns = self.view[base]
            event.turn = self.view[base + 3] >> 8 & 3

    def find(self, end: End, what: int) -> Event | None:
        """Return the open event of an input that is not settled, or None."""
        event = end.pending
        while event is not None:
            if event.input == what:
                return event
            event = event.next
        return None

    def remove(self, end: End, event: Event) -> None:
        """Withdraw an event."""
        self.unlink(end, event)
        self.fold(end)

    def unlink(self, end: End, event: Event) -> None:
        """Take an event out of the list."""
        here = end.pending
        if here is event:
            end.pending = event.next
        else:
            while here is not None and here.next is not event:
                here = here.next
            if here is not None:
                here.next = event.next
        event.next = None

    def fold(self, end: End) -> None:
        """Settle what can be settled at the head of the list, and apply the rest to find the present state."""
        event = end.pending
        state = end.proven
        settling = 1
        waits = 0
        while event is not None:
            if event.held:
                settling = 0
            else:
                following = self.table[state * INPUT_COUNT + event.input]
                if following == TIME_WAIT and state != TIME_WAIT:
                    waits = 1
                    self.enter_time_wait(end, event, settling)
                if event.settled and settling and not self.is_loose(end, event):
                    if following >= 0:
                        self.hits[state * INPUT_COUNT + event.input] += 1
                        if following != state:
                            self.keep(
                                end,
                                state << 12 | following << 8 | event.input << 4 | event.evidence,
                                event.frame,
                                event.place,
                                event.place_ns,
                                event.proof,
                                event.turn,
                            )
                    end.pending = event.next
                    event.spare = self.pool  # its `next` stays until it is taken again
                    self.pool = event
                    if following >= 0:
                        end.proven = following
                else:
                    settling = 0
                if following >= 0:
                    state = following
            event = event.next
        end.state = state
        if not waits and not end.flags & F_TIME_WAIT:
            end.since_ns = NO_TIME  # the step into TIME-WAIT, if there was one, was withdrawn
            end.until_ns = NO_TIME
        elif state == TIME_WAIT:
            cold = end.cold
            if (
                cold is not None
                and cold.restart_ns > NO_TIME
                and cold.restart_ns + self.msl2_ns > end.until_ns
            ):
                end.until_ns = cold.restart_ns + self.msl2_ns

    def follow(self, state: int, what: int) -> int:
        """Return the state after an input: the same where the table has no rule."""
        following = self.table[state * INPUT_COUNT + what]
        return following if following >= 0 else state

    def is_loose(self, end: End, event: Event) -> int:
        """Return 1 where nothing shows whether the peer's FIN or the ACK of the end's own, open behind it, came first.

        Where the FINs crossed (the peer's did not carry that ACK), what is captured in one order may arrive in the other.
        """
        if event.input == RCV_FIN:
            partner = RCV_ACK_OF_FIN
        elif event.input == RCV_ACK_OF_FIN:
            partner = RCV_FIN
        else:
            return 0
        following = event.next
        while following is not None:
            if following.input == partner:
                fin = event if partner == RCV_ACK_OF_FIN else following
                return 1 if not following.held and 0 <= fin.x_ack <= end.fin_seq else 0
            following = following.next
        return 0

    def enter_time_wait(self, end: End, event: Event, settling: int) -> None:
        """Note since when the end holds TIME-WAIT, and when its 2MSL end."""
        end.since_ns = event.place_ns
        end.until_ns = event.place_ns + self.msl2_ns
        if event.settled and settling:
            end.flags |= F_TIME_WAIT

    def step(self, end: End, what: int, evidence: int, frame: int, time_ns: int, turn: int) -> int:
        """Make a settled step at once, where nothing is open; return 0 where that is not so plain (TIME-WAIT)."""
        state = end.state
        following = self.table[state * INPUT_COUNT + what]
        if end.pending is not None or TIME_WAIT in (state, following):
            return 0
        if following >= 0:
            self.hits[state * INPUT_COUNT + what] += 1
            if following != state:
                self.keep(
                    end,
                    state << 12 | following << 8 | what << 4 | evidence,
                    frame,
                    frame,
                    time_ns,
                    frame,
                    turn,
                )
                end.proven = following
                end.state = following
        return 1

    def keep(self, end: End, code: int, frame: int, place: int, time_ns: int, proof: int, turn: int) -> None:
        """Write a settled step into the arena; ``code``: states, input and evidence, four bits each."""
        end.path_len += 1
        if end.path_len >= MAX_STEPS:
            return
        at = self.allot()
        self.write(at, time_ns, frame << 16 | code, place, proof, turn, end.steps)
        end.steps = at

    # A step is four words: time; frame and code; place and the low 24 bits of the step before; proof, turn and its high 8.

    def locate(self, place: int) -> int:
        """Turn ``view`` to the chunk of a place in the arena; return where in it the step's first word is."""
        chunk = place >> CHUNK_BITS
        if chunk != self.view_at:
            self.view_at = chunk
            self.view = self.chunks[chunk]
        return (place & (CHUNK_STEPS - 1)) * STEP_WORDS

    def allot(self) -> int:
        """Return a place for a step, one that was given back if there is any."""
        place = self.free
        if place >= 0:
            base = self.locate(place)  # before `view` is looked at: it may turn to another chunk
            self.free = self.view[base]
            return place
        if self.count == len(self.chunks) << CHUNK_BITS:
            self.chunks.append(array("q", bytes(8 * CHUNK_STEPS * STEP_WORDS)))
        place = self.count
        self.count += 1
        return place

    def write(
        self, place: int, time_ns: int, frame_code: int, order: int, proof: int, turn: int, before: int
    ) -> None:
        """Write a step to its place; ``before`` is the place of the step before it, or NONE."""
        base = self.locate(place)
        before += 1  # 0: none
        self.view[base] = time_ns
        self.view[base + 1] = frame_code
        self.view[base + 2] = order << 24 | (before & LOW24)
        self.view[base + 3] = proof << 16 | turn << 8 | before >> 24

    def give_back(self, place: int) -> int:
        """Give a step's place back; return that of the step before it, or NONE."""
        base = self.locate(place)
        before = ((self.view[base + 2] & LOW24) | (self.view[base + 3] & 0xFF) << 24) - 1
        self.view[base] = self.free
        self.free = place
        return before

    def release(self, end: End) -> None:
        """Give the arena back what the steps of a written connection took."""
        at = end.steps
        while at >= 0:
            at = self.give_back(at)
        end.steps = NONE

    def settled_steps(self, end: End) -> list[Step]:
        """Return the settled steps, oldest first: (place, turn, frame, time_ns, from, to, input, evidence, proof)."""
        found = []
        at = end.steps
        while at >= 0:
            base = self.locate(at)
            words = self.view
            second = words[base + 1]
            third = words[base + 2]
            fourth = words[base + 3]
            code = second & 0xFFFF
            step = (
                third >> 24,
                fourth >> 8 & 3,
                second >> 16,
                words[base],
                code >> 12,
                code >> 8 & 15,
                code >> 4 & 15,
                code & 15,
                fourth >> 16,
            )
            found.append(step)
            at = ((third & LOW24) | (fourth & 0xFF) << 24) - 1
        found.reverse()
        return found

    def open_steps(self, end: End) -> list[Step]:
        """Return the steps of the open events, in path order, shaped as ``settled_steps``.

        An end of which no segment was captured takes no assumed step. A step is no surer than what it stands on: where a
        proven input would not lead there without the assumed ones before it, its step is assumed too. So is a FIN that
        the end may have sent in another state, with all that follows.
        """
        silent = end.packets == 0
        found = []
        state = end.proven
        other = state  # after the proven inputs alone, and those that may have been, unseen or late
        doubtful = 0
        late: Event | None = None
        event = end.pending
        while event is not None:
            shown = event.evidence == ASSUMED and event.proof > 0
            if shown and event.next is not None and event.next.place < event.proof:
                shown = silent  # what the end did meanwhile shows it earlier
            if event.held == UNSEEN:
                other = self.follow(other, event.input)
            elif event.held == WAITS and event.input in (RCV_ACK_OF_SYN, RCV_ACK_OF_FIN):
                late = event  # withdrawn, but it may have come after what showed that it had not
            elif not event.held and not (silent and event.evidence == ASSUMED and not shown):
                following = self.table[state * INPUT_COUNT + event.input]
                evidence = INFERRED if shown else event.evidence
                if evidence == ASSUMED or self.is_loose(end, event):
                    evidence = ASSUMED
                else:
                    if late is not None and late.place < event.proof:
                        other = self.follow(other, late.input)
                        late = None
                    if event.input == SND_FIN and other != state:
                        doubtful = 1
                    other = self.follow(other, event.input)
                    if (doubtful and event.input != SND_RST) or (other != following and evidence != OBSERVED):
                        evidence = ASSUMED
                if following >= 0:
                    self.hits[state * INPUT_COUNT + event.input] += 1
                    if following != state:
                        found.append(
                            (
                                event.proof if shown else event.place,
                                2 if shown else event.turn,
                                event.proof if shown else event.frame,
                                event.shown_ns if shown else event.place_ns,
                                state,
                                following,
                                event.input,
                                evidence,
                                0 if evidence == ASSUMED else event.proof,
                            )
                        )
                    state = following
            event = event.next
        return found

    def expire(self, end: End, clock_ns: int, frame: int) -> None:
        """Let TIME-WAIT end where its 2MSL have run out by ``clock_ns``; ``frame`` is the frame that shows the time."""
        if end.state != TIME_WAIT or end.until_ns == NO_TIME or clock_ns < end.until_ns:
            return
        evidence = TIMER
        last = end.pending
        while last is not None:
            if last.evidence == ASSUMED and not last.held:
                evidence = ASSUMED  # the entry into TIME-WAIT is not proved
            last = last.next
        event = self.take()
        event.input = TIMEOUT_2MSL
        event.evidence = evidence
        event.settled = 1
        event.place = frame
        event.place_ns = end.until_ns
        self.append(end, event)

    def survey(self, end: End) -> None:
        """Walk the end's path: which states it passed (``passed``, a bit each), which RST was its end (frames, 0: none)."""
        self.passed = 1 << end.start
        self.rst_sent = 0
        self.rst_received = 0
        at = end.steps
        while at >= 0:
            base = self.locate(at)
            code = self.view[base + 1] & 0xFFFF
            self.passed |= 1 << (code >> 8 & 15)
            what = code >> 4 & 15
            if at != end.steps:
                pass  # it went on from there: that RST did not end it
            elif what == SND_RST:
                self.rst_sent = self.view[base + 1] >> 16
            elif what in (RCV_RST, RCV_RST_PASSIVE):
                self.rst_received = self.view[base + 1] >> 16
            at = ((self.view[base + 2] & LOW24) | (self.view[base + 3] & 0xFF) << 24) - 1
        state = end.proven
        event = end.pending
        while event is not None:
            if not event.held and not (end.packets == 0 and event.evidence == ASSUMED and event.proof == 0):
                following = self.table[state * INPUT_COUNT + event.input]
                if following >= 0:
                    state = following
                    self.passed |= 1 << state
                    self.rst_sent = event.frame if event.input == SND_RST else 0
                    self.rst_received = event.frame if event.input in (RCV_RST, RCV_RST_PASSIVE) else 0
            event = event.next
        self.final = state

    def is_over(self, end: End) -> int:
        """Return 1 where the end is in CLOSED or TIME-WAIT."""
        return 1 if end.state in (CLOSED, TIME_WAIT) else 0

    def is_waiting(self, end: End) -> int:
        """Return 1 where the end is in TIME-WAIT."""
        return 1 if end.state == TIME_WAIT else 0

    def is_calm(self, end: End) -> int:
        """Return 1 where only SYN, FIN or RST can move the end and nothing is open."""
        return 1 if end.state == ESTABLISHED and end.pending is None else 0

    def has_peers_fin(self, end: End) -> int:
        """Return 1 where the peer has closed and the end lives on: CLOSE-WAIT, LAST-ACK, CLOSING."""
        return 1 if end.state in (CLOSE_WAIT, LAST_ACK, CLOSING) else 0

    def is_synchronized(self, end: End) -> int:
        """Return 1 in the synchronized states but TIME-WAIT: a SYN that comes into them is challenged (3.10.7.4)."""
        return 1 if end.state in (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK) else 0

    def is_syn_received(self, end: End) -> int:
        """Return 1 where the end is in SYN-RECEIVED."""
        return 1 if end.state == SYN_RECEIVED else 0
