"""Writes what came of holding the inferred paths against the kernel's log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tcptrace.cli import terminal
from tcptrace.cli.watched import DIFFERENT
from tcptrace.kernel.log import KernelLog
from tcptrace.model.records import Connection
from tcptrace.verify import count_up, verify

if TYPE_CHECKING:
    from tcptrace.cli.request import Request


def hold(request: "Request", connections: Sequence[Connection], log: KernelLog, capture_ns: int) -> bool:
    """Write the verdict on each end in the form of the request; say whether one is different."""
    held = list(verify(connections, log, capture_ns))
    counts = count_up(held, log)
    out = terminal.Output(terminal.Progress())
    if request.form == "json":
        from tcptrace.show import json

        for one in held:
            out.write(json.line(one))
        out.write(json.line(counts))
    else:
        from tcptrace.show.held import held_lines
        from tcptrace.show.paint import painter
        from tcptrace.show.text import Clock

        paint = painter(terminal.use_colour(request.colour))
        for line in held_lines(held, counts, Clock(request.utc), terminal.output_width()):
            out.write_text(paint(line) + "\n")
    out.flush()
    return counts.different > 0


def write_verification(
    request: "Request", connections: Sequence[Connection], log: KernelLog, capture_ns: int
) -> None:
    """Write the verdicts, and end with exit status 1 where an end is different."""
    if hold(request, connections, log, capture_ns):
        raise click.exceptions.Exit(DIFFERENT)
