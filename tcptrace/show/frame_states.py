"""What one frame did to its connection: both ends' states before and after it, and why."""

from collections.abc import Iterator, Sequence

from tcptrace.model.records import Connection, Segment, Transition
from tcptrace.show.explain import Story
from tcptrace.show.layers_model import Field, Layer
from tcptrace.show.rows import SegmentRow, rows
from tcptrace.show.text import Clock, escape
from tcptrace.show.words import client, is_itself, server

NOBODY = "neither end changes its state"


def frame_states(
    connection: Connection,
    segments: Sequence[Segment],
    frame: int,
    *,
    msl_s: float,
    clock: Clock,
    ascii_only: bool,
) -> Layer | None:
    """Return the connection's part in ``frame`` as a layer; ``None`` where it has none.

    A connection has part in a frame that is counted in it, and in one that moved it though it is counted in
    another stream (contract, "Streams").
    """
    story = Story(connection, segments, msl_s, clock, ascii_only)
    row = next(
        (
            row
            for row in rows(connection, segments, fold=False)
            if isinstance(row, SegmentRow) and row.segment.frame == frame
        ),
        None,
    )
    here = [step.transition for step in row.steps] if row else []
    caused = [step for step in connection.transitions if step.frame == frame]
    if row is None and not caused:
        return None
    arrow = "->" if ascii_only else "→"
    layer = Layer(
        "TCP connection", f"stream {connection.stream}, {client(connection)} {arrow} {server(connection)}"
    )
    if row is None:
        layer.note = "the frame is counted in another stream, and moves this one"
    else:
        sender = "the socket itself" if is_itself(connection) else f"the {row.segment.side}"
        layer.fields.append(Field("sent by", sender, ""))
        layer.fields.extend(_before_and_after(connection, segments, row.segment, arrow))
    for step in here:
        layer.fields.append(Field("why", story.sentence(step), ""))
    for step in _not_in(caused, here):
        word = "why" if row is None else "later"
        layer.fields.append(Field(word, story.sentence(step), ""))
    if not here and not caused:
        layer.fields.append(Field("why", NOBODY, ""))
    for finding in connection.findings:
        if finding.frame == frame:
            layer.fields.append(Field(finding.severity, f"{finding.code}: {escape(finding.detail)}", ""))
    return layer


def _before_and_after(
    connection: Connection, segments: Sequence[Segment], segment: Segment, arrow: str
) -> Iterator[Field]:
    """Yield each end's state before and after ``segment``."""
    before = None
    for earlier in segments:
        if earlier.frame == segment.frame:
            break
        before = earlier.state
    for side in ("client",) if is_itself(connection) else ("client", "server"):
        old = getattr(before, side) if before else getattr(connection.path, side)[0]
        new = getattr(segment.state, side)
        yield Field(side, f"{old} {arrow} {new}" if old != new else new, "" if old != new else "as before")


def _not_in(steps: Sequence[Transition], others: Sequence[Transition]) -> list[Transition]:
    """Return those of ``steps`` that are not among ``others``, by identity."""
    known = {id(step) for step in others}
    return [step for step in steps if id(step) not in known]
