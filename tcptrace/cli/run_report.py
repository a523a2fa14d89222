"""What ``tcptrace report`` does once its command line is understood."""

from typing import TYPE_CHECKING

from tcptrace.cli import choose, terminal
from tcptrace.cli.inputs import Inputs
from tcptrace.cli.run_plot import write
from tcptrace.model.errors import UsageError
from tcptrace.session import analyze
from tcptrace.show.report.page import Report

if TYPE_CHECKING:
    from tcptrace.cli.report import Request


def run(request: "Request") -> None:
    """Analyse the capture and write the page."""
    progress = terminal.Progress()
    inputs = Inputs(request.paths)
    name = ", ".join("standard input" if path == "-" else path for path in request.paths)
    try:
        analysis = analyze(
            inputs.source,
            msl_s=request.msl_s,
            checksums=request.checksums,
            segments=True,
            tick=progress.tick if progress.wanted else None,
        )
        page = Report(request.streams, details=request.details, msl_s=request.msl_s, utc=request.utc)
        for connection in analysis:
            stream = connection.stream
            page.add(connection, lambda stream=stream: analysis.segments_of(stream))  # type: ignore[misc]
        missing = sorted(set(request.streams) - page.found)
        if missing:
            raise UsageError(f"{name}: no stream {missing[0]} in it; `tcptrace analyze` lists them")
        choose.complain_of_cut(analysis, name)
        octets = page.page(analysis.capture).encode("utf-8", "backslashreplace")
    finally:
        inputs.close()
        progress.wipe()
    write(request.out, octets)
