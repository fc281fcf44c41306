"""Workloads reach addresses outside past the egress gateway.

## What is checked

Where the input has an egress gateway of the mesh (a gateway that is called so by its labels, or to which a
VirtualService sends calls of the mesh), and namespaces of which workloads are in the mesh: whether the network lets one
of these workloads open connections to the internet by itself.

## Why this is bad

That calls go over the gateway is the doing of the client's own proxy. Whoever controls the pod calls outside directly,
and no policy and no log of the gateway sees it.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: egress
  namespace: istio-egress
  labels: {istio: egressgateway, sidecar.istio.io/inject: "true"}
  annotations: {inject.istio.io/templates: gateway}
spec: {containers: [{name: istio-proxy, image: auto}]}
```

Use beside it a NetworkPolicy in every namespace that is to go over it:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: over-the-gateway, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {}}]
```

## How to fix it

Close egress in the namespace, and open it to pods of the cluster (the gateway among them) and DNS.

## Limits

One port, 443, of one address stands for the internet. Gateways of the Gateway API count if their pods show the labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-010",
    slug="past-the-egress-gateway",
    title="Workloads reach addresses outside past the egress gateway",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each namespace."""
    enforcement = situation.enforcement
    gateways = _gateways(enforcement) if enforcement is not None else []
    if not gateways or enforcement is None:
        return
    from ringfence.rules.outwards import outwards

    gateway = enforcement.pod(gateways[0])
    name = f"{gateway.namespace}/{gateway.workload.name}"
    for namespace, found in outwards(enforcement):
        subject = Subject("Namespace", "", namespace)
        place = situation.place_of(subject, otherwise=enforcement.pod(found.pods[0]).place or NOWHERE)
        if found.witness is None:
            why = "whether its workloads are in the mesh, or NetworkPolicies let them out, is open"
            if found.unclear:
                yield NotEvaluable(RULE.id, subject, why, place)
            continue
        yield Finding(
            RULE.id,
            f"{subject} has workloads of the mesh that call outside past egress gateway {name}: "
            f"{found.witness.source} gets to {found.witness.destination} by itself",
            place,
            subject,
            (),
            (Related(gateway.place or NOWHERE, "the egress gateway"),),
            found.witness,
            "close egress with a NetworkPolicy, and open it to the gateway and DNS",
        )


def _gateways(enforcement: Enforcement) -> list[int]:
    """The pods of egress gateways."""
    from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint
    from ringfence.rules.mesh_objects import mapping, members, words

    pods = [index for index in enforcement.pods if is_gateway(enforcement.pod(index))]
    pods = [index for index in pods if not is_waypoint(enforcement.pod(index))]
    named = [
        index
        for index in pods
        if any("egressgateway" in enforcement.pod(index).labels.get(key, "") for key in ("istio", "app"))
    ]
    for one in enforcement.written.of("networking.istio.io", "VirtualService"):
        if "mesh" not in (words(one.spec.get("gateways")) or ["mesh"]):
            continue
        for field in ("http", "tls", "tcp"):
            for _, route in members(one.spec.get(field)):
                for _, target in members(route.get("route")):
                    host = str(mapping(target.get("destination")).get("host", ""))
                    for service in enforcement.written.services(host, one.namespace) if host else ():
                        behind = (
                            index for index in pods if service in enforcement.mesh.services.of(enforcement.pod(index))
                        )
                        named += behind
    return list(dict.fromkeys(named))
