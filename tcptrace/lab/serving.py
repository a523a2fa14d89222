"""A server beside the caller's own work: for tests, the demo and the scenarios."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tcptrace.lab.apps import APPS
from tcptrace.lab.service import DEFAULTS, Address, Options, Service, Stopped, listen
from tcptrace.lab.styles import STYLES

_JOIN_S = 5.0


@contextmanager
def serving(style: str, app: str, options: Options = DEFAULTS) -> Iterator[Address]:
    """Serve ``app`` in ``style`` while the block runs; gives the address: a free port of loopback, unless told otherwise.

    Raises ``InputError`` where it cannot listen. At the end, what is still connected is closed.
    """
    service = Service(listen(options), APPS[app].application, options)
    thread = Thread(target=run, args=(style, service), name=f"serve {style} {app}", daemon=True)
    thread.start()
    try:
        yield service.address
    finally:
        service.stop()
        thread.join(_JOIN_S)
        service.close()


def run(style: str, service: Service) -> None:
    """Serve until the service is stopped."""
    with suppress(Stopped):
        STYLES[style].serve(service)
