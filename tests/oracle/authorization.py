"""AuthorizationPolicy, request by request: the slow and plain way.

Written from the sentences of Istio's reference and of its source on what sidecars, and ztunnel, do with a policy. One
request at a time, every field by itself, straight from the object as it was written. Imports nothing of ringfence.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request, or one connection. ``claims`` None: it has no token. ``metadata``: what ``a.b[c]`` holds."""

    identity: str | None = None
    source: str = "10.0.0.1"
    remote: str = "10.0.0.1"
    destination: str = "10.0.1.1"
    port: int = 80
    sni: str = ""
    method: str = "GET"
    path: str = "/"
    host: str = "a"
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] | None = None
    metadata: str | None = None


@dataclass(frozen=True)
class Where:
    """``chain``: http, tcp or node. ``labels`` and ``namespace`` are the workload's. ``providers``: http, grpc."""

    chain: str
    namespace: str = "foo"
    labels: Mapping[str, str] = field(default_factory=dict)
    root: str = "root"
    domains: Sequence[str] = ("cluster.local",)
    providers: Mapping[str, str] = field(default_factory=dict)
    several: bool = False


def answer(policies: Iterable[Json], issuers: Sequence[Json], asked: Asked, where: Where) -> str:
    """``pass``, ``refuse``, or ``ask``: an external service decides. ``issuers`` are JWT rules that apply here."""
    return by([policy for policy in policies if _selected(policy, where)], issuers, asked, where)


def by(mine: Sequence[Json], issuers: Sequence[Json], asked: Asked, where: Where) -> str:
    """The same, of policies that are known to apply."""
    if where.chain == "node":
        return _node([policy for policy in mine if not _dry(policy)], asked, where)
    ask = False
    custom = [policy for policy in mine if _action(policy) == "CUSTOM"]
    too_many = len({_provider(policy) for policy in custom}) > 1 and not where.several
    for policy in custom:
        # No token is known yet when an external service is asked.
        hit = any(_envoy(rule, policy, asked, where, tokens=False) for rule in _rules(policy))
        kind = where.providers.get(_provider(policy))
        if too_many or kind is None:
            if hit and not _dry(policy):
                return "refuse"
        elif hit and (kind == "grpc" or where.chain == "http"):
            ask = True
    tokens = where.chain == "http" and bool(issuers)
    if tokens and asked.claims is not None and not any(_takes(issuer, asked.claims) for issuer in issuers):
        return "refuse"
    enforced = [policy for policy in mine if not _dry(policy)]
    denying = [policy for policy in enforced if _action(policy) == "DENY"]
    allowing = [policy for policy in enforced if _action(policy) == "ALLOW"]
    for policy in denying:
        if any(_envoy(rule, policy, asked, where, tokens) for rule in _rules(policy)):
            return "refuse"
    if allowing and not any(_envoy(rule, one, asked, where, tokens) for one in allowing for rule in _rules(one)):
        return "refuse"
    return "ask" if ask else "pass"


def _selected(policy: Json, where: Where) -> bool:
    if policy["metadata"]["namespace"] not in (where.namespace, where.root):
        return False
    spec = policy.get("spec") or {}
    if spec.get("targetRefs"):
        return False
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    return all(where.labels.get(key) == value for key, value in wanted.items())


def _action(policy: Json) -> str:
    return str((policy.get("spec") or {}).get("action", "ALLOW"))


def _provider(policy: Json) -> str:
    return str(policy["spec"].get("provider", {}).get("name", ""))


def _rules(policy: Json) -> list[Json]:
    return list((policy.get("spec") or {}).get("rules") or ())


def _dry(policy: Json) -> bool:
    return (policy["metadata"].get("annotations") or {}).get("istio.io/dry-run") == "true"


def _takes(issuer: Json, claims: Json) -> bool:
    wanted, has = issuer.get("audiences") or [], claims.get("aud", [])
    has = [has] if isinstance(has, str) else has
    return issuer["issuer"] == claims.get("iss") and (not wanted or any(one in wanted for one in has))


def _string(pattern: str, text: str | None) -> bool:
    if text is None:
        return False
    if pattern == "*":
        return bool(text)
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _present_or(pattern: str, text: str | None) -> bool:
    return text is not None if pattern == "*" else _string(pattern, text)


def _claim(pattern: str, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(isinstance(one, str) and _string(pattern, one) for one in values)


def _inside(block: str, address: str) -> bool | None:
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return None
    return ipaddress.ip_address(address) in network


def _port(text: str, port: int) -> bool | None:
    return int(text) == port if text.isdigit() and int(text) < 65536 else None


def _principal(pattern: str, identity: str | None, domains: Sequence[str]) -> bool:
    if identity is None:
        return False
    if pattern == "*":
        return True
    parts = pattern.split("/")
    patterns = [pattern]
    if len(parts) == 5 and parts[0] != "*":
        own = [domain for domain in domains if _string(parts[0], domain)]
        if own or parts[0] == "cluster.local":
            patterns = [
                pattern if domain in own and "*" in parts[0] else "/".join([domain, *parts[1:]]) for domain in domains
            ]
    name = identity.removeprefix("spiffe://")
    return identity.startswith("spiffe://") and any(_principal_text(one, name) for one in patterns)


def _principal_text(pattern: str, name: str) -> bool:
    if pattern.startswith("*"):
        return name.endswith(pattern[1:])
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _namespace(pattern: str, identity: str | None) -> bool:
    wanted = ".*".join(map(re.escape, pattern.split("*")))
    return identity is not None and re.fullmatch(f".*/ns/{wanted}/.*", identity) is not None


def _account(pattern: str, identity: str | None, namespace: str) -> bool:
    space, _, name = pattern.rpartition("/")
    wanted = f"spiffe://.+/ns/{re.escape(space or namespace)}/(.+/|)sa/{re.escape(name)}(/.+)?"
    return identity is not None and re.fullmatch(wanted, identity) is not None


def _trust_domain(pattern: str, identity: str | None, domains: Sequence[str]) -> bool:
    patterns = domains if pattern in domains else [pattern]
    if identity is None or not identity.startswith("spiffe://"):
        return False
    domain, slash, _ = identity.removeprefix("spiffe://").partition("/")
    return bool(slash) and any(
        re.fullmatch(".*".join(map(re.escape, one.split("*"))), domain) is not None for one in patterns
    )


def _request_principal(pattern: str, claims: Mapping[str, Any]) -> bool:
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str):
        return False
    first, slash, second = pattern.rpartition("/")
    if pattern == "*":
        return bool(issuer) and bool(subject)
    if slash and pattern.startswith("*"):
        return _string(first, issuer) and subject == second
    if slash and pattern.endswith("*"):
        return issuer == first and _string(second, subject)
    if slash:
        return (issuer, subject) == (first, second)
    if pattern.startswith("*"):
        return bool(issuer) and _string(pattern, subject)
    return _string(pattern, issuer) and (bool(subject) if pattern.endswith("*") else subject == "")


def _path(pattern: str, path: str) -> bool:
    if "{*}" not in pattern and "{**}" not in pattern:
        return _string(pattern, path)
    characters = r"[a-zA-Z0-9\-._~%!$&'()*+,;:@=]"
    text = re.escape(pattern).replace(r"\{\*\*\}", f"({characters}|/)*").replace(r"\{\*\}", f"{characters}+")
    return re.fullmatch(text, path) is not None


HTTP_ONLY = ("hosts", "methods", "paths", "requestPrincipals")
Test = Callable[[str], "bool | None"]


def _field(name: str, policy: Json, asked: Asked, where: Where, tokens: bool) -> Test | None:
    """How one value of a field is tried; None: the chain does not know the field."""
    if where.chain == "tcp" and name in HTTP_ONLY:
        return None
    claims = asked.claims if tokens and asked.claims is not None else {}
    namespace = policy["metadata"]["namespace"]
    tests: dict[str, Test] = {
        "principals": lambda value: _principal(value, asked.identity, where.domains),
        "namespaces": lambda value: _namespace(value, asked.identity),
        "serviceAccounts": lambda value: _account(value, asked.identity, namespace),
        "trustDomains": lambda value: _trust_domain(value, asked.identity, where.domains),
        "ipBlocks": lambda value: _inside(value, asked.source),
        "remoteIpBlocks": lambda value: _inside(value, asked.remote),
        "requestPrincipals": lambda value: _request_principal(value, claims),
        "ports": lambda value: _port(value, asked.port),
        "methods": lambda value: _present_or(value, asked.method),
        "hosts": lambda value: _present_or(value.lower(), asked.host.lower()),
        "paths": lambda value: _path(value, asked.path),
    }
    return tests[name]


_WHEN = {
    "source.ip": "ipBlocks",
    "remote.ip": "remoteIpBlocks",
    "source.namespace": "namespaces",
    "source.principal": "principals",
    "source.serviceAccount": "serviceAccounts",
    "source.trustDomain": "trustDomains",
    "request.auth.principal": "requestPrincipals",
    "destination.port": "ports",
}


class Unknown(Exception):
    """A key that istiod does not know."""


def _when(key: str, policy: Json, asked: Asked, where: Where, tokens: bool) -> Test | None:
    if key in _WHEN:
        return _field(_WHEN[key], policy, asked, where, tokens)
    if key == "destination.ip":
        return lambda value: _inside(value, asked.destination)
    if key == "connection.sni":
        return lambda value: _string(value, asked.sni)
    if key.startswith("experimental.envoy.filters."):
        return lambda value: _string(value, asked.metadata)
    if not key.startswith("request."):
        raise Unknown(key)
    claims = asked.claims if tokens and asked.claims is not None else {}
    if key == "request.auth.audiences":
        test: Test = lambda value: _claim(value, claims.get("aud"))  # noqa: E731
    elif key == "request.auth.presenter":
        test = lambda value: _claim(value, claims.get("azp"))  # noqa: E731
    elif key.startswith("request.auth.claims"):
        written = key.removeprefix("request.auth.claims")
        names = re.findall(r"\[([^\[\]]*)\]", written)
        if "".join(f"[{name}]" for name in names) != written:
            if written[0] != "[" or written[-1] != "]":
                return None
            names = [written[1:-1]]
        found: Any = claims
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        test = lambda value: _claim(value, found)  # noqa: E731
    elif key.startswith("request.headers"):
        if not key.endswith("]"):
            return None
        name = key.removeprefix("request.headers")[1:-1].lower()
        own = {":method": asked.method, ":authority": asked.host, "host": asked.host}
        test = lambda value: _present_or(value, own.get(name, asked.headers.get(name)))  # noqa: E731
    else:
        raise Unknown(key)
    return None if where.chain == "tcp" else test


class Dropped(Exception):
    """The whole rule goes."""


def _one(values: Sequence[str], others: Sequence[str], test: Test | None, allow: bool) -> bool:
    """One field with its negation; what cannot be tried goes, and takes a rule that allows with it."""
    wanted = [test(value) if test is not None else None for value in values]
    unwanted = [test(value) if test is not None else None for value in others]
    if allow and None in wanted + unwanted:
        raise Dropped
    hits = [one for one in wanted if one is not None]
    return (not hits or any(hits)) and not any(unwanted)


def _envoy(rule: Json, policy: Json, asked: Asked, where: Where, tokens: bool) -> bool:
    """Whether a rule matches on a chain of Envoy."""
    allow = _action(policy) == "ALLOW"
    try:
        conditions = [
            _one(
                one.get("values") or (),
                one.get("notValues") or (),
                _when(one["key"], policy, asked, where, tokens),
                allow,
            )
            for one in rule.get("when") or ()
        ]
        sources = [_fields(one.get("source") or {}, policy, asked, where, tokens) for one in rule.get("from") or ()]
        targets = [_fields(one.get("operation") or {}, policy, asked, where, tokens) for one in rule.get("to") or ()]
    except (Dropped, Unknown):
        return False
    return all(conditions) and (not sources or any(sources)) and (not targets or any(targets))


def _fields(fields: Json, policy: Json, asked: Asked, where: Where, tokens: bool) -> bool:
    allow, matched = _action(policy) == "ALLOW", True
    for name in sorted({_positive(name) for name in fields}):
        values, others = fields.get(name) or (), fields.get(f"not{name[0].upper()}{name[1:]}") or ()
        # Every field is looked at, also after one that does not match: it may drop the rule.
        matched &= _one(values, others, _field(name, policy, asked, where, tokens), allow)
    return matched


def _positive(name: str) -> str:
    return name[3].lower() + name[4:] if name.startswith("not") else name


# ztunnel.

_L4_SOURCE = ("principals", "namespaces", "serviceAccounts", "ipBlocks")
_L4_WHEN = ("source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port")


def _node(policies: Sequence[Json], asked: Asked, where: Where) -> str:
    if any(_node_rule(rule, one, asked, where) for one in policies if _action(one) == "DENY" for rule in _rules(one)):
        return "refuse"
    allowing = [one for one in policies if _action(one) == "ALLOW"]
    if allowing and not any(_node_rule(rule, one, asked, where) for one in allowing for rule in _rules(one)):
        return "refuse"
    return "pass"


def _node_rule(rule: Json, policy: Json, asked: Asked, where: Where) -> bool:
    sources = [one.get("source") or {} for one in rule.get("from") or ()]
    targets = [one.get("operation") or {} for one in rule.get("to") or ()]
    conditions = list(rule.get("when") or ())
    beyond = any(_used(one) - {*_L4_SOURCE, "trustDomains"} for one in sources)
    beyond = beyond or any(_used(one) - {"ports"} for one in targets)
    beyond = beyond or any(one["key"] not in _L4_WHEN for one in conditions)
    if beyond and _action(policy) == "ALLOW":
        return False
    clauses = []
    if targets:
        clauses.append(any(_match(one, ("ports",), policy, asked, where) for one in targets))
    if sources:
        clauses.append(any(_match(one, _L4_SOURCE, policy, asked, where) for one in sources))
    for one in conditions:
        name = {"destination.ip": "destination"}.get(one["key"], _WHEN.get(one["key"], ""))
        known = (name,) if one["key"] in _L4_WHEN else ()
        negated = f"not{name[:1].upper()}{name[1:]}"
        fields = {name: one.get("values") or (), negated: one.get("notValues") or ()}
        clauses.append(_match(fields, known, policy, asked, where))
    return all(clauses)


def _used(fields: Json) -> set[str]:
    return {_positive(name) for name, values in fields.items() if values}


def _match(fields: Json, known: Sequence[str], policy: Json, asked: Asked, where: Where) -> bool:
    """One match: every field that there is; without any, never."""
    anything = False
    for name in known:
        for key, positive in ((name, True), (f"not{name[0].upper()}{name[1:]}", False)):
            told = [_node_value(name, value, policy, asked) for value in fields.get(key) or ()]
            told = [one for one in told if one is not None]
            if told:
                anything = True
                if any(told) != positive:
                    return False
    return anything


def _node_value(name: str, value: str, policy: Json, asked: Asked) -> bool | None:
    if name == "ports":
        return _port(value, asked.port)
    if name == "ipBlocks":
        return _inside(value, asked.source)
    if name == "destination":
        return _inside(value, asked.destination)
    parts = (asked.identity or "").removeprefix("spiffe://").split("/")
    if name == "principals":
        return asked.identity is not None and _string(value, "/".join(parts))
    space, account = (parts[2], parts[4]) if len(parts) == 5 else ("", "")
    if name == "namespaces":
        return asked.identity is not None and _string(value, space)
    wanted, _, own = value.rpartition("/")
    return asked.identity is not None and (wanted or policy["metadata"]["namespace"], own) == (space, account)
