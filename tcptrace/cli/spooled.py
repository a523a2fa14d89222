"""Captures that are read twice: a pipe is spooled to a temporary file."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import NamedTemporaryFile
from typing import Any

from tcptrace.cli.inputs import Inputs

_SPOOL = 1 << 20  # octets that are copied at once


@contextmanager
def readable(paths: tuple[str, ...], twice: bool) -> Iterator[tuple[Any, str]]:
    """Give what to read: paths, and pipes, spooled to temporary files where they are read ``twice``."""
    inputs = Inputs(paths)
    name = ", ".join("standard input" if path == "-" else path for path in paths)
    with ExitStack() as stack:
        stack.callback(inputs.close)
        sources = inputs.source if len(paths) > 1 else [inputs.source]
        if twice:
            sources = [_spooled(source, stack) for source in sources]
        yield (sources if len(paths) > 1 else sources[0]), name


def _spooled(source: Any, stack: ExitStack) -> str:
    """Return the path of a file that can be read again: a pipe is read into a temporary one."""
    if source == "-" and sys.stdin is not None and stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode):
        source = sys.stdin.buffer
    if isinstance(source, str):
        return source
    spool = stack.enter_context(NamedTemporaryFile(prefix="tcptrace-"))  # noqa: SIM115 - it is entered
    shutil.copyfileobj(source, spool, _SPOOL)
    spool.flush()
    return spool.name
