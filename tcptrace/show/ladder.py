"""A connection as a ladder of fixed-width lines: both ends' states beside lifelines, segments between them.

``ladder`` computes text and roles only (``theme.terminal_style`` says how a role looks), so the same lines
serve a terminal, a file and a test. Eighty columns fit exactly; wider terminals get time differences, words
beside the chips and longer arrows; narrower ones lose details first, then the times.
"""

from collections.abc import Iterator, Sequence

from tcptrace.model.records import Connection, Finding, Segment, Transition
from tcptrace.show import words
from tcptrace.show.ladder_layout import ARROW, ASCII, CHIP, DELTA, FANCY, TIME, Glyphs, Layout, fit, layout
from tcptrace.show.rows import EventRow, FoldRow, NoteRow, Row, SegmentRow, Step, rows
from tcptrace.show.text import Clock, count, duration, escape
from tcptrace.show.words import client, is_itself, octets, server

Span = tuple[str, str]  # text, role
Line = list[Span]

FINDING_LINES = 6
NOTE_LINES = 2  # of what is worth knowing and nothing wrong; `findings` has its whole sentence

MARKS = {"assumed": "~", "inferred": "?"}
LEGEND = {
    "assumed": "~ assumed: it should have received the segment, and nothing in the capture proves it.",
    "inferred": "? inferred: what caused it is not in the capture; the frame in this row shows it.",
}
SEVERITY_MARKS = {"note": "*", "warning": "!", "error": "!!"}


def ladder(
    connection: Connection,
    segments: Sequence[Segment],
    *,
    width: int = 80,
    ascii_only: bool = False,
    fold: bool = True,
    msl_s: float = 120.0,
    clock: Clock | None = None,
) -> Iterator[Line]:
    """Yield the lines of the whole picture: header, rows, TIME-WAIT and legend."""
    drawing = _Ladder(
        connection, segments, layout(width, connection.last_frame), ASCII if ascii_only else FANCY
    )
    for line in drawing.header():
        yield drawing.cut(line)
    for row in rows(connection, segments, fold=fold):
        for line in drawing.row(row):
            yield drawing.cut(line)
    for line in drawing.footer(msl_s, clock or Clock()):
        yield drawing.cut(line)


class _Ladder:
    """One drawing: where its columns lie, and which marks it has used."""

    def __init__(self, connection: Connection, segments: Sequence[Segment], columns: Layout, glyphs: Glyphs):
        self.connection = connection
        self.columns = columns
        self.glyphs = glyphs
        self.start_ns = segments[0].time_ns if segments else connection.first_ns
        self.used: set[str] = set()
        self.itself = is_itself(connection)

    # -- pieces of a line

    def time(self, ns: int) -> str:
        """Return a duration in this drawing's characters."""
        return duration(ns, ascii_only=self.glyphs is ASCII)

    def safe(self, text: str) -> str:
        """Return text from outside in this drawing's characters."""
        return text.encode("ascii", "backslashreplace").decode() if self.glyphs is ASCII else text

    def cut(self, line: Line) -> Line:
        """Return the line no wider than the terminal."""
        left = self.columns.width
        result = []
        for text, role in line:
            if left <= 0:
                break
            result.append((text[:left], role))
            left -= len(text)
        return result

    def gutter(self, time_ns: int | None, since_ns: int | None = None) -> Line:
        """Return the time since the first frame, and the time since the row before where there is room."""
        columns = self.columns
        if not columns.time:
            return []
        text = "" if time_ns is None else self.time(time_ns - self.start_ns)
        line = [(f"{text[:TIME]:>{TIME}}", "")]
        if columns.delta:
            passed = None if time_ns is None or since_ns is None else time_ns - since_ns
            text = "" if passed is None else f"+{self.time(passed)}"[:DELTA]
            # What took more than a millisecond is what one looks for.
            line.append(
                (f"{text:>{DELTA}}", "strong" if passed is not None and passed >= 1_000_000 else "muted")
            )
        return line

    def chip(self, side: str, state: str, evidence: str) -> Line:
        """Return an end's state as a chip, padded to its column, with the mark of its evidence."""
        mark = MARKS.get(evidence, " ")
        if evidence in MARKS:
            self.used.add(evidence)
        text = f"{mark}{state} "
        pad = " " * (CHIP - len(text))
        role = f"state:{state}:{evidence}"
        word = f" {evidence} " if self.columns.word and evidence in MARKS else ""
        if side == "client":
            return [(f"{word:>{self.columns.word}}{pad}", "note"), (text, role)]
        return [(text, role), (f"{pad}{word:<{self.columns.word}}", "note")]

    def blank(self) -> Line:
        """Return the room of a chip that is not there."""
        return [(" " * (CHIP + self.columns.word), "")]

    def line(
        self, gutter: Line, client: Line | None, middle: Line, server: Line | None, life: str = ""
    ) -> Line:
        """Return a whole line from its pieces."""
        post = (life or self.glyphs.life, "")
        return [*gutter, *(client or self.blank()), post, *middle, post, *(server or [])]

    def middle(self, text: str, role: str = "muted", fill: str = " ") -> Line:
        """Return ``text`` in the middle between the lifelines."""
        room = self.columns.arrow
        if len(text) > room:
            text = text[: room - len(self.glyphs.many)] + self.glyphs.many
        return [(text.center(room, fill), role)]

    # -- lines

    def header(self) -> Iterator[Line]:
        """Yield who speaks with whom, how it went, and both ends' first states."""
        connection, columns = self.connection, self.columns
        to = f" {self.glyphs.to} "
        pair = f"{client(connection)}{to}{server(connection)}"
        about = ", ".join(words.about(connection, self.glyphs is ASCII))
        if len(pair) + 3 + len(about) <= columns.width:
            yield [(pair, "strong"), (f"   {about}", "muted")]
        else:
            if len(pair) <= columns.width:
                yield [(pair, "strong")]
            else:
                yield [(client(connection), "strong")]
                yield [(f"{to.lstrip()}{server(connection)}", "strong")]
            for text in fit(about.split(", "), ", ", columns.width):
                yield [(text, "muted")]
        before = columns.time + columns.delta
        left = "client".rjust(CHIP + columns.word - 1) + " "
        right = "itself" if self.itself else "server"
        yield [
            (" " * before, ""),
            (left, "client-strong"),
            (" " * (columns.arrow + 2), ""),
            (f" {right}", "server-strong"),
        ]
        yield self.line(
            self.gutter(None),
            self.chip("client", connection.path.client[0], ""),
            self.middle(""),
            None if self.itself else self.chip("server", connection.path.server[0], ""),
        )

    def row(self, row: Row) -> Iterator[Line]:
        """Yield the lines of one row."""
        if isinstance(row, SegmentRow):
            yield from self.segment(row)
        elif isinstance(row, FoldRow):
            yield from self.strip(row)
        elif isinstance(row, NoteRow):
            yield from self.finding(row.finding, None)
        else:
            yield from self.event(row)

    def segment(self, row: SegmentRow) -> Iterator[Line]:
        """Yield a segment's arrow with the chips of its row, further steps below it, then its findings."""
        waiting: dict[str, list[Step]] = {"client": [], "server": []}
        for step in row.steps:
            waiting[step.transition.side].append(step)
        chips = {side: self.take(steps, late=False)[0] for side, steps in waiting.items()}
        gutter = self.gutter(row.segment.time_ns, row.since_ns)
        yield self.line(gutter, chips["client"], self.arrow(row.segment), chips["server"])
        while waiting["client"] or waiting["server"]:
            client, said = self.take(waiting["client"], late=True)
            server, also = self.take(waiting["server"], late=not said)
            yield self.line(self.gutter(None), client, self.middle(said or also), server)
        for finding in row.findings:
            yield from self.finding(finding, row.segment.frame)

    def take(self, steps: list[Step], *, late: bool) -> tuple[Line | None, str]:
        """Take an end's next step off ``steps``; return its chip and, if it came late, its frame in words."""
        if not steps or (steps[0].late and not late):
            return None, ""
        step = steps.pop(0)
        transition = step.transition
        said = f" by now frame {transition.frame} is at the {transition.side} " if step.late else ""
        return self.chip(transition.side, transition.to_state, transition.evidence), said

    def arrow(self, segment: Segment) -> Line:
        """Return the arrow of a segment: frame, flags, and as many details as fit."""
        glyphs, room = self.glyphs, self.columns.arrow
        frame = f"{segment.frame:>{self.columns.frame}}"
        flags = segment.flags or "(none)"
        left, spare = 3, 2
        details = ""
        for text in self.details(segment):
            if left + len(frame) + len(flags) + len(text) + 4 + spare <= room:
                details = f" {text}" if text else ""
                break
        body = len(frame) + len(flags) + len(details) + 3
        shaft = glyphs.thick if segment.payload_bytes else glyphs.thin
        right = max(room - left - body, 1)
        side = segment.side
        if side == "client":
            tail, head = shaft * left, shaft * (right - 1) + glyphs.right
        else:
            tail, head = glyphs.left + shaft * (left - 1), shaft * right
        pure = words.is_pure_ack(segment)
        line = [
            (tail, side),
            (f" {frame} ", "muted"),
            (flags, "" if pure else f"{side}-strong"),
            (f"{details} ", "muted" if pure else ""),
            (head, side),
        ]
        over = sum(len(text) for text, _ in line) - room
        if over > 0:  # flags as long as FIN,SYN,RST,PSH,ACK,URG on a narrow terminal
            line[2] = (flags[: max(len(flags) - over - 1, 1)] + glyphs.many[:1], line[2][1])
        return line

    def details(self, segment: Segment) -> Iterator[str]:
        """Yield what may stand beside the flags, the most first."""
        parts = words.numbers(segment)
        size = segment.payload_bytes
        if self.columns.delta:
            yield " ".join([*parts, f"win {segment.window}"])
        yield " ".join(parts)
        if size:
            yield f"{parts[0]} {parts[-1]}"
            yield f"{size} B"
        yield from parts
        yield ""

    def strip(self, row: FoldRow) -> Iterator[Line]:
        """Yield the folded part: how many segments, octets each way, how long, and the findings in it."""
        glyphs = self.glyphs
        frames = f"{row.first.frame}-{row.last.frame}: " if self.columns.arrow >= ARROW + 20 else ""
        parts = [
            f"{frames}{count(row.count)} segments",
            f"{glyphs.to} {octets(row.client_bytes)}",
            f"{glyphs.back} {octets(row.server_bytes)}",
            self.time(row.last.time_ns - row.first.time_ns),
        ]
        gutter = self.gutter(row.first.time_ns)
        for text in fit(parts, " ", self.columns.arrow - 2):
            yield self.line(gutter, None, self.middle(f" {text} ", fill=glyphs.dash[0]), None)
            gutter = self.gutter(None)
        codes = [f"{count(number)} {code}" for code, number in sorted(row.codes.items())]
        for text in fit(codes, ", ", self.columns.arrow - 4):
            yield self.line(gutter, None, self.middle(f" {text} ", "note", fill=glyphs.dash[0]), None)

    def event(self, row: EventRow) -> Iterator[Line]:
        """Yield a step that has no segment here: a timer's, or one by a frame of another stream."""
        step: Transition = row.transition
        chip = self.chip(step.side, step.to_state, step.evidence)
        timer = step.frame is None
        text = "2MSL later, by timer" if timer else f"frame {step.frame}, another stream"
        yield self.line(
            self.gutter(step.time_ns),
            chip if step.side == "client" else None,
            self.middle(f" {text} ", fill=self.glyphs.dash[0]),
            chip if step.side == "server" else None,
            self.glyphs.gap if timer else "",
        )

    def finding(self, finding: Finding, frame: int | None) -> Iterator[Line]:
        """Yield a finding under its arrow, wrapped between the lifelines."""
        room = self.columns.arrow
        place = "" if finding.frame == frame else f"frame {finding.frame}: "
        detail = self.safe(escape(finding.detail))
        text = f"{SEVERITY_MARKS[finding.severity]} {place}{finding.code}{': ' if detail else ''}{detail}"
        lines = fit(text.split(" "), " ", room - 4)
        most = NOTE_LINES if finding.severity == "note" else FINDING_LINES
        if len(lines) > most:
            cut = lines[most - 1][: room - 4 - len(self.glyphs.many)]
            lines = [*lines[: most - 1], cut + self.glyphs.many]
        for number, part in enumerate(lines):
            indent = "  " if number == 0 else "    "
            role: str = finding.severity
            yield self.line(self.gutter(None), None, [(f"{indent}{part}".ljust(room)[:room], role)], None)

    def footer(self, msl_s: float, clock: Clock) -> Iterator[Line]:
        """Yield TIME-WAIT's end where the capture ends before it, and what the marks mean."""
        connection, columns = self.connection, self.columns
        wait = connection.time_wait
        if wait is not None:
            holders = words.time_wait_holders(connection)
            if holders:
                chips = {side: self.chip(side, "CLOSED", "") for side in holders}
                line = self.line(
                    self.gutter(wait.until_ns),
                    chips.get("client"),
                    self.middle(" 2MSL later, by timer ", fill=self.glyphs.dash[0]),
                    chips.get("server"),
                    self.glyphs.gap,
                )
                # Dim as a whole: the capture ends before it.
                yield [(text, "muted") for text, _ in line]
            said = words.time_wait(connection, msl_s, clock, self.glyphs.to)
            for text in fit(said.split(" "), " ", columns.width):
                yield [(text, "muted")]
        for evidence, meaning in LEGEND.items():
            if evidence in self.used:
                for text in fit(meaning.split(" "), " ", columns.width):
                    yield [(text, "note")]
        if connection.steps_omitted:
            yield [(f"{count(connection.steps_omitted)} further steps are not kept.", "note")]
