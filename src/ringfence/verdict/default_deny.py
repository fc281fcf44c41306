"""Is every pod that a namespace could have cut off by default? A proof over all sets of labels, not a count of
policies.

A pod is *closed* in a direction if a NetworkPolicy that governs the direction selects it, or if an admin policy
selects it and denies every peer. Closing policies are told apart only by their pod selectors, so the question is
whether some set of labels escapes all of them (``sets.label_search``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import SUBJECT_ROLE, CompiledPolicy
from ringfence.layers.network.relation import Relation, evaluation_order
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
from ringfence.sets import addresses as ip
from ringfence.sets.label_search import STAND_IN, UndecidedError, escaping
from ringfence.sets.labels import Selector


@dataclass(frozen=True, slots=True)
class Gap:
    """Labels of a pod that would not be closed. ``outside_only``: admin policies keep pods out, not addresses.
    ``opener``: the policy that selects it and lets everything pass; None: nothing closes it."""

    labels: Mapping[str, str]
    outside_only: bool = False
    opener: NetworkPolicyRules | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """It cannot be decided; why."""

    why: str


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies in force by namespace; None: those of the whole cluster, in order of evaluation."""

    relation: Relation
    by_namespace: Mapping[str | None, Sequence[CompiledPolicy]] = field(repr=False)

    @staticmethod
    def of(relation: Relation) -> Policies:
        """The index of a relation."""
        found: dict[str | None, list[CompiledPolicy]] = {}
        for compiled in relation.active():
            found.setdefault(compiled.policy.namespace, []).append(compiled)
        if None in found:
            found[None].sort(key=evaluation_order)
        return Policies(relation, found)


@dataclass(frozen=True, slots=True)
class _Closer:
    selector: Selector
    doubt: str = ""
    """Not empty: whether it closes is not known; why."""
    only_pods: bool = False


def gap(policies: Policies, namespace: str, direction: Direction) -> Gap | Doubt | None:
    """A pod of the namespace that is open by default in the direction; None: there cannot be one."""
    blind = policies.relation.blind_namespaces
    if blind is None or namespace in blind:
        return Doubt("policies of a kind that is not modelled may close it")
    opener = _admin_opener(policies, namespace, direction)
    if isinstance(opener, Doubt):
        return opener
    if opener is not None:
        return Gap({}, opener=opener)
    closers = list(_closers(policies, namespace, direction))
    try:
        found = _uncovered(closers)
        if found is not None:
            return found
        opener_of_all = _opener(policies, namespace, direction)
        if opener_of_all is not None:
            return opener_of_all
        beyond = _uncovered([closer for closer in closers if not closer.only_pods])
    except UndecidedError:
        return Doubt("the selectors of its policies are too many and too entangled to be decided")
    return Gap(beyond.labels, outside_only=True) if isinstance(beyond, Gap) else beyond


def _uncovered(closers: list[_Closer]) -> Gap | Doubt | None:
    labels = escaping(closer.selector for closer in closers)
    if labels is not None:
        return Gap(labels)
    sure = [closer for closer in closers if not closer.doubt]
    if len(sure) < len(closers) and escaping(closer.selector for closer in sure) is not None:
        return Doubt(next(closer.doubt for closer in closers if closer.doubt))
    return None


def _closers(policies: Policies, namespace: str, direction: Direction) -> Iterator[_Closer]:
    for compiled in policies.by_namespace.get(namespace, ()):
        policy = compiled.policy
        if policy.tier is Tier.NETWORK_POLICY and compiled.governs(direction):
            doubt = f"the API server rejects {policy.kind} {policy.full_name} as it is written"
            yield _Closer(policy.subject.pods, doubt if direction in policy.broken else "")
    passed: dict[Tier, str] = {}
    cluster_wide = [one for one in policies.by_namespace.get(None, ()) if one.governs(direction)]
    for compiled in cluster_wide:
        policy = compiled.policy
        reaches = _reaches(policies, policy, namespace, direction)
        if reaches is None:
            continue
        if direction in policy.broken:
            yield _Closer(policy.subject.pods, f"the API server rejects {policy.kind} {policy.full_name}")
            continue
        doubt = reaches or passed.get(policy.tier, "")
        verdict = _first_for_all(policy, direction)
        if verdict is None:
            continue
        action, only_pods = verdict
        if action is Action.DENY:
            yield _Closer(policy.subject.pods, doubt, only_pods)
        else:
            word = "passes" if action is Action.PASS else "allows"
            passed[policy.tier] = f"{policy.kind} {policy.full_name} {word} everything before others deny it"


def _reaches(policies: Policies, policy: NetworkPolicyRules, namespace: str, direction: Direction) -> str | None:
    """Empty: an admin policy selects the namespace; a doubt: perhaps; None: it does not."""
    subject = policy.subject
    if subject.namespaces is None:
        return "" if subject.namespace in (None, namespace) else None
    condition = policies.relation.conditions.namespace(subject.namespaces, namespace, SUBJECT_ROLE[direction])
    if condition is None:
        return None
    if condition == ALWAYS:
        return ""
    return f"the labels of namespace {namespace} decide whether {policy.kind} {policy.name} selects it"


def _first_for_all(policy: NetworkPolicyRules, direction: Direction) -> tuple[Action, bool] | None:
    """What the first rule does that holds for every pod, on every port, and whether it holds for pods only; rules
    before it are exceptions that somebody meant."""
    for rule in policy.rules(direction) or ():
        if rule.ports is None and _holds_every_pod(rule):
            return rule.action, not _holds_every_address(rule)
    return None


def _holds_every_pod(rule: Rule) -> bool:
    return any(isinstance(peer, AnyPeer) or _is_every_pod(peer) for peer in rule.peers)


def _is_every_pod(peer: object) -> bool:
    if not isinstance(peer, PodPeer):
        return False
    selection: PodSelection = peer.selection
    everywhere = selection.namespaces is not None and not selection.namespaces.requirements
    return everywhere and not selection.pods.requirements


def _holds_every_address(rule: Rule) -> bool:
    if any(isinstance(peer, AnyPeer) for peer in rule.peers):
        return True
    blocks = ip.merge(peer.addresses for peer in rule.peers if isinstance(peer, AddressPeer))
    return not ip.subtract(ip.EVERY_ADDRESS, blocks)


def opens_everything(policy: NetworkPolicyRules, direction: Direction) -> Rule | None:
    """The rule with which a NetworkPolicy lets every pod, or simply everything, pass on every port."""
    for rule in policy.rules(direction) or ():
        if rule.ports is None and rule.action is Action.ALLOW and _holds_every_pod(rule):
            return rule
    return None


def _opener(policies: Policies, namespace: str, direction: Direction) -> Gap | None:
    """A NetworkPolicy that lets everything pass for pods that nobody singled out: its selector names no value that
    a pod must have."""
    for compiled in policies.by_namespace.get(namespace, ()):
        policy = compiled.policy
        requirements = policy.subject.pods.requirements
        if (
            policy.tier is Tier.NETWORK_POLICY
            and direction not in policy.broken
            and opens_everything(policy, direction) is not None
            and all(requirement.operator != "In" for requirement in requirements)
        ):
            wanted = {one.key: STAND_IN for one in requirements if one.operator == "Exists"}
            if policy.subject.pods.matches(wanted):
                return Gap(wanted, opener=policy)
    return None


def _admin_opener(policies: Policies, namespace: str, direction: Direction) -> NetworkPolicyRules | Doubt | None:
    """An admin policy that allows everything to every pod of the namespace, before any NetworkPolicy is asked."""
    cluster_wide = [one for one in policies.by_namespace.get(None, ()) if one.policy.tier is Tier.ADMIN]
    before = ""
    for compiled in cluster_wide:
        policy = compiled.policy
        reaches = _reaches(policies, policy, namespace, direction)
        verdict = _first_for_all(policy, direction)
        if reaches is None or verdict is None or direction in policy.broken or policy.subject.pods.requirements:
            continue
        doubt = reaches or before
        if verdict[0] is Action.ALLOW:
            return Doubt(doubt) if doubt else policy
        if not doubt:
            return None
        before = doubt
    return None
