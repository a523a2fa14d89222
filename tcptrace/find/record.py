"""Rows to records: a connection of the replay as the contract's ``Connection``.

All that is derived when a connection is shown, and only then: paths, transitions in their order, findings with their
sentences, the tap's place, round trips in seconds.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from tcptrace import kernels
from tcptrace.find import noticed, numbers
from tcptrace.find.codes import CODES
from tcptrace.find.facts import (
    NAMES,
    addresses_of,
    clause,
    ends_of,
    handshake_s,
    ipv6_text,
    known,
    rtt_of,
    side_name,
    side_or_both,
    start_of,
    tap,
    time_wait_of,
)
from tcptrace.flow import bits
from tcptrace.model.records import (
    Connection,
    Endpoint,
    Evidence,
    Finding,
    Side,
    Sides,
    Transition,
)
from tcptrace.model.states import STATE_NAMES
from tcptrace.model.units import NS
from tcptrace.tcp import codes as notes
from tcptrace.tcp import machine
from tcptrace.tcp.outcomes import OUTCOME_NAMES

if TYPE_CHECKING:
    from tcptrace.find import trail, written
    from tcptrace.find.analysis import Analysis
    from tcptrace.find.ledger import Tally
    from tcptrace.find.measured import Measurer
    from tcptrace.flow import rows
    from tcptrace.measure.figures import Figures
    from tcptrace.measure.gauge import Gauge
    from tcptrace.tcp import verdict
    from tcptrace.tcp.replay import Replay
else:
    rows = kernels.load("flow.rows")

_encode = msgspec.json.Encoder().encode
NONE = -1
_CLAUSES = [[clause(what, state) for what in range(machine.INPUT_COUNT)] for state in range(len(STATE_NAMES))]
_STAND_INS = (1111111111, 2222222222, 3333333333, 4444444444)  # numbers that occur nowhere else in a finding
_EVIDENCE = cast("tuple[Evidence, ...]", bits.EVIDENCE_NAMES)
Note = tuple[int, ...]  # code, frame, side, four numbers (tcp.notes)
NOTHING_AROUND = noticed.Connection(0, 0.0, list, {}, (0, 0), [], ([], []), {})


class Label(Protocol):
    """Names the application of a stream."""

    def __call__(self, number: int) -> str | None:
        """Return the label of the number that the classifier gave."""


class Page(Protocol):
    """Writes a page about a connection."""

    def __call__(
        self, stream: int, client: Endpoint, server: Endpoint, outcome: str, first_ns: int, last_ns: int, figures: "Figures"
    ) -> bytes:  # fmt: skip
        """Return it; ``figures`` hold until the next is asked for."""


def encoded(record: Connection) -> bytes:
    """Return a record as its line of JSON."""
    return _encode(record) + b"\n"


def make_writer(judged: "verdict.Verdict", steps: "trail.Trail") -> "written.Writer":
    """Return what writes lines without records; it follows a connection by ``steps``."""
    rules = [[b',"rule":' + _encode(text) for text in clauses] for clauses in _CLAUSES]
    made: written.Writer = kernels.load("find.written").Writer(
        steps, judged, rules, _reused(0), _reused(1), _seconds, _ipv6_octets
    )
    return made


def _measurer(gauge: "Gauge", judged: "verdict.Verdict", steps: "trail.Trail") -> "Measurer":
    """Return what makes the measures of connections, which ``gauge`` has measured."""
    from tcptrace.measure.measures import MEASURES, plan  # most runs ask for none

    figures = kernels.load("measure.figures").Figures(plan())
    names = [row.name for row in MEASURES]
    made: Measurer = kernels.load("find.measured").Measurer(figures, gauge, judged, steps, names, _encode)
    return made


def _reused(side: int) -> list[bytes | int]:
    """Return the end of a line where ports used before are all that was found; numbers stand for the frame and values."""
    frame, *values = _STAND_INS
    found = _finding(numbers.REUSED_PORTS, frame, side, 0, (values[0], NONE, *values[1:], 0, 0))
    text = _encode({found.code: {NAMES[side]: 1}}) + b',"findings":' + _encode([found])
    pieces = re.split(b"(%s)" % b"|".join(b"%d" % number for number in _STAND_INS), text)
    return [_STAND_INS.index(int(piece)) if at % 2 else piece for at, piece in enumerate(pieces)]


def _seconds(ns: int) -> bytes:
    return _encode(ns / NS)


def _ipv6_octets(high: int, low: int) -> bytes:
    return ipv6_text(high, low).encode()


class Recorder:
    """Makes records of the replay's rows."""

    def __init__(
        self, replay: "Replay", judged: "verdict.Verdict", msl_s: float, label: Label, gauge: "Gauge | None"
    ) -> None:
        """``gauge``: what has measured the connections, where their measures are asked for."""
        self.replay = replay
        self.msl_s = msl_s
        self.label = label
        self.verdict = judged
        self.losses = 0  # findings `tap_loss` of all that was written
        self.found: Analysis | None = None  # what is found beside the replay's own notes
        self.trail: trail.Trail = kernels.load("find.trail").Trail(replay.paths)  # steps of one connection
        self.measurer = None if gauge is None else _measurer(gauge, judged, self.trail)

    def record(self, row: "rows.Stream") -> Connection:
        """Return the record of a connection."""
        judged = self.verdict
        outcome = OUTCOME_NAMES[judged.judge(row)]
        alone = bool(row.flags & bits.S_SELF)
        ends = ends_of(row, judged.client)
        client, server = ends
        reset_by = side_name(judged.reset_by, judged.client)
        closed_first = side_or_both(judged.closed_first, judged.client)
        opened_by = side_or_both(judged.opened_by, judged.client)
        if opened_by == "server":
            opened_by = "client"
        self.trail.follow(client, server, alone)
        steps = self.trail.listed()
        counts, findings = self._findings(row, judged.client, lambda: self._steps(alone))
        empty = rows.End() if alone else server
        addresses = addresses_of(row)
        if judged.client:
            addresses = (addresses[1], addresses[0])
        paths: list[list[str]] = []
        for side, end in enumerate(ends):
            paths.append([start_of(end), *(STATE_NAMES[step[5]] for step in steps if step[1] == side)])
        if alone:
            paths[1] = list(paths[0])
        label = row.application >> 2
        record = Connection(
            schema=1,
            stream=row.number,
            client=addresses[0],
            server=addresses[1],
            opened_by=opened_by,
            first_frame=row.first_frame,
            last_frame=row.last_frame,
            first_ns=row.first_ns,
            last_ns=row.last_ns,
            packets=Sides(client.packets, empty.packets),
            duplicates=Sides(client.duplicates, empty.duplicates),
            application=self.label(label) if label else None,
            tap=tap(row, judged.client),
            data_bytes=Sides(client.data_bytes, empty.data_bytes),
            unique_bytes=Sides(known(client.unique_bytes), known(empty.unique_bytes)),
            path=Sides(*paths),
            final=Sides(paths[0][-1], paths[1][-1]),
            transitions=[_transition(step) for step in steps],
            steps_omitted=self.trail.omitted,
            outcome=outcome,
            closed_first=closed_first,
            reset_by=reset_by,
            time_wait=time_wait_of(ends, alone),
            handshake_s=handshake_s(row, judged.client),
            rtt_s=Sides(rtt_of(client), rtt_of(empty)),
            finding_counts=counts,
            findings=findings,
            given_up=bool(row.flags & bits.S_GIVEN_UP),
        )
        if self.measurer is not None:
            self.measurer.measure(row)
            record = msgspec.structs.replace(record, measures=self.measurer.values())
        return record

    def places(self, row: "rows.Stream") -> list[tuple[int, Side, str]]:
        """Return the steps of the last record as (frame where they stand, side, state after)."""
        places = [(step[0], NAMES[step[1]], STATE_NAMES[step[5]]) for step in self.trail.listed()]
        if row.flags & bits.S_SELF:
            places += [(place, "server", state) for place, _, state in places]
            places.sort(key=lambda entry: entry[0])
        return places

    def tail(self, row: "rows.Stream") -> bytes:
        """Return what the line of a connection that was written last lacks: what was found in it."""
        alone = bool(row.flags & bits.S_SELF)
        counts, findings = self._findings(row, self.verdict.client, lambda: self._steps(alone))
        self.count_losses(counts)
        given_up = b"true" if row.flags & bits.S_GIVEN_UP else b"false"
        return b"".join([_encode(counts), b',"findings":', _encode(findings), b',"given_up":', given_up])

    def finds(self, row: "rows.Stream") -> bool:
        """Judge a connection, and say whether there is a finding in it."""
        self.verdict.judge(row)
        if self._is_plain(row, self.found):
            return bool(row.flags & bits.S_REUSED)
        return bool(self._found(row) or self._noted(row))

    @cached_property
    def _is_plain(self) -> "Callable[[rows.Stream, Analysis | None], int]":
        """What says of a connection that was judged that nothing was found in it, but for ports that were used before."""
        return make_writer(self.verdict, self.trail).is_plain

    def page(self, row: "rows.Stream", page: Page) -> bytes:
        """Return the page of a connection that is measured, without its record."""
        judged = self.verdict
        outcome = OUTCOME_NAMES[judged.judge(row)]
        ends = ends_of(row, judged.client)
        assert self.measurer is not None, "Analysis.pages has asked"
        self.trail.follow(*ends, bool(row.flags & bits.S_SELF))
        self.measurer.measure(row)
        if not self._is_plain(row, self.found):
            self.count_losses(self._counts(row, self._found(row), self._noted(row)))
        addresses = addresses_of(row)
        if judged.client:
            addresses = (addresses[1], addresses[0])
        return page(row.number, *addresses, outcome, row.first_ns, row.last_ns, self.measurer.figures)

    def count_losses(self, counts: dict[str, dict[str, int]]) -> None:
        """Count what the tap lost of a connection that is written, by its findings."""
        by_side = counts.get("tap_loss")
        if by_side:
            self.losses += sum(by_side.values())

    def _steps(self, alone: bool) -> list[noticed.Step]:
        """Return the steps that were followed last, as the sentences of findings take them."""
        sides = (0 if alone else self.verdict.client, 1 - self.verdict.client)
        return [
            noticed.Step(frame, time_ns, sides[side], before, after, what, proof)
            for _, side, frame, time_ns, before, after, what, _, proof in self.trail.listed()
        ]

    def numbers(self, row: "rows.Stream") -> tuple[int, tuple[int, int]]:
        """Return which end is the client, and the initial sequence numbers of client and server."""
        client = 0 if row.flags & bits.S_SELF else self.verdict.find_client(row)
        low = row.low.iss if row.low is not None else 0
        high = row.high.iss if row.high is not None else low
        return client, ((low, high) if client == 0 else (high, low))

    def _findings(
        self,
        row: "rows.Stream",
        client: int,
        steps: Callable[[], list[noticed.Step]],
    ) -> tuple[dict[str, dict[str, int]], list[Finding]]:
        kept: list[Finding] = []
        found, noted = self._found(row), self._noted(row)
        connection = self._connection(row, found, noted, steps) if noted else None
        for number, frame, side, *values in noted:
            kept.append(_finding(number, frame, side, client, values, connection))
        for number, side, _, entries in found:
            kept += [_finding(number, frame, side, client, values) for frame, *values in entries]
        kept.sort(key=lambda finding: finding.frame)
        return self._counts(row, found, noted), kept

    def _counts(
        self, row: "rows.Stream", found: "list[Tally]", noted: list[Note]
    ) -> dict[str, dict[str, int]]:
        """Return how many findings there are, by code and side."""
        counts: dict[str, dict[str, int]] = {}
        client = self.verdict.client
        for number, _, side, *_ in noted:
            key = side_name(side, client) or "connection"
            by_side = counts.setdefault(CODES[number].name, {})
            if key not in by_side:
                by_side[key] = self.replay.notes.beyond(row, number, side)
            by_side[key] += 1
        for number, side, total, _ in found:
            by_side = counts.setdefault(CODES[number].name, {})
            key = side_name(side, client) or "connection"
            by_side[key] = by_side.get(key, 0) + total
        return counts

    def _connection(
        self,
        row: "rows.Stream",
        found: "list[Tally]",
        noted: list[Note],
        steps: Callable[[], list[noticed.Step]],
    ) -> noticed.Connection:
        """Return what the sentences of notes take from the rest of the connection."""
        copies, tops = {}, {}
        holes: tuple[list[noticed.Hole], list[noticed.Hole]] = ([], [])
        for number, side, _, entries in found:
            for frame, *values in entries:
                if number == numbers.RETRANSMISSION:
                    copies[frame] = noticed.Earlier(values[2], values[3])
                elif number == numbers.LOST_SEGMENT:
                    ahead, before, left = values[:3]
                    holes[side].append(noticed.Hole(left, left + ahead, before, frame))
                elif number == numbers.ACK_LOST_SEGMENT:
                    tops[frame] = values[2]
        for missed in holes:
            missed.sort()
        return noticed.Connection(
            first_frame=row.first_frame,
            msl_s=self.msl_s,
            steps=cache(steps),
            copies=copies,
            synacks=(
                row.synack_ns if row.synack_side == 0 else 0,
                row.synack_ns if row.synack_side == 1 else 0,
            ),
            syns_with_data=[frame for number, frame, *_ in noted if number == notes.SYN_DATA and frame],
            holes=holes,
            tops=tops,
        )

    def _found(self, row: "rows.Stream") -> "list[Tally]":
        """Return what the analysis found, and whether the ports were used before."""
        if self.found is None:
            return []
        tallies = self.found.read(row.number)
        if row.flags & bits.S_REUSED:
            end = row.high if row.first_side else row.low
            number = 0 if end is None else end.first_raw
            note = (row.first_frame, number, NONE, row.older_frame, row.older, 0, 0)
            tallies.append((numbers.REUSED_PORTS, row.first_side, 1, [note]))
        return tallies

    def _noted(self, row: "rows.Stream") -> list[Note]:
        """Return the replay's notes of a connection that was judged last."""
        return [*(row.notes or ()), *self._late(row, self.verdict)]

    def _late(self, row: "rows.Stream", judged: "verdict.Verdict") -> list[Note]:
        """Return the notes that only the whole connection shows."""
        found: list[Note] = []
        low, high = row.low, row.high
        if low is None or high is None or row.flags & bits.S_SELF:
            return found
        if row.flags & bits.S_BOTH_SYN:
            found.append(
                (notes.SIMULTANEOUS_OPEN, row.both_frame, NONE, row.first_frame, row.both_frame, 0, 0)
            )
        if judged.crossed:
            first, second = sorted((judged.fin_frame(low), judged.fin_frame(high)))
            found.append((notes.SIMULTANEOUS_CLOSE, second, NONE, first, second, 0, 0))
        for side, end in ((0, low), (1, high)):
            if judged.is_abortive(end, side):
                sent, got = (low, high) if side == 0 else (high, low)
                found.append(
                    (notes.ABORTIVE_CLOSE, judged.reset_frame, side, sent.data_bytes, got.data_bytes, 0, 0)
                )
        for side, end in ((0, low), (1, high)):
            cold = end.cold
            if cold is not None and cold.lost_frame and end.packets:
                found.append((notes.TAP_LOSS, cold.lost_frame, 1 - side, 0, 1, 0, 0))
            if (
                cold is not None and cold.unsent_ack >= 0 and end.packets
            ):  # undecided to the end: the capture's loss
                first, after = cold.unsent_from - end.iss, cold.unsent_ack - end.iss
                found.append((notes.TAP_LOSS, cold.unsent_frame, 1 - side, first, after, after - first, 0))
        for end, other in ((low, high), (high, low)):
            if other.packets == 0 and end.flags & bits.F_ACKED:
                found.append((notes.ONE_DIRECTION, row.first_frame, NONE, end.packets, row.last_frame, 0, 0))
        return found


def _finding(
    number: int,
    frame: int,
    side: int,
    client: int,
    values: Sequence[int],
    connection: noticed.Connection | None = None,
) -> Finding:
    """Return a note as a finding."""
    code = CODES[number]
    around = noticed.Around(frame, side, connection or NOTHING_AROUND)
    detail = code.text(tuple(values), around)
    return Finding(frame, side_name(side, client), code.name, code.severity, f"{detail} ({code.source})")


def _transition(step: "trail.Step") -> Transition:
    _, side, frame, time_ns, before, after, what, evidence, proof = step
    return Transition(
        frame or None,
        time_ns,
        NAMES[side],
        STATE_NAMES[before],
        STATE_NAMES[after],
        machine.CAUSES[what],
        _EVIDENCE[evidence],
        proof or None,
        _CLAUSES[before][what],
    )
