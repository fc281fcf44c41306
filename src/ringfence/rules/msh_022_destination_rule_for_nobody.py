"""A DestinationRule, or a part of one, that holds for nobody.

## What is checked

DestinationRules whose host no Service and no ServiceEntry has; subsets whose labels no pod behind the host has, and
subsets without labels; two rules of one namespace for the same host; and rules for a host that say nothing of TLS,
while a rule for many hosts does, which then does not hold.

## Why this is bad

Proxies send as if the rule were not there. If it is there to open TLS, everything goes out in the clear; if it is there
to send mutual TLS, a STRICT server refuses. A subset that takes no pod fails each request that is sent to it.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop
  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}
```

Names of Services are either one word, or whole. Use instead:

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}
```

## How to fix it

Write the whole name of the Service. Make one rule for each host, and repeat `tls` in it: settings of a rule for a
wildcard are not inherited.

## Limits

Where the input has nothing of the namespace of a host, or labels of the pods are open, the rule cannot be evaluated.
Subsets of hosts that no Service of the cluster has are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import DestinationRule
    from ringfence.model.provenance import Place
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-022",
    slug="destination-rule-for-nobody",
    title="A DestinationRule, or a part of one, that holds for nobody",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=(
        *("istioctl:IST0173", "istioctl:IST0174"),
        *("kiali:KIA0201", "kiali:KIA0202", "kiali:KIA0203", "kiali:KIA0204", "kiali:KIA0209"),
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each rule and each thing of it that holds for nobody."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    rules = [one for one in enforcement.mesh.objects.destination_rules if not one.broken]
    for one in rules:
        known = enforcement.written.knows(one.host, one.named.namespace)
        if known is None:
            why = f"the input has nothing of the namespace of {one.host}"
            yield NotEvaluable(RULE.id, _subject(one), why, _place(enforcement, one, "host"))
        elif known:
            yield from _subsets(enforcement, one)
        else:
            yield _unknown(enforcement, one)
    yield from _conflicts(enforcement, rules)


def _subject(one: DestinationRule) -> Subject:
    return Subject(one.named.kind, one.named.namespace, one.named.name)


def _place(enforcement: Enforcement, one: DestinationRule, *path: str | int) -> Place:
    return enforcement.situation.place_of(_subject(one), ("spec", *path), one.named.place)


def _unknown(enforcement: Enforcement, one: DestinationRule) -> Finding:
    """A rule for a host that nobody has."""
    from ringfence.dialects.istio.hosts import of_service

    first, _, rest = one.host.partition(".")
    space = rest.removesuffix(".svc")
    hint = "name a Service in full, or write the ServiceEntry"
    if space and enforcement.written.services(of_service(space, first), ""):
        hint = f"write {of_service(space, first)}: names of Services are one word, or whole"
    tls = one.policy.tls if one.policy is not None else None
    lost = f": what it says of TLS ({tls.mode.value}) holds for nobody" if tls is not None else ": it holds for nobody"
    message = f"{_subject(one)} is for {one.host}, which no Service and no ServiceEntry has{lost}"
    severity = Severity.HIGH if tls is not None else None
    return Finding(
        RULE.id,
        message,
        _place(enforcement, one, "host"),
        _subject(one),
        ("host", one.host),
        fix=hint,
        severity=severity,
    )


def _subsets(enforcement: Enforcement, one: DestinationRule) -> Iterator[Result]:
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.rules.machines import machines_of

    services = enforcement.written.services(one.host, one.named.namespace)
    if enforcement.written.entries(one.host, one.named.namespace) or not services:
        return
    behind = [
        enforcement.pod(index)
        for service in services
        for index in enforcement.pods_of(service.namespace)
        if service in enforcement.mesh.services.of(enforcement.pod(index))
    ]
    behind += [
        machine
        for service in services
        for machine in machines_of(enforcement, service.namespace)
        if service in enforcement.mesh.services.of(machine)
    ]
    subject = _subject(one)
    for at, subset in enumerate(one.subsets):
        place = _place(enforcement, one, "subsets", at)
        evidence = ("subset", subset.name)
        if not subset.labels:
            message = f"{subject} has a subset {subset.name} without labels: it is the whole host"
            yield Finding(RULE.id, message, place, subject, evidence, fix="write labels", severity=Severity.LOW)
            continue
        matches = [selects(_texts(subset.labels), pod) for pod in behind]
        if any(matches):
            continue
        if None in matches or not behind:
            why = f"whether a pod of {one.host} has the labels of subset {subset.name} is open"
            yield NotEvaluable(RULE.id, subject, why, place)
            continue
        text = ", ".join(f"{key}={value}" for key, value in sorted(subset.labels.items()))
        message = f"{subject} has a subset {subset.name} for no pod: none of {one.host} has {text}"
        yield Finding(RULE.id, message, place, subject, evidence, fix="compare the labels with those of the pods")


def _texts(labels: Mapping[str, str]) -> dict[str, str]:
    return {str(key): str(value) for key, value in labels.items()}


def _conflicts(enforcement: Enforcement, rules: Sequence[DestinationRule]) -> Iterator[Finding]:
    from ringfence.dialects.istio.hosts import covers, full_name

    whole = [(one, full_name(one.host, one.named.namespace)) for one in rules if not one.selector]
    for at, (one, host) in enumerate(whole):
        place = _place(enforcement, one, "host")
        for other, same in whole[:at]:
            if same == host and other.named.namespace == one.named.namespace and one.policy and other.policy:
                related = (Related(other.named.place, "the other rule"),)
                message = (
                    f"{_subject(one)} and {_subject(other)} are both for {host}: the oldest one's trafficPolicy counts"
                )
                yield Finding(
                    RULE.id, message, place, _subject(one), ("same", str(other.named)), related, fix="make it one rule"
                )
        for other, wide in whole:
            tls = other.policy.tls if other.policy is not None else None
            if (
                other is not one
                and wide != host
                and "*" in wide
                and covers(wide, host)
                and other.named.namespace == one.named.namespace
                and tls is not None
                and (one.policy is None or (one.policy.tls is None and not one.policy.ports))
            ):
                auto = enforcement.mesh.config.auto_mtls
                then = "mutual TLS wherever the server takes it" if auto else "plaintext"
                related = (Related(other.named.place, "the rule for many hosts"),)
                message = (
                    f"{_subject(one)} says nothing of TLS, and {_subject(other)} ({tls.mode.value}) does not hold for "
                    f"{host} because of it: proxies send {then}"
                )
                severity = Severity.LOW if auto and tls.mode.value == "ISTIO_MUTUAL" else None
                evidence = ("inherits", str(other.named))
                hint = "repeat tls in the rule for the host"
                yield Finding(RULE.id, message, place, _subject(one), evidence, related, fix=hint, severity=severity)
