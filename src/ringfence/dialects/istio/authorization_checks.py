"""What istiod's webhook has against an AuthorizationPolicy or a RequestAuthentication, and what the mesh makes of it.

A policy that was stored before the webhook ran, or past it, is read all the same, often so that it protects less than
it says. Every message therefore names that reading. Source: istio ``pkg/config/validation/validation.go``
(ValidateAuthorizationPolicy, ValidateRequestAuthentication), ``pkg/config/security/security.go``; the readings:
``pilot/pkg/security/authz/model`` and ``pilot/pkg/model/policyattachment.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ringfence.dialects.fields.report import Report, quoted
from ringfence.dialects.istio import attributes, words
from ringfence.model.provenance import FieldPath

DRY_RUN = "istio.io/dry-run"
MOST_ACCOUNTS = 16
LONGEST_ACCOUNT = 320
TARGETS = {
    ("", "Service"),
    ("core", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
}
_EVERYBODY = "a sidecar or waypoint takes it for everybody, ztunnel for nobody"
_EVERY_REQUEST = "a sidecar or waypoint takes it for every request, ztunnel for none"
_IDENTITY = ("principals", "notPrincipals", "namespaces", "notNamespaces")
_ACCOUNTS = ("serviceAccounts", "notServiceAccounts")
_TOKEN = ("requestPrincipals", "notRequestPrincipals")
_CONNECTION = (
    *_IDENTITY,
    *_ACCOUNTS,
    "trustDomains",
    "notTrustDomains",
    "ipBlocks",
    "notIpBlocks",
    "remoteIpBlocks",
    "notRemoteIpBlocks",
)


_SPEC: FieldPath = ("spec",)
_SPELLED = ("action", "rules", "selector", "targetRef", "targetRefs")
"""An empty spec is how one refuses by default what nobody allows: it is meant. With one of these it may not be."""


def check_attachment(spec: Mapping[str, Any], report: Report) -> None:
    """selector and targetRefs."""
    path = _SPEC
    chosen = [name for name in ("selector", "targetRef", "targetRefs") if spec.get(name) is not None]
    if "targetRefs" in chosen and not spec["targetRefs"]:
        chosen.remove("targetRefs")
    if len(chosen) > 1:
        stored = "the targets count: no sidecar and no ztunnel looks at it, whatever the selector says"
        fault = f"has {' and '.join(chosen)} together"
        report.refuse(path, "invalid-choice", fault, stored, "make it two policies")
    selector = spec.get("selector")
    if selector is not None:
        labels = selector.get("matchLabels", {})
        for key, value in labels.items():
            if not key or "*" in key or "*" in value:
                where = (*path, "selector", "matchLabels", key)
                fault = "has an empty key" if not key else "has a wildcard, which selectors do not know"
                hint = "to select every workload, leave the selector out"
                report.refuse(where, "invalid-selector", fault, "it selects nothing: the policy is not enforced", hint)
        if not labels:
            report.warn(
                (*path, "selector"),
                "empty-selector",
                "has no labels: it selects every workload that the policy reaches, as without a selector",
                "leave the selector out, or give it matchLabels",
            )
    if (single := spec.get("targetRef")) is not None:
        _check_target(single, (*path, "targetRef"), report)
    for index, target in enumerate(spec.get("targetRefs", ())):
        _check_target(target, (*path, "targetRefs", index), report)


def _check_target(target: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    group, kind = target.get("group", ""), target["kind"]
    nothing = "the target is none, and a policy with targets never reaches a sidecar or ztunnel: nothing enforces it"
    if not target["name"]:
        report.refuse((*path, "name"), "missing-field", "is empty", nothing, "name the object")
    if target.get("namespace"):
        stored = "a Gateway of another namespace is never found, and a Service is looked for beside the policy"
        hint = "put the policy into the namespace of its target, and leave namespace out"
        report.refuse((*path, "namespace"), "invalid-target", "must be left out", stored, hint)
    if (group, kind) not in TARGETS:
        fault = f"must be a Service, a ServiceEntry, a Gateway or a GatewayClass, not {quoted(f'{group}/{kind}')}"
        hint = "group: gateway.networking.k8s.io, kind: Gateway; or group: '', kind: Service; for pods use a selector"
        report.refuse(path, "invalid-target", fault, nothing, hint)


def check_dry_run(kept: Mapping[str, Any], report: Report) -> None:
    """The annotation for dry runs."""
    annotations = (kept.get("metadata") or {}).get("annotations")
    value = annotations.get(DRY_RUN) if isinstance(annotations, Mapping) else None
    if isinstance(value, str) and words.boolean(value) is None:
        report.warn(
            ("metadata", "annotations", DRY_RUN),
            "invalid-value",
            f"{quoted(value)} is neither true nor false: the policy is enforced",
            'write "true" to only try the policy, or take the annotation out',
        )
    elif isinstance(value, str) and words.boolean(value):
        report.warn(
            ("metadata", "annotations", DRY_RUN),
            "dry-run",
            "only tries the policy: it neither denies anything, nor does it count as one that allows",
            "take the annotation out to enforce the policy",
        )


def check_policy(spec: Mapping[str, Any], indexes: Sequence[int], report: Report) -> None:
    """action, provider and rules. ``indexes``: where the rules stand among those that are written."""
    path = _SPEC
    action = spec.get("action", "ALLOW")
    provider = spec.get("provider")
    rules = spec.get("rules")
    if action in ("DENY", "CUSTOM") and not rules:
        hint = "to match every request, write rules: [{}]"
        stored = "it matches nothing: no request is denied or asked about because of it"
        report.refuse(path, "no-rules", f"has the action {action} and no rules", stored, hint)
    elif action == "ALLOW" and not rules and any(spec.get(name) is not None for name in _SPELLED):
        report.warn(
            path,
            "allows-nothing",
            "has no rules, so that it refuses every request to what it selects",
            "where that is meant, nothing is to do; rules: [{}] allows every request",
        )
    if action == "CUSTOM" and not (provider or {}).get("name"):
        stored = "no provider has an empty name: every request that a rule matches is refused"
        hint = "add provider: {name: …}, one of extensionProviders of the mesh config"
        report.refuse(path, "missing-field", "has the action CUSTOM and no provider.name", stored, hint)
    if provider is not None and action != "CUSTOM":
        hint = "take provider out, or write action: CUSTOM"
        report.refuse((*path, "provider"), "invalid-choice", f"goes with CUSTOM, not {action}", "it is ignored", hint)
    for index, rule in zip(indexes, rules or (), strict=True):
        _check_rule(rule, (*path, "rules", index), action, report)


def _check_rule(rule: Mapping[str, Any], path: FieldPath, action: str, report: Report) -> None:
    for field, everything in (("from", "everybody"), ("to", "every request")):
        if field in rule and not rule[field]:
            hint = f"leave {field} out, or name what is meant; an empty list does not stand for nothing"
            stored = f"it is as if {field} were left out, and stands for {everything}"
            report.refuse((*path, field), "too-few", "must not be empty", stored, hint)
    sources = [entry.get("source") for entry in rule.get("from", ())]
    operations = [entry.get("operation") for entry in rule.get("to", ())]
    for index, source in enumerate(sources):
        where: FieldPath = (*path, "from", index)
        if not _filled(source):
            hint = "name who is meant; to match everybody, leave from out"
            report.refuse(where, "too-few", "has no source, or an empty one", _EVERYBODY, hint)
        else:
            _check_source(source or {}, (*where, "source"), action, report)
    for index, operation in enumerate(operations):
        where = (*path, "to", index)
        if not _filled(operation):
            hint = "name what is meant; to match every request, leave to out"
            report.refuse(where, "too-few", "has no operation, or an empty one", _EVERY_REQUEST, hint)
        else:
            _check_operation(operation or {}, (*where, "operation"), action, report)
    for index, condition in enumerate(rule.get("when", ())):
        _check_condition(condition, (*path, "when", index), action, report)
    if action == "DENY":
        _check_widening(rule, sources, operations, path, report)


def _filled(fields: Mapping[str, Any] | None) -> bool:
    return bool(fields) and any((fields or {}).values())


def _check_source(source: Mapping[str, Any], path: FieldPath, action: str, report: Report) -> None:
    accounts = [name for name in _ACCOUNTS if source.get(name)]
    others = [name for name in _IDENTITY if source.get(name)]
    if accounts and others:
        hint = "serviceAccounts already say the namespace: take the other fields out"
        fault = f"has {accounts[0]} beside {others[0]}"
        report.refuse(path, "invalid-choice", fault, "both have to match", hint)
    for name in _ACCOUNTS:
        _check_accounts(source.get(name, ()), (*path, name), report)
    for name in ("ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"):
        _check_values(source.get(name, ()), words.wrong_block, "invalid-cidr", (*path, name), action, report)
    for name in (*_IDENTITY, *_TOKEN):
        _check_not_empty(source.get(name, ()), (*path, name), report)
    if action == "CUSTOM":
        for name in (*_IDENTITY, *_ACCOUNTS):
            if source.get(name):
                _not_with_custom((*path, name), "it is matched as in other actions", report)
        for name in _TOKEN:
            if source.get(name):
                _not_with_custom((*path, name), _BEFORE_TOKENS, report)


_BEFORE_TOKENS = "the external service is asked before tokens are looked at, so there never is one"


def _not_with_custom(path: FieldPath, stored: str, report: Report) -> None:
    hint = "leave it to the external service, or write a second policy that denies"
    report.refuse(path, "invalid-choice", "does not go with the action CUSTOM", stored, hint)


def _check_accounts(values: Iterable[str], path: FieldPath, report: Report) -> None:
    values = list(values)
    if len(values) > MOST_ACCOUNTS:
        fault = f"has {len(values)} items, of which {MOST_ACCOUNTS} are allowed"
        report.refuse(path, "too-many", fault, "all of them count", "spread them over several entries of from")
    for index, value in enumerate(values):
        wrong, stored = "", "it names no account that there can be"
        if not value:
            wrong = "is empty"
        elif "*" in value:
            wrong = "has a wildcard, which service accounts do not know"
        elif value.count("/") > 1:
            wrong = "has more than one '/'"
        elif len(value) > LONGEST_ACCOUNT:
            wrong = f"has more than {LONGEST_ACCOUNT} characters"
        if wrong:
            hint = "write NAMESPACE/NAME, or NAME for an account of the policy's own namespace"
            report.refuse((*path, index), "invalid-value", f"{quoted(value)} {wrong}", stored, hint)


def _check_operation(operation: Mapping[str, Any], path: FieldPath, action: str, report: Report) -> None:
    for name in ("ports", "notPorts"):
        _check_values(operation.get(name, ()), words.wrong_port, "invalid-port", (*path, name), action, report)
    for name in ("hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"):
        _check_not_empty(operation.get(name, ()), (*path, name), report)
    for name in ("paths", "notPaths"):
        for index, value in enumerate(operation.get(name, ())):
            if wrong := words.wrong_path(value):
                template = words.is_template(value)
                stored = (
                    "the proxy rejects its whole configuration, and goes on with the one before"
                    if template
                    else "it is compared as it is written, braces and all"
                )
                hint = "{*} stands for one segment and {**}, once and last of them, for any number; * only at an end"
                report.refuse((*path, name, index), "invalid-path", f"{quoted(value)} {wrong}", stored, hint)


def _check_values(
    values: Iterable[str], wrong_of: Any, code: str, path: FieldPath, action: str, report: Report
) -> None:
    for index, value in enumerate(values):
        if wrong := wrong_of(value):
            hint = "an address or a CIDR" if code == "invalid-cidr" else "a number from 0 to 65535, in quotes"
            report.refuse((*path, index), code, f"{quoted(value)} {wrong}", _of_bad_value(action), hint)


def _of_bad_value(action: str) -> str:
    if action == "ALLOW":
        return "the whole rule is dropped: it allows nothing"
    return "the value is left out, and where no other is left the field too: the rule then matches more"


def _check_not_empty(values: Iterable[str], path: FieldPath, report: Report) -> None:
    for index, value in enumerate(values):
        if not value:
            report.refuse((*path, index), "invalid-value", "is empty", "it matches next to nothing", 'any value is "*"')


def _check_condition(condition: Mapping[str, Any], path: FieldPath, action: str, report: Report) -> None:
    key = condition["key"]
    values, others = condition.get("values", ()), condition.get("notValues", ())
    sort = attributes.sort_of(key)
    if sort is None:
        effect = (
            "the whole rule is dropped: it allows nothing"
            if action == "ALLOW"
            else f"the whole rule is dropped: NOTHING of it is {_LOST[action]}, requests pass as if it were not there"
        )
        fault = f"{quoted(key)} is not an attribute" if key else "is empty"
        report.refuse((*path, "key"), "unknown-attribute", fault, effect, attributes.hint_for(key))
        return
    if not values and not others:
        stored = "a sidecar or waypoint leaves the condition out, ztunnel takes it for one that never holds"
        report.refuse(path, "too-few", "has neither values nor notValues", stored, "add values, or take it out")
    if attributes.names_no_claim(key):
        fault = f"{quoted(key)} has no name in brackets, such as request.auth.claims[groups]"
        stored = "no request matches any of its values: values never hold, notValues always do"
        report.refuse((*path, "key"), "unknown-attribute", fault, stored, "write the name in brackets after the key")
        return
    if attributes.malformed(key):
        fault = f"{quoted(key)} has no name in brackets, such as request.headers[x-user]"
        stored = (
            "the whole rule is dropped: it allows nothing"
            if action == "ALLOW"
            else "the condition is left out: the rule then matches more"
        )
        report.refuse((*path, "key"), "unknown-attribute", fault, stored, "write the name in brackets after the key")
        return
    for name, given in (("values", values), ("notValues", others)):
        if sort is attributes.Sort.ADDRESS:
            _check_values(given, words.wrong_block, "invalid-cidr", (*path, name), action, report)
        elif sort is attributes.Sort.PORT:
            _check_values(given, words.wrong_port, "invalid-port", (*path, name), action, report)
        else:
            _check_not_empty(given, (*path, name), report)
    if action == "CUSTOM" and key in ("source.namespace", "source.serviceAccount", "source.principal"):
        _not_with_custom((*path, "key"), "it is matched as in other actions", report)
    elif action == "CUSTOM" and key.startswith("request.auth."):
        _not_with_custom((*path, "key"), _BEFORE_TOKENS, report)


_LOST = {"DENY": "denied", "CUSTOM": "asked about", "AUDIT": "logged"}


def _check_widening(
    rule: Mapping[str, Any],
    sources: list[Mapping[str, Any] | None],
    operations: list[Mapping[str, Any] | None],
    path: FieldPath,
    report: Report,
) -> None:
    """A rule that denies by HTTP fields alone denies every connection of a port that is not HTTP."""
    from_connection = any(source.get(name) for source in sources if source for name in _CONNECTION)
    to_connection = any(operation.get(name) for operation in operations if operation for name in ("ports", "notPorts"))
    by_source = any(map(_filled, sources)) and not any(map(_filled, operations)) and not from_connection
    if by_source or (any(map(_filled, operations)) and not to_connection):
        report.warn(
            path,
            "denies-tcp",
            "denies by HTTP fields alone: on ports that are not HTTP these are left out, and every connection that the"
            " rest of the rule matches is denied; ztunnel leaves the rule without effect instead",
            "name the ports that the rule is meant for, in ports beside the other fields",
        )


def check_tokens(spec: Mapping[str, Any], report: Report) -> None:
    """jwtRules."""
    for index, rule in enumerate(spec.get("jwtRules", ())):
        where: FieldPath = (*_SPEC, "jwtRules", index)
        if not rule.get("issuer") and not (rule.get("jwksUri") or rule.get("jwks_uri")):
            stored = "it takes no token"
            report.refuse(where, "missing-field", "has neither issuer nor jwksUri", stored, "add issuer")
        for at, audience in enumerate(rule.get("audiences", ())):
            if not audience:
                report.refuse((*where, "audiences", at), "invalid-value", "is empty", "no token has it", "take it out")
        uri = rule.get("jwksUri") or rule.get("jwks_uri") or ""
        if uri and not uri.startswith(("http://", "https://")):
            fault, stored = f"{quoted(uri)} is no http or https address", "no key is found: every token is refused"
            report.refuse((*where, "jwksUri"), "invalid-value", fault, stored, "write https://…")
