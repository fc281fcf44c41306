"""A rule allows everybody who does not prove to be somebody, and needs no proof.

## What is checked

Rules of an AuthorizationPolicy that allow by identities that the caller must *not* have (`notPrincipals`,
`notNamespaces`, `notServiceAccounts`, or `notValues` of such a condition) and by none that it must have, nor by a
token, at workloads whose proxy also takes connections without mutual TLS.

## Why this is bad

Who comes in plaintext has no identity, so it is not the one that was left out: the rule allows it. The very client
that the rule keeps out gets in as soon as it goes past its own proxy.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: all-but-legacy, namespace: shop}
spec:
  rules:
  - from: [{source: {notNamespaces: [legacy]}}]
```

Use instead a rule that also asks for any proof at all:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: all-but-legacy, namespace: shop}
spec:
  rules:
  - from: [{source: {principals: ['*'], notNamespaces: [legacy]}}]
```

## How to fix it

Name who is allowed, or add `principals: ['*']`, or set the workload to STRICT.

## Limits

Whether the workload still takes plaintext is asked at the ports to which Services lead, and those that containers
declare. `notPaths` and `notHosts` are not looked at: they can be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import Clause, Term
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-007",
    slug="allowed-by-who-it-is-not",
    title="A rule allows everybody who does not prove to be somebody, and needs no proof",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

TOKEN = "request.auth."
"""What asks for a token asks for a proof: without one the rule allows nobody."""

OPEN = "whether a workload that it selects takes plaintext is open"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule that plaintext satisfies."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.model.mesh import Acceptance
    from ringfence.rules.enforcement import listed, subject_of

    for policy in enforcement.policies:
        if policy.action != "ALLOW" or policy.dry_run:
            continue
        for clause in policy.clauses:
            if not _by_absence(clause):
                continue
            subject = subject_of(policy)
            pods, perhaps = enforcement.attached(policy.attachment)
            taking = []
            for pod in pods:
                for port in enforcement.ports(pod):
                    acceptance = enforcement.acceptance(pod, port)
                    if acceptance is None:
                        perhaps = True
                    elif acceptance is not Acceptance.STRICT:
                        taking.append((pod, port))
            if not taking:
                if perhaps:
                    yield NotEvaluable(RULE.id, subject, OPEN, clause.place)
                continue
            names = [f"{enforcement.end(pod)} port {port}" for pod, port in taking]
            witness = (enforcement.witness(enforcement.plain, *one, Verdict.ALLOWED) for one in taking[:10])
            yield Finding(
                RULE.id,
                f"{subject} rule {clause.index} allows whoever is not one of some identities, and {listed(names)} also "
                "takes connections that prove none: every client without a proxy is allowed",
                clause.place,
                subject,
                (str(clause.index),),
                witness=next(filter(None, witness), None),
                fix="add principals: ['*'] to the source, name who is allowed, or set mtls: {mode: STRICT}",
            )


def _by_absence(clause: Clause) -> bool:
    """Whether some way to satisfy the rule asks for the absence of identities, and for the presence of none."""
    if _required(clause.conditions):
        return False
    ways = clause.sources or ((),)
    return any((_absent(terms) or _absent(clause.conditions)) and not _required(terms) for terms in ways)


def _absent(terms: Iterable[Term]) -> bool:
    from ringfence.rules.enforcement import IDENTITY

    return any(term.key in IDENTITY and term.others for term in terms)


def _required(terms: Iterable[Term]) -> bool:
    from ringfence.rules.enforcement import IDENTITY

    return any((term.key in IDENTITY or term.key.startswith(TOKEN)) and term.values for term in terms)
