"""A condition asks for an attribute that there is not, and the whole rule is dropped.

## What is checked

The keys of `when` of every AuthorizationPolicy. Keys are compared case by case: `source.serviceaccount` is none.

## Why this is bad

The webhook of Istio refuses such a policy. Where it is stored all the same (the webhook was off, its failure policy
let it pass, or it was written before), the proxy leaves the whole rule out. Of a policy that denies, that is all the
protection there was: requests pass as if the rule were not there. Of a policy that allows, nothing passes because of
the rule.

A key that starts like a known one and lacks the name in brackets (`request.headers`) drops the rule where it allows,
and only the condition where it denies: the rule then denies more. `request.auth.claims` alone drops nothing: it is
compared with no claim, so that `values` never match and `notValues` always hold.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: not-from-legacy, namespace: shop}
spec:
  action: DENY
  rules:
  - when: [{key: source.Namespace, values: [legacy]}]
```

Use instead the key as Istio spells it:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: not-from-legacy, namespace: shop}
spec:
  action: DENY
  rules:
  - when: [{key: source.namespace, values: [legacy]}]
```

## How to fix it

Write one of the keys that Istio knows, or use a field of `from` and `to`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.text import printable
from ringfence.rules.finding import Finding, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-012",
    slug="rule-dropped",
    title="A condition asks for an attribute that there is not, and the whole rule is dropped",
    severity=Severity.HIGH,
    precision=Precision.VERY_HIGH,
    needs=Needs.OBJECT,
    aliases=("istioctl:IST0106",),
)

LOST = {
    "ALLOW": "it allows nothing",
    "DENY": "nothing of it is denied",
    "CUSTOM": "the external service is not asked about it",
    "AUDIT": "nothing of it is logged",
}


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each condition with such a key."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio import attributes
    from ringfence.rules.enforcement import subject_of

    for policy in enforcement.policies:
        subject = subject_of(policy)
        for clause in policy.clauses:
            for at, condition in enumerate(clause.conditions):
                key = condition.key
                unknown = attributes.sort_of(key) is None
                nameless = attributes.names_no_claim(key)
                if not unknown and not nameless and not attributes.malformed(key):
                    continue
                name = f"{subject} rule {clause.index}"
                if nameless and condition.values:
                    message = f"{name} matches nothing, as {printable(key)!r} names no claim: {LOST[policy.action]}"
                    severity = None if policy.action == "DENY" else Severity.MEDIUM
                elif nameless:
                    message = f"{name} has a condition that always holds, as {printable(key)!r} names no claim"
                    severity = Severity.MEDIUM
                elif unknown or policy.action == "ALLOW":
                    message = f"{name} is dropped, as {printable(key)!r} is no attribute: {LOST[policy.action]}"
                    severity = None if policy.action == "DENY" else Severity.MEDIUM
                else:
                    message = f"{name} loses its condition {printable(key)!r}, which names nothing: it matches more"
                    severity = Severity.MEDIUM
                path = ("spec", "rules", clause.index, "when", at, "key")
                place = situation.place_of(subject, path, clause.place)
                hint = attributes.hint_for(key) if unknown else "write the name in brackets after the key"
                evidence = (str(clause.index), str(at), key)
                yield Finding(RULE.id, message, place, subject, evidence, fix=hint, severity=severity)
