"""What ``tcptrace show`` does once its command line is understood."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tcptrace.cli import choose, terminal
from tcptrace.cli.spooled import readable
from tcptrace.model.errors import UsageError
from tcptrace.session import analyze
from tcptrace.show.paint import Line, painter
from tcptrace.show.text import Clock, count, plural

if TYPE_CHECKING:
    from tcptrace.cli.show import Request
    from tcptrace.session import Analysis
    from tcptrace.show.layers_model import Layer

WIDTH = 80  # where there is no terminal that says another


class Found(NamedTuple):
    """A frame of the capture."""

    octets: bytes
    link: int  # LINKTYPE_ number
    wire: int  # octets it had on the wire
    time_ns: int
    format: str  # of the capture
    is_printed: bool  # in printed text: by its octets


def run(request: "Request") -> None:
    """Write the ladder, the explanation or the frame to standard output."""
    progress = terminal.Progress()
    out = terminal.Output(progress)
    try:
        with readable(request.paths, request.frame is not None) as (source, name):
            if request.frame is not None:
                lines: Iterable[Line] = _frame(request, source, name, progress)
            else:
                lines = _connection(request, source, name, progress)
            paint = painter(terminal.use_colour(request.colour))
            for line in lines:
                out.write_text(paint(line) + "\n")
            out.flush()
    finally:
        progress.wipe()


def _width() -> int:
    return terminal.output_width() or WIDTH


def _is_ascii(request: "Request") -> bool:
    return request.ascii_only or terminal.output_is_ascii()


def _analysis(request: "Request", source: Any, progress: terminal.Progress) -> "Analysis":
    """Begin the analysis with segments kept."""
    return analyze(
        source,
        msl_s=request.msl_s,
        checksums=request.checksums,
        max_findings=0,
        segments=True,
        tick=progress.tick if progress.wanted else None,
    )


def _connection(request: "Request", source: Any, name: str, progress: terminal.Progress) -> Iterable[Line]:
    """Return the lines for the connection that was asked for."""
    connection, segments = choose.connection(_analysis(request, source, progress), request.stream, name)
    progress.wipe()
    width, ascii_only, clock = _width(), _is_ascii(request), Clock(request.utc)
    if request.explain:
        from tcptrace.show.explain import explain

        return explain(
            connection, segments, width=width, ascii_only=ascii_only, msl_s=request.msl_s, clock=clock
        )
    from tcptrace.show.ladder import ladder

    return ladder(
        connection,
        segments,
        width=width,
        ascii_only=ascii_only,
        fold=not request.show_all,
        msl_s=request.msl_s,
        clock=clock,
    )


def _frame(request: "Request", source: Any, name: str, progress: terminal.Progress) -> Iterator[Line]:
    """Yield the lines for one frame of whatever kind."""
    from tcptrace.show.layers import dissect
    from tcptrace.show.layers_lines import layer_lines

    number = request.frame
    assert number is not None
    found, last = _find_frame(source, number)
    if found is None:
        held = plural(last, "frame") if last else "an empty capture"
        raise UsageError(f"{name}: no frame {number} in {held}; frames are numbered from 1")
    layers = dissect(found.octets, found.link, found.wire)
    if any("fragment" in layer.note for layer in layers):
        layers.extend(_put_together(source, number))
    if any(layer.name == "TCP" for layer in layers):
        layers.extend(_parts(request, source, number, progress))
    progress.wipe()
    yield from _heading(request, found, number)
    yield from layer_lines(layers, _width())


def _put_together(source: Any, number: int) -> list["Layer"]:
    """Return the layers of the datagram of which this frame has the fragment that came last; none if it has not."""
    from tcptrace.show.layers import dissect_datagram
    from tcptrace.source.open import open_source
    from tcptrace.wire.decoder import Decoder

    decoder = Decoder("none")
    capture = open_source(source)
    try:
        for batch in capture.batches():
            numbers = batch.frames.number[: batch.count]
            for _ in decoder.runs(batch.buffer, batch.frames, bisect_right(numbers, number)):
                pass
            if numbers and numbers[-1] >= number:
                break
    finally:
        capture.close()
    if decoder.whole is None or decoder.whole_frame != number:
        return []
    return dissect_datagram(decoder.whole)


def _heading(request: "Request", found: Found, number: int) -> Iterator[Line]:
    """Yield the frame's number, time and size."""
    clock = Clock(request.utc)
    when = f"{clock.day(found.time_ns)} {clock.time(found.time_ns, 9)} {clock.zone(found.time_ns)}".rstrip()
    size = f"{count(found.wire)} octets"
    if len(found.octets) < found.wire:
        size += f", {count(len(found.octets))} captured"
    yield [(f"Frame {number}", "strong"), (f"   {when}, {size}", "muted")]
    if found.is_printed:
        yield [("read from the octets that the text has of it", "note")]
    elif found.format == "tcpdump text":
        yield [("drawn up again from printed text: what is not printed there is filled in", "note")]


def _find_frame(source: Any, number: int) -> tuple[Found | None, int]:
    """Return the frame and, where there is none, the number of the last one."""
    from tcptrace.source.open import open_source

    capture = open_source(source)
    last = 0
    try:
        for batch in capture.batches():
            frames = batch.frames
            last = frames.number[batch.count - 1] if batch.count else last
            if last < number:
                continue
            for index in range(batch.count):
                if frames.number[index] == number:
                    begin = frames.offset[index]
                    octets = bytes(batch.buffer[begin : begin + frames.captured[index]])
                    wire, link, time_ns = frames.wire[index], frames.link[index], frames.time_ns[index]
                    printed = getattr(capture, "printed", b"")
                    return Found(octets, link, wire, time_ns, capture.format, any(printed[index:][:1])), last
    finally:
        capture.close()
    return None, last


def _parts(request: "Request", source: Any, number: int, progress: terminal.Progress) -> Iterator["Layer"]:
    """Yield the part that each connection has in the frame: mostly one, two where a new one meets an old."""
    from tcptrace.show.frame_states import frame_states

    analysis = _analysis(request, source, progress)
    for connection in analysis:
        spans = connection.first_frame <= number <= connection.last_frame
        if spans or any(step.frame == number for step in connection.transitions):
            segments = analysis.segments_of(connection.stream)
            layer = frame_states(
                connection,
                segments,
                number,
                msl_s=request.msl_s,
                clock=Clock(request.utc),
                ascii_only=_is_ascii(request),
            )
            if layer is not None:
                yield layer
