"""What would close most in the layers of a mesh: defaults of namespaces, proposed by the mesh, applied and measured.

A step says which workloads its layer closes afterwards, and which flows clients lose by it as they are configured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ringfence.layers.network.columns import columns_of
from ringfence.model.mesh import Identity, Mesh, Proxy
from ringfence.model.mesh_edits import Allowance, Remedy, Written
from ringfence.model.policy import Direction
from ringfence.sets.ports import PortTable, intersect, protocol_range
from ringfence.verdict.coverage import REQUESTS, TRANSPORT, Status, Step, Surveyor, WorkloadCoverage
from ringfence.verdict.meshed.closing import Closing
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.losses import Losses
from ringfence.verdict.meshed.reach import Reading

MOST_NAMESPACES = 10
"""Namespaces of which steps are looked for in a layer: those with the most workloads that are open in it."""
OPEN = (Status.OPEN, Status.UNKNOWN)


def next_steps_of(mesh: Mesh, written: Written) -> Callable[[Surveyor, Iterable[WorkloadCoverage]], Iterable[Step]]:
    """What looks for the steps of a mesh's layers, for a surveyor."""
    return lambda surveyor, workloads: MeshSteps(surveyor, mesh, written, workloads).found()


class MeshSteps:
    """The steps for some workloads of one cluster."""

    def __init__(self, surveyor: Surveyor, mesh: Mesh, written: Written, workloads: Iterable[WorkloadCoverage]) -> None:
        self.surveyor = surveyor
        self.relation = surveyor.relation
        self.universe = surveyor.relation.universe
        self.mesh = mesh
        self.written = written
        self.workloads = list(workloads)
        self.losses = Losses(self.relation, mesh, self._name)
        self._numbers = {text: number for number, text in enumerate(surveyor.workloads.texts)}
        self._unbound: MeshedGrid | None = None

    def _name(self, column: int) -> str:
        if column >= self.universe.pods:
            return self.surveyor.directory.other_name(column)
        texts = [self.surveyor.workloads.texts[number] for number in self.surveyor.workloads.by_column[column]]
        return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")

    def found(self) -> Iterator[Step]:
        """The steps of transport and of requests."""
        for layer in (TRANSPORT, REQUESTS):
            spaces: dict[str, list[WorkloadCoverage]] = {}
            for one in self.workloads:
                if one.mesh and one.mesh[layer].status in OPEN:
                    spaces.setdefault(one.ref.namespace, []).append(one)
            for space in sorted(spaces, key=lambda name: (-len(spaces[name]), name))[:MOST_NAMESPACES]:
                remedy = (
                    self.mesh.proof_by_default(space, self.written)
                    if layer == TRANSPORT
                    else self.mesh.denial_by_default(space, list(self._allowed(space)), self.written)
                )
                step = None if remedy is None else self._tried(layer, space, spaces[space], remedy)
                if step is not None:
                    yield step

    def _tried(self, layer: str, space: str, among: list[WorkloadCoverage], remedy: Remedy) -> Step | None:
        """The step that a change is; None where it closes nothing, or lets anything in that was not."""
        after = self.mesh.edited(remedy.manifests)
        if after is None:
            return None
        sides = Closing(self.surveyor, after)
        names = tuple(
            one.name
            for one in among
            if all(
                sides.closes(layer, column)
                for column in columns_of(self.surveyor.workloads.masks[self._numbers[one.name]])
            )
        )
        if not names:
            return None
        there = self.losses.spoken_to(remedy)
        lost = self.losses.lost(self.losses.configured.under_mesh(after), there)
        attackers = self._attackers()
        if lost.widened or self.losses.between(attackers, attackers.under_mesh(after), there).widened:
            return None
        manifests: list[Any] = list(remedy.manifests)
        return Step(
            remedy.description,
            space,
            Direction.INGRESS,
            tuple(sorted(names)),
            remedy.place,
            manifests[0] if len(manifests) == 1 else {"apiVersion": "v1", "kind": "List", "items": manifests},
            layer,
            lost.flows,
            lost.listed,
            lost.left_out,
        )

    def _attackers(self) -> MeshedGrid:
        if self._unbound is None:
            self._unbound = self.losses.configured.read_as(Reading.UNBOUND)
        return self._unbound

    def _allowed(self, space: str) -> Iterator[Allowance]:
        """Who comes to the servers of a namespace today, as far as they prove who they are."""
        table, pods = self.relation.ports, self.relation.cluster.pods
        first, stop = self.universe.namespaces.get(space, (0, 0))
        for column in range(first, stop):
            server = pods[self.universe.members[column][0]]
            if not self._member(server):
                continue
            by_ports: dict[int, set[Identity]] = {}
            for sources, result in self.losses.configured.column(column):
                ports = table.union(table.union(result.allowed, result.some), table.union(result.mixed, result.unknown))
                for source in columns_of(sources & self.losses.configured.pods):
                    client = pods[self.universe.members[source][0]]
                    own = self.mesh.identity(client)
                    alone = source == column and self.universe.count(column) == 1
                    if own is not None and not alone and self._member(client):
                        by_ports.setdefault(ports, set()).add(own)
            for index in self.losses.configured.reaches.waypoints(server):
                # What comes over a waypoint comes as the waypoint.
                way = self.mesh.identity(self.mesh.pod(index))
                if way is not None:
                    by_ports.setdefault(PortTable.ALL, set()).add(way)
            for ports, identities in by_ports.items():
                numbers = intersect(table.intervals(ports), (protocol_range("TCP"),))
                if numbers:
                    yield Allowance(server, numbers, tuple(sorted(identities, key=lambda one: one.text)))

    def _member(self, pod: Any) -> bool:
        return any(option.value.proxy is not Proxy.NONE for option in self.mesh.membership(pod))


__all__ = ["MeshSteps", "next_steps_of"]
