"""A policy leaves the decision to somebody whom the mesh does not know.

## What is checked

AuthorizationPolicies with the action CUSTOM: whether the mesh config has an extension provider of that name that can be
asked (`envoyExtAuthzHttp`, `envoyExtAuthzGrpc`), whether two providers are named for one workload, and whether a
provider of HTTP alone is named for a port that speaks something else.

## Why this is bad

Where nobody can be asked, every request that the rule matches is refused. With a provider that is only asked about
HTTP, connections that are not HTTP are not asked about at all: they pass.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  action: CUSTOM
  provider: {name: oauth2-prxy}
  rules: [{}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    extensionProviders:
    - name: oauth2-proxy
      envoyExtAuthzHttp: {service: oauth2-proxy.auth.svc.cluster.local, port: "4180"}
```

Use instead `provider: {name: oauth2-proxy}`.

## How to fix it

Name a provider of the mesh config, one for each workload. Where ports do not speak HTTP, use a provider of gRPC.

## Limits

Without the mesh config in the input it is not known which providers there are. What a provider answers is not known
either: requests that it is asked about are `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-019",
    slug="nobody-to-ask",
    title="A policy leaves the decision to somebody whom the mesh does not know",
    severity=Severity.MEDIUM,
    precision=Precision.VERY_HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0101",),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy whose provider cannot be asked, or is not."""
    enforcement = situation.enforcement
    for policy in enforcement.policies if enforcement is not None else ():
        if policy.action == "CUSTOM" and policy.provider and not policy.dry_run and enforcement is not None:
            yield from _policy(enforcement, policy)


def _policy(enforcement: Enforcement, policy: AuthorizationPolicy) -> Iterator[Result]:
    from ringfence.dialects.istio.authorization_config import Provider
    from ringfence.rules.enforcement import listed, subject_of
    from ringfence.rules.points import acting, asked

    subject = subject_of(policy)
    place = enforcement.situation.place_of(subject, ("spec", "provider", "name"), policy.place)
    config = enforcement.mesh.authorization
    sort = config.providers.get(policy.provider, Provider.UNUSABLE)
    if not enforcement.mesh.config.known:
        yield NotEvaluable(RULE.id, subject, "the input has no mesh config, which names the providers", place)
        return
    where, _ = acting(enforcement, policy)
    others = {
        other.provider
        for one in where
        for other in enforcement.enforced(one.pod)
        if other.action == "CUSTOM" and other.provider != policy.provider
    }
    if sort is Provider.UNUSABLE:
        near = get_close_matches(policy.provider, sorted(config.providers), n=1)
        why = f"the mesh config has no provider {policy.provider} that can be asked"
        hint = f"did you mean {near[0]}?" if near else "add it to extensionProviders of the mesh config"
    elif others and not config.several_providers:
        why, hint = f"{listed(sorted(others))} is named for the same workload", "name one provider for each workload"
    elif sort is Provider.HTTP:
        yield from _not_asked(enforcement, policy)
        return
    else:
        return
    flows = (asked(enforcement, one, None, Verdict.DENIED) for one in where[:5] if policy.clauses)
    message = f"{subject} asks {policy.provider}, and {why}: what its rules match is refused"
    witness = next(filter(None, flows), None)
    yield Finding(RULE.id, message, place, subject, (policy.provider,), witness=witness, fix=hint)


def _not_asked(enforcement: Enforcement, policy: AuthorizationPolicy) -> Iterator[Result]:
    """Ports of connections, about which a provider of HTTP is not asked."""
    from ringfence.model.mesh import Proxy, Speech
    from ringfence.rules.enforcement import asks_for, listed, subject_of

    subject = subject_of(policy)
    pods, _ = enforcement.attached(policy.attachment)
    past = [
        (pod, port)
        for pod in pods
        if enforcement.proxy(pod) is Proxy.SIDECAR
        for port in enforcement.ports(pod)
        if enforcement.speech(pod, port) is Speech.TCP and any(asks_for(clause, port) for clause in policy.clauses)
    ]
    nodes = [pod for pod in pods if enforcement.proxy(pod) is Proxy.NODE]
    if not past and not nodes:
        return
    names = listed([*(f"{enforcement.end(pod)} port {port}" for pod, port in past), *map(enforcement.end, nodes)])
    flows = (enforcement.witness(enforcement.pods, pod, port, Verdict.ALLOWED) for pod, port in past[:5])
    yield Finding(
        RULE.id,
        f"{subject} asks {policy.provider} about HTTP alone, and {names} is judged by connections: they pass unasked",
        enforcement.situation.place_of(subject, ("spec", "provider", "name"), policy.place),
        subject,
        (policy.provider, "connections"),
        witness=next(filter(None, flows), None),
        fix="use a provider of gRPC, or deny what is not meant with a policy of its own",
    )
