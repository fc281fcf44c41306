"""What the rules of an AuthorizationPolicy mean to ztunnel, the proxy on the node, which only judges connections.

Where it differs from a sidecar's judgement of connections: fields that it does not know make a rule that denies match
nothing, instead of more. Sources: istio ``pilot/pkg/serviceregistry/ambient/authorization.go`` (handleRule); ztunnel
``src/rbac.rs`` (an empty match never matches; a rule without clauses always does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ringfence.dialects.istio import words
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause, Term
from ringfence.dialects.istio.matching import SCHEME, quoted, text
from ringfence.model.mesh import DESTINATION_ADDRESS, PEER_ADDRESS, PEER_IDENTITY, RequestRule
from ringfence.sets.languages.patterns import Numbers, Regex
from ringfence.sets.requests.attributes import PORT
from ringfence.sets.requests.formulas import ALWAYS, NEVER, Formula, Not, Predicate, conjunction, disjunction

ACTIONS = ("ALLOW", "DENY")
CONDITIONS = ("source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port")
_OPERATION = ("destination.port",)
_SOURCE = ("source.ip", "source.namespace", "source.serviceAccount", "source.principal")
_TRUST_DOMAIN = "source.trustDomain"
_PART = "[^/]+"


def rules(policy: AuthorizationPolicy, config: AuthorizationConfig) -> tuple[RequestRule, ...]:
    """The rules that are left of a policy that allows or denies."""
    found = []
    for clause in policy.clauses:
        beyond = _beyond(clause, config)
        if beyond and policy.action == "ALLOW":
            continue
        meaning = conjunction(_parts(clause, policy.attachment.namespace))
        found.append(RequestRule(clause.index, meaning, clause.place, _note(clause, beyond, meaning)))
    return tuple(found)


def _beyond(clause: Clause, config: AuthorizationConfig) -> list[str]:
    """What the rule asks that ztunnel does not know of a connection."""
    silent = () if config.node_counts_trust_domains else (_TRUST_DOMAIN,)
    asked = [(term.key, _SOURCE + silent) for terms in clause.sources for term in terms]
    asked += [(term.key, _OPERATION) for terms in clause.operations for term in terms]
    asked += [(term.key, CONDITIONS) for term in clause.conditions]
    return [key for key, known in asked if key not in known]


def _parts(clause: Clause, namespace: str) -> Iterable[Formula]:
    if clause.operations:
        yield disjunction(_match(terms, _OPERATION, namespace) for terms in clause.operations)
    if clause.sources:
        yield disjunction(_match(terms, _SOURCE, namespace) for terms in clause.sources)
    for condition in clause.conditions:
        yield _match((condition,), CONDITIONS, namespace)


def _match(terms: Sequence[Term], known: tuple[str, ...], namespace: str) -> Formula:
    """One match: all of its fields; without any it never matches."""
    parts: list[Formula] = []
    for term in terms:
        if term.key not in known:
            continue
        values, others = _values(term.key, term.values, namespace), _values(term.key, term.others, namespace)
        if values:
            parts.append(disjunction(values))
        if others:
            parts.append(Not(disjunction(others)))
    return conjunction(parts) if parts else NEVER


def _values(key: str, values: Iterable[str], namespace: str) -> list[Formula]:
    """What the values ask; those that are none are left out."""
    found = [_READERS[key](value, namespace) for value in values]
    return [one for one in found if one is not None]


def _principal(value: str, namespace: str) -> Formula:
    if value == "*":
        return Predicate(PEER_IDENTITY, Regex(f"{SCHEME}.+"))
    if value.startswith("*"):
        return Predicate(PEER_IDENTITY, Regex(f"{SCHEME}.*{quoted(value[1:])}"))
    return Predicate(PEER_IDENTITY, text(SCHEME + value))


def _namespace(value: str, namespace: str) -> Formula:
    if value == "*":
        wanted = _PART
    elif value.startswith("*"):
        wanted = f"[^/]*{quoted(value[1:])}"
    else:
        wanted = f"{quoted(value[:-1])}[^/]*" if value.endswith("*") else quoted(value)
    return Predicate(PEER_IDENTITY, Regex(f"{SCHEME}{_PART}/ns/{wanted}/sa/{_PART}"))


def _account(value: str, namespace: str) -> Formula:
    space, slash, name = value.partition("/")
    if not slash:
        space, name = namespace, value
    return Predicate(PEER_IDENTITY, Regex(f"{SCHEME}{_PART}/ns/{quoted(space)}/sa/{quoted(name)}"))


def _port(value: str, namespace: str) -> Formula | None:
    number = words.port(value)
    return None if number is None else Predicate(PORT, Numbers.of(number))


def _source_address(value: str, namespace: str) -> Formula | None:
    interval = words.block(value)
    return None if interval is None else Predicate(PEER_ADDRESS, Numbers((interval,)))


def _destination_address(value: str, namespace: str) -> Formula | None:
    interval = words.block(value)
    return None if interval is None else Predicate(DESTINATION_ADDRESS, Numbers((interval,)))


_READERS: dict[str, Callable[[str, str], Formula | None]] = {
    "source.principal": _principal,
    "source.namespace": _namespace,
    "source.serviceAccount": _account,
    "source.ip": _source_address,
    "destination.ip": _destination_address,
    "destination.port": _port,
}


def _note(clause: Clause, beyond: Sequence[str], meaning: Formula) -> str:
    domains = any(term.key == _TRUST_DOMAIN for terms in clause.sources for term in terms)
    left = list(dict.fromkeys([*beyond, *([_TRUST_DOMAIN] if domains else ())]))
    if not left:
        return ""
    names = ", ".join(left)
    if meaning == NEVER:
        return f"ztunnel does not know {names}: the rule matches nothing"
    if meaning == ALWAYS:
        return f"ztunnel does not know {names}: the rule matches everything"
    return f"ztunnel does not know {names} and leaves it out: the rule matches more than it says"
