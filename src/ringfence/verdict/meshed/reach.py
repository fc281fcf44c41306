"""What the mesh leaves of the network between kinds of workloads: for all ports at once, and for all requests together.

A port counts as reached where some request surely passes, or a connection does. Two readings: what clients get as they
are configured, and what they get who control their pods, and are bound by nothing that their own side does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from enum import Enum

from ringfence.layers.mesh.courses import At, Call, Caller, Course, Hop
from ringfence.layers.requests.residue import holds
from ringfence.model.cluster import Cluster, Pod, Service
from ringfence.model.mesh import (
    PEER_ADDRESS,
    PEER_IDENTITY,
    REMOTE_ADDRESS,
    Identity,
    Mesh,
    Numbers,
    Proxy,
    lone_numbers,
    within,
)
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.ports import Intervals, subtract
from ringfence.sets.requests.formulas import Formula, Not, Predicate, predicates_of
from ringfence.sets.requests.spaces import Spaces
from ringfence.values import Value, replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.meshed.fronts import Fronts
from ringfence.verdict.meshed.ruling import Rulings

TCP: Intervals = ((1, 65535),)


class Reading(Enum):
    """Whose reach is asked for: of clients as they are configured, or of those who control their pods."""

    CONFIGURED = "configured"
    UNBOUND = "unbound"

    __hash__ = object.__hash__


class Holder(Value):
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


class Term(Value):
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


class Region(Value):
    """Ports that the mesh treats alike. ``worlds``: the forms in each case of what is open; a connection surely passes
    only if it does in every one of them."""

    ports: Numbers
    worlds: tuple[Forms, ...]


Reach = tuple[Region, ...]
Shown = tuple[Course, bool]
"""A course, and whether an identity of the client on it is its own rather than one that was stolen."""
OF_PEERS = frozenset((PEER_IDENTITY, PEER_ADDRESS, REMOTE_ADDRESS))


def about_peers(formula: Formula) -> Iterator[Formula]:
    """The largest parts of a formula that ask about nothing but one thing of who comes: who that is may be proven or
    not, and the address counts in either case."""
    asked = {predicate.attribute for predicate in predicates_of((formula,))}
    if asked <= OF_PEERS and len(asked) < 2:
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

    def __init__(
        self,
        cluster: Cluster,
        mesh: Mesh,
        reading: Reading,
        holder: Holder = OWN,
        spaces: Spaces | None = None,
        fronts: Fronts | None = None,
    ) -> None:
        self.holder = holder
        self.cluster = cluster
        self.mesh = mesh
        self.reading = reading
        self._rulings = Rulings(mesh, spaces)
        self.fronts = fronts or Fronts(cluster)
        self._destination: Pod | None = None
        self._over: list[Pod] = []
        self._courses_of: dict[tuple[Hashable, int], tuple[Shown, ...]] = {}
        self._regions_of: dict[Hashable, tuple[Numbers, ...]] = {}

    def asks(self, hop: Hop) -> bool:
        """Whether what a hop's point asks is looked at."""
        return hop.point is not None and hop.transport.accepted

    def asked_of_peers(self, source: Pod | None, destination: Pod) -> tuple[Formula, ...]:
        """What the points on the way of a source, and of all that send like it, ask about who comes: sources of which
        all of it is equally true are one."""
        found: dict[Formula, None] = {}
        sends = self._sends(source, destination)
        for ports in self._regions(source, destination, sends):
            for course, _ in self._courses(source, destination, ports[0][0], sends):
                for hop in course.hops:
                    if hop.point is not None and self.asks(hop):
                        for policy in self.mesh.rules(hop.point, hop.judged_port).policies:
                            for rule in policy.rules:
                                found.update(dict.fromkeys(about_peers(rule.formula)))
        return tuple(found)

    def asked_of_identities(self, destination: Pod) -> tuple[Predicate, ...]:
        """What the destination's rules ask about the identities of those who are no pod and show one of ``others``."""
        every = predicates_of(self.asked_of_peers(None, destination))
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

    def reach(self, source: Pod | None, address: int | None, destination: Pod) -> Reach:
        """What a source reaches at a destination, as far as the mesh has a say."""
        found: dict[tuple[Forms, ...], list[tuple[int, int]]] = {}
        sends = self._sends(source, destination)
        for ports in self._regions(source, destination, sends):
            worlds = self._worlds(source, address, destination, ports[0][0], sends)
            found.setdefault(worlds, []).extend(ports)
        return tuple(Region(tuple(sorted(ports)), worlds) for worlds, ports in found.items())

    def told(self, source: Pod | None, destination: Pod) -> Iterator[tuple[Numbers, tuple[Course, ...]]]:
        """Ports of which one is like another, with the courses that a connection to them may take. The identity of
        the client is that of some source that sends alike (``as_own``)."""
        sends = self._sends(source, destination)
        for ports in self._regions(source, destination, sends):
            yield ports, tuple(course for course, _ in self._courses(source, destination, ports[0][0], sends))

    @staticmethod
    def as_own(hop: Hop, own: Identity | None) -> Hop:
        """A hop that a client opens who has another identity."""
        if hop.source is At.WAYPOINT or own is None or hop.identity is None or hop.identity == own:
            return hop
        return replace(hop, identity=own)

    def _regions(self, source: Pod | None, destination: Pod, sends: Hashable) -> tuple[Numbers, ...]:
        """Ports of which one is like another to what sends so."""
        found = self._regions_of.get(sends)
        if found is None:
            found = self._regions_of[sends] = tuple(self._apart(source, destination))
        return found

    def _apart(self, source: Pod | None, destination: Pod) -> Iterator[Numbers]:
        named = self.mesh.named_ports(source, destination)
        inbound = [one.value.inbound for one in self.mesh.membership(destination)]
        if any(one.value.awaits_tunnels for one in self.mesh.membership(destination)):
            inbound.append(((self.mesh.tunnel_port, self.mesh.tunnel_port),))
        outbound = [] if source is None else [one.value.outbound for one in self.mesh.membership(source)]
        taken = [*inbound, *(one.ports for one in outbound), *(one.excluded_ports for one in outbound)]
        numbers = sorted({number for number in named if 1 <= number <= 65535}.union(*map(lone_numbers, taken)))
        alike: dict[Hashable, list[tuple[int, int]]] = {}
        for number in numbers:
            front = self.fronts.leading_to(destination, number)
            # What is sent to the tunnel's own port does not show what becomes of others in it.
            alone = number in named or front is not None or number == self.mesh.tunnel_port
            key = number if alone else tuple(within(intervals, number) for intervals in taken)
            alike.setdefault(key, []).append((number, number))
        yield from map(tuple, alike.values())
        rest = subtract(TCP, tuple((number, number) for number in numbers))
        if rest:
            yield rest

    def sending(self, source: Pod | None) -> Hashable:
        """What tells sources apart besides who they are: how their proxies send, or whether they have one at all."""
        if source is None:
            return None
        own = self.mesh.identity(source)
        trusted = own and (self.mesh.trusts(own.text, False), self.mesh.trusts(own.text, True))
        if self.reading is Reading.CONFIGURED:
            return self.mesh.client_kind(source), trusted
        return tuple((one.value.proxy is Proxy.NONE, one.fact) for one in self.mesh.membership(source)), trusted

    def _sends(self, source: Pod | None, destination: Pod) -> Hashable:
        """What the courses of a source to a destination hang on, but for who it is: sources of which it is the same
        differ in the identity that they prove, and in nothing else."""
        if self._destination is not destination:
            self._destination = destination
            self._courses_of.clear()
            self._regions_of.clear()
            self._over = [self.mesh.pod(index) for index in self.waypoints(destination)]
        if any(source is one for one in self._over):
            return id(source)
        return self.sending(source)

    def _courses(self, source: Pod | None, destination: Pod, port: int, sends: Hashable) -> tuple[Shown, ...]:
        """The courses that a connection may take, and whether the client shows its own identity on it: there it is that
        of some source that sends so."""
        found = self._courses_of.get((sends, port))
        if found is None:
            call = self.call(source, None, destination, port)
            if self.reading is Reading.CONFIGURED:
                found = tuple((course, True) for course in call.courses())
            else:
                shown = ((one.presented is None, one) for one in self.holder.calls(call))
                found = tuple((course, own) for own, one in shown for course in self.unbound(one))
            self._courses_of[(sends, port)] = found
        return found

    def unbound(self, call: Call) -> Iterator[Course]:
        """The courses of which a client may choose any, by whichever Service, or to the pod's own address: the ways
        differ in the waypoints that they go over."""
        yield from call.unbound()
        server = call.server
        if server is None or not any(True for _ in self.waypoints(server)):
            return
        fronts = (*self.fronts.all_leading_to(server, call.port), None)
        for front in fronts:
            service, number = front if front is not None else (None, None)
            if service is not call.service:
                dialled = None if service is None or service.headless else number
                other = replace(call, service=service, dialled=dialled, address=self._dialled(server, service))
                yield from (course for course in other.unbound() if course.waypoint is not None)

    def _worlds(
        self, source: Pod | None, address: int | None, destination: Pod, port: int, sends: Hashable
    ) -> tuple[Forms, ...]:
        courses = self._courses(source, destination, port, sends)
        own = None if source is None else self.mesh.identity(source)
        if self.reading is Reading.CONFIGURED:
            return tuple(dict.fromkeys((self._term(course, address, own),) for course, _ in courses))
        told = [
            (frozenset(course.facts), self._term(course, address, own if shows else None)) for course, shows in courses
        ]
        facts = dict.fromkeys(one for one, _ in told)
        worlds = [one for one in facts if not any(one < other for other in facts)]
        return tuple(
            dict.fromkeys(
                tuple(dict.fromkeys(term for one, term in told if one <= world and term.possible)) for world in worlds
            )
        )

    def call(self, source: Pod | None, address: int | None, destination: Pod, port: int) -> Call:
        """The connection to a port, as clients open it: through the Service that leads there, if there is one."""
        front = self.fronts.leading_to(destination, port)
        service, number = front if front is not None else (None, None)
        dialled = None if service is None or service.headless else number
        dialled_address = self._dialled(destination, service)
        return Call(self.mesh, Caller(source, address), destination, dialled_address, port, service, dialled=dialled)

    def _term(self, course: Course, address: int | None, own: Identity | None) -> Term:
        if course.unreached is not None:
            return Term(Wire.PORT, False, False)
        verdicts = [self._passes(hop, address, own) for hop in course.hops]
        if course.routes is not None:
            verdicts.append(self._rulings.of_client(course.routes, None, course.dialled, "").verdict)
        sure = all(verdict in (Verdict.ALLOWED, Verdict.MIXED) for verdict in verdicts)
        possible = Verdict.DENIED not in verdicts
        wire, waypoint, last = self.on_the_wire(course)
        return Term(wire, sure, possible, waypoint, last)

    def on_the_wire(self, course: Course) -> tuple[Wire, tuple[int, ...], int]:
        """What the network has to let through: ``wire``, ``waypoint`` and ``last`` of the term."""
        last = course.hops[-1]
        tunnelled = last.port == self.mesh.tunnel_port and last.port != last.judged_port
        if len(course.hops) > 1 and course.waypoint is not None:
            return Wire.WAYPOINT, course.waypoint.pods, last.port if tunnelled else 0
        return Wire.TUNNEL if tunnelled else Wire.PORT, (), 0

    def _passes(self, hop: Hop, address: int | None, own: Identity | None) -> Verdict:
        if not hop.transport.accepted:
            return Verdict.DENIED
        if hop.point is None:
            return Verdict.ALLOWED
        if hop.source is At.WAYPOINT:
            address = None
        return self._rulings.verdict(self.as_own(hop, own), address)

    @staticmethod
    def _dialled(pod: Pod, service: Service | None) -> int | None:
        addresses = service.addresses if service is not None and not service.headless else pod.addresses
        return addresses[0] if addresses else None
