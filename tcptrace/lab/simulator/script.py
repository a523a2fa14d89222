"""The language of simulations: what each user does and when, and what becomes of their packets.

In ``Script("0.0 client open; 0.1 client send 1500; 0.5 client shut")`` a line is TIME WHO ACT and what the act needs. WHO
is ``client`` or ``server``; ``client.1`` is the second connection that it has opened (or, at a listener, accepted). What
a server is to do with a connection that it does not have yet, it does as soon as it has it.

The acts of a user: ``open [PORT]`` (so many beyond the usual one; ``open 0 10``: 10 octets go with the SYN),
``open-self`` (its own port), ``send N``, ``shut`` (CLOSE: nothing more to send), ``leave`` (and nothing more is read),
``abort``, ``hold`` (reads no more), ``read [N]``, ``cork``, ``vanish``, ``unlisten``. Of the path: ``loses KIND [N]`` (the
next N from that side; 0: all from here on), ``delays KIND S [N]``, ``doubles KIND S [N]``; KIND is ``syn syn-ack fin rst
data ack`` or ``any``. Of somebody else: ``forges FLAGS N`` sends a segment in that side's name, N beyond its last number.
``path clear`` ends all rules.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tcptrace.lab.path import SERVER_PORT, Path
from tcptrace.lab.simulator.connection import Habits


class Call(NamedTuple):
    """One line of a script."""

    at_s: float
    side: str
    act: str
    amounts: tuple[float, ...] = ()
    kind: str = ""
    number: int = 0  # of the side's connection


class Listening(NamedTuple):
    """How a server listens."""

    port: int = SERVER_PORT
    room: int | None = None  # for so many that wait, and nobody accepts them; None: each is accepted at once
    has_cookies: bool = False  # it keeps nothing before the handshake's ACK (RFC 4987 3.6)


class Script(NamedTuple):
    """One simulation, but for the seed."""

    text: str = ""  # lines, which ``;`` parts
    calls: tuple[Call, ...] = ()  # the same, ready made; both may be given
    listens: Mapping[str, Listening] = MappingProxyType({"server": Listening()})
    answers: tuple[str, ...] = ()  # sides that shut as soon as they hear the other's end
    habits: Mapping[str, Habits] = MappingProxyType({})
    rules: Callable[[Path, int], None] = lambda path, seed: None
    tap: float = 0.0  # where the capture is: 0 at the client, 1 at the server
    iss: Mapping[str, int] = MappingProxyType({})  # of the first connection; absent: by the seed
    is_ipv6: bool = False
    from_s: float = 0.0  # what is captured before is forgotten
    until_s: float | None = None  # where it ends; None: when only 2MSL and keep-alives are left
    only: str | None = None  # the side whose segments alone are captured

    def all_calls(self) -> tuple[Call, ...]:
        """Return what is done."""
        lines = (line.split() for line in self.text.split(";"))
        return self.calls + tuple(_call(words) for words in lines if words)


def _call(words: list[str]) -> Call:
    side, _, number = words[1].partition(".")
    amounts, kind = [], ""
    for word in words[3:]:
        if word.lstrip("-")[0].isdigit():
            amounts.append(float(word))
        else:
            kind = word
    return Call(float(words[0]), side, words[2], tuple(amounts), kind, int(number or 0))
