"""The rule, or the whole policy, repeats what others say.

## What is checked

Whether anything would change without a policy, or without one of its rules. A NetworkPolicy is redundant if another
one closes at least the same pods in the same directions, and other rules allow at least the same peers on the same
ports. A rule is redundant if other rules that hold for at least the same pods allow all of it, several together if need
be. In an admin policy a rule is redundant if earlier rules of the same policy match all that it matches: it never gets
its turn (severity medium if an earlier rule decides otherwise).

"Unchanged" is meant for any pods, those that the input has and those to come: selectors are compared over all labels
that a pod might carry, CIDRs over all addresses, and only the labels of namespaces are taken from the input. The engine
then confirms it for the pods of the input. Everything that the rule finds can be deleted at once: of two policies that
say the same, only the later one is found.

A default deny (all pods, no rules) is only found if another default deny makes it redundant: other policies for all
pods may go again, and it is meant to stay. A policy without any effect is found by NP-015, one that selects no pod by
NP-005; neither is found here.

## Why this is bad

Reviewers read it, and believe that it matters. Who later deletes the policy that it repeats, to close a path, wonders
why the path stays open.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - namespaceSelector: {}
    ports: [{port: 8080}, {port: 9090}]
  - from:
    - podSelector: {matchLabels: {app: gateway}}
    ports: [{port: 8080}]
```

The second rule allows nothing that the first one does not allow.

Use instead the rule that is meant:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
    ports: [{port: 8080}]
```

## How to fix it

Decide which of the two is meant. Often it is the narrow one, and the wide one is a leftover.

## Limits

A selector is compared with one other at a time: pods that only several selectors together hold are not seen to be
covered, nor are rules of different admin policies compared. What is only redundant for the pods that there happen to be
is not found. A peer counts as one of another only if that holds on every network plugin: a CIDR never covers pods.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction, Tier
from ringfence.rules.coverage import Atom, Covering, Selectors, atoms
from ringfence.rules.finding import Finding, Related, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.rules.vacuity import selectors_of, selects_nothing, unchanged, vacuous
from ringfence.values import replace

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model.policy import NetworkPolicyRules
    from ringfence.model.policy import Rule as PolicyRule
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation
    from ringfence.sets.labels import Selector

RULE = Rule(
    id="NP-014",
    slug="redundant",
    title="The rule, or the whole policy, repeats what others say",
    severity=Severity.LOW,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

_NAMED = 3
_Owner = tuple[int, Direction, int]
"""A rule: the index of its policy, its direction, its own index."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy and each rule that is redundant."""
    selectors = selectors_of(situation)
    idle = vacuous(situation)
    for namespace, policies in situation.policies_by_namespace.items():
        if namespace is None:
            for compiled in policies:
                yield from _shadowed(situation, selectors, compiled)
        else:
            alive = [one for one in policies if not one.policy.broken and one.index not in idle]
            yield from _Namespace(situation, selectors, alive).results()


class _Namespace:
    """The NetworkPolicies of one namespace. What is redundant leaves, so that two never stand in for each other."""

    def __init__(self, situation: Situation, selectors: Selectors, policies: Sequence[CompiledPolicy]) -> None:
        self.situation = situation
        self.selectors = selectors
        self.policies = [one for one in policies if one.policy.tier is Tier.NETWORK_POLICY]
        self._gone: set[int] = set()
        self._gone_rules: set[Hashable] = set()
        self._wider: dict[tuple[Direction, Selector], list[CompiledPolicy]] = {}
        self._covering: dict[tuple[Direction, Selector], Covering] = {}
        self._posted: dict[Direction, dict[Hashable, list[CompiledPolicy]]] = {}

    def results(self) -> Iterator[Result]:
        """Whole policies first, the last one first; then single rules. The engine confirms all of it at once."""
        candidates = [one for one in reversed(self.policies) if not selects_nothing(self.situation, one)]
        found: list[tuple[CompiledPolicy, NetworkPolicyRules | None, Finding]] = []
        for compiled in candidates:
            others = self._replaced_by(compiled)
            if others is not None:
                self._gone.add(compiled.index)
                found.append((compiled, None, self._policy(compiled, others)))
        for compiled in candidates:
            if compiled.index not in self._gone:
                found.extend(self._rules(compiled))
        # The last word on a policy is the one without all of its redundant rules.
        everything = {compiled.index: left for compiled, left, _ in found}
        if not found or unchanged(self.situation, everything):
            yield from (finding for _, _, finding in found)
            return
        for compiled, left, finding in found:
            if unchanged(self.situation, {compiled.index: left}):
                yield finding

    def _rules(self, compiled: CompiledPolicy) -> Iterator[tuple[CompiledPolicy, NetworkPolicyRules | None, Finding]]:
        lost: set[tuple[Direction, int]] = set()
        for direction in Direction:
            for rule in reversed(compiled.policy.rules(direction) or ()):
                own: _Owner = (compiled.index, direction, rule.index)
                owners = self._covered(compiled, direction, rule, own)
                if owners is not None:
                    self._gone_rules.add(own)
                    lost.add((direction, rule.index))
                    yield compiled, _without(compiled.policy, lost), self._rule(compiled, direction, rule, owners)

    def _replaced_by(self, compiled: CompiledPolicy) -> list[_Owner] | None:
        """The rules of other policies that do all that a policy does, after one that closes the same pods."""
        found: list[_Owner] = []
        default = _is_default_deny(compiled.policy)
        for direction in Direction:
            rules = compiled.policy.rules(direction)
            if rules is None:
                continue
            closers = (one for one in self._wide(compiled, direction) if self._stays(one, compiled))
            closer = next((one for one in closers if not default or _is_default_deny(one.policy)), None)
            if closer is None:
                return None
            found.append((closer.index, direction, -1))
            for rule in rules:
                owners = self._covered(compiled, direction, rule, None)
                if owners is None:
                    return None
                found.extend(owners)
        return found

    def _stays(self, other: CompiledPolicy, compiled: CompiledPolicy) -> bool:
        return other is not compiled and other.index not in self._gone

    def _covered(
        self, compiled: CompiledPolicy, direction: Direction, rule: PolicyRule, own: _Owner | None
    ) -> list[_Owner] | None:
        """The other rules that allow all of a rule; ``own`` None: those of other policies only."""

        def usable(owner: Hashable) -> bool:
            assert isinstance(owner, tuple)
            if owner[0] in self._gone or owner in self._gone_rules:
                return False
            return owner != own if own is not None else owner[0] != compiled.index

        if len(compiled.policy.rules(direction) or ()) == 1 and len(self._wide(compiled, direction)) == 1:
            return None
        found: dict[_Owner, None] = {}
        covering = self._covering_of(compiled, direction)
        for atom in atoms(rule, own):
            owners = covering.owners(atom, usable)
            if owners is None:
                return None
            for owner in owners:
                found[owner] = None  # type: ignore[index]
        return list(found)

    def _covering_of(self, compiled: CompiledPolicy, direction: Direction) -> Covering:
        key = (direction, compiled.policy.subject.pods)
        found = self._covering.get(key)
        if found is None:
            given: list[Atom] = []
            for other in self._wide(compiled, direction):
                for rule in other.policy.rules(direction) or ():
                    given.extend(atoms(rule, (other.index, direction, rule.index)))
            found = self._covering[key] = Covering(self.selectors, given)
        return found

    def _wide(self, compiled: CompiledPolicy, direction: Direction) -> list[CompiledPolicy]:
        """The policies that govern a direction and select at least the same pods, itself among them."""
        selector = compiled.policy.subject.pods
        key = (direction, selector)
        found = self._wider.get(key)
        if found is None:
            posted = self._posts(direction)
            near = list(posted.get(None, ()))
            for one in selector.requirements:
                if one.operator == "In":
                    near += posted.get((one.key, one.values[0]), ())
            found = [other for other in near if self.selectors.covers(other.policy.subject.pods, selector)]
            self._wider[key] = sorted(found, key=lambda other: other.index)
        return self._wider[key]

    def _posts(self, direction: Direction) -> dict[Hashable, list[CompiledPolicy]]:
        """The policies by a label that any narrower selector must want."""
        found = self._posted.get(direction)
        if found is None:
            found = self._posted[direction] = {}
            for compiled in self.policies:
                if compiled.policy.rules(direction) is None:
                    continue
                requirements = compiled.policy.subject.pods.requirements
                first = next((one for one in requirements if one.operator == "In"), None)
                for key in [(first.key, value) for value in first.values] if first is not None else [None]:
                    found.setdefault(key, []).append(compiled)
        return found

    # Findings.

    def _policy(self, compiled: CompiledPolicy, others: list[_Owner]) -> Finding:
        subject = policy_subject(compiled.policy)
        names = dict.fromkeys(str(policy_subject(self._of(owner).policy)) for owner in others)
        return Finding(
            RULE.id,
            f"{subject} is redundant: {_listed(list(names))} close the same pods and allow all that it allows"
            if len(names) > 1
            else f"{subject} is redundant: {_listed(list(names))} closes the same pods and allows all that it allows",
            compiled.policy.place,
            subject,
            ("policy",),
            tuple(dict.fromkeys(self._related(owner) for owner in others))[:_NAMED],
            fix="delete it, or delete what it repeats if it is the one that is meant",
        )

    def _rule(self, compiled: CompiledPolicy, direction: Direction, rule: PolicyRule, owners: list[_Owner]) -> Finding:
        subject = policy_subject(compiled.policy)
        return Finding(
            RULE.id,
            f"{direction.value} rule {rule.index + 1} of {subject} is redundant: "
            f"{_listed([self._name(owner, compiled) for owner in owners])} already "
            f"{'allows' if len(owners) == 1 else 'allow'} all of it",
            rule.place,
            subject,
            (direction.value, str(rule.index)),
            tuple(self._related(owner) for owner in owners[:_NAMED]),
            fix="delete the rule, or narrow the one that repeats it if that is too wide",
        )

    def _of(self, owner: _Owner) -> CompiledPolicy:
        return self.situation.relation.policies[owner[0]]

    def _name(self, owner: _Owner, own: CompiledPolicy) -> str:
        text = f"rule {owner[2] + 1}"
        return text if owner[0] == own.index else f"{text} of {policy_subject(self._of(owner).policy)}"

    def _related(self, owner: _Owner) -> Related:
        policy = self._of(owner).policy
        rules = policy.rules(owner[1]) or ()
        if owner[2] < 0:
            return Related(policy.place, "it closes the same pods")
        return Related(rules[owner[2]].place, "it allows the same or more")


def _is_default_deny(policy: NetworkPolicyRules) -> bool:
    """For all pods, and without rules: it stays in place whatever the others come to allow."""
    return not (policy.subject.pods.requirements or policy.ingress or policy.egress)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _without(policy: NetworkPolicyRules, lost: set[tuple[Direction, int]]) -> NetworkPolicyRules:
    left = {
        direction: None
        if (rules := policy.rules(direction)) is None
        else tuple(rule for rule in rules if (direction, rule.index) not in lost)
        for direction in Direction
    }
    return replace(policy, ingress=left[Direction.INGRESS], egress=left[Direction.EGRESS])


def _shadowed(situation: Situation, selectors: Selectors, compiled: CompiledPolicy) -> Iterator[Result]:
    """Rules of an admin policy that earlier rules leave nothing to."""
    policy = compiled.policy
    if policy.broken or selects_nothing(situation, compiled):
        return
    subject = policy_subject(policy)
    for direction in Direction:
        rules = policy.rules(direction) or ()
        for rule in rules[1:]:
            earlier = [one for one in rules if one.index < rule.index]
            covering = Covering(selectors, (atom for one in earlier for atom in atoms(one, one.index)))
            owners: dict[Hashable, None] = {}
            for atom in atoms(rule, rule.index):
                found = covering.owners(atom, lambda owner: True)
                if found is None:
                    break
                owners.update(dict.fromkeys(found))
            else:
                if not unchanged(situation, {compiled.index: _without(policy, {(direction, rule.index)})}):
                    continue
                first = [one for one in earlier if one.index in owners]
                differs = any(one.action is not rule.action for one in first)
                yield Finding(
                    RULE.id,
                    f"{direction.value} rule {rule.index + 1} of {subject} never gets its turn: "
                    f"{_listed([f'rule {one.index + 1} ({one.action.value})' for one in first])} before it "
                    f"{'match' if len(first) > 1 else 'matches'} all that it would {rule.action.value}",
                    rule.place,
                    subject,
                    (direction.value, str(rule.index)),
                    tuple(Related(one.place, "it comes first") for one in first[:_NAMED]),
                    fix="delete the rule, or put it before the others if it is an exception",
                    severity=Severity.MEDIUM if differs else None,
                )
