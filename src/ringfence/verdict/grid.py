"""The whole relation at once, destination by destination.

Rows of egress are by source, those of ingress by destination; to join them, egress is turned over: for each
destination, which sources run which program. Sources are column masks throughout, so one step speaks of thousands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ringfence.layers.network.cells import FAMILY_KINDS, MEETING_KINDS, Cell, Meeting
from ringfence.layers.network.columns import columns_of, mask_of_columns
from ringfence.layers.network.relation import Relation, own_families
from ringfence.layers.network.row import Row
from ringfence.model.cluster import Cluster
from ringfence.model.policy import Direction
from ringfence.sets.addresses import describe
from ringfence.sets.ports import Intervals, PortTable, canonical, port_key
from ringfence.values import Value, replace
from ringfence.verdict.answers import LAYERS, Reason
from ringfence.verdict.count import Count
from ringfence.verdict.places import Group, Place, Places
from ringfence.verdict.turned import Turned

if TYPE_CHECKING:
    from ringfence.model.mesh import Mesh
    from ringfence.verdict.meshed.apart import Told
    from ringfence.verdict.meshed.makers import Makers

ALL, NONE = PortTable.ALL, PortTable.NONE

ONLY_PLACES = frozenset(("same-node", "cni"))
"""Kinds of facts of which a pair of ends only decides whether it shares a node."""


Passed = tuple[tuple[int, int], ...]
"""(port set number, number of what passes there in ``meshed.contents``), disjoint."""


class FlowBounds(Value):
    """One kind of flow between two classes: its address families, whether the ends share a node, and which ports are
    surely and which are possibly allowed, as port set numbers."""

    families: tuple[int, ...]
    place: Place
    sure: int
    possible: int
    passed: Passed = ()
    """As ``Result.passed``."""


class Band(Value):
    """Ports, as a port set number, of which the layers say one thing (``told``). Where the network leaves it open, it
    is asked why of ``asked`` ports of ``result``, between two columns if these are others than the band's (else -1)."""

    ports: int
    told: Told
    asked: int
    result: Result
    source: int
    destination: int


class Result(Value):
    """Ports by verdict, as port set numbers; what is in none is denied. ``mixed``: allowed in one address family
    only, or for some pairs of pods only. ``programs`` and ``meeting`` tell why, where something is unknown."""

    allowed: int
    unknown: int = NONE
    mixed: int = NONE
    programs: tuple[int, int] = (0, 0)
    meeting: Meeting | None = None
    opaque: bool = False
    split: bool = False
    """The pods of the two classes share a node in some pairs and not in others: ask ``Grid.taken_apart``."""
    some: int = NONE
    """Allowed for some of the pairs at least, in some address family; ``allowed`` is part of it."""
    flows: tuple[FlowBounds, ...] = ()
    """Where several kinds of flow are folded into this result, each of them."""
    because: Reason | None = None
    """Why something is unknown, where it is not the network that leaves it open."""
    linked: bool = False
    """Whether places name the known node of one end, where that of the other is not known."""
    bands: tuple[Band, ...] = ()
    """What each layer says of which ports, where the grid tells."""
    passed: Passed = ()
    """What passes at ports, where two states of a mesh are compared."""


def node_ports(cluster: Cluster) -> Intervals:
    """The ports that nodes hand on to Services."""
    return canonical(
        (port_key(port.protocol, port.node_port),) * 2
        for service in cluster.services
        for port in service.ports
        if port.node_port is not None
    )


class Grid:
    """Joins the rows of a relation. Only pairs with at least one pod are flows here. ``joined`` False: only single
    pairs will be asked for, so no row is made ahead."""

    layers: tuple[str, ...] = LAYERS
    """The layers whose verdict the results are."""
    mesh: Mesh | None = None
    """The mesh that has a say in them."""

    def __init__(self, relation: Relation, joined: bool = True) -> None:
        self.relation = relation
        self.joined = joined
        self.universe = relation.universe
        self.pods = (1 << self.universe.pods) - 1
        self.others = self.universe.everything ^ self.pods
        self._plain: dict[tuple[int, int], Result | None] = {}
        self._by_families: list[int] | None = None
        self._met: dict[tuple[int, int, tuple[Meeting, ...]], Result] = {}
        self.places = Places(relation)
        self._placed: dict[tuple[object, ...], tuple[tuple[int, Result], ...]] = {}
        self._sharing: dict[tuple[int, ...], int] = {}
        self._uniform: dict[tuple[int, ...], bool] = {}
        self._blind = self._blind_columns()
        self.handed_on = relation.ports.number(node_ports(relation.cluster))
        """The ports that nodes hand on to Services, as a port set number."""
        self._turned = Turned(relation) if joined else None

    def over(self, relation: Relation) -> Grid:
        """The same over another relation of the same ends."""
        return Grid(relation)

    def under_mesh(self, mesh: Mesh) -> Grid:
        """The same where objects of the mesh say something else; who is in it, and as whom, stays."""
        return self

    def makers(self) -> Makers | None:
        """What new pods may prove to be, where somebody asks for it; None: nobody does."""
        return None

    def wires(self, source: int, destination: int, ports: int) -> int:
        """The ports on the wire that some ports of a flow take, as port set numbers."""
        return ports

    def _blind_columns(self) -> int:
        """Pod columns in namespaces with policies that are not modelled."""
        blind = self.relation.blind_namespaces
        if blind is None:
            return self.universe.everything
        mask = 0
        for namespace in blind:
            start, stop = self.universe.namespaces.get(namespace, (0, 0))
            mask |= ((1 << (stop - start)) - 1) << start
        return mask

    @property
    def turned(self) -> Turned:
        """Egress by destination; made when first needed."""
        if self._turned is None:
            self._turned = Turned(self.relation)
        return self._turned

    def egress(self, destination: int) -> dict[int, int]:
        """Egress program → the sources that run it towards a destination."""
        found = self.turned.egress(destination)
        if self.others and destination < self.universe.pods:
            found[0] = found.get(0, 0) | self.others
        return found

    def _egress_of(self, destination: int, sources: int) -> dict[int, int]:
        """The same for some sources, row by row: for grids that are not joined."""
        found: dict[int, int] = {}
        others = sources & self.others
        if others and destination < self.universe.pods:
            found[0] = others
        by_row: dict[int, tuple[Row, int]] = {}
        for column in columns_of(sources & self.pods):
            row = self.relation.row(column, Direction.EGRESS)
            old = by_row.get(id(row))
            by_row[id(row)] = row, (old[1] if old else 0) | 1 << column
        for row, mask in by_row.values():
            program = row.program(destination)
            found[program] = found.get(program, 0) | mask
        return found

    def programs(self, destination: int, within: int | None = None) -> Iterator[tuple[int, int, int]]:
        """(egress program, ingress program, sources), disjoint, for one destination. ``within``: of these sources only,
        where the grid is not joined."""
        if within is not None and not within & self.pods:
            # Nodes and addresses have no egress policies.
            egress = {0: self.others}
        elif self.joined:
            egress = self.egress(destination)
        else:
            egress = self._egress_of(destination, self.universe.everything if within is None else within)
        if destination >= self.universe.pods:
            for number, sources in egress.items():
                if sources:
                    yield number, 0, sources
            return
        parts = self.relation.row(destination, Direction.INGRESS).parts
        if len(parts) == 1:
            only = parts[0][1]
            for number, sources in egress.items():
                if sources:
                    yield number, only, sources
            return
        for number, sources in egress.items():
            if sources:
                for mask, program in parts:
                    shared = sources & mask
                    if shared:
                        yield number, program, shared

    def column(self, destination: int, within: int | None = None) -> Iterator[tuple[int, Result]]:
        """(sources, result), disjoint, for one destination; of the sources ``within`` only."""
        if not self.hands_on(destination):
            yield from self._column(destination, within)
            return
        for sources, result in self._column(destination, within):
            yield sources, self._with_node_ports(result)

    def hands_on(self, destination: int) -> bool:
        """Whether a destination hands ports on to Services."""
        end = self.universe.ends[destination]
        return self.handed_on != NONE and (end.sort == "node" or end.host_network)

    def _with_node_ports(self, result: Result) -> Result:
        """What a node hands on to Services is not known."""
        ports = self.relation.ports
        return replace(
            result,
            allowed=ports.difference(result.allowed, self.handed_on),
            some=ports.difference(result.some, self.handed_on),
            mixed=ports.difference(result.mixed, self.handed_on),
            unknown=ports.union(result.unknown, self.handed_on),
            flows=tuple(
                replace(
                    flow,
                    sure=ports.difference(flow.sure, self.handed_on),
                    possible=ports.union(flow.possible, self.handed_on),
                )
                for flow in result.flows
            ),
        )

    def _column(self, destination: int, within: int | None) -> Iterator[tuple[int, Result]]:
        blind = self.universe.everything if self._blind >> destination & 1 else self._blind
        possible = self._compatible(destination)
        if within is not None:
            possible = within if possible < 0 else possible & within
        for egress, ingress, sources in self.programs(destination, within):
            if possible >= 0:
                sources &= possible
                if not sources:
                    continue
            if blind:
                unseen = sources & blind
                if unseen:
                    yield unseen, Result(NONE, ALL, programs=(egress, ingress), opaque=True)
                    sources ^= unseen
                    if not sources:
                        continue
            plain = self.plain(egress, ingress)
            if plain is not None:
                yield sources, plain
                continue
            yield from self._meetings(egress, ingress, sources, destination)

    def _compatible(self, destination: int) -> int:
        """The columns that share an address family with a destination; -1 where all do."""
        own = own_families(self.universe.ends[destination])
        found = self._sharing.get(own)
        if found is None:
            found = 0
            for mask in self._families():
                if set(own) & set(own_families(self.universe.ends[(mask & -mask).bit_length() - 1])):
                    found |= mask
            if found == self.universe.everything:
                found = -1
            self._sharing[own] = found
        return found

    def plain(self, egress: int, ingress: int) -> Result | None:
        """The result of two programs that hang on no fact, or on none that the two ends share; else None."""
        key = (egress, ingress)
        if key not in self._plain:
            cells, meeting = self.relation.cells, Meeting((4,), False, None)
            alone = not cells.needs(egress, ingress) & MEETING_KINDS
            self._plain[key] = self._result([cells.cell(egress, ingress, meeting)], key, (meeting,)) if alone else None
        return self._plain[key]

    def _result(self, cells: list[Cell], programs: tuple[int, int], meetings: Sequence[Meeting]) -> Result:
        ports = self.relation.ports
        allowed, denied, some_allowed, some_denied = ALL, ALL, NONE, NONE
        for cell in cells:
            closed = ports.difference(ALL, cell.possible)
            allowed = ports.intersection(allowed, cell.sure)
            denied = ports.intersection(denied, closed)
            some_allowed = ports.union(some_allowed, cell.sure)
            some_denied = ports.union(some_denied, closed)
        mixed = ports.intersection(some_allowed, some_denied)
        unknown = ports.difference(ports.difference(ports.difference(ALL, allowed), denied), mixed)
        flows: tuple[FlowBounds, ...] = ()
        if len(cells) > 1:
            flows = tuple(
                FlowBounds(meeting.families, meeting.same_node, cell.sure, cell.possible)
                for meeting, cell in zip(meetings, cells, strict=True)
            )
        meeting = meetings[0] if unknown != NONE else None
        return Result(allowed, unknown, mixed, programs, meeting, some=some_allowed, flows=flows)

    def _meetings(self, egress: int, ingress: int, sources: int, destination: int) -> Iterator[tuple[int, Result]]:
        needs = self.relation.cells.needs(egress, ingress)
        if needs <= ONLY_PLACES:
            # Nothing of the destination counts but its nodes, which many share.
            end = self.universe.ends[destination]
            key = (egress, ingress, sources, self.places.nodes(destination), end.families, own_families(end))
            known = self._placed.get(key)
            if known is None:
                known = self._placed[key] = tuple(self._met_in(needs, egress, ingress, sources, destination))
            yield from known
            return
        yield from self._met_in(needs, egress, ingress, sources, destination)

    def _met_in(
        self, needs: frozenset[str], egress: int, ingress: int, sources: int, destination: int
    ) -> Iterator[tuple[int, Result]]:
        groups = [sources]
        if needs & FAMILY_KINDS:
            groups = [group & mask for group in groups for mask in self._families() if group & mask]
        if "namespace-label" in needs:
            groups = [piece for group in groups for piece in self._by_namespace(group)]
        if "same-node" in needs:
            groups = [
                group & mask
                for group in groups
                for mask in self.places.partition(destination, "node" in needs)
                if group & mask
            ]
        for group in groups:
            source = (group & -group).bit_length() - 1
            result = self.pair(source, destination, egress, ingress)
            if result is not None:
                yield group, result

    def pair(self, source: int, destination: int, egress: int, ingress: int) -> Result | None:
        """The result for one source; None where no flow can exist (no address family in common)."""
        relation = self.relation
        first, second = self.universe.ends[source], self.universe.ends[destination]
        families, known = relation.families(first, second)
        if not families:
            return None
        needs = relation.cells.needs(egress, ingress)
        same_namespace = first.sort == second.sort == "pod" and first.namespace == second.namespace
        places: tuple[Place, ...] = (None,)
        if "same-node" in needs:
            places = self.places.between(source, destination, "node" in needs)
        by_family = [(number,) for number in families] if known and needs & FAMILY_KINDS else [families]
        meetings = tuple(Meeting(group, same_namespace, place) for group in by_family for place in places)
        key = (egress, ingress, meetings)
        found = self._met.get(key)
        if found is None:
            cells = [relation.cells.cell(egress, ingress, meeting) for meeting in meetings]
            found = self._result(cells, (egress, ingress), meetings)
            if len(places) > 1:
                found = replace(found, split=True, linked="node" in needs)
            self._met[key] = found
        return found

    def taken_apart(self, source: int, destination: int) -> Iterator[tuple[Group, Group, Result]]:
        """The pairs of pods of two columns, in groups that each have one result."""
        relation = self.relation
        programs = relation.programs_of(source, destination)
        first, second = self.universe.ends[source], self.universe.ends[destination]
        families, known = relation.families(first, second)
        needs = relation.cells.needs(*programs)
        same_namespace = first.sort == second.sort == "pod" and first.namespace == second.namespace
        by_family = [(number,) for number in families] if known and needs & FAMILY_KINDS else [families]
        for place, left, right in self.places.pairs(source, destination, "node" in needs):
            meetings = [Meeting(group, same_namespace, place) for group in by_family]
            cells = [relation.cells.cell(*programs, meeting) for meeting in meetings]
            result = self._result(cells, programs, meetings)
            yield left, right, self._with_node_ports(result) if self.hands_on(destination) else result

    def names(self, column: int, group: Group | None = None) -> frozenset[str]:
        """The names of a column's pods (of ``group`` only), or of the node or addresses that it is."""
        end = self.universe.ends[column]
        if end.sort == "node":
            return frozenset((f"node/{end.name}",))
        if end.sort == "outside":
            return frozenset((end.name or describe(end.space),))
        pods = self.relation.cluster.pods
        indexes = self.universe.members[column] if group is None else group
        return frozenset(f"{pods[index].namespace}/{pods[index].name}" for index in indexes)

    def _families(self) -> list[int]:
        """Columns by the families that they have, or may have."""
        if self._by_families is None:
            groups: dict[object, list[int]] = {}
            for column, end in enumerate(self.universe.ends):
                groups.setdefault((own_families(end), bool(end.families)), []).append(column)
            self._by_families = [mask_of_columns(columns) for columns in groups.values()]
        return self._by_families

    def _by_namespace(self, group: int) -> Iterator[int]:
        rest = group
        for start, stop in self.universe.namespaces.values():
            piece = rest & (((1 << (stop - start)) - 1) << start)
            if piece:
                yield piece
                rest ^= piece
        if rest:
            yield rest

    def count(self) -> int:
        """How many (source pod, destination pod, protocol and port) are surely allowed, pods to themselves left out."""
        return Count(self).total()

    def uniform(self, destination: int) -> bool:
        """Whether every pod's flows to a pod class are told by their two programs alone, where those are plain."""
        end = self.universe.ends[destination]
        if self._blind or (self.handed_on != NONE and end.host_network):
            return False
        own = own_families(end)
        found = self._uniform.get(own)
        if found is None:
            possible = self._compatible(destination)
            found = self._uniform[own] = possible < 0 or possible & self.pods == self.pods
        return found

    def count_apart(self, source: int, destination: int) -> int:
        """How many are surely allowed between two pod classes whose pods must be told apart by their nodes."""
        pods = self.relation.cluster.pods
        total = 0
        for left, right, result in self.taken_apart(source, destination):
            size = self.relation.ports.size(result.allowed)
            if size:
                pairs = sum(pods[index].replicas for index in left) * sum(pods[index].replicas for index in right)
                itself = sum(pods[index].replicas for index in left if index in right)
                total += size * (pairs - itself)
        return total
