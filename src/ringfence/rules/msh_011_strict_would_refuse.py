"""Clients that a change to STRICT would refuse.

## What is checked

Workloads whose proxy takes plaintext, and which NetworkPolicies isolate: the policies say who is meant to call. Of
these clients all are found that get a connection through today and prove no identity: workloads without a proxy,
clients of ztunnel whose server has a sidecar that takes no tunnels, and clients with a DestinationRule that sends
plaintext.

## Why this is bad

MSH-001 says: set STRICT. At that moment these clients fail, with a reset or 503 `UC`, and the way back is often taken
for good. Who is on the list before the change can be moved first.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: legacy}}}]
```

The namespace `legacy` has no proxies. Use instead, once its workloads are in the mesh, STRICT:

```yaml
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
```

## How to fix it

Take the clients into the mesh, or take them out of the NetworkPolicy if they do not call any more. Then set STRICT. For
one that has to stay outside, leave its port PERMISSIVE (`portLevelMtls`) and let a policy admit only it there.

## Limits

Who is allowed is not who calls: the list holds everybody who might break. Where no NetworkPolicy isolates the workload,
everybody without a proxy is allowed, and the rule says nothing. At most 50 clients are asked about for each workload.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.model.cluster import Service
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-011",
    slug="strict-would-refuse",
    title="Clients that a change to STRICT would refuse",
    severity=Severity.LOW,
    precision=Precision.MEDIUM,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload, with the clients."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Acceptance, Proxy
    from ringfence.rules.enforcement import listed
    from ringfence.rules.mesh_objects import workload_of

    told: set[object] = set()
    clients = _clients(enforcement)
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if pod.workload in told or enforcement.proxy(index) in (None, Proxy.NONE) or is_gateway(pod):
            continue
        ports = [
            port for port in enforcement.ports(index) if enforcement.acceptance(index, port) is Acceptance.PERMISSIVE
        ]
        if not ports:
            continue
        told.add(pod.workload)
        subject, place = workload_of(pod), pod.place or NOWHERE
        isolated = situation.isolated(index, Direction.INGRESS)
        if isolated is None:
            why = "whether a NetworkPolicy isolates it, and so who is meant to call it, is open"
            yield NotEvaluable(RULE.id, subject, why, place)
        if not isolated:
            continue
        found = list(_refused(enforcement, clients, index, ports))
        if found:
            names = [witness.source for witness in found]
            related = tuple(
                Related(situation.cluster.pods[client].place or NOWHERE, "a client without an identity")
                for client in clients
                if enforcement.end(client) in names[:3]
            )
            message = f"{subject} takes plaintext; made STRICT, it would refuse {listed(names)}"
            hint = "take these clients into the mesh before the change"
            yield Finding(RULE.id, message, place, subject, (), related, found[0], hint)


def _clients(enforcement: Enforcement) -> list[int]:
    """One pod of each workload, but gateways."""
    from ringfence.dialects.istio.enrolment import is_gateway

    found: dict[object, int] = {}
    for index in enforcement.pods:
        if not is_gateway(enforcement.pod(index)):
            found.setdefault(enforcement.pod(index).workload, index)
    return list(found.values())


def _refused(enforcement: Enforcement, clients: list[int], server: int, ports: list[int]) -> Iterator[Witness]:
    """The clients that get through today and prove nothing, each once."""
    for client in islice((one for one in clients if one != server), 50):
        for port in ports:
            for service, published in enforcement.mesh.services.leading_to(enforcement.pod(server), port):
                if not _proves_nothing(enforcement, client, server, port, service, published.port):
                    continue
                name = f"{service.namespace}/service/{service.name}"
                witness = enforcement.witness([client], name, published.port, Verdict.ALLOWED)
                if witness is not None:
                    yield witness
                    break
            else:
                continue
            break


def _proves_nothing(
    enforcement: Enforcement, client: int, server: int, port: int, service: Service, published: int
) -> bool:
    """Whether what a client sends to a Service surely carries no identity of the mesh."""
    from ringfence.model.mesh import Proxy, Sending

    mesh = enforcement.mesh
    source, pod = enforcement.pod(client), enforcement.pod(server)
    if source.workload == pod.workload:
        return False
    if enforcement.proxy(client) is Proxy.NONE:
        return True
    outgoing = [option.value.outbound.takes(None, published) for option in mesh.membership(source)]
    if all(taken is False for taken in outgoing):
        return True
    return all(option.value.sending is Sending.PLAIN for option in mesh.client(source, pod, port, service))
