"""Ways into the cluster as their objects state them: routes to Services, the gateways and classes that serve them.

They allow and deny nothing by themselves. Which packets they send where is worked out in ``ringfence.verdict``.
Sources: networking.k8s.io/v1 Ingress, gateway.networking.k8s.io v1, route.openshift.io/v1.
"""

from __future__ import annotations

from ringfence.model.provenance import Place
from ringfence.sets.labels import Selector
from ringfence.values import Value


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


class RouteRule(Value):
    """What a route does with some requests. ``path`` is as written, for people; empty: any."""

    path: str
    backends: tuple[BackendRef, ...]
    place: Place


class Parent(Value):
    """A Gateway that a route wants to be served by, or one of its listeners (by name ``section`` or by port)."""

    namespace: str
    gateway: str
    section: str
    port: int | None
    place: Place


class Route(Value):
    """An Ingress, an OpenShift Route, or a route of the Gateway API.

    ``class_name`` (Ingress): the class that it names; None: none. ``parents`` (Gateway API). ``hosts`` empty: any host.
    ``protocol``: what its backends speak, TCP or UDP.
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


class Listener(Value):
    """A port of a Gateway. ``namespaces`` None: routes of its own namespace; else a selector of namespaces.
    ``kinds`` empty: those that its protocol implies."""

    name: str
    port: int
    protocol: str
    hostname: str
    namespaces: Selector | None
    kinds: tuple[str, ...]
    place: Place


class Gateway(Value):
    """A Gateway of the Gateway API."""

    namespace: str
    name: str
    class_name: str
    listeners: tuple[Listener, ...]
    place: Place


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


NO_ENTRIES = Entries()
ROUTE_KINDS = ("Ingress", "Route", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
ENTRY_KINDS = (*ROUTE_KINDS, "IngressClass", "Gateway", "GatewayClass", "ReferenceGrant")
"""Kinds of the objects that entries are read from."""
