"""A rule asks for tokens that nobody validates, or tokens are validated and no rule asks for one.

## What is checked

At the workloads' own proxies: rules of AuthorizationPolicies that ask for a token (`requestPrincipals`,
`request.auth.…`) where no RequestAuthentication applies; and RequestAuthentications where no rule that is enforced
asks for a token. At gateways: VirtualServices that choose a route by a claim (`@request.auth.claims`), where no
RequestAuthentication is for the gateway's pods.

## Why this is bad

Without a RequestAuthentication no request has a token, as far as rules can see: one that allows by a token allows
nobody, and one that denies by a token denies nobody. A RequestAuthentication alone refuses wrong tokens only: a
request without any passes. A route by a claim is never taken where nobody validates tokens.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  jwtRules: [{issuer: https://id.example, jwksUri: https://id.example/keys}]
```

Use beside it a rule that asks for the token:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  action: DENY
  rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]
```

## How to fix it

Write the other half.

## Limits

Waypoints are not looked at, nor are policies at gateways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.mesh_objects import MeshObject
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-009",
    slug="tokens-not-asked-for",
    title="A rule asks for tokens that nobody validates, or tokens are validated and no rule asks for one",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0149",),
)

OPEN = "which policies a proxy reads is open"
TOKEN = "request.auth."


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule, and for each RequestAuthentication, that lacks its other half."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    for policy in enforcement.policies:
        if policy.action in ("ALLOW", "DENY") and not policy.dry_run and not policy.attachment.targets:
            for clause in policy.clauses:
                if _asks(clause):
                    yield from _rule(enforcement, policy, clause)
    yield from _authentications(enforcement)
    yield from _routes(enforcement)


def _asks(clause: Clause) -> bool:
    terms = [*(term for source in clause.sources for term in source), *clause.conditions]
    return any(term.key.startswith(TOKEN) for term in terms)


def _sidecars(enforcement: Enforcement, pods: tuple[int, ...]) -> list[int]:
    from ringfence.model.mesh import Proxy

    return [index for index in pods if enforcement.proxy(index) is Proxy.SIDECAR]


def _rule(enforcement: Enforcement, policy: AuthorizationPolicy, clause: Clause) -> Iterator[Result]:
    from ringfence.rules.enforcement import listed, subject_of

    subject = subject_of(policy)
    pods, perhaps = enforcement.attached(policy.attachment)
    validating: set[int] = set()
    for one in enforcement.mesh.authentications:
        reached, open_ones = enforcement.attached(one.attachment)
        perhaps = perhaps or open_ones or bool(one.broken and reached)
        validating.update(reached if one.rules or one.broken else ())
    bare = [index for index in _sidecars(enforcement, pods) if index not in validating]
    if not bare:
        return
    if perhaps:
        yield NotEvaluable(RULE.id, subject, OPEN, clause.place)
        return
    names = listed([enforcement.end(index) for index in bare])
    message = f"{subject} rule {clause.index} asks for a token, and no RequestAuthentication validates any at {names}"
    hint = "write a RequestAuthentication with the issuer for the same workloads"
    yield Finding(RULE.id, message, clause.place, subject, (str(clause.index),), fix=hint)


def _authentications(enforcement: Enforcement) -> Iterator[Result]:
    from ringfence.rules.enforcement import listed

    asking = {
        index
        for policy in enforcement.policies
        if policy.action in ("ALLOW", "DENY", "CUSTOM") and not policy.dry_run and any(map(_asks, policy.clauses))
        for index in enforcement.attached(policy.attachment)[0]
    }
    # A policy that allows nothing closes the workload to requests with a token and to those without; an external
    # service may ask for one.
    closed = {
        index
        for policy in enforcement.policies
        if not policy.dry_run and (policy.action == "CUSTOM" or (policy.action == "ALLOW" and not policy.clauses))
        for index in enforcement.attached(policy.attachment)[0]
    }
    for one in enforcement.mesh.authentications:
        if one.broken or not one.rules or one.attachment.targets:
            continue
        pods, perhaps = enforcement.attached(one.attachment)
        bare = [index for index in _sidecars(enforcement, pods) if index not in asking and index not in closed]
        subject = Subject("RequestAuthentication", one.attachment.namespace, one.name)
        if bare:
            names = listed([enforcement.end(index) for index in bare])
            message = f"{subject} validates tokens at {names}, and no rule asks for one: requests without a token pass"
            hint = "deny notRequestPrincipals: ['*'], or allow by requestPrincipals"
            yield Finding(RULE.id, message, one.place, subject, ("no rule",), fix=hint)
        elif perhaps and not pods:
            yield NotEvaluable(RULE.id, subject, OPEN, one.place)


def _routes(enforcement: Enforcement) -> Iterator[Result]:
    """VirtualServices that choose by a claim which nobody has validated."""
    from ringfence.rules.mesh_objects import words

    for one in enforcement.written.of("networking.istio.io", "VirtualService"):
        claims = list(_claims(one))
        for gateway in words(one.spec.get("gateways")) if claims else ():
            if gateway == "mesh":
                continue
            known = _validates(enforcement, one.namespace, gateway)
            at, claim = claims[0]
            if known is None:
                why = f"whether tokens are validated at Gateway {gateway} is open"
                yield NotEvaluable(RULE.id, one.subject, why, one.place(*at))
            elif not known:
                message = f"{one.subject} chooses a route by {claim}, and no RequestAuthentication is for {gateway}"
                hint = "write a RequestAuthentication for the gateway's pods"
                yield Finding(
                    RULE.id, f"{message}: no request has it", one.place(*at), one.subject, (gateway,), fix=hint
                )


def _claims(one: MeshObject) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where a VirtualService asks for a claim, and for which."""
    from ringfence.rules.mesh_objects import mapping, members

    for number, route in members(one.spec.get("http")):
        for at, match in members(route.get("match")):
            for field in ("headers", "withoutHeaders"):
                for name in mapping(match.get(field)):
                    if str(name).lower().startswith("@request.auth.claims"):
                        yield ("http", number, "match", at, field, str(name)), str(name)


def _validates(enforcement: Enforcement, namespace: str, name: str) -> bool | None:
    """Whether a RequestAuthentication is for the pods of a Gateway; None: that cannot be told."""
    from ringfence.dialects.istio.attachment import selects
    from ringfence.rules.mesh_objects import mapping

    space, slash, short = name.partition("/")
    space, short = (space, short) if slash else (namespace, name)
    found = enforcement.written.named("networking.istio.io", "Gateway", space, short)
    labels = {str(key): str(value) for key, value in mapping(found.spec.get("selector")).items()} if found else {}
    pods = [enforcement.pod(index) for index in enforcement.pods] if labels else []
    serving = [pod for pod in pods if selects(tuple(labels.items()), pod)]
    if not serving:
        return None
    root = enforcement.mesh.config.root_namespace
    perhaps = False
    for one in enforcement.mesh.authentications:
        for pod in serving:
            if one.attachment.targets or one.attachment.namespace not in (pod.namespace, root):
                continue
            taken = selects(one.attachment.labels, pod)
            if taken and one.rules and not one.broken:
                return True
            perhaps = perhaps or taken is None or bool(taken and one.broken)
    return None if perhaps else False
