from __future__ import annotations

import random

import pytest

from ringfence.sets.overlaps import Overlaps
from ringfence.sets.ports import Intervals, canonical, intersect


def _random_set(chance: random.Random) -> Intervals:
    starts = [(chance.randrange(1000), chance.choice((1, 2, 5, 64, 300))) for _ in range(chance.randrange(1, 4))]
    return canonical((first, first + length - 1) for first, length in starts)


@pytest.mark.parametrize("count", [0, 3, 8, 9, 200])
def test_it_finds_what_comparing_one_by_one_finds(count: int) -> None:
    chance = random.Random(count)
    sets = [_random_set(chance) for _ in range(count)]
    index = Overlaps((one, number) for number, one in enumerate(sets))
    assert list(index) == list(range(count))
    for _ in range(200):
        wanted = _random_set(chance)
        assert list(index.find(wanted)) == [number for number, one in enumerate(sets) if intersect(one, wanted)]


def test_one_more_is_found_too() -> None:
    index: Overlaps[str] = Overlaps()
    for number in range(20):
        index.add(((number, number),), str(number))
        assert list(index.find(((0, 100),))) == [str(other) for other in range(number + 1)]
    assert list(index.find(((200, 300),))) == []
