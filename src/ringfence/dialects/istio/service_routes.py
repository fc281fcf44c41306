"""Routes of the Gateway API whose parent is a Service: they hold for what clients in the mesh send to it.

istiod makes a VirtualService of them: of all of one namespace for one Service, and one port if the parentRef names one.
Source: istio ``pilot/pkg/config/kube/gateway/route_collections.go`` (mergeHTTPRoutes), ``conversion.go``
(convertHTTPRoute, sortHTTPRoutes, buildDestination); gateway.networking.k8s.io v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ringfence.dialects.fields.route_matches import ANY_NAME, by_sort, matches_of
from ringfence.dialects.istio.hosts import of_service
from ringfence.dialects.istio.objects import Routed, ServiceEntry, VirtualService
from ringfence.dialects.istio.rewrites import of_filters
from ringfence.dialects.istio.route_objects import Destination, Entry
from ringfence.dialects.istio.shapes import named
from ringfence.model.entries import Carried, Changes
from ringfence.model.provenance import FieldPath, Manifest
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import regular
from ringfence.sets.requests.attributes import PATH, Attribute, header
from ringfence.sets.requests.formulas import ALWAYS, Formula, Predicate, conjunction, predicates_of
from ringfence.sets.requests.spaces import Space
from ringfence.values import replace

KINDS = {
    "HTTPRoute": Carried.REQUESTS,
    "GRPCRoute": Carried.REQUESTS,
    "TLSRoute": Carried.TLS,
    "TCPRoute": Carried.BYTES,
}
ALPHA = ("TLSRoute", "TCPRoute")
"""Kinds that istiod only reads where it is told to read what is not stable yet."""
ENTRIES = "networking.istio.io"
"""The group of ServiceEntries, and of backends that are hosts."""
_READ = ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "RequestMirror", "URLRewrite")
_ORDER = "another route takes the same requests, and which of them is the older is not known"
_TYPES = "it has fields of another type than its API server takes"
_FILTER = "it has a filter of a type that is not modelled ({})"
_BACKEND = "it sends to a {}, which is not modelled"
_NO_NAMES = "it names no hostnames, and releases differ in what it takes then"
_ALPHA = "istiod reads it only with PILOT_ENABLE_ALPHA_GATEWAY_API, or in releases that take it for stable"
_CORE = 'its parentRef has a group other than "", and whether that is the Service is not known'


class _Odd(Exception):
    """What a route does is not known, and why."""


def read_service_routes(manifest: Manifest) -> list[VirtualService]:
    """What a route of the Gateway API says of Services in the mesh: one value for each port that its parents name
    (None: all). Its fields are checked where it is read as a way into the cluster."""
    spec = manifest.data.get("spec")
    carried = KINDS.get(manifest.kind)
    if not isinstance(spec, Mapping) or carried is None:
        return []
    own = named(manifest)
    parents: dict[tuple[int | None, tuple[str, str] | None], list[str]] = {}
    odd = ""
    for one in _mappings(spec.get("parentRefs")):
        kind, group = one.get("kind"), one.get("group")
        home, name, port = str(one.get("namespace") or own.namespace), str(one.get("name")), one.get("port")
        number = port if isinstance(port, int) else None
        if (kind, group) == ("ServiceEntry", ENTRIES):
            parents.setdefault((number, (home, name)), [])
        elif kind == "Service" and "group" in one:
            # Without a group it is the Gateway API's, which has no Services.
            odd = odd if group == "" else _CORE
            parents.setdefault((number, None), []).append(of_service(home, name))
    if not parents:
        return []
    entries: tuple[Entry, ...] = ()
    try:
        entries = tuple(_entries(manifest, spec, carried))
    except _Odd as reason:
        odd = odd or str(reason)
    targets = tuple(dict.fromkeys((one.host, "") for entry in entries for one in entry.destinations))
    plain = any(one.when == ALWAYS or carried is Carried.BYTES for one in entries) and not odd
    plain = plain and not any(one.answers or one.changes or one.mirrors for one in entries)
    routed = Routed(targets, plain)
    whole = VirtualService(
        own,
        (),
        True,
        targets,
        plain,
        entries=entries,
        broken=odd,
        requests=routed if carried is Carried.REQUESTS else None,
        connections=None if carried is Carried.REQUESTS else routed,
    )
    return [replace(whole, hosts=tuple(hosts), port=port, entry=entry) for (port, entry), hosts in parents.items()]


def _entries(manifest: Manifest, spec: Mapping[str, Any], carried: Carried) -> Iterator[Entry]:
    """The rules, one for each of their matches. Raises _Odd."""
    if carried is Carried.TLS and not spec.get("hostnames"):
        raise _Odd(_NO_NAMES)
    names = [one for one in _list(spec.get("hostnames")) if isinstance(one, str)]
    for number, rule in enumerate(_list(spec.get("rules"))):
        if not isinstance(rule, Mapping):
            raise _Odd(_TYPES)
        path: FieldPath = ("spec", "rules", number)
        weighted = _backends(rule)
        filters = _filters(rule)
        entry = Entry(
            carried,
            ({"sniHosts": names},) if carried is Carried.TLS else (),
            tuple(_destination(manifest, one, (*path, "backendRefs", at)) for at, one in weighted),
            manifest.positions.place(path),
            tuple(_mirrors(manifest, filters, path)),
            None,
            # Without a backend it answers with an error of its own.
            any("requestRedirect" in one for one in filters) or not weighted,
            changes=_changes(filters, [each for _, one in weighted for each in _filters(one)]),
            owner=manifest.name,
            index=number,
            of_destinations=tuple(of_filters(_filters(one)) for _, one in weighted),
        )
        if carried is not Carried.REQUESTS:
            yield entry
            continue
        written = rule.get("matches")
        if written is not None and not isinstance(written, list):
            raise _Odd(_TYPES)
        for match in [{}] if written is None else written or [None]:
            if match is not None and not isinstance(match, Mapping):
                raise _Odd(_TYPES)
            yield replace(
                entry,
                when=_formula(match or {}, manifest.kind),
                rank=by_sort(match, manifest.kind),
                rewriting=of_filters(filters, match),
            )


def _backends(rule: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """The backends of a rule that get something. Raises _Odd."""
    written = rule.get("backendRefs")
    if written is not None and not isinstance(written, list):
        raise _Odd(_TYPES)
    found = []
    for number, one in enumerate(written or ()):
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            raise _Odd(_TYPES)
        kind = (one.get("group", ""), one.get("kind", "Service"))
        if kind[1] in ("ServiceImport", "InferencePool"):
            raise _Odd(_BACKEND.format(kind[1]))
        if kind in (("", "Service"), (ENTRIES, "Hostname")) and not isinstance(one.get("port"), int):
            raise _Odd(_TYPES)
        if one.get("weight") != 0:
            found.append((number, one))
    return found


def _destination(manifest: Manifest, backend: Mapping[str, Any], path: FieldPath) -> Destination:
    """What a backend means. Routes of the mesh need no ReferenceGrant."""
    kind, name = (backend.get("group", ""), backend.get("kind", "Service")), str(backend["name"])
    host = ""
    if kind == ("", "Service"):
        host = of_service(str(backend.get("namespace") or manifest.namespace or "default"), name)
    elif kind == (ENTRIES, "Hostname"):
        host = name
    port = backend.get("port")
    return Destination(host, "", port if isinstance(port, int) else None, manifest.positions.place(path))


def _filters(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The filters of a rule or a backend. Raises _Odd where istiod does not take one."""
    written = holder.get("filters")
    if written is not None and not isinstance(written, list):
        raise _Odd(_TYPES)
    for one in written or ():
        if not isinstance(one, Mapping):
            raise _Odd(_TYPES)
        if one.get("type") not in _READ:
            raise _Odd(_FILTER.format(one.get("type")))
    return list(written or ())


def _mirrors(manifest: Manifest, filters: Iterable[Mapping[str, Any]], path: FieldPath) -> Iterator[Destination]:
    for number, one in enumerate(filters):
        mirror = one.get("requestMirror")
        backend = mirror.get("backendRef") if isinstance(mirror, Mapping) else None
        if isinstance(backend, Mapping) and isinstance(backend.get("name"), str):
            yield _destination(manifest, backend, (*path, "filters", number))


def _changes(filters: Iterable[Mapping[str, Any]], of_backends: Iterable[Mapping[str, Any]]) -> Changes:
    host = ""
    found: dict[Attribute, None] = {}
    for one in (*filters, *of_backends):
        rewrite, headers = _mapping(one.get("urlRewrite")), _mapping(one.get("requestHeaderModifier"))
        host = str(rewrite.get("hostname") or host)
        if rewrite.get("path"):
            found[PATH] = None
        for key in ("set", "add"):
            for item in _mappings(headers.get(key)):
                name = str(item.get("name", "")).lower()
                if name == "host":
                    host = str(item.get("value", ""))
                else:
                    found[header(name)] = None
        found.update(dict.fromkeys(header(str(name).lower()) for name in _list(headers.get("remove"))))
    return Changes(host, tuple(found))


def _formula(match: Mapping[str, Any], kind: str) -> Formula:
    method = match.get("method")
    if kind == "GRPCRoute" and isinstance(method, Mapping) and method.get("type") == "RegularExpression":
        # Without the name of a method any path below the service's is meant, however deep.
        service, name = method.get("service"), method.get("method")
        rest = matches_of({"matches": [{**match, "method": None}]}, kind)[0].formula
        pattern = f"/{service or ANY_NAME}/{name or '.+'}"
        return conjunction((Predicate(PATH, regular(pattern)), rest))
    return matches_of({"matches": [match]}, kind)[0].formula


def as_read(
    routes: Iterable[VirtualService], alpha: bool, entries: Iterable[ServiceEntry]
) -> tuple[VirtualService, ...]:
    """The routes as istiod reads them, with the hosts of the ServiceEntries that are their parents. ``alpha``: it is
    told to read what is not stable yet; else it is not known whether its release does."""
    hosts = {(one.named.namespace, one.named.name): one.hosts for one in entries}
    found = []
    for one in routes:
        if one.entry is not None:
            own = tuple(sorted(one.entries, key=lambda each: each.rank, reverse=True))
            if one.port is not None:
                own = tuple(_at_port(each, one.port) for each in own)
            # It holds in the namespace of the entry, which is everybody's, or in its own.
            exports = () if one.entry[0] == one.named.namespace else (".",)
            one = replace(one, hosts=hosts.get(one.entry, ()), entries=own, exports=exports)
        if one.named.kind in ALPHA and not alpha and not one.broken and _does(one):
            one = replace(one, broken=_ALPHA)
        found.append(one)
    return tuple(found)


def _at_port(entry: Entry, port: int) -> Entry:
    return replace(entry, matches=tuple({**match, "port": port} for match in entry.matches or ({},)))


def _does(route: VirtualService) -> bool:
    """Whether a route does more than to send to the Service what is meant for it."""
    return any(one.answers or {each.host for each in one.destinations} != set(route.hosts) for one in route.entries)


# Routes of one namespace for one Service are one.


def together(routes: Sequence[VirtualService], host: str) -> VirtualService:
    """The routes of one kind and one namespace for a host, and one port, as the one that istiod makes of them."""
    told = sorted(routes, key=lambda one: (one.named.created, one.named.name))
    first = told[0]
    if len(told) == 1:
        entries = tuple(sorted(first.entries, key=lambda one: one.rank, reverse=True))
        return replace(first, hosts=(host,), entries=entries)
    known = all(one.named.created for one in told)
    listed = sorted((each for one in told for each in one.entries), key=lambda one: one.rank, reverse=True)
    broken = next((one.broken for one in told if one.broken), "")
    if not known and not broken and _order_matters(listed):
        broken = _ORDER
    named_as = first.named if known else replace(first.named, created="")
    return replace(
        first,
        named=named_as,
        hosts=(host,),
        targets=tuple(dict.fromkeys(target for one in told for target in one.targets)),
        entries=tuple(listed),
        broken=broken,
    )


def _order_matters(entries: Sequence[Entry]) -> bool:
    """Whether rules of different routes, and of one rank, take the same requests and do something else with them."""
    return any(
        one.rank == other.rank and one.owner != other.owner and not _alike(one, other) and _overlap(one, other)
        for number, one in enumerate(entries)
        for other in entries[number + 1 :]
    )


def _alike(one: Entry, other: Entry) -> bool:
    def does(entry: Entry) -> object:
        sends = [
            (one.host, one.port, what) for one, what in zip(entry.destinations, entry.of_destinations, strict=True)
        ]
        return entry.answers, entry.changes, entry.rewriting, sends

    return does(one) == does(other)


def _overlap(one: Entry, other: Entry) -> bool:
    if one.when is None or other.when is None:
        return True
    both = conjunction((one.when, other.when))
    try:
        return not Space(frozenset(predicates_of((both,)))).set_of(both).possibly().is_empty()
    except TooLarge:
        return True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(value) if isinstance(one, Mapping)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


__all__ = ["ALPHA", "KINDS", "as_read", "read_service_routes", "together"]
