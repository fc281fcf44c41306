"""A rule speaks of identities where callers need not prove any.

## What is checked

Rules of an AuthorizationPolicy that name identities (`principals`, `namespaces`, `serviceAccounts`, or conditions on
them), at workloads whose proxy takes plaintext, or no mutual TLS at all. A rule that *denies* identities is always
found. A rule that *allows* them is found where nobody can prove any (`mode: DISABLE`), and where a client of the input
has no proxy, gets through the network, and is refused.

## Why this is bad

Encryption and identity come together. A rule that denies `legacy` does not see `legacy` when it sends plaintext: the
connection has no identity, and passes. A rule that allows by identity is safe, but a client without a proxy cannot
satisfy it, although the port takes its connection: it gets a 403, or a reset.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: PERMISSIVE}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: not-legacy, namespace: shop}
spec:
  action: DENY
  rules:
  - from: [{source: {namespaces: [legacy]}}]
```

Use instead `mode: STRICT`.

## How to fix it

Set the workload to STRICT. Where clients without a proxy have to get in, allow them by address (`ipBlocks`) for the
ports that they need, and exempt only these ports.

## Limits

The ports are those to which Services lead, and those that containers declare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause, Term
    from ringfence.model.mesh import Acceptance
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-004",
    slug="identity-without-strict",
    title="A rule speaks of identities where callers need not prove any",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("kiali:KIA0105",),
)

OPEN = "whether a workload that it selects takes plaintext is open"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule that names identities in vain."""
    enforcement = situation.enforcement
    for policy in enforcement.policies if enforcement is not None else ():
        if policy.action in ("ALLOW", "DENY") and not policy.dry_run and enforcement is not None:
            for clause in policy.clauses:
                if _needs_identity(clause):
                    yield from _rule(enforcement, policy, clause)


def _needs_identity(clause: Clause) -> bool:
    """Whether only a caller with an identity can match the rule."""
    from ringfence.rules.enforcement import IDENTITY

    def named(terms: Iterable[Term]) -> bool:
        return any(term.key in IDENTITY and term.values for term in terms)

    return named(clause.conditions) or (bool(clause.sources) and all(map(named, clause.sources)))


def _rule(enforcement: Enforcement, policy: AuthorizationPolicy, clause: Clause) -> Iterator[Result]:
    from ringfence.model.mesh import Acceptance
    from ringfence.rules.enforcement import subject_of

    subject = subject_of(policy)
    pods, perhaps = enforcement.attached(policy.attachment)
    taking: dict[Acceptance, list[tuple[int, int]]] = {}
    for pod in pods:
        for port in enforcement.ports(pod):
            acceptance = enforcement.acceptance(pod, port)
            if acceptance is None:
                perhaps = True
            elif acceptance is not Acceptance.STRICT:
                taking.setdefault(acceptance, []).append((pod, port))
    if not taking and perhaps:
        yield NotEvaluable(RULE.id, subject, OPEN, clause.place)
    for acceptance, where in taking.items():
        found = _finding(enforcement, policy, clause, acceptance, where)
        if found is not None:
            yield found


def _finding(
    enforcement: Enforcement,
    policy: AuthorizationPolicy,
    clause: Clause,
    acceptance: Acceptance,
    where: list[tuple[int, int]],
) -> Finding | None:
    from ringfence.model.mesh import Acceptance
    from ringfence.rules.enforcement import listed, subject_of

    subject = subject_of(policy)
    names = listed([f"{enforcement.end(pod)} port {port}" for pod, port in where])
    witness, severity = None, None
    start = f"{subject} rule {clause.index}"
    if policy.action == "DENY":
        message = f"{start} denies identities, and {names} takes connections that prove none: in plaintext they pass"
    elif acceptance is Acceptance.PLAIN:
        message, severity = f"{start} allows identities, and nobody can prove one to {names}", Severity.MEDIUM
    else:
        refused = (enforcement.witness(enforcement.plain, *one, Verdict.DENIED) for one in where[:10])
        witness = next(filter(None, refused), None)
        if witness is None:
            return None
        severity = Severity.LOW
        message = f"{start} allows identities, and {names} takes plaintext: {witness.source} has none and is refused"
    return Finding(
        RULE.id,
        message,
        clause.place,
        subject,
        (str(clause.index), acceptance.value),
        witness=witness,
        fix="set mtls: {mode: STRICT}; give the clients that then fail a proxy",
        severity=severity,
    )
