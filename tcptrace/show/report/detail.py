"""One connection in the report: its pictures, and beside each a table that says the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tcptrace.measure.direction import direction
from tcptrace.measure.residency import stays
from tcptrace.model.records import Connection, Segment
from tcptrace.show.explain import Story
from tcptrace.show.plots.figures import Picture, picture_on, rendered
from tcptrace.show.plots.ladder import LadderPicture
from tcptrace.show.plots.sequence import SequencePicture
from tcptrace.show.plots.states import StatesPicture
from tcptrace.show.report.markup import chip, inline_svg, table, text
from tcptrace.show.rows import FoldRow, NoteRow, SegmentRow, Step, rows
from tcptrace.show.taken import sides_of
from tcptrace.show.text import Clock, count, duration
from tcptrace.show.words import about, client, numbers, octets, server

Cells = list[str]


@dataclass(frozen=True, slots=True)
class Detail:
    """What the report shows of a connection that was chosen."""

    connection: Connection
    segments: Sequence[Segment]
    msl_s: float
    clock: Clock

    def section(self) -> str:
        """Return the section, hidden until it is chosen."""
        one = self.connection
        prefix = f"s{one.stream}-"
        pair = f"{client(one)} → {server(one)}"
        paths = "".join(
            f"<p><b>{side}</b> {' → '.join(chip(state) for state in getattr(one.path, side))}</p>"
            for side in sides_of(one)
        )
        parts = [
            f'<section class="detail" id="stream-{one.stream}" aria-labelledby="{prefix}title" tabindex="-1" hidden>',
            f'<h2 id="{prefix}title">{text(pair)}</h2>',
            f'<p class="muted">{text(" · ".join(about(one)))}</p>{paths}',
            "<h3>What happened</h3>",
            self._story(),
            self._picture(
                "Ladder",
                LadderPicture(one, self.segments, msl_s=self.msl_s, clock=self.clock),
                f"{prefix}l-",
                "group",
                f"Ladder of stream {one.stream}: each frame leads to its row in the table below",
            ),
            self._rows_table(prefix),
            self._picture(
                "State diagram",
                StatesPicture([one], msl_s=self.msl_s),
                f"{prefix}d-",
                "img",
                f"State diagram of stream {one.stream}; the table below says the same",
            ),
            self._steps_table(),
            self._picture(
                "Time-sequence graph",
                SequencePicture(one, self.segments),
                f"{prefix}t-",
                "img",
                f"Time-sequence graph of stream {one.stream}; the table below says the same",
            ),
            self._sequence_table(),
            "</section>",
        ]
        return "".join(parts)

    def _picture(self, title: str, picture: Picture, prefix: str, role: str, label: str) -> str:
        """Return a picture under its title, which a printed page does not part."""
        drawn = inline_svg(rendered(picture_on(picture), "svg"), prefix, role, label)
        return f'<div class="plate"><h3>{title}</h3><div class="paper">{drawn}</div></div>'

    def _story(self) -> str:
        """Return the explanation in sentences."""
        story = Story(self.connection, self.segments, self.msl_s, self.clock, False)
        said = []
        for paragraph in story.paragraphs():
            if paragraph.heading:
                said.append(f"<h4>{text(paragraph.heading)}</h4>")
            else:
                frames = f'<span class="frames">{text(paragraph.frames)}</span> ' if paragraph.frames else ""
                said.append(f"<p>{frames}{text(paragraph.text)}</p>")
        return f'<div class="story">{"".join(said)}</div>'

    # -- tables

    def _rows_table(self, prefix: str) -> str:
        """Return the ladder's rows as a table; its frames lead back to the ladder."""
        start = self.segments[0].time_ns if self.segments else self.connection.first_ns
        made: list[Cells] = []
        attributes: list[str] = []
        for row in rows(self.connection, self.segments):
            frame, cells = self._cells(row, start)
            if frame:
                cells[0] = (
                    f'<button type="button" class="frame" data-frame="{prefix}l-frame-{frame}"'
                    f' aria-label="frame {frame} in the ladder">{frame}</button>'
                )
                attributes.append(f' id="{prefix}row-{frame}" tabindex="-1"')
            else:
                attributes.append("")
            made.append(cells)
        heads = ["frame", "time", "from", "flags", "numbers", "moves to", "findings"]
        return table(f"Segments of stream {self.connection.stream}", heads, made, rows_attributes=attributes)

    def _cells(self, row: object, start: int) -> tuple[int, Cells]:
        """Return a row's frame in the ladder (0: none) and its cells."""
        if isinstance(row, SegmentRow):
            segment = row.segment
            found = "; ".join(f"{finding.code}: {finding.detail}" for finding in row.findings)
            return segment.frame, [
                "",
                duration(segment.time_ns - start),
                f'<span class="{segment.side}">{segment.side}</span>',
                text(segment.flags.replace(",", ", ") or "none"),
                text(" ".join(numbers(segment))),
                " ".join(_moved(row.steps)),
                text(found),
            ]
        if isinstance(row, FoldRow):
            sizes = f"→ {octets(row.client_bytes)}, ← {octets(row.server_bytes)}"
            codes = ", ".join(f"{number} {code}" for code, number in sorted(row.codes.items()))
            folded = f"{count(row.count)} segments folded"
            frames = f"{row.first.frame}–{row.last.frame}"  # noqa: RUF001
            return 0, [frames, duration(row.first.time_ns - start), "", text(folded), sizes, "", text(codes)]
        if isinstance(row, NoteRow):
            finding = row.finding
            return 0, [str(finding.frame), "", "", "", "", "", text(f"{finding.code}: {finding.detail}")]
        step = row.transition  # type: ignore[attr-defined]
        why = "by timer" if step.frame is None else f"frame {step.frame}, another stream"
        return 0, [
            "",
            duration(step.time_ns - start),
            "",
            why,
            "",
            " ".join(_moved([Step(step, late=False)])),
            "",
        ]

    def _steps_table(self) -> str:
        """Return both ends' steps as a table."""
        made: list[Cells] = []
        for side in sides_of(self.connection):
            steps = [step for step in self.connection.transitions if step.side == side]
            spent = stays(self.connection, side)
            for number, step in enumerate(steps, 1):
                stay = spent[number]
                known = stay.until_ns is not None and stay.since_ns is not None
                lasted = duration((stay.until_ns or 0) - (stay.since_ns or 0)) if known else "to the end"
                frame = "timer" if step.frame is None else str(step.frame)
                made.append(
                    [
                        side,
                        str(number),
                        chip(step.from_state),
                        text(step.cause),
                        chip(step.to_state),
                        frame,
                        text(step.evidence),
                        text(step.rule or ""),
                        lasted,
                    ]
                )
        heads = ["end", "step", "from", "by", "to", "frame", "evidence", "clause", "stayed"]
        return table(f"Steps of stream {self.connection.stream}", heads, made)

    def _sequence_table(self) -> str:
        """Return what the time-sequence graph shows as a table."""
        made: list[Cells] = []
        for side in sides_of(self.connection):
            way = direction(self.connection, self.segments, side)
            again = [part for part in way.data if part.is_again]
            frames = ", ".join(str(part.frame) for part in again[:20]) + (" …" if len(again) > 20 else "")
            windows = [ack.window_bytes for ack in way.acked if ack.window_bytes is not None]
            made.append(
                [
                    f"from the {side}",
                    count(len(way.data)),
                    octets(sum(part.payload_bytes for part in way.data)),
                    f"{count(len(again))}{f' (frames {frames})' if again else ''}",
                    count(max((ack.ack for ack in way.acked), default=0)),
                    count(sum(ack.is_duplicate for ack in way.acked)),
                    count(sum(len(ack.sack) for ack in way.acked)),
                    f"{count(min(windows))} to {count(max(windows))} B" if windows else "not known",
                ]
            )
        heads = [
            "data",
            "segments",
            "payload",
            "sent again",
            "acknowledged up to",
            "duplicate ACKs",
            "SACK blocks",
        ]
        return table(f"Data of stream {self.connection.stream}", [*heads, "peer's window"], made)


def _moved(steps: Sequence[Step]) -> Iterator[str]:
    """Yield which end moves to which state, and what that stands on where it is not plain."""
    for step in steps:
        transition = step.transition
        unsure = f" {transition.evidence}" if transition.evidence in ("assumed", "inferred") else ""
        late = f" (frame {transition.frame} is in)" if step.late else ""
        yield f"{transition.side} {chip(transition.to_state)}{unsure}{late}"
