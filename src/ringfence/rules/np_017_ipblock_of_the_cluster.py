"""An ipBlock names addresses of the cluster's own pods, Services or nodes.

## What is checked

Each ipBlock of a NetworkPolicy, less its `except`, is held against the addresses of the cluster: the pod range and the
addresses of pods, the Service range and the clusterIPs, the node range and the addresses of nodes. Blocks of every
address (`0.0.0.0/0`, `::/0`) are meant for the outside and left alone.

## Why this is bad

`ipBlock` is for addresses outside the cluster. Whether it matches pods and nodes differs between network plugins: with
some of them the rule does nothing, with others it does what it says until the pod is replaced and another one gets
its address. The address of a Service never reaches the policies in most plugins: they see the pod behind it.

## Example

```yaml
  ingress:
  - from:
    - ipBlock: {cidr: 10.244.3.17/32}
```

Use instead:

```yaml
  - from:
    - podSelector: {matchLabels: {app: gateway}}
```

## How to fix it

Name pods by their labels, also those behind a Service. Take the cluster's own ranges out of wide blocks with `except`.
Nodes cannot be named otherwise in a NetworkPolicy: use an admin policy if your network plugin ignores them.

## Limits

The ranges come from the input (nodes, flags and settings of the control plane) or from `--pod-cidr`, `--service-cidr`
and `--node-cidr`. Where neither a range nor an address is known, blocks of private addresses cannot be evaluated.
Networks of admin policies are meant to match pods and are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.profiles import Fact
from ringfence.model.policy import AddressPeer, Direction, Tier
from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.model import policy as model
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-017",
    slug="ipblock-of-the-cluster",
    title="An ipBlock names addresses of the cluster's own pods, Services or nodes",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

WIDE = 1 << 31
"""IPv4 blocks of more addresses, and IPv6 blocks of as large a share, are meant for the outside."""


class _Inside(Value):
    """Addresses of the cluster, by what has them."""

    pods: Intervals
    services: Intervals
    nodes: Intervals
    all: Intervals


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each ipBlock that has addresses of the cluster."""
    inside = _inside(situation)
    seen: dict[Intervals, tuple[str, str, Severity] | None] = {}
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.tier is not Tier.NETWORK_POLICY:
            continue
        unjudged = None
        for direction in Direction:
            for rule in policy.rules(direction) or ():
                found = set()
                for peer in rule.peers:
                    if not isinstance(peer, AddressPeer):
                        continue
                    key = peer.addresses
                    if key not in seen:
                        seen[key] = _judge(situation, inside, peer)
                    told = seen[key]
                    if told is not None and peer.text not in found:
                        found.add(peer.text)
                        yield _finding(policy, direction, rule, peer, told)
                    elif told is None and _may_be_inside(inside, peer):
                        unjudged = peer
        if unjudged is not None:
            why = "the address ranges of pods and Services are not known: give --pod-cidr and --service-cidr"
            yield NotEvaluable(RULE.id, policy_subject(policy), why, unjudged.place)


def _inside(situation: Situation) -> _Inside:
    cluster = situation.cluster
    pods = ip.union(
        cluster.ranges.pods, _single(a for pod in cluster.pods if not pod.host_network for a in pod.addresses)
    )
    services = ip.union(
        cluster.ranges.services,
        _single(address for one in cluster.services if one.kind == "ClusterIP" for address in one.addresses),
    )
    nodes = ip.union(cluster.ranges.nodes, _single(a for node in cluster.nodes.values() for a in node.addresses))
    return _Inside(pods, services, nodes, ip.merge((pods, services, nodes)))


def _single(numbers: Iterator[int]) -> Intervals:
    return ip.canonical((number, number) for number in numbers)


def _for_everybody(peer: AddressPeer) -> bool:
    """Whether a block is meant for the outside as a whole."""
    return any(last - first >= WIDE for first, last in ip.intersect(_hull(peer.addresses), ip.EVERY_IPV4)) or any(
        last - first >= 1 << 127 for first, last in ip.intersect(_hull(peer.addresses), ip.EVERY_IPV6)
    )


def _hull(intervals: Intervals) -> Intervals:
    return ((intervals[0][0], intervals[-1][1]),) if intervals else ()


def _may_be_inside(inside: _Inside, peer: AddressPeer) -> bool:
    unknown = not inside.pods or not inside.services
    return unknown and not _for_everybody(peer) and bool(ip.intersect(peer.addresses, ip.PRIVATE))


def _judge(situation: Situation, inside: _Inside, peer: AddressPeer) -> tuple[str, str, Severity] | None:
    """``(what it names, message, severity)``; None: nothing of the cluster, or what works as it is written."""
    if _for_everybody(peer) or not ip.intersect(peer.addresses, inside.all):
        return None
    profile = situation.profile
    services = ip.intersect(peer.addresses, inside.services)
    if services and profile.answer(Fact.SERVICES_SEEN_AS_PODS) is not False:
        shown = ip.describe(services[:2])
        return "service", f"has {shown} of the cluster's Services, and policies see the pod behind one", Severity.MEDIUM
    pods = ip.intersect(peer.addresses, inside.pods)
    if pods:
        return _pods(situation, peer, pods)
    nodes = ip.intersect(peer.addresses, inside.nodes)
    value = profile.answer(Fact.IPBLOCK_MATCHES_NODES)
    if not nodes or value is True:
        return None
    shown = ip.describe(nodes[:2])
    if value is False:
        return "node", f"has {shown} of the cluster's nodes, which {profile.name} never matches", Severity.MEDIUM
    return "node", f"has {shown} of the cluster's nodes: network plugins differ in whether it matches", Severity.LOW


def _pods(situation: Situation, peer: AddressPeer, pods: Intervals) -> tuple[str, str, Severity] | None:
    profile = situation.profile
    value = profile.answer(Fact.IPBLOCK_MATCHES_PODS)
    whole = not ip.subtract(peer.addresses, pods)
    shown = ip.describe(pods[:2])
    owner = _owner(situation, peer) if whole else ""
    what = (
        f"is the address of {owner}"
        if owner
        else f"is of the pods' range {shown}"
        if whole
        else f"has {shown} of the pods' range"
    )
    if value is False:
        return "pod", f"{what}, and {profile.name} never matches pods with an ipBlock", Severity.MEDIUM
    if whole:
        ending = "" if value else ", and network plugins differ in whether an ipBlock matches pods"
        return "pod", f"{what}: the next pod gets another address{ending}", Severity.MEDIUM
    if value is None:
        return "pod", f"{what}: network plugins differ in whether it matches pods", Severity.MEDIUM
    return "pod", f"{what}: it matches pods too", Severity.LOW


def _owner(situation: Situation, peer: AddressPeer) -> str:
    """The pod whose address a block is."""
    if ip.size(peer.addresses) != 1:
        return ""
    wanted = peer.addresses[0][0]
    for pod in situation.cluster.pods:
        if wanted in pod.addresses and not pod.host_network:
            return f"pod {pod.namespace}/{pod.name}"
    return ""


def _finding(
    policy: model.NetworkPolicyRules,
    direction: Direction,
    rule: model.Rule,
    peer: AddressPeer,
    told: tuple[str, str, Severity],
) -> Finding:
    subject = policy_subject(policy)
    what, message, severity = told
    fix = {
        "service": "name the pods behind the Service by their labels, and their own port",
        "pod": "name the pods by their labels, or take the pods' range out with except",
        "node": "use an admin policy that names nodes, or a plugin that matches them",
    }[what]
    return Finding(
        RULE.id,
        f"{subject} {direction.value} rule {rule.index}: ipBlock {peer.text} {message}",
        peer.place,
        subject,
        (direction.value, str(rule.index), peer.text, what),
        fix=fix,
        severity=None if severity is RULE.severity else severity,
    )
