"""A named port means nothing, or not the same, on the pods that it is for.

## What is checked

A port that a rule gives by name is looked up on the pod that receives: on the pods that the policy selects for ingress,
on the pods that the rule names for egress. The rule finds names that no such pod declares with that protocol, that only
some of them declare, and that mean different numbers.

## Why this is bad

A name that a pod does not declare matches nothing there. Nothing is reported: the connection is refused although a rule
seems to allow it, or a port that was renamed in the Deployment is cut off by a policy that nobody touched.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - ports: [{port: http}]
```

```yaml
    containers:
    - name: web
      ports: [{name: web-http, containerPort: 8080}]
```

Use instead the name that the container gives its port, or the number.

## How to fix it

Declare the port with this name in every workload that the rule is for, or write the number. `protocol` left out means
TCP: a port `dns` that is declared as UDP is another one.

## Limits

Where a policy or peer takes pods whatever their labels are, a name that only some of them have is the purpose of the
rule, and is not found. Neither are numbers that differ there. hostNetwork pods and pods that may have labels that the
input does not give are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.facts import ALWAYS
from ringfence.model.policy import AnyPeer, Direction, PodPeer
from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy, CompiledRule
    from ringfence.model import policy as model
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-016",
    slug="named-port-unresolved",
    title="A named port means nothing, or not the same, on the pods that it is for",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each named port that is not the same port on every pod."""
    for compiled in situation.policies:
        for direction in Direction:
            for rule in compiled.policy.rules(direction) or ():
                named = {(match.name, match.protocol): match for match in rule.ports or () if match.name is not None}
                if named:
                    yield from _rule(situation, compiled, direction, rule, named.values())


def _rule(
    situation: Situation,
    compiled: CompiledPolicy,
    direction: Direction,
    rule: model.Rule,
    named: Iterable[model.PortMatch],
) -> Iterator[Result]:
    ingress = direction is Direction.INGRESS
    policy = compiled.policy
    if ingress:
        pods = [index for index, surely in situation.subjects(compiled).items() if surely]
        singled_out = bool(policy.subject.pods.requirements)
        missing = policy.namespace is not None and not situation.has_workloads(policy.namespace)
    else:
        compiled_rule = next(one for one in compiled.rules(direction) if one.rule is rule)
        pods = _peers(situation, compiled_rule)
        singled_out = all(isinstance(peer, PodPeer) and peer.selection.pods.requirements for peer in rule.peers)
        missing = not _known(situation, rule)
    pods = [index for index in pods if not situation.cluster.pods[index].host_network]
    if missing or not situation.cluster.pods:
        where = f"of {policy.namespace}" if ingress and policy.namespace else "of the peers' namespaces"
        why = f"the input has no workloads {where}, whose ports would be meant"
        yield NotEvaluable(RULE.id, policy_subject(policy), why, rule.place)
    elif pods:
        for match in named:
            yield from _port(situation, policy, direction, rule, match, pods, singled_out)


def _known(situation: Situation, rule: model.Rule) -> bool:
    """Whether the input may have the pods of every peer: those of another namespace may be elsewhere."""
    return all(
        not isinstance(peer, PodPeer)
        or peer.selection.namespace is None
        or situation.has_workloads(peer.selection.namespace)
        for peer in rule.peers
    )


def _peers(situation: Situation, compiled: CompiledRule) -> list[int]:
    """The pods that the pod peers of a rule surely name; all pods, where it names no peer."""
    universe = situation.relation.universe
    if any(isinstance(peer, AnyPeer) for peer in compiled.rule.peers):
        return list(range(len(situation.cluster.pods)))
    mask = compiled.peers.get(ALWAYS, 0) & situation.relation.columns.pod_columns
    return [pod for column in columns_of(mask) for pod in universe.members[column]]


def _port(
    situation: Situation,
    policy: model.NetworkPolicyRules,
    direction: Direction,
    rule: model.Rule,
    match: model.PortMatch,
    pods: list[int],
    singled_out: bool,
) -> Iterator[Finding]:
    numbers: dict[int, str] = {}
    without: list[str] = []
    others: dict[str, None] = {}
    for index in pods:
        pod = situation.cluster.pods[index]
        name = f"{pod.namespace}/{pod.workload.name}"
        meant = [port for port in pod.ports if port.name == match.name and match.protocol in (None, port.protocol)]
        for port in meant:
            numbers.setdefault(port.number, name)
        if not meant:
            without.append(name)
            others.update(
                {f"{port.name} ({port.protocol} {port.number})": None for port in pod.ports if _near(port.name, match)}
            )
    subject = policy_subject(policy)
    whom = "pod that the policy selects" if direction is Direction.INGRESS else "pod that the rule names"
    port_name = f"{match.protocol or 'any'} port {match.name}"
    severity = Severity.LOW
    if not numbers:
        message, severity = f"no {whom} declares a {port_name}: the rule lets nothing through there", Severity.MEDIUM
    elif not singled_out:
        return
    elif without:
        some = next(iter(numbers.values()))
        message = f"{some} declares a {port_name}, {_listed(without)} does not: the rule lets nothing through there"
    elif len(numbers) > 1:
        meanings = " and ".join(f"{number} in {name}" for number, name in sorted(numbers.items())[:3])
        message = f"the {port_name} means {meanings}"
    else:
        return
    kind = "none" if not numbers else "some" if without else "different"
    close = f"the pods declare {', '.join(sorted(others)[:3])}; " if others else ""
    yield Finding(
        RULE.id,
        f"{subject} {direction.value} rule {rule.index}: {message}",
        match.place or rule.place,
        subject,
        (direction.value, str(rule.index), str(match.name), str(match.protocol), kind),
        fix=f"{close}declare the port with this name and protocol, or write its number",
        severity=None if severity is RULE.severity else severity,
    )


def _near(name: str, match: model.PortMatch) -> bool:
    """Whether a port may be the one that was meant."""
    wanted = match.name or ""
    return name == wanted or wanted in name or name in wanted


def _listed(names: list[str]) -> str:
    distinct = sorted(set(names))
    more = f" and {len(distinct) - 2} more" if len(distinct) > 2 else ""
    return ", ".join(distinct[:2]) + more
