"""Keys that are pressed while the live table is shown: each at once, without a line's end, and not echoed."""

import os
import select
import sys
from contextlib import suppress
from typing import Any


class Keys:
    """The keyboard, where standard input is a terminal; else nothing is ever pressed."""

    def __init__(self) -> None:
        """Have keys come one by one. ^C and ^Z stay what they are."""
        self._descriptor = -1
        self._before: list[Any] = []
        try:
            import termios
            import tty
        except ImportError:  # not everywhere; options do the same
            return
        with suppress(OSError, ValueError, AttributeError, termios.error):  # standard input is closed
            descriptor = sys.stdin.fileno()
            if os.isatty(descriptor) and _is_ours(descriptor):
                self._before = termios.tcgetattr(descriptor)
                tty.setcbreak(descriptor, termios.TCSANOW)
                self._descriptor = descriptor

    @property
    def are_there(self) -> bool:
        """Whether a key can be pressed at all."""
        return self._descriptor >= 0

    def pressed(self) -> str:
        """Return what was pressed since the last call; does not wait."""
        if self._descriptor < 0 or not select.select([self._descriptor], [], [], 0)[0]:
            return ""
        with suppress(OSError):
            return os.read(self._descriptor, 64).decode("latin-1")
        return ""

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._descriptor >= 0:
            import termios

            with suppress(OSError, termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)
            self._descriptor = -1


def _is_ours(descriptor: int) -> bool:
    """Say whether a terminal listens to this process: one in the background that changed it would be stopped."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # it controls nobody
        return True
