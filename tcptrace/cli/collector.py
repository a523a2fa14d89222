"""Python's garbage collector, off while millions of rows and records are made."""

import gc
from collections.abc import Callable

from tcptrace.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")


def uncollected(work: "Callable[P, R]") -> "Callable[P, R]":
    """Keep the collector off: rows and records hold no cycles, and walking millions of them costs as much as making them.

    Afterwards it is as it was: whoever runs commands in one process (a test, a notebook) leaves an analysis behind each
    time, which does hold some.
    """

    def worked(*args: "P.args", **options: "P.kwargs") -> "R":
        was_on = gc.isenabled()
        gc.disable()
        try:
            return work(*args, **options)
        finally:
            if was_on:
                gc.enable()

    return worked
