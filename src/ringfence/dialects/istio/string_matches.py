"""Conditions of routes on requests, as formulas.

Source: istio ``pilot/pkg/networking/core/route/route.go`` (TranslateRouteMatch), istio/api
``networking/v1alpha3/virtual_service.proto`` (HTTPMatchRequest, StringMatch), ``pilot/pkg/model/virtualservice.go``
(what becomes of conditions where a route delegates).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Exact, Pattern, Prefix, Present, Regex, Unknown, matches, regular
from ringfence.sets.requests.attributes import HOST, METHOD, PATH, Attribute, header, query
from ringfence.sets.requests.formulas import Formula, Predicate, conjunction, negation

CLAIMS = "@request.auth.claims"
READ = frozenset(
    {"uri", "scheme", "method", "authority", "headers", "withoutHeaders", "queryParams", "ignoreUriCase", "port"}
    | {"gateways", "sourceLabels", "sourceNamespace", "name", "statPrefix"}
)
"""Fields of a match that are read."""


def pattern_of(match: Any, *, ignore_case: bool = False) -> Pattern | None:
    """The pattern of a StringMatch; None: that the field is there is all that is asked."""
    if not isinstance(match, Mapping) or not match:
        return None
    if isinstance(exact := match.get("exact"), str):
        return Exact(exact, ignore_case)
    if isinstance(prefix := match.get("prefix"), str):
        return Prefix(prefix, ignore_case)
    if isinstance(regex := match.get("regex"), str):
        return None if regex == "*" else regular(regex)
    return Unknown("a condition that is not read")


def formula_of(match: Mapping[str, Any]) -> Formula:
    """The requests that one HTTPMatchRequest takes, whoever sends them, at whatever port."""
    return conjunction(_conditions(match))


def _conditions(match: Mapping[str, Any]) -> Iterator[Formula]:
    ignore = match.get("ignoreUriCase") is True
    for key, attribute in (("uri", PATH), ("method", METHOD), ("authority", HOST)):
        if key in match:
            pattern = pattern_of(match[key], ignore_case=ignore and key == "uri")
            yield Predicate(attribute, Present() if pattern is None else pattern)
    if "scheme" in match:
        yield Predicate(Attribute("scheme"), pattern_of(match["scheme"]) or Present())
    for name, one in _items(match.get("headers")):
        yield _of_header(name, one)
    for name, one in _items(match.get("withoutHeaders")):
        yield _without_header(name, one)
    for name, one in _items(match.get("queryParams")):
        yield Predicate(query(name), pattern_of(one) or Present())
    for name in sorted(set(match) - READ):
        yield unread(name)


def unread(name: str) -> Formula:
    """A condition of which only the name is known."""
    return Predicate(Attribute("metadata", name), Unknown(f"the field {name}"))


def _of_header(name: str, match: Any) -> Formula:
    if name.startswith(CLAIMS):
        return unread(name)
    return Predicate(_header(name), pattern_of(match) or Present())


def _without_header(name: str, match: Any) -> Formula:
    """A header that is not there counts as an empty one, where a value is asked for."""
    if name.startswith(CLAIMS):
        return unread(name)
    pattern = pattern_of(match)
    found = negation(Predicate(_header(name), pattern or Present()))
    if pattern is None or isinstance(pattern, Unknown):
        return found
    empty = (isinstance(pattern, Exact | Prefix) and not pattern.text) or (
        isinstance(pattern, Regex) and _takes_nothing(pattern)
    )
    return conjunction((Predicate(_header(name), Present()), found)) if empty else found


def _takes_nothing(pattern: Regex) -> bool:
    try:
        return matches(pattern, b"")
    except TooLarge:
        return True


def _header(name: str) -> Attribute:
    pseudo = {":method": METHOD, ":path": PATH, ":authority": HOST}
    return pseudo.get(name.lower(), header(name))


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return [(str(key), one) for key, one in value.items()] if isinstance(value, Mapping) else ()


# Conditions of a route and of one that it hands requests on to.


def merged(root: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The match of a delegate's route under one of the route that delegates; None: they contradict each other, and
    then the delegate's is passed over."""
    for key in ("uri", "scheme", "method", "authority"):
        if _contradict(root.get(key), own.get(key)):
            return None
    for key in ("headers", "withoutHeaders", "queryParams"):
        others = dict(_items(root.get("headers" if key == "withoutHeaders" else key)))
        if any(_contradict(others.get(name), one) for name, one in _items(own.get(key))):
            return None
    if (root.get("ignoreUriCase") is True) != (own.get("ignoreUriCase") is True):
        return None
    if root.get("port") and own.get("port") and root["port"] != own["port"]:
        return None
    found = {key: value for key, value in root.items() if key not in ("gateways", "sourceLabels", "sourceNamespace")}
    for key, value in own.items():
        if key in ("headers", "withoutHeaders", "queryParams"):
            value = {**dict(_items(root.get(key))), **dict(_items(value))}
        found[key] = value
    return found


def _contradict(root: Any, own: Any) -> bool:
    if not isinstance(root, Mapping) or not isinstance(own, Mapping) or not root or not own:
        return False
    if root.get("regex") or own.get("regex"):
        return True
    if exact := root.get("exact"):
        return bool(own.get("exact") != exact)
    if prefix := root.get("prefix"):
        text = own.get("prefix") or own.get("exact")
        return not (isinstance(text, str) and text.startswith(str(prefix)))
    return True


__all__ = ["formula_of", "merged", "query", "unread"]
