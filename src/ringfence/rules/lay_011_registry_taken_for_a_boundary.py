"""Only the client's own proxy keeps a workload from calling outside.

## What is checked

Workloads of the mesh whose own proxy refuses addresses that it does not know (`outboundTrafficPolicy: REGISTRY_ONLY`,
of the mesh config or of a Sidecar): whether the network lets them call the internet, once somebody in the pod goes past
the proxy.

## Why this is bad

REGISTRY_ONLY, the hosts of a Sidecar and ServiceEntries say what a proxy does for a client that uses it. A process with
the proxy's user id, a port or address that is excluded, UDP, or a call before the proxy has started goes past it. It is
good against mistakes and no boundary against somebody who is in the pod.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
  egress: [{hosts: ['./*']}]
```

Use beside it a NetworkPolicy:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stay-inside, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {}}]
```

## How to fix it

Close egress with a NetworkPolicy, and open it to an egress gateway or to the addresses that are called.

## Limits

One port, 443, of one address stands for the internet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-011",
    slug="registry-taken-for-a-boundary",
    title="Only the client's own proxy keeps a workload from calling outside",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each namespace."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.outwards import outwards

    for namespace, found in outwards(enforcement, kept_in=True):
        subject = Subject("Namespace", "", namespace)
        place = situation.place_of(subject, otherwise=enforcement.pod(found.pods[0]).place or NOWHERE)
        if found.witness is not None:
            yield Finding(
                RULE.id,
                f"{subject} has workloads that only their own proxies keep inside: {found.witness.source} gets to "
                f"{found.witness.destination} past its proxy",
                place,
                subject,
                (),
                witness=found.witness,
                fix="close egress with a NetworkPolicy too",
            )
        elif found.unclear:
            why = "whether its workloads are in the mesh, or NetworkPolicies let them out, is open"
            yield NotEvaluable(RULE.id, subject, why, place)
