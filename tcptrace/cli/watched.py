"""A capture with the kernel as its witness: ``--verify`` and ``--kernel-log`` of ``capture`` and ``run``."""

import os
import stat
import tempfile
from contextlib import suppress
from types import TracebackType

from tcptrace.cli import terminal
from tcptrace.cli.capture import CaptureRequest
from tcptrace.kernel.log import read_log
from tcptrace.kernel.privileges import User
from tcptrace.kernel.witness import Witness
from tcptrace.model.errors import InputError
from tcptrace.model.records import Connection
from tcptrace.model.whole import Whole

DIFFERENT = 1  # exit status


class Watched:
    """While it is entered, a witness writes down what the kernel says, if that was asked for."""

    def __init__(self, request: CaptureRequest) -> None:
        """Fork the witness: before there is a thread, a ring, or a user to become."""
        self._request = request
        self._witness = Witness() if request.verify or request.kernel_log is not None else None
        self._log = -1
        self.kept: list[Connection] | None = [] if request.verify else None

    def __enter__(self) -> "Watched":
        return self

    def begin(self, user: User | None) -> None:
        """Have the witness write from now on, to a file that is to be ``user``'s."""
        if self._witness is not None:
            self._log = _open(self._request.kernel_log, user)
            self._witness.begin(self._log)

    def write(self, capture: Whole) -> bool:
        """Write what came of it, where that was asked for; say whether an end is different."""
        if self.kept is None or self._request.results is None:
            return False
        from tcptrace.cli.verified import hold

        os.lseek(self._log, 0, os.SEEK_SET)
        log = read_log(self._log, self._request.kernel_log or "the kernel's log")
        self._log = -1  # it is closed
        return hold(self._request.results, self.kept, log, capture.last_ns)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._witness is None:
            return
        if error is not None or self._log < 0:
            self._witness.close()
            return
        problem = self._witness.stop()
        if problem is not None:
            terminal.complain(
                f"{self._request.kernel_log or '--verify'}: the kernel's log ends early: {problem}"
            )


def _open(path: str | None, user: User | None) -> int:
    """Return a descriptor for the log: a file of nobody else's where no name is given."""
    if path is None:
        with tempfile.TemporaryFile(prefix="tcptrace-") as spool:
            return os.dup(spool.fileno())
    remedy = "choose another file (--kernel-log)"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise InputError(f"{path}: it is no file, and is to be read again; {remedy}")
        os.ftruncate(descriptor, 0)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be written: {reason}; {remedy}") from None
    if user is not None:
        with suppress(OSError):  # it is the user's already, or the file system has no owners
            os.fchown(descriptor, user.uid, user.gid)
    return descriptor
