"""Is every pod that a namespace could have cut off by default? A proof over all sets of labels, not a count of
policies.

A pod is *closed* in a direction if a NetworkPolicy that governs the direction selects it, or if an admin policy
selects it and denies every peer. Closing policies are told apart only by their pod selectors, so the question is
whether some set of labels escapes all of them (``sets.label_search``). What the search finds open is asked of the
engine before anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import SUBJECT_ROLE, CompiledPolicy
from ringfence.layers.network.relation import OPPOSITE, Relation, evaluation_order
from ringfence.layers.profiles import Fact
from ringfence.model.policy import Action, Direction, NetworkPolicyRules, Tier
from ringfence.sets.label_search import STAND_IN, Demand, UndecidedError, meeting, ways_in, ways_out
from ringfence.sets.labels import Selector
from ringfence.values import Value, replace
from ringfence.verdict.ends import Directory, EndError, Target
from ringfence.verdict.sweeping import holds_every_address, opens_everything, sweep

OUTSIDE = "internet"
STRANGER = "@stranger"
"""A pod without labels in a namespace that the input does not have."""


class Ground(Protocol):
    """What the proof asks: a relation, its policies by namespace (None: those of the whole cluster), and ends by
    name."""

    @property
    def relation(self) -> Relation:
        """The relation."""

    @property
    def policies_by_namespace(self) -> Mapping[str | None, Sequence[CompiledPolicy]]:
        """The policies in force."""

    def target(self, text: str) -> Target:
        """An end by its name. Raises EndError."""


class Policies:
    """The ground of one relation, with indexes made when they are first asked for."""

    def __init__(self, relation: Relation, directory: Directory) -> None:
        self.relation = relation
        self.directory = directory

    @cached_property
    def policies_by_namespace(self) -> Mapping[str | None, Sequence[CompiledPolicy]]:
        """The policies in force by namespace; None: those of the whole cluster."""
        found: dict[str | None, list[CompiledPolicy]] = {}
        for compiled in self.relation.active():
            found.setdefault(compiled.policy.namespace, []).append(compiled)
        return found

    def target(self, text: str) -> Target:
        """An end by its name. Raises EndError."""
        return self.directory.find(text)


def labels_text(labels: Mapping[str, str], namespace: str) -> str:
    """A pod that does not exist, as ``can`` takes it: ``app=web,tier=front@shop``; ``@shop`` has no labels."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) + f"@{namespace}"


class Gap(Value):
    """Labels of a pod that would not be closed. ``outside_only``: admin policies keep pods out, not addresses.
    ``opener``: the policy that selects it and lets everything pass; None: nothing closes it."""

    labels: Mapping[str, str]
    outside_only: bool = False
    opener: NetworkPolicyRules | None = None


class Doubt(Value):
    """It cannot be decided; why."""

    why: str


class _Closer(Value):
    selector: Selector
    doubt: str = ""
    """Not empty: whether it closes is not known; why."""
    only_pods: bool = False
    admin: bool = False
    """Of the Admin tier: no NetworkPolicy opens what it closes."""
    exceptions: tuple[Selector, ...] = ()
    """Pods that one of these matches are not closed."""

    def escape(self) -> Demand:
        """The ways for a pod not to be closed by it."""
        return (*ways_out(self.selector), *(way for one in self.exceptions for way in ways_in(one)))


def gap(ground: Ground, namespace: str, direction: Direction) -> Gap | Doubt | None:
    """A pod of the namespace that is open by default in the direction; None: there cannot be one."""
    blind = ground.relation.blind_namespaces
    if blind is None or namespace in blind:
        return Doubt("policies of a kind that is not modelled may close it")
    try:
        found = _gap(ground, namespace, direction)
    except UndecidedError:
        return Doubt("the selectors of its policies are too many and too entangled to be decided")
    if not isinstance(found, Gap):
        return found
    try:
        return _confirmed(ground, found, namespace, direction)
    except EndError as error:
        # A namespace or a label whose name no API server takes.
        return Doubt(str(error))


def _gap(ground: Ground, namespace: str, direction: Direction) -> Gap | Doubt | None:
    opener = _admin_opener(ground, namespace, direction)
    if isinstance(opener, Doubt):
        return opener
    if opener is not None:
        return Gap({}, opener=opener)
    closers = list(dict.fromkeys(_closers(ground, namespace, direction)))
    return (
        _uncovered(closers)
        or _opened(ground, closers, namespace, direction)
        or _beyond(_uncovered([closer for closer in closers if not closer.only_pods]))
    )


def _beyond(found: Gap | Doubt | None) -> Gap | Doubt | None:
    return replace(found, outside_only=True) if isinstance(found, Gap) else found


def _uncovered(closers: list[_Closer]) -> Gap | Doubt | None:
    labels = meeting(closer.escape() for closer in closers)
    if labels is not None:
        return Gap(labels)
    sure = [closer for closer in closers if not closer.doubt]
    if len(sure) < len(closers) and meeting(closer.escape() for closer in sure) is not None:
        return Doubt(next(closer.doubt for closer in closers if closer.doubt))
    return None


def _closers(ground: Ground, namespace: str, direction: Direction) -> Iterator[_Closer]:
    for compiled in ground.policies_by_namespace.get(namespace, ()):
        policy = compiled.policy
        if policy.tier is Tier.NETWORK_POLICY and compiled.governs(direction):
            rejected = f"the API server rejects {policy.kind} {policy.full_name} as it is written"
            doubt = rejected if direction in policy.broken else _open_effect(compiled, direction)
            yield _Closer(policy.subject.pods, doubt)
    admin = _admin_policies(ground, namespace, direction)
    for one in admin:
        if one.broken:
            yield _Closer(one.policy.subject.pods, one.broken)
        elif one.action is Action.DENY:
            doubt = one.doubt or _undone(one, admin)
            only_pods = one.addresses is not Action.DENY
            if one.policy.tier is Tier.ADMIN:
                yield _Closer(one.policy.subject.pods, doubt, only_pods, admin=True)
            else:
                closer = _Closer(one.policy.subject.pods, doubt, only_pods)
                yield from _baseline(ground, closer, namespace, direction)


class _AdminPolicy(Value):
    """A policy of administrators that selects a namespace: what it does to every pod and every address, on every port.
    ``broken``: not empty where the API server rejects it, so that it may do anything."""

    policy: NetworkPolicyRules
    action: Action | None
    addresses: Action | None
    doubt: str
    broken: str = ""


def _admin_policies(ground: Ground, namespace: str, direction: Direction) -> list[_AdminPolicy]:
    """In order of evaluation."""
    found = []
    cluster_wide = [one for one in ground.policies_by_namespace.get(None, ()) if one.governs(direction)]
    for compiled in sorted(cluster_wide, key=evaluation_order):
        policy = compiled.policy
        reaches = _reaches(ground, policy, namespace, direction)
        if reaches is None:
            continue
        broken = f"the API server rejects {policy.kind} {policy.full_name}" if direction in policy.broken else ""
        action, addresses, doubt = _sweep(ground, policy, direction)
        doubt = reaches or doubt or _open_effect(compiled, direction)
        found.append(_AdminPolicy(policy, action, addresses, doubt, broken))
    return found


def _open_effect(compiled: CompiledPolicy, direction: Direction) -> str:
    """Why it is not known whether a policy has any effect; empty where it has."""
    if compiled.effect(direction) == ALWAYS:
        return ""
    policy = compiled.policy
    return f"whether the network plugin enforces {policy.kind} {policy.full_name} is open under the profile"


def _undone(one: _AdminPolicy, admin: list[_AdminPolicy]) -> str:
    """Why what a policy denies may come too late: another of its tier may decide before, or as early."""
    policy = one.policy
    for other in admin:
        before = (other.policy.priority or 0) <= (policy.priority or 0)
        if other is one or other.policy.tier is not policy.tier or not (before or other.broken):
            continue
        if other.broken:
            return other.broken
        if other.action in (Action.ALLOW, Action.PASS):
            word = "passes" if other.action is Action.PASS else "allows"
            return f"{other.policy.kind} {other.policy.full_name} {word} everything before others deny it"
    return ""


def _sweep(
    ground: Ground, policy: NetworkPolicyRules, direction: Direction
) -> tuple[Action | None, Action | None, str]:
    """What an admin policy does to every pod and to every address, with a doubt."""
    found = sweep(policy, direction, ground.relation.cluster.families)
    if found.pods is not None or found.by_networks is None:
        return found.pods, found.addresses, ""
    matches = ground.relation.profile.answer(Fact.NETWORKS_MATCH_PODS)
    if matches is False:
        return None, found.addresses, ""
    doubt = "" if matches else "network plugins differ in whether the networks of a policy match pods"
    return found.by_networks, found.addresses, doubt


def _baseline(ground: Ground, closer: _Closer, namespace: str, direction: Direction) -> Iterator[_Closer]:
    """A policy of the Baseline tier: whether it holds for a pod that NetworkPolicies isolate in the other direction
    only is the profile's to say."""
    each = ground.relation.profile.answer(Fact.BASELINE_PER_DIRECTION)
    if each:
        yield closer
        return
    opposite = OPPOSITE[direction]
    others = [
        compiled.policy
        for compiled in ground.policies_by_namespace.get(namespace, ())
        if compiled.policy.tier is Tier.NETWORK_POLICY and compiled.governs(opposite)
    ]
    yield replace(closer, exceptions=tuple(policy.subject.pods for policy in others))
    if each is None:
        why = "network plugins differ in whether Baseline applies to a direction that no NetworkPolicy isolates"
        yield replace(closer, doubt=closer.doubt or why)
    elif any(opposite in policy.broken for policy in others):
        sound = tuple(policy.subject.pods for policy in others if opposite not in policy.broken)
        why = "the API server rejects a NetworkPolicy that would switch Baseline off"
        yield replace(closer, doubt=closer.doubt or why, exceptions=sound)


def _reaches(ground: Ground, policy: NetworkPolicyRules, namespace: str, direction: Direction) -> str | None:
    """Empty: an admin policy selects the namespace; a doubt: perhaps; None: it does not."""
    subject = policy.subject
    if subject.namespaces is None:
        return "" if subject.namespace in (None, namespace) else None
    condition = ground.relation.conditions.namespace(subject.namespaces, namespace, SUBJECT_ROLE[direction])
    if condition is None:
        return None
    if condition == ALWAYS:
        return ""
    return f"the labels of namespace {namespace} decide whether {policy.kind} {policy.name} selects it"


def _opened(ground: Ground, closers: list[_Closer], namespace: str, direction: Direction) -> Gap | Doubt | None:
    """A NetworkPolicy that lets everything pass for pods that nobody singled out: its selector names no value that a
    pod must have."""
    before = [closer for closer in closers if closer.admin]
    for compiled in ground.policies_by_namespace.get(namespace, ()):
        policy = compiled.policy
        rule = opens_everything(policy, direction) if policy.tier is Tier.NETWORK_POLICY else None
        requirements = policy.subject.pods.requirements
        if rule is None or direction in policy.broken or any(one.operator == "In" for one in requirements):
            continue
        selected = ways_in(policy.subject.pods)
        labels = meeting([selected, *(closer.escape() for closer in before)])
        if labels is not None:
            return Gap(_plain(policy, labels), opener=policy)
        if holds_every_address(rule.peers):
            labels = meeting([selected, *(closer.escape() for closer in before if not closer.only_pods)])
            if labels is not None:
                return Gap(labels, outside_only=True, opener=policy)
    return None


def _plain(policy: NetworkPolicyRules, labels: Mapping[str, str]) -> Mapping[str, str]:
    """The simplest labels that a policy selects, where they are among those that were found."""
    wanted = {one.key: STAND_IN for one in policy.subject.pods.requirements if one.operator == "Exists"}
    return wanted if wanted == labels else labels


def _admin_opener(ground: Ground, namespace: str, direction: Direction) -> NetworkPolicyRules | Doubt | None:
    """An admin policy that allows everything to every pod of the namespace, before any NetworkPolicy is asked."""
    admin = [
        one
        for one in _admin_policies(ground, namespace, direction)
        if one.policy.tier is Tier.ADMIN and (one.broken or not one.policy.subject.pods.requirements)
    ]
    for one in admin:
        if one.broken:
            return Doubt(one.broken)
    for one in admin:
        if one.action is not Action.ALLOW:
            continue
        priority = one.policy.priority or 0
        before = [other for other in admin if other.action in (Action.DENY, Action.PASS)]
        if any(not other.doubt and (other.policy.priority or 0) < priority for other in before):
            return None
        doubt = one.doubt or next((_tie(other) for other in before if (other.policy.priority or 0) <= priority), "")
        return Doubt(doubt) if doubt else one.policy
    return None


def _tie(other: _AdminPolicy) -> str:
    return other.doubt or f"{other.policy.kind} {other.policy.full_name} has the same priority, and says otherwise"


def _confirmed(ground: Ground, found: Gap, namespace: str, direction: Direction) -> Gap | Doubt:
    """The gap, if the engine lets a stranger through in this direction: admin policies may deny much, though not
    everything at once."""
    pod = labels_text(found.labels, namespace)
    possible = False
    others = (OUTSIDE,) if found.outside_only else (STRANGER, f"@{namespace}", OUTSIDE)
    for other in others:
        for surely, perhaps in one_way(ground, pod, other, direction):
            if surely:
                return found
            possible = possible or perhaps
    if possible:
        return Doubt("whether admin policies close it hangs on facts that the input does not give")
    return Doubt("admin policies deny what was tried of a pod that nothing else closes, rule by rule")


def one_way(ground: Ground, pod: str, other: str, direction: Direction) -> Iterator[tuple[bool, bool]]:
    """For each kind of other end: is any port open in one direction of a pod, whatever the policies of the other end
    say? (surely, perhaps)."""
    relation = ground.relation
    subject = relation.end_class(ground.target(pod).members[0].end)
    for member in ground.target(other).members:
        peer = relation.end_class(member.end)
        program = relation.program(subject, peer, direction)
        families, _ = relation.families(subject, peer)
        if not families:
            continue
        meeting_of = Meeting(families, peer.namespace is not None and peer.namespace == subject.namespace, None)
        programs = (program, 0) if direction is Direction.EGRESS else (0, program)
        cell = relation.cells.cell(*programs, meeting_of)
        yield bool(cell.sure), bool(cell.possible)
