"""A route that gets no request, or perhaps none.

## What is checked

Whether every rule of a route that a gateway of the mesh serves takes some request: what goes before it in its own list,
in routes for a narrower host and in other routes for the same host is taken off first. And whether several
VirtualServices for clients in the mesh are for one host, of which only the oldest counts.

## Why this is bad

Somebody wrote a rule and believes that it holds: an older or earlier one decides instead, and with it where requests go
and which policies judge them. Where the ages are not known, it may be the one or the other, and another one after the
next restore from Git.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/edge]
  http:
  - route: [{destination: {host: storefront}}]
  - match: [{uri: {prefix: /admin}}]
    route: [{destination: {host: admin}}]
```

The first route takes everything. The more specific one has to come first:

```yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/edge]
  http:
  - match: [{uri: {prefix: /admin}}]
    route: [{destination: {host: admin}}]
  - route: [{destination: {host: storefront}}]
```

## How to fix it

Put what is more specific first, and make one object of several for the same host.

## Limits

Conditions on claims of tokens, and what else is not modelled, are taken to match some request. One of several
conditions of a rule that takes nothing is not found while another one takes something. Of routes for clients in the
mesh only the hosts are compared, not one rule with another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import VirtualService
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="EXP-007",
    slug="route-shadowed",
    title="A route that gets no request",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0109", "istioctl:IST0130", "istioctl:IST0131", "kiali:KIA1106"),
)
CODES = ("no-request", "route-order")


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule of a route that takes nothing, and for each host with several routes in the mesh."""
    told: set[tuple[Subject, str]] = set()
    for way in situation.ways_in.ways:
        opening = way.openings[0]
        if opening.how != "route" or way.reason.code not in CODES:
            continue
        subject = Subject(opening.kind, opening.namespace, opening.name)
        what = f"{way.path or 'any path'} to {way.destination}"
        if (subject, what) in told:
            continue
        told.add((subject, what))
        message = f"{opening.text}, {what}: {way.reason.message}"
        fix = "put what is more specific first, and make one object of several for the same host"
        yield Finding(RULE.id, message, opening.place, subject, (way.reason.code, what), fix=fix)
    yield from _in_the_mesh(situation)


def _in_the_mesh(situation: Situation) -> Iterator[Result]:
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.hosts import full_name

    by_host: dict[str, list[VirtualService]] = {}
    for route in enforcement.mesh.objects.virtual_services:
        if route.inside and route.named.kind == "VirtualService":
            for host in dict.fromkeys(full_name(one, route.named.namespace) for one in route.hosts):
                by_host.setdefault(host, []).append(route)
    for host, routes in sorted(by_host.items()):
        yield from _of_host(host, routes)


def _of_host(host: str, routes: list[VirtualService]) -> Iterator[Result]:
    """Of several routes that some namespace sees, the oldest counts."""
    from ringfence.dialects.istio.ages import oldest

    alike = [one for one in routes if any(other is not one and _both_seen(one, other) for other in routes)]
    if len(alike) < 2:
        return
    counting = oldest(alike)
    first = counting[0]
    for one in alike:
        if one is first:
            continue
        sure = len(counting) == 1
        how = f"{first.named} is older" if sure else f"{first.named} is for it too, and the input has no ages"
        message = f"{one.named} {'does' if sure else 'may'} not count for clients that call {host}: {how}"
        related = (Related(first.named.place, "the other VirtualService for this host"),)
        subject = Subject(one.named.kind, one.named.namespace, one.named.name)
        evidence = (host, str(first.named))
        fix = "make one VirtualService of them, or export each to the namespaces that it is for"
        yield Finding(RULE.id, message, one.named.place, subject, evidence, related, fix=fix)


def _both_seen(one: VirtualService, other: VirtualService) -> bool:
    """Whether some namespace sees both."""
    first, second = _seen_from(one), _seen_from(other)
    return first is None or second is None or bool(first & second)


def _seen_from(one: VirtualService) -> frozenset[str] | None:
    if not one.exports or "*" in one.exports:
        return None
    return frozenset(one.named.namespace if text == "." else text for text in one.exports)
