"""What a server says, apart from how it waits: octets in, octets out, and whether that was the last word.

An application touches no socket, so that every style can serve it and a test can talk to it without a network.
"""

from collections.abc import Generator
from typing import NamedTuple

from tcptrace.lab.inbox import EarlyEnd, Inbox

Talk = Generator[bytes | None, None, None]


class Reply(NamedTuple):
    """What the application wants of its style."""

    octets: bytes  # to send, may be none
    is_last: bool  # nothing will follow: say goodbye after sending


class Application:
    """One connection's side of a conversation, written as one generator.

    ``talk`` yields octets to send, and ``yield from``s a reader of ``inbox`` to wait for some. Where it returns, the
    conversation is over.
    """

    def __init__(self) -> None:
        self.inbox = Inbox()
        self._talk = self.talk()

    def talk(self) -> Talk:
        """Hold the conversation."""
        raise NotImplementedError

    def begin(self) -> Reply:
        """Return what is to be said before anything has come."""
        return self._go_on()

    def receive(self, octets: bytes) -> Reply:
        """Take in what came (``b""``: the other end has finished) and return the answer."""
        self.inbox.feed(octets)
        return self._go_on()

    def _go_on(self) -> Reply:
        """Run the generator until it waits for octets or returns."""
        out = bytearray()
        try:
            while (said := next(self._talk)) is not None:
                out += said
        except (
            StopIteration,
            EarlyEnd,
        ):  # the other end gave up in mid-message, and the talk has no word for it
            return Reply(bytes(out), is_last=True)
        return Reply(bytes(out), is_last=False)
