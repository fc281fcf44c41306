"""A route asks for a claim of a token that the gateway does not validate.

## What is checked

VirtualServices with a match on `@request.auth.claims…`, at every gateway that serves them: whether a
RequestAuthentication applies to its pods.

## Why this is bad

Without validation the gateway knows no claims. Such a match is never true, and requests take the next route: where that
is the one without a condition, what the token was to keep apart is open to everybody, also to who brings none.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [shop.example]
  gateways: [edge]
  http:
  - match: [{headers: {'@request.auth.claims.group': {exact: staff}}}]
    route: [{destination: {host: web}}]
```

Use beside it, in the namespace of the gateway's pods:

```yaml
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: edge, namespace: istio-ingress}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  jwtRules: [{issuer: https://id.example, jwksUri: https://id.example/keys}]
```

## How to fix it

Validate tokens at the gateway, and let an AuthorizationPolicy there ask for what the route asks: a route is no
permission.

## Limits

Routes of proxies in the mesh cannot ask for claims at all: a VirtualService for `mesh` is found as well. Where the
input has not the Gateway or its pods, the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.mesh_objects import MeshObject
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-026",
    slug="route-by-unchecked-token",
    title="A route asks for a claim of a token that the gateway does not validate",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0149",),
)

CLAIMS = "@request.auth.claims"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each VirtualService, gateway and claim."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.mesh_objects import NETWORKING, words

    for one in enforcement.written.of(NETWORKING, "VirtualService"):
        for path, key in _claims(one.spec):
            for word in words(one.spec.get("gateways")) or ["mesh"]:
                yield from _at(enforcement, one, path, key, word)


def _claims(spec: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    from ringfence.rules.mesh_objects import mapping, members

    for at, route in members(spec.get("http")):
        for number, match in members(route.get("match")):
            for field in ("headers", "withoutHeaders"):
                for key in mapping(match.get(field)):
                    if isinstance(key, str) and key.startswith(CLAIMS):
                        yield ("http", at, "match", number, field, key), key


def _at(
    enforcement: Enforcement, one: MeshObject, path: tuple[str | int, ...], key: str, word: str
) -> Iterator[Result]:
    from ringfence.dialects.istio.attachment import attaches
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.model.mesh import Point, PointSort
    from ringfence.rules.mesh_objects import NETWORKING, mapping

    place = one.place(*path)
    evidence = (word, *(str(part) for part in path))
    if word == "mesh":
        message = f"{one.subject} asks for {key} in proxies of the mesh, where routes know no claims: it never matches"
        yield Finding(RULE.id, message, place, one.subject, evidence, fix="ask for it in an AuthorizationPolicy")
        return
    space, slash, name = word.rpartition("/")
    gateway = enforcement.written.named(NETWORKING, "Gateway", space if slash else one.namespace, name)
    labels = {str(k): str(v) for k, v in mapping(gateway.spec.get("selector") if gateway else None).items()}
    pods = [index for index in enforcement.pods if labels and selects(labels, enforcement.pod(index))]
    if not pods:
        yield NotEvaluable(RULE.id, one.subject, f"the input has no pods of gateway {word}", place)
        return
    mesh = enforcement.mesh
    for index in pods:
        point = Point(PointSort.GATEWAY, enforcement.pod(index), http=True)
        found = [
            attaches(each.attachment, point, mesh.authorization) for each in mesh.authentications if not each.broken
        ]
        if any(found):
            continue
        if None in found:
            yield NotEvaluable(
                RULE.id, one.subject, f"whether tokens are validated at {enforcement.end(index)} is open", place
            )
            return
        message = (
            f"{one.subject} asks for {key}, and no RequestAuthentication is for {enforcement.end(index)}: it never "
            "matches, and requests take the next route"
        )
        hint = "write a RequestAuthentication for the gateway's pods"
        yield Finding(RULE.id, message, place, one.subject, evidence, fix=hint)
        return
