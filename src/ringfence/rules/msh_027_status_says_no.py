"""The mesh itself says that it does not take an object.

## What is checked

Conditions in the status of objects of Istio, of Services that ask for a waypoint, and of Gateways and routes of the
Gateway API that istiod answers for, as a dump of the cluster has them: `ZtunnelAccepted`, `WaypointAccepted`,
`istio.io/WaypointBound`, `Reconciled` and others with status `False`.

## Why this is bad

ztunnel or istiod has looked at the object and does not enforce it, or only a part. It is written, applied and listed
all the same. Its condition says why, and few people read it.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: shop}
spec:
  action: DENY
  rules: [{to: [{operation: {paths: [/admin*]}}]}]
status:
  conditions:
  - {type: ZtunnelAccepted, status: "False", reason: UnsupportedValue, message: no HTTP attributes}
```

Use instead what the proxy supports, so that its condition becomes true:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: shop}
spec:
  targetRefs: [{kind: Service, group: '', name: web}]
  action: DENY
  rules: [{to: [{operation: {paths: [/admin*]}}]}]
status:
  conditions:
  - {type: WaypointAccepted, status: "True", reason: Accepted}
```

## How to fix it

Do what the condition says, and read it again.

## Limits

Manifests of a repository have no status: only what a dump shows is found. What ringfence works out itself of such
objects is in AUZ-006, MSH-004 and MSH-012.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.model.text import printable
from ringfence.rules.finding import Finding, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.model.provenance import Manifest
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-027",
    slug="status-says-no",
    title="The mesh itself says that it does not take an object",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.OBJECT,
    aliases=("istioctl:IST0171",),
)

GROUPS = ("security.istio.io", "networking.istio.io", "extensions.istio.io", "telemetry.istio.io")
OF_SERVICES = "istio.io/"
"""Conditions of Services that are Istio's begin so."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each object and condition."""
    if situation.enforcement is None:
        return
    from ringfence.rules.mesh_objects import mapping

    for manifest in situation.manifests:
        own = manifest.api_version.rpartition("/")[0] in GROUPS or _of_gateways(manifest)
        if not own and (manifest.kind != "Service" or manifest.api_version != "v1"):
            continue
        for path, condition in _conditions(mapping(manifest.data.get("status"))):
            sort = str(condition.get("type", ""))
            if condition.get("status") != "False" or not (own or sort.startswith(OF_SERVICES)):
                continue
            subject = Subject(manifest.kind, manifest.namespace or "default", manifest.name)
            reason = printable(str(condition.get("reason", "")))
            # A snapshot keeps the words of a condition for objects of Istio only.
            words = condition.get("message", "") if manifest.api_version.rpartition("/")[0] in GROUPS else ""
            said = printable(str(words))
            tail = "; ".join(filter(None, (reason, said)))
            message = f"{subject} has the condition {printable(sort)} False" + (f": {tail}" if tail else "")
            place = manifest.positions.place(("status", *path))
            evidence = (*(str(part) for part in path[:-2]), sort, reason)
            yield Finding(RULE.id, message, place, subject, evidence, fix="do what the condition says")


def _of_gateways(manifest: Manifest) -> bool:
    """Whether istiod answers for an object of the Gateway API: a Gateway of its classes, or any route."""
    from ringfence.rules.mesh_objects import GATEWAY_API, mapping

    if manifest.api_version.rpartition("/")[0] != GATEWAY_API:
        return False
    name = mapping(manifest.data.get("spec")).get("gatewayClassName")
    return manifest.kind.endswith("Route") or (isinstance(name, str) and name.startswith("istio"))


def _conditions(status: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """The conditions of an object, and those that each parent of a route gives it, with where they stand."""
    from ringfence.rules.mesh_objects import members

    for at, condition in members(status.get("conditions")):
        yield ("conditions", at), condition
    for number, parent in members(status.get("parents")):
        for at, condition in members(parent.get("conditions")):
            controller = parent.get("controllerName")
            if controller is None or str(controller).startswith("istio.io/"):
                yield ("parents", number, "conditions", at), condition
