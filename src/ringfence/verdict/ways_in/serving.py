"""From outside over whoever serves a route to what is behind it: each hop judged, for the requests that get so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ringfence.model.entries import Carried, Listener, ListenerTls, Route, RouteRule
from ringfence.model.mesh import Acceptance, Mesh, Point, PointSort, Proxy
from ringfence.sets.ports import Intervals
from ringfence.sets.requests.formulas import ALWAYS, Formula, conjunction, disjunction, negation, predicates_of
from ringfence.values import Value, replace
from ringfence.verdict.answers import Reason, Verdict
from ringfence.verdict.ends import Target
from ringfence.verdict.meshed.request import Among
from ringfence.verdict.ways_in.requests import Requests, Taken, takes_some
from ringfence.verdict.ways_in.routing import Routing, Server
from ringfence.verdict.ways_in.sources import AFTER_BALANCER, CONTROLLER_OPEN, Front, Source, Sources
from ringfence.verdict.ways_in.values import DeadEnd, Hop, Opening, WayIn, along

NO_ENTRANCE = Reason("no-entrance", "nothing of the input leads from outside to the controller's pods")
NO_REQUEST = Reason("no-request", "other routes, or earlier rules of this one, take every request that it is for")
REDIRECTED = Reason("redirected", "the listener answers every request with a redirect to TLS")
MESH_ONLY = Reason("mesh-identity", "the listener takes only identities of the mesh, and a client outside has none")
CERTIFICATE = Reason(
    "client-certificate", "only clients with a certificate that the listener trusts get through", "who has such a one"
)
ORDER_OPEN = Reason(
    "route-order",
    "which of several routes for the same requests takes them is not known",
    "the creationTimestamp of each route",
)
REGULAR_OPEN = Reason(
    "route-order",
    "whether a regular expression goes before another match of the same requests is the controller's own choice",
    "what the controller says of the order of regular expressions",
)
REGULAR_NOTE = "some of these requests may go elsewhere: where the controller puts regular expressions is not known"
AUTOMATIC = Reason(
    "not-modelled", "it passes TLS of the mesh on to any Service whose name the client asks for, which is not modelled"
)
NOT_READ = Reason("requests-open", "some requests pass, and which of them the route takes is not read")
NOT_TOGETHER = Reason(
    "requests-open", "some requests pass each hop, and it is not known whether any passes all of them"
)
MESH_OPEN = Reason(
    "ingress-controller",
    "the gateway is not in the input: whether the mesh lets it through hangs on who it is",
    "the workloads of the gateway",
)
TLS_NOTES = {
    ListenerTls.ENDS: "the gateway ends TLS",
    ListenerTls.CERTIFICATE: "the gateway ends TLS and asks clients for a certificate",
    ListenerTls.OPTIONAL: "the gateway ends TLS and takes a client's certificate, if there is one",
    ListenerTls.MESH: "the gateway takes only TLS of the mesh",
    ListenerTls.PASSES: "the gateway passes TLS on by the name of the server: the workload ends it",
}
_PREFERENCE = (Verdict.ALLOWED, Verdict.MIXED, Verdict.UNKNOWN, Verdict.DENIED)


class Door(Value, eq=False):
    """A way that needs no controller, with what was asked about it, so that it can be asked of some requests only."""

    way: WayIn
    sources: tuple[Source, ...]
    destination: Target
    ports: Intervals
    unsure: Reason
    front: Front


class At(Value, eq=False):
    """Where a gateway takes a route: listeners that are one but for their hosts, and the requests (None: not read)."""

    listener: Listener
    taken: Taken | None


class Serving:
    """Makes the ways of routes. ``doors`` are the ways to the pods of controllers."""

    def __init__(
        self,
        sources: Sources,
        routing: Routing,
        controller: Target | None,
        doors: Callable[[], Sequence[Door]],
    ) -> None:
        self.sources = sources
        self.meshed = sources.meshed
        self.routing = routing
        self.controller = controller
        self.doors = doors
        entries = routing.cluster.entries
        self.requests = Requests(entries.routes, entries.gateways, routing.ranks_by_sort)

    def ways(
        self,
        route: Route,
        opening: Opening,
        rule: RouteRule,
        server: Server,
        destination: Target,
        ports: Intervals,
        front: Front,
    ) -> Iterator[WayIn | DeadEnd]:
        """The ways of one rule over one server to some pods, and how they are blocked. ``front``: the Service that it
        sends to, and its port."""
        for at in self._at(route, rule, server):
            way, last = self._way(route, opening, rule, server, at, destination, ports, front)
            yield way
            if last is not None and last.verdict is Verdict.DENIED:
                who = "policies deny" if self.meshed is None else "the policies of the network or of the mesh deny"
                message = f"{opening.text} sends to {destination.text} on {last.port}, which {who} to {server.text}"
                fix = f"allow {server.text} in the policies of {destination.text}, or take the route away"
                yield DeadEnd(opening, "blocked", message, fix, opening.place, decided_by=last.decided_by)

    def automatic(self) -> Iterator[WayIn]:
        """Gateways that pass TLS on to whatever Service of the mesh its server's name spells."""
        for gateway in self.routing.cluster.entries.gateways:
            server = Server(
                f"Gateway {gateway.namespace}/{gateway.name}", self.routing.pods_of(gateway), gateway=gateway
            )
            for listener in gateway.listeners:
                if listener.tls is not ListenerTls.AUTOMATIC or not server.pods:
                    continue
                hops, openings = self._to_server(server, listener, None)
                text = f"Gateway {gateway.namespace}/{gateway.name}, port {listener.port}"
                opening = Opening("route", "Gateway", gateway.namespace, gateway.name, text, listener.place)
                anything = Target("the Services of the mesh", ())
                last = Hop(server.text, anything.text, "any port", Verdict.UNKNOWN, AUTOMATIC, ())
                way = made((opening, *openings), (*hops, last), anything)
                yield replace(way, hosts=(listener.hostname,) if listener.hostname else ())

    def _at(self, route: Route, rule: RouteRule, server: Server) -> Iterator[At | None]:
        """The listeners that take a rule. None: it does not matter which."""
        gateway = server.gateway
        if gateway is None or (gateway.pods is None and self.meshed is None):
            yield None
            return
        groups: dict[tuple[int, str, ListenerTls, bool], list[tuple[Listener, Taken | None]]] = {}
        for one in server.listeners:
            if rule.carries is not None and one.carries is not rule.carries:
                continue
            if not takes_some(route, rule, gateway, one):
                continue
            taken = self.requests.taken(route, rule, gateway, one)
            groups.setdefault((one.port, one.name, one.tls, one.redirects), []).append((one, taken))
        for members in groups.values():
            parts = [taken for _, taken in members if taken is not None]
            yield At(members[0][0], _together(parts) if len(parts) == len(members) else None)

    def _way(
        self,
        route: Route,
        opening: Opening,
        rule: RouteRule,
        server: Server,
        at: At | None,
        destination: Target,
        ports: Intervals,
        front: Front,
    ) -> tuple[WayIn, Hop | None]:
        """A way, and its last hop, unless requests end before it."""
        taken = at.taken if at is not None else None
        listener = at.listener if at is not None else None
        judged = [
            self._judged(server, listener, taken, formula, destination, ports, front)
            for formula in dict.fromkeys((ALWAYS,) if taken is None else (taken.possibly, taken.surely))
        ]
        hops, openings = judged[0]
        way = made((opening, *openings), hops, destination, route.hosts, rule.path)
        if len(judged) > 1 and along(judged[1][0])[0] is not way.verdict:
            open_order = REGULAR_OPEN if taken is not None and taken.regular else ORDER_OPEN
            way = replace(way, verdict=Verdict.UNKNOWN, reason=open_order)
        way = self._settled(way, taken, listener)
        notes = (TLS_NOTES[listener.tls],) if listener is not None and listener.tls in TLS_NOTES else ()
        if taken is not None and taken.regular and way.verdict in (Verdict.ALLOWED, Verdict.MIXED):
            elsewhere = conjunction((taken.possibly, negation(taken.surely)))
            notes = notes if self.requests.is_empty(elsewhere) else (*notes, REGULAR_NOTE)
        hosts = taken.hosts if taken is not None else route.hosts
        way = replace(
            way,
            relayed=not server.pods and not server.outside,
            hosts=() if "*" in hosts else hosts,
            notes=notes,
            requests=() if way.verdict is Verdict.DENIED or taken is None else self._lines(taken, way.hops, rule),
        )
        ends = way.reason in (NO_REQUEST, REDIRECTED, MESH_ONLY)
        return way, None if ends else hops[-1]

    def _settled(self, way: WayIn, taken: Taken | None, listener: Listener | None) -> WayIn:
        """The way, as far as a listener or other routes decide it."""
        if listener is not None and listener.tls is ListenerTls.MESH:
            return replace(way, verdict=Verdict.DENIED, reason=MESH_ONLY)
        if way.verdict is Verdict.DENIED or listener is None:
            return way
        if listener.redirects:
            return replace(way, verdict=Verdict.DENIED, reason=REDIRECTED)
        if taken is not None:
            empty = self.requests.is_empty(taken.possibly)
            if empty:
                return replace(way, verdict=Verdict.DENIED, reason=NO_REQUEST)
            if not taken.known and self.requests.is_empty(taken.surely) is not False:
                return replace(way, verdict=Verdict.UNKNOWN, reason=REGULAR_OPEN if taken.regular else ORDER_OPEN)
        mixed = [hop for hop in way.hops if hop.verdict is Verdict.MIXED]
        if mixed and taken is None and any(hop.passing is not None for hop in mixed):
            return replace(way, verdict=Verdict.UNKNOWN, reason=NOT_READ)
        if len(mixed) > 1 and any(hop.passing is None for hop in mixed):
            return replace(way, verdict=Verdict.UNKNOWN, reason=NOT_TOGETHER)
        if listener.tls is ListenerTls.CERTIFICATE and way.verdict is Verdict.ALLOWED:
            return replace(way, verdict=Verdict.MIXED, reason=CERTIFICATE)
        return way

    def _judged(
        self,
        server: Server,
        listener: Listener | None,
        taken: Taken | None,
        formula: Formula,
        destination: Target,
        ports: Intervals,
        front: Front,
    ) -> tuple[tuple[Hop, ...], tuple[Opening, ...]]:
        """The hops for some requests, and what opens the first."""
        hops, openings = self._to_server(server, listener, None if taken is None else taken.at_gateway(formula))
        passing = hops[-1].passing if hops else None
        rest = formula if passing is None else conjunction((formula, passing))
        among = None if taken is None else taken.at_backend(rest)
        last = self._to_backend(server, among, destination, ports, front)
        if listener is not None and listener.tls is ListenerTls.PASSES and last.encryption == "none":
            last = replace(last, encryption="tls")
        return (*hops, last), openings

    def _to_server(
        self, server: Server, listener: Listener | None, among: Among | None
    ) -> tuple[tuple[Hop, ...], tuple[Opening, ...]]:
        """The first hop, to a controller that is in the input: over any of the ways to its pods."""
        if not server.pods:
            return (), ()
        wanted = set(server.pods)
        doors = [door for door in self.doors() if wanted.intersection(door.way.pods)]
        if listener is not None:
            at_port = [door for door in doors if _leads_to(door, listener.port)]
            # Software that is not configured by labels may translate the ports of its listeners.
            exactly = server.gateway is not None and server.gateway.pods is not None
            doors = at_port if exactly or at_port else doors
        if not doors:
            where = "any port" if listener is None else f"port {listener.port}"
            return (Hop("internet", server.text, where, Verdict.DENIED, NO_ENTRANCE, ()),), ()
        found = [(door, self._first(door, listener, among)) for door in doors]
        best = min((hop for _, hop in found), key=lambda hop: _PREFERENCE.index(hop.verdict))
        return (best,), tuple(dict.fromkeys(opening for door, _ in found for opening in door.way.openings))

    def _first(self, door: Door, listener: Listener | None, among: Among | None) -> Hop:
        hop = door.way.hops[0]
        if self.meshed is not None and among is not None:
            hop = self.sources.hop(door.sources, door.destination, door.ports, door.unsure, among, door.front)
        if listener is not None and listener.tls is not ListenerTls.NONE and hop.encryption in ("", "none"):
            hop = replace(hop, encryption="tls")
        return hop

    def _to_backend(
        self, server: Server, among: Among | None, destination: Target, ports: Intervals, front: Front
    ) -> Hop:
        if server.outside:
            sources = (self.sources.anywhere, self.sources.nodes, self.sources.device)
            return self.sources.hop(sources, destination, ports, AFTER_BALANCER, among)
        if server.pods:
            members = tuple(self.sources.directory.members(server.pods))
            source = Source(Target(server.text, members))
            return self.sources.hop((source,), destination, ports, CONTROLLER_OPEN, among, front)
        absent = replace(self.sources.some_pod, text=f"{server.text} (not in the input)")
        source = Source(self.controller or absent, admission=self.controller is None)
        hop = self.sources.hop((source,), destination, ports, CONTROLLER_OPEN, among, front)
        if self.controller is None and hop.verdict in (Verdict.ALLOWED, Verdict.MIXED) and self._asks(destination):
            return replace(hop, verdict=Verdict.UNKNOWN, reason=MESH_OPEN)
        return hop

    def _asks(self, destination: Target) -> bool:
        """Whether a mesh asks somebody who comes to these pods for anything."""
        if self.meshed is None or self.meshed.mesh is None:
            return False
        mesh: Mesh = self.meshed.mesh
        pods = self.routing.cluster.pods
        for index in {index for member in destination.members for index in member.pods}:
            for option in mesh.membership(pods[index]):
                if option.value.proxy is Proxy.NONE:
                    continue
                sort = PointSort.NODE if option.value.proxy is Proxy.NODE else PointSort.SIDECAR
                for port in mesh.ports(None, pods[index]) or (1,):
                    if any(one.value.acceptance is Acceptance.STRICT for one in mesh.server(pods[index], port)):
                        return True
                rules = [mesh.rules(Point(sort, pods[index], http), 1) for http in (True, False)]
                if any(one.policies or one.unsettled for one in rules):
                    return True
        return False

    def _lines(self, taken: Taken, hops: Sequence[Hop], rule: RouteRule) -> tuple[str, ...]:
        """The requests that get through, in words."""
        if rule.carries is Carried.BYTES:
            return ()
        changed = {*taken.changes.attributes}
        parts = [taken.shown]
        for hop in hops:
            asked = {predicate.attribute for predicate in predicates_of((hop.passing or ALWAYS,))}
            if hop.passing is not None and not asked & changed:
                parts.append(hop.passing)
        return self.requests.lines(conjunction(parts))


def _together(parts: Sequence[Taken]) -> Taken:
    """What listeners take that are one but for their hosts."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        surely=disjunction(one.surely for one in parts),
        possibly=disjunction(one.possibly for one in parts),
        hosts=tuple(dict.fromkeys(host for one in parts for host in one.hosts)),
    )


def _leads_to(door: Door, port: int) -> bool:
    """Whether a way leads to where a listener for a port listens: that of the Service, or of the pods themselves."""
    if door.front[1] == port:
        return True
    if door.front[0] is not None and any(one.port == port for one in door.front[0].ports):
        return False
    return any(first & 0xFFFF <= port <= last & 0xFFFF for first, last in door.ports if first >> 16 == last >> 16)


def made(
    openings: tuple[Opening, ...],
    hops: tuple[Hop, ...],
    destination: Target,
    hosts: tuple[str, ...] = (),
    path: str = "",
) -> WayIn:
    """A way along some hops."""
    verdict, reason = along(hops)
    pods = tuple(sorted({index for member in destination.members for index in member.pods}))
    return WayIn(openings, hops, destination.text, hops[-1].port, verdict, reason, hosts, path, pods)


__all__ = ["Door", "Serving", "made"]
