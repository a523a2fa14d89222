"""A server beside the caller's own work: for tests, the demo and the scenarios."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tcptrace.lab.apps import APPS
from tcptrace.lab.service import DEFAULTS, Address, Options, Service, Stopped, listen
from tcptrace.lab.styles import STYLES

_JOIN_S = 5.0
# A process that forks should have one thread, and the caller may have many: such a style gets a process of its own.
_PROGRAM = (
    "import json, sys; number, style, app, path, options = map(json.loads, sys.argv[1:]); sys.path[:] = path; "
    "from tcptrace.lab.serving import serve_inherited; serve_inherited(number, style, app, options)"
)


@contextmanager
def serving(style: str, app: str, options: Options = DEFAULTS) -> Iterator[Address]:
    """Serve ``app`` in ``style`` while the block runs; gives the address: a free port of loopback, unless told otherwise.

    Raises ``InputError`` where it cannot listen. At the end, what is still connected is closed.
    """
    service = Service(listen(options), APPS[app].application, options)
    beside = _in_thread if STYLES[style].in_thread else _in_process
    try:
        with beside(style, app, service, options):
            yield service.address
    finally:
        service.close()


def run(style: str, service: Service) -> None:
    """Serve until the service is stopped."""
    with suppress(Stopped):
        STYLES[style].serve(service)


@contextmanager
def _in_thread(style: str, app: str, service: Service, options: Options) -> Iterator[None]:
    thread = Thread(target=run, args=(style, service), name=f"serve {style} {app}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        service.stop()
        thread.join(_JOIN_S)


@contextmanager
def _in_process(style: str, app: str, service: Service, options: Options) -> Iterator[None]:
    number = service.listener.fileno()
    words = (number, style, app, sys.path, options)
    command = [sys.executable, "-c", _PROGRAM, *map(json.dumps, words)]
    with subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            service.stop()  # the socket is the same one in both processes
            try:
                process.wait(_JOIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


def serve_inherited(number: int, style: str, app: str, options: list[object]) -> None:
    """Serve on a listening socket that another process made, until that process stops it."""
    service = Service(socket.socket(fileno=number), APPS[app].application, Options(*options))  # type: ignore[arg-type]
    with suppress(KeyboardInterrupt):  # a Ctrl-C in the terminal reaches this process, too
        run(style, service)
