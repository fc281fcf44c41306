"""Policies that change nothing by themselves: they let everything pass for pods that nothing else closes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.policies import CompiledPolicy
from ringfence.layers.network.relation import ChangedRelation, evaluation_order
from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import Action, AnyPeer, Direction, NetworkPolicyRules, Tier
from ringfence.rules.coverage import Selectors
from ringfence.rules.openness import fixed_ports
from ringfence.rules.situation import Situation
from ringfence.sets.labels import Selector
from ringfence.sets.ports import EVERYTHING, canonical
from ringfence.verdict.difference import PolicyChange


def selectors_of(situation: Situation) -> Selectors:
    """Compares selectors; a namespace's labels are those of its object."""
    known = situation.cluster.namespaces

    def surely(selector: Selector, name: str) -> bool:
        namespace = known.get(name)
        labels: Mapping[str, str] = namespace.labels if namespace is not None else {}
        complete = namespace is not None and not namespace.open_labels
        wanted = selectors.wanted(selector)
        return all(
            allowed.has(name if key == NAME_LABEL else labels.get(key)) and (complete or key == NAME_LABEL)
            for key, allowed in wanted.items()
        )

    selectors = Selectors(surely)
    return selectors


def vacuous(situation: Situation) -> Mapping[int, str]:
    """The policies that change nothing, by index, each with why."""
    found: dict[int, str] = {}
    selectors = selectors_of(situation)
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.broken:
            continue
        if policy.tier is Tier.NETWORK_POLICY:
            if _lets_everything_pass(policy) and _nothing_else_closes(situation, selectors, compiled):
                found[compiled.index] = "it lets everything pass for pods that no other policy closes"
        else:
            why = _idle(situation, compiled)
            if why:
                found[compiled.index] = why
    return found


def _governed(policy: NetworkPolicyRules) -> Iterator[Direction]:
    return (direction for direction in Direction if policy.rules(direction) is not None)


def _lets_everything_pass(policy: NetworkPolicyRules) -> bool:
    return all(_is_open(policy, direction) for direction in _governed(policy))


def _is_open(policy: NetworkPolicyRules, direction: Direction) -> bool:
    whole = [rule for rule in policy.rules(direction) or () if any(isinstance(peer, AnyPeer) for peer in rule.peers)]
    return bool(whole) and canonical(span for rule in whole for span in fixed_ports(rule)) == EVERYTHING


def _nothing_else_closes(situation: Situation, selectors: Selectors, compiled: CompiledPolicy) -> bool:
    """Whether no pod that there could be is closed by another policy and opened by this one."""
    policy = compiled.policy
    for direction in _governed(policy):
        for other in situation.policies_by_namespace.get(policy.namespace, ()):
            if (
                other is not compiled
                and other.governs(direction)
                and not (not other.policy.broken and _is_open(other.policy, direction))
                and selectors.meet(other.policy.subject.pods, policy.subject.pods)
            ):
                return False
        if any(one.policy.tier is Tier.BASELINE and one.governs(direction) for one in _cluster_wide(situation)):
            return False
    return unchanged(situation, {compiled.index: None})


def _cluster_wide(situation: Situation) -> tuple[CompiledPolicy, ...]:
    return situation.policies_by_namespace.get(None, ())


def _idle(situation: Situation, compiled: CompiledPolicy) -> str:
    """Why an admin policy changes nothing; empty: it does, or that is not proved."""
    policy = compiled.policy
    actions = {rule.action for direction in Direction for rule in policy.rules(direction) or ()}
    if not actions:
        return "it has no rules"
    tier = [one for one in _cluster_wide(situation) if one.policy.tier is policy.tier]
    if policy.tier is Tier.BASELINE:
        alone = len(tier) == 1 and actions == {Action.ALLOW}
        return "it only allows, and nothing is denied after it" if alone else ""
    order = evaluation_order(compiled)[0]
    last = all(one is compiled or evaluation_order(one)[0] < order for one in tier)
    return "it only passes on, and no admin policy comes after it" if last and actions == {Action.PASS} else ""


def unchanged(situation: Situation, changes: Mapping[int, NetworkPolicyRules | None]) -> bool:
    """Whether the relation of the input is the same after policies (by index) went, or others took their places: the
    engine's word."""
    relation = situation.relation
    added = [policy for policy in changes.values() if policy is not None]
    changed = relation.change(changes, added, situation.cluster)
    if not isinstance(changed, ChangedRelation):
        return False
    if all(
        relation.row(column, direction) is changed.row(column, direction)
        or set(relation.row(column, direction).parts) == set(changed.row(column, direction).parts)
        for direction in Direction
        for column in columns_of(changed.affected[direction])
    ):
        return True
    return next(PolicyChange(relation, changed).pairs(), None) is None


def selects_nothing(situation: Situation, compiled: CompiledPolicy) -> bool:
    """Whether a policy selects no pod of the input although it has workloads: NP-005 finds that."""
    policy = compiled.policy
    if not (policy.subject.pods.requirements or (policy.subject.namespaces or Selector()).requirements):
        return False
    if policy.namespace is not None and not situation.has_workloads(policy.namespace):
        return False
    return not any(
        mask for direction in Direction if compiled.governs(direction) for mask in compiled.subjects(direction).values()
    )
