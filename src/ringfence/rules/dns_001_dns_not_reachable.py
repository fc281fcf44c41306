"""The workload may not ask the cluster's DNS.

## What is checked

Every workload whose egress is restricted, and which may connect to something, is held against the cluster's DNS: may
it send to port 53 over UDP? The engine answers, through the Service and its translation to the pods behind it. Where
the input has the DaemonSet `node-local-dns`, the address on which it listens counts as well.

## Why this is bad

Nearly every connection begins with a name. A workload that may reach its database but not DNS fails with "name not
known", after a timeout, and the policy is the last thing that anybody suspects. It is the most frequent fault of a
first default deny.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to:
    - podSelector: {matchLabels: {app: db}}
    ports: [{port: 5432}]
```

Use instead, as another rule or as a policy for the whole namespace:

```yaml
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
```

## How to fix it

Allow UDP and TCP 53 to the DNS pods of your cluster; the finding shows the rule with their labels. NetworkPolicy sees
the pods, not the Service's address: an `ipBlock` with the clusterIP of DNS mostly does nothing.

## Limits

Workloads that may connect to nothing at all are not found: they need no names. Neither are those whose `dnsPolicy` is
`None` or `Default`: they ask servers outside the cluster. Where the input has no DNS pods, the rule finds
workloads whose policies let no UDP out at all and cannot be evaluated for others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Action, Direction, Tier
from ringfence.rules import cluster_dns
from ringfence.rules.cluster_dns import PORT, Resolver
from ringfence.rules.examples import confirmed, workload_text
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.flow import asked

if TYPE_CHECKING:
    from ringfence.model import policy as model
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation, Workload

RULE = Rule(
    id="DNS-001",
    slug="dns-not-reachable",
    title="The workload may not ask the cluster's DNS",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload that may connect to something and not to DNS."""
    ways = cluster_dns.resolvers(situation)
    cache = cluster_dns.local_cache(situation)
    if cache is not None:
        ways = (*ways, cache)
    undecided: dict[str, Workload] = {}
    for workload in situation.workloads:
        pod = workload.pods[0]
        if situation.cluster.pods[pod].host_network or not cluster_dns.restricted(situation, pod):
            continue
        if _cut_off(situation, pod) or cluster_dns.asks_others(situation, workload):
            continue
        if any("UDP" in way.ports for way in ways):
            yield from _ask(situation, workload, ways)
        elif (found := _without_udp(situation, workload)) is not None:
            yield found
        else:
            undecided.setdefault(workload.ref.namespace, workload)
    for namespace, workload in undecided.items():
        yield NotEvaluable(RULE.id, Subject("Namespace", "", namespace), cluster_dns.MISSING, workload.place)


def _policies(situation: Situation, pod: int) -> Iterator[model.NetworkPolicyRules]:
    for tier in Tier:
        for index in situation.selecting(pod, Direction.EGRESS, tier):
            yield situation.relation.policies[index].policy


def _cut_off(situation: Situation, pod: int) -> bool:
    """Whether a pod may connect to nothing at all, so that it needs no names."""
    return situation.isolated(pod, Direction.EGRESS) is True and not any(
        policy.broken or any(rule.action is Action.ALLOW for rule in policy.egress or ())
        for policy in _policies(situation, pod)
    )


def _ask(situation: Situation, workload: Workload, ways: tuple[Resolver, ...]) -> Iterator[Result]:
    source = workload_text(situation, workload)
    why, denied = "", None
    for way in ways:
        port = way.ports.get("UDP")
        if port is None:
            continue
        try:
            answer = situation.asker.can(situation.target(source), situation.target(way.text), asked(port, "UDP"))
        except EndError:
            continue
        if answer.verdict is Verdict.ALLOWED:
            return
        if answer.verdict is Verdict.UNKNOWN:
            why = str(answer.reason)
        else:
            denied = denied or Witness(source, way.text, port, "UDP", answer.verdict)
    if why:
        yield NotEvaluable(RULE.id, workload.subject, why, workload.place)
    elif denied is not None:
        names = " or ".join(way.name for way in ways)
        what = "only some of its pods, or only some of those of DNS, pass" if denied.expected is Verdict.MIXED else ""
        message = f"{workload.subject} may not ask {names} over UDP"
        yield _finding(situation, workload, f"{message}: {what}" if what else message, denied)


def _without_udp(situation: Situation, workload: Workload) -> Finding | None:
    """Wherever DNS is: policies that let no UDP out at all do not let it out to DNS."""
    for pod in workload.pods:
        if situation.isolated(pod, Direction.EGRESS) is not True:
            return None
        for policy in _policies(situation, pod):
            if policy.broken or policy.tier is not Tier.NETWORK_POLICY:
                return None
            for rule in policy.egress or ():
                if rule.ports is None or any(match.protocol in ("UDP", None) for match in rule.ports):
                    return None
    source = workload_text(situation, workload)
    witness = confirmed(situation, (Witness(source, cluster_dns.STAND_IN, PORT, "UDP", Verdict.DENIED),))
    if witness is None:
        return None
    message = f"{workload.subject} may not ask DNS, wherever that is: its policies let no UDP out at all"
    return _finding(situation, workload, message, witness)


def _finding(situation: Situation, workload: Workload, message: str, witness: Witness) -> Finding:
    related = [
        Related(policy.subject_place or policy.place, f"{policy_subject(policy)} restricts its egress")
        for policy in _policies(situation, workload.pods[0])
    ]
    return Finding(
        RULE.id,
        message,
        workload.place,
        workload.subject,
        related=tuple(related[:3]),
        witness=witness,
        fix=f"add this egress rule to a policy that selects it:\n{cluster_dns.allowing_rule(situation)}",
    )
