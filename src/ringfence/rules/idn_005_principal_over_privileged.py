"""Somebody whom a policy lets in has rights at the API server that are worth more than what he is let in to.

## What is checked

Identities that rules of AuthorizationPolicies allow by name, by the namespace or by `NAMESPACE/sa/*`: what their
ServiceAccounts may do at the API server. Found are accounts that may do everything, read secrets, run pods or commands,
make tokens, act as others, give rights, change policies of the mesh or NetworkPolicies, labels of namespaces or
admission webhooks.

## Why this is bad

The policy says that this workload is trusted with one thing. Its account is trusted with far more: whoever takes the
workload over writes the policies anew, or takes on any other identity that they name. Identity, rights and policies
should describe one architecture.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: orders}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: orders, namespace: shop}]
```

Use instead a Role with what the workload calls the API server for, or none.

## How to fix it

Take the binding away, or part the workload in two with an account each.

## Limits

Rights on single objects (`resourceNames`) are not counted. Without any RoleBinding in the input the rule cannot be
evaluated. Rules for every identity (`*`) are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.rights import Right
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="IDN-005",
    slug="principal-over-privileged",
    title="Somebody whom a policy lets in has rights at the API server that are worth more than what he is let in to",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

INPUT = Subject("Cluster", "", "input")


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each account."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    named = _named(enforcement)
    if not named:
        return
    from ringfence.rules.rights import powers

    if not situation.rights.known:
        yield NotEvaluable(RULE.id, INPUT, "the input has no RoleBindings, which say what accounts may do")
        return
    for (namespace, account), (policy, clause) in sorted(named.items(), key=lambda one: one[0]):
        rights, missing = situation.rights.of(namespace, account)
        worth = {power: right for right in rights for power in powers(right)}
        subject = Subject("ServiceAccount", namespace, account)
        if worth:
            yield _finding(subject, policy, clause, worth)
        elif missing:
            why = f"the input does not have {missing[0]}, which it has"
            yield NotEvaluable(RULE.id, subject, why, clause.place)


def _finding(subject: Subject, policy: AuthorizationPolicy, clause: Clause, worth: Mapping[str, Right]) -> Finding:
    from ringfence.rules.enforcement import listed, subject_of

    bindings = list(dict.fromkeys((right.binding, right.place) for right in worth.values()))
    given = (Related(place, f"{name} gives it") for name, place in bindings[:2])
    return Finding(
        RULE.id,
        f"{subject} is let in by {subject_of(policy)} rule {clause.index}, and may {listed(list(worth))}",
        bindings[0][1],
        subject,
        (),
        (Related(clause.place, "the rule that lets it in"), *given),
        fix="take the binding away, or give the workload an account with fewer rights",
    )


def _named(enforcement: Enforcement) -> dict[tuple[str, str], tuple[AuthorizationPolicy, Clause]]:
    """The accounts that rules let in, each with the first rule that does."""
    from ringfence.dialects.istio.workload_entry import has_proxy
    from ringfence.model.mesh import Proxy
    from ringfence.rules.machines import machines_of

    found: dict[tuple[str, str], tuple[AuthorizationPolicy, Clause]] = {}
    accounts: dict[str, list[str]] = {}
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if pod.service_account and enforcement.proxy(index) is not Proxy.NONE:
            accounts.setdefault(pod.namespace, []).append(pod.service_account)
    for machine in machines_of(enforcement):
        if machine.service_account and has_proxy(machine):
            accounts.setdefault(machine.namespace, []).append(machine.service_account)
    for policy in enforcement.policies:
        for clause in policy.clauses if policy.action == "ALLOW" and not policy.dry_run else ():
            for terms in (*clause.sources, clause.conditions):
                for term in terms:
                    for value in term.values:
                        for key in _accounts(enforcement, term.key, value, policy.attachment.namespace, accounts):
                            found.setdefault(key, (policy, clause))
    return found


def _accounts(
    enforcement: Enforcement, key: str, value: str, own: str, accounts: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    exact = enforcement.account_of(key, value, own)
    if exact is not None:
        yield exact
        return
    space = ""
    if key == "source.namespace" and "*" not in value:
        space = value
    elif key == "source.principal" and value.endswith("/sa/*") and value.count("*") == 1:
        space = value.removesuffix("/sa/*").rpartition("/")[2]
    for account in accounts.get(space, ()):
        yield space, account
