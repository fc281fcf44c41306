"""A rule stops a path, and the same path written otherwise gets past it.

## What is checked

`paths` of rules that deny and `notPaths` of rules that allow, under the `pathNormalization` of the mesh config: other
ways to write the same path (`//admin`, `/admin%2Fusers`, `/./admin`, `/%61dmin`) that the proxy does not bring into
the form that the rule names.

## Why this is bad

The proxy compares what it sees. Many servers merge slashes and decode escapes after that: the request that was stopped
as `/admin` is answered as `//admin`.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: shop}
spec:
  action: DENY
  rules: [{to: [{operation: {paths: ['/admin*']}}]}]
```

Use beside it, in the mesh config, `pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}`, or a rule that allows
the paths that are meant and no others.

## How to fix it

Set `pathNormalization` to what your servers do, or write rules that allow by `paths`, which such a path only fails.

## Limits

Whether a server takes both for the same is not known here. With `NONE` the finding is of medium severity, else of low.
Templates and paths with a wildcard at their start are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.points import Acting
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-018",
    slug="path-written-otherwise",
    title="A rule stops a path, and the same path written otherwise gets past it",
    severity=Severity.LOW,
    precision=Precision.LOW,
    needs=Needs.REACH,
)

FEW = 5


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule of which another spelling gets past."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import subject_of
    from ringfence.rules.points import acting

    how = enforcement.mesh.config.path_normalization
    for policy in enforcement.policies:
        if policy.action not in ("ALLOW", "DENY") or policy.dry_run:
            continue
        subject = subject_of(policy)
        for clause in policy.clauses:
            spellings = [(path, other) for path in _stopped(clause, policy.action) for other in _others(path, how)]
            if not spellings:
                continue
            where, perhaps = acting(enforcement, policy)
            http = [one for one in where if True in one.spoken]
            if not http and perhaps:
                yield NotEvaluable(RULE.id, subject, "which proxy enforces it is open", clause.place)
            witness, shown = _first(enforcement, http, clause, spellings)
            if witness is None:
                continue
            message = f"{subject} rule {clause.index} stops {shown[0]}, and {shown[1]} gets past it"
            fix = "set pathNormalization to what your servers do, or allow paths instead of denying them"
            known = "" if enforcement.mesh.config.known else " (by default; the input has no mesh config)"
            yield Finding(
                RULE.id,
                f"{message}: pathNormalization is {how}{known}",
                clause.place,
                subject,
                (str(clause.index),),
                witness=witness,
                fix=fix,
                severity=Severity.MEDIUM if how == "NONE" else None,
            )


def _stopped(clause: Clause, action: str) -> Iterator[str]:
    """Paths, or their starts, that the rule is to stop."""
    from ringfence.dialects.istio.words import is_template

    for operation in clause.operations:
        for term in operation:
            words = term.values if action == "DENY" else term.others
            for word in words if term.key == "paths" else ():
                if word.startswith("/") and not is_template(word) and word.strip("/*"):
                    yield word


def _others(path: str, how: str) -> Iterator[str]:
    """Other spellings of a path that a setting leaves as they are."""
    from ringfence.dialects.istio.paths import normalized

    plain = path.removesuffix("*")
    whole = normalized(plain, how)
    tries = [f"/{plain}", plain.replace("/", "/./", 1), f"/%{ord(plain[1]):02x}{plain[2:]}"]
    inner = plain.find("/", 1)
    if 0 < inner < len(plain) - 1 or (inner == len(plain) - 1 and path.endswith("*")):
        tries.append(f"{plain[:inner]}%2F{plain[inner + 1 :]}")
    for spelling in tries:
        seen = normalized(spelling, how)
        same = seen.startswith(whole) if path.endswith("*") else seen == whole
        if not same:
            yield spelling


def _first(
    enforcement: Enforcement, where: list[Acting], clause: Clause, spellings: list[tuple[str, str]]
) -> tuple[Witness | None, tuple[str, str]]:
    """The first spelling with which a client gets through that the plain path does not let through."""
    from ringfence.rules.points import first_request, told_apart
    from ringfence.values import replace

    start = first_request(clause, but=("paths",))
    for one in where[:FEW] if start is not None else ():
        for path, other in spellings:
            assert start is not None
            asked, plain = replace(start, path=other), replace(start, path=path.removesuffix("*"))
            found = told_apart(enforcement, one, asked, Verdict.ALLOWED, plain, Verdict.DENIED)
            if found is not None:
                return found, (path, other)
    return None, ("", "")
