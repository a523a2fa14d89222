"""The list of styles: ways for one server to wait for many clients. Each file is one way, written to be read.

A style's ``serve`` runs until the service is stopped, and then raises ``Stopped``. It accepts connections, and holds
``service.conversation()`` with each; what is said there is none of its business.
"""

from collections.abc import Callable
from typing import NamedTuple

from tcptrace.lab.service import Service
from tcptrace.lab.styles import asyncio, blocking, epoll, threads


class Style(NamedTuple):
    """A way to serve."""

    serve: Callable[[Service], None]
    help: str  # one line


STYLES = {
    "blocking": Style(blocking.serve, "one thread, one client at a time"),
    "epoll": Style(epoll.serve, "one thread, epoll says who is ready (level-triggered)"),
    "threads": Style(threads.serve, "a thread for each client"),
    "asyncio": Style(asyncio.serve, "one thread, a coroutine for each client"),
}
