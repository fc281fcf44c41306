"""What clients lose by a change, in all layers, as they are configured: every single flow (pair of pods times port) of
which the verdict is another one afterwards. A flow of which some requests still pass is not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.model.mesh import Mesh
from ringfence.model.mesh_edits import Remedy
from ringfence.sets.ports import size, subtract
from ringfence.values import Value
from ringfence.verdict.answers import FlowChange, Verdict
from ringfence.verdict.difference import PolicyChange, transitions
from ringfence.verdict.grid import Grid
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.reach import Reading

LISTED = 20
"""So many of the flows that a change takes are listed; the rest is counted."""
NO_STEP = (-2, -2, 0)
"""No flow of a change is meant more than others."""


class Lost(Value):
    """The flows that clients lose, but for those that are meant: how many single ones, and the first of them.
    ``widened``: some flow is allowed, or perhaps, that was not."""

    flows: int
    listed: tuple[FlowChange, ...]
    left_out: int
    widened: bool = False


class Losses:
    """Compares states of a cluster with its own. ``name`` tells a column's name."""

    def __init__(self, relation: Relation, mesh: Mesh, name: Callable[[int], str]) -> None:
        self.relation = relation
        self.universe = relation.universe
        self.mesh = mesh
        self.name = name

    @cached_property
    def configured(self) -> MeshedGrid:
        """What clients reach as they are configured."""
        return MeshedGrid(self.relation, self.mesh, Reading.CONFIGURED)

    def touched(self, changed: ChangedRelation) -> int:
        """The destinations at which a change of the network's policies may matter: its own, and those behind waypoints
        that it concerns."""
        found = ends = 0
        for pair in PolicyChange(self.relation, changed).pairs():
            found |= 1 << pair.destination
            ends |= 1 << pair.source | 1 << pair.destination
        return found | self._behind(ends)

    def spoken_to(self, remedy: Remedy) -> int:
        """The destinations at which a change of the mesh's objects may matter."""
        if remedy.namespaces is None:
            return (1 << self.universe.pods) - 1
        found = 0
        for space in remedy.namespaces:
            first, stop = self.universe.namespaces.get(space, (0, 0))
            found |= ((1 << (stop - first)) - 1) << first
        return found | self._behind(found)

    def _behind(self, ends: int) -> int:
        """The destinations that some of these are waypoints of."""
        return sum(1 << column for column, ways in self._waypoints.items() if ways & ends)

    @cached_property
    def _waypoints(self) -> Mapping[int, int]:
        """Destination → the classes of the waypoints on the way to it."""
        found: dict[int, int] = {}
        for column in range(self.universe.pods):
            pod = self.relation.cluster.pods[self.universe.members[column][0]]
            ways = 0
            for index in self.configured.reaches.waypoints(pod):
                ways |= 1 << self.universe.class_of_pod[index]
            if ways:
                found[column] = ways
        return found

    def lost(self, after: Grid, destinations: int, step: tuple[int, int, int] = NO_STEP) -> Lost:
        """What is another verdict than before at some destinations, but for the flows of a step."""
        return self.between(self.configured, after, destinations, step)

    def between(self, grid: Grid, after: Grid, destinations: int, step: tuple[int, int, int] = NO_STEP) -> Lost:
        """The same between any two grids."""
        table = self.relation.ports
        source, destination, ports = step
        meant = table.intervals(ports)
        listed: list[FlowChange] = []
        total = left_out = 0
        widened = False
        for column in columns_of(destinations):
            news = list(after.column(column))
            for mask, old in grid.column(column):
                for other, new in news:
                    if not mask & other or (old.allowed, old.unknown, old.mixed) == (
                        new.allowed,
                        new.unknown,
                        new.mixed,
                    ):
                        continue
                    changes = list(transitions(table, old, after.relation.ports, new))
                    for one in columns_of(mask & other):
                        own = (one, column) == (source, destination)
                        for before, later, changed in changes:
                            rest = subtract(changed, meant) if own else changed
                            weight = self._pairs(one, column) * size(rest)
                            if not weight:
                                continue
                            total += weight
                            widened |= RANK[later] > RANK[before]
                            if len(listed) < LISTED:
                                listed.append(FlowChange(self.name(one), self.name(column), rest, before, later))
                            else:
                                left_out += 1
        return Lost(total, tuple(listed), left_out, widened)

    def _pairs(self, source: int, destination: int) -> int:
        left, right = (self.universe.count(one) if one < self.universe.pods else 1 for one in (source, destination))
        return left * right - (left if source == destination else 0)


RANK = {Verdict.DENIED: 0, Verdict.UNKNOWN: 1, Verdict.MIXED: 2, Verdict.ALLOWED: 3}


__all__ = ["Losses", "Lost"]
