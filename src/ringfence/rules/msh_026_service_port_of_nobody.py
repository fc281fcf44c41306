"""A Service of the mesh leads to a port that its pods do not have.

## What is checked

The `targetPort` of every TCP port of a Service with workloads of the mesh behind it: a name that no container of these
pods gives to a port; a number that is none of the named ports, where the pods name all that their Services lead to
otherwise.

## Why this is bad

A name that nobody has leads nowhere: clients get 503 with `UH`. A wrong number gets a protocol and policies of its own
in the proxy, rules with `ports` do not fit, and nobody listens.

## Example

```yaml
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: htpt}]
```

Use instead the name that the container has:

```yaml
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
```

## How to fix it

Write the container's name of the port, or its number.

## Limits

Containers need not declare a port to listen at it: of numbers only those are found that no container declares while
every container of the pods declares some, as a finding of low severity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-026",
    slug="service-port-of-nobody",
    title="A Service of the mesh leads to a port that its pods do not have",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("kiali:KIA0701",),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each port of a Service."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Proxy

    for service in sorted(situation.cluster.services, key=lambda one: (one.namespace, one.name)):
        behind = [
            index
            for index in enforcement.pods_of(service.namespace)
            if service.selector and service in enforcement.mesh.services.of(enforcement.pod(index))
        ]
        proxies = {enforcement.proxy(index) for index in behind}
        if not behind or proxies == {Proxy.NONE}:
            continue
        subject = Subject("Service", service.namespace, service.name)
        declared = _declared(enforcement, behind)
        for at, port in enumerate(service.ports):
            if port.protocol != "TCP":
                continue
            place = situation.place_of(subject, ("spec", "ports", at), service.place or NOWHERE)
            evidence = (str(port.port), str(port.target))
            if isinstance(port.target, str):
                pods = [enforcement.pod(index) for index in behind]
                pods += [one for one in situation.cluster.machines if service in enforcement.mesh.services.of(one)]
                if any(one.name == port.target for pod in pods for one in pod.ports):
                    continue
                if None in proxies:
                    yield NotEvaluable(RULE.id, subject, "whether the pods behind it are in the mesh is open", place)
                    continue
                message = (
                    f"{subject} port {port.port} leads to the port named {port.target}, which no pod behind it has"
                )
                yield Finding(RULE.id, message, place, subject, evidence, fix="write a name that the containers give")
            elif declared and port.target not in declared and None not in proxies:
                names = ", ".join(str(number) for number in sorted(declared)[:5])
                message = f"{subject} port {port.port} leads to port {port.target}, and its pods declare {names} only"
                hint = "write the port at which the container listens"
                yield Finding(RULE.id, message, place, subject, evidence, fix=hint, severity=Severity.LOW)


def _declared(enforcement: Enforcement, behind: list[int]) -> set[int]:
    """The ports that containers of the pods declare; none where a container declares nothing, or is not known."""
    from ringfence.dialects.istio.enrolment import PROXY
    from ringfence.rules.mesh_objects import mapping, members, workload_of

    found: set[int] = set()
    for index in behind:
        subject = workload_of(enforcement.pod(index))
        manifest = enforcement.situation.manifest(subject)
        spec: Mapping[str, Any] = manifest.data if manifest is not None else {}
        for key in ("spec",) if subject.kind == "Pod" else ("spec", "template", "spec"):
            spec = mapping(spec.get(key))
        containers = [one for _, one in members(spec.get("containers")) if one.get("name") != PROXY]
        for container in containers:
            numbers = [port.get("containerPort") for _, port in members(container.get("ports"))]
            if not numbers:
                return set()
            found |= {number for number in numbers if isinstance(number, int)}
        if not containers:
            return set()
    return found
