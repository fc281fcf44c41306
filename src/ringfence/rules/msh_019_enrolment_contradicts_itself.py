"""Labels say two things about how a workload is in the mesh.

## What is checked

Namespaces with both `istio-injection` and `istio.io/rev`; namespaces and pods that ask for a sidecar and for ambient at
once, or that show the proxy of the one and the label or annotation of the other; and namespaces that say nothing where
the injector takes all that say nothing (`enableNamespacesByDefault`).

## Why this is bad

One of the two counts, and it is not always the one that was meant: `istio-injection` beats `istio.io/rev`, whatever
revision that names, and a sidecar keeps ztunnel away, with the policies that were written for a waypoint.

## Example

```yaml
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled, istio.io/rev: canary}}
```

Use instead one of them:

```yaml
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/rev: canary}}
```

## How to fix it

Take the label out that is not meant, and restart the workloads.

## Limits

Whether a pod is in the mesh at all is the question of MSH-007 and MSH-008.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.model.cluster import Namespace, Pod
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-019",
    slug="enrolment-contradicts-itself",
    title="Labels say two things about how a workload is in the mesh",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=(
        *("istioctl:IST0123", "istioctl:IST0148"),
        *("kiali:KIA1311", "kiali:KIA1314", "kiali:KIA1315", "kiali:KIA1316"),
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each namespace and workload."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.mesh_objects import workload_of

    for name, space in sorted(situation.cluster.namespaces.items()):
        subject = Subject("Namespace", "", name)
        place = space.place or situation.place_of(subject)
        for word, says, hint, severity in _namespace(enforcement, space):
            yield Finding(RULE.id, f"{subject} {says}", place, subject, (word,), fix=hint, severity=severity)
    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        found = situation.cluster.namespaces.get(pod.namespace)
        says = _pod(pod, found)
        open_labels = found is None or found.open_labels
        if pod.workload in told or not (says or (open_labels and _wants_sidecar(pod))):
            continue
        told.add(pod.workload)
        subject, place = workload_of(pod), pod.place or NOWHERE
        if says:
            yield Finding(RULE.id, f"{subject} {says}", place, subject, (), fix="let it say one of them")
        else:
            yield NotEvaluable(RULE.id, subject, f"what namespace {pod.namespace} asks for is open", place)


def _namespace(enforcement: Enforcement, space: Namespace) -> Iterator[tuple[str, str, str, Severity | None]]:
    from ringfence.dialects.istio.enrolment import DATAPLANE, IGNORED, INJECTION, REVISION

    labels = space.labels
    if INJECTION in labels and REVISION in labels:
        says = (
            f"is labelled {INJECTION}={labels[INJECTION]} and {REVISION}={labels[REVISION]}: the first counts, and the "
            "revision does not"
        )
        yield "revision", says, f"take {INJECTION} out, or {REVISION}", None
    asks = labels.get(INJECTION) == "enabled" or (INJECTION not in labels and REVISION in labels)
    if asks and labels.get(DATAPLANE) == "ambient":
        says = (
            f"asks for sidecars and is labelled {DATAPLANE}=ambient: sidecars come, and ztunnel leaves their pods alone"
        )
        yield "ambient", says, f"take {DATAPLANE} out, or the label for sidecars", None
    by_default = any(one.by_default for one in enforcement.mesh.objects.injections if not one.revision)
    silent = not {INJECTION, REVISION, DATAPLANE} & set(labels) and not space.open_labels
    apart = space.name in IGNORED or space.name == enforcement.mesh.config.root_namespace
    if by_default and silent and not apart and enforcement.situation.has_workloads(space.name):
        says = "says nothing, and the injector takes namespaces that say nothing: its pods get sidecars"
        yield (
            "by default",
            says,
            f"label it {INJECTION}: enabled, so that it does not hang on the injector",
            Severity.INFO,
        )


def _pod(pod: Pod, space: Namespace | None) -> str:
    """What a pod says twice; empty: nothing."""
    from ringfence.dialects.istio.enrolment import DATAPLANE, PROXY, REDIRECTION, is_gateway

    if is_gateway(pod) or pod.host_network:
        return ""
    labels, annotations = pod.labels, pod.marks.annotations
    asks = _wants_sidecar(pod)
    has = any(proxy.name == PROXY for proxy in pod.marks.proxies)
    own = labels.get(DATAPLANE) == "ambient"
    theirs = space is not None and space.labels.get(DATAPLANE) == "ambient" and labels.get(DATAPLANE) != "none"
    taken = annotations.get(REDIRECTION) == "enabled"
    if has and (own or taken):
        by = f"is labelled {DATAPLANE}=ambient" if own else f"is annotated {REDIRECTION}: enabled"
        return f"has a sidecar and {by}: the sidecar counts"
    if asks and (own or taken):
        by = f"is labelled {DATAPLANE}=ambient" if own else f"is annotated {REDIRECTION}: enabled"
        return f"asks for a sidecar and {by}: made anew it gets a sidecar, and ztunnel leaves it alone"
    if (has or asks) and theirs:
        return "has a sidecar in a namespace of ambient: policies for a waypoint do not reach it"
    return ""


def _wants_sidecar(pod: Pod) -> bool:
    """Whether a pod asks for a sidecar itself."""
    from ringfence.dialects.istio.enrolment import INJECT, REVISION, is_gateway

    if is_gateway(pod) or pod.host_network:
        return False
    return "true" in (pod.labels.get(INJECT), pod.marks.annotations.get(INJECT)) or REVISION in pod.labels
