"""The ladder as a picture: segments between both ends' bands of states, times, phases and findings."""

from collections.abc import Sequence
from math import pi, sin

from matplotlib.axes import Axes

from tcptrace.model.records import Connection, Segment, Side
from tcptrace.show.phases import CLOSING, OPENING
from tcptrace.show.plots import pen
from tcptrace.show.plots.ladder_place import (
    BAND,
    DELTA,
    DETAIL,
    FINDING,
    FOLD_PITCH,
    GUTTER,
    LABEL,
    MARGIN,
    NOTE,
    SIDES,
    Arrow,
    Change,
    Event,
    Remark,
    Strip,
    place,
)
from tcptrace.show.plots.pen import MONO, Pen
from tcptrace.show.rows import rows
from tcptrace.show.text import Clock, count, duration
from tcptrace.show.theme import (
    CLIENT,
    FAINT,
    INK,
    MUTED,
    PALE,
    PAPER,
    SERVER,
    SEVERITIES,
    STRIP,
)
from tcptrace.show.theme import SIDES as SIDE_COLOURS
from tcptrace.show.words import about, client, is_itself, octets, server, time_wait

TITLE, SUBTITLE, FOOT = 15, 9.5, 7.6
SLOW_NS = 1_000_000  # a time difference above this is what one looks for

PHASES = {"all": None, "handshake": OPENING, "teardown": CLOSING}
SCALES = {
    "even": "Rows are evenly spaced; the times on the left are not.",
    "time": "Rows stand as far apart as time passes between them, but no closer than can be read; folded parts do not.",
}
READING = (
    " Sequence numbers are relative. The capture has one clock, so the slant shows direction, not delay. Read at the tail"
    " of an arrow: its sender has moved. At the head: its receiver moves (RFC 9293 3.10.7)."
)
ASSUMED = "Assumed: it should have received the segment, and nothing in the capture proves it."
INFERRED = "Inferred: what caused it is not in the capture; the frame in this row shows it."


class LadderPicture:
    """A ladder, laid out; ``width`` and ``height`` are in inches."""

    def __init__(
        self,
        connection: Connection,
        segments: Sequence[Segment],
        *,
        fold: bool = True,
        opened: range = range(0),
        phase: str = "all",
        scale: str = "even",
        msl_s: float = 120.0,
        clock: Clock | None = None,
    ) -> None:
        self.connection = connection
        self.part = phase
        made = list(rows(connection, segments, fold=fold, opened=opened))
        self.by_time = scale == "time"
        self.plan = place(connection, segments, made, phase=PHASES[phase], by_time=self.by_time)
        columns = self.plan.columns
        inner = columns.width - 2 * MARGIN
        pair = f"{client(connection)}  →  {server(connection)}"
        if pen.width_of(pair, TITLE, "bold") <= inner:
            self.title = [pair]
        else:
            self.title = [client(connection), f"→  {server(connection)}"]
        widest = max(pen.width_of(line, TITLE, "bold") for line in self.title)
        if widest > inner:  # two addresses of 39 characters over a narrow picture
            columns.width += widest - inner
            inner = widest
        self.subtitle = pen.wrapped(" · ".join(self._about()), inner, SUBTITLE)
        self.foot = self._foot(msl_s, clock or Clock(), inner)
        # The layout below the header begins where a header of two lines leaves it.
        self.shift = 0.30 * (len(self.title) - 1) + 0.19 * (len(self.subtitle) - 1)
        self.width = columns.width
        self.height = self.shift + self.plan.bottom + 0.30 + 0.18 * len(self.foot) + 0.22

    def _about(self) -> list[str]:
        """Return what the subtitle says."""
        parts = about(self.connection)
        data = self.connection.data_bytes
        if self.part != "all":
            parts.append(f"its {self.part} alone")
        sent = octets(data.client)
        parts.insert(
            2, sent if is_itself(self.connection) else f"{sent} sent, {octets(data.server)} received"
        )
        return parts

    def _foot(self, msl_s: float, clock: Clock, room: float) -> list[str]:
        """Return the lines below the picture."""
        connection = self.connection
        notes = {change.note.split(",")[0] for side in SIDES for change in self.plan.changes[side]}
        sentences = [SCALES["time" if self.by_time else "even"] + READING]
        if connection.time_wait is not None:
            sentences.append(time_wait(connection, msl_s, clock))
        if "assumed" in notes:
            sentences.append(ASSUMED)
        if "inferred" in notes:
            sentences.append(INFERRED)
        if connection.steps_omitted:
            sentences.append(f"{count(connection.steps_omitted)} further steps are not kept.")
        return [line for sentence in sentences for line in pen.wrapped(sentence, room, FOOT, 4)]

    # -- drawing

    def draw(self, axes: Axes) -> None:
        """Draw on ``axes``, which are taken over."""
        self.pen = Pen(axes, self.width, self.height)
        self._header()
        self.columns = self.plan.columns
        top = self.shift
        for side in SIDES:
            self._band(side, top)
        for phase in self.plan.phases:
            self._phase(phase.name, phase.length, phase.top + top, phase.bottom + top)
        for item in self.plan.items:
            if isinstance(item, Arrow):
                self._arrow(item, top)
            elif isinstance(item, Strip):
                self._strip(item, top)
            elif isinstance(item, Event):
                self._event(item, top)
            elif isinstance(item, Remark):
                self._findings(item.lines, top)
        y = top + self.plan.bottom + 0.32
        for number, line in enumerate(self.foot):
            self.pen.text(MARGIN, y + 0.18 * number, line, FOOT, colour=MUTED)

    def _header(self) -> None:
        """Write who speaks with whom and how it went, and the heads of the columns."""
        draw, columns = self.pen, self.plan.columns
        y = 0.34
        for number, line in enumerate(self.title):
            draw.text(MARGIN, y + 0.30 * number, line, TITLE, weight="bold")
        y += 0.30 * len(self.title)
        for number, line in enumerate(self.subtitle):
            draw.text(MARGIN, y + 0.19 * number, line, SUBTITLE, colour=MUTED)
        y = self.shift + 1.10
        draw.text(columns.time, y, "time", 8, colour=MUTED, across="right")
        draw.text(columns.delta, y, "+Δ", 8, colour=MUTED, across="right")
        itself = is_itself(self.connection)
        heads = (
            (columns.client, "client", CLIENT, client(self.connection)),
            (columns.server, "itself" if itself else "server", SERVER, server(self.connection)),
        )
        # An address of 39 characters must clear the head of the differences, and the figure's edge.
        rooms = (columns.client - columns.delta - 0.1, columns.width - columns.server - 0.1)
        for (x, name, colour, address), room in zip(heads, rooms, strict=True):
            size = min(8.0, 8.0 * 2 * room / pen.width_of(address, 8.0))
            draw.text(x, y - 0.10, name, 10.5, colour=colour, across="center", weight="bold")
            draw.text(x, y + 0.09, address, size, colour=MUTED, across="center")

    def _band(self, side: Side, top: float) -> None:
        """Draw one end's band of states and its chips."""
        draw = self.pen
        changes = self.plan.changes[side]
        x = self.columns.client if side == "client" else self.columns.server
        has_chips = bool(changes)
        if not has_chips:  # a socket connected to itself: the same end on the other side
            changes = self.plan.changes["client"]
        ends = [change.y for change in changes[1:]] + [self.plan.bottom]
        for change, end in zip(changes, ends, strict=True):
            draw.state(x - BAND / 2, top + change.y, BAND, end - change.y, change.state)
            draw.rectangle(x - BAND / 2, top + change.y, BAND, end - change.y, "none", edge=INK, layer=3.2)
        if has_chips:
            for change in changes:
                self._chip(side, x, top, change)

    def _chip(self, side: Side, x: float, top: float, change: Change) -> None:
        """Draw a state's chip outside its band, with the word beside it."""
        outward = -1 if side == "client" else 1
        edge = x + outward * (BAND / 2 + 0.07)
        facing = "right" if side == "client" else "left"
        width = self.pen.chip(edge, top + change.chip, change.state, side=facing, assumed=change.is_assumed)
        if change.note:
            at = edge + outward * (width + 0.07)
            slant = "italic" if change.is_assumed else "normal"
            self.pen.text(at, top + change.chip, change.note, NOTE, colour=MUTED, across=facing, slant=slant)

    def _phase(self, name: str, length: str, top: float, bottom: float) -> None:
        """Draw a phase's ground and its bracket."""
        draw, columns = self.pen, self.columns
        draw.rectangle(columns.client, top, columns.server - columns.client, bottom - top, PALE, layer=0)
        x, middle = columns.bracket, (top + bottom) / 2
        draw.line(
            [(x, top + 0.03), (x + 0.08, top + 0.03), (x + 0.08, bottom - 0.03), (x, bottom - 0.03)], FAINT
        )
        draw.text(x + 0.18, middle - 0.09, name, 8.5, colour=MUTED, weight="bold")
        if length:
            draw.text(x + 0.18, middle + 0.09, length, 8.5, colour=MUTED)

    def _gutter(self, y: float, time_ns: int, passed_ns: int | None) -> None:
        """Write the time since the first frame, and the time that passed."""
        draw, columns = self.pen, self.columns
        draw.text(
            columns.time, y, duration(time_ns - self.plan.start_ns), GUTTER, across="right", family=MONO
        )
        if passed_ns is not None:
            is_slow = passed_ns > SLOW_NS
            draw.text(
                columns.delta,
                y,
                f"+{duration(passed_ns)}" if passed_ns >= 0 else duration(passed_ns),
                DELTA,
                colour=INK if is_slow else MUTED,
                across="right",
                weight="bold" if is_slow else "normal",
                family=MONO,
            )

    def _arrow(self, arrow: Arrow, top: float) -> None:
        """Draw a segment with its label and findings."""
        draw, columns = self.pen, self.columns
        segment, label = arrow.row.segment, arrow.label
        left, right = columns.client + BAND / 2, columns.server - BAND / 2
        is_clients = segment.side == "client"
        ends = (left, right) if is_clients else (right, left)
        colour = SIDE_COLOURS[segment.side]
        width = 2.0 if segment.payload_bytes else 0.9 if label.is_quiet else 1.5
        tail, head = top + arrow.tail, top + arrow.head
        draw.arrow([(ends[0], tail), (ends[1], head)], colour, width, gid=f"frame-{segment.frame}")
        is_first = segment.time_ns == self.plan.start_ns and segment.time_ns == arrow.row.since_ns
        self._gutter(tail - 0.05, segment.time_ns, None if is_first else segment.time_ns - arrow.row.since_ns)
        y = tail - (0.098 if is_clients else 0.062)
        draw.text(columns.frame, y, str(segment.frame), 7.5, colour=MUTED, across="right")
        draw.text(
            columns.flags,
            y,
            label.flags,
            LABEL,
            colour=INK if label.is_quiet else colour,
            weight="normal" if label.is_quiet else "bold",
        )
        draw.text(columns.details, y, label.details, DETAIL, colour=MUTED if label.is_quiet else INK)
        self._findings(arrow.findings, top)

    def _findings(self, lines: Sequence[tuple[float, str, str]], top: float) -> None:
        """Write findings below their arrow."""
        for y, text, severity in lines:
            self.pen.text(
                self.columns.flags,
                top + y,
                text,
                FINDING,
                colour=SEVERITIES[severity],
                weight="bold" if severity == "error" else "normal",
                slant="italic" if severity == "note" else "normal",
            )

    def _strip(self, strip: Strip, top: float) -> None:
        """Draw a folded part: its frames and the octets each way."""
        draw, columns, row = self.pen, self.columns, strip.row
        left, right = columns.client + BAND / 2, columns.server - BAND / 2
        upper, lower = top + strip.top, top + strip.bottom
        steps = 160
        wave = [
            (left + (right - left) * step / steps, 0.022 * sin(14 * pi * step / steps))
            for step in range(steps + 1)
        ]
        edge = [(x, upper + dy) for x, dy in wave]
        draw.polygon([*edge, *[(x, lower + dy) for x, dy in reversed(wave)]], STRIP, 1.5)
        draw.line(edge, FAINT, 0.8, layer=1.6)
        draw.line([(x, lower + dy) for x, dy in wave], FAINT, 0.8, layer=1.6)
        middle, y = (left + right) / 2, upper + 0.10 + FOLD_PITCH / 2
        frames = f"frames {row.first.frame}–{row.last.frame}  ·  {count(row.count)} segments folded"  # noqa: RUF001
        draw.text(middle, y, frames, 8.4, across="center", weight="bold")
        draw.text(
            middle - 0.1, y + FOLD_PITCH, f"→ {octets(row.client_bytes)}", 8.4, colour=CLIENT, across="right"
        )
        draw.text(middle + 0.1, y + FOLD_PITCH, f"← {octets(row.server_bytes)}", 8.4, colour=SERVER)
        for number, (line, severity) in enumerate(strip.codes, 2):
            draw.text(
                middle,
                y + FOLD_PITCH * number,
                line,
                FINDING,
                colour=SEVERITIES[severity],
                across="center",
                slant="italic",
            )
        self._gutter((upper + lower) / 2, row.first.time_ns, row.last.time_ns - row.first.time_ns)

    def _event(self, event: Event, top: float) -> None:
        """Draw a step without a segment; over a break the bands are cut."""
        draw, columns = self.pen, self.columns
        y = top + event.y
        middle = (columns.client + columns.server) / 2
        draw.text(middle, y, event.text, 8.5, colour=MUTED, across="center", backed=True)
        ends = (
            (columns.delta + 0.05, columns.bracket - 0.1)
            if event.is_break
            else (columns.client, columns.server)
        )
        draw.line([(ends[0], y), (ends[1], y)], FAINT, 0.8, dash=(0, (2, 3)), layer=0.5)
        if event.is_break:
            for x in (columns.client, columns.server):
                self._cut(x, y)
            if event.passed:
                draw.text(columns.delta, y, event.passed, 8.5, colour=MUTED, across="right", backed=True)
        if event.time_ns is not None:
            at = y + (0.55 if event.is_break else -0.0)
            draw.text(
                columns.time,
                at,
                duration(event.time_ns - self.plan.start_ns),
                GUTTER,
                across="right",
                family=MONO,
            )

    def _cut(self, x: float, y: float) -> None:
        """Draw the mark of a break across a band."""
        half = BAND / 2
        xs = (x - half - 0.06, x - half / 3 - 0.02, x + half / 3 + 0.02, x + half + 0.06)
        zigzag = [(at, y + (0.005 if number % 2 == 0 else -0.075)) for number, at in enumerate(xs)]
        lower = [(at, dy + 0.07) for at, dy in zigzag]
        self.pen.polygon([*zigzag, *reversed(lower)], PAPER, 4)
        for points in (zigzag, lower):
            self.pen.line(points, INK, 0.8, layer=4.1)
