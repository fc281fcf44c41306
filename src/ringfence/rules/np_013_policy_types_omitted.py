"""The policy leaves out policyTypes, and the default does more or less than it seems.

## What is checked

Whether a NetworkPolicy without `policyTypes` governs a direction that it has no word about. The default is Ingress,
always, and Egress where there are egress rules. So a policy

- with egress rules only closes ingress too, and
- without any rules closes ingress and leaves egress open.

A policy with ingress rules only, or with rules for both directions, does what it shows and is not found.

## Why this is bad

Few people know the default, and it changes with the rules: who adds the first egress rule to a policy cuts all other
connections of its pods. Reviewers, and other tools, misread it.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-egress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  egress:
  - to: [{podSelector: {matchLabels: {app: database}}}]
```

Nobody can connect to `app=web` any more.

Use instead:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-egress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: database}}}]
```

## How to fix it

Write `policyTypes` with the directions that are meant.

## Limits

An API server fills the default in, so the rule finds nothing in what `kubectl get` prints. An empty list of egress
rules without `policyTypes` is found by NP-012.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.finding import Finding, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.written import network_policies

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-013",
    slug="policy-types-omitted",
    title="The policy leaves out policyTypes, and the default does more or less than it seems",
    severity=Severity.LOW,
    precision=Precision.HIGH,
    needs=Needs.OBJECT,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy whose default governs a direction that it does not show."""
    for written in network_policies(situation):
        if written.types() is not None or written.rules(Direction.INGRESS) is not None:
            continue
        egress = written.rules(Direction.EGRESS)
        if egress:
            message = f"{written.subject} has egress rules only, and without policyTypes it closes ingress too"
            evidence, fix = (
                "ingress-closed",
                "write policyTypes: [Egress], or [Ingress, Egress] if ingress is to be closed",
            )
        elif egress is None:
            message = f"{written.subject} has no rules, and without policyTypes it closes ingress and not egress"
            evidence, fix = "egress-open", "write policyTypes: [Ingress], or [Ingress, Egress] to close both directions"
        else:
            continue
        yield Finding(RULE.id, message, written.place(), written.subject, (evidence,), fix=fix)
