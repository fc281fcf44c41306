"""What a port speaks is found out from each connection, and the client has a say in it.

## What is checked

TCP ports of Services with workloads of the mesh behind them: whether the port's name (`http-web`, `tcp`…) or its
`appProtocol` says a protocol that Istio knows; whether two Services that lead to one port of a workload say different
things; whether two of them call the same port of a workload by different numbers.

## Why this is bad

A sidecar that does not know the protocol detects it. A client of the mesh chooses how it looks: with a certificate of
the mesh and no ALPN it gets the chain for TCP, on which tokens are not validated, filters for HTTP do not run, and an
external authorizer for HTTP is not asked. Rules about paths and methods are read as on a TCP port (AUZ-006). Where
Services disagree, the oldest decides for all.

## Example

```yaml
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
```

Use instead:

```yaml
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
```

## How to fix it

Name the protocol: `name: http` (or `http-…`, `grpc`, `tcp`…) or `appProtocol: http`.

## Limits

The finding is of medium severity where something at the workload is for HTTP only: tokens, an external authorizer, or a
rule about requests; of low severity elsewhere. ztunnel reads no HTTP, so that behind it only ports of a Service with a
waypoint are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.model.cluster import Service, ServicePort
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-013",
    slug="protocol-not-said",
    title="What a port speaks is found out from each connection, and the client has a say in it",
    severity=Severity.MEDIUM,
    precision=Precision.MEDIUM,
    needs=Needs.INVENTORY,
    aliases=(
        "istioctl:IST0116",
        "istioctl:IST0118",
        "istioctl:IST0137",
        "kiali:KIA0601",
        "kiali:KIA0602",
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each port of a Service, and for each pair of Services that disagree."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy

    waypoints = {id(service) for _, service, _ in enforcement.behind_waypoints}
    told: set[tuple[object, ...]] = set()
    for index in enforcement.pods:
        pod, proxy = enforcement.pod(index), enforcement.proxy(index)
        if is_gateway(pod) or proxy is Proxy.NONE or pod.host_network:
            continue
        for port in sorted(enforcement.mesh.services.ports(pod)):
            leading = enforcement.mesh.services.leading_to(pod, port)
            for service, one in leading:
                if proxy is Proxy.NODE and id(service) not in waypoints:
                    continue
                key = (service.namespace, service.name, one.port)
                if key not in told:
                    found = _unsaid(enforcement, index, service, one, surely=proxy is not None)
                    if found is not None:
                        told.add(key)
                        yield found
            for found in _disagree(port, leading) if proxy is not None else ():
                if (found.subject, found.evidence) not in told:
                    told.add((found.subject, found.evidence))
                    yield found


def _unsaid(enforcement: Enforcement, index: int, service: Service, port: ServicePort, surely: bool) -> Result | None:
    """A port of which nothing says what it speaks."""
    from ringfence.dialects.istio.speech import of_port
    from ringfence.model.mesh import Speech

    if of_port(port.port, port.name, port.application) is not Speech.DETECTED:
        return None
    subject = _subject(service)
    place = enforcement.situation.place_of(subject, ("spec", "ports"), service.place)
    if not surely:
        why = f"whether the workload behind port {port.port} is in the mesh is open"
        return NotEvaluable(RULE.id, subject, why, place)
    said = f"appProtocol {port.application}" if port.application else f"name {port.name}" if port.name else "no name"
    cost = _for_http(enforcement, index)
    also = f", and {cost} is for HTTP only" if cost else ""
    message = f"{subject} port {port.port} has {said}, which is no protocol that Istio knows: it is detected{also}"
    hint = "name it http, grpc or tcp (or http-…), or write appProtocol"
    severity = None if cost else Severity.LOW
    return Finding(RULE.id, message, place, subject, ("port", str(port.port)), fix=hint, severity=severity)


def _for_http(enforcement: Enforcement, index: int) -> str:
    """Something that is enforced at a workload for HTTP only; empty: nothing."""
    from ringfence.dialects.istio.attachment import attaches
    from ringfence.dialects.istio.matching import http_only
    from ringfence.model.mesh import Point, PointSort
    from ringfence.rules.enforcement import subject_of

    point = Point(PointSort.SIDECAR, enforcement.pod(index), http=True)
    for one in enforcement.mesh.authentications:
        if not one.broken and attaches(one.attachment, point, enforcement.mesh.authorization):
            return f"RequestAuthentication {one.attachment.namespace}/{one.name}"
    for policy in enforcement.enforced(index):
        for clause in policy.clauses:
            terms = [*(one for some in (*clause.sources, *clause.operations) for one in some), *clause.conditions]
            if policy.action == "CUSTOM" or any(http_only(term.key) for term in terms):
                return str(subject_of(policy))
    return ""


def _disagree(port: int, leading: list[tuple[Service, ServicePort]]) -> Iterator[Finding]:
    """Services that lead to one port of a workload and say different things of it."""
    from ringfence.dialects.istio.speech import of_port

    first, one = leading[0]
    for other, another in leading[1:]:
        if other is first:
            continue
        said = [of_port(each.port, each.name, each.application).value for each in (one, another)]
        related = (Related(first.place or NOWHERE, "the other Service"),)
        subject = _subject(other)
        if said[0] != said[1]:
            message = (
                f"{subject} says that port {port} of its workload speaks {said[1]}, and {_subject(first)} {said[0]}: "
                "the older one counts for both"
            )
            evidence = ("speech", str(port), f"{first.namespace}/{first.name}")
            yield Finding(
                RULE.id, message, other.place or NOWHERE, subject, evidence, related, fix="say the same in both"
            )
        elif one.port != another.port:
            message = (
                f"{subject} leads to port {port} of its workload from port {another.port}, and {_subject(first)} from "
                f"port {one.port}"
            )
            evidence = ("number", str(port), f"{first.namespace}/{first.name}")
            hint = "give both the same number, or each a port of the workload of its own"
            place = other.place or NOWHERE
            yield Finding(RULE.id, message, place, subject, evidence, related, fix=hint, severity=Severity.LOW)


def _subject(service: Service) -> Subject:
    return Subject("Service", service.namespace, service.name)
