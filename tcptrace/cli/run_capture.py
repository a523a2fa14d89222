"""What ``tcptrace capture`` does once its command line is understood."""

import os
import signal
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

import click

from tcptrace.cli import terminal
from tcptrace.cli.capture import CaptureRequest
from tcptrace.cli.watched import DIFFERENT, Watched
from tcptrace.kernel.privileges import User, become, choose_user
from tcptrace.model.errors import InputError, UsageError
from tcptrace.model.records import Connection
from tcptrace.model.whole import Whole
from tcptrace.show.text import escape, plural
from tcptrace.source.dump import CaptureFile, FrameFile, create
from tcptrace.source.filter import compile_filter
from tcptrace.source.live import LiveSource
from tcptrace.source.rotate import RotatingFile


def run(request: CaptureRequest) -> None:
    """Capture, write the frames and the results that were asked for, and say how many frames there were."""
    if request.path == "-" and terminal.output_is_terminal():
        raise UsageError("-w -: standard output is a terminal; pipe it, or name a file")
    user = choose_user(request.user, os.environ)
    with Watched(request) as watched:
        analysed = _capture(request, user, watched)
    if analysed is not None and watched.write(analysed):
        raise click.exceptions.Exit(DIFFERENT)


def _capture(request: CaptureRequest, user: User | None, watched: Watched) -> Whole | None:
    """Capture and write the results; return what was analysed, ``None`` where that was not wanted."""
    source = LiveSource(
        request.interfaces,
        words=compile_filter(request.filter) if request.filter.strip() else None,
        snap=request.snap,
        limit=request.limit,
        duration_s=request.duration_s,
        promiscuous=request.promiscuous,
        ring=request.ring,
        buffer_octets=request.buffer_octets,
    )
    file = None
    try:
        file = open_file(request, source, user)
        watched.begin(user)
        if user is not None:
            become(user)
            _check_further_files(request, user)
        with Ending(source.stop):
            source.start()
            _say(f"listening on {escape(source.name)} ({', '.join(source.link_types)}); ^C ends")
            analysed = take(request, source, live=True, kept=watched.kept)
    finally:
        source.close()
    say_counts(source, analysed)
    if file is not None and file.problem is not None:
        if not file.is_unread:
            raise InputError(file.problem)
        terminal.complain(file.problem)
    elif source.problem is not None:
        terminal.complain(f"incomplete: {source.problem}")
    return analysed


def _check_further_files(request: CaptureRequest, user: User) -> None:
    """Say now, and not when the first file is full, that whom root became may not make the next one."""
    if request.turns is None or request.path is None:
        return
    folder = os.path.dirname(request.path) or "."
    if "%" not in folder and not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            f"{folder}: the user {escape(user.name)} may make no files there, which take turns (-C, -G); choose "
            "another folder (-w), or -Z root"
        )


def open_file(request: CaptureRequest, source: LiveSource, user: User | None = None) -> FrameFile | None:
    """Open what ``-w`` names, to be ``user``'s.

    Only now, for without the right to capture nothing should be overwritten.
    """

    def begin(path: str) -> CaptureFile:
        descriptor = create(path) if request.path != "-" else os.dup(sys.stdout.fileno())
        name = path if request.path != "-" else "standard output"
        if user is not None and request.path != "-" and stat.S_ISREG(os.fstat(descriptor).st_mode):
            with suppress(OSError):  # it is the user's already, or the file system has no owners
                os.fchown(descriptor, user.uid, user.gid)
        return CaptureFile(name, descriptor, request.form, source.interfaces, request.snap, request.filter)

    if request.path is None:
        return None
    file: FrameFile = (
        begin(request.path) if request.turns is None else RotatingFile(request.path, request.turns, begin)
    )
    source.write_to(file)
    if file.problem is not None:  # not even its header: no need to wait for a frame
        raise InputError(file.problem)
    return file


def take(
    request: CaptureRequest, source: LiveSource, live: bool, kept: list[Connection] | None
) -> Whole | None:
    """Take what comes until the end; return what was analysed, ``None`` where that was not wanted."""
    if request.results is None:
        for _ in source.batches():
            pass
        return None
    from tcptrace.cli.run_analyze import write_results

    return write_results(request.results, source, live, kept)


def _say(line: str) -> None:
    """Write a line to standard error at once, unless that is closed: results and captures go elsewhere."""
    if sys.stderr is not None:
        sys.stderr.write(f"tcptrace: {line}\n")
        sys.stderr.flush()


def say_counts(source: LiveSource, analysed: Whole | None) -> None:
    """Say what tcpdump says at its end."""
    counts = [f"{plural(source.captured, 'frame')} captured"]
    if analysed is not None:
        counts.append(f"{plural(analysed.frames, 'frame')} analysed")
    frozen = (
        f" (the ring was full {plural(source.frozen, 'time')}; -B gives it more room)"
        if source.frozen
        else ""
    )
    counts.append(f"{plural(source.dropped, 'frame')} dropped by the kernel{frozen}")
    if sys.stderr is not None:
        sys.stderr.write("".join(f"{line}\n" for line in counts))


class Ending:
    """While it is entered, the first interrupt or SIGTERM calls ``stop``; the next one is as everywhere else."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._stop()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            if before is not None:
                signal.signal(number, before)
