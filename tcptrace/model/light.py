"""What the road of the summary uses of ``typing`` and ``functools``, without importing these.

They bring ``re``, ``enum`` and ``contextlib`` with them: a quarter of all instructions that a small capture takes. So the
modules on that road, which ``tests/test_imports.py`` watches, import ``typing`` only where type checkers look.
"""

from collections import namedtuple
from collections.abc import Callable

__all__ = ["TYPE_CHECKING", "NamedTuple", "Protocol", "cached_property"]
TYPE_CHECKING = False
if TYPE_CHECKING:
    from functools import cached_property
    from typing import Any, NamedTuple, Protocol
else:
    _OF_THE_BODY = {
        "__module__",
        "__dict__",
        "__weakref__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
    }

    class _Named(type):
        """Makes of a class with annotated fields, methods and defaults what ``typing.NamedTuple`` makes of it."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, "Any"]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            # Python knows the fields of a class however its version keeps annotations in the body.
            fields = type.__new__(type, name, (), dict(body)).__annotations__
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            made.__annotations__ = fields
            for key, value in body.items():
                if key not in fields and key not in _OF_THE_BODY:
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Named):
        """The base of named tuples; itself it is none."""

    class Protocol:
        """The base of what only type checkers ask for."""

    class cached_property:
        """A property that is computed once, when it is first read."""

        def __init__(self, compute: "Callable[[Any], Any]") -> None:
            self.compute = compute
            self.__doc__ = compute.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: "Any", owner: "type | None" = None) -> "Any":
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.compute(instance)
            return value
