"""What the mesh leaves of the network between kinds of workloads: for all ports at once, and for all requests together.

A port counts as reached where some request surely passes, or a connection does. Two readings: what clients get as they
are configured, and what they get who control their pods, and are bound by nothing that their own side does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from ringfence.layers.mesh.courses import At, Call, Caller, Course, Hop
from ringfence.layers.requests.residue import holds
from ringfence.model.cluster import Cluster, Pod, Service
from ringfence.model.mesh import PEER_ADDRESS, PEER_IDENTITY, Identity, Mesh, Numbers, Point, PointSort, Proxy
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.ports import Intervals, subtract
from ringfence.sets.requests.formulas import Formula, Not, Predicate, predicates_of
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.meshed.fronts import Fronts
from ringfence.verdict.meshed.ruling import Rulings

TCP: Intervals = ((1, 65535),)


class Reading(Enum):
    """Whose reach is asked for: of clients as they are configured, or of those who control their pods."""

    CONFIGURED = "configured"
    UNBOUND = "unbound"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose certificates somebody has who controls a pod: the pod's ``own``, and ``others``, of which he shows one."""

    own: bool = True
    others: tuple[Identity, ...] = ()

    def calls(self, call: Call) -> Iterator[Call]:
        """A call, as each of those whom the client can be. Without any certificate it is nobody, and in no mesh."""
        if self.own:
            yield call
        for identity in self.others:
            yield replace(call, presented=identity)
        if not self.own and not self.others:
            yield replace(call, caller=replace(call.caller, pod=None))


OWN = Holder()
"""The pod's own and nothing else."""


class Wire(Enum):
    """What the network has to let through: the port itself, the mesh's tunnel, or tunnels by way of a waypoint."""

    PORT = "port"
    TUNNEL = "tunnel"
    WAYPOINT = "waypoint"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Term:
    """One form that a connection may take. ``sure``: the server's side lets it (some request of it) through, whatever
    is open; ``possible``: perhaps. ``waypoint``: indexes of its pods; ``last``: the wire port of the hop behind it, 0:
    the port itself."""

    wire: Wire
    sure: bool
    possible: bool
    waypoint: tuple[int, ...] = ()
    last: int = 0


Forms = tuple[Term, ...]
"""Forms of which a client may choose any."""


@dataclass(frozen=True, slots=True)
class Region:
    """Ports that the mesh treats alike. ``worlds``: the forms in each case of what is open; a connection surely passes
    only if it does in every one of them."""

    ports: Numbers
    worlds: tuple[Forms, ...]


Reach = tuple[Region, ...]
OF_PEERS = frozenset((PEER_IDENTITY, PEER_ADDRESS))


def about_peers(formula: Formula) -> Iterator[Formula]:
    """The largest parts of a formula that ask about nothing but who comes."""
    asked = {predicate.attribute for predicate in predicates_of((formula,))}
    if asked <= OF_PEERS:
        if asked:
            yield formula
    elif asked & OF_PEERS and not isinstance(formula, Predicate):
        for part in (formula.part,) if isinstance(formula, Not) else formula.parts:
            yield from about_peers(part)


def signs(predicates: Iterable[Predicate], identity: Identity) -> Hashable:
    """What predicates say of an identity: equal for those that they do not tell apart."""
    try:
        return tuple(holds(one, identity.text) for one in predicates)
    except TooLarge:
        return identity.text


class Reaches:
    """The reach of sources at destinations under one mesh. ``holder``: which certificates clients have who control
    their pods."""

    def __init__(self, cluster: Cluster, mesh: Mesh, reading: Reading, holder: Holder = OWN) -> None:
        self.holder = holder
        self.cluster = cluster
        self.mesh = mesh
        self.reading = reading
        self._rulings = Rulings(mesh)
        self.fronts = Fronts(cluster)

    def asked_of_peers(self, destination: Pod) -> tuple[Formula, ...]:
        """What the destination's rules ask about who comes: sources of which all of it is equally true are one."""
        found: dict[Formula, None] = {}
        for sort in (PointSort.SIDECAR, PointSort.NODE, PointSort.WAYPOINT):
            for http in (True, False):
                for point in self._points(destination, sort, http):
                    for policy in self.mesh.rules(point, 1).policies:
                        for rule in policy.rules:
                            found.update(dict.fromkeys(about_peers(rule.formula)))
        return tuple(found)

    def asked_of_identities(self, destination: Pod) -> tuple[Predicate, ...]:
        """What the destination's rules ask about identities."""
        every = predicates_of(self.asked_of_peers(destination))
        return tuple(dict.fromkeys(one for one in every if one.attribute == PEER_IDENTITY))

    def waypoints(self, destination: Pod) -> frozenset[int]:
        """The pods, by their indexes, of every waypoint that may be on the way to a destination."""
        return frozenset(
            index
            for service in (None, *self.fronts.of(destination))
            for option in self.mesh.waypoint(None, destination, service)
            if option.value is not None
            for index in option.value.pods
        )

    def _points(self, destination: Pod, sort: PointSort, http: bool) -> Iterator[Point]:
        if sort is not PointSort.WAYPOINT:
            members = self.mesh.membership(destination)
            wanted = Proxy.NODE if sort is PointSort.NODE else Proxy.SIDECAR
            if any(option.value.proxy is wanted for option in members):
                yield Point(sort, destination, http)
            return
        for service in (None, *self.fronts.of(destination)):
            for option in self.mesh.waypoint(None, destination, service):
                if option.value is not None and option.value.pods:
                    yield Point(sort, self.mesh.pod(option.value.pods[0]), http, service, destination)

    def reach(self, source: Pod | None, address: int | None, destination: Pod) -> Reach:
        """What a source reaches at a destination, as far as the mesh has a say."""
        found: dict[tuple[Forms, ...], list[tuple[int, int]]] = {}
        for ports in self._regions(source, destination):
            worlds = self._worlds(source, address, destination, ports[0][0])
            found.setdefault(worlds, []).extend(ports)
        return tuple(Region(tuple(sorted(ports)), worlds) for worlds, ports in found.items())

    def _regions(self, source: Pod | None, destination: Pod) -> Iterator[Numbers]:
        rest: Numbers = TCP
        for number in self.mesh.ports(source, destination):
            yield ((number, number),)
            rest = subtract(rest, ((number, number),))
        if rest:
            yield rest

    def _worlds(self, source: Pod | None, address: int | None, destination: Pod, port: int) -> tuple[Forms, ...]:
        front = self.fronts.leading_to(destination, port)
        service, number = front if front is not None else (None, None)
        dialled = None if service is None or service.headless else number
        dialled_address = self._dialled(destination, service)
        call = Call(self.mesh, Caller(source, address), destination, dialled_address, port, service, dialled=dialled)
        if self.reading is Reading.CONFIGURED:
            return tuple(dict.fromkeys((self._term(course, address),) for course in call.courses()))
        told = [
            (frozenset(course.facts), self._term(course, address))
            for one in self.holder.calls(call)
            for course in one.unbound()
        ]
        facts = dict.fromkeys(one for one, _ in told)
        worlds = [one for one in facts if not any(one < other for other in facts)]
        return tuple(
            dict.fromkeys(
                tuple(dict.fromkeys(term for one, term in told if one <= world and term.possible)) for world in worlds
            )
        )

    def _term(self, course: Course, address: int | None) -> Term:
        if course.unreached is not None:
            return Term(Wire.PORT, False, False)
        verdicts = [self._passes(hop, address) for hop in course.hops]
        sure = all(verdict in (Verdict.ALLOWED, Verdict.MIXED) for verdict in verdicts)
        possible = Verdict.DENIED not in verdicts
        last = course.hops[-1]
        tunnelled = last.port == self.mesh.tunnel_port and last.port != last.judged_port
        if len(course.hops) > 1 and course.waypoint is not None:
            return Term(Wire.WAYPOINT, sure, possible, course.waypoint.pods, last.port if tunnelled else 0)
        return Term(Wire.TUNNEL if tunnelled else Wire.PORT, sure, possible)

    def _passes(self, hop: Hop, address: int | None) -> Verdict:
        if not hop.transport.accepted:
            return Verdict.DENIED
        if hop.point is None:
            return Verdict.ALLOWED
        if hop.source is At.WAYPOINT:
            address = None
        return self._rulings.of(hop, None, address, "").verdict

    @staticmethod
    def _dialled(pod: Pod, service: Service | None) -> int | None:
        addresses = service.addresses if service is not None and not service.headless else pod.addresses
        return addresses[0] if addresses else None
