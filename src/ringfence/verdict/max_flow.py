"""Maximum flow and minimum cut of a directed graph with whole capacities (Dinic 1970). Exact."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

Edge = tuple[int, int, int]
"""Source, destination, capacity; nodes are numbers from 0."""


class Network:
    """A graph with residual capacities: each edge has a twin the other way round, at its number xor 1."""

    def __init__(self, nodes: int, edges: Iterable[Edge]) -> None:
        self.heads: list[int] = []
        self.rest: list[int] = []
        self.out: list[list[int]] = [[] for _ in range(nodes)]
        for source, destination, capacity in edges:
            for node, head, amount in ((source, destination, capacity), (destination, source, 0)):
                self.out[node].append(len(self.heads))
                self.heads.append(head)
                self.rest.append(amount)

    def levels(self, source: int) -> list[int]:
        """Distance of every node over edges with something left; -1: not reached."""
        found = [-1] * len(self.out)
        found[source] = 0
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for edge in self.out[node]:
                head = self.heads[edge]
                if self.rest[edge] and found[head] < 0:
                    found[head] = found[node] + 1
                    waiting.append(head)
        return found

    def push(self, source: int, sink: int, levels: Sequence[int], at: list[int]) -> int:
        """One more path from source to sink along the levels; 0 where there is none."""
        path: list[int] = []
        node = source
        while node != sink:
            edges = self.out[node]
            while at[node] < len(edges):
                edge = edges[at[node]]
                if self.rest[edge] and levels[self.heads[edge]] == levels[node] + 1:
                    break
                at[node] += 1
            else:
                if not path:
                    return 0
                node = self.heads[path.pop() ^ 1]
                at[node] += 1
                continue
            path.append(edge)
            node = self.heads[edge]
        amount = min(self.rest[edge] for edge in path)
        for edge in path:
            self.rest[edge] -= amount
            self.rest[edge ^ 1] += amount
        return amount

    def flow(self, source: int, sink: int) -> int:
        """The maximum flow; afterwards ``levels(source)`` tells the two sides of a minimum cut."""
        total = 0
        while (levels := self.levels(source))[sink] >= 0:
            at = [0] * len(self.out)
            while amount := self.push(source, sink, levels, at):
                total += amount
        return total


def minimum_cut(nodes: int, edges: Sequence[Edge], source: int, sink: int) -> tuple[int, list[int]]:
    """``(weight, numbers of the edges)`` of a cut of least weight between two nodes; of several the one nearest the
    source."""
    network = Network(nodes, edges)
    weight = network.flow(source, sink)
    side = network.levels(source)
    return weight, [number for number, (left, right, _) in enumerate(edges) if side[left] >= 0 and side[right] < 0]
