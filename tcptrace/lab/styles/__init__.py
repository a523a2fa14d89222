"""The list of styles: ways for one server to wait for many clients. Each file is one way, written to be read.

A style's ``serve`` runs until the service is stopped, and then raises ``Stopped``. It accepts connections, and holds
``service.conversation()`` with each; what is said there is none of its business.
"""

from collections.abc import Callable
from typing import NamedTuple

from tcptrace.lab.service import Service
from tcptrace.lab.styles import (
    asyncio,
    blocking,
    epoll,
    epoll_edge,
    forks,
    nonblocking,
    poll,
    select,
    sigio,
    thread_pool,
    threads,
)


class Style(NamedTuple):
    """A way to serve."""

    serve: Callable[[Service], None]
    help: str  # one line
    in_thread: bool = True  # whether it can run in a thread of a process that has others


STYLES = {
    "blocking": Style(blocking.serve, "one thread, one client at a time"),
    "nonblocking": Style(nonblocking.serve, "one thread asks each socket in turn, over and over"),
    "select": Style(select.serve, "one thread, select says who is ready"),
    "poll": Style(poll.serve, "one thread, poll says who is ready"),
    "epoll": Style(epoll.serve, "one thread, epoll says who is ready (level-triggered)"),
    "epoll-edge": Style(epoll_edge.serve, "one thread, epoll says who has become ready (edge-triggered)"),
    "sigio": Style(sigio.serve, "one thread, a signal says that somebody is ready"),
    "threads": Style(threads.serve, "a thread for each client"),
    "thread-pool": Style(thread_pool.serve, "32 threads, each takes its next client when it is free"),
    "forks": Style(forks.serve, "a process for each client", in_thread=False),
    "asyncio": Style(asyncio.serve, "one thread, a coroutine for each client"),
}
