"""A route leads nowhere.

## What is checked

Whether every backend of an Ingress, an OpenShift Route or a route of the Gateway API exists: the Service, its port,
pods behind it, the ReferenceGrant that a Service of another namespace needs; and whether somebody serves the route:
its class, its Gateway, a listener that takes it.

## Why this is bad

A route that leads nowhere answers with errors, and nobody notices before a user does. If the name of the Service is
free, whoever may create Services in the namespace decides where the traffic goes.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: storefront, port: {number: 8080}}}}
---
apiVersion: v1
kind: Service
metadata: {name: storefront, namespace: shop}
spec:
  selector: {app: storefront}
  ports: [{port: 80, targetPort: 8080}]
```

The Service has no port 8080: that is the port of its pods. The backend has to name the port of the Service:

```yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: storefront, port: {number: 80}}}}
```

## How to fix it

Name a Service and a port that exist, or take the route away.

## Limits

Backends of other kinds than Service are not followed. Where the input has no workloads of the namespace, or no
Gateway at all, the rule cannot be evaluated: they may be in another repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation
    from ringfence.verdict.ways_in.values import DeadEnd

RULE = Rule(
    id="EXP-005",
    slug="route-dangling",
    title="A route leads nowhere",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("kube-linter:dangling-ingress", "popeye:1401", "kiali:KIA1101", "kiali:KIA1401", "kiali:KIA1402"),
)

ABSENT = frozenset(("no-service", "no-port", "no-endpoint", "no-grant", "no-gateway", "no-listener", "no-class"))


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each backend that is not there, and for each route that nobody serves."""
    for dead in situation.ways_in.dead_ends:
        if dead.code not in ABSENT:
            continue
        subject = Subject(dead.opening.kind, dead.opening.namespace, dead.opening.name)
        missing = _elsewhere(situation, dead)
        if missing:
            yield NotEvaluable(RULE.id, subject, missing, dead.place)
        else:
            yield Finding(RULE.id, dead.message, dead.place, subject, (dead.code, dead.message), fix=dead.fix)


def _elsewhere(situation: Situation, dead: DeadEnd) -> str:
    """What the input lacks as a whole, so that nothing can be said of one object of it."""
    if dead.code == "no-gateway" and not situation.cluster.entries.gateways:
        return f"{dead.message}: it has no Gateway at all"
    if dead.code in ("no-service", "no-endpoint") and not situation.has_workloads(dead.namespace):
        return f"{dead.message}: it has no workloads of namespace {dead.namespace}"
    return ""
