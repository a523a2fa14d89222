"""Asserting the states that an end went through."""

from tcptrace.golden import patterns, sides, steps
from tcptrace.model.records import Connection
from tcptrace.show.words import client as client_of
from tcptrace.show.words import server as server_of


def assert_path(connection: Connection, *, client: str | None = None, server: str | None = None) -> None:
    """Raise ``AssertionError`` where an end's path is not as given, with what came instead, where and why.

    A path is the RFC's names with blanks between; ``A|B`` is either, ``*`` any number of states::

        assert_path(connection, server="LISTEN SYN-RECEIVED ESTABLISHED * TIME-WAIT|CLOSED")

    Raises ``ValueError`` for a name that is no state, ``TypeError`` where no path is given.
    """
    __tracebackhide__ = True  # pytest shows the line that asked
    if client is None and server is None:
        raise TypeError("assert_path: give client=, server= or both")
    told = []
    for side, text in (("client", client), ("server", server)):
        if text is not None:
            told += list(_differences(connection, side, patterns.path(text, gaps=True)))
    if told:
        who = f"stream {connection.stream}, {client_of(connection)} to {server_of(connection)}"
        raise AssertionError("\n".join([who, *told]))


def _differences(connection: Connection, side: str, pattern: patterns.Path) -> list[str]:
    """Return where one end's path leaves the expected one, and both under each other."""
    path: list[str] = getattr(connection.path, side)
    taken = [step for step in steps.steps_of(connection) if step.side == side or is_one(connection)]
    found = list(sides.by_path(pattern, path, taken))
    if not found:
        return []
    got = [*path, ""] if len(pattern.tokens) > len(path) else path
    lines = [f"{side}: {found[0].text}"]
    # Where both have the same length of a beginning, the eye compares column by column.
    expected = [*pattern.tokens, *[""] * (len(got) - len(pattern.tokens))]
    got = [*got, *[""] * (len(expected) - len(got))]
    width = [max(len(a), len(b)) for a, b in zip(expected, got, strict=True)]
    same = 0
    while same < len(got) and got[same] and got[same] in expected[same].split("|"):
        same += 1
    for name, row in (("expected", expected), ("got", got)):
        cells = (f"{cell:<{room}}" for cell, room in zip(row, width, strict=True))
        lines.append(f"  {name:<9} {' '.join(cells)}".rstrip())
    before = sum(room + 1 for room in width[:same])
    if same < len(width):
        lines.append(" " * (12 + before) + "^" * width[same])
    return lines


def is_one(connection: Connection) -> bool:
    """Say whether the connection is a socket's with itself: its steps are told once."""
    return connection.client == connection.server
