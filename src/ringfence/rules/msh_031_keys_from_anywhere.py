"""istiod fetches the keys of tokens from whatever address a policy names.

## What is checked

RequestAuthentications with a `jwksUri`, and whether istiod is told which addresses it may not ask
(`BLOCKED_CIDRS_IN_JWKS_URIS`).

## Why this is bad

istiod makes the request itself. Who may write a RequestAuthentication in any namespace makes the control plane ask
addresses that he cannot reach: those of the cluster, and the metadata of the cloud.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: shop}
spec:
  jwtRules: [{issuer: https://id.example, jwksUri: http://169.254.169.254/keys}]
```

Use instead keys that are written down, or set `BLOCKED_CIDRS_IN_JWKS_URIS` in istiod's environment:

```yaml
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: shop}
spec:
  jwtRules: [{issuer: https://id.example, jwks: '{"keys": []}'}]
```

## How to fix it

Set the variable to the ranges of the cluster, of its nodes, and 169.254.0.0/16; and write a NetworkPolicy for the
egress of istiod.

## Limits

Releases before 1.29 may not know the variable. Where the input has no istiod, the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-031",
    slug="keys-from-anywhere",
    title="istiod fetches the keys of tokens from whatever address a policy names",
    severity=Severity.LOW,
    precision=Precision.MEDIUM,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0175",),
)

FLAG = "BLOCKED_CIDRS_IN_JWKS_URIS"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each RequestAuthentication."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.mesh_objects import SECURITY, members

    planes = enforcement.mesh.objects.control_planes
    for one in enforcement.written.of(SECURITY, "RequestAuthentication"):
        for at, rule in members(one.spec.get("jwtRules")):
            address = rule.get("jwksUri")
            if not isinstance(address, str) or not address:
                continue
            place = one.place("jwtRules", at, "jwksUri")
            if not planes:
                why = "the input has no istiod, which says where it may not fetch keys"
                yield NotEvaluable(RULE.id, one.subject, why, place)
            elif not all(plane.flags.get(FLAG) for plane in planes):
                message = f"{one.subject} makes istiod fetch {address}, and istiod is not told where it may not ask"
                hint = f"set {FLAG} in the environment of istiod"
                yield Finding(RULE.id, message, place, one.subject, (str(at),), fix=hint)
