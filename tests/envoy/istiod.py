"""The filters of Envoy that istiod makes of AuthorizationPolicies, written apart: it imports nothing of the reading.

Sources: istio ``pilot/pkg/security/authz/model`` (model.go, generator.go), ``matcher``, ``builder`` and
``pilot/pkg/security/trustdomain``, as of 1.30: names within regular expressions are quoted.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Manifest = Mapping[str, Any]
RBAC = {
    True: "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
    False: "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC",
}
TEMPLATE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
TOKEN_FILTER = "envoy.filters.http.jwt_authn"
ANY: Json = {"any": True}


class Dropped(Exception):
    """A rule that allows loses something, and goes as a whole."""


class Nothing(Exception):
    """A value of which no matcher can be made."""


def filters(policies: Iterable[Manifest], domains: Sequence[str], *, http: bool) -> list[Json]:
    """What denies, then what allows."""
    found = []
    enforced = [one for one in policies if not _dry(one)]
    for action in ("DENY", "ALLOW"):
        named: Json = {}
        mine = [one for one in enforced if (one.get("spec") or {}).get("action", "ALLOW") == action]
        for policy in mine:
            for number, rule in enumerate((policy.get("spec") or {}).get("rules") or ()):
                try:
                    made = _Rule(policy, action, domains, http).made(rule)
                except Dropped:
                    continue
                named[f"{policy['metadata']['namespace']}-{policy['metadata']['name']}-{number}"] = made
        if not mine:
            continue
        config: Json = {"@type": RBAC[http], "rules": {"action": action, "policies": named}}
        found.append({"name": "rbac", "typedConfig": config if http else config | {"statPrefix": "tcp."}})
    return found


def _dry(policy: Manifest) -> bool:
    return (policy["metadata"].get("annotations") or {}).get("istio.io/dry-run") == "true"


class _Rule:
    """One rule of a policy; what ``when`` asks is joined to every source, or to every operation."""

    def __init__(self, policy: Manifest, action: str, domains: Sequence[str], http: bool) -> None:
        self.namespace: str = policy["metadata"]["namespace"]
        self.allows = action == "ALLOW"
        self.domains = domains
        self.http = http

    def made(self, rule: Manifest) -> Json:
        permissions: list[Json] = []
        principals: list[Json] = []
        for one in rule.get("when") or ():
            into, known = self._sides(one["key"], permissions, principals)
            if not known:
                raise Dropped
            into += self._both(one["key"], one.get("values") or (), one.get("notValues") or (), into is permissions)
        targets = [one.get("operation") or {} for one in rule.get("to") or ()] or [{}]
        sources = [one.get("source") or {} for one in rule.get("from") or ()] or [{}]
        return {
            "permissions": [
                {"andRules": {"rules": [*self._fields(one, True), *permissions] or [ANY]}} for one in targets
            ],
            "principals": [{"andIds": {"ids": [*self._fields(one, False), *principals] or [ANY]}} for one in sources],
        }

    @staticmethod
    def _sides(key: str, permissions: list[Json], principals: list[Json]) -> tuple[list[Json], bool]:
        if key in ("destination.ip", "destination.port", "connection.sni"):
            return permissions, True
        known = key in _KEYS or key.startswith(("request.headers", "request.auth.claims"))
        return principals, known

    def _fields(self, fields: Manifest, permission: bool) -> list[Json]:
        found: list[Json] = []
        for name in sorted({one[3].lower() + one[4:] if one.startswith("not") else one for one in fields}):
            other = fields.get(f"not{name[0].upper()}{name[1:]}") or ()
            found += self._both(_FIELDS.get(name, name), fields.get(name) or (), other, permission)
        return found

    def _both(self, key: str, values: Sequence[str], others: Sequence[str], permission: bool) -> list[Json]:
        several, negated = ("orRules", "rules"), "notRule"
        if not permission:
            several, negated = ("orIds", "ids"), "notId"
        found = []
        if mine := self._values(key, values):
            found.append({several[0]: {several[1]: mine}})
        if mine := self._values(key, others):
            found.append({negated: {several[0]: {several[1]: mine}}})
        return found

    def _values(self, key: str, values: Sequence[str]) -> list[Json]:
        if key == "source.principal":
            values = _migrated(values, self.domains)
        found = []
        for value in values:
            try:
                found.append(self._value(key, value))
            except Nothing:
                if self.allows:
                    raise Dropped from None
        return found

    def _value(self, key: str, value: str) -> Json:
        if not self.http and (key in ("hosts", "methods", "paths") or key.startswith("request.")):
            raise Nothing
        if key == "source.serviceAccount":
            space, slash, name = value.partition("/")
            space, name = (space, name) if slash else (self.namespace, value)
            return _authenticated({"safeRegex": {"regex": f"spiffe://.+/ns/{space}/(.+/|)sa/{re.escape(name)}(/.+)?"}})
        if key.startswith("request.headers"):
            found = re.fullmatch(r"request\.headers\[(.+)\]", key)
            if found is None:
                raise Nothing
            return _header(found[1], value)
        if key.startswith("request.auth.claims"):
            return _claim(_steps(key.removeprefix("request.auth.claims")), value)
        return _KEYS[key](value)


def _steps(names: str) -> list[str]:
    """``[a][b]`` are two claims within each other; other texts in brackets are the name of one."""
    if re.fullmatch(r"(\[[^\[\]]*\])*", names):
        return re.findall(r"\[([^\[\]]*)\]", names)
    if names[0] != "[" or names[-1] != "]":
        raise Nothing
    return [names[1:-1]]


def _text(value: str, prefix: str = "") -> Json:
    if value == "*":
        return {"safeRegex": {"regex": ".+"}}
    if value.startswith("*"):
        return {"safeRegex": {"regex": f"{prefix}.*{re.escape(value[1:])}"}} if prefix else {"suffix": value[1:]}
    return {"prefix": prefix + value[:-1]} if value.endswith("*") else {"exact": prefix + value}


def _authenticated(matcher: Json) -> Json:
    return {"authenticated": {"principalName": matcher}}


def _namespace(value: str) -> Json:
    return _authenticated({"safeRegex": {"regex": f".*/ns/{'.*'.join(map(re.escape, value.split('*')))}/.*"}})


def _block(kind: str) -> Callable[[str], Json]:
    def made(value: str) -> Json:
        try:
            found = ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise Nothing from None
        return {kind: {"addressPrefix": str(found.network_address), "prefixLen": found.prefixlen}}

    return made


def _loopback(value: str) -> Json:
    """The test's connections come from 127.0.0.0/8, which stands for 10.0.0.0/8."""
    made = _block("directRemoteIp")(value)["directRemoteIp"]
    return {"directRemoteIp": made | {"addressPrefix": re.sub(r"^10\.", "127.", made["addressPrefix"])}}


def _port(value: str) -> Json:
    if not value.isdigit() or int(value) > 65535:
        raise Nothing
    return {"destinationPort": int(value)}


def _header(name: str, value: str, **more: bool) -> Json:
    if value == "*":
        return {"header": {"name": name, "presentMatch": True}}
    return {"header": {"name": name, "stringMatch": _text(value) | more}}


def _path(value: str) -> Json:
    if "{*}" in value or "{**}" in value:
        config = {"@type": TEMPLATE, "pathTemplate": value.replace("{*}", "*").replace("{**}", "**")}
        return {"uriTemplate": {"name": "uri-template", "typedConfig": config}}
    return {"urlPath": {"path": _text(value)}}


def _metadata(path: Sequence[str], value: Json) -> Json:
    steps = [{"key": one} for one in ("payload", *path)]
    return {"metadata": {"filter": TOKEN_FILTER, "path": steps, "value": value}}


def _claim(path: Sequence[str], value: str) -> Json:
    one = {"stringMatch": _text(value)}
    return _metadata(path, {"orMatch": {"valueMatchers": [{"listMatch": {"oneOf": one}}, one]}})


def _request_principal(value: str) -> Json:
    some = {"safeRegex": {"regex": ".+"}}
    slash = "/" in value
    issuer, subject = value.rsplit("/", 1) if slash else (value, "")
    if value == "*":
        first, second = some, some
    elif value.startswith("*"):
        first = some if issuer == "*" or not slash else {"suffix": issuer[1:]}
        second = {"exact": subject} if slash else {"suffix": value[1:]}
    elif value.endswith("*"):
        first = {"exact": issuer} if slash else {"prefix": value[:-1]}
        second = some if subject == "*" or not slash else {"prefix": subject[:-1]}
    else:
        first, second = {"exact": issuer}, {"exact": subject}
    return {
        "andIds": {"ids": [_metadata(["iss"], {"stringMatch": first}), _metadata(["sub"], {"stringMatch": second})]}
    }


def _migrated(values: Sequence[str], domains: Sequence[str]) -> list[str]:
    """Principals of the mesh's own trust domain, once for each of its names."""
    found = []
    for value in values:
        domain, *rest = value.split("/")
        ends = [own for own in domains if domain.startswith("*") and own.endswith(domain[1:])]
        begins = [own for own in domains if domain.endswith("*") and own.startswith(domain[:-1])]
        known = domain == "cluster.local" or domain in domains or ends or begins
        if len(rest) != 4 or domain == "*" or not known:
            found.append(value)
        else:
            found += dict.fromkeys(value if own in ends else "/".join((own, *rest)) for own in domains)
    return found


_FIELDS = {
    "principals": "source.principal",
    "namespaces": "source.namespace",
    "serviceAccounts": "source.serviceAccount",
    "ipBlocks": "source.ip",
    "remoteIpBlocks": "remote.ip",
    "requestPrincipals": "request.auth.principal",
    "ports": "destination.port",
}
_KEYS: dict[str, Callable[[str], Json]] = {
    "source.principal": lambda value: _authenticated(_text(value, "spiffe://")),
    "source.namespace": _namespace,
    "source.serviceAccount": _namespace,
    "source.ip": _loopback,
    "remote.ip": _block("remoteIp"),
    "request.auth.principal": _request_principal,
    "request.auth.audiences": lambda value: _claim(["aud"], value),
    "request.auth.presenter": lambda value: _claim(["azp"], value),
    "destination.ip": _block("destinationIp"),
    "destination.port": _port,
    "connection.sni": lambda value: {"requestedServerName": _text(value)},
    "hosts": lambda value: _header(":authority", value, ignoreCase=True),
    "methods": lambda value: _header(":method", value),
    "paths": _path,
}
