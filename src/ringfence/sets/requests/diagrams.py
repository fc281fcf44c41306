"""Sets over a large product as decision diagrams, hash-consed: equal sets are the same node.

A node asks for the point in one dimension; its edges part the points of the dimension, each leading to what is left of
the set. A dimension that does not matter is skipped. So there is one node for a set, whatever way it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ringfence.sets.languages.limits import TooLarge

MOST_NODES = 200_000
"""Nodes in the diagrams of one space."""

MOST_DIMENSIONS = 400
"""Dimensions of one space: operations go as deep as there are dimensions."""

NONE, EVERYTHING = 0, 1

Edges = tuple[tuple[int, int], ...]
"""Masks that part the points of a dimension, in the order of their lowest points; for each, the node that follows."""


class Diagrams:
    """The representation for many combinations; see ``algebra`` for what the operations mean.

    Raises TooLarge when the nodes or dimensions are too many. What was made before stays valid.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        if len(sizes) > MOST_DIMENSIONS:
            raise TooLarge(f"more than {MOST_DIMENSIONS} dimensions")
        self._sizes = tuple(sizes)
        self.none = NONE
        self.everything = EVERYTHING
        end = len(sizes)
        self._levels = [end, end]
        self._edges: list[Edges] = [(), ()]
        self._nodes: dict[tuple[int, Edges], int] = {}
        self._unions: dict[tuple[int, int], int] = {}
        self._intersections: dict[tuple[int, int], int] = {}
        self._differences: dict[tuple[int, int], int] = {}
        self._somes: dict[tuple[int, int], int] = {}
        self._counts: dict[int, int] = {}

    def within(self, dimension: int, mask: int) -> int:
        """All whose point in a dimension is one of the mask."""
        full = (1 << self._sizes[dimension]) - 1
        return self._node(dimension, ((mask & full, EVERYTHING), (full & ~mask, NONE)))

    def union(self, left: int, right: int) -> int:
        """Members of either."""
        if left in (right, EVERYTHING) or right == NONE:
            return left
        if left == NONE or right == EVERYTHING:
            return right
        key = (left, right) if left < right else (right, left)
        found = self._unions.get(key)
        if found is None:
            found = self._unions[key] = self._both(left, right, self.union)
        return found

    def intersection(self, left: int, right: int) -> int:
        """Members of both."""
        if left in (right, NONE) or right == EVERYTHING:
            return left
        if left == EVERYTHING or right == NONE:
            return right
        key = (left, right) if left < right else (right, left)
        found = self._intersections.get(key)
        if found is None:
            found = self._intersections[key] = self._both(left, right, self.intersection)
        return found

    def difference(self, left: int, right: int) -> int:
        """Members of ``left`` that ``right`` lacks."""
        if left in (right, NONE) or right == EVERYTHING:
            return NONE
        if right == NONE:
            return left
        key = (left, right)
        found = self._differences.get(key)
        if found is None:
            found = self._differences[key] = self._both(left, right, self.difference)
        return found

    def has(self, value: int, points: Sequence[int]) -> bool:
        """Whether the member with these points is in it."""
        while value > EVERYTHING:
            point = points[self._levels[value]]
            value = next(after for mask, after in self._edges[value] if mask >> point & 1)
        return value == EVERYTHING

    def branches(self, level: int, value: int) -> list[tuple[int, int]]:
        """What is left of a set, by the points of dimension ``level``."""
        return list(self._below(level, value))

    def some(self, value: int, dimension: int) -> int:
        """Whatever the point in a dimension: all for which some point of it is a member."""
        level = self._levels[value]
        if level > dimension:
            return value
        found = self._somes.get((value, dimension))
        if found is None:
            if level == dimension:
                found = NONE
                for _, after in self._edges[value]:
                    found = self.union(found, after)
            else:
                found = self._node(level, ((mask, self.some(after, dimension)) for mask, after in self._edges[value]))
            self._somes[value, dimension] = found
        return found

    def count(self, value: int) -> int:
        """How many members."""
        return self._count(value) * self._combinations(0, self._levels[value])

    def _count(self, value: int) -> int:
        """Members over the dimensions from that of the node on."""
        if value <= EVERYTHING:
            return value
        found = self._counts.get(value)
        if found is None:
            level = self._levels[value]
            found = self._counts[value] = sum(
                mask.bit_count() * self._count(after) * self._combinations(level + 1, self._levels[after])
                for mask, after in self._edges[value]
            )
        return found

    def _combinations(self, first: int, after: int) -> int:
        found = 1
        for size in self._sizes[first:after]:
            found *= size
        return found

    def _below(self, level: int, value: int) -> Edges:
        return self._edges[value] if self._levels[value] == level else (((1 << self._sizes[level]) - 1, value),)

    def _both(self, left: int, right: int, operation: Callable[[int, int], int]) -> int:
        level = min(self._levels[left], self._levels[right])
        return self._node(
            level,
            (
                (both, operation(one, two))
                for mask, one in self._below(level, left)
                for other, two in self._below(level, right)
                if (both := mask & other)
            ),
        )

    def _node(self, level: int, edges: Iterable[tuple[int, int]]) -> int:
        """The node with these edges: those that lead to the same are one, and if all do, there is no node."""
        masks: dict[int, int] = {}
        for mask, after in edges:
            if mask:
                masks[after] = masks.get(after, 0) | mask
        if len(masks) == 1:
            return next(iter(masks))
        listed = tuple(sorted(((mask, after) for after, mask in masks.items()), key=_lowest))
        found = self._nodes.get((level, listed))
        if found is None:
            found = len(self._levels)
            if found > MOST_NODES:
                raise TooLarge(f"more than {MOST_NODES} nodes")
            self._nodes[level, listed] = found
            self._levels.append(level)
            self._edges.append(listed)
        return found


def _lowest(edge: tuple[int, int]) -> int:
    return edge[0] & -edge[0]
