"""Anybody's pod may pose as DNS.

## What is checked

Egress rules that name port 53 and pods by their labels, in namespaces that anybody may have made: an empty
`namespaceSelector`, or one that a new namespace without labels matches.

## Why this is bad

Whoever may create a pod in any namespace of the cluster may give it the label `k8s-app: kube-dns`. The rule then lets
everything that the policy selects talk to it: data leaves through port 53, and whoever is asked for names decides where
connections go.

## Example

```yaml
  egress:
  - to:
    - namespaceSelector: {}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{protocol: UDP, port: 53}]
```

Use instead:

```yaml
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
```

## How to fix it

Name the namespace of DNS. The API server sets the label `kubernetes.io/metadata.name`, and nobody can give it to
another namespace.

## Limits

A rule that allows port 53 to every pod of every namespace, whatever its labels, is not found here: it does not pretend
to name DNS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction, PodPeer, Tier
from ringfence.rules import cluster_dns
from ringfence.rules.cluster_dns import PORT
from ringfence.rules.examples import STRANGER, any_namespace, confirmed, stand_in, subject_texts
from ringfence.rules.finding import Finding, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import labels_text, policy_subject
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model import policy as model
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="DNS-005",
    slug="dns-peer-spoofable",
    title="Anybody's pod may pose as DNS",
    severity=Severity.MEDIUM,
    precision=Precision.VERY_HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each peer of a DNS rule that names pods of any namespace."""
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.tier is not Tier.NETWORK_POLICY:
            continue
        for rule in policy.egress or ():
            if not (cluster_dns.is_for_dns(rule, "UDP") or cluster_dns.is_for_dns(rule, "TCP")):
                continue
            seen = set()
            for peer in rule.peers:
                if isinstance(peer, PodPeer) and _spoofable(peer) and peer.selection not in seen:
                    seen.add(peer.selection)
                    yield _finding(situation, compiled, rule, peer)


def _spoofable(peer: model.PodPeer) -> bool:
    selection = peer.selection
    return (
        selection.namespaces is not None and bool(selection.pods.requirements) and any_namespace(selection.namespaces)
    )


def _finding(situation: Situation, compiled: CompiledPolicy, rule: model.Rule, peer: model.PodPeer) -> Finding:
    subject = policy_subject(compiled.policy)
    selection = peer.selection
    namespaces = (
        str(selection.namespaces) if selection.namespaces and selection.namespaces.requirements else "any label"
    )
    return Finding(
        RULE.id,
        f"{subject} egress rule {rule.index} allows port 53 to every pod labelled {selection.pods}, in namespaces with "
        f"{namespaces}: whoever may create a pod may pose as DNS",
        peer.place,
        subject,
        ("egress", str(rule.index), str(selection.namespaces), str(selection.pods)),
        witness=_witness(situation, compiled, rule, peer),
        fix="name the namespace of DNS: namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}",
    )


def _witness(situation: Situation, compiled: CompiledPolicy, rule: model.Rule, peer: model.PodPeer) -> Witness | None:
    labels = stand_in(peer.selection.pods)
    if labels is None:
        return None
    pod = labels_text(labels, STRANGER)
    protocol = "UDP" if cluster_dns.is_for_dns(rule, "UDP") else "TCP"
    return confirmed(
        situation,
        (
            Witness(source, pod, PORT, protocol, Verdict.ALLOWED)
            for source in subject_texts(situation, compiled, Direction.EGRESS)
        ),
    )
