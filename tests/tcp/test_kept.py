"""What was kept comes back word for word until it is given back, whatever was kept and given back between; both forms."""

import importlib
from array import array
from random import Random
from typing import Any

import pytest

from tcptrace import kernels
from tcptrace.model.rooms import longer, room
from tcptrace.tcp.kept import PAGE_BITS

FORMS = ["tcptrace", *(["tcptrace._compiled"] if kernels.is_compiled("tcp.drafts") else [])]


def draft_of(form: str, random: Random, drafts: Any, rows: int) -> Any:
    """Return an entry with a connection of so many rows behind its SYN."""
    entry = importlib.import_module(f"{form}.flow.rows").Entry()
    entry.seq = random.getrandbits(32)
    answer = random.getrandbits(32)
    ack = (entry.seq + 1) % 2**32
    assert drafts.take(entry, 1, 10, 1, 0x12, answer, ack, 100, 0, 0, 0, 0, 0)
    for row in range(1, rows):
        assert drafts.take(entry, row + 1, 10 + row, 0, 0x10, ack, (answer + 1) % 2**32, 100, 0, 0, 0, 0, 0)
    return entry


def kept_of(drafts: Any, entry: Any, words: int) -> list[int]:
    """Return the words that are kept of an entry that is over."""
    base = drafts.kept.turn(-2 - entry.draft)
    return [drafts.kept.page[base + at] for at in range(words)]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_kept_stays_until_it_is_given_back(form: str) -> None:
    random = Random(11)
    drafts = importlib.import_module(f"{form}.tcp.drafts").Drafts()
    held: list[tuple[Any, list[int]]] = []
    places = set()
    for _ in range(14_000):
        rows = random.randint(1, 16)
        entry = draft_of(form, random, drafts, rows)
        drafts.close(entry)
        places.add(-2 - entry.draft)
        held.append((entry, kept_of(drafts, entry, 2 + 3 * rows)))
        if random.random() < 0.3:
            gone, _ = held.pop(random.randrange(len(held)))
            drafts.drop(gone)
            assert gone.draft == -1
    assert len({place >> PAGE_BITS for place in places}) > 1  # it went on beyond the first page
    assert len(places) < 14_000  # what was given back was used again
    for entry, words in held:
        assert kept_of(drafts, entry, len(words)) == words


@pytest.mark.parametrize("is_dense", [0, 1])
@pytest.mark.parametrize("count", [3, 1 << 13, 1 << 18])
def test_a_room_is_empty_and_holds_words(count: int, is_dense: int) -> None:
    words = room("Q", count, is_dense)
    assert len(words) == count
    assert not any(words)
    words[0:2] = array("Q", [7, 8])
    words[count - 1] = 2**64 - 1
    assert (list(words[:2]), words[count - 1]) == ([7, 8], 2**64 - 1)


@pytest.mark.parametrize("count", [5, 1 << 15])
def test_a_longer_room_begins_with_what_was_left(count: int) -> None:
    column = array("I", range(count))
    for _ in range(2):  # of an array, and of what it gave
        column = longer(column, "I", 2, count - 2)
        count -= 2
        assert len(column) > 4 * count
        assert not any(column[count:])
    assert list(column[:count]) == list(range(4, count + 4))
