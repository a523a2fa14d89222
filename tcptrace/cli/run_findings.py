"""What ``tcptrace findings`` does once its command line is understood."""

from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from tcptrace.cli import terminal
from tcptrace.cli.inputs import Inputs
from tcptrace.model.records import Capture
from tcptrace.session import analyze
from tcptrace.show.findings import Totals, apart, connection_lines, faults, select
from tcptrace.show.paint import Line, painter

if TYPE_CHECKING:
    from tcptrace.cli.findings import Request
    from tcptrace.session import Analysis

SPOOL = 16 << 20  # octets of text held in memory; what is more waits in a temporary file


def run(request: "Request") -> None:
    """Write the findings to standard output."""
    progress = terminal.Progress()
    inputs = Inputs(request.paths, False)
    out = terminal.Output(progress, prompt=inputs.live)
    try:
        analysis = analyze(
            inputs.source,
            msl_s=request.msl_s,
            checksums=request.checksums,
            max_findings=0 if request.is_json else request.limit,
            filter=request.filter,
            order="end" if inputs.live else "stream",
            tick=progress.tick if progress.wanted else None,
        )
        if request.is_json:
            capture = _json(request, analysis, out)
        else:
            capture = _text(request, analysis, out, inputs.live)
        out.flush()
    finally:
        progress.wipe()
        inputs.close()
    if capture.problem:
        terminal.complain(f"incomplete: {capture.file}: {capture.problem}")


def _json(request: "Request", analysis: "Analysis", out: terminal.Output) -> Capture:
    """Write a record a finding, then the capture."""
    from tcptrace.show import json

    for connection in analysis.with_findings():
        if not request.streams or connection.stream in request.streams:
            for finding in select(connection, request.codes, request.severity)[0]:
                out.write(json.finding_line(connection.stream, finding))
    out.write(json.line(analysis.capture))
    return analysis.capture


def _text(request: "Request", analysis: "Analysis", out: terminal.Output, live: bool) -> Capture:
    """Write faults, totals and then connections; of a pipe the connections as they end, and the rest last."""
    paint = painter(terminal.use_colour(request.colour))
    width = terminal.output_width()
    arrow = "->" if terminal.output_is_ascii() else "→"
    totals = Totals()
    with SpooledTemporaryFile(
        SPOOL, "w+", encoding="utf-8", errors="backslashreplace", newline="\n"
    ) as spool:
        say: Callable[[str], object] = out.write_text if live else spool.write

        def write(lines: Iterable[Line], say: Callable[[str], object]) -> None:
            for line in lines:
                say(paint(line) + "\n")

        # Of the others nothing is said but how many they are.
        for connection in analysis if request.streams else analysis.with_findings():
            if request.streams and connection.stream not in request.streams:
                continue
            chosen, counts = select(connection, request.codes, request.severity)
            totals.add(counts)
            if chosen and not request.is_summary:
                lines = connection_lines(connection, chosen, counts, request.limit, width, arrow)
                write(apart(lines), say)
        capture = analysis.capture
        if not request.streams:
            totals.connections = capture.connections
        write(faults(capture, width), out.write_text)
        write(apart(totals.lines()), out.write_text)
        if spool.tell():
            spool.seek(0)
            while piece := spool.read(1 << 16):
                out.write_text(piece)
    return capture
