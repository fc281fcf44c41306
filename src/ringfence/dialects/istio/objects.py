"""What the objects of Istio say, before it is known whom it concerns.

Source: istio/api ``security/v1beta1``, ``networking/v1alpha3``. What each of them means is in the module of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.route_objects import Entry
from ringfence.model.mesh import Source
from ringfence.model.provenance import Place
from ringfence.sets.labels import Selector


class Mode(Enum):
    """What a server's proxy asks of TLS (PeerAuthentication ``mtls.mode``)."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLE = "DISABLE"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Named:
    """What every object has. ``created``: its creationTimestamp, empty: not known."""

    kind: str
    namespace: str
    name: str
    place: Place
    created: str = ""

    @property
    def source(self) -> Source:
        """The object as something that settles an answer."""
        return Source(self.kind, self.namespace, self.name, self.place)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


Labels = Mapping[str, str] | None
"""Labels that a selector asks for; None: there is no selector."""


@dataclass(frozen=True, slots=True)
class PeerAuthentication:
    """``mode`` None: UNSET, or none given. ``ports``: by the workload's port; None: UNSET. ``broken``: why the API
    server rejects it; what it says is then not known."""

    named: Named
    selector: Labels
    mode: Mode | None
    ports: Mapping[int, Mode | None] = field(default_factory=dict)
    broken: str = ""


class ClientTls(Enum):
    """What a client's proxy is told to send (DestinationRule ``tls.mode``)."""

    DISABLE = "DISABLE"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Tls:
    """``names``: subjectAltNames, of which the server has to prove one (empty: those that the mesh knows). ``asks``:
    the name of the server that it asks for (``sni``; empty: not given)."""

    mode: ClientTls
    names: tuple[str, ...] = ()
    asks: str = ""


@dataclass(frozen=True, slots=True)
class TrafficPolicy:
    """What concerns TLS of a traffic policy. ``ports``: by the Service's port; None there: a port with settings that
    say nothing of TLS, which therefore inherit none."""

    tls: Tls | None = None
    ports: Mapping[int, Tls | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subset:
    """Some endpoints of a host, by labels, and what is sent to them. ``named``: the rule that it is of, where several
    are one."""

    name: str
    labels: Mapping[str, str]
    policy: TrafficPolicy | None
    named: Named | None = None


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """``exports``: namespaces that see it; empty: all. ``selector``: clients that it is for."""

    named: Named
    host: str
    policy: TrafficPolicy | None
    subsets: tuple[Subset, ...] = ()
    exports: tuple[str, ...] = ()
    selector: Labels = None
    broken: str = ""


@dataclass(frozen=True, slots=True)
class EgressListener:
    """Hosts (``NAMESPACE/HOST``) that a client knows; ``port`` None: at every port. ``protocol``: of that port."""

    hosts: tuple[str, ...]
    port: int | None = None
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class IngressListener:
    """A port of the workload that its proxy takes, whatever the Services say. ``tls``: it ends TLS of its own."""

    port: int
    protocol: str
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What the proxies of some workloads know and take. ``egress`` and ``ingress`` None: not given. ``any_outside``:
    what it does with destinations that it does not know; None: as the mesh says. ``egress_proxy``: it sends to another
    proxy what it passes on so."""

    named: Named
    selector: Labels
    egress: tuple[EgressListener, ...] | None
    ingress: tuple[IngressListener, ...] | None
    any_outside: bool | None
    broken: str = ""
    egress_proxy: str = ""


@dataclass(frozen=True, slots=True)
class EntryPort:
    """A port of a ServiceEntry."""

    number: int
    protocol: str
    name: str
    target: int


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """Hosts that the mesh is told of. ``outside``: MESH_EXTERNAL. ``selector``: pods and WorkloadEntries that serve
    them. ``addresses`` and ``endpoints`` as written."""

    named: Named
    hosts: tuple[str, ...]
    addresses: tuple[str, ...]
    ports: tuple[EntryPort, ...]
    outside: bool
    resolution: str
    endpoints: tuple[str, ...] = ()
    selector: Labels = None
    exports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    broken: str = ""
    own_ports: bool = False
    """Whether some endpoint has ports of its own."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Routed:
    """Where routes of one sort send, and whether that is all that they do."""

    targets: tuple[tuple[str, str], ...]
    plain: bool


@dataclass(frozen=True, slots=True)
class WorkloadEntry:
    """A workload outside of the cluster. ``address`` as written: one of IP, a name, or the path of a socket."""

    named: Named
    address: str
    labels: Mapping[str, str]
    account: str
    network: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    broken: str = ""


@dataclass(frozen=True, slots=True)
class VirtualService:
    """Routes for hosts. ``inside``: it also holds for clients in the mesh. ``plain``: all that it does with a request
    is to send it to one of ``targets`` (host and subset); else it may answer, change or refuse it. ``gateways`` that it
    is bound to, as written, but for those in the mesh; ``entries``: its routes in detail. ``requests`` and
    ``connections``: what it does with requests of HTTP, and with others; None: it has no routes for them. ``port``: of
    the hosts, to which it keeps (None: all); only routes of the Gateway API have one. ``entry``: namespace and name of
    the ServiceEntry whose hosts they are (None: they are those of Services)."""

    named: Named
    hosts: tuple[str, ...]
    inside: bool
    targets: tuple[tuple[str, str], ...]
    plain: bool
    exports: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    broken: str = ""
    requests: Routed | None = None
    connections: Routed | None = None
    port: int | None = None
    entry: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """An object that can change what proxies do and is not modelled: EnvoyFilter, WasmPlugin. ``targets``: (kind, name)
    of what it is attached to. ``inbound`` and ``outbound``: what of sidecars it changes; ``gateways``, ``waypoints``:
    whether it is in these (None: in waypoints only if it names them). ``http``: it sees requests, and no connections.
    ``ports``: of the workload, to which it keeps (empty: all)."""

    named: Named
    selector: Labels
    targets: tuple[tuple[str, str], ...]
    inbound: bool
    outbound: bool
    gateways: bool = True
    waypoints: bool | None = None
    http: bool = False
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WaypointGateway:
    """A Gateway of the Gateway API whose class is a mesh's waypoint. ``serves``: ``service``, ``workload``, ``all`` or
    ``none``. ``namespaces`` from which it may be named; None: its own. ``ready``: its status gives an address; None: it
    has no status."""

    named: Named
    serves: str
    namespaces: Selector | None
    ready: bool | None


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """A port of a Gateway of Istio. ``mode`` of TLS as written, or what it is without a word; None: no TLS. ``hosts``
    may name a namespace. ``redirects``: plain requests are answered with a redirect."""

    port: int
    name: str
    protocol: str
    mode: str | None
    hosts: tuple[str, ...]
    redirects: bool
    place: Place


@dataclass(frozen=True, slots=True)
class IngressGateway:
    """Ports on which gateway pods listen. ``selector``: their labels (Gateway of Istio); ``gateway``: their Gateway (of
    the Gateway API). ``listeners``: port, protocol, mode of TLS. ``servers``: the same in detail (Gateway of Istio)."""

    named: Named
    selector: Mapping[str, str]
    gateway: str
    listeners: tuple[tuple[int, str, str], ...]
    servers: tuple[GatewayServer, ...] = ()
    broken: str = ""
    made: bool = False
    """istiod makes the pods and their Service."""


@dataclass(frozen=True, slots=True)
class Injection:
    """What the input shows of an injector. ``named``: its webhook or ConfigMap. ``by_default``: namespaces without a
    label are injected too (enableNamespacesByDefault); None: not known."""

    named: Named
    revision: str
    by_default: bool | None = None
    enabled: bool | None = None
    """The ConfigMap's ``policy``: enabled; None: not known."""
    tags: tuple[str, ...] = ()
    never: tuple[Selector, ...] = ()
    """Pods that are not injected (neverInjectSelector)."""
    always: tuple[Selector, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    """What annotations say that a pod does not have, by their keys (``global.proxy`` of the values)."""
    domain: str = ""
    """The cluster's (``global.proxy.clusterDomain``); empty: not said."""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """An istiod: its revision (empty: the default one), its version, and the flags that matter."""

    named: Named
    revision: str
    version: str
    flags: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""
    """The cluster's (``--domain``); empty: not said."""


@dataclass(frozen=True, slots=True)
class IstioObjects:
    """Everything that the input says in the words of Istio. ``configs``: mesh configs by revision (empty: default).
    ``authorizations`` and ``authentications`` are read by ``authorization_objects``. ``node_agents``: places where the
    input shows that node proxies are installed. ``assumed``: names of what was not given, so that upstream's defaults
    stand for it."""

    peer_authentications: tuple[PeerAuthentication, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    service_entries: tuple[ServiceEntry, ...] = ()
    workload_entries: tuple[WorkloadEntry, ...] = ()
    virtual_services: tuple[VirtualService, ...] = ()
    extensions: tuple[Extension, ...] = ()
    waypoints: tuple[WaypointGateway, ...] = ()
    gateways: tuple[IngressGateway, ...] = ()
    authorizations: tuple[object, ...] = ()
    authentications: tuple[object, ...] = ()
    configs: Mapping[str, MeshConfig] = field(default_factory=dict)
    injections: tuple[Injection, ...] = ()
    control_planes: tuple[ControlPlane, ...] = ()
    node_agents: tuple[Named, ...] = ()
    enablement: tuple[tuple[Selector, Selector], ...] = ()
    """Which pods ztunnel takes: one of these selectors of the pod and of its namespace (AMBIENT_ENABLEMENT_SELECTOR of
    the node agent); empty: the usual ones."""
    version: str = ""
    """What the user says."""
