"""The relation of all layers: what the network lets through, less what the mesh refuses, destination by destination."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.layers.requests.residue import holds
from ringfence.model.cluster import Pod
from ringfence.model.mesh import PEER_IDENTITY, Mesh
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Exact
from ringfence.sets.ports import PortTable
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.formulas import AllOf, Formula, Not, Predicate, predicates_of
from ringfence.values import replace
from ringfence.verdict.answers import Reason
from ringfence.verdict.grid import FlowBounds, Grid, Result
from ringfence.verdict.meshed.reach import OWN, Holder, Reach, Reaches, Reading, Region, Term, Wire
from ringfence.verdict.meshed.values import LAYERS
from ringfence.verdict.places import Group

if TYPE_CHECKING:
    from ringfence.verdict.meshed.makers import Makers

ALL, NONE = PortTable.ALL, PortTable.NONE
MESH_OPEN = Reason(
    "mesh-open", "it hangs on what the input leaves open about the mesh", "ask about this pair with explain"
)
Kind = tuple[int, Pod | None, int | None]
"""Columns that are one source to the mesh, one of their pods, and its address where it is known."""
Asked = tuple[tuple[int, tuple[Formula, ...]], ...]
"""Kinds that send alike, as masks of their numbers, with what a destination asks about who they are."""


class MeshedGrid(Grid):
    """A grid whose results are those of all layers. The universe has to tell apart what the mesh does."""

    layers = LAYERS

    def __init__(
        self, relation: Relation, mesh: Mesh, reading: Reading, joined: bool = True, holder: Holder = OWN
    ) -> None:
        super().__init__(relation, joined)
        self.mesh: Mesh = mesh
        self.reading = reading
        self.reaches = Reaches(relation.cluster, mesh, reading, holder)
        self._makers: Makers | None = None
        self._kinds: list[Kind] | None = None
        self._joined: dict[int, Kind] = {}
        self._asked: dict[object, Asked] = {}
        self._parted: dict[Asked, list[Kind]] = {}
        self._true_of: dict[Formula, int] = {}
        self._unknown_of: dict[Attribute, int] = {}
        self._reach: dict[tuple[object, int], Reach] = {}
        self._within: dict[tuple[Reach, int, int, Result], Result] = {}
        self._numbers: dict[Region, int] = {}
        self._tcp = relation.ports.number(((1, 65535),))
        self._tunnel = mesh.tunnel_port
        self._network = Grid(relation, joined=False)
        self._towards: dict[frozenset[int], list[int]] = {}

    def makers(self) -> Makers:
        """What new pods may prove to be."""
        from ringfence.verdict.meshed.makers import Makers

        if self._makers is None:
            self._makers = Makers(self)
        return self._makers

    def over(self, relation: Relation) -> MeshedGrid:
        """The same over another relation of the same ends: what the mesh says stays."""
        other = MeshedGrid(relation, self.mesh, self.reading, holder=self.reaches.holder)
        other.reaches = self.reaches
        other._kinds, other._joined, other._asked = self._kinds, self._joined, self._asked
        other._parted, other._true_of, other._reach = self._parted, self._true_of, self._reach
        return other

    def holding(self, holder: Holder) -> MeshedGrid:
        """The same for clients with other certificates: what the network says stays."""
        other = copy(self)
        other.reaches = self._reaches(self.mesh, holder)
        other._reach, other._makers = {}, None
        return other

    def read_as(self, reading: Reading) -> MeshedGrid:
        """The same for clients of another reading: who the sources are stays."""
        other = MeshedGrid(self.relation, self.mesh, reading, holder=self.reaches.holder)
        other._kinds, other._true_of, other._unknown_of = self.kinds, self._true_of, self._unknown_of
        return other

    def under_mesh(self, mesh: Mesh) -> MeshedGrid:
        """The same where policies of the mesh say something else; who is in it, as whom, and what clients send, stays:
        so does which sources are one."""
        known, _ = self.kinds, (self._by_sending, self._columns_of)
        other = copy(self)
        other.mesh, other._kinds = mesh, known
        other.reaches = self._reaches(mesh, self.reaches.holder)
        other._makers = None
        other._asked, other._reach, other._within = {}, {}, {}
        return other

    def _reaches(self, mesh: Mesh, holder: Holder) -> Reaches:
        return Reaches(self.relation.cluster, mesh, self.reading, holder, fronts=self.reaches.fronts)

    def column(self, destination: int, within: int | None = None) -> Iterator[tuple[int, Result]]:
        """(sources, result), disjoint, for one destination; of the sources ``within`` only."""
        for sources, result in super().column(destination, within):
            yield from self._meshed(destination, sources, result)

    def taken_apart(self, source: int, destination: int) -> Iterator[tuple[Group, Group, Result]]:
        """The pairs of pods of two columns, in groups that each have one result."""
        for left, right, result in super().taken_apart(source, destination):
            for _, one in self._meshed(destination, 1 << source, result):
                yield left, right, one

    def wires(self, source: int, destination: int, ports: int) -> int:
        """The ports at the destination that connections to some of its ports take, as far as the network admits them.
        Those over a waypoint take none."""
        pod = self.pod_of(destination)
        if pod is None:
            return ports
        table, kind = self.relation.ports, self.mesh.kind(pod)
        taken = table.difference(ports, self._tcp)
        tunnel = table.number(((self._tunnel, self._tunnel),))
        for number, (mask, _, _) in enumerate(self._parts(kind, pod)):
            if mask >> source & 1:
                for region in self._reach_of(kind, number, pod):
                    shared = table.intersection(ports, self._number(region))
                    forms = {term.wire for forms in region.worlds for term in forms if term.possible}
                    if shared and Wire.PORT in forms:
                        taken = table.union(taken, shared)
                    if shared and Wire.TUNNEL in forms:
                        taken = table.union(taken, tunnel)
        return table.intersection(taken, self.between(source, destination, ALL, 0)[1])

    def uniform(self, destination: int) -> bool:
        """Never: programs alone do not tell what the mesh refuses."""
        return False

    def _meshed(self, destination: int, sources: int, result: Result) -> Iterator[tuple[int, Result]]:
        pod = self.pod_of(destination)
        if pod is None:
            yield sources, result
            return
        kind = self.mesh.kind(pod)
        for number, (mask, _, _) in enumerate(self._parts(kind, pod)):
            shared = sources & mask
            if not shared:
                continue
            reach = self._reach_of(kind, number, pod)
            ways = {
                self.universe.class_of_pod[index]
                for region in reach
                for forms in region.worlds
                for term in forms
                if term.wire is Wire.WAYPOINT
                for index in term.waypoint
            }
            if ways:
                for mask in self._apart_towards(frozenset(ways)):
                    if alike := shared & mask:
                        first = (mask & -mask).bit_length() - 1
                        yield alike, self._left(reach, result, first, destination)
            else:
                yield shared, self._left(reach, result, -1, -1)

    def _apart_towards(self, ways: frozenset[int]) -> list[int]:
        """All columns, parted by what the network says of them towards some waypoints."""
        found = self._towards.get(ways)
        if found is None:
            found = [self.universe.everything]
            for way in ways:
                towards = [mask for mask, _ in self._network.column(way)]
                rest = self.universe.everything
                for mask in towards:
                    rest &= ~mask
                found = [shared for part in found for mask in (*towards, rest) if (shared := part & mask)]
            self._towards[ways] = found
        return found

    def reaches_into(self, destination: int) -> Iterator[tuple[int, Reach]]:
        """What is reached at a workload, as far as the mesh has a say: by which columns, disjoint."""
        pod = self.pod_of(destination)
        assert pod is not None
        kind = self.mesh.kind(pod)
        for number, (mask, _, _) in enumerate(self._parts(kind, pod)):
            yield mask, self._reach_of(kind, number, pod)

    def _reach_of(self, kind: Hashable, number: int, pod: Pod) -> Reach:
        """What one of the parts of the sources reaches at a kind of destination."""
        found = self._reach.get((kind, number))
        if found is None:
            _, source, address = self._parts(kind, pod)[number]
            found = self._reach[kind, number] = self.reaches.reach(source, address, pod)
        return found

    def pod_of(self, column: int) -> Pod | None:
        """One of the pods of a class, or the machine that an end outside is; None: no workload."""
        return self._pod(column) if column < self.universe.pods else self.universe.machines.get(column)

    def _pod(self, column: int) -> Pod:
        return self.relation.cluster.pods[self.universe.members[column][0]]

    # Sources that are one to a destination.

    def _parts(self, kind: object, pod: Pod) -> list[Kind]:
        asked = self._asked.get(kind)
        if asked is None:
            asked = self._asked[kind] = self._asked_by(pod)
        parts = self._parted.get(asked)
        if parts is None:
            parts = self._parted[asked] = [self._joined_kind(part) for one in asked for part in self._part(*one)]
        return parts

    def _asked_by(self, pod: Pod) -> Asked:
        # A waypoint does not go over itself: it is a source apart from others.
        ways = 0
        for index in self.reaches.waypoints(pod):
            ways |= 1 << self._number_of(index)
        groups = [part for group in self._by_sending for part in (group & ways, group & ~ways) if part]
        return tuple((group, self.reaches.asked_of_peers(self._first(group)[1], pod)) for group in groups)

    def _part(self, group: int, formulas: tuple[Formula, ...]) -> list[int]:
        """The kinds of a group, parted by what some formulas tell apart."""
        asked_of = {predicate.attribute for predicate in predicates_of(formulas)}
        parts = [group]
        for true in (*map(self._unknown, asked_of), *map(self._true, formulas)):
            parts = [part for one in parts for part in (one & true, one & ~true) if part]
        return parts

    def _first(self, group: int) -> Kind:
        return self.kinds[(group & -group).bit_length() - 1]

    def _number_of(self, index: int) -> int:
        """The number of the kind that a pod is of."""
        bit = 1 << self.universe.class_of_pod[index]
        return next(number for number, (mask, _, _) in enumerate(self.kinds) if mask & bit)

    @cached_property
    def _by_sending(self) -> list[int]:
        """The kinds, as masks of their numbers, parted by how they send."""
        groups: dict[Hashable, int] = {}
        for number, (_, source, _) in enumerate(self.kinds):
            sends = self.reaches.sending(source)
            groups[sends] = groups.get(sends, 0) | 1 << number
        return list(groups.values())

    def _joined_kind(self, group: int) -> Kind:
        """Some kinds that send alike, as one."""
        found = self._joined.get(group)
        if found is None:
            first = (group & -group).bit_length() - 1
            whole = next(one for one in self._by_sending if one >> first & 1)
            rest = whole & ~group
            few, others = (group, 0) if rest.bit_count() >= group.bit_count() else (rest, self._columns_of[whole])
            mask = others
            for number in columns_of(few):
                mask ^= self.kinds[number][0]
            found = self._joined[group] = (mask, *self.kinds[first][1:])
        return found

    @cached_property
    def _columns_of(self) -> dict[int, int]:
        """The columns of all kinds that send alike."""
        found = {}
        for group in self._by_sending:
            found[group] = 0
            for number in columns_of(group):
                found[group] |= self.kinds[number][0]
        return found

    @property
    def kinds(self) -> list[Kind]:
        """Every source that the mesh tells apart."""
        if self._kinds is None:
            found: dict[object, tuple[int, Pod | None, int | None]] = {}
            for column, end in enumerate(self.universe.ends):
                pod = self.pod_of(column)
                if pod is not None:
                    address = pod.addresses[0] if len(pod.addresses) == 1 else None
                    old = found.get(self.mesh.kind(pod), (0, pod, address))
                    found[self.mesh.kind(pod)] = (old[0] | 1 << column, *old[1:])
                else:
                    # Addresses outside of the cluster that are one end are one to every rule: any of them will do.
                    known = end.addresses if len(end.addresses) == 1 else ()
                    alone = end.space[0][:1] if end.sort == "outside" else known
                    found["no workload", column] = (1 << column, None, alone[0] if alone else None)
            self._kinds = list(found.values())
        return self._kinds

    def _true(self, formula: Formula) -> int:
        """The kinds of which something about the peer is true, as a mask of their numbers."""
        found = self._true_of.get(formula)
        if found is None:
            everyone = (1 << len(self.kinds)) - 1
            if isinstance(formula, Predicate):
                found = self._matching(formula)
            elif isinstance(formula, Not):
                found = everyone & ~self._true(formula.part)
            elif isinstance(formula, AllOf):
                found = everyone
                for part in formula.parts:
                    found &= self._true(part)
            else:
                found = 0
                for part in formula.parts:
                    found |= self._true(part)
            self._true_of[formula] = found
        return found

    def _unknown(self, attribute: Attribute) -> int:
        """The kinds of which an attribute's value is not known."""
        found = self._unknown_of.get(attribute)
        if found is None:
            values = self._identities if attribute == PEER_IDENTITY else self._addresses
            found = (1 << len(self.kinds)) - 1
            for kinds in values.values():
                found &= ~kinds
            self._unknown_of[attribute] = found
        return found

    def _matching(self, predicate: Predicate) -> int:
        """The kinds of which a predicate is true, as far as their values are known."""
        values = self._identities if predicate.attribute == PEER_IDENTITY else self._addresses
        pattern = predicate.pattern
        if isinstance(pattern, Exact) and not pattern.ignore_case:
            return values.get(pattern.text, 0)
        found = 0
        for value, kinds in values.items():
            if _holds(predicate, value):
                found |= kinds
        return found

    @cached_property
    def _identities(self) -> dict[str | int, int]:
        """Every identity, with the kinds that have it as a mask of their numbers."""
        found: dict[str | int, int] = {}
        for number, (_, source, _) in enumerate(self.kinds):
            identity = None if source is None else self.mesh.identity(source)
            if identity is not None:
                found[identity.text] = found.get(identity.text, 0) | 1 << number
        return found

    @cached_property
    def _addresses(self) -> dict[str | int, int]:
        """The same for known addresses."""
        found: dict[str | int, int] = {}
        for number, (_, _, address) in enumerate(self.kinds):
            if address is not None:
                found[address] = found.get(address, 0) | 1 << number
        return found

    # What is left of a result.

    def _left(self, reach: Reach, result: Result, source: int, destination: int) -> Result:
        """The result of all layers. ``source``, ``destination``: where a waypoint is on the way; else -1."""
        key = (reach, source, destination, result)
        found = self._within.get(key)
        if found is None:
            found = self._within[key] = self._without_refused(reach, result, source, destination)
        return found

    def _without_refused(self, reach: Reach, result: Result, source: int, destination: int) -> Result:
        table = self.relation.ports
        rest = table.difference(ALL, self._tcp)
        allowed, some = table.intersection(result.allowed, rest), table.intersection(result.some, rest)
        unknown, mixed = table.intersection(result.unknown, rest), table.intersection(result.mixed, rest)
        for region in reach:
            ports = self._number(region)
            worlds = [
                _any(table, [self._through(term, ports, result, source, destination) for term in forms])
                for forms in region.worlds
            ]
            one = _every(table, ports, worlds)
            allowed, some = table.union(allowed, one[0]), table.union(some, one[1])
            mixed, unknown = table.union(mixed, one[2]), table.union(unknown, one[3])
        because = MESH_OPEN if table.difference(unknown, result.unknown) else None
        flows = tuple(self._flow(reach, flow, source, destination) for flow in result.flows)
        return replace(result, allowed=allowed, some=some, mixed=mixed, unknown=unknown, flows=flows, because=because)

    def _flow(self, reach: Reach, flow: FlowBounds, source: int, destination: int) -> FlowBounds:
        table = self.relation.ports
        alone = Result(flow.sure, table.difference(flow.possible, flow.sure), some=flow.sure)
        left = self._without_refused(reach, alone, source, destination)
        return replace(flow, sure=left.allowed, possible=table.union(left.allowed, left.unknown))

    def _number(self, region: Region) -> int:
        found = self._numbers.get(region)
        if found is None:
            found = self._numbers[region] = self.relation.ports.number(region.ports)
        return found

    def _through(self, term: Term, ports: int, result: Result, source: int, destination: int) -> Through:
        """(allowed, allowed for some, mixed, unknown) ports of a region in one form."""
        table = self.relation.ports
        if not term.possible:
            return NONE, NONE, NONE, NONE
        if term.wire is Wire.WAYPOINT:
            found = self._over(term, ports, source, destination)
        elif term.wire is Wire.TUNNEL:
            found = self._at(result, ports, self._tunnel)
        else:
            found = self._at(result, ports, 0)
        if term.sure:
            return found
        perhaps = NONE
        for number in found:
            perhaps = table.union(perhaps, number)
        return NONE, NONE, NONE, perhaps

    def _at(self, result: Result, ports: int, wire: int) -> Through:
        """What a result says of some ports, if all of them are one port on the wire; 0: each is its own."""
        table = self.relation.ports
        told = result.allowed, result.some, result.mixed, result.unknown
        if not wire:
            allowed, some, mixed, unknown = (table.intersection(ports, number) for number in told)
        else:
            allowed, some, mixed, unknown = (ports if table.contains(number, wire) else NONE for number in told)
        return allowed, some, mixed, unknown

    def _over(self, term: Term, ports: int, source: int, destination: int) -> Through:
        """What the network says of the two hops over a waypoint. Any of its pods may be the one on the way."""
        table = self.relation.ports
        sure, possible = ports, NONE
        for column in sorted({self.universe.class_of_pod[pod] for pod in term.waypoint}):
            first = self.between(source, column, ports, self._tunnel)
            second = self.between(column, destination, ports, term.last)
            sure = table.intersection(sure, table.intersection(first[0], second[0]))
            possible = table.union(possible, table.intersection(first[1], second[1]))
        return sure, sure, NONE, table.difference(possible, sure)

    def between(self, source: int, destination: int, ports: int, wire: int) -> tuple[int, int]:
        """(surely, possibly) allowed ports of the network between two columns, if all of them are the port ``wire``
        there; 0: each is its own."""
        table = self.relation.ports
        for mask, result in self._network.column(destination, 1 << source):
            if mask >> source & 1:
                allowed, some, mixed, unknown = self._at(result, ports, wire)
                return allowed, table.union(table.union(allowed, some), table.union(mixed, unknown))
        return NONE, NONE


def _holds(predicate: Predicate, value: str | int) -> bool:
    """Whether a value surely matches. What cannot be tried counts as not: it is the same for all."""
    try:
        return holds(predicate, value)
    except TooLarge:
        return False


Through = tuple[int, int, int, int]


def _any(table: PortTable, told: list[Through]) -> Through:
    """Any of several forms is enough."""
    allowed = some = mixed = unknown = NONE
    for one in told:
        allowed, some = table.union(allowed, one[0]), table.union(some, one[1])
        mixed, unknown = table.union(mixed, one[2]), table.union(unknown, one[3])
    mixed = table.difference(mixed, allowed)
    return allowed, some, mixed, table.difference(unknown, table.union(allowed, mixed))


def _every(table: PortTable, ports: int, told: list[Through]) -> Through:
    """It is not known which of several forms it is: known is only what all of them say."""
    if len(told) == 1:
        return told[0]
    allowed = some = mixed = ports
    anything = NONE
    for one in told:
        allowed, some = table.intersection(allowed, one[0]), table.intersection(some, one[1])
        mixed = table.intersection(mixed, one[2])
        for number in one:
            anything = table.union(anything, number)
    return allowed, some, mixed, table.difference(anything, table.union(allowed, mixed))
