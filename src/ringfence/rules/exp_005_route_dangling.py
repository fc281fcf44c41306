"""A route leads nowhere.

## What is checked

Whether every backend of an Ingress, an OpenShift Route, a route of the Gateway API or a VirtualService of Istio exists:
the Service, its port, pods behind it, the ReferenceGrant that a Service of another namespace needs; and whether
somebody serves the route: its class, its Gateway, a listener that takes it; of VirtualServices for clients in the mesh
whether the hosts that they send to are those of a Service or a ServiceEntry. Whether the Gateway of a VirtualService
exists, and has pods, is [MSH-024](MSH-024.md).

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
    aliases=(
        "istioctl:IST0101",
        *("kube-linter:dangling-ingress", "popeye:1401", "istioctl:IST0132"),
        *("kiali:KIA1101", "kiali:KIA1401", "kiali:KIA1402"),
    ),
)

ABSENT = frozenset(("no-service", "no-port", "no-endpoint", "no-grant", "no-gateway", "no-listener", "no-class"))


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each backend that is not there, and for each route that nobody serves."""
    yield from _in_the_mesh(situation)
    for dead in situation.ways_in.dead_ends:
        if dead.code not in ABSENT or (dead.code == "no-gateway" and dead.opening.kind == "VirtualService"):
            # Gateways of Istio that there are not are told by MSH-024.
            continue
        subject = Subject(dead.opening.kind, dead.opening.namespace, dead.opening.name)
        missing = _elsewhere(situation, dead)
        if missing:
            yield NotEvaluable(RULE.id, subject, missing, dead.place)
        else:
            yield Finding(RULE.id, dead.message, dead.place, subject, (dead.code, dead.message), fix=dead.fix)


def _in_the_mesh(situation: Situation) -> Iterator[Result]:
    """Hosts to which clients in the mesh are sent, and that nothing has."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.hosts import covers, full_name, of_service

    objects = enforcement.mesh.objects
    services = {of_service(one.namespace, one.name) for one in situation.cluster.services}
    outside = {host for entry in objects.service_entries for host in entry.hosts}
    for route in objects.virtual_services:
        if not route.inside or route.gateways or not route.hosts:
            continue
        home = route.named.namespace
        for destination in dict.fromkeys(one for entry in route.entries for one in entry.destinations):
            host = full_name(destination.host, home)
            if host in services or any(covers(one, host) for one in outside):
                continue
            subject = Subject(route.named.kind, home, route.named.name)
            message = f"{route.named} sends to {host}, which is the host of nothing in the input"
            space = host.split(".")[1] if host.endswith(".svc.cluster.local") else home
            if situation.has_workloads(space):
                fix = "name a Service or a host of a ServiceEntry, or take the route away"
                yield Finding(RULE.id, message, destination.place, subject, ("no-host", host), fix=fix)
            else:
                why = f"{message}: it has no workloads of namespace {space}"
                yield NotEvaluable(RULE.id, subject, why, destination.place)


def _elsewhere(situation: Situation, dead: DeadEnd) -> str:
    """What the input lacks as a whole, so that nothing can be said of one object of it."""
    if dead.code == "no-gateway" and not situation.cluster.entries.gateways:
        return f"{dead.message}: it has no Gateway at all"
    if dead.code in ("no-service", "no-endpoint") and not situation.has_workloads(dead.namespace):
        return f"{dead.message}: it has no workloads of namespace {dead.namespace}"
    return ""
