"""Where a client's sidecar sends a request by the host that it names.

What a sidecar takes for HTTP by its port goes by the host, whatever address was dialled: every Service of that port
that it knows is called by its names and addresses, with any port behind them. What names none of them goes to the
address that was dialled as it is, or nowhere. Where a sidecar finds out what is spoken, the port leads to its Service,
whatever the host.

Source: istio ``pilot/pkg/networking/core/httproute.go`` (buildSidecarOutboundHTTPRouteConfig,
generateVirtualHostDomains, GenerateAltVirtualHosts, buildCatchAllVirtualHost, getVirtualHostsForSniffedServicePort).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ringfence.dialects.istio.client_routes import ClientRoutes
from ringfence.dialects.istio.domain import rewritten
from ringfence.dialects.istio.hosts import CLUSTER_DOMAIN, covers, full_name, visible
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import ServiceEntry, Sidecar, VirtualService
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.dialects.istio.sidecar_scope import imports, knows
from ringfence.dialects.istio.speech import Services, of_port, parse
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import RequestAction, RequestPolicy, RequestRules, Speech
from ringfence.model.provenance import Place
from ringfence.sets.addresses import address

_PORT = re.compile(r":[0-9]*$")
_IN_BRACKETS = re.compile(r"^\[(.*)\]$")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that says its host itself, and the port that its client dials. ``said``: the port behind the host."""

    host: str
    port: int
    said: int | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a request goes that names another host than that of what is dialled. ``service``: to a destination as one
    for this Service; ``away``: to this one, and not to the destination; neither: it is for nobody that the proxy knows.
    ``open``: why that cannot be said."""

    service: Service | None = None
    away: Service | None = None
    open: str = ""

    @property
    def elsewhere(self) -> RequestRules:
        """The routes of a request that does not come to the destination."""
        one = self.away
        name, namespace = (one.name, one.namespace) if one is not None else ("", "")
        place = one.place if one is not None and one.place is not None else Place("")
        kept = RequestPolicy("Service", namespace, name, RequestAction.ALLOW, (), place)
        return RequestRules((kept,))


class VirtualHosts:
    """The names by which the sidecars of one mesh tell Services apart. ``by_address``: whether a sidecar knows the
    address of a pod itself at a port. ``compares_ports``: the release may compare the port in the host of a request (in
    old ones a name with another port than that of the Service is nobody's)."""

    def __init__(
        self,
        services: Services,
        entries: Sequence[ServiceEntry],
        routes: Iterable[VirtualService],
        client_routes: ClientRoutes,
        by_address: Callable[[Pod, Pod, int, Sidecar | None, MeshConfig], object],
        *,
        compares_ports: bool = False,
    ) -> None:
        self._compares_ports = compares_ports
        self._services = services
        self._entries = entries
        self._routes = tuple(routes)
        self._client_routes = client_routes
        self._by_address = by_address
        self._named: dict[str, list[Service]] = {}
        self._addressed: dict[int, list[Service]] = {}
        for one in services.all:
            self._named.setdefault(one.name, []).append(one)
            for number in dict.fromkeys(one.addresses):
                self._addressed.setdefault(number, []).append(one)

    def aim(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service | None,
        asked: Asked,
        sidecar: Sidecar | None,
        config: MeshConfig,
    ) -> Aim | None:
        """Where a request goes by its host; None: where every request goes that is dialled so."""
        host, number = bare(asked.host), asked.port
        absolute = host.endswith(".")
        host = host.rstrip(".")

        def known(one: Service) -> bool:
            return knows(sidecar, one, number, source.namespace, config)

        own = None if service is None or not known(service) else _speech(service, number)
        strange = self._compares_ports and asked.said not in (None, number)
        by_host = own is Speech.HTTP or Speech.HTTP in _listener(sidecar, number)
        mine = own is not None and not (strange and by_host)
        if mine and service is not None and _is_named(service, host, source.namespace) and not absolute:
            return None
        told = _listener(sidecar, number)
        if own is None:
            unaddressed = service is None or service.headless
            if (
                unaddressed
                and destination is not None
                and self._by_address(source, destination, port, sidecar, config) is not None
            ):
                return None
            if Speech.HTTP not in told and not self._taken_for_http(source, number, sidecar, config):
                return None
        elif own is not Speech.HTTP and Speech.HTTP not in told:
            return None
        others = [one for one in self._called(host, source.namespace) if one is not service and known(one)]
        others = [one for one in others if _speech(one, number) not in (None, Speech.TCP)]
        if own is None and not others:
            # It is passed on, or not, as everything is that is dialled so.
            return None
        if strange:
            return Aim(
                open="releases of Istio before 1.16 compare the port in the host, too, and it is not the dialled one"
            )
        if told - {Speech.HTTP} or (own not in (None, Speech.HTTP)):
            return Aim(open=f"{sidecar.named if sidecar else 'a Sidecar'} says what is spoken at port {number}")
        doubt = self._doubt(source, host, absolute, number, service, others, sidecar)
        if doubt:
            return Aim(open=doubt)
        if not others:
            return Aim()
        return self._to(others[0], source, destination, port, service, number)

    def _to(
        self, other: Service, source: Pod, destination: Pod | None, port: int, service: Service | None, number: int
    ) -> Aim:
        """What is sent to another Service than the one that is dialled."""
        name = f"Service {other.namespace}/{other.name}"
        if other.headless and service is not None and not service.headless:
            return Aim(open=f"{name} has no address of its own, and the one that is dialled is another's")
        if destination is not None:
            leads = any(one is other and at.port == number for one, at in self._services.leading_to(destination, port))
            if leads:
                return Aim(service=other)
            wanted = other.selector if other.namespace == destination.namespace else None
            if wanted and selects(wanted, destination) is None:
                return Aim(open=f"whether {name} leads to the destination hangs on labels that are not known")
        if other.headless:
            return Aim(open=f"{name} has no address of its own, and the one that is dialled is another's")
        if self._client_routes.routes(other, source):
            return Aim(open=f"routes for {name} may lead to the destination")
        return Aim(away=other)

    def _doubt(
        self,
        source: Pod,
        host: str,
        absolute: bool,
        number: int,
        service: Service | None,
        others: Sequence[Service],
        sidecar: Sidecar | None,
    ) -> str:
        """Why it cannot be said whom a host names; empty: it can."""
        if absolute:
            return "releases of Istio differ in what a host with a dot at its end names"
        if len(others) > 1:
            return "more than one Service has the host"
        for one in others:
            if one.kind == "ExternalName":
                return f"Service {one.namespace}/{one.name} is a name for {one.external_name}"
            if not _surely_named(one, host):
                return f"the host is an address of Service {one.namespace}/{one.name} that need not be its clusterIP"
        if others:
            return ""
        if service is not None and not service.headless and not service.addresses and _address(host) is not None:
            return "the address of the Service that is dialled is not known"
        names = {host, full_name(host, source.namespace)}
        for route in self._routes:
            if not visible(route.exports, route.named.namespace, source.namespace):
                continue
            for written in route.hosts:
                if any(covers(full_name(written.lower(), route.named.namespace), name) for name in names):
                    return f"{route.named} is for the host"
        for entry in self._entries:
            if self._serves(entry, source, number, sidecar) and (
                host in entry.addresses or any(covers(one.lower(), host) for one in entry.hosts)
            ):
                return f"{entry.named} has the host, and its endpoints may be anywhere"
        return ""

    def _taken_for_http(self, source: Pod, number: int, sidecar: Sidecar | None, config: MeshConfig) -> bool:
        """Whether something that a sidecar knows makes it take a port for HTTP, whatever the address."""
        return any(
            one.kind != "ExternalName"
            and _speech(one, number) is Speech.HTTP
            and knows(sidecar, one, number, source.namespace, config)
            for one in self._services.all
        ) or any(self._serves(one, source, number, sidecar) for one in self._entries)

    @staticmethod
    def _serves(entry: ServiceEntry, source: Pod, number: int, sidecar: Sidecar | None) -> bool:
        """Whether requests to a port are for the hosts of an entry, as far as the client's sidecar knows."""
        if not visible(entry.exports, entry.named.namespace, source.namespace):
            return False
        if not any(one.number == number and parse(one.protocol) is not Speech.TCP for one in entry.ports):
            return False
        return any(imports(sidecar, entry.named.namespace, one, number, source.namespace) for one in entry.hosts)

    def _called(self, host: str, namespace: str) -> list[Service]:
        """The Services that a host names."""
        number = _address(host)
        if number is not None:
            return list(self._addressed.get(number, ()))
        labels = dict.fromkeys(host.split("."))
        return [one for label in labels for one in self._named.get(label, ()) if _is_named(one, host, namespace)]


def asked_in_usual_domain(asked: tuple[str, int] | None, domain: str) -> Asked | None:
    """A request that says its host and dials a port, as it would where the cluster's domain is the usual one."""
    if asked is None:
        return None
    host = bare(asked[0])
    return Asked(host if domain == CLUSTER_DOMAIN else rewritten(host, domain), asked[1], _port_of(asked[0]))


def bare(host: str) -> str:
    """A host as proxies compare it: without its port, in small letters."""
    return host.lower() if host.endswith("]") else _PORT.sub("", host.lower())


def _port_of(host: str) -> int | None:
    """The port behind a host."""
    found = None if host.endswith("]") else _PORT.search(host)
    return int(found[0][1:] or 0) if found else None


def _speech(service: Service, number: int) -> Speech | None:
    """What proxies take a port of a Service for; None: it has no such port."""
    ports = (one for one in service.ports if one.port == number and one.protocol == "TCP")
    return next((of_port(one.port, one.name, one.application) for one in ports), None)


def _listener(sidecar: Sidecar | None, number: int) -> set[Speech]:
    """What a Sidecar itself says is spoken at a port of clients."""
    if sidecar is None or not sidecar.egress:
        return set()
    return {parse(one.protocol) or Speech.DETECTED for one in sidecar.egress if one.port == number}


def _names(service: Service, namespace: str) -> Iterator[str]:
    """What clients of a namespace may call a Service."""
    if service.namespace == namespace:
        yield service.name
    yield f"{service.name}.{service.namespace}"
    yield f"{service.name}.{service.namespace}.svc"
    yield f"{service.name}.{service.namespace}.svc.{CLUSTER_DOMAIN}"


def _is_named(service: Service, host: str, namespace: str) -> bool:
    """Whether a host is one of a Service's: a name, an address, or for a headless one that of a pod of it."""
    number = _address(host)
    if number is not None:
        return number in service.addresses
    return any(host == name or (service.headless and host.endswith(f".{name}")) for name in _names(service, namespace))


def _surely_named(service: Service, host: str) -> bool:
    """The same, where only the clusterIP counts of its addresses."""
    number = _address(host)
    return number == service.addresses[0] if number is not None else True


def _address(host: str) -> int | None:
    inner = _IN_BRACKETS.match(host)
    try:
        return address(inner.group(1) if inner else host)
    except ValueError:
        return None


__all__ = ["Aim", "Asked", "VirtualHosts", "asked_in_usual_domain", "bare"]
