"""Who a pod that does not exist yet may prove to be, and what it reaches as that.

Whoever makes a pod chooses its service account: any of its namespace that the input shows (a ServiceAccount, the
account of a pod, ``default``). The pod's token is all that a mesh's authority asks for, so whether the pod itself is in
the mesh does not matter. Whoever makes a namespace also chooses its name and its accounts: any that it could have.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.model.mesh import Identity
from ringfence.sets.languages.patterns import Numbers
from ringfence.sets.requests.formulas import Predicate
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.invented import ACCOUNT, NEW, Inventor
from ringfence.verdict.meshed.leaving import Bounds, Leaving, Over
from ringfence.verdict.meshed.reach import Holder, Reach, Reaches, Reading, Term, Wire, signs


class Makers:
    """What new pods reach in one cluster. ``grid`` is that of clients who control their pods."""

    def __init__(self, grid: MeshedGrid) -> None:
        self.grid = grid
        self.mesh = grid.mesh
        self.relation: Relation = grid.relation
        self.universe = grid.universe
        self.cluster = grid.relation.cluster
        self.leaving = Leaving(self.relation.ports, grid.mesh.tunnel_port)
        self._accounts: dict[str, set[str]] = {}
        for space, name in self.cluster.accounts:
            self._accounts.setdefault(space, set()).add(name)
        for pod in (*self.cluster.pods, *self.cluster.machines):
            if pod.service_account:
                self._accounts.setdefault(pod.namespace, set()).add(pod.service_account)
        self._identities: dict[str | None, tuple[Identity, ...]] = {}
        self._strangers = Reaches(self.cluster, self.mesh, Reading.UNBOUND, Holder(False, self.identities(None)))
        self._patterns: dict[object, tuple[Predicate, ...]] = {}
        self._inventor = Inventor(self.cluster.namespaces.keys(), self._identity)
        self._reach: dict[tuple[object, frozenset[Hashable]], Reach] = {}
        self._trusted: dict[str, Hashable] = {}
        self._distinct: dict[tuple[object, str | None], tuple[tuple[Identity, ...], bool]] = {}

    def _identity(self, namespace: str, account: str) -> Identity | None:
        ref = WorkloadRef("Pod", namespace, account)
        return self.mesh.identity(Pod(namespace, account, {}, ref, template=True, service_account=account))

    def identities(self, namespace: str | None) -> tuple[Identity, ...]:
        """Who a new pod of a namespace may prove to be; ``namespace`` None: of a new one. Of namespaces that the input
        lacks only what nothing names."""
        found = self._identities.get(namespace)
        if found is None:
            home = NEW if namespace is None else namespace
            names = self._accounts.get(home, set()) | ({"default"} if self._is_there(namespace) else {ACCOUNT})
            told = (self._identity(home, name) for name in sorted(names))
            found = self._identities[namespace] = tuple(one for one in told if one is not None)
        return found

    def _is_there(self, namespace: str | None) -> bool:
        return namespace is not None and namespace in self.cluster.namespaces

    def distinct(self, namespace: str | None, column: int) -> tuple[tuple[Identity, ...], bool]:
        """Of these, one for each way in which a destination tells them apart, first those that nothing names; False:
        there may be more of a new namespace, of a name that is not found."""
        pod = self._pod(column)
        key = (self.mesh.kind(pod), namespace)
        found = self._distinct.get(key)
        if found is None:
            predicates = self._asked(pod)
            every, whole = self.identities(namespace), True
            if not self._is_there(namespace):
                patterns = frozenset(one.pattern for one in predicates if not isinstance(one.pattern, Numbers))
                invented = self._inventor.told_apart(patterns, namespace)
                every, whole = every + (invented or ()), invented is not None
            told: dict[object, Identity] = {}
            for identity in every:
                told.setdefault(signs(predicates, identity), identity)
            found = self._distinct[key] = tuple(told.values()), whole
        return found

    def _pod(self, column: int) -> Pod:
        found = self.grid.pod_of(column)
        assert found is not None
        return found

    def _asked(self, pod: Pod) -> tuple[Predicate, ...]:
        """What a destination asks about identities."""
        kind = self.mesh.kind(pod)
        found = self._patterns.get(kind)
        if found is None:
            found = self._patterns[kind] = self._strangers.asked_of_identities(pod)
        return found

    def reach(self, identities: tuple[Identity, ...], column: int) -> Reach:
        """What somebody reaches at a destination who shows any of these, or none."""
        pod = self._pod(column)
        key = (self.mesh.kind(pod), frozenset(self._told(identity, pod) for identity in identities))
        found = self._reach.get(key)
        if found is None:
            fronts = self._strangers.fronts
            reaches = Reaches(self.cluster, self.mesh, Reading.UNBOUND, Holder(False, identities), fronts=fronts)
            found = self._reach[key] = reaches.reach(None, None, pod)
        return found

    def _told(self, identity: Identity, pod: Pod) -> Hashable:
        """What a destination makes of an identity: those of which it is the same reach the same."""
        trusted = self._trusted.get(identity.text)
        if trusted is None:
            both = (self.mesh.trusts(identity.text, tunnelled) for tunnelled in (False, True))
            trusted = self._trusted[identity.text] = tuple(both)
        return trusted, signs(self._asked(pod), identity)

    def left(self, namespace: str | None, column: int, first: Callable[[int], Bounds], named: bool = False) -> Bounds:
        """What is left of the ports that the network lets a new pod of a namespace through to: ``first`` tells them
        for a class of pods, ``named``: it asks for the name of a new namespace."""
        table = self.relation.ports
        identities, whole = self.distinct(namespace, column)
        found = self.left_to(identities, column, first)
        if named and len(identities) > 1:
            # The network asks for the name of the namespace, and so does the mesh: both are not surely had at once.
            found = self.left_to(identities[:1], column, first)[0], found[1]
        return found if whole else (found[0], table.union(found[1], first(column)[1]))

    def left_to(self, identities: tuple[Identity, ...], column: int, first: Callable[[int], Bounds]) -> Bounds:
        """The same for those who show one of some identities, or none."""
        return self.leaving.within(self.reach(identities, column), first(column), self._over(column, first))

    def _over(self, column: int, first: Callable[[int], Bounds]) -> Over:
        def told(term: Term, ports: int) -> Bounds:
            columns = sorted({self.universe.class_of_pod[index] for index in term.waypoint})

            def last(way: int) -> Bounds:
                return self.grid.between(way, column, ports, term.last)

            return self.leaving.over(columns, ports, first, last)

        return told

    def ways_over(self, column: int) -> Sequence[int]:
        """The classes of the waypoints that may be on the way to a destination."""
        found = {self.universe.class_of_pod[index] for index in self.grid.reaches.waypoints(self._pod(column))}
        return sorted(found)

    def wires(self, identities: tuple[Identity, ...], column: int, ports: int) -> int:
        """The ports at the destination that connections to some of its ports take."""
        table = self.relation.ports
        taken = table.difference(ports, self.leaving.tcp)
        for region in self.reach(identities, column):
            shared = table.intersection(ports, table.number(region.ports))
            forms = {term.wire for told in region.worlds for term in told if term.possible}
            if shared and Wire.PORT in forms:
                taken = table.union(taken, shared)
            if shared and Wire.TUNNEL in forms:
                taken = table.union(taken, table.number(((self.mesh.tunnel_port, self.mesh.tunnel_port),)))
        return taken


__all__ = ["Makers"]
