"""A rule asks what ztunnel does not know of a connection, and ztunnel reads it as another rule.

## What is checked

Rules of AuthorizationPolicies with `trustDomains`, `remoteIpBlocks`, or conditions on `source.serviceAccount`,
`source.trustDomain`, `remote.ip` or `connection.sni`, at workloads of an ambient mesh. The rule is read as ztunnel
reads it, and compared with what a sidecar makes of it. Rules that ask about requests are found by AUZ-006.

## Why this is bad

Nobody says so, not even the status of the policy where it is `trustDomains`. A rule that allows is dropped, or loses
the field and allows more. A rule that denies loses the field and denies more, or nothing at all if it asks for nothing
else.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: partner, namespace: ambient}
spec:
  selector: {matchLabels: {app: orders}}
  rules:
  - from: [{source: {trustDomains: [partner.example], namespaces: [shop]}}]
```

In an ambient namespace that allows everybody of the namespace `shop`. Use instead principals, which begin with the
trust domain:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: partner, namespace: ambient}
spec:
  selector: {matchLabels: {app: orders}}
  rules:
  - from: [{source: {principals: [partner.example/ns/shop/sa/*]}}]
```

## How to fix it

Write `principals`, `namespaces` or `serviceAccounts` in `from`, or attach the policy to a waypoint.

## Limits

Rules that both proxies read alike for the identities that ztunnel takes, those of the mesh's own trust domain, are not
found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation
    from ringfence.sets.requests.formulas import Formula

RULE = Rule(
    id="AUZ-015",
    slug="unknown-to-ztunnel",
    title="A rule asks what ztunnel does not know of a connection, and ztunnel reads it as another rule",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0171",),
)

FIELDS = ("source.trustDomain", "remote.ip")
CONDITIONS = (*FIELDS, "source.serviceAccount", "connection.sni")
LOST = {"ALLOW": "allows nothing", "DENY": "denies nothing"}
WIDER = {"ALLOW": "allows more than it says", "DENY": "denies more than it says"}


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule that ztunnel reads otherwise."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    for policy in enforcement.policies:
        if policy.action in LOST and not policy.dry_run and not policy.attachment.targets:
            for clause in policy.clauses:
                fields = _fields(clause)
                if fields:
                    yield from _rule(enforcement, policy, clause, fields)


def _fields(clause: Clause) -> list[str]:
    """What the rule asks that ztunnel does not know; none where it also asks about requests."""
    from ringfence.dialects.istio.matching import http_only

    sources = [term.key for source in clause.sources for term in source]
    conditions = [term.key for term in clause.conditions]
    operations = [term.key for operation in clause.operations for term in operation]
    if any(map(http_only, (*operations, *sources, *conditions))):
        return []
    unknown = [*(key for key in sources if key in FIELDS), *(key for key in conditions if key in CONDITIONS)]
    return list(dict.fromkeys(unknown))


def _rule(enforcement: Enforcement, policy: AuthorizationPolicy, clause: Clause, fields: list[str]) -> Iterator[Result]:
    from ringfence.dialects.istio import node_rules
    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import listed, subject_of
    from ringfence.sets.requests.formulas import NEVER

    subject = subject_of(policy)
    pods, perhaps = enforcement.attached(policy.attachment)
    members = [index for index in pods if enforcement.proxy(index) is Proxy.NODE]
    if not members:
        if perhaps:
            yield NotEvaluable(RULE.id, subject, "whether ztunnel enforces it is open", clause.place)
        return
    config = enforcement.mesh.authorization
    read = {one.index: one.formula for one in node_rules.rules(policy, config)}.get(clause.index)
    witness = None
    if read is None or read == NEVER:
        effect = LOST[policy.action]
    else:
        more = _more(enforcement, policy, clause, read)
        if more is None:
            return
        effect = WIDER[policy.action]
        expected = Verdict.ALLOWED if policy.action == "ALLOW" else Verdict.DENIED
        witness = _witness(enforcement, members, more, expected)
    names = listed([enforcement.end(index) for index in members])
    yield Finding(
        RULE.id,
        f"{subject} rule {clause.index} asks for {', '.join(fields)}, which ztunnel does not know: the rule {effect} "
        f"at {names}",
        clause.place,
        subject,
        (str(clause.index), effect),
        witness=witness,
        fix="write principals, namespaces or serviceAccounts in from, or attach the policy to a waypoint",
    )


def _more(enforcement: Enforcement, policy: AuthorizationPolicy, clause: Clause, read: Formula) -> Formula | None:
    """What ztunnel's reading matches and a sidecar's does not, of identities that ztunnel takes; None: nothing."""
    from ringfence.dialects.istio import envoy_rules
    from ringfence.dialects.istio.matching import SCHEME
    from ringfence.model.mesh import PEER_IDENTITY
    from ringfence.rules.points import member_of
    from ringfence.sets.languages.patterns import Prefix, Present
    from ringfence.sets.requests.formulas import Not, Predicate, conjunction, disjunction, negation

    read_by_sidecar = envoy_rules.rules(policy, enforcement.mesh.authorization, http=False)
    meant = next((one.formula for one in read_by_sidecar if one.index == clause.index), None)
    own = Prefix(f"{SCHEME}{enforcement.mesh.config.trust_domain}/")
    taken = disjunction((Predicate(PEER_IDENTITY, own), Not(Predicate(PEER_IDENTITY, Present()))))
    more = conjunction((read, taken) if meant is None else (read, taken, negation(meant)))
    return None if member_of(more) is None else more


def _witness(enforcement: Enforcement, members: list[int], more: Formula, expected: Verdict) -> Witness | None:
    from ringfence.rules.points import asked_of, own_point

    for index in members[:5]:
        found = asked_of(enforcement, own_point(enforcement, index), more, expected)
        if found is not None:
            return found
    return None
