"""A client of the mesh is told to send mutual TLS to a server that takes none.

## What is checked

DestinationRules with `mode: ISTIO_MUTUAL`, and what is behind their hosts: workloads without a proxy, and ports whose
proxy is told to take plaintext only (PeerAuthentication `DISABLE`).

## Why this is bad

Every request fails, with 503 and `WRONG_VERSION_NUMBER` in the client's log. The way out that is found first is to
weaken the client for all hosts.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: old, namespace: legacy}
spec:
  host: old.legacy.svc.cluster.local
  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}
```

In a namespace without proxies nobody ends that TLS. Use instead a rule without `tls`: proxies agree by themselves.

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: old, namespace: legacy}
spec:
  host: old.legacy.svc.cluster.local
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 100}}}
```

## How to fix it

Take `tls` out of the DestinationRule, or take the server into the mesh.

## Limits

One client of each kind is asked about, and only connections that the network lets through. Where it is open whether the
server has a proxy, the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.model.cluster import Service
    from ringfence.model.mesh import Source
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-030",
    slug="mutual-tls-to-plain-server",
    title="A client of the mesh is told to send mutual TLS to a server that takes none",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
    aliases=("kiali:KIA0205", "kiali:KIA0206", "kiali:KIA0505", "kiali:KIA0506"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each DestinationRule and Service."""
    enforcement = situation.enforcement
    if enforcement is None or not enforcement.mesh.objects.destination_rules:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Acceptance, Proxy

    clients = _clients(enforcement)
    seen: set[tuple[Subject, tuple[str, ...]]] = set()
    for index in enforcement.pods:
        pod, proxy = enforcement.pod(index), enforcement.proxy(index)
        if proxy is Proxy.NODE or is_gateway(pod):
            continue
        for port in sorted(enforcement.mesh.services.ports(pod)):
            if proxy is Proxy.SIDECAR and enforcement.acceptance(index, port) is not Acceptance.PLAIN:
                continue
            why = "which has no proxy" if proxy is Proxy.NONE else "whose proxy takes plaintext only"
            for service, published in enforcement.mesh.services.leading_to(pod, port):
                for client in clients:
                    rule = _told(enforcement, client, index, port, service)
                    if rule is None or enforcement.pod(client).workload == pod.workload:
                        continue
                    found = _finding(enforcement, rule, client, index, service, published.port, why, proxy is None)
                    if found is None:
                        continue
                    key = (found.scope, ()) if isinstance(found, NotEvaluable) else (found.subject, found.evidence)
                    if key not in seen:
                        seen.add(key)
                        yield found


def _clients(enforcement: Enforcement) -> list[int]:
    """A pod for each way in which sidecars send."""
    from ringfence.dialects.istio.enrolment import is_waypoint
    from ringfence.model.mesh import Proxy

    found: dict[object, int] = {}
    for index in enforcement.pods:
        if enforcement.proxy(index) is Proxy.SIDECAR and not is_waypoint(enforcement.pod(index)):
            pod = enforcement.pod(index)
            found.setdefault((enforcement.mesh.client_kind(pod), pod.namespace), index)
    return list(found.values())


def _told(enforcement: Enforcement, client: int, server: int, port: int, service: Service) -> Source | None:
    """The DestinationRule that makes the client send mutual TLS of the mesh: for certain, but where it is open what the
    server is."""
    from ringfence.model.mesh import Sending

    options = enforcement.mesh.client(enforcement.pod(client), enforcement.pod(server), port, service)
    mutual = [option for option in options if option.value.sending is Sending.MESH_TLS]
    if not mutual or (len(mutual) < len(options) and enforcement.proxy(server) is not None):
        return None
    return next((one for one in mutual[0].value.sources if one.kind == "DestinationRule"), None)


def _finding(
    enforcement: Enforcement, rule: Source, client: int, server: int, service: Service, port: int, why: str, open_: bool
) -> Result | None:
    subject = Subject(rule.kind, rule.namespace or "", rule.name)
    name = f"{service.namespace}/service/{service.name}"
    if open_:
        return NotEvaluable(RULE.id, subject, f"whether {enforcement.end(server)} has a proxy is open", rule.place)
    witness = enforcement.witness([client], name, port, Verdict.DENIED)
    if witness is None:
        return None
    message = f"{subject} makes clients send mutual TLS to {service.namespace}/{service.name}, {why}"
    related = (Related(enforcement.pod(server).place or NOWHERE, "the server"),)
    hint = "take tls out of the DestinationRule, or take the server into the mesh"
    return Finding(RULE.id, message, rule.place, subject, (name,), related, witness, hint)
