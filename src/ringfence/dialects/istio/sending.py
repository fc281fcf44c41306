"""What a client's proxy sends to a destination.

A sidecar knows Services: their DestinationRule counts, and without one what the endpoint can take (auto mTLS). What it
does not know it passes on as it is, or not at all. ztunnel knows workloads: what they can take counts, and nothing
else.

Sources: istio ``pilot/pkg/networking/core/cluster_tls.go`` (buildAutoMtlsSettings, applyUpstreamTLSSettings),
``pilot/pkg/xds/endpoints/endpoint_builder.go`` (mtlsChecker, tunnels), ``pilot/pkg/model/push_context.go``
(BestEffortInferServiceMTLSMode), ztunnel ``src/proxy/outbound.rs``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ringfence.dialects.istio.abroad import of_sidecar, stranger
from ringfence.dialects.istio.client_homes import own_homes
from ringfence.dialects.istio.client_routes import ClientRoutes
from ringfence.dialects.istio.destination_rule import DestinationRules, told
from ringfence.dialects.istio.domain import domain_of
from ringfence.dialects.istio.egress import Egress
from ringfence.dialects.istio.enrolment import is_gateway
from ringfence.dialects.istio.entry_scope import Entries
from ringfence.dialects.istio.hosts import covers, full_name, of_service, visible
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import (
    ClientTls,
    DestinationRule,
    Extension,
    IstioObjects,
    Mode,
    Named,
    ServiceEntry,
    Sidecar,
    Tls,
    VirtualService,
)
from ringfence.dialects.istio.passed_on import aimed, passed_on
from ringfence.dialects.istio.peer_authentication import PeerAuthentications, selects
from ringfence.dialects.istio.server_names import asked_name, with_name
from ringfence.dialects.istio.sidecar_scope import Sidecars, any_outside, knows
from ringfence.dialects.istio.speech import Services, of_port, target_of
from ringfence.dialects.istio.together import cases, either
from ringfence.dialects.istio.virtual_hosts import Asked, VirtualHosts
from ringfence.model.cluster import MACHINE, Pod, Service
from ringfence.model.mesh import (
    Acceptance,
    Client,
    Membership,
    Option,
    Proxy,
    RequestRules,
    Sending,
    Source,
    Speech,
)
from ringfence.values import replace

TLS_MODE = "security.istio.io/tlsMode"
_TLS_SENDING = {
    ClientTls.DISABLE: Sending.PLAIN,
    ClientTls.SIMPLE: Sending.OTHER_TLS,
    ClientTls.MUTUAL: Sending.OTHER_TLS,
    ClientTls.ISTIO_MUTUAL: Sending.MESH_TLS,
}
Members = Callable[[Pod], tuple[Option[Membership], ...]]


@dataclass(frozen=True, slots=True)
class Flags:
    """Settings of istiod that say what sidecars send. ``tunnels``: over HBONE to those that can take it; None: not
    known. ``prefers_tunnels``: also to those that can take mTLS. ``compares_ports``: perhaps the port in the host that
    a request names counts, too."""

    tunnels: bool | None = True
    prefers_tunnels: bool = False
    compares_ports: bool = False


class Senders:
    """What the proxies of one cluster send."""

    def __init__(
        self,
        objects: IstioObjects,
        root: str,
        members: Members,
        services: Services,
        sidecars: Sidecars,
        authentications: PeerAuthentications,
        flags: Flags,
        pods_of: Callable[[Service], Iterable[Pod]],
        configs: Iterable[MeshConfig],
    ) -> None:
        self._members = members
        self._services = services
        self._sidecars = sidecars
        self._authentications = authentications
        self._flags = flags
        self._pods_of = pods_of
        self._rules = DestinationRules(objects.destination_rules, root)
        self._entries = objects.service_entries
        self.entries = Entries(objects.service_entries)
        self._routes = [one for one in objects.virtual_services if one.inside]
        self._bound = [one for one in objects.virtual_services if one.gateways]
        self._hosts = {of_service(one.namespace, one.name): one for one in services.all}
        self.client_routes = ClientRoutes(
            objects.virtual_services,
            objects.destination_rules,
            self._leads_to,
            self._hosts.__contains__,
            scoped=bool(sidecars),
        )
        domain = domain_of(objects)
        self.egress = Egress(self.client_routes, self._entries, self._rules, self._hosts, self._of_tls, domain)
        self._virtual_hosts = VirtualHosts(
            services,
            objects.service_entries,
            self._routes,
            self.client_routes,
            self._by_own_address,
            compares_ports=flags.compares_ports,
        )
        self._extensions = [one for one in objects.extensions if one.outbound]
        self._root, self._domain = root, domain
        selecting: list[Sidecar | DestinationRule | Extension] = [
            *objects.sidecars,
            *objects.destination_rules,
            *self._extensions,
        ]
        self._choosy = frozenset(one.named.namespace for one in selecting if one.selector)
        """Namespaces with objects that choose clients by their labels."""
        self._scoped = bool(
            selecting or self._routes or self._entries or services.any_exported or any(map(_exports, configs))
        )
        self._homes = own_homes(objects, root, configs, exported=services.any_exported)
        self._headless: dict[tuple[str, str], bool] = {}
        self._viewed: dict[tuple[str | None, bool], list[VirtualService]] = {}

    def key_of(self, source: Pod) -> tuple[object, ...]:
        """What of a client decides what its sidecar sends: nothing of it, where no object asks whose client it is; its
        namespace only where some object speaks of this one."""
        if not self._scoped:
            return (is_gateway(source),) if self._bound else ()
        home = source.namespace
        # A gateway is not bound by what holds for clients in the mesh: its labels and annotations say what it is.
        if is_gateway(source):
            return home, (id(source.labels), id(source.marks)), source.open_labels
        if home in self._choosy or self._root in self._choosy or self.client_routes.by_labels:
            return home, (id(source.labels), None), source.open_labels
        return ("" if self._homes is not None and home not in self._homes else home), None, ()

    def by_node(self, destination: Pod | None) -> Iterator[Option[Client]]:
        """What ztunnel sends."""
        if destination is None:
            yield Option(Client(Sending.PLAIN, why="an address outside of the mesh"))
            return
        for option in self._members(destination):
            if option.value.tunnel:
                yield Option(Client(Sending.TUNNEL, why="the destination takes HBONE"), option.fact, option.decide)
            else:
                yield Option(
                    Client(Sending.PLAIN, why="the destination takes no HBONE, and ztunnel speaks nothing else"),
                    option.fact,
                    option.decide,
                )

    def by_sidecar(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service | None,
        config: MeshConfig,
        asked: Asked | None = None,
        dialled: int | None = None,
    ) -> Iterator[Option[Client]]:
        """What a sidecar sends. ``asked``: of a request that says its host itself. ``dialled``: the Service's port."""
        extensions = [one for one in self._extensions if _selected(one, source, self._root)]
        held = f"{extensions[0].named} leaves what the client's proxy sends as it is" if extensions else ""
        for sidecar in self._sidecars.of(source):
            for option in self._with_sidecar(source, destination, port, service, sidecar.value, config, asked, dialled):
                facts = ", and ".join(filter(None, (held, sidecar.fact, option.fact)))
                yield Option(option.value, facts, sidecar.decide or option.decide)
        for one in extensions:
            fact = f"{one.named} changes what the client's proxy does so that it fails"
            why = f"{one.named} may change it"
            yield Option(Client(Sending.NOTHING, (one.named.source,), why), fact, "what it does is not modelled")

    def _with_sidecar(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service | None,
        sidecar: Sidecar | None,
        config: MeshConfig,
        asked: Asked | None = None,
        dialled: int | None = None,
    ) -> Iterator[Option[Client]]:
        if sidecar is not None and sidecar.broken:
            held = f"{sidecar.named} lets the client know the destination"
            why = f"{sidecar.named} cannot be read: {sidecar.broken}"
            fact = f"{sidecar.named} lets the client know nothing of the destination"
            nothing = Client(Sending.NOTHING, (sidecar.named.source,), why)
            decide = "a Sidecar that the API server accepts"
            yield Option(nothing, fact, decide)
            for option in self._with_sidecar(source, destination, port, service, None, config, asked, dialled):
                yield Option(option.value, ", and ".join(filter(None, (held, option.fact))), option.decide or decide)
            return
        if asked is not None and not is_gateway(source):
            aim = self._virtual_hosts.aim(source, destination, port, service, asked, sidecar, config)
            if aim is not None and aim.service is not None:
                yield from self._known(source, destination, port, aim.service, (asked.port,), config)
                return
            if aim is not None:
                as_dialled = self._with_sidecar(source, destination, port, service, sidecar, config, None, dialled)
                yield from aimed(aim, asked, as_dialled, sidecar, config)
                return
        if service is None:
            known: dict[str, Any] = {}
            if destination is None and self.client_routes and not is_gateway(source):
                looked_for = self.egress.looked_for(source, port, sidecar, config)
                known["routes"] = self.client_routes.to_outside(source, port, looked_for)
                known["onward"] = self.egress.onward(source, port, sidecar, config)
            if destination is None and self._entries and not is_gateway(source):
                known["abroad"] = of_sidecar(self.egress, source, port, sidecar, config)
                known["strangers"] = stranger(any_outside(sidecar, config), sidecar)
            for option in self._unknown(source, destination, port, sidecar, config):
                client = replace(option.value, **known) if known else option.value
                yield Option(client, option.fact, option.decide)
            return
        number = _service_port(service, destination, port)
        if dialled in number:
            number = (dialled,)
        if not any(knows(sidecar, service, one, source.namespace, config) for one in number):
            sources = (sidecar.named.source,) if sidecar is not None else ()
            name = f"Service {service.namespace}/{service.name}"
            why = f"the client's proxy does not know {name}"
            if any_outside(sidecar, config):
                yield from passed_on(sidecar, sources, f"{why}, and")
            else:
                yield Option(Client(Sending.NOTHING, sources, f"{why}, and passes nothing on that it does not know"))
            return
        yield from self._known(source, destination, port, service, number, config)

    def _unknown(
        self, source: Pod, destination: Pod | None, port: int, sidecar: Sidecar | None, config: MeshConfig
    ) -> Iterator[Option[Client]]:
        """An address that is no Service's."""
        if destination is not None:
            known = self._by_own_address(source, destination, port, sidecar, config)
            if known is not None:
                service, number = known
                yield from self._known(source, destination, port, service, number, config)
                return
        entries = self.entries.covering(port, sidecar, source.namespace)
        if destination is not None:
            serving = [one for one in entries if _serves(one, destination)]
            if serving:
                yield from self._by_host(serving[0], destination, port, sidecar, config)
                return
        taking = []
        if destination is not None:
            taking = list(self.entries.taking(destination, port, sidecar, source.namespace))
        if any(self._changes(one) for one, _ in taking):
            yield from self._by_entries(taking)
            return
        if any(sure for _, sure in taking):
            surely = tuple(one.named.source for one, sure in taking if sure)
            yield Option(Client(Sending.PLAIN, surely, f"the destination is one of {taking[0][0].named}"))
            return
        passes = any_outside(sidecar, config)
        where = sidecar.named.source if sidecar is not None and sidecar.any_outside is not None else None
        sources = (where,) if where is not None else ()
        if passes:
            yield from passed_on(sidecar, sources, "the client's proxy")
        elif not entries:
            why = "the client's proxy passes nothing on that it does not know (REGISTRY_ONLY)"
            yield Option(Client(Sending.NOTHING, sources, why))
        else:
            names = ", ".join(str(one.named) for one in entries[:3])
            why = f"{names} may be about the destination"
            for sending, word in ((Sending.PLAIN, "one"), (Sending.NOTHING, "none")):
                fact = f"the destination is {word} of {names}"
                client = Client(sending, (*sources, *(one.named.source for one in entries)), why)
                yield Option(client, fact, "the host and the addresses of the ServiceEntry")

    def _by_host(
        self, entry: ServiceEntry, destination: Pod, port: int, sidecar: Sidecar | None, config: MeshConfig
    ) -> Iterator[Option[Client]]:
        """A workload that serves the hosts of a ServiceEntry: called by such a host it is known to the sidecar, called
        by its address perhaps not."""
        decide = "whether the client calls the host of the ServiceEntry"
        called = f"the client's proxy takes the call for one to {entry.hosts[0] if entry.hosts else 'its host'}"
        for member in self._members(destination):
            for mode in self._authentications.at(destination, port, False):
                takes = config.auto_mtls and _labelled(member.value, destination)
                takes = takes and mode.value.acceptance is not Acceptance.PLAIN
                sending = Sending.MESH_TLS if takes else Sending.PLAIN
                facts = ", and ".join(filter(None, (called, member.fact, mode.fact)))
                yield Option(Client(sending, (entry.named.source,), "auto mTLS"), facts, decide)
        passes = any_outside(sidecar, config)
        why = "the client's proxy passes on what it does not know as it is" if passes else "REGISTRY_ONLY"
        yield Option(Client(Sending.PLAIN if passes else Sending.NOTHING, (), why), f"not: {called}", decide)

    @property
    def by_address(self) -> bool:
        """Whether what is sent may hang on the destination's address."""
        return self.entries.by_address

    def _changes(self, entry: ServiceEntry) -> bool:
        """Whether an entry does more with a connection than to pass it on."""
        return entry.resolution != "NONE" or not entry.outside or self._rules.speak_of(entry)

    def _by_entries(self, taking: Sequence[tuple[ServiceEntry, bool]]) -> Iterator[Option[Client]]:
        """A connection that an entry takes: to its own endpoints, or in TLS that a rule for its hosts asks for."""
        names = ", ".join(str(one.named) for one, _ in taking[:3])
        sources = tuple(one.named.source for one, _ in taking)
        decide = "the address that is dialled, and which ServiceEntry has it"
        why = f"{names} may take the connection, and send it elsewhere or otherwise"
        for sending, word in (
            (Sending.PLAIN, f"the connection is passed on as it is, whatever {names} says"),
            (Sending.NOTHING, f"{names} takes the connection, and sends it to its own endpoints"),
            (Sending.OTHER_TLS, f"{names} takes the connection, and a rule has it sent in TLS"),
        ):
            if sending is not Sending.OTHER_TLS or any(self._rules.speak_of(one) for one, _ in taking):
                yield Option(Client(sending, sources, why), word, decide)

    def _by_own_address(
        self, source: Pod, destination: Pod, port: int, sidecar: Sidecar | None, config: MeshConfig
    ) -> tuple[Service, tuple[int, ...]] | None:
        """The headless Service through which a sidecar knows the address of a pod itself (bytes only: requests go by
        the name of the host). Machines are no endpoints of such a Service."""
        for service, one in self._services.leading_to(destination, port):
            speaks = of_port(one.port, one.name, one.application)
            if not service.headless or speaks is Speech.HTTP or destination.workload.kind == MACHINE:
                continue
            if knows(sidecar, service, one.port, source.namespace, config):
                return service, (one.port,)
        return None

    def _known(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service,
        numbers: Sequence[int],
        config: MeshConfig,
    ) -> Iterator[Option[Client]]:
        for option in self._told(source, destination, port, service, numbers, config):
            rules = None if is_gateway(source) else self._kept(source, destination, port, service, numbers)
            # Routes may have it sent in the name of another host, or as another port or subset of this one.
            client = option.value if rules is None else replace(option.value, routes=rules, asks="")
            yield Option(client, option.fact, option.decide)

    def _kept(
        self, source: Pod, destination: Pod | None, port: int, service: Service, numbers: Sequence[int]
    ) -> RequestRules | None:
        """The requests that routes leave on their way to the destination."""
        if not self.client_routes:
            return None
        found = []
        for number in numbers:
            said = next(
                (of_port(one.port, one.name, one.application) for one in service.ports if one.port == number), None
            )
            speech = said or Speech.DETECTED
            found.append(self.client_routes.to_service(source, destination, port, service, number, speech))
        if len(set(found)) == 1:
            return found[0]
        host = of_service(service.namespace, service.name)
        sources = [one.named.source for one in self._routes if _routes_host(one, host, source.namespace)]
        why = "treats the ports of the Service differently, and which is dialled is not known"
        return RequestRules(unsettled=tuple((one, why) for one in sources), moved=True)

    def _leads_to(self, host: str, destination: Pod, port: int, number: int | None) -> bool:
        """Whether a host is a Service's that leads to a port of a pod."""
        service = self._hosts.get(host)
        if service is None:
            return False
        leading = [one for other, one in self._services.leading_to(destination, port) if other is service]
        only = len(service.ports) == 1
        return any(number in (None, one.port) or (only and number is None) for one in leading)

    def _told(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service,
        numbers: Sequence[int],
        config: MeshConfig,
    ) -> Iterator[Option[Client]]:
        """What is sent, whatever routes say."""
        host = of_service(service.namespace, service.name)
        http = any(speaks is not Speech.TCP for speaks in _speech(service, numbers))
        routes = self._views(None if is_gateway(source) else host, source.namespace, http)
        leading = _leading(service, destination, port)
        for option in self._rules.for_service(source, service, config):
            rule = option.value
            decide = option.decide
            base = option.fact
            if rule is not None and rule.broken:
                for sending in (Sending.PLAIN, Sending.MESH_TLS, Sending.OTHER_TLS):
                    fact = ", and ".join(filter(None, (base, f"{rule.named} makes the client send {sending.value}")))
                    why = f"{rule.named} cannot be read: {rule.broken}"
                    yield Option(Client(sending, (rule.named.source,), why), fact, "a rule that the API server accepts")
                continue
            found: dict[tuple[Any, ...], str] = {}
            asked: dict[tuple[Any, ...], set[str]] = {}
            for number in numbers:
                for tls, named in told(rule, number, destination, routes, host):
                    for client, fact, decides in self._of_tls(tls, named, destination, port, service, config):
                        key = (client, *sorted(cases(fact)))
                        found[key] = fact if key not in found else either(found[key], fact) or fact
                        leads = number in leading and not routes
                        name = asked_name(tls, number, "", service, self._domain) if leads else ""
                        asked.setdefault(key, set()).add(name)
                        decide = decide or decides
            for one, fact in found.items():
                client = with_name(one[0], asked[one])
                text = fact or (f"the port or subset that is dialled is one for which it sends {client.sending.value}")
                extra = text if len(found) > 1 else fact
                yield Option(
                    client, ", and ".join(filter(None, (base, extra))), decide or ("the port" if extra else "")
                )

    def _views(self, host: str | None, client: str, http: bool) -> list[VirtualService]:
        """What the routes for a host say of requests, or of other connections, to clients of a namespace; None: what
        all say that are bound to gateways."""
        views = self._viewed.get((host, http))
        if views is None:
            routes = self._bound if host is None else [one for one in self._routes if _has_host(one, host)]
            views = self._viewed[host, http] = [view for one in routes if (view := _view(one, http)) is not None]
        return views if host is None else [one for one in views if visible(one.exports, one.named.namespace, client)]

    def _of_tls(
        self,
        tls: Tls | None,
        named: Named | None,
        destination: Pod | None,
        port: int,
        service: Service,
        config: MeshConfig,
    ) -> Iterator[tuple[Client, str, str]]:
        """What is sent, under which fact, and what would tell."""
        sources = (named.source,) if named is not None else ()
        options: Sequence[Option[Membership]] = (
            self._members(destination) if destination is not None else (Option(Membership("istio", Proxy.NONE)),)
        )
        for option in options:
            if tls is not None:
                why = f"{named} says tls.mode {tls.mode.value}"
                sending = _TLS_SENDING[tls.mode]
                node = option.value.proxy is Proxy.NODE and option.value.tunnel
                tunnels = self._flags.tunnels is not False
                if node and (sending is Sending.MESH_TLS or (sending is Sending.OTHER_TLS and tunnels)):
                    # Other TLS goes to the workload within the tunnel.
                    yield Client(Sending.TUNNEL, sources, f"{why}, and the destination takes HBONE"), option.fact, ""
                    continue
                if node and sending is Sending.PLAIN and tunnels:
                    # Releases differ in whether DISABLE also turns HBONE off.
                    fact = "this release of Istio tunnels in spite of tls.mode DISABLE"
                    yield Client(Sending.TUNNEL, sources, why), fact, "the release of Istio"
                    yield Client(Sending.PLAIN, sources, why), f"not: {fact}", "the release of Istio"
                    continue
                checks = tls.names if sending is Sending.MESH_TLS else ()
                yield Client(sending, sources, why, checks), option.fact, option.decide
                continue
            for client, fact, decide in self._automatic(option.value, destination, port, service, config):
                yield client, ", and ".join(filter(None, (option.fact, fact))), option.decide or decide

    def _automatic(
        self, member: Membership, destination: Pod | None, port: int, service: Service, config: MeshConfig
    ) -> Iterator[tuple[Client, str, str]]:
        """Without a rule: what the endpoint can take."""
        if destination is None:
            yield Client(Sending.PLAIN, why="the destination is no workload of the mesh"), "", ""
            return
        mesh_tls = list(self._takes_tls(member, destination, port, service, config))
        # Whoever can take mTLS is sent no tunnel, also where mTLS is turned off.
        tunnels = member.tunnel and (self._flags.prefers_tunnels or not _labelled(member, destination))
        # The original address is used for pods of a headless Service, and no source says that it is tunnelled to.
        unsure = self._flags.tunnels is None or (self._flags.tunnels and service.headless)
        whom = "pods of headless Services that take HBONE" if service.headless else "workloads that take HBONE"
        for takes, why, sources, fact, decide in mesh_tls:
            if tunnels:
                if self._flags.tunnels is not False:
                    text = f"sidecars tunnel to {whom}" if unsure else ""
                    facts = ", and ".join(filter(None, (fact, text)))
                    yield Client(Sending.TUNNEL, sources, "the destination takes HBONE"), facts, decide or text
                if self._flags.tunnels is True and not unsure:
                    continue
            sending = Sending.MESH_TLS if takes else Sending.PLAIN
            text = f"sidecars do not tunnel to {whom}" if tunnels and unsure else ""
            yield Client(sending, sources, why), ", and ".join(filter(None, (fact, text))), decide or text

    def _takes_tls(
        self, member: Membership, destination: Pod, port: int, service: Service, config: MeshConfig
    ) -> Iterator[tuple[bool, str, tuple[Source, ...], str, str]]:
        """Whether auto mTLS speaks TLS to the endpoint, why, who says so, under which fact, what would tell."""
        if not config.auto_mtls:
            yield False, "enableAutoMtls is false, and no DestinationRule says what to send", (), "", ""
            return
        if not _labelled(member, destination):
            yield False, "the destination has no sidecar", (), "", ""
            return
        if service.headless and not self._all_have_sidecars(service):
            yield False, "not every pod of the headless Service has a sidecar", (), "", ""
            return
        modes = self._authentications.namespace_mode(service.namespace)
        for mode in modes:
            if mode.value is Mode.DISABLE:
                yield False, f"mTLS is off in namespace {service.namespace}", (), mode.fact, mode.decide
                continue
            if service.headless:
                yield True, "auto mTLS", (), mode.fact, mode.decide
                continue
            for taken in self._authentications.at(destination, port, False):
                fact = ", and ".join(filter(None, (mode.fact, taken.fact)))
                takes = taken.value.acceptance is not Acceptance.PLAIN
                why = "auto mTLS: the destination has a sidecar" if takes else taken.value.why
                yield takes, why, () if takes else taken.value.sources, fact, mode.decide or taken.decide

    def _all_have_sidecars(self, service: Service) -> bool:
        key = (service.namespace, service.name)
        found = self._headless.get(key)
        if found is None:
            found = self._headless[key] = all(
                any(_labelled(option.value, pod) for option in self._members(pod)) for pod in self._pods_of(service)
            )
        return found


def _exports(config: MeshConfig) -> bool:
    return bool(config.service_exports or config.rule_exports)


def _labelled(member: Membership, pod: Pod) -> bool:
    """Whether istiod tells clients that the endpoint takes mTLS: by the label that the injector gives it."""
    if member.proxy is not Proxy.SIDECAR:
        return False
    word = pod.labels.get(TLS_MODE)
    if word is not None:
        return word == "istio"
    return not is_gateway(pod)


def _service_port(service: Service, destination: Pod | None, port: int) -> tuple[int, ...]:
    """The Service's ports that lead to a port of the destination; all, where none is known to."""
    found = _leading(service, destination, port)
    return tuple(found or [one.port for one in service.ports if one.protocol == "TCP"]) or (port,)


def _leading(service: Service, destination: Pod | None, port: int) -> list[int]:
    ports = [one for one in service.ports if one.protocol == "TCP"]
    if destination is None:
        return [one.port for one in ports if port in (one.target, one.port)]
    if service.selector is None:
        ends = [backend for backend in service.backends if backend.address in destination.addresses]
        return [one.port for one in ports if any(end.ports.get(one.name, ("", 0))[1] == port for end in ends)]
    return [one.port for one in ports if target_of(one, destination) == port]


def _serves(entry: ServiceEntry, pod: Pod) -> bool:
    """Whether a workload serves the hosts of a ServiceEntry."""
    near = entry.named.namespace == pod.namespace
    return bool(near and entry.selector and selects(entry.selector, pod) is not False)


def _routes_host(route: VirtualService, host: str, client: str) -> bool:
    return visible(route.exports, route.named.namespace, client) and _has_host(route, host)


def _has_host(route: VirtualService, host: str) -> bool:
    return any(covers(full_name(one, route.named.namespace), host) for one in route.hosts)


def _speech(service: Service, numbers: Iterable[int]) -> list[Speech]:
    ports = {one.port: one for one in service.ports if one.protocol == "TCP"}
    return [of_port(one.port, one.name, one.application) for number in numbers if (one := ports.get(number))]


def _view(route: VirtualService, http: bool) -> VirtualService | None:
    """What a route says of requests, or of connections that are none of HTTP; None: nothing."""
    routed = route.requests if http else route.connections
    return None if routed is None else replace(route, targets=routed.targets, plain=routed.plain)


def _selected(extension: Extension, pod: Pod, root: str) -> bool:
    if extension.targets or extension.named.namespace not in (root, pod.namespace):
        return False
    return not extension.selector or selects(extension.selector, pod) is not False


__all__ = ["Flags", "Members", "Senders"]
