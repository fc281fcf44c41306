"""A rule names a host, and a request that adds the port to it is another one.

## What is checked

`hosts` of rules that deny, `notHosts` of rules that allow, and `hosts` of rules that allow: names without a port and
without a wildcard at their end, of which the same list has no form with a port (`shop.example:*`).

## Why this is bad

The proxy compares the whole authority, and clients may write the port into it. `Host: shop.example:80` is not
`shop.example`: what was to be denied passes. In a rule that allows, clients that write the port are refused.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin-host, namespace: shop}
spec:
  action: DENY
  rules: [{to: [{operation: {hosts: [admin.shop.example]}}]}]
```

Use instead both forms:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin-host, namespace: shop}
spec:
  action: DENY
  rules: [{to: [{operation: {hosts: [admin.shop.example, 'admin.shop.example:*']}}]}]
```

## How to fix it

Add `NAME:*` beside each name.

## Limits

A witness is a client of the input whose request with the port gets through (or is refused, where the rule allows).
Without one a rule that denies is of medium severity. Rules that allow are of low severity.
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
    from ringfence.rules.points import Acting
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-017",
    slug="host-without-its-port",
    title="A rule names a host, and a request that adds the port to it is another one",
    severity=Severity.HIGH,
    precision=Precision.MEDIUM,
    needs=Needs.OBJECT,
)

FEW = 5


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule and host."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import subject_of
    from ringfence.rules.points import acting

    for policy in enforcement.policies:
        if policy.action not in ("ALLOW", "DENY") or policy.dry_run:
            continue
        for clause in policy.clauses:
            found = list(_bare(clause, policy.action))
            if not found:
                continue
            where, perhaps = acting(enforcement, policy)
            http = [one for one in where if True in one.spoken]
            if not http:
                if perhaps:
                    why = "which proxy enforces it is open"
                    yield NotEvaluable(RULE.id, subject_of(policy), why, clause.place)
                continue
            for host, bypass in found:
                yield _finding(enforcement, policy, clause, host, bypass, http)


def _bare(clause: Clause, action: str) -> Iterator[tuple[str, bool]]:
    """Hosts without their form with a port, and whether whoever adds the port gets past the rule."""
    for operation in clause.operations:
        for term in operation:
            if term.key != "hosts":
                continue
            for words, bypass in ((term.values, action == "DENY"), (term.others, action == "ALLOW")):
                # A rule that denies all hosts but some denies more of them, and no less, where a port is added.
                if words is term.others and not bypass:
                    continue
                for host in words:
                    plain = host.rpartition("]")[2] if host.startswith("[") else host
                    if ":" not in plain and not host.endswith("*") and not _with_port(host, words):
                        yield host, bypass


def _with_port(host: str, words: tuple[str, ...]) -> bool:
    lowered = host.removeprefix("*").lower()
    for word in words:
        start = word[:-1].lower() if word.endswith("*") else ""
        if word == "*" or (start and (start == f"{host.lower()}:" or lowered.startswith(start))):
            return True
    return False


def _finding(
    enforcement: Enforcement,
    policy: AuthorizationPolicy,
    clause: Clause,
    host: str,
    bypass: bool,
    where: list[Acting],
) -> Finding:
    from ringfence.rules.enforcement import subject_of

    subject = subject_of(policy)
    witness = next(filter(None, (_witness(enforcement, one, clause, host, bypass) for one in where[:FEW])), None)
    said = "gets past it" if bypass else "is not allowed by it"
    severity = None if bypass and witness is not None else Severity.MEDIUM if bypass else Severity.LOW
    return Finding(
        RULE.id,
        f"{subject} rule {clause.index} names host {host} without a port: a request to {host}:80 {said}",
        clause.place,
        subject,
        (str(clause.index), host),
        witness=witness,
        fix=f"add {host}:*",
        severity=severity,
    )


def _witness(enforcement: Enforcement, one: Acting, clause: Clause, host: str, bypass: bool) -> Witness | None:
    """A request to the host with its port that gets through, while the same without it is refused; or the other way
    round."""
    from ringfence.rules.points import first_request, told_apart
    from ringfence.values import replace

    name = f"a{host[1:]}" if host.startswith("*") else host
    start = first_request(clause, but=("hosts",))
    if start is None:
        return None
    through, refused = replace(start, host=f"{name}:80"), replace(start, host=name)
    if not bypass:
        through, refused = refused, through
    if bypass:
        return told_apart(enforcement, one, through, Verdict.ALLOWED, refused, Verdict.DENIED)
    return told_apart(enforcement, one, refused, Verdict.DENIED, through, Verdict.ALLOWED)
