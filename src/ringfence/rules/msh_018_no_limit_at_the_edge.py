"""Nothing limits how much comes in from outside.

## What is checked

Workloads of the mesh that take traffic from outside of the cluster: behind a Service of type LoadBalancer or NodePort,
or behind a VirtualService of a gateway. Found are those whose Service has no DestinationRule with `connectionPool` or
`outlierDetection`, and whose proxy no EnvoyFilter with a rate limit reaches.

## Why this is bad

One client can use up what the workload has, and a server that fails takes others with it. The mesh can limit both, and
does not by default.

## Example

```yaml
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
```

Use beside it:

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 1000}}}
```

## How to fix it

Write limits that the workload can stand, or an EnvoyFilter with a rate limit at the gateway.

## Limits

What a load balancer or a content network in front of the cluster limits is not seen, and neither is what the gateway
itself limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.model.cluster import Service
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-018",
    slug="no-limit-at-the-edge",
    title="Nothing limits how much comes in from outside",
    severity=Severity.INFO,
    precision=Precision.LOW,
    needs=Needs.INVENTORY,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each Service."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy

    routed = _routed(enforcement)
    for service in sorted(situation.cluster.services, key=lambda one: (one.namespace, one.name)):
        way = routed.get(id(service), "")
        if service.external is not None:
            outside = service.kind in ("LoadBalancer", "NodePort")
            way = f"its type is {service.kind}" if outside else "it has external addresses"
        behind = [
            index
            for index in enforcement.pods_of(service.namespace)
            if service in enforcement.mesh.services.of(enforcement.pod(index))
            and not is_gateway(enforcement.pod(index))
        ]
        proxies = {enforcement.proxy(index) for index in behind}
        if not way or not proxies - {Proxy.NONE} or _limited(enforcement, service, behind):
            continue
        subject = Subject("Service", service.namespace, service.name)
        place = service.place or NOWHERE
        if None in proxies:
            yield NotEvaluable(RULE.id, subject, "whether the workloads behind it are in the mesh is open", place)
            continue
        message = f"{subject} takes traffic from outside ({way}), and nothing of the mesh limits it"
        related = tuple(
            Related(enforcement.pod(index).place or NOWHERE, "a workload behind it") for index in behind[:1]
        )
        hint = "write a DestinationRule with connectionPool and outlierDetection"
        yield Finding(RULE.id, message, place, subject, (), related, fix=hint)


def _routed(enforcement: Enforcement) -> dict[int, str]:
    """Services to which VirtualServices of gateways send, by the id of the value, and what says so."""
    from ringfence.rules.mesh_objects import members, words

    found: dict[int, str] = {}
    for one in enforcement.written.of("networking.istio.io", "VirtualService"):
        if not any(word != "mesh" for word in words(one.spec.get("gateways"))):
            continue
        for sort in ("http", "tls", "tcp"):
            for _, route in members(one.spec.get(sort)):
                for _, sent in members(route.get("route")):
                    destination = sent.get("destination")
                    host = destination.get("host") if isinstance(destination, dict) else None
                    for service in enforcement.written.services(host, one.namespace) if isinstance(host, str) else ():
                        found.setdefault(id(service), f"{one.subject} sends there")
    return found


def _limited(enforcement: Enforcement, service: Service, behind: list[int]) -> bool:
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.rules.mesh_objects import mapping, members

    for one in enforcement.written.of("networking.istio.io", "DestinationRule"):
        policies = [mapping(one.spec.get("trafficPolicy"))]
        policies += [mapping(subset.get("trafficPolicy")) for _, subset in members(one.spec.get("subsets"))]
        policies += [port for policy in policies[:] for _, port in members(policy.get("portLevelSettings"))]
        limits = any("connectionPool" in policy or "outlierDetection" in policy for policy in policies)
        host = one.spec.get("host")
        if limits and isinstance(host, str) and service in enforcement.written.services(host, one.namespace):
            return True
    spaces = (service.namespace, enforcement.mesh.config.root_namespace)
    for one in enforcement.written.of("networking.istio.io", "EnvoyFilter"):
        labels = mapping(mapping(one.spec.get("workloadSelector")).get("labels"))
        names = [
            str(mapping(mapping(patch.get("patch")).get("value")).get("name", ""))
            for _, patch in members(one.spec.get("configPatches"))
        ]
        if one.namespace in spaces and any("ratelimit" in name for name in names):
            words = {str(key): str(value) for key, value in labels.items()}
            if any(selects(words, enforcement.pod(index)) for index in behind):
                return True
    return False
