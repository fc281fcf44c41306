"""Edits of a mesh's objects that close a step: proposed by the mesh, applied, verified, and priced.

The price of an edit, of the network too, is what clients lose by it as they are configured, in all layers: every single
flow (pair of pods times port) of which the verdict is another one afterwards, but for those of the step itself. A flow
of which some requests still pass is not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.model.mesh import Identity, Mesh, Proxy
from ringfence.model.mesh_edits import Breach, Remedy, Written
from ringfence.sets.ports import protocol_range, subtract
from ringfence.values import replace
from ringfence.verdict.answers import Edit
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.losses import Losses, Lost
from ringfence.verdict.spreading import START, Somewhere, Spreader, Start, closed

TRIED = 200
"""So many proposals of meshes are tried at most, of all steps together."""


class MeshEditor:
    """Looks for edits of the mesh in one state of the cluster. ``name`` tells a column's name."""

    def __init__(self, spreader: Spreader, mesh: Mesh, start: Start, name: Callable[[int], str], written: Written):
        self.spreader = spreader
        self.mesh = mesh
        self.start = start
        self.written = written
        self.relation: Relation = spreader.relation
        self.universe = spreader.universe
        self.tried = 0
        self.losses = Losses(self.relation, mesh, name)

    def cheapest(self, network: Edit | None, changed: Relation | None, step: tuple[int, int, int]) -> Edit | None:
        """The edit of those of the network and of the mesh that takes the fewest flows with it; of equal ones that of
        the network, then the one of fewest objects and fields. ``changed``: the relation after that of the network."""
        losses = self.losses
        ranked: list[tuple[tuple[int, int, int, int], Edit]] = []
        if network is not None and isinstance(changed, ChangedRelation):
            lost = losses.lost(losses.configured.over(changed), losses.touched(changed), step)
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
            lost = losses.lost(losses.configured.under_mesh(after), losses.spoken_to(remedy), step)
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
