"""What the compiler's decorators do in plain Python: nothing. For hot files, where there is no Cython."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")


def cclass(row: "type[T]") -> "type[T]":
    """Return the class."""
    return row


no_gc = cclass
