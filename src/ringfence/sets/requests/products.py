"""Sets over a small product as one integer: a bit for each combination of points."""

from __future__ import annotations

from collections.abc import Sequence


class Products:
    """The representation for up to some thousand combinations; see ``algebra`` for what the operations mean."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = tuple(sizes)
        strides: list[int] = []
        total = 1
        for size in reversed(self._sizes):
            strides.append(total)
            total *= size
        self._strides = tuple(reversed(strides))
        self._total = total
        self.none = 0
        self.everything = (1 << total) - 1
        self._repeats = tuple(
            self.everything // ((1 << stride * size) - 1)
            for stride, size in zip(self._strides, self._sizes, strict=True)
        )

    def within(self, dimension: int, mask: int) -> int:
        """All whose point in a dimension is one of the mask."""
        stride = self._strides[dimension]
        run = (1 << stride) - 1
        block = mask if stride == 1 else 0
        while mask and stride > 1:
            low = mask & -mask
            block |= run << (low.bit_length() - 1) * stride
            mask ^= low
        return block * self._repeats[dimension]

    def union(self, left: int, right: int) -> int:
        """Members of either."""
        return left | right

    def intersection(self, left: int, right: int) -> int:
        """Members of both."""
        return left & right

    def difference(self, left: int, right: int) -> int:
        """Members of ``left`` that ``right`` lacks."""
        return left & ~right

    def has(self, value: int, points: Sequence[int]) -> bool:
        """Whether the member with these points is in it."""
        return bool(value >> sum(map(int.__mul__, points, self._strides)) & 1)

    def branches(self, level: int, value: int) -> list[tuple[int, int]]:
        """What is left of a set, by the points of dimension ``level``."""
        stride = self._strides[level]
        run = (1 << stride) - 1
        found: dict[int, int] = {}
        for point in range(self._sizes[level]):
            rest = value >> point * stride & run
            found[rest] = found.get(rest, 0) | 1 << point
        return [(mask, rest) for rest, mask in found.items()]

    def some(self, value: int, dimension: int) -> int:
        """Whatever the point in a dimension: all for which some point of it is a member."""
        stride, size = self._strides[dimension], self._sizes[dimension]
        first = ((1 << stride) - 1) * self._repeats[dimension]
        found = 0
        for point in range(size):
            found |= value >> point * stride & first
        return found * (((1 << stride * size) - 1) // ((1 << stride) - 1))

    def count(self, value: int) -> int:
        """How many members."""
        return value.bit_count()
