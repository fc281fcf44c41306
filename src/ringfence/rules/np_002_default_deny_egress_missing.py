"""Pods of the namespace may connect to everywhere by default.

## What is checked

Whether every pod that a namespace could have is closed to connections of its own by default. It is a proof over all
labels that a pod might carry, not a count of policies: a namespace passes if no set of labels escapes the policies
that close it. NetworkPolicies that govern egress close the pods that they select. An AdminNetworkPolicy,
BaselineAdminNetworkPolicy or ClusterNetworkPolicy closes them if it denies every peer.

The rule also finds a policy that opens again what others close: one that lets everything out of pods that nobody
singled out by a label.

## Why this is bad

A compromised pod that may connect to everywhere looks for the next victim in the whole cluster, fetches its tools from
the internet, and sends out what it finds. A default deny of ingress alone does not stop the last two.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}}
```

Without `policyTypes` and without egress rules, the policy closes ingress only.

Use instead:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
```

## How to fix it

Add a policy with an empty `podSelector`, `policyTypes: [Egress]` and no rules, then allow what is needed: nearly every
pod needs DNS, on UDP and TCP 53. Try it first: `World.what_if` shows the flows that it would cut.

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
    id="NP-002",
    slug="default-deny-egress-missing",
    title="Pods of the namespace may connect to everywhere by default",
    severity=Severity.MEDIUM,
    precision=Precision.VERY_HIGH,
    needs=Needs.REACH,
    frameworks=("CIS 5.3.2", "NSA-CISA network separation"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each namespace in which a pod could connect to everywhere."""
    return check_direction(situation, RULE, Direction.EGRESS)
