"""A workload is outside of the mesh, and nobody said that it should be.

## What is checked

Pods that run without a proxy although a pod that is made now with their labels would get one (they are older than the
label of their namespace, or the injector was not there); and namespaces with workloads that say neither that they are
in the mesh nor that they are not.

## Why this is bad

Such a workload takes plaintext from everybody, proves no identity, and no policy of the mesh is enforced for it. The
namespace's label and the policies in it look as if it were protected.

## Example

```yaml
apiVersion: v1
kind: Namespace
metadata: {name: shop}
```

Use instead a label that says which it is:

```yaml
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
```

## How to fix it

Restart a workload that is older than the label: proxies come with new pods. Label the namespace with
`istio-injection: enabled`, `istio.io/rev` or `istio.io/dataplane-mode: ambient`, or with `istio-injection: disabled` if
it is to stay outside.

## Limits

Namespaces of Kubernetes and the root namespace of the mesh are not looked at, and gateways are not. Where the input
has no Namespace object, or does not tell what the injector does, the rule cannot be evaluated. A namespace without
workloads (of which IST0102 speaks too) has nothing to protect. A pod without address, node and status does not run, and
is taken for one that will be injected, unlike by IST0103. What keeps a workload outside by its own label is MSH-008;
pods with `hostNetwork` are MSH-010.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.model.cluster import Pod
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-007",
    slug="workload-without-proxy",
    title="A workload is outside of the mesh, and nobody said that it should be",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0102", "istioctl:IST0103"),
)

LEFT_OPEN = "whether its pods get a proxy hangs on what the input does not give"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload that runs without the proxy that it would get, and for each namespace that says
    nothing."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if pod.workload not in told and _looked_at(enforcement, pod):
            found = _lost(enforcement, index, pod)
            if found is not None:
                told.add(pod.workload)
                yield found
    yield from _silent(enforcement)


def _looked_at(enforcement: Enforcement, pod: Pod) -> bool:
    from ringfence.dialects.istio.enrolment import IGNORED, is_gateway

    apart = pod.namespace in IGNORED or pod.namespace == enforcement.mesh.config.root_namespace
    return not (apart or pod.host_network or is_gateway(pod))


def _lost(enforcement: Enforcement, index: int, pod: Pod) -> Result | None:
    """A pod that runs without the proxy that it would get."""
    from ringfence.dialects.istio.enrolment import exists
    from ringfence.model.mesh import Proxy
    from ringfence.rules.mesh_objects import workload_of

    if not exists(pod) or enforcement.proxy(index) is not Proxy.NONE:
        return None
    options = enforcement.mesh.predicted(pod)
    proxies = {option.value.proxy for option in options}
    subject, place = workload_of(pod), pod.place or NOWHERE
    if Proxy.NONE in proxies:
        return None if len(proxies) == 1 else NotEvaluable(RULE.id, subject, LEFT_OPEN, place)
    flows = (enforcement.witness(enforcement.plain, index, port, Verdict.ALLOWED) for port in enforcement.ports(index))
    witness = next(filter(None, flows), None)
    message = f"{subject} runs without a proxy, and made anew it would have one: {options[0].value.why}"
    return Finding(RULE.id, message, place, subject, ("running",), (), witness, "restart the workload")


def _silent(enforcement: Enforcement) -> Iterator[Result]:
    """Namespaces of which nobody said whether they are in the mesh."""
    from ringfence.dialects.istio.enrolment import DATAPLANE, INJECTION, REVISION
    from ringfence.model.mesh import Proxy

    situation = enforcement.situation
    for name in sorted(situation.pods_by_namespace):
        own = [index for index in enforcement.pods_of(name) if _looked_at(enforcement, enforcement.pod(index))]
        space = situation.cluster.namespaces.get(name)
        if not own or space is None:
            continue
        subject = Subject("Namespace", "", name)
        place = space.place or situation.place_of(subject, otherwise=enforcement.pod(own[0]).place)
        if space.open_labels:
            if any(enforcement.proxy(index) is None for index in own):
                why = f"whether {name} is in the mesh is open: the input has no Namespace {name}"
                yield NotEvaluable(RULE.id, subject, why, place)
            continue
        if {INJECTION, REVISION, DATAPLANE} & set(space.labels):
            continue
        if all(enforcement.proxy(index) is Proxy.NONE for index in own):
            message = f"{subject} does not say whether it is in the mesh: none of its workloads has a proxy"
            hint = f"label it {INJECTION}: enabled, {DATAPLANE}: ambient, or {INJECTION}: disabled"
            yield Finding(RULE.id, message, place, subject, ("silent",), fix=hint, severity=Severity.LOW)
