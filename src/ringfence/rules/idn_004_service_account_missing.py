"""A workload runs as a ServiceAccount that there is not.

## What is checked

The `serviceAccountName` of pods and pod templates, in namespaces of which the input has ServiceAccounts.

## Why this is bad

The API server makes no pod of such a template: the workload does not start. Or the input lacks the account, and
whoever may create one of that name in the namespace decides what it may do. In a mesh the name is the identity that
policies allow.

## Example

```yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: orders, namespace: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: orders, namespace: shop}
spec: {serviceAccountName: order, containers: [{name: orders, image: orders}]}
```

Use instead `serviceAccountName: orders`.

## How to fix it

Write the name of an account of the namespace, or create the account.

## Limits

Where the input has no ServiceAccount of a namespace the rule cannot be evaluated for it: they may be made elsewhere.
`default` is in every namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="IDN-004",
    slug="service-account-missing",
    title="A workload runs as a ServiceAccount that there is not",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("kube-linter:non-existent-service-account", "kubescape:C-0307", "popeye:307"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and account."""
    silent: set[str] = set()
    known: dict[str, set[str]] = {}
    for namespace, name in situation.cluster.accounts:
        known.setdefault(namespace, {"default"}).add(name)
    for workload in situation.workloads:
        there = known.get(workload.ref.namespace)
        asked = {situation.cluster.pods[index].service_account for index in workload.pods} - {""}
        if there is None and asked - {"default"} and workload.ref.namespace not in silent:
            silent.add(workload.ref.namespace)
            scope = Subject("Namespace", "", workload.ref.namespace)
            yield NotEvaluable(RULE.id, scope, "the input has no ServiceAccounts of it", workload.place)
        for name in sorted(asked - there) if there is not None else ():
            # What a mesh makes of its own objects comes with its account.
            if workload.ref.kind == "Deployment" and situation.manifest(workload.subject) is None:
                continue
            near = get_close_matches(name, sorted(there - {"default"}), n=1) if there is not None else []
            yield Finding(
                RULE.id,
                f"{workload.subject} runs as ServiceAccount {name}, and namespace {workload.ref.namespace} has none",
                workload.place,
                workload.subject,
                (name,),
                fix=f"did you mean {near[0]}?" if near else f"create the ServiceAccount {name}",
            )
