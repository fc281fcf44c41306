"""The policy selects no pod.

## What is checked

Whether a policy selects at least one pod of the input. NetworkPolicies are held against the pods and pod templates of
their namespace, admin policies against those of all namespaces.

## Why this is bad

A policy that selects nothing does nothing, and looks like protection. Mostly a label is misspelt, a workload was
renamed, or the policy is in the wrong namespace: a NetworkPolicy without `metadata.namespace` is in `default`.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: databse}}
```

Use instead the label that the pods have:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: database}}
```

## How to fix it

Compare the selector with the labels of the pod template (not those of the Deployment itself). If the workload is gone,
delete the policy.

## Limits

A policy with an empty `podSelector` is meant for pods to come and is not found, unless it is an admin policy and no
namespace has the labels that it selects. Where the input has no workload
of the namespace at all, the rule cannot be evaluated: the workloads may be in another repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.facts import ALWAYS
from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.nearest import nearest_label
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model.policy import NetworkPolicyRules
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation
    from ringfence.sets.labels import Selector

OPEN = "whether it selects a pod hangs on labels that the input does not give"

RULE = Rule(
    id="NP-005",
    slug="policy-selects-nothing",
    title="The policy selects no pod",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=(
        "kube-linter:dangling-networkpolicy",
        "kube-score:networkpolicy-targets-pod",
        "kubescape:C-0299",
        "popeye:1200",
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy that selects no pod."""
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.broken:
            continue
        if policy.subject.pods.requirements:
            yield from _pods(situation, compiled)
        elif policy.subject.namespaces is not None and policy.subject.namespaces.requirements:
            yield from _namespaces(situation, policy, policy.subject.namespaces)


def _pods(situation: Situation, compiled: CompiledPolicy) -> Iterator[Result]:
    policy = compiled.policy
    subject = policy_subject(policy)
    place = policy.subject_place or policy.place
    if not (situation.has_workloads(policy.namespace) if policy.namespace else situation.cluster.pods):
        where = f"of namespace {policy.namespace}" if policy.namespace else "of any namespace"
        yield NotEvaluable(RULE.id, subject, f"the input has no workloads {where}", place)
        return
    selected = situation.subjects(compiled)
    if any(selected.values()):
        return
    if selected:
        yield NotEvaluable(RULE.id, subject, OPEN, place)
        return
    where = f"pod of {policy.namespace}" if policy.namespace else "pod"
    wanted = _wanted(policy)
    yield Finding(
        RULE.id,
        f"{subject} selects no {where}: none has {wanted}",
        place,
        subject,
        (wanted,),
        fix=_nearest(situation, compiled) or "compare the selector with the labels of the pod templates",
    )


def _wanted(policy: NetworkPolicyRules) -> str:
    namespaces = policy.subject.namespaces
    if namespaces is None or not namespaces.requirements:
        return str(policy.subject.pods)
    return f"{policy.subject.pods} in namespaces with {namespaces}"


def _namespaces(situation: Situation, policy: NetworkPolicyRules, selector: Selector) -> Iterator[Result]:
    """A policy for all pods of some namespaces, pods to come included: there must be such a namespace."""
    subject = policy_subject(policy)
    place = policy.subject_place or policy.place
    conditions = situation.relation.conditions
    found = [conditions.namespace(selector, name, "dst") for name in situation.cluster.namespaces]
    if ALWAYS in found:
        return
    if not found or any(condition is not None for condition in found):
        yield NotEvaluable(RULE.id, subject, OPEN if found else "the input has no namespaces", place)
        return
    near = nearest_label(selector, (namespace.labels for namespace in situation.cluster.namespaces.values()))
    yield Finding(
        RULE.id,
        f"{subject} selects no namespace: none has {selector}",
        place,
        subject,
        (str(selector),),
        fix=f"did you mean {near}?" if near else "compare the selector with the labels of the namespaces",
    )


def _nearest(situation: Situation, compiled: CompiledPolicy) -> str:
    """The label that may have been meant, or the namespace."""
    namespace, pods = compiled.policy.namespace, compiled.policy.subject.pods
    indexes = situation.pods_by_namespace.get(namespace, ()) if namespace else range(len(situation.cluster.pods))
    near = nearest_label(pods, (situation.cluster.pods[index].labels for index in indexes))
    if near:
        return f"did you mean {near}?"
    elsewhere = sorted({pod.namespace for pod in situation.cluster.pods if pods.matches(pod.labels)})
    return f"pods with these labels are in {', '.join(elsewhere[:3])}: is its namespace right?" if elsewhere else ""
