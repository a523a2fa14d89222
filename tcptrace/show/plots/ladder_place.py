"""Where everything of a ladder picture stands, in inches, y downwards; nothing is drawn here.

Rows are evenly spaced. A sender's change of state is at the arrow's tail, a receiver's at its head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tcptrace.model.records import Connection, Finding, Segment, Side, Transition
from tcptrace.show.phases import span_ns, with_phases
from tcptrace.show.plots import pen
from tcptrace.show.rows import EventRow, FoldRow, NoteRow, Row, SegmentRow, Step
from tcptrace.show.text import count, duration, escape
from tcptrace.show.words import is_itself, is_pure_ack, numbers, time_wait_holders

MARGIN = 0.35
ROW = 0.40
SLANT = 0.13
BAND = 0.16
LINE = 0.165  # of findings below an arrow
FOLD_PITCH = 0.185  # of lines in a strip
CHIP_PITCH = 0.20
TIME_LEAST, TIME_MOST = 6.0, 40.0  # inches for a connection's whole duration, on a scale of time
STEP_LEAST = 0.10  # between two changes of one end
ARROW_LEAST, ARROW_MOST = 3.54, 6.4
LABEL, DETAIL, NOTE, GUTTER, DELTA = 8.6, 8.2, 7.4, 8.5, 7.8  # text sizes in points
FINDING = 7.6
MARKS = {"note": "·", "warning": "!", "error": "!!"}
SIDES: tuple[Side, Side] = ("client", "server")


@dataclass(slots=True)
class Columns:
    """Horizontal places."""

    time: float = 0.0  # right edge
    delta: float = 0.0  # right edge
    client: float = 0.0  # middle of the band
    server: float = 0.0
    frame: float = 0.0  # right edge of the frame number
    flags: float = 0.0
    details: float = 0.0
    bracket: float = 0.0
    width: float = 0.0


@dataclass(slots=True)
class Label:
    """What stands above a segment's arrow."""

    flags: str
    details: str
    is_quiet: bool  # nothing but an acknowledgement


@dataclass(slots=True)
class Arrow:
    """A segment."""

    row: SegmentRow
    tail: float
    head: float
    label: Label
    findings: list[tuple[float, str, str]] = field(default_factory=list)  # y, text, severity


@dataclass(slots=True)
class Strip:
    """A folded part."""

    row: FoldRow
    top: float
    bottom: float
    codes: list[tuple[str, str]]  # line of findings' codes, severity


@dataclass(slots=True)
class Event:
    """A step without a segment here; ``is_break``: time passes that is not drawn."""

    y: float
    text: str
    time_ns: int | None
    is_break: bool
    passed: str = ""  # how long the break is


@dataclass(slots=True)
class Remark:
    """A finding at a frame that is counted in another stream."""

    y: float
    lines: list[tuple[float, str, str]]


Item = Arrow | Strip | Event | Remark


@dataclass(slots=True)
class Change:
    """One end enters a state."""

    y: float
    chip: float  # middle of its chip
    state: str
    is_assumed: bool
    note: str


@dataclass(slots=True)
class Phase:
    """A bracket on the right."""

    name: str
    length: str
    top: float
    bottom: float


@dataclass(slots=True)
class Plan:
    """A whole ladder."""

    columns: Columns
    items: list[Item]
    changes: dict[Side, list[Change]]
    phases: list[Phase]
    top: float  # where the bands begin
    bottom: float  # where they end
    start_ns: int


def label_of(segment: Segment) -> tuple[str, list[str]]:
    """Return a segment's flags and its details, the most important first."""
    details = numbers(segment)
    if segment.mss is not None:
        details.append(f"mss {segment.mss}")
    if segment.window_scale is not None:
        details.append(f"ws {segment.window_scale}")
    if is_pure_ack(segment):
        details.append(f"win {segment.window}")
    details += [f"sack {left}:{right}" for left, right in segment.sack[:1]]
    return segment.flags.replace(",", ", ") or "no flags", details


class Placer:
    """Puts rows below each other."""

    def __init__(
        self,
        connection: Connection,
        phased: Sequence[tuple[str, Row]],
        before: Sequence[Row],
        top: float,
        inches_per_ns: float = 0.0,
    ) -> None:
        self.connection = connection
        self.phased = phased
        self.inches_per_ns = inches_per_ns
        self.last: tuple[float, int] | None = None  # y and time of the row before
        self.itself = is_itself(connection)
        self.columns = Columns()
        self.items: list[Item] = []
        self.changes: dict[Side, list[Change]] = {"client": [], "server": []}
        self.y = top
        self.top = top - 0.28
        self.begin(before)

    def begin(self, before: Sequence[Row]) -> None:
        """Put both ends' states before the first row at the top."""
        states: dict[Side, str] = {side: getattr(self.connection.path, side)[0] for side in SIDES}
        for row in before:
            for step in _steps(row):
                states[step.transition.side] = step.transition.to_state
        for side in SIDES:
            if side == "client" or not self.itself:
                self.changes[side].append(Change(self.top, self.top + 0.09, states[side], False, ""))

    def plan(self, start_ns: int) -> Plan:
        """Place everything."""
        self._find_columns()
        phases = []
        for name, group in groupby(self.phased, key=lambda pair: pair[0]):
            rows = [row for _, row in group]
            first = len(self.items)
            for row in rows:
                self._row(row)
            phase = self._bracket(name, rows, self.items[first:])
            if phase is not None:
                phases.append(phase)
        bottom = self._tail(self.y + 0.02)
        return Plan(self.columns, self.items, self.changes, phases, self.top, bottom, start_ns)

    # -- columns

    def _find_columns(self) -> None:
        """Find the columns' places from what stands in them."""
        columns = self.columns
        rows = [row for _, row in self.phased]
        columns.time = MARGIN + 0.86
        columns.delta = columns.time + 0.96
        left, right = self._chip_room("client"), self._chip_room("server")
        columns.client = columns.delta + 0.30 + left + BAND / 2
        segments = [row.segment for row in rows if isinstance(row, SegmentRow)]
        inner = columns.client + BAND / 2
        digits = max((len(str(segment.frame)) for segment in segments), default=1)
        columns.frame = inner + 0.14 + pen.width_of("0" * max(digits, 2), 7.5)
        columns.flags = columns.frame + 0.13
        widest_flags = max(
            (pen.width_of(label_of(segment)[0], LABEL, "bold") for segment in segments), default=0
        )
        columns.details = columns.flags + max(widest_flags + 0.16, 0.82)
        widest = max(
            (pen.width_of("   ".join(label_of(segment)[1]), DETAIL) for segment in segments), default=0
        )
        span = min(max(columns.details - inner + widest + 0.14, ARROW_LEAST), ARROW_MOST)
        columns.server = inner + span + BAND / 2
        columns.bracket = columns.server + BAND / 2 + right + 0.25
        columns.width = columns.bracket + 0.26 + 0.75 + MARGIN

    def _chip_room(self, side: Side) -> float:
        """Return the room that chips and the words beside them need beside one band."""
        widest = pen.chip_width("ESTABLISHED")
        for change in [*self.changes[side], *self._later(side)]:
            room = pen.chip_width(change.state)
            if change.note:
                room += 0.09 + pen.width_of(change.note, NOTE)
            widest = max(widest, room)
        return widest + 0.07

    def _later(self, side: Side) -> Iterator[Change]:
        """Yield the changes that will be placed, without their places."""
        for _, row in self.phased:
            for step in _steps(row):
                if step.transition.side == side:
                    yield Change(0, 0, step.transition.to_state, False, note_of(step))
        if side in time_wait_holders(self.connection):
            yield Change(0, 0, "CLOSED", False, "by timer")

    # -- rows

    def _row(self, row: Row) -> None:
        """Place one row and move down."""
        if isinstance(row, SegmentRow):
            self._segment(row)
        elif isinstance(row, FoldRow):
            self._strip(row)
        elif isinstance(row, NoteRow):
            lines = self._finding_lines(row.finding, None, self.y - 0.06)
            self.items.append(Remark(self.y, lines))
            self.y += 0.14 + LINE * len(lines)
        else:
            self._event(row)

    def _pass(self, time_ns: int, until_ns: int) -> None:
        """On a scale of time, let the time since the row before pass; the next begins at ``until_ns``."""
        if self.inches_per_ns and self.last is not None:
            y, before_ns = self.last
            self.y = max(self.y, y + max(time_ns - before_ns, 0) * self.inches_per_ns)
        self.last = (self.y, until_ns)

    def _segment(self, row: SegmentRow) -> None:
        """Place an arrow, its steps and its findings."""
        self._pass(row.segment.time_ns, row.segment.time_ns)
        tail, head = self.y, self.y + SLANT
        for step in row.steps:
            is_senders = step.late or step.transition.side == row.segment.side
            if self.itself:
                is_senders = step.transition.cause.startswith("snd")
            self._change(step, tail if is_senders else head)
        flags, details = label_of(row.segment)
        room = self.columns.server - BAND / 2 - 0.08 - self.columns.details
        while len(details) > 1 and pen.width_of("   ".join(details), DETAIL) > room:
            details.pop()
        arrow = Arrow(row, tail, head, Label(flags, "   ".join(details), is_pure_ack(row.segment)))
        for finding in row.findings:
            at = head + 0.11 + LINE * len(arrow.findings)
            arrow.findings += self._finding_lines(finding, row.segment.frame, at)
        self.items.append(arrow)
        below = 0.10 + LINE * len(arrow.findings) if arrow.findings else 0.0
        self._down(tail + ROW + below)

    def _finding_lines(self, finding: Finding, frame: int | None, at: float) -> list[tuple[float, str, str]]:
        """Return a finding's lines between the bands."""
        place = "" if finding.frame == frame else f"frame {finding.frame}: "
        detail = f": {escape(finding.detail)}" if finding.detail else ""
        text = f"{MARKS[finding.severity]} {place}{finding.code}{detail}"
        room = self.columns.server - BAND / 2 - 0.1 - self.columns.flags
        lines = pen.wrapped(text, room, FINDING)
        return [(at + LINE * number, line, finding.severity) for number, line in enumerate(lines)]

    def _strip(self, row: FoldRow) -> None:
        """Place a folded part."""
        codes: list[tuple[str, str]] = []
        if row.codes:
            said = ", ".join(f"{count(number)} {code}" for code, number in sorted(row.codes.items()))
            room = self.columns.server - self.columns.client - BAND - 0.5
            codes = [(line, "note") for line in pen.wrapped(said, room, FINDING)]
        self._pass(row.first.time_ns, row.last.time_ns)
        top = self.y - 0.10
        bottom = top + 0.20 + FOLD_PITCH * (2 + len(codes))
        self.items.append(Strip(row, top, bottom, codes))
        self.last = (bottom, row.last.time_ns)
        self._down(bottom + 0.25)

    def _event(self, row: EventRow) -> None:
        """Place a step without a segment."""
        step = row.transition
        if step.frame is None:
            self._break([step], step.time_ns, "")
            return
        self.items.append(
            Event(self.y, f"{step.cause}: frame {step.frame}, another stream", step.time_ns, False)
        )
        self._change(Step(step, late=False), self.y)
        self._down(self.y + ROW)

    def _break(self, steps: Sequence[Transition], time_ns: int, passed: str) -> None:
        """Place the passing of 2MSL and what it does."""
        y = self.y + 0.04
        holders = [step.side for step in steps]
        who = "the end" if self.itself else "both ends hold" if len(holders) > 1 else f"the {holders[0]}"
        verb = "" if len(holders) > 1 and not self.itself else " holds"
        text = f"2MSL: {who}{verb} this pair of ports in TIME-WAIT"
        self.items.append(Event(y, text, time_ns, True, passed))
        for step in steps:
            self._change(Step(step, late=False), y + 0.46)
        self._down(y + 0.46 + ROW)

    def _change(self, step: Step, at: float) -> None:
        """Let one end enter a state at ``at`` or, where it changed just before, a little below."""
        transition = step.transition
        changes = self.changes[transition.side]
        at = max(at, changes[-1].y + STEP_LEAST)
        chip = max(at + 0.09, changes[-1].chip + CHIP_PITCH)
        unsure = transition.evidence in ("assumed", "inferred")
        changes.append(Change(at, chip, transition.to_state, unsure, note_of(step)))

    def _down(self, y: float) -> None:
        """Move to the next row: below this one, and below chips that had to make room for each other."""
        chips = [changes[-1].chip for changes in self.changes.values() if changes]
        self.y = max(y, max(chips) + 0.15)

    def _tail(self, y: float) -> float:
        """Place the end of TIME-WAIT, which the capture does not show; return where the bands end."""
        holders = time_wait_holders(self.connection)
        wait = self.connection.time_wait
        if (
            wait is None
            or not holders
            or any(self.changes[side][-1].state != "TIME-WAIT" for side in holders)
        ):
            return y
        steps = [
            Transition(None, wait.until_ns, side, "TIME-WAIT", "CLOSED", "2MSL timeout", "timer", None, None)
            for side in holders
        ]
        self.y = y + 0.10
        self._break(steps, wait.until_ns, duration(wait.until_ns - wait.since_ns))
        return self.y - 0.02

    def _bracket(self, name: str, rows: Sequence[Row], items: Sequence[Item]) -> Phase | None:
        """Return the bracket over a phase's rows; where time stands still, nothing."""
        edges: list[tuple[float, float]] = []
        for item in items:
            if isinstance(item, Arrow):
                edges.append(
                    (item.tail - 0.17, (item.findings[-1][0] if item.findings else item.head) + 0.12)
                )
            elif isinstance(item, Strip):
                edges.append((item.top, item.bottom))
        if not edges:
            return None
        is_one = len(edges) == 1 and isinstance(items[0], Arrow)  # a single segment lasts no time
        return Phase(name, "" if is_one else duration(span_ns(rows)), edges[0][0], edges[-1][1])


def _steps(row: Row) -> tuple[Step, ...]:
    """Return the steps of a row."""
    if isinstance(row, SegmentRow):
        return row.steps
    return (Step(row.transition, late=False),) if isinstance(row, EventRow) else ()


def note_of(step: Step) -> str:
    """Return the words beside a chip: what the step stands on where that is not plain."""
    transition = step.transition
    parts: list[str] = [transition.evidence] if transition.evidence in ("assumed", "inferred") else []
    if transition.frame is None:
        parts.append("by timer")
    elif step.late:
        parts.append(f"frame {transition.frame} is in")
    return ", ".join(parts)


def place(
    connection: Connection,
    segments: Sequence[Segment],
    rows: Sequence[Row],
    *,
    phase: str | None = None,
    by_time: bool = False,
    top: float = 1.62,
) -> Plan:
    """Return the places of a ladder; ``phase`` keeps the rows of one phase. The plan may have no items.

    ``by_time``: a row is as far below the one before as time has passed, but never closer than rows are otherwise.
    """
    phased = list(with_phases(connection, rows))
    before: list[Row] = []
    if phase is not None:
        kept = [number for number, (name, _) in enumerate(phased) if name == phase]
        before = [row for _, row in phased[: kept[0]]] if kept else []
        phased = [phased[number] for number in kept]
    start_ns = segments[0].time_ns if segments else connection.first_ns
    span = span_ns(row for _, row in phased)
    # So much height that waits are seen as such, and not more than a picture that can be looked at.
    inches = min(max(TIME_LEAST, ROW * len(phased) * 0.75), TIME_MOST)
    return Placer(connection, phased, before, top, inches / span if by_time and span else 0.0).plan(start_ns)
