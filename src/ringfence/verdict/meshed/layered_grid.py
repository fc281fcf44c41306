"""The relation of all layers with what each of them says, for lists and matrices: clients as they are configured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ringfence.layers.mesh.courses import At, Call, Caller, Course, Hop
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Encryption, Mesh, Numbers
from ringfence.sets.ports import PortTable
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.grid import Band, Grid, Result
from ringfence.verdict.meshed.apart import UNTAKEN, Leg, Nets, Story, Told, hops_of, told
from ringfence.verdict.meshed.encryption import NOBODY, Encrypted, Encryptions
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.judging import Ruling, least, nothing_sent, requests_of, transport_of
from ringfence.verdict.meshed.reach import Reaches, Reading
from ringfence.verdict.meshed.ruling import Rulings
from ringfence.verdict.meshed.values import NETWORK, TRANSPORT, LayerVerdict
from ringfence.verdict.places import Group

ALL, NONE = PortTable.ALL, PortTable.NONE
BETWEEN_NODES = Encrypted("unknown", "the network plugin encrypts between nodes: ask about the pair with explain")


class Chapter(NamedTuple):
    """Ports that the mesh treats alike, with the courses in each case of what is open."""

    ports: Numbers
    stories: tuple[Story, ...]


class Book:
    """Everything that the mesh says between two kinds of ends. ``over``: a waypoint is on the way somewhere."""

    __slots__ = ("chapters", "over")

    def __init__(self, chapters: list[Chapter]) -> None:
        self.chapters = chapters
        self.over = any(story.waypoint for chapter in chapters for story in chapter.stories)


class LayeredGrid(MeshedGrid):
    """A grid whose results have bands: what each layer says of which ports."""

    def __init__(self, relation: Relation, mesh: Mesh, joined: bool = True) -> None:
        super().__init__(relation, mesh, Reading.CONFIGURED, joined)
        self._stories = _Stories(self.reaches, mesh)
        self._books: dict[tuple[object, int], Book] = {}
        self._banded: dict[tuple[int, int, int, Result], Result] = {}
        self._tolds: dict[tuple[int, tuple[Nets, ...]], Told] = {}
        self._kept: list[tuple[Story, ...]] = []
        self._story_numbers: dict[tuple[Story, ...], int] = {}
        self._untaken = self._number_of_stories((UNTAKEN,))

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
            if book.over:
                for column in columns_of(shared):
                    yield 1 << column, self._with_bands(book, result, column, destination)
            else:
                yield shared, self._with_bands(book, result, -1, -1)

    def of_pair(self, source: int, destination: int, result: Result) -> Result:
        """A result of the network between two columns, with bands."""
        return next(one for _, one in self._meshed(destination, 1 << source, result))

    def _server(self, destination: int) -> tuple[Pod | None, object, int | None]:
        """The pod of a column, what it is to the mesh, and the address that is dialled where it is none."""
        if destination < self.universe.pods:
            pod = self._pod(destination)
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
            yield Band(ports, self._told(self._untaken, ((net,),)), ports, result, -1, -1)
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


class _Stories:
    """Tells the courses between kinds of ends."""

    def __init__(self, reaches: Reaches, mesh: Mesh) -> None:
        self.reaches = reaches
        self.mesh = mesh
        self.rulings = Rulings(mesh)

    def book(self, source: Pod | None, address: int | None, destination: Pod | None, dialled: int | None) -> Book:
        """What the mesh says of all TCP ports."""
        found: dict[tuple[Story, ...], list[tuple[int, int]]] = {}
        for ports in self.reaches.regions(source, destination):
            stories = tuple(dict.fromkeys(self._told_of(source, address, destination, dialled, ports[0][0])))
            found.setdefault(stories, []).extend(ports)
        return Book([Chapter(tuple(sorted(ports)), stories) for stories, ports in found.items()])

    def _told_of(
        self, source: Pod | None, address: int | None, destination: Pod | None, dialled: int | None, port: int
    ) -> Iterator[Story]:
        if destination is None:
            call = Call(self.mesh, Caller(source, address), None, dialled, port, None)
        else:
            call = self.reaches.call(source, address, destination, port)
        encrypted = self._encrypted(destination, port, call.service, call.dialled or port)
        for course in call.courses():
            yield self._story(course, address, encrypted)

    def _encrypted(self, destination: Pod | None, port: int, service: Service | None, number: int) -> Encrypted | None:
        """TLS of the application, as every Service declares it that leads there."""
        if service is not None:
            return Encryptions.of_application(service, number)
        fronts = () if destination is None else self.reaches.fronts.all_leading_to(destination, port)
        said = [Encryptions.of_application(*front) for front in fronts]
        return None if None in said else next(iter(said), None)

    def _wire(self, hop: Hop, encrypted: Encrypted | None) -> Encrypted:
        """Who encrypts a hop."""
        if hop.transport.encryption is not Encryption.NONE:
            return Encrypted(str(hop.transport.encryption), "")
        if encrypted is not None and hop.destination is At.SERVER:
            return encrypted
        return BETWEEN_NODES if self.reaches.cluster.encryption else NOBODY

    def _story(self, course: Course, address: int | None, encrypted: Encrypted | None) -> Story:
        fact, decide = course.facts[0] if course.facts else ("", "")
        if course.unreached is not None:
            return Story((), "none", False, "", fact, decide, nothing_sent(course.unreached))
        routed = None
        if course.routes is not None:
            said = self.rulings.of_client(course.routes, None, course.dialled, "")
            routed = LayerVerdict(TRANSPORT, said.verdict, said.reason, said.decided_by)
            if said.verdict is Verdict.DENIED:
                return Story((), "none", False, "", fact, decide, routed)
        legs = tuple(
            Leg(
                hop.source,
                hop.destination,
                hop.port if hop.port == self.mesh.tunnel_port and hop.judged_port != hop.port else 0,
                transport_of(hop),
                requests_of(hop, lambda one: self._rule(course, one, address))[0],
            )
            for hop in course.hops
        )
        if (
            routed is not None
            and routed.verdict is not Verdict.ALLOWED
            and legs[0].transport.verdict is Verdict.ALLOWED
        ):
            # Some of the requests go elsewhere.
            legs = (replace(legs[0], transport=routed), *legs[1:])
        over = len(course.hops) > 1 and course.waypoint is not None
        way = course.waypoint if over else None
        return Story(
            legs,
            least([self._wire(hop, encrypted) for hop in course.hops]).word,
            self._proven(course),
            self._allows(course, legs, address),
            fact,
            decide,
            None,
            () if way is None else way.pods,
            "" if way is None else f"{way.namespace}/{way.name}",
        )

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
