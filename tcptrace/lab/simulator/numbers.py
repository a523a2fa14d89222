"""Sequence numbers, modulo 2^32 (RFC 9293 3.4)."""

WORD = 0xFFFFFFFF


def ahead(number: int, base: int) -> int:
    """Return how far a number lies after another: negative where it lies before."""
    return ((number - base + 0x80000000) & WORD) - 0x80000000


def before(first: int, second: int) -> bool:
    """Say whether a number lies before another."""
    return ahead(first, second) < 0


def upto(first: int, second: int) -> bool:
    """Say whether a number lies before another, or is the same."""
    return ahead(first, second) <= 0
