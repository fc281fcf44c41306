"""The workload takes plaintext.

## What is checked

The effective mode of mutual TLS at every port to which a Service leads, or that a container declares (it is reached by
the pod's address), of every workload with a proxy: by the PeerAuthentications of the mesh, the namespace, the workload
and the port. Found are workloads that also take plaintext (PERMISSIVE), or nothing else (DISABLE).

## Why this is bad

Whoever gets there through the network need not say who it is, and nothing is encrypted. PERMISSIVE is the default and
meant for the time of the change.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: PERMISSIVE}}
```

Use instead:

```yaml
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
```

## How to fix it

Set STRICT for the mesh, the namespace or the workload, once all of its clients have a proxy. The witness names one
that has none.

## Limits

Where no client of the input without a proxy gets through, the finding is of low severity. Gateways are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-001",
    slug="plaintext-accepted",
    title="The workload takes plaintext",
    severity=Severity.HIGH,
    precision=Precision.MEDIUM,
    needs=Needs.REACH,
    aliases=("kyverno:enforce-strict-mtls",),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload, with its ports."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Acceptance, Proxy

    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if pod.workload in told or enforcement.proxy(index) in (None, Proxy.NONE) or is_gateway(pod):
            continue
        subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
        place = pod.place or NOWHERE
        ports = {port: enforcement.acceptance(index, port) for port in enforcement.ports(index)}
        weak = [port for port, mode in ports.items() if mode not in (None, Acceptance.STRICT)]
        if not weak:
            if None in ports.values():
                yield NotEvaluable(RULE.id, subject, "which PeerAuthentication counts is open", place)
            continue
        told.add(pod.workload)
        flows = (enforcement.witness(enforcement.plain, index, port, Verdict.ALLOWED) for port in weak)
        witness = next(filter(None, flows), None)
        server = enforcement.mesh.server(pod, weak[0])[0].value
        related = tuple(
            Related(one.place, "what says so") for one in server.sources if one.kind == "PeerAuthentication"
        )
        numbers = ", ".join(str(port) for port in weak)
        reached = f": {witness.source} gets there without an identity" if witness is not None else ""
        yield Finding(
            RULE.id,
            f"{subject} takes plaintext on port {numbers} ({server.why.partition(';')[0]}){reached}",
            place,
            subject,
            (),
            related,
            witness,
            "set mtls: {mode: STRICT}",
            None if witness is not None else Severity.LOW,
        )
