"""What ``tcptrace check`` does once its command line is understood."""

from collections import Counter
from collections.abc import Sequence

from tcptrace.cli import terminal
from tcptrace.golden import report
from tcptrace.golden.check import check_all
from tcptrace.model.errors import InputError
from tcptrace.show.text import escape

DIFFERENCE = 1  # contract, exit status


def run(names: Sequence[str], update: bool, verbose: bool, form: str) -> int:
    """Check every pair, write what differs, and return the exit status."""
    out = terminal.Output(terminal.Progress())
    row = report.FORMATS[form]
    told = row.make(verbose)
    verdicts: Counter[str] = Counter()
    for result in check_all(names, update=update):
        verdicts[result.verdict] += 1
        if result.verdict == "error":
            out.flush()
            terminal.complain(result.message)
        for line in told.result(result):
            out.write_text((escape(line) if row.has_lines_of_text else line) + "\n")
    for line in told.end(verdicts):
        out.write_text(line + "\n")
    out.flush()
    if verdicts["error"]:
        return InputError.exit_status
    return DIFFERENCE if any(verdicts[verdict] for verdict in report.BAD) else 0
