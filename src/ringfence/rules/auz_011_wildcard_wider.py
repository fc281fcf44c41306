"""A wildcard allows identities of namespaces that nobody named.

## What is checked

Identities with a wildcard in rules that allow (`principals`, `namespaces`, and conditions on them), but for `*` alone.
Found are those that also match an identity of a namespace that there is not: `*/sa/orders` takes the account `orders`
of every namespace, `cluster.local/ns/shop*` that of `shop-test` too. `cluster.local/ns/shop/sa/*` ends within one
namespace, and is not found.

## Why this is bad

Names of accounts and namespaces are free to choose for whoever may create them. Who gets a namespace, or may make a
ServiceAccount in one, chooses a name that matches, and is let in.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: ['*/sa/orders']}}]}]
```

Use instead the identity in full:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
```

## How to fix it

Name the identities, or the namespaces, that are meant. End a prefix with `/`.

## Limits

`*` alone is somebody's choice to let in the whole mesh (AUZ-002 finds it where a rule asks for nothing else). What a
rule asks besides is not looked at, but for other identities in the same source. The witness is a member of
the mesh that shows such an identity; where it gets nowhere, the finding is of low severity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.values import replace
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause, Term
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.points import Acting
    from ringfence.rules.situation import Situation
    from ringfence.sets.requests.formulas import Formula

RULE = Rule(
    id="AUZ-011",
    slug="wildcard-wider",
    title="A wildcard allows identities of namespaces that nobody named",
    severity=Severity.MEDIUM,
    precision=Precision.MEDIUM,
    needs=Needs.REACH,
)

KEYS = ("source.principal", "source.namespace")
NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
"""Names of namespaces and accounts (of these: without dots)."""
MOST_TRIED = 20
"""Namespaces of the input that a wildcard may match before one is found that there is not."""
FEW = 5
"""Places at which a witness is looked for."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such value of a rule."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import subject_of
    from ringfence.rules.points import acting

    for policy in enforcement.policies:
        if policy.action != "ALLOW" or policy.dry_run:
            continue
        subject = subject_of(policy)
        for clause in policy.clauses:
            found = list(_values(enforcement, clause, policy.attachment.namespace))
            if not found:
                continue
            where, perhaps = acting(enforcement, policy)
            if not where:
                if perhaps:
                    yield NotEvaluable(RULE.id, subject, "which proxy enforces it is open", clause.place)
                continue
            for value, identity in found:
                yield _finding(enforcement, policy, clause, value, identity, where)


def _values(enforcement: Enforcement, clause: Clause, own: str) -> Iterator[tuple[str, str]]:
    """The wildcards of a rule that match an identity of a namespace that there is not, and such an identity."""
    for source in clause.sources or ((),):
        terms = (*source, *clause.conditions)
        for term in terms:
            for value in term.values if term.key in KEYS else ():
                if "*" in value and value.strip("*"):
                    rest = [other for other in terms if other is not term]
                    identity = _stranger(enforcement, [replace(term, values=(value,)), *rest], own)
                    if identity:
                        yield value, identity


def _stranger(enforcement: Enforcement, terms: Sequence[Term], own: str) -> str:
    """An identity that the mesh may give to somebody in a namespace that the input does not have, and of which all that
    is asked holds; empty: there is none."""
    from ringfence.dialects.istio.matching import SCHEME, quoted
    from ringfence.model.mesh import PEER_IDENTITY
    from ringfence.rules.points import member_of
    from ringfence.sets.languages.patterns import Prefix, Regex
    from ringfence.sets.requests.formulas import Not, Predicate, conjunction

    domain = enforcement.mesh.config.trust_domain
    start = f"{SCHEME}{domain}/ns/"
    asked = [
        Predicate(PEER_IDENTITY, Regex(f"{SCHEME}{quoted(domain)}/ns/{NAME}/sa/{NAME}")),
        *(part for term in terms for part in _asked(enforcement, term, own)),
    ]
    for _ in range(MOST_TRIED):
        member = member_of(conjunction(asked))
        text = member.get(PEER_IDENTITY) if member is not None else None
        if not isinstance(text, str):
            return ""
        namespace = text.removeprefix(start).partition("/")[0]
        if namespace not in enforcement.situation.cluster.namespaces:
            return text
        asked.append(Not(Predicate(PEER_IDENTITY, Prefix(f"{start}{namespace}/"))))
    return ""


def _asked(enforcement: Enforcement, term: Term, own: str) -> Iterator[Formula]:
    from ringfence.dialects.istio.matching import formula
    from ringfence.rules.enforcement import IDENTITY
    from ringfence.sets.requests.formulas import Not, disjunction

    if term.key not in IDENTITY:
        return
    config = enforcement.mesh.authorization
    values, others = (
        [one for value in words if (one := formula(term.key, value, own, config)) is not None]
        for words in (term.values, term.others)
    )
    if values:
        yield disjunction(values)
    if others:
        yield Not(disjunction(others))


def _finding(
    enforcement: Enforcement,
    policy: AuthorizationPolicy,
    clause: Clause,
    value: str,
    identity: str,
    where: Sequence[Acting],
) -> Finding:
    from ringfence.dialects.istio.matching import SCHEME
    from ringfence.rules.enforcement import listed, subject_of

    subject = subject_of(policy)
    witness = next(filter(None, (_witness(enforcement, clause, identity, one) for one in where[:FEW])), None)
    return Finding(
        RULE.id,
        f"{subject} rule {clause.index} allows {value} at {listed([one.name for one in where])}: an account of a "
        f"namespace that there is not has such a name too, as {identity.removeprefix(SCHEME)}",
        clause.place,
        subject,
        (str(clause.index), value),
        witness=witness,
        fix="name the identities in full, or the namespace: TRUST-DOMAIN/ns/NAMESPACE/sa/*",
        severity=None if witness is not None else Severity.LOW,
    )


def _witness(enforcement: Enforcement, clause: Clause, identity: str, one: Acting) -> Witness | None:
    """A request with the identity that gets through, if the network lets some member of the mesh get there."""
    from ringfence.layers.requests.facts import Facts
    from ringfence.layers.requests.residue import residue
    from ringfence.model.mesh import PEER_IDENTITY, PointSort
    from ringfence.rules.points import asked, member_of, question
    from ringfence.sets.requests.attributes import PORT
    from ringfence.sets.requests.formulas import ALWAYS
    from ringfence.verdict.meshed.request import Request

    for point in one.points:
        for read in enforcement.mesh.rules(point, 1).policies:
            for rule in read.rules:
                if rule.place != clause.place:
                    continue
                rest = residue(rule.formula, Facts({PEER_IDENTITY: identity}, whole=False))
                member = member_of(rest)
                request = Request() if rest == ALWAYS else question(member) if member is not None else None
                if request is None:
                    continue
                port = member.get(PORT) if member is not None else None
                fixed = port if isinstance(port, int) and one.sort is not PointSort.WAYPOINT else None
                found = asked(enforcement, one, replace(request, identity=identity), Verdict.ALLOWED, fixed)
                if found is not None:
                    return found
    return None
