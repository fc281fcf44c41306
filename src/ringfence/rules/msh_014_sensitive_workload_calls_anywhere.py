"""A sensitive workload of the mesh may call every address outside.

## What is checked

Workloads that are labelled or annotated `ringfence.dev/sensitivity`, with a sidecar: whether the mesh lets them call
addresses that it does not know (`outboundTrafficPolicy: ALLOW_ANY`, which is the default, and no Sidecar that says
otherwise), and no NetworkPolicy stops them.

## Why this is bad

Data leaves to wherever somebody in the workload sends it. REGISTRY_ONLY and a Sidecar do not stop somebody who controls
the pod, and they do stop and show everything else that tries.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata: {name: ledger, namespace: shop, labels: {app: ledger, ringfence.dev/sensitivity: high}}
spec: {containers: [{name: ledger, image: ledger}]}
```

Use beside it what limits where it calls:

```yaml
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
  egress: [{hosts: ['./*']}]
```

## How to fix it

Write the NetworkPolicy for egress first: it is the boundary. Then a Sidecar for the namespace, and ServiceEntries for
what is called outside.

## Limits

Workloads of ztunnel are not found: it passes on everything, and only NetworkPolicies limit them (NP-009).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.cluster import SENSITIVITY
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-014",
    slug="sensitive-workload-calls-anywhere",
    title="A sensitive workload of the mesh may call every address outside",
    severity=Severity.MEDIUM,
    precision=Precision.MEDIUM,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such workload."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy
    from ringfence.rules.mesh_objects import workload_of

    told: set[object] = set()
    for index in enforcement.pods:
        pod, proxy = enforcement.pod(index), enforcement.proxy(index)
        word = pod.labels.get(SENSITIVITY) or pod.sensitivity or "none"
        if word == "none" or pod.workload in told or is_gateway(pod) or proxy in (Proxy.NODE, Proxy.NONE):
            continue
        told.add(pod.workload)
        subject, place = workload_of(pod), pod.place or NOWHERE
        witness = Witness(enforcement.end(index), "internet", 443, "TCP", Verdict.ALLOWED)
        try:
            verdict = situation.says(witness)
        except EndError:
            continue
        if verdict is Verdict.UNKNOWN or proxy is None:
            yield NotEvaluable(RULE.id, subject, "whether it may call addresses outside is open", place)
        elif verdict is Verdict.ALLOWED:
            message = (
                f"{subject} is sensitive and may call every address outside at port 443: neither the mesh nor a "
                "NetworkPolicy stops it"
            )
            hint = "write a NetworkPolicy for its egress, and a Sidecar with REGISTRY_ONLY"
            yield Finding(RULE.id, message, place, subject, (), witness=witness, fix=hint)
