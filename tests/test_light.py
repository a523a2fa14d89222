"""Named tuples without ``typing``: they are what those are."""

import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from tcptrace.model import light
from tcptrace.model.state_words import State
from tcptrace.model.states import STATE_NAMES


class Light(light.NamedTuple):
    """A pair."""

    low: int
    high: tuple[int, ...] = ()

    @classmethod
    def empty(cls) -> "Light":
        """Return one of zeros."""
        return cls(0)

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"


class Known(typing.NamedTuple):
    """A pair."""

    low: int
    high: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"


SEEN: dict[str, Callable[[Any], object]] = {
    "equal": lambda made: made(1) == (1, ()) and made(1) == made(low=1, high=()),
    "replaced": lambda made: made(1, (2,))._replace(low=3),
    "as a dictionary": lambda made: made(1, (2,))._asdict(),
    "shown": lambda made: (repr(made(1)).replace("Known", "Light"), str(made(1))),
    "fields": lambda made: (made._fields, made._field_defaults, made.__match_args__, made.__annotations__),
    "class": lambda made: (made.__doc__, made.__module__, issubclass(made, tuple), made.__slots__),
    "pickled": lambda made: pickle.loads(pickle.dumps(made(1, (2, 3)))) == made(1, (2, 3)),
    "without a dictionary": lambda made: hasattr(made(1), "__dict__"),
    "made": lambda made: (made._make([1, (2,)]), hash(made(1)), made(1, high=(2,)) > made(1)),
    "unpacked": lambda made: list(made(1, (2,))),
}


@pytest.mark.parametrize("what", SEEN)
def test_a_named_tuple_is_as_that_of_typing(what: str) -> None:
    assert SEEN[what](Light) == SEEN[what](Known)


def test_a_named_tuple_has_methods_and_needs_its_values() -> None:
    assert Light.empty() == (0, ())
    with pytest.raises(TypeError, match="'low'"):
        Light()  # type: ignore[call-arg]
    for values, named in ([(1, (), 3), {}], [(1,), {"low": 2}], [(1,), {"middle": 2}]):
        with pytest.raises(TypeError):
            Light(*values, **named)  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        Light(1)._replace(middle=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Light._make([1])
    with pytest.raises(AttributeError):
        Light(1).low = 2  # type: ignore[misc]


def test_the_type_of_a_state_s_name_has_the_names() -> None:
    assert ("UNKNOWN", *typing.get_args(State)) == STATE_NAMES
