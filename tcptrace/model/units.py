"""Amounts as people read them, in every layer the same: counts, durations."""

NS = 1_000_000_000


def count(n: int) -> str:
    """Return a number with its thousands parted by commas."""
    return f"{n:,}"


def plural(n: int, noun: str) -> str:
    """Return ``1 frame``, ``2 frames``, ``1,000 frames``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(ns: int, ascii_only: bool = False) -> str:
    """Return a duration in at most 11 columns: ``56 µs``, ``3.517 ms``, ``12.345 s``, ``4 min 0 s``."""
    if ns < 0:
        return "-" + duration(-ns, ascii_only)
    if ns < 1_000_000:
        if ns % 1000 and ns < 10_000:  # below a microsecond's width the digits are worth having
            return f"{ns} ns"
        return f"{ns // 1000} us" if ascii_only else f"{ns // 1000} µs"
    if ns < NS:
        return f"{ns // 1_000_000}.{ns // 1000 % 1000:03d} ms"
    if ns < 60 * NS:
        return f"{ns // NS}.{ns // 1_000_000 % 1000:03d} s"
    minutes, seconds = divmod(ns // NS, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"
