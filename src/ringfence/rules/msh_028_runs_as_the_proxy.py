"""An application runs as the user whose traffic the mesh lets alone.

## What is checked

Containers of workloads with a sidecar that run as user or group 1337, by their own `securityContext` or that of the
pod.

## Why this is bad

The rules that send a pod's connections to its sidecar leave out those of user and group 1337: they are the proxy's own.
An application under that number sends everything past the proxy: no mutual TLS, no identity, no egress rule of the
mesh.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
  - {name: web, image: web, securityContext: {runAsUser: 1337}}
```

Use instead any other number:

```yaml
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers:
  - {name: web, image: web, securityContext: {runAsUser: 10001}}
```

## How to fix it

Take another user and group. What must stop a container that chooses 1337 itself is a policy for pods (a validating
admission policy, or a Pod Security standard with one beside it), and a NetworkPolicy for its egress.

## Limits

The user of the image is not in the input. Pods of a big dump are looked at by what makes them; where that is not in the
input, the rule cannot be evaluated for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-028",
    slug="runs-as-the-proxy",
    title="An application runs as the user whose traffic the mesh lets alone",
    severity=Severity.HIGH,
    precision=Precision.VERY_HIGH,
    needs=Needs.OBJECT,
    aliases=("istioctl:IST0144",),
)

PROXY_USER = 1337
TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Where the spec of the pods is; of all others in the template."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and container."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import PROXY, is_gateway
    from ringfence.model.mesh import Proxy
    from ringfence.rules.mesh_objects import mapping, workload_of

    told: set[object] = set()
    for index in enforcement.pods:
        pod, proxy = enforcement.pod(index), enforcement.proxy(index)
        if pod.workload in told or proxy in (Proxy.NONE, Proxy.NODE) or is_gateway(pod) or pod.host_network:
            continue
        told.add(pod.workload)
        subject = workload_of(pod)
        manifest = situation.manifest(subject)
        if manifest is None:
            why = "the input does not tell as whom its containers run"
            yield NotEvaluable(RULE.id, subject, why, pod.place)
            continue
        path = TEMPLATES.get(subject.kind, ("spec", "template", "spec"))
        spec: Mapping[str, Any] = manifest.data
        for key in path:
            spec = mapping(spec.get(key))
        for field, at, name, word in _containers(spec):
            if name == PROXY:
                continue
            place = manifest.positions.place((*path, field, at))
            if proxy is None:
                yield NotEvaluable(RULE.id, subject, "whether it has a sidecar is open", place)
                break
            message = f"{subject} runs its container {name} as {word} {PROXY_USER}: what it sends goes past its proxy"
            witness = _refused(enforcement, index)
            yield Finding(RULE.id, message, place, subject, (name, word), witness=witness, fix=f"take another {word}")


def _refused(enforcement: Enforcement, index: int) -> Witness | None:
    """A server that asks for an identity, and refuses the workload because its connections have none."""
    from ringfence.model.mesh import Acceptance

    for server in enforcement.pods:
        for port in enforcement.ports(server):
            if enforcement.acceptance(server, port) is Acceptance.STRICT:
                found = enforcement.witness([index], server, port, Verdict.DENIED)
                if found is not None:
                    return found
    return None


def _containers(spec: Mapping[str, Any]) -> Iterator[tuple[str, int, str, str]]:
    """The containers that run as the proxy, where they stand, and by which of the two numbers."""
    from ringfence.rules.mesh_objects import mapping, members

    whole = mapping(spec.get("securityContext"))
    for field in ("containers", "initContainers"):
        for at, container in members(spec.get(field)):
            own = mapping(container.get("securityContext"))
            for key, word in (("runAsUser", "user"), ("runAsGroup", "group")):
                if own.get(key, whole.get(key)) == PROXY_USER:
                    yield field, at, str(container.get("name", "")), word
                    break
