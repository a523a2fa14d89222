"""The command line: the only layer that prints or exits. One file per command, imported when it is called."""

import gc
import os
import sys


def main() -> None:
    """Run the command line of this process and exit with its status (contract: 0, 1, 2, 3 or 130)."""
    gc.disable()  # while modules are imported; `run` knows which commands need it
    try:
        from tcptrace.cli.command_line import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the modules were still being imported
        status = 130
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - start-up does not wait for another module
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # `run` has said what there was to say
    os._exit(status)  # without taking millions of rows apart first
