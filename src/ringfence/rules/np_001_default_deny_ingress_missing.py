"""Pods of the namespace are open to connections by default.

## What is checked

Whether every pod that a namespace could have is closed to connections by default. It is a proof over all labels that a
pod might carry, not a count of policies: a namespace passes if no set of labels escapes the policies that close it.
NetworkPolicies that govern ingress close the pods that they select. An AdminNetworkPolicy,
BaselineAdminNetworkPolicy or ClusterNetworkPolicy closes them if it denies every peer.

The rule also finds a policy that opens again what others close: one that lets everything in to pods that nobody singled
out by a label.

## Why this is bad

A pod that no policy selects accepts connections from everywhere. Where the default is open, each new workload, each
debugging pod and each pod with a misspelt label is reachable by every compromised pod of the cluster, and nobody is
told.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
```

A pod of `shop` with any other label is open: the finding names such labels.

Use instead, beside it:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny-ingress, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
```

## How to fix it

Add a policy with an empty `podSelector`, `policyTypes: [Ingress]` and no rules, then allow what is needed, workload by
workload. Try it first: `World.what_if` shows the flows that it would cut.

## Limits

Where a policy of a kind that is not modelled yet may close the namespace, where the API server would reject the policy
that does, or where labels that the input does not give decide, the rule says that it cannot be evaluated. Pods with
hostNetwork are not closed by most network plugins, whatever the policies say; nor are pods on nodes, or of kinds,
that the plugin leaves out: those are for CNI-001 and NP-019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.default_deny import check_direction
from ringfence.rules.finding import Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-001",
    slug="default-deny-ingress-missing",
    title="Pods of the namespace are open to connections by default",
    severity=Severity.HIGH,
    precision=Precision.VERY_HIGH,
    needs=Needs.REACH,
    frameworks=("CIS 5.3.2", "NSA-CISA network separation"),
    aliases=(
        "kubescape:C-0049",
        "kubescape:C-0054",
        "kubescape:C-0206",
        "popeye:1205",
        "kube-bench:5.3.2",
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each namespace in which a pod could be open."""
    return check_direction(situation, RULE, Direction.INGRESS)
