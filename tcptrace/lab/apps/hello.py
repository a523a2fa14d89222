"""Hello: the least a server can do. It says one line to whoever connects, and closes first."""

from collections.abc import Iterator

from tcptrace.lab.application import Application, Talk
from tcptrace.lab.client import Peer

GREETING = b"Hello, and goodbye.\n"
_LONGEST = 1024


class Hello(Application):
    """The server's end."""

    def talk(self) -> Talk:
        """Say it."""
        yield GREETING


def client(peer: Peer, host: str, port: int) -> Iterator[str]:
    """Read the line, and the end of the stream."""
    line = peer.read(peer.inbox.line(_LONGEST))
    yield line.decode("utf-8", "backslashreplace")
    peer.read(peer.inbox.some())  # b"": the server's FIN
