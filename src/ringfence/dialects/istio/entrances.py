"""Istio's Gateways and the VirtualServices that are bound to them, as ways into the cluster.

Source: istio ``pilot/pkg/networking/core/gateway.go`` (hosts of a server, routes by protocol), ``pilot/pkg/model``
(gateway.go: servers of one port; push_context.go: which VirtualServices a gateway sees; virtualservice.go: delegates),
``pkg/config/host`` (hosts in common).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ringfence.dialects.istio.domain import in_usual_domain
from ringfence.dialects.istio.hosts import CLUSTER_DOMAIN, covers, full_name, visible
from ringfence.dialects.istio.objects import GatewayServer, IngressGateway, IstioObjects, VirtualService
from ringfence.dialects.istio.route_objects import Destination, Entry, Match, with_delegates
from ringfence.dialects.istio.speech import parse
from ringfence.dialects.istio.string_matches import formula_of
from ringfence.dialects.istio.versions import Release
from ringfence.model.cluster import NAME_LABEL
from ringfence.model.entries import (
    NO_HOST,
    BackendRef,
    Carried,
    Gateway,
    Listener,
    ListenerTls,
    Parent,
    RequestMatch,
    Route,
    RouteRule,
)
from ringfence.model.mesh import SNI, Speech
from ringfence.sets.labels import EVERYTHING, Selector
from ringfence.sets.languages.patterns import Exact, Suffix
from ringfence.sets.requests.formulas import ALWAYS, Formula, Predicate, disjunction
from ringfence.values import replace

GROUP = "networking.istio.io"
ONE_NAMESPACE = "PILOT_SCOPE_GATEWAY_TO_NAMESPACE"
SOFTWARE = "Istio gateway"
NO_SELECTOR = "it has no selector, so that it configures whatever is a gateway"
_TLS = {
    "PASSTHROUGH": ListenerTls.PASSES,
    "SIMPLE": ListenerTls.ENDS,
    "MUTUAL": ListenerTls.CERTIFICATE,
    "OPTIONAL_MUTUAL": ListenerTls.OPTIONAL,
    "ISTIO_MUTUAL": ListenerTls.MESH,
    "AUTO_PASSTHROUGH": ListenerTls.AUTOMATIC,
}


def entrances(objects: IstioObjects) -> tuple[tuple[Route, ...], tuple[Gateway, ...]]:
    """The routes and the gateways."""
    anywhere = Release(objects).flag(ONE_NAMESPACE, False) is not True
    gateways = tuple(_gateway(one, anywhere) for one in objects.gateways if not one.gateway)
    outside = frozenset(host for entry in objects.service_entries for host in entry.hosts)
    # Hosts that clients outside ask for are as they are written; those that routes send to name Services.
    usual = in_usual_domain(objects).virtual_services
    services = [replace(one, entries=other.entries) for one, other in zip(objects.virtual_services, usual, strict=True)]
    return tuple(_routes(services, outside)), gateways


def _gateway(gateway: IngressGateway, anywhere: bool) -> Gateway:
    named = gateway.named
    return Gateway(
        named.namespace,
        named.name,
        "",
        tuple(one for number, server in enumerate(gateway.servers) for one in _listeners(server, number, gateway)),
        named.place,
        GROUP,
        Selector.exactly(gateway.selector),
        anywhere,
        SOFTWARE,
        gateway.broken or ("" if gateway.selector else NO_SELECTOR),
    )


def _listeners(server: GatewayServer, number: int, gateway: IngressGateway) -> Iterator[Listener]:
    """One for each of its hosts: each may be for routes of another namespace."""
    carried = carried_by(server.protocol, server.mode)
    for host in server.hosts or ("*",):
        space, slash, name = host.partition("/")
        if not slash:
            space, name = "*", host
        homes: Selector | None = EVERYTHING
        if space == ".":
            homes = Selector.exactly({NAME_LABEL: gateway.named.namespace})
        elif space != "*":
            homes = Selector.exactly({NAME_LABEL: space})
        yield Listener(
            server.name or f"servers[{number}]",
            server.port,
            server.protocol.upper(),
            "" if name == "*" else name,
            homes,
            (),
            server.place,
            ListenerTls.NONE if server.mode is None else _TLS.get(server.mode.upper(), ListenerTls.AUTOMATIC),
            carried,
            server.redirects,
        )


def carried_by(protocol: str, mode: str | None) -> Carried:
    """What a server of a Gateway takes."""
    passes = mode is not None and mode.upper() in ("PASSTHROUGH", "AUTO_PASSTHROUGH")
    if parse(protocol) is Speech.HTTP or (protocol.upper() == "HTTPS" and mode is not None and not passes):
        return Carried.REQUESTS
    return Carried.TLS if passes else Carried.BYTES


def _routes(services: Iterable[VirtualService], outside: Collection[str]) -> Iterator[Route]:
    listed = [one for one in services if one.named.kind == "VirtualService"]
    delegates = {(one.named.namespace, one.named.name): one for one in listed if not one.hosts}
    for one in listed:
        if not one.gateways:
            continue
        named = one.named
        seen = None if not one.exports or "*" in one.exports else one.exports
        gateways = tuple(gateway_name(text, named.namespace) for text in one.gateways)
        yield Route(
            named.kind,
            named.namespace,
            named.name,
            named.place,
            tuple(_rules(one, delegates, outside)),
            () if "*" in one.hosts else one.hosts,
            None,
            tuple(Parent(space, name, "", None, named.place, GROUP) for space, name in gateways),
            ordered=True,
            seen_from=None if seen is None else tuple(named.namespace if text == "." else text for text in seen),
            granted=True,
            created=named.created,
            broken=one.broken,
        )


def gateway_name(text: str, home: str) -> tuple[str, str]:
    """Namespace and name of a Gateway, as a VirtualService of a namespace writes it. What looks like the name of a
    Service is one of earlier releases: its first two words."""
    space, slash, name = text.partition("/")
    if slash:
        return (home if space == "." else space), name
    if "." in text:
        words = text.split(".")
        return words[1], words[0]
    return home, text


def _rules(
    service: VirtualService, delegates: Mapping[tuple[str, str], VirtualService], outside: Collection[str]
) -> Iterator[RouteRule]:
    seen = {key: one.entries for key, one in delegates.items() if visible(one.exports, key[0], service.named.namespace)}
    for entry in with_delegates(service.entries, seen):
        if entry.carried is Carried.TLS and not entry.matches:
            continue
        stops = entry.answers or entry.aborts
        sends = () if stops else (*entry.destinations, *entry.mirrors)
        home = service.named.namespace
        yield RouteRule(
            ", ".join(filter(None, map(_text, entry.matches))),
            tuple(backend(one, home, outside) for one in sends),
            entry.place,
            tuple(request_match(one, entry, home) for one in entry.matches) or (RequestMatch(ALWAYS),),
            entry.carried,
            entry.changes,
        )


def request_match(match: Match, entry: Entry, home: str) -> RequestMatch:
    """Who a route takes at a gateway. Labels of a client's pod say nothing there."""
    port = match.get("port")
    named = tuple(gateway_name(one, home) for one in _texts(match, "gateways"))
    formula: Formula = ALWAYS
    if entry.carried is Carried.REQUESTS:
        formula = formula_of(match)
    elif entry.carried is Carried.TLS:
        formula = disjunction(server_name(one) for one in _texts(match, "sniHosts"))
    return RequestMatch(formula, (port,) if isinstance(port, int) and port else (), named)


def server_name(host: str) -> Formula:
    """TLS that asks for a server by this name, or one that the wildcard covers."""
    if host == "*":
        return ALWAYS
    if host.startswith("*"):
        return Predicate(SNI, Suffix(host[1:], ignore_case=True))
    return Predicate(SNI, Exact(host, ignore_case=True))


def _text(match: Match) -> str:
    """What of a match people know a route by."""
    uri = match.get("uri")
    if isinstance(uri, Mapping):
        for key, form in (("exact", "{}"), ("prefix", "{}*"), ("regex", "~{}")):
            if isinstance(uri.get(key), str):
                return form.format(uri[key])
    return ", ".join(_texts(match, "sniHosts"))


def _texts(match: Match, key: str) -> tuple[str, ...]:
    value = match.get(key)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def backend(destination: Destination, home: str, outside: Collection[str]) -> BackendRef:
    """The Service that a destination means. ``outside``: hosts of ServiceEntries."""
    host = full_name(destination.host, home)
    words = host.split(".", 2)
    if len(words) == 3 and words[2] == f"svc.{CLUSTER_DOMAIN}":
        return BackendRef(words[1], words[0], destination.port, destination.place)
    known = any(covers(one, host) for one in outside)
    return BackendRef(home, host, destination.port, destination.place, "ServiceEntry" if known else NO_HOST)


__all__ = ["GROUP", "backend", "carried_by", "entrances", "gateway_name"]
