"""What routes change of a request: of a VirtualService (``rewrite``, ``headers.request``) and of the Gateway API
(filters URLRewrite and RequestHeaderModifier).

Source: istio ``pilot/pkg/networking/core/route/route.go`` (applyHTTPRouteDestination, TranslateHeadersOperations),
``pilot/pkg/config/kube/gateway/conversion.go`` (createRewriteFilter, createHeadersFilter).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ringfence.model.rewriting import AS_IT_IS, HEADERS_THAT_TELL_MORE, LEFT_OUT, Rewriting, both
from ringfence.values import replace

HOSTS = frozenset((":authority", "host"))
_REGEX = "it rewrites by a regular expression"
_FORMAT = "it writes a header field that is made of the request or the connection ({})"
_MORE = "it changes the header field {}, which says more than its text"
_LEFT_OUT = "the snapshot does not keep what it writes into the header field {}"
_TYPES = "it is not written as its API server takes it"
_ROOT = "it replaces the prefix /, and releases differ in how"


def of_route(route: Mapping[str, Any]) -> Rewriting:
    """What a route of a VirtualService changes, but for the prefix that its match takes."""
    rewrite = route.get("rewrite")
    found = of_headers(route)
    if rewrite is None:
        return found
    if not isinstance(rewrite, Mapping):
        return replace(found, unsure=_TYPES)
    uri, authority = rewrite.get("uri"), rewrite.get("authority")
    if rewrite.get("uriRegexRewrite"):
        return replace(found, unsure=_REGEX)
    if not all(isinstance(one, str | None) for one in (uri, authority)):
        return replace(found, unsure=_TYPES)
    return replace(found, path=uri or None, host=authority or found.host)


def of_headers(holder: Mapping[str, Any]) -> Rewriting:
    """What ``headers.request`` of a route or of a destination changes. What is of another type than its API server
    takes is passed over."""
    headers = holder.get("headers")
    request = headers.get("request") if isinstance(headers, Mapping) else None
    if not isinstance(request, Mapping):
        return AS_IT_IS
    replaced, added, removed = (request.get(key) for key in ("set", "add", "remove"))
    return _headers(
        removed if isinstance(removed, list) else [],
        replaced.items() if isinstance(replaced, Mapping) else (),
        added.items() if isinstance(added, Mapping) else (),
    )


def _headers(
    removed: Iterable[Any], replaced: Iterable[tuple[Any, Any]], added: Iterable[tuple[Any, Any]]
) -> Rewriting:
    host, unsure = "", ""
    pairs: list[list[tuple[str, str]]] = [[], []]
    # Of a host that is set and added the one that is set counts.
    for kept, given in ((pairs[1], added), (pairs[0], replaced)):
        for name, value in given:
            if not isinstance(name, str) or not isinstance(value, str):
                unsure = _TYPES
            elif name.lower() in HOSTS:
                host = value
            elif not name.startswith(":"):
                kept.append((name.lower(), value))
    gone = tuple(str(name).lower() for name in removed if str(name).lower() not in HOSTS)
    found = Rewriting(None, "", False, host, gone, tuple(pairs[0]), tuple(pairs[1]), unsure)
    formatted = next((name for name, value in (*found.replaced, *found.added) if "%" in value), "")
    telling = next(iter(sorted(found.names & HEADERS_THAT_TELL_MORE)), "")
    if formatted or telling or "%" in host:
        why = _LEFT_OUT if LEFT_OUT in dict((*found.replaced, *found.added)).values() else _FORMAT
        unsure = unsure or (_MORE.format(telling) if telling else why.format(formatted or "host"))
    return replace(found, unsure=unsure)


def of_match(found: Rewriting, match: Mapping[str, Any]) -> Rewriting:
    """The same for what one match of a VirtualService's route takes: its prefix is what is replaced."""
    uri = match.get("uri")
    if found.path is None:
        return found
    if not isinstance(uri, Mapping) or not uri:
        return replace(found, prefix="/")
    prefix = uri.get("prefix")
    if "exact" not in uri and isinstance(prefix, str):
        return replace(found, prefix=prefix) if prefix else replace(found, unsure=_TYPES)
    return found


def of_filters(filters: Iterable[Mapping[str, Any]], match: Mapping[str, Any] | None = None) -> Rewriting:
    """What filters of the Gateway API change of what one ``match`` takes."""
    found = Rewriting()
    for one in filters:
        headers, rewrite = one.get("requestHeaderModifier"), one.get("urlRewrite")
        if isinstance(headers, Mapping):
            found = both(found, _of_modifier(headers))
        if isinstance(rewrite, Mapping):
            found = _rewritten(found, rewrite, match or {})
    return found


def _of_modifier(headers: Mapping[str, Any]) -> Rewriting:
    pairs: list[list[tuple[Any, Any]]] = []
    for key in ("set", "add"):
        written = headers.get(key) or []
        if not isinstance(written, list) or not all(isinstance(one, Mapping) for one in written):
            return Rewriting(unsure=_TYPES)
        # Of several with one name the first counts.
        seen: dict[Any, Any] = {}
        for one in written:
            seen.setdefault(str(one.get("name", "")).lower(), one.get("value"))
        pairs.append(list(seen.items()))
    removed = headers.get("remove") or []
    return _headers(removed, *pairs) if isinstance(removed, list) else Rewriting(unsure=_TYPES)


def _rewritten(found: Rewriting, rewrite: Mapping[str, Any], match: Mapping[str, Any]) -> Rewriting:
    host, path = rewrite.get("hostname"), rewrite.get("path")
    found = replace(found, host=host if isinstance(host, str) and host else found.host)
    if path is None:
        return found
    kind = path.get("type") if isinstance(path, Mapping) else None
    value = path.get({"ReplaceFullPath": "replaceFullPath"}.get(str(kind), "replacePrefixMatch")) if kind else None
    if not isinstance(value, str) or "\\" in value:
        return replace(found, unsure=_TYPES)
    if kind == "ReplaceFullPath":
        return replace(found, path=value)
    taken = match.get("path")
    words = taken if isinstance(taken, Mapping) else {}
    prefix = str(words.get("value") or "/")
    if words.get("type", "PathPrefix") != "PathPrefix" or prefix == "/":
        return replace(found, unsure=_ROOT if prefix == "/" else _TYPES)
    return replace(found, path=value.removesuffix("/") or "/", prefix=prefix.removesuffix("/"), segments=True)


__all__ = ["HOSTS", "of_filters", "of_headers", "of_match", "of_route"]
