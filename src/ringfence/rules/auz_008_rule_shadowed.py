"""A rule that changes nothing: others deny all that it allows, or say the same already.

## What is checked

Rules of AuthorizationPolicies, at every proxy that reads them, as sets of requests: a rule that allows only what rules
that deny take away; a rule that allows, or denies, nothing that others of its kind do not allow, or deny, already; and
a rule that contradicts itself, so that no request can match it. Sets are compared exactly, over identities, ports,
hosts, methods, paths, headers and claims.

## Why this is bad

Of a rule that is voided, somebody thinks that it lets a client in, and it does not. Of a rule that repeats others,
somebody will think one day that taking it out closes something.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admin, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules: [{to: [{operation: {paths: [/admin/users]}}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  action: DENY
  rules: [{to: [{operation: {paths: [/admin*]}}]}]
```

Use instead one of them, or an exception in the rule that denies (`notPaths: [/admin/users]`).

## How to fix it

Take the rule out, or narrow what stands before it.

## Limits

Rules with the action CUSTOM and dry runs are not looked at; what asks of requests where no proxy sees any is AUZ-006. A
rule is found only if it changes nothing at every proxy that reads it; of two that say the same, the one that comes
later is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause
    from ringfence.model.mesh import RequestRule, RequestRules
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.points import Acting
    from ringfence.rules.situation import Situation
    from ringfence.sets.requests.formulas import Formula
    from ringfence.sets.requests.spaces import Spaces

RULE = Rule(
    id="AUZ-008",
    slug="rule-shadowed",
    title="A rule that changes nothing: others deny all that it allows, or say the same already",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

Key = tuple[str | None, str, int]
"""A rule: namespace and name of its policy, and its index."""
VOIDED, REPEATED, IMPOSSIBLE, ALIVE = "voided", "repeated", "impossible", "alive"
State = tuple[str, tuple[Key, ...], "Formula"]
"""What becomes of a rule at a point, because of which others, and what it asks."""
FEW = 5
"""Places at which a witness is looked for."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule that changes nothing anywhere."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import subject_of
    from ringfence.rules.points import acting

    points = _Points(enforcement)
    for policy in enforcement.policies:
        if policy.action not in ("ALLOW", "DENY") or policy.dry_run:
            continue
        where, perhaps = acting(enforcement, policy)
        subject = subject_of(policy)
        if perhaps and not where and policy.clauses:
            yield NotEvaluable(RULE.id, subject, "which proxy enforces it is open", policy.place)
        for clause in policy.clauses:
            key = (policy.attachment.namespace, policy.name, clause.index)
            states = [(one, state) for one in where for state in points.states(one, key)]
            dead = [(one, state) for one, state in states if state and state[0] != ALIVE]
            if None in (state for _, state in states):
                why = "its requests are too many kinds to compare"
                yield NotEvaluable(RULE.id, subject, why, clause.place)
            elif dead and len(dead) == len(states) and not _left_out(clause, dead):
                if perhaps:
                    why = "whether another workload reads it is open"
                    yield NotEvaluable(RULE.id, subject, why, clause.place)
                else:
                    yield _finding(enforcement, policy, clause, dead)


def _left_out(clause: Clause, dead: Sequence[tuple[Acting, State]]) -> bool:
    """Whether the rule asks of requests and is read where there are none: nothing in it contradicts itself."""
    from ringfence.dialects.istio.matching import http_only

    if any(sort != IMPOSSIBLE for _, (sort, _, _) in dead) or any(
        point.http for one, _ in dead for point in one.points
    ):
        return False
    terms = [*(one for some in (*clause.sources, *clause.operations) for one in some), *clause.conditions]
    return any(http_only(one.key) for one in terms)


class _Points:
    """The states of all rules at every point, each set of rules compared once."""

    def __init__(self, enforcement: Enforcement) -> None:
        from ringfence.sets.requests.spaces import Spaces

        self.enforcement = enforcement
        self._spaces = Spaces()
        self._kept: dict[int, tuple[RequestRules, dict[Key, State] | None]] = {}

    def states(self, one: Acting, key: Key) -> Iterator[State | None]:
        """What becomes of a rule on each kind of chain of a point that has it; None: that cannot be told."""
        for point in one.points:
            rules = self.enforcement.mesh.rules(point, 1)
            found = self._kept.get(id(rules))
            if found is None:
                found = self._kept[id(rules)] = (rules, _states(rules, self._spaces))
            if found[1] is None:
                yield None
            elif key in found[1]:
                yield found[1][key]


def _states(rules: RequestRules, spaces: Spaces) -> dict[Key, State] | None:
    from ringfence.model.mesh import RequestAction
    from ringfence.sets.languages.limits import TooLarge

    enforced = [one for one in rules.policies if not one.shadow]
    denying, allowing = (
        [
            ((one.namespace, one.name, rule.index), rule)
            for one in enforced
            if one.action is action
            for rule in one.rules
        ]
        for action in (RequestAction.DENY, RequestAction.ALLOW)
    )
    try:
        found = _repeats(denying, (), spaces)
        left = [(key, rule) for key, rule in denying if found[key][0] == ALIVE]
        return {**found, **_repeats(allowing, left, spaces)}
    except TooLarge:
        return None


def _repeats(
    mine: Sequence[tuple[Key, RequestRule]], before: Sequence[tuple[Key, RequestRule]], spaces: Spaces
) -> dict[Key, State]:
    """The states of rules of one action: later ones first, so that of two that say the same the first one stays."""
    found: dict[Key, State] = {}
    alive = list(mine)
    for key, rule in reversed(mine):
        others = [one for one in alive if one[0] != key]
        state = _state(rule.formula, before, others, spaces)
        found[key] = state
        if state[0] != ALIVE:
            alive = others
    return found


def _state(
    formula: Formula,
    before: Sequence[tuple[Key, RequestRule]],
    others: Sequence[tuple[Key, RequestRule]],
    spaces: Spaces,
) -> State:
    from ringfence.layers.requests.passing import space_of

    near = [one for one in (*before, *others) if _may_cover(one[1].formula, formula)]
    space = space_of((formula, *(rule.formula for _, rule in near)), spaces=spaces)
    wanted = space.set_of(formula).possibly()
    if wanted.is_empty():
        return IMPOSSIBLE, (), formula
    for sort, covering in ((VOIDED, before), (REPEATED, others)):
        rest, by = wanted, []
        for key, rule in covering:
            if not _may_cover(rule.formula, formula):
                continue
            covered = space.set_of(rule.formula).surely()
            if (rest & covered).is_empty():
                continue
            rest = rest - covered
            by.append(key)
            if rest.is_empty():
                return sort, tuple(by), formula
    return ALIVE, (), formula


def _may_cover(other: Formula, formula: Formula) -> bool:
    """Cheaply, whether one rule may match requests of another: not if each names other identities in full."""
    first, second = _identities(other), _identities(formula)
    return first is None or second is None or not first.isdisjoint(second)


def _identities(formula: Formula) -> frozenset[str] | None:
    """The identities of which a rule asks that the peer has one; None: it does not list them."""
    from ringfence.model.mesh import PEER_IDENTITY
    from ringfence.sets.languages.patterns import Exact
    from ringfence.sets.requests.formulas import AllOf, AnyOf, Predicate

    if isinstance(formula, Predicate):
        pattern = formula.pattern
        if formula.attribute == PEER_IDENTITY and isinstance(pattern, Exact) and not pattern.ignore_case:
            return frozenset((pattern.text,))
        return None
    if isinstance(formula, AllOf):
        found = [one for one in map(_identities, formula.parts) if one is not None]
        return min(found, key=len) if found else None
    if isinstance(formula, AnyOf):
        every = [_identities(part) for part in formula.parts]
        return None if None in every else frozenset().union(*(one for one in every if one is not None))
    return None


def _finding(
    enforcement: Enforcement, policy: AuthorizationPolicy, clause: Clause, dead: Sequence[tuple[Acting, State]]
) -> Finding:
    from ringfence.rules.enforcement import POLICY, listed, subject_of
    from ringfence.rules.finding import Subject
    from ringfence.rules.points import asked_of

    sort, by, _ = dead[0][1]
    subject = subject_of(policy)
    names = listed([f"{POLICY} {key[0]}/{key[1]} rule {key[2]}" for key in by])
    verb = "allows" if policy.action == "ALLOW" else "denies"
    if sort == IMPOSSIBLE:
        message, fix = "matches no request: what it asks contradicts itself", "take out one of the conditions"
    elif sort == VOIDED:
        message, fix = f"{verb} only what {names} denies", "take the rule out, or narrow the one that denies"
    else:
        message, fix = f"{verb} nothing that {names} does not already", "take the rule out"
    expected = Verdict.DENIED if sort == VOIDED or policy.action == "DENY" else Verdict.ALLOWED
    flows = (asked_of(enforcement, one, formula, expected) for one, (_, _, formula) in dead[:FEW] if one.ports)
    witness = next(filter(None, flows), None) if sort != IMPOSSIBLE else None
    related = tuple(
        Related(enforcement.situation.place_of(owner, ("spec", "rules", key[2])), "the rule that does it")
        for key in by[:3]
        for owner in [Subject(POLICY, key[0] or "", key[1])]
    )
    return Finding(
        RULE.id,
        f"{subject} rule {clause.index} {message}",
        clause.place,
        subject,
        (str(clause.index),),
        related,
        witness,
        fix,
        None if sort != REPEATED else Severity.LOW,
    )
