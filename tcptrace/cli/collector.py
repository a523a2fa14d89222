"""Python's garbage collector, off while millions of rows and records are made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector off: rows and records hold no cycles, and walking millions of them costs as much as making them.

    Afterwards it is as it was: whoever runs commands in one process (a test, a notebook) leaves an analysis behind each
    time, which does hold some.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
