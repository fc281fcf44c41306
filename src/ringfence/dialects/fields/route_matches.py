"""Which requests the matches of a route of the Gateway API take, and how specific each is.

Source: gateway.networking.k8s.io v1 ``HTTPRouteMatch``, ``GRPCRouteMatch`` (values, and the order of precedence, which
leaves regular expressions to the controller); istio ``pilot/pkg/config/kube/gateway/conversion.go`` (sortHTTPRoutes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.model.entries import RequestMatch
from ringfence.sets.languages.patterns import Exact, Pattern, Prefix, regular
from ringfence.sets.requests.attributes import METHOD, PATH, header, query
from ringfence.sets.requests.formulas import ALWAYS, Formula, Predicate, conjunction, disjunction
from ringfence.values import replace

ANY_NAME = "[^/]+"


def matches_of(rule: Mapping[str, Any], kind: str) -> tuple[RequestMatch, ...]:
    """The matches of a rule; without any it takes every request."""
    if kind not in ("HTTPRoute", "GRPCRoute"):
        return (RequestMatch(ALWAYS),)
    written = rule.get("matches")
    if written == []:
        return (replace(_match({}, kind), by_sort=by_sort(None, kind)),)
    listed = [one for one in written if isinstance(one, Mapping)] if isinstance(written, list) else []
    return tuple(_match(one, kind) for one in listed or [{}])


def _match(match: Mapping[str, Any], kind: str) -> RequestMatch:
    parts: list[Formula] = []
    rank = [0, 0, 0, 0, 0]
    if kind == "GRPCRoute":
        parts += _of_call(match.get("method"), rank)
    else:
        parts += _of_path(match.get("path"), rank)
        if isinstance(match.get("method"), str):
            parts.append(Predicate(METHOD, Exact(match["method"])))
            rank[2] = 1
    for key, place in (("headers", 3), ("queryParams", 4)):
        # Of several entries with one name only the first counts.
        seen: dict[str, Mapping[str, Any]] = {}
        entries = match.get(key)
        for one in entries if isinstance(entries, list) else ():
            if isinstance(one, Mapping) and isinstance(one.get("name"), str):
                seen.setdefault(one["name"].lower() if key == "headers" else one["name"], one)
        for name, one in seen.items():
            rank[place] += 1
            value = str(one.get("value", ""))
            pattern = regular(value) if one.get("type") == "RegularExpression" else Exact(value)
            parts.append(Predicate(header(name) if key == "headers" else query(name), pattern))
    path = match.get("method" if kind == "GRPCRoute" else "path")
    is_regular = isinstance(path, Mapping) and path.get("type") == "RegularExpression"
    return RequestMatch(conjunction(parts), rank=tuple(rank), by_sort=by_sort(match, kind), regular=is_regular)


def by_sort(match: Mapping[str, Any] | None, kind: str) -> tuple[int, ...]:
    """The rank of a match where exact paths go first, then prefixes, then regular expressions, each the longest first.
    None: the rule has no matches at all."""
    if match is None:
        return (-2,)
    if kind == "GRPCRoute":
        sort, length, method = _sort_of_call(match.get("method"))
    else:
        path = match.get("path")
        written: Mapping[str, Any] = path if isinstance(path, Mapping) else {}
        sort = {"Exact": 3, "RegularExpression": 1}.get(str(written.get("type")), 2)
        value = str(written.get("value") or "/")
        length = len(value.removesuffix("/") or "/") if sort == 2 else len(value)
        method = int(isinstance(match.get("method"), str))
    return (sort, length, method, _count(match.get("headers")), _count(match.get("queryParams")))


def _sort_of_call(written: Any) -> tuple[int, int, int]:
    if not isinstance(written, Mapping) or not (written.get("service") or written.get("method")):
        return -1, 0, 0
    service, name = str(written.get("service") or ""), str(written.get("method") or "")
    if written.get("type") == "RegularExpression" or not service:
        return 1, len(f"/{service or ANY_NAME}/{name or '.+'}"), 0
    return (3, len(f"/{service}/{name}"), 0) if name else (2, len(f"/{service}/"), 0)


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _of_path(path: Any, rank: list[int]) -> Iterator[Formula]:
    written: Mapping[str, Any] = path if isinstance(path, Mapping) else {}
    value, sort = str(written.get("value") or "/"), written.get("type") or "PathPrefix"
    rank[1] = len(value)
    if sort == "PathPrefix":
        yield of_segments(value)
        return
    rank[0] = int(sort == "Exact")
    yield Predicate(PATH, Exact(value) if sort == "Exact" else regular(value))


def of_segments(prefix: str) -> Formula:
    """Paths that begin with some whole segments."""
    short = prefix.rstrip("/")
    if not short:
        return ALWAYS
    return disjunction((Predicate(PATH, Exact(short)), Predicate(PATH, Prefix(f"{short}/"))))


def _of_call(method: Any, rank: list[int]) -> Iterator[Formula]:
    """A method of gRPC is a path of two segments."""
    if not isinstance(method, Mapping):
        return
    service, name = str(method.get("service") or ""), str(method.get("method") or "")
    if method.get("type") == "RegularExpression":
        yield Predicate(PATH, regular(f"/{service or ANY_NAME}/{name or ANY_NAME}"))
        return
    rank[0], rank[1] = int(bool(service and name)), len(service) + len(name)
    if service or name:
        yield Predicate(PATH, _called(service, name))


def _called(service: str, name: str) -> Pattern:
    if service and name:
        return Exact(f"/{service}/{name}")
    return Prefix(f"/{service}/") if service else regular(f"/{ANY_NAME}/{name}")
