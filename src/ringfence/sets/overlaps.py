"""Which of many interval sets overlap one: by the length of their intervals, so that few are looked at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from ringfence.sets.ports import Intervals, intersect

Item = TypeVar("Item")

FEW = 8
"""Up to so many sets are simply compared one by one."""


class Overlaps(Generic[Item]):
    """Items with an interval set each. Sets may be those of ports or of addresses."""

    def __init__(self, items: Iterable[tuple[Intervals, Item]] = ()) -> None:
        self._items = list(items)
        self._lengths: dict[int, tuple[list[int], list[tuple[int, int]]]] | None = None

    def add(self, intervals: Intervals, item: Item) -> None:
        """One more item."""
        self._items.append((intervals, item))
        self._lengths = None

    def __iter__(self) -> Iterator[Item]:
        return (item for _, item in self._items)

    def find(self, wanted: Intervals) -> Iterator[Item]:
        """The items whose sets share a member with ``wanted``, in the order in which they came."""
        if len(self._items) <= FEW:
            return (item for intervals, item in self._items if intersect(intervals, wanted))
        numbers = {number for first, last in wanted for number in self._near(first, last)}
        return (self._items[number][1] for number in sorted(numbers))

    def _near(self, first: int, last: int) -> Iterator[int]:
        for length, (starts, found) in self._by_length().items():
            # An interval of this kind that reaches ``first`` starts less than its greatest length before it.
            low = bisect_right(starts, first - (1 << length))
            for at in range(low, bisect_right(starts, last)):
                end, number = found[at]
                if end >= first:
                    yield number

    def _by_length(self) -> dict[int, tuple[list[int], list[tuple[int, int]]]]:
        if self._lengths is None:
            kinds: dict[int, list[tuple[int, int, int]]] = {}
            for number, (intervals, _) in enumerate(self._items):
                for first, last in intervals:
                    kinds.setdefault((last - first + 1).bit_length(), []).append((first, last, number))
            self._lengths = {}
            for length, listed in kinds.items():
                listed.sort()
                starts = [first for first, _, _ in listed]
                self._lengths[length] = (starts, [(last, number) for _, last, number in listed])
        return self._lengths
