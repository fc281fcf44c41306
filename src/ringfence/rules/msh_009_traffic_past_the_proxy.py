"""An annotation takes traffic of a workload out of its proxy.

## What is checked

Annotations of pods that keep connections from the proxy: `excludeInboundPorts`, `includeInboundPorts` with less than
all, `excludeOutboundPorts`, `excludeOutboundIPRanges`, `includeOutboundIPRanges` with less than all,
`interceptionMode: NONE`, and for ztunnel `ambient.istio.io/bypass-inbound-capture`.

## Why this is bad

What comes in past the proxy has no identity and meets no policy of the mesh. What goes out past it is plaintext, so
that a server that is STRICT refuses it, and one that is not cannot tell who called.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
  annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: "5432"}
spec: {containers: [{name: web, image: web}]}
```

Use instead:

```yaml
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web}]}
```

## How to fix it

Take the annotation out. For a server outside of the mesh a ServiceEntry or a DestinationRule says what is sent to it;
for a client outside of it `portLevelMtls` with an AuthorizationPolicy takes plaintext at one port.

## Limits

The annotations of workloads that have a proxy for certain. Ports of the proxy itself (15020, 15021, 15090), which
injectors exclude, are none of the workload's. Who gets to an excluded port of a workload that the mesh
protects is the question of LAY-004.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-009",
    slug="traffic-past-the-proxy",
    title="An annotation takes traffic of a workload out of its proxy",
    severity=Severity.HIGH,
    precision=Precision.MEDIUM,
    needs=Needs.OBJECT,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and annotation."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy
    from ringfence.rules.mesh_objects import workload_of

    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        proxy = enforcement.proxy(index)
        if pod.host_network or is_gateway(pod) or proxy is Proxy.NONE or not pod.marks.annotations:
            continue
        for key, value, says, whole in _exclusions(pod.marks.annotations, proxy):
            if (pod.workload, key) in told:
                continue
            told.add((pod.workload, key))
            subject = workload_of(pod)
            if proxy is None:
                yield NotEvaluable(
                    RULE.id, subject, "whether it has a proxy, which the annotation is for, is open", pod.place
                )
                continue
            witness = _witness(enforcement, index, key, value)
            yield Finding(
                RULE.id,
                f"{subject} is annotated {key}: {value or '(nothing)'}: {says}",
                pod.place or NOWHERE,
                subject,
                (key, value),
                witness=witness,
                fix="take the annotation out",
                severity=None if whole else Severity.MEDIUM,
            )


def _exclusions(annotations: Mapping[str, str], proxy: Proxy | None) -> Iterator[tuple[str, str, str, bool]]:
    """Annotations that have an effect, their values, what they do, and whether to all connections of a direction."""
    from ringfence.dialects.istio import capture
    from ringfence.model.mesh import Proxy

    if proxy is not Proxy.SIDECAR and annotations.get(capture.BYPASS) == "true":
        yield capture.BYPASS, "true", "ztunnel takes nothing that it receives", True
    if proxy is Proxy.NODE:
        return
    if annotations.get(capture.INTERCEPTION) == "NONE":
        yield capture.INTERCEPTION, "NONE", "its proxy takes no connection at all", True
        return
    include = annotations.get(capture.INCLUDE_INBOUND, "*").strip()
    excluded = capture.numbers(annotations.get(capture.EXCLUDE_INBOUND, ""))
    ports = [str(port) for port in excluded if port not in capture.OWN_PORTS]
    if include != "*":
        says = (
            f"connections to all ports but {include} come in past its proxy"
            if include
            else "all connections come in past its proxy"
        )
        yield capture.INCLUDE_INBOUND, include, says, True
    elif ports:
        says = f"connections to port {', '.join(ports)} come in past its proxy"
        yield capture.EXCLUDE_INBOUND, annotations[capture.EXCLUDE_INBOUND].strip(), says, False
    ports = [str(port) for port in capture.numbers(annotations.get(capture.EXCLUDE_OUTBOUND, ""))]
    if ports:
        says = f"what it sends to port {', '.join(ports)} goes out past its proxy, without an identity"
        yield capture.EXCLUDE_OUTBOUND, annotations[capture.EXCLUDE_OUTBOUND].strip(), says, False
    include = annotations.get(capture.INCLUDE_ADDRESSES, "*").strip()
    if include != "*":
        says = f"what it sends to addresses outside of {include}" if include else "what it sends to any address"
        yield capture.INCLUDE_ADDRESSES, include, f"{says} goes out past its proxy, without an identity", True
    exclude = annotations.get(capture.EXCLUDE_ADDRESSES, "").strip()
    if capture.addresses(exclude):
        says = f"what it sends to {exclude} goes out past its proxy, without an identity"
        yield capture.EXCLUDE_ADDRESSES, exclude, says, False


def _witness(enforcement: Enforcement, index: int, key: str, value: str) -> Witness | None:
    """Somebody who comes in, or a server that refuses what is sent."""
    from ringfence.dialects.istio import capture
    from ringfence.model.mesh import Acceptance

    if key == capture.EXCLUDE_INBOUND:
        others = (*enforcement.plain, *enforcement.pods)
        flows = (enforcement.witness(others, index, port, Verdict.ALLOWED) for port in capture.numbers(value))
        return next(filter(None, flows), None)
    if key != capture.EXCLUDE_OUTBOUND:
        return None
    wanted = set(capture.numbers(value))
    for server in enforcement.pods:
        pod = enforcement.pod(server)
        for port in enforcement.ports(server) if pod.workload != enforcement.pod(index).workload else ():
            if enforcement.acceptance(server, port) is Acceptance.STRICT:
                for service, published in enforcement.mesh.services.leading_to(pod, port):
                    name = f"{service.namespace}/service/{service.name}"
                    found = published.port in wanted and enforcement.witness(
                        [index], name, published.port, Verdict.DENIED
                    )
                    if found:
                        return found
    return None
