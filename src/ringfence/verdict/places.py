"""On which nodes the pods of each class run, and so whether two ends share a node.

Only flows with a node or a hostNetwork pod at one end hang on this: a pod's own node always reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.layers.network.relation import Relation

Group = tuple[int, ...]
"""Indexes of pods; (-1,) for an end that is no pod."""


Place = bool | str | None
"""Whether two pods share a node; None: not known; a name: the known node of one, where only that of the other is
not."""


def answer(left: str | None, right: str | None, linked: bool) -> Place:
    """Whether pods on two nodes share them. ``linked``: name the known one where the other is not known."""
    if left is not None and right is not None:
        return left == right
    return (left or right) if linked else None


def answers(left: Iterable[str | None], right: Iterable[str | None], linked: bool) -> tuple[Place, ...]:
    """Every answer that occurs between two sets of nodes, in a stable order."""
    others = list(right)
    return tuple(sorted({answer(one, other, linked) for one in left for other in others}, key=str))


class Places:
    """Nodes of classes, worked out when first asked for."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self.universe = relation.universe
        self._nodes: dict[int, frozenset[str | None]] = {}
        self._on: dict[str, int] | None = None
        self._unknown = 0
        self._alone: dict[str, int] = {}
        self._partitions: dict[frozenset[str | None], list[int]] = {}

    def nodes(self, column: int) -> frozenset[str | None]:
        """The nodes of a column's pods (None: not known), or the node itself."""
        found = self._nodes.get(column)
        if found is None:
            end = self.universe.ends[column]
            if end.sort == "node":
                found = frozenset((end.name,))
            elif column < self.universe.pods:
                pods = self.relation.cluster.pods
                found = frozenset(pods[index].node for index in self.universe.members[column])
            else:
                found = frozenset()
            self._nodes[column] = found
        return found

    def between(self, source: int, destination: int, linked: bool) -> tuple[Place, ...]:
        """Whether pairs of the two columns share a node: each answer that occurs."""
        left, right = self.nodes(source), self.nodes(destination)
        return answers(left, right, linked) or (None,)

    def partition(self, destination: int, linked: bool) -> list[int]:
        """Sources in groups with the same answers towards a destination."""
        key = self.nodes(destination)
        if linked:
            return [1 << column for column in range(len(self.universe.ends))]
        found = self._partitions.get(key)
        if found is None:
            found = self._partitions[key] = self._partition(key)
        return found

    def _partition(self, nodes: frozenset[str | None]) -> list[int]:
        if self._on is None:
            self._index()
        assert self._on is not None
        universe = self.universe
        outside = universe.everything >> universe.outside << universe.outside
        shared = alone = 0
        for node in nodes:
            if node is not None:
                shared |= self._on.get(node, 0)
                alone |= self._alone.get(node, 0)
        if len(nodes) > 1:
            alone = 0
        inside = (1 << universe.outside) - 1
        groups = [outside]
        for first in (shared, ~shared):
            for second in (alone, ~alone):
                for third in (self._unknown, ~self._unknown):
                    groups.append(inside & first & second & third)
        return [group for group in groups if group]

    def _index(self) -> None:
        on: dict[str, int] = {}
        for column in range(self.universe.outside):
            nodes = self.nodes(column)
            bit = 1 << column
            if None in nodes:
                self._unknown |= bit
            for node in nodes:
                if node is not None:
                    on[node] = on.get(node, 0) | bit
                    if len(nodes) == 1:
                        self._alone[node] = self._alone.get(node, 0) | bit
        self._on = on

    def pairs(self, source: int, destination: int, linked: bool) -> Iterator[tuple[Place, Group, Group]]:
        """The pods of two columns, taken apart so that each pair of groups shares a node, or does not, or may."""
        right = self._by_node(destination)
        for node, group in self._by_node(source).items():
            found: dict[Place, list[int]] = {}
            for other, indexes in right.items():
                found.setdefault(answer(node, other, linked), []).extend(indexes)
            for place, others in found.items():
                yield place, group, tuple(others)

    def _by_node(self, column: int) -> dict[str | None, Group]:
        end = self.universe.ends[column]
        if end.sort != "pod":
            return {end.name if end.sort == "node" else None: (-1,)}
        pods = self.relation.cluster.pods
        groups: dict[str | None, list[int]] = {}
        for index in self.universe.members[column]:
            groups.setdefault(pods[index].node, []).append(index)
        return {node: tuple(indexes) for node, indexes in groups.items()}
