"""A NetworkPolicy admits a client that the mesh always refuses.

## What is checked

Ingress rules of NetworkPolicies that name workloads by labels: whether the mesh refuses everything that such a
workload sends to the pods of the policy, on every port of the rule, whatever the client does. The engine is asked
about every pair.

## Why this is bad

The layers disagree. Safely: the mesh says no. But one of them is out of date: the client is broken, or the
NetworkPolicy lets in somebody who has no business there, and the day on which the mesh is off shows it.

## Example

```yaml
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{podSelector: {matchLabels: {app: report}}}], ports: [{port: 5432}]}]
---
kind: AuthorizationPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
```

Use instead a NetworkPolicy that admits `orders`, or a rule for both.

## How to fix it

Take the peer out of the NetworkPolicy, or allow its identity in the mesh.

## Limits

Only ports to which Services lead, and those that containers declare. Rules for more than ten pairs of workloads do not
mean each of them and are not looked at. A client of which one request may pass is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import PEER_ROLE
from ringfence.model.policy import Direction, PodPeer, Tier
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Witness
from ringfence.rules.openness import fixed_ports
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.sets.ports import port_key
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model.cluster import WorkloadRef
    from ringfence.model.policy import Rule as Allowed
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-001",
    slug="network-allows-mesh-denies",
    title="A NetworkPolicy admits a client that the mesh always refuses",
    severity=Severity.LOW,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

FEW = 10
"""A rule for more pairs does not mean each of them."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule and workload that it admits in vain."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Proxy

    for compiled in situation.policies:
        if compiled.policy.tier is not Tier.NETWORK_POLICY or compiled.policy.broken:
            continue
        rules = compiled.policy.rules(Direction.INGRESS) or ()
        subjects = {index for index, surely in situation.subjects(compiled).items() if surely} if rules else set()
        open_ones = [
            index
            for index in enforcement.pods_of(compiled.policy.namespace or "")
            if index in subjects and enforcement.proxy(index) is None
        ]
        if open_ones and any(_clients(enforcement, rule) for rule in rules):
            end = enforcement.end(open_ones[0])
            why = f"whether {end}, which it selects, is in the mesh and refuses whom the policy names, is open"
            yield NotEvaluable(RULE.id, policy_subject(compiled.policy), why, compiled.policy.place)
        servers = [
            index
            for index in enforcement.pods_of(compiled.policy.namespace or "")
            if index in subjects and enforcement.proxy(index) in (Proxy.SIDECAR, Proxy.NODE)
        ]
        for rule in rules if servers else ():
            clients = _clients(enforcement, rule)
            pairs = sum(len(members) for members in clients.values()) * len(servers)
            for ref, members in clients.items() if pairs <= FEW else ():
                witness = _always_refused(enforcement, members, servers, rule)
                if witness is not None:
                    yield _finding(compiled, rule, ref, witness)


def _clients(enforcement: Enforcement, rule: Allowed) -> dict[WorkloadRef, list[int]]:
    """The workloads that a rule names by labels."""
    situation = enforcement.situation
    columns, members = situation.relation.columns, situation.relation.universe.members
    named: set[int] = set()
    for peer in rule.peers:
        if isinstance(peer, PodPeer) and any(one.operator == "In" for one in peer.selection.pods.requirements):
            mask = columns.peer(peer, PEER_ROLE[Direction.INGRESS], False).get(ALWAYS, 0)
            for column in columns_of(mask & columns.pod_columns & ~columns.host_columns):
                named.update(members[column])
    found: dict[WorkloadRef, list[int]] = {}
    for index in enforcement.pods if named else ():
        if index in named:
            found.setdefault(enforcement.pod(index).workload, []).append(index)
    return found


def _always_refused(enforcement: Enforcement, clients: list[int], servers: list[int], rule: Allowed) -> Witness | None:
    """One of the flows that the network allows, if the mesh refuses all of them whatever the client does."""
    from ringfence.model.mesh import Proxy

    situation, first = enforcement.situation, None
    wanted = fixed_ports(rule)
    for client in clients:
        for server in servers:
            if enforcement.pod(client).workload == enforcement.pod(server).workload:
                return None
            needed = [enforcement.mesh.tunnel_port] if enforcement.proxy(server) is Proxy.NODE else []
            for port in enforcement.ports(server):
                key = port_key("TCP", port)
                if not any(low <= key <= high for low, high in wanted):
                    continue
                one = Witness(enforcement.end(client), enforcement.end(server), port, "TCP", Verdict.DENIED)
                try:
                    through = [situation.can(one.source, one.destination, number, "TCP") for number in (port, *needed)]
                    if any(verdict is not Verdict.ALLOWED for verdict in through) or not situation.refuses(one):
                        return None
                except EndError:
                    return None
                first = first or one
    return first


def _finding(compiled: CompiledPolicy, rule: Allowed, ref: WorkloadRef, witness: Witness) -> Finding:
    subject = policy_subject(compiled.policy)
    return Finding(
        RULE.id,
        f"{subject} ingress rule {rule.index} admits {witness.source}, and the mesh refuses all that it sends to "
        f"{witness.destination}",
        rule.place,
        subject,
        (str(rule.index), str(ref)),
        witness=witness,
        fix="take the peer out, or allow its identity in an AuthorizationPolicy",
    )
