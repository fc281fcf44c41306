"""A PeerAuthentication that another one for the same workloads puts out of force.

## What is checked

PeerAuthentications without a selector of which a namespace has several, those with a selector that takes the same
workload, and those with a selector in the root namespace.

## Why this is bad

Only the oldest of several counts, and nothing says so: a newer one that sets STRICT does nothing. What is oldest
changes when somebody deletes and applies again. In the root namespace only a policy without a selector has a meaning,
for the whole mesh.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop, creationTimestamp: "2024-01-01T00:00:00Z"}
spec: {mtls: {mode: PERMISSIVE}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: shop, creationTimestamp: "2025-01-01T00:00:00Z"}
spec: {mtls: {mode: STRICT}}
```

Use instead one policy for the namespace.

## How to fix it

Make it one policy. For exceptions use a selector that no other policy has.

## Limits

Manifests have no age: then the rule says that one of them counts, and not which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import PeerAuthentication
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-003",
    slug="peer-authentication-shadowed",
    title="A PeerAuthentication that another one for the same workloads puts out of force",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("kiali:KIA0002", "kiali:KIA0003"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy that does not count, or perhaps does not: once, wherever it is."""
    told: set[tuple[Subject, tuple[str, ...]]] = set()
    for one in _findings(situation):
        if (one.subject, one.evidence) not in told:
            told.add((one.subject, one.evidence))
            yield one
    yield from _open(situation)


def _open(situation: Situation) -> Iterator[NotEvaluable]:
    """Policies of which nobody can tell whether another one is for the same workloads."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.peer_authentication import selects

    root = enforcement.mesh.config.root_namespace
    by_namespace: dict[str, list[PeerAuthentication]] = {}
    for one in enforcement.authentications:
        if one.selector and one.named.namespace != root:
            by_namespace.setdefault(one.named.namespace, []).append(one)
    for namespace, members in sorted(by_namespace.items()):
        if len(members) < 2:
            continue
        if not situation.has_workloads(namespace):
            why = f"the input has no workloads of namespace {namespace}, which two of them may be for"
            yield NotEvaluable(RULE.id, _subject(members[0]), why, members[0].named.place)
            continue
        for index in enforcement.pods_of(namespace):
            matches = [selects(one.selector or {}, enforcement.pod(index)) for one in members]
            if None in matches and sum(match is not False for match in matches) > 1:
                at = members[matches.index(None)]
                why = (
                    f"whether it is for {enforcement.end(index)}, as another one is, hangs on labels that are not known"
                )
                yield NotEvaluable(RULE.id, _subject(at), why, at.named.place)
                break


def _findings(situation: Situation) -> Iterator[Finding]:
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.peer_authentication import selects

    root = enforcement.mesh.config.root_namespace
    by_namespace: dict[str, list[PeerAuthentication]] = {}
    for one in enforcement.authentications:
        by_namespace.setdefault(one.named.namespace, []).append(one)
        if one.selector and one.named.namespace == root:
            message = f"{one.named} has a selector in the root namespace {root}, where no selector has an effect"
            hint = "put it into the namespace of the workloads, or leave the selector out: it then is for the mesh"
            yield Finding(RULE.id, message, one.named.place, _subject(one), ("selector",), fix=hint)
    for namespace, members in sorted(by_namespace.items()):
        yield from _conflict([one for one in members if not one.selector], f"namespace {namespace}")
        seen: set[tuple[str, ...]] = set()
        for index in enforcement.pods_of(namespace) if namespace != root else ():
            taking = [one for one in members if one.selector and selects(one.selector, enforcement.pod(index))]
            names = tuple(sorted(one.named.name for one in taking))
            if names not in seen:
                seen.add(names)
                yield from _conflict(taking, enforcement.end(index))


def _subject(one: PeerAuthentication) -> Subject:
    return Subject(one.named.kind, one.named.namespace, one.named.name)


def _conflict(members: Sequence[PeerAuthentication], where: str) -> Iterator[Finding]:
    from ringfence.dialects.istio.ages import oldest

    if len(members) < 2:
        return
    counting = oldest(members)
    hint = "make it one policy"
    if len(counting) == 1:
        winner = counting[0]
        for one in members:
            if one is not winner:
                message = f"{one.named} does not count for {where}: {winner.named} is older"
                older = (Related(winner.named.place, "the policy that counts"),)
                yield Finding(RULE.id, message, one.named.place, _subject(one), (str(winner.named),), older, fix=hint)
        return
    ordered = sorted(members, key=lambda one: one.named.name)
    names = ", ".join(str(one.named) for one in ordered[1:])
    message = f"{ordered[0].named} and {names} are both for {where}: only the oldest counts, and the input has no ages"
    related = tuple(Related(one.named.place, "another policy for the same workloads") for one in ordered[1:])
    evidence = tuple(str(one.named) for one in ordered[1:])
    yield Finding(RULE.id, message, ordered[0].named.place, _subject(ordered[0]), evidence, related, fix=hint)
