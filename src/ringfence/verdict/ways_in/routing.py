"""Which controller serves a route, and which routes nobody can serve.

Sources: networking.k8s.io/v1 Ingress (class, default class), gateway.networking.k8s.io/v1 (parentRefs, listeners,
allowedRoutes, ReferenceGrant).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.model.cluster import Cluster, Service, ServicePort
from ringfence.model.entries import BackendRef, EntryClass, Gateway, Listener, Parent, Route
from ringfence.values import Value
from ringfence.verdict.asking import Asker
from ringfence.verdict.ways_in.software import OPENSHIFT, Labels, Software, by_class_name, by_controller
from ringfence.verdict.ways_in.values import DeadEnd, Opening

CARRIES = {
    "HTTPRoute": ("HTTP", "HTTPS"),
    "GRPCRoute": ("HTTP", "HTTPS"),
    "TLSRoute": ("TLS",),
    "TCPRoute": ("TCP", "TLS"),
    "UDPRoute": ("UDP",),
}
"""Protocols of listeners that carry a kind of route."""


class Server(Value):
    """Who serves a route: pods of the input, a load balancer outside the cluster, or a controller that the input lacks
    (neither). ``text`` names it for people."""

    text: str
    pods: tuple[int, ...] = ()
    outside: bool = False


class Routing:
    """Finds servers and backends of routes in one world."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.cluster: Cluster = asker.relation.cluster
        entries = self.cluster.entries
        self._gateways = {(one.namespace, one.name): one for one in entries.gateways}
        self._found: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[int, ...]] = {}
        self._classes = {(one.kind, one.name): one for one in entries.classes}

    # Who serves it.

    def servers(self, route: Route, opening: Opening) -> Iterator[Server | DeadEnd]:
        """Who serves a route, and why some that it names do not."""
        if route.kind == "Ingress":
            yield from self._of_ingress(route, opening)
        elif route.kind == "Route":
            yield self._server(OPENSHIFT, None)
        else:
            for parent in route.parents:
                yield from self._of_parent(route, parent, opening)
            if not route.parents:
                message = f"{opening.text} names no Gateway: nobody serves it"
                yield DeadEnd(opening, "no-gateway", message, "add parentRefs with the Gateway's name", route.place)

    def _of_ingress(self, route: Route, opening: Opening) -> Iterator[Server | DeadEnd]:
        known = [one for one in self.cluster.entries.classes if one.kind == "IngressClass"]
        name = route.class_name
        if name is None:
            defaults = [one for one in known if one.default]
            if len(defaults) != 1:
                yield Server("an ingress controller")
                return
            name = defaults[0].name
        entry = self._classes.get(("IngressClass", name))
        software = _software(entry) if entry else by_class_name(name)
        if entry is None and software is None and known:
            listed = ", ".join(one.name for one in known)
            message = f"{opening.text} names the class {name}, which the input lacks"
            yield DeadEnd(opening, "no-class", message, f"name one of: {listed}", route.place)
            return
        yield self._server(software, None) if software else Server(f"the controller of class {name}")

    def _of_parent(self, route: Route, parent: Parent, opening: Opening) -> Iterator[Server | DeadEnd]:
        gateway = self._gateways.get((parent.namespace, parent.gateway))
        called = f"{parent.namespace}/{parent.gateway}"
        if gateway is None:
            message = f"{opening.text} names the Gateway {called}, which the input lacks"
            yield DeadEnd(opening, "no-gateway", message, "give the Gateway too, or name another", parent.place)
            return
        listeners = [one for one in gateway.listeners if self._takes(gateway, one, route, parent)]
        if not listeners:
            message = f"no listener of Gateway {called} takes {opening.text}"
            fix = "compare sectionName, port, hostnames, the listeners' protocol and their allowedRoutes"
            yield DeadEnd(opening, "no-listener", message, fix, parent.place)
            return
        entry = self._classes.get(("GatewayClass", gateway.class_name))
        software = _software(entry) if entry else by_class_name(gateway.class_name)
        yield Server(f"the controller of Gateway {called}") if software is None else self._server(software, gateway)

    def _takes(self, gateway: Gateway, listener: Listener, route: Route, parent: Parent) -> bool:
        """Whether a listener may take a route; labels that the input lacks are given the benefit of the doubt."""
        if parent.section and parent.section != listener.name:
            return False
        if parent.port is not None and parent.port != listener.port:
            return False
        if listener.kinds and route.kind not in listener.kinds:
            return False
        if not listener.kinds and listener.protocol not in CARRIES.get(route.kind, ()):
            return False
        if not _share_a_name(listener.hostname, route.hosts):
            return False
        if listener.namespaces is None:
            return route.namespace == gateway.namespace
        return self.asker.relation.conditions.namespace(listener.namespaces, route.namespace, "src") is not None

    def _server(self, software: Software, gateway: Gateway | None) -> Server:
        home = (gateway.namespace, gateway.name) if gateway else None
        pods = tuple(dict.fromkeys(pod for wanted in software.pods_of(home) for pod in self._labelled(*wanted)))
        text = software.name if gateway is None else f"Gateway {gateway.namespace}/{gateway.name} ({software.name})"
        return Server(text, pods, software.outside)

    def _labelled(self, namespace: str, labels: Labels) -> tuple[int, ...]:
        key = (namespace, tuple(sorted(labels.items())))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = tuple(
                index
                for index, pod in enumerate(self.cluster.pods)
                if (not namespace or pod.namespace == namespace) and labels.items() <= pod.labels.items()
            )
        return found

    # What it sends to.

    def backends(
        self, route: Route, opening: Opening, backend: BackendRef
    ) -> Iterator[tuple[Service, ServicePort] | DeadEnd]:
        """The ports of the Service that a backend means, or why it means none."""
        called = f"{backend.namespace}/{backend.name}"

        def dead(code: str, message: str, fix: str) -> DeadEnd:
            return DeadEnd(opening, code, f"{opening.text} {message}", fix, backend.place, backend.namespace)

        if backend.kind != "Service":
            yield dead("not-modelled", f"sends to {backend.kind} {called}, which is not modelled", "send to a Service")
            return
        service = self.asker.directory.service(backend.namespace, backend.name)
        if service is None:
            yield dead("no-service", f"sends to Service {called}, which the input lacks", "create it, or name another")
            return
        if backend.namespace != route.namespace and not self._granted(route, backend):
            message = f"sends to Service {called} in another namespace, which no ReferenceGrant there allows"
            yield dead("no-grant", message, f"add a ReferenceGrant for {route.kind} of {route.namespace}")
            return
        if service.kind == "ExternalName":
            yield dead("not-modelled", f"sends to {called}, an ExternalName: out of the cluster", "send to pods")
            return
        ports = [port for port in service.ports if _means(backend, port) and port.protocol == route.protocol]
        if not ports:
            listed = ", ".join(f"{port.port}{f' ({port.name})' if port.name else ''}" for port in service.ports)
            yield dead(
                "no-port", f"sends to port {backend.port} of Service {called}, which it lacks", f"it has: {listed}"
            )
            return
        for port in ports:
            yield service, port

    def _granted(self, route: Route, backend: BackendRef) -> bool:
        return any(
            grant.namespace == backend.namespace
            and grant.source == route.namespace
            and grant.kind == route.kind
            and (not grant.names or backend.name in grant.names)
            for grant in self.cluster.entries.grants
        )


def _software(entry: EntryClass) -> Software | None:
    return by_controller(entry.controller)


def _means(backend: BackendRef, port: ServicePort) -> bool:
    if backend.port is None:
        return True
    if backend.target and isinstance(backend.port, int):
        return backend.port == port.target
    return backend.port in (port.name, port.target) if backend.target else backend.port in (port.port, port.name)


def _share_a_name(hostname: str, hosts: Iterable[str]) -> bool:
    """Whether a listener's name and one of a route's can be the same host; no name is any."""
    names = list(hosts)
    return not hostname or not names or any(_overlap(hostname.lower(), name.lower()) for name in names)


def _overlap(one: str, other: str) -> bool:
    if one == other:
        return True
    if one.startswith("*.") and other.startswith("*."):
        return one[1:].endswith(other[1:]) or other[1:].endswith(one[1:])
    if one.startswith("*."):
        return other.endswith(one[1:])
    return other.startswith("*.") and one.endswith(other[1:])


__all__ = ["Routing", "Server"]
