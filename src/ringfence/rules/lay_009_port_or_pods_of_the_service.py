"""A NetworkPolicy and a Service do not mean the same port, or the same pods.

## What is checked

Ports of NetworkPolicies that are the port of a Service of the pods that they are for (the pods that the policy selects;
for egress the pods that the rule names), lead to another port there, and are themselves no port of these pods. And
Services of which NetworkPolicies isolate only some of the pods behind.

## Why this is bad

NetworkPolicies see the port of the pod: the Service has been translated before. A rule for the Service's port admits
nobody. A policy that selects some of the pods behind a Service, the first version or the stable ones, protects those:
the others answer the same calls, and are open to everybody.

## Example

```yaml
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  podSelector: {matchLabels: {app: orders}}
  ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]
```

Use instead `targetPort`:

```yaml
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  podSelector: {matchLabels: {app: orders}}
  ingress: [{from: [{podSelector: {}}], ports: [{port: 8080}]}]
```

## How to fix it

Write the number to which the Service leads. Select pods by the labels by which the Service does.

## Limits

Ranges of ports and named ports are not looked at (NP-016). A number that is a port of one of the pods is taken for
meant. Where another rule admits the pod's port from the same peers, nothing is broken: the finding is of low severity.
Of a Service that is protected in part it is of medium severity where a stranger does not get to the open pod either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import PEER_ROLE
from ringfence.model.policy import Direction, PodPeer, Tier
from ringfence.rules.ends import STRANGER, pod_end
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE, policy_subject
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model.cluster import Pod, Service, ServicePort
    from ringfence.model.policy import Rule as Allowed
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-009",
    slug="port-or-pods-of-the-service",
    title="A NetworkPolicy and a Service do not mean the same port, or the same pods",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

Translated = Mapping[tuple[str, str, int], list[tuple["Service", "ServicePort"]]]
"""Namespace, protocol and port of Services that lead to another number."""
MOST_TRIED = 10


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such port of a rule, and for each Service that is protected in part."""
    found: dict[tuple[str, str, int], list[tuple[Service, ServicePort]]] = {}
    for service in situation.cluster.services:
        for port in service.ports if service.selector else ():
            if port.target != port.port:
                found.setdefault((service.namespace, port.protocol, port.port), []).append((service, port))
    if found:
        namespaces: dict[tuple[str, int], list[str]] = {}
        for namespace, protocol, number in found:
            namespaces.setdefault((protocol, number), []).append(namespace)
        for compiled in situation.policies:
            if compiled.policy.tier is Tier.NETWORK_POLICY and not compiled.policy.broken:
                yield from _policy(situation, compiled, found, namespaces)
    yield from _in_part(situation)


def _policy(
    situation: Situation,
    compiled: CompiledPolicy,
    translated: Translated,
    namespaces: Mapping[tuple[str, int], list[str]],
) -> Iterator[Result]:
    for direction in Direction:
        for rule in compiled.policy.rules(direction) or ():
            told: set[tuple[str, int]] = set()
            for match in rule.ports or ():
                if match.name is not None or match.protocol is None or match.first != match.last:
                    continue
                key = (match.protocol, match.first)
                if key in told or key not in namespaces:
                    continue
                told.add(key)
                finding = _rule(situation, compiled, direction, rule, key, translated, namespaces[key])
                if finding is not None:
                    yield finding


def _rule(
    situation: Situation,
    compiled: CompiledPolicy,
    direction: Direction,
    rule: Allowed,
    key: tuple[str, int],
    translated: Translated,
    namespaces: Iterable[str],
) -> Finding | None:
    """The finding for one port of one rule; None: it is right, or may be."""
    subjects = [index for index, surely in situation.subjects(compiled).items() if surely]
    peers = _peers(situation, rule, direction)
    servers, clients = (subjects, peers) if direction is Direction.INGRESS else (peers, subjects)
    protocol, number = key
    wanted = set(namespaces)
    leading: dict[int, tuple[Service, int]] = {}
    for index in servers:
        pod = situation.cluster.pods[index]
        if pod.namespace not in wanted:
            continue
        for service, port in translated[pod.namespace, protocol, number]:
            target = _target(port, pod) if _selects(service, pod) else None
            if target is not None and target != number:
                leading[index] = (service, target)
    if not leading or any(_listens(situation, index, protocol, number) for index in servers):
        return None
    targets = sorted({target for _, target in leading.values()})
    server, (service, target) = next(iter(leading.items()))
    witness, works = _witness(situation, clients, server, service, protocol, number)
    subject = policy_subject(compiled.policy)
    numbers = " and ".join(map(str, targets))
    return Finding(
        RULE.id,
        f"{subject} {direction.value} rule {rule.index} names port {number}, which is that of Service "
        f"{service.namespace}/{service.name}: {pod_end(situation, server)} listens on {target}",
        rule.place,
        subject,
        (direction.value, str(rule.index), f"{protocol} {number}"),
        (Related(service.place or NOWHERE, "the Service"),),
        witness,
        f"write {numbers}",
        Severity.LOW if works else None,
    )


def _peers(situation: Situation, rule: Allowed, direction: Direction) -> list[int]:
    """The pods that a rule names by labels."""
    columns, members = situation.relation.columns, situation.relation.universe.members
    found: dict[int, None] = {}
    for peer in rule.peers:
        if isinstance(peer, PodPeer):
            mask = columns.peer(peer, PEER_ROLE[direction], False).get(ALWAYS, 0)
            for column in columns_of(mask & columns.pod_columns & ~columns.host_columns):
                found.update(dict.fromkeys(members[column]))
    return list(found)


def _selects(service: Service, pod: Pod) -> bool:
    return all(pod.labels.get(name) == value for name, value in (service.selector or {}).items())


def _target(port: ServicePort, pod: Pod) -> int | None:
    if isinstance(port.target, int):
        return port.target
    named = (one.number for one in pod.ports if one.name == port.target and one.protocol == port.protocol)
    return next(named, None)


def _listens(situation: Situation, index: int, protocol: str, number: int) -> bool:
    """Whether a number is a port of the pod: a Service leads to it, or a container declares it."""
    pod = situation.cluster.pods[index]
    for service in situation.services_of(pod):
        if any(port.protocol == protocol and _target(port, pod) == number for port in service.ports):
            return True
    return (protocol, number) in situation.declared_ports(index)


def _witness(
    situation: Situation, clients: list[int], server: int, service: Service, protocol: str, number: int
) -> tuple[Witness | None, bool]:
    """A client that the rule means and that does not get to the Service, and whether there is none because all of some
    do."""
    name = f"{service.namespace}/service/{service.name}"
    asked = 0
    for client in clients:
        if situation.cluster.pods[client].workload == situation.cluster.pods[server].workload:
            continue
        if asked >= MOST_TRIED:
            break
        one = Witness(pod_end(situation, client), name, number, protocol, Verdict.DENIED)
        try:
            verdict = situation.can(one.source, name, number, protocol)
        except EndError:
            continue
        asked += 1
        if verdict is Verdict.DENIED:
            return one, False
        if verdict is not Verdict.ALLOWED:
            return None, False
    return None, bool(asked)


def _in_part(situation: Situation) -> Iterator[Result]:
    """Services of whose pods only some are isolated."""
    for service in situation.cluster.services:
        behind = situation.pods_behind(service) if service.namespace in situation.policies_by_namespace else ()
        if len(behind) < 2:
            continue
        by_class: dict[int, int] = {}
        for index in behind:
            if not situation.cluster.pods[index].host_network:
                by_class.setdefault(situation.relation.universe.class_of_pod[index], index)
        states = {index: situation.isolated(index, Direction.INGRESS) for index in by_class.values()}
        subject = Subject("Service", service.namespace, service.name)
        place = service.place or NOWHERE
        shut = [index for index, state in states.items() if state]
        free = [index for index, state in states.items() if state is False]
        if None in states.values() and (shut or free):
            why = "whether NetworkPolicies isolate all pods behind it is open"
            yield NotEvaluable(RULE.id, subject, why, place)
        elif shut and free:
            first, other = pod_end(situation, shut[0]), pod_end(situation, free[0])
            witness = _open_witness(situation, service, shut[0], free[0])
            yield Finding(
                RULE.id,
                f"{subject} leads to {first}, which NetworkPolicies isolate, and to {other}, which none does",
                place,
                subject,
                ("pods",),
                tuple(
                    Related(one, "a pod behind it that no NetworkPolicy isolates")
                    for one in [situation.cluster.pods[free[0]].place]
                    if one is not None
                ),
                witness,
                "select the pods of the policy by the labels by which the Service selects them",
                None if witness is not None else Severity.MEDIUM,
            )


def _open_witness(situation: Situation, service: Service, shut: int, free: int) -> Witness | None:
    """Somebody who gets to the one pod and not to the other."""
    pod = situation.cluster.pods[free]
    for port in service.ports:
        target = _target(port, pod)
        if target is None:
            continue
        one = Witness(STRANGER, pod_end(situation, free), target, port.protocol, Verdict.ALLOWED)
        try:
            denied = situation.can(STRANGER, pod_end(situation, shut), target, port.protocol) is Verdict.DENIED
            if denied and situation.says(one) is Verdict.ALLOWED:
                return one
        except EndError:
            continue
    return None
