"""The rule for DNS does not match the cluster's DNS.

## What is checked

Egress rules that name port 53 and pods, or the address of the DNS Service. Their peers and ports are held against the
DNS pods of the input. A rule that misses them is a finding where a pod of the policy may not ask DNS by another rule
either: the engine is asked. Where the DaemonSet `node-local-dns` is in the input, the pods must also be allowed to its
address on the node.

## Why this is bad

The labels of the DNS pods differ between distributions: `k8s-app: kube-dns` with kubeadm, `k8s-app: coredns` or
`app.kubernetes.io/name: coredns` with charts, another namespace and port 5353 in OpenShift. A rule that was copied
from elsewhere looks right in every review and lets no name through.

## Example

```yaml
  egress:
  - to:
    - namespaceSelector: {matchLabels: {name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
```

Nothing sets a label `name` on namespaces. Use instead:

```yaml
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
```

## How to fix it

Take the labels from the DNS pods of your cluster: the finding shows the rule. With NodeLocal DNSCache, allow
`ipBlock: {cidr: 169.254.20.10/32}` as well: pods ask an address of their own node, which is no pod.

## Limits

A rule for port 53 of other addresses is taken to be for other servers. Where the input has no DNS pods the rule cannot
be evaluated. Some network plugins never filter what a pod sends to its own node; the profile says so, or leaves it
open.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.profiles import Fact
from ringfence.model.policy import AddressPeer, Direction, PodPeer, Tier
from ringfence.rules import cluster_dns
from ringfence.rules.cluster_dns import PORT, Resolver
from ringfence.rules.examples import subject_texts, verdict_of
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.sets import addresses as ip
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model import policy as model
    from ringfence.model.provenance import Place
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="DNS-003",
    slug="dns-rule-misses",
    title="The rule for DNS does not match the cluster's DNS",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule for DNS that misses it."""
    ways = cluster_dns.resolvers(situation)
    cache = cluster_dns.local_cache(situation)
    unjudged: dict[str, Place] = {}
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.tier is not Tier.NETWORK_POLICY:
            continue
        for rule in policy.egress or ():
            if not (cluster_dns.is_for_dns(rule, "UDP") or cluster_dns.is_for_dns(rule, "TCP")):
                continue
            if not _means_the_cluster(situation, rule):
                continue
            if not situation.dns_pods:
                unjudged.setdefault(policy.namespace or "", rule.place)
                break
            yield from _missed(situation, compiled, rule, ways)
            if cache is not None:
                yield from _past_the_cache(situation, compiled, rule, cache)
    for namespace, place in unjudged.items():
        why = f"{cluster_dns.MISSING}, so the labels in rules for it cannot be compared"
        yield NotEvaluable(RULE.id, Subject("Namespace", "", namespace), why, place)


def _means_the_cluster(situation: Situation, rule: model.Rule) -> bool:
    """Whether a rule names pods, or the address of a DNS Service."""
    numbers = [number for service in situation.dns_services for number in service.addresses]
    return any(
        isinstance(peer, PodPeer)
        or (isinstance(peer, AddressPeer) and any(ip.contains(peer.addresses, number) for number in numbers))
        for peer in rule.peers
    )


def _missed(
    situation: Situation, compiled: CompiledPolicy, rule: model.Rule, ways: tuple[Resolver, ...]
) -> Iterator[Finding]:
    missing = _what_is_wrong(situation, compiled, rule)
    if not missing:
        return
    for source in subject_texts(situation, compiled, Direction.EGRESS):
        for way in ways:
            port = way.ports.get("UDP", PORT)
            if verdict_of(situation, source, way.text, port, "UDP") is Verdict.DENIED:
                witness = Witness(source, way.text, port, "UDP", Verdict.DENIED)
                yield _finding(situation, compiled.policy, rule, missing, witness)
                return


def _what_is_wrong(situation: Situation, compiled: CompiledPolicy, rule: model.Rule) -> str:
    """Which DNS pods a rule misses; empty: it matches one, or may match one."""
    compiled_rule = next(one for one in compiled.rules(Direction.EGRESS) if one.rule is rule)
    columns = {situation.relation.universe.class_of_pod[index] for index in situation.dns_pods}
    matched = [column for column in columns if any(mask >> column & 1 for mask in compiled_rule.peers.values())]
    pods = [situation.cluster.pods[index] for index in situation.dns_pods]
    if not matched:
        labels = ",".join(f"{key}={value}" for key, value in sorted(pods[0].labels.items()) if "hash" not in key)
        where = f"{pods[0].namespace}/{pods[0].workload.name}"
        return f"none of its peers is the cluster's DNS ({where}, labelled {labels})"
    ports = cluster_dns.listening(situation, "UDP")
    if any(match.name is not None for match in rule.ports or ()):
        return ""
    reached = [
        number
        for number in ports
        if any(match.protocol == "UDP" and match.first <= number <= match.last for match in rule.ports or ())
    ]
    if ports and not reached and cluster_dns.is_for_dns(rule, "UDP"):
        listed = ", ".join(map(str, sorted(ports)))
        return f"it allows port 53, and the DNS pods behind their Service are asked on {listed}"
    return ""


def _past_the_cache(
    situation: Situation, compiled: CompiledPolicy, rule: model.Rule, cache: Resolver
) -> Iterator[Finding]:
    exempt = situation.profile.answer(Fact.OWN_NODE_EGRESS_EXEMPT)
    if exempt:
        return
    for source in subject_texts(situation, compiled, Direction.EGRESS):
        if verdict_of(situation, source, cache.text, PORT, "UDP") is Verdict.DENIED:
            caveat = "" if exempt is False else ", unless the network plugin never filters what stays on the node"
            missing = f"pods ask {cache.name} on their own node, which it does not allow{caveat}"
            witness = Witness(source, cache.text, PORT, "UDP", Verdict.DENIED)
            yield _finding(situation, compiled.policy, rule, missing, witness, cache.text)
            return


def _finding(
    situation: Situation,
    policy: model.NetworkPolicyRules,
    rule: model.Rule,
    missing: str,
    witness: Witness,
    *evidence: str,
) -> Finding:
    subject = policy_subject(policy)
    return Finding(
        RULE.id,
        f"{subject} egress rule {rule.index} is for DNS and misses it: {missing}",
        rule.place,
        subject,
        ("egress", str(rule.index), *evidence),
        witness=witness,
        fix=f"write it like this:\n{cluster_dns.allowing_rule(situation)}",
    )
