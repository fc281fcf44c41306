"""Two states of a cluster, with their objects: what ``diff`` and ``equivalent`` compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Opaque
from ringfence.model.policy import Direction
from ringfence.model.provenance import Manifest
from ringfence.values import Value, replace
from ringfence.verdict.altered import Altered, Objects, PolicyChange, altered_policies, other_altered
from ringfence.verdict.attribution import Attribution
from ringfence.verdict.changes import Diff, NotCompared
from ringfence.verdict.comparing import Comparison
from ringfence.verdict.diffing import LEVELS, diff
from ringfence.verdict.ends import EndError
from ringfence.verdict.equivalence import Equivalence, Order, Ordering
from ringfence.verdict.universal import universal
from ringfence.verdict.ways_in.differences import WAY_KINDS, Side, WayDifferences, with_ways

if TYPE_CHECKING:
    from ringfence.model.mesh import Mesh
    from ringfence.verdict.meshed.asking import MeshedAsker
    from ringfence.verdict.meshed.causes import LayeredAttribution, Mixtures
    from ringfence.verdict.ways_in.values import WaysIn

COMPARED_KINDS = (
    "Namespace",
    "Service",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Pod",
)
"""Objects beside policies of which a change that has no effect is worth a line."""


OF_MESH = "it belongs to the mesh and differs, and what a mesh does in every possible cluster is not decided"


OUTWARD = "it differs, and what becomes of requests for hosts outside is compared for all of them together only"


class State(Value, dict=True):
    """One state. ``partial``: some of its input was not read. ``asker``: what asks all of its layers."""

    relation: Relation
    read: Callable[[], Iterable[Manifest]]
    partial: bool = False
    asker: Callable[[], MeshedAsker] | None = None
    mesh: Mesh | None = None

    @cached_property
    def objects(self) -> Objects:
        """Its objects by what they are."""
        return Objects.of(self.read())


class States:
    """Two states, and what of their objects differs. ``mixtures``: the states between them."""

    def __init__(self, before: State, after: State, mixtures: Callable[[], Mixtures] | None = None) -> None:
        self.before, self.after = before, after
        self._mixtures = mixtures

    @cached_property
    def layered(self) -> LayeredAttribution | None:
        """What finds causes, where either state has a mesh."""
        contents = self.comparison.table.contents
        if contents is None or self.before.asker is None or self.after.asker is None:
            return None
        from ringfence.verdict.meshed.causes import LayeredAttribution

        return LayeredAttribution(contents, self.before.asker(), self.after.asker(), self._mixtures)

    @cached_property
    def policies(self) -> list[PolicyChange]:
        """Policies that are written otherwise."""
        return altered_policies(
            self.before.relation.cluster, self.after.relation.cluster, self.before.objects, self.after.objects
        )

    @cached_property
    def opaque(self) -> list[Altered]:
        """Objects of policy kinds that are not modelled, where they differ."""
        kinds = {one.kind for state in (self.before, self.after) for one in state.relation.cluster.opaque}
        return list(other_altered(self.before.objects, self.after.objects, kinds)) if kinds else []

    @property
    def other_facts(self) -> bool:
        """Whether an open fact may have another value after: an object that the API server would reject, or of a kind
        that is not modelled, is another one."""
        return bool(self.opaque) or any(
            policy is not None and policy.broken for change in self.policies for policy in (change.before, change.after)
        )

    @cached_property
    def comparison(self) -> Comparison:
        """The relations, cell by cell."""
        meshes = self.before.mesh, self.after.mesh
        return Comparison(self.before.relation, self.after.relation, self.other_facts, meshes)

    def not_compared(self) -> Iterator[NotCompared]:
        """Objects whose effect is not known, and input that was not read."""
        changed = {(one.kind, one.namespace, one.name) for one in self.opaque}
        seen: set[tuple[str, str | None, str]] = set()
        for state, word in ((self.before, "before"), (self.after, "after")):
            for thing in state.relation.cluster.opaque:
                key = (thing.kind, thing.namespace, thing.name)
                if key not in seen:
                    seen.add(key)
                    yield NotCompared(_called(*key), f"{_where(thing)} not modelled", thing.place, key in changed)
            for policy in state.relation.cluster.policies:
                key = (policy.kind, policy.namespace, policy.name)
                if policy.broken & frozenset(Direction) and key not in seen:
                    seen.add(key)
                    yield NotCompared(
                        _called(*key),
                        policy.unclear or "the API server would reject it as written",
                        policy.place,
                        any(
                            (one.altered.kind, one.altered.namespace, one.altered.name) == key for one in self.policies
                        ),
                    )
            if state.partial:
                yield NotCompared(f"the state {word}", "its input was read in part", None)
        pods = [len(state.relation.cluster.pods) for state in (self.before, self.after)]
        if not any(pods):
            changed_text = bool(self.policies)
            yield NotCompared("the policies", "neither state has a pod that they could select", None, changed_text)
        elif not any(min(pair) >= 0 for pair in self.comparison.refinement.pairing.pairs):
            yield NotCompared("the two states", "they have no pod in common")

    def outward(self) -> Iterator[NotCompared]:
        """What differs of the objects of meshes that say what becomes of requests for hosts outside."""
        keys = {key for one in (self.before.mesh, self.after.mesh) if one is not None for key in one.outward}
        for one in (
            other_altered(self.before.objects, self.after.objects, {kind for kind, _, _ in keys}) if keys else ()
        ):
            if (one.kind, one.namespace, one.name) in keys:
                yield NotCompared(_called(one.kind, one.namespace, one.name), OUTWARD, one.place, blocking=True)

    def behind_ways(self) -> Iterator[Altered]:
        """Everything that differs and that ways in may hang on."""
        yield from (change.altered for change in self.policies)
        # Meshes have routes of their own kinds.
        entries = (state.relation.cluster.entries for state in (self.before, self.after))
        routes = dict.fromkeys(route.kind for one in entries for route in one.routes)
        kinds = (*WAY_KINDS, *(kind for kind in routes if kind not in WAY_KINDS))
        yield from other_altered(self.before.objects, self.after.objects, kinds)

    def diff(self, level: str, limit: int | None) -> Diff:
        """The difference."""
        altered = other_altered(self.before.objects, self.after.objects, COMPARED_KINDS)
        return diff(
            self.comparison,
            Attribution(self.comparison, self.policies, self.opaque),
            altered,
            (*self.not_compared(), *self.outward()),
            level,
            limit,
            self.before.partial or self.after.partial,
            self.layered,
        )

    def whole_diff(self, level: str, limit: int | None, ways_in: Callable[[], tuple[WaysIn, WaysIn]]) -> Diff:
        """The difference, with that of the ways in. Raises EndError for a level that there is not."""
        if level not in LEVELS:
            raise EndError(f"{level!r} is no level", f"levels: {', '.join(LEVELS)}")
        found = self.diff(level, limit)
        left, right = (
            Side(ways, state.relation.cluster) for ways, state in zip(ways_in(), (self.before, self.after), strict=True)
        )
        ways = WayDifferences(left, right, self.behind_ways, found.new, found.gone)
        return with_ways(found, ways.rows(), limit)

    def equivalent(self) -> Equivalence:
        """Which of the two allows more, in this cluster."""
        partial = self.before.partial or self.after.partial
        outward = tuple(self.outward())
        why = (*self.not_compared(), *outward)
        found = Ordering(self.comparison, layered=self.layered).compare()
        if found.order is not Order.UNDECIDED and not (outward and found.order is not Order.NEITHER):
            empty = not (self.before.relation.cluster.pods or self.after.relation.cluster.pods)
            if not (empty and any(one.blocking for one in why)):
                return replace(found, partial=partial)
        return replace(found, order=Order.UNDECIDED, why=why, partial=partial)


def _called(kind: str, namespace: str | None, name: str) -> str:
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _where(thing: Opaque) -> str:
    if thing.namespace:
        return f"flows of namespace {thing.namespace} are unknown: this kind is"
    return "every flow is unknown: this kind is"


def between(before: State, after: State, level: str, limit: int | None) -> Diff:
    """The difference of two states."""
    return States(before, after).diff(level, limit)


def equivalent(
    before: State, after: State, everywhere: bool, of_mesh: Callable[[], Iterable[Altered]] = tuple
) -> Equivalence:
    """The order of two states; ``everywhere``: of their policies in every possible cluster. ``of_mesh``: what differs
    of the objects of a mesh. Where nothing of them does, the mesh makes the same of whatever the network lets through;
    else what it makes of every possible cluster is not decided."""
    if not everywhere:
        return States(before, after).equivalent()
    layered, partial = before.mesh is not None or after.mesh is not None, before.partial or after.partial
    if layered and (other := list(of_mesh())):
        why = tuple(
            NotCompared(_called(one.kind, one.namespace, one.name), OF_MESH, one.place, blocking=True) for one in other
        )
        return Equivalence(Order.UNDECIDED, universal=True, why=why, partial=partial, layered=True)
    found = universal(before.relation.cluster, after.relation.cluster, before.relation.profile)
    return replace(found, partial=partial, layered=layered)
