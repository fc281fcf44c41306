"""What a space needs of the representation of its sets: two of them have it, integers of bits and decision diagrams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Algebra(Protocol):
    """Sets over a product of dimensions, each with a few points. A set is an integer, equal sets are equal integers.

    Dimensions are numbered from 0; a mask is a set of points of one, as bits.
    """

    none: int
    everything: int

    def within(self, dimension: int, mask: int, /) -> int:
        """All whose point in a dimension is one of the mask."""

    def union(self, left: int, right: int, /) -> int:
        """Members of either."""

    def intersection(self, left: int, right: int, /) -> int:
        """Members of both."""

    def difference(self, left: int, right: int, /) -> int:
        """Members of ``left`` that ``right`` lacks."""

    def has(self, value: int, points: Sequence[int], /) -> bool:
        """Whether the member with these points is in it."""

    def branches(self, level: int, value: int, /) -> list[tuple[int, int]]:
        """What is left of a set, by the points of dimension ``level``: masks that part it, and for each what follows.

        What follows is a set over the dimensions from ``level + 1`` on. The masks are in the order of their lowest
        points, and what follows differs between any two.
        """

    def some(self, value: int, dimension: int, /) -> int:
        """Whatever the point in a dimension: all for which some point of it is a member."""

    def count(self, value: int, /) -> int:
        """How many members."""
