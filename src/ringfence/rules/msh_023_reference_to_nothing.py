"""An object of the mesh names something that there is not.

## What is checked

The namespaces in `exportTo` of VirtualServices, DestinationRules and ServiceEntries; the namespaces in `from` of
ReferenceGrants; the ServiceAccount of a WorkloadGroup, and two WorkloadGroups for the same labels.

## Why this is bad

A namespace that there is not sees nothing of what is exported to it: its clients send as if the object were not there.
Whoever may make that namespace later gets what was granted to it. A workload without its ServiceAccount gets no
identity.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  exportTo: [fronted]
```

Use instead:

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  exportTo: [frontend]
```

## How to fix it

Name what exists, or write it: the Namespace, the ServiceAccount.

## Limits

Without Namespaces or ServiceAccounts in the input the rule cannot be evaluated. Identities in AuthorizationPolicies are
AUZ-005 and their providers AUZ-019, hosts are MSH-021 and MSH-022, what gateways name is MSH-024, backends are EXP-005.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.model.provenance import Place
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.mesh_objects import MeshObject
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-023",
    slug="reference-to-nothing",
    title="An object of the mesh names something that there is not",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0101", "kiali:KIA0005", "kiali:KIA1601", "kiali:KIA1701", "kiali:KIA1702"),
)

EXPORTING = ("VirtualService", "DestinationRule", "ServiceEntry")


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each name."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.mesh_objects import GATEWAY_API, NETWORKING, mapping, members, words

    for kind in EXPORTING:
        for one in enforcement.written.of(NETWORKING, kind):
            for at, name in enumerate(words(one.spec.get("exportTo"))):
                if name not in ("*", ".", "~"):
                    place = one.place("exportTo", at)
                    yield from _namespace(enforcement, one, name, "is exported to", "its clients do not see it", place)
    for one in enforcement.written.of(GATEWAY_API, "ReferenceGrant"):
        for at, peer in members(one.spec.get("from")):
            space = peer.get("namespace")
            if isinstance(space, str):
                place = one.place("from", at, "namespace")
                effect = "who makes it gets what is granted"
                yield from _namespace(enforcement, one, space, "trusts", effect, place)
    groups: dict[tuple[object, ...], MeshObject] = {}
    for one in enforcement.written.of(NETWORKING, "WorkloadGroup"):
        yield from _account(enforcement, one)
        labels = mapping(mapping(one.spec.get("metadata")).get("labels"))
        key = (one.namespace, *sorted((str(word), str(value)) for word, value in labels.items()))
        first = groups.setdefault(key, one)
        if labels and first is not one:
            related = (Related(first.manifest.place, "the other WorkloadGroup"),)
            message = f"{one.subject} has the same labels as {first.subject}: what selects the one selects the other"
            evidence = ("same", first.manifest.name)
            place = one.place("metadata", "labels")
            hint = "give each labels of its own"
            yield Finding(RULE.id, message, place, one.subject, evidence, related, fix=hint, severity=Severity.LOW)


def _namespace(
    enforcement: Enforcement, one: MeshObject, name: str, verb: str, effect: str, place: Place
) -> Iterator[Result]:
    spaces = enforcement.situation.cluster.namespaces
    found = spaces.get(name)
    if found is not None and not found.open_labels:
        return
    if enforcement.situation.has_workloads(name) or any(
        service.namespace == name for service in enforcement.situation.cluster.services
    ):
        return
    if all(space.open_labels for space in spaces.values()):
        yield NotEvaluable(RULE.id, one.subject, "the input has no Namespaces", place)
        return
    message = f"{one.subject} {verb} namespace {name}, which there is not: {effect}"
    yield Finding(
        RULE.id,
        message,
        place,
        one.subject,
        ("namespace", name),
        fix="name a namespace that exists",
        severity=Severity.LOW,
    )


def _account(enforcement: Enforcement, one: MeshObject) -> Iterator[Result]:
    from ringfence.rules.mesh_objects import mapping

    name = mapping(one.spec.get("template")).get("serviceAccount")
    if not isinstance(name, str) or name in ("", "default"):
        return
    accounts = enforcement.situation.cluster.accounts
    place = one.place("template", "serviceAccount")
    if (one.namespace, name) in accounts:
        return
    if not any(space == one.namespace for space, _ in accounts):
        why = f"the input has no ServiceAccounts of namespace {one.namespace}"
        yield NotEvaluable(RULE.id, one.subject, why, place)
        return
    message = f"{one.subject} runs as the ServiceAccount {name}, which there is not: its workloads get no identity"
    yield Finding(RULE.id, message, place, one.subject, ("account", name), fix="write the ServiceAccount")
