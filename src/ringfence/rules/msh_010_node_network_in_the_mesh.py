"""A workload in the network of its node stands in a namespace of the mesh.

## What is checked

Workloads with `hostNetwork: true` in namespaces that ask for proxies, or that ask for one themselves. Neither the
injector nor ztunnel takes such a pod.

## Why this is bad

It has the address of its node, proves no identity, and no policy of the mesh is enforced for it. Servers that are
STRICT refuse it; servers that take plaintext cannot tell it from anything else on the node. Node agents in the
namespace of applications are often forgotten when the namespace becomes STRICT.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec:
  hostNetwork: true
  containers: [{name: agent, image: agent}]
```

Use instead:

```yaml
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec:
  containers: [{name: agent, image: agent}]
```

## How to fix it

Take `hostNetwork` out where the workload does not need it. Else move it to a namespace that says `istio-injection:
disabled`, and open what it has to call with `portLevelMtls` and an AuthorizationPolicy for its port.

## Limits

The witness is a server of the input that refuses the workload; most network plugins leave open what NetworkPolicies
make of pods in the network of their node, and then there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.model.cluster import Pod
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-010",
    slug="node-network-in-the-mesh",
    title="A workload in the network of its node stands in a namespace of the mesh",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such workload."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import IGNORED, is_gateway
    from ringfence.rules.mesh_objects import workload_of

    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        space = situation.cluster.namespaces.get(pod.namespace)
        apart = pod.namespace in IGNORED or pod.namespace == enforcement.mesh.config.root_namespace
        if not pod.host_network or is_gateway(pod) or apart or pod.workload in told:
            continue
        told.add(pod.workload)
        asks = _asks(pod, {} if space is None else dict(space.labels))
        subject, place = workload_of(pod), pod.place or NOWHERE
        if not asks:
            if space is None or space.open_labels:
                why = f"whether namespace {pod.namespace} is in the mesh is open"
                yield NotEvaluable(RULE.id, subject, why, place)
            continue
        witness = _refused(enforcement, index)
        refused = f": {witness.destination} refuses it" if witness is not None else ""
        message = f"{subject} is in the network of its node and gets no proxy, although {asks}{refused}"
        hint = "take hostNetwork out, or move it to a namespace that is not in the mesh"
        yield Finding(RULE.id, message, place, subject, (), witness=witness, fix=hint)


def _asks(pod: Pod, labels: dict[str, str]) -> str:
    """What asks for a proxy; empty: nothing."""
    from ringfence.dialects.istio.enrolment import DATAPLANE, INJECT, INJECTION, REVISION

    if "false" in (pod.labels.get(INJECT), pod.marks.annotations.get(INJECT)) or pod.labels.get(DATAPLANE) == "none":
        return ""
    if "true" in (pod.labels.get(INJECT), pod.marks.annotations.get(INJECT)):
        return f"it says {INJECT}: true"
    for key, value in ((INJECTION, "enabled"), (DATAPLANE, "ambient")):
        if labels.get(key) == value:
            return f"its namespace is labelled {key}={value}"
    if INJECTION not in labels and REVISION in labels:
        return f"its namespace is labelled {REVISION}={labels[REVISION]}"
    return ""


def _refused(enforcement: Enforcement, index: int) -> Witness | None:
    """A server of the namespace that refuses it, and that the network would let it reach."""
    from ringfence.model.mesh import Acceptance

    for server in enforcement.pods_of(enforcement.pod(index).namespace):
        for port in enforcement.ports(server):
            if enforcement.acceptance(server, port) is Acceptance.STRICT:
                found = enforcement.witness([index], server, port, Verdict.DENIED)
                if found is not None:
                    return found
    return None
