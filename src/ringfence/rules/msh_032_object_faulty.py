"""An object of the mesh is not what it looks like: a fault in how it is written.

## What is checked

Everything that reading an object of Istio has to say: what the API server or Istio's webhook would reject (a mode, an
action, a port that there is not, fields that exclude each other, an empty list), and fields that nobody knows and that
are dropped. Each finding says what the mesh makes of the object where it is stored all the same.

## Why this is bad

What is dropped often opens something. `form` for `from` leaves a rule without a condition, which matches every request;
a policy with `targetRefs` beside its selector reaches no sidecar; a DENY without rules denies nothing. The webhook is
not there in every cluster, and an object that it rejects protects nothing either.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
  - form: [{source: {namespaces: [frontend]}}]
```

Use instead:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
  - from: [{source: {namespaces: [frontend]}}]
```

## How to fix it

The finding says what to write. `istioctl validate -f` and `kubectl apply --dry-run=server --validate=strict` say the
same of most.

## Limits

Fields that decide no verdict (time-outs, load balancing) are not looked into. A condition on an attribute that there is
not is AUZ-012, a policy without rules AUZ-003, one that is only tried out AUZ-013.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-032",
    slug="object-faulty",
    title="An object of the mesh is not what it looks like",
    severity=Severity.HIGH,
    precision=Precision.VERY_HIGH,
    needs=Needs.OBJECT,
    aliases=("istioctl:IST0106", "istioctl:IST0133"),
)

GROUPS = ("security.istio.io", "networking.istio.io", "extensions.istio.io", "telemetry.istio.io")
ELSEWHERE = frozenset(("unknown-attribute", "no-rules", "allows-nothing", "dry-run", "ports-without-selector"))
"""What AUZ-012, AUZ-003 (twice), AUZ-013 and MSH-004 find where it is not meant."""
MILD = frozenset(("sloppy-cidr", "removed-api", "denies-tcp", "empty-selector"))
"""What is but unclear, or denies more than was meant. Where ztunnel leaves out a rule, AUZ-006 says so."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each fault of an object."""
    if situation.enforcement is None:
        return
    from ringfence.rules.faulty_objects import faults

    seen = set()
    for manifest, problem in faults(situation):
        if manifest.api_version.rpartition("/")[0] not in GROUPS or problem.code in ELSEWHERE:
            continue
        subject = Subject(manifest.kind, manifest.namespace or "default", manifest.name)
        evidence = (problem.code, problem.message)
        if (subject, evidence) in seen:
            continue
        seen.add((subject, evidence))
        severity = Severity.LOW if problem.code in MILD else None
        yield Finding(RULE.id, problem.message, problem.place, subject, evidence, fix=problem.hint, severity=severity)
