"""Beginnings that scripts have in common; the scripts themselves stand in the rows of ``scenarios``."""

from types import MappingProxyType

from tcptrace.lab.path import Path, Weather
from tcptrace.lab.simulator.connection import Habits
from tcptrace.lab.simulator.script import Script

_MANY = 500
_COOKIE = bytes.fromhex("c0ffee0123456789")  # of Fast Open; the client has it from an earlier connection
BOTH_FAST = MappingProxyType(dict.fromkeys(("client", "server"), Habits(cookie=_COOKIE)))
SMALL = MappingProxyType({"server": Habits(room=4000)})
FILL = "0.1 server hold; 0.2 client send 20000; "  # until the window of SMALL is closed
_TALK = "0 client open; 0.1 client send 13; 0.2 server send 13; "
BY_CLIENT = "0.5 client leave; 1 server leave; "


def opened(text: str, **more: object) -> Script:
    """Return a script with an opening at its beginning: after what ``text`` says of the same moment."""
    return Script(text + "; 0 client open", **more)  # type: ignore[arg-type]


def talk(text: str = "", **more: object) -> Script:
    """Return a script that begins with an opening and a word from each side."""
    return Script(_TALK + text, **more)  # type: ignore[arg-type]


def closed(text: str = "", **more: object) -> Script:
    """Return such a script at whose end the client closes first; ``text`` comes before."""
    return Script(text + _TALK + BY_CLIENT, **more)  # type: ignore[arg-type]


def late(text: str, begin_s: float = 2.0, **more: object) -> Script:
    """Return a script whose client talks and closes only from ``begin_s`` on."""
    lines = (
        f"0 client open; {begin_s} client send 13; {begin_s + 0.1} server send 13; "
        f"{begin_s + 0.5} client leave; {begin_s + 1} server leave"
    )
    return Script(text + lines, **more)  # type: ignore[arg-type]


def twice(text: str, begin_s: float) -> Script:
    """Return a script of two connections between the same addresses; the second closes in good order."""
    return talk(
        f"{text}{begin_s} client.1 open; {begin_s + 0.1} client.1 send 13; {begin_s + 0.2} server.1 send 13; "
        f"{begin_s + 0.5} client.1 leave; {begin_s + 1} server.1 leave"
    )


def crowd() -> Script:
    """Return a script of many connections at once, closed by either side in turn."""
    lines = []
    for number in range(_MANY):
        first, second = ("client", "server")[:: 1 if number % 2 else -1]
        lines += [
            f"{number / 1000} client.{number} open {number}; 0.6 client.{number} send 11",
            f"1 {first}.{number} leave; 2 {second}.{number} leave",
        ]
    return Script("; ".join(lines))


def weather(chances: Weather) -> Script:
    """Return a script that carries data both ways in bad weather, and closes in good."""

    def rules(path: Path, seed: int) -> None:
        path.weather(seed, chances)

    return talk(
        "0.5 client send 60000; 60 server send 60000; 200 path clear; 200 client leave; 201 server leave",
        rules=rules,
    )
