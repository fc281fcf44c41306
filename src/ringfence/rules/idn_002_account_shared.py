"""Workloads that differ in what they reach, or in how sensitive they are, have one identity.

## What is checked

Workloads of the mesh that run as the same ServiceAccount, other than `default`: whether what they say of their
sensitivity (`ringfence.dev/sensitivity`) differs, or whether one of them gets through all layers to somewhere that the
other does not, whoever controls its pod.

## Why this is bad

The mesh cannot tell them apart. A policy that allows the one allows the other; whoever takes over the lesser of them
has the identity, the certificate and the rights of the greater.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata: {name: ledger, namespace: shop, labels: {app: ledger, ringfence.dev/sensitivity: high}}
spec: {serviceAccountName: shop, containers: [{name: ledger, image: ledger}]}
---
apiVersion: v1
kind: Pod
metadata: {name: banner, namespace: shop, labels: {app: banner}}
spec: {serviceAccountName: shop, containers: [{name: banner, image: banner}]}
```

Use instead an account for each:

```yaml
apiVersion: v1
kind: Pod
metadata: {name: ledger, namespace: shop, labels: {app: ledger, ringfence.dev/sensitivity: high}}
spec: {serviceAccountName: ledger, containers: [{name: ledger, image: ledger}]}
---
apiVersion: v1
kind: Pod
metadata: {name: banner, namespace: shop, labels: {app: banner}}
spec: {serviceAccountName: banner, containers: [{name: banner, image: banner}]}
```

## How to fix it

Create a ServiceAccount for each workload, name it in the pod template, and then in the policies of those who are
called.

## Limits

Workloads that share `default` are IDN-001. Only what is surely allowed for the one, and surely denied to the other,
is a difference of reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ringfence.model.cluster import SENSITIVITY
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.model.cluster import WorkloadRef
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="IDN-002",
    slug="account-shared",
    title="Workloads that differ in what they reach, or in how sensitive they are, have one identity",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

Sharing = Mapping["WorkloadRef", int]
"""Workloads that share an account, each with one of its pods."""
Key = tuple[str, str]
MOST_TRIED = 20
"""Destinations at which the engine is asked about a difference before an account is let be."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each account that unlike workloads share."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    alike: dict[Key, Sharing] = {}
    for key, sharing in _sharing(enforcement).items():
        subject = Subject("ServiceAccount", *key)
        place = situation.place_of(subject, otherwise=enforcement.pod(next(iter(sharing.values()))).place)
        if any(enforcement.proxy(index) is None for index in sharing.values()):
            yield NotEvaluable(RULE.id, subject, "whether the workloads that share it are in the mesh is open", place)
            continue
        said: dict[str, list[int]] = {}
        for index in sharing.values():
            said.setdefault(_word(enforcement, index), []).append(index)
        if len(said) > 1:
            names = [f"{enforcement.end(found[0])} ({word})" for word, found in sorted(said.items())]
            message = f"{subject} is the identity of {' and '.join(names)}, which differ in how sensitive they are"
            yield _finding(enforcement, subject, message, ("sensitivity",), [one[0] for one in said.values()], None)
        else:
            alike[key] = sharing
    for key, (more, less, witness) in _differing(enforcement, alike).items():
        subject = Subject("ServiceAccount", *key)
        message = (
            f"{subject} is the identity of {enforcement.end(more)} and {enforcement.end(less)}, and only the first "
            f"reaches {witness.destination} at port {witness.port}"
        )
        yield _finding(enforcement, subject, message, ("reach",), [more, less], witness)


def _sharing(enforcement: Enforcement) -> dict[Key, Sharing]:
    from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint
    from ringfence.model.mesh import Proxy

    found: dict[Key, dict[WorkloadRef, int]] = {}
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        outside = enforcement.proxy(index) is Proxy.NONE or is_gateway(pod) or is_waypoint(pod)
        if pod.service_account not in ("", "default") and not outside:
            found.setdefault((pod.namespace, pod.service_account), {}).setdefault(pod.workload, index)
    return {key: members for key, members in sorted(found.items()) if len(members) > 1}


def _word(enforcement: Enforcement, index: int) -> str:
    pod = enforcement.pod(index)
    return pod.labels.get(SENSITIVITY) or pod.sensitivity or "none"


def _finding(
    enforcement: Enforcement,
    subject: Subject,
    message: str,
    evidence: tuple[str, ...],
    pods: list[int],
    witness: Witness | None,
) -> Finding:
    places = [enforcement.pod(index).place for index in pods]
    place = enforcement.situation.place_of(subject, otherwise=places[0])
    related = tuple(Related(one, "a workload that has it") for one in places[:3] if one is not None)
    hint = "give each of them a ServiceAccount of its own"
    return Finding(RULE.id, message, place or NOWHERE, subject, evidence, related, witness, hint)


def _differing(enforcement: Enforcement, groups: Mapping[Key, Sharing]) -> dict[Key, tuple[int, int, Witness]]:
    """Of each account the first two workloads of which one reaches more, with a flow that only it has."""
    situation = enforcement.situation
    universe = situation.relation.universe
    class_of = universe.class_of_pod
    left = {key: {class_of[index]: index for index in one.values()} for key, one in groups.items()}
    left = {key: classes for key, classes in left.items() if len(classes) > 1}
    masks = {key: sum(1 << column for column in classes) for key, classes in left.items()}
    tries = dict.fromkeys(left, MOST_TRIED)
    found: dict[Key, tuple[int, int, Witness]] = {}
    for destination in range(universe.pods) if left else ():
        within = 0
        for key in left:
            within |= masks[key]
        parts = list(enforcement.attackers_grid.column(destination, within))
        for key, classes in list(left.items()):
            if destination in classes:
                continue
            allowed = dict.fromkeys(classes, 0)
            for sources, result in parts:
                for column in classes if sources & masks[key] else ():
                    if sources >> column & 1:
                        allowed[column] = result.allowed
            if len(set(allowed.values())) > 1:
                pair = _confirmed(enforcement, classes, allowed, universe.members[destination][0])
                tries[key] -= 1
                if pair is not None:
                    found[key] = pair
                if pair is not None or not tries[key]:
                    del left[key]
        if not left:
            break
    return dict(sorted(found.items()))


def _confirmed(
    enforcement: Enforcement, classes: Mapping[int, int], allowed: Mapping[int, int], destination: int
) -> tuple[int, int, Witness] | None:
    situation = enforcement.situation
    table = situation.relation.ports
    for first, more in classes.items():
        for second, less in classes.items():
            rest = table.difference(allowed[first], allowed[second])
            known = [port for port in enforcement.ports(destination) if table.contains(rest, port)]
            intervals = table.intervals(rest)
            for port in known or [low for low, high in intervals if 1 <= low <= 65535][:1]:
                there = enforcement.free_witness(more, destination, port)
                other = Witness(enforcement.end(less), enforcement.end(destination), port, "TCP", Verdict.DENIED)
                try:
                    if there is not None and situation.refuses(other):
                        return more, less, there
                except EndError:
                    continue
    return None
