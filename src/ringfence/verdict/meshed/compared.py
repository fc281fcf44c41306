"""The relation of all layers with everything that passes: for each port the requests, what encrypts them, and as whom.

A ``MeshedGrid`` tells for each port whether anything passes. Here each port has a *content* (``contents``), so that two
states can be compared request by request.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from ringfence.layers.mesh.courses import At, Call, Caller, Course, Hop
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Pod
from ringfence.model.mesh import Identity, Mesh
from ringfence.sets.ports import Intervals, PortTable, subtract
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.behaviours import Facts
from ringfence.verdict.grid import FlowBounds, Passed, Result
from ringfence.verdict.meshed.contents import OWN, SOMEBODY, Contents, Form, Passing
from ringfence.verdict.meshed.encryption import Encryptions
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.reach import TCP, Forms, Reach, Reaches, Reading, Region, Term, Wire

ALL, NONE = PortTable.ALL, PortTable.NONE


class Way(Term):
    """A form with everything that a content needs of it."""

    passings: tuple[Passing, ...] = ()
    encryption: str = "none"
    identity: str = ""


class Ways(Reaches):
    """Reaches whose terms say which requests pass, over what and as whom. To those who control their pods these are of
    no matter: they are bound by nothing that their own side does."""

    _by_application: tuple[Pod, int, bool] | None = None
    """Whether the application encrypts what arrives at a port of a pod, while that is what is looked at."""

    def _worlds(
        self, source: Pod | None, address: int | None, destination: Pod, port: int, sends: Hashable
    ) -> tuple[Forms, ...]:
        known = self._by_application
        if known is None or known[0] is not destination or known[1] != port:
            fronts = self.fronts.all_leading_to(destination, port)
            front = next(fronts, None)
            tls = front is not None and Encryptions.of_application(*front) is not None
            self._by_application = destination, port, tls
        return super()._worlds(source, address, destination, port, sends)

    def _encryption(self, hop: Hop) -> str:
        """By the mesh, else by the application."""
        word = str(hop.transport.encryption)
        tls = self._by_application is not None and self._by_application[2]
        return "tls" if word == "none" and tls and hop.destination is At.SERVER else word

    def _term(self, course: Course, address: int | None, own: Identity | None) -> Term:
        """What becomes of a course."""
        if course.unreached is not None or not all(hop.transport.accepted for hop in course.hops):
            return REFUSED
        wire, waypoint, last = self.on_the_wire(course)
        passings = tuple(
            passing
            for hop in course.hops
            if hop.point is not None and (passing := self._passing(hop, address, own)) != NO_CONDITION
        )
        if course.routes is not None:
            passings = (*passings, self._rulings.passing_of_client(course.routes, course.dialled))
        if self.reading is Reading.UNBOUND:
            return Way(wire, True, True, waypoint, last, passings)
        deciding = course.hops[0] if course.waypoint is not None and course.waypoint.pods else course.hops[-1]
        identity = ""
        if deciding.anonymous:
            identity = SOMEBODY
        elif deciding.identity is not None:
            identity = OWN if deciding.source is At.CLIENT else deciding.identity.text
        encryption = _least([self._encryption(hop) for hop in course.hops])
        return Way(wire, True, True, waypoint, last, passings, encryption, identity)

    def _passing(self, hop: Hop, address: int | None, own: Identity | None) -> Passing:
        if hop.source is At.WAYPOINT:
            return self._rulings.passing(hop, None)
        return self._rulings.passing(self.as_own(hop, own), address)

    def outwards(self, source: Pod, dialled: int | None) -> Reach:
        """What a source reaches at addresses outside of every mesh: it hangs on its own side alone."""
        found: dict[tuple[tuple[Term, ...], ...], list[tuple[int, int]]] = {}
        own = self.mesh.identity(source)
        numbers = tuple((number, number) for number in self.mesh.ports(source, None))
        for ports in filter(None, (*((one,) for one in numbers), subtract(TCP, numbers))):
            call = Call(self.mesh, Caller(source, None), None, dialled, ports[0][0], None)
            worlds: tuple[tuple[Term, ...], ...]
            if self.reading is Reading.CONFIGURED:
                worlds = tuple(dict.fromkeys((self._term(course, None, own),) for course in call.courses()))
            else:
                worlds = (tuple(dict.fromkeys(self._term(course, None, own) for course in call.unbound())),)
            found.setdefault(worlds, []).extend(ports)
        return tuple(Region(tuple(sorted(ports)), worlds) for worlds, ports in found.items())


def _least(words: list[str]) -> str:
    """The least that any hop of a course has of the mesh's encryption."""
    return next((word for word in ("unknown", "none") if word in words), words[-1] if words else "none")


NO_CONDITION = Passing()
REFUSED = Way(Wire.PORT, False, False)


class ComparedGrid(MeshedGrid):
    """A grid whose results have contents. ``own_names``: columns of pods that another identity is known of in the other
    state, so that it has to be told. ``facts``: what open ports of a result hang on, in a form that states share."""

    def __init__(
        self,
        relation: Relation,
        mesh: Mesh,
        reading: Reading,
        contents: Contents,
        facts: Callable[[Result], Facts],
        own_names: int = 0,
        joined: bool = True,
    ) -> None:
        super().__init__(relation, mesh, reading, joined)
        self.contents = contents
        self.reaches = self.ways = Ways(relation.cluster, mesh, reading, spaces=contents.spaces)
        self.own_names = own_names if reading is Reading.CONFIGURED else 0
        self._facts = facts
        self._name = OWN
        self._outwards: dict[tuple[object, int | None], Reach] = {}
        self._composed: dict[tuple[Reach, int, int, Result, str], Result] = {}

    def _meshed(self, destination: int, sources: int, result: Result) -> Iterator[tuple[int, Result]]:
        if self.pod_of(destination) is None:
            yield from self._outside(destination, sources, result)
            return
        named = sources & self.own_names
        yield from super()._meshed(destination, sources ^ named, result)
        for column in columns_of(named):
            pod = self.pod_of(column)
            identity = None if pod is None else self.mesh.identity(pod)
            self._name = OWN if identity is None else identity.text
            found = list(super()._meshed(destination, 1 << column, result))
            self._name = OWN
            yield from found

    def _outside(self, destination: int, sources: int, result: Result) -> Iterator[tuple[int, Result]]:
        end = self.universe.ends[destination]
        single = len(end.space) == 1 and end.space[0][0] == end.space[0][1]
        dialled = end.space[0][0] if single else None
        rest = sources
        for group in self._by_sending:
            mask = 0
            for number in columns_of(group):
                mask |= self.kinds[number][0]
            shared, source = sources & mask, self.kinds[(group & -group).bit_length() - 1][1]
            if not shared or source is None:
                continue
            rest &= ~shared
            key = (group, dialled)
            reach = self._outwards.get(key)
            if reach is None:
                reach = self._outwards[key] = self.ways.outwards(source, dialled)
            yield shared, self._left(reach, result, -1, -1)
        if rest:
            yield rest, result

    def _left(self, reach: Reach, result: Result, source: int, destination: int) -> Result:
        key = (reach, source, destination, result, self._name)
        found = self._composed.get(key)
        if found is None:
            found = self._composed[key] = self._without_refused(reach, result, source, destination)
        return found

    def _without_refused(self, reach: Reach, result: Result, source: int, destination: int) -> Result:
        table, rest = self.relation.ports, self.relation.ports.difference(ALL, self._tcp)
        if result.flows:
            flows = tuple(self._composed_flow(reach, flow, result, source, destination) for flow in result.flows)
            told = self._folded([flow.passed for flow in flows])
        else:
            flows = ()
            possible = table.union(result.allowed, result.unknown)
            told = tuple(self._told(reach, result.allowed, possible, result, source, destination))
        ports = dict.fromkeys(Verdict, NONE)
        for number, content in told:
            verdict = self.contents.verdict(content)
            ports[verdict] = table.union(ports[verdict], number)
        some = table.union(ports[Verdict.ALLOWED], ports[Verdict.MIXED])
        return replace(
            result,
            allowed=table.union(table.intersection(result.allowed, rest), ports[Verdict.ALLOWED]),
            some=table.union(table.intersection(result.some, rest), some),
            unknown=table.union(table.intersection(result.unknown, rest), ports[Verdict.UNKNOWN]),
            mixed=table.union(table.intersection(result.mixed, rest), ports[Verdict.MIXED]),
            flows=flows,
            passed=told,
        )

    def _composed_flow(
        self, reach: Reach, flow: FlowBounds, result: Result, source: int, destination: int
    ) -> FlowBounds:
        table, rest = self.relation.ports, self.relation.ports.difference(ALL, self._tcp)
        told = tuple(self._told(reach, flow.sure, flow.possible, result, source, destination))
        sure, possible = table.intersection(flow.sure, rest), table.intersection(flow.possible, rest)
        for number, content in told:
            verdict = self.contents.verdict(content)
            sure = table.union(sure, number) if verdict is Verdict.ALLOWED else sure
            possible = possible if verdict is Verdict.DENIED else table.union(possible, number)
        return replace(flow, sure=sure, possible=possible, passed=told)

    def _folded(self, each: list[Passed]) -> Passed:
        """The contents of several flows as one."""
        table, contents = self.relation.ports, self.contents
        parts: list[tuple[int, tuple[int, ...]]] = [(self._tcp, ())]
        for told in each:
            cut: list[tuple[int, tuple[int, ...]]] = []
            for ports, numbers in parts:
                left = ports
                for own, content in told:
                    shared = table.intersection(left, own)
                    if shared != NONE:
                        cut.append((shared, (*numbers, content)))
                        left = table.difference(left, shared)
                if left != NONE:
                    cut.append((left, (*numbers, Contents.NOTHING)))
            parts = cut
        found: dict[int, int] = {}
        for ports, numbers in parts:
            content = contents.folded(numbers)
            if content != Contents.NOTHING:
                found[content] = table.union(found.get(content, NONE), ports)
        return tuple((ports, content) for content, ports in found.items())

    def _told(
        self, reach: Reach, sure: int, possible: int, result: Result, source: int, destination: int
    ) -> Iterator[tuple[int, int]]:
        """The contents of one flow, of which the network surely and possibly admits these ports."""
        table = self.relation.ports
        found: dict[int, int] = {}
        for region in reach:
            ports = self._number(region)
            admitted = {
                term: self._admitted(term, ports, sure, possible, result, source, destination)
                for forms in region.worlds
                for term in forms
                if term.possible
            }
            parts = [ports]
            for one in admitted.values():
                for own in one[:2]:
                    parts = [
                        piece
                        for part in parts
                        for piece in (table.intersection(part, own), table.difference(part, own))
                        if piece != NONE
                    ]
            for part in parts:
                worlds = frozenset(
                    frozenset(
                        self._form(term, part, admitted[term])
                        for term in forms
                        if term.possible and table.intersection(part, admitted[term][1]) != NONE
                    )
                    for forms in region.worlds
                )
                content = self.contents.number(worlds)
                if content != Contents.NOTHING:
                    found[content] = table.union(found.get(content, NONE), part)
        for content, ports in found.items():
            yield ports, content

    def _form(self, term: Term, part: int, admitted: Admitted) -> Form:
        assert isinstance(term, Way)
        sure = self.relation.ports.intersection(part, admitted[0]) != NONE
        identity = self._name if term.identity == OWN else term.identity
        hangs = () if sure else admitted[2]
        return Form(term.passings, sure, term.encryption, identity, hangs)

    def _admitted(
        self, term: Term, ports: int, sure: int, possible: int, result: Result, source: int, destination: int
    ) -> Admitted:
        """What of a region the network admits surely and possibly, in one form, and on what that hangs."""
        table = self.relation.ports
        if term.wire is Wire.WAYPOINT:
            return self._admitted_over(term, ports, source, destination)
        if term.wire is Wire.TUNNEL:
            surely, possibly = (ports if table.contains(one, self._tunnel) else NONE for one in (sure, possible))
            return surely, possibly, ((self._facts(result), ((self._tunnel, self._tunnel),)),)
        return table.intersection(ports, sure), table.intersection(ports, possible), ((self._facts(result), ()),)

    def _admitted_over(self, term: Term, ports: int, source: int, destination: int) -> Admitted:
        table = self.relation.ports
        surely, _, _, perhaps = self._over(term, ports, source, destination)
        hangs: list[tuple[Facts, Intervals]] = []
        for column in sorted({self.universe.class_of_pod[pod] for pod in term.waypoint}):
            for first, second, wire in ((source, column, self._tunnel), (column, destination, term.last)):
                at = ((wire, wire),) if wire else ()
                for mask, one in self._network.column(second, 1 << first):
                    if mask >> first & 1:
                        hangs.append((self._facts(one), at))
        return surely, table.union(surely, perhaps), tuple(hangs)


Admitted = tuple[int, int, tuple[tuple[Facts, Intervals], ...]]
"""(surely, possibly) admitted ports, and on what that hangs, each at some ports (none: at the ports themselves)."""
