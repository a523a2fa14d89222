"""What the road of the summary uses of ``typing`` and ``functools``, without importing these.

They bring ``re``, ``enum`` and ``contextlib`` with them: a quarter of all instructions that a small capture takes. So the
modules on that road, which ``tests/test_imports.py`` watches, import ``typing`` only where type checkers look.
"""

from operator import itemgetter

__all__ = ["TYPE_CHECKING", "NamedTuple", "Protocol", "cached_property"]
TYPE_CHECKING = False
if TYPE_CHECKING:
    from functools import cached_property
    from typing import NamedTuple, Protocol
else:
    _OF_THE_BODY = ("__annotations__", "__annotate__", "__annotate_func__")

    class _Row(tuple):
        """What named tuples have in common; ``collections`` compiles a constructor for each, which is most of its making."""

        __slots__ = ()

        def __new__(cls, *values, **named):
            if named or len(values) != len(cls._fields):
                values = cls._filled(values, named)
            return tuple.__new__(cls, values)

        @classmethod
        def _filled(cls, values, named):
            """Return all values, in order; ``TypeError`` where one is missing, unknown or given twice."""
            given = dict(zip(cls._fields, values, strict=False))
            wrong = [
                *values[len(cls._fields) :],
                *(named.keys() & given.keys()),
                *(named.keys() - set(cls._fields)),
            ]
            given = cls._field_defaults | given | named
            missing = [name for name in cls._fields if name not in given]
            if wrong or missing:
                raise TypeError(f"{cls.__name__}: missing {missing}, too much {wrong}")
            return [given[name] for name in cls._fields]

        @classmethod
        def _make(cls, values):
            """Return one of as many values as there are fields."""
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__}: {len(made)} values for {len(cls._fields)} fields")
            return made

        def _replace(self, **named):
            """Return the same with other values."""
            return type(self)(**(self._asdict() | named))

        def _asdict(self):
            """Return the values by name."""
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"

        def __getnewargs__(self):
            return tuple(self)

    class _Named(type):
        """Makes of a class with annotated fields, methods and defaults what ``typing.NamedTuple`` makes of it."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            # Python knows the fields of a class however its version keeps annotations in the body.
            fields = type.__new__(type, name, (), dict(body)).__annotations__
            shared = {key: value for key, value in body.items() if key not in _OF_THE_BODY}
            shared["_field_defaults"] = {field: shared[field] for field in fields if field in shared}
            shared["_fields"] = shared["__match_args__"] = tuple(fields)
            shared["__slots__"] = ()
            for at, field in enumerate(fields):
                shared[field] = property(itemgetter(at))
            made = type.__new__(type, name, (_Row,), shared)
            made.__annotations__ = fields
            return made

    class NamedTuple(metaclass=_Named):
        """The base of named tuples; itself it is none."""

    class Protocol:
        """The base of what only type checkers ask for."""

    class cached_property:
        """A property that is computed once, when it is first read."""

        def __init__(self, compute):
            self.compute = compute
            self.__doc__ = compute.__doc__

        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.compute(instance)
            return value
