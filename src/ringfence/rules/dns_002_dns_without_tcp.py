"""DNS is allowed over UDP and not over TCP.

## What is checked

Egress rules that name port 53 of UDP. The engine is asked whether the pods of the policy may also use TCP 53 to the
same place, by this or by any other rule.

## Why this is bad

DNS answers that do not fit into one UDP packet are sent again over TCP: names with many addresses, headless Services
of large sets, DNSSEC, long TXT records. Everything works until an answer grows, and then one name of many fails.

## Example

```yaml
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{protocol: UDP, port: 53}]
```

Use instead:

```yaml
    ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
```

## How to fix it

Add `{protocol: TCP, port: 53}` beside the port of UDP. `protocol` left out means TCP.

## Limits

A rule with which nothing can be reached over UDP 53 either is not found (see DNS-001 and DNS-003).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import AnyPeer, Direction, Tier
from ringfence.rules import cluster_dns
from ringfence.rules.cluster_dns import PORT
from ringfence.rules.examples import peer_text, subject_texts, verdict_of
from ringfence.rules.finding import Finding, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model import policy as model
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="DNS-002",
    slug="dns-without-tcp",
    title="DNS is allowed over UDP and not over TCP",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule that allows UDP 53 to where TCP 53 is denied."""
    known = [way.text for way in cluster_dns.resolvers(situation)]
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.tier is not Tier.NETWORK_POLICY:
            continue
        for rule in policy.egress or ():
            if not cluster_dns.is_for_dns(rule, "UDP") or _both(rule):
                continue
            witness = _without_tcp(situation, compiled, rule, known)
            if witness is not None:
                yield _finding(policy, rule, witness)


def _both(rule: model.Rule) -> bool:
    return cluster_dns.covers(rule.ports, "TCP") or cluster_dns.is_for_dns(rule, "TCP")


def _without_tcp(situation: Situation, compiled: CompiledPolicy, rule: model.Rule, known: list[str]) -> Witness | None:
    others = [
        text
        for peer in rule.peers
        if not isinstance(peer, AnyPeer) and (text := peer_text(situation, peer, Direction.EGRESS)) is not None
    ]
    ends = (known or [cluster_dns.STAND_IN]) + others
    for source in subject_texts(situation, compiled, Direction.EGRESS):
        for end in ends:
            if verdict_of(situation, source, end, PORT, "UDP") is not Verdict.ALLOWED:
                continue
            if verdict_of(situation, source, end, PORT, "TCP") is Verdict.DENIED:
                return Witness(source, end, PORT, "TCP", Verdict.DENIED)
            break
    return None


def _finding(policy: model.NetworkPolicyRules, rule: model.Rule, witness: Witness) -> Finding:
    subject = policy_subject(policy)
    return Finding(
        RULE.id,
        f"{subject} egress rule {rule.index} allows UDP 53, and no policy allows TCP 53 from {witness.source} to "
        f"{witness.destination}: answers that do not fit into one packet are lost",
        rule.place,
        subject,
        ("egress", str(rule.index)),
        witness=witness,
        fix="add {protocol: TCP, port: 53} to the ports of the rule",
    )
