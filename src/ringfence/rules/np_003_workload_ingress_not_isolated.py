"""The workload accepts connections from every pod.

## What is checked

Whether each workload of the input is closed to connections by default, as the engine sees it. A NetworkPolicy closes
it if it is in the same namespace, selects its pods and governs ingress; an admin policy, if it selects them and
denies every peer. What the policies then let in is read too: a workload whose policies let every pod in on every port
counts as open.

## Why this is bad

Every compromised pod of the cluster, of any team, can connect to every port of the workload.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{}]
  egress: [{}]
```

There is a policy, it selects every pod, and it stops nothing.

Use instead:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
    ports:
    - port: 8080
```

## How to fix it

Add a default deny to the namespace (NP-001), then a policy for the workload that names who may call it, and on which
port.

## Limits

Pods with hostNetwork are found with severity low: no NetworkPolicy closes them on most plugins. Where labels that the
input does not give, or a policy that the API server would reject, decide, the rule cannot be evaluated. Policies that
let in nearly everything (all pods but one, all ports but one) close the workload for this rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.finding import Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.workload_isolation import check_workloads

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-003",
    slug="workload-ingress-not-isolated",
    title="The workload accepts connections from every pod",
    severity=Severity.HIGH,
    precision=Precision.VERY_HIGH,
    needs=Needs.REACH,
    frameworks=("CIS 5.3.2", "NSA-CISA network separation"),
    aliases=(
        "kube-linter:non-isolated-pod",
        "kube-score:pod-networkpolicy",
        "kubescape:C-0260",
        "kubescape:C-0030",
        "checkov:CKV2_K8S_6",
        "popeye:1204",
        "polaris:missingNetworkPolicy",
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload that is open to connections."""
    return check_workloads(situation, RULE, Direction.INGRESS)
