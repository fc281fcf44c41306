"""Whoever is refused sees the greeting of the server first.

## What is checked

Ports of workloads with a sidecar at which the server speaks first (MySQL, SMTP, FTP, SSH, POP3, IMAP and the like, by
`appProtocol`, the name of the Service's port or its well-known number), which the proxy takes for connections, and
where an AuthorizationPolicy refuses somebody.

## Why this is bad

A sidecar judges a connection when the client's first bytes arrive, and connects to the server before that. A client
that has an identity of the mesh, and is not allowed, is sent what the server says first: its name and version, and with
MySQL the start of the handshake. Then it is cut off.

## Example

```yaml
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
spec: {selector: {app: db}, ports: [{name: mysql, port: 3306}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
```

Use beside it a NetworkPolicy, which stops the others before they are connected:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
      podSelector: {matchLabels: {app: orders}}
```

## How to fix it

Close the network to those whom the mesh refuses, or let ztunnel take the workload, which judges before it connects.

## Limits

Protocols are known by the words and numbers of Services only. Found are ports at which the network lets somebody
through whom the mesh then refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-016",
    slug="greeting-before-refusal",
    title="Whoever is refused sees the greeting of the server first",
    severity=Severity.LOW,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

FIRST = ("ftp", "imap", "mariadb", "mysql", "nntp", "pop3", "rfb", "smtp", "ssh", "submission", "telnet", "vnc")
NUMBERS = (21, 22, 23, 25, 110, 119, 143, 587, 3306, 5900)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and port."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Proxy, Speech
    from ringfence.rules.enforcement import subject_of

    told: set[tuple[object, int]] = set()
    acting = [policy for policy in enforcement.policies if policy.action in ("ALLOW", "DENY") and not policy.dry_run]
    homes = {policy.attachment.namespace for policy in acting}
    if enforcement.mesh.config.root_namespace in homes:
        homes |= set(situation.cluster.namespaces)
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        policies = enforcement.enforced(index)
        if enforcement.proxy(index) is None and pod.namespace in homes:
            if any(_speaks_first(enforcement, index, port) for port in enforcement.known_ports(index)):
                subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
                yield NotEvaluable(RULE.id, subject, "which proxy judges its connections is open", pod.place)
            continue
        if not policies or enforcement.proxy(index) is not Proxy.SIDECAR:
            continue
        for port in enforcement.ports(index):
            if (pod.workload, port) in told or not _speaks_first(enforcement, index, port):
                continue
            subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
            speech = enforcement.speech(index, port)
            if speech is None:
                yield NotEvaluable(RULE.id, subject, f"what its proxy takes port {port} for is open", pod.place)
                continue
            witness = None if speech is Speech.HTTP else _refused(enforcement, index, port)
            if witness is None:
                continue
            told.add((pod.workload, port))
            yield Finding(
                RULE.id,
                f"{subject} speaks first at port {port}: {witness.source} is refused by {subject_of(policies[0])}, and "
                "sees the greeting",
                pod.place or NOWHERE,
                subject,
                (str(port),),
                witness=witness,
                fix="let a NetworkPolicy keep out whom the mesh refuses",
            )


def _speaks_first(enforcement: Enforcement, index: int, port: int) -> bool:
    leading = enforcement.mesh.services.leading_to(enforcement.pod(index), port)
    words = [word.lower().partition("-")[0] for _, one in leading for word in (one.application, one.name) if word]
    known = [word for word in words if word not in ("tcp", "tls")]
    if any(word in FIRST for word in words):
        return True
    return not known and (port in NUMBERS or any(one.port in NUMBERS for _, one in leading))


def _refused(enforcement: Enforcement, index: int, port: int) -> Witness | None:
    """A member of the mesh that the network lets through, whose connection the proxy takes and then refuses."""
    from ringfence.model.mesh import Proxy
    from ringfence.verdict.meshed.values import TRANSPORT

    members = [one for one in enforcement.pods if enforcement.proxy(one) in (Proxy.SIDECAR, Proxy.NODE)]
    found = enforcement.witness((*members, *enforcement.plain), index, port, Verdict.DENIED)
    if found is None:
        return None
    layered = enforcement.situation.answer(found).layered
    refused_before = layered is None or any(
        one.layer == TRANSPORT and one.verdict is not Verdict.ALLOWED for one in layered.layers
    )
    return None if refused_before else found
