"""A policy of the mesh allows a client that the network never lets through.

## What is checked

Rules of AuthorizationPolicies that allow identities without wildcards: the workloads that have them, and the workloads
that the policy selects. A finding is a rule and a client of which no connection gets through the NetworkPolicies, to
no port that the rule may mean.

## Why this is bad

Whoever wrote the rule meant the client to get there. Either the NetworkPolicy is out of date and the flow is broken,
or the rule is, and it waits for the day on which the NetworkPolicy goes.

## Example

```yaml
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
---
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{podSelector: {}}]}]
```

Use instead a NetworkPolicy that also admits `orders` of `shop`.

## How to fix it

Add the peer to the NetworkPolicy, or take the identity out of the rule.

## Limits

Rules that more than ten pairs of workloads fit are not looked at. Of policies with `targetRefs` those at waypoints are,
where the network has to let both hops through: to the waypoint and from it. A client that gets to one port of one
workload is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-002",
    slug="mesh-allows-network-denies",
    title="A policy of the mesh allows a client that the network never lets through",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

FEW = 10
"""A rule for more pairs does not mean each of them."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule and client."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import asks_for, subject_of

    for policy in enforcement.policies:
        if policy.action != "ALLOW" or policy.dry_run:
            continue
        if policy.attachment.targets:
            yield from _at_waypoints(enforcement, policy)
            continue
        subject = subject_of(policy)
        servers, perhaps = enforcement.attached(policy.attachment)
        for clause in policy.clauses:
            ports = {index: [port for port in enforcement.ports(index) if asks_for(clause, port)] for index in servers}
            named = enforcement.named(policy, clause)
            clients = [index for index in named if enforcement.proxy(index) in (Proxy.SIDECAR, Proxy.NODE)]
            if not any(ports.values()) or not clients or len(clients) * len(servers) > FEW:
                continue
            by_workload: dict[object, list[int]] = {}
            for client in clients:
                by_workload.setdefault(enforcement.pod(client).workload, []).append(client)
            for ref, members in by_workload.items():
                witness = _nothing_passes(enforcement, members, servers, ports)
                if witness is None:
                    continue
                if perhaps:
                    why = f"whether {ref} reaches a workload that the policy may select is open"
                    yield NotEvaluable(RULE.id, subject, why, clause.place)
                    continue
                yield _finding(policy, clause, ref, witness)


def _finding(policy: AuthorizationPolicy, clause: Clause, ref: object, witness: Witness) -> Finding:
    from ringfence.rules.enforcement import subject_of

    subject = subject_of(policy)
    return Finding(
        RULE.id,
        f"{subject} rule {clause.index} allows {witness.source}, and no NetworkPolicy lets it through to "
        f"{witness.destination}",
        clause.place,
        subject,
        (str(clause.index), str(ref)),
        witness=witness,
        fix="admit the client in the NetworkPolicies of both sides, or take it out of the rule",
    )


def _at_waypoints(enforcement: Enforcement, policy: AuthorizationPolicy) -> Iterator[Finding]:
    """The same of a policy that waypoints read: the Services behind them are asked for."""
    from ringfence.model.mesh import PointSort, Proxy
    from ringfence.rules.enforcement import asks_for
    from ringfence.rules.points import acting

    places, perhaps = acting(enforcement, policy)
    behind = [one for one in places if one.sort is PointSort.WAYPOINT]
    if perhaps or len(behind) < len(places):
        return
    servers = {enforcement.pod(one.pod).workload for one in behind}
    for clause in policy.clauses:
        asked = dict.fromkeys((one.name, port) for one in behind for port in one.ports if asks_for(clause, port))
        clients = [one for one in enforcement.named(policy, clause) if enforcement.proxy(one) is Proxy.NODE]
        if not asked or not clients or len(clients) * len(behind) > FEW:
            continue
        by_workload: dict[object, list[int]] = {}
        for client in clients:
            by_workload.setdefault(enforcement.pod(client).workload, []).append(client)
        for ref, members in by_workload.items():
            witness = None if ref in servers else _no_hop_passes(enforcement, members, tuple(asked))
            if witness is not None:
                yield _finding(policy, clause, ref, witness)


def _no_hop_passes(enforcement: Enforcement, clients: list[int], asked: tuple[tuple[str, int], ...]) -> Witness | None:
    """One flow to some ports of Services, if the network surely denies all of them on the way that they take."""
    first: Witness | None = None
    for client in clients:
        for name, port in asked:
            one = Witness(enforcement.end(client), name, port, "TCP", Verdict.DENIED)
            try:
                answer = enforcement.situation.answer(one)
            except EndError:
                return None
            found = [part.layered.layers[0] for part in answer.parts if part.layered is not None]
            if len(found) < len(answer.parts) or any(layer.verdict is not Verdict.DENIED for layer in found):
                return None
            if answer.verdict is not Verdict.DENIED:
                return None
            first = first or one
    return first


def _nothing_passes(
    enforcement: Enforcement, clients: list[int], servers: tuple[int, ...], ports: dict[int, list[int]]
) -> Witness | None:
    """One flow of those that may be meant, if the network surely denies all of them, and so do all layers."""
    first: Witness | None = None
    for client in clients:
        for server in servers:
            if enforcement.pod(client).workload == enforcement.pod(server).workload:
                return None
            for port in ports[server]:
                one = Witness(enforcement.end(client), enforcement.end(server), port, "TCP", Verdict.DENIED)
                try:
                    network = enforcement.situation.can(one.source, one.destination, port, "TCP")
                    if network is not Verdict.DENIED or enforcement.situation.says(one) is not Verdict.DENIED:
                        return None
                except EndError:
                    return None
                first = first or one
    return first
