"""What ``tcptrace check`` does once its command line is understood."""

from collections import Counter
from collections.abc import Sequence

from tcptrace.cli import terminal
from tcptrace.golden.check import Result, check
from tcptrace.golden.pairs import pairs
from tcptrace.model.errors import InputError
from tcptrace.show.text import escape, plural

DIFFERENCE = 1  # contract, exit status
# What a result is called, and whether its differences are told.
WORDS = {
    "differs": "differs from its expectation",
    "refused": "differs from its expectation",
    "written": "expectation written; look it over",
    "renewed": "expectation renewed",
}


def run(names: Sequence[str], update: bool) -> int:
    """Check every pair, write what differs, and return the exit status."""
    out = terminal.Output(terminal.Progress())
    verdicts: Counter[str] = Counter()
    status = 0
    for found in pairs(names):
        try:
            if isinstance(found, InputError):
                raise found
            result = check(found, update=update)
        except InputError as error:
            out.flush()
            terminal.complain(str(error))
            verdicts["error"] += 1
            status = error.exit_status
            continue
        verdicts[result.verdict] += 1
        for line in lines(result):
            out.write_text(escape(line) + "\n")
    out.write_text(summary(verdicts) + "\n")
    out.flush()
    if status == 0 and verdicts["differs"] + verdicts["refused"]:
        status = DIFFERENCE
    return status


def lines(result: Result) -> list[str]:
    """Return what is said of one pair; nothing where all is as expected."""
    if result.verdict == "same":
        return []
    said = [f"{result.pair.capture}: {WORDS[result.verdict]}"]
    said += [f"  {entry.text}" for entry in result.differences if entry.text]
    if result.verdict == "refused":
        said.append(
            f'  not renewed: its paths come from a {result.source} (source = "{result.source}"), and --update '
            "leaves those; correct the analysis, or the file by hand"
        )
    return said


def summary(verdicts: Counter[str]) -> str:
    """Return the last line: how many captures are how."""
    total = sum(verdicts.values())
    differ = verdicts["differs"] + verdicts["refused"]
    bad = {
        "differs" if differ == 1 else "differ": differ,
        "could not be checked": verdicts["error"],
        "written": verdicts["written"],
        "renewed": verdicts["renewed"],
    }
    parts = [f"{count} {words}" for words, count in bad.items() if count]
    return f"{plural(total, 'capture')}: " + ", ".join([f"{verdicts['same']} as expected", *parts])
