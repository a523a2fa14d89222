"""What a row of the list of scenarios has."""

from collections.abc import Callable
from typing import NamedTuple

from tcptrace.lab.simulator.script import Script
from tcptrace.lab.world import World

LO, FORGED = "root", "root, TUN, scapy"  # what scenarios on loopback, and with forged segments, need


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
    """One behaviour of TCP, played with real sockets, and where ``script`` is, without any."""

    play: Callable[[World], None]
    shows: str  # one line
    clause: str
    needs: str = "root, TUN"
    unknowable: tuple[Unknowable, ...] = ()
    script: Script | None = None  # what the simulator plays
    unsimulated: str = ""  # why there is none

    @property
    def on_loopback(self) -> bool:
        """Whether it is played on one host's loopback, without a relay."""
        return "TUN" not in self.needs
