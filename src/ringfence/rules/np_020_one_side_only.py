"""One side allows the connection, the other side denies it.

## What is checked

Rules that name a workload by its labels. An ingress rule says who may come in: may they also go out, by their own
egress policies? An egress rule says where its pods may go: does the other side let them in? A finding is a rule of
which no port passes, from the named workload to any pod of the policy or back: the engine is asked about every pair.

## Why this is bad

A connection needs both: egress of the source and ingress of the destination. Whoever wrote the rule meant it to work.
It does not, and both teams look at their own policy, which is right.

## Example

```yaml
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
---
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: cache}}}]
```

Use instead an egress rule of `web` that names `db`, too.

## How to fix it

Add the missing rule on the other side, or take the rule out if the connection is not wanted.

## Limits

Rules for whole namespaces, for any peer or for more than ten workloads are not looked at: they do not mean each of
them. A rule of which one port passes, or for one pair of pods, is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import PEER_ROLE, rule_masks
from ringfence.layers.network.relation import OPPOSITE
from ringfence.model.policy import Direction, PodPeer, Tier
from ringfence.rules.examples import verdict_of, workload_text
from ringfence.rules.finding import Finding, Related, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.sets import ports as port_sets
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy, CompiledRule
    from ringfence.layers.network.row import Row
    from ringfence.model import policy as model
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation, Workload

RULE = Rule(
    id="NP-020",
    slug="one-side-only",
    title="One side allows the connection, the other side denies it",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

FEW = 10
"""A peer of more workloads does not mean each of them."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule and workload that it names in vain."""
    other_side = _OtherSide(situation)
    for compiled in situation.policies:
        if compiled.policy.tier is not Tier.NETWORK_POLICY:
            continue
        for direction in Direction:
            rules = compiled.policy.rules(direction)
            subjects = compiled.subjects(direction).get(ALWAYS, 0) if rules else 0
            for at, rule in enumerate(rules or () if subjects else ()):
                named = _named(situation, rule, direction)
                if named & other_side.restricted[OPPOSITE[direction]]:
                    yield from _rule(
                        situation, other_side, compiled, compiled.rules(direction)[at], direction, subjects, named
                    )


def _named(situation: Situation, rule: model.Rule, direction: Direction) -> int:
    """The columns of the pods that a rule names by labels."""
    columns = situation.relation.columns
    found = 0
    for peer in rule.peers:
        if isinstance(peer, PodPeer) and _singles_out(peer):
            found |= columns.peer(peer, PEER_ROLE[direction], False).get(ALWAYS, 0)
    return found & columns.pod_columns & ~columns.host_columns


def _singles_out(peer: PodPeer) -> bool:
    return any(requirement.operator == "In" for requirement in peer.selection.pods.requirements)


class _OtherSide:
    """What the policies of a peer let pass, by columns."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self._passing: dict[tuple[Row, int], int] = {}
        self._workloads_at: list[frozenset[int]] | None = None
        self.restricted = {direction: _restricted(situation, direction) for direction in Direction}

    @property
    def workloads_at(self) -> list[frozenset[int]]:
        """For each column of pods the workloads that have one there, by their number."""
        if self._workloads_at is None:
            number_of = {
                pod: number for number, workload in enumerate(self.situation.workloads) for pod in workload.pods
            }
            members = self.situation.relation.universe.members
            self._workloads_at = [frozenset(number_of[pod] for pod in pods) for pods in members]
        return self._workloads_at

    def passing(self, column: int, direction: Direction, numbers: int) -> int:
        """The columns with which any of the ports may pass, as far as the policies of one column have a say."""
        relation = self.situation.relation
        if not self.restricted[direction] >> column & 1:
            return -1
        row = relation.row(column, direction)
        key = (row, numbers)
        found = self._passing.get(key)
        if found is None:
            found = 0
            for mask, program in row.parts:
                plain = relation.programs.plain(program)
                if plain is None or relation.ports.intersection(plain[0], numbers):
                    found |= mask
            self._passing[key] = found
        return found


def _restricted(situation: Situation, direction: Direction) -> int:
    """The columns of which some policy governs a direction."""
    found = 0
    for compiled in situation.policies:
        if compiled.governs(direction):
            for mask in compiled.subjects(direction).values():
                found |= mask
    return found


def _rule(
    situation: Situation,
    other_side: _OtherSide,
    compiled: CompiledPolicy,
    rule: CompiledRule,
    direction: Direction,
    subjects: int,
    named: int,
) -> Iterator[Finding]:
    at: dict[int, frozenset[int]] = {}
    for column in columns_of(named):
        at[column] = other_side.workloads_at[column]
        if len(frozenset().union(*at.values())) > FEW:
            return
    entries = _entries(situation, rule, direction, subjects) if at else []
    closed: set[int] = set()
    passing: set[int] = set()
    for column, workloads in at.items():
        for own, peers, numbers in entries:
            others = own & ~(1 << column)
            if others and peers >> column & 1:
                open_to = other_side.passing(column, OPPOSITE[direction], numbers)
                (passing if others & open_to else closed).update(workloads)
    for number in sorted(closed - passing):
        found = _finding(situation, compiled, rule, direction, situation.workloads[number], entries)
        if found is not None:
            yield found


def _entries(
    situation: Situation, rule: CompiledRule, direction: Direction, subjects: int
) -> list[tuple[int, int, int]]:
    """(columns of subjects, columns of peers, ports) that a rule allows for certain."""
    relation = situation.relation
    merged: dict[tuple[int, int], int] = {}
    for column in columns_of(subjects):
        end = relation.universe.ends[column]
        own = 1 << column if rule.by_subject else subjects
        for condition, mask, numbers in rule_masks(rule, end, relation.conditions, relation.ports, False):
            if condition == ALWAYS:
                merged[mask, numbers] = merged.get((mask, numbers), 0) | own
        if not rule.by_subject:
            break
    return [(own, mask, numbers) for (mask, numbers), own in merged.items()]


def _finding(
    situation: Situation,
    compiled: CompiledPolicy,
    rule: CompiledRule,
    direction: Direction,
    workload: Workload,
    entries: list[tuple[int, int, int]],
) -> Finding | None:
    relation = situation.relation
    ingress = direction is Direction.INGRESS
    peer_columns = {relation.universe.class_of_pod[pod] for pod in workload.pods}
    for own, peers, numbers in entries:
        column = next((one for one in sorted(peer_columns) if peers >> one & 1), None)
        if column is None:
            continue
        subject_column = next(columns_of(own & ~(1 << column)), None)
        if subject_column is None:
            continue
        pod = situation.cluster.pods[relation.universe.members[subject_column][0]]
        peer, text = workload_text(situation, workload), f"{pod.namespace}/{pod.name}"
        source, destination = (peer, text) if ingress else (text, peer)
        intervals = relation.ports.intervals(numbers)
        protocol, number, _ = next(port_sets.members_by_protocol(intervals))
        if verdict_of(situation, source, destination, number, protocol) is not Verdict.DENIED:
            return None
        witness = Witness(source, destination, number, protocol, Verdict.DENIED)
        subject = policy_subject(compiled.policy)
        shown = port_sets.describe(intervals[:3])
        own_name = f"{pod.namespace}/{pod.workload.name}"
        what = f"lets {peer} in to {own_name} on {shown}" if ingress else f"lets {own_name} out to {peer} on {shown}"
        closed = f"the policies of {peer} do not let it {'out' if ingress else 'in'}"
        return Finding(
            RULE.id,
            f"{subject} {direction.value} rule {rule.rule.index} {what}, and {closed}",
            rule.rule.place,
            subject,
            (direction.value, str(rule.rule.index), str(workload.subject)),
            _closing(situation, column, OPPOSITE[direction]),
            witness,
            f"allow it in {OPPOSITE[direction].value} of {peer}, or take the rule out",
        )
    return None


def _closing(situation: Situation, column: int, direction: Direction) -> tuple[Related, ...]:
    found: list[Related] = []
    for tier in Tier:
        for index, condition in situation.relation.selected(column, direction, tier):
            policy = situation.relation.policies[index].policy
            if condition == ALWAYS and len(found) < 3:
                place = policy.subject_place or policy.place
                found.append(Related(place, f"{policy_subject(policy)} restricts {direction.value}"))
    return tuple(found)
