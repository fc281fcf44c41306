"""No policy of the mesh closes a sensitive workload.

## What is checked

Workloads with a proxy that say they are sensitive (`ringfence.dev/sensitivity` at their pods): whether a policy that
allows, or one with the action CUSTOM, is enforced at their own proxy. Without one, the mesh lets every request pass
that no policy denies.

## Why this is bad

STRICT says that everybody has to prove who they are, and not who may come. Any workload of the mesh that somebody
takes over gets there.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: ledger
  namespace: payments
  labels: {app: ledger, ringfence.dev/sensitivity: high}
spec: {containers: [{name: ledger, image: ledger}]}
```

Use beside it a policy that names its clients:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ledger, namespace: payments}
spec:
  selector: {matchLabels: {app: ledger}}
  rules: [{from: [{source: {principals: [cluster.local/ns/payments/sa/payments-api]}}]}]
```

## How to fix it

Allow the identities that need it. `spec: {}` in the namespace makes that the default: what nobody allows is then
refused.

## Limits

What a policy allows is the question of other rules. Where no client of the input gets through all layers, the finding
is of low severity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.cluster import SENSITIVITY
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-001",
    slug="sensitive-workload-open",
    title="No policy of the mesh closes a sensitive workload",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
    aliases=("kiali:KIA1301", "kyverno:require-authorizationpolicy"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each sensitive workload."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.attachment import attaches
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Point, PointSort, Proxy

    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        word = pod.labels.get(SENSITIVITY) or pod.sensitivity or "none"
        proxy = enforcement.proxy(index)
        if word == "none" or proxy in (None, Proxy.NONE) or is_gateway(pod) or pod.workload in told:
            continue
        if any(one.action in ("ALLOW", "CUSTOM") for one in enforcement.enforced(index)):
            continue
        told.add(pod.workload)
        subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
        place = pod.place or NOWHERE
        point = Point(PointSort.NODE if proxy is Proxy.NODE else PointSort.SIDECAR, pod, http=False)
        config = enforcement.mesh.authorization
        if any(
            attaches(one.attachment, point, config) is None or (one.broken and attaches(one.attachment, point, config))
            for one in enforcement.mesh.policies
        ):
            yield NotEvaluable(RULE.id, subject, "whether a policy is for it is open", place)
            continue
        clients = (*enforcement.pods, *enforcement.plain)
        flows = (enforcement.witness(clients, index, port, Verdict.ALLOWED) for port in enforcement.ports(index))
        witness = next(filter(None, flows), None)
        what = "everything" if witness is not None and witness.expected is Verdict.ALLOWED else "some requests"
        reached = f": {witness.source} gets {what} through" if witness is not None else ""
        yield Finding(
            RULE.id,
            f"{subject} is sensitive, and no AuthorizationPolicy says who may reach it{reached}",
            place,
            subject,
            (),
            witness=witness,
            fix="write an AuthorizationPolicy that allows the identities of its clients",
            severity=None if witness is not None else Severity.LOW,
        )
