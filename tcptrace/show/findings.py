"""Findings as text: the capture's own faults, how often each code holds, and each connection's findings, grouped."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tcptrace.find.codes import CODES
from tcptrace.model.records import Capture, Connection, Finding
from tcptrace.show.paint import Line
from tcptrace.show.text import count, escape, fold, plural
from tcptrace.show.words import client, server

GRADES = ("error", "warning", "note")  # the worst first
SEVERITY = {code.name: code.severity for code in CODES.values()}
SIDES = ("client", "server", "connection")


class Totals:
    """How often each code holds in the connections seen so far, by side, and in how many of them."""

    def __init__(self) -> None:
        self.findings: dict[str, Counter[str]] = {}
        self.streams: Counter[str] = Counter()
        self.connections = 0

    def add(self, counts: dict[str, dict[str, int]]) -> None:
        """Take one connection's counts into account."""
        self.connections += 1
        for code, sides in counts.items():
            self.findings.setdefault(code, Counter()).update(sides)
            self.streams[code] += 1

    def lines(self) -> Iterator[Line]:
        """Yield a table: a row a code, the worst and the most frequent first."""
        if not self.findings:
            yield [(f"nothing found in {plural(self.connections, 'connection')}", "strong")]
            return
        total = sum(sum(sides.values()) for sides in self.findings.values())
        yield [(f"{plural(total, 'finding')} in {plural(self.connections, 'connection')}", "strong")]
        yield [(f"  {'':7} {'CODE':23} {'CLIENT':>8} {'SERVER':>8} {'NEITHER':>8} {'STREAMS':>8}", "muted")]
        for code in sorted(self.findings, key=self._order):
            sides, grade = self.findings[code], SEVERITY[code]
            numbers = " ".join(f"{count(sides[side]) if sides[side] else '':>8}" for side in SIDES)
            yield [(f"  {grade:7}", grade), (f" {code:23} {numbers} {count(self.streams[code]):>8}", "")]

    def _order(self, code: str) -> tuple[int, int, str]:
        return GRADES.index(SEVERITY[code]), -sum(self.findings[code].values()), code


def faults(capture: Capture, width: int | None) -> Iterator[Line]:
    """Yield the capture's own faults, which come before any verdict on the network."""
    lines = [f"{w.code} ({count(w.count)}): {w.detail}" for w in capture.warnings]
    lines += [f"{count(n)} frames skipped: {reason}" for reason, n in capture.skipped.items() if n]
    if capture.problem:
        lines.append(f"incomplete: {capture.problem}")
    if not lines:
        yield [("the capture itself: no fault found in it", "muted")]
        return
    yield [("the capture itself", "strong")]
    for text in lines:
        yield from indented(escape(text), 2, width, "warning")


def connection_lines(
    connection: Connection,
    chosen: list[Finding],
    counts: dict[str, dict[str, int]],
    limit: int,
    width: int | None,
    arrow: str = "→",
) -> Iterator[Line]:
    """Yield a connection's findings by code and side, the worst first, at most ``limit`` of each (0: all)."""
    pair = f"{client(connection)} {arrow} {server(connection)}"
    yield [(f"stream {connection.stream}", "strong"), (f"  {pair}  {connection.outcome}", "muted")]
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in chosen:
        groups.setdefault((finding.code, finding.side or "connection"), []).append(finding)
    order = sorted(groups, key=lambda key: (GRADES.index(SEVERITY[key[0]]), groups[key][0].frame))
    for code, side in order:
        found, total = groups[code, side], counts[code][side]
        grade = SEVERITY[code]
        many = "" if total == 1 else f" x{count(total)}"
        whose = "" if side == "connection" else f", {side}"
        yield [(f"  {grade} ", grade), (f"{code}{many}{whose}", "strong")]
        shown = found[:limit] if limit else found
        for finding in shown:
            yield from indented(f"frame {finding.frame}: {escape(finding.detail)}", 4, width)
        if total > len(shown):
            yield [(f"    and {count(total - len(shown))} more", "muted")]


def select(
    connection: Connection, codes: frozenset[str], grade: str
) -> tuple[list[Finding], dict[str, dict[str, int]]]:
    """Return a connection's findings, and their counts, of these codes (none: all) and at least this severity."""
    worst = GRADES[: GRADES.index(grade) + 1]

    def is_wanted(code: str) -> bool:
        return (not codes or code in codes) and SEVERITY[code] in worst

    chosen = [finding for finding in connection.findings if is_wanted(finding.code)]
    counts = {code: sides for code, sides in connection.finding_counts.items() if is_wanted(code)}
    return chosen, counts


def indented(text: str, columns: int, width: int | None, role: str = "") -> Iterator[Line]:
    """Yield a text folded at ``width``, all of it so many columns from the left."""
    for part in fold(text, None if width is None else width - columns).split("\n"):
        yield [(" " * columns + part, role)]


def apart(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield an empty line and these."""
    yield [("", "")]
    yield from lines
