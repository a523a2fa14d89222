"""A pool of threads: a fixed number, made once, each of which accepts its next client when it is done with the last.

No more clients are served at once than there are threads; the others wait in the listen queue.
"""

from contextlib import suppress
from threading import Thread

from tcptrace.lab.service import Service, Stopped
from tcptrace.lab.styles import blocking

_THREADS = 32


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    others = [Thread(target=_serve_alone, args=(service,), daemon=True) for _ in range(_THREADS - 1)]
    for thread in others:
        thread.start()
    blocking.serve(service)  # the thread that made them is one of them


def _serve_alone(service: Service) -> None:
    with suppress(Stopped):
        blocking.serve(service)
