"""Ways into the cluster as their objects state them: routes to Services, the gateways and classes that serve them.

They allow and deny nothing by themselves. Which packets they send where is worked out in ``ringfence.verdict``.
Sources: networking.k8s.io/v1 Ingress, gateway.networking.k8s.io v1, route.openshift.io/v1. The dialects of meshes make
the same values of their own gateways and routes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ringfence.model.provenance import Place
from ringfence.sets.labels import Selector
from ringfence.values import Value

if TYPE_CHECKING:
    # Most questions ask for no requests: what makes sets of them is not imported with every cluster.
    from ringfence.sets.requests.attributes import Attribute
    from ringfence.sets.requests.formulas import Formula

GATEWAY_API = "gateway.networking.k8s.io"
NO_HOST = "host"
"""The kind of a backend that is named by a host that nothing in the input has."""
HOSTNAME = "Hostname"
"""The kind of a backend that is a host by its name, wherever that is (a mesh adds it to the Gateway API)."""


class BackendRef(Value):
    """A Service that a route sends to. ``port``: the Service's port, by number or name; None: the route does not say
    (an OpenShift Route without one sends to every port). ``kind`` is another one for what is no Service. ``target``:
    the port is a number or name of the pods' (OpenShift ``targetPort``), not of the Service."""

    namespace: str
    name: str
    port: int | str | None
    place: Place
    kind: str = "Service"
    target: bool = False


class Carried(StrEnum):
    """What a rule of a route is for, and what a listener takes: requests, TLS by the server name that the client asks
    for, or bytes."""

    REQUESTS = "requests"
    TLS = "tls"
    BYTES = "bytes"


class RequestMatch(Value):
    """Requests that a rule takes (of TLS: server names), at these ports of listeners (none said: any) and only of these
    gateways, by namespace and name. ``rank``: where the most specific match counts instead of the first, the greater
    one. ``by_sort``: the same where exact paths go before all prefixes, and these before all regular expressions.
    ``regular``: its path is a regular expression, for which ``rank`` says nothing. ``formula`` says nothing of hosts
    that the route as a whole is for."""

    formula: Formula
    ports: tuple[int, ...] = ()
    gateways: tuple[tuple[str, str], ...] = ()
    rank: tuple[int, ...] = ()
    by_sort: tuple[int, ...] = ()
    regular: bool = False


class Changes(Value):
    """What a backend sees of a request that its client wrote otherwise. ``host``: it is replaced by this one (empty: it
    is not); ``attributes`` are not known any more."""

    host: str = ""
    attributes: tuple[Attribute, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.host or self.attributes)


UNCHANGED = Changes()


class RouteRule(Value):
    """What a route does with some requests. ``path`` is as written, for people; empty: any. ``matches``: which those
    are; None: it is not said in a form that is read. ``carries`` None: whatever its route does. A rule without
    ``backends`` answers by itself."""

    path: str
    backends: tuple[BackendRef, ...]
    place: Place
    matches: tuple[RequestMatch, ...] | None = None
    carries: Carried | None = None
    changes: Changes = UNCHANGED


class Parent(Value):
    """A Gateway that a route wants to be served by, or one of its listeners (by name ``section`` or by port). ``api``:
    the group that the Gateway is of."""

    namespace: str
    gateway: str
    section: str
    port: int | None
    place: Place
    api: str = GATEWAY_API


class Route(Value):
    """An Ingress, an OpenShift Route, or a route of the Gateway API.

    ``class_name`` (Ingress): the class that it names; None: none. ``parents`` (Gateway API, meshes). ``hosts`` empty:
    any host. ``protocol``: what its backends speak, TCP or UDP. ``ordered``: the first rule that matches counts, else
    the most specific. ``seen_from``: namespaces whose gateways may serve it; None: all. ``granted``: it may send to
    other namespaces without being asked. ``created``: its creationTimestamp, empty: not known. ``broken``: why its API
    server rejects it; what it says is then not known.
    """

    kind: str
    namespace: str
    name: str
    place: Place
    rules: tuple[RouteRule, ...]
    hosts: tuple[str, ...] = ()
    class_name: str | None = None
    parents: tuple[Parent, ...] = ()
    protocol: str = "TCP"
    ordered: bool = False
    seen_from: tuple[str, ...] | None = None
    granted: bool = False
    created: str = ""
    broken: str = ""


class ListenerTls(StrEnum):
    """What a listener does with TLS: it takes none; it ends it; it ends it and asks for a certificate of the client's
    (or takes one, if there is one); it takes only identities of the mesh; it passes it on by the name of the server; it
    passes it on to whatever Service of the mesh the name spells."""

    NONE = "none"
    ENDS = "ends"
    CERTIFICATE = "certificate"
    OPTIONAL = "optional"
    MESH = "mesh"
    PASSES = "passes"
    AUTOMATIC = "automatic"


class Listener(Value):
    """A port of a Gateway. ``namespaces`` None: routes of its own namespace; else a selector of namespaces.
    ``kinds`` empty: those that its protocol implies. ``carries`` None: what its protocol implies. ``redirects``: it
    answers every plain request itself."""

    name: str
    port: int
    protocol: str
    hostname: str
    namespaces: Selector | None
    kinds: tuple[str, ...]
    place: Place
    tls: ListenerTls = ListenerTls.NONE
    carries: Carried | None = None
    redirects: bool = False

    @property
    def takes(self) -> Carried | None:
        """What it takes; None: neither requests nor TLS nor bytes over TCP."""
        if self.carries is not None:
            return self.carries
        if self.protocol == "TLS":
            return Carried.TLS if self.tls is ListenerTls.PASSES else Carried.BYTES
        return {"HTTP": Carried.REQUESTS, "HTTPS": Carried.REQUESTS, "TCP": Carried.BYTES}.get(self.protocol)


class Gateway(Value):
    """A Gateway of the Gateway API, or of a mesh (``api``: its group). ``pods``: the pods that it configures, by their
    labels, in its namespace or ``anywhere``; None: those of the software that its class names. ``software``: what
    serves it, for people. ``broken``: why its API server rejects it."""

    namespace: str
    name: str
    class_name: str
    listeners: tuple[Listener, ...]
    place: Place
    api: str = GATEWAY_API
    pods: Selector | None = None
    anywhere: bool = False
    software: str = ""
    broken: str = ""


class EntryClass(Value):
    """An IngressClass or a GatewayClass. ``controller`` names the software that serves it; ``default``: it serves
    Ingresses that name no class."""

    kind: str
    name: str
    controller: str
    default: bool
    place: Place


class Grant(Value):
    """A ReferenceGrant: routes of ``kinds`` in namespace ``source`` may name Services of ``namespace`` (``names``
    empty: all of them)."""

    namespace: str
    source: str
    kind: str
    names: tuple[str, ...]


class Entries(Value):
    """Everything that leads traffic into the cluster besides Services and pods themselves."""

    routes: tuple[Route, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    classes: tuple[EntryClass, ...] = ()
    grants: tuple[Grant, ...] = ()

    def also(self, routes: tuple[Route, ...], gateways: tuple[Gateway, ...]) -> Entries:
        """These and some more, in order of namespace and name."""
        return Entries(
            tuple(sorted((*self.routes, *routes), key=lambda one: (one.namespace, one.name, one.kind))),
            tuple(sorted((*self.gateways, *gateways), key=lambda one: (one.namespace, one.name, one.api))),
            self.classes,
            self.grants,
        )


NO_ENTRIES = Entries()
ROUTE_KINDS = ("Ingress", "Route", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
ENTRY_KINDS = (*ROUTE_KINDS, "IngressClass", "Gateway", "GatewayClass", "ReferenceGrant")
"""Kinds of the objects that entries are read from."""
