"""A connection's line of JSON straight from the replay's rows: what ``find.record`` makes, without the objects between.

Most connections close as they should and nothing is found in them: for these ``whole`` is 1 and the line is complete; else
it ends behind ``"finding_counts":`` and the rest is ``find.record``'s. Octet for octet the line is what ``show.json`` makes
of the record; the tests hold the two together.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/written.pxd``.
"""

from array import array
from collections.abc import Callable

from tcptrace.flow.bits import (
    ASSUMED,
    EVIDENCE_NAMES,
    INFERRED,
    NO_TIME,
    NONE,
    S_BOTH_SYN,
    S_GIVEN_UP,
    S_REUSED,
    S_SELF,
)
from tcptrace.model.states import STATE_NAMES, UNKNOWN
from tcptrace.tcp.codes import SYN_RETRANSMISSION
from tcptrace.tcp.machine import CAUSES
from tcptrace.tcp.outcomes import BOTH, OUTCOME_NAMES

from ..flow.rows import End, Stream
from ..tcp.paths import Paths
from ..tcp.verdict import Verdict
from .analysis import Analysis

ROOM = 1 << 18  # octets of the longest line: 510 transitions of less than 300, and the rest
MAX_STEPS = 256  # of a path (contract.md)
WORDS = 8  # a step: place, turn, time, frame, proof, code, side
TAP_RATIO = 4  # the handshake's halves must differ so much,
TAP_NS = 500_000  # and by so much, to tell where the capture was taken
SMALL_NS = 10_000  # seconds below 1e-5 are written with an exponent
LARGE_NS = 1_000_000_000_000_000  # up to 15 digits a decimal number is the shortest for its double
SECOND_NS = 1_000_000_000


def quoted(names: tuple[str, ...]) -> list[bytes]:
    """Return names as JSON strings."""
    return [f'"{name}"'.encode() for name in names]


def copy(piece: bytes, size: int, into: "memoryview[int]", at: int) -> None:
    """Copy a piece into the room."""
    for i in range(size):
        into[at + i] = piece[i]


class Writer:
    """Writes lines into ``room``."""

    __slots__ = (
        "addresses", "at", "causes", "evidences", "into", "omitted", "order", "outcomes", "paths", "room", "rules",
        "seconds", "sides", "states", "steps", "verdict", "whole",
    )  # fmt: skip

    def __init__(
        self,
        paths: Paths,
        verdict: Verdict,
        rules: "list[list[bytes]]",
        seconds: "Callable[[int], bytes]",
        addresses: "Callable[[int, int], bytes]",
    ) -> None:
        """Take ``rules[state before][input]``, and what writes rare seconds (of ns) and IPv6 addresses."""
        self.paths = paths
        self.verdict = verdict
        self.rules = rules
        self.seconds = seconds
        self.addresses = addresses
        self.states = quoted(STATE_NAMES)
        self.causes = [b',"cause":' + name + b',"evidence":' for name in quoted(CAUSES)]
        self.evidences = quoted(EVIDENCE_NAMES)
        self.outcomes = quoted(OUTCOME_NAMES)
        self.sides = quoted(("client", "server", "both"))
        self.room = bytearray(ROOM)
        self.into = memoryview(self.room)
        self.at = 0
        self.whole = 0
        self.omitted = 0  # steps beyond the most of a path
        self.steps = array("q", bytes(8 * WORDS * 2 * MAX_STEPS))
        self.order = array("q", bytes(8 * 2 * MAX_STEPS))  # places in `steps`, as the steps are written

    def line(self, row: Stream, found: "Analysis | None", label: bytes) -> bytes:
        """Return the line of a connection; ``label``: its application as JSON."""
        judged = self.verdict
        outcome = judged.judge(row)
        who = judged.client
        alone = 1 if row.flags & S_SELF else 0
        low = row.low
        if low is None:
            low = End()
        high = row.high
        if alone:
            high = low
        elif high is None:
            high = End()
        client = high if who else low
        server = low if who else high
        other = End() if alone else server
        self.at = 0
        self.text(b'{"record":"connection","schema":1,"stream":')
        self.number(row.number)
        self.endpoints(row, who)
        self.text(b',"opened_by":')
        self.side(judged.opened_by if judged.opened_by in (NONE, BOTH) else who, who)
        self.text(b',"first_frame":')
        self.number(row.first_frame)
        self.text(b',"last_frame":')
        self.number(row.last_frame)
        self.text(b',"first_ns":')
        self.number(row.first_ns)
        self.text(b',"last_ns":')
        self.number(row.last_ns)
        self.text(b',"packets":')
        self.both(client.packets, other.packets)
        self.text(b',"duplicates":')
        self.both(client.duplicates, other.duplicates)
        self.text(b',"application":')
        self.text(label)
        self.text(b',"tap":')
        self.side(self.tap(row, who), 0)
        self.text(b',"data_bytes":')
        self.both(client.data_bytes, other.data_bytes)
        self.text(b',"unique_bytes":')
        self.both_known(client.unique_bytes, other.unique_bytes)
        self.walks(client, server, alone)
        self.text(b',"outcome":')
        self.text(self.outcomes[outcome])
        self.text(b',"closed_first":')
        self.side(judged.closed_first, who)
        self.text(b',"reset_by":')
        self.side(judged.reset_by, who)
        self.text(b',"time_wait":')
        self.time_wait(client, server, alone)
        self.text(b',"handshake_s":')
        if NO_TIME in (row.handshake_ns, row.syn_ns) or row.syn_side != who:
            self.text(b"null")
        else:
            self.duration(row.handshake_ns - row.syn_ns if row.handshake_ns > row.syn_ns else 0)
        self.text(b',"rtt_s":{"client":')
        self.rtt(client)
        self.text(b',"server":')
        self.rtt(other)
        self.text(b'},"finding_counts":')
        self.whole = self.is_plain(row, found)
        if self.whole:
            self.text(b'{},"findings":[],"given_up":')
            self.text(b"true}\n" if row.flags & S_GIVEN_UP else b"false}\n")
        return bytes(self.room[: self.at])

    def is_plain(self, row: Stream, found: "Analysis | None") -> int:
        """Return 1 where it is plain that there is no finding."""
        low = row.low
        high = row.high
        if row.notes or row.flags & (S_SELF | S_BOTH_SYN | S_REUSED) or low is None or high is None:
            return 0
        if low.packets == 0 or high.packets == 0 or self.verdict.crossed or self.verdict.reset_by >= 0:
            return 0
        for end in (low, high):
            cold = end.cold
            if cold is not None and (cold.lost_frame or cold.unsent_ack >= 0):
                return 0
        return 1 if found is not None and found.is_quiet(row.number) else 0

    # -- pieces -------------------------------------------------------------------------------------------------------

    def text(self, piece: bytes) -> None:
        """Add octets."""
        size = len(piece)
        copy(piece, size, self.into, self.at)
        self.at += size

    def number(self, value: int) -> None:
        """Add an integer."""
        at = self.at
        if value < 0:
            self.into[at] = 45
            at += 1
            value = -value
        word = value
        size = 1
        limit = 10
        while size < 19 and word >= limit:
            limit *= 10
            size += 1
        place = at + size
        self.at = place
        while place > at:
            place -= 1
            rest = word // 10
            self.into[place] = 48 + word - 10 * rest
            word = rest

    def duration(self, ns: int) -> None:
        """Add nanoseconds as seconds, with the fewest digits that give the same double."""
        if 0 < ns < SMALL_NS or ns < 0 or ns >= LARGE_NS:
            self.text(self.seconds(ns))
            return
        whole = ns // SECOND_NS
        rest = ns - whole * SECOND_NS
        self.number(whole)
        at = self.at
        self.into[at] = 46
        at += 1
        if rest == 0:
            self.into[at] = 48
            self.at = at + 1
            return
        unit = SECOND_NS // 10
        while rest:
            digit = rest // unit
            self.into[at] = 48 + digit
            rest -= digit * unit
            unit //= 10
            at += 1
        self.at = at

    def side(self, number: int, who: int) -> None:
        """Add a side by its number, where ``who`` is the client; BOTH; or null."""
        if number < 0:
            self.text(b"null")
        else:
            self.text(self.sides[number if number == BOTH else number ^ who])

    def both(self, client: int, server: int) -> None:
        """Add a count for either side."""
        self.text(b'{"client":')
        self.number(client)
        self.text(b',"server":')
        self.number(server)
        self.text(b"}")

    def both_known(self, client: int, server: int) -> None:
        """Add a count for either side, null where it is not known."""
        self.text(b'{"client":')
        if client < 0:
            self.text(b"null")
        else:
            self.number(client)
        self.text(b',"server":')
        if server < 0:
            self.text(b"null")
        else:
            self.number(server)
        self.text(b"}")

    def endpoints(self, row: Stream, who: int) -> None:
        """Add both addresses and ports."""
        key = row.key
        if key is None:
            return
        for turn in range(2):
            is_high = turn ^ who
            self.text(b',"server":{"ip":"' if turn else b',"client":{"ip":"')
            if key.k4 >> 32 == 4:
                address = key.k3 if is_high else key.k1
                self.number(address >> 24 & 255)
                self.text(b".")
                self.number(address >> 16 & 255)
                self.text(b".")
                self.number(address >> 8 & 255)
                self.text(b".")
                self.number(address & 255)
            elif is_high:
                self.text(self.addresses(key.k2, key.k3))
            else:
                self.text(self.addresses(key.k0, key.k1))
            self.text(b'","port":')
            self.number(key.k4 & 0xFFFF if is_high else key.k4 >> 16 & 0xFFFF)
            self.text(b"}")

    def tap(self, row: Stream, who: int) -> int:
        """Return beside which end the capture was taken (0: the client): there the answer follows at once."""
        if row.syn_side != who or row.synack_side != 1 - who:
            return NONE
        if NO_TIME in (row.syn_ns, row.synack_ns, row.handshake_ns):
            return NONE
        to_server = row.synack_ns - row.syn_ns
        to_client = row.handshake_ns - row.synack_ns
        apart = to_server - to_client
        if to_server < 0 or to_client < 0 or -TAP_NS < apart < TAP_NS:
            return NONE
        if row.notes is not None:
            for note in row.notes:
                if note[0] == SYN_RETRANSMISSION:
                    return NONE
        if to_server >= TAP_RATIO * to_client:
            return 0
        return 1 if to_client >= TAP_RATIO * to_server else NONE

    def time_wait(self, client: End, server: End, alone: int) -> None:
        """Add who holds TIME-WAIT, since when and until when."""
        by_client = 1 if client.since_ns > NO_TIME and client.packets else 0
        by_server = 1 if server.since_ns > NO_TIME and server.packets else 0
        if not by_client and not by_server:
            self.text(b"null")
            return
        since = client.since_ns if by_client else server.since_ns
        until = client.until_ns if by_client else server.until_ns
        if by_server:
            if server.since_ns < since:
                since = server.since_ns
            if server.until_ns > until:
                until = server.until_ns
        self.text(b'{"side":')
        self.text(self.sides[BOTH if alone or (by_client and by_server) else by_server])
        self.text(b',"since_ns":')
        self.number(since)
        self.text(b',"until_ns":')
        self.number(until)
        self.text(b"}")

    def rtt(self, end: End) -> None:
        """Add one side's round trips."""
        if end.rtt_count == 0:
            self.text(b'{"samples":0,"min":null,"avg":null,"max":null}')
            return
        self.text(b'{"samples":')
        self.number(end.rtt_count)
        self.text(b',"min":')
        self.duration(end.rtt_min)
        self.text(b',"avg":')
        mean = float(end.rtt_sum) / float(end.rtt_count)
        whole = int(mean)
        left = mean - whole
        if left > 0.5 or (left == 0.5 and whole & 1):  # to the nearest, from the middle to the even one
            whole += 1
        self.duration(whole)
        self.text(b',"max":')
        self.duration(end.rtt_max)
        self.text(b"}")

    # -- the paths ----------------------------------------------------------------------------------------------------

    def walks(self, client: End, server: End, alone: int) -> None:
        """Add paths, final states and transitions."""
        self.omitted = 0
        first = self.collect(client, 0, 0)
        count = first if alone else self.collect(server, 1, first)
        self.put_in_order(count)
        steps = self.steps
        self.text(b',"path":{"client":[')
        client_final = self.walk(client, 0, count)
        self.text(b'],"server":[')
        server_final = self.walk(server, 0 if alone else 1, count)
        self.text(b']},"final":{"client":')
        self.text(self.states[client_final])
        self.text(b',"server":')
        self.text(self.states[server_final])
        self.text(b'},"transitions":[')
        for turn in range(count):
            base = self.order[turn]
            code = steps[base + 5]
            self.text(b',{"frame":' if turn else b'{"frame":')
            self.number_or_null(steps[base + 3])
            self.text(b',"time_ns":')
            self.number(steps[base + 2])
            self.text(b',"side":"server","from":' if steps[base + 6] else b',"side":"client","from":')
            self.text(self.states[code >> 12])
            self.text(b',"to":')
            self.text(self.states[code >> 8 & 15])
            self.text(self.causes[code >> 4 & 15])
            self.text(self.evidences[code & 15])
            self.text(b',"proof":')
            self.number_or_null(steps[base + 4])
            self.text(self.rules[code >> 12][code >> 4 & 15])
        self.text(b'],"steps_omitted":')
        self.number(self.omitted)

    def number_or_null(self, frame: int) -> None:
        """Add a frame; 0 is none."""
        if frame:
            self.number(frame)
        else:
            self.text(b"null")

    def walk(self, end: End, side: int, count: int) -> int:
        """Add the states of a path; return the last."""
        state = self.start(end)
        self.text(self.states[state])
        for turn in range(count):
            base = self.order[turn]
            if self.steps[base + 6] == side:
                state = self.steps[base + 5] >> 8 & 15
                self.text(b",")
                self.text(self.states[state])
        return state

    def start(self, end: End) -> int:
        """Return the first state of a path: what a silent end was taken for is not known."""
        if end.packets or end.path_len:
            return end.start
        event = end.pending
        while event is not None:
            if event.evidence == INFERRED or (event.evidence == ASSUMED and event.proof):
                return end.start
            event = event.next
        return UNKNOWN

    def collect(self, end: End, side: int, first: int) -> int:
        """Put an end's steps into ``steps`` from number ``first`` on; return the number behind the last."""
        paths = self.paths
        steps = self.steps
        most = MAX_STEPS - 1
        count = end.path_len if end.path_len < most else most
        self.omitted += end.path_len - count
        at = end.steps
        turn = first + count
        while at >= 0 and turn > first:
            turn -= 1
            base = turn * WORDS
            from_ = paths.locate(at)
            second = paths.view[from_ + 1]
            third = paths.view[from_ + 2]
            fourth = paths.view[from_ + 3]
            steps[base] = third >> 24
            steps[base + 1] = fourth >> 8 & 3
            steps[base + 2] = paths.view[from_]
            steps[base + 3] = second >> 16
            steps[base + 4] = fourth >> 16
            steps[base + 5] = second & 0xFFFF
            steps[base + 6] = side
            at = ((third & 0xFFFFFF) | (fourth & 0xFF) << 24) - 1
        if end.pending is not None:
            for place, when, frame, time_ns, before, after, what, evidence, proof in paths.open_steps(end):
                if count == most:
                    self.omitted += 1
                    continue
                base = (first + count) * WORDS
                steps[base] = place
                steps[base + 1] = when
                steps[base + 2] = time_ns
                steps[base + 3] = frame
                steps[base + 4] = proof
                steps[base + 5] = before << 12 | after << 8 | what << 4 | evidence
                steps[base + 6] = side
                count += 1
        for turn in range(first + 1, first + count):  # they stand in path order, whatever the frames say
            base = turn * WORDS
            older = base - WORDS
            if steps[base] < steps[older] or (
                steps[base] == steps[older] and steps[base + 1] < steps[older + 1]
            ):
                steps[base] = steps[older]
                steps[base + 1] = steps[older + 1]
        return first + count

    def put_in_order(self, count: int) -> None:
        """Fill ``order``: by place and turn, timers by their time."""
        steps = self.steps
        order = self.order
        for number in range(count):
            base = number * WORDS
            if steps[base + 1] == 0:
                self.place_timer(number, count)
        for number in range(count):
            base = number * WORDS
            at = number
            while at > 0 and self.is_before(base, order[at - 1]):
                order[at] = order[at - 1]
                at -= 1
            order[at] = base

    def place_timer(self, number: int, count: int) -> None:
        """Let a timer stand before the first frame of the other side whose time is not less than its own."""
        steps = self.steps
        base = number * WORDS
        place = steps[base]
        for other in range(count):
            at = other * WORDS
            if steps[at + 6] != steps[base + 6] and steps[at + 1] and steps[at + 2] >= steps[base + 2]:
                if steps[at] < place:
                    place = steps[at]
        if number and steps[base - WORDS + 6] == steps[base + 6] and steps[base - WORDS] >= place:
            place = steps[base - WORDS] + 1
        steps[base] = place

    def is_before(self, one: int, other: int) -> int:
        """Return 1 where a step stands before another: by place, turn, and among timers time."""
        if self.steps[one] != self.steps[other]:
            return 1 if self.steps[one] < self.steps[other] else 0
        if self.steps[one + 1] != self.steps[other + 1]:
            return 1 if self.steps[one + 1] < self.steps[other + 1] else 0
        return 1 if self.steps[one + 1] == 0 and self.steps[one + 2] < self.steps[other + 2] else 0
