"""The flow table against a dict: whatever is put in, found and taken out, with any seed; both forms."""

import importlib
import random
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace import kernels
from tcptrace.flow.table import STEP

FORMS = ["tcptrace", *(["tcptrace._compiled"] if kernels.is_compiled("flow.table") else [])]
SEED_OCTETS = 88
Key = tuple[int, int, int, int, int]

WORD = st.one_of(
    st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1)
)
FEW_WORDS = st.sampled_from([0, 1, 2**32, 2**64 - 1])
KEYS = st.one_of(st.tuples(*[FEW_WORDS] * 5), st.tuples(*[WORD] * 5))
SEEDS = st.one_of(
    st.sampled_from([bytes(SEED_OCTETS), b"\xff" * SEED_OCTETS]), st.binary(min_size=88, max_size=88)
)
STEPS = st.lists(st.tuples(st.sampled_from(["insert", "insert", "remove", "find"]), KEYS), max_size=120)


def table_of(form: str, seed: bytes | None = None) -> Any:
    return importlib.import_module(f"{form}.flow.table").FlowTable(seed)


def entry_of(form: str, key: Key) -> Any:
    entry = importlib.import_module(f"{form}.flow.rows").Entry()
    entry.k0, entry.k1, entry.k2, entry.k3, entry.k4 = key
    return entry


def insert(table: Any, entry: Any) -> None:
    table.insert(entry, table.hash_key(*key_of(entry)))


def key_of(entry: Any) -> Key:
    return entry.k0, entry.k1, entry.k2, entry.k3, entry.k4


def find(table: Any, key: Key) -> Any:
    return table.find(table.hash_key(*key), *key)


def hash_by_definition(seed: bytes, key: Key) -> int:
    """The multilinear hash (Thorup 2.3): a_last + sum of a_i * x_i modulo 2^64, upper half.

    Which multiplier belongs to which half is the table's own choice; a half of 0 adds nothing.
    """
    a = struct.unpack("=11Q", seed)
    k0, k1, k2, k3, k4 = key
    low, high = (lambda word: word % 2**32), (lambda word: word // 2**32)
    halves = [low(k1), low(k3), low(k4), high(k4)]
    halves += [low(k0), high(k0), high(k1), low(k2), high(k2), high(k3)]
    total: int = a[10] + sum(x * y for x, y in zip(halves, a[:10], strict=True))
    return total % 2**64 // 2**32


@pytest.mark.parametrize("form", FORMS)
@given(seed=SEEDS, key=KEYS)
def test_the_hash_is_multilinear_in_the_halves_of_the_key(form: str, seed: bytes, key: Key) -> None:
    assert table_of(form, seed).hash_key(*key) == hash_by_definition(seed, key)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60)
@given(seed=SEEDS, steps=STEPS)
def test_it_holds_what_a_dict_holds(form: str, seed: bytes, steps: list[tuple[str, Key]]) -> None:
    table, model = table_of(form, seed), {}
    for what, key in steps:
        held = model.get(key)
        assert find(table, key) is held
        if what == "insert" and held is None:
            model[key] = entry_of(form, key)
            insert(table, model[key])
        elif what == "remove" and held is not None:
            table.remove(model.pop(key))
        assert table.count == len(model)
    for key, entry in model.items():
        assert find(table, key) is entry


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("removed", [0.0, 0.4])
def test_it_grows_a_few_buckets_at_a_time_and_loses_nobody(form: str, removed: float) -> None:
    choice = random.Random(7)
    table, model = table_of(form, choice.randbytes(SEED_OCTETS)), {}
    before = table.size
    for number in range(10_000):
        key = (0, choice.getrandbits(32), 0, choice.getrandbits(32), 4 << 32 | number)
        model[key] = entry_of(form, key)
        insert(table, model[key])
        assert table.size - before in (0, STEP)
        before = table.size
        if choice.random() < removed:
            gone = next(iter(model))
            table.remove(model.pop(gone))
            assert find(table, gone) is None
    assert table.size >= len(model)
    assert all(find(table, key) is entry for key, entry in model.items())
    longest = max(chain_length(table, bucket) for bucket in range(table.size))
    assert longest < 16  # one entry a bucket on average: twice the load has chains of 16 once in 10^9


def chain_length(table: Any, bucket: int) -> int:
    """Return how many entries a bucket has."""
    length, place = 0, table.heads[bucket]
    while place:
        length, place = length + 1, table.links[place] & 0xFFFFFFFF
    return length


@pytest.mark.parametrize("form", FORMS)
def test_entries_that_all_collide_are_told_apart(form: str) -> None:
    table = table_of(form, bytes(SEED_OCTETS))  # multipliers of 0: every key has hash 0
    keys = [(0, client, 0, 2, 4 << 32 | 40000 << 16 | 80) for client in range(1500)]
    entries = {key: entry_of(form, key) for key in keys}
    assert {table.hash_key(*key) for key in keys} == {0}
    for entry in entries.values():
        insert(table, entry)
    assert chain_length(table, 0) == len(keys)
    for key in (keys[0], keys[700], keys[-1]):  # the chain's ends and its middle
        assert find(table, key) is entries[key]
        table.remove(entries[key])
        assert find(table, key) is None
    assert table.count == len(keys) - 3
    assert find(table, keys[1]) is entries[keys[1]]


@pytest.mark.parametrize("form", FORMS)
def test_taking_out_what_is_not_in_changes_nothing(form: str) -> None:
    table = table_of(form, bytes(SEED_OCTETS))
    inside, outside = (entry_of(form, (0, n, 0, 2, 3)) for n in (1, 2))
    table.remove(outside)
    insert(table, inside)
    table.remove(outside)
    assert (table.count, find(table, (0, 1, 0, 2, 3))) == (1, inside)


@pytest.mark.parametrize("form", FORMS)
def test_two_tables_hash_a_key_differently(form: str) -> None:
    key = (0, 0x7F000001, 0, 0x7F000001, 4 << 32 | 40000 << 16 | 80)
    # Four equal 32-bit hashes by chance: once in 2^96.
    assert len({table_of(form).hash_key(*key) for _ in range(4)}) > 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("family", "halves"), [(4, [2, 6, 8]), (6, list(range(9)))])
def test_no_half_of_a_key_is_left_out_of_the_hash(form: str, family: int, halves: list[int]) -> None:
    """Whoever may vary a half that is not hashed can choose colliding four-tuples, whatever the seed.

    Halves: 0 and 1 the low and high one of k0, 2 and 3 those of k1, ...; 8 the ports. IPv4 has low ones only.
    """
    table = table_of(form)
    for half in halves:
        hashes = set()
        for value in range(40):
            words = [0, 1, 0, 2, family << 32 | 5]
            words[half // 2] ^= value << 32 * (half % 2)
            hashes.add(table.hash_key(*words))
        assert len(hashes) > 1, f"half {half}"


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_in_the_place_of_another_is_as_new(form: str) -> None:
    rows = importlib.import_module(f"{form}.flow.rows")
    names = [name for name in dir(rows.Entry()) if not name.startswith("_")]
    new = [getattr(rows.Entry(), name) for name in names]
    old = [rows.Entry() for _ in range(5_000)]
    assert len({id(entry) for entry in old}) == len(old)
    for entry in old:
        for name in names:
            setattr(entry, name, rows.Stream() if name == "stream" else 1)
    places = {id(entry) for entry in old}
    del old, entry
    again = [rows.Entry() for _ in range(10_000)]
    assert len({id(entry) for entry in again}) == len(again)
    assert places & {id(entry) for entry in again}
    assert all([getattr(entry, name) for name in names] == new for entry in again)
