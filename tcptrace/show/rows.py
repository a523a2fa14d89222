"""The rows of a ladder: which segment, which steps of which end, what is folded. No layout, no colour.

A step stands at the frame that caused it, or, where the replay postponed it, at the segment by which the
end still showed that it did not know the frame (its time says which; replay.md, "Postponed").
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tcptrace.model.records import Connection, Finding, Segment, Transition

MAX_EXTRA = 40  # rows with a finding or a repeated SYN, FIN or RST that are not folded
MAX_NOTES = 10  # of these rows, with a mere note
LEAST_FOLD = 3  # fewer segments than this are not worth a strip


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one end, at its row."""

    transition: Transition
    late: bool  # the causing frame is an earlier one: the end took it in only here


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment with what it moved."""

    segment: Segment
    steps: tuple[Step, ...]  # in the order in which they happened
    findings: tuple[Finding, ...]
    since_ns: int  # time of the segment before it, or its own


@dataclass(frozen=True, slots=True)
class EventRow:
    """A step without a segment of this stream: a timer, or a frame that is counted in another stream."""

    transition: Transition


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A finding at a frame that is not among the segments: it is counted in another stream."""

    finding: Finding


@dataclass(slots=True)
class FoldRow:
    """A run of segments in which nobody moved, as one strip."""

    first: Segment
    last: Segment
    count: int = 0
    client_bytes: int = 0
    server_bytes: int = 0
    codes: Counter[str] = field(default_factory=Counter)  # findings in it, by code


Row = SegmentRow | EventRow | NoteRow | FoldRow


class _Places:
    """Where each transition and finding stands among the segments."""

    def __init__(self, connection: Connection, segments: Sequence[Segment]) -> None:
        self.at: dict[int, list[Step]] = defaultdict(list)  # by index of the segment
        self.before: dict[int, list[Transition]] = defaultdict(list)  # events before that index
        self.findings: dict[int, list[Finding]] = defaultdict(list)  # by index of the segment
        self.loose: dict[int, list[Finding]] = defaultdict(list)  # by the index before which they stand
        frames = [segment.frame for segment in segments]
        place = 0  # the list is in the order of events, so places never go back
        for transition in connection.transitions:
            if transition.frame is None:
                place = _timer_place(segments, place, transition.time_ns, bool(self.at.get(place)))
                self.before[place].append(transition)
                continue
            index = bisect_left(frames, transition.frame)
            if index == len(frames) or frames[index] != transition.frame:
                place = max(place, index)
                self.before[place].append(transition)
                continue
            shown = _postponed_to(segments, index, transition)
            place = max(place, shown)
            if place < len(segments):
                self.at[place].append(Step(transition, late=place != index))
            else:
                self.before[place].append(transition)
        for finding in connection.findings:
            index = bisect_left(frames, finding.frame)
            if index < len(frames) and frames[index] == finding.frame:
                self.findings[index].append(finding)
            else:
                self.loose[index].append(finding)

    def between(self, index: int) -> Iterator["EventRow | NoteRow"]:
        """Yield what stands before the segment at ``index``: events in their order, findings by frame."""
        loose = sorted(self.loose.get(index, ()), key=lambda finding: finding.frame)
        done = 0
        for transition in self.before.get(index, ()):
            frame = transition.frame
            while frame is not None and done < len(loose) and loose[done].frame < frame:
                yield NoteRow(loose[done])
                done += 1
            yield EventRow(transition)
        for finding in loose[done:]:
            yield NoteRow(finding)


def _timer_place(segments: Sequence[Segment], place: int, time_ns: int, taken: bool) -> int:
    """Return the index before which a timer's step stands: the first later segment whose time is not less."""
    index = place + 1 if taken else place
    while index < len(segments) and segments[index].time_ns < time_ns:
        index += 1
    return index


def _postponed_to(segments: Sequence[Segment], index: int, transition: Transition) -> int:
    """Return the index of the segment where a step stands: its frame's or the end's own later one."""
    if transition.time_ns <= segments[index].time_ns or segments[index].side == transition.side:
        return index
    for later in range(index + 1, len(segments)):
        segment = segments[later]
        if segment.time_ns >= transition.time_ns and segment.side == transition.side:
            return later
    return index


def rows(
    connection: Connection, segments: Sequence[Segment], *, fold: bool = True, opened: range = range(0)
) -> Iterator[Row]:
    """Yield the ladder's rows in order; with ``fold``, what moves nobody between the ends is one strip.

    Segments whose frame is in ``opened`` are never folded.
    """
    places = _Places(connection, segments)
    shown = _shown(segments, places) if fold else None
    if shown is not None and opened:
        shown.update(index for index, segment in enumerate(segments) if segment.frame in opened)
    index = 0
    count = len(segments)
    while index < count:
        yield from places.between(index)
        end = _run_end(segments, index, shown, places) if shown is not None else index
        if end - index >= LEAST_FOLD:
            yield _fold(segments, index, end, places)
            index = end
            continue
        since = segments[index - 1].time_ns if index else segments[index].time_ns
        yield SegmentRow(
            segments[index], tuple(places.at.get(index, ())), tuple(places.findings.get(index, ())), since
        )
        index += 1
    yield from places.between(count)


def _shown(segments: Sequence[Segment], places: _Places) -> set[int]:
    """Return the indexes that are never folded: every step, and the first of what else is worth a row."""
    shown = set(places.at)
    extra = set()
    for index, found in places.findings.items():
        if any(finding.severity != "note" for finding in found):
            extra.add(index)
    for index, segment in enumerate(segments):
        if "SYN" in segment.flags or "FIN" in segment.flags or "RST" in segment.flags:
            extra.add(index)
    # Notes are many on a lossy path; they have the rows that warnings leave.
    worst = sorted(extra - shown)[:MAX_EXTRA]
    notes = sorted(set(places.findings) - extra - shown)[: min(MAX_EXTRA - len(worst), MAX_NOTES)]
    return shown.union(worst, notes)


def _run_end(segments: Sequence[Segment], index: int, shown: set[int], places: _Places) -> int:
    """Return the end of the run that may be folded from ``index`` on; ``index`` itself where none begins."""
    end = index
    while (
        end < len(segments)
        and end not in shown
        and (end == index or not (places.before.get(end) or places.loose.get(end)))
    ):
        end += 1
    # The handshake's last ACKs are its own rows: a strip begins with data, if data comes soon.
    for ahead in range(index, min(index + 3, end)):
        if segments[ahead].payload_bytes:
            return end if ahead == index else index
    return end


def _fold(segments: Sequence[Segment], begin: int, end: int, places: _Places) -> FoldRow:
    """Return the strip for ``segments[begin:end]``."""
    strip = FoldRow(segments[begin], segments[end - 1], end - begin)
    for index in range(begin, end):
        segment = segments[index]
        if segment.side == "client":
            strip.client_bytes += segment.payload_bytes
        else:
            strip.server_bytes += segment.payload_bytes
        for finding in places.findings.get(index, ()):
            strip.codes[finding.code] += 1
    return strip
