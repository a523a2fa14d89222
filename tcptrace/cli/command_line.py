"""One command line, run: one-line errors, exit statuses, broken pipes and interrupts."""

import gc
import os
import sys
from collections.abc import Sequence

from tcptrace.cli.terminal import complain
from tcptrace.model.errors import TcptraceError

INTERRUPTED = 130  # contract, "Order, live records, exit status"
INPUT_ERROR = 3
COMPLETION = "_TCPTRACE_COMPLETE"  # set by the shell's completion (click's convention)


def run(args: Sequence[str]) -> int:
    """Run one command line and return the exit status; bad input leaves no traceback."""
    if sys.stdout is None:  # closed by the caller (`>&-`)
        return _fail("standard output: closed; leave it open, or send it to a file", INPUT_ERROR)
    try:
        status = _invoke(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough. What is still buffered must not raise again at exit.
        _discard_output()
        return 0
    except OSError as error:
        _discard_output()
        return _fail(
            f"standard output: {error.strerror or error}; make room, or send it elsewhere", INPUT_ERROR
        )
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _invoke(args: Sequence[str]) -> int:
    """Run the command and turn its errors into one line and a status."""
    try:
        if args and args[0] == "analyze" and COMPLETION not in os.environ:
            from tcptrace.cli.quick import understand

            request = understand(args[1:])
            if request is not None:
                from tcptrace.cli.run_analyze import run as analyze

                analyze(request)
                return 0
        from tcptrace.cli.app import invoke

        gc.enable()
        return invoke(args)
    except TcptraceError as error:
        return _fail(str(error), error.exit_status)


def _fail(message: str, status: int) -> int:
    """Write one line to standard error and return the status."""
    complain(message)
    return status


def _discard_output() -> None:
    """Let standard output go nowhere from here on."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # no descriptor of its own: nothing will be flushed at exit
        pass
