"""Two states of a cluster, with their objects: what ``diff`` and ``equivalent`` compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Opaque
from ringfence.model.policy import Direction
from ringfence.model.provenance import Manifest
from ringfence.values import Value, replace
from ringfence.verdict.altered import Altered, Objects, PolicyChange, altered_policies, other_altered
from ringfence.verdict.attribution import Attribution
from ringfence.verdict.changes import Diff, NotCompared
from ringfence.verdict.comparing import Comparison
from ringfence.verdict.diffing import diff
from ringfence.verdict.equivalence import Equivalence, Order, Ordering
from ringfence.verdict.universal import universal
from ringfence.verdict.ways_in.differences import WAY_KINDS

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


class State(Value, dict=True):
    """One state. ``partial``: some of its input was not read."""

    relation: Relation
    read: Callable[[], Iterable[Manifest]]
    partial: bool = False

    @cached_property
    def objects(self) -> Objects:
        """Its objects by what they are."""
        return Objects.of(self.read())


class States:
    """Two states, and what of their objects differs."""

    def __init__(self, before: State, after: State) -> None:
        self.before, self.after = before, after

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
        return Comparison(self.before.relation, self.after.relation, self.other_facts)

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
            tuple(self.not_compared()),
            level,
            limit,
            self.before.partial or self.after.partial,
        )

    def equivalent(self) -> Equivalence:
        """Which of the two allows more, in this cluster."""
        partial = self.before.partial or self.after.partial
        why = tuple(self.not_compared())
        found = Ordering(self.comparison).compare()
        if found.order is not Order.UNDECIDED:
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


def equivalent(before: State, after: State, everywhere: bool) -> Equivalence:
    """The order of two states; ``everywhere``: of their policies in every possible cluster."""
    if not everywhere:
        return States(before, after).equivalent()
    found = universal(before.relation.cluster, after.relation.cluster, before.relation.profile)
    return replace(found, partial=before.partial or after.partial)
