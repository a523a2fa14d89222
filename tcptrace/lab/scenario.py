"""What a row of the list of scenarios has."""

from collections.abc import Callable
from typing import NamedTuple

from tcptrace.lab.world import World


class Unknowable(NamedTuple):
    """A path that is right for somebody who sees only the packets, where the kernel's is another."""

    side: str
    path: str  # states with spaces between; several with " | "
    why: str
    where: tuple[str, ...] = ("client", "server", "lo")  # places of capture for which it holds
    connection: int = 0

    def covers(self, side: str, where: str, connection: int) -> bool:
        """Say whether it is about this end of this connection, captured there."""
        return (side, connection) == (self.side, self.connection) and where in self.where

    def lists(self) -> list[list[str]]:
        """Return the paths."""
        return [path.split() for path in self.path.split("|")]


class Scenario(NamedTuple):
    """One behaviour of TCP, played with real sockets."""

    play: Callable[[World], None]
    shows: str  # one line
    clause: str
    needs: str = "root, TUN"
    unknowable: tuple[Unknowable, ...] = ()

    @property
    def on_loopback(self) -> bool:
        """Whether it is played on one host's loopback, without a relay."""
        return "TUN" not in self.needs
