"""A rule allows an identity that nobody has.

## What is checked

Principals, service accounts and namespaces that a rule of an AuthorizationPolicy names: whether the input has a
workload with that identity, whether its ServiceAccount and namespace exist, and whether the trust domain is the mesh's
or one of its aliases. Of principals with wildcards whether they can be one: a `*` counts at one end only. Of
namespaces with wildcards whether there is one. `notNamespaces` without one, as a misspelt name leaves out nobody.

## Why this is bad

The workload got a service account of its own, or was renamed, and the policy was not: what should pass gets a 403. Or
it was deleted, and whoever may create a ServiceAccount of that name gets what the policy allows.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/order]}}]}]
```

Use instead the identity that the workload has:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: db, namespace: data}
spec:
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}]}]
```

## How to fix it

Write the `serviceAccountName` of the client's pod template, or take the identity out.

## Limits

Where the input has the namespace that an identity names and no workload of it, or no Namespace at all, the workload may
be in another repository or cluster: the rule cannot be evaluated. So it is with `default`, `kube-*` and the root
namespace of Istio, which every cluster has. Other namespaces that the input lacks, while it has some, count as not
there. Whether anybody has an identity with wildcards is not looked at, nor are identities of other trust domains that
the mesh config knows, and `notPrincipals`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-005",
    slug="principal-of-nobody",
    title="A rule allows an identity that nobody has",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0101", "kiali:KIA0101", "kiali:KIA0106", "kiali:KIA0107", "kiali:KIA0108"),
)

ALWAYS_THERE = frozenset(("default", "kube-system", "kube-public", "kube-node-lease"))
"""Namespaces that every cluster has, although few repositories hold them."""
STARS = ("a * counts at one end only, and no identity has one", "write one * at the start, or at the end")


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each identity of a rule that allows, or denies, in vain."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import subject_of
    from ringfence.rules.machines import machines_of

    accounts: dict[str, set[str]] = {}
    for pod in situation.cluster.pods:
        accounts.setdefault(pod.namespace, set()).add(pod.service_account)
    for machine in machines_of(enforcement):
        if machine.service_account:
            accounts.setdefault(machine.namespace, set()).add(machine.service_account)
    for policy in enforcement.policies:
        subject = subject_of(policy)
        for clause in policy.clauses if policy.action in ("ALLOW", "DENY") else ():
            found = _named(enforcement, clause, policy.attachment.namespace, accounts)
            for value, wrong, hint in dict.fromkeys(found):
                if not wrong:
                    why = f"the input has no workloads of the namespace of {value}"
                    yield NotEvaluable(RULE.id, subject, why, clause.place)
                    continue
                message = f"{subject} rule {clause.index} names {value}, and {wrong}"
                yield Finding(RULE.id, message, clause.place, subject, (str(clause.index), value), fix=hint)


def _named(
    enforcement: Enforcement, clause: Clause, own: str, accounts: dict[str, set[str]]
) -> Iterator[tuple[str, str, str]]:
    """Identities of a rule that nobody has: as written, what is wrong (empty: not known), and what may be meant."""
    from ringfence.rules.enforcement import literal_star

    terms = [*(term for source in clause.sources for term in source), *clause.conditions]
    for term in terms:
        if term.key == "source.namespace":
            for value in dict.fromkeys((*term.values, *term.others)):
                wrong = _namespace(enforcement, value)
                if wrong is not None and (wrong[0] or value in term.values):
                    yield (value, *wrong)
            continue
        for value in term.values:
            if "*" in value:
                found = (
                    STARS if term.key in ("source.principal", "source.serviceAccount") and literal_star(value) else None
                )
            elif term.key == "source.principal":
                domain, *rest = value.split("/")
                if len(rest) == 4 and (rest[0], rest[2]) == ("ns", "sa"):
                    found = _domain(enforcement, domain) or _account(enforcement, rest[1], rest[3], accounts)
                else:
                    found = ("it is no identity of the mesh", "write TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT")
            elif term.key == "source.serviceAccount":
                namespace, slash, name = value.partition("/")
                found = _account(enforcement, namespace if slash else own, name if slash else value, accounts)
            else:
                continue
            if found is not None:
                yield (value, *found)


def _domain(enforcement: Enforcement, domain: str) -> tuple[str, str] | None:
    config = enforcement.mesh.config
    # cluster.local stands for the mesh's own, whatever that is called.
    if domain in ("cluster.local", config.trust_domain, *config.aliases, *config.foreign_authorities):
        return None
    if not config.known:
        return "", ""
    return f"{domain} is no trust domain of the mesh", f"write {config.trust_domain}"


def _namespace(enforcement: Enforcement, name: str) -> tuple[str, str] | None:
    namespaces = enforcement.situation.cluster.namespaces
    there = {*namespaces, *ALWAYS_THERE, enforcement.mesh.config.root_namespace}
    if name in there or ("*" in name and any(fnmatchcase(one, name.replace("[", "[[]")) for one in there)):
        return None
    if all(one.open_labels for one in namespaces.values()):
        return "", ""
    near = get_close_matches(name, sorted(namespaces), n=1)
    return (
        f"there is no namespace {name}" if "*" not in name else f"no namespace is called {name}",
        f"did you mean {near[0]}?" if near else "take it out, or add the Namespace to the input",
    )


def _account(
    enforcement: Enforcement, namespace: str, name: str, accounts: dict[str, set[str]]
) -> tuple[str, str] | None:
    there = accounts.get(namespace)
    if there is None:
        return _namespace(enforcement, namespace) or ("", "")
    if name in there:
        return None
    if "" in there:
        return "", ""
    near = get_close_matches(name, sorted(there), n=1)
    hint = f"did you mean {near[0]}?" if near else f"workloads of {namespace} run as {', '.join(sorted(there)[:3])}"
    known = {one for space, one in enforcement.situation.cluster.accounts if space == namespace}
    if known and name not in known:
        return f"namespace {namespace} has no ServiceAccount {name}", hint
    return f"no workload of namespace {namespace} runs as {name}", hint
