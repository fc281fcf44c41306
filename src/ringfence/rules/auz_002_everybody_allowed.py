"""A rule allows everybody everything.

## What is checked

Rules of AuthorizationPolicies with the action ALLOW that ask for nothing (`{}`) or for any identity and nothing else
(`principals: ['*']`, `namespaces: ['*']`), at workloads that are no gateways.

## Why this is bad

A list of policies shows one for the workload, and it closes nothing: any request, or any workload of the mesh, passes.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{}]
```

Use instead the identities that are meant:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
```

## How to fix it

Name the clients. A policy that is only there to undo the default of the namespace is better left out, with a default
that fits.

## Limits

Other policies may deny: the witness is a client that gets through all layers, and without one the finding is of low
severity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import Clause
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-002",
    slug="everybody-allowed",
    title="A rule allows everybody everything",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such rule."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import listed, subject_of

    for policy in enforcement.policies:
        if policy.action != "ALLOW" or policy.dry_run or policy.attachment.targets:
            continue
        subject = subject_of(policy)
        for clause in policy.clauses:
            who = _everybody(clause)
            if not who:
                continue
            pods, perhaps = enforcement.attached(policy.attachment)
            if not pods:
                if perhaps:
                    yield NotEvaluable(RULE.id, subject, "which proxy enforces it is open", clause.place)
                continue
            flows = (
                enforcement.witness((*enforcement.plain, *enforcement.pods), pod, port, Verdict.ALLOWED)
                for pod in pods[:10]
                for port in enforcement.ports(pod)
            )
            witness = next(filter(None, flows), None)
            names = listed([enforcement.end(pod) for pod in pods])
            yield Finding(
                RULE.id,
                f"{subject} rule {clause.index} allows {who} everything at {names}",
                clause.place,
                subject,
                (str(clause.index),),
                witness=witness,
                fix="name the clients that are meant, or take the rule out",
                severity=None if witness is not None else Severity.LOW,
            )


def _everybody(clause: Clause) -> str:
    """Whom a rule that asks for nothing else allows; empty: it asks for something."""
    from ringfence.rules.enforcement import IDENTITY

    if clause.operations or clause.conditions:
        return ""
    if not clause.sources:
        return "everybody"
    anyone = any(
        all(term.key in IDENTITY and "*" in term.values and not term.others for term in source)
        for source in clause.sources
    )
    return "every workload of the mesh" if anyone else ""
