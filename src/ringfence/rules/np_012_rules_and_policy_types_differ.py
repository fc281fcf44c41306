"""The policy has rules for one direction and policyTypes for another.

## What is checked

Two ways in which `policyTypes` and the rules of a NetworkPolicy contradict each other:

- There are rules for a direction that `policyTypes` does not name. The API server accepts them and every plugin ignores
  them. An empty list (`egress: []`) that was meant to deny everything is ignored too, also where `policyTypes` is left
  out: only egress rules bring the default Egress with them.
- `policyTypes` names a direction without any rules, beside rules for the other one. Everything in that direction is
  denied (severity medium). A policy without any rules is a default deny, an empty list is written on purpose, and
  where other policies close the same pods in that direction too, this one is not to blame. Nor is it with ingress of
  pods that no Service selects and that name no port: they may serve nobody.

## Why this is bad

The file says one thing and the cluster does another. In the first case a limit that everybody believes in does not
exist. In the second the workload cannot connect to anything, not even to DNS, and somebody will mend that with a rule
that allows everything.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: gateway}}}]
  egress:
  - to: [{podSelector: {matchLabels: {app: database}}}]
```

Use instead:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: gateway}}}]
  egress:
  - to: [{podSelector: {matchLabels: {app: database}}}]
```

## How to fix it

Name in `policyTypes` the directions that the policy has rules for, and no others. If a direction is meant to be closed,
write the empty list.

## Limits

An API server keeps no empty lists: in what `kubectl get` prints, a deny that was written on purpose cannot be told from
one that was not. Where several policies select the same pods, the second case is decided for the pods of the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.ends import INTERNET_ADDRESSES, STRANGER, first_confirmed, pod_end
from ringfence.rules.finding import Finding, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.written import network_policies
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation
    from ringfence.rules.written import Written

RULE = Rule(
    id="NP-012",
    slug="rules-and-policy-types-differ",
    title="The policy has rules for one direction and policyTypes for another",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

_OTHER = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each direction that is ignored, or closed by mistake."""
    for written in network_policies(situation):
        types = written.types()
        for direction in Direction:
            rules = written.rules(direction)
            governed = written.compiled.governs(direction)
            if not governed and rules is not None:
                yield _ignored(situation, written, direction, bool(rules))
            elif governed and types == tuple(Direction) and rules is None and written.rules(_OTHER[direction]):
                subjects = situation.subjects(written.compiled)
                cut_off = [pod for pod in subjects if _cut_off(situation, written, pod, direction)]
                if cut_off or not subjects:
                    yield _closed(situation, written, direction, cut_off)


def _ignored(situation: Situation, written: Written, direction: Direction, any_rules: bool) -> Finding:
    word = direction.value
    name = word.capitalize()
    what = f"{word} rules" if any_rules else f"deny of all {word} (`{word}: []`)"
    why = "policyTypes does not name" if written.types() is not None else "it has no policyTypes, and the default lacks"
    return Finding(
        RULE.id,
        f"the {what} of {written.subject} {'are' if any_rules else 'is'} ignored: {why} {name}",
        written.place(word),
        written.subject,
        ("ignored", word),
        witness=_open_witness(situation, written, direction),
        fix=f"name {name} in policyTypes, or take {word} out",
    )


def _closed(situation: Situation, written: Written, direction: Direction, pods: Sequence[int]) -> Finding:
    word = direction.value
    name = word.capitalize()
    return Finding(
        RULE.id,
        f"{written.subject} names {name} in policyTypes and has no {word} rules: all {word} of its pods is denied",
        written.place("policyTypes"),
        written.subject,
        ("closed", word),
        witness=_witness(situation, direction, pods[0], Verdict.DENIED) if pods else None,
        fix=f"allow what is needed under {word}, write `{word}: []` if nothing is, or take {name} out of policyTypes",
        severity=Severity.MEDIUM,
    )


def _cut_off(situation: Situation, written: Written, pod: int, direction: Direction) -> bool:
    """Whether only this policy closes the direction of a pod, and the pod looks as if it needed something there."""
    if situation.selecting(pod, direction).keys() - {written.compiled.index}:
        return False
    one = situation.cluster.pods[pod]
    return direction is Direction.EGRESS or bool(one.ports or situation.services_of(one))


def _open_witness(situation: Situation, written: Written, direction: Direction) -> Witness | None:
    for pod in situation.subjects(written.compiled):
        if situation.isolated(pod, direction) is False:
            return _witness(situation, direction, pod, Verdict.ALLOWED)
    return None


def _witness(situation: Situation, direction: Direction, pod: int, verdict: Verdict) -> Witness | None:
    own = pod_end(situation, pod)
    ends = (
        (other, own) if direction is Direction.INGRESS else (own, other) for other in (STRANGER, INTERNET_ADDRESSES[0])
    )
    return first_confirmed(situation, ends, verdict)
