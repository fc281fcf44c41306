"""A client of the mesh is told to send plaintext to a server that refuses it.

## What is checked

What the proxy of every client sends to every Service, by DestinationRules and by what it knows of the server, against
what the server's proxy takes. Found are a DestinationRule with `mode: DISABLE` (or TLS of its own making) towards a
port that is STRICT, clients of ztunnel whose server has a sidecar that takes no tunnels (ztunnel sends plaintext to
it), and clients without a DestinationRule in a mesh whose proxies do not agree by themselves (`enableAutoMtls: false`).

## Why this is bad

Every request fails with a reset, or 503 with `UC`. The way out that is found first is to weaken the server.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: db, namespace: data}
spec:
  host: db.data.svc.cluster.local
  trafficPolicy: {tls: {mode: DISABLE}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: data}
spec: {mtls: {mode: STRICT}}
```

Use instead `mode: ISTIO_MUTUAL`, or no `tls` at all: the proxies agree by themselves.

## How to fix it

Take `tls` out of the DestinationRule; without auto mTLS, write one with `mode: ISTIO_MUTUAL`. Move the server to
ambient, or its client to sidecars, or let the sidecar take tunnels (label `networking.istio.io/tunnel: http`, set by a
release of Istio with ambient enabled).

## Limits

One client of each kind is asked about, and only connections that the network lets through. Where two
PeerAuthentications may count for the server and the input has no ages, the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.mesh_objects import workload_of
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.model.cluster import Pod, Service
    from ringfence.model.mesh import Source
    from ringfence.model.provenance import Place
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-005",
    slug="client-sends-plaintext-to-strict",
    title="A client of the mesh is told to send plaintext to a server that refuses it",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
    aliases=("istioctl:IST0113", "kiali:KIA0207", "kiali:KIA0208", "kiali:KIA0401", "kiali:KIA0501"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each DestinationRule, or server with a sidecar, and Service."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Acceptance, Proxy

    clients = _clients(enforcement)
    seen: set[tuple[Subject, str]] = set()
    open_ones: dict[Subject, Place] = {}
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if enforcement.proxy(index) is not Proxy.SIDECAR:
            continue
        for port in enforcement.ports(index):
            acceptance = enforcement.acceptance(index, port)
            if acceptance not in (Acceptance.STRICT, None):
                continue
            for service, published in enforcement.mesh.services.leading_to(pod, port):
                for client in clients:
                    told = _sends_no_identity(enforcement, client, pod, port, service)
                    if told is None or enforcement.pod(client).workload == pod.workload:
                        continue
                    key = _key(enforcement, client, pod, service, told)
                    if key in seen:
                        continue
                    if acceptance is None:
                        open_ones.setdefault(workload_of(pod), pod.place or NOWHERE)
                        continue
                    found = _finding(enforcement, client, index, service, published.port, told)
                    if found is not None:
                        seen.add(key)
                        yield found
    for subject, place in open_ones.items():
        why = "clients send it no identity, and whether it asks for one hangs on which PeerAuthentication counts"
        yield NotEvaluable(RULE.id, subject, why, place)


def _key(
    enforcement: Enforcement, client: int, server: Pod, service: Service, told: tuple[Source, ...]
) -> tuple[Subject, str]:
    """What makes a finding another one."""
    from ringfence.model.mesh import Proxy

    name = f"{service.namespace}/service/{service.name}"
    if told:
        return Subject(told[0].kind, told[0].namespace or "", told[0].name), name
    return workload_of(server), name if enforcement.proxy(client) is Proxy.SIDECAR else "ztunnel"


def _clients(enforcement: Enforcement) -> list[int]:
    from ringfence.dialects.istio.enrolment import is_waypoint
    from ringfence.model.mesh import Proxy

    found: dict[object, int] = {}
    for index in enforcement.pods:
        if enforcement.proxy(index) in (Proxy.SIDECAR, Proxy.NODE) and not is_waypoint(enforcement.pod(index)):
            pod = enforcement.pod(index)
            found.setdefault((enforcement.mesh.client_kind(pod), pod.namespace), index)
    return list(found.values())


def _sends_no_identity(
    enforcement: Enforcement, client: int, server: Pod, port: int, service: Service
) -> tuple[Source, ...] | None:
    """What makes the client send without an identity (empty: nothing but how ztunnel is, or that nobody agrees); None:
    it does not for certain."""
    from ringfence.model.mesh import Proxy, Sending

    node = enforcement.proxy(client) is Proxy.NODE
    options = enforcement.mesh.client(enforcement.pod(client), server, port, service)
    if any(option.value.sending not in (Sending.PLAIN, Sending.OTHER_TLS) for option in options):
        return None
    rules = tuple(one for one in options[0].value.sources if one.kind == "DestinationRule")
    return rules if rules or node or not enforcement.mesh.config.auto_mtls else None


def _finding(
    enforcement: Enforcement, client: int, server: int, service: Service, port: int, told: tuple[Source, ...]
) -> Finding | None:
    from ringfence.model.mesh import Proxy

    name = f"{service.namespace}/service/{service.name}"
    witness = enforcement.witness([client], name, port, Verdict.DENIED)
    if witness is None:
        return None
    at = enforcement.pod(server).place or NOWHERE
    if told:
        rule = told[0]
        subject = Subject(rule.kind, rule.namespace or "", rule.name)
        message = f"{subject} makes clients send no identity to {service.namespace}/{service.name}, which is STRICT"
        related = (Related(at, "the server"),)
        hint = "take tls out of the DestinationRule, or write mode: ISTIO_MUTUAL"
        return Finding(RULE.id, message, rule.place, subject, (name,), related, witness, hint)
    subject = workload_of(enforcement.pod(server))
    if enforcement.proxy(client) is Proxy.SIDECAR:
        message = (
            f"sidecars send plaintext to {subject}, which is STRICT: enableAutoMtls is false, and no rule says else"
        )
        hint = "write a DestinationRule with mode: ISTIO_MUTUAL for its host, or take enableAutoMtls out"
        return Finding(RULE.id, message, at, subject, ("auto mtls", name), (), witness, hint)
    message = f"clients of ztunnel send plaintext to {subject}, whose sidecar is STRICT and takes no tunnels"
    hint = "let the sidecar take tunnels, or move the workload to ambient"
    return Finding(RULE.id, message, at, subject, ("ztunnel",), (), witness, hint, Severity.MEDIUM)
