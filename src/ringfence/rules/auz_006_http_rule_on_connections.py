"""A rule asks about requests where the proxy sees connections only.

## What is checked

Rules of an AuthorizationPolicy with fields that only HTTP has (`hosts`, `methods`, `paths`, `requestPrincipals`,
conditions on `request.…`), at every workload whose proxy enforces the policy and there sees no requests: a port whose
Service says that it is TCP, or ztunnel in an ambient mesh. The rule is read as that proxy reads it.

## Why this is bad

Nobody says so, and three different things happen. A rule that allows is dropped, so that nothing passes because of it.
A rule that denies loses these fields on a TCP port of a sidecar, and denies every connection that the rest of it
matches. ztunnel leaves a rule that denies without effect: what it was to stop passes.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: ambient}
spec:
  selector: {matchLabels: {app: orders}}
  action: DENY
  rules:
  - to: [{operation: {paths: [/admin*]}}]
```

In an ambient namespace that denies nothing. Use instead a policy at the waypoint of the Service:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: ambient}
spec:
  targetRefs: [{kind: Service, group: '', name: orders}]
  action: DENY
  rules:
  - to: [{operation: {paths: [/admin*]}}]
```

## How to fix it

Name the port's protocol in its Service (`appProtocol: http`, or a name that starts with `http`) if it speaks HTTP; in
an ambient mesh attach the policy to a waypoint. If it does not speak HTTP, write the rule with `ports` and
`principals`.

## Limits

At a port whose protocol the proxy detects, HTTP is judged as HTTP, and everything else as above: a rule that denies is
found there with low severity. Ports that no Service leads to, and no container names, are of that sort too, and are not
looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result, Witness
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-006",
    slug="http-rule-on-connections",
    title="A rule asks about requests where the proxy sees connections only",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0133", "kiali:KIA0109", "kiali:KIA0110", "kiali:KIA1317"),
)

OPEN = "which proxy enforces it, or what its ports speak, is open"
NOTHING, TOO_MUCH, NOT_DENIED = "allows nothing", "denies more than it says", "denies nothing"
NO_HTTP = "denies every connection that it fits and that is not HTTP"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule and each thing that becomes of it."""
    enforcement = situation.enforcement
    for policy in enforcement.policies if enforcement is not None else ():
        if policy.action in ("ALLOW", "DENY") and not policy.dry_run and not policy.attachment.targets:
            for clause in policy.clauses:
                fields = _http_fields(clause)
                if fields and enforcement is not None:
                    yield from _rule(enforcement, policy, clause, fields)


def _http_fields(clause: Clause) -> list[str]:
    from ringfence.dialects.istio.matching import http_only

    terms = [*(one for some in (*clause.sources, *clause.operations) for one in some), *clause.conditions]
    return list(dict.fromkeys(term.key for term in terms if http_only(term.key)))


def _rule(enforcement: Enforcement, policy: AuthorizationPolicy, clause: Clause, fields: list[str]) -> Iterator[Result]:
    from ringfence.rules.enforcement import listed, subject_of

    subject = subject_of(policy)
    pods, perhaps = enforcement.attached(policy.attachment)
    found: dict[tuple[str, bool], list[tuple[int, int | None]]] = {}
    for pod in pods:
        for effect, node, port in _effects(enforcement, policy, clause, pod):
            found.setdefault((effect, node), []).append((pod, port))
    if not found and perhaps:
        yield NotEvaluable(RULE.id, subject, OPEN, clause.place)
    for (effect, node), where in found.items():
        names = [enforcement.end(pod) + (f" port {port}" if port is not None else "") for pod, port in where]
        proxy = "ztunnel" if node else "the TCP chain of a sidecar"
        witness = None
        if effect == TOO_MUCH:
            witness = next(filter(None, (_witness(enforcement, *one) for one in where[:10])), None)
        yield Finding(
            RULE.id,
            f"{subject} rule {clause.index} asks for {', '.join(fields)}, which {proxy} does not know: the rule "
            f"{effect} at {listed(names)}",
            clause.place,
            subject,
            (str(clause.index), effect, proxy),
            tuple(
                Related(place, "the workload that the policy selects")
                for pod, _ in where[:1]
                if (place := enforcement.pod(pod).place) is not None
            ),
            witness,
            "attach the policy to a waypoint"
            if node
            else "say appProtocol: http at the Service's port, or name the ports that speak HTTP in the rule",
            Severity.LOW if effect == NO_HTTP else None,
        )


def _effects(
    enforcement: Enforcement, policy: AuthorizationPolicy, clause: Clause, pod: int
) -> Iterator[tuple[str, bool, int | None]]:
    """What becomes of the rule at a pod: the effect, whether it is ztunnel's, and the port."""
    from ringfence.dialects.istio import envoy_rules, node_rules
    from ringfence.model.mesh import Proxy, Speech
    from ringfence.rules.enforcement import asks_for
    from ringfence.sets.requests.formulas import NEVER

    config = enforcement.mesh.authorization
    if enforcement.proxy(pod) is Proxy.NODE:
        read = {one.index: one for one in node_rules.rules(policy, config)}.get(clause.index)
        if read is None:
            yield NOTHING, True, None
        elif policy.action == "DENY":
            yield (NOT_DENIED if read.formula == NEVER else TOO_MUCH), True, None
        return
    read = {one.index: one for one in envoy_rules.rules(policy, config, http=False)}.get(clause.index)
    for port in enforcement.ports(pod):
        speech = enforcement.speech(pod, port)
        if speech in (Speech.TCP, Speech.DETECTED) and asks_for(clause, port):
            detected = speech is Speech.DETECTED
            if read is None and policy.action == "ALLOW" and not detected:
                yield NOTHING, False, port
            elif read is not None and read.note:
                yield (NO_HTTP if detected else TOO_MUCH), False, port


def _witness(enforcement: Enforcement, pod: int, port: int | None) -> Witness | None:
    """A client that only this rule keeps out: nothing that allows stands beside it."""
    if enforcement.allowing(pod):
        return None
    for number in [port] if port is not None else enforcement.ports(pod):
        found = enforcement.witness(enforcement.pods, pod, number, Verdict.DENIED)
        if found is not None:
            return found
    return None
