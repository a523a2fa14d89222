"""Writing expectation files: a new one, and an old one of which only what differs is changed."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tcptrace.golden import compare, steps
from tcptrace.golden.compare import Comparison, Difference
from tcptrace.golden.expectation import ENDS, VERSION, Expectation
from tcptrace.golden.patterns import NOTHING
from tcptrace.golden.steps import Step, Tolerance, Wanted
from tcptrace.model.records import Capture, Connection
from tcptrace.show.findings import SEVERITY

_HEAD = """\
# What `tcptrace check` expects of the capture beside this file. A key that is left out is not checked; - is none.
# A transition: frame, seconds after the connection's first frame, side, step, cause, evidence, frame that proves it.
"""


class Form(NamedTuple):
    """What a new expectation leaves open."""

    version: int = VERSION
    tolerance: Tolerance = Tolerance()
    any_port: int = 65536  # a port from here on is left open

    @property
    def free(self) -> frozenset[str]:
        """The columns of transitions that say nothing."""
        tolerance = self.tolerance
        open_ = {"time_ns"} if tolerance.time_ns is None else set()
        open_ |= {"frame", "proof"} if tolerance.frames is None else set()
        return frozenset(open_ | ({"evidence", "proof"} if not tolerance.evidence else set()))

    def lines(self) -> list[str]:
        """Return the table of tolerances, where something is open."""
        tolerance = self.tolerance
        given = {
            "time_s": tolerance.time_ns is None,
            "frames": tolerance.frames is None,
            "evidence": not tolerance.evidence,
        }
        table = [f'{key} = "*"' for key, is_open in given.items() if is_open]
        return ["", "[tolerance]", *table] if table else []


STRICT = Form()
# Of traffic that is made anew each time: Linux's net.ipv4.ip_local_port_range begins at 32768.
LOOSE = Form(tolerance=Tolerance(time_ns=None, frames=None, evidence=False), any_port=32768)


def text_of(capture: Capture, connections: Iterable[Connection], form: Form = STRICT) -> str:
    """Return a new expectation file that says what the analysis says."""
    lines = [_HEAD + f"version = {form.version}", 'source = "analysis"']
    if form == STRICT:
        lines.append(f"frames = {capture.frames}")
    if not capture.complete:
        lines.append("complete = false")
    lines += form.lines()
    for connection in connections:
        lines += ["", *_connection(connection, form)]
    return "\n".join(lines) + "\n"


def _connection(connection: Connection, form: Form) -> list[str]:
    """Return the lines of one ``[[connection]]``."""
    ends = compare.ends_of(connection)
    for side in ENDS:
        if getattr(connection, side).port >= form.any_port:
            ends[side] = ends[side].rpartition(":")[0] + ":*"
    words = {key: value for key, value in compare.words_of(connection).items() if key != "application"}
    lines = ["[[connection]]"]
    lines += [f'{key} = "{value}"' for key, value in (ends | words).items()]
    lines += [f'path.{side} = "{" ".join(getattr(connection.path, side))}"' for side in ENDS]
    if form.version > 1:
        lines.append(_findings(connection, bool(form.free)))
    return [*lines, f"transitions = '''\n{_transitions(steps.steps_of(connection), form.free)}'''"]


def _findings(connection: Connection, loose: bool) -> str:
    """Return the line about findings; ``loose``: notes come and go, what is graver does not."""
    found = compare.findings_of(connection)
    if loose:
        found = {code: times for code, times in found.items() if SEVERITY[code] != "note"}
    told = [f"{code} = {times}" for code, times in found.items()]
    told += ['note = "0.."'] if loose else []
    return f"findings = {{ {', '.join(told)} }}" if told else "findings = {}"


def _transitions(taken: Iterable[Step], free: frozenset[str]) -> str:
    """Return the transitions, a line each."""
    return "".join(f"{steps.line(step, free)}\n" for step in taken)


def renewed(
    text: str, expected: Expectation, comparison: Comparison, capture: Capture, connections: list[Connection]
) -> str:
    """Return an expectation file's text with what differs changed; comments and all else stand as they were."""
    import tomlkit

    document = tomlkit.parse(text)
    held: Any = document.get("connection")
    for difference in comparison.differences:
        if difference.key == "frames":
            document["frames"] = capture.frames
        elif difference.key == "complete":
            document["complete"] = capture.complete
        elif difference.at is not None and difference.at in comparison.paired:
            connection = connections[comparison.paired[difference.at]]
            _change(held[difference.at], difference, connection, expected)
    gone = [at for at in range(len(expected.connections)) if at not in comparison.paired]
    for at in reversed(gone):
        del held[at]
    result = tomlkit.dumps(document)
    added = sorted(set(range(len(connections))) - set(comparison.paired.values()))
    form = Form(expected.version, expected.tolerance)
    if form.free:
        form = form._replace(any_port=LOOSE.any_port)
    for place in added:
        block = _connection(connections[place], form)
        result = result.rstrip("\n") + "\n\n" + "\n".join(block) + "\n"
    return result


def _change(table: Any, difference: Difference, connection: Connection, expected: Expectation) -> None:
    """Change what the file says of one connection where it differs."""
    import tomlkit

    key = difference.key
    head, _, tail = key.partition(".")
    if key in ("path", "transitions"):
        if "path" in table and key == "path" and difference.side:
            table["path"][difference.side] = " ".join(getattr(connection.path, difference.side))
        if "transitions" in table:
            block = merged(str(table["transitions"]), connection, expected)
            table["transitions"] = tomlkit.value(f"'''\n{block}'''")
    elif head == "findings":
        times = compare.findings_of(connection).get(tail, 0)
        if times:
            table["findings"][tail] = times
        else:
            del table["findings"][tail]
    elif tail:
        table[head][tail] = _known(getattr(getattr(connection, head), tail))
    else:
        said = compare.ends_of(connection) | compare.words_of(connection) | compare.seconds_of(connection)
        table[key] = _known(said[key])


def _known(value: object) -> object:
    """Return a value, ``-`` where there is none."""
    return NOTHING if value is None else value


def merged(old: str, connection: Connection, expected: Expectation) -> str:
    """Return a block of transitions with those lines kept that are still so, and what is open in the others.

    Remarks stay before the line that they stand before.
    """
    lines = [(raw, _read(raw, expected.version)) for raw in old.split("\n")]
    free = Form(tolerance=expected.tolerance).free
    kept = []
    at = 0
    for step in steps.steps_of(connection):
        found = _find(lines, at, step)
        if found is None:
            kept.append(steps.line(step, free))
            continue
        kept += [raw for raw, wanted in lines[at:found] if wanted is None and raw.strip()]
        raw, line = lines[found]
        assert line is not None
        kept.append(raw if not _off(line, step, expected.tolerance) else steps.line(step, line.free | free))
        at = found + 1
    kept += [raw for raw, wanted in lines[at:] if wanted is None and raw.strip()]
    return "".join(f"{line}\n" for line in kept)


def _read(raw: str, version: int) -> Wanted | None:
    """Return the step that a line of a file says that has been read before, ``None`` for a remark."""
    words = raw.split("#", 1)[0].strip()
    return steps.read(words, patterns=version > 1) if words else None


def _find(lines: list[tuple[str, Wanted | None]], at: int, step: Step) -> int | None:
    """Return the next line for the same move of the same end."""
    for place in range(at, len(lines)):
        wanted = lines[place][1]
        if wanted is not None and _move(wanted.step) == _move(step):
            return place
    return None


def _move(step: Step) -> tuple[str, str, str]:
    """Return who goes from where to where."""
    return step.side, step.from_state, step.to_state


def _off(wanted: Wanted, step: Step, tolerance: Tolerance) -> bool:
    """Say whether a line is not as it should be."""
    return bool(wanted.differing(step, tolerance))
