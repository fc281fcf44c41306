"""A ServiceEntry that takes more than it says, or that another one contradicts.

## What is checked

ServiceEntries with a port for TCP (or without a protocol) and without addresses; and hosts that two ServiceEntries seen
by the same clients have, with different protocols at one port or each with endpoints of its own.

## Why this is bad

TCP has no host name. Without an address the proxy takes every connection to that port, wherever it goes, for the one
host: other services at the port stop working, or get what was meant for it, with its TLS. Of two for one host one
counts.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ledger, namespace: shop}
spec:
  hosts: [ledger.bank.example]
  location: MESH_EXTERNAL
  resolution: DNS
  ports: [{number: 5432, name: tcp, protocol: TCP}]
```

Use instead:

```yaml
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ledger, namespace: shop}
spec:
  hosts: [ledger.bank.example]
  addresses: [240.1.1.1]
  location: MESH_EXTERNAL
  resolution: DNS
  ports: [{number: 5432, name: tcp, protocol: TCP}]
```

## How to fix it

Give it an address (also one that nobody has, where the proxy answers DNS), name the protocol, and leave each host to
one ServiceEntry.

## Limits

Proxies that answer DNS themselves (`ISTIO_META_DNS_CAPTURE`, with addresses that istiod gives) do not take every
connection; the input does not tell it of each. ztunnel always does: where only it is, nothing is found for addresses. A
ServiceEntry is no boundary: who may call outside is for NetworkPolicies to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, Related, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import ServiceEntry
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-025",
    slug="service-entry-unclear",
    title="A ServiceEntry that takes more than it says, or that another one contradicts",
    severity=Severity.MEDIUM,
    precision=Precision.MEDIUM,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0134", "istioctl:IST0177", "kiali:KIA1211", "kiali:KIA1212"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each entry and port, and each pair of entries."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.speech import parse
    from ringfence.model.mesh import Proxy, Speech

    proxies = {enforcement.proxy(index) for index in enforcement.pods}
    entries = [one for one in enforcement.mesh.objects.service_entries if not one.broken]
    for one in entries:
        for at, port in enumerate(one.ports):
            opaque = not port.protocol or (
                parse(port.protocol) is Speech.TCP and port.protocol.upper() not in ("TLS", "HTTPS")
            )
            if not opaque or one.addresses or proxies == {Proxy.NODE}:
                continue
            said = port.protocol or "no protocol"
            message = (
                f"{_subject(one)} has {said} at port {port.number} and no addresses: proxies that do not answer "
                f"DNS take every connection to that port for {', '.join(one.hosts[:3])}"
            )
            place = situation.place_of(_subject(one), ("spec", "ports", at), one.named.place)
            hint = "give it addresses, or name a protocol that has host names"
            yield Finding(RULE.id, message, place, _subject(one), ("port", str(port.number)), fix=hint)
    for at, one in enumerate(entries):
        for other in entries[:at]:
            yield from _pair(one, other)


def _subject(one: ServiceEntry) -> Subject:
    return Subject(one.named.kind, one.named.namespace, one.named.name)


def _pair(one: ServiceEntry, other: ServiceEntry) -> Iterator[Finding]:
    same = [host for host in one.hosts if host in other.hosts]
    if not same or not _both_seen(one, other):
        return
    related = (Related(other.named.place, "the other ServiceEntry"),)
    evidence = (str(other.named), *same)
    theirs = {port.number: port.protocol.upper() for port in other.ports}
    for port in one.ports:
        if theirs.get(port.number, port.protocol.upper()) != port.protocol.upper():
            message = (
                f"{_subject(one)} says that {same[0]} speaks {port.protocol or 'nothing'} at port {port.number}, and "
                f"{_subject(other)} {theirs[port.number] or 'nothing'}: one of them counts"
            )
            hint = "say the same in both, or leave the host to one"
            yield Finding(
                RULE.id, message, one.named.place, _subject(one), (*evidence, str(port.number)), related, fix=hint
            )
            return
    message = f"{_subject(one)} and {_subject(other)} both have {', '.join(same[:3])}"
    hint = "leave each host to one ServiceEntry"
    yield Finding(RULE.id, message, one.named.place, _subject(one), evidence, related, fix=hint, severity=Severity.LOW)


def _both_seen(one: ServiceEntry, other: ServiceEntry) -> bool:
    """Whether some client may see both."""

    def seen(entry: ServiceEntry) -> set[str]:
        words = entry.exports or ("*",)
        return {entry.named.namespace if word == "." else word for word in words if word != "~"}

    first, second = seen(one), seen(other)
    return bool(first and second) and ("*" in first or "*" in second or not first.isdisjoint(second))
