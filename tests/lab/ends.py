"""The ends of the connections in a capture, as the truth beside it has them and as the analysis tells them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

SIDES = ("client", "server")
# No segment shows these to somebody who compares up to the end of the capture.
TRAILING = ("2MSL timeout", "reused")


class End(NamedTuple):
    """One end of a connection, as it truly went and as the capture has it."""

    side: str
    connection: int
    true: list[str]
    accept: list[list[str]]
    told: list[str]  # but for what no segment showed
    told_in_full: list[str]

    @property
    def is_right(self) -> bool:
        """Whether it is told as it was, or as packets alone can tell it."""
        return self.told in [self.true, *self.accept] or self.told_in_full == self.true


def told(connection: Any, side: str) -> list[str]:
    """Return an end's path up to what no segment showed."""
    path = list(getattr(connection.path, side))
    for step in reversed([t for t in connection.transitions if t.side == side]):
        if step.cause not in TRAILING:
            break
        path.pop()
    return path


def ends(truth: Mapping[str, Any], connections: Iterable[Any]) -> Iterator[End]:
    """Yield both ends of each connection that was seen; every connection of the truth has to be told."""
    left = list(connections)
    for true in truth["connections"]:
        addresses = {(true[side]["ip"], true[side]["port"]) for side in SIDES}
        match = [c for c in left if {(c.client.ip, c.client.port), (c.server.ip, c.server.port)} == addresses]
        assert match, f"connection {true['connection']} is not told of"
        left.remove(match[0])
        for side in SIDES:
            end = true[side]
            is_client = (match[0].client.ip, match[0].client.port) == (end["ip"], end["port"])
            name = "client" if is_client else "server"
            full = list(getattr(match[0].path, name))
            yield End(side, true["connection"], end["path"], end["accept"], told(match[0], name), full)
