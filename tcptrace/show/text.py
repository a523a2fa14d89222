"""Text for people: escaped bytes, counts, sizes, durations, times of day."""

import time

from tcptrace.model.units import NS, count, duration, plural

__all__ = ["Clock", "count", "duration", "endpoint", "escape", "fold", "plural", "seconds", "short"]

YEAR_S = 366 * 86_400


def escape(text: str | bytes) -> str:
    r"""Return ``text`` with all that could move a cursor or mislead the eye as ``\xNN``, ``\uNNNN``.

    That is every character which is not printable by Unicode's classes: control characters of both sets,
    direction overrides and other invisible ones, line separators, lone surrogates, unassigned ones. Octets
    are taken as ASCII.
    """
    if isinstance(text, bytes):
        text = text.decode("latin-1") if text.isascii() else text.decode("ascii", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(ord(char)) for char in text)


def _escaped(code: int) -> str:
    """Return the escape of one character, as Python and C write it."""
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def short(n: int, width: int, unit: str = "") -> str:
    """Return ``n`` exactly where ``width`` columns hold it, else cut to e.g. ``1.23M`` and ``unit``."""
    text = str(n)
    if len(text) <= width:
        return text
    value = n
    for prefix in "kMGTPE":
        whole, rest = divmod(value, 1000)
        if whole < 1000:
            digits = f"{whole}.{rest:03d}"[: max(width - 1 - len(unit), len(str(whole)))].rstrip(".")
            return f"{digits}{prefix}{unit}"
        value = whole
    return text


def seconds(value: float) -> str:
    """Return a number of seconds without a needless ``.0``: ``120``, ``0.5``."""
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"


def fold(text: str, width: int | None) -> str:
    """Return ``text`` broken at spaces into lines of ``width`` columns, all but the first indented."""
    if width is None or len(text) <= width:
        return text
    lines = [""]
    for word in text.split(" "):
        if lines[-1].strip() and len(lines[-1]) + 1 + len(word) > width:
            lines.append("    " + word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\n".join(lines)


def endpoint(ip: str, port: int) -> str:
    """Return ``address:port``, an IPv6 address in brackets (RFC 3986 3.2.2)."""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


class Clock:
    """Times of day, local or UTC, as a person reads them.

    A capture without dates counts from 1970-01-01 (contract, ``date_known``): its times are shown as they
    were printed, in no zone, its days as ``day 1``, ``day 2``. What no calendar holds is shown as seconds
    since the epoch.
    """

    def __init__(self, utc: bool = False) -> None:
        self._utc = utc
        self._second: int | None = None  # the last second that was looked up, and what was found
        self._day = ""
        self._time = ""
        self._zone = ""

    def day(self, ns: int) -> str:
        """Return ``2017-02-21``, or ``day 1`` of a capture without dates."""
        if ns // NS != self._second:
            self._look_up(ns // NS)
        return self._day

    def time(self, ns: int, digits: int = 6) -> str:
        """Return ``21:26:06.464962`` with as many digits after the point, cut, not rounded."""
        if ns // NS != self._second:
            self._look_up(ns // NS)
        if digits == 0:
            return self._time
        return f"{self._time}.{ns % NS // 10 ** (9 - digits):0{digits}d}"

    def zone(self, ns: int) -> str:
        """Return the zone's name at that time, ``UTC`` or e.g. ``CET``; empty without dates."""
        if ns // NS != self._second:
            self._look_up(ns // NS)
        return self._zone

    def moment(self, ns: int) -> str:
        """Return day, time and zone: ``2017-02-21 21:26:06.464962 CET``."""
        if ns // NS != self._second:
            self._look_up(ns // NS)
        return f"{self._day} {self._time}.{ns % NS // 1000:06d}{self._zone and ' '}{self._zone}"

    def _look_up(self, second: int) -> None:
        """Find day, time and zone of one second since the epoch."""
        self._second = second
        undated = 0 <= second < YEAR_S
        try:
            parts = time.gmtime(second) if self._utc or undated else time.localtime(second)
        except (OverflowError, OSError, ValueError):
            self._day, self._time, self._zone = "no date", f"@{second}", ""
            return
        self._time = f"{parts.tm_hour:02d}:{parts.tm_min:02d}:{parts.tm_sec:02d}"
        if undated:
            self._day, self._zone = f"day {parts.tm_yday}", ""
        else:
            self._day = f"{parts.tm_year:04d}-{parts.tm_mon:02d}-{parts.tm_mday:02d}"
            self._zone = "UTC" if self._utc else escape(parts.tm_zone)
