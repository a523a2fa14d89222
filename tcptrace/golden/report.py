"""What ``tcptrace check`` writes, in each of its formats: for people, for programs, and for two kinds of CI.

To add a format: a class with ``result`` and ``end``, and a row in ``FORMATS``.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

import msgspec

from tcptrace.golden import steps
from tcptrace.golden.check import Result
from tcptrace.golden.compare import Difference
from tcptrace.show.text import escape, plural

WORDS = {
    "differs": "differs from its expectation",
    "refused": "differs from its expectation",
    "written": "expectation written; look it over",
    "renewed": "expectation renewed",
}
BAD = ("differs", "refused")


class Form(Protocol):
    """Turns results into lines, which are then escaped and written."""

    def result(self, result: Result) -> Iterator[str]:
        """Yield the lines of one result."""

    def end(self, verdicts: Counter[str]) -> Iterator[str]:
        """Yield the last lines."""


class Text:
    """For people."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose

    def result(self, result: Result) -> Iterator[str]:
        """Yield nothing where all is as expected (with ``-v`` one line), else the differences and both ladders."""
        if result.verdict == "same":
            if self._verbose:
                yield f"{result.capture}: as expected ({plural(result.connections, 'connection')})"
            return
        if result.verdict == "error":
            return  # told on standard error
        yield f"{result.capture}: {WORDS[result.verdict]}"
        yield from (f"  {entry.text}" for entry in result.differences if entry.text)
        if result.verdict != "renewed":
            yield from (f"  {line}" for line in result.ladders)
        if self._verbose:
            yield from (f"  {line}" for line in result.patch)
        if result.verdict == "refused":
            yield f"  {refusal(result)}"

    def end(self, verdicts: Counter[str]) -> Iterator[str]:
        """Yield how many captures are how."""
        yield summary(verdicts)


class Json:
    """For programs: JSON Lines, an object a capture, then the counts."""

    def __init__(self, verbose: bool) -> None:
        pass

    def result(self, result: Result) -> Iterator[str]:
        """Yield one object."""
        entries = [
            {"connection": entry.at, **{key: getattr(entry, key) for key in _TOLD}}
            for entry in result.differences
        ]
        yield _json(
            {
                "record": "check",
                "schema": 1,
                "capture": result.capture or None,
                "expectation": result.expectation or None,
                "verdict": result.verdict,
                "source": result.source,
                "connections": result.connections,
                "differences": entries,
                "message": result.message or None,
            }
        )

    def end(self, verdicts: Counter[str]) -> Iterator[str]:
        """Yield the counts."""
        yield _json(
            {"record": "checks", "schema": 1, "captures": sum(verdicts.values()), "verdicts": dict(verdicts)}
        )


_TOLD = ("stream", "side", "key", "frame", "expected", "got", "text")


def _json(record: dict[str, object]) -> str:
    """Return an object as a line."""
    return msgspec.json.encode(record).decode()


class JUnit:
    """For CI servers that read JUnit's XML: a test case a capture."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._cases: list[str] = []

    def result(self, result: Result) -> Iterator[str]:
        """Keep a test case; the counts come first in the file."""
        folder, _, name = (result.capture or result.message.split(":")[0]).rpartition("/")
        inside = ""
        if result.verdict in BAD:
            lines = [entry.text for entry in result.differences if entry.text]
            text = "\n".join([*lines, *result.ladders, *(result.patch if self._verbose else ())])
            inside = f"<failure message={_attribute(lines[0])}>{xml_escape(_printable(text))}</failure>"
        elif result.verdict == "error":
            inside = f"<error message={_attribute(result.message)}/>"
        place = f"classname={_attribute(folder or '.')} name={_attribute(name)}"
        self._cases.append(f"    <testcase {place}>{inside}</testcase>")
        yield from ()

    def end(self, verdicts: Counter[str]) -> Iterator[str]:
        """Yield the document."""
        counts = f'tests="{sum(verdicts.values())}" failures="{_bad(verdicts)}" errors="{verdicts["error"]}"'
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield f"<testsuites {counts}>"
        yield f'  <testsuite name="tcptrace check" {counts}>'
        yield from (line for case in self._cases for line in case.split("\n"))
        yield "  </testsuite>"
        yield "</testsuites>"


def _printable(text: str) -> str:
    """Return text whose lines hold nothing that XML 1.0 cannot."""
    return "\n".join(escape(line) for line in text.split("\n"))


def _attribute(text: str) -> str:
    """Return text as a quoted attribute."""
    return quoteattr(escape(text))


class GitHub:
    """For GitHub Actions: a workflow command a difference, shown beside the line of the expectation."""

    def __init__(self, verbose: bool) -> None:
        pass

    def result(self, result: Result) -> Iterator[str]:
        """Yield the annotations."""
        if result.verdict == "error":
            file = result.capture or result.message.split(":")[0]
            yield f"::error file={_property(file)},title=tcptrace check::{_data(result.message)}"
        elif result.verdict in BAD:
            with open(result.expectation, encoding="utf-8") as held:
                lines = held.read().split("\n")
            for entry in result.differences:
                if entry.text:
                    place = f"file={_property(result.expectation)},line={line_of(lines, entry)}"
                    yield f"::error {place},title=tcptrace check::{_data(entry.text)}"
        elif result.verdict in WORDS:
            yield f"::notice file={_property(result.expectation)},title=tcptrace check::{WORDS[result.verdict]}"

    def end(self, verdicts: Counter[str]) -> Iterator[str]:
        """Yield how many captures are how, as plain text for the log."""
        yield summary(verdicts)


def _data(text: str) -> str:
    """Return text as a workflow command's message, by GitHub's own rules."""
    return escape(text).replace("%", "%25")


def _property(text: str) -> str:
    """Return text as a workflow command's property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def line_of(lines: list[str], difference: Difference) -> int:
    """Return the line of an expectation that is not so, from 1; the nearest where it says nothing of the kind."""
    heads = [number for number, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*connection\s*\]\]", line)]
    if difference.at is None or difference.at >= len(heads):
        found = [number for number, line in enumerate(lines, 1) if line.startswith(difference.key)]
        return found[0] if found else max(heads[-1:], default=1)
    head = heads[difference.at]
    end = heads[difference.at + 1] if difference.at + 1 < len(heads) else len(lines) + 1
    key = f"path.{difference.side}" if difference.key == "path" else difference.key
    nearest = head
    for number in range(head, end):
        line = lines[number - 1].split("#", 1)[0].strip()
        if difference.step is not None and _is_step(line, difference.step):
            return number
        if nearest == head and line.startswith((key, f"{key.partition('.')[0]} ")):
            nearest = number
    return nearest


def _is_step(line: str, step: steps.Step) -> bool:
    """Say whether a line is that step's."""
    try:
        return steps.read(line, patterns=True).step == step
    except ValueError:
        return False


def refusal(result: Result) -> str:
    """Return why an expectation was not renewed."""
    return (
        f'not renewed: its paths come from a {result.source} (source = "{result.source}"), and --update leaves those; '
        "correct the analysis, or the file by hand"
    )


def summary(verdicts: Counter[str]) -> str:
    """Return how many captures are how, in one line."""
    differ = _bad(verdicts)
    counts = {
        "differs" if differ == 1 else "differ": differ,
        "could not be checked": verdicts["error"],
        "written": verdicts["written"],
        "renewed": verdicts["renewed"],
    }
    parts = [f"{count} {words}" for words, count in counts.items() if count]
    return f"{plural(sum(verdicts.values()), 'capture')}: " + ", ".join(
        [f"{verdicts['same']} as expected", *parts]
    )


def _bad(verdicts: Counter[str]) -> int:
    """Return how many captures differ."""
    return sum(verdicts[verdict] for verdict in BAD)


class Row(NamedTuple):
    """A format."""

    make: Callable[[bool], Form]  # takes --verbose
    has_lines_of_text: bool  # what may not be printed is escaped once more


FORMATS = {
    "text": Row(Text, True),
    "json": Row(Json, False),
    "junit": Row(JUnit, False),
    "github": Row(GitHub, False),
}
