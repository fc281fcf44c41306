"""Which workloads are closed in which direction, how tightly, and what to do next.

Open means that any address or any namespace gets through on any port, whether or not a policy selects the workload.
What cannot be decided and what no policy can close count as open too, and are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import SUBJECT_ROLE
from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import Fact
from ringfence.model.cluster import WorkloadRef
from ringfence.model.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    NetworkPolicyRules,
    PodPeer,
    PodSelection,
    Rule,
    Tier,
)
from ringfence.model.provenance import Place
from ringfence.sets import addresses as ip
from ringfence.values import Value, field, replace
from ringfence.verdict.answers import LAYERS, FlowChange
from ringfence.verdict.default_deny import Doubt, Gap, Policies, gap
from ringfence.verdict.ends import Directory
from ringfence.verdict.openness import Openness, Peers, Scope, any_port
from ringfence.verdict.workloads import Workloads

DIRECTIONS = (Direction.INGRESS, Direction.EGRESS)

HOST_NETWORK = "it uses the network of its node, which NetworkPolicies do not police"
NOT_ENFORCED = "the network plugin enforces no policy for it"


TRANSPORT, REQUESTS, TOGETHER = "transport", "requests", "all"
MESH_LAYERS = (TRANSPORT, REQUESTS, TOGETHER)
"""Beside the network: whether a proof is asked for, who is authorized, and all layers together. Of TCP."""


class Status(StrEnum):
    """Of one direction of a workload, the worst last. Only ``closed`` counts as closed."""

    CLOSED = "closed"
    UNENFORCED = "unenforced"
    UNKNOWN = "unknown"
    OPEN = "open"


WORST = {status: number for number, status in enumerate(Status)}


class Side(Value):
    """One direction of a workload, or of some of its pods. ``isolated``: NetworkPolicies isolate it; None: perhaps."""

    status: Status
    isolated: bool | None
    scopes: tuple[Scope, ...]
    reason: str = ""


class WorkloadCoverage(Value):
    """Both directions of one workload; of pods that differ the worst counts."""

    name: str
    ref: WorkloadRef
    pods: int
    sides: Mapping[Direction, Side]
    place: Place | None = None
    mesh: Mapping[str, Side] = field(default_factory=dict)
    """In a mesh the ingress of each layer by itself, and of all together, by its name in ``MESH_LAYERS``."""


class Default(StrEnum):
    """What holds for any pod that a namespace could have, whatever labels it carries."""

    DENIED = "denied"
    OPEN = "open"
    UNKNOWN = "unknown"


class NamespaceDefault(Value):
    """The default of a namespace in one direction. ``labels``: of a pod that is open; ``why``: what opens it, or why it
    is not decided."""

    default: Default
    labels: Mapping[str, str] | None = None
    why: str = ""


class NamespaceCoverage(Value):
    """One namespace: its default in both directions, and how many of its workloads are closed. ``place``: its object,
    else the first policy or workload in it."""

    name: str
    defaults: Mapping[Direction, NamespaceDefault]
    workloads: int
    closed: Mapping[Direction, int]
    place: Place | None = None


class Step(Value):
    """Something to do next. ``closes``: how many workloads it closes in ``direction`` (``workloads`` are their names),
    in its ``layer``; ``manifest``: an object to add, where that is what to do. In the layers of a mesh ``flows`` is how
    many single flows clients lose by it, ``refused`` the first of them (``refused_left_out`` more are not listed)."""

    what: str
    namespace: str
    direction: Direction
    workloads: tuple[str, ...]
    place: Place | None = None
    manifest: Mapping[str, Any] | None = None
    layer: str = LAYERS[0]
    flows: int = 0
    refused: tuple[FlowChange, ...] = ()
    refused_left_out: int = 0

    @property
    def closes(self) -> int:
        """How many workloads."""
        return len(self.workloads)


class Coverage(Value):
    """All workloads that can have traffic, but those that ``exclude`` names. ``only``: of this namespace."""

    workloads: tuple[WorkloadCoverage, ...]
    namespaces: tuple[NamespaceCoverage, ...]
    steps: tuple[Step, ...]
    exclude: tuple[str, ...]
    excluded: int
    partial: bool = False
    only: str | None = None

    @property
    def total(self) -> int:
        """How many workloads count."""
        return len(self.workloads)

    def count(self, direction: Direction, status: Status = Status.CLOSED) -> int:
        """How many of them have a status."""
        return sum(one.sides[direction].status is status for one in self.workloads)

    @property
    def meshed(self) -> bool:
        """Whether there are other layers than the network."""
        return any(one.mesh for one in self.workloads)

    def layer_count(self, layer: str, status: Status = Status.CLOSED) -> int:
        """How many workloads have a status in one of ``MESH_LAYERS``."""
        return sum(one.mesh[layer].status is status for one in self.workloads)

    def layer_percent(self, layer: str) -> float:
        """The figure of one of ``MESH_LAYERS``."""
        return 100 * self.layer_count(layer) / self.total if self.workloads else 100.0

    @property
    def beyond_the_mesh(self) -> int:
        """How many workloads that all layers close for TCP are open for UDP or SCTP, which no mesh sees."""
        return sum(
            one.mesh[TOGETHER].status is Status.CLOSED and any(scope.open for scope in one.mesh[TOGETHER].scopes)
            for one in self.workloads
        )

    def within(self, namespace: str) -> Coverage:
        """Only what is of one namespace; everything was looked at nevertheless."""
        return replace(
            self,
            workloads=tuple(one for one in self.workloads if one.ref.namespace == namespace),
            namespaces=tuple(one for one in self.namespaces if one.name == namespace),
            steps=tuple(step for step in self.steps if step.namespace == namespace),
            only=namespace,
        )

    def with_steps_of(self, layer: str) -> Coverage:
        """The same with the steps of one layer only."""
        return replace(self, steps=tuple(step for step in self.steps if step.layer == layer))

    def percent(self, direction: Direction) -> float:
        """The figure: workloads closed in a direction, of all that count, times 100. 100 where there are none."""
        return 100 * self.count(direction) / self.total if self.workloads else 100.0


def default_deny(namespace: str, direction: Direction) -> NetworkPolicyRules:
    """The NetworkPolicy that isolates all pods of a namespace in one direction and allows nothing."""
    ingress = direction is Direction.INGRESS
    return NetworkPolicyRules(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        namespace,
        f"default-deny-{direction.value}",
        Tier.NETWORK_POLICY,
        PodSelection(namespace=namespace),
        () if ingress else None,
        None if ingress else (),
        Place(""),
    )


def manifest_of(namespace: str, direction: Direction) -> dict[str, Any]:
    """The same as an object."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"default-deny-{direction.value}", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": [direction.value.capitalize()]},
    }


LayerSides = Callable[[int], Mapping[str, Side]]
"""The sides of a class of pods in ``MESH_LAYERS``."""


class Surveyor:
    """Measures the coverage of one relation."""

    def __init__(
        self,
        relation: Relation,
        workloads: Workloads,
        directory: Directory,
        closing: Callable[[Surveyor], LayerSides] | None = None,
        next_steps: Callable[[Surveyor, list[WorkloadCoverage]], Iterable[Step]] | None = None,
    ) -> None:
        """``closing`` makes what measures the layers of a mesh, ``next_steps`` finds what to do there."""
        self._next_steps = next_steps
        self.relation = relation
        self.workloads = workloads
        self.directory = directory
        self.openness = Openness(relation)
        self._layers = None if closing is None else closing(self)
        self._sides: dict[tuple[object, ...], Side] = {}

    @cached_property
    def policies(self) -> Policies:
        """The policies in force, by namespace."""
        return Policies(self.relation, self.directory)

    @cached_property
    def policed(self) -> dict[Direction, bool | None]:
        """Whether the network plugin enforces NetworkPolicies in a direction."""
        answer = self.relation.profile.answer
        return {
            Direction.INGRESS: answer(Fact.NETWORK_POLICY_INGRESS),
            Direction.EGRESS: answer(Fact.NETWORK_POLICY_EGRESS),
        }

    def side(self, column: int, direction: Direction) -> Side:
        """One direction of a class of pods."""
        relation = self.relation
        key = relation.row(column, direction).key
        scopes = self.openness.scopes(column, direction)
        isolation = relation.rows.isolation(key.network_policy, direction)
        isolated = isolation if isinstance(isolation, bool) else None
        status, reason = self._beyond_policies(column, direction)
        known = (scopes, isolated, status, reason)
        found = self._sides.get(known)
        if found is None:
            if status is None:
                status, reason = self._judged(scopes)
            found = self._sides[known] = Side(status, isolated, scopes, reason)
        return found

    def _beyond_policies(self, column: int, direction: Direction) -> tuple[Status | None, str]:
        """The status of pods of which the policies of the input are not the ones to ask; None: they are."""
        relation = self.relation
        end = relation.universe.ends[column]
        if end.host_network and relation.conditions.host_network(False) != ALWAYS:
            return Status.UNENFORCED, HOST_NETWORK
        if self.policed[direction] is False or relation.conditions.enforced(end, SUBJECT_ROLE[direction]) is None:
            return Status.UNENFORCED, NOT_ENFORCED
        blind = relation.blind_namespaces
        if blind is None or (bool(blind) and end.namespace in blind):
            return Status.UNKNOWN, "a policy of a kind that is not modelled may close or open it"
        return None, ""

    def _judged(self, scopes: tuple[Scope, ...]) -> tuple[Status, str]:
        if self._together(scopes, False):
            return Status.OPEN, ""
        if self._together(scopes, True):
            return Status.UNKNOWN, "whether it is open hangs on what the input leaves open"
        return Status.CLOSED, ""

    @staticmethod
    def _together(scopes: tuple[Scope, ...], perhaps: bool) -> bool:
        """Whether the two wide scopes are open together: each only says the ports that a wider one does not."""
        ports = ip.merge(
            scope.ports
            for scope in scopes
            if scope.peers in (Peers.ADDRESS, Peers.NAMESPACE) and (perhaps or not scope.perhaps)
        )
        return any_port(ports)

    def workload(self, number: int) -> WorkloadCoverage:
        """Both directions of a workload: of its classes the worst."""
        columns = list(columns_of(self.workloads.masks[number]))
        sides = {
            direction: max((self.side(column, direction) for column in columns), key=lambda side: WORST[side.status])
            for direction in DIRECTIONS
        }
        mesh: Mapping[str, Side] = {}
        if self._layers is not None:
            told = [self._layers(column) for column in columns]
            mesh = {
                layer: max((one[layer] for one in told), key=lambda side: WORST[side.status]) for layer in MESH_LAYERS
            }
        ref = self.workloads.refs[number]
        name, place = self.workloads.texts[number], self._places[number]
        return WorkloadCoverage(name, ref, self._pods[number], sides, place, mesh)

    @cached_property
    def _pods(self) -> list[int]:
        counts = [0] * len(self.workloads.refs)
        for pod, number in zip(self.relation.cluster.pods, self.workloads.numbers, strict=True):
            counts[number] += pod.replicas
        return counts

    @cached_property
    def _places(self) -> list[Place | None]:
        places: list[Place | None] = [None] * len(self.workloads.refs)
        for pod, number in zip(self.relation.cluster.pods, self.workloads.numbers, strict=True):
            places[number] = places[number] or pod.place
        return places

    def default(self, namespace: str, direction: Direction) -> NamespaceDefault:
        """Whether every pod that a namespace could have is closed by default."""
        found = gap(self.policies, namespace, direction)
        if found is None:
            return NamespaceDefault(Default.DENIED)
        if isinstance(found, Doubt):
            return NamespaceDefault(Default.UNKNOWN, None, found.why)
        return NamespaceDefault(Default.OPEN, found.labels, _why(found))

    def _namespace_place(self, name: str, workloads: Iterable[WorkloadCoverage]) -> Place | None:
        own = self.relation.cluster.namespaces[name].place
        if own is not None:
            return own
        policies = self.policies.policies_by_namespace.get(name)
        if policies:
            return policies[0].policy.place
        return next((one.place for one in workloads), None)

    def coverage(self, exclude: Iterable[str] = (), partial: bool = False) -> Coverage:
        """The coverage. ``exclude``: ``NAMESPACE/NAME`` or ``NAMESPACE``, with ``*`` and ``?`` as in file names."""
        patterns = tuple(exclude)
        every = [self.workload(number) for number in range(len(self.workloads.refs))]
        kept = [one for one in every if not excluded(one, patterns)]
        by_namespace: dict[str, list[WorkloadCoverage]] = {}
        for one in kept:
            by_namespace.setdefault(one.ref.namespace, []).append(one)
        namespaces = tuple(
            NamespaceCoverage(
                name,
                {direction: self.default(name, direction) for direction in DIRECTIONS},
                len(own),
                {
                    direction: sum(one.sides[direction].status is Status.CLOSED for one in own)
                    for direction in DIRECTIONS
                },
                self._namespace_place(name, own),
            )
            for name in sorted(self.relation.cluster.namespaces)
            if (own := by_namespace.get(name, [])) or not _named_by(name, patterns)
        )
        steps = NextSteps(self, kept).found()
        if self._next_steps is not None:
            steps = tuple(sorted((*steps, *self._next_steps(self, kept)), key=_rank))
        return Coverage(
            tuple(sorted(kept, key=lambda one: one.name)),
            namespaces,
            steps,
            patterns,
            len(every) - len(kept),
            partial,
        )


def excluded(one: WorkloadCoverage, patterns: Iterable[str]) -> bool:
    """Whether a pattern names a workload or its namespace."""
    return any(
        fnmatchcase(one.name, pattern) if "/" in pattern else fnmatchcase(one.ref.namespace, pattern)
        for pattern in patterns
    )


def _named_by(namespace: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(namespace, pattern) for pattern in patterns if "/" not in pattern)


def _why(found: Gap) -> str:
    if found.opener is not None:
        return f"{found.opener.kind} {found.opener.full_name} lets everything pass"
    if found.outside_only:
        return "admin policies only keep pods apart, not addresses"
    return "no policy closes it"


def _rank(step: Step) -> tuple[object, ...]:
    layers = (*LAYERS, *MESH_LAYERS)
    return -step.closes, layers.index(step.layer), DIRECTIONS.index(step.direction), step.namespace, step.what


class NextSteps:
    """What would close most, and what cannot be closed by a policy."""

    def __init__(self, surveyor: Surveyor, workloads: Iterable[WorkloadCoverage]) -> None:
        self.surveyor = surveyor
        self.relation = surveyor.relation
        self.workloads = list(workloads)

    def found(self) -> tuple[Step, ...]:
        """Steps, those that close most first; ingress before egress where they close as many."""
        numbers = {text: number for number, text in enumerate(self.surveyor.workloads.texts)}
        gathered: dict[tuple[str, Direction, str], list[str]] = {}
        made: dict[tuple[str, Direction, str], Callable[[tuple[str, ...]], Step]] = {}
        pending: dict[tuple[str, Direction], list[tuple[str, int]]] = {}
        for one in self.workloads:
            for direction in DIRECTIONS:
                side = one.sides[direction]
                if side.status is Status.CLOSED:
                    continue
                namespace = one.ref.namespace
                if side.status is Status.UNENFORCED:
                    key = (namespace, direction, side.reason)
                    gathered.setdefault(key, []).append(one.name)
                    made[key] = (_host_step if side.reason == HOST_NETWORK else _plugin_step)(namespace, direction)
                    continue
                mask = self.surveyor.workloads.masks[numbers[one.name]]
                simple, rules = self._of_workload(mask, direction)
                if simple and side.status is Status.OPEN:
                    key = (namespace, direction, "deny")
                    gathered.setdefault(key, []).append(one.name)
                    made[key] = _deny_step(namespace, direction)
                elif rules:
                    policy, rule = rules[0]
                    key = (namespace, direction, f"{policy.kind} {policy.full_name} {rule.index}")
                    gathered.setdefault(key, []).append(one.name)
                    made[key] = _rule_step(namespace, direction, policy, rule)
                else:
                    pending.setdefault((namespace, direction), []).append((one.name, mask))
        for (namespace, direction), entries in pending.items():
            for name, closed in self._after_deny(namespace, direction, entries):
                key = (namespace, direction, "deny" if closed else "review")
                gathered.setdefault(key, []).append(name)
                made[key] = (_deny_step if closed else _review_step)(namespace, direction)
        steps = [make(tuple(sorted(gathered[key]))) for key, make in made.items()]
        return tuple(sorted(steps, key=_rank))

    def _of_workload(self, mask: int, direction: Direction) -> tuple[bool, list[tuple[NetworkPolicyRules, Rule]]]:
        """Whether a default deny is sure to close it (no policy has a say so far), and the rules that open it."""
        simple = True
        rules: list[tuple[NetworkPolicyRules, Rule]] = []
        for column in columns_of(mask):
            if self.surveyor.side(column, direction).status is Status.CLOSED:
                continue
            key = self.relation.row(column, direction).key
            if key.admin or key.baseline or key.network_policy:
                simple = False
            for index, condition in key.network_policy:
                policy = self.relation.policies[index].policy
                if condition == ALWAYS and direction not in policy.broken:
                    rules += [
                        (policy, rule) for rule in policy.rules(direction) or () if _opens(rule) and not key.admin
                    ]
        return simple, rules

    def _after_deny(
        self, namespace: str, direction: Direction, entries: list[tuple[str, int]]
    ) -> list[tuple[str, bool]]:
        """Whether a default deny would close each of these workloads, by the engine."""
        changed = self.relation.change((), [default_deny(namespace, direction)], self.relation.cluster)
        after = Surveyor(changed, self.surveyor.workloads, self.surveyor.directory)
        return [
            (name, all(after.side(column, direction).status is Status.CLOSED for column in columns_of(mask)))
            for name, mask in entries
        ]


def _opens(rule: Rule) -> bool:
    """Whether a rule alone lets any address or any namespace pass on any port."""
    if rule.action is not Action.ALLOW:
        return False
    if rule.ports is not None and not any(
        match.name is None and (match.last - match.first + 1) * 2 > 65535 for match in rule.ports
    ):
        return False
    blocks = ip.merge(peer.addresses for peer in rule.peers if isinstance(peer, AddressPeer))
    for line in (ip.EVERY_IPV4, ip.EVERY_IPV6):
        internet = ip.intersect(ip.INTERNET, line)
        if ip.size(ip.intersect(blocks, internet)) * 2 > ip.size(internet):
            return True
    return any(
        isinstance(peer, AnyPeer)
        or (
            isinstance(peer, PodPeer)
            and peer.selection.namespaces is not None
            and all(
                one.operator != "In"
                for one in (*peer.selection.namespaces.requirements, *peer.selection.pods.requirements)
            )
        )
        for peer in rule.peers
    )


def _deny_step(namespace: str, direction: Direction) -> Callable[[tuple[str, ...]], Step]:
    word = direction.value
    return lambda names: Step(
        f"add a default deny of {word} to namespace {namespace}, then allow what is needed",
        namespace,
        direction,
        names,
        None,
        manifest_of(namespace, direction),
    )


def _rule_step(
    namespace: str, direction: Direction, policy: NetworkPolicyRules, rule: Rule
) -> Callable[[tuple[str, ...]], Step]:
    word = direction.value
    return lambda names: Step(
        f"name the peers and ports of {word} rule {rule.index} of {policy.kind} {policy.full_name}",
        namespace,
        direction,
        names,
        rule.place,
    )


def _host_step(namespace: str, direction: Direction) -> Callable[[tuple[str, ...]], Step]:
    return lambda names: Step(
        f"take the pods off the network of their nodes (hostNetwork), or police {direction.value} on the nodes",
        namespace,
        direction,
        names,
    )


def _plugin_step(namespace: str, direction: Direction) -> Callable[[tuple[str, ...]], Step]:
    return lambda names: Step(
        f"use a network plugin (or a mode of it) that enforces policies for these pods ({direction.value})",
        namespace,
        direction,
        names,
    )


def _review_step(namespace: str, direction: Direction) -> Callable[[tuple[str, ...]], Step]:
    return lambda names: Step(
        f"look at what admin and network policies together let through ({direction.value}): "
        "a default deny is not enough",
        namespace,
        direction,
        names,
    )
