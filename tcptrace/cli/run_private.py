"""What ``tcptrace run`` does once its command line is understood."""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import click

from tcptrace.cli import terminal
from tcptrace.cli.capture import CaptureRequest
from tcptrace.cli.run_capture import open_file, say_counts, take
from tcptrace.cli.watched import DIFFERENT, Watched
from tcptrace.kernel.namespace import allow_low_ports, enter_private_network
from tcptrace.model.errors import InputError
from tcptrace.model.whole import Whole
from tcptrace.source.dump import FrameFile
from tcptrace.source.live import LiveSource

NOT_FOUND = 127  # as shells and env(1) have them
NOT_RUNNABLE = 126


def run(request: CaptureRequest, command: Sequence[str]) -> None:
    """Run the command, capture, write the results, and end with the command's exit status."""
    enter_private_network()  # before there is a thread
    allow_low_ports()
    with Watched(request) as watched:
        status, analysed, file = _run(request, command, watched)
    is_different = analysed is not None and watched.write(analysed)
    if file is not None and file.problem is not None:
        terminal.complain(file.problem)
        raise click.exceptions.Exit(status or InputError.exit_status)
    raise click.exceptions.Exit(status or (DIFFERENT if is_different else 0))


def _run(
    request: CaptureRequest, command: Sequence[str], watched: Watched
) -> tuple[int, Whole | None, FrameFile | None]:
    """Run the command, capture and write the results; return its exit status, what was analysed, and the file."""
    source = LiveSource(request.interfaces, buffer_octets=request.buffer_octets)
    try:
        file = open_file(request, source)
        watched.begin(None)
        source.start()
        status = _Status()
        # An interrupt is for the command, which is in the same process group: it ends, and then we do.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status.start(command, request, source)
            analysed = take(request, source, live=False, kept=watched.kept)
            status.join()  # it goes on, too, where the file is full
        finally:
            signal.signal(signal.SIGINT, before)
    finally:
        source.close()
    say_counts(source, analysed)
    return status.value, analysed, file


class _Status:
    """A running command, whose end ends the capture; ``value`` is its exit status after ``join``."""

    def __init__(self) -> None:
        self.value = 0
        self._waiting = threading.Thread()

    def start(self, command: Sequence[str], request: CaptureRequest, source: LiveSource) -> None:
        """Start the command, and have the capture stop when it ends."""
        is_machine_s = request.results is not None and request.results.form in ("json", "csv")
        try:
            process = subprocess.Popen(
                command,
                stdout=sys.stderr if is_machine_s else None,
                preexec_fn=_restore_interrupt,  # noqa: PLW1509 - it only calls signal()
            )
        except FileNotFoundError:
            terminal.complain(f"{command[0]}: no such command; check its name")
            raise click.exceptions.Exit(NOT_FOUND) from None
        except OSError as error:
            terminal.complain(f"{command[0]}: cannot be run: {error.strerror}")
            raise click.exceptions.Exit(NOT_RUNNABLE) from None
        self._waiting = threading.Thread(target=self._wait, args=(process, source), daemon=True)
        self._waiting.start()

    def join(self) -> None:
        """Wait for the command's end."""
        self._waiting.join()

    def _wait(self, process: "subprocess.Popen[bytes]", source: LiveSource) -> None:
        code = process.wait()
        self.value = code if code >= 0 else 128 - code  # killed by a signal, as shells say it
        source.stop()


def _restore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
