"""A rule names the port of a Service, and the workload has another one.

## What is checked

`ports` of operations, and conditions on `destination.port`, in AuthorizationPolicies: numbers that are the port of a
Service of the workloads that the policy selects, lead to another port there, and are themselves no port of these
workloads.

## Why this is bad

A proxy at the workload sees the port on which the workload listens. A rule for the Service's port never matches: one
that allows keeps everybody out, and one that denies keeps nobody out.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  action: DENY
  rules: [{to: [{operation: {ports: ["80"]}}]}]
```

Where the Service leads from 80 to 8080, use instead:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  action: DENY
  rules: [{to: [{operation: {ports: ["8080"]}}]}]
```

## How to fix it

Write the `targetPort`.

## Limits

A port that no container declares is not known here: where the workload also listens on the Service's number, the rule
may be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import Clause
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-010",
    slug="port-of-the-service",
    title="A rule names the port of a Service, and the workload has another one",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

EFFECT = {
    "ALLOW": "the rule allows nothing there",
    "DENY": "the rule denies nothing there",
    "AUDIT": "the rule logs nothing there",
    "CUSTOM": "nobody is asked about it there",
}


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such port of a rule."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import listed, subject_of

    for policy in enforcement.policies:
        if policy.attachment.targets:
            continue
        subject = subject_of(policy)
        for clause in policy.clauses:
            for port in _ports(clause):
                pods, perhaps = enforcement.attached(policy.attachment)
                leading = [enforcement.published(index, port) for index in pods]
                if not any(leading) and perhaps:
                    yield NotEvaluable(RULE.id, subject, "which proxy enforces it is open", clause.place)
                own = any(enforcement.listens(index, port) for index in pods)
                targets = sorted(set().union(*leading))
                if own or not targets:
                    continue
                numbers = " and ".join(str(target) for target in targets)
                names = listed([enforcement.end(index) for index, found in zip(pods, leading, strict=True) if found])
                yield Finding(
                    RULE.id,
                    f"{subject} rule {clause.index} names port {port}, which is the Service's: {names} listens on "
                    f"{numbers}, and {EFFECT[policy.action]}",
                    clause.place,
                    subject,
                    (str(clause.index), str(port)),
                    fix=f"write {numbers}",
                )


def _ports(clause: Clause) -> list[int]:
    terms = [*(term for operation in clause.operations for term in operation), *clause.conditions]
    words = [value for term in terms if term.key == "destination.port" for value in term.values]
    return list(dict.fromkeys(int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 6))
