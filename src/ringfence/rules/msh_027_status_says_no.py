"""The mesh itself says that it does not take an object.

## What is checked

Conditions in the status of objects of Istio, and of Services and ServiceEntries that ask for a waypoint, as a dump of
the cluster has them: `ZtunnelAccepted`, `WaypointAccepted`, `istio.io/WaypointBound`, `Reconciled` and others with
status `False`.

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

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.text import printable
from ringfence.rules.finding import Finding, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
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
    from ringfence.rules.mesh_objects import mapping, members

    for manifest in situation.manifests:
        own = manifest.api_version.rpartition("/")[0] in GROUPS
        if not own and (manifest.kind != "Service" or manifest.api_version != "v1"):
            continue
        for at, condition in members(mapping(manifest.data.get("status")).get("conditions")):
            sort = str(condition.get("type", ""))
            if condition.get("status") != "False" or not (own or sort.startswith(OF_SERVICES)):
                continue
            subject = Subject(manifest.kind, manifest.namespace or "default", manifest.name)
            reason = printable(str(condition.get("reason", "")))
            said = printable(str(condition.get("message", "")))
            tail = "; ".join(filter(None, (reason, said)))
            message = f"{subject} has the condition {printable(sort)} False" + (f": {tail}" if tail else "")
            place = manifest.positions.place(("status", "conditions", at))
            yield Finding(RULE.id, message, place, subject, (sort, reason), fix="do what the condition says")
