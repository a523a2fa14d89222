"""A connection's line of JSON straight from the replay's rows: what ``find.record`` makes, without the objects between.

Most connections close as they should and nothing is found in them: for these ``whole`` is 1 and the line lacks but its
end; else it stops behind ``"finding_counts":`` and the rest is ``find.record``'s. Octet for octet the line is what
``show.json`` makes of the record; the tests hold the two together.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/written.pxd``.
"""

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
from ..tcp.plain import Plain
from ..tcp.verdict import Verdict
from .analysis import Analysis
from .shapes import Shape
from .sheet import Sheet
from .trail import Trail

LINE_ROOM = 170_000  # octets of the longest line without findings: 510 steps of less than 300, and the rest
TAP_RATIO = 4  # the handshake's halves must differ so much,
TAP_NS = 500_000  # and by so much, to tell where the capture was taken
SIDES = ("client", "server", "both")


def moves() -> list[bytes]:
    """Return how a step names its side and its states: side << 8 | before << 4 | after."""
    names = [STATE_NAMES[state] if state < len(STATE_NAMES) else "" for state in range(16)]
    return [
        f',"side":"{side}","from":"{before}","to":"{after}"'.encode()
        for side in SIDES[:2]
        for before in names
        for after in names
    ]


def causes() -> list[bytes]:
    """Return how a step names its cause and its evidence: input << 4 | evidence."""
    evidences = [EVIDENCE_NAMES[number] if number < len(EVIDENCE_NAMES) else "" for number in range(16)]
    return [
        f',"cause":"{cause}","evidence":"{evidence}","proof":'.encode()
        for cause in CAUSES
        for evidence in evidences
    ]


class Writer:
    """Writes lines onto ``sheet``."""

    __slots__ = (
        "addresses", "causes", "moves", "next_states", "outcomes", "plain", "reused", "rules", "sheet", "sides",
        "states", "trail", "verdict", "walk_from", "walk_to", "whole",
    )  # fmt: skip

    def __init__(
        self,
        trail: Trail,
        verdict: Verdict,
        rules: "list[list[bytes]]",
        reused_by_client: "list[bytes | int]",
        reused_by_server: "list[bytes | int]",
        seconds: "Callable[[int], bytes]",
        addresses: "Callable[[int, int], bytes]",
    ) -> None:
        """Take ``rules[state before][input]``, and what writes rare seconds (of ns) and IPv6 addresses.

        ``reused_by_...`` ends a line where ports used before are all that was found; in it stand 0 for the frame, 1 for the
        SYN's number, 2 and 3 for the last frame and the number of the stream before.
        """
        self.trail = trail
        self.plain = Plain(trail.paths.msl2_ns)  # the connection whose line is written without the replay
        self.sheet = Sheet(seconds)
        self.verdict = verdict
        self.rules = [[piece + b'},{"frame":' for piece in pieces] for pieces in rules]
        self.reused = [reused_by_client, reused_by_server]
        self.addresses = addresses
        self.states = [f'"{name}"'.encode() for name in STATE_NAMES]
        self.next_states = [b"," + name for name in self.states]
        self.moves = moves()
        self.causes = causes()
        self.outcomes = [f',"outcome":"{name}","closed_first":'.encode() for name in OUTCOME_NAMES]
        self.sides = [f'"{name}"'.encode() for name in SIDES]
        self.walk_from = 0  # where the last line's text begins that stands before its first step,
        self.walk_to = 0  # and where it ends
        self.whole = 0

    def line(self, row: Stream, found: "Analysis | None", label: bytes, shape: "Shape | None") -> None:
        """Write the line of a connection; ``label``: its application as JSON; ``shape``: its own, where it is known."""
        judged = self.verdict
        if shape is None:
            judged.judge(row)
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
        sheet = self.sheet
        sheet.reserve(LINE_ROOM)
        self.opening(row, who)
        self.counts(row, client, other, who, label)
        if shape is None:
            self.walks(client, server, alone)
        else:
            self.steps(shape)
        sheet.text(self.outcomes[judged.outcome])
        self.side(judged.closed_first, who)
        sheet.text(b',"reset_by":')
        self.side(judged.reset_by, who)
        self.time_wait(client, server, alone)
        if NO_TIME in (row.handshake_ns, row.syn_ns) or row.syn_side != who:
            sheet.text(b',"handshake_s":null,"rtt_s":{"client":')
        else:
            sheet.text(b',"handshake_s":')
            sheet.duration(row.handshake_ns - row.syn_ns if row.handshake_ns > row.syn_ns else 0)
            sheet.text(b',"rtt_s":{"client":')
        self.rtt(client)
        sheet.text(b',"server":')
        self.rtt(other)
        self.whole = self.is_plain(row, found)
        sheet.text(b'},"finding_counts":')
        if self.whole:
            if row.flags & S_REUSED:
                self.reuse(row, client if row.first_side == who else other, who)
            else:
                sheet.text(b'{},"findings":[]')
            sheet.text(b',"given_up":true' if row.flags & S_GIVEN_UP else b',"given_up":false')

    def is_plain(self, row: Stream, found: "Analysis | None") -> int:
        """Return 1 where it is plain that there is no finding but for ports that were used before."""
        low = row.low
        high = row.high
        if row.notes or row.flags & (S_SELF | S_BOTH_SYN) or low is None or high is None:
            return 0
        if low.packets == 0 or high.packets == 0 or self.verdict.crossed or self.verdict.reset_by >= 0:
            return 0
        for end in (low, high):
            cold = end.cold
            if cold is not None and (cold.lost_frame or cold.unsent_ack >= 0):
                return 0
        return 1 if found is not None and found.is_quiet(row.number) else 0

    # -- pieces -------------------------------------------------------------------------------------------------------

    def opening(self, row: Stream, who: int) -> None:
        """Add all that stands before the counts."""
        sheet = self.sheet
        sheet.text(b'{"record":"connection","schema":1,"stream":')
        sheet.number(row.number)
        self.endpoints(row, who)
        opened_by = self.verdict.opened_by
        sheet.text(b',"opened_by":')
        self.side(opened_by if opened_by in (NONE, BOTH) else who, who)
        sheet.text(b',"first_frame":')
        sheet.number(row.first_frame)
        sheet.text(b',"last_frame":')
        sheet.number(row.last_frame)
        sheet.text(b',"first_ns":')
        sheet.time(row.first_ns)
        sheet.text(b',"last_ns":')
        sheet.time(row.last_ns)

    def counts(self, row: Stream, client: End, other: End, who: int, label: bytes) -> None:
        """Add what is counted, and what the first payload and the handshake tell."""
        sheet = self.sheet
        sheet.text(b',"packets":{"client":')
        sheet.number(client.packets)
        sheet.text(b',"server":')
        sheet.number(other.packets)
        if client.duplicates or other.duplicates:
            sheet.text(b'},"duplicates":{"client":')
            sheet.number(client.duplicates)
            sheet.text(b',"server":')
            sheet.number(other.duplicates)
            sheet.text(b'},"application":')
        else:
            sheet.text(b'},"duplicates":{"client":0,"server":0},"application":')
        sheet.text(label)
        sheet.text(b',"tap":')
        self.side(self.tap(row, who), 0)
        sheet.text(b',"data_bytes":{"client":')
        sheet.number(client.data_bytes)
        sheet.text(b',"server":')
        sheet.number(other.data_bytes)
        sheet.text(b'},"unique_bytes":{"client":')
        self.number_or_null(client.unique_bytes, NONE)
        sheet.text(b',"server":')
        self.number_or_null(other.unique_bytes, NONE)

    def reuse(self, row: Stream, end: End, who: int) -> None:
        """Add what was found where the ports were used before, and nothing else; ``end`` sent the first segment."""
        pieces = self.reused[row.first_side ^ who]
        for piece in pieces:
            if isinstance(piece, bytes):
                self.sheet.text(piece)
            elif piece == 0:
                self.sheet.number(row.first_frame)
            elif piece == 1:
                self.sheet.number(end.first_raw)
            else:
                self.sheet.number(row.older_frame if piece == 2 else row.older)

    def number_or_null(self, value: int, absent: int) -> None:
        """Add an integer, null where it is ``absent``."""
        if value == absent:
            self.sheet.text(b"null")
        else:
            self.sheet.number(value)

    def side(self, number: int, who: int) -> None:
        """Add a side by its number, where ``who`` is the client; BOTH; or null."""
        if number < 0:
            self.sheet.text(b"null")
        else:
            self.sheet.text(self.sides[number if number == BOTH else number ^ who])

    def endpoints(self, row: Stream, who: int) -> None:
        """Add both addresses and ports."""
        key = row.key
        if key is None:
            return
        sheet = self.sheet
        for turn in range(2):
            is_high = turn ^ who
            sheet.text(b',"server":{"ip":"' if turn else b',"client":{"ip":"')
            if key.k4 >> 32 == 4:
                sheet.ipv4(key.k3 if is_high else key.k1)
            elif is_high:
                sheet.text(self.addresses(key.k2, key.k3))
            else:
                sheet.text(self.addresses(key.k0, key.k1))
            sheet.text(b'","port":')
            sheet.number(key.k4 & 0xFFFF if is_high else key.k4 >> 16 & 0xFFFF)
            sheet.text(b"}")

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
        sheet = self.sheet
        by_client = 1 if client.since_ns > NO_TIME and client.packets else 0
        by_server = 1 if server.since_ns > NO_TIME and server.packets else 0
        if not by_client and not by_server:
            sheet.text(b',"time_wait":null')
            return
        since = client.since_ns if by_client else server.since_ns
        until = client.until_ns if by_client else server.until_ns
        if by_server:
            if server.since_ns < since:
                since = server.since_ns
            if server.until_ns > until:
                until = server.until_ns
        sheet.text(b',"time_wait":{"side":')
        sheet.text(self.sides[BOTH if alone or (by_client and by_server) else by_server])
        sheet.text(b',"since_ns":')
        sheet.time(since)
        sheet.text(b',"until_ns":')
        sheet.number(until)
        sheet.text(b"}")

    def rtt(self, end: End) -> None:
        """Add one side's round trips."""
        sheet = self.sheet
        if end.rtt_count == 0:
            sheet.text(b'{"samples":0,"min":null,"avg":null,"max":null}')
            return
        sheet.text(b'{"samples":')
        sheet.number(end.rtt_count)
        sheet.text(b',"min":')
        sheet.duration(end.rtt_min)
        sheet.text(b',"avg":')
        mean = float(end.rtt_sum) / float(end.rtt_count)
        whole = int(mean)
        left = mean - whole
        if left > 0.5 or (left == 0.5 and whole & 1):  # to the nearest, from the middle to the even one
            whole += 1
        sheet.duration(whole)
        sheet.text(b',"max":')
        sheet.duration(end.rtt_max)
        sheet.text(b"}")

    def walks(self, client: End, server: End, alone: int) -> None:
        """Add paths, final states and transitions."""
        sheet = self.sheet
        trail = self.trail
        count = trail.follow(client, server, alone)
        self.walk_from = sheet.at
        sheet.text(b'},"path":{"client":[')
        client_final = self.walk(client, 0, count)
        sheet.text(b'],"server":[')
        server_final = self.walk(server, 0 if alone else 1, count)
        sheet.text(b']},"final":{"client":')
        sheet.text(self.states[client_final])
        sheet.text(b',"server":')
        sheet.text(self.states[server_final])
        sheet.text(b'},"transitions":[{"frame":')
        self.walk_to = sheet.at
        for turn in range(count):
            base = trail.order[turn]
            code = trail.steps[base + 5]
            self.number_or_null(trail.steps[base + 3], 0)
            sheet.text(b',"time_ns":')
            sheet.time(trail.steps[base + 2])
            sheet.text(self.moves[trail.steps[base + 6] << 8 | code >> 8])
            sheet.text(self.causes[code & 255])
            self.number_or_null(trail.steps[base + 4], 0)
            sheet.text(self.rules[code >> 12][code >> 4 & 15])
        sheet.at -= len(b',{"frame":' if count else b'{"frame":')  # there is no further step
        sheet.text(b'],"steps_omitted":')
        sheet.number(trail.omitted)

    def teach(self, shape: Shape) -> None:
        """Give a shape the text of the steps that were written last; there are some."""
        trail = self.trail
        shape.opening = self.sheet.piece(self.walk_from, self.walk_to)
        for turn in range(trail.count):
            base = trail.order[turn]
            code = trail.steps[base + 5]
            shape.moves.append(self.moves[trail.steps[base + 6] << 8 | code >> 8] + self.causes[code & 255])
            shape.ends.append(self.rules[code >> 12][code >> 4 & 15])
        last = shape.ends.pop()  # there is no further step
        shape.ends.append(last[: len(last) - len(b',{"frame":')] + b'],"steps_omitted":0')

    def steps(self, shape: Shape) -> None:
        """Add paths, final states and transitions of the connection in ``plain``, whose shape this is."""
        sheet = self.sheet
        frames = self.plain.frames
        times = self.plain.times
        places = shape.places
        at = 0
        sheet.text(shape.opening)
        for turn in range(len(shape.moves)):
            self.number_or_null(frames[places[at]], 0)
            sheet.text(b',"time_ns":')
            sheet.time(times[places[at + 1]])
            sheet.text(shape.moves[turn])
            self.number_or_null(frames[places[at + 2]], 0)
            sheet.text(shape.ends[turn])
            at += 3

    def walk(self, end: End, side: int, count: int) -> int:
        """Add the states of a path; return the last."""
        trail = self.trail
        state = self.start(end)
        self.sheet.text(self.states[state])
        for turn in range(count):
            base = trail.order[turn]
            if trail.steps[base + 6] == side:
                state = trail.steps[base + 5] >> 8 & 15
                self.sheet.text(self.next_states[state])
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
