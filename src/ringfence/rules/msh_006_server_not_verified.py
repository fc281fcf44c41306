"""A client of the mesh opens TLS and does not look who answers.

## What is checked

Every DestinationRule that makes proxies open TLS of their own (`mode: SIMPLE` or `MUTUAL`), for the host, a port or a
subset: whether it says `insecureSkipVerify: true`, and whether it names certificates to verify the server with
(`caCertificates` or `credentialName`). Releases before 1.21 verify nothing where none are named; later ones take the
public authorities of their image.

## Why this is bad

Whoever gets between the client and the server, or in the place of the server, can answer with any certificate, read
everything and answer what it likes. The connection looks encrypted all the same.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank, namespace: shop}
spec:
  host: api.bank.example
  trafficPolicy:
    tls: {mode: SIMPLE, insecureSkipVerify: true}
```

Use instead:

```yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank, namespace: shop}
spec:
  host: api.bank.example
  trafficPolicy:
    tls: {mode: SIMPLE, caCertificates: /etc/ssl/certs/ca-certificates.crt, subjectAltNames: [api.bank.example]}
```

## How to fix it

Name the authority that signs the server's certificate, and the names that the server has to prove.

## Limits

Where no certificates are named and the release of Istio is not known (`--istio-version`), or istiod sets
`VERIFY_CERTIFICATE_AT_CLIENT` to something that the input does not show, the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-006",
    slug="server-not-verified",
    title="A client of the mesh opens TLS and does not look who answers",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.OBJECT,
    aliases=("istioctl:IST0128", "istioctl:IST0129"),
)

FLAG = "VERIFY_CERTIFICATE_AT_CLIENT"
SINCE = (1, 21)
"""The release from which on that flag is set where nobody says otherwise."""
OPEN = "whether proxies verify servers with public authorities hangs on the release of Istio"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each place that asks for TLS and for no proof."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.mesh_objects import NETWORKING

    verified = _verifies(enforcement)
    broken = {(one.named.namespace, one.named.name) for one in enforcement.mesh.objects.destination_rules if one.broken}
    for one in enforcement.written.of(NETWORKING, "DestinationRule"):
        if (one.namespace, one.manifest.name) in broken:
            continue
        for path, tls in _settings(one.spec):
            if tls.get("mode") not in ("SIMPLE", "MUTUAL"):
                continue
            evidence = tuple(str(word) for word in path)
            place = one.place(*path)
            host = str(one.spec.get("host", ""))
            if tls.get("insecureSkipVerify") is True:
                message = f"{one.subject} opens TLS to {host}, and takes any certificate (insecureSkipVerify)"
                yield Finding(RULE.id, message, place, one.subject, evidence, fix="take insecureSkipVerify out")
            elif not tls.get("caCertificates") and not tls.get("credentialName"):
                if verified is None:
                    yield NotEvaluable(RULE.id, one.subject, OPEN, place)
                elif not verified:
                    message = (
                        f"{one.subject} opens TLS to {host}, names no caCertificates, and so takes any certificate"
                    )
                    hint = "write caCertificates, and the server's name in subjectAltNames"
                    yield Finding(RULE.id, message, place, one.subject, evidence, fix=hint)


def _settings(spec: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Everything of a DestinationRule that says what TLS is opened, and where it stands below ``spec``."""
    from ringfence.rules.mesh_objects import mapping, members

    policies: list[tuple[tuple[str | int, ...], Mapping[str, Any]]] = [
        (("trafficPolicy",), mapping(spec.get("trafficPolicy")))
    ]
    for at, subset in members(spec.get("subsets")):
        policies.append((("subsets", at, "trafficPolicy"), mapping(subset.get("trafficPolicy"))))
    for path, policy in policies:
        yield (*path, "tls"), mapping(policy.get("tls"))
        for at, port in members(policy.get("portLevelSettings")):
            yield (*path, "portLevelSettings", at, "tls"), mapping(port.get("tls"))


def _verifies(enforcement: Enforcement) -> bool | None:
    """Whether proxies verify servers where nobody says with what; None: the input does not tell."""
    release = enforcement.mesh.release
    versions = {version >= SINCE for version in release.versions}
    said = {release.flag(FLAG, False), release.flag(FLAG, True)}
    if said != {False, True}:
        return said.pop() if len(said) == 1 else None
    return versions.pop() if len(versions) == 1 else None
