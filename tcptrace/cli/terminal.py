"""Standard output and standard error: how wide, how coloured, and progress where somebody is watching."""

import os
import sys
import time

_PROGRESS_AFTER_S = 0.5  # what is done sooner needs no progress
_PROGRESS_EVERY_S = 0.1
_BUFFER = 1 << 16


def output_is_terminal() -> bool:
    """Say whether a person's terminal is at standard output."""
    return sys.stdout.isatty()


def output_width() -> int | None:
    """Return the terminal's columns (``COLUMNS`` goes first), ``None`` where lines may be of any length."""
    wished = os.environ.get("COLUMNS", "")
    if wished.isdecimal() and int(wished) > 0:
        return int(wished)
    if not output_is_terminal():
        return None
    try:
        # Not by shutil, which imports every compression there is.
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def output_size() -> tuple[int, int]:
    """Return the columns and lines of the terminal at standard output."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return 80, 24
    return size.columns or 80, size.lines or 24


def write_at_once(text: str) -> None:
    """Write to the terminal at standard output, past what ``Output`` holds."""
    sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "utf-8", "replace"))
    sys.stdout.buffer.flush()


def output_is_ascii() -> bool:
    """Say whether standard output's encoding can write no more than ASCII."""
    try:
        "µ".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def use_colour(mode: str) -> bool:
    """Decide ``auto``: a terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb."""
    if mode != "auto":
        return mode == "always"
    return output_is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def complain(message: str) -> None:
    """Write one line to standard error, escaped, unless that is closed."""
    from tcptrace.show.text import escape

    if sys.stderr is not None:
        one_line = " ".join(message.split("\n"))
        sys.stderr.write(f"tcptrace: {escape(one_line)}\n")


class Progress:
    """One line on standard error that counts frames, only where standard error is a terminal."""

    def __init__(self) -> None:
        self.wanted = sys.stderr is not None and sys.stderr.isatty()
        self._next = time.monotonic() + _PROGRESS_AFTER_S
        self._shown = 0  # columns to wipe

    def tick(self, frames: int) -> None:
        """Show how many frames have been read so far; most calls return at once."""
        now = time.monotonic()
        if now < self._next or not self.wanted:
            return
        self._next = now + _PROGRESS_EVERY_S
        text = f"{frames:,} frames"
        sys.stderr.write("\r" + text.ljust(self._shown))
        sys.stderr.flush()
        self._shown = len(text)

    def wipe(self) -> None:
        """Take the line away, so that other output can stand in its place."""
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
            self._shown = 0


class Output:
    """Buffered octets to standard output.

    ``prompt``: hand on each piece as it comes (somebody follows a live pipe); else in pieces of 64 KiB.
    """

    def __init__(self, progress: Progress, prompt: bool = False) -> None:
        self._progress = progress
        self._limit = 1 if prompt else _BUFFER
        self._pending = bytearray()
        self._encoding = sys.stdout.encoding or "utf-8"
        self._is_utf8 = self._encoding.lower().replace("_", "-") in ("utf-8", "utf8")

    def write(self, octets: bytes) -> None:
        """Write octets."""
        if len(octets) >= self._limit:
            self.flush()
            self._hand_on(octets)
            return
        self._pending += octets
        if len(self._pending) >= self._limit:
            self.flush()

    def write_text(self, text: str) -> None:
        """Write text in standard output's encoding; what that cannot hold is escaped."""
        self.write(text.encode(self._encoding, "backslashreplace"))

    def write_utf8(self, octets: bytes) -> None:
        """Write text that is UTF-8 already, in standard output's encoding."""
        if self._is_utf8:
            self.write(octets)
        else:
            self.write_text(octets.decode())

    def flush(self) -> None:
        """Hand on what is pending."""
        if self._pending:
            self._hand_on(self._pending)
            self._pending = bytearray()

    def _hand_on(self, octets: bytes | bytearray) -> None:
        """Write octets in the place of the progress."""
        self._progress.wipe()
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()
