"""A workload opts out of the mesh of its namespace.

## What is checked

Workloads without a proxy, by a label or annotation of their own (`sidecar.istio.io/inject: "false"`,
`istio.io/dataplane-mode: none`), in a namespace that asks for one.

## Why this is bad

The namespace looks enrolled. This workload sends and takes plaintext, has no identity, and no policy of the mesh is
enforced for it.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: report
  namespace: shop
  labels: {app: report, sidecar.istio.io/inject: "false"}
spec: {containers: [{name: report, image: report}]}
```

Use instead the pod without the label.

## How to fix it

Take the label out. A Job that has to end can have a native sidecar (Kubernetes 1.29 and later).

## Limits

Where the input has no Namespace object, what it asks for is not known, and the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.model.cluster import Namespace, Pod
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-008",
    slug="pod-opts-out",
    title="A workload opts out of the mesh of its namespace",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("kyverno:prevent-disabling-injection-pods",),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such workload."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint
    from ringfence.model.mesh import Proxy

    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        space = situation.cluster.namespaces.get(pod.namespace)
        if pod.workload in told or is_gateway(pod) or is_waypoint(pod):
            continue
        if space is None or space.open_labels:
            if _says_no(pod):
                told.add(pod.workload)
                subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
                why = f"it says {_says_no(pod)}, and whether namespace {pod.namespace} asks for a proxy is open"
                yield NotEvaluable(RULE.id, subject, why, pod.place)
            continue
        if enforcement.proxy(index) is not Proxy.NONE:
            continue
        word = _opts_out(pod, space)
        if word:
            told.add(pod.workload)
            subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
            message = f"{subject} says {word}: it has no proxy, and its namespace asks for one"
            yield Finding(RULE.id, message, pod.place or NOWHERE, subject, (word,), fix=f"take {word} out")


def _opts_out(pod: Pod, space: Namespace) -> str:
    """What of a pod keeps it out of the mesh that its namespace asks for; empty: nothing."""
    from ringfence.dialects.istio.enrolment import DATAPLANE, INJECT, INJECTION, REVISION

    asks = space.labels.get(INJECTION, "") == "enabled" or (INJECTION not in space.labels and REVISION in space.labels)
    if asks and pod.labels.get(INJECT, pod.marks.annotations.get(INJECT)) == "false":
        return f"{INJECT}: false"
    if space.labels.get(DATAPLANE) == "ambient" and pod.labels.get(DATAPLANE) == "none":
        return f"{DATAPLANE}: none"
    return ""


def _says_no(pod: Pod) -> str:
    """What of a pod would keep it out of a mesh; empty: nothing."""
    from ringfence.dialects.istio.enrolment import DATAPLANE, INJECT

    if pod.labels.get(INJECT, pod.marks.annotations.get(INJECT)) == "false":
        return f"{INJECT}: false"
    return f"{DATAPLANE}: none" if pod.labels.get(DATAPLANE) == "none" else ""
