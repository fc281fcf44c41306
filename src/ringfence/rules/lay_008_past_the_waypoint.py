"""Requests get to a workload past its waypoint and the policies there.

## What is checked

Services whose traffic goes over a waypoint, with a policy that the waypoint enforces: whether the workload behind, at
its own proxy, has a policy that allows only some. Without one, everybody whom the network lets through gets there
without the waypoint: clients without a proxy, clients with a sidecar, and whoever dials the pod's address. The engine
is asked for such a client.

## Why this is bad

Only clients of ztunnel that dial the Service go over the waypoint. What its policies refuse is a matter of how the
client asks.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  targetRefs: [{kind: Service, group: '', name: orders}]
  rules: [{to: [{operation: {methods: [GET]}}]}]
```

Use beside it a policy at the workload that admits the waypoint alone:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders-only-waypoint, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/waypoint]}}]}]
```

## How to fix it

Allow, at the workload, the identity of the waypoint and no other. STRICT alone keeps out only clients without an
identity.

## Limits

A workload with any policy that allows is left alone, whomever it admits: that was somebody's choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy
    from ringfence.model.cluster import Service
    from ringfence.model.mesh import Waypoint
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-008",
    slug="past-the-waypoint",
    title="Requests get to a workload past its waypoint and the policies there",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each Service of which the waypoint can be gone past."""
    enforcement = situation.enforcement
    for index, service, waypoint in enforcement.behind_waypoints if enforcement is not None else ():
        assert enforcement is not None
        policy = _policy(enforcement, service, waypoint)
        if policy is None or enforcement.allowing(index):
            continue
        subject = Subject("Service", service.namespace, service.name)
        place = service.place or NOWHERE
        if _perhaps_closed(enforcement, index):
            yield NotEvaluable(RULE.id, subject, "whether a policy closes the workload behind it is open", place)
            continue
        witness = _witness(enforcement, index, service)
        if witness is None:
            continue
        ref = enforcement.pod(index).workload
        yield Finding(
            RULE.id,
            f"{subject} is protected at waypoint {waypoint.namespace}/{waypoint.name} and {ref} behind it is open: "
            f"{witness.source} gets there past the waypoint",
            place,
            subject,
            (str(ref),),
            (Related(policy.place, "the policy that only the waypoint enforces"),),
            witness,
            f"allow only the waypoint's identity ({waypoint.namespace}/{waypoint.name}) at {ref}",
        )


def _policy(enforcement: Enforcement, service: Service, waypoint: Waypoint) -> AuthorizationPolicy | None:
    """A policy that the waypoint enforces for the Service."""
    from ringfence.dialects.istio.attachment import attaches
    from ringfence.model.mesh import Point, PointSort

    point = Point(PointSort.WAYPOINT, enforcement.pod(waypoint.pods[0]), http=True, service=service)
    for policy in enforcement.policies:
        acting = policy.action in ("ALLOW", "DENY", "CUSTOM") and not policy.dry_run
        if acting and attaches(policy.attachment, point, enforcement.mesh.authorization):
            return policy
    return None


def _perhaps_closed(enforcement: Enforcement, index: int) -> bool:
    """Whether some policy that allows may be for the workload, and that hangs on open labels."""
    from ringfence.dialects.istio.attachment import attaches
    from ringfence.model.mesh import Point, PointSort

    point = Point(PointSort.NODE, enforcement.pod(index), http=False)
    config = enforcement.mesh.authorization
    return any(
        attaches(policy.attachment, point, config) is None
        for policy in enforcement.mesh.policies
        if policy.action == "ALLOW"
    )


def _witness(enforcement: Enforcement, index: int, service: Service) -> Witness | None:
    """A client that gets everything through: without a proxy or with a sidecar, by the Service."""
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.dialects.istio.speech import target_of
    from ringfence.model.mesh import Proxy

    pod = enforcement.pod(index)
    sidecars = [
        one
        for one in enforcement.pods
        if enforcement.proxy(one) is Proxy.SIDECAR and not is_gateway(enforcement.pod(one))
    ]
    for port in service.ports:
        if port.protocol == "TCP" and target_of(port, pod) is not None:
            name = f"{service.namespace}/service/{service.name}"
            found = enforcement.witness((*enforcement.plain, *sidecars), name, port.port, Verdict.ALLOWED)
            if found is not None:
                return found
    return None
