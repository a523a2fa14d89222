"""Writing expectation files: a new one, and an old one of which only what differs is changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tcptrace.golden import steps
from tcptrace.golden.compare import Difference, fields_of
from tcptrace.golden.expectation import VERSION
from tcptrace.model.records import Capture, Connection

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_HEAD = """\
# What `tcptrace check` expects of the capture beside this file. A key that is left out is not checked; - is none.
# A transition: frame, seconds after the connection's first frame, side, step, cause, evidence, frame that proves it.
"""


def text_of(capture: Capture, connections: Iterable[Connection], msl_s: float, checksums: str) -> str:
    """Return a new expectation file that says what the analysis says."""
    lines = [_HEAD + f"version = {VERSION}", 'source = "analysis"']
    if msl_s != 120.0:
        lines.append(f"msl_s = {msl_s!r}")
    if checksums != "flags":
        lines.append(f'checksums = "{checksums}"')
    lines.append(f"frames = {capture.frames}")
    if not capture.complete:
        lines.append("complete = false")
    for connection in connections:
        lines += ["", *_connection(connection)]
    return "\n".join(lines) + "\n"


def _connection(connection: Connection) -> list[str]:
    """Return the lines of one ``[[connection]]``."""
    lines = ["[[connection]]"]
    lines += [f'{key} = "{value}"' for key, value in fields_of(connection).items()]
    lines += [f'path.{side} = "{" ".join(getattr(connection.path, side))}"' for side in steps.SIDES]
    return [*lines, f"transitions = '''\n{_transitions(connection)}'''"]


def _transitions(connection: Connection) -> str:
    """Return the transitions, a line each."""
    return "".join(f"{steps.line(step)}\n" for step in steps.steps_of(connection))


def renewed(
    text: str, differences: Iterable[Difference], capture: Capture, connections: list[Connection]
) -> str:
    """Return an expectation file's text with what differs changed; comments and all else stand as they were."""
    import tomlkit

    document = tomlkit.parse(text)
    held: Any = document.get("connection")
    count = len(held) if held else 0
    for difference in differences:
        if difference.stream is None:
            _whole(document, difference.key, capture)
        elif difference.stream < min(count, len(connections)):
            _change(held[difference.stream], difference.key, connections[difference.stream])
    for _ in range(len(connections), count):
        del held[len(connections)]
    result = tomlkit.dumps(document)
    for connection in connections[count:]:
        result = result.rstrip("\n") + "\n\n" + "\n".join(_connection(connection)) + "\n"
    return result


def _whole(document: "TOMLDocument", key: str, capture: Capture) -> None:
    """Change what the file says of the capture as a whole."""
    document[key] = capture.frames if key == "frames" else capture.complete


def _change(table: Any, key: str, connection: Connection) -> None:
    """Change what the file says of one connection in ``key``."""
    import tomlkit

    if key in ("path", "transitions"):
        if "path" in table:
            for side in steps.SIDES:
                states = " ".join(getattr(connection.path, side))
                if table["path"][side] != states:
                    table["path"][side] = states
        if "transitions" in table:
            table["transitions"] = tomlkit.value(f"'''\n{_transitions(connection)}'''")
    else:
        table[key] = fields_of(connection)[key]
