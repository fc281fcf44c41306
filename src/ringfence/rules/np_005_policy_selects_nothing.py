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

A policy with an empty `podSelector` is meant for pods to come and is never found. Where the input has no workload
of the namespace at all, the rule cannot be evaluated: the workloads may be in another repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

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
        if policy.broken or not policy.subject.pods.requirements:
            continue
        subject = policy_subject(policy)
        if not (situation.has_workloads(policy.namespace) if policy.namespace else situation.cluster.pods):
            where = f"of namespace {policy.namespace}" if policy.namespace else "of any namespace"
            yield NotEvaluable(RULE.id, subject, f"the input has no workloads {where}", policy.place)
            continue
        selected = situation.subjects(compiled)
        if any(selected.values()):
            continue
        place = policy.subject_place or policy.place
        if selected:
            why = "whether it selects a pod hangs on labels that the input does not give"
            yield NotEvaluable(RULE.id, subject, why, place)
            continue
        where = f"pod of {policy.namespace}" if policy.namespace else "pod"
        yield Finding(
            RULE.id,
            f"{subject} selects no {where}: none has {policy.subject.pods}",
            place,
            subject,
            (str(policy.subject.pods),),
            fix=_nearest(situation, compiled) or "compare the selector with the labels of the pod templates",
        )


def _nearest(situation: Situation, compiled: CompiledPolicy) -> str:
    """The label that may have been meant."""
    namespace = compiled.policy.namespace
    indexes = situation.pods_by_namespace.get(namespace, ()) if namespace else range(len(situation.cluster.pods))
    labels = {item for index in indexes for item in situation.cluster.pods[index].labels.items()}
    for requirement in compiled.policy.subject.pods.requirements:
        if requirement.operator != "In" or any((requirement.key, value) in labels for value in requirement.values):
            continue
        values = sorted(value for key, value in labels if key == requirement.key)
        close = get_close_matches(requirement.values[0], values, n=1)
        if close:
            return f"did you mean {requirement.key}: {close[0]}?"
        keys = sorted(key for key, value in labels if value in requirement.values)
        near = get_close_matches(requirement.key, keys, n=1)
        if near:
            return f"did you mean the label {near[0]}?"
    elsewhere = sorted(
        {pod.namespace for pod in situation.cluster.pods if compiled.policy.subject.pods.matches(pod.labels)}
    )
    return f"pods with these labels are in {', '.join(elsewhere[:3])}: is its namespace right?" if elsewhere else ""
