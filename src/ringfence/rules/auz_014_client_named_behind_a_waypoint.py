"""A policy at the workload names the client, and a waypoint stands between them.

## What is checked

Workloads of an ambient mesh behind a waypoint, with policies at their own proxy that allow identities: whether one of
them is the waypoint's. Found are clients whom such a policy names and who dial the Service, so that they go over the
waypoint, and are refused.

## Why this is bad

The workload's proxy sees the waypoint, which opens a connection of its own with its own identity. Everything over the
waypoint is denied as soon as there is one. Only who goes past it gets through, which is the opposite of what is meant.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
```

Use instead, behind a waypoint:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders-only-waypoint, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/waypoint]}}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  targetRefs: [{kind: Service, group: '', name: orders}]
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
```

## How to fix it

Attach the policy for clients to the Service, where the waypoint reads it, and allow the waypoint at the workload.

## Limits

Clients are found by identities without wildcards, of which the input has a workload, where NetworkPolicies would let
them through to the workload itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-014",
    slug="client-named-behind-a-waypoint",
    title="A policy at the workload names the client, and a waypoint stands between them",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule and Service."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.speech import target_of
    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import asks_for, subject_of

    yield from _open(enforcement)
    told: set[tuple[object, ...]] = set()
    for index, service, waypoint in enforcement.behind_waypoints:
        name = f"{service.namespace}/service/{service.name}"
        policies = enforcement.allowing(index)
        gate = waypoint.pods[0]
        if any(enforcement.may_name(policy, clause, gate) for policy in policies for clause in policy.clauses):
            continue
        for policy in policies:
            for clause in policy.clauses:
                named = enforcement.named(policy, clause)
                clients = [one for one in named if enforcement.proxy(one) is Proxy.NODE]
                key = (policy.attachment.namespace, policy.name, clause.index, name)
                if not clients or key in told:
                    continue
                flows = (
                    enforcement.witness(clients, name, port.port, Verdict.DENIED)
                    for port in service.ports
                    if port.protocol == "TCP" and asks_for(clause, target_of(port, enforcement.pod(index)) or 0)
                )
                witness = next(filter(None, flows), None)
                if witness is None:
                    continue
                told.add(key)
                subject = subject_of(policy)
                yield Finding(
                    RULE.id,
                    f"{subject} rule {clause.index} allows {witness.source}, whose requests to {service.namespace}/"
                    f"{service.name} come from waypoint {waypoint.namespace}/{waypoint.name}: they are refused",
                    clause.place,
                    subject,
                    (str(clause.index), name),
                    (Related(waypoint.source.place, "the waypoint"),),
                    witness,
                    "attach the policy to the Service, and allow the waypoint's identity at the workload",
                )


def _open(enforcement: Enforcement) -> Iterator[NotEvaluable]:
    """Policies that name clients, at workloads of which it is open whether a waypoint is before them."""
    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import subject_of

    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        for service in enforcement.mesh.services.of(pod) if enforcement.proxy(index) in (Proxy.NODE, None) else ():
            found = {option.value is not None for option in enforcement.mesh.waypoint(None, pod, service)}
            for policy in enforcement.allowing(index) if len(found) > 1 else ():
                subject = subject_of(policy)
                if subject not in told and any(enforcement.named(policy, clause) for clause in policy.clauses):
                    told.add(subject)
                    name = f"{service.namespace}/{service.name}"
                    yield NotEvaluable(
                        RULE.id, subject, f"whether a waypoint is in the way to {name} is open", policy.place
                    )
