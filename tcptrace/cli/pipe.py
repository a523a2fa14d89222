"""Input from a pipe or a growing file, which the first interrupt ends; other files are left to ``source``."""

import errno
import io
import os
import select
import signal
import stat
import sys
import time
from types import FrameType
from typing import Any

# An interrupt reaches the whole pipeline. The writer (tcpdump) then hands on what it still holds: that is
# waited for.
_GRACE_S = 0.5
_LOOK_MS = 100  # how often a growing file is looked at


class PipeInput(io.RawIOBase):
    """A pipe as a binary file that is never sought; the first interrupt ends it.

    A second interrupt is as everywhere else. ``name`` is what messages call the pipe: the path, or ``-``.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__()
        self.name = name
        self._descriptor = descriptor
        self._deadline: float | None = None  # set by the interrupt
        # The interrupt is written into a pipe of our own: it cannot slip in between looking and reading.
        self._wake, self._wake_end = os.pipe()
        os.set_blocking(self._wake_end, False)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._handler: Any = signal.signal(signal.SIGINT, self._interrupted)
        self._wakeup = signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        """End the input soon; the next interrupt is as everywhere else."""
        self._deadline = time.monotonic() + _GRACE_S
        os.write(self._wake_end, b"\0")  # where there are several pipes, the wakeup is only the last one's
        others = getattr(self._handler, "__self__", None)
        if isinstance(others, PipeInput):
            others._interrupted(number, frame)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def readable(self) -> bool:
        """Return True: the one thing that can be done with it."""
        return True

    def fileno(self) -> int:
        """Return the pipe's descriptor."""
        return self._descriptor

    def readinto(self, buffer: Any) -> int:
        """Read what is there, at most ``len(buffer)`` octets; 0 at the end."""
        while True:
            wait_ms = None
            if self._deadline is not None:
                wait_ms = max(0.0, self._deadline - time.monotonic()) * 1000
                if wait_ms == 0.0:
                    return 0
            ready = [descriptor for descriptor, _ in self._poll.poll(wait_ms)]
            if self._wake in ready:
                os.read(self._wake, 64)
            if self._descriptor in ready:
                return self._fill(buffer)

    def _fill(self, buffer: Any) -> int:
        """Read what is there without waiting: a pipe gives 64 KiB at a time, which are few full-size frames."""
        count = more = os.readv(self._descriptor, [buffer])
        while more and count < len(buffer):
            if (self._descriptor, select.POLLIN) not in self._poll.poll(0):
                break
            more = os.readv(self._descriptor, [memoryview(buffer)[count:]])
            count += more
        return count

    def close(self) -> None:
        """Give the interrupt back to whom it belonged."""
        if not self.closed:
            signal.set_wakeup_fd(self._wakeup)
            if self._handler is not None:
                signal.signal(signal.SIGINT, self._handler)
            os.close(self._wake)
            os.close(self._wake_end)
        super().close()


class FollowedFile(PipeInput):
    """A file that grows: at its end, more is waited for until the first interrupt.

    A file that was made shorter, or whose name is no longer its own, is an ``OSError`` once all that is in it
    has been read.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor, name)
        self._taken = 0
        self._poll.unregister(descriptor)  # a file is always ready

    def readinto(self, buffer: Any) -> int:
        """Read what is there, at most ``len(buffer)`` octets; 0 at the end."""
        while True:
            fault = self._fault()  # first, so that what was written before it happened is read
            count = os.readv(self._descriptor, [buffer])
            self._taken += count
            if count:
                return count
            if self._deadline is not None and time.monotonic() >= self._deadline:
                return 0
            if fault:
                raise OSError(errno.ESTALE, f"{fault} while it was followed; follow it again")
            self._wait()

    def close(self) -> None:
        """Give the interrupt back and close the file."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def _fault(self) -> str | None:
        """Return what has happened to the file."""
        size = os.fstat(self._descriptor).st_size
        if size < self._taken:
            return f"the file was cut to {size} octets"
        try:
            there = os.stat(self.name)
        except OSError:
            return "the file was removed or renamed"
        own = os.fstat(self._descriptor)
        if (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
            return "the file was rotated away: its name is another file's"
        return None

    def _wait(self) -> None:
        """Wait a moment, or for the interrupt."""
        if self._poll.poll(_LOOK_MS):
            os.read(self._wake, 64)


def follow(path: str) -> FollowedFile | None:
    """Return the file that ``path`` names, to be followed as it grows; ``None`` where it cannot be opened."""
    try:
        return FollowedFile(os.open(path, os.O_RDONLY), path) if os.path.isfile(path) else None
    except OSError:
        return None


def open_pipe(path: str) -> PipeInput | None:
    """Return the pipe, socket or device that ``path`` names (``-``: standard input), ``None`` for a file.

    Whether ``path`` can be read at all is found out, and said, by ``source``.
    """
    if path == "-":
        if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
            return None
        descriptor = sys.stdin.fileno()
        mode = os.fstat(descriptor).st_mode
    else:
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            return None
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)):
        return None
    if path != "-":
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return None
    return PipeInput(descriptor, path)
