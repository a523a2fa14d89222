"""Fixed: messages of 16 octets, no more and no less. One ``recv`` may give less of one, so it is read until all is there."""

from collections.abc import Iterator

from tcptrace.lab.application import Application, Talk
from tcptrace.lab.client import Peer, Unexpected
from tcptrace.lab.inbox import EarlyEnd

LENGTH = 16


class Fixed(Application):
    """The server's end: answers each message by the same in capitals."""

    def talk(self) -> Talk:
        """Read and answer messages until the client ends; where it ends inside one, say how much of it came."""
        try:
            while (yield from self.inbox.peek()):
                message = yield from self.inbox.exactly(LENGTH)
                yield message.upper()
        except EarlyEnd as end:
            yield b"%2d of %d came" % (len(end.octets), LENGTH) + b"  \n"


def client(peer: Peer, host: str, port: int) -> Iterator[str]:
    """Send two messages whole, one in two parts, and one that ends too early."""
    for parts in ([b"sixteen octets.\n"], [b"and sixteen more"], [b"in two ", b"parts...\n"]):
        for part in parts:
            peer.send(part)
        yield _shown(b"".join(parts), peer.read(peer.inbox.exactly(LENGTH)))
    peer.send(b"too short")
    peer.finish()
    yield _shown(b"too short", peer.read(peer.inbox.exactly(LENGTH)))
    if peer.read(peer.inbox.some()):
        raise Unexpected("it sent more than an answer a message")


def _shown(sent: bytes, got: bytes) -> str:
    return f"{sent.decode().strip()!r} -> {got.decode('latin-1').strip()!r}"
