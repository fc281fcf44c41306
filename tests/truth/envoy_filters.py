"""An interpreter of Envoy's filters for authorization: RBAC and ext_authz, of HTTP and of connections.

Written from Envoy's API documentation (config.rbac.v3, type.matcher.v3, extensions.filters.*.rbac.v3 and ext_authz.v3).
It knows nothing of ringfence, and every matcher that it does not know is an error.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Probe:
    """One request as Envoy sees it. ``claims`` None: no validated token. ``metadata`` by filter and key."""

    port: int = 80
    source: str = "192.0.2.1"
    remote: str = "192.0.2.1"
    destination: str = "192.0.2.2"
    identity: str | None = None
    sni: str = ""
    method: str = "GET"
    path: str = "/"
    host: str | None = "example.test"
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] | None = None
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Answer(Enum):
    """What a chain of filters does: an external service decides in the last case."""

    PASS = "pass"
    REFUSE = "refuse"
    ASK = "ask"


class NotKnown(ValueError):
    """A matcher that is not implemented here."""


def answer(filters: Iterable[Json], probe: Probe) -> Answer:
    """What the filters do with a request, in their order."""
    effective: str | None = None
    asked = False
    for one in filters:
        config = one["typedConfig"]
        kind = config["@type"].rpartition(".")[2]
        if kind == "RBAC":
            if (rules := config.get("rules")) is not None and not enforced(rules, probe):
                return Answer.REFUSE
            if config.get("shadowRulesStatPrefix") == "istio_ext_authz_":
                effective = next(iter(matching(config["shadowRules"], probe)), None)
        elif kind == "ExtAuthz":
            prefix = config["filterEnabledMetadata"]["value"]["stringMatch"]["prefix"]
            asked = asked or (effective is not None and effective.startswith(prefix))
        else:
            raise NotKnown(kind)
    return Answer.ASK if asked else Answer.PASS


def enforced(rules: Json, probe: Probe) -> bool:
    """Whether the rules of one filter let a request pass."""
    action = rules.get("action", "ALLOW")
    if action == "LOG":
        return True
    found = bool(matching(rules, probe))
    return found if action == "ALLOW" else not found


def matching(rules: Json, probe: Probe) -> list[str]:
    """The names of the policies that match."""
    return [name for name, policy in sorted((rules.get("policies") or {}).items()) if policy_matches(policy, probe)]


def policy_matches(policy: Json, probe: Probe) -> bool:
    """Some permission and some principal."""
    return any(holds(one, probe) for one in policy["permissions"]) and any(
        holds(one, probe) for one in policy["principals"]
    )


def holds(rule: Json, probe: Probe) -> bool:
    """One permission or principal."""
    ((kind, value),) = rule.items()
    reader = _READERS.get(kind)
    if reader is None:
        raise NotKnown(kind)
    return reader(value, probe)


def _header(value: Json, probe: Probe) -> bool:
    name = value["name"].lower()
    found = {":method": probe.method, ":path": probe.path, ":authority": probe.host}.get(name, probe.headers.get(name))
    if "presentMatch" in value:
        return (found is not None) == value["presentMatch"]
    return found is not None and _string(value["stringMatch"], found)


def _string(matcher: Json, text: str) -> bool:
    if "safeRegex" in matcher:
        return re.fullmatch(matcher["safeRegex"]["regex"], text, re.DOTALL) is not None
    for kind, compare in _COMPARISONS.items():
        if kind in matcher:
            wanted = matcher[kind]
            if matcher.get("ignoreCase"):
                wanted, text = wanted.lower(), text.lower()
            return compare(text, wanted)
    raise NotKnown(str(matcher))


_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "suffix": str.endswith,
    "contains": str.__contains__,
}


def _value(matcher: Json, value: Any) -> bool:
    ((kind, inner),) = matcher.items()
    if kind == "stringMatch":
        return isinstance(value, str) and _string(inner, value)
    if kind == "orMatch":
        return any(_value(one, value) for one in inner["valueMatchers"])
    if kind == "listMatch":
        return isinstance(value, list) and any(_value(inner["oneOf"], one) for one in value)
    raise NotKnown(kind)


def _metadata(value: Json, probe: Probe) -> bool:
    found: Any = probe.metadata.get(value["filter"])
    if value["filter"] == "envoy.filters.http.jwt_authn":
        found = None if probe.claims is None else {"payload": probe.claims}
    for step in value["path"]:
        found = found.get(step["key"]) if isinstance(found, Mapping) else None
    return found is not None and _value(value["value"], found)


_CHARACTERS = r"[a-zA-Z0-9\-._~%!$&'()*+,;:@=]"


def _template(value: Json, probe: Probe) -> bool:
    parts = re.split(r"(\*\*|\*)", value["typedConfig"]["pathTemplate"])
    wild = {"*": f"{_CHARACTERS}+", "**": f"(?:{_CHARACTERS}|/)*"}
    return re.fullmatch("".join(wild.get(part) or re.escape(part) for part in parts), probe.path) is not None


def _range(value: Json, address: str) -> bool:
    network = ipaddress.ip_network((value["addressPrefix"], value["prefixLen"]), strict=False)
    return ipaddress.ip_address(address) in network


def _authenticated(value: Json, probe: Probe) -> bool:
    if not value:
        return probe.identity is not None
    return probe.identity is not None and _string(value["principalName"], probe.identity)


_READERS: dict[str, Callable[[Any, Probe], bool]] = {
    "any": lambda value, probe: bool(value),
    "andRules": lambda value, probe: all(holds(one, probe) for one in value["rules"]),
    "orRules": lambda value, probe: any(holds(one, probe) for one in value["rules"]),
    "notRule": lambda value, probe: not holds(value, probe),
    "andIds": lambda value, probe: all(holds(one, probe) for one in value["ids"]),
    "orIds": lambda value, probe: any(holds(one, probe) for one in value["ids"]),
    "notId": lambda value, probe: not holds(value, probe),
    "header": _header,
    "urlPath": lambda value, probe: _string(value["path"], probe.path),
    "uriTemplate": _template,
    "destinationPort": lambda value, probe: probe.port == value,
    "destinationIp": lambda value, probe: _range(value, probe.destination),
    "directRemoteIp": lambda value, probe: _range(value, probe.source),
    "remoteIp": lambda value, probe: _range(value, probe.remote),
    "requestedServerName": lambda value, probe: _string(value, probe.sni),
    "authenticated": _authenticated,
    "metadata": _metadata,
}


def conditions(policy: Json) -> list[Json]:
    """What a policy with one permission and one principal asks, each condition by itself."""
    return [one for rule in (*policy["permissions"], *policy["principals"]) for one in _flat(rule)]


def _flat(rule: Json) -> list[Json]:
    ((kind, value),) = rule.items()
    inner = value.get("rules", value.get("ids")) if isinstance(value, Mapping) else None
    if kind in ("andRules", "andIds") or (kind in ("orRules", "orIds") and len(inner) == 1):
        return [one for part in inner for one in _flat(part)]
    return [rule]


def values(conditions: Iterable[Json]) -> list[Json]:
    """The values that conditions are about, each by itself; without those of metadata, which are in one matcher."""
    found: list[Json] = []
    for condition in conditions:
        ((kind, value),) = condition.items()
        if kind in ("orRules", "orIds", "andRules", "andIds"):
            found += values(value.get("rules") or value["ids"])
        elif kind in ("notRule", "notId"):
            found += values([value])
        elif kind not in ("metadata", "any"):
            found.append(condition)
    return found


def texts(value: Any) -> set[str]:
    """Every string that a matcher holds."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, Mapping):
        return {text for one in value.values() for text in texts(one)}
    return {text for one in value for text in texts(one)} if isinstance(value, list) else set()
