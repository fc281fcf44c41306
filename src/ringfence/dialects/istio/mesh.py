"""One Istio mesh, as the layers ask it (``ringfence.model.mesh.Mesh``).

It is made when it is first needed, and answers by what matters of a pod, so that replicas cost nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ringfence.dialects.istio import speech, words
from ringfence.dialects.istio.abroad import of_node, outward
from ringfence.dialects.istio.assumptions import assumptions
from ringfence.dialects.istio.authorization import rules_at
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, RequestAuthentication
from ringfence.dialects.istio.balancing import SELECTS_ENTRIES, balances
from ringfence.dialects.istio.capture import HBONE_PORT
from ringfence.dialects.istio.domain import domain_of, in_usual_domain, strange_hosts
from ringfence.dialects.istio.enrolment import (
    NAME,
    PROXY,
    Enrolment,
    ambient_shown,
    exists,
    is_gateway,
    is_waypoint,
    key_of,
)
from ringfence.dialects.istio.extension_scope import may_touch
from ringfence.dialects.istio.forwarded import with_sources
from ringfence.dialects.istio.gateway_objects import GATEWAY_NAME
from ringfence.dialects.istio.member_rolls import as_set, member_rolls
from ringfence.dialects.istio.mentioned import unmentioned
from ringfence.dialects.istio.mesh_config import DEFAULT, MeshConfig
from ringfence.dialects.istio.objects import Extension, IstioObjects, Named
from ringfence.dialects.istio.paths import normalized, without_parameters
from ringfence.dialects.istio.peer_authentication import PeerAuthentications, selects
from ringfence.dialects.istio.sending import Senders
from ringfence.dialects.istio.server_names import with_name
from ringfence.dialects.istio.service_routes import as_read
from ringfence.dialects.istio.serving import Servers
from ringfence.dialects.istio.sidecar_scope import Sidecars
from ringfence.dialects.istio.since import as_known
from ringfence.dialects.istio.together import CLIENT, NAMES, cases, either, together
from ringfence.dialects.istio.versions import Release
from ringfence.dialects.istio.virtual_hosts import asked_in_usual_domain
from ringfence.dialects.istio.waypoint import Waypoints
from ringfence.dialects.istio.waypoint_routes import WaypointRoutes, with_routes
from ringfence.model.cluster import MACHINE, Cluster, Pod, Service
from ringfence.model.mesh import (
    Acceptance,
    Client,
    Identity,
    Leaving,
    Membership,
    Numbers,
    Option,
    Point,
    PointSort,
    Proxy,
    RequestRules,
    SentOn,
    Server,
    Source,
    Speech,
    Waypoint,
    known,
    lone_numbers,
)
from ringfence.sets.labels import Selector
from ringfence.values import replace

if TYPE_CHECKING:
    from ringfence.model.mesh_edits import Allowance, Breach, Remedy, Written

Options = tuple[Option[Membership], ...]
MOST_KEPT = 1 << 17
"""Answers that are kept for clients and destinations."""
ALPHA_ROUTES = "PILOT_ENABLE_ALPHA_GATEWAY_API"
"""A flag of istiod: it reads routes of the Gateway API that are not stable yet."""
_NOT_MODELLED = "puts something of its own into the proxy, and what that does is not modelled"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user says of the mesh. ``config``: instead of that of the input; ``version``: of Istio."""

    config: MeshConfig | None = None
    version: str = ""


class IstioMesh:
    """Implements the protocol of a mesh over what the input says of Istio."""

    name = NAME
    tunnel_port = HBONE_PORT

    def __init__(
        self, cluster: Cluster, objects: IstioObjects, settings: Settings, of_replicas: frozenset[str] | None = None
    ) -> None:
        """``of_replicas``: labels that tell replicas apart and nothing here, where that is known."""
        self._cluster, self._settings = cluster, settings
        self._strange_hosts = tuple(strange_hosts(objects))
        self.objects = objects = in_usual_domain(objects)
        configs = dict(objects.configs)
        if settings.config is not None:
            configs = {"": settings.config}
        if "" not in configs:
            configs[""] = next(iter(configs.values())) if len(configs) == 1 else DEFAULT
        self._configs: Mapping[str, MeshConfig] = configs
        self.config = configs[""]
        """Of the default revision."""
        root = self.config.root_namespace
        marks = {id(pod.marks): pod.marks for pod in cluster.pods}.values()
        images = {proxy.image for one in marks for proxy in one.proxies if proxy.name == PROXY}
        self.release = Release(objects, settings.version, images)
        alpha = self.release.flag(ALPHA_ROUTES, False) is True
        self.objects = objects = replace(
            objects, virtual_services=as_read(objects.virtual_services, alpha, objects.service_entries)
        )
        self.enrolment = Enrolment(cluster, objects, configs, self.release.native_sidecars())
        self._rolls = member_rolls(cluster.mesh)
        self.services = speech.Services(cluster.services)
        self._sidecars = Sidecars([one for one in objects.sidecars if self._looks_at(one.named)], root)
        self.peer_authentications = PeerAuthentications(
            [one for one in objects.peer_authentications if self._looks_at(one.named)], root
        )
        self._servers = Servers(
            objects.gateways, objects.service_entries, self.services, self._sidecars, self.peer_authentications
        )
        self._waypoints = Waypoints(objects.waypoints, cluster.pods, cluster.namespaces)
        self._policies = [
            as_known(one, self.release.versions)
            for one in objects.authorizations
            if isinstance(one, AuthorizationPolicy) and self._discovers(one.attachment.namespace)
        ]
        self._authentications = [
            one
            for one in objects.authentications
            if isinstance(one, RequestAuthentication) and self._discovers(one.attachment.namespace)
        ]
        self._senders = Senders(
            objects,
            root,
            self.membership,
            self.services,
            self._sidecars,
            self.peer_authentications,
            self.release.sending(ambient_shown(cluster, objects)),
            self._pods_of,
            configs.values(),
        )
        self._waypoint_routes = WaypointRoutes(self._senders.client_routes)
        asked_addresses = [
            (term.key, value)
            for one in self._policies
            for clause in one.clauses
            for terms in (*clause.sources, *clause.operations, clause.conditions)
            for term in terms
            if term.key in ("source.ip", "remote.ip", "destination.ip")
            for value in (*term.values, *term.others)
        ]
        self._speaks_of_addresses = self._senders.by_address or bool(asked_addresses)
        found = (words.block(value) for key, value in dict.fromkeys(asked_addresses) if key != "destination.ip")
        self.address_blocks: tuple[Numbers, ...] = tuple(
            (block,) for block in dict.fromkeys(found) if block is not None
        )
        self._policies_of: dict[str, list[AuthorizationPolicy]] = {}
        for policy in self._policies:
            self._policies_of.setdefault(policy.attachment.namespace, []).append(policy)
        self._ends_tls = self.release.flag("ENABLE_TLS_ON_SIDECAR_INGRESS", False) is not False
        if of_replicas is None:
            of_replicas = unmentioned((objects, configs, cluster.services))
        self._of_replicas = of_replicas
        """Labels that tell replicas apart, and nothing here."""
        self._rules: dict[Hashable, RequestRules] = {}
        self._kinds: dict[Hashable, int] = {}
        self._seen: dict[Hashable, tuple[int, Pod]] = {}
        self._served: dict[tuple[object, ...], tuple[Pod, tuple[Option[Server], ...]]] = {}
        self._clients: dict[tuple[object, ...], tuple[object, tuple[Option[Client], ...]]] = {}
        self._mentioned: dict[str, frozenset[int]] = {}

    def remedies(self, breach: Breach, written: Written) -> Iterable[Remedy]:
        """Changes of AuthorizationPolicies and PeerAuthentications that might refuse some connections."""
        from ringfence.dialects.istio.remedies import Remedies

        return Remedies(self, breach, written).found()

    def proof_by_default(self, namespace: str, written: Written) -> Remedy | None:
        """STRICT for a namespace."""
        from ringfence.dialects.istio.defaults import strict_by_default

        return strict_by_default(self, namespace, written)

    def denial_by_default(self, namespace: str, allowed: Sequence[Allowance], written: Written) -> Remedy | None:
        """AuthorizationPolicies that allow nobody else in a namespace."""
        from ringfence.dialects.istio.defaults import denied_by_default

        return denied_by_default(self, namespace, allowed, written)

    def edited(self, manifests: Sequence[Mapping[str, Any]]) -> IstioMesh | None:
        """The mesh with these AuthorizationPolicies and PeerAuthentications; None where one is not accepted."""
        from ringfence.dialects.istio.remedies import with_policies

        assert isinstance(self._cluster.istio, IstioObjects)
        objects = with_policies(self._cluster.istio, manifests)
        if objects is None:
            return None
        left = self._of_replicas & unmentioned(manifests)
        mesh = IstioMesh(replace(self._cluster, istio=objects), objects, self._settings, left)
        # Who is in the mesh does not hang on these objects.
        mesh.enrolment = self.enrolment
        return mesh

    @staticmethod
    def of(cluster: Cluster, settings: Settings | None = None) -> IstioMesh | None:
        """The mesh of a cluster; None where nothing of the input shows one."""
        objects = cluster.istio
        if not isinstance(objects, IstioObjects):
            return None
        return IstioMesh(cluster, objects, settings or Settings())

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What stands for things that the input does not tell, in words."""
        beside = [one for one in self._cluster.mesh if one.kind in ("IstioOperator", "Istio")]
        strange = (domain_of(self.objects), self._strange_hosts)
        return tuple(assumptions(self.config, beside, strange, told=bool(self.release.versions)))

    @property
    def policies(self) -> Sequence[AuthorizationPolicy]:
        """The AuthorizationPolicies of namespaces that istiod looks at."""
        return self._policies

    @property
    def authentications(self) -> Sequence[RequestAuthentication]:
        """The RequestAuthentications of namespaces that istiod looks at."""
        return self._authentications

    @property
    def authorization(self) -> AuthorizationConfig:
        """The settings with which they are read."""
        return self.release.authorization(self.config)

    def looks_at(self, namespace: str) -> bool:
        """Whether istiod looks at a namespace."""
        return self._discovers(namespace)

    def pod(self, index: int) -> Pod:
        """A pod of the cluster."""
        return self._cluster.pods[index]

    def membership(self, pod: Pod) -> Options:
        """Whether and how the pod is in the mesh."""
        return self.enrolment.membership(pod)

    def predicted(self, pod: Pod) -> Options:
        """What the pod would be if it were made now, whatever it shows."""
        return tuple(self.enrolment.predicted(pod))

    def kind(self, pod: Pod) -> Hashable:
        """Everything of a pod that the mesh may look at, as a number."""
        address: Hashable = pod.addresses if self._speaks_of_addresses else None
        where = (address, self.services.listing(pod), pod.workload.kind == MACHINE)
        rest = (pod.namespace, pod.service_account, pod.open_labels, pod.host_network, exists(pod), where)
        seen = (id(pod.labels), id(pod.ports), id(pod.marks), rest)
        found = self._seen.get(seen)
        if found is None:
            labels = tuple(sorted(item for item in pod.labels.items() if item[0] not in self._of_replicas))
            whole = (labels, pod.ports, id(pod.marks), rest)
            # The pod keeps alive what the key names by its identity.
            found = self._seen[seen] = (self._kinds.setdefault(whole, len(self._kinds)), pod)
        return found[0]

    def client_kind(self, pod: Pod) -> Hashable:
        """Everything of a pod that its proxy's sending may hang on."""
        options = self.membership(pod)
        if {option.value.proxy for option in options} == {Proxy.NONE}:
            return Proxy.NONE
        members = tuple(
            (one.proxy, one.revision, one.outbound, one.aside, option.fact)
            for option in options
            for one in (option.value,)
        )
        return members, self._senders.key_of(pod), pod.service_account == ""

    def together(self, facts: Iterable[str], client: Membership | None) -> bool:
        """Whether facts that its options have can all hold."""
        return together(facts, client)

    def identity(self, pod: Pod) -> Identity | None:
        """The SPIFFE identity of the pod's service account."""
        if not pod.service_account:
            return None
        return self.identity_of(pod.namespace, pod.service_account)

    def identity_of(self, namespace: str, account: str) -> Identity:
        """The identity of a service account."""
        text = f"spiffe://{self.config.trust_domain}/ns/{namespace}/sa/{account}"
        return Identity(text, namespace, account)

    def server(self, pod: Pod, port: int) -> tuple[Option[Server], ...]:
        """What the proxy of a member takes at a port."""
        addresses = pod.addresses if self.services.by_address else ()
        key = (*key_of(pod), id(pod.ports), addresses, port)
        found = self._served.get(key)
        if found is None:
            options = tuple(self._servers.at(pod, port, self.membership(pod)))
            if self._rolls and not exists(pod):
                options = as_set(self._rolls, options)
            found = self._served[key] = (pod, options)
        return found[1]

    def spoken(self, service: Service, number: int) -> Speech | None:
        """What proxies take a port of a Service for."""
        ports = (one for one in service.ports if one.port == number and one.protocol == "TCP")
        return next((speech.of_port(one.port, one.name, one.application) for one in ports), None)

    def client(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service | None,
        asked: tuple[str, int] | None = None,
        dialled: int | None = None,
    ) -> tuple[Option[Client], ...]:
        """What the proxy of a member sends."""
        dialled = dialled if service is not None and len(service.ports) > 1 and not service.headless else None
        asks = self.services.by_address or self._senders.by_address
        addresses = destination.addresses if destination is not None and asks else ()
        members = self.membership(source)
        proxies = tuple((option.value.proxy, option.value.revision, option.fact) for option in members)
        end = () if destination is None else (*key_of(destination), id(destination.ports), addresses)
        sender = self._senders.key_of(source)
        key = (proxies, sender, end, port, id(service), asked, asked and source.namespace, dialled)
        kept = self._clients.get(key)
        if kept is None:
            if len(self._clients) >= MOST_KEPT:
                self._clients.clear()
            options = tuple(self._send(source, destination, port, service, asked, dialled))
            kept = self._clients[key] = ((source, destination, service), options)
        return kept[1]

    def _send(
        self,
        source: Pod,
        destination: Pod | None,
        port: int,
        service: Service | None,
        asked: tuple[str, int] | None,
        dialled: int | None,
    ) -> Iterable[Option[Client]]:
        options = self.membership(source)
        proxies = {option.value.proxy for option in options} - {Proxy.NONE}
        found: dict[tuple[object, ...], Option[Client]] = {}
        if service is not None and not self._discovers(service.namespace):
            service = None
        for proxy in sorted(proxies, key=lambda one: one.value) or [Proxy.SIDECAR]:
            if proxy is Proxy.NODE:
                sends = self._senders.by_node(destination)
                if destination is None and self._waypoints and self.objects.service_entries:
                    hosts = of_node(self.objects.service_entries, self._waypoints, source, port)
                    sends = iter([Option(replace(one.value, abroad=hosts), one.fact, one.decide) for one in sends])
            else:
                config, told = self._config_of(options), asked_in_usual_domain(asked, domain_of(self.objects))
                sends = self._senders.by_sidecar(source, destination, port, service, config, told, dialled)
            for option in sends:
                fact, decide = option.fact, option.decide
                if len(proxies) > 1:
                    fact = ", and ".join(filter(None, (CLIENT.format(NAMES[proxy]), fact)))
                    decide = decide or "what makes the client a member of the mesh"
                one = option.value
                key = (one.sending, one.checks, one.routes, *sorted(cases(fact)), proxy)
                known_as = found.get(key)
                said = fact if known_as is None else either(known_as.fact, fact) or fact
                value, decide = (one, decide) if known_as is None else (known_as.value, known_as.decide)
                found[key] = Option(with_name(value, {value.asks, one.asks}), said, decide)
        if len({(one.value.sending, one.value.checks, one.value.routes) for one in found.values()}) == 1:
            return known(with_name(next(iter(found.values())).value, {one.value.asks for one in found.values()}))
        return found.values()

    def sent_on(self, source: Pod, destination: Pod, port: int, way: SentOn) -> tuple[Option[Client], ...]:
        """What the proxy of a member sends to a pod that it sends requests on to."""
        config = self._config_of(self.membership(source))
        return tuple(self._senders.egress.sent_on(source, destination, port, way, config))

    def relays(self, pod: Pod) -> bool:
        """Whether a pod is a gateway, and surely has its proxy."""
        return is_gateway(pod) and all(one.value.proxy is Proxy.SIDECAR for one in self.membership(pod))

    @cached_property
    def outward(self) -> frozenset[tuple[str, str | None, str]]:
        """The objects that say what becomes of requests for hosts outside."""
        return frozenset(outward(self.objects, self._senders.egress))

    def leaving(self, gateway: Pod, host: str, port: int | None, listener: int) -> tuple[Option[Leaving], ...]:
        """How a gateway leaves the cluster to a host."""
        config = self._config_of(self.membership(gateway))
        return tuple(self._senders.egress.leaving(gateway, host, port, listener, config))

    def balances(self, source: Pod, service: Service, port: int) -> frozenset[bool]:
        """Whether a member's proxy picks the end behind a Service itself."""
        if not self._discovers(service.namespace):
            return frozenset((False,))
        members = self.membership(source)
        selects, config = self.release.flag(SELECTS_ENTRIES, True), self._config_of(members)
        return balances(source, service, port, members, self._sidecars.of(source), config, selects)

    def waypoint(
        self, source: Pod | None, destination: Pod, service: Service | None
    ) -> tuple[Option[Waypoint | None], ...]:
        """The proxy that traffic of a member to a destination goes over, if any; ``source`` None: of one that asks for
        it, as clients of ztunnel do."""
        if not self._waypoints:
            return known(None)
        if source is None:
            return tuple(self._waypoints.of(destination, service))
        proxies = {option.value.proxy for option in self.membership(source)}
        if Proxy.NODE not in proxies:
            return known(None)
        found = self._waypoints.of(destination, service)
        if proxies - {Proxy.NODE, Proxy.NONE} and any(option.value is not None for option in found):
            fact, decide = CLIENT.format(NAMES[Proxy.NODE]), "what makes the client a member of the mesh"
            found = [Option(one.value, ", and ".join(filter(None, (fact, one.fact))), decide) for one in found]
            found.append(Option(None, CLIENT.format(NAMES[Proxy.SIDECAR]), decide))
        return tuple(found)

    def ports(self, source: Pod | None, destination: Pod | None) -> tuple[int, ...]:
        """The ports of a destination that anything of the mesh speaks of, sorted."""
        found = set(self.named_ports(source, destination))
        if destination is not None:
            for option in self.membership(destination):
                found |= lone_numbers(option.value.inbound)
                found |= {HBONE_PORT} if option.value.awaits_tunnels else set()
        if source is not None:
            for option in self.membership(source):
                outbound = option.value.outbound
                found |= lone_numbers(outbound.ports) | lone_numbers(outbound.excluded_ports)
        return tuple(sorted(port for port in found if 1 <= port <= 65535))

    def named_ports(self, source: Pod | None, destination: Pod | None) -> frozenset[int]:
        """Those of them that objects speak of, beside what proxies take and leave."""
        found: set[int] = set()
        if destination is not None:
            found |= self.services.ports(destination)
            found |= self._of_namespace(destination.namespace)
            if is_gateway(destination):
                found |= {number for one in self.objects.gateways for number, _, _ in one.listeners}
        else:
            found |= self._of_namespace(source.namespace if source is not None else "")
            found |= self._senders.egress.asked_ports
            found |= self._senders.entries.all_ports
        if source is not None:
            found |= self._senders.entries.ports
        return frozenset(found)

    def trusts(self, identity: str, node_proxy: bool) -> bool:
        """Whether a server takes a certificate of this identity: by its trust domain, in TLS, before any policy. A
        sidecar also takes the aliases of the mesh's; ztunnel only its own."""
        domain = identity.removeprefix("spiffe://").partition("/")[0]
        if node_proxy:
            return domain == self.config.trust_domain
        if self.release.flag("PILOT_SKIP_VALIDATE_TRUST_DOMAIN", False):
            return True
        return domain in (self.config.trust_domain, *self.config.aliases, *self.config.foreign_authorities)

    def normalized(self, path: str) -> str:
        """A request's path as the proxies compare it."""
        resolves = self.release.resolves_dots_with_parameters() is True
        return normalized(path, self.config.path_normalization, resolves)

    def spellings(self, path: str) -> tuple[str, ...]:
        """The path, and the one that it is for some releases, where it is not known which it is."""
        if self.release.resolves_dots_with_parameters() is not None:
            return (path,)
        return tuple(dict.fromkeys((path, without_parameters(path, self.config.path_normalization))))

    def rules(self, point: Point, port: int) -> RequestRules:
        """What an enforcement point asks of requests, or connections, to a port."""
        if point.sort is not PointSort.WAYPOINT and point.service is not None:
            # Only a waypoint knows of the Service.
            point = replace(point, service=None)
        server, service = point.server, point.service
        key = (
            point.sort,
            point.http,
            self.kind(point.pod),
            point.pod.workload if point.sort is PointSort.WAYPOINT else None,
            None if server is None else self.kind(server),
            None if service is None else (service.namespace, service.name),
        )
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = self._rules_at(point, port)
        added = [
            (one.named.source, _NOT_MODELLED) for one in self.objects.extensions if self._touches(one, point, port)
        ]
        added += self._ended_here(point, port)
        if point.sort is PointSort.WAYPOINT and server is not None:
            return with_routes(found, self._waypoint_routes.at(point, port, self.kind(server)), tuple(added))
        return replace(found, unsettled=(*found.unsettled, *added)) if added else found

    def _ended_here(self, point: Point, port: int) -> list[tuple[Source, str]]:
        """Sidecars that have the proxy end TLS of its own at a port, where it takes none of the mesh."""
        if point.sort is not PointSort.SIDECAR or not self._sidecars or not self._ends_tls:
            return []
        plain = any(option.value.acceptance is Acceptance.PLAIN for option in self.server(point.pod, port))
        found = [option.value for option in self._sidecars.of(point.pod) if option.value is not None]
        return [
            (one.named.source, "has the proxy end TLS at this port, and what it then takes is not modelled")
            for one in found
            if plain and any(listener.tls and listener.port == port for listener in one.ingress or ())
        ]

    def _touches(self, extension: Extension, point: Point, port: int) -> bool:
        gateway = GATEWAY_NAME in point.pod.labels or is_gateway(point.pod)
        return may_touch(
            extension,
            point,
            port,
            self.config.root_namespace,
            gateway=gateway,
            waypoint=is_waypoint(point.pod),
            own_chain=bool(extension.ports) and bool(self.services.leading_to(point.pod, port)),
        )

    def _rules_at(self, point: Point, port: int) -> RequestRules:
        config = self.release.authorization(self.config)
        homes = {config.root_namespace, point.pod.namespace}
        homes |= {point.service.namespace} if point.service is not None else set()
        policies = [one for home in homes for one in self._policies_of.get(home, ())]
        return with_sources(rules_at(policies, self._authentications, config, point, port), point, self.config)

    def _of_namespace(self, namespace: str) -> frozenset[int]:
        """Ports that policies speak of which may reach a pod of a namespace."""
        found = self._mentioned.get(namespace)
        if found is None:
            numbers = set(self.peer_authentications.ports(namespace)) | set(self._sidecars.ports(namespace))
            ports = {port for one in self.objects.extensions for port in one.ports}
            found = self._mentioned[namespace] = self._asked_ports | numbers | ports
        return found

    @cached_property
    def _asked_ports(self) -> frozenset[int]:
        """The ports that conditions of policies name."""
        return frozenset(
            int(word)
            for one in self._policies
            for clause in one.clauses
            for terms in (*clause.operations, clause.conditions)
            for term in terms
            if term.key == "destination.port"
            for word in (*term.values, *term.others)
            if word.isascii() and word.isdigit()
        )

    def _config_of(self, options: Options) -> MeshConfig:
        for option in options:
            if option.value.proxy is Proxy.SIDECAR:
                return self._configs.get(option.value.revision) or self.config
        return self.config

    def _pods_of(self, service: Service) -> Iterable[Pod]:
        return [
            pod
            for pod in self._cluster.pods
            if pod.namespace == service.namespace and service.selector and selects(service.selector, pod)
        ]

    def _discovers(self, namespace: str) -> bool:
        """Whether istiod looks at a namespace (discoverySelectors); one whose labels are not known counts as if."""
        selectors: tuple[Selector, ...] = self.config.discovers
        space = self._cluster.namespaces.get(namespace)
        if not selectors or space is None or space.open_labels:
            return True
        return any(one.matches(space.labels) for one in selectors)

    def _looks_at(self, named: Named) -> bool:
        return self._discovers(named.namespace)
