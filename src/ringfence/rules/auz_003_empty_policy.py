"""A policy without rules does the opposite of what its action says.

## What is checked

AuthorizationPolicies without rules. With the action DENY or CUSTOM nothing is denied, and nobody is asked. With the
action ALLOW everything is refused, where no other policy that allows is for the same workload. `spec: {}` without a
selector is how one closes a namespace by default, and is not found.

## Why this is bad

"Deny, without conditions" reads as if it closed the workload, and leaves it as open as it was. "Allow, without
conditions" reads as if it opened it, and nothing gets through any more.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db-closed, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  action: DENY
```

Use instead a rule that matches every request:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db-closed, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  action: DENY
  rules: [{}]
```

## How to fix it

Write `rules: [{}]` for every request. To refuse everything that nobody allows, write `spec: {}` without an action.

## Limits

A policy that allows nothing at one workload, without `action: ALLOW` and without `rules`, may be meant: the finding is
then of low severity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.points import Acting
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-003",
    slug="empty-policy",
    title="A policy without rules does the opposite of what its action says",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

NOTHING = {"DENY": "denies nothing", "CUSTOM": "asks nobody about anything"}


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy without rules that does something else than it says."""
    enforcement = situation.enforcement
    for policy in enforcement.policies if enforcement is not None else ():
        if not policy.clauses and not policy.dry_run and enforcement is not None:
            yield from _policy(enforcement, policy)


def _policy(enforcement: Enforcement, policy: AuthorizationPolicy) -> Iterator[Result]:
    from ringfence.rules.enforcement import listed, subject_of
    from ringfence.rules.points import acting, asked

    situation, subject = enforcement.situation, subject_of(policy)
    place = situation.place_of(subject, ("spec", "action"), policy.place)
    if policy.action in NOTHING:
        message = f"{subject} has the action {policy.action} and no rules: it {NOTHING[policy.action]}"
        yield Finding(RULE.id, message, place, subject, (policy.action,), fix="write rules: [{}]")
        return
    written = _spec(enforcement, policy)
    spelled = "action" in written or "rules" in written
    if policy.action != "ALLOW" or (not policy.attachment.labels and not policy.attachment.targets and not spelled):
        return
    where, perhaps = acting(enforcement, policy)
    closed = [one for one in where if not _allowed_by_others(enforcement, policy, one)]
    if not closed:
        if perhaps:
            yield NotEvaluable(RULE.id, subject, "which proxy enforces it is open", place)
        return
    witness = next(filter(None, (asked(enforcement, one, None, Verdict.DENIED) for one in closed[:10])), None)
    names = listed([one.name for one in closed])
    yield Finding(
        RULE.id,
        f"{subject} allows, and has no rules: {names} refuses every request",
        place,
        subject,
        ("ALLOW",),
        witness=witness,
        fix="name who is allowed, or write rules: [{}] to allow everything",
        severity=None if spelled else Severity.LOW,
    )


def _spec(enforcement: Enforcement, policy: AuthorizationPolicy) -> Mapping[str, object]:
    from ringfence.rules.enforcement import subject_of

    manifest = enforcement.situation.manifest(subject_of(policy))
    spec = manifest.data.get("spec") if manifest is not None else None
    return spec if isinstance(spec, dict) else {}


def _allowed_by_others(enforcement: Enforcement, policy: AuthorizationPolicy, one: Acting) -> bool:
    """Whether another policy that allows something is read at the same place."""
    from ringfence.dialects.istio.attachment import attaches

    config = enforcement.mesh.authorization
    return any(
        other.action == "ALLOW"
        and other.clauses
        and not other.dry_run
        and attaches(other.attachment, one.points[0], config) is not False
        for other in enforcement.mesh.policies
        if other is not policy
    )
