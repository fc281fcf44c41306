"""The filters of Envoy that the engine's reading of policies implies: RBAC for each action, in the order of istiod."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ringfence.model.mesh import (
    DESTINATION_ADDRESS,
    HOST,
    METHOD,
    PATH,
    PEER_ADDRESS,
    PEER_IDENTITY,
    PORT,
    REMOTE_ADDRESS,
    SNI,
    RequestAction,
    RequestPolicy,
    RequestRules,
)
from ringfence.sets.addresses import cidr_texts
from ringfence.sets.languages.patterns import (
    Contains,
    Exact,
    Numbers,
    Pattern,
    Prefix,
    Present,
    Regex,
    Suffix,
    Template,
)
from ringfence.sets.requests.formulas import ALWAYS, AllOf, AnyOf, Formula, Not, Predicate, predicates_of

Json = dict[str, Any]
HTTP_TYPE = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
NETWORK_TYPE = "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC"
TEMPLATE_TYPE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
OF_PERMISSIONS = (HOST, METHOD, PATH, PORT, DESTINATION_ADDRESS, SNI)
ANY = {"any": True}


def filters(rules: RequestRules, *, http: bool) -> list[Json]:
    """The filters in order. Policies of external services are a filter that refuses what would be asked about."""
    enforced = [policy for policy in rules.policies if not policy.shadow]
    found = []
    for action in (RequestAction.EXTERNAL, RequestAction.DENY, RequestAction.ALLOW):
        policies = [policy for policy in enforced if policy.action is action]
        if policies:
            found.append(_filter(policies, "ALLOW" if action is RequestAction.ALLOW else "DENY", http))
    return found


def _filter(policies: Sequence[RequestPolicy], action: str, http: bool) -> Json:
    named = {f"{policy.name}-{rule.index}": _rule(rule.formula) for policy in policies for rule in policy.rules}
    config: Json = {"@type": HTTP_TYPE if http else NETWORK_TYPE, "rules": {"action": action, "policies": named}}
    if not http:
        config["statPrefix"] = "tcp."
    return {"name": "rbac", "typedConfig": config}


def _rule(formula: Formula) -> Json:
    parts = list(_flat(formula))
    permissions = [_permission(part) for part in parts if _asks_permission(part)]
    principals = [_principal(part) for part in parts if not _asks_permission(part)]
    return {
        "permissions": [{"andRules": {"rules": permissions or [ANY]}}],
        "principals": [{"andIds": {"ids": principals or [ANY]}}],
    }


def _flat(formula: Formula) -> Iterable[Formula]:
    if isinstance(formula, AllOf):
        for part in formula.parts:
            yield from _flat(part)
    elif formula != ALWAYS:
        yield formula


def _asks_permission(formula: Formula) -> bool:
    asked = [predicate.attribute for predicate in predicates_of((formula,))]
    return all(one in OF_PERMISSIONS or one.name in ("header", "metadata") for one in asked)


def _permission(formula: Formula) -> Json:
    if isinstance(formula, Not):
        return {"notRule": _permission(formula.part)}
    if isinstance(formula, AllOf):
        return {"andRules": {"rules": [_permission(part) for part in formula.parts] or [ANY]}}
    if isinstance(formula, AnyOf):
        rules = [_permission(part) for part in formula.parts]
        return {"orRules": {"rules": rules}} if rules else {"notRule": ANY}
    attribute, pattern = formula.attribute, formula.pattern
    if isinstance(pattern, Numbers):
        if attribute == PORT:
            return {
                "orRules": {"rules": [{"destinationPort": n} for a, b in pattern.intervals for n in range(a, b + 1)]}
            }
        return {"orRules": {"rules": [{"destinationIp": one} for one in _ranges(pattern)]}}
    if attribute == PATH:
        if isinstance(pattern, Template):
            text = pattern.text.replace("{**}", "**").replace("{*}", "*")
            config = {"@type": TEMPLATE_TYPE, "pathTemplate": text}
            return {"uriTemplate": {"name": "uri-template", "typedConfig": config}}
        return {"urlPath": {"path": string(pattern)}}
    return {"requestedServerName": string(pattern)} if attribute == SNI else _either(formula)


def _principal(formula: Formula) -> Json:
    if isinstance(formula, Not):
        return {"notId": _principal(formula.part)}
    if isinstance(formula, AllOf):
        return {"andIds": {"ids": [_principal(part) for part in formula.parts] or [ANY]}}
    if isinstance(formula, AnyOf):
        ids = [_principal(part) for part in formula.parts]
        return {"orIds": {"ids": ids}} if ids else {"notId": ANY}
    attribute, pattern = formula.attribute, formula.pattern
    if isinstance(pattern, Numbers):
        kind = {PEER_ADDRESS: "directRemoteIp", REMOTE_ADDRESS: "remoteIp"}[attribute]
        return {"orIds": {"ids": [{kind: one} for one in _ranges(pattern)]}}
    if attribute == PEER_IDENTITY:
        return {"authenticated": {"principalName": string(pattern)}}
    return _either(formula)


def _either(predicate: Predicate) -> Json:
    attribute, pattern = predicate.attribute, predicate.pattern
    assert not isinstance(pattern, Numbers)
    if attribute.name == "metadata":
        name, key = "envoy.filters.a.b", "c"
        return {"metadata": {"filter": name, "path": [{"key": key}], "value": {"stringMatch": string(pattern)}}}
    if attribute.name == "claim":
        one = {"stringMatch": string(pattern)}
        path = [{"key": "payload"}, *({"key": step} for step in attribute.key.split("]["))]
        value = {"orMatch": {"valueMatchers": [{"listMatch": {"oneOf": one}}, one]}}
        return {"metadata": {"filter": "envoy.filters.http.jwt_authn", "path": path, "value": value}}
    name = {METHOD: ":method", HOST: ":authority"}.get(attribute, attribute.key)
    if pattern == Present():
        return {"header": {"name": name, "presentMatch": True}}
    return {"header": {"name": name, "stringMatch": string(pattern)}}


def string(pattern: Pattern) -> Json:
    """A StringMatcher."""
    if isinstance(pattern, Present):
        return {"safeRegex": {"regex": ".*" if pattern.empty else ".+"}}
    if isinstance(pattern, Regex):
        return {"safeRegex": {"regex": pattern.text}}
    assert isinstance(pattern, Exact | Prefix | Suffix | Contains), pattern
    kind = type(pattern).__name__.lower()
    return {kind: pattern.text, **({"ignoreCase": True} if pattern.ignore_case else {})}


def _ranges(numbers: Numbers) -> list[Json]:
    found = []
    for text in cidr_texts(numbers.intervals):
        address, _, length = text.partition("/")
        found.append({"addressPrefix": address, "prefixLen": int(length)})
    return found
