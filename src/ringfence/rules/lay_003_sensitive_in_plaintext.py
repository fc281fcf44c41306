"""All layers let a flow to a sensitive workload through, and nobody encrypts it.

## What is checked

Workloads that say they are sensitive (`ringfence.dev/sensitivity` at their pods), where the input shows a mesh: flows
that the network lets through, that the server's proxy (if it has one) takes, and that no policy refuses, of which one
connection on the way is not encrypted. The engine is asked for one client of each way in which clients send.

## Why this is bad

Whoever is on the way reads and changes what is sent: another pod of the node, the node, or the network between them.
That both layers agree says nothing about it.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata: {name: ledger, namespace: shop, labels: {app: ledger, ringfence.dev/sensitivity: high}}
spec: {containers: [{name: ledger, image: ledger, ports: [{containerPort: 8080}]}]}
```

In a namespace that is not STRICT, a client without a proxy sends plaintext. Use beside it:

```yaml
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
```

## How to fix it

Take the workload and its clients into the mesh, and set it to STRICT.

## Limits

Clients are workloads of the input, as they are configured; ports are those to which Services lead, and those that
containers declare. TLS of the application counts where a Service's port declares it (`appProtocol: https`), and
encryption by the network plugin where the input has its settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-003",
    slug="sensitive-in-plaintext",
    title="All layers let a flow to a sensitive workload through, and nobody encrypts it",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each sensitive workload and port."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.arrivals import arrivals, sensitive

    for index, subject in sensitive(enforcement):
        pod = enforcement.pod(index)
        place = pod.place or NOWHERE
        found: dict[int, Finding] = {}
        unclear = False
        for one in arrivals(enforcement, index):
            unclear = unclear or one.layered.encryption == "unknown"
            if one.layered.encryption != "none" or one.port in found:
                continue
            found[one.port] = Finding(
                RULE.id,
                f"{subject} is sensitive, and {one.witness.source} reaches port {one.port} in plaintext",
                place,
                subject,
                (str(one.port),),
                witness=one.witness,
                fix="take both into the mesh, and set mtls: {mode: STRICT}",
            )
        yield from found.values()
        if not found and (unclear or enforcement.proxy(index) is None):
            yield NotEvaluable(RULE.id, subject, "what encrypts the flows to it is open", place)
