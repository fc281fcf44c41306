"""Something for requests where only ztunnel is, which knows connections.

## What is checked

In ambient: RequestAuthentications, WasmPlugins, EnvoyFilters and Telemetries without `targetRefs` for workloads that
only ztunnel takes; VirtualServices and DestinationRules for Services of such workloads, if no waypoint is in the way to
them; DestinationRules in another namespace than the Service's, which its waypoint does not read; and the label
`istio.io/use-waypoint` where the waypoint does not exist, has no pods or is not ready, or where the workloads are not
in ambient at all.

## Why this is bad

ztunnel does not read such an object, and says nothing: tokens are not validated, routes and TLS settings do not hold.
Without the waypoint that a label asks for, traffic goes past it, and past every policy that is attached to it.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: ambient}
spec:
  selector: {matchLabels: {app: orders}}
  jwtRules: [{issuer: https://id.example, jwksUri: https://id.example/keys}]
```

Use instead, with a waypoint for the namespace, a target:

```yaml
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: ambient}
spec:
  targetRefs: [{kind: Service, group: '', name: orders}]
  jwtRules: [{issuer: https://id.example, jwksUri: https://id.example/keys}]
```

## How to fix it

Make a waypoint (`istioctl waypoint apply`), label the Service or its namespace with `istio.io/use-waypoint`, and attach
the object to it with `targetRefs`.

## Limits

Rules of AuthorizationPolicies about requests are AUZ-006. A VirtualService or DestinationRule still holds for clients
with sidecars: where the input has any, the finding is of low severity. Objects that select workloads with and without
sidecars are not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.model.cluster import Service
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.mesh_objects import MeshObject
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-012",
    slug="needs-a-waypoint",
    title="Something for requests where only ztunnel is, which knows connections",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=(
        *("kiali:KIA0210", "kiali:KIA0211", "kiali:KIA0212"),
        *("kiali:KIA1109", "kiali:KIA1110", "kiali:KIA1111", "kiali:KIA1112", "kiali:KIA1113", "kiali:KIA1114"),
        *("kiali:KIA1115", "kiali:KIA1116", "kiali:KIA1117", "kiali:KIA1312", "kiali:KIA1313"),
    ),
)

SELECTING = (
    ("security.istio.io", "RequestAuthentication", "selector", "matchLabels", "it validates no tokens there"),
    ("extensions.istio.io", "WasmPlugin", "selector", "matchLabels", "the plugin does not run"),
    ("networking.istio.io", "EnvoyFilter", "workloadSelector", "labels", "its patches go nowhere"),
    ("telemetry.istio.io", "Telemetry", "selector", "matchLabels", "what it says of requests is not recorded"),
)
"""Group, kind, the field with its selector, the field in that, and what follows."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each object that nobody reads, and each label that leads to no waypoint."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    for group, kind, field, inner, effect in SELECTING:
        for one in enforcement.written.of(group, kind):
            yield from _selecting(enforcement, one, field, inner, effect)
    for kind in ("VirtualService", "DestinationRule"):
        for one in enforcement.written.of("networking.istio.io", kind):
            yield from _hosts(enforcement, one)
    yield from _labels(enforcement)


def _selecting(enforcement: Enforcement, one: MeshObject, field: str, inner: str, effect: str) -> Iterator[Result]:
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.model.mesh import Proxy
    from ringfence.rules.mesh_objects import mapping

    if one.spec.get("targetRefs") or one.spec.get("targetRef"):
        return
    root = one.namespace == enforcement.mesh.config.root_namespace
    labels = {str(key): str(value) for key, value in mapping(mapping(one.spec.get(field)).get(inner)).items()}
    if root and not labels:
        return
    pods = enforcement.pods if root else enforcement.pods_of(one.namespace)
    taken = [
        index for index in pods if selects(labels, enforcement.pod(index)) and not is_gateway(enforcement.pod(index))
    ]
    proxies = {enforcement.proxy(index) for index in taken}
    place = one.place(field)
    if proxies == {Proxy.NODE}:
        message = f"{one.subject} is for {enforcement.end(taken[0])}, which only ztunnel takes: {effect}"
        hint = "attach it to a waypoint with targetRefs"
        severity = Severity.LOW if one.manifest.kind == "Telemetry" else None
        yield Finding(RULE.id, message, place, one.subject, ("selector",), fix=hint, severity=severity)
    elif None in proxies and not (proxies - {None, Proxy.NODE}):
        yield NotEvaluable(RULE.id, one.subject, "whether ztunnel or a sidecar takes its workloads is open", place)


def _hosts(enforcement: Enforcement, one: MeshObject) -> Iterator[Result]:
    """A VirtualService or DestinationRule for a Service that only ztunnel leads to."""
    from ringfence.rules.mesh_objects import words

    if one.manifest.kind == "VirtualService":
        gateways = words(one.spec.get("gateways"))
        if gateways and "mesh" not in gateways:
            return
        hosts = words(one.spec.get("hosts"))
    else:
        hosts = [str(one.spec.get("host", ""))]
    for host in dict.fromkeys(hosts):
        for service in enforcement.written.services(host, one.namespace) if "*" not in host else ():
            waypoint = _waypoint(enforcement, service)
            name = f"{service.namespace}/{service.name}"
            place = one.place("hosts" if one.manifest.kind == "VirtualService" else "host")
            low = Severity.LOW if _sidecars(enforcement) else None
            if waypoint is False:
                message = (
                    f"{one.subject} is for {name}, which only ztunnel leads to: without a waypoint it has no effect"
                )
                hint = "give the Service a waypoint (istio.io/use-waypoint)"
                severity = low or Severity.MEDIUM
                yield Finding(RULE.id, message, place, one.subject, ("host", name), fix=hint, severity=severity)
            elif waypoint and one.manifest.kind == "DestinationRule" and one.namespace != service.namespace:
                message = (
                    f"{one.subject} is for {name}, whose waypoint reads DestinationRules of {service.namespace} only"
                )
                hint = f"move it to namespace {service.namespace}"
                severity = low or Severity.MEDIUM
                yield Finding(RULE.id, message, place, one.subject, ("namespace", name), fix=hint, severity=severity)


def _waypoint(enforcement: Enforcement, service: Service) -> bool | None:
    """Whether a waypoint is in the way to a Service of ambient workloads; None: it is none, or that is open."""
    from ringfence.model.mesh import Proxy

    behind = [
        index
        for index in enforcement.pods_of(service.namespace)
        if service in enforcement.mesh.services.of(enforcement.pod(index))
    ]
    if not behind or {enforcement.proxy(index) for index in behind} != {Proxy.NODE}:
        return None
    found = {
        option.value is not None and bool(option.value.pods)
        for option in enforcement.mesh.waypoint(None, enforcement.pod(behind[0]), service)
    }
    return found.pop() if len(found) == 1 else None


def _sidecars(enforcement: Enforcement) -> bool:
    """Whether some workload, and no gateway, has a sidecar: or may have."""
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy

    return any(
        enforcement.proxy(index) in (None, Proxy.SIDECAR) and not is_gateway(enforcement.pod(index))
        for index in enforcement.pods
    )


def _labels(enforcement: Enforcement) -> Iterator[Result]:
    """Labels that ask for a waypoint: of namespaces, Services and workloads."""
    cluster = enforcement.situation.cluster
    for name, space in sorted(cluster.namespaces.items()):
        yield from _label(enforcement, Subject("Namespace", "", name), space.labels, name)
    for service in sorted(cluster.services, key=lambda one: (one.namespace, one.name)):
        subject = Subject("Service", service.namespace, service.name)
        yield from _label(enforcement, subject, service.marks, service.namespace)


def _label(enforcement: Enforcement, subject: Subject, labels: Mapping[str, str], namespace: str) -> Iterator[Result]:
    from ringfence.dialects.istio.waypoint import NAMESPACE, NONE, USE
    from ringfence.model.mesh import Proxy

    name = labels.get(USE)
    if not name or name == NONE:
        return
    situation = enforcement.situation
    home = labels.get(NAMESPACE) or namespace
    place = situation.place_of(subject, ("metadata", "labels", USE), NOWHERE)
    found = [one for one in enforcement.mesh.objects.waypoints if (one.named.namespace, one.named.name) == (home, name)]
    passes = "traffic goes past it, and past the policies that are attached to it"
    evidence = (USE, f"{home}/{name}")
    if not found:
        if not situation.has_workloads(home) and home not in {
            one.named.namespace for one in enforcement.mesh.objects.waypoints
        }:
            why = f"the input has no workload and no waypoint of namespace {home}, where waypoint {name} is"
            yield NotEvaluable(RULE.id, subject, why, place)
            return
        message = f"{subject} asks for waypoint {home}/{name}, which there is not: {passes}"
        yield Finding(RULE.id, message, place, subject, evidence, fix=f"make the Gateway {name}, or name another one")
    elif found[0].ready is False:
        message = f"{subject} asks for waypoint {home}/{name}, which is not ready: {passes}"
        yield Finding(RULE.id, message, place, subject, evidence, fix="see the status of the Gateway")
    elif not _served(enforcement, home, name):
        message = f"{subject} asks for waypoint {home}/{name}, which has no pods: {passes}"
        yield Finding(RULE.id, message, place, subject, evidence, fix=f"see why Gateway {name} has none")
    else:
        own = enforcement.pods_of(namespace)
        if subject.kind == "Service":
            own = [
                index
                for index in own
                if any(
                    (one.namespace, one.name) == (subject.namespace, subject.name)
                    for one in enforcement.mesh.services.of(enforcement.pod(index))
                )
            ]
        proxies = {enforcement.proxy(index) for index in own if not _is_gateway(enforcement, index)}
        if proxies and proxies <= {Proxy.NONE, Proxy.SIDECAR}:
            message = (
                f"{subject} asks for waypoint {home}/{name}, and none of its workloads is in ambient: who is not sent "
                "there by ztunnel reaches them directly"
            )
            hint = "label the namespace istio.io/dataplane-mode: ambient, or take the label out"
            yield Finding(
                RULE.id, message, place, subject, (*evidence, "not ambient"), fix=hint, severity=Severity.MEDIUM
            )


def _served(enforcement: Enforcement, home: str, name: str) -> bool:
    """Whether the input has a pod of a waypoint, or istiod makes one of its Gateway."""
    from ringfence.dialects.istio.attachment import GATEWAY_NAME

    return any(enforcement.pod(index).labels.get(GATEWAY_NAME) == name for index in enforcement.pods_of(home))


def _is_gateway(enforcement: Enforcement, index: int) -> bool:
    from ringfence.dialects.istio.enrolment import is_gateway

    return is_gateway(enforcement.pod(index))
