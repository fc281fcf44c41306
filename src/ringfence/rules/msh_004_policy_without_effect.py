"""A policy of the mesh that no proxy enforces.

## What is checked

AuthorizationPolicies, RequestAuthentications and PeerAuthentications, each for where it applies: a selector that no
workload has; one that only takes pods without a proxy, or only waypoints; `targetRefs` to a Service or Gateway that
there is not, or to a Service whose traffic goes over no waypoint; `portLevelMtls` without a selector, or by the number
of a Service's port that is none of the workload.

## Why this is bad

It looks like protection, and does nothing. A policy with targets never reaches a sidecar or ztunnel, whatever it
selects beside them, and a policy with a selector never reaches a waypoint.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  targetRefs: [{kind: Service, group: '', name: orders}]
  action: DENY
  rules: [{to: [{operation: {paths: [/admin*]}}]}]
```

In a namespace with sidecars nothing reads that. Use instead a selector:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  action: DENY
  rules: [{to: [{operation: {paths: [/admin*]}}]}]
```

## How to fix it

Use a selector for sidecars and ztunnel, `targetRefs` for waypoints and gateways; compare labels with those of the pod
templates; give the namespace a proxy. Ports of `portLevelMtls` are those of the pod.

## Limits

Where the input has no workload of the namespace, or does not tell whether a pod has a proxy, the rule cannot be
evaluated; nor of pods of a Gateway of the Gateway API that the input lacks, without a label that tells its class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.nearest import nearest_label
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.sets.labels import Requirement, Selector

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import Attachment, Target
    from ringfence.dialects.istio.objects import PeerAuthentication
    from ringfence.model.cluster import Pod
    from ringfence.model.provenance import Place
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-004",
    slug="policy-without-effect",
    title="A policy of the mesh that no proxy enforces",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0127", "istioctl:IST0166", "istioctl:IST0167", "kiali:KIA0004"),
)

OPEN = "whether it selects a pod with a proxy hangs on what the input does not give"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each policy, target or port without effect."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import POLICY

    for policy in enforcement.policies:
        subject = Subject(POLICY, policy.attachment.namespace, policy.name)
        yield from _attachment(enforcement, subject, policy.attachment, policy.place)
    for one in enforcement.mesh.authentications:
        if not one.broken:
            subject = Subject("RequestAuthentication", one.attachment.namespace, one.name)
            yield from _attachment(enforcement, subject, one.attachment, one.place)
    for authentication in enforcement.authentications:
        named = authentication.named
        subject = Subject(named.kind, named.namespace, named.name)
        if authentication.selector and named.namespace != enforcement.mesh.config.root_namespace:
            yield from _selector(enforcement, subject, authentication.selector, named.place)
        yield from _ports(enforcement, subject, authentication)


def _attachment(enforcement: Enforcement, subject: Subject, attachment: Attachment, place: Place) -> Iterator[Result]:
    if attachment.targets:
        for target in dict.fromkeys(attachment.targets):
            at = attachment.targets.index(target)
            yield from _target(enforcement, subject, attachment.namespace, target, at, place)
    elif attachment.labels:
        yield from _selector(enforcement, subject, dict(attachment.labels), place)
    elif attachment.namespace != enforcement.mesh.config.root_namespace:
        yield from _selector(enforcement, subject, {}, place)


def _selector(
    enforcement: Enforcement, subject: Subject, labels: Mapping[str, str], otherwise: Place
) -> Iterator[Result]:
    from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.dialects.istio.workload_entry import has_proxy
    from ringfence.model.mesh import Proxy
    from ringfence.rules.machines import machines_of

    situation = enforcement.situation
    place = situation.place_of(subject, ("spec", "selector"), otherwise)
    everywhere = subject.namespace == enforcement.mesh.config.root_namespace
    scope = None if everywhere else subject.namespace
    machines = [one for one in machines_of(enforcement, scope) if selects(labels, one)]
    if any(map(has_proxy, machines)):
        return
    if not (everywhere and situation.cluster.pods) and not situation.has_workloads(subject.namespace) and not machines:
        where = f"the input has no workloads of namespace {subject.namespace}"
        yield NotEvaluable(RULE.id, subject, where, place)
        return
    pods = enforcement.pods if everywhere else enforcement.pods_of(subject.namespace)
    matches = {index: selects(labels, enforcement.pod(index)) for index in pods}
    taken = [index for index in pods if matches[index]]
    text = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
    evidence = (text,)
    if not taken:
        if None in matches.values():
            yield NotEvaluable(RULE.id, subject, OPEN, place)
            return
        selector = Selector(tuple(Requirement(key, "In", (value,)) for key, value in sorted(labels.items())))
        near = nearest_label(selector, (enforcement.pod(index).labels for index in pods))
        hint = f"did you mean {near}?" if near else "compare the selector with the labels of the pod templates"
        message = f"{subject} selects no workload: none has {text}"
        if machines:
            message, hint = (
                f"{subject} is for only workloads without a proxy: nothing enforces it",
                "give its WorkloadEntry a serviceAccount",
            )
        yield Finding(RULE.id, message, place, subject, evidence, fix=hint)
    elif all(matches[index] is not None for index in pods):
        gateways = [index for index in taken if is_waypoint(enforcement.pod(index))]
        unclear = {_unclear_gateway(enforcement, enforcement.pod(index)) for index in taken}
        members = {enforcement.proxy(index) for index in taken if not is_gateway(enforcement.pod(index))}
        if gateways and len(gateways) == len(taken) and subject.kind != "PeerAuthentication":
            message = f"{subject} selects a waypoint, and no policy with a selector reaches one"
            hint = "write targetRefs with the Gateway, or with the Service"
            yield Finding(RULE.id, message, place, subject, (*evidence, "waypoint"), fix=hint)
        elif "" not in unclear and subject.kind != "PeerAuthentication":
            named = ", ".join(sorted(unclear))
            why = f"it selects pods of {named} only, which the input lacks: no selector reaches one that is a waypoint"
            yield NotEvaluable(RULE.id, subject, why, place)
        elif members == {Proxy.NONE} and not any(is_gateway(enforcement.pod(index)) for index in taken):
            whom = "only workloads without a proxy" if labels else f"namespace {subject.namespace}, which has no proxy"
            message = f"{subject} is for {whom}: nothing enforces it"
            hint = "take the namespace into the mesh, or write a NetworkPolicy"
            yield Finding(RULE.id, message, place, subject, (*evidence, "no proxy"), fix=hint)


def _unclear_gateway(enforcement: Enforcement, pod: Pod) -> str:
    """The Gateway that a pod is of, where neither it nor the input tells whether that is a waypoint; empty: they do."""
    from ringfence.dialects.istio.enrolment import GATEWAY_CLASS_NAME, MANAGED
    from ringfence.dialects.istio.gateway_objects import GATEWAY_NAME

    name, objects = pod.labels.get(GATEWAY_NAME), enforcement.mesh.objects
    if not name or pod.labels.get(GATEWAY_CLASS_NAME) or pod.labels.get(MANAGED):
        return ""
    there = {(one.named.namespace, one.named.name) for one in objects.gateways}
    there |= {(one.named.namespace, one.named.name) for one in objects.waypoints}
    return "" if (pod.namespace, name) in there else f"Gateway {pod.namespace}/{name}"


def _target(
    enforcement: Enforcement, subject: Subject, namespace: str, target: Target, at: int, otherwise: Place
) -> Iterator[Result]:
    situation = enforcement.situation
    place = situation.place_of(subject, ("spec", "targetRefs", at), otherwise)
    name = f"{target.kind} {target.name}"
    missing = enforcement.misses(namespace, target)
    if missing is None:
        yield NotEvaluable(RULE.id, subject, f"whether traffic passes {name} hangs on what the input lacks", place)
    elif missing:
        message = f"{subject} is attached to {name}, and {missing}: nothing enforces it"
        evidence = ("target", target.group, target.kind, target.name)
        hint = "use a selector for sidecars and ztunnel; name a Gateway, or a Service with a waypoint, of its namespace"
        yield Finding(RULE.id, message, place, subject, evidence, fix=hint)


def _ports(enforcement: Enforcement, subject: Subject, one: PeerAuthentication) -> Iterator[Result]:
    from ringfence.dialects.istio.peer_authentication import selects

    situation = enforcement.situation
    for port in one.ports:
        place = situation.place_of(subject, ("spec", "portLevelMtls", str(port)), one.named.place)
        if not one.selector:
            message = f"{subject} sets the mode of port {port} and selects no workload: the port is ignored"
            hint = "add selector: {matchLabels: …}, or set the mode for all ports"
            yield Finding(RULE.id, message, place, subject, ("port", str(port)), fix=hint)
            continue
        targets: set[int] = set()
        own = False
        for index in enforcement.pods_of(subject.namespace):
            pod = enforcement.pod(index)
            if not selects(one.selector, pod):
                continue
            own = own or enforcement.listens(index, port)
            targets |= enforcement.published(index, port)
        if targets and not own:
            numbers = " and ".join(str(number) for number in sorted(targets))
            message = f"{subject} sets the mode of port {port}, which is the Service's: the workload's is {numbers}"
            yield Finding(RULE.id, message, place, subject, ("port", str(port)), fix=f"write {numbers} instead")
