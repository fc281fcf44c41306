"""Coverage of the layers of a mesh: of TCP, what each closes by itself, and what all of them close together.

As for the network, each side is judged as if the other admitted everything: clients are taken to control their pods, so
that nothing which a client's own proxy does counts. *Any* identity is one that nobody named: of a service account and a
namespace that no policy singles out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.model.mesh import Identity, Mesh, Proxy
from ringfence.model.policy import Direction
from ringfence.sets.ports import PortTable, intersect, protocol_range, size
from ringfence.sets.requests.formulas import Predicate
from ringfence.verdict.coverage import REQUESTS, TOGETHER, TRANSPORT, LayerSides, Side, Status, Surveyor
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.leaving import Leaving, Over
from ringfence.verdict.meshed.reach import Holder, Reach, Reaches, Reading, Term, signs
from ringfence.verdict.meshed.views import accepting, without_rules
from ringfence.verdict.openness import CLOSED, HALF_OF_THE_PORTS, Bounds, Peers, Proof, Scope

IN = Direction.INGRESS
NONE, ALL = PortTable.NONE, PortTable.ALL
NO_PROXY = "no proxy of the mesh takes what it receives"
OPEN_FACTS = "whether it is open hangs on what the input leaves open"
UNNAMED = ("q0-nobody-names-this", "7z-nor-is-this-one-named-9x")
"""Names that share no beginning and no end: what matches both is not about them."""


def closing_of(mesh: Mesh) -> Callable[[Surveyor], LayerSides]:
    """What measures the layers of a mesh, for a surveyor."""
    return lambda surveyor: Closing(surveyor, mesh).sides


class Closing:
    """The sides of one relation under one mesh."""

    def __init__(self, surveyor: Surveyor, mesh: Mesh) -> None:
        relation = surveyor.relation
        self.surveyor = surveyor
        self.relation = relation
        self.mesh = mesh
        self.openness = surveyor.openness
        self.universe = relation.universe
        self.table = relation.ports
        self.leaving = Leaving(relation.ports, mesh.tunnel_port)
        self._views = {
            TRANSPORT: _View(relation, without_rules(mesh)),
            REQUESTS: _View(relation, accepting(mesh)),
            TOGETHER: _View(relation, mesh),
        }
        self._alone: dict[tuple[str, object], Side] = {}
        self._closed: dict[tuple[str, object], bool] = {}
        self._network = MeshedGrid(relation, mesh, Reading.UNBOUND, joined=False)

    def sides(self, column: int) -> Mapping[str, Side]:
        """What each layer makes of the ingress of a class of pods."""
        pod = self.relation.cluster.pods[self.universe.members[column][0]]
        inside = any(option.value.proxy is not Proxy.NONE for option in self.mesh.membership(pod))
        if not inside:
            bare = Side(Status.UNENFORCED, None, (), NO_PROXY)
            return {TRANSPORT: bare, REQUESTS: bare, TOGETHER: self._together(column, pod)}
        return {
            TRANSPORT: self._by_itself(TRANSPORT, column, pod),
            REQUESTS: self._by_itself(REQUESTS, column, pod),
            TOGETHER: self._together(column, pod),
        }

    def closes(self, layer: str, column: int) -> bool:
        """Whether transport or requests, by themselves, close the ingress of a class of pods that has a proxy."""
        pod = self.relation.cluster.pods[self.universe.members[column][0]]
        key = (layer, self.mesh.kind(pod))
        if key not in self._closed:
            nobody, anybody, _ = self._strangers_at(layer, pod)
            wide = nobody if layer == TRANSPORT else self.leaving.either((nobody, anybody))
            self._closed[key] = not self._any_port(wide[1])
        return self._closed[key]

    def _by_itself(self, layer: str, column: int, pod: Pod) -> Side:
        key = (layer, self.mesh.kind(pod))
        found = self._alone.get(key)
        if found is None:
            found = self._alone[key] = self._of_layer(layer, column, pod)
        return found

    def _of_layer(self, layer: str, column: int, pod: Pod) -> Side:
        nobody, anybody, own = self._strangers_at(layer, pod)
        if layer == TRANSPORT:
            scopes = self.openness.listed((nobody, anybody), (Proof.NOBODY, Proof.ANYBODY))
            return self._side(scopes, nobody)
        named = self.leaving.either(self._left(reach) for _, reach in self._views[layer].parts(column))
        scopes = self.openness.listed((nobody, anybody, own, named), tuple(Proof))
        return self._side(scopes, self.leaving.either((nobody, anybody)))

    def _left(self, reach: Reach) -> Bounds:
        """What a layer by itself leaves of everything."""
        every = self.leaving.tcp, self.leaving.tcp
        return self.leaving.within(reach, every, lambda term, ports: (ports, ports))

    def _strangers_at(self, layer: str, pod: Pod) -> tuple[Bounds, Bounds, Bounds]:
        """What a layer leaves to nobody, to an identity that nobody named, and to one of the own namespace."""
        told = self._views[layer].strangers(pod, self.mesh)
        nobody, anybody, own = (self.leaving.both(map(self._left, one)) for one in told)
        return nobody, anybody, own

    def _together(self, column: int, pod: Pod) -> Side:
        network = self.surveyor.side(column, IN)
        bounds: tuple[Bounds, ...] = self.openness.bounds(column, IN)
        everything = False
        if network.status is Status.UNENFORCED:
            bounds, everything = ((ALL, ALL),) * 4, True
        elif network.status is Status.UNKNOWN and not network.scopes:
            bounds = ((NONE, ALL),) * 4
        view = self._views[TOGETHER]
        found: list[Bounds] = []
        for number, reaches in enumerate(view.strangers(pod, self.mesh)):
            over = self._over(column, partial(self._strangers_into, number))
            found.append(self.leaving.both(self.leaving.within(reach, bounds[number], over) for reach in reaches))
        named = CLOSED
        for mask, reach in view.parts(column):
            there = (ALL, ALL) if everything else self.openness.named(column, IN, mask)
            over = self._over(column, partial(self._named_into, mask))
            named = self.leaving.either((named, self.leaving.within(reach, there, over)))
        side = self._side(self.openness.listed((*found, named), tuple(Peers)), self.leaving.either(found[:2]))
        if side.status is Status.OPEN and network.status is Status.UNENFORCED:
            return Side(Status.UNENFORCED, None, side.scopes, network.reason)
        return side

    def _strangers_into(self, number: int, column: int) -> Bounds:
        return self.openness.bounds(column, IN)[number]

    def _named_into(self, mask: int, column: int) -> Bounds:
        return self.openness.named(column, IN, mask)

    def _over(self, column: int, first: Callable[[int], Bounds]) -> Over:
        """A way over a waypoint: to it, as those are let in who are asked about, and from it."""

        def told(term: Term, ports: int) -> Bounds:
            columns = sorted({self.universe.class_of_pod[index] for index in term.waypoint})
            return self.leaving.over(
                columns, ports, first, lambda way: self._network.between(way, column, ports, term.last)
            )

        return told

    def _side(self, scopes: list[Scope], wide: Bounds) -> Side:
        """``wide``: what those get who must not."""
        status, reason = Status.CLOSED, ""
        if self._any_port(wide[0]):
            status = Status.OPEN
        elif self._any_port(wide[1]):
            status, reason = Status.UNKNOWN, OPEN_FACTS
        return Side(status, None, tuple(scopes), reason)

    def _any_port(self, ports: int) -> bool:
        """More than half of the ports of TCP: what else there is no mesh sees."""
        return size(intersect(self.table.intervals(ports), (protocol_range("TCP"),))) > HALF_OF_THE_PORTS


class _View:
    """Reaches of a mesh, or of a layer of it."""

    def __init__(self, relation: Relation, mesh: Mesh) -> None:
        self.relation = relation
        self.mesh = mesh
        self._grid = MeshedGrid(relation, mesh, Reading.UNBOUND, joined=False)
        self._by_holder: dict[Identity | None, Reaches] = {}
        self._of: dict[tuple[object, object], Reach] = {}
        self._asked: dict[object, tuple[Predicate, ...]] = {}

    def strangers(self, pod: Pod, mesh: Mesh) -> tuple[tuple[Reach, ...], ...]:
        """What nobody reaches there, an identity that nobody named, and one of the pod's own namespace."""
        identities = [
            (_identity(mesh, home, name), _identity(mesh, pod.namespace, name))
            for home, name in zip(UNNAMED, reversed(UNNAMED), strict=True)
        ]
        elsewhere = tuple(self._reach(one, pod) for one, _ in identities)
        inside = tuple(self._reach(one, pod) for _, one in identities)
        return (self._reach(None, pod),), elsewhere, inside

    def _reach(self, identity: Identity | None, pod: Pod) -> Reach:
        kind = self.mesh.kind(pod)
        reaches = self._by_holder.get(identity)
        if reaches is None:
            holder = Holder(False, () if identity is None else (identity,))
            fronts = self._grid.reaches.fronts
            reaches = Reaches(self.relation.cluster, self.mesh, Reading.UNBOUND, holder, fronts=fronts)
            self._by_holder[identity] = reaches
        key: tuple[object, object] = (None, kind)
        if identity is not None:
            if kind not in self._asked:
                self._asked[kind] = reaches.asked_of_identities(pod)
            key = (signs(self._asked[kind], identity), kind)
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = reaches.reach(None, None, pod)
        return found

    def parts(self, column: int) -> Iterable[tuple[int, Reach]]:
        """The other ends of the input in groups that the mesh treats alike at a destination: columns, and what they
        reach."""
        universe = self.relation.universe
        itself = 1 << column if universe.count(column) == 1 else 0
        for mask, reach in self._grid.reaches_into(column):
            if mask & ~itself:
                yield mask & ~itself, reach


def _identity(mesh: Mesh, namespace: str, name: str) -> Identity | None:
    """That of a service account, whether it exists or not."""
    return mesh.identity(Pod(namespace, name, {}, WorkloadRef("Pod", namespace, name), service_account=name))


__all__ = ["Closing", "closing_of"]
