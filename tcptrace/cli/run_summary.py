"""What ``tcptrace summary`` does once its command line is understood."""

from typing import TYPE_CHECKING

from tcptrace.cli import terminal
from tcptrace.cli.collector import uncollected
from tcptrace.cli.inputs import Inputs
from tcptrace.find.overview import Overview
from tcptrace.session import analyze
from tcptrace.show import overview as text
from tcptrace.show.paint import painter
from tcptrace.show.text import Clock

if TYPE_CHECKING:
    from tcptrace.cli.summary import Request

KEPT = 1  # findings of a code and side: counts are exact, and only they are needed


@uncollected
def run(request: "Request") -> None:
    """Write the whole capture's summary to standard output."""
    progress = terminal.Progress()
    inputs = Inputs(request.paths, False)
    out = terminal.Output(progress)
    overview = Overview()
    try:
        analysis = analyze(
            inputs.source,
            msl_s=request.msl_s,
            max_findings=KEPT,
            filter=request.filter,
            order="end" if inputs.live else "stream",
            tick=progress.tick if progress.wanted else None,
        )
        for connection in analysis:
            overview.add(connection)
        capture = analysis.capture
        if request.is_json:
            from tcptrace.show import json

            out.write(json.dump(text.record(overview, request.top)))
            out.write(json.line(capture))
        else:
            paint = painter(terminal.use_colour(request.colour))
            lines = text.lines(
                overview, capture, limit=request.top, clock=Clock(request.utc), width=terminal.output_width()
            )
            for line in lines:
                out.write_text(paint(line) + "\n")
        out.flush()
    finally:
        progress.wipe()
        inputs.close()
    if capture.problem:
        terminal.complain(f"incomplete: {capture.file}: {capture.problem}")
