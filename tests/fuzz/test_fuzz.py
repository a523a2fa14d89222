"""The fuzz targets hold for their seeds and some hundred mutations of them; ``run.py`` goes on from there."""

from random import Random

import pytest

from tests.fuzz import run
from tests.fuzz.targets import TARGETS

MUTATIONS = 250


def mutated(random: Random, seed: bytes) -> bytes:
    """Return the seed with a few octets changed, taken out, put in or doubled, or cut."""
    data = bytearray(seed)
    for _ in range(random.randrange(1, 6)):
        at, size = random.randrange(len(data) + 1), random.randrange(1, 9)
        kind = random.randrange(6)
        if kind == 0:
            del data[at : at + size]
        elif kind == 1:
            data[at:at] = random.randbytes(size)
        elif kind == 2:
            data[at:at] = data[at : at + size * 8]
        elif kind == 3:
            del data[at:]
        else:
            data[at : at + size] = (
                random.choice((b"\0", b"\xff", b"\x7f", b"\x01", random.randbytes(1))) * size
            )
    return bytes(data)


def test_each_target_is_run_by_the_command() -> None:
    assert tuple(TARGETS) == run.NAMES


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for seed in [*seeds, b"", b"\0"]:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_mutations_of_its_seeds(name: str) -> None:
    random = Random(793)
    seeds = sorted(TARGETS[name].seeds(), key=len)[:40]
    for _ in range(MUTATIONS):
        TARGETS[name].run(mutated(random, random.choice(seeds)))
