"""What the API server accepts as an AuthorizationPolicy or a RequestAuthentication.

Source: the CustomResourceDefinitions of istio/api (``security/v1``; ``v1beta1`` is the same), which prune unknown
fields and check types, enumerations and lengths. What istiod's webhook adds to that is in ``authorization_checks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields.metadata import METADATA
from ringfence.dialects.fields.report import Accepted, Report, Server
from ringfence.dialects.fields.shapes import ANYTHING, Consequence, ListOf, Record, Shape, Text, Texts, accepted
from ringfence.dialects.istio import authorization_checks as checks
from ringfence.model.provenance import FieldPath, Manifest

ACTIONS = ("ALLOW", "DENY", "AUDIT", "CUSTOM")
MOST_TARGETS = 16
MOST_RULES = 512
SOURCE_FIELDS = (
    "principals",
    "requestPrincipals",
    "namespaces",
    "serviceAccounts",
    "trustDomains",
    "ipBlocks",
    "remoteIpBlocks",
)
OPERATION_FIELDS = ("hosts", "ports", "methods", "paths")

_STRINGS = ListOf(Text())


def negated(field: str) -> str:
    """The field that excludes: ``notPrincipals`` of ``principals``."""
    return f"not{field[0].upper()}{field[1:]}"


def _both(fields: tuple[str, ...]) -> dict[str, Shape]:
    return {name: _STRINGS for field in fields for name in (field, negated(field))}


def _left_of(meaning_of_nothing: str) -> Consequence:
    def left(kept: Mapping[str, Any], meant: str) -> str:
        return "" if any(kept.values()) else meaning_of_nothing

    return left


_SOURCE = Record(
    "a source",
    _both(SOURCE_FIELDS),
    consequence=_left_of("the source is then empty and stands for everybody"),
    instead={
        "namespace": "namespaces: […]",
        "ips": "ipBlocks",
        "serviceAccount": "serviceAccounts: […]",
        "selector": "beside rules, in the spec",
    },
)
_OPERATION = Record(
    "an operation",
    _both(OPERATION_FIELDS),
    consequence=_left_of("the operation is then empty and stands for every request"),
    instead={"path": "paths: […]", "method": "methods: […]", "port": 'ports: ["…"]', "host": "hosts: […]"},
)
_FROM = Record(
    "an entry of from",
    {"source": _SOURCE},
    consequence=_left_of("the entry then has no source and stands for everybody"),
    instead={name: "inside source" for field in SOURCE_FIELDS for name in (field, negated(field))},
)
_TO = Record(
    "an entry of to",
    {"operation": _OPERATION},
    consequence=_left_of("the entry then has no operation and stands for every request"),
    instead={name: "inside operation" for field in OPERATION_FIELDS for name in (field, negated(field))},
)
_CONDITION = Record(
    "a condition",
    {"key": Text(), "values": _STRINGS, "notValues": _STRINGS},
    required=("key",),
    instead={"value": "values: […]", "notValue": "notValues: […]"},
)
_RULE = Record(
    "a rule",
    {"from": ListOf(_FROM, most=MOST_RULES), "to": ListOf(_TO, most=MOST_RULES), "when": ListOf(_CONDITION)},
    consequence=_left_of("the rule is then empty and matches every request"),
    instead={"source": "from: [{source: …}]", "operation": "to: [{operation: …}]", "key": "when: [{key: …}]"},
)
_TARGET = Record(
    "a target",
    {"group": Text(), "kind": Text(), "name": Text(), "namespace": Text()},
    required=("kind", "name"),
)
_SELECTOR = Record("a selector", {"matchLabels": Texts()}, instead={"labels": "matchLabels"})
_ATTACHMENT: dict[str, Shape] = {
    "selector": _SELECTOR,
    "targetRef": _TARGET,
    "targetRefs": ListOf(_TARGET, most=MOST_TARGETS),
}


def _left_of_policy(kept: Mapping[str, Any], meant: str) -> str:
    if meant == "rules" and not kept.get("rules"):
        return "the policy then has no rules, and one that allows without rules refuses everything"
    if meant == "action" and "action" not in kept:
        return "the policy then has no action, and ALLOWS what it matches"
    if meant in ("selector", "targetRefs") and not any(kept.get(name) for name in _ATTACHMENT):
        return "the policy then applies to every workload of its namespace"
    return ""


POLICY_SPEC = Record(
    "the spec",
    {
        **_ATTACHMENT,
        "action": Text(choices=ACTIONS, code="invalid-action", instead={"Allow": "ALLOW", "Deny": "DENY"}),
        "provider": Record("a provider", {"name": Text()}),
        "rules": ListOf(_RULE, most=MOST_RULES),
    },
    consequence=_left_of_policy,
    instead={"matchLabels": "selector: {matchLabels: …}", "from": "rules: [{from: …}]", "to": "rules: [{to: …}]"},
)
_PLACES_OF_TOKENS = ListOf(Record("a header", {"name": Text(), "prefix": Text()}, required=("name",)))
_JWT_RULE = Record(
    "a JWT rule",
    {
        "issuer": Text(),
        "audiences": _STRINGS,
        "jwksUri": Text(),
        "jwks_uri": Text(),
        "jwks": Text(),
        "fromHeaders": _PLACES_OF_TOKENS,
        "fromParams": _STRINGS,
        "fromCookies": _STRINGS,
        "outputPayloadToHeader": Text(),
        "forwardOriginalToken": ANYTHING,
        "outputClaimToHeaders": ListOf(Record("a claim for a header", {"header": Text(), "claim": Text()})),
        "spaceDelimitedClaims": _STRINGS,
        "timeout": Text(),
    },
    instead={"audience": "audiences: […]", "jwksURI": "jwksUri"},
)


def _left_of_tokens(kept: Mapping[str, Any], meant: str) -> str:
    if meant in ("selector", "targetRefs") and not any(kept.get(name) for name in _ATTACHMENT):
        return "it then applies to every workload of its namespace"
    lost = not kept.get("jwtRules") and not kept.get("spec")
    return "no token is then validated, and requests pass with any" if lost else ""


def _left_of_rules(kept: Mapping[str, Any], meant: str) -> str:
    return "" if kept.get("spec") else "the policy then has no rules: it allows nothing, and every request is refused"


AUTHENTICATION_SPEC = Record(
    "the spec",
    {**_ATTACHMENT, "jwtRules": ListOf(_JWT_RULE)},
    consequence=_left_of_tokens,
    instead={"jwt": "jwtRules"},
)


def _object(name: str, spec: Record, consequence: Consequence) -> Record:
    return Record(
        name,
        {"apiVersion": ANYTHING, "kind": ANYTHING, "metadata": METADATA, "spec": spec, "status": ANYTHING},
        required=("metadata",),
        consequence=consequence,
        instead={
            **dict.fromkeys(spec.fields, "inside spec"),
            **dict.fromkeys(("name", "namespace", "labels", "annotations"), "inside metadata"),
        },
    )


_POLICY = _object("an AuthorizationPolicy", POLICY_SPEC, _left_of_rules)
_AUTHENTICATION = _object("a RequestAuthentication", AUTHENTICATION_SPEC, _left_of_tokens)


def accept(manifest: Manifest) -> Accepted:
    """The object as the API server keeps it, and what it and the webhook say to it."""
    policy = manifest.kind == "AuthorizationPolicy"
    kept, report = accepted(manifest, _POLICY if policy else _AUTHENTICATION, Server.CUSTOM)
    spec = kept.get("spec", {})
    if policy:
        checks.check_dry_run(kept, report)
    if usable(report):
        checks.check_attachment(spec, report)
        if policy:
            checks.check_policy(spec, rule_indexes(manifest), report)
        else:
            checks.check_tokens(spec, report)
    return Accepted(spec, report)


def usable(report: Report) -> bool:
    """Whether the spec says something definite: the API server takes it, or a null that istiod skips is all it has
    against it."""
    return all(path[:1] != ("spec",) or _null_rule(report.manifest, path) for path in report.faults)


def _null_rule(manifest: Manifest, path: FieldPath) -> bool:
    if len(path) != 3 or path[1] != "rules" or not isinstance(path[2], int):
        return False
    return bool(manifest.data["spec"]["rules"][path[2]] is None)


def rule_indexes(manifest: Manifest) -> list[int]:
    """Where the rules that are kept stand among those that are written."""
    spec = manifest.data.get("spec")
    written = spec.get("rules") if isinstance(spec, Mapping) else None
    return [index for index, rule in enumerate(written or ()) if rule is not None]
