"""The relation of all layers with what each of them says, for lists and matrices: clients as they are configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ringfence.layers.mesh.courses import At, Call, Caller, Course, Hop
from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import MACHINE, Pod
from ringfence.model.mesh import Encryption, Identity, Mesh, Numbers, Proxy
from ringfence.sets.ports import PortTable, subtract
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.grid import Band, Grid, Result
from ringfence.verdict.meshed.apart import ON_THE_WIRE, UNTAKEN, Leg, Nets, Story, Told, hops_of, told
from ringfence.verdict.meshed.encryption import NOBODY, Encrypted, Encryptions, of_mesh
from ringfence.verdict.meshed.gateways import sent_on
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.judging import Ruling, nothing_sent, requests_of, transport_of
from ringfence.verdict.meshed.reach import TCP, Reaches, Reading
from ringfence.verdict.meshed.ruling import Rulings
from ringfence.verdict.meshed.values import NETWORK, TRANSPORT, LayerVerdict, joined
from ringfence.verdict.meshed.wires import Wires
from ringfence.verdict.places import Group

ALL, NONE = PortTable.ALL, PortTable.NONE


class Chapter(NamedTuple):
    """Ports that the mesh treats alike, with the courses in each case of what is open."""

    ports: Numbers
    stories: tuple[Story, ...]


class Book:
    """Everything that the mesh says between two kinds of ends. ``waypoints``: the pods of those on some way.
    ``untaken``: what becomes of connections that no mesh takes."""

    __slots__ = ("chapters", "untaken", "waypoints")

    def __init__(self, chapters: list[Chapter], untaken: Story = UNTAKEN) -> None:
        self.chapters = chapters
        self.untaken = untaken
        self.waypoints = frozenset(pod for chapter in chapters for story in chapter.stories for pod in story.waypoint)


class LayeredGrid(MeshedGrid):
    """A grid whose results have bands: what each layer says of which ports."""

    def __init__(self, relation: Relation, mesh: Mesh, joined: bool = True) -> None:
        super().__init__(relation, mesh, Reading.CONFIGURED, joined)
        self.reaches = _LayeredReaches(relation.cluster, mesh, Reading.CONFIGURED)
        self._stories = _Stories(self.reaches, mesh)
        self._books: dict[tuple[object, int], Book] = {}
        self._banded: dict[tuple[int, int, int, Result], Result] = {}
        self._tolds: dict[tuple[int, tuple[Nets, ...]], Told] = {}
        self._towards_way: dict[int, list[int]] = {}
        self._kept: list[tuple[Story, ...]] = []
        self._story_numbers: dict[tuple[Story, ...], int] = {}
        self._carriers = Wires(relation)
        self._over_wire: dict[tuple[object, ...], Book] = {}

    def _meshed(self, destination: int, sources: int, result: Result) -> Iterator[tuple[int, Result]]:
        pod, kind, dialled = self._server(destination)
        for number, (mask, source, address) in enumerate(self._parts_of(kind, pod)):
            shared = sources & mask
            if not shared:
                continue
            key = (kind, number)
            book = self._books.get(key)
            if book is None:
                book = self._books[key] = self._stories.book(source, address, pod, dialled)
            for some, over in self._on_the_wire(book, shared, destination):
                if book.waypoints:
                    for alike in self._alike(book, some):
                        column = (alike & -alike).bit_length() - 1
                        yield alike, self._with_bands(over, result, column, destination)
                else:
                    yield some, self._with_bands(over, result, -1, -1)

    def _on_the_wire(self, book: Book, sources: int, destination: int) -> Iterator[tuple[int, Book]]:
        """Sources parted by what the network plugin encrypts, each with what is told of them."""
        if not self._carriers.declared:
            yield sources, book
            return
        ways = {
            story.waypoint: self._carriers.of_pods(story.waypoint, destination)
            for chapter in book.chapters
            for story in chapter.stories
            if story.waypoint
        }
        for part, encrypted in self._carriers.parted(sources, destination):
            key = (id(book), encrypted, *ways.items())
            found = self._over_wire.get(key)
            if found is None:
                found = self._over_wire[key] = _over(book, encrypted, ways)
            yield part, found

    def _alike(self, book: Book, sources: int) -> list[int]:
        """Sources parted by what the network says of them towards every waypoint that may be on the way."""
        parts = [sources]
        for way in sorted({self.universe.class_of_pod[pod] for pod in book.waypoints}):
            towards = self._towards_way.get(way)
            if towards is None:
                towards = [mask for mask, _ in Grid.column(self, way)]
                rest = self.universe.everything
                for mask in towards:
                    rest &= ~mask
                self._towards_way[way] = towards = [*towards, rest]
            parts = [shared for part in parts for mask in towards if (shared := part & mask)]
        return parts

    def of_pair(self, source: int, destination: int, result: Result) -> Result:
        """A result of the network between two columns, with bands."""
        return next(one for _, one in self._meshed(destination, 1 << source, result))

    def _server(self, destination: int) -> tuple[Pod | None, object, int | None]:
        """The pod of a column, what it is to the mesh, and the address that is dialled where it is none."""
        pod = self.pod_of(destination)
        if pod is not None:
            return pod, self.mesh.kind(pod), None
        space = self.universe.ends[destination].space
        alone = space[0][0] if len(space) == 1 and space[0][0] == space[0][1] else None
        return None, ("outside", alone), alone

    def _parts_of(self, kind: object, pod: Pod | None) -> list[tuple[int, Pod | None, int | None]]:
        if pod is None:
            self._asked.setdefault(kind, tuple((group, ()) for group in self._by_sending))
            return self._parts(kind, self._pod(0)) if self.universe.pods else []
        return self._parts(kind, pod)

    def _with_bands(self, book: Book, result: Result, source: int, destination: int) -> Result:
        key = (id(book), source, destination, result)
        found = self._banded.get(key)
        if found is None:
            found = self._banded[key] = self._joined_bands(
                result, tuple(self._bands(book, result, source, destination))
            )
        return found

    def _joined_bands(self, result: Result, bands: tuple[Band, ...]) -> Result:
        """The verdict of all layers as port sets, beside the bands. Some requests that pass count as allowed."""
        table = self.relation.ports
        sums = dict.fromkeys(Verdict, NONE)
        for band in bands:
            verdict = band.told.verdict
            if verdict is Verdict.MIXED and band.told.layer != NETWORK:
                verdict = Verdict.ALLOWED
            sums[verdict] = table.union(sums[verdict], band.ports)
        return replace(
            result,
            allowed=sums[Verdict.ALLOWED],
            unknown=sums[Verdict.UNKNOWN],
            mixed=sums[Verdict.MIXED],
            some=table.union(sums[Verdict.ALLOWED], table.intersection(result.some, sums[Verdict.MIXED])),
            flows=(),
            bands=bands,
        )

    def _bands(self, book: Book, result: Result, source: int, destination: int) -> Iterator[Band]:
        table = self.relation.ports
        for ports, net in self._partition(result, table.difference(ALL, self._tcp)):
            untaken = self._number_of_stories((book.untaken,))
            yield Band(ports, self._told(untaken, ((net,),)), ports, result, -1, -1)
        for chapter in book.chapters:
            number = self._number_of_stories(chapter.stories)
            whole = table.number(chapter.ports)
            pieces: list[tuple[int, tuple[Nets, ...]]] = [(whole, ())]
            for story in chapter.stories:
                pieces = [
                    (part, (*before, nets))
                    for ports, before in pieces
                    for part, nets in self._nets(story, ports, result, source, destination)
                ]
            for ports, every in pieces:
                found = self._told(number, every)
                yield Band(ports, found, *self._asks(found, every, ports, result, source, destination))

    def _asks(
        self, found: Told, every: tuple[Nets, ...], ports: int, result: Result, source: int, destination: int
    ) -> tuple[int, Result, int, int]:
        """Of whom to ask why the network leaves it open: wire ports, the result, and the pair of columns if another."""
        if found.network is not Verdict.UNKNOWN:
            return ports, result, -1, -1
        for story, nets in zip(found.stories, every, strict=True):
            for leg, net in zip(hops_of(story), nets, strict=True):
                if net is not Verdict.UNKNOWN:
                    continue
                wire = ports if not leg.wire else self.relation.ports.number(((leg.wire, leg.wire),))
                if leg.source is At.CLIENT and leg.destination is At.SERVER:
                    return wire, result, -1, -1
                left, right = self._ends_of(leg, story, source, destination)
                for first in left:
                    for second in right:
                        other = self._result_of(first, second)
                        if other is not None and self.relation.ports.intersection(other.unknown, wire):
                            return wire, other, first, second
        return ports, result, -1, -1

    def _told(self, number: int, nets: tuple[Nets, ...]) -> Told:
        key = (number, nets)
        found = self._tolds.get(key)
        if found is None:
            found = self._tolds[key] = told(self._kept[number], nets)
        return found

    def _number_of_stories(self, stories: tuple[Story, ...]) -> int:
        found = self._story_numbers.get(stories)
        if found is None:
            found = self._story_numbers[stories] = len(self._kept)
            self._kept.append(stories)
        return found

    # What the network says of hops.

    def _partition(self, result: Result, ports: int, wire: int = 0) -> list[tuple[int, Verdict]]:
        """Ports by what the network says of them; ``wire``: all of them are this port on the wire."""
        table = self.relation.ports
        known = (
            (result.allowed, Verdict.ALLOWED),
            (result.mixed, Verdict.MIXED),
            (result.unknown, Verdict.UNKNOWN),
        )
        if wire:
            return [
                (ports, next((verdict for number, verdict in known if table.contains(number, wire)), Verdict.DENIED))
            ]
        found: list[tuple[int, Verdict]] = []
        rest = ports
        for number, verdict in known:
            own = table.intersection(ports, number)
            if own:
                found.append((own, verdict))
                rest = table.difference(rest, own)
        return [*found, (rest, Verdict.DENIED)] if rest else found

    def _nets(self, story: Story, ports: int, result: Result, source: int, destination: int) -> list[tuple[int, Nets]]:
        pieces: list[tuple[int, Nets]] = [(ports, ())]
        for leg in hops_of(story):
            pieces = [
                (part, (*before, verdict))
                for own, before in pieces
                for part, verdict in self._net(leg, story, own, result, source, destination)
            ]
        return pieces

    def _net(
        self, leg: Leg, story: Story, ports: int, result: Result, source: int, destination: int
    ) -> list[tuple[int, Verdict]]:
        if leg.source is At.CLIENT and leg.destination is At.SERVER:
            return self._partition(result, ports, leg.wire)
        left, right = self._ends_of(leg, story, source, destination)
        table = self.relation.ports
        found: dict[Verdict, int] | None = None
        for first in left:
            for second in right:
                other = self._result_of(first, second)
                told_of = [(ports, Verdict.DENIED)] if other is None else self._partition(other, ports, leg.wire)
                own = {verdict: part for part, verdict in told_of}
                if found is None:
                    found = own
                    continue
                # Of several pods of a waypoint it is not known which one is on the way.
                same = {
                    verdict: part
                    for verdict, number in found.items()
                    if (part := table.intersection(number, own.get(verdict, NONE)))
                }
                rest = ports
                for part in same.values():
                    rest = table.difference(rest, part)
                if rest:
                    same[Verdict.UNKNOWN] = table.union(same.get(Verdict.UNKNOWN, NONE), rest)
                found = same
        assert found is not None
        # Which of several connections a proxy opens is not the client's to choose.
        mixed = found.pop(Verdict.MIXED, NONE)
        if mixed:
            found[Verdict.UNKNOWN] = table.union(found.get(Verdict.UNKNOWN, NONE), mixed)
        return [(part, verdict) for verdict, part in found.items()]

    def _ends_of(self, leg: Leg, story: Story, source: int, destination: int) -> tuple[list[int], list[int]]:
        way = sorted({self.universe.class_of_pod[pod] for pod in story.waypoint})
        return (
            way if leg.source is At.WAYPOINT else [source],
            way if leg.destination is At.WAYPOINT else [destination],
        )

    def _result_of(self, source: int, destination: int) -> Result | None:
        """What the network says between two columns."""
        for mask, result in self._network.column(destination, 1 << source):
            if mask >> source & 1:
                return result
        return None

    def taken_apart(self, source: int, destination: int) -> Iterator[tuple[Group, Group, Result]]:
        """The pairs of pods of two columns, in groups that each have one result."""
        for left, right, result in Grid.taken_apart(self, source, destination):
            for _, one in self._meshed(destination, 1 << source, result):
                yield left, right, one


def _with_routes(said: LayerVerdict, routed: LayerVerdict | None) -> LayerVerdict:
    """What the transport says of a hop, where the client's proxy sends only some requests this way."""
    if routed is None or routed.verdict is Verdict.ALLOWED:
        return said
    return replace(routed, verdict=joined([said.verdict, routed.verdict]))


def _over(book: Book, encrypted: Encrypted, ways: Mapping[tuple[int, ...], Encrypted]) -> Book:
    """What is told, where the network plugin encrypts so between the two ends, and from waypoints."""

    def told_over(story: Story) -> Story:
        return story.over(lambda leg: encrypted if leg.source is At.CLIENT else ways[story.waypoint])

    chapters = [Chapter(ports, tuple(map(told_over, stories))) for ports, stories in book.chapters]
    return Book(chapters, ON_THE_WIRE.over(lambda leg: encrypted))


class _LayeredReaches(Reaches):
    """Also what is asked of connections that are refused: each layer speaks for itself."""

    def asks(self, hop: Hop) -> bool:
        """Whatever becomes of its connection."""
        return hop.point is not None


class _Stories:
    """Tells the courses between kinds of ends."""

    def __init__(self, reaches: Reaches, mesh: Mesh) -> None:
        self.reaches = reaches
        self.mesh = mesh
        self.rulings = Rulings(mesh)

    def book(self, source: Pod | None, address: int | None, destination: Pod | None, dialled: int | None) -> Book:
        """What the mesh says of all TCP ports."""
        found: dict[tuple[Story, ...], list[tuple[int, int]]] = {}
        own = None if source is None else self.mesh.identity(source)
        told_of = self._outside(source, dialled) if destination is None else self.reaches.told(source, destination)
        for ports, courses in told_of:
            encrypted = self._encrypted(source, destination, ports[0][0])
            stories = tuple(dict.fromkeys(self._story(course, address, own, encrypted) for course in courses))
            found.setdefault(stories, []).extend(ports)
        return Book([Chapter(tuple(sorted(ports)), stories) for stories, ports in found.items()])

    def _outside(self, source: Pod | None, dialled: int | None) -> Iterator[tuple[Numbers, tuple[Course, ...]]]:
        """The same towards an address that is no pod's."""
        rest: Numbers = TCP
        regions: list[Numbers] = [((number, number),) for number in self.mesh.ports(source, None)]
        for ports in regions:
            rest = subtract(rest, ports)
        for ports in (*regions, *([rest] if rest else [])):
            yield ports, tuple(Call(self.mesh, Caller(source), None, dialled, ports[0][0], None).courses())

    def _encrypted(self, source: Pod | None, destination: Pod | None, port: int) -> Encrypted | None:
        """TLS of the application, as the Service declares it that is called, or every one that leads there."""
        if destination is None:
            return None
        call = self.reaches.call(None, None, destination, port)
        if call.service is not None and not (destination.workload.kind == MACHINE and self._outsider(source)):
            return Encryptions.of_application(call.service, call.dialled or port)
        said = [Encryptions.of_application(*front) for front in self.reaches.fronts.all_leading_to(destination, port)]
        return None if None in said else next(iter(said), None)

    def _outsider(self, source: Pod | None) -> bool:
        """Whether a client is surely not in the mesh: no Service leads it to a machine."""
        return source is None or all(one.value.proxy is Proxy.NONE for one in self.mesh.membership(source))

    def _encrypts(self, hop: Hop, encrypted: Encrypted | None) -> Encrypted | None:
        """Who encrypts a hop; None: only what carries it could."""
        if hop.transport.encryption is not Encryption.NONE:
            return of_mesh(str(hop.transport.encryption), hop.sent)
        if encrypted is not None and hop.destination is At.SERVER:
            return encrypted
        return None if self.reaches.cluster.encryption else NOBODY

    def _story(self, course: Course, address: int | None, own: Identity | None, encrypted: Encrypted | None) -> Story:
        found = self._direct(course, address, own, encrypted)
        return replace(found, elsewhere=sent_on(course.onward)) if course.onward else found

    def _direct(self, course: Course, address: int | None, own: Identity | None, encrypted: Encrypted | None) -> Story:
        fact, decide = course.facts[0] if course.facts else ("", "")
        if course.unreached is not None:
            return Story((), "none", False, "", fact, decide, nothing_sent(course.unreached))
        routed = None
        if course.routes is not None and not course.onward:
            said = self.rulings.of_client(course.routes, None, course.dialled, "")
            routed = LayerVerdict(TRANSPORT, said.verdict, said.reason, said.decided_by)
            if said.verdict is Verdict.DENIED:
                return Story((), "none", False, "", fact, decide, routed)
        course = replace(course, hops=tuple(self.reaches.as_own(hop, own) for hop in course.hops))
        legs = tuple(
            Leg(
                hop.source,
                hop.destination,
                hop.port if hop.port == self.mesh.tunnel_port and hop.judged_port != hop.port else 0,
                _with_routes(transport_of(hop), routed),
                requests_of(hop, lambda one: self._rule(course, one, address))[0],
                self._encrypts(hop, encrypted),
            )
            for hop in course.hops
        )
        over = len(course.hops) > 1 and course.waypoint is not None
        way = course.waypoint if over else None
        found = Story(
            legs,
            "none",
            self._proven(course),
            self._allows(course, legs, address),
            fact,
            decide,
            None,
            () if way is None else way.pods,
            "" if way is None else f"{way.namespace}/{way.name}",
        )
        return found.over(lambda leg: NOBODY)

    @staticmethod
    def _proven(course: Course) -> bool | None:
        deciding = course.hops[0] if course.waypoint is not None and course.waypoint.pods else course.hops[-1]
        if deciding.identity is not None:
            return True
        return None if deciding.anonymous else False

    def _allows(self, course: Course, legs: tuple[Leg, ...], address: int | None) -> str:
        found = [
            self.rulings.allowed(hop, self._address(course, hop, address))
            for hop, leg in zip(course.hops, legs, strict=True)
            if leg.requests.verdict is Verdict.MIXED
        ]
        return ", of these ".join(found) if all(found) else ""

    def _rule(self, course: Course, hop: Hop, address: int | None) -> Ruling:
        return self.rulings.of(hop, None, self._address(course, hop, address), "")

    def _address(self, course: Course, hop: Hop, address: int | None) -> int | None:
        """Where a hop comes from, if that is one address."""
        if hop.source is not At.WAYPOINT:
            return address
        assert course.waypoint is not None
        known = {one for index in course.waypoint.pods for one in self.mesh.pod(index).addresses}
        return next(iter(known)) if len(known) == 1 else None
