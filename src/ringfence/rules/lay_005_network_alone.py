"""Only NetworkPolicies protect a sensitive workload: nobody asks its clients who they are.

## What is checked

Workloads that say they are sensitive (`ringfence.dev/sensitivity` at their pods) and that NetworkPolicies isolate,
where the input shows a mesh: whether a client gets through all layers of which nobody has authenticated an identity.
The engine is asked for one client of each way in which clients send.

## Why this is bad

A NetworkPolicy knows labels and addresses. Whoever may label a pod in a namespace that it admits gets there, and so
does whoever takes over an address. What is sensitive should know who calls.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: ledger
  namespace: shop
  labels: {app: ledger, ringfence.dev/sensitivity: high, sidecar.istio.io/inject: "false"}
spec: {containers: [{name: ledger, image: ledger, ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ledger, namespace: shop}
spec:
  podSelector: {matchLabels: {app: ledger}}
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
```

Use beside the NetworkPolicy a proxy, STRICT, and an AuthorizationPolicy that names the clients.

## How to fix it

Take the workload into the mesh, set it to STRICT, and allow identities.

## Limits

A workload with a proxy, of which no policy of the mesh says who may come, is found by AUZ-001; one that no
NetworkPolicy isolates by NP-003. Clients are workloads of the input, as they are configured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-005",
    slug="network-alone",
    title="Only NetworkPolicies protect a sensitive workload: nobody asks its clients who they are",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such workload."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Proxy
    from ringfence.rules.arrivals import arrivals, sensitive

    for index, subject in sensitive(enforcement):
        pod, proxy = enforcement.pod(index), enforcement.proxy(index)
        place = pod.place or NOWHERE
        isolated = situation.isolated(index, Direction.INGRESS)
        if isolated is False:
            continue
        if proxy is None or isolated is None:
            why = (
                "whether it is in the mesh is open" if proxy is None else "whether a NetworkPolicy isolates it is open"
            )
            yield NotEvaluable(RULE.id, subject, why, place)
            continue
        acting = any(one.action in ("ALLOW", "CUSTOM") for one in enforcement.enforced(index))
        if proxy is not Proxy.NONE and not acting:
            continue
        unknown = next((one for one in arrivals(enforcement, index) if one.layered.identity is None), None)
        if unknown is None:
            continue
        has = "has no proxy" if proxy is Proxy.NONE else "asks nobody for an identity there"
        yield Finding(
            RULE.id,
            f"{subject} is sensitive and {has}: only NetworkPolicies stand before port {unknown.port}, and "
            f"{unknown.witness.source} gets there as nobody",
            place,
            subject,
            (),
            witness=unknown.witness,
            fix="take it into the mesh, set mtls: {mode: STRICT}, and allow the identities of its clients",
        )
