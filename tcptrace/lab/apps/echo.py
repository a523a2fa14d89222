"""Echo: what comes goes back, octet by octet, until the client ends; the client closes first."""

from collections.abc import Iterator

from tcptrace.lab.application import Application, Talk
from tcptrace.lab.client import Peer, Unexpected

_LINES = (b"one", b"two, in two\r\n lines", bytes(range(256)) * 200)


class Echo(Application):
    """The server's end."""

    def talk(self) -> Talk:
        """Send back whatever comes."""
        while octets := (yield from self.inbox.some()):
            yield octets


def client(peer: Peer, host: str, port: int) -> Iterator[str]:
    """Send three messages, one of them longer than a segment, and see that each comes back."""
    for sent in _LINES:
        peer.send(sent)
        got = peer.read(peer.inbox.exactly(len(sent)))
        if got != sent:
            raise Unexpected("it sent back something else")
        yield f"{len(sent)} octets came back"
    peer.finish()
    if peer.read(peer.inbox.some()):
        raise Unexpected("it sent back more than it got")
