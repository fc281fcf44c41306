"""The policy changes nothing.

## What is checked

Whether a policy has any effect of its own. It has none if

- it is a NetworkPolicy that lets everything pass in every direction that it governs (`ingress: [{}]`), and no other
  policy closes any pod that it could select: the pods are as open as without it;
- it is an admin policy without rules, one that only passes on and has no admin policy after it, or the only Baseline
  policy, and it only allows.

An allow-all policy beside a policy that closes the same pods does have an effect: it opens them. It is not found here.
A policy that repeats what others do is found by NP-014, and one that selects no pod by NP-005.

## Why this is bad

It looks like protection, it counts as protection in reports that count policies, and it protects nothing.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{}]
```

Use instead a policy that names who may connect:

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

Name the peers and ports that are meant, or delete the policy. If it is an exception in advance to a default deny that
is yet to come, say so in a suppression.

## Limits

Other policies are compared over all labels that a pod might carry, and the engine confirms the finding for the pods of
the input. A policy that lets everything in by selectors and CIDRs, and not by a rule without peers, is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction, Tier
from ringfence.rules.ends import INTERNET_ADDRESSES, STRANGER, first_confirmed, pod_end
from ringfence.rules.finding import Finding, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.rules.vacuity import selects_nothing, vacuous

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-015",
    slug="policy-changes-nothing",
    title="The policy changes nothing",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy without an effect."""
    for index, why in vacuous(situation).items():
        compiled = situation.relation.policies[index]
        if selects_nothing(situation, compiled):
            continue
        subject = policy_subject(compiled.policy)
        yield Finding(
            RULE.id,
            f"{subject} changes nothing: {why}",
            compiled.policy.place,
            subject,
            witness=_witness(situation, compiled),
            fix="name the peers and ports that are meant, or delete the policy",
        )


def _witness(situation: Situation, compiled: CompiledPolicy) -> Witness | None:
    """A flow of a selected pod with anybody, which is allowed."""
    if compiled.policy.tier is not Tier.NETWORK_POLICY:
        return None
    ingress = compiled.governs(Direction.INGRESS)
    for pod in situation.subjects(compiled):
        own = pod_end(situation, pod)
        others = (STRANGER, INTERNET_ADDRESSES[0])
        return first_confirmed(situation, ((other, own) if ingress else (own, other) for other in others))
    return None
