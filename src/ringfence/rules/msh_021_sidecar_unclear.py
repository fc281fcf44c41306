"""A Sidecar that does not configure what it seems to.

## What is checked

Sidecars of Istio (the kind, not the container): several without a selector in one namespace, several for one workload,
a selector that no workload has or that stands in the root namespace, one for pods that have no such container (none
that reads it: ztunnel and gateways do not), hosts that nobody has, and an `outboundTrafficPolicy` that is empty.

## Why this is bad

Of several only the oldest counts, so that what another one limits is not limited. A host that there is not makes the
proxy know nothing of the one that was meant: calls to it go out as to any address outside, without an identity, or
fail. An empty `outboundTrafficPolicy` means REGISTRY_ONLY, and looks like nothing.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: ['./web.shop.svc.cluster.local', 'shop/wbe.shop.svc.cluster.local']}]
```

Use instead:

```yaml
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: ['./web.shop.svc.cluster.local']}]
```

## How to fix it

Make one Sidecar for the namespace, and one for each workload that differs. Write hosts in full, as `NAMESPACE/HOST`.
Say the mode.

## Limits

Hosts with wildcards are not looked for. A Sidecar binds nobody who controls the pod: it is no boundary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import Sidecar
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.mesh_objects import MeshObject
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-021",
    slug="sidecar-unclear",
    title="A Sidecar that does not configure what it seems to",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=(
        *("istioctl:IST0110", "istioctl:IST0111", "istioctl:IST0127", "istioctl:IST0167"),
        *("kiali:KIA0002", "kiali:KIA0003", "kiali:KIA0004", "kiali:KIA1004", "kiali:KIA1006", "kiali:KIA1007"),
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each Sidecar and thing that is wrong with it."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    sidecars = [one for one in enforcement.mesh.objects.sidecars if not one.broken]
    by_namespace: dict[str, list[Sidecar]] = {}
    for one in sidecars:
        by_namespace.setdefault(one.named.namespace, []).append(one)
        yield from _selector(enforcement, one)
    told: set[tuple[Subject, tuple[str, ...]]] = set()
    for namespace, members in sorted(by_namespace.items()):
        for found in _overlapping(enforcement, namespace, members):
            if (found.subject, found.evidence) not in told:
                told.add((found.subject, found.evidence))
                yield found
    for written in enforcement.written.of("networking.istio.io", "Sidecar"):
        yield from _written(enforcement, written)


def _subject(one: Sidecar) -> Subject:
    return Subject(one.named.kind, one.named.namespace, one.named.name)


def _selector(enforcement: Enforcement, one: Sidecar) -> Iterator[Result]:
    from ringfence.dialects.istio.peer_authentication import selects

    if not one.selector:
        if one.named.namespace != enforcement.mesh.config.root_namespace:
            yield from _without_containers(enforcement, one, enforcement.pods_of(one.named.namespace))
        return
    subject, situation = _subject(one), enforcement.situation
    place = situation.place_of(subject, ("spec", "workloadSelector"), one.named.place)
    if one.named.namespace == enforcement.mesh.config.root_namespace:
        message = f"{subject} is in the root namespace and has a selector: it is no default of the mesh"
        hint = "take workloadSelector out, or move it to the namespace of the workload"
        yield Finding(RULE.id, message, place, subject, ("root",), fix=hint)
        return
    if not situation.has_workloads(one.named.namespace):
        why = f"the input has no workloads of namespace {one.named.namespace}"
        yield NotEvaluable(RULE.id, subject, why, place)
        return
    pods = enforcement.pods_of(one.named.namespace)
    taken = [index for index in pods if selects(one.selector, enforcement.pod(index)) is not False]
    text = ", ".join(f"{key}={value}" for key, value in sorted(one.selector.items()))
    if not taken:
        message = f"{subject} configures no workload: none has {text}"
        hint = "compare the selector with the labels of the pod templates"
        yield Finding(RULE.id, message, place, subject, ("selector", text), fix=hint)
    yield from _without_containers(enforcement, one, taken)


def _without_containers(enforcement: Enforcement, one: Sidecar, taken: Sequence[int]) -> Iterator[Finding]:
    """A finding if none of these pods surely has a proxy that reads Sidecars. ztunnel and gateways read none."""
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import listed

    kinds = {enforcement.proxy(index) for index in taken}
    if not kinds or not kinds <= {Proxy.NODE, Proxy.NONE}:
        return
    if any(is_gateway(enforcement.pod(index)) for index in taken):
        return
    who = listed(sorted({enforcement.end(index) for index in taken}))
    message = f"{one.named} configures no workload: {who} has no sidecar"
    hint = "only sidecars read it: limit what leaves these pods with NetworkPolicies, or give them sidecars"
    yield Finding(RULE.id, message, one.named.place, _subject(one), ("proxy",), fix=hint)


def _overlapping(enforcement: Enforcement, namespace: str, members: Sequence[Sidecar]) -> Iterator[Finding]:
    from ringfence.dialects.istio.peer_authentication import selects

    yield from _conflict([one for one in members if not one.selector], f"namespace {namespace}")
    seen: set[tuple[str, ...]] = set()
    for index in enforcement.pods_of(namespace):
        taking = [one for one in members if one.selector and selects(one.selector, enforcement.pod(index))]
        names = tuple(one.named.name for one in taking)
        if names not in seen:
            seen.add(names)
            yield from _conflict(taking, enforcement.end(index))


def _conflict(members: Sequence[Sidecar], where: str) -> Iterator[Finding]:
    from ringfence.dialects.istio.ages import oldest

    if len(members) < 2:
        return
    counting = oldest(members)
    sure = counting[0] if len(counting) == 1 else None
    for one in members:
        others = [other for other in members if other is not one]
        if one is sure or (sure is None and one is members[0]):
            continue
        first = sure or others[0]
        why = (
            f"{first.named} is older"
            if sure
            else f"so is {first.named}, only the oldest counts, and the input has no ages"
        )
        related = (Related(first.named.place, "another Sidecar for the same workloads"),)
        message = f"{one.named} is for {where}: {why}"
        if sure:
            message = f"{one.named} does not count for {where}: {why}"
        yield Finding(
            RULE.id, message, one.named.place, _subject(one), (str(first.named),), related, fix="make one of them"
        )


def _written(enforcement: Enforcement, one: MeshObject) -> Iterator[Result]:
    from ringfence.rules.mesh_objects import mapping, members, words

    outside = one.spec.get("outboundTrafficPolicy")
    if "outboundTrafficPolicy" in one.spec and isinstance(outside, dict) and not mapping(outside).get("mode"):
        message = f"{one.subject} has an outboundTrafficPolicy without a mode, which means REGISTRY_ONLY"
        place = one.place("outboundTrafficPolicy")
        yield Finding(RULE.id, message, place, one.subject, ("mode",), fix="write mode: REGISTRY_ONLY, or ALLOW_ANY")
    for at, listener in members(one.spec.get("egress")):
        for number, host in enumerate(words(listener.get("hosts"))):
            yield from _host(enforcement, one, host, (at, number))


def _host(enforcement: Enforcement, one: MeshObject, host: str, at: tuple[int, int]) -> Iterator[Result]:
    from ringfence.dialects.istio.hosts import full_name

    space, slash, name = host.partition("/")
    if not slash or "*" in name or space == "~":
        return
    namespace = one.namespace if space == "." else space
    place = one.place("egress", at[0], "hosts", at[1])
    known = enforcement.written.knows(name, one.namespace)
    owners = {service.namespace for service in enforcement.written.services(name, one.namespace)}
    owners |= {entry.named.namespace for entry in enforcement.written.entries(name, one.namespace)}
    if known is None:
        yield NotEvaluable(RULE.id, one.subject, f"the input has nothing of the namespace of {host}", place)
    elif not known or (namespace != "*" and namespace not in owners):
        full = full_name(name, one.namespace)
        has = (
            f"namespace {namespace} has no Service or ServiceEntry {full}" if namespace != "*" else f"nobody has {full}"
        )
        message = f"{one.subject} lets its workloads know {host}, and {has}"
        hint = "write NAMESPACE/HOST with the namespace that the host is of, and the host in full"
        yield Finding(RULE.id, message, place, one.subject, ("host", host), fix=hint)
