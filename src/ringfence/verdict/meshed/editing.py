"""Edits of a mesh's objects that close a step: proposed by the mesh, applied, verified, and priced.

The price of an edit, of the network too, is what clients lose by it as they are configured, in all layers: every single
flow (pair of pods times port) of which the verdict is another one afterwards, but for those of the step itself. A flow
of which some requests still pass is not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.model.mesh import Identity, Mesh, Proxy
from ringfence.model.mesh_edits import Breach, Remedy, Written
from ringfence.sets.ports import protocol_range, size, subtract
from ringfence.values import Value, replace
from ringfence.verdict.answers import Edit, FlowChange
from ringfence.verdict.difference import PolicyChange, transitions
from ringfence.verdict.grid import Grid
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.reach import Reading
from ringfence.verdict.spreading import START, Somewhere, Spreader, Start, closed

LISTED = 20
"""So many of the flows that an edit takes are listed; the rest is counted."""
TRIED = 200
"""So many proposals of meshes are tried at most, of all steps together."""


class Lost(Value):
    """The flows that clients lose, but for those that are meant: how many single ones, and the first of them."""

    flows: int
    listed: tuple[FlowChange, ...]
    left_out: int


class MeshEditor:
    """Looks for edits of the mesh in one state of the cluster. ``name`` tells a column's name."""

    def __init__(self, spreader: Spreader, mesh: Mesh, start: Start, name: Callable[[int], str], written: Written):
        self.spreader = spreader
        self.mesh = mesh
        self.start = start
        self.name = name
        self.written = written
        self.relation: Relation = spreader.relation
        self.universe = spreader.universe
        self.tried = 0

    @cached_property
    def _configured(self) -> MeshedGrid:
        """What clients reach as they are configured."""
        return MeshedGrid(self.relation, self.mesh, Reading.CONFIGURED)

    def cheapest(self, network: Edit | None, changed: Relation | None, step: tuple[int, int, int]) -> Edit | None:
        """The edit of those of the network and of the mesh that takes the fewest flows with it; of equal ones that of
        the network, then the one of fewest objects and fields. ``changed``: the relation after that of the network."""
        ranked: list[tuple[tuple[int, int, int, int], Edit]] = []
        if network is not None and isinstance(changed, ChangedRelation):
            lost = self._lost(self._configured.over(changed), self._touched(changed), step)
            edit = replace(network, also_changes=lost.listed, also_left_out=lost.left_out)
            ranked.append(((lost.flows, 0, edit.objects, edit.fields), edit))
        breach = self._breach(step)
        proposed: Iterable[Remedy] = () if breach is None else self.mesh.remedies(breach, self.written)
        for remedy in proposed:
            if self.tried >= TRIED:
                break
            self.tried += 1
            after = self.mesh.edited(remedy.manifests)
            if after is None or not self._closes(after, step):
                continue
            lost = self._lost(self._configured.under_mesh(after), self._spoken_to(remedy), step)
            rank = (lost.flows, 1, len(remedy.manifests), remedy.fields)
            ranked.append((rank, _edit(remedy, lost)))
        return min(ranked, key=lambda one: one[0])[1] if ranked else None

    def _breach(self, step: tuple[int, int, int]) -> Breach | None:
        """What has to be refused; None: no mesh sees it."""
        source, destination, ports = step
        asked = self.relation.ports.intervals(ports)
        if destination >= self.universe.pods or subtract(asked, (protocol_range("TCP"),)):
            return None
        server = self.relation.cluster.pods[self.universe.members[destination][0]]
        identities: tuple[Identity, ...] = ()
        if source == START:
            if isinstance(self.start, Somewhere):
                grid = self.start.grid
                identities = grid.reaches.holder.others if isinstance(grid, MeshedGrid) else ()
            elif isinstance(self.start, EndClass):
                if self.start.namespace is None:
                    return None
                makers = self.spreader.grid.makers()
                told = () if makers is None else makers.distinct(self.start.namespace, destination)[0]
                return Breach(server, asked, told, self.start.namespace if told else "")
        elif source < self.universe.pods:
            pod = self.relation.cluster.pods[self.universe.members[source][0]]
            own = self.mesh.identity(pod)
            if own is not None and any(one.value.proxy is not Proxy.NONE for one in self.mesh.membership(pod)):
                identities = (own,)
        return Breach(server, asked, identities)

    def _closes(self, mesh: Mesh, step: tuple[int, int, int]) -> bool:
        """Whether nothing of the step is left, in whatever form, once the mesh says so."""
        return closed(self.spreader.under(self.relation, mesh), self.start, step)

    def _touched(self, changed: ChangedRelation) -> int:
        """The destinations at which a change of the network's policies may matter: its own, and those behind waypoints
        that it concerns."""
        found = ends = 0
        for pair in PolicyChange(self.relation, changed).pairs():
            found |= 1 << pair.destination
            ends |= 1 << pair.source | 1 << pair.destination
        return found | self._behind(ends)

    def _spoken_to(self, remedy: Remedy) -> int:
        """The destinations at which a change of the mesh's objects may matter."""
        if remedy.namespaces is None:
            return self.spreader.grid.pods
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
            for index in self._configured.reaches.waypoints(pod):
                ways |= 1 << self.universe.class_of_pod[index]
            if ways:
                found[column] = ways
        return found

    def _lost(self, after: Grid, destinations: int, step: tuple[int, int, int]) -> Lost:
        """What is another verdict than before, but for the flows of the step."""
        table = self.relation.ports
        source, destination, ports = step
        meant = table.intervals(ports)
        listed: list[FlowChange] = []
        total = left_out = 0
        for column in columns_of(destinations):
            news = list(after.column(column))
            for mask, old in self._configured.column(column):
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
                            if len(listed) < LISTED:
                                listed.append(FlowChange(self.name(one), self.name(column), rest, before, later))
                            else:
                                left_out += 1
        return Lost(total, tuple(listed), left_out)

    def _pairs(self, source: int, destination: int) -> int:
        left, right = (self.universe.count(one) if one < self.universe.pods else 1 for one in (source, destination))
        return left * right - (left if source == destination else 0)


def _edit(remedy: Remedy, lost: Lost) -> Edit:
    manifests: list[Mapping[str, Any]] = list(remedy.manifests)
    whole = manifests[0] if len(manifests) == 1 else {"apiVersion": "v1", "kind": "List", "items": manifests}
    return Edit(
        remedy.description,
        remedy.place,
        len(manifests),
        remedy.fields,
        whole,
        lost.listed,
        lost.left_out,
        remedy.layers,
    )


__all__ = ["MeshEditor"]
