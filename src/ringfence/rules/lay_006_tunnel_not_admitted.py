"""A NetworkPolicy admits the port, and not the tunnel in which ztunnel brings it.

## What is checked

Pods of an ambient mesh that NetworkPolicies isolate: whether a policy lets another ambient pod pass on a port to which
a Service leads, and not on 15008. Between two pods of an ambient mesh the packets have port 15008, whatever port the
client asked for.

## Why this is bad

The policy is right, and nothing gets through: the network plugin sees a connection to port 15008 and drops it. The
client waits until it times out. It happens to every policy with ports on the day when the namespace joins the mesh.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  podSelector: {matchLabels: {app: orders}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 8080}]
```

Use instead:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  podSelector: {matchLabels: {app: orders}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 8080}, {port: 15008}]
```

## How to fix it

Add port 15008 for the same peers, and an AuthorizationPolicy for the port that is meant: NetworkPolicy no longer tells
ports apart within the tunnel.

## Limits

Policies that hang on open facts are not looked at. Whether the kubelet's probes, which come from 169.254.7.127, are
admitted is LAY-007.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.model.policy import Direction
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.sets.ports import port_key
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-006",
    slug="tunnel-not-admitted",
    title="A NetworkPolicy admits the port, and not the tunnel in which ztunnel brings it",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

MOST_TRIED = 10


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and direction in which its policies forget the tunnel."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Proxy

    members = [index for index in enforcement.pods if enforcement.proxy(index) is Proxy.NODE]
    class_of = situation.relation.universe.class_of_pod
    everybody = 0
    at_port: dict[int, int] = {}
    for index in members:
        everybody |= 1 << class_of[index]
        for port in enforcement.ports(index):
            at_port[port] = at_port.get(port, 0) | 1 << class_of[index]
    for index in enforcement.pods:
        if enforcement.proxy(index) is None and _forgets(enforcement, index):
            ref = enforcement.pod(index).workload
            why = "its NetworkPolicies admit its ports and not the tunnel, and whether ztunnel takes it is open"
            place = enforcement.pod(index).place
            yield NotEvaluable(RULE.id, Subject(ref.kind, ref.namespace, ref.name), why, place)
    told: set[tuple[object, Direction]] = set()
    for index in members:
        ref = enforcement.pod(index).workload
        for direction in Direction:
            if (ref, direction) in told or not situation.selecting(index, direction):
                continue
            if direction is Direction.INGRESS:
                asked = dict.fromkeys(enforcement.ports(index), everybody)
            else:
                asked = at_port
            found = _finding(enforcement, index, direction, asked)
            if found is not None:
                told.add((ref, direction))
                yield found


def _lets(situation: Situation, pod: int, direction: Direction, port: int) -> tuple[int, int]:
    """The columns with which a TCP port surely may pass, and those with which it perhaps may."""
    relation = situation.relation
    surely = perhaps = 0
    for mask, program in relation.row(relation.universe.class_of_pod[pod], direction).parts:
        plain = relation.programs.plain(program)
        if plain is None:
            perhaps |= mask
        elif relation.ports.contains(plain[0], port_key("TCP", port)):
            surely |= mask
    return surely, perhaps


def _forgets(enforcement: Enforcement, pod: int) -> bool:
    """Whether policies for ingress of a pod surely let somebody in at a port, and not at the tunnel's."""
    from ringfence.model.mesh import Proxy

    situation = enforcement.situation
    options = enforcement.mesh.membership(enforcement.pod(pod))
    if all(option.value.proxy is not Proxy.NODE for option in options):
        return False
    if not situation.selecting(pod, Direction.INGRESS):
        return False
    through, perhaps = _lets(situation, pod, Direction.INGRESS, enforcement.mesh.tunnel_port)
    pods = situation.relation.columns.pod_columns
    return any(
        _lets(situation, pod, Direction.INGRESS, port)[0] & pods & ~through & ~perhaps
        for port in enforcement.mesh.services.ports(enforcement.pod(pod))
    )


def _finding(enforcement: Enforcement, pod: int, direction: Direction, asked: dict[int, int]) -> Finding | None:
    situation = enforcement.situation
    tunnel = enforcement.mesh.tunnel_port
    through, perhaps = _lets(situation, pod, direction, tunnel)
    members = situation.relation.universe.members
    for port, columns in sorted(asked.items()):
        peers = _lets(situation, pod, direction, port)[0] & columns & ~through & ~perhaps
        for column in islice(columns_of(peers), MOST_TRIED):
            peer = members[column][0]
            ends = (peer, pod) if direction is Direction.INGRESS else (pod, peer)
            witness = enforcement.witness(ends[:1], ends[1], port, Verdict.DENIED)
            if witness is None:
                continue
            ref = enforcement.pod(pod).workload
            subject = Subject(ref.kind, ref.namespace, ref.name)
            side = "admit" if direction is Direction.INGRESS else "let it out to"
            related = tuple(
                Related(policy.place, "the policy that has to name 15008 too")
                for at in situation.selecting(pod, direction)
                for policy in [situation.relation.policies[at].policy]
            )
            message = (
                f"the NetworkPolicies of {subject} {side} {enforcement.end(peer)} on port {port} and not on {tunnel}, "
                "and ztunnel brings everything on that"
            )
            fix = f"add port {tunnel} for the same peers, and an AuthorizationPolicy for port {port}"
            place = enforcement.pod(pod).place or NOWHERE
            return Finding(RULE.id, message, place, subject, (direction.value,), related[:3], witness, fix)
    return None
