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
"""Dimensions of one space."""

NONE, EVERYTHING = 0, 1

Edges = tuple[tuple[int, int], ...]
"""Masks that part the points of a dimension, in the order of their lowest points; for each, the node that follows."""

Known = Callable[[int, int], int | None]


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
        self._counts: dict[int, int] = {NONE: 0, EVERYTHING: 1}

    def within(self, dimension: int, mask: int) -> int:
        """All whose point in a dimension is one of the mask."""
        full = (1 << self._sizes[dimension]) - 1
        return self._node(dimension, ((mask & full, EVERYTHING), (full & ~mask, NONE)))

    def union(self, left: int, right: int) -> int:
        """Members of either."""
        return self._applied(left, right, _union, self._unions)

    def intersection(self, left: int, right: int) -> int:
        """Members of both."""
        return self._applied(left, right, _intersection, self._intersections)

    def difference(self, left: int, right: int) -> int:
        """Members of ``left`` that ``right`` lacks."""
        return self._applied(left, right, _difference, self._differences)

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
        for node in self._below_first(value):
            level = self._levels[node]
            if level <= dimension and (node, dimension) not in self._somes:
                if level == dimension:
                    found = NONE
                    for _, after in self._edges[node]:
                        found = self.union(found, after)
                else:
                    edges = self._edges[node]
                    found = self._node(level, ((mask, self._some(after, dimension)) for mask, after in edges))
                self._somes[node, dimension] = found
        return self._some(value, dimension)

    def _some(self, value: int, dimension: int) -> int:
        return value if self._levels[value] > dimension else self._somes[value, dimension]

    def count(self, value: int) -> int:
        """How many members."""
        counts = self._counts
        for node in self._below_first(value):
            if node not in counts:
                level = self._levels[node]
                counts[node] = sum(
                    mask.bit_count() * counts[after] * self._combinations(level + 1, self._levels[after])
                    for mask, after in self._edges[node]
                )
        return counts[value] * self._combinations(0, self._levels[value])

    def _below_first(self, value: int) -> list[int]:
        """The nodes of a set but for the ends, each after those that it leads to."""
        seen, waiting = {value}, [value]
        while waiting:
            for _, after in self._edges[waiting.pop()]:
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        return sorted((node for node in seen if node > EVERYTHING), key=lambda node: -self._levels[node])

    def _combinations(self, first: int, after: int) -> int:
        found = 1
        for size in self._sizes[first:after]:
            found *= size
        return found

    def _below(self, level: int, value: int) -> Edges:
        return self._edges[value] if self._levels[value] == level else (((1 << self._sizes[level]) - 1, value),)

    def _applied(self, left: int, right: int, known: Known, memory: dict[tuple[int, int], int]) -> int:
        """The node of an operation. The stack has what is asked for, above it what that needs first."""
        found = known(left, right)
        if found is not None:
            return found
        stack = [(left, right)]
        while stack:
            pair = stack[-1]
            if pair in memory:
                stack.pop()
                continue
            level = min(self._levels[pair[0]], self._levels[pair[1]])
            edges: list[tuple[int, int]] = []
            needed = len(stack)
            for mask, one in self._below(level, pair[0]):
                for other, two in self._below(level, pair[1]):
                    both = mask & other
                    if both:
                        after = known(one, two)
                        if after is None:
                            after = memory.get((one, two))
                        if after is None:
                            stack.append((one, two))
                        else:
                            edges.append((both, after))
            if len(stack) == needed:
                memory[pair] = self._node(level, edges)
                stack.pop()
        return memory[left, right]

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


def _union(left: int, right: int) -> int | None:
    """The union, where that is known at once."""
    if left in (right, EVERYTHING) or right == NONE:
        return left
    return right if left == NONE or right == EVERYTHING else None


def _intersection(left: int, right: int) -> int | None:
    """The intersection, where that is known at once."""
    if left in (right, NONE) or right == EVERYTHING:
        return left
    return right if left == EVERYTHING or right == NONE else None


def _difference(left: int, right: int) -> int | None:
    """The difference, where that is known at once."""
    if left in (right, NONE) or right == EVERYTHING:
        return NONE
    return left if right == NONE else None
