"""What the road of the summary uses of ``typing``, without importing it.

It brings ``re``, ``enum`` and ``contextlib`` with it: a quarter of all instructions that a small capture takes. So the
modules on that road, which ``tests/test_imports.py`` watches, import ``typing`` only where type checkers look.
"""

from collections import namedtuple
from functools import cached_property

__all__ = ["TYPE_CHECKING", "NamedTuple", "Protocol", "cached_property"]
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, Protocol
else:
    _OF_THE_BODY = ("__annotations__", "__annotate__", "__annotate_func__", "__classcell__")

    class _Named(type):
        """Makes of a class with annotated fields, methods and defaults what ``typing.NamedTuple`` makes of it."""

        def __new__(cls, name, bases, body):
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
