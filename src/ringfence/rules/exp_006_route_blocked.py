"""A route whose way is closed by policies.

## What is checked

Whether the pods behind a route admit the controller that serves it. The controller is the one of the input, found by
the class or the Gateway and the labels of its pods; one that the input lacks may be any pod, and is only blocked if
no pod at all is admitted.

## Why this is bad

The route is published, the controller answers with timeouts. Either the policy is wrong, and an outage waits for the
next restart, or the route is, and somebody believes that the workload is reachable.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: storefront, namespace: shop}
spec:
  podSelector: {matchLabels: {app: storefront}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
```

It admits no pod of another namespace, such as an ingress controller. Add a rule for the controller's namespace and
pods:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: storefront-from-ingress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: storefront}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
      podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
    ports: [{port: 8080}]
```

## How to fix it

Admit the controller at the port of the pods, which is the target port of the Service, or take the route away.

## Limits

A controller with the host's network comes with the address of its node; what a policy makes of that is a matter of
the network plugin, and often open.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="EXP-006",
    slug="route-blocked",
    title="A route whose way is closed by policies",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each route and workload that admits nobody who serves the route."""
    told: set[tuple[Subject, str]] = set()
    for dead in situation.ways_in.dead_ends:
        if dead.code != "blocked":
            continue
        subject = Subject(dead.opening.kind, dead.opening.namespace, dead.opening.name)
        if (subject, dead.message) in told:
            continue
        told.add((subject, dead.message))
        related = tuple(Related(one.place, f"{one.kind} {one.name} decides") for one in dead.decided_by)
        yield Finding(RULE.id, dead.message, dead.place, subject, (dead.code, dead.message), related, fix=dead.fix)
