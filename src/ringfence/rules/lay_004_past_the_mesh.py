"""What the mesh protects can be reached past it.

## What is checked

Workloads that are STRICT, or that an AuthorizationPolicy is for, and of which the proxy does not take every port:
ports that are excluded by an annotation (`excludeInboundPorts`, `includeInboundPorts`, `interceptionMode`,
`bypass-inbound-capture`), and UDP and SCTP ports of Services, which no proxy takes. A finding is such a port that the
network lets somebody reach.

## Why this is bad

At this port there is no identity, no encryption and no policy of the mesh, although the namespace looks closed. Only
NetworkPolicies decide who gets there.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: ledger
  namespace: payments
  annotations: {traffic.sidecar.istio.io/excludeInboundPorts: "9102"}
spec: {containers: [{name: ledger, image: ledger}]}
```

Use instead no exclusion, or a NetworkPolicy that admits one workload to the port.

## How to fix it

Take the annotation out. Where the port has to stay open to a client without a proxy, prefer `portLevelMtls` with an
AuthorizationPolicy; for UDP write a NetworkPolicy.

## Limits

Excluded ports are those that annotations, Services and named container ports tell. Where NetworkPolicies isolate the
workload, somebody chose who gets to the port: the finding is then of medium severity, and UDP is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-004",
    slug="past-the-mesh",
    title="What the mesh protects can be reached past it",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

FREE = 1
"""A port that nothing speaks of stands for all others."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and port."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint
    from ringfence.model.mesh import Proxy

    told: set[tuple[object, str, int]] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if enforcement.proxy(index) in (None, Proxy.NONE) or pod.host_network or is_gateway(pod) or is_waypoint(pod):
            continue
        guard = _guard(enforcement, index)
        if not guard:
            continue
        subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
        for protocol, port in (*_excluded(enforcement, index), *_datagrams(enforcement, index)):
            if (pod.workload, protocol, port) in told:
                continue
            isolated = situation.isolated(index, Direction.INGRESS)
            if protocol != "TCP" and isolated is not False:
                if isolated is None:
                    why = f"whether a NetworkPolicy isolates it, and so its {protocol} port {port}, is open"
                    yield NotEvaluable(RULE.id, subject, why, pod.place)
                continue
            others = (*enforcement.plain, *enforcement.pods)
            witness = enforcement.witness(others, index, port, Verdict.ALLOWED, protocol)
            if witness is None:
                continue
            told.add((pod.workload, protocol, port))
            yield Finding(
                RULE.id,
                f"{subject} {guard}, and its proxy does not take {protocol} port {port}: {witness.source} gets there "
                "past the mesh",
                pod.place or NOWHERE,
                subject,
                (protocol, str(port)),
                witness=witness,
                fix="let the proxy take the port" if protocol == "TCP" else "write a NetworkPolicy for the port",
                severity=None if isolated is False else Severity.MEDIUM,
            )


def _guard(enforcement: Enforcement, index: int) -> str:
    """What the mesh protects a pod with; empty: nothing."""
    from ringfence.model.mesh import Acceptance
    from ringfence.rules.enforcement import subject_of

    if enforcement.acceptance(index, FREE) is Acceptance.STRICT:
        return "takes mutual TLS only"
    policies = enforcement.enforced(index)
    return f"is what {subject_of(policies[0])} is for" if policies else ""


def _excluded(enforcement: Enforcement, index: int) -> Iterator[tuple[str, int]]:
    """The TCP ports that the proxy surely leaves alone."""
    from ringfence.dialects.istio import capture

    pod = enforcement.pod(index)
    ports = set(enforcement.mesh.services.ports(pod))
    ports |= {one.number for one in pod.ports if one.protocol == "TCP"}
    ports |= set(capture.numbers(pod.marks.annotations.get(capture.EXCLUDE_INBOUND, "")))
    ports -= {0, capture.HBONE_PORT, *capture.OWN_PORTS}
    options = enforcement.mesh.membership(pod)
    for port in sorted(ports):
        if not any(first <= port <= last for option in options for first, last in option.value.inbound):
            yield "TCP", port


def _datagrams(enforcement: Enforcement, index: int) -> Iterator[tuple[str, int]]:
    """The ports of other protocols to which Services lead."""
    from ringfence.dialects.istio.speech import target_of

    pod = enforcement.pod(index)
    found = {
        (one.protocol, number)
        for service in enforcement.mesh.services.of(pod)
        for one in service.ports
        if one.protocol != "TCP" and service.selector and (number := target_of(one, pod)) is not None
    }
    yield from sorted(found)
