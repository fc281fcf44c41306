"""The workload may connect to every pod.

## What is checked

Whether the connections that each workload of the input opens are closed by default, as the engine sees it. A
NetworkPolicy closes them if it is in the same namespace, selects its pods and governs egress; an admin policy, if it
selects them and denies every peer. What the policies then let out is read too: a workload whose policies let it
connect to every pod on every port counts as open.

## Why this is bad

If the workload is compromised, it reaches everything that is not closed to it: the pods of other teams, the metadata
service of the cloud, the internet. A policy that governs ingress only does not change that.

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

Use instead, and allow what the workload calls:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
  egress:
  - to:
    - podSelector: {matchLabels: {app: database}}
    ports:
    - port: 5432
```

## How to fix it

Add a default deny of egress to the namespace (NP-002), then a policy for the workload with what it calls. Nearly every
workload needs DNS, on UDP and TCP 53.

## Limits

Pods with hostNetwork are found with severity low: no NetworkPolicy closes them on most plugins. Where labels that the
input does not give, or a policy that the API server would reject, decide, the rule cannot be evaluated. A workload that
is closed to pods, and may reach every address of the internet, is found by NP-009 and not by this rule; one that this
rule finds is not found by NP-009 again.
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
    id="NP-004",
    slug="workload-egress-not-isolated",
    title="The workload may connect to every pod",
    severity=Severity.MEDIUM,
    precision=Precision.VERY_HIGH,
    needs=Needs.REACH,
    frameworks=("CIS 5.3.2", "NSA-CISA network separation"),
    aliases=("kube-score:pod-networkpolicy", "kubescape:C-0030"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload that may connect to everywhere."""
    return check_workloads(situation, RULE, Direction.EGRESS)
