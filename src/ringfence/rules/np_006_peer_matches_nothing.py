"""The peer of a rule matches no pod.

## What is checked

Whether each peer of a rule that selects pods matches at least one pod of the input, and whether its `namespaceSelector`
matches a namespace. Peers that are addresses, nodes or domain names are not looked at.

## Why this is bad

A rule whose peer matches nothing allows nothing: connections that somebody wanted are denied. Or, where it denies,
connections pass that somebody wanted to stop. Mostly a label is misspelt, a workload was renamed, or a `podSelector`
without `namespaceSelector` is meant for pods of another namespace: it only looks in its own.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: database}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: bakend}}
```

Use instead the label that the pods have:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: database}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: backend}}
```

## How to fix it

Compare the selector with the labels of the pod templates, and that of namespaces with the labels of the Namespace
objects. Every namespace has the label `kubernetes.io/metadata.name`. If the peer is gone, delete it from the rule.

## Limits

The rule cannot be evaluated where the pods may be in another repository: the input has no workloads in one of the
namespaces that the peer means, or it has no Namespace objects and the labels of namespaces decide. A peer for all
namespaces is only held against an input that has the workloads of `kube-system`, as the dump of a whole cluster has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import PEER_ROLE
from ringfence.model.policy import Direction, PodPeer
from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.nearest import nearest_label
from ringfence.rules.openness import hanging_on
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject

if TYPE_CHECKING:
    from ringfence.layers.network.facts import Condition
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation
    from ringfence.sets.labels import Selector

RULE = Rule(
    id="NP-006",
    slug="peer-matches-nothing",
    title="The peer of a rule matches no pod",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=(
        "kube-linter:dangling-networkpolicypeer-podselector",
        "popeye:1201",
        "popeye:1202",
        "popeye:1208",
    ),
)

_SYSTEM = "kube-system"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each peer that matches no pod."""
    for compiled in situation.policies:
        seen: set[tuple[str, ...]] = set()
        for direction in Direction:
            for rule in compiled.policy.rules(direction) or ():
                for peer in rule.peers:
                    if not isinstance(peer, PodPeer):
                        continue
                    found = compiled.columns.peer(peer, PEER_ROLE[direction], compiled.admin)
                    if ALWAYS in found:
                        continue
                    evidence = (direction.value, str(rule.index), peer_text(peer))
                    if evidence not in seen:
                        seen.add(evidence)
                        yield from _nothing(situation, compiled, direction, peer, evidence, list(found))


def peer_text(peer: PodPeer) -> str:
    """What a peer selects, in words."""
    selection = peer.selection
    if selection.namespaces is None:
        return f"pods of {selection.namespace} with {selection.pods}"
    if not selection.namespaces.requirements:
        return f"pods of all namespaces with {selection.pods}"
    pods = f"pods with {selection.pods}" if selection.pods.requirements else "all pods"
    return f"{pods} of namespaces with {selection.namespaces}"


def _nothing(
    situation: Situation,
    compiled: CompiledPolicy,
    direction: Direction,
    peer: PodPeer,
    evidence: tuple[str, ...],
    perhaps: list[Condition],
) -> Iterator[Result]:
    subject = policy_subject(compiled.policy)
    text = peer_text(peer)
    if perhaps:
        yield NotEvaluable(
            RULE.id, subject, f"whether a pod is one of the {text} hangs on {hanging_on(perhaps[0])}", peer.place
        )
        return
    selection = peer.selection
    rule = f"{direction.value} rule {int(evidence[1]) + 1} of {subject}"
    if selection.namespaces is None:
        assert selection.namespace is not None
        meant = [selection.namespace]
    else:
        meant = _namespaces(situation, compiled, direction, selection.namespaces)
        if not meant:
            if any(one.open_labels for one in situation.cluster.namespaces.values()):
                why = f"no namespace of the input has {selection.namespaces}, and it lacks some Namespace objects"
                yield NotEvaluable(RULE.id, subject, why, peer.place)
                return
            known = [one.labels for one in situation.cluster.namespaces.values()]
            yield Finding(
                RULE.id,
                f"{rule} means nobody: no namespace has {selection.namespaces}",
                peer.place,
                subject,
                evidence,
                fix=_hint(
                    selection.namespaces, nearest_label(selection.namespaces, known), "the labels of the namespaces"
                ),
            )
            return
    absent = _absent(situation, selection.namespaces, meant)
    if absent:
        why = f"{rule} is about {text}, and the input has no workloads in {absent}"
        if absent == _SYSTEM and absent not in meant:
            why = f"{rule} is about {text}, and the input may lack some: not even {absent} has workloads in it"
        yield NotEvaluable(RULE.id, subject, why, peer.place)
        return
    pods = (
        situation.cluster.pods[index].labels for name in meant for index in situation.pods_by_namespace.get(name, ())
    )
    near = nearest_label(selection.pods, pods)
    fix = _hint(selection.pods, near, "the labels of the pod templates")
    if not near and selection.namespaces is None:
        fix = _elsewhere(situation, selection.pods) or fix
    yield Finding(RULE.id, f"{rule} means nobody: there are no {text}", peer.place, subject, evidence, fix=fix)


def _namespaces(situation: Situation, compiled: CompiledPolicy, direction: Direction, selector: Selector) -> list[str]:
    """The namespaces of the input that a selector matches."""
    conditions = situation.relation.conditions
    role = PEER_ROLE[direction]
    return [name for name in situation.cluster.namespaces if conditions.namespace(selector, name, role) == ALWAYS]


def _absent(situation: Situation, selector: Selector | None, meant: list[str]) -> str:
    """A namespace whose workloads the input seems to lack, so that nothing can be said."""
    empty = [name for name in meant if not situation.has_workloads(name)]
    if situation.has_workloads(_SYSTEM):
        return empty[0] if len(empty) == len(meant) else ""
    if selector is not None and not selector.requirements:
        return _SYSTEM
    return empty[0] if empty else ""


def _hint(selector: Selector, near: str, otherwise: str) -> str:
    return f"did you mean {near}?" if near else f"compare {selector} with {otherwise}"


def _elsewhere(situation: Situation, selector: Selector) -> str:
    spaces = sorted({pod.namespace for pod in situation.cluster.pods if selector.matches(pod.labels)})
    if not spaces:
        return ""
    return (
        f"such pods are in {', '.join(spaces[:3])}: add a namespaceSelector to the same peer, "
        f"for example matchLabels: {{kubernetes.io/metadata.name: {spaces[0]}}}"
    )
