"""Finds every way into a cluster, and judges its hops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from ringfence.model.cluster import External, Pod, Service, ServicePort, WorkloadRef
from ringfence.model.entries import Route
from ringfence.model.provenance import Place
from ringfence.sets.addresses import family
from ringfence.sets.ports import EVERYTHING, Intervals, port_key
from ringfence.values import replace
from ringfence.verdict.answers import Reason
from ringfence.verdict.asking import UNSURE, Asker
from ringfence.verdict.ends import Member, Target
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.ways_in.routing import Routing, Server
from ringfence.verdict.ways_in.serving import Door, Serving, made
from ringfence.verdict.ways_in.sources import AFTER_BALANCER, Front, Source, Sources, merged
from ringfence.verdict.ways_in.values import DeadEnd, Opening, WayIn, WaysIn


class WaysInFinder:
    """The ways into one world. ``controller``: pods to take where an ingress controller is not in the input. ``apart``:
    pods that policies can tell apart are ways of their own. ``meshed``: all layers are asked, else one."""

    def __init__(
        self,
        asker: Asker,
        controller: Target | None = None,
        apart: bool = False,
        meshed: MeshedAsker | None = None,
    ) -> None:
        self.apart = apart
        self.asker = asker
        self.cluster = asker.relation.cluster
        self.meshed = meshed
        self.sources = Sources(asker, meshed)
        self.routing = Routing(asker)
        self.serving = Serving(self.sources, self.routing, controller, lambda: self.doors)

    def found(self) -> WaysIn:
        """All of them: hosts' ports first, then Services, then routes, each in order of their names."""
        ways, dead_ends = [*self.direct, *self.serving.automatic()], []
        for route in self.cluster.entries.routes:
            for one in self._of_route(route):
                if isinstance(one, WayIn):
                    ways.append(one)
                else:
                    dead_ends.append(one)
        return WaysIn(tuple(ways), tuple(dead_ends))

    def relayed(self) -> Iterator[WayIn]:
        """Those through controllers that the input lacks."""
        for route in self.cluster.entries.routes:
            for one in self._of_route(route, only_absent=True):
                if isinstance(one, WayIn):
                    yield one

    @cached_property
    def direct(self) -> tuple[WayIn, ...]:
        """The ways that need no controller."""
        return tuple(door.way for door in self.doors)

    @cached_property
    def doors(self) -> tuple[Door, ...]:
        """The same, with what each was asked."""
        return (*self._hosts(), *(door for service in self.cluster.services for door in self._of_service(service)))

    # Pods on their node's network, and ports of nodes that lead to a pod.

    def _hosts(self) -> Iterator[Door]:
        whole: dict[WorkloadRef, list[int]] = {}
        ports: dict[tuple[WorkloadRef, str, int, int], list[int]] = {}
        for index, pod in enumerate(self.cluster.pods):
            if pod.host_network:
                whole.setdefault(pod.workload, []).append(index)
            for one in pod.host_ports:
                ports.setdefault((pod.workload, one.protocol, one.host, one.container), []).append(index)
        for ref, pods in whole.items():
            opening = self._by_pod("host-network", ref, self.cluster.pods[pods[0]], "on its node's network")
            for destination in self._pods(ref, pods):
                yield self._door(opening, (self.sources.client(),), destination, EVERYTHING)
        for (ref, protocol, host, container), pods in ports.items():
            text = f"port {host}/{protocol} of its node"
            opening = self._by_pod("host-port", ref, self.cluster.pods[pods[0]], text)
            key = port_key(protocol, container)
            for destination in self._pods(ref, pods):
                yield self._door(opening, (self.sources.client(),), destination, ((key, key),))

    def _by_pod(self, how: str, ref: WorkloadRef, pod: Pod, text: str) -> Opening:
        called = f"{ref.kind} {ref.namespace}/{ref.name} {text}"
        return Opening(how, ref.kind, ref.namespace, ref.name, called, pod.place or Place(""))

    def _pods(self, ref: WorkloadRef, pods: Sequence[int]) -> Iterator[Target]:
        yield from self._targets(f"{ref.namespace}/{ref.name}", self.asker.directory.members(pods))

    def _targets(self, name: str, members: Iterable[Member], service: Service | None = None) -> Iterator[Target]:
        """One target, or one for each member."""
        if not self.apart:
            yield Target(name, tuple(members), service)
            return
        for member in members:
            yield Target(member.name, (member,), service)

    # Services.

    def _of_service(self, service: Service) -> Iterator[Door]:
        external = service.external
        if external is None or service.kind == "ExternalName":
            return
        for port in service.ports:
            for destination, ports in self._behind(service, port):
                for how, text, sources, unsure in self._doors(service, external, port):
                    called = f"Service {service.namespace}/{service.name}, {text}"
                    place = service.place or Place("")
                    opening = Opening(how, "Service", service.namespace, service.name, called, place)
                    there = destination
                    if how == "external-ip":
                        there = replace(destination, service=_by_addresses(service, external))
                    yield self._door(opening, sources, there, ports, unsure, (service, port.port))

    def _doors(
        self, service: Service, external: External, port: ServicePort
    ) -> Iterator[tuple[str, str, tuple[Source, ...], Reason]]:
        """The ways to a Service from outside: how, in words, the sources that its pods may see, and what is unsure."""
        end = f"{port.port}/{port.protocol}"
        if external.balanced:
            client = self.sources.client(external.sources)
            sources, _ = self.sources.after_node(external.local, external.sources)
            # Whoever the packet may seem to come from: where no client is taken, there is none.
            seen = (*sources, self.sources.anywhere) if client.target.members else (client,)
            yield "load-balancer", f"load balancer port {end}", seen, AFTER_BALANCER
        elif external.addresses:
            yield "external-ip", f"external address, port {end}", *self.sources.after_node(external.local)
        if service.kind in ("NodePort", "LoadBalancer"):
            text = f"node port {port.node_port}/{port.protocol}" if port.node_port else f"a node port for {end}"
            yield "node-port", text, *self.sources.after_node(external.local)

    def _behind(self, service: Service, port: ServicePort) -> Iterator[tuple[Target, Intervals]]:
        """The pods behind a port of a Service, by the ports that they are reached at."""
        by_ports: dict[Intervals, list[Member]] = {}
        for member, ports in self.asker.flows.services.behind(service, port):
            by_ports.setdefault(ports, []).append(member)
        for ports, members in by_ports.items():
            for target in self._targets(self._name(members), merged(members), service):
                yield target, ports

    def _machines(self, server: Server, service: Service, port: ServicePort) -> list[tuple[Target, Intervals]]:
        """The machines outside of the cluster behind a port of a Service, for a gateway of a mesh: it picks the end
        itself. Other software knows pods only."""
        gateway, mesh = server.gateway, None if self.meshed is None else self.meshed.mesh
        if mesh is None or gateway is None or gateway.pods is None or not server.pods or not self.cluster.machines:
            return []
        from ringfence.verdict.meshed.backends import picks, selected
        from ringfence.verdict.meshed.fronts import led_to

        if any(picks(mesh, self.cluster.pods[index], service, port) != {True} for index in server.pods):
            return []
        found: list[tuple[Target, Intervals]] = []
        for machine in selected(self.cluster, service):
            number = led_to(port, machine)
            target = self.asker.directory.machine(f"{machine.namespace}/{machine.name}", machine)
            if number is not None and target.members and port.protocol == "TCP":
                key = port_key(port.protocol, number)
                name = target.members[0].name
                found.append((Target(name, target.members, service), ((key, key),)))
        return found

    def _name(self, members: Sequence[Member]) -> str:
        refs = {self.cluster.pods[index].workload for member in members for index in member.pods}
        if len(refs) == 1:
            ref = next(iter(refs))
            return f"{ref.namespace}/{ref.name}"
        names = list(dict.fromkeys(member.name for member in members))
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"

    def _door(
        self,
        opening: Opening,
        sources: tuple[Source, ...],
        destination: Target,
        ports: Intervals,
        unsure: Reason = UNSURE,
        front: Front = (None, 0),
    ) -> Door:
        hop = self.sources.hop(sources, destination, ports, unsure, None, front)
        return Door(made((opening,), (hop,), destination), sources, destination, ports, unsure, front)

    # Routes.

    def _of_route(self, route: Route, only_absent: bool = False) -> Iterator[WayIn | DeadEnd]:
        called = f"{route.kind} {route.namespace}/{route.name}"
        opening = Opening("route", route.kind, route.namespace, route.name, called, route.place)
        servers: list[Server] = []
        for one in self.routing.servers(route, opening):
            if isinstance(one, DeadEnd):
                yield one
            elif one not in servers and not (only_absent and (one.pods or one.outside)):
                servers.append(one)
        if only_absent and not servers:
            return
        told: set[tuple[str, Place]] = set()
        listening = {one.port for server in servers for one in server.listeners}
        for rule in route.rules:
            for backend in rule.backends:
                for found in self.routing.backends(route, opening, backend, listening):
                    if isinstance(found, DeadEnd):
                        if (found.code, found.place) not in told:
                            told.add((found.code, found.place))
                            yield found
                        continue
                    service, port = found
                    behind = [(*end, servers) for end in self._behind(service, port)]
                    behind += [(*end, [one]) for one in servers for end in self._machines(one, service, port)]
                    if not behind:
                        message = f"{called} sends to Service {service.namespace}/{service.name}, which has no pods"
                        fix = "compare the Service's selector with the labels of the pods"
                        yield DeadEnd(opening, "no-endpoint", message, fix, backend.place, service.namespace)
                    for destination, ports, serving in behind:
                        for server in serving:
                            front = (service, port.port)
                            for way in self.serving.ways(route, opening, rule, server, destination, ports, front):
                                named = (service.namespace, service.name)
                                yield replace(way, service=named) if isinstance(way, WayIn) else way


def _by_addresses(service: Service, external: External) -> Service:
    """The Service as its external addresses lead to it: in their address families."""
    own = {family(address) for address in external.addresses}
    return replace(service, families=tuple(sorted(own.intersection(service.families or own))) or service.families)


__all__ = ["WaysInFinder"]
