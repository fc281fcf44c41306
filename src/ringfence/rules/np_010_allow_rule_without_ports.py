"""The rule allows every port.

## What is checked

Whether a rule that allows something names its ports. A rule without `ports` allows all ports of all protocols; an entry
of `ports` without `port`, or with a range over all of them, allows every port of its protocol. Rules that deny or pass
on are not looked at.

## Why this is bad

The peer needs one or two ports. All others are open to it as well: debug servers, metrics, a database's replication
port, and whatever the next version of the workload listens on.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
```

Use instead:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
    ports:
    - port: 8080
```

## How to fix it

Name the ports that the peer needs. The finding names those that the selected pods declare with a name, if they do.

## Limits

The rule reads what is written. Whether another rule allows the same ports anyway is not its question.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.model.policy import Action, Direction
from ringfence.rules.finding import Finding, Severity
from ringfence.rules.openness import fixed_ports
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.sets.ports import PROTOCOLS, protocol_range

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model.policy import Rule as PolicyRule
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-010",
    slug="allow-rule-without-ports",
    title="The rule allows every port",
    severity=Severity.LOW,
    precision=Precision.HIGH,
    needs=Needs.OBJECT,
)

_SUBJECTS_LOOKED_AT = 8
_WHOLE = {protocol: protocol_range(protocol) for protocol in PROTOCOLS}


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule that allows every port of a protocol."""
    for compiled in situation.policies:
        policy = compiled.policy
        for direction in Direction:
            for rule in policy.rules(direction) or ():
                if rule.action is not Action.ALLOW:
                    continue
                what = _every_port_of(rule)
                if what:
                    subject = policy_subject(policy)
                    yield Finding(
                        RULE.id,
                        f"{direction.value} rule {rule.index + 1} of {subject} allows {what}",
                        rule.place,
                        subject,
                        (direction.value, str(rule.index)),
                        fix=_fix(situation, compiled, direction),
                    )


def _every_port_of(rule: PolicyRule) -> str:
    if rule.ports is None:
        return "every port of every protocol"
    spans = fixed_ports(rule)
    whole = [protocol for protocol, span in _WHOLE.items() if span in spans]
    return f"every port of {' and '.join(whole)}" if whole else ""


def _fix(situation: Situation, compiled: CompiledPolicy, direction: Direction) -> str:
    if direction is Direction.INGRESS:
        declared: dict[str, None] = {}
        for mask in compiled.subjects(direction).values():
            for looked_at, column in enumerate(columns_of(mask)):
                if looked_at == _SUBJECTS_LOOKED_AT:
                    break
                for port in situation.relation.universe.ends[column].ports:
                    declared[f"{port.number}/{port.protocol} ({port.name})"] = None
        if declared:
            listed = ", ".join(list(declared)[:5])
            return f"name the ports that the peer needs; the selected pods declare {listed}"
    return "name the ports that the peer needs"
