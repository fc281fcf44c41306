"""AuthorizationPolicy and RequestAuthentication as istiod reads them, before it is known who enforces them.

What they mean at one enforcement point is in ``authorization``. Source: istio ``pilot/pkg/security/authz/model``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringfence.dialects.fields.metadata import policy_name
from ringfence.dialects.fields.report import Accepted
from ringfence.dialects.istio.authorization_checks import DRY_RUN
from ringfence.dialects.istio.authorization_schema import (
    OPERATION_FIELDS,
    SOURCE_FIELDS,
    accept,
    negated,
    rule_indexes,
    usable,
)
from ringfence.dialects.istio.words import boolean
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest, Place

API_VERSIONS = ("security.istio.io/v1", "security.istio.io/v1beta1")
KEYS = {
    "principals": "source.principal",
    "requestPrincipals": "request.auth.principal",
    "namespaces": "source.namespace",
    "serviceAccounts": "source.serviceAccount",
    "trustDomains": "source.trustDomain",
    "ipBlocks": "source.ip",
    "remoteIpBlocks": "remote.ip",
    "ports": "destination.port",
    "hosts": "hosts",
    "methods": "methods",
    "paths": "paths",
}
"""The key of a condition that asks the same as a field; fields that no key stands for keep their name."""


@dataclass(frozen=True, slots=True)
class Term:
    """One field with its negation, or one condition: some of ``values`` if there are any, and none of ``others``."""

    key: str
    values: tuple[str, ...]
    others: tuple[str, ...] = ()


Terms = tuple[Term, ...]
"""All of them have to hold."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: one of ``sources`` (empty: everybody), one of ``operations`` (empty: every request), and all
    ``conditions``. ``index`` counts from 0 as written."""

    index: int
    sources: tuple[Terms, ...]
    operations: tuple[Terms, ...]
    conditions: Terms
    place: Place


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy with targetRefs is attached to. ``group`` of a Service is empty."""

    group: str
    kind: str
    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where an object applies: ``labels`` of a selector (None: it has none), or ``targets`` (empty: it has none)."""

    namespace: str
    labels: tuple[tuple[str, str], ...] | None = None
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationPolicy:
    """``action`` as written. ``dry_run``: it is only tried out. ``broken``: the API server would reject it, and why;
    what it says is then not known, and perhaps not to whom."""

    name: str
    attachment: Attachment
    action: str
    clauses: tuple[Clause, ...]
    place: Place
    provider: str = ""
    dry_run: bool = False
    broken: str = ""


DIVIDED = ("permission", "scope")
"""Claims that istiod has divided into words in every token (1.21 and later)."""


@dataclass(frozen=True, slots=True)
class TokenRule:
    """Tokens of ``issuer`` (empty: any), for one of ``audiences`` (empty: any). ``headers``: request headers that the
    proxy fills from the token. ``divided``: claims of which every word counts by itself."""

    issuer: str
    audiences: tuple[str, ...]
    place: Place
    headers: tuple[str, ...] = ()
    divided: tuple[str, ...] = DIVIDED


@dataclass(frozen=True, slots=True)
class RequestAuthentication:
    """Which tokens are validated. ``broken`` as in AuthorizationPolicy."""

    name: str
    attachment: Attachment
    rules: tuple[TokenRule, ...]
    place: Place
    broken: str = ""


def read_policy(manifest: Manifest) -> tuple[AuthorizationPolicy, list[Problem]]:
    """An AuthorizationPolicy, and everything that the API server and istiod would say to it. Never raises."""
    accepted = accept(manifest)
    spec, broken = _spec(accepted)
    metadata = manifest.data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    dry_run = annotations.get(DRY_RUN) if isinstance(annotations, Mapping) else None
    provider = spec.get("provider")
    policy = AuthorizationPolicy(
        name=policy_name(manifest),
        attachment=_attachment(accepted, spec),
        action=spec.get("action", "ALLOW"),
        clauses=() if broken else _clauses(accepted, spec),
        place=manifest.place,
        provider=provider.get("name", "") if isinstance(provider, Mapping) else "",
        dry_run=isinstance(dry_run, str) and bool(boolean(dry_run)),
        broken=broken,
    )
    return policy, accepted.report.problems


def read_authentication(manifest: Manifest) -> tuple[RequestAuthentication, list[Problem]]:
    """A RequestAuthentication, and everything that the API server and istiod would say to it. Never raises."""
    accepted = accept(manifest)
    spec, broken = _spec(accepted)
    rules = []
    for index, rule in enumerate(() if broken else spec.get("jwtRules", ())):
        filled = [one.get("header", "") for one in rule.get("outputClaimToHeaders", ())]
        payload = rule.get("outputPayloadToHeader", "")
        issuer = rule.get("issuer", "")
        if not issuer and not (rule.get("jwksUri") or rule.get("jwks_uri")):
            continue
        rules.append(
            TokenRule(
                issuer=issuer,
                audiences=tuple(rule.get("audiences", ())),
                place=manifest.positions.place(("spec", "jwtRules", index)),
                headers=tuple(sorted({name.lower() for name in (*filled, payload) if name})),
                divided=tuple(sorted({*DIVIDED, *rule.get("spaceDelimitedClaims", ())})),
            )
        )
    authentication = RequestAuthentication(
        policy_name(manifest), _attachment(accepted, spec), tuple(rules), manifest.place, broken
    )
    return authentication, accepted.report.problems


def _spec(accepted: Accepted) -> tuple[Mapping[str, Any], str]:
    """The spec, and why it cannot be used."""
    spec = accepted.spec if isinstance(accepted.spec, Mapping) else {}
    if usable(accepted.report):
        return spec, ""
    return spec, "the API server rejects it as it is written, so that it is not known what it says in the cluster"


def _attachment(accepted: Accepted, spec: Mapping[str, Any]) -> Attachment:
    namespace = accepted.report.manifest.namespace or "default"
    selector = spec.get("selector")
    labels: tuple[tuple[str, str], ...] | None = None
    if isinstance(selector, Mapping) and not accepted.report.faulty("spec", "selector"):
        labels = tuple(sorted((selector.get("matchLabels") or {}).items()))
    given: Sequence[Mapping[str, Any]] = spec.get("targetRefs") or ()
    if not given and isinstance(spec.get("targetRef"), Mapping):
        given = (spec["targetRef"],)
    targets = tuple(
        Target(
            "" if target.get("group") == "core" else target.get("group", ""),
            target.get("kind", ""),
            target.get("name", ""),
            target.get("namespace", ""),
        )
        for target in given
        if isinstance(target, Mapping)
    )
    return Attachment(namespace, labels, targets)


def _clauses(accepted: Accepted, spec: Mapping[str, Any]) -> tuple[Clause, ...]:
    manifest = accepted.report.manifest
    return tuple(
        Clause(
            index=index,
            sources=tuple(_terms(entry.get("source") or {}, SOURCE_FIELDS) for entry in rule.get("from", ())),
            operations=tuple(_terms(entry.get("operation") or {}, OPERATION_FIELDS) for entry in rule.get("to", ())),
            conditions=tuple(
                Term(one["key"], tuple(one.get("values", ())), tuple(one.get("notValues", ())))
                for one in rule.get("when", ())
            ),
            place=manifest.positions.place(("spec", "rules", index)),
        )
        for index, rule in zip(rule_indexes(manifest), spec.get("rules", ()), strict=True)
    )


def _terms(fields: Mapping[str, Any], names: tuple[str, ...]) -> Terms:
    found = []
    for name in names:
        values, others = tuple(fields.get(name, ())), tuple(fields.get(negated(name), ()))
        if values or others:
            found.append(Term(KEYS[name], values, others))
    return tuple(found)
