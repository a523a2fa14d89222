"""What ``tcptrace diff`` does once its command line is understood."""

import msgspec

from tcptrace.cli import terminal
from tcptrace.golden import diff
from tcptrace.model.errors import UsageError
from tcptrace.model.records import Connection
from tcptrace.session import analyze
from tcptrace.show.text import escape

DIFFERENCE = 1


def run(paths: tuple[str, str], way: str, is_json: bool, show_all: bool, msl_s: float) -> int:
    """Write the comparison to standard output and return the exit status."""
    if paths == ("-", "-"):
        raise UsageError("- and -: standard input is one capture; name the other")
    progress = terminal.Progress()
    out = terminal.Output(progress)
    try:
        a, b = (_connections(path, msl_s, progress) for path in paths)
    finally:
        progress.wipe()
    found = diff.pairs(a, b, way)
    if is_json:
        for record in diff.records(found):
            out.write(msgspec.json.encode(record) + b"\n")
    else:
        from tcptrace.golden.diff_text import lines

        for line in lines(paths, found, show_all):
            out.write_text(escape(line) + "\n")
    out.flush()
    return DIFFERENCE if any(diff.differs(pair) for pair in found) else 0


def _connections(path: str, msl_s: float, progress: terminal.Progress) -> list[Connection]:
    """Return a capture's connections, with a warning where it is cut short."""
    analysis = analyze(path, msl_s=msl_s, tick=progress.tick if progress.wanted else None)
    found = list(analysis)
    if analysis.capture.problem:
        terminal.complain(f"incomplete: {path}: {analysis.capture.problem}")
    return found
