"""A workload of the mesh has the identity that everybody has by default.

## What is checked

Workloads with a proxy whose pods run as the ServiceAccount `default` of their namespace: because they name it, or
because they name none.

## Why this is bad

The identity of the mesh is the service account. Every workload of the namespace that names none has this one too: a
policy that allows it allows all of them, also those that come later.

## Example

```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: orders, image: orders}]}
```

Use instead an account of its own:

```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec: {serviceAccountName: orders, containers: [{name: orders, image: orders}]}
```

## How to fix it

Create a ServiceAccount for the workload, name it in the pod template, and then in the policies of those who are
called.

## Limits

Workloads that are not in the mesh are not looked at: there the account says nothing about who may connect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="IDN-001",
    slug="default-service-account",
    title="A workload of the mesh has the identity that everybody has by default",
    severity=Severity.MEDIUM,
    precision=Precision.MEDIUM,
    needs=Needs.INVENTORY,
    frameworks=("CIS 5.1.5",),
    aliases=("checkov:CKV_K8S_41", "kube-linter:default-service-account", "kubescape:C-0189", "popeye:300"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload, and which rules of policies allow it by that identity."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import listed, subject_of

    allowing: dict[str, list[str]] = {}
    for policy in enforcement.policies:
        for clause in policy.clauses if policy.action == "ALLOW" else ():
            for index in enforcement.named(policy, clause):
                if enforcement.pod(index).service_account == "default":
                    allowing.setdefault(enforcement.pod(index).namespace, []).append(str(subject_of(policy)))
    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        proxy = enforcement.proxy(index)
        if pod.service_account != "default" or proxy is Proxy.NONE or pod.workload in told or is_gateway(pod):
            continue
        told.add(pod.workload)
        subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
        place = pod.place or NOWHERE
        if proxy is None:
            yield NotEvaluable(RULE.id, subject, "whether it is in the mesh is open", place)
            continue
        policies = allowing.get(pod.namespace, [])
        also = f"; {listed(policies)} allows whoever has it" if policies else ""
        message = f"{subject} runs as the ServiceAccount default of {pod.namespace}, as all do that name none{also}"
        fix = f"give it a ServiceAccount of its own, such as {pod.workload.name}"
        yield Finding(RULE.id, message, place, subject, (), fix=fix)
