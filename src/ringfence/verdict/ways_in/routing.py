"""Which controller serves a route, and which routes nobody can serve.

Sources: networking.k8s.io/v1 Ingress (class, default class), gateway.networking.k8s.io/v1 (parentRefs, listeners,
allowedRoutes, ReferenceGrant).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.model.cluster import Cluster, Service, ServicePort
from ringfence.model.entries import NO_HOST, BackendRef, EntryClass, Gateway, Listener, ListenerTls, Parent, Route
from ringfence.values import Value, replace
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
"""Protocols of listeners that carry a kind of route. Those of a mesh say what they carry themselves."""


NO_HOST_FIX = "name a Service as NAME.NAMESPACE.svc.cluster.local, or by its name alone within its namespace"


class Server(Value):
    """Who serves a route: pods of the input, a load balancer outside the cluster, or a controller that the input lacks
    (neither). ``text`` names it for people. ``gateway``: the object that says so, with the ``listeners`` that take the
    route."""

    text: str
    pods: tuple[int, ...] = ()
    outside: bool = False
    gateway: Gateway | None = None
    listeners: tuple[Listener, ...] = ()


class Routing:
    """Finds servers and backends of routes in one world."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.cluster: Cluster = asker.relation.cluster
        entries = self.cluster.entries
        self._gateways = {(one.api, one.namespace, one.name): one for one in entries.gateways}
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
        gateway = self._gateways.get((parent.api, parent.namespace, parent.gateway))
        called = f"{parent.namespace}/{parent.gateway}"
        if gateway is None:
            message = f"{opening.text} names the Gateway {called}, which the input lacks"
            yield DeadEnd(opening, "no-gateway", message, "give the Gateway too, or name another", parent.place)
            return
        if gateway.broken or route.broken:
            what, why = (f"Gateway {called}", gateway.broken) if gateway.broken else (opening.text, route.broken)
            message = f"{opening.text} is served by Gateway {called}: what {what} does is not known ({why})"
            yield DeadEnd(opening, "not-modelled", message, "write it as its API server takes it", parent.place)
            return
        listeners = tuple(one for one in gateway.listeners if self._takes(gateway, one, route, parent))
        if not listeners:
            message = f"no listener of Gateway {called} takes {opening.text}"
            fix = "compare sectionName, port, hostnames, the listeners' protocol and their allowedRoutes"
            if gateway.pods is not None:
                fix = "compare hosts, with their namespaces, and the protocols of the servers with the kinds of routes"
            yield DeadEnd(opening, "no-listener", message, fix, parent.place)
            return
        if gateway.pods is not None:
            yield from self._configured(route, gateway, listeners, opening, parent)
            return
        software = self._of_class(gateway)
        if software is None:
            yield Server(f"the controller of Gateway {called}", gateway=gateway, listeners=listeners)
        else:
            yield replace(self._server(software, gateway), gateway=gateway, listeners=listeners)

    def _of_class(self, gateway: Gateway) -> Software | None:
        entry = self._classes.get(("GatewayClass", gateway.class_name))
        return _software(entry) if entry else by_class_name(gateway.class_name)

    def ranks_by_sort(self, gateway: Gateway) -> bool:
        """Whether who serves a Gateway surely puts regular expressions behind all prefixes."""
        software = self._of_class(gateway)
        return gateway.pods is not None or (software is not None and software.ranks_by_sort)

    def _configured(
        self, route: Route, gateway: Gateway, listeners: tuple[Listener, ...], opening: Opening, parent: Parent
    ) -> Iterator[Server | DeadEnd]:
        """The pods that a Gateway names by their labels."""
        assert gateway.pods is not None
        called = f"{gateway.namespace}/{gateway.name}"
        text = f"Gateway {called} ({gateway.software})"
        pods = self.pods_of(gateway)
        seen = tuple(one for one in pods if self._seen_from(route, self.cluster.pods[one].namespace))
        if pods and not seen:
            message = f"{opening.text} is not exported to where the pods of Gateway {called} are"
            yield DeadEnd(opening, "no-gateway", message, "add their namespace to exportTo", parent.place)
            return
        if not pods:
            message = f"{opening.text} is served by Gateway {called}, whose selector takes no pod: {gateway.pods}"
            fix = "compare the selector with the labels of the gateway's pods"
            yield DeadEnd(opening, "no-gateway-pods", message, fix, gateway.place, gateway.namespace)
        yield Server(text, seen, gateway=gateway, listeners=listeners)

    def serving(self, gateway: Gateway) -> tuple[int, ...]:
        """The pods that serve a Gateway: those that it names, or those of the software that its class names."""
        if gateway.pods is not None:
            return self.pods_of(gateway)
        software = self._of_class(gateway)
        return () if software is None else self._server(software, gateway).pods

    def pods_of(self, gateway: Gateway) -> tuple[int, ...]:
        """The pods that a Gateway's own selector takes; those with an open label that it asks for are perhaps meant."""
        if gateway.pods is None:
            return ()
        wanted = {one.key: one.values[0] for one in gateway.pods.requirements}
        return self._labelled("" if gateway.anywhere else gateway.namespace, wanted)

    @staticmethod
    def _seen_from(route: Route, namespace: str) -> bool:
        return route.seen_from is None or namespace in route.seen_from

    def _takes(self, gateway: Gateway, listener: Listener, route: Route, parent: Parent) -> bool:
        """Whether a listener may take a route; labels that the input lacks are given the benefit of the doubt."""
        if parent.section and parent.section != listener.name:
            return False
        if parent.port is not None and parent.port != listener.port:
            return False
        if listener.kinds and route.kind not in listener.kinds:
            return False
        if listener.tls is ListenerTls.AUTOMATIC:
            return False
        if listener.carries is not None:
            if not any(rule.carries is listener.carries for rule in route.rules):
                return False
        elif not listener.kinds and listener.protocol not in CARRIES.get(route.kind, ()):
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
        self, route: Route, opening: Opening, backend: BackendRef, listening: Iterable[int] = ()
    ) -> Iterator[tuple[Service, ServicePort] | DeadEnd]:
        """The ports of the Service that a backend means, or why it means none. ``listening``: ports of the listeners
        that take the route."""
        called = f"{backend.namespace}/{backend.name}"

        def dead(code: str, message: str, fix: str) -> DeadEnd:
            return DeadEnd(opening, code, f"{opening.text} {message}", fix, backend.place, backend.namespace)

        if backend.kind == NO_HOST:
            yield dead("no-service", f"sends to {backend.name}, which is the host of nothing in the input", NO_HOST_FIX)
            return
        if backend.kind != "Service":
            yield dead("not-modelled", f"sends to {backend.kind} {called}, which is not modelled", "send to a Service")
            return
        service = self.asker.directory.service(backend.namespace, backend.name)
        if service is None:
            yield dead("no-service", f"sends to Service {called}, which the input lacks", "create it, or name another")
            return
        if backend.namespace != route.namespace and not route.granted and not self._granted(route, backend):
            message = f"sends to Service {called} in another namespace, which no ReferenceGrant there allows"
            yield dead("no-grant", message, f"add a ReferenceGrant for {route.kind} of {route.namespace}")
            return
        if service.kind == "ExternalName":
            yield dead("not-modelled", f"sends to {called}, an ExternalName: out of the cluster", "send to pods")
            return
        ports = [port for port in service.ports if _means(backend, port) and port.protocol == route.protocol]
        if backend.port is None and route.granted and len(ports) > 1:
            # A route of a mesh that names no port means the listener's.
            ports = [port for port in ports if port.port in listening]
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
    return not hostname or not names or any(overlap(hostname.lower(), name.lower()) for name in names)


def overlap(one: str, other: str) -> bool:
    """Whether two names, with or without a wildcard in front, can be the same host."""
    if "*" in (one, other) or one == other:
        return True
    if one.startswith("*.") and other.startswith("*."):
        return one[1:].endswith(other[1:]) or other[1:].endswith(one[1:])
    if one.startswith("*."):
        return other.endswith(one[1:])
    return other.startswith("*.") and one.endswith(other[1:])


__all__ = ["Routing", "Server", "overlap"]
