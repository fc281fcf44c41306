"""A policy is only tried out, and nothing else protects the workload.

## What is checked

AuthorizationPolicies with the annotation `istio.io/dry-run: "true"`. One that allows is found where it selects a
workload that no enforced policy with ALLOW selects; one that denies always.

## Why this is bad

A dry run writes what it would do into logs and metrics. It denies nothing, and it does not count as a policy that
allows: a workload without any other is open to every request, although a list of policies shows one for it.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data, annotations: {istio.io/dry-run: "true"}}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
```

Use instead the same policy without the annotation.

## How to fix it

Take the annotation out once the logs show what you expect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-013",
    slug="dry-run-taken-for-a-policy",
    title="A policy is only tried out, and nothing else protects the workload",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

DRY_RUN = ("metadata", "annotations", "istio.io/dry-run")


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy that is only tried out."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import listed, subject_of

    for policy in enforcement.policies:
        if not policy.dry_run or policy.attachment.targets or policy.action not in ("ALLOW", "DENY"):
            continue
        subject = subject_of(policy)
        place = situation.place_of(subject, DRY_RUN, policy.place)
        pods, perhaps = enforcement.attached(policy.attachment)
        bare = [pod for pod in pods if policy.action == "DENY" or not enforcement.allowing(pod)]
        if not bare:
            if perhaps:
                yield NotEvaluable(RULE.id, subject, "whether a proxy reads it is open", place)
            continue
        names = listed([enforcement.end(pod) for pod in bare])
        witness, message = None, f"{subject} only tries to deny: at {names} it stops nothing"
        if policy.action == "ALLOW":
            message = f"{subject} is only tried out, and {names} has no other policy that allows: it is open"
            flows = (
                enforcement.witness(enforcement.pods, pod, port, Verdict.ALLOWED)
                for pod in bare[:10]
                for port in enforcement.ports(pod)
            )
            witness = next(filter(None, flows), None)
        hint = "take the annotation istio.io/dry-run out"
        yield Finding(RULE.id, message, place, subject, (policy.action,), witness=witness, fix=hint)
