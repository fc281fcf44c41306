"""Two peers stand where one combined peer is likely meant.

## What is checked

Whether a `from` or `to` has a peer with only a `namespaceSelector` next to one with only a `podSelector`. Two entries
of the list are two peers: all pods of those namespaces, or pods of the policy's own namespace with those labels. One
entry with both selectors is one peer: pods with those labels in those namespaces. The two differ by a dash.

The rule asks the engine what one combined peer would allow, and finds the two if they allow more: the finding names
the workloads, and its witness is a flow that passes now and would not.

## Why this is bad

The rule lets in whole namespaces where one workload was meant. It works in every test, because what is meant passes
too.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: database, namespace: shop}
spec:
  podSelector: {matchLabels: {app: database}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {team: reports}}
    - podSelector: {matchLabels: {app: nightly}}
```

Every pod of the namespaces of team reports may connect to the database.

Use instead, without the second dash:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: database, namespace: shop}
spec:
  podSelector: {matchLabels: {app: database}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {team: reports}}
      podSelector: {matchLabels: {app: nightly}}
```

## How to fix it

If one peer is meant, put both selectors under one dash. If two are meant, write them into two rules, or give the first
one an empty `podSelector`, which says the same and shows that it is meant: the rule is silent then.

## Limits

Two peers are surely meant, and not found, if no pod of those namespaces has those labels, or if the `podSelector` is
empty. Where the input has no workloads in those namespaces, or their labels are not known, the rule cannot be
evaluated. The workloads named are those of the input; of many, the first 100 pairs of kinds of pods are asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import PEER_ROLE
from ringfence.layers.network.relation import ChangedRelation
from ringfence.model.policy import Direction, PodPeer, PodSelection
from ringfence.rules.ends import pod_end
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Witness
from ringfence.rules.openness import fixed_ports, hanging_on
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.written import network_policies
from ringfence.sets.ports import PROTOCOLS
from ringfence.values import Value, replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import EndError
from ringfence.verdict.flow import asked

if TYPE_CHECKING:
    from ringfence.model.cluster import WorkloadRef
    from ringfence.model.policy import NetworkPolicyRules
    from ringfence.model.policy import Rule as PolicyRule
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation
    from ringfence.rules.written import Written

RULE = Rule(
    id="NP-011",
    slug="and-or-trap",
    title="Two peers stand where one combined peer is likely meant",
    severity=Severity.HIGH,
    precision=Precision.MEDIUM,
    needs=Needs.REACH,
)

_PAIRS_ASKED = 100
_PAIRS_NAMED = 3
_USUAL_PORT = 443
_PORTS_ASKED = 4


class _Trap(Value):
    """Peers ``at`` and ``at + 1`` of a rule, and the one that they would make together."""

    written: Written
    direction: Direction
    rule: PolicyRule
    at: int
    combined: PodPeer

    @property
    def evidence(self) -> tuple[str, ...]:
        return self.direction.value, str(self.rule.index), str(self.at)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each pair of peers that allows more than one combined peer would."""
    for written in network_policies(situation):
        for trap in _traps(written):
            matched = written.compiled.columns.peer(trap.combined, PEER_ROLE[trap.direction], False)
            if ALWAYS in matched:
                yield from _extra(situation, trap)
                continue
            why = _why_not(situation, trap) if not matched else f"that hangs on {hanging_on(next(iter(matched)))}"
            if why:
                place = trap.rule.peers[trap.at].place
                why = f"the peers may be meant as one; {why}"
                yield NotEvaluable(RULE.id, written.subject, why, place)


def _traps(written: Written) -> Iterator[_Trap]:
    for direction in Direction:
        field = "from" if direction is Direction.INGRESS else "to"
        raw = written.rules(direction)
        for rule in written.compiled.policy.rules(direction) or ():
            if len(rule.peers) < 2 or raw is None:
                continue
            peers = raw[rule.index][field]
            at = 0
            while at + 1 < len(peers):
                combined = _combined(rule, at, _only(peers[at]), _only(peers[at + 1]))
                if combined is not None:
                    yield _Trap(written, direction, rule, at, combined)
                    at += 1
                at += 1


def _only(peer: Mapping[str, Any]) -> str:
    """The selector that a peer has, if it has just one."""
    given = [field for field in ("namespaceSelector", "podSelector", "ipBlock") if peer.get(field) is not None]
    return given[0] if len(given) == 1 else ""


def _combined(rule: PolicyRule, at: int, first: str, second: str) -> PodPeer | None:
    if {first, second} != {"namespaceSelector", "podSelector"}:
        return None
    left, right = rule.peers[at], rule.peers[at + 1]
    spaces, pods = (left, right) if first == "namespaceSelector" else (right, left)
    assert isinstance(spaces, PodPeer)
    assert isinstance(pods, PodPeer)
    if not pods.selection.pods.requirements:
        return None
    return PodPeer(PodSelection(pods.selection.pods, None, spaces.selection.namespaces), spaces.place)


def _why_not(situation: Situation, trap: _Trap) -> str:
    """Why nothing can be said of a combined peer that matches no pod of the input; empty: two peers are meant."""
    selector = trap.combined.selection.namespaces
    assert selector is not None
    conditions, role = situation.relation.conditions, PEER_ROLE[trap.direction]
    spaces = [name for name in situation.cluster.namespaces if conditions.namespace(selector, name, role) is not None]
    absent = [name for name in spaces if not situation.has_workloads(name)]
    if absent:
        return f"the input has no workloads in {absent[0]}"
    return "" if spaces else f"the input has no namespace with {selector}"


def _as_one(trap: _Trap) -> NetworkPolicyRules:
    peers = (*trap.rule.peers[: trap.at], trap.combined, *trap.rule.peers[trap.at + 2 :])
    policy = trap.written.compiled.policy
    rules = tuple(
        replace(rule, peers=peers) if rule is trap.rule else rule for rule in policy.rules(trap.direction) or ()
    )
    return replace(policy, ingress=rules) if trap.direction is Direction.INGRESS else replace(policy, egress=rules)


def _extra(situation: Situation, trap: _Trap) -> Iterator[Result]:
    """What passes now and would not with one peer."""
    relation = situation.relation
    changed = relation.change([trap.written.compiled.index], [_as_one(trap)], situation.cluster)
    if not isinstance(changed, ChangedRelation):
        return
    opened = _Opened(situation, changed, trap)
    pairs: dict[tuple[WorkloadRef, WorkloadRef], Witness] = {}
    tried = 0
    for subject, peer in _moved(situation, changed, trap.direction):
        if tried == _PAIRS_ASKED:
            break
        tried += 1
        ends = _two_pods(situation, *((peer, subject) if trap.direction is Direction.INGRESS else (subject, peer)))
        if ends is None:
            continue
        first, second = (situation.cluster.pods[index].workload for index in ends)
        if (first, second) not in pairs:
            witness = opened.witness(*ends, known=bool(pairs))
            if witness is not None:
                pairs[first, second] = witness
    if not pairs:
        return
    names = [f"{first.namespace}/{first.name} to {second.namespace}/{second.name}" for first, second in pairs]
    more = len(names) - _PAIRS_NAMED
    left = f" and {more}{' or more' if tried == _PAIRS_ASKED else ''} others" if more > 0 else ""
    rule = f"{trap.direction.value} rule {trap.rule.index + 1} of {trap.written.subject}"
    yield Finding(
        RULE.id,
        f"{rule} has a namespaceSelector and a podSelector as two peers; as one peer they would not open "
        f"{', '.join(names[:_PAIRS_NAMED])}{left}",
        trap.rule.peers[trap.at + 1].place,
        trap.written.subject,
        trap.evidence,
        (Related(trap.rule.peers[trap.at].place, "the other peer"),),
        next(iter(pairs.values())),
        "put both selectors under one dash if one peer is meant; if two are, give the namespaceSelector an empty "
        "podSelector to say so",
    )


def _moved(situation: Situation, changed: ChangedRelation, direction: Direction) -> Iterator[tuple[int, int]]:
    """(subject, peer) columns whose program differs, pods only."""
    pods = changed.columns.pod_columns
    for subject in columns_of(changed.affected[direction]):
        old, new = situation.relation.row(subject, direction), changed.row(subject, direction)
        moved = 0
        for mask, program in old.parts:
            for other, number in new.parts:
                if program != number:
                    moved |= mask & other
        for peer in columns_of(moved & pods):
            yield subject, peer


def _two_pods(situation: Situation, source: int, destination: int) -> tuple[int, int] | None:
    """A pod of each class; None: they are one pod."""
    members = situation.relation.universe.members
    if source != destination:
        return members[source][0], members[destination][0]
    return (members[source][0], members[source][1]) if len(members[source]) > 1 else None


class _Opened:
    """Asks the engine, now and with one peer."""

    def __init__(self, situation: Situation, changed: ChangedRelation, trap: _Trap) -> None:
        self.situation = situation
        self.after = Asker(changed, situation.directory)
        self.changed = changed
        spans = fixed_ports(trap.rule)
        usual = [_USUAL_PORT] if any(first <= _USUAL_PORT <= last for first, last in spans) else []
        self.ports = [*usual, *(first for first, _ in spans)]

    def witness(self, source: int, destination: int, known: bool) -> Witness | None:
        """A flow that is allowed now and not, or not surely, with one peer. ``known``: it will not be shown, so where
        no fact is open the relation is asked and not the whole engine."""
        relation = self.situation.relation
        universe = relation.universe
        classes = universe.class_of_pod
        ends = classes[source], classes[destination]
        left, right = universe.ends[ends[0]], universe.ends[ends[1]]
        if relation.opaque(left, right) or not relation.families(left, right)[0]:
            return None
        before = relation.cells.plain(*relation.programs_of(*ends))
        after = relation.cells.plain(*self.changed.programs_of(*ends))
        ports = self.ports
        if before is not None and after is not None:
            extra = relation.ports.difference(before.sure, after.possible)
            spans = relation.ports.intervals(extra)
            ports = [*(key for key in ports if relation.ports.contains(extra, key)), *(first for first, _ in spans)]
            if known and ports:
                return self._flow(source, destination, ports[0])
        for key in ports[:_PORTS_ASKED]:
            witness = self._flow(source, destination, key)
            if self._is_extra(witness):
                return witness
        return None

    def _flow(self, source: int, destination: int, key: int) -> Witness:
        ends = pod_end(self.situation, source), pod_end(self.situation, destination)
        return Witness(*ends, key & 0xFFFF, PROTOCOLS[key >> 16], Verdict.ALLOWED)

    def _is_extra(self, witness: Witness) -> bool:
        try:
            source, destination = self.situation.target(witness.source), self.situation.target(witness.destination)
            question = asked(witness.port, witness.protocol)
            return (
                self.situation.confirms(witness)
                and self.after.can(source, destination, question).verdict is not Verdict.ALLOWED
            )
        except EndError:
            return False
