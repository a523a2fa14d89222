"""What ``tcptrace plot`` does once its command line is understood."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from tcptrace.cli import choose, terminal
from tcptrace.cli.inputs import Inputs
from tcptrace.model.errors import InputError, UsageError
from tcptrace.model.records import Connection, Segment
from tcptrace.session import analyze
from tcptrace.show.plots.kinds import KINDS
from tcptrace.show.text import Clock, count

if TYPE_CHECKING:
    from tcptrace.cli.plot import Request
    from tcptrace.session import Analysis
    from tcptrace.show.plots.figures import Picture

MOST_ROWS = 600  # of a ladder: a picture of more could not be looked at


def run(request: "Request") -> None:
    """Analyse the capture, draw, and write the picture."""
    progress = terminal.Progress()
    try:
        picture = _picture(request, progress)
        progress.wipe()
        from tcptrace.show.plots.figures import picture_on, rendered

        octets = rendered(picture_on(picture), request.form)
    finally:
        progress.wipe()
    write(request.out, octets)


def write(out: str, octets: bytes) -> None:
    """Write to a file, or for ``-`` to standard output; raise ``InputError`` where that cannot be done."""
    if out == "-":
        sys.stdout.buffer.write(octets)
        return
    try:
        with open(out, "wb") as file:
            file.write(octets)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{out}: {reason}; choose a place that can be written") from None


def _picture(request: "Request", progress: terminal.Progress) -> "Picture":
    """Lay out the picture that was asked for."""
    if request.blank:
        from tcptrace.show.plots.states import StatesPicture

        return StatesPicture([], msl_s=request.msl_s)
    inputs = Inputs(request.paths)
    name = ", ".join("standard input" if path == "-" else path for path in request.paths)
    needs_segments = KINDS[request.kind].about == "one"
    try:
        analysis = analyze(
            inputs.source,
            msl_s=request.msl_s,
            checksums=request.checksums,
            max_findings=0,
            segments=needs_segments,
            tick=progress.tick if progress.wanted else None,
        )
        if needs_segments:
            found = choose.connection(analysis, request.stream, name)
            if request.kind == "ladder":
                return _ladder(request, *found)
            kind = KINDS[request.kind]
            made: Picture = getattr(import_module(kind.module), kind.picture)(*found)
            return made
        if request.kind == "gantt":
            return _gantt(request, analysis, name)
        return _states(request, analysis, name)
    finally:
        inputs.close()


def _ladder(request: "Request", connection: Connection, segments: list[Segment]) -> "Picture":
    """Lay out a ladder that can be looked at."""
    from tcptrace.show.plots.ladder import LadderPicture

    opened = request.frames or range(0)
    shown = len(segments) if request.show_all else sum(segment.frame in opened for segment in segments)
    if shown > MOST_ROWS:
        option = "--all" if request.show_all else "--frames"
        raise UsageError(
            f"{option}: {count(shown)} segments would be shown; a picture holds {MOST_ROWS}; choose some with --frames A:B"
        )
    if request.frames is not None and not shown:
        raise UsageError(
            f"--frames: none of them belongs to stream {connection.stream}, which has"
            f" {connection.first_frame} to {connection.last_frame}"
        )
    picture = LadderPicture(
        connection,
        segments,
        phase=request.phase,
        scale=request.scale,
        fold=not request.show_all,
        opened=opened,
        msl_s=request.msl_s,
        clock=Clock(request.utc),
    )
    if not picture.plan.items:
        raise UsageError(
            f"--phase: stream {connection.stream} has no {request.phase} in this capture; leave the option out"
        )
    return picture


def _states(request: "Request", analysis: "Analysis", name: str) -> "Picture":
    """Lay out the state diagram for one connection or for all."""
    from tcptrace.show.plots.states import StatesPicture

    if request.stream is not None:
        chosen: list[Connection] = [choose.connection(analysis, request.stream, name, segments=False)[0]]
    else:
        chosen = list(analysis)
        choose.complain_of_cut(analysis, name)
        if not chosen:
            raise UsageError(f"{name}: no TCP segment in it; --blank draws the diagram itself")
    return StatesPicture(chosen, msl_s=request.msl_s)


def _gantt(request: "Request", analysis: "Analysis", name: str) -> "Picture":
    """Lay out all connections over time."""
    from tcptrace.show.plots.gantt import GanttPicture

    picture = GanttPicture(
        connection for connection in analysis if request.stream is None or connection.stream == request.stream
    )
    choose.complain_of_cut(analysis, name)
    if not picture.total:
        where = "" if request.stream is None else f" of stream {request.stream}"
        raise UsageError(f"{name}: no TCP segment{where} in it; `tcptrace analyze` lists the streams")
    return picture
